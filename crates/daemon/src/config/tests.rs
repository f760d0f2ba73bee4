//! The configuration: every fault by its key, nothing echoed, what is printed is read back.

use super::*;

const GOOD: &str = r#"
environment = "test"
[listen]
grpc = "127.0.0.1:8443"
[tls]
certificate = "a.pem"
key = "a.key"
client_authorities = "ca.pem"
[store]
folder = "data"
root_key = "root.key"
[nats]
url = "nats://127.0.0.1:4222"
gateway_seed = "g"
ledger_seed = "l"
authorities = "nats-ca.pem"
replicas = 3
[evidence]
signing_key = "log.key"
memory = "signed"
policy = "policy"
witness_authorities = "w-ca.pem"
witness_certificate = "w.pem"
witness_key = "w.key"
"#;

fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, Faults> {
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::parse(text, environment, Kind::Serve)
}

#[test]
fn every_fault_is_reported_at_once() {
    let Err(Faults { faults }) = parse("envronment = \"test\"\n[listen]\ngrpc = \"x\"\n", &[])
    else {
        panic!("faults are expected")
    };
    for key in [
        "envronment",
        "environment",
        "listen.grpc",
        "tls.key",
        "nats.url",
    ] {
        assert!(
            faults.iter().any(|fault| fault.starts_with(key)),
            "{key} in {faults:?}"
        );
    }
}

#[test]
fn the_environment_overrides_the_file() {
    let config = parse(GOOD, &[("FLYTTBUD__LISTEN__GRPC", "127.0.0.1:9000")]).expect("good");
    assert_eq!(config.grpc.port(), 9000);
}

#[test]
fn earlier_root_keys_are_a_list_and_from_the_environment_have_colons_between_them() {
    let earlier = |text: &str, environment: &[(&str, &str)]| {
        let config = parse(text, environment).map_err(|Faults { faults }| faults)?;
        let roots = config.service.roots().expect("it has root keys").clone();
        let shown = parse(&config.print(), &[]).expect("printed");
        let again = shown.service.roots().expect("it has root keys");
        assert_eq!(again.earlier, roots.earlier);
        Ok::<_, Vec<String>>(roots.earlier)
    };
    let with = |list: &str| {
        let key = format!("root_key = \"root.key\"\nearlier_root_keys = {list}");
        GOOD.replace("root_key = \"root.key\"", &key)
    };
    let both = [PathBuf::from("a.key"), PathBuf::from("b.key")];
    assert_eq!(earlier(GOOD, &[]), Ok(Vec::new()));
    assert_eq!(earlier(&with("[]"), &[]), Ok(Vec::new()));
    assert_eq!(
        earlier(&with("[\"a.key\", \"b.key\"]"), &[]),
        Ok(both.to_vec())
    );
    let variable = ("FLYTTBUD__STORE__EARLIER_ROOT_KEYS", "a.key:b.key");
    assert_eq!(earlier(&with("[]"), &[variable]), Ok(both.to_vec()));
    let fault = "store.earlier_root_keys: a list of paths is expected".to_owned();
    for wrong in ["[1]", "[\"\"]", "\"a.key:\"", "7", "{ a = \"b\" }"] {
        let faults = earlier(&with(wrong), &[]).expect_err("a fault");
        assert_eq!(faults.first(), Some(&fault), "{wrong}");
    }
}

#[test]
fn the_shipped_example_is_good() {
    let example = include_str!("../../../../deploy/flyttbud.example.toml");
    let config = parse(example, &[]).expect("the example");
    assert_eq!(config.organisations.len(), 1);
}

/// A good file with one line changed: exactly these keys are at fault.
fn check(from: &str, to: &str, expect: &[&str]) {
    assert!(GOOD.contains(from), "{from}");
    let Err(Faults { faults }) = parse(&GOOD.replace(from, to), &[]) else {
        panic!("'{to}' is let through")
    };
    let keys: Vec<&str> = faults
        .iter()
        .filter_map(|fault| fault.split(':').next())
        .collect();
    assert_eq!(keys, expect, "{faults:?}");
}

#[test]
fn each_fault_is_named_by_its_key() {
    let limits = |line: &str| format!("[limits]\n{line}\n[tls]");
    check("\"test\"", "\"demo\"", &["environment"]);
    check("127.0.0.1:8443", "localhost", &["listen.grpc"]);
    check("url = \"nats://127.0.0.1:4222\"\n", "", &["nats.url"]);
    check("replicas = 3", "replicas = 2", &["nats.replicas"]);
    check("root_key", "rot_key", &["store.root_key", "store.rot_key"]);
    check(
        "[nats]",
        "[nats.more]",
        &[
            "nats.gateway_seed",
            "nats.ledger_seed",
            "nats.url",
            "nats.more.authorities",
            "nats.more.gateway_seed",
            "nats.more.ledger_seed",
            "nats.more.replicas",
            "nats.more.url",
        ],
    );
    check("witness_key = \"w.key\"\n", "", &["evidence"]);
    check("\"data\"", "[\"data\"]", &["store.folder", "store.folder"]);
    for (line, key) in [
        ("calls_per_second = -1", "limits.calls_per_second"),
        ("calls_per_second = 0", "limits.calls_per_second"),
        ("streams_per_caller = 1.5", "limits.streams_per_caller"),
        ("streams_per_caller = 0", "limits.streams_per_caller"),
        ("connections = 0", "limits.connections"),
        (
            "connections_per_certificate = 0",
            "limits.connections_per_certificate",
        ),
        ("keepalive_seconds = 0", "limits.keepalive_seconds"),
        (
            "keepalive_answer_seconds = 0",
            "limits.keepalive_answer_seconds",
        ),
    ] {
        check("[tls]", &limits(line), &[key]);
    }
    let more = |text: &str| format!("{text}\n[tls]");
    for (section, key) in [
        ("[log]\nformat = \"xml\"", "log.format"),
        ("[log]\nfilter = \"info,gateway=loud\"", "log.filter"),
        (
            "[organisations]\n\"212000-0183\" = \"184\"",
            "organisations.212000-0183",
        ),
        (
            "[organisations]\n\"212000-0183\" = \"9999\"",
            "organisations.212000-0183",
        ),
        (
            "[organisations]\n\"2120000183\" = \"0184\"",
            "organisations.2120000183",
        ),
        (
            "[organisations]\n\"212000-0184\" = \"0184\"",
            "organisations.212000-0184",
        ),
    ] {
        check("[tls]", &more(section), &[key]);
    }
    let first = "organisations = \"212000-0183\"\nenvironment = \"test\"";
    check("environment = \"test\"", first, &["organisations"]);
}

#[test]
fn a_file_that_is_not_toml_says_so_first() {
    let Err(Faults { faults }) = parse("[listen", &[]) else {
        panic!("faults are expected")
    };
    assert!(faults[0].starts_with("the file is not TOML"), "{faults:?}");
}

#[test]
fn no_value_of_the_file_is_echoed_in_a_fault() {
    let text = GOOD.replace("127.0.0.1:8443", "hemligt");
    let faults = parse(&text, &[]).expect_err("a fault");
    assert!(!faults.to_string().contains("hemligt"), "{faults}");
}

/// One file for all services.
const APART: &str = r#"
[journal]
url = "postgresql://gateway@db1,db2/flyttbud"
password_file = "journal.password"
authorities = "db-ca.pem"
[keys]
url = "postgresql://gateway@db3/keys"
connections = 4
[tls]
"#;

#[test]
fn each_service_demands_what_it_needs_and_passes_over_the_rest() {
    let both = GOOD.replace("[tls]\n", APART);
    let kinds = [Kind::Serve, Kind::Gateway, Kind::Ledger];
    for kind in kinds {
        Config::parse(&both, std::iter::empty(), kind).expect("one file for all");
    }
    let missing: [&[&str]; 3] = [&[], &["journal.url", "keys.url"], &["journal.url"]];
    for (kind, expected) in kinds.into_iter().zip(missing) {
        let faults = match Config::parse(GOOD, std::iter::empty(), kind) {
            Ok(_good) => Vec::new(),
            Err(Faults { faults }) => faults,
        };
        let keys: Vec<_> = faults.iter().filter_map(|f| f.split(':').next()).collect();
        assert_eq!(keys, expected, "{kind:?}");
    }
}

#[test]
fn who_signs_remembers_somewhere() {
    let without = GOOD
        .replace("memory = \"signed\"\n", "")
        .replace("[tls]\n", APART);
    let faults = |text: &str, kind| match Config::parse(text, std::iter::empty(), kind) {
        Ok(good) => Ok(good.evidence.memory),
        Err(Faults { faults }) => Err(faults),
    };
    let beside = PathBuf::from("data/signed.checkpoint");
    assert_eq!(faults(&without, Kind::Serve), Ok(Some(beside)));
    assert_eq!(faults(&without, Kind::Gateway), Ok(None));
    let told = faults(&without, Kind::Ledger).expect_err("a fault");
    assert!(told[0].starts_with("evidence.memory: "), "{told:?}");
    let unsigned = without.replace("signing_key = \"log.key\"\n", "");
    assert_eq!(faults(&unsigned, Kind::Ledger), Ok(None));
}

#[test]
fn a_database_is_named_wholly_and_its_password_is_not_shown() {
    let more = |text: &str| GOOD.replace("[tls]\n", &format!("{text}\n[tls]\n"));
    for (text, expected) in [
        ("[keys]\ncertificate = \"a\"", "keys: certificate and key"),
        ("[journal]\nconnections = 0", "journal.connections: "),
        (
            "[journal]\npassword = \"x\"",
            "journal.password: no such key",
        ),
    ] {
        let faults = parse(&more(text), &[]).expect_err("a fault").faults;
        assert!(faults[0].starts_with(expected), "{faults:?}");
    }
    for (url, shown) in [
        (
            "postgresql://ledger:hemligt@db1/flyttbud",
            "postgresql://ledger@db1/flyttbud",
        ),
        (
            "postgresql://ledger@db1/flyttbud?password=hemligt",
            "(holds a password)",
        ),
        ("host=db1 password=hemligt", "(holds a password)"),
    ] {
        let text = more(&format!("[journal]\nurl = \"{url}\""));
        let config = Config::parse(&text, std::iter::empty(), Kind::Ledger).expect("good");
        assert!(config.print().contains(shown), "{}", config.print());
        assert!(!config.print().contains("hemligt"));
    }
}

#[test]
fn what_is_printed_is_read_back_the_same() {
    let config = parse(GOOD, &[]).expect("good");
    let again = parse(&config.print(), &[]).expect("printed");
    assert_eq!(again.print(), config.print());
    for kind in [Kind::Gateway, Kind::Ledger] {
        let text = GOOD.replace("[tls]\n", APART);
        let config = Config::parse(&text, std::iter::empty(), kind).expect("good");
        let again = Config::parse(&config.print(), std::iter::empty(), kind).expect("printed");
        assert_eq!(again.print(), config.print());
    }
}
