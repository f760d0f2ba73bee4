//! Calls that were cut off between their commit and what follows from it, over real stores: by the caller, by a kill, and
//! with or without being sent again.

mod protected;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use api::v1;
use async_trait::async_trait;
use domain::entry::Draft;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Subject, Version};
use jiff::Timestamp;
use journal::conformance::given::{batch, solleftea, solna, system};
use journal::{
    Answer, AppendError, Batch, InboxHead, Journal, OpenClaim, Outcome, ReadError, Scope,
    SqliteJournal, Stored,
};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::*;
use crate::caller::Role;
use crate::permit::Feed;
use crate::testing::{call_of, core as core_anew, core_over};

/// A journal that keeps one append waiting, and then never answers it although what was appended stands; or refuses one.
struct Cut {
    journal: Arc<dyn Journal>,
    cuts: AtomicBool,
    fails: AtomicBool,
    /// The next text is stored with a bit turned.
    damages: AtomicBool,
    reached: Notify,
    go: Notify,
    stands: Notify,
}

#[async_trait]
impl Journal for Cut {
    async fn append(&self, mut batch: Batch) -> Result<Outcome, AppendError> {
        if self.fails.swap(false, Ordering::Relaxed) {
            return Err(AppendError::TooLarge);
        }
        if self.damages.swap(false, Ordering::Relaxed) {
            let parts = batch.drafts.iter_mut().flat_map(|draft| &mut draft.sealed);
            for byte in parts.filter_map(|part| part.ciphertext.last_mut()) {
                *byte ^= 1;
            }
        }
        if !self.cuts.swap(false, Ordering::Relaxed) {
            return self.journal.append(batch).await;
        }
        self.reached.notify_one();
        self.go.notified().await;
        self.journal.append(batch).await?;
        self.stands.notify_one();
        std::future::pending().await
    }

    async fn read_after(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
        self.journal.read_after(after, limit).await
    }

    async fn read_stored(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, ReadError> {
        self.journal.read_stored(after, limit).await
    }

    async fn subject(&self, subject: Subject, up_to: Position) -> Result<Vec<Entry>, ReadError> {
        self.journal.subject(subject, up_to).await
    }

    async fn notices(
        &self,
        recipient: MunicipalityCode,
        after: NoticeNumber,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError> {
        self.journal.notices(recipient, after, limit).await
    }

    async fn inbox_head(&self, recipient: MunicipalityCode) -> Result<InboxHead, ReadError> {
        self.journal.inbox_head(recipient).await
    }

    async fn answer(
        &self,
        scope: Scope,
        id: Uuid,
    ) -> Result<Option<([u8; 16], Answer)>, ReadError> {
        self.journal.answer(scope, id).await
    }

    async fn holder(&self, claim: &OpenClaim) -> Result<Option<Uuid>, ReadError> {
        self.journal.holder(claim).await
    }

    fn edge(&self) -> watch::Receiver<Position> {
        self.journal.edge()
    }

    fn now(&self) -> Timestamp {
        self.journal.now()
    }
}

/// A gateway whose next append is cut off when that is asked for.
fn cutting(folder: &Path) -> (Arc<Core>, Arc<Cut>) {
    let cut = Arc::new(Cut {
        journal: SqliteJournal::open(&folder.join("journal.db")).expect("a journal"),
        cuts: AtomicBool::new(false),
        fails: AtomicBool::new(false),
        damages: AtomicBool::new(false),
        reached: Notify::new(),
        go: Notify::new(),
        stands: Notify::new(),
    });
    (core_over(folder, cut.clone()), cut)
}

/// Lets a call go as far as its commit and no further; something else happens just before the commit.
async fn cut_off<T>(cut: &Cut, call: impl Future<Output = T>, meanwhile: impl Future<Output = ()>) {
    cut.cuts.store(true, Ordering::Relaxed);
    let other = async {
        cut.reached.notified().await;
        meanwhile.await;
        cut.go.notify_one();
        cut.stands.notified().await;
    };
    tokio::select! {
        _ = call => panic!("it was answered"),
        () = other => {}
    }
}

fn day(core: &Core, ago: i64) -> String {
    let day = core.today().checked_sub(jiff::Span::new().days(ago));
    day.expect("a date").to_string()
}

const NUMBER: &str = "19900101-2385";

fn person() -> v1::Person {
    v1::Person {
        identity_number: NUMBER.to_owned(),
        given_name: "Robin".to_owned(),
        family_name: "Provsson".to_owned(),
        birth_date: "1990-01-01".to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        ..v1::Person::default()
    }
}

fn actor() -> v1::Actor {
    v1::Actor {
        officer_id: "handlaggare-7".to_owned(),
        function: "ekonomiskt bistånd".to_owned(),
        case_number: "2026-1042".to_owned(),
        purpose: "handlägga flytt".to_owned(),
    }
}

fn consent(core: &Core) -> v1::LegalGround {
    v1::LegalGround {
        code: v1::LegalGroundCode::Consent.into(),
        consent: Some(v1::Consent {
            scopes: vec![v1::ConsentScope::All.into()],
            given_on: day(core, 0),
            form: v1::ConsentForm::Written.into(),
            received_by: "handlaggare-7".to_owned(),
            ..v1::Consent::default()
        }),
        ..v1::LegalGround::default()
    }
}

fn contact() -> v1::Contact {
    v1::Contact {
        name: "Jourtelefonen".to_owned(),
        function: "Mottagningsenheten".to_owned(),
        phone: "08-123 456".to_owned(),
        email: String::new(),
    }
}

/// Solna announces to Sollefteå.
async fn announce(core: &Core, id: Uuid) -> Result<v1::RegisterRelocationResponse, Refusal> {
    let call = call_of(solna(), Role::CaseSystem, "RegisterRelocation");
    let request = v1::RegisterRelocationRequest {
        municipality: solna().resource_name(),
        actor: Some(actor()),
        request_id: id.to_string(),
        receiving_municipality: solleftea().resource_name(),
        kind: v1::RelocationKind::SupportedVoluntaryMove.into(),
        legal_ground: Some(consent(core)),
        content: Some(v1::RelocationContent {
            person: Some(person()),
            expected_on: day(core, 0),
            wish: v1::ExpressedWish::Clear.into(),
            household: Some(v1::Household {
                adults: 1,
                ..v1::Household::default()
            }),
            contact: Some(contact()),
            case_number: "SOL-2026-1042".to_owned(),
            ..v1::RelocationContent::default()
        }),
        ..v1::RegisterRelocationRequest::default()
    };
    Box::pin(crate::relocation::register_relocation(core, &call, request)).await
}

/// Sollefteå reports an arrival from Solna.
async fn report(core: &Core, id: Uuid) -> Result<v1::ReportArrivalResponse, Refusal> {
    report_of(core, id, person()).await
}

async fn report_of(
    core: &Core,
    id: Uuid,
    person: v1::Person,
) -> Result<v1::ReportArrivalResponse, Refusal> {
    let call = call_of(solleftea(), Role::CaseSystem, "ReportArrival");
    let request = v1::ReportArrivalRequest {
        municipality: solleftea().resource_name(),
        actor: Some(actor()),
        request_id: id.to_string(),
        previous_municipality: solna().resource_name(),
        legal_ground: Some(consent(core)),
        content: Some(v1::ArrivalContent {
            person: Some(person),
            arrived_on: day(core, 0),
            contact: Some(contact()),
            case_number: "SLF-2026-77".to_owned(),
            ..v1::ArrivalContent::default()
        }),
        ..v1::ReportArrivalRequest::default()
    };
    Box::pin(crate::arrival::report_arrival(core, &call, request)).await
}

/// A municipality's register tells of the person: that it moved from Solna to Sollefteå, and how it is protected.
async fn told(core: &Core, of: MunicipalityCode, protection: v1::ProtectionLevel) {
    let call = call_of(of, Role::RegisterFeed, "ImportRegisterEvents");
    let at = |code: MunicipalityCode, ago| v1::Registration {
        municipality: code.resource_name(),
        registered_on: day(core, ago),
        ..v1::Registration::default()
    };
    let request = v1::ImportRegisterEventsRequest {
        municipality: of.resource_name(),
        event: Some(v1::RegisterEvent {
            source_id: "1".to_owned(),
            changed_at: Some(api::time::to_wire(core.journal.now())),
            identity_number: NUMBER.to_owned(),
            protection: protection.into(),
            registration: Some(at(solleftea(), 2)),
            history: vec![at(solna(), 100)],
            ..v1::RegisterEvent::default()
        }),
        ..v1::ImportRegisterEventsRequest::default()
    };
    let feed = Feed::of(core, &call, &of.resource_name()).expect("its own");
    let result = Box::pin(register::one(core, &call, feed, request)).await;
    let accepted = i32::from(v1::RegisterEventOutcome::Accepted);
    assert_eq!(result.expect("taken in").outcome, accepted);
}

/// What happened, as the record has it.
async fn record(core: &Core) -> Vec<&'static str> {
    let page = core.journal.read_after(Position(0), 100).await;
    let entries = page.expect("read").into_iter();
    let named = entries.map(|stored| {
        let event = stored.entry.event;
        if let Event::ArrivalReported { is_exempt, .. } = event {
            return if is_exempt { "arrived" } else { "reported" };
        }
        let of = [
            (
                matches!(event, Event::RelocationRegistered { .. }),
                "announced",
            ),
            (
                matches!(event, Event::RelocationRedacted { .. }),
                "redacted",
            ),
            (matches!(event, Event::ArrivalWithdrawn), "taken back"),
        ];
        let named = of.into_iter().find(|(is_it, _name)| *is_it);
        named.map_or("something else", |(_is_it, name)| name)
    });
    named.collect()
}

const NONE: v1::ProtectionLevel = v1::ProtectionLevel::None;
const PROTECTED: v1::ProtectionLevel = v1::ProtectionLevel::ProtectedRegistration;

#[tokio::test]
async fn a_move_that_was_told_before_is_settled_though_the_announcement_was_cut_off() {
    for sent_again in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let (core, cut) = cutting(folder.path());
        told(&core, solleftea(), NONE).await;
        let id = Uuid::now_v7();
        cut_off(&cut, announce(&core, id), async {}).await;
        assert_eq!(record(&core).await, ["announced"], "and no more");
        if sent_again {
            let answer = announce(&core, id).await.expect("answered as then");
            assert_eq!(answer.position, 1);
        } else {
            assert_eq!(follow_behind(&core).await.expect("gone over"), 1);
        }
        assert_eq!(
            record(&core).await,
            ["announced", "arrived"],
            "{sent_again}"
        );
        follow_behind(&core).await.expect("gone over");
        announce(&core, id).await.expect("answered as then");
        assert_eq!(record(&core).await, ["announced", "arrived"], "once");
    }
}

#[tokio::test]
async fn who_became_protected_just_before_the_commit_is_held_to_that_though_the_call_was_cut_off() {
    for sent_again in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let (core, cut) = cutting(folder.path());
        let id = Uuid::now_v7();
        let protected = told(&core, solna(), PROTECTED);
        cut_off(&cut, announce(&core, id), protected).await;
        assert_eq!(
            record(&core).await,
            ["announced"],
            "nothing was there to end"
        );
        if sent_again {
            announce(&core, id).await.expect("answered as then");
        }
        follow_behind(&core).await.expect("gone over");
        assert_eq!(record(&core).await, ["announced", "redacted"]);

        let id = Uuid::now_v7();
        let protected = told(&core, solleftea(), PROTECTED);
        cut_off(&cut, report(&core, id), protected).await;
        let expected = ["announced", "redacted", "reported"];
        assert_eq!(record(&core).await, expected);
        if sent_again {
            report(&core, id).await.expect("answered as then");
        } else {
            follow_behind(&core).await.expect("gone over");
        }
        assert_eq!(record(&core).await.last(), Some(&"taken back"));
    }
}

/// What a kill leaves is the record and the keys alone: the next process knows nothing else.
#[tokio::test]
async fn what_a_gateway_that_was_killed_left_undone_the_next_one_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    told(&core, solleftea(), NONE).await;
    cut_off(&cut, announce(&core, Uuid::now_v7()), async {}).await;
    drop((core, cut));
    let core = core_anew(folder.path());
    assert_eq!(follow_behind(&core).await.expect("gone over"), 1);
    assert_eq!(record(&core).await, ["announced", "arrived"]);
    // the mark stands behind what followed, so that no record has the one and not the other
    let mark = core.vault.mark(Round::Following).await.expect("read");
    assert_eq!(mark.map(|mark| mark.position), Some(Position(2)));
    assert_eq!(follow_behind(&core).await.expect("gone over"), 0);
}

#[tokio::test]
async fn what_was_done_at_once_is_not_done_again_here_and_is_by_whoever_does_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = core_anew(folder.path());
    told(&gateway, solleftea(), NONE).await;
    announce(&gateway, Uuid::now_v7()).await.expect("announced");
    assert_eq!(record(&gateway).await, ["announced", "arrived"]);
    assert_eq!(follow_behind(&gateway).await.expect("gone over"), 0);
    // of a journal that is another one than the key store knew, nobody knows
    let mark = gateway.vault.mark(Round::Following).await.expect("read");
    let beyond = Mark {
        position: Position(9),
        ..mark.expect("a mark")
    };
    let set = gateway.vault.set_mark(Round::Following, beyond).await;
    set.expect("set");
    assert_eq!(follow_behind(&gateway).await.expect("gone over"), 1);
    assert_eq!(record(&gateway).await, ["announced", "arrived"]);
}

/// As the ledger writes it.
async fn found(core: &Core, subject: Subject, version: u32, event: Event) {
    let draft = Draft {
        version: Version(version),
        event,
        subject,
        notices: Vec::new(),
        sealed: Vec::new(),
    };
    core.journal
        .append(batch(vec![draft]))
        .await
        .expect("found");
}

#[tokio::test]
async fn what_an_officer_took_back_is_not_settled_again_whoever_goes_over_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = core_anew(folder.path());
    told(&gateway, solleftea(), NONE).await;
    announce(&gateway, Uuid::now_v7()).await.expect("announced");
    let page = gateway.journal.read_after(Position(0), 2).await;
    let subjects: Vec<_> = page
        .expect("read")
        .iter()
        .map(|it| it.entry.subject)
        .collect();
    let [relocation, arrival] = subjects[..] else {
        panic!("{subjects:?}")
    };
    let arrived = Event::RelocationArrived {
        arrival: arrival.id,
    };
    found(&gateway, relocation, 2, arrived).await;
    let matched = Event::ArrivalMatched {
        relocation: relocation.id,
    };
    found(&gateway, arrival, 2, matched).await;
    let call = call_of(solleftea(), Role::CaseSystem, "WithdrawArrival");
    let request = v1::WithdrawArrivalRequest {
        municipality: solleftea().resource_name(),
        actor: Some(actor()),
        request_id: Uuid::now_v7().to_string(),
        name: arrival.to_string(),
        ..v1::WithdrawArrivalRequest::default()
    };
    let withdrawn = crate::arrival::withdraw(&gateway, &call, request);
    Box::pin(withdrawn).await.expect("taken back");
    found(&gateway, relocation, 3, Event::RelocationReopened).await;
    let before = record(&gateway).await;
    drop(gateway);
    // the next process knows nothing of what was done, and no mark is there
    let gateway = core_anew(folder.path());
    assert_eq!(follow_behind(&gateway).await.expect("gone over"), 1);
    assert_eq!(record(&gateway).await, before);
}

#[tokio::test]
async fn at_the_first_start_a_month_is_gone_over_and_not_the_years_before_it() {
    for (days, expected) in [(30, 1), (32, 0)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (core, cut) = cutting(folder.path());
        told(&core, solleftea(), NONE).await;
        cut_off(&cut, announce(&core, Uuid::now_v7()), async {}).await;
        let later = Event::ClockAdvanced {
            seconds: days * 86_400,
        };
        let later = core.journal.append(batch(vec![system(later)])).await;
        later.expect("later");
        for _ in 0..3 {
            let other = Event::RulesVersionSet { version: 1 };
            let other = core.journal.append(batch(vec![system(other)])).await;
            other.expect("appended");
        }
        let followed = follow_behind(&core).await.expect("gone over");
        assert_eq!(followed, expected, "after {days} days");
        assert_eq!(follow_behind(&core).await.expect("gone over"), 0);
    }
}

#[tokio::test]
async fn a_text_that_nobody_can_open_stops_nothing_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    cut.damages.store(true, Ordering::Relaxed);
    let other = v1::Person {
        identity_number: "19171160-2399".to_owned(),
        birth_date: "1917-11-05".to_owned(),
        ..person()
    };
    let reported = report_of(&core, Uuid::now_v7(), other).await;
    reported.expect("reported");
    told(&core, solleftea(), NONE).await;
    cut_off(&cut, announce(&core, Uuid::now_v7()), async {}).await;
    drop((core, cut));
    let core = core_anew(folder.path());
    assert_eq!(follow_behind(&core).await.expect("gone over"), 2);
    assert_eq!(record(&core).await, ["reported", "announced", "arrived"]);
    let mark = core.vault.mark(Round::Following).await.expect("read");
    assert!(mark.is_some());
}
