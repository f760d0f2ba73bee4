//! Another database server takes over, under whole services: nothing that was acknowledged is lost, nothing happens
//! twice, and nobody is told anything else than before.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use api::v1;
use client::request_id;
use daemon::postgres::Settings;
use daemon::postgres::testing::{Pair, Server};
use journal::evidence::{self, Evidence as _, PostgresEvidence};
use journal::{Journal as _, PostgresJournal};
use tests::{
    Apart, OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, announcement, run, verify, wait_for,
};
use tlog::key::Verifier;
use tokio::sync::oneshot;

use crate::access::announced;
use crate::apart::{about, alerts, report};
use crate::load::{Sent, announcements_of, register_by, retry_by, told_once};
use crate::receipts::{trust, write};

/// Longer than any receipt takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a caller waits that then no longer knows what became of its call.
const CALLER: Duration = Duration::from_millis(500);
/// Between the promotion and the next answer: a second's pause of the services, and what a busy machine adds.
const TAKEN_AGAIN: Duration = Duration::from_secs(5);

/// A registration with its receipt, in files of its own; the checkpoint in it.
pub(crate) async fn receipted(folder: &Path, party: &Party, name: &str) -> v1::Checkpoint {
    let request = v1::GetReceiptRequest {
        municipality: party.municipality(),
        name: name.to_owned(),
        ..v1::GetReceiptRequest::default()
    };
    let receipt = party.client.wait_for_receipt(&request, false, PATIENCE);
    let receipt = receipt.await.expect("a receipt");
    write(folder, "receipt", &receipt);
    receipt.checkpoint.expect("a checkpoint")
}

/// What the receipt in the file says is still so: it verifies, and the newest checkpoint, which covers a position,
/// continues the one in it.
pub(crate) async fn holds(folder: &Path, party: &Party, old: &v1::Checkpoint, position: i64) {
    let proof = wait_for("a checkpoint that covers it", || async {
        let request = v1::GetConsistencyProofRequest {
            old_size: old.size,
            size: 0,
        };
        let proof = party.get_consistency_proof(request).await.ok()?;
        let newest = proof.checkpoint.as_ref().map_or(0, |newest| newest.size);
        (newest >= position).then_some(proof.proof)
    })
    .await;
    fs::write(folder.join("proof"), proof).expect("written");
    trust(folder);
    for words in [
        ["receipt", "receipt"].as_slice(),
        &["consistency", "receipt", "proof"],
    ] {
        run(
            folder,
            &[&["verify"], words, &["--policy", "policy"]].concat(),
        );
    }
}

/// All notices of an inbox that has so many, from a stream that is opened again wherever it ends.
async fn watched(party: &Party, count: usize) -> Vec<v1::Notice> {
    let mut notices: Vec<v1::Notice> = Vec::new();
    while notices.len() < count {
        let token = notices.last().map_or("", |last| &last.resume_token);
        let Ok(mut stream) = party.watch(token).await else {
            tokio::task::yield_now().await;
            continue;
        };
        while notices.len() < count
            && let Ok(Some(item)) = stream.next().await
        {
            if let v1::watch_inbox_response::Item::Notice(notice) = item {
                notices.push(notice);
            }
        }
    }
    notices
}

/// Registers 300 people through both gateways. When so many were acknowledged the primary is killed; when somebody
/// does not know what became of a call, the other server takes over, and is asked until it answers: for whom.
async fn under_load(world: &Apart, pair: &Pair, solna: &Party) -> (Vec<Sent>, String) {
    let served = world.served(0).await;
    let callers = [served[0].clone(), world.served(1).await[0].clone()];
    let (told, enough) = oneshot::channel();
    let (told_unknown, unknown) = oneshot::channel();
    let (mut told, mut told_unknown) = (Some(told), Some(told_unknown));
    let mut acknowledged = 0;
    let requests = announcements_of(&served, "2283", 300);
    let load = register_by(&callers, requests, CALLER, |one| {
        acknowledged += usize::from(one.answer.is_ok());
        let waiting = if one.answer.is_err() {
            told_unknown.take()
        } else if acknowledged >= 60 {
            told.take()
        } else {
            None
        };
        if let Some(waiting) = waiting {
            waiting.send(()).expect("somebody waits");
        }
    });
    let take_over = async {
        enough.await.expect("so many answers come");
        pair.primary.kill().expect("killed");
        unknown.await.expect("somebody does not know");
        pair.promote().await.expect("promoted");
        let promoted = Instant::now();
        let request = announcement(solna, "2283", 1);
        let answered = wait_for("registrations are taken again", || async {
            solna.register(request.clone()).await.ok()
        })
        .await;
        let taken = promoted.elapsed();
        assert!(taken < TAKEN_AGAIN, "{taken:?} after the promotion");
        answered.relocation.expect("one").name
    };
    tokio::join!(load, take_over)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_under_load_is_followed_with_all_that_was_acknowledged() {
    let pair = Pair::start().await.expect("two servers");
    let world = Apart::on_pair(&pair).await;
    let (solna, operator) = (world.party(SOLNA, 0).await, world.party(OPERATOR, 1).await);
    let solleftea = world.party(SOLLEFTEA, 0).await;
    let first = announced(&solna, 0).await;
    let old = receipted(world.folder(), &solna, &first).await;
    report(&solleftea, 0..3).await;
    operator.advance(15).await.expect("moved");
    let load = async {
        let (sent, last) = under_load(&world, &pair, &solna).await;
        let unknown = sent.iter().filter(|one| one.answer.is_err()).count();
        assert!((1..=240).contains(&unknown), "{unknown} of 300 unknown");
        // also what the other gateway was asked
        let mut names = retry_by(&world.served(1).await[..1], sent).await;
        names.extend([first, last]);
        names
    };
    let (watched, names) = tokio::join!(watched(&solleftea, 302), load);
    assert_eq!(names.len(), 302);
    told_alike(&world, &names, &watched).await;
    alerted_once(&world).await;
    let position = settled(&world, &pair).await;
    holds(world.folder(), &solna, &old, position).await;
}

/// Of either store: the record's and the keys' may have other servers.
#[tokio::test(flavor = "multi_thread")]
async fn several_hosts_without_a_synchronous_standby_are_warned_of_for_both_stores() {
    let server = Server::shared().await.expect("a server");
    for (hosts, warned) in [(1, 0), (2, 1)] {
        let named = server.clone();
        let reached = move |database: &str, user: &str| {
            let url = named.url(user, database);
            let (before, rest) = url.split_once('@').expect("a user");
            let (host, database) = rest.split_once('/').expect("a database");
            let hosts = vec![host; hosts].join(",");
            format!("url = \"{before}@{hosts}/{database}\"")
        };
        let world = Apart::reached(server.clone(), reached).await;
        let told = |service: &str, store: &str| {
            let log = world.log(service);
            let lines = log.lines().filter(|line| {
                line.contains("no synchronous standby")
                    && line.contains(&format!("store=\"{store}\""))
            });
            lines.count()
        };
        for (service, store, expected) in [
            ("gateway-1", "journal", warned),
            ("gateway-2", "keys", warned),
            ("ledger-1", "journal", warned),
            ("ledger-1", "keys", 0),
        ] {
            assert_eq!(told(service, store), expected, "{service} {store} {hosts}");
        }
    }
}

/// Both gateways and a stream through all of it tell the same of each relocation, once; and the recipient's chain
/// is ours.
async fn told_alike(world: &Apart, names: &BTreeSet<String>, watched: &[v1::Notice]) {
    verify("2283", watched);
    for gateway in [0, 1] {
        let solleftea = world.party(SOLLEFTEA, gateway).await;
        told_once(&solleftea, names).await;
        let last = watched.last().expect("a notice");
        let stored = v1::ConfirmNoticeRequest {
            municipality: solleftea.municipality(),
            request_id: request_id(),
            validate_only: false,
            number: last.number,
            chain: last.chain.clone(),
        };
        assert!(solleftea.confirm(stored).await.expect("confirmed").agrees);
    }
}

/// A ledger leads: of the arrivals before and after, each is asked about once.
async fn alerted_once(world: &Apart) {
    let solleftea = world.party(SOLLEFTEA, 1).await;
    let operator = world.party(OPERATOR, 0).await;
    report(&solleftea, 3..5).await;
    operator.advance(15).await.expect("moved");
    let flagged = alerts(&operator, 5).await;
    assert_eq!((flagged.len(), about(&flagged).len()), (5, 5));
    let sigtuna = world.party(SIGTUNA, 0).await;
    let asked = wait_for("the questions", || async {
        let notices = sigtuna.notices().await.expect("a list");
        (notices.len() >= 5).then_some(notices)
    })
    .await;
    verify("0191", &asked);
    assert_eq!(asked.len(), 5);
}

/// The record agrees with itself in every table, and with what was signed. Returns its end.
async fn settled(world: &Apart, pair: &Pair) -> i64 {
    let url = pair.url("gateway", &world.journal.name);
    run(world.folder(), &["journal", "verify", &url]);
    let journal = PostgresJournal::connect(Settings::new(url)).await;
    let journal = journal.expect("the record");
    let log = PostgresEvidence::new(journal.clone());
    let key = fs::read_to_string(world.folder().join("log.pub")).expect("a key");
    let key = Verifier::parse(key.trim_end()).expect("a key");
    let verified = evidence::verify(&*journal, &*log, Some(key)).await;
    verified.expect("it holds");
    assert_eq!(log.alarm().await.expect("read"), None);
    i64::try_from(journal.edge().borrow().0).expect("a position")
}
