//! The table of notes. Nothing is committed here.

use domain::municipality::MunicipalityCode;
use rusqlite::{Connection, OptionalExtension, params};

use super::bound;
use crate::note::{NoteKind, NoteName, NoteRow};

/// A note's token and its sealed text.
type Listed = ([u8; 16], Vec<u8>);

/// Writes a note, if the one before is still the one that it follows. Returns how many were written.
pub(super) fn write(connection: &Connection, note: &NoteRow) -> Result<usize, rusqlite::Error> {
    let NoteName {
        authority,
        kind,
        token,
    } = note.name;
    let sql = if note.after == 0 {
        "INSERT INTO notes (authority, kind, token, revision, sealed) \
         VALUES (?1, ?2, ?3, ?4 + 1, ?5) ON CONFLICT DO NOTHING"
    } else {
        "UPDATE notes SET revision = ?4 + 1, sealed = ?5 \
         WHERE authority = ?1 AND kind = ?2 AND token = ?3 AND revision = ?4"
    };
    connection.prepare_cached(sql)?.execute(params![
        authority.number(),
        kind.number(),
        token,
        note.after,
        note.sealed
    ])
}

/// Deletes a note.
pub(super) fn remove(connection: &Connection, name: NoteName) -> Result<usize, rusqlite::Error> {
    connection
        .prepare_cached("DELETE FROM notes WHERE authority = ?1 AND kind = ?2 AND token = ?3")?
        .execute(params![
            name.authority.number(),
            name.kind.number(),
            name.token
        ])
}

/// A note's revision and its sealed text.
pub(super) fn read(
    connection: &Connection,
    name: NoteName,
) -> Result<Option<(i64, Vec<u8>)>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT revision, sealed FROM notes WHERE authority = ?1 AND kind = ?2 AND token = ?3",
        )?
        .query_row(
            params![name.authority.number(), name.kind.number(), name.token],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
}

/// Tokens and sealed texts below a token, the highest first.
pub(super) fn list(
    connection: &Connection,
    (authority, kind): (MunicipalityCode, NoteKind),
    below: [u8; 16],
    limit: usize,
) -> Result<Vec<Listed>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT token, sealed FROM notes WHERE authority = ?1 AND kind = ?2 AND token < ?3 \
             ORDER BY token DESC LIMIT ?4",
        )?
        .query_map(
            params![authority.number(), kind.number(), below, bound(limit)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect()
}
