//! Stories of a municipality itself: what it describes, whom it lets in, and drills with and without a word.

use domain::code::{CloseReason, NoticeKind, RelocationKind};
use domain::definition::Definition;
use domain::entry::Event;
use domain::function::{Function, FunctionContact, FunctionId, Grant};
use domain::month::Month;
use domain::subject::Subject;
use ledger::{AlertCaller, AlertCommand};

use super::super::{History, municipality};
use super::{SOLLEFTEA, SOLNA, days};

/// A municipality describes itself, lets a vendor in and out, and takes a drill in.
pub(super) fn organisation(history: &mut History) {
    let solleftea = municipality(SOLLEFTEA);
    let subject = Subject::municipality(solleftea);
    let function = FunctionId::parse("barn-och-unga").expect("an id");
    let described = Function {
        id: function.clone(),
        name: "Barn och unga".to_owned(),
        first: FunctionContact {
            phone: "0620-68 20 00".to_owned(),
            email: String::new(),
        },
        second: None,
        sdk_address: "0203:barn-och-unga".to_owned(),
        handles_secrecy_marked: true,
        kinds: [RelocationKind::Placement].into(),
        is_closed: true,
    };
    history.act(subject, Event::FunctionSet(described), &[]);
    let organisation_number = "556036-0793".to_owned();
    let granted = Event::VendorGranted(Grant {
        organisation_number: organisation_number.clone(),
        methods: ["GetRelocation".to_owned()].into(),
        kinds: [RelocationKind::Placement].into(),
        functions: [function].into(),
        until: history.today(),
    });
    history.act(subject, granted, &[]);
    let withdrawn = Event::VendorWithdrawn {
        organisation_number,
    };
    history.act(subject, withdrawn, &[]);
    let month = Month::of(history.today());
    let notice = [(solleftea, NoticeKind::Drill)];
    history.act(subject, Event::DrillSent { month }, &notice);
    history.act(subject, Event::DrillAcknowledged { month }, &[]);
}

/// Drills whose word is sealed: one that is taken in, one that nobody takes in, one that no gateway wrote.
pub(super) fn drills(history: &mut History) {
    let solleftea = municipality(SOLLEFTEA);
    history.register(1, SOLNA, 0);
    history.confirm(1, true);
    history.system(Event::DefinitionSet(Definition {
        version: 2,
        drills: true,
        ..Definition::FIRST
    }));
    for is_taken_in in [true, false] {
        history.wait(days(31));
        let known = history.machine.municipality(solleftea).expect("drilled");
        let (event, notices) = ledger::drill_written(known).expect("it is due");
        let month = known.drill_to_write().expect("it is due");
        let subject = Subject::municipality(solleftea);
        history.act(subject, event, &notices);
        if is_taken_in {
            history.act(subject, Event::DrillAcknowledged { month }, &[]);
        }
    }
    history.wait(days(31));
    for alert in history.alerts.clone() {
        let operator = AlertCaller::Operator("operator-1".to_owned());
        let reason = CloseReason::Technical;
        history.on_alert(alert, AlertCommand::Close { reason }, &operator);
    }
    history.wait(days(31));
}
