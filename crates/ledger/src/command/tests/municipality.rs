//! What a municipality does about itself.

use domain::code::{ContactRank, NoticeKind, RelocationKind};
use domain::entry::{Entry, Event};
use domain::function::{Function, FunctionContact, FunctionId};
use domain::month::Month;
use domain::reason::Reason;
use domain::subject::{Position, Subject, Version};
use jiff::Timestamp;

use super::code;
use crate::command::{MunicipalityCommand, Said, drill_written, municipality};
use crate::fold::{Drill, MunicipalityFold};
use crate::limits::FUNCTIONS_MAX;

fn id(text: &str) -> FunctionId {
    FunctionId::parse(text).expect("an id")
}

fn function(name: &str, kinds: &[RelocationKind], is_closed: bool) -> Function {
    Function {
        id: id(name),
        name: name.to_owned(),
        first: FunctionContact {
            phone: format!("1 {name}"),
            email: String::new(),
        },
        second: None,
        sdk_address: String::new(),
        handles_secrecy_marked: false,
        kinds: kinds.iter().copied().collect(),
        is_closed,
    }
}

/// What was recorded of Sollefteå.
fn entries(done: &[Event]) -> Vec<Entry> {
    (1..)
        .zip(done)
        .map(|(version, event)| Entry {
            position: Position(u64::from(version)),
            recorded_at: Timestamp::UNIX_EPOCH,
            subject: Subject::municipality(code("2283")),
            version: Version(version),
            event: event.clone(),
            notices: Vec::new(),
            sealed: Vec::new(),
        })
        .collect()
}

/// Sollefteå after what it did.
fn after(done: &[Event]) -> MunicipalityFold {
    MunicipalityFold::fold(code("2283"), &entries(done)).expect("one subject")
}

fn with(functions: &[Function]) -> MunicipalityFold {
    let done: Vec<Event> = functions.iter().cloned().map(Event::FunctionSet).collect();
    after(&done)
}

fn set(fold: &MunicipalityFold, function: &Function) -> Result<Event, Reason> {
    municipality(fold, MunicipalityCommand::SetFunction(function.clone()))
}

#[test]
fn a_kind_goes_to_one_open_function() {
    use RelocationKind::{ActiveInvolvement, Placement};
    let fold = with(&[
        function("arbete", &[ActiveInvolvement], false),
        function("gammal", &[Placement], true),
    ]);
    for (given, allowed) in [
        (function("barn", &[Placement], false), true),
        (function("barn", &[ActiveInvolvement], false), false),
        (function("barn", &[ActiveInvolvement], true), true),
        (
            function("arbete", &[ActiveInvolvement, Placement], false),
            true,
        ),
        (function("gammal", &[ActiveInvolvement], false), false),
        (function("gammal", &[Placement], false), true),
    ] {
        let expect = if allowed {
            Ok(Event::FunctionSet(given.clone()))
        } else {
            Err(Reason::FunctionKindTaken)
        };
        assert_eq!(set(&fold, &given), expect, "{given:?}");
    }
}

#[test]
fn a_hundred_functions_are_enough_and_each_can_be_described_anew() {
    let full: Vec<Function> = (0..FUNCTIONS_MAX)
        .map(|number| function(&format!("f{number}"), &[], false))
        .collect();
    let (last, fewer) = full.split_last().expect("a hundred");
    let new = function("en-till", &[], false);
    assert!(set(&with(fewer), &new).is_ok());
    assert_eq!(set(&with(&full), &new), Err(Reason::FunctionsTooMany));
    assert!(set(&with(&full), last).is_ok());
}

#[test]
fn an_announcement_goes_where_it_is_sent_or_where_its_kind_goes() {
    use RelocationKind::{ActiveInvolvement, Placement};
    let fold = with(&[
        function("arbete", &[ActiveInvolvement], false),
        function("barn", &[], false),
        function("gammal", &[Placement], true),
    ]);
    let to = |wished: Option<&str>, kind| {
        let wished = wished.map(id);
        let routed = fold.route(wished.as_ref(), kind, false);
        routed.map(|function| function.map_or("", |function| function.id.as_str()))
    };
    assert_eq!(to(None, ActiveInvolvement), Ok("arbete"));
    assert_eq!(to(None, Placement), Ok(""), "a closed one takes nothing");
    assert_eq!(to(Some("barn"), ActiveInvolvement), Ok("barn"));
    assert_eq!(to(Some("gammal"), Placement), Err(Reason::FunctionClosed));
    assert_eq!(to(Some("vuxna"), Placement), Err(Reason::FunctionUnknown));
}

fn trusted(name: &str, kinds: &[RelocationKind], is_closed: bool) -> Function {
    Function {
        handles_secrecy_marked: true,
        ..function(name, kinds, is_closed)
    }
}

#[test]
fn what_is_marked_goes_to_a_function_that_handles_it_or_nowhere() {
    use Reason::{FunctionClosed, FunctionNotForMarked, FunctionUnknown, ManualRouteRequired};
    use RelocationKind::{ActiveInvolvement, Placement};
    let none = with(&[
        function("arbete", &[ActiveInvolvement], false),
        trusted("gammal", &[], true),
    ]);
    let some = with(&[
        function("arbete", &[ActiveInvolvement], false),
        trusted("barn", &[Placement], false),
        trusted("gammal", &[], true),
    ]);
    for (fold, wished, kind, expect) in [
        (&none, None, ActiveInvolvement, Err(ManualRouteRequired)),
        (&none, Some("gammal"), Placement, Err(ManualRouteRequired)),
        (&none, Some("vuxna"), Placement, Err(ManualRouteRequired)),
        (&some, None, Placement, Ok("barn")),
        (&some, Some("barn"), ActiveInvolvement, Ok("barn")),
        (&some, None, ActiveInvolvement, Err(FunctionNotForMarked)),
        (
            &some,
            None,
            RelocationKind::Transfer2910,
            Err(FunctionNotForMarked),
        ),
        (&some, Some("arbete"), Placement, Err(FunctionNotForMarked)),
        (&some, Some("gammal"), Placement, Err(FunctionClosed)),
        (&some, Some("vuxna"), Placement, Err(FunctionUnknown)),
    ] {
        let to = wished.map(id);
        let routed = fold.route(to.as_ref(), kind, true);
        let routed = routed.map(|function| function.map_or("", |function| function.id.as_str()));
        assert_eq!(routed, expect, "{wished:?} {kind:?}");
    }
}

#[test]
fn what_is_marked_is_opened_where_it_was_sent_and_after_that_where_such_cases_are_handled() {
    let opened = |functions: &[Function]| {
        let fold = with(functions);
        let openers = fold.openers(Some(&id("barn"))).into_iter();
        openers.map(|it| it.id.to_string()).collect::<Vec<_>>()
    };
    let (arbete, vuxna) = (function("arbete", &[], false), trusted("vuxna", &[], false));
    for (barn, expect) in [
        (trusted("barn", &[], false), vec!["barn"]),
        (function("barn", &[], false), vec!["vuxna"]),
        (trusted("barn", &[], true), vec!["vuxna"]),
    ] {
        let all = [arbete.clone(), barn, vuxna.clone()];
        assert_eq!(opened(&all), expect, "{all:?}");
    }
    assert_eq!(opened(&[arbete, trusted("barn", &[], true)]), [""; 0]);
}

#[test]
fn without_a_second_contact_the_first_is_told_again() {
    let mut two = function("barn", &[], false);
    two.second = Some(FunctionContact {
        phone: "2".to_owned(),
        email: String::new(),
    });
    let fold = with(&[function("arbete", &[], false), two]);
    let phone = |name: &str, rank| {
        let contact = fold.contact(&id(name), rank);
        contact.map(|contact| contact.phone.as_str())
    };
    assert_eq!(phone("arbete", ContactRank::First), Some("1 arbete"));
    assert_eq!(phone("arbete", ContactRank::Second), Some("1 arbete"));
    assert_eq!(phone("barn", ContactRank::First), Some("1 barn"));
    assert_eq!(phone("barn", ContactRank::Second), Some("2"));
    assert_eq!(phone("vuxna", ContactRank::First), None);
}

fn month(text: &str) -> Month {
    Month::parse(text).expect("a month")
}

fn drill(text: &str) -> Option<Drill> {
    (!text.is_empty()).then(|| Drill {
        month: month(text),
        at: Timestamp::UNIX_EPOCH,
    })
}

/// Sollefteå with the months of its newest drills; empty for none.
fn drilled([sent, written, acknowledged]: [&str; 3]) -> MunicipalityFold {
    MunicipalityFold {
        drill_sent: drill(sent),
        drill_written: drill(written),
        drill_acknowledged: drill(acknowledged),
        ..MunicipalityFold::new(code("2283"))
    }
}

const NOVEMBER: &str = "2026-11";
const DECEMBER: &str = "2026-12";

#[test]
fn the_newest_drill_is_taken_in_once_by_its_word() {
    let taken = || {
        Ok(Event::DrillAcknowledged {
            month: month(DECEMBER),
        })
    };
    let (not_found, not_allowed) = (Err(Reason::NotFound), Err(Reason::StateNotAllowed));
    for (months, said, expected) in [
        (["", "", ""], Said::Word, not_found.clone()),
        ([NOVEMBER, NOVEMBER, ""], Said::Word, not_found),
        ([DECEMBER, DECEMBER, NOVEMBER], Said::Word, taken()),
        ([DECEMBER, DECEMBER, ""], Said::Word, taken()),
        (
            [DECEMBER, DECEMBER, ""],
            Said::Another,
            Err(Reason::DrillWordWrong),
        ),
        (
            [DECEMBER, DECEMBER, ""],
            Said::Unreadable,
            Err(Reason::DrillUnreadable),
        ),
        // its word is not written yet, whatever is said
        ([DECEMBER, NOVEMBER, ""], Said::Word, not_allowed.clone()),
        ([DECEMBER, "", NOVEMBER], Said::Another, not_allowed.clone()),
        // once, whatever is said
        (
            [DECEMBER, DECEMBER, DECEMBER],
            Said::Word,
            not_allowed.clone(),
        ),
        ([DECEMBER, "", DECEMBER], Said::Another, not_allowed),
    ] {
        let month = month(DECEMBER);
        let command = MunicipalityCommand::AcknowledgeDrill { month, said };
        let decided = municipality(&drilled(months), command);
        assert_eq!(decided, expected, "{months:?} {said:?}");
    }
}

#[test]
fn the_word_of_the_newest_drill_is_written_once_and_told() {
    for (months, expected) in [
        (["", "", ""], None),
        ([NOVEMBER, "", ""], Some(NOVEMBER)),
        ([DECEMBER, NOVEMBER, NOVEMBER], Some(DECEMBER)),
        ([DECEMBER, NOVEMBER, ""], Some(DECEMBER)),
        ([DECEMBER, DECEMBER, NOVEMBER], None),
        ([DECEMBER, DECEMBER, DECEMBER], None),
        // a person took it in before drills were sealed
        ([DECEMBER, "", DECEMBER], None),
    ] {
        let written = drill_written(&drilled(months));
        let expected = expected.map(|text| {
            let month = month(text);
            let told = vec![(code("2283"), NoticeKind::Drill)];
            (Event::DrillWritten { month }, told)
        });
        assert_eq!(written, expected, "{months:?}");
    }
}

#[test]
fn a_drill_that_is_written_twice_or_was_not_due_halts() {
    let sent = Event::DrillSent {
        month: month(DECEMBER),
    };
    let written = |text| Event::DrillWritten { month: month(text) };
    let taken = Event::DrillAcknowledged {
        month: month(DECEMBER),
    };
    for (events, is_sound) in [
        (vec![written(DECEMBER)], false),
        (vec![sent.clone(), written(NOVEMBER)], false),
        (vec![sent.clone(), written(DECEMBER)], true),
        (vec![sent.clone(), written(DECEMBER), taken.clone()], true),
        (
            vec![sent.clone(), written(DECEMBER), written(DECEMBER)],
            false,
        ),
        (vec![sent, taken, written(DECEMBER)], false),
    ] {
        let fold = MunicipalityFold::fold(code("2283"), &entries(&events));
        assert_eq!(fold.is_ok(), is_sound, "{events:?}");
    }
}
