//! The marks of the rounds over a journal: of each the newest row counts. Nothing is committed here.

use domain::subject::Position;
use rusqlite::{Connection, OptionalExtension, params};

use crate::mark::{Mark, Round};

/// The table of a round.
fn table(round: Round) -> &'static str {
    match round {
        Round::Erasing => "erased",
        Round::Following => "followed",
    }
}

/// The newest mark.
pub(crate) fn mark(connection: &Connection, round: Round) -> Result<Option<Mark>, rusqlite::Error> {
    let table = table(round);
    connection
        .prepare_cached(&format!(
            "SELECT position, leaf FROM {table} ORDER BY position DESC LIMIT 1"
        ))?
        .query_row([], |row| {
            Ok(Mark {
                position: Position(row.get::<_, i64>(0)?.cast_unsigned()),
                leaf: row.get(1)?,
            })
        })
        .optional()
}

/// Sets a newer mark in place of the older ones.
pub(crate) fn set(
    connection: &Connection,
    round: Round,
    Mark { position, leaf }: &Mark,
) -> Result<usize, rusqlite::Error> {
    let (table, position) = (table(round), position.0.cast_signed());
    let older = format!("DELETE FROM {table} WHERE position < ?1");
    connection.execute(&older, [position])?;
    let newer =
        format!("INSERT INTO {table} (position, leaf) VALUES (?1, ?2) ON CONFLICT DO NOTHING");
    connection.execute(&newer, params![position, leaf])
}

/// Forgets the marks of a round.
pub(crate) fn forget(connection: &Connection, round: Round) -> Result<usize, rusqlite::Error> {
    connection.execute(&format!("DELETE FROM {}", table(round)), [])
}
