//! A record and its keys move: from one process over SQLite to services apart over PostgreSQL, and back into a file.
//! Callers notice nothing but the pause.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use api::v1;
use api::v1::find_relocations_request::Term;
use daemon::postgres::testing::{Database, Server};
use serde_json::Value;
use tests::{Apart, Party, SOLLEFTEA, SOLNA, World, announcement, person, run};

use crate::failover::{holds, receipted};
use crate::load::told_once;
use crate::receipts::{both_believe, trust};

/// A database that its owner makes with the command line alone; what is asked for twice is there once.
async fn prepared(
    folder: &Path,
    server: &Arc<Server>,
    store: &str,
    logins: &[[&str; 2]],
) -> Database {
    let database = Database::on(server.clone()).await.expect("a database");
    let superuser = database.client("postgres").await.expect("a connection");
    let owner = database.owner().url;
    for _ in 0..2 {
        run(folder, &["database", "migrate", store, "--url", &owner]);
    }
    for [login, service] in logins {
        let made = format!("CREATE ROLE {login} LOGIN");
        superuser.batch_execute(&made).await.expect("a login");
        for _ in 0..2 {
            run(
                folder,
                &["database", "admit", login, service, "--url", &owner],
            );
        }
    }
    database
}

/// The root of a journal and the digest of the ledger over it, both worked out anew and held against the receipt.
fn replayed(folder: &Path, journal: &str) -> [Value; 2] {
    let words = [
        "--json",
        "journal",
        "replay",
        "--checkpoint",
        "receipt",
        "--policy",
        "policy",
    ];
    let output = run(folder, &[words.as_slice(), &[journal]].concat());
    let said: Value = serde_json::from_slice(&output.stdout).expect("one object");
    [said["root"].clone(), said["digest"].clone()]
}

/// What Solna finds by the number of a person.
pub(crate) async fn found(solna: &Party, index: usize) -> Vec<String> {
    let request = v1::FindRelocationsRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        term: Some(Term::IdentityNumber(person(index).identity_number)),
    };
    let found = solna.find(request).await.expect("a search").relocations;
    found
        .into_iter()
        .map(|relocation| relocation.name)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_moves_with_its_keys_and_goes_on_where_it_was() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let mut names = Vec::new();
    let first = announcement(&solna, "2283", 0);
    for request in [first.clone(), announcement(&solna, "2283", 1)] {
        let answer = solna.register(request).await.expect("accepted");
        names.push(answer.relocation.expect("one").name);
    }
    let old = receipted(world.folder(), &solna, &names[1]).await;
    trust(world.folder());
    assert!(world.terminate().await.success());

    let folder = world.folder();
    let server = Arc::new(Server::start().await.expect("a server"));
    let logins = [["gateway", "gateway"], ["ledger", "ledger"]];
    let journal = prepared(folder, &server, "journal", &logins).await;
    let keys = prepared(folder, &server, "keys", &[["keyholder", "keys"]]).await;
    let (journal_url, keys_url) = (journal.owner().url, keys.owner().url);
    let stores = [
        ("journal", "data/journal.sqlite", journal_url.as_str()),
        ("keys", "data/keys.sqlite", &keys_url),
        ("journal", &journal_url, "journal.sqlite"),
        ("keys", &keys_url, "keys.sqlite"),
    ];
    let said = stores.map(|(store, from, to)| run(folder, &[store, "copy", from, to]).stdout);
    assert_eq!((&said[0], &said[1]), (&said[2], &said[3]), "there and back");
    let there = replayed(folder, &journal_url);
    for journal in ["data/journal.sqlite", "journal.sqlite"] {
        assert_eq!(replayed(folder, journal), there);
    }

    let world = Apart::in_place_of(world, [journal, keys]).await;
    let solna = world.party(SOLNA, 0).await;
    let again = solna.register(first).await.expect("the same answer");
    assert_eq!(again.relocation.expect("one").name, names[0]);
    // sealed then and there
    let solleftea = world.party(SOLLEFTEA, 1).await;
    for (name, index) in names.iter().zip(0..) {
        let content = solleftea.read(name).await.expect("read").content;
        assert_eq!(content.expect("its content").person, Some(person(index)));
        assert_eq!(found(&solna, index).await, std::slice::from_ref(name));
    }
    let new = solna.register(announcement(&solna, "2283", 2)).await;
    let new = new.expect("accepted");
    names.push(new.relocation.expect("one").name);
    told_once(&solleftea, &BTreeSet::from_iter(names)).await;
    holds(world.folder(), &solna, &old, new.position).await;
    both_believe(world.folder(), &["receipt".to_owned()]);
}
