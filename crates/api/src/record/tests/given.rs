//! Drafts to store: one example of each kind of event, and random ones.

use domain::code::{
    AlertKind, AnswerCode, CloseReason, ContactRank, NoticeKind, RelocationKind, Restriction,
    WithdrawalReason,
};
use domain::definition::Definition;
use domain::entry::{Draft, Event, NoticeRef, Part, SealedPart};
use domain::function::{Function, FunctionContact, FunctionId, Grant};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Pseudonym, Subject, SubjectKind, Version};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

fn municipality(number: u16) -> MunicipalityCode {
    MunicipalityCode::parse(&format!("{number:04}")).expect("four digits")
}

fn pseudonym(epoch: i16, byte: u8) -> Pseudonym {
    Pseudonym {
        epoch,
        value: [byte; 16],
    }
}

pub(super) fn draft_of(event: Event) -> Draft {
    Draft {
        subject: Subject::relocation(Uuid::from_u128(7)),
        version: Version(3),
        event,
        notices: Vec::new(),
        sealed: vec![SealedPart {
            part: Part::Own,
            ciphertext: vec![1, 2, 3],
            commitment: [8; 32],
        }],
    }
}

pub(super) fn placed_notices() -> Vec<NoticeRef> {
    let notice = |number, recipient, kind| NoticeRef {
        recipient: municipality(recipient),
        number: NoticeNumber(number),
        kind,
        chain: [9; 32],
    };
    vec![
        notice(1, 184, NoticeKind::RelocationRegistered),
        notice(4_000_000_000, 2283, NoticeKind::ChainDiffers),
    ]
}

/// One example of each kind, in the order of their fields in the proto.
pub(super) fn every_kind() -> Vec<Event> {
    let (solna, solleftea) = (municipality(184), municipality(2283));
    let mut all = of_persons(solna, solleftea);
    all.extend(of_alerts(solna, solleftea));
    all.extend(of_system(solna));
    all.extend(of_duties(solna));
    all.extend(of_organisation());
    all.push(Event::RelocationRedacted { by: solna });
    all.push(Event::AlertRedacted);
    all.push(Event::DrillWritten {
        month: Month::of(date(2026, 12, 1)),
    });
    all
}

fn of_duties(solna: MunicipalityCode) -> Vec<Event> {
    vec![
        Event::RelocationReminded {
            contact: ContactRank::Second,
        },
        Event::RelocationReopened,
        Event::RelocationRestricted {
            by: solna,
            restriction: Restriction::LegalHold,
        },
        Event::RelocationReleased {
            by: solna,
            restriction: Restriction::Processing,
        },
        Event::TransferSilent,
        Event::TransferReferred {
            on: date(2026, 12, 1),
        },
        Event::TransferDecided {
            granted: true,
            on: date(2027, 2, 1),
        },
        Event::TransferDecisionOverdue,
        Event::IdentityReferred {
            by: solna,
            scope: solna,
            previous: vec![pseudonym(2025, 1), pseudonym(2026, 2)],
            current: vec![pseudonym(2025, 3), pseudonym(2026, 4)],
        },
    ]
}

fn of_organisation() -> Vec<Event> {
    let text = |text: &str| text.to_owned();
    let function = FunctionId::parse("barn-och-unga").expect("an id");
    let contact = |phone: &str| FunctionContact {
        phone: text(phone),
        email: text("mottagning@kommun.example"),
    };
    vec![
        Event::FunctionSet(Function {
            id: function.clone(),
            name: text("Barn och unga"),
            first: contact("08-465 00 001"),
            second: Some(contact("08-465 00 002")),
            sdk_address: text("0203:barn-och-unga"),
            handles_secrecy_marked: true,
            kinds: [RelocationKind::Placement].into(),
            is_closed: false,
        }),
        Event::VendorGranted(Grant {
            organisation_number: text("556036-0793"),
            methods: [text("GetRelocation")].into(),
            kinds: [RelocationKind::ActiveInvolvement].into(),
            functions: [function].into(),
            until: date(2027, 12, 31),
        }),
        Event::VendorWithdrawn {
            organisation_number: text("556036-0793"),
        },
        Event::DrillSent {
            month: Month::of(date(2026, 12, 1)),
        },
        Event::DrillAcknowledged {
            month: Month::of(date(2026, 12, 1)),
        },
    ]
}

fn of_persons(solna: MunicipalityCode, solleftea: MunicipalityCode) -> Vec<Event> {
    let id = Uuid::from_u128(12);
    vec![
        Event::RelocationRegistered {
            sender: solna,
            recipient: solleftea,
            kind: RelocationKind::Placement,
            pseudonym: pseudonym(2026, 4),
            planned: Month::of(date(2026, 12, 1)),
            answer_due_on: date(2026, 12, 31),
            function: None,
        },
        Event::RelocationAcknowledged,
        Event::RelocationReplied {
            by: solleftea,
            objection: true,
        },
        Event::RelocationSupplemented,
        Event::RelocationWithdrawn {
            reason: WithdrawalReason::Mistake,
        },
        Event::RelocationArrived { arrival: id },
        Event::RelocationNotArrived,
        Event::ArrivalReported {
            municipality: solleftea,
            previous: solna,
            pseudonyms: vec![pseudonym(2025, 1), pseudonym(2026, 2)],
            arrived: Month::of(date(2027, 1, 1)),
            is_exempt: false,
        },
        Event::ArrivalMatched { relocation: id },
        Event::ArrivalWithdrawn,
    ]
}

fn of_alerts(solna: MunicipalityCode, solleftea: MunicipalityCode) -> Vec<Event> {
    let text = |text: &str| text.to_owned();
    vec![
        Event::AlertRaised {
            kind: AlertKind::UnannouncedArrival,
            key: text("unannounced/1"),
            arrival: Some(Uuid::from_u128(12)),
            asking: solleftea,
            asked: solna,
            answer_due_on: date(2027, 2, 1),
            definition: 2,
        },
        Event::AlertAnswered {
            answer: AnswerCode::Other,
        },
        Event::AlertDisputed,
        Event::AlertAcknowledged {
            operator: text("op-1"),
        },
        Event::AlertAssigned {
            operator: text("op-1"),
            assignee: text("op-2"),
        },
        Event::AlertCommented {
            operator: text("op-1"),
            text: text("Ringt växeln."),
        },
        Event::AlertClosed {
            reason: CloseReason::WrongPerson,
            operator: Some(text("op-1")),
        },
    ]
}

fn of_system(solna: MunicipalityCode) -> Vec<Event> {
    vec![
        Event::NoticesConfirmed {
            recipient: solna,
            number: NoticeNumber(9),
            agrees: true,
        },
        Event::TimePassed {
            now: Timestamp::from_microsecond(1_764_028_800_123_456).expect("in range"),
        },
        Event::DefinitionSet(Definition {
            expiry_days: 0,
            ..Definition::FIRST
        }),
        Event::RulesVersionSet { version: 1 },
        Event::ClockAdvanced { seconds: -60 },
    ]
}

fn code() -> impl Strategy<Value = MunicipalityCode> {
    (0..10_000u16).prop_map(municipality)
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn day() -> impl Strategy<Value = Date> {
    (1900..2200i16, 1..=12i8, 1..=28i8).prop_map(|(year, month, day)| date(year, month, day))
}

fn month() -> impl Strategy<Value = Month> {
    day().prop_map(Month::of)
}

fn person() -> impl Strategy<Value = Pseudonym> {
    (any::<i16>(), any::<[u8; 16]>()).prop_map(|(epoch, value)| Pseudonym { epoch, value })
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(all: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(all.to_vec())
}

fn relocation_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (
            code(),
            code(),
            one_of(&RelocationKind::ALL),
            person(),
            month(),
            day()
        )
            .prop_map(
                |(sender, recipient, kind, pseudonym, planned, answer_due_on)| {
                    Event::RelocationRegistered {
                        sender,
                        recipient,
                        kind,
                        pseudonym,
                        planned,
                        answer_due_on,
                        function: None,
                    }
                }
            ),
        (code(), any::<bool>())
            .prop_map(|(by, objection)| Event::RelocationReplied { by, objection }),
        one_of(&WithdrawalReason::ALL).prop_map(|reason| Event::RelocationWithdrawn { reason }),
        id().prop_map(|arrival| Event::RelocationArrived { arrival }),
        (code(), code(), vec(person(), 0..4), month(), any::<bool>()).prop_map(
            |(municipality, previous, pseudonyms, arrived, is_exempt)| Event::ArrivalReported {
                municipality,
                previous,
                pseudonyms,
                arrived,
                is_exempt,
            }
        ),
        id().prop_map(|relocation| Event::ArrivalMatched { relocation }),
    ]
}

fn alert_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (
            one_of(&AlertKind::ALL),
            ".{0,40}",
            option::of(id()),
            (code(), code()),
            day(),
            any::<u32>()
        )
            .prop_map(
                |(kind, key, arrival, (asking, asked), answer_due_on, definition)| {
                    Event::AlertRaised {
                        kind,
                        key,
                        arrival,
                        asking,
                        asked,
                        answer_due_on,
                        definition,
                    }
                }
            ),
        one_of(&AnswerCode::ALL).prop_map(|answer| Event::AlertAnswered { answer }),
        ".{0,9}".prop_map(|operator| Event::AlertAcknowledged { operator }),
        (".{0,9}", ".{0,9}")
            .prop_map(|(operator, assignee)| Event::AlertAssigned { operator, assignee }),
        (".{0,9}", ".{0,99}").prop_map(|(operator, text)| Event::AlertCommented { operator, text }),
        (one_of(&CloseReason::ALL), option::of(".{1,9}"))
            .prop_map(|(reason, operator)| Event::AlertClosed { reason, operator }),
    ]
}

fn system_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (code(), 0..u64::MAX / 2, any::<bool>()).prop_map(|(recipient, number, agrees)| {
            Event::NoticesConfirmed {
                recipient,
                number: NoticeNumber(number),
                agrees,
            }
        }),
        (0..4_102_444_800_000_000i64).prop_map(|micros| Event::TimePassed {
            now: Timestamp::from_microsecond(micros).expect("in range"),
        }),
        any::<[u32; 7]>().prop_map(|numbers| Event::DefinitionSet(Definition {
            version: numbers[0],
            grace_days: numbers[1],
            early_months: numbers[2],
            late_months: numbers[3],
            not_arrived_months: numbers[4],
            answer_days: numbers[5],
            expiry_days: numbers[6],
            drills: numbers[0] % 2 == 1,
        })),
        any::<u32>().prop_map(|version| Event::RulesVersionSet { version }),
        any::<i64>().prop_map(|seconds| Event::ClockAdvanced { seconds }),
    ]
}

fn sealed() -> impl Strategy<Value = SealedPart> {
    (
        one_of(&[Part::Shared, Part::Own]),
        vec(any::<u8>(), 0..80),
        any::<[u8; 32]>(),
    )
        .prop_map(|(part, ciphertext, commitment)| SealedPart {
            part,
            ciphertext,
            commitment,
        })
}

/// Any draft that can be stored.
pub(super) fn draft() -> impl Strategy<Value = Draft> {
    let kinds = [
        SubjectKind::System,
        SubjectKind::Relocation,
        SubjectKind::Arrival,
        SubjectKind::Alert,
        SubjectKind::Municipality,
        SubjectKind::RegisterEvent,
    ];
    let event = prop_oneof![
        one_of(&every_kind()),
        relocation_event(),
        alert_event(),
        system_event()
    ];
    (
        one_of(&kinds),
        id(),
        any::<u32>(),
        event,
        vec(sealed(), 0..3),
    )
        .prop_map(|(kind, id, version, event, sealed)| Draft {
            subject: Subject { kind, id },
            version: Version(version),
            event,
            notices: Vec::new(),
            sealed,
        })
}
