//! Several notices in one message, for a relay that is behind: CloudEvents 1.0 in the JSON batch format. A
//! message costs NATS and its client far more than a notice does.

use async_nats::HeaderMap;
use serde::{Deserialize, Serialize, Serializer as _};

use crate::message::{Attributes, Notice, Payload};

/// Matches `notices.*.*`, and is no municipality's.
pub(crate) const SUBJECT: &str = "notices.all.packed";

/// About as long as an event is: the payload is made in one piece.
const EVENT_BYTES: usize = 700;

/// One event of a batch, its data in it.
#[derive(Serialize)]
struct Event {
    #[serde(flatten)]
    attributes: Attributes,
    data: Payload,
}

/// What is read of an event: the data repeat what the attributes say.
#[derive(Deserialize)]
struct Data {
    data: Payload,
}

/// The same notices have the same id. How many there are is part of it, since a relay that starts anew may
/// pack them otherwise.
pub(crate) fn headers(notices: &[Notice]) -> HeaderMap {
    let first = notices.first().map(Notice::id).unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", format!("{first}+{}", notices.len()));
    headers.insert("content-type", "application/cloudevents-batch+json");
    headers
}

pub(crate) fn payload(notices: &[Notice]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(notices.len() * EVENT_BYTES);
    let events = notices.iter().map(|notice| Event {
        attributes: notice.attributes(),
        data: notice.data(),
    });
    // numbers and texts always become JSON, and a vector takes it
    serde_json::Serializer::new(&mut payload)
        .collect_seq(events)
        .unwrap_or_default();
    payload
}

/// Reads a pack; none when anything in it is not a notice that this binary knows.
pub(crate) fn read(payload: &[u8]) -> Option<Vec<Notice>> {
    let events: Vec<Data> = serde_json::from_slice(payload).ok()?;
    events
        .into_iter()
        .map(|event| Notice::from_data(&event.data))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::notice;

    fn three() -> Vec<Notice> {
        vec![notice("2283", 7), notice("0184", 1), notice("2283", 8)]
    }

    #[test]
    fn a_pack_is_read_back_in_its_order() {
        assert_eq!(read(&payload(&three())), Some(three()));
        assert_eq!(read(b"[]"), Some(Vec::new()));
    }

    #[test]
    fn every_event_of_a_pack_is_a_cloud_event() {
        let pack: serde_json::Value = serde_json::from_slice(&payload(&three())).expect("JSON");
        let event = &pack[0];
        for (attribute, expected) in [
            ("specversion", "1.0"),
            ("id", "2283-00000000000000000007"),
            ("source", "/flyttbud/ledger"),
            ("type", "se.flyttbud.relocation-registered.v1"),
            ("time", "2026-11-24T10:00:00.000007Z"),
            (
                "subject",
                "relocations/00000000-0000-0000-0000-000000000007",
            ),
            ("sequence", "00000000000000000007"),
            ("datacontenttype", "application/json"),
        ] {
            assert_eq!(event[attribute], expected, "{attribute}");
        }
        assert_eq!(event["data"]["number"], 7);
    }

    #[test]
    fn the_id_tells_other_packs_apart() {
        let id = |notices: &[Notice]| {
            let headers = headers(notices);
            headers.get("Nats-Msg-Id").map(ToString::to_string)
        };
        let all = three();
        assert_eq!(id(&all).as_deref(), Some("2283-7+3"));
        assert_ne!(id(&all), id(&all[..2]));
        assert_ne!(id(&all), id(&all[1..]));
    }

    #[test]
    fn one_unknown_notice_makes_the_whole_pack_unread() {
        let text = String::from_utf8(payload(&three())).expect("text");
        let changed = text.replacen("\"kind\":1,", "\"kind\":99,", 1);
        assert_ne!(changed, text);
        assert_eq!(read(changed.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn invariant_a_damaged_pack_never_panics(at: prop::sample::Index, byte: u8) {
            let mut payload = payload(&three());
            let at = at.index(payload.len());
            payload[at] = byte;
            let _read_or_not = read(&payload);
        }
    }
}
