//! Entries of the journal and their stored bytes. Unknown kinds are never skipped: they are an error.

mod event;

use domain::code::NoticeKind;
use domain::entry::{Draft, Entry, NoticeRef, Part, SealedPart};
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Pseudonym, Subject, SubjectKind, Version};
use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

pub use event::kind;

use crate::generated::journal::v1 as wire;

/// The rules version that this binary writes and knows.
pub const RULES_VERSION: u32 = 1;

/// Stored bytes that this binary cannot read. The reader must halt: unknown is never skipped.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not protobuf, or not this message.
    #[error("entry is not a journal.v1.Entry")]
    Malformed(#[source] prost::DecodeError),
    /// A field has no value that this binary knows.
    #[error("entry has an unknown or missing '{field}'")]
    Unknown {
        /// Which.
        field: &'static str,
    },
    /// Written under rules that this binary does not know.
    #[error("entry was written under rules version {0}, which this binary does not know")]
    RulesVersion(u32),
}

pub(crate) fn unknown(field: &'static str) -> Unreadable {
    Unreadable::Unknown { field }
}

/// What the journal adds to a draft, under its lock.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Position.
    pub position: Position,
    /// Time.
    pub recorded_at: Timestamp,
    /// Notices with their numbers and chain values.
    pub notices: &'a [NoticeRef],
    /// Sixteen random bytes, or a leaf hash could be guessed.
    pub salt: [u8; 16],
}

/// The bytes to store, from a draft and what the journal adds to it.
pub fn encode(draft: &Draft, placed: Placed<'_>) -> Vec<u8> {
    let entry = wire::Entry {
        position: i64::try_from(placed.position.0).unwrap_or(i64::MAX),
        recorded_at_micros: placed.recorded_at.as_microsecond(),
        rules_version: RULES_VERSION,
        subject_kind: kind_to_wire(draft.subject.kind).into(),
        subject_id: draft.subject.id.as_bytes().to_vec(),
        version: draft.version.0,
        salt: placed.salt.to_vec(),
        notices: placed.notices.iter().map(notice_to_wire).collect(),
        sealed: draft.sealed.iter().map(part_to_wire).collect(),
        event: Some(event::to_wire(&draft.event)),
    };
    entry.encode_to_vec()
}

/// Reads stored bytes.
pub fn decode(bytes: &[u8]) -> Result<Entry, Unreadable> {
    let entry = wire::Entry::decode(bytes).map_err(Unreadable::Malformed)?;
    if entry.rules_version != RULES_VERSION {
        return Err(Unreadable::RulesVersion(entry.rules_version));
    }
    let kind = match entry.subject_kind() {
        wire::SubjectKind::System => SubjectKind::System,
        wire::SubjectKind::Relocation => SubjectKind::Relocation,
        wire::SubjectKind::Arrival => SubjectKind::Arrival,
        wire::SubjectKind::Alert => SubjectKind::Alert,
        wire::SubjectKind::Municipality => SubjectKind::Municipality,
        wire::SubjectKind::RegisterEvent => SubjectKind::RegisterEvent,
        wire::SubjectKind::Unspecified => return Err(unknown("subject_kind")),
    };
    Ok(Entry {
        position: Position(number(entry.position, "position")?),
        recorded_at: instant(entry.recorded_at_micros, "recorded_at_micros")?,
        subject: Subject {
            kind,
            id: id(&entry.subject_id, "subject_id")?,
        },
        version: Version(entry.version),
        notices: entry
            .notices
            .iter()
            .map(notice_from_wire)
            .collect::<Result<_, _>>()?,
        sealed: entry
            .sealed
            .into_iter()
            .map(part_from_wire)
            .collect::<Result<_, _>>()?,
        event: event::from_wire(entry.event.ok_or_else(|| unknown("event"))?)?,
    })
}

fn kind_to_wire(kind: SubjectKind) -> wire::SubjectKind {
    match kind {
        SubjectKind::System => wire::SubjectKind::System,
        SubjectKind::Relocation => wire::SubjectKind::Relocation,
        SubjectKind::Arrival => wire::SubjectKind::Arrival,
        SubjectKind::Alert => wire::SubjectKind::Alert,
        SubjectKind::Municipality => wire::SubjectKind::Municipality,
        SubjectKind::RegisterEvent => wire::SubjectKind::RegisterEvent,
    }
}

fn notice_to_wire(notice: &NoticeRef) -> wire::NoticeRef {
    wire::NoticeRef {
        recipient: notice.recipient.to_string(),
        number: i64::try_from(notice.number.0).unwrap_or(i64::MAX),
        kind: notice.kind.number(),
        chain: notice.chain.to_vec(),
    }
}

fn notice_from_wire(notice: &wire::NoticeRef) -> Result<NoticeRef, Unreadable> {
    Ok(NoticeRef {
        recipient: municipality(&notice.recipient, "notices.recipient")?,
        number: NoticeNumber(number(notice.number, "notices.number")?),
        kind: NoticeKind::from_number(notice.kind).ok_or_else(|| unknown("notices.kind"))?,
        chain: hash(&notice.chain, "notices.chain")?,
    })
}

fn part_to_wire(part: &SealedPart) -> wire::SealedPart {
    wire::SealedPart {
        part: match part.part {
            Part::Shared => 1,
            Part::Own => 2,
        },
        algorithm: 1,
        ciphertext: part.ciphertext.clone(),
        commitment: part.commitment.to_vec(),
    }
}

fn part_from_wire(part: wire::SealedPart) -> Result<SealedPart, Unreadable> {
    if part.algorithm != 1 {
        return Err(unknown("sealed.algorithm"));
    }
    Ok(SealedPart {
        part: match part.part {
            1 => Part::Shared,
            2 => Part::Own,
            _ => return Err(unknown("sealed.part")),
        },
        commitment: hash(&part.commitment, "sealed.commitment")?,
        ciphertext: part.ciphertext,
    })
}

pub(crate) fn pseudonym_to_wire(pseudonym: &Pseudonym) -> wire::Pseudonym {
    wire::Pseudonym {
        epoch: pseudonym.epoch.into(),
        value: pseudonym.value.to_vec(),
    }
}

pub(crate) fn pseudonym_from_wire(pseudonym: &wire::Pseudonym) -> Result<Pseudonym, Unreadable> {
    Ok(Pseudonym {
        epoch: i16::try_from(pseudonym.epoch)
            .map_err(|_out_of_range| unknown("pseudonym.epoch"))?,
        value: pseudonym
            .value
            .as_slice()
            .try_into()
            .map_err(|_length| unknown("pseudonym.value"))?,
    })
}

pub(crate) fn municipality(
    text: &str,
    field: &'static str,
) -> Result<MunicipalityCode, Unreadable> {
    MunicipalityCode::parse(text).ok_or_else(|| unknown(field))
}

pub(crate) fn id(bytes: &[u8], field: &'static str) -> Result<Uuid, Unreadable> {
    Uuid::from_slice(bytes).map_err(|_length| unknown(field))
}

pub(crate) fn number(value: i64, field: &'static str) -> Result<u64, Unreadable> {
    u64::try_from(value).map_err(|_negative| unknown(field))
}

pub(crate) fn instant(micros: i64, field: &'static str) -> Result<Timestamp, Unreadable> {
    Timestamp::from_microsecond(micros).map_err(|_out_of_range| unknown(field))
}

fn hash(bytes: &[u8], field: &'static str) -> Result<[u8; 32], Unreadable> {
    bytes.try_into().map_err(|_length| unknown(field))
}

#[cfg(test)]
mod tests;
