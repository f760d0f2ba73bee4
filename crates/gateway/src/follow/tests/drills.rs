//! The word of a drill follows from its being due: at whichever gateway, whenever that comes up, once; and it is taken in
//! by that word alone, while it can be opened.

use domain::calendar::day_in_sweden;
use domain::code::NoticeKind;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::Subject;

use super::*;
use crate::directory::drills;

const NOVEMBER: &str = "2026-11";
const DECEMBER: &str = "2026-12";

fn month(text: &str) -> Month {
    Month::parse(text).expect("a month")
}

fn there() -> Subject {
    Subject::municipality(solleftea())
}

/// The ledger says that a drill is due at Sollefteå.
async fn due(core: &Core, version: u32, text: &str) {
    let month = month(text);
    found(core, there(), version, Event::DrillSent { month }).await;
}

/// The months of the words that stand in the record, each with whom it tells.
async fn written(core: &Core) -> Vec<(String, Vec<(MunicipalityCode, NoticeKind)>)> {
    let entries = core.journal.subject(there(), NOW).await.expect("read");
    let written = entries.iter().filter_map(|entry| {
        let Event::DrillWritten { month } = entry.event else {
            return None;
        };
        let told = entry.notices.iter().map(|it| (it.recipient, it.kind));
        Some((month.to_string(), told.collect()))
    });
    written.collect()
}

fn told(text: &str) -> (String, Vec<(MunicipalityCode, NoticeKind)>) {
    (text.to_owned(), vec![(solleftea(), NoticeKind::Drill)])
}

async fn show(core: &Core) -> Result<v1::Drill, Reason> {
    let call = call_of(solleftea(), Role::CaseSystem, "GetDrill");
    let request = v1::GetDrillRequest {
        municipality: solleftea().resource_name(),
        actor: Some(actor()),
        month: String::new(),
    };
    let answer = Box::pin(drills::get(core, &call, request)).await;
    answer
        .map(|answer| answer.drill.expect("one"))
        .map_err(|refusal| refusal.reason)
}

async fn take_in(core: &Core, id: Uuid, text: &str, word: &str) -> Result<String, Reason> {
    let call = call_of(solleftea(), Role::CaseSystem, "AcknowledgeDrill");
    let request = v1::AcknowledgeDrillRequest {
        municipality: solleftea().resource_name(),
        actor: Some(actor()),
        request_id: id.to_string(),
        validate_only: false,
        month: text.to_owned(),
        word: word.to_owned(),
    };
    let answer = Box::pin(drills::acknowledge(core, &call, request)).await;
    answer
        .map(|answer| answer.last_reached_on)
        .map_err(|refusal| refusal.reason)
}

#[tokio::test]
async fn a_gateway_that_comes_up_late_writes_the_newest_drill_and_none_of_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core_anew(folder.path());
    due(&core, 1, NOVEMBER).await;
    drop(core);
    let core = core_anew(folder.path());
    assert_eq!(follow_behind(&core).await.expect("gone over"), 1);
    assert_eq!(written(&core).await, [told(NOVEMBER)]);
    // no gateway is there when the next ones are due
    due(&core, 3, DECEMBER).await;
    due(&core, 4, "2027-01").await;
    drop(core);
    let core = core_anew(folder.path());
    assert_eq!(follow_behind(&core).await.expect("gone over"), 2);
    let all = [told(NOVEMBER), told("2027-01")];
    assert_eq!(written(&core).await, all);
    drop(core);
    // whoever goes over it again, with no mark to know it by, writes nothing again
    let core = core_anew(folder.path());
    let forgotten = core.vault.forget_mark(Round::Following).await;
    forgotten.expect("forgotten");
    follow_behind(&core).await.expect("gone over");
    assert_eq!(written(&core).await, all);
    assert_eq!(show(&core).await.expect("shown").month, "2027-01");
}

#[tokio::test]
async fn what_a_gateway_that_knew_no_words_went_over_is_written_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core_anew(folder.path());
    due(&core, 1, NOVEMBER).await;
    let stored = core.journal.read_after(Position(0), 512).await;
    let newest = stored.expect("read").pop().expect("an entry");
    let mark = Mark {
        position: newest.entry.position,
        leaf: *Hash::leaf(&newest.bytes).as_bytes(),
    };
    let set = core.vault.set_mark(Round::Following, mark).await;
    set.expect("marked");
    assert_eq!(follow_behind(&core).await.expect("gone over"), 0);
    for _start in 0..2 {
        write_due(&core).await.expect("written");
        assert_eq!(written(&core).await, [told(NOVEMBER)]);
    }
}

#[tokio::test]
async fn what_cannot_be_done_about_one_municipality_keeps_no_other_one_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    let others = municipality::all().iter().map(|it| it.code);
    let others: Vec<MunicipalityCode> = others.filter(|code| *code != solleftea()).collect();
    let month = month(NOVEMBER);
    due(&core, 1, NOVEMBER).await;
    for other in &others[..FOLLOWED_AT_ONCE] {
        let subject = Subject::municipality(*other);
        found(&core, subject, 1, Event::DrillSent { month }).await;
    }
    cut.refuses.store(true, Ordering::Relaxed);
    follow_behind(&core).await.expect_err("one is undone");
    write_due(&core).await.expect_err("likewise");
    assert_eq!(written(&core).await, []);
    let last = Subject::municipality(others[FOLLOWED_AT_ONCE - 1]);
    let entries = core.journal.subject(last, NOW).await.expect("read");
    let event = entries.last().map(|entry| entry.event.clone());
    assert_eq!(event, Some(Event::DrillWritten { month }));
    // what is done is not done again, and what is undone is
    cut.refuses.store(false, Ordering::Relaxed);
    assert_eq!(follow_behind(&core).await.expect("gone over"), 1);
    assert_eq!(written(&core).await, [told(NOVEMBER)]);
}

#[tokio::test]
async fn two_that_write_at_once_write_one_drill_and_its_word_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    due(&core, 1, DECEMBER).await;
    let party = Party::for_tests(solleftea());
    // the first has sealed its word and put its key when the other one writes
    cut.cuts.store(true, Ordering::Relaxed);
    let other = async {
        cut.reached.notified().await;
        drills::write(&core, party).await.expect("written");
        cut.go.notify_one();
    };
    // what is kept waiting is refused then, and so is answered
    let kept = async {
        tokio::select! {
            written = drills::write(&core, party) => written,
            () = cut.stands.notified() => panic!("two stand"),
        }
    };
    let (kept, ()) = tokio::join!(kept, other);
    kept.expect("the other one wrote it");
    assert_eq!(written(&core).await, [told(DECEMBER)]);
    let shown = show(&core).await.expect("shown");
    assert_eq!(shown.state(), v1::DrillState::Written);
    let taken = take_in(&core, Uuid::now_v7(), DECEMBER, &shown.word).await;
    taken.expect("the word that stands");
    // the keys of the word that does not stand went with it: two entries have sealed parts, and each a row of keys
    let rows = core.vault.erase(solleftea(), there()).await;
    assert_eq!(rows.expect("counted"), 2);
}

#[tokio::test]
async fn a_word_that_could_not_be_written_is_written_the_next_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    due(&core, 1, DECEMBER).await;
    cut.fails.store(true, Ordering::Relaxed);
    follow_behind(&core).await.expect_err("not yet");
    assert_eq!(written(&core).await, []);
    let waiting = show(&core).await.expect("shown");
    assert_eq!(
        (waiting.state(), waiting.word.as_str()),
        (v1::DrillState::Due, "")
    );
    let refused = take_in(&core, Uuid::now_v7(), DECEMBER, "2346-79fh-jkvx").await;
    assert_eq!(refused, Err(Reason::StateNotAllowed));
    follow_behind(&core).await.expect("gone over");
    assert_eq!(written(&core).await, [told(DECEMBER)]);
}

#[tokio::test]
async fn a_drill_is_taken_in_by_its_word_however_it_is_written_and_a_retry_is_answered_as_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core_anew(folder.path());
    assert_eq!(show(&core).await, Err(Reason::NotFound));
    due(&core, 1, DECEMBER).await;
    follow_behind(&core).await.expect("gone over");
    let word = show(&core).await.expect("shown").word;
    for (text, said, reason) in [
        (DECEMBER, "", Reason::FieldRequired),
        (DECEMBER, &*"2".repeat(65), Reason::FieldTooLong),
        (DECEMBER, &*"2".repeat(64), Reason::DrillWordWrong),
        (DECEMBER, "en gissning", Reason::DrillWordWrong),
        ("", &word, Reason::FieldRequired),
        ("december", &word, Reason::DateInvalid),
        (NOVEMBER, &word, Reason::NotFound),
    ] {
        let refused = take_in(&core, Uuid::now_v7(), text, said).await;
        assert_eq!(refused, Err(reason), "{text} {said}");
    }
    let id = Uuid::now_v7();
    let said = word.to_uppercase().replace('-', " ");
    let reached = take_in(&core, id, DECEMBER, &said).await.expect("taken in");
    let today = day_in_sweden(core.journal.now()).to_string();
    assert_eq!(reached, today);
    let again = take_in(&core, Uuid::now_v7(), DECEMBER, &word).await;
    assert_eq!(again, Err(Reason::StateNotAllowed));
    // what was answered stays the answer, also when the key is lost by then
    core.vault.erase(solleftea(), there()).await.expect("lost");
    assert_eq!(take_in(&core, id, DECEMBER, &said).await, Ok(reached));
    let shown = show(&core).await.expect("shown");
    let acknowledged = v1::DrillState::Acknowledged;
    assert_eq!((shown.state(), shown.word.as_str()), (acknowledged, ""));
}

#[tokio::test]
async fn nobody_takes_a_drill_in_whose_key_is_lost_or_whose_text_was_changed() {
    for is_lost in [true, false] {
        let folder = tempfile::tempdir().expect("a folder");
        let (core, cut) = cutting(folder.path());
        due(&core, 1, DECEMBER).await;
        cut.damages.store(!is_lost, Ordering::Relaxed);
        follow_behind(&core).await.expect("gone over");
        let mut word = "2346-79fh-jkvx".to_owned();
        if is_lost {
            word = show(&core).await.expect("shown").word;
            core.vault.erase(solleftea(), there()).await.expect("lost");
        }
        let shown = show(&core).await.map(|drill| (drill.state(), drill.word));
        let refused = take_in(&core, Uuid::now_v7(), DECEMBER, &word).await;
        let (state, reason) = if is_lost {
            let unreadable = (v1::DrillState::Unreadable, String::new());
            (Ok(unreadable), Reason::DrillUnreadable)
        } else {
            (Err(Reason::Internal), Reason::Internal)
        };
        assert_eq!((shown, refused), (state, Err(reason)));
    }
}
