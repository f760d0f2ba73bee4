//! What a witness's answers mean, against a real witness and against every answer that one could think of.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use journal::evidence::{EvidenceError, Ground, SqliteEvidence};
use rustls::RootCertStore;
use tempfile::TempDir;
use tlog::cosignature::{self, UnixTime};
use tlog::key::{Log, Role, Signer};
use tlog::note::{Name, Signature};
use tlog::tree::{Frontier, Hash};
use tlog::witness::{AnswerFault, SIZE_CONTENT_TYPE};
use tokio::time::Instant;

use super::ask::ask;
use super::post::{Post, PostError, Reply};
use super::*;

fn signer<R: Role>(name: &str, byte: u8) -> Signer<R> {
    Signer::new(Name::parse(name).expect("a name"), &[byte; 32])
}

fn log() -> Signer<Log> {
    signer("log.flyttbud.example", 1)
}

fn key(number: u8) -> Signer<cosignature::Witness> {
    signer(&format!("w{number}.example/witness"), 1 + number)
}

/// Two of three.
fn policy() -> Policy {
    let [w1, w2, w3] = [1, 2, 3].map(|number| key(number).verifier().to_string());
    let text = format!(
        "witness w1 {w1}\nwitness w2 {w2}\nwitness w3 {w3}\ngroup two 2 w1 w2 w3\nquorum two\n"
    );
    Policy::parse(text.as_bytes()).expect("a policy")
}

/// A log in a file, of entries that are one word with numbers.
struct House {
    folder: TempDir,
    evidence: Arc<SqliteEvidence>,
    word: &'static str,
    frontier: Frontier,
}

impl House {
    fn new(word: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let evidence = SqliteEvidence::open(&folder.path().join("evidence.sqlite")).expect("a log");
        Self {
            folder,
            evidence,
            word,
            frontier: Frontier::EMPTY,
        }
    }

    /// Grows to a size and publishes that.
    async fn publish(&mut self, size: u64) -> SignedCheckpoint {
        let from = self.frontier.head().size;
        let leaves =
            (from.0..size).map(|index| Hash::leaf(format!("{} {index}", self.word).as_bytes()));
        let full = self.frontier.append(leaves);
        self.evidence.integrate(from, &full).await.expect("stored");
        let checkpoint = SignedCheckpoint::sign(self.frontier.head(), &log());
        self.evidence.publish(&checkpoint).await.expect("published");
        checkpoint
    }

    /// The first witness, with its state in a folder.
    fn witness(&self, folder: &str) -> witness::Witness {
        let folder = self.folder.path().join(folder);
        let keys = vec![log().verifier().clone()];
        witness::Witness::open(&folder, key(1), keys).expect("a witness")
    }

    fn witnesses(&self, policy: Policy) -> Result<Witnesses, AddressError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let evidence: Arc<dyn Evidence> = self.evidence.clone();
        Witnesses::new(evidence, policy, tls, Leadership::always())
    }

    async fn alarm(&self) -> Option<String> {
        self.evidence.alarm().await.expect("read")
    }
}

/// To a witness without a network.
impl Post for witness::Witness {
    async fn post(&self, body: String) -> Result<Reply, PostError> {
        let answer = self.add_checkpoint(body.as_bytes());
        Ok(Reply {
            status: answer.status,
            is_size: answer.content_type == SIZE_CONTENT_TYPE,
            body: answer.body.into_bytes(),
        })
    }
}

/// What the first witness says, or whoever answers for it.
async fn asked(
    house: &House,
    way: &impl Post,
    checkpoint: &SignedCheckpoint,
    known: &mut Size,
) -> Result<Said, Failed> {
    let (first, evidence) = (key(1), house.evidence.as_ref());
    ask(evidence, first.verifier(), checkpoint, known, way).await
}

/// A witness that cosigned another log's tree, which has the same key.
async fn cosigned(witness: &witness::Witness, checkpoint: &SignedCheckpoint) {
    let reply = witness.post(format!("old 0\n\n{checkpoint}")).await;
    assert_eq!(reply.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_witness_is_followed_wherever_it_stands() {
    let mut house = House::new("a");
    let witness = house.witness("w1");
    let mut known = Size(0);
    for size in [1, 3, 8, 300] {
        let checkpoint = house.publish(size).await;
        // as one who went on with it, and as one who has just begun
        for mut known in [known, Size(0)] {
            let said = asked(&house, &witness, &checkpoint, &mut known).await;
            assert!(matches!(said, Ok(Said::Cosigned(_))), "{said:?}");
            assert_eq!(known, Size(size));
        }
        known = Size(size);
    }
    // restored from an older copy, it goes on by proof
    let older = house.witness("older");
    let nine = House::new("a").publish(9).await;
    cosigned(&older, &nine).await;
    let newest = house.evidence.newest().await.expect("read").expect("one");
    let said = asked(&house, &older, &newest, &mut known).await;
    assert!(matches!(said, Ok(Said::Cosigned(_))), "{said:?}");
}

#[tokio::test]
async fn a_witness_of_another_history_says_so_at_every_size() {
    let mut house = House::new("b");
    let checkpoint = house.publish(7).await;
    for size in [3, 6, 7, 8, 20] {
        let witness = house.witness(&format!("at {size}"));
        let other = House::new("a").publish(size).await;
        cosigned(&witness, &other).await;
        for mut known in [0, 2, 7].map(Size) {
            let said = asked(&house, &witness, &checkpoint, &mut known).await;
            assert!(matches!(said, Ok(Said::Otherwise)), "{size}: {said:?}");
        }
    }
}

/// Answers, one for each request.
struct Script(Mutex<VecDeque<Reply>>);

impl Post for Script {
    async fn post(&self, _body: String) -> Result<Reply, PostError> {
        let next = self.0.lock().expect("no panic").pop_front();
        Ok(next.expect("no more is asked"))
    }
}

/// What answers mean to whoever asks about a size and thinks that another is known.
async fn check(house: &House, size: u64, known: u64, replies: &[(u16, bool, &str)], expect: &str) {
    let checkpoints = house
        .evidence
        .checkpoints(Size(size - 1), Size(size), 1)
        .await;
    let checkpoint = checkpoints.expect("read").pop().expect("one");
    let reply = |(status, is_size, body): &(u16, bool, &str)| Reply {
        status: *status,
        is_size: *is_size,
        body: body.as_bytes().to_vec(),
    };
    let script = Script(Mutex::new(replies.iter().map(reply).collect()));
    let said = match asked(house, &script, &checkpoint, &mut Size(known)).await {
        Ok(Said::Cosigned(_)) => "cosigned".to_owned(),
        Ok(Said::Otherwise) => "otherwise".to_owned(),
        Err(failed) => ErrorChain(&failed).to_string(),
    };
    assert_eq!(said, expect);
    let left = script.0.into_inner().expect("no panic");
    assert!(left.is_empty(), "{left:?} was not asked for");
}

#[tokio::test]
async fn every_answer_has_one_meaning() {
    let mut house = House::new("a");
    house.publish(5).await;
    let nine = house.publish(9).await;
    let told = |size| (409, true, size);
    check(&house, 9, 5, &[told("9\n"), told("9\n")], "otherwise").await;
    check(&house, 9, 9, &[(409, false, "")], "otherwise").await;
    check(&house, 9, 0, &[told("10\n")], "otherwise").await;
    check(
        &house,
        5,
        0,
        &[told("9\n")],
        "it goes on from another tree each time",
    )
    .await;
    check(&house, 9, 0, &[told("4\n"), (422, false, "")], "otherwise").await;
    // nothing that these say is about our tree
    check(&house, 9, 0, &[(422, false, "")], "status 422").await;
    check(&house, 9, 5, &[(409, false, "")], "status 409").await;
    check(&house, 9, 5, &[told("5\n")], "status 409").await;
    for status in [400, 403, 404, 500, 503] {
        check(
            &house,
            9,
            5,
            &[(status, false, "")],
            &format!("status {status}"),
        )
        .await;
    }
    check(
        &house,
        9,
        0,
        &[told("1\n"), told("2\n"), told("3\n")],
        "it goes on from another tree each time",
    )
    .await;
    let unfit = |what: &str| format!("its answer is not to be used: {what}");
    check(&house, 9, 0, &[told("4")], &unfit("not the size of a tree")).await;
    let own = format!("{}\n", line(1, &nine));
    let of_another = format!("{}\n", line(2, &nine));
    let of_five = house.evidence.checkpoints(Size(4), Size(5), 1).await;
    let of_five = format!("{}\n", line(1, &of_five.expect("read")[0]));
    check(&house, 9, 5, &[(200, false, &own)], "cosigned").await;
    let missing = AnswerFault::Missing.to_string();
    let forged = "the cosignature is false: a signature in the name of \"w1.example/witness\" is not by its key";
    let unread = "the answer cannot be read: no line feed ends the signatures";
    for (body, fault) in [
        (&*of_another, &*missing),
        (&of_five, forged),
        ("yes", unread),
    ] {
        check(&house, 9, 5, &[(200, false, body)], &unfit(fault)).await;
    }
}

#[tokio::test]
async fn a_refusal_of_a_proof_that_is_wrong_accuses_nobody() {
    let mut house = House::new("a");
    house.publish(5).await;
    house.publish(9).await;
    let stranger = rusqlite::Connection::open(house.folder.path().join("evidence.sqlite"))
        .expect("a connection");
    let damage = "UPDATE hashes SET hashes = (SELECT hashes FROM hashes WHERE position = 2) WHERE position = 6";
    assert_eq!(stranger.execute(damage, []).expect("damaged"), 1);
    let unsound = EvidenceError::Unsound.to_string();
    check(&house, 9, 5, &[(422, false, "")], &unsound).await;
}

/// A witness's cosignature.
fn line(number: u8, checkpoint: &SignedCheckpoint) -> Signature {
    let at = UnixTime::new(1_764_028_800).expect("a time");
    key(number).cosign(checkpoint, at)
}

#[tokio::test]
async fn the_alarm_is_raised_by_as_many_as_a_full_receipt_needs() {
    let mut house = House::new("a");
    let checkpoint = house.publish(3).await;
    let witnesses = house.witnesses(policy()).expect("no addresses");
    let contradicts = async |name| {
        let taken = witnesses.take(name, &checkpoint, Said::Otherwise).await;
        assert!(matches!(taken, Err(Failed::Contradicts)), "{taken:?}");
        witnesses.judge().await;
    };
    contradicts("w1").await;
    contradicts("w1").await;
    assert_eq!(house.alarm().await, None, "one may lie, however often");
    let taken = witnesses
        .take("w1", &checkpoint, Said::Cosigned(line(1, &checkpoint)))
        .await;
    taken.expect("stored");
    contradicts("w2").await;
    assert_eq!(house.alarm().await, None, "the first one has come to agree");
    contradicts("w3").await;
    let alarm = Some("witnesses have seen another history of the log: w2, w3".to_owned());
    assert_eq!(house.alarm().await, alarm);
    // an alarm that stands is not written over, and one that was lifted comes again
    contradicts("w1").await;
    assert_eq!(house.alarm().await, alarm);
    lift(&house, "a mistake").await;
    contradicts("w1").await;
    assert_eq!(
        house.alarm().await,
        Some("witnesses have seen another history of the log: w1, w2, w3".to_owned())
    );
}

async fn lift(house: &House, reason: &str) {
    let standing = house.evidence.standing().await.expect("read");
    let ground = Ground::Word(reason);
    let lifted = house.evidence.lift(&standing.expect("one"), ground).await;
    assert!(lifted.expect("lifted"));
}

/// Whatever the policy is content with.
#[tokio::test]
async fn one_witness_stops_nothing_and_no_lesser_alarm_hides_what_two_say() {
    for quorum in ["none", "w1", "any"] {
        let [w1, w2] = [1, 2].map(|number| key(number).verifier().to_string());
        let text =
            format!("witness w1 {w1}\nwitness w2 {w2}\ngroup any any w1 w2\nquorum {quorum}\n");
        let policy = Policy::parse(text.as_bytes()).expect("a policy");
        let mut house = House::new("a");
        let checkpoint = house.publish(3).await;
        let witnesses = house.witnesses(policy).expect("no addresses");
        for (name, is_raised) in [("w1", false), ("w1", false), ("w2", true)] {
            let taken = witnesses.take(name, &checkpoint, Said::Otherwise).await;
            assert!(matches!(taken, Err(Failed::Contradicts)), "{taken:?}");
            raise(house.evidence.as_ref(), &Alarm::EntryDiffers(3)).await;
            witnesses.judge().await;
            let alarm = house.alarm().await.expect("one");
            assert_eq!(alarm.contains("w1, w2"), is_raised, "{quorum}: {alarm}");
        }
    }
}

/// The target that is asked about within a time, if another one than before.
async fn next(target: &mut watch::Receiver<Target>, within: Duration) -> Option<u64> {
    let changed = timeout(within, target.changed()).await;
    changed.ok()?.expect("it is led");
    let now = target.borrow_and_update();
    Some(now.as_ref()?.checkpoint().head.size.0)
}

#[tokio::test(start_paused = true)]
async fn all_are_asked_about_one_checkpoint_until_enough_have_cosigned_or_will_not() {
    let mut house = House::new("a");
    let three = house.publish(3).await;
    let witnesses = house.witnesses(policy()).expect("no addresses");
    let (sender, mut target) = watch::channel(None);
    let steps = async {
        assert_eq!(next(&mut target, ROUND).await, Some(3));
        house.publish(5).await;
        house.publish(6).await;
        assert_eq!(
            next(&mut target, ROUND / 4).await,
            None,
            "nobody has cosigned"
        );
        for (number, name, expected) in [(1, "w1", None), (2, "w2", Some(6))] {
            let taken = witnesses
                .take(name, &three, Said::Cosigned(line(number, &three)))
                .await;
            taken.expect("stored");
            assert_eq!(
                next(&mut target, ROUND / 4).await,
                expected,
                "the newest, not the next"
            );
        }
        house.publish(9).await;
        assert_eq!(next(&mut target, ROUND / 2).await, None);
        assert_eq!(next(&mut target, ROUND).await, Some(9), "they will not");
    };
    tokio::select! {
        () = steps => {}
        () = witnesses.lead(&sender) => panic!("it leads for ever"),
    }
}

#[tokio::test]
async fn only_who_leads_asks() {
    let mut house = House::new("a");
    house.publish(3).await;
    let mut witnesses = house.witnesses(policy()).expect("no addresses");
    let (lead, leads) = watch::channel(false);
    witnesses.leadership = Leadership::decided_by(leads);
    let (sender, mut target) = watch::channel(None);
    let steps = async {
        assert_eq!(next(&mut target, RETRY).await, None);
        lead.send_replace(true);
        target.wait_for(Option::is_some).await.expect("asked");
        lead.send_replace(false);
        target.wait_for(Option::is_none).await.expect("no more");
    };
    tokio::select! {
        () = steps => {}
        () = witnesses.rounds(&sender) => panic!("it goes on"),
    }
}

/// A witness that does not answer the first time; the sizes that it is asked about.
struct HangsOnce(witness::Witness, Mutex<Vec<u64>>);

impl Post for HangsOnce {
    async fn post(&self, body: String) -> Result<Reply, PostError> {
        let request = tlog::witness::Request::parse(body.as_bytes()).expect("a request");
        let is_first = {
            let mut asked = self.1.lock().expect("no panic");
            asked.push(request.checkpoint.checkpoint().head.size.0);
            asked.len() == 1
        };
        if is_first {
            std::future::pending::<()>().await;
        }
        self.0.post(body).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_witness_that_hangs_is_given_up_and_asked_about_the_newest() {
    let mut house = House::new("a");
    let three = house.publish(3).await;
    let policy = policy();
    let witnesses = house.witnesses(policy.clone()).expect("no addresses");
    let way = HangsOnce(house.witness("w1"), Mutex::default());
    let (sender, target) = watch::channel(Some(three));
    let begun = Instant::now();
    let steps = async {
        let mut stored = witnesses.stored.subscribe();
        sleep(ASK / 2).await;
        for size in [5, 9] {
            sender.send_replace(Some(house.publish(size).await));
        }
        stored.changed().await.expect("stored");
    };
    tokio::select! {
        () = steps => {}
        () = witnesses.follow(&policy.witnesses()[0], &way, target) => panic!("it follows for ever"),
    }
    assert!(begun.elapsed() >= ASK && begun.elapsed() < ASK * 2);
    assert_eq!(way.1.into_inner().expect("no panic"), [3, 9]);
    let newest = house.evidence.newest().await.expect("read").expect("one");
    let at = key(1).verifier().check(newest.note());
    assert!(matches!(at, Ok(Some(_))), "{newest}");
}

#[tokio::test]
async fn an_address_must_be_one_of_https() {
    let house = House::new("a");
    let w1 = key(1).verifier().to_string();
    for (address, is_good) in [
        ("https://w1.example", true),
        ("https://w1.example:8444/prefix/", true),
        ("http://w1.example", false),
        ("w1.example", false),
        ("https://", false),
    ] {
        let text = format!("witness w1 {w1} {address}\nquorum w1\n");
        let policy = Policy::parse(text.as_bytes()).expect("a policy");
        let made = house.witnesses(policy);
        assert_eq!(made.is_ok(), is_good, "{address}");
    }
}
