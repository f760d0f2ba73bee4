//! The table of notes. A write that follows another revision than the stored one changes nothing.

use daemon::postgres::Pool;
use domain::municipality::MunicipalityCode;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{PostgresStore, bound};
use crate::Error;
use crate::note::{NoteKind, NoteName, NoteRow};

/// Counts what it wrote.
pub(super) const WRITE: &str = "\
    WITH made AS ( \
        INSERT INTO flyttbud_keys.notes (authority, kind, token, revision, sealed) \
        SELECT $1::int4, $2::int2, $3::uuid, 1, $5::bytea WHERE $4::int8 = 0 \
        ON CONFLICT DO NOTHING RETURNING 1 \
    ), changed AS ( \
        UPDATE flyttbud_keys.notes SET revision = $4 + 1, sealed = $5 \
        WHERE authority = $1 AND kind = $2 AND token = $3 AND revision = $4 AND $4 > 0 RETURNING 1 \
    ) \
    SELECT (SELECT count(*) FROM made) + (SELECT count(*) FROM changed)";
pub(super) const REMOVE: &str =
    "DELETE FROM flyttbud_keys.notes WHERE authority = $1 AND kind = $2 AND token = $3";

/// The values of [`WRITE`].
pub(super) fn written(note: NoteRow) -> Vec<Box<dyn ToSql + Send + Sync>> {
    let mut values = named(note.name);
    values.push(Box::new(note.after));
    values.push(Box::new(note.sealed));
    values
}

/// The values of [`REMOVE`].
pub(super) fn named(name: NoteName) -> Vec<Box<dyn ToSql + Send + Sync>> {
    vec![
        Box::new(i32::from(name.authority.number())),
        Box::new(i16::from(name.kind.number())),
        Box::new(Uuid::from_bytes(name.token)),
    ]
}

/// A note as it is stored: its revision and what is sealed.
pub(super) type Stored = Option<(i64, Vec<u8>)>;

/// The notes of those who ask together, of each in its order.
pub(super) async fn read(
    pool: &Pool,
    asked: Vec<Vec<NoteName>>,
) -> Result<Vec<Vec<Stored>>, Error> {
    let names: Vec<&NoteName> = asked.iter().flatten().collect();
    let of = |name: &&NoteName| i32::from(name.authority.number());
    let authorities: Vec<_> = names.iter().map(of).collect();
    let kind = |name: &&NoteName| i16::from(name.kind.number());
    let kinds: Vec<_> = names.iter().map(kind).collect();
    let token = |name: &&NoteName| Uuid::from_bytes(name.token);
    let tokens: Vec<_> = names.iter().map(token).collect();
    let rows = pool
        .rows(
            "SELECT notes.revision, notes.sealed \
             FROM unnest($1::int4[], $2::int2[], $3::uuid[]) \
                 WITH ORDINALITY AS wanted (authority, kind, token, place) \
             LEFT JOIN flyttbud_keys.notes USING (authority, kind, token) ORDER BY place",
            &[&authorities, &kinds, &tokens],
        )
        .await?;
    let row = |row: &Row| {
        let revision: Option<i64> = row.try_get(0)?;
        Ok(match revision {
            Some(revision) => Some((revision, row.try_get(1)?)),
            None => None,
        })
    };
    let mut notes = rows.iter().map(row);
    let of_one = |names: &Vec<NoteName>| notes.by_ref().take(names.len()).collect();
    asked.iter().map(of_one).collect()
}

impl PostgresStore {
    pub(super) async fn read_list(
        &self,
        (authority, kind): (MunicipalityCode, NoteKind),
        below: [u8; 16],
        limit: usize,
    ) -> Result<Vec<([u8; 16], i64, Vec<u8>)>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT token, revision, sealed FROM flyttbud_keys.notes \
                 WHERE authority = $1 AND kind = $2 AND token < $3 ORDER BY token DESC LIMIT $4",
                &[
                    &i32::from(authority.number()),
                    &i16::from(kind.number()),
                    &Uuid::from_bytes(below),
                    &bound(limit),
                ],
            )
            .await?;
        let row = |row: &Row| {
            let token: Uuid = row.try_get(0)?;
            Ok((token.into_bytes(), row.try_get(1)?, row.try_get(2)?))
        };
        rows.iter().map(row).collect()
    }
}
