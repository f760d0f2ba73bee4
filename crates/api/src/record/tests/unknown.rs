//! What this binary does not know halts whoever reads it: a table of entries that differ in one thing.

use domain::subject::Position;
use jiff::Timestamp;
use prost::Message as _;

use super::given::{draft_of, every_kind, placed_notices};
use crate::generated::journal::v1 as wire;
use crate::generated::journal::v1::entry::Event as Wire;
use crate::record::{Placed, Unreadable, decode, encode};

/// A stored entry of the kind at an index, as the message that it is.
fn stored(kind: usize) -> wire::Entry {
    let notices = placed_notices();
    let placed = Placed {
        position: Position(7),
        recorded_at: Timestamp::UNIX_EPOCH,
        notices: &notices,
        salt: [5; 16],
    };
    let bytes = encode(&draft_of(every_kind().remove(kind)), placed);
    wire::Entry::decode(bytes.as_slice()).expect("a message")
}

/// Spoils the first entry (a registered relocation) and expects that the field is named.
fn check(spoil: impl Fn(&mut wire::Entry), expect: &str) {
    check_kind(0, spoil, expect);
}

fn check_kind(kind: usize, spoil: impl Fn(&mut wire::Entry), expect: &str) {
    let mut entry = stored(kind);
    spoil(&mut entry);
    match decode(&entry.encode_to_vec()) {
        Err(Unreadable::Unknown { field }) => assert_eq!(field, expect),
        other => panic!("expected an unknown {expect}, got {other:?}"),
    }
}

fn registered(entry: &mut wire::Entry) -> &mut wire::RelocationRegistered {
    match &mut entry.event {
        Some(Wire::RelocationRegistered(event)) => event,
        other => panic!("expected a registered relocation, got {other:?}"),
    }
}

#[test]
fn another_rules_version_is_unreadable() {
    for version in [0, 2, u32::MAX] {
        let mut entry = stored(0);
        entry.rules_version = version;
        let read = decode(&entry.encode_to_vec());
        assert!(
            matches!(read, Err(Unreadable::RulesVersion(found)) if found == version),
            "{read:?}"
        );
    }
}

#[test]
fn an_event_of_a_kind_yet_to_come_is_unreadable() {
    let mut entry = stored(0);
    entry.event = None;
    let mut bytes = entry.encode_to_vec();
    // field 60, an empty message: what a newer binary would write
    bytes.extend_from_slice(&[0xe2, 0x03, 0x00]);
    let read = decode(&bytes);
    assert!(
        matches!(read, Err(Unreadable::Unknown { field: "event" })),
        "{read:?}"
    );
}

#[test]
fn bytes_that_are_no_message_are_unreadable() {
    for bytes in [&[0xff, 0xff][..], b"{}", &[0x0a]] {
        let read = decode(bytes);
        assert!(matches!(read, Err(Unreadable::Malformed(_))), "{read:?}");
    }
}

#[test]
fn an_unknown_value_of_the_envelope_is_named() {
    check(|entry| entry.event = None, "event");
    check(|entry| entry.position = -1, "position");
    check(
        |entry| entry.recorded_at_micros = i64::MAX,
        "recorded_at_micros",
    );
    check(|entry| entry.subject_kind = 0, "subject_kind");
    check(|entry| entry.subject_kind = 99, "subject_kind");
    check(|entry| entry.subject_id.truncate(15), "subject_id");
    check(
        |entry| entry.notices[0].recipient = "18".into(),
        "notices.recipient",
    );
    check(|entry| entry.notices[0].number = -1, "notices.number");
    check(|entry| entry.notices[0].kind = 99, "notices.kind");
    check(|entry| entry.notices[1].chain.truncate(31), "notices.chain");
    check(|entry| entry.sealed[0].algorithm = 2, "sealed.algorithm");
    check(|entry| entry.sealed[0].part = 3, "sealed.part");
    check(
        |entry| entry.sealed[0].commitment.clear(),
        "sealed.commitment",
    );
}

#[test]
fn an_unknown_value_of_a_registered_relocation_is_named() {
    check(|entry| registered(entry).sender.clear(), "sender");
    check(
        |entry| registered(entry).recipient = "abcd".into(),
        "recipient",
    );
    check(|entry| registered(entry).kind = 0, "kind");
    check(|entry| registered(entry).kind = 99, "kind");
    check(|entry| registered(entry).pseudonym = None, "pseudonym");
    check(
        |entry| registered(entry).planned_month = "2026-13".into(),
        "month",
    );
    check(
        |entry| registered(entry).answer_due_on = "2026-02-30".into(),
        "date",
    );
    let spoiled = |epoch, bytes| {
        move |entry: &mut wire::Entry| {
            registered(entry).pseudonym = Some(wire::Pseudonym {
                epoch,
                value: vec![1; bytes],
            });
        }
    };
    check(spoiled(40_000, 16), "pseudonym.epoch");
    check(spoiled(2026, 15), "pseudonym.value");
}

#[test]
fn an_unknown_code_of_any_other_event_is_named() {
    let spoiled = |event: Wire| move |entry: &mut wire::Entry| entry.event = Some(event.clone());
    let cases = [
        (
            Wire::RelocationWithdrawn(wire::RelocationWithdrawn { reason: 99 }),
            "reason",
        ),
        (
            Wire::RelocationArrived(wire::RelocationArrived { arrival: vec![1] }),
            "arrival",
        ),
        (
            Wire::ArrivalMatched(wire::ArrivalMatched { relocation: vec![] }),
            "relocation",
        ),
        (
            Wire::AlertAnswered(wire::AlertAnswered { answer: 0 }),
            "answer",
        ),
        (
            Wire::AlertClosed(wire::AlertClosed {
                reason: 99,
                operator: String::new(),
            }),
            "reason",
        ),
        (
            Wire::NoticesConfirmed(wire::NoticesConfirmed {
                recipient: "0184".into(),
                number: -1,
                agrees: true,
            }),
            "number",
        ),
        (
            Wire::TimePassed(wire::TimePassed {
                now_micros: i64::MIN,
            }),
            "now_micros",
        ),
        (Wire::AlertRaised(wire::AlertRaised::default()), "kind"),
    ];
    for (event, expect) in cases {
        check(spoiled(event), expect);
    }
}
