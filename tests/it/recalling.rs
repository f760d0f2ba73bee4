//! What was told once and may be read no longer; and what a consent that is partial keeps out, later too.

use api::v1;
use api::v1::produce_person_extract_response::Item;
use client::request_id;
use domain::code::NoticeKind;
use domain::subject::{Subject, SubjectKind};
use futures_util::future::join_all;
use rusqlite::Connection;
use tests::{
    Apart, OPERATOR, PERSONS, Party, REVIEWER_THERE, SIGTUNA, SOLLEFTEA, SOLNA, World,
    announcement, arrival, consent, function, marked, wait_for,
};

use crate::access::{announced, log, seen};
use crate::functions::set;

pub(crate) async fn withdraw(solna: &Party, name: &str, reason: v1::WithdrawalReason) {
    let withdrawn = solna
        .withdraw(v1::WithdrawRelocationRequest {
            municipality: solna.municipality(),
            actor: solna.actor(),
            request_id: request_id(),
            name: name.to_owned(),
            reason: reason.into(),
            ..v1::WithdrawRelocationRequest::default()
        })
        .await;
    withdrawn.expect("withdrawn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_consent_and_a_mistake_end_the_reading_and_a_cancelled_move_does_not() {
    use v1::WithdrawalReason as Why;
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    for (index, (reason, readable)) in [
        (Why::ConsentRevoked, false),
        (Why::Mistake, false),
        (Why::MoveCancelled, true),
    ]
    .into_iter()
    .enumerate()
    {
        let name = announced(&solna, index).await;
        let before = solleftea.read(&name).await.expect("theirs");
        assert!(before.content.is_some());
        withdraw(&solna, &name, reason).await;
        let after = solleftea.read(&name).await.expect("the envelope stays");
        assert_eq!(after.state(), v1::RelocationState::Withdrawn);
        assert_eq!(after.content.is_some(), readable, "{reason:?}");
        let own = solna.read(&name).await.expect("their own");
        assert!(own.content.is_some(), "the sender's record is its own");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_consent_limits_what_is_added_later() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let mut request = announcement(&solna, "2283", 0);
    let ground = request.legal_ground.as_mut().expect("a ground");
    ground.consent.as_mut().expect("a consent").scopes = vec![
        v1::ConsentScope::Dwelling.into(),
        v1::ConsentScope::Support.into(),
        v1::ConsentScope::Household.into(),
        v1::ConsentScope::Groups.into(),
        v1::ConsentScope::Wish.into(),
    ];
    request.content.as_mut().expect("content").free_text = String::new();
    let registered = solna.register(request).await.expect("covered");
    let name = registered.relocation.expect("one").name;
    let refused = solna
        .supplement(v1::SupplementRelocationRequest {
            municipality: solna.municipality(),
            actor: solna.actor(),
            request_id: request_id(),
            name,
            text: "Mer om personen.".to_owned(),
            ..v1::SupplementRelocationRequest::default()
        })
        .await
        .expect_err("free text is not covered");
    assert_eq!(refused.reason, "CONSENT_TOO_NARROW");
    assert_eq!(refused.violations.first().expect("a field").0, "text");
}

/// Who has keys to a report's text, by their codes as numbers.
fn authorities(world: &World, arrival: &str) -> Vec<i64> {
    let subject = Subject::parse(SubjectKind::Arrival, arrival).expect("a name");
    let store = Connection::open(world.folder().join("data/keys.sqlite")).expect("a store");
    let sql = "SELECT DISTINCT authority FROM body_keys WHERE subject = ?1 AND version = 1 \
               ORDER BY authority";
    let mut statement = store.prepare(sql).expect("a statement");
    let rows = statement.query_map([subject.id.as_bytes()], |row| row.get(0));
    let rows = rows.expect("rows").map(|row| row.expect("a row"));
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_withdrawn_is_no_longer_a_question() {
    let world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    let operator = world.party(OPERATOR).await;
    let reported = solleftea.report(arrival(&solleftea, "0191", 0)).await;
    let name = reported.expect("accepted").arrival.expect("one").name;
    operator.advance(15).await.expect("moved");
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    let asked = sigtuna.read_alert(&alert.name).await.expect("asked");
    assert!(asked.question.is_some());
    let (here, there) = (2283, 191);
    assert_eq!(authorities(&world, &name), [there, here]);
    let withdrawn = solleftea
        .withdraw_arrival(v1::WithdrawArrivalRequest {
            municipality: solleftea.municipality(),
            actor: solleftea.actor(),
            request_id: request_id(),
            name: name.clone(),
            ..v1::WithdrawArrivalRequest::default()
        })
        .await;
    withdrawn.expect("withdrawn");
    // its keys are gone there, and who took it back knows how far it had spread
    assert_eq!(authorities(&world, &name), [here]);
    let full = v1::GetArrivalRequest {
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        name: name.clone(),
        view: v1::View::Full.into(),
        known_at: None,
    };
    let answer = solleftea.get_arrival(full).await.expect("its own");
    let methods: Vec<_> = answer.readings.iter().map(|it| &*it.method).collect();
    assert_eq!(methods, ["GetAlert"]);
    assert!(answer.arrival.expect("an arrival").content.is_some());
    let closed = wait_for("the ledger to close it", || async {
        let alert = sigtuna.read_alert(&alert.name).await.expect("the envelope");
        (alert.state() == v1::AlertState::Closed).then_some(alert)
    })
    .await;
    assert_eq!(closed.close_reason(), v1::CloseReason::ArrivalWithdrawn);
    assert!(closed.question.is_none(), "it tells nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_tells_too_and_names_a_ground_of_its_own() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let name = announced(&solna, 0).await;
    solleftea.take_in(&name, "").await.expect("taken in");
    let reply = |legal_ground| v1::ReplyToRelocationRequest {
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        request_id: request_id(),
        name: name.clone(),
        text: "Personen är känd här.".to_owned(),
        legal_ground,
        ..v1::ReplyToRelocationRequest::default()
    };
    let general_clause = v1::LegalGround {
        code: v1::LegalGroundCode::GeneralClause1027.into(),
        ..v1::LegalGround::default()
    };
    for (ground, reason) in [
        (None, "LEGAL_GROUND_MISSING"),
        (Some(general_clause), "GENERAL_CLAUSE_REFUSED"),
    ] {
        let refused = solleftea.reply(reply(ground)).await.expect_err("refused");
        assert_eq!(refused.reason, reason);
    }
    let replied = solleftea.reply(reply(Some(consent()))).await;
    replied.expect("with a ground it is told");
}

/// A recall by Solna, which found out just now.
pub(crate) async fn recall(solna: &Party, name: &str) -> v1::RecallRelocationRequest {
    let sent = solna.read(name).await.expect("their own").recorded_at;
    v1::RecallRelocationRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        discovered_at: sent,
        text: "Fel kommun valdes i listan.".to_owned(),
        ..v1::RecallRelocationRequest::default()
    }
}

pub(crate) fn report_of(party: &Party, name: &str) -> v1::GetBreachReportRequest {
    v1::GetBreachReportRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        name: name.to_owned(),
    }
}

/// The kinds of a party's notices, oldest first.
pub(crate) async fn kinds(party: &Party) -> Vec<NoticeKind> {
    let notices = party.notices().await.expect("a list");
    let kind = |notice: &v1::Notice| NoticeKind::from_number(notice.kind).expect("known");
    notices.iter().map(kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_to_the_wrong_municipality_is_called_back_and_its_readers_are_told() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let name = announced(&solna, 0).await;
    for _ in 0..2 {
        let read = solleftea.read(&name).await.expect("theirs");
        assert!(read.content.is_some());
    }
    let request = recall(&solna, &name).await;
    let dry = v1::RecallRelocationRequest {
        validate_only: true,
        ..request.clone()
    };
    let dry = solna.recall(dry).await.expect("it may");
    assert_eq!(dry.report, None);
    assert!(
        solleftea
            .read(&name)
            .await
            .expect("theirs")
            .content
            .is_some()
    );

    let answer = solna.recall(request.clone()).await.expect("called back");
    let report = answer.report.expect("a report");
    let readers: Vec<_> = report
        .readings
        .iter()
        .map(|it| it.function.as_str())
        .collect();
    assert_eq!(readers, ["ekonomiskt bistånd"; 3]);
    let shown = format!("{report:?}");
    assert!(
        !shown.contains("handlaggare-2283"),
        "the officers stay there: {shown}"
    );
    let [discovered, due] = [report.discovered_at, report.due_at].map(|at| at.expect("told"));
    assert_eq!(due.seconds - discovered.seconds, 72 * 3600);
    assert_eq!(report.text, request.text);
    for path in ["content.person", "content.supports", "legal_ground.code"] {
        assert!(report.fields.contains(&path.to_owned()), "{path}");
    }
    // there it is as if it had never been, but for the envelope and the notice
    let after = solleftea.read(&name).await.expect("the envelope stays");
    assert_eq!(
        (after.state(), after.content),
        (v1::RelocationState::Withdrawn, None)
    );
    assert_eq!(
        kinds(&solleftea).await,
        [
            NoticeKind::RelocationRegistered,
            NoticeKind::RelocationRecalled
        ]
    );
    assert!(solna.read(&name).await.expect("theirs").content.is_some());
    // announced anew, it goes where it should have gone
    let anew = solna
        .register(announcement(&solna, "0191", 0))
        .await
        .expect("accepted");
    let again = "ALREADY_ANNOUNCED";
    assert!(anew.warnings.iter().all(|warning| warning.reason != again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_is_made_once_and_only_the_sender_has_a_report() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let name = announced(&solna, 0).await;
    let refused = solna
        .breach(report_of(&solna, &name))
        .await
        .expect_err("none yet");
    assert_eq!(refused.reason, "STATE_NOT_ALLOWED");
    let request = recall(&solna, &name).await;
    let answer = solna.recall(request.clone()).await.expect("called back");
    let report = answer.report.expect("a report");
    // the same answer for ever, a second recall never, and only the sender has a report
    let again = solna.recall(request).await.expect("again");
    assert_eq!(again.report.as_ref(), Some(&report));
    let second = recall(&solna, &name).await;
    let refused = solna.recall(second).await.expect_err("once");
    assert_eq!(refused.reason, "STATE_NOT_ALLOWED");
    let found = solna
        .breach(report_of(&solna, &name))
        .await
        .expect("a report");
    assert_eq!(found.report, Some(report));
    let refused = solleftea.breach(report_of(&solleftea, &name)).await;
    assert_eq!(refused.expect_err("not theirs").reason, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_called_back_long_after_it_ended_and_the_next_one_stays_open() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let ended = announced(&solna, 0).await;
    solleftea.take_in(&ended, "").await.expect("taken in");
    solleftea
        .report(arrival(&solleftea, "0184", 0))
        .await
        .expect("accepted");
    wait_for("the match", || async {
        let seen = solna.read(&ended).await.expect("theirs");
        (seen.state() == v1::RelocationState::Arrived).then_some(())
    })
    .await;
    // announced once more since then: that one is open
    let next = announced(&solna, 0).await;
    assert_ne!(next, ended);
    world
        .party(OPERATOR)
        .await
        .advance(100)
        .await
        .expect("moved");
    let mut wrong = recall(&solna, &ended).await;
    wrong.discovered_at = Some(api::generated::Timestamp {
        seconds: 1,
        nanos: 0,
    });
    let refused = solna
        .recall(wrong.clone())
        .await
        .expect_err("before it was sent");
    assert_eq!(
        refused.violations.first().expect("a field").0,
        "discovered_at"
    );
    wrong.discovered_at = None;
    wrong.text = String::new();
    let refused = solna.recall(wrong).await.expect_err("nothing said");
    assert_eq!(refused.violations.len(), 2);
    let request = recall(&solna, &ended).await;
    solna.recall(request).await.expect("called back");
    let after = solleftea.read(&ended).await.expect("the envelope stays");
    assert_eq!(
        (after.state(), after.content),
        (v1::RelocationState::Withdrawn, None)
    );
    // the open one still is the one
    let again = solna
        .register(announcement(&solna, "2283", 0))
        .await
        .expect("accepted");
    assert_eq!(again.relocation.expect("one").name, next);
    assert_eq!(
        again.warnings.first().expect("a warning").reason,
        "ALREADY_ANNOUNCED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_through_one_gateway_holds_at_the_other_and_is_in_the_receivers_log() {
    let world = Apart::start().await;
    let solna = world.party(SOLNA, 0).await;
    let solleftea = world.party(SOLLEFTEA, 1).await;
    let name = announced(&solna, 0).await;
    solleftea.read(&name).await.expect("theirs");
    let request = recall(&solna, &name).await;
    let report = solna.recall(request).await.expect("called back").report;
    assert_eq!(report.expect("a report").readings.len(), 1);
    assert_eq!(
        solleftea.read(&name).await.expect("the envelope").content,
        None
    );
    // a look at what can no longer be opened is an access there, and no reading in the report
    let reviewer = world.party(REVIEWER_THERE, 0).await;
    let seen = seen(&reviewer, log(&reviewer)).await;
    assert_eq!(seen.len(), 2);
    let found = world.party(SOLNA, 1).await;
    let found = found
        .breach(report_of(&found, &name))
        .await
        .expect("a report");
    assert_eq!(found.report.expect("one").readings.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_recalls_and_writes_the_report() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let name = announced(&solna, 0).await;
    solleftea.read(&name).await.expect("theirs");
    let sent = solna
        .read(&name)
        .await
        .expect("theirs")
        .recorded_at
        .expect("an instant");
    let sent = api::time::from_wire(&sent).expect("an instant").to_string();
    let profile = crate::receipts::profile(&world, SOLNA);
    let said = |words: &[&str]| {
        let words = [&["--profile", &profile, "relocation"], words].concat();
        String::from_utf8(tests::run(world.folder(), &words).stdout).expect("text")
    };
    let recalled = said(&[
        "recall",
        &name,
        "--discovered",
        &sent,
        "--text",
        "Fel kommun.",
    ]);
    assert!(
        recalled.contains("Readings at the receiver: 1"),
        "{recalled}"
    );
    let swedish = said(&["breach", &name]);
    for words in [
        "Anmäls till IMY senast: ",
        "Mottagare: Sollefteå (2283)",
        "Fel kommun.",
    ] {
        assert!(swedish.contains(words), "{words}: {swedish}");
    }
    let english = said(&["breach", &name, "--language", "en"]);
    assert!(english.contains("Sent to: Sollefteå (2283)"), "{english}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_were_refused_hide_no_reading_from_sender_or_person() {
    // as many as readings are told, and one
    const ATTEMPTS: usize = 1001;
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let handling = v1::Function {
        handles_secrecy_marked: true,
        ..function(&solleftea, "barn", &[])
    };
    set(&solleftea, handling).await.expect("accepted");
    let request = marked(announcement(&solna, "2283", 0), "barn");
    let registered = solna.register(request).await.expect("accepted");
    let name = registered.relocation.expect("one").name;
    let children = solleftea.acting_in("barn");
    children.read(&name).await.expect("one of the function");
    let attempts = (0..ATTEMPTS).map(|_| solleftea.read(&name));
    for refused in join_all(attempts).await {
        let refused = refused.expect_err("not one of the function");
        assert_eq!(refused.reason, "SECRECY_FUNCTION_REQUIRED");
    }
    let extract = children.extract(PERSONS[0].0).await.expect("an extract");
    let read = |item: &&Item| matches!(item, Item::Access(it) if it.method == "GetRelocation");
    assert_eq!(extract.iter().filter(read).count(), 1);
    let request = recall(&solna, &name).await;
    let report = solna.recall(request).await.expect("called back").report;
    let report = report.expect("a report");
    let methods = report.readings.iter().map(|it| it.method.as_str());
    let methods: Vec<_> = methods.collect();
    assert_eq!(methods, ["GetRelocation", "ProducePersonExtract"]);
    assert!(!report.more_readings);
}
