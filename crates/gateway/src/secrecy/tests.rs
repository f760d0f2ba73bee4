//! Who may open what, as tables; and over real stores what the table of municipalities gives no two services for.

use std::sync::Arc;

use domain::entry::{Draft, Event};
use domain::function::{Function, FunctionContact};
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Version};
use jiff::Timestamp;
use journal::conformance::given::{append, batch, new_relocation, registered, system};
use uuid::Uuid;

use super::*;
use crate::body::Body;
use crate::caller::{Caller, Role};
use crate::relocation::{get_report, recall};
use crate::testing::core;

fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("a code")
}

#[test]
fn a_function_is_named_by_its_id_or_its_full_name_and_by_nothing_else() {
    let of = code("2283");
    let barn = FunctionId::parse("barn-och-unga");
    for (named, expected) in [
        ("barn-och-unga", barn.clone()),
        ("municipalities/2283/functions/barn-och-unga", barn),
        ("municipalities/0184/functions/barn-och-unga", None),
        ("Barn och unga", None),
        ("barn-och-unga ", None),
        ("", None),
    ] {
        assert_eq!(function(named, of), expected, "{named}");
    }
}

#[test]
fn a_pass_opens_its_own_subject_and_beside_no_persons_matter() {
    let party = Party::for_tests(code("2283"));
    let parties = (code("0184"), code("2283"));
    let (relocation, arrival) = (
        Subject::relocation(Uuid::nil()),
        Subject::arrival(Uuid::nil()),
    );
    let entry = |subject| Entry {
        position: Position(1),
        subject,
        version: Version(1),
        recorded_at: Timestamp::UNIX_EPOCH,
        event: Event::RelocationSupplemented,
        notices: Vec::new(),
        sealed: Vec::new(),
    };
    for (subject, is_open, to, opens) in [
        (arrival, true, arrival, true),
        (arrival, true, relocation, false),
        (relocation, true, relocation, true),
        (arrival, false, arrival, false),
        (relocation, false, relocation, false),
    ] {
        let pass = Pass {
            party,
            parties,
            subject,
            opens: is_open,
        };
        assert_eq!(pass.to(&entry(to)).is_some(), opens, "{subject} {to}");
    }
    // what a person's matter stands in is opened by a pass that asked for the marks alone
    let alert = Subject::alert(Uuid::nil());
    for (of, opens) in [
        (relocation, false),
        (arrival, false),
        (alert, false),
        (Subject::SYSTEM, true),
        (Subject::municipality(code("2283")), true),
    ] {
        let pass = Pass::beside(party, parties, of);
        assert_eq!(pass.to(&entry(of)).is_some(), opens, "{of}");
    }
}

/// A function of a municipality, which handles such cases.
fn described(of: MunicipalityCode, id: &str) -> Draft {
    let function = Function {
        id: FunctionId::parse(id).expect("an id"),
        name: id.to_owned(),
        first: FunctionContact::default(),
        second: None,
        sdk_address: String::new(),
        handles_secrecy_marked: true,
        kinds: std::collections::BTreeSet::new(),
        is_closed: false,
    };
    Draft {
        subject: Subject::municipality(of),
        version: Version(1),
        ..system(Event::FunctionSet(function))
    }
}

/// A marked announcement from one municipality to a function of another, in the record.
async fn announced(
    core: &Core,
    (sender, recipient): Parties,
    function: &str,
) -> (RelocationFold, Vec<Entry>) {
    let subject = new_relocation();
    let person = v1::Person {
        identity_number: "19900101-2385".to_owned(),
        protection: v1::ProtectionLevel::SecrecyMarking.into(),
        ..v1::Person::default()
    };
    let shared = sealed::SharedPart {
        relocation: Some(v1::RelocationContent {
            person: Some(person),
            ..v1::RelocationContent::default()
        }),
        ..sealed::SharedPart::default()
    };
    let body = Body {
        subject,
        version: Version(1),
        parties: (sender, recipient),
        by: Party::for_tests(sender).into(),
        shared: Some(&shared),
        own: &sealed::OwnPart::default(),
    };
    let (parts, keys) = core.seal(&body).await.expect("sealed");
    core.vault.put(keys, Vec::new()).await.expect("put");
    let mut draft = registered(subject);
    if let Event::RelocationRegistered {
        sender: from,
        recipient: to,
        function: at,
        ..
    } = &mut draft.event
    {
        (*from, *to) = (sender, recipient);
        *at = FunctionId::parse(function);
    }
    draft.sealed = parts;
    append(&core.journal, batch(vec![draft])).await;
    let party = Party::for_tests(sender);
    let found = core.relocation(party, subject, NOW).await;
    found.expect("it stands there")
}

/// Heby was 1917 and is 0331: both ends of what merged municipalities told each other are one municipality today.
#[tokio::test]
async fn who_merged_with_its_receiver_opens_it_in_the_receivers_function_whichever_code_it_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core(folder.path());
    let [old, new, solna] = ["1917", "0331", "0184"].map(code);
    for of in [old, new] {
        let (one, other) = (described(of, "barn"), described(of, "vuxna"));
        let other = Draft {
            version: Version(2),
            ..other
        };
        append(&core.journal, batch(vec![one, other])).await;
    }
    let caller = Caller {
        organisation_number: "559999-0009".to_owned(),
        organisation: "heby".to_owned(),
        roles: std::collections::BTreeSet::new(),
        municipalities: std::collections::BTreeSet::new(),
        valid_until: Timestamp::MAX,
    };
    let call = Call::new(Arc::new(caller), "GetRelocation", String::new(), false);
    for (parties, reader, function, opens) in [
        ((old, new), old, "ekonomi", false),
        ((old, new), new, "ekonomi", false),
        ((old, new), old, "vuxna", false),
        ((old, new), old, "barn", true),
        ((old, new), new, "barn", true),
        ((new, old), new, "ekonomi", false),
        ((new, old), old, "municipalities/1917/functions/barn", true),
        // it names the function of the one that received it
        ((new, old), new, "municipalities/0331/functions/barn", false),
        ((new, solna), new, "ekonomi", true),
        ((solna, new), solna, "ekonomi", true),
        ((solna, new), new, "ekonomi", false),
    ] {
        let (fold, entries) = announced(&core, parties, "barn").await;
        let subject = entries.first().expect("one").subject;
        let actor = v1::Actor {
            function: function.to_owned(),
            ..v1::Actor::default()
        };
        let party = Party::for_tests(reader);
        let known = (&fold, entries.as_slice());
        let entered = core.enter(&call, party, known, Opening::of(subject, &actor));
        let pass = entered.await;
        let told = format!("{parties:?} {reader} {function}");
        let may = core.may_handle(&call, party, known, &actor).await;
        assert_eq!((pass.is_ok(), may.is_ok()), (opens, opens), "{told}");
        match pass {
            Ok(pass) => {
                let opened = core.open(&pass, entries.first().expect("one")).await;
                assert!(opened.expect("no fault").is_some(), "{told}");
            }
            Err(refusal) => assert_eq!(refusal.reason, Reason::SecrecyFunctionRequired, "{told}"),
        }
    }
}

/// The recall ends the reading, whoever asks for it; what it tells besides is for the function alone.
#[tokio::test]
async fn who_recalls_outside_the_function_is_told_that_it_took_effect() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core(folder.path());
    let [old, new] = ["1917", "0331"].map(code);
    append(&core.journal, batch(vec![described(new, "barn")])).await;
    let caller = Caller {
        organisation_number: "212000-0305".to_owned(),
        organisation: "heby".to_owned(),
        roles: std::collections::BTreeSet::from([Role::CaseSystem]),
        municipalities: std::collections::BTreeSet::from([new]),
        valid_until: Timestamp::MAX,
    };
    let call = Call::new(Arc::new(caller), "RecallRelocation", String::new(), false);
    let actor = |function: &str| v1::Actor {
        officer_id: "h-7".to_owned(),
        function: function.to_owned(),
        case_number: String::new(),
        purpose: "fel kommun".to_owned(),
    };
    for (function, has_report) in [("ekonomi", false), ("barn", true)] {
        let (fold, entries) = announced(&core, (old, new), "barn").await;
        let subject = entries.first().expect("one").subject;
        let request = v1::RecallRelocationRequest {
            municipality: old.resource_name(),
            actor: Some(actor(function)),
            request_id: Uuid::now_v7().to_string(),
            name: subject.to_string(),
            discovered_at: Some(api::time::to_wire(fold.recorded_at)),
            text: "Fel kommun valdes.".to_owned(),
            ..v1::RecallRelocationRequest::default()
        };
        for answer in ["the first one", "a retry"] {
            let recalled = recall(&core, &call, request.clone()).await;
            let recalled = recalled.expect(answer);
            let state = recalled.relocation.expect("one").state();
            assert_eq!(state, v1::RelocationState::Withdrawn, "{function} {answer}");
            assert_eq!(recalled.report.is_some(), has_report, "{function} {answer}");
        }
        // the receiver reads it no more, and the function has the report
        let entries = core.entries(Party::for_tests(new), subject, NOW).await;
        let erased = ledger::erased(&entries.expect("entries")).expect("no halt");
        assert_eq!(erased, Some(new), "{function}");
        for (function, opens) in [("ekonomi", false), ("barn", true)] {
            let request = v1::GetBreachReportRequest {
                municipality: old.resource_name(),
                actor: Some(actor(function)),
                name: subject.to_string(),
            };
            let found = get_report(&core, &call, request).await;
            assert_eq!(found.is_ok(), opens, "{function}");
        }
    }
}
