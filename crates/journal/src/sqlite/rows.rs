//! The rows of one batch, written and looked up, one statement each. What may be written is decided in `write`.

use domain::entry::{Draft, NoticeRef};
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Pseudonym, Subject, Version};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{first_row, kind_from_number, kind_number, scope_number};
use crate::InboxHead;
use crate::batch::{Answer, OpenClaim, OpenKey, Request, Scope};

pub(super) fn insert_entry(
    connection: &Connection,
    position: Position,
    draft: &Draft,
    bytes: &[u8],
    notices: &[NoticeRef],
) -> Result<(), rusqlite::Error> {
    let position = position.0.cast_signed();
    connection
        .prepare_cached("INSERT INTO entries (position, bytes) VALUES (?1, ?2)")?
        .execute(params![position, bytes])?;
    connection
        .prepare_cached("INSERT INTO versions (subject, version, position) VALUES (?1, ?2, ?3)")?
        .execute(params![
            draft.subject.id.as_bytes(),
            draft.version.0,
            position
        ])?;
    for notice in notices {
        connection
            .prepare_cached(
                "INSERT INTO notices (recipient, number, position, chain) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                notice.recipient.number(),
                notice.number.0.cast_signed(),
                position,
                notice.chain
            ])?;
    }
    Ok(())
}

pub(super) fn version_of(
    connection: &Connection,
    subject: Subject,
) -> Result<Version, rusqlite::Error> {
    let version = first_row(
        connection
            .prepare_cached(
                "SELECT version FROM versions WHERE subject = ?1 ORDER BY version DESC LIMIT 1",
            )?
            .query_row([subject.id.as_bytes()], |row| row.get(0)),
    )?;
    Ok(Version(version.unwrap_or(0)))
}

pub(super) fn inbox_head(
    connection: &Connection,
    recipient: MunicipalityCode,
) -> Result<InboxHead, rusqlite::Error> {
    Ok(newest_notice(connection, recipient)?.map_or(InboxHead::EMPTY, |(head, _bytes)| head))
}

/// The head of an inbox, and the bytes of the entry that it is of, which may be gone.
type NewestNotice = (InboxHead, Option<Vec<u8>>);

pub(super) fn newest_notice(
    connection: &Connection,
    recipient: MunicipalityCode,
) -> Result<Option<NewestNotice>, rusqlite::Error> {
    first_row(
        connection
            .prepare_cached(
                "SELECT n.number, n.chain, e.bytes FROM notices n \
                 LEFT JOIN entries e ON e.position = n.position \
                 WHERE n.recipient = ?1 ORDER BY n.number DESC LIMIT 1",
            )?
            .query_row([recipient.number()], |row| {
                let head = InboxHead {
                    number: NoticeNumber(row.get::<_, i64>(0)?.cast_unsigned()),
                    chain: row.get(1)?,
                };
                Ok((head, row.get(2)?))
            }),
    )
}

type RequestRow = ([u8; 16], Answer);

pub(super) fn request_row(
    connection: &Connection,
    scope: Scope,
    id: Uuid,
) -> Result<Option<RequestRow>, rusqlite::Error> {
    first_row(
        connection
            .prepare_cached(
                "SELECT fingerprint, subject_kind, subject, position, already_open \
                 FROM requests WHERE id = ?1 AND scope = ?2",
            )?
            .query_row(params![id.as_bytes(), scope_number(scope)], |row| {
                let subject = Subject {
                    kind: kind_from_number(row.get(1)?),
                    id: Uuid::from_bytes(row.get(2)?),
                };
                let position = Position(row.get::<_, i64>(3)?.cast_unsigned());
                Ok((
                    row.get(0)?,
                    Answer {
                        subject,
                        position,
                        already_open: row.get(4)?,
                    },
                ))
            }),
    )
}

pub(super) fn insert_request(
    connection: &Connection,
    request: &Request,
    answer: Answer,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO requests \
             (id, scope, fingerprint, subject_kind, subject, position, already_open) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            request.id.as_bytes(),
            scope_number(request.scope),
            request.fingerprint,
            kind_number(answer.subject.kind),
            answer.subject.id.as_bytes(),
            answer.position.0.cast_signed(),
            answer.already_open
        ])?;
    Ok(())
}

pub(super) fn open_relocation(
    connection: &Connection,
    claim: &OpenClaim,
) -> Result<Option<Uuid>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT relocation FROM open_relocations \
         WHERE sender = ?1 AND recipient = ?2 AND pseudonym = ?3",
    )?;
    for pseudonym in std::iter::once(&claim.key.pseudonym).chain(&claim.also) {
        let row = params![
            claim.key.sender.number(),
            claim.key.recipient.number(),
            stored_pseudonym(pseudonym)
        ];
        if let Some(id) = first_row(statement.query_row(row, |row| row.get(0)))? {
            return Ok(Some(Uuid::from_bytes(id)));
        }
    }
    Ok(None)
}

pub(super) fn insert_claim(
    connection: &Connection,
    claim: &OpenClaim,
    relocation: Uuid,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO open_relocations (sender, recipient, pseudonym, relocation) \
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            claim.key.sender.number(),
            claim.key.recipient.number(),
            stored_pseudonym(&claim.key.pseudonym),
            relocation.as_bytes()
        ])?;
    Ok(())
}

pub(super) fn release_claim(connection: &Connection, key: &OpenKey) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "DELETE FROM open_relocations \
             WHERE sender = ?1 AND recipient = ?2 AND pseudonym = ?3",
        )?
        .execute(params![
            key.sender.number(),
            key.recipient.number(),
            stored_pseudonym(&key.pseudonym)
        ])?;
    Ok(())
}

pub(super) fn key_exists(connection: &Connection, key: &str) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM unique_keys WHERE key = ?1)")?
        .query_row([key], |row| row.get(0))
}

pub(super) fn insert_key(connection: &Connection, key: &str) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT INTO unique_keys (key) VALUES (?1)")?
        .execute([key])?;
    Ok(())
}

/// Epoch and value as one key: two bytes of year, sixteen of keyed hash.
fn stored_pseudonym(pseudonym: &Pseudonym) -> Vec<u8> {
    let mut bytes = pseudonym.epoch.to_be_bytes().to_vec();
    bytes.extend_from_slice(&pseudonym.value);
    bytes
}
