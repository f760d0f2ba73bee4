//! Damaged keys in a key store whose root key changes: all others are moved and leave nothing behind, and there is a way
//! out, as docs/operation.md tells it.

use std::path::Path;
use std::process::{Command, Output};

use api::v1;
use daemon::postgres::testing::Database;
use domain::municipality::MunicipalityCode;
use rusqlite::{Connection, params};
use tests::{SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, arrival, flyttbud, run};
use uuid::Uuid;
use vault::{RootKey, Vault, postgres};

use crate::access::announced;
use crate::marked::reply;
use crate::recalling::withdraw;
use crate::redacting::redaction;
use crate::rotating::{logged, name, said};

/// Moves the key store; what it ended with.
fn rotate(folder: &Path, keys: &str) -> Output {
    let moved = Command::new(flyttbud())
        .args(["keys", "rotate-root", keys])
        .args(["--to", "new.key", "--from", "root.key"])
        .current_dir(folder)
        .output();
    moved.expect("flyttbud starts")
}

/// Whether bytes stand in the file of the table of keys.
async fn table_holds(keys: &Database, bytes: &[u8]) -> bool {
    let superuser = keys.client("postgres").await.expect("a connection");
    let written = superuser.batch_execute("CHECKPOINT").await;
    written.expect("written");
    let path = "SELECT pg_relation_filepath('flyttbud_keys.authority_keys')";
    let path = superuser.query_one(path, &[]).await.expect("a path");
    let file = keys.server.folder().join("data");
    let content = std::fs::read(file.join(path.get::<_, String>(0))).expect("bytes");
    content.windows(bytes.len()).any(|window| window == bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_is_named_all_others_are_moved_and_their_old_wraps_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let [old, new] = ["root.key", "new.key"].map(|name| RootKey::create(&folder.join(name)));
    let (old, new) = (old.expect("a root key"), new.expect("a root key"));
    let old_id = old.id().to_owned();
    let keys = Database::new().await.expect("a database");
    let migrated = postgres::migrate(&keys.owner()).await;
    migrated.expect("a schema");
    let vault = Vault::connect(keys.owner(), old, 2026).await;
    let vault = vault.expect("a vault");
    for number in [184, 331] {
        let authority = MunicipalityCode::from_number(number).expect("a code");
        let print = vault.fingerprint(authority, b"request").await;
        print.expect("a fingerprint");
    }
    drop(vault);
    let owner = keys.client("owner").await.expect("a connection");
    let damage = "UPDATE flyttbud_keys.authority_keys \
                  SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20)) WHERE authority = 184";
    owner.batch_execute(damage).await.expect("damaged");
    let whole = "SELECT wrapped FROM flyttbud_keys.authority_keys WHERE authority = 331";
    let whole: Vec<u8> = owner.query_one(whole, &[]).await.expect("one").get(0);
    assert!(table_holds(&keys, &whole).await);

    let url = keys.owner().url;
    for _ in 0..2 {
        let moved = rotate(folder, &url);
        let told = String::from_utf8_lossy(&moved.stderr);
        assert_eq!(moved.status.code(), Some(1), "{told}");
        let named = "damaged keys stay under their root key: 1, the first of them 0184's of epoch 0 for purpose 4";
        assert!(told.contains(named), "{told}");
        assert!(told.contains("running it again mends nothing"), "{told}");
        assert!(!table_holds(&keys, &whole).await, "an old wrap is left");
    }
    // what no copy has is given up
    let given_up = format!("DELETE FROM flyttbud_keys.authority_keys WHERE root = '{old_id}'");
    owner.batch_execute(&given_up).await.expect("deleted");
    let moved = rotate(folder, &url);
    let told = String::from_utf8_lossy(&moved.stdout);
    assert!(
        moved.status.success() && told.contains("keys left under others 0"),
        "{told}"
    );
    let roots = run(folder, &["--json", "keys", "roots", &url]).stdout;
    let roots = String::from_utf8(roots).expect("text");
    assert!(
        roots.lines().count() == 1 && roots.contains(new.id()),
        "{roots}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_a_damaged_key_moves_all_others_names_it_and_goes_on() {
    let mut world = World::start().await;
    let folder = world.folder().to_owned();
    for who in [SOLNA, SIGTUNA] {
        let party = world.party(who).await;
        let request = announcement(&party, "2283", 0);
        party.register(request).await.expect("accepted");
    }
    assert!(world.terminate().await.success());
    let store = Connection::open(folder.join("data/keys.sqlite")).expect("the key store");
    let wrapped: Vec<u8> = store
        .query_row(
            "SELECT wrapped FROM authority_keys WHERE authority = 191 AND purpose = 4",
            [],
            |row| row.get(0),
        )
        .expect("its key of fingerprints");
    let mut damaged = wrapped.clone();
    damaged[20] ^= 1;
    let damage = "UPDATE authority_keys SET wrapped = ?1 WHERE wrapped = ?2";
    store
        .execute(damage, [&damaged, &wrapped])
        .expect("damaged");
    drop(store);
    run(&folder, &["keys", "create", "new.key"]);
    name(&folder, "serve", &["new.key", "root.key"]);
    world.start_again().await;
    let moved_but = "root key changed but for damaged keys, see docs/operation.md";
    let named = "damaged keys stay under their root key: 1, the first of them 0191's of epoch 0 for purpose 4";
    // at the start, and whenever it is asked to
    for times in 1..3 {
        logged(|| world.log(), moved_but, times).await;
        let log = world.log();
        let lines = log.lines().filter(|line| line.contains(moved_but));
        let named = lines.filter(|line| line.contains("ERROR") && line.contains(named));
        assert_eq!(named.count(), times, "{log}");
        world.ask_to_reload();
    }
    let uses = said(&folder, &["keys", "roots", "data/keys.sqlite"]);
    let keys: Vec<_> = uses.iter().map(|root| &root["keys"]).collect();
    assert_eq!(keys.len(), 2, "{uses:?}");
    assert_eq!(keys[1], 1, "the damaged one alone is under the old one");
    let solna = world.party(SOLNA).await;
    let request = announcement(&solna, "2283", 1);
    solna.register(request).await.expect("accepted");
}

/// Texts of each kind, of which some were ended in each of the ways.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_keys_that_is_gone_is_named_by_the_journal_alone() {
    let mut world = World::start().await;
    let folder = world.folder().to_owned();
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let mut names = Vec::new();
    for index in 0..4 {
        let name = announced(&solna, index).await;
        solleftea.take_in(&name, "").await.expect("taken in");
        for by in [&solleftea, &solna] {
            by.reply(reply(by, &name)).await.expect("replied");
        }
        names.push(name);
    }
    withdraw(&solna, &names[1], v1::WithdrawalReason::ConsentRevoked).await;
    for (by, name) in [
        (&solna, &names[2]),
        (&solna, &names[3]),
        (&solleftea, &names[3]),
    ] {
        by.redact(redaction(by, name)).await.expect("ended");
    }
    let reported = solleftea.report(arrival(&solleftea, "0191", 0)).await;
    let reported = reported.expect("accepted").arrival.expect("one").name;
    let taken_back = v1::WithdrawArrivalRequest {
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        request_id: client::request_id(),
        name: reported,
        ..v1::WithdrawArrivalRequest::default()
    };
    let taken_back = solleftea.withdraw_arrival(taken_back).await;
    taken_back.expect("taken back");
    let verify = [
        "keys",
        "verify",
        "data/keys.sqlite",
        "--root-key",
        "root.key",
    ];
    let against = [&verify[..], &["--journal", "data/journal.sqlite"]].concat();
    // beside the service
    let sound = said(&folder, &against);
    assert_eq!(sound[0]["faults"], 0, "{sound:?}");
    assert!(sound[0]["sealed_entries"].as_u64() >= Some(21), "{sound:?}");
    assert!(world.terminate().await.success());
    let store = Connection::open(folder.join("data/keys.sqlite")).expect("the key store");
    // the receiver's to a reply of the sender's, and whose was acknowledged
    for (name, version, authority) in [
        (&names[0], 4, 2283),
        (&names[0], 2, 2283),
        (&names[1], 1, 184),
    ] {
        let id = Uuid::parse_str(name.trim_start_matches("relocations/")).expect("an id");
        let gone = "DELETE FROM body_keys WHERE subject = ?1 AND version = ?2 AND authority = ?3";
        let gone = store.execute(gone, params![id.into_bytes(), version, authority]);
        assert_eq!(gone.expect("deleted"), 1);
    }
    drop(store);
    let alone = crate::auditing::said(&folder, &verify);
    assert!(
        !alone.errors.contains("have keys to it"),
        "{}",
        alone.errors
    );
    let named = crate::auditing::said(&folder, &against);
    assert_eq!(named.code, 1, "{}", named.errors);
    for told in [
        format!("{}, version 4: 1 of 2 have keys to it", names[0]),
        format!("{}, version 2: 0 of 1 have keys to it", names[0]),
        format!("{}, version 1: 0 of 1 have keys to it", names[1]),
    ] {
        assert!(named.errors.contains(&told), "{told}: {}", named.errors);
    }
}
