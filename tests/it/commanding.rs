//! The command line as people use it: two municipalities' caseworkers and an operator do a day's work with nothing
//! else, and programs read exit codes and JSON.

use std::fs;
use std::net::SocketAddr;

use serde_json::Value;
use tests::{Gate, OPERATOR, Organisation, SIGTUNA, SOLLEFTEA, SOLNA, World, wait_for};
use tokio::task::spawn_blocking;

use crate::auditing::{Audit, said};
use crate::receipts::profile;

const PERSON: &str = r#"{"identityNumber": "19900101-2385", "givenName": "Robin", "familyName": "Provsson",
    "birthDate": "1990-01-01", "protection": "PROTECTION_LEVEL_NONE"}"#;
const GROUND: &str = r#"{"code": "LEGAL_GROUND_CODE_CONSENT", "consent": {"scopes": ["CONSENT_SCOPE_ALL"],
    "givenOn": "2026-01-01", "form": "CONSENT_FORM_WRITTEN", "receivedBy": "h-7"}}"#;
const CONTACT: &str = r#"{"function": "Mottagningsenheten", "phone": "08-123 456"}"#;

/// Somebody at a terminal.
struct Desk<'a> {
    world: &'a World,
    profile: String,
}

impl<'a> Desk<'a> {
    async fn of(world: &'a World, who: Organisation) -> Self {
        // its certificate
        world.party(who).await;
        Self {
            world,
            profile: profile(world, who),
        }
    }

    fn tries(&self, words: &[&str]) -> Audit {
        let profile = ["--profile", &self.profile];
        said(self.world.folder(), &[&profile, words].concat())
    }

    fn says(&self, words: &[&str]) -> String {
        let Audit { code, says, errors } = self.tries(words);
        assert_eq!(code, 0, "{words:?}: {says}{errors}");
        says
    }

    /// The first object that is answered.
    fn json(&self, words: &[&str]) -> Value {
        let said = self.says(&[&["--json"], words].concat());
        serde_json::Deserializer::from_str(&said)
            .into_iter::<Value>()
            .next()
            .expect("an answer")
            .expect("JSON")
    }
}

fn name(answer: &Value, of: &str) -> String {
    let name = answer[of]["name"].as_str();
    name.unwrap_or_else(|| panic!("no {of}: {answer}"))
        .to_owned()
}

fn write_files(world: &World) {
    let content = |day: &str| {
        format!(
            r#""person": {PERSON}, "{day}": "{}", "contact": {CONTACT}, "caseNumber": "2026-17""#,
            tests::today()
        )
    };
    let announcement = format!(
        r#"{{"receivingMunicipality": "municipalities/2283", "kind": "RELOCATION_KIND_PLACEMENT",
            "legalGround": {GROUND}, "content": {{{}, "wish": "EXPRESSED_WISH_NOT_CLEAR"}}}}"#,
        content("expectedOn")
    );
    let report = format!(
        r#"{{"previousMunicipality": "municipalities/0191", "legalGround": {GROUND}, "content": {{{}}}}}"#,
        content("arrivedOn")
    );
    let dormant = report
        .replace("19900101-2385", "19140168-2396")
        .replace("1990-01-01", "1914-01-08");
    for (file, text) in [
        ("announcement.json", announcement.as_str()),
        ("report.json", &report),
        ("dormant.json", &dormant),
        ("ground.json", GROUND),
    ] {
        fs::write(world.folder().join(file), text).expect("written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_municipalities_work_with_the_command_line_alone() {
    let world = World::start().await;
    let (solna, solleftea) = (
        Desk::of(&world, SOLNA).await,
        Desk::of(&world, SOLLEFTEA).await,
    );
    write_files(&world);
    assert!(solna.says(&["whoami"]).contains("0184"));
    assert!(
        solna
            .says(&["municipalities", "sollef"])
            .contains("Sollefteå")
    );

    assert!(
        solna
            .says(&["municipalities", "2283"])
            .contains("Sollefteå")
    );
    assert_eq!(solna.tries(&["municipalities", "9999"]).code, 2);

    solna.says(&["register", "announcement.json", "--dry-run"]);
    assert!(!solna.says(&["relocation", "list"]).contains("2283"));
    let id = client::request_id();
    let register = ["register", "announcement.json", "--request-id", &id];
    let registered = solna.json(&register);
    let relocation = name(&registered, "relocation");
    assert_eq!(solna.json(&register), registered, "a retry");

    assert!(solleftea.says(&["inbox", "list"]).contains(&relocation));
    assert!(
        solleftea
            .says(&["relocation", "get", &relocation])
            .contains("Robin")
    );
    solleftea.says(&["ack", &relocation]);
    let reply = [
        "reply",
        &relocation,
        "Välkommen.",
        "--ground",
        "ground.json",
    ];
    solleftea.says(&reply);
    solleftea.says(&["inbox", "confirm"]);
    assert!(
        solna
            .says(&["relocation", "get", &relocation])
            .contains("Välkommen.")
    );
    add_and_end(&solna, &solleftea, &relocation);
}

/// A sender adds a text and withdraws: both show at the receiver.
fn add_and_end(solna: &Desk<'_>, solleftea: &Desk<'_>, relocation: &str) {
    solna.says(&[
        "relocation",
        "supplement",
        relocation,
        "Nyckeln hämtas på plats.",
    ]);
    // the other party sees what was added, and who may talk about it
    let seen = solleftea.says(&["relocation", "get", relocation]);
    for told in [
        "supplement: Nyckeln hämtas på plats.",
        "legal ground: consent",
        "delivery: delivered",
    ] {
        assert!(seen.contains(told), "{told}: {seen}");
    }
    let withdraw = [
        "relocation",
        "withdraw",
        relocation,
        "--reason",
        "consent-revoked",
    ];
    solna.says(&withdraw);
    let over = solleftea.says(&["relocation", "get", relocation]);
    for told in ["its content can be opened here no more", "reading ended "] {
        assert!(over.contains(told), "{told}: {over}");
    }
    let basic = solleftea.says(&["relocation", "get", relocation, "--basic"]);
    assert!(!basic.contains("its content"), "{basic}");
    // what was done once is refused now, with its reason, and a typing error asks nobody
    let Audit { code, errors, .. } = solna.tries(&withdraw);
    assert_eq!(code, 2, "{errors}");
    assert!(errors.contains("STATE_NOT_ALLOWED"), "{errors}");
    let typed = solna.tries(&["relocation", "withdraw", relocation, "--reason", "changed"]);
    assert_eq!(typed.code, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_works_a_days_alerts_with_the_command_line_alone() {
    let world = World::start().await;
    let (solleftea, sigtuna, operator) = (
        Desk::of(&world, SOLLEFTEA).await,
        Desk::of(&world, SIGTUNA).await,
        Desk::of(&world, OPERATOR).await,
    );
    write_files(&world);
    let dormant = solleftea.tries(&["arrival", "report", "dormant.json", "--dry-run"]);
    assert_eq!(dormant.code, 0, "{}", dormant.errors);
    let warning = "warning: COORDINATION_NUMBER_DORMANT: ";
    assert!(dormant.errors.contains(warning), "{}", dormant.errors);
    let reported = solleftea.json(&["arrival", "report", "report.json"]);
    let arrival = name(&reported, "arrival");
    assert!(
        solleftea
            .says(&["arrival", "get", &arrival])
            .contains("Robin")
    );
    operator.says(&["clock", "advance", "--days", "15"]);
    let alert = wait_for("the question", || async {
        let listed = operator.json(&["alerts", "list", "--state", "open"]);
        Some(listed["alerts"][0]["name"].as_str()?.to_owned())
    })
    .await;

    assert!(sigtuna.says(&["alerts", "show", &alert]).contains("Robin"));
    let shown = operator.says(&["alerts", "show", &alert]);
    assert!(
        shown.contains("0191") && !shown.contains("Robin"),
        "{shown}"
    );
    operator.says(&["alerts", "ack", &alert]);
    operator.says(&["alerts", "assign", &alert, "operator-2"]);
    operator.says(&["alerts", "comment", &alert, "Väntar på svar."]);
    let answer = format!(
        r#"{{"name": "{alert}", "answer": "ANSWER_CODE_NOT_KNOWN_HERE", "text": "Okänd här.",
            "legalGround": {GROUND}, "requestId": "{}"}}"#,
        client::request_id()
    );
    fs::write(world.folder().join("answer.json"), answer).expect("written");
    // the id in the file makes a second time a retry
    for _time in 0..2 {
        sigtuna.says(&["alerts", "answer", "answer.json"]);
    }
    let dispute = ["alerts", "dispute", &alert, "Vi har inte medverkat."];
    sigtuna.says(&[&dispute[..], &["--ground", "ground.json"]].concat());

    for (reason, code) in [
        // by the rules: it is a question, and somebody has answered otherwise
        ("technical", 2),
        ("confirmed-unannounced", 2),
        // no reason that an operator has
        ("expired", 64),
        ("not-confirmed", 0),
    ] {
        let closed = operator.tries(&["alerts", "close", &alert, "--reason", reason]);
        assert_eq!(
            closed.code, code,
            "{reason}: {}{}",
            closed.says, closed.errors
        );
    }
    assert!(
        !operator
            .says(&["alerts", "list", "--state", "open"])
            .contains(&alert)
    );
    let ajar = operator.tries(&["alerts", "list", "--state", "ajar"]);
    assert_eq!(ajar.code, 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_and_what_is_wrong_have_codes_of_their_own() {
    let mut world = World::start().await;
    let profile = Desk::of(&world, SOLNA).await.profile;
    let desk = Desk {
        world: &world,
        profile: profile.clone(),
    };
    let nowhere = Desk {
        world: &world,
        profile: "nowhere.toml".to_owned(),
    };
    for (desk, words, why) in [
        (&nowhere, &["whoami"][..], "'nowhere.toml' cannot be read"),
        (&desk, &["register", "nowhere.json"], "nowhere.json"),
        (
            &desk,
            &["config", "check", "solna.toml"],
            "environment: missing",
        ),
        (&desk, &["whoami", "--colour"], "--colour"),
        (
            &desk,
            &["pki", "client", "--role", "case-systems"],
            "case-system",
        ),
    ] {
        let Audit { code, errors, .. } = desk.tries(words);
        assert_eq!(code, 64, "{words:?}: {errors}");
        assert!(errors.contains(why), "{words:?}: {errors}");
    }
    assert!(desk.says(&["completion", "bash"]).contains("flyttbud"));
    assert!(desk.says(&["explain", "ground", "CONSENT"]).contains("OSL"));
    // a private authority is made once: a second one would orphan every certificate of the first
    let authority = ["pki", "authority", "--folder", "."];
    let again = desk.tries(&authority);
    assert_ne!(again.code, 0, "{}", again.errors);
    look_at_files(&desk);
    world.terminate().await;
    let desk = Desk {
        world: &world,
        profile,
    };
    let unreached = desk.tries(&["whoami"]);
    assert_eq!(unreached.code, 3, "{}", unreached.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_without_an_answer_tells_what_it_is_retried_with() {
    let world = World::start().await;
    let solna = Desk::of(&world, SOLNA).await;
    write_files(&world);
    let (host, port) = world.url().rsplit_once(':').expect("a port");
    let service = SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")));
    let gate = Gate::before(service).await;
    let text = fs::read_to_string(world.folder().join(&solna.profile)).expect("a profile");
    let through = text.replace(world.url(), &format!("{host}:{}", gate.address.port()));
    assert_ne!(through, text);
    fs::write(world.folder().join("gate.toml"), through).expect("written");
    let folder = world.folder().to_owned();
    let register = ["register", "announcement.json"];
    let unanswered = spawn_blocking(move || {
        said(
            &folder,
            &[&["--profile", "gate.toml"], &register[..]].concat(),
        )
    });
    let listed = || solna.json(&["relocation", "list", "--sent"])["relocations"].clone();
    let stored = wait_for("the write to be stored", || async {
        Some(listed()[0]["name"].as_str()?.to_owned())
    })
    .await;
    drop(gate);
    let Audit { code, errors, .. } = unanswered.await.expect("it ended");
    assert_eq!(code, 3, "{errors}");
    let told = errors.trim_end().rsplit_once("retry with --request-id ");
    let (_, id) = told.unwrap_or_else(|| panic!("no id: {errors}"));
    let again = solna.json(&[&register[..], &["--request-id", id]].concat());
    assert_eq!(name(&again, "relocation"), stored);
    assert_eq!(listed().as_array().map(Vec::len), Some(1));
}

/// `config check` reads what the configuration names, and says all that is wrong with it.
fn look_at_files(desk: &Desk<'_>) {
    let good = desk.says(&["config", "check", "serve.toml"]);
    assert_eq!(good, "the configuration is good\n");
    let folder = desk.world.folder();
    fs::write(folder.join("none.seed"), "SU-not-a-seed").expect("written");
    let mut text = fs::read_to_string(folder.join("serve.toml")).expect("a configuration");
    for (file, wrong) in [
        ("/root.key", "/nowhere.key"),
        ("/gateway.seed", "/none.seed"),
        ("/server.key", "/none.seed"),
        ("url = \"nats://127.0.0.1", "url = \"nats://10.0.0.5"),
    ] {
        text = text.replace(file, wrong);
    }
    fs::write(folder.join("wrong.toml"), &text).expect("written");
    let Audit { code, errors, .. } = desk.tries(&["config", "check", "wrong.toml"]);
    assert_eq!(code, 64, "{errors}");
    assert!(errors.contains("4 fault(s)"), "{errors}");
    for why in [
        "store.root_key: ",
        "nowhere.key",
        "nats.gateway_seed: ",
        "nats.url: only this machine is spoken to without nats.authorities",
        "tls: at fault: ",
    ] {
        assert!(errors.contains(why), "{why}: {errors}");
    }
    assert!(!errors.contains("SU-not"), "{errors}");
    // of a service apart: its databases too
    let apart = format!(
        "{text}\n[journal]\nurl = \"postgresql://f@127.0.0.1/f\"\npassword_file = \"{0}/nowhere.txt\"\n\n[keys]\n\
         url = \"postgresql://f@db.example/f\"\nauthorities = \"{0}/none.seed\"\n",
        folder.display()
    );
    fs::write(folder.join("apart.toml"), apart).expect("written");
    let check = ["config", "check", "apart.toml", "--service", "gateway"];
    let Audit { code, errors, .. } = desk.tries(&check);
    assert_eq!(code, 64, "{errors}");
    for why in ["journal: ", "nowhere.txt", "keys: ", "none.seed"] {
        assert!(errors.contains(why), "{why}: {errors}");
    }
}
