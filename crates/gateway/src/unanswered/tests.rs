//! Questions that are raised about somebody who was protected before, over real stores.

use api::v1;
use domain::code::AlertKind;
use domain::entry::Event;
use journal::conformance::given::{solleftea, solna};
use journal::views::Change;
use uuid::Uuid;

use super::*;
use crate::household::{self, Household};
use crate::testing::acts::{
    NUMBER, OTHER, PROTECTED, found, other_person, person, report_of, told, told_of,
};
use crate::testing::core;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Sollefteå reports somebody from Solna, and Solna is asked: the question.
async fn asked(core: &Core, person: v1::Person) -> Subject {
    let reported = report_of(core, Uuid::now_v7(), person).await;
    let name = reported.expect("reported").arrival.expect("one").name;
    let (_, id) = name.split_once('/').expect("a name");
    let arrival = Uuid::try_parse(id).expect("an id");
    let question = ledger::question_about(arrival);
    let raised = Event::AlertRaised {
        kind: AlertKind::UnannouncedArrival,
        key: format!("unannounced/{arrival}/1"),
        arrival: Some(arrival),
        asking: solleftea(),
        asked: solna(),
        answer_due_on: core.today(),
        definition: 1,
    };
    found(core, question, 1, raised).await;
    let entries = core.journal.subject(question, NOW).await.expect("read");
    let state = v1::AlertState::Open.into();
    let rows = [(&entries[0], vec![Change::Alert { state }])];
    let written = core.views.write(&rows, entries[0].position).await;
    written.expect("written");
    question
}

/// How many entries a subject has.
async fn versions(core: &Core, subject: Subject) -> usize {
    let entries = core.journal.subject(subject, NOW).await;
    entries.expect("read").len()
}

/// The first moment of a question after the day when it was raised.
async fn first_moment(core: &Core, question: Subject) -> Timestamp {
    let mut day = core.today();
    loop {
        day = day.tomorrow().expect("a day");
        let draw = draw(core, question, day).await.expect("keys");
        if let Some(moment) = moment(day, draw).filter(|_| is_working_day(day)) {
            return moment;
        }
    }
}

#[tokio::test]
async fn a_question_about_somebody_protected_before_is_ended_at_a_moment_of_its_own_and_no_other_one()
 {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core(folder.path());
    told(&core, solna(), PROTECTED).await;
    let question = asked(&core, person()).await;
    let other = asked(&core, other_person()).await;
    let moment = first_moment(&core, question).await;
    let second = SignedDuration::from_secs(1);
    // all hours up to it, that day's own ones included, and a gateway that comes too late
    let mut now = core.journal.now();
    while now + HOUR < moment {
        end_unanswered(&core, (now, now + HOUR))
            .await
            .expect("looked");
        now += HOUR;
    }
    let before = (now, moment - second);
    end_unanswered(&core, before).await.expect("looked");
    let late = (now, moment + HOUR + second);
    end_unanswered(&core, late).await.expect("looked");
    assert_eq!(versions(&core, question).await, 1, "not yet");
    let looked_at = end_unanswered(&core, (moment - second, moment)).await;
    assert!(looked_at.expect("looked") >= 1);
    let entries = core.journal.subject(question, NOW).await.expect("read");
    let ended = entries.last().expect("an entry");
    assert_eq!(ended.event, Event::AlertRedacted);
    assert_eq!(ended.notices.len(), 2, "as when an officer ends it");
    // again, and whoever is not protected
    for question in [question, other] {
        end(&core, question, core.today().tomorrow().expect("a day"))
            .await
            .expect("looked at");
    }
    assert_eq!(versions(&core, question).await, 2);
    assert_eq!(versions(&core, other).await, 1);
}

#[tokio::test]
async fn a_question_is_not_ended_on_the_day_when_it_was_raised() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core(folder.path());
    told(&core, solna(), PROTECTED).await;
    let question = asked(&core, person()).await;
    end(&core, question, core.today()).await.expect("looked at");
    assert_eq!(versions(&core, question).await, 1);
}

/// Where whoever asks learns afterwards that the person belongs to one who is protected there.
#[tokio::test]
async fn whoever_asks_takes_the_report_back_of_one_whose_household_is_protected_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core(folder.path());
    let question = asked(&core, person()).await;
    told_of(&core, solleftea(), OTHER, PROTECTED).await;
    let content = v1::RelocationContent {
        household: Some(v1::Household {
            name: "households/1".to_owned(),
            ..v1::Household::default()
        }),
        ..v1::RelocationContent::default()
    };
    let household = Household::of(solna(), &content).expect("one");
    for number in [NUMBER, OTHER] {
        let number = domain::identity::IdentityNumber::parse(number, core.today());
        let member = (&number.expect("a number"), Some(Uuid::now_v7()));
        let joined = household::join(&core, solleftea(), &household, member);
        joined.await.expect("kept");
    }
    let fold = AlertFold::fold(&core.journal.subject(question, NOW).await.expect("read"));
    let arrival = fold.expect("sound").expect("one").arrival.expect("one");
    let arrival = Subject::arrival(arrival);
    assert_eq!(versions(&core, arrival).await, 1);
    let tomorrow = core.today().tomorrow().expect("a day");
    end(&core, question, tomorrow).await.expect("looked at");
    assert_eq!(versions(&core, arrival).await, 2);
    assert_eq!(versions(&core, question).await, 1, "the ledger closes it");
}

#[test]
fn moments_are_of_office_hours_and_on_every_second_day_in_the_mean() {
    for (day, opens, closes) in [
        ("2026-12-01", "2026-12-01T07:00:00Z", "2026-12-01T15:00:00Z"),
        ("2027-06-01", "2027-06-01T06:00:00Z", "2027-06-01T14:00:00Z"),
    ] {
        let day: Date = day.parse().expect("a date");
        let at = |text: &str| -> Timestamp { text.parse().expect("an instant") };
        let (opens, closes) = (at(opens), at(closes));
        let mut count = 0;
        for draw in 0..=u16::MAX {
            let [first, second] = draw.to_be_bytes();
            let mut bytes = [0; 16];
            bytes[..5].copy_from_slice(&[first, second, first, second, second]);
            if let Some(moment) = moment(day, bytes) {
                assert!((opens..closes).contains(&moment), "{moment}");
                count += 1;
            }
        }
        assert_eq!(count, 1 << 15);
        let mut last = [0; 16];
        last[..4].copy_from_slice(&(OFFICE_SECONDS - 1).to_be_bytes());
        assert_eq!(moment(day, [0; 16]), Some(opens));
        assert_eq!(
            moment(day, last),
            Some(closes - SignedDuration::from_secs(1))
        );
    }
}
