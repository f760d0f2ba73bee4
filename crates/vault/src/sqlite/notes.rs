//! The table of notes. Nothing is committed here.

use domain::municipality::MunicipalityCode;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::bound;
use crate::limits::NAMES_MAX;
use crate::note::{NoteKind, NoteName, NoteRow};

/// A note's revision and its sealed text.
type Read = (i64, Vec<u8>);

/// A note's token, revision and sealed text.
type Listed = ([u8; 16], i64, Vec<u8>);

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

/// Revisions and sealed texts, in the order of the names. One statement reads many: each takes and leaves the file's
/// locks, which costs more than finding a row.
pub(super) fn read(
    connection: &Connection,
    names: &[NoteName],
) -> Result<Vec<Option<Read>>, rusqlite::Error> {
    let mut found = vec![None; names.len()];
    for (names, found) in names.chunks(NAMES_MAX).zip(found.chunks_mut(NAMES_MAX)) {
        let wanted = vec!["(?, ?, ?, ?)"; names.len()].join(", ");
        // a left one stays the outer one of a cross join
        let mut statement = connection.prepare_cached(&format!(
            "WITH wanted (place, authority, kind, token) AS (VALUES {wanted}) \
             SELECT place, revision, sealed FROM wanted CROSS JOIN notes USING (authority, kind, token)"
        ))?;
        let values = names.iter().enumerate().flat_map(|(place, name)| {
            let (authority, kind) = (name.authority.number(), name.kind.number());
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            [
                Value::from(place),
                Value::from(i64::from(authority)),
                Value::from(i64::from(kind)),
                Value::from(name.token.to_vec()),
            ]
        });
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let place = usize::try_from(row.get::<_, u32>(0)?).unwrap_or(usize::MAX);
            if let Some(found) = found.get_mut(place) {
                *found = Some((row.get(1)?, row.get(2)?));
            }
        }
    }
    Ok(found)
}

/// Tokens, revisions and sealed texts below a token, the highest first.
pub(super) fn list(
    connection: &Connection,
    (authority, kind): (MunicipalityCode, NoteKind),
    below: [u8; 16],
    limit: usize,
) -> Result<Vec<Listed>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT token, revision, sealed FROM notes WHERE authority = ?1 AND kind = ?2 AND token < ?3 \
             ORDER BY token DESC LIMIT ?4",
        )?
        .query_map(
            params![authority.number(), kind.number(), below, bound(limit)],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?
        .collect()
}
