//! A notice as a NATS message: an envelope, readable by CloudEvents tools. No person is in it.

use async_nats::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::code::NoticeKind;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where every notice comes from, as CloudEvents asks.
const SOURCE: &str = "/flyttbud/ledger";

/// A notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// For whom.
    pub recipient: MunicipalityCode,
    /// Its number in the recipient's inbox.
    pub number: NoticeNumber,
    /// What it is about.
    pub kind: NoticeKind,
    /// The resource.
    pub subject: Subject,
    /// Where its event stands in the journal.
    pub position: Position,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// SHA-256 of its content.
    pub content_hash: [u8; 32],
    /// Chain value after it.
    pub chain: [u8; 32],
}

/// The payload, JSON. Fields may be added; a reader passes over those that it does not know.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Payload {
    /// Four digits.
    recipient: String,
    number: u64,
    /// The kind's number.
    kind: i32,
    /// A resource name.
    resource: String,
    position: u64,
    /// RFC 3339, as exact as recorded.
    recorded_at: String,
    /// Base64.
    content_hash: String,
    /// Base64.
    chain: String,
}

/// CloudEvents 1.0 attributes. `id` and `sequence` sort as the numbers do.
#[derive(Debug, Serialize)]
pub(crate) struct Attributes {
    specversion: &'static str,
    id: String,
    source: &'static str,
    r#type: String,
    time: String,
    subject: String,
    sequence: String,
    datacontenttype: &'static str,
}

impl Notice {
    /// The NATS subject: recipient and kind, no more, or a restart would have a million subjects to scan.
    pub(crate) fn nats_subject(&self) -> String {
        format!("notices.{}.{}", self.recipient, name(self.kind))
    }

    /// The id under which a repeat is known: recipient and number.
    pub(crate) fn id(&self) -> String {
        format!("{}-{}", self.recipient, self.number.0)
    }

    pub(crate) fn attributes(&self) -> Attributes {
        let sequence = format!("{:020}", self.number.0);
        Attributes {
            specversion: "1.0",
            id: format!("{}-{sequence}", self.recipient),
            source: SOURCE,
            r#type: format!("se.flyttbud.{}.v1", name(self.kind)),
            time: self.recorded_at.to_string(),
            subject: self.subject.to_string(),
            sequence,
            datacontenttype: "application/json",
        }
    }

    /// The attributes in binary mode.
    pub(crate) fn headers(&self) -> HeaderMap {
        let attributes = self.attributes();
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", self.id());
        headers.insert("ce-specversion", attributes.specversion);
        headers.insert("ce-id", attributes.id);
        headers.insert("ce-source", attributes.source);
        headers.insert("ce-type", attributes.r#type);
        headers.insert("ce-time", attributes.time);
        headers.insert("ce-subject", attributes.subject);
        headers.insert("ce-sequence", attributes.sequence);
        headers.insert("ce-datacontenttype", attributes.datacontenttype);
        headers
    }

    pub(crate) fn data(&self) -> Payload {
        Payload {
            recipient: self.recipient.to_string(),
            number: self.number.0,
            kind: self.kind.number(),
            resource: self.subject.to_string(),
            position: self.position.0,
            recorded_at: self.recorded_at.to_string(),
            content_hash: STANDARD.encode(self.content_hash),
            chain: STANDARD.encode(self.chain),
        }
    }

    pub(crate) fn payload(&self) -> Vec<u8> {
        // numbers and texts always become JSON
        serde_json::to_vec(&self.data()).unwrap_or_default()
    }

    /// Reads a payload; none when it is not a notice that this binary knows.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        Self::from_data(&serde_json::from_slice(payload).ok()?)
    }

    pub(crate) fn from_data(payload: &Payload) -> Option<Self> {
        Some(Self {
            recipient: MunicipalityCode::parse(&payload.recipient)?,
            number: NoticeNumber(payload.number),
            kind: NoticeKind::from_number(payload.kind)?,
            subject: Subject::read(&payload.resource)?,
            position: Position(payload.position),
            recorded_at: payload.recorded_at.parse().ok()?,
            content_hash: hash(&payload.content_hash)?,
            chain: hash(&payload.chain)?,
        })
    }
}

fn hash(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// The kind's name in subjects and event types, for ever.
fn name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::RelocationRegistered => "relocation-registered",
        NoticeKind::RelocationSupplemented => "relocation-supplemented",
        NoticeKind::RelocationWithdrawn => "relocation-withdrawn",
        NoticeKind::RelocationAcknowledged => "relocation-acknowledged",
        NoticeKind::RelocationReplied => "relocation-replied",
        NoticeKind::RelocationObjected => "relocation-objected",
        NoticeKind::RelocationArrived => "relocation-arrived",
        NoticeKind::RelocationNotArrived => "relocation-not-arrived",
        NoticeKind::QuestionAsked => "question-asked",
        NoticeKind::QuestionAnswered => "question-answered",
        NoticeKind::QuestionDisputed => "question-disputed",
        NoticeKind::QuestionClosed => "question-closed",
        NoticeKind::ArrivalMatched => "arrival-matched",
        NoticeKind::ChainDiffers => "chain-differs",
        NoticeKind::RelocationReminded => "relocation-reminded",
        NoticeKind::RelocationEscalated => "relocation-escalated",
        NoticeKind::RelocationReopened => "relocation-reopened",
        NoticeKind::TransferSilent => "transfer-silent",
        NoticeKind::TransferReferred => "transfer-referred",
        NoticeKind::TransferDecided => "transfer-decided",
        NoticeKind::TransferDecisionOverdue => "transfer-decision-overdue",
        NoticeKind::Drill => "drill",
        NoticeKind::RelocationRecalled => "relocation-recalled",
        NoticeKind::RelocationRestricted => "relocation-restricted",
        NoticeKind::RelocationReleased => "relocation-released",
        NoticeKind::RelocationManualRoute => "relocation-manual-route",
        NoticeKind::QuestionManualRoute => "question-manual-route",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::subject::SubjectKind;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::notice;

    #[test]
    fn every_kind_has_a_name_of_its_own_that_is_one_token() {
        let names: BTreeSet<_> = NoticeKind::ALL.into_iter().map(name).collect();
        assert_eq!(names.len(), NoticeKind::ALL.len());
        let is_token = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        assert!(names.iter().all(is_token));
    }

    #[test]
    fn a_message_can_be_read_as_a_cloud_event_without_opening_it() {
        let notice = notice("2283", 7);
        assert_eq!(notice.nats_subject(), "notices.2283.relocation-registered");
        let headers = notice.headers();
        for (attribute, expected) in [
            ("Nats-Msg-Id", "2283-7"),
            ("ce-specversion", "1.0"),
            ("ce-id", "2283-00000000000000000007"),
            ("ce-source", "/flyttbud/ledger"),
            ("ce-type", "se.flyttbud.relocation-registered.v1"),
            ("ce-time", "2026-11-24T10:00:00.000007Z"),
            (
                "ce-subject",
                "relocations/00000000-0000-0000-0000-000000000007",
            ),
            ("ce-sequence", "00000000000000000007"),
            ("ce-datacontenttype", "application/json"),
        ] {
            let found = headers.get(attribute).map(ToString::to_string);
            assert_eq!(found.as_deref(), Some(expected), "{attribute}");
        }
    }

    #[test]
    fn what_is_no_notice_or_of_an_unknown_kind_is_none() {
        let text = String::from_utf8(notice("2283", 7).payload()).expect("text");
        assert!(Notice::read(text.as_bytes()).is_some());
        for (from, to, is_read) in [
            ("\"kind\":1,", "\"kind\":99,", false),
            ("\"2283\"", "\"228\"", false),
            ("relocations/", "persons/", false),
            ("2026-11-24", "2026-13-24", false),
            ("AQEB", "AQ", false),
            ("{", "{\"added\":{\"later\":true},", true),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert_eq!(Notice::read(changed.as_bytes()).is_some(), is_read, "{to}");
        }
    }

    fn any_notice() -> impl Strategy<Value = Notice> {
        let fixed = (0..NoticeKind::ALL.len(), 0u16..10_000, any::<[u128; 5]>());
        let counted = (
            any::<u64>(),
            any::<u64>(),
            -377_705_023_201_000_000i64..253_402_207_200_999_999,
        );
        (fixed, counted).prop_map(|((kind, code, bits), (number, position, micros))| {
            let bytes = |a: u128, b: u128| {
                let mut bytes = [0; 32];
                bytes[..16].copy_from_slice(&a.to_be_bytes());
                bytes[16..].copy_from_slice(&b.to_be_bytes());
                bytes
            };
            let recipient = MunicipalityCode::from_number(code).expect("a code");
            let subject = Subject {
                kind: SubjectKind::ALL[kind % SubjectKind::ALL.len()],
                id: uuid::Uuid::from_u128(bits[0]),
            };
            let subject = if subject.kind == SubjectKind::Municipality {
                Subject::municipality(recipient)
            } else {
                subject
            };
            Notice {
                recipient,
                number: NoticeNumber(number),
                kind: NoticeKind::ALL[kind],
                subject,
                position: Position(position),
                recorded_at: Timestamp::from_microsecond(micros).expect("in range"),
                content_hash: bytes(bits[1], bits[2]),
                chain: bytes(bits[3], bits[4]),
            }
        })
    }

    proptest! {
        #[test]
        fn invariant_a_notice_is_read_back_as_written(notice in any_notice()) {
            prop_assert_eq!(Notice::read(&notice.payload()), Some(notice));
        }

        #[test]
        fn invariant_junk_never_panics(bytes: Vec<u8>) {
            prop_assert_eq!(Notice::read(&bytes), None);
        }

        #[test]
        fn invariant_a_damaged_notice_never_panics(at: prop::sample::Index, byte: u8) {
            let mut payload = notice("2283", 7).payload();
            let at = at.index(payload.len());
            payload[at] = byte;
            let _read_or_not = Notice::read(&payload);
        }
    }
}
