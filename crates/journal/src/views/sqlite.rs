//! The read tables in SQLite, a file of their own: losing it costs a replay, nothing else.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::definition::Definition;
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject, SubjectKind};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::watch;
use uuid::Uuid;

use super::{AlertFilter, Change, Own, Page, RelocationFilter, Views};
use crate::ReadError;
use crate::limits::{CHECKPOINT_PAGES, LIST_ROWS_MAX};
use crate::sqlite::{OpenError, first_row};

pub(super) const MIGRATIONS: [&str; 5] = [
    "
CREATE TABLE relocations (
    id BLOB PRIMARY KEY,
    position INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    state INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX relocations_sent ON relocations (sender, position);
CREATE INDEX relocations_received ON relocations (recipient, position);
CREATE TABLE arrivals (
    id BLOB PRIMARY KEY,
    position INTEGER NOT NULL,
    municipality INTEGER NOT NULL,
    state INTEGER NOT NULL,
    alert BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX arrivals_reported ON arrivals (municipality, position);
CREATE TABLE alerts (
    id BLOB PRIMARY KEY,
    position INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    asking INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    state INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_raised ON alerts (position);
CREATE INDEX alerts_changed ON alerts (changed);
CREATE TABLE connected (municipality INTEGER PRIMARY KEY) STRICT;
CREATE TABLE definitions (
    version INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    grace_days INTEGER NOT NULL,
    early_months INTEGER NOT NULL,
    late_months INTEGER NOT NULL,
    not_arrived_months INTEGER NOT NULL,
    answer_days INTEGER NOT NULL
) STRICT;
CREATE TABLE marks (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
",
    "
CREATE TABLE own (
    municipality INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (municipality, position)
) STRICT, WITHOUT ROWID;
-- made anew from the journal
UPDATE marks SET position = 0 WHERE name = 'views';
",
    "ALTER TABLE definitions ADD COLUMN expiry_days INTEGER NOT NULL DEFAULT 0;",
    "
ALTER TABLE connected ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
-- made anew from the journal
UPDATE marks SET position = 0 WHERE name = 'views';
",
    "ALTER TABLE definitions ADD COLUMN drills INTEGER NOT NULL DEFAULT 0;",
];

/// The mark that says how far the tables are written.
const VALID_AT: &str = "views";

/// The read tables in SQLite.
#[derive(Debug)]
pub struct SqliteViews {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    changes: watch::Sender<Position>,
}

impl SqliteViews {
    /// Opens or creates the tables.
    pub fn open(path: &Path) -> Result<Arc<Self>, OpenError> {
        let writer = Connection::open(path)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // rebuilt from the journal, so a lost tail is no loss
        writer.pragma_update(None, "synchronous", "NORMAL")?;
        writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        writer.set_prepared_statement_cache_capacity(32);
        crate::sqlite::keep_plans(&writer)?;
        migrate(&writer)?;
        let valid_at = mark(&writer, VALID_AT)?;
        let reader = crate::sqlite::reader(path)?;
        Ok(Arc::new(Self {
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            changes: watch::Sender::new(valid_at),
        }))
    }

    fn list(
        &self,
        sql: &str,
        kind: SubjectKind,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Page, ReadError> {
        let reader = held(&self.reader);
        let read = || -> Result<Page, rusqlite::Error> {
            // one transaction: rows and the position they are valid at belong together
            let transaction = reader.unchecked_transaction()?;
            let valid_at = mark(&transaction, VALID_AT)?;
            let rows = transaction
                .prepare_cached(sql)?
                .query_map(values, |row: &Row<'_>| {
                    let subject = Subject {
                        kind,
                        id: Uuid::from_bytes(row.get(0)?),
                    };
                    Ok((subject, Position(row.get::<_, i64>(1)?.cast_unsigned())))
                })?
                .collect::<Result<_, _>>()?;
            Ok(Page { rows, valid_at })
        };
        read().map_err(ReadError::store)
    }
}

#[async_trait]
impl Views for SqliteViews {
    async fn write(
        &self,
        entries: &[(&Entry, Vec<Change>)],
        valid_at: Position,
    ) -> Result<(), ReadError> {
        let mut writer = held(&self.writer);
        let mut write = || -> Result<(), rusqlite::Error> {
            let transaction = writer.transaction()?;
            for (entry, changes) in entries {
                insert(&transaction, entry)?;
                for change in changes {
                    update(&transaction, entry, change)?;
                }
            }
            set_mark(&transaction, VALID_AT, valid_at)?;
            transaction.commit()
        };
        write().map_err(ReadError::store)?;
        self.changes.send_replace(valid_at);
        Ok(())
    }

    async fn valid_at(&self) -> Result<Position, ReadError> {
        self.mark(VALID_AT).await
    }

    fn changes(&self) -> watch::Receiver<Position> {
        self.changes.subscribe()
    }

    async fn relocations(
        &self,
        filter: RelocationFilter,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError> {
        // a condition on one column by itself lets the index of that column answer
        let indexed = match filter {
            RelocationFilter {
                sender: Some(_), ..
            } => "sender = ?1",
            RelocationFilter {
                recipient: Some(_), ..
            } => "recipient = ?2",
            RelocationFilter { party: Some(_), .. } => "(sender = ?3 OR recipient = ?3)",
            RelocationFilter { .. } => "TRUE",
        };
        let sql = format!(
            "SELECT id, position FROM relocations WHERE {indexed} \
             AND (?1 IS NULL OR sender = ?1) AND (?2 IS NULL OR recipient = ?2) \
             AND (?3 IS NULL OR sender = ?3 OR recipient = ?3) \
             AND (?4 IS NULL OR sender = ?4 OR recipient = ?4) \
             AND (?5 IS NULL OR state = ?5) AND position < ?6 ORDER BY position DESC LIMIT ?7"
        );
        self.list(
            &sql,
            SubjectKind::Relocation,
            params![
                filter.sender.map(MunicipalityCode::number),
                filter.recipient.map(MunicipalityCode::number),
                filter.party.map(MunicipalityCode::number),
                filter.counterpart.map(MunicipalityCode::number),
                filter.state,
                edge(below),
                capped(limit)
            ],
        )
    }

    async fn arrivals(
        &self,
        municipality: MunicipalityCode,
        state: Option<i32>,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError> {
        self.list(
            "SELECT id, position FROM arrivals WHERE municipality = ?1 \
             AND (?2 IS NULL OR state = ?2) AND position < ?3 ORDER BY position DESC LIMIT ?4",
            SubjectKind::Arrival,
            params![municipality.number(), state, edge(below), capped(limit)],
        )
    }

    async fn alerts(
        &self,
        filter: AlertFilter,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError> {
        self.list(
            "SELECT id, position FROM alerts WHERE (?1 IS NULL OR asking = ?1 OR asked = ?1) \
             AND (?2 IS NULL OR state = ?2) AND position < ?3 ORDER BY position DESC LIMIT ?4",
            SubjectKind::Alert,
            params![
                filter.party.map(MunicipalityCode::number),
                filter.state,
                edge(below),
                capped(limit)
            ],
        )
    }

    async fn alerts_changed(
        &self,
        party: Option<MunicipalityCode>,
        after: Position,
        limit: usize,
    ) -> Result<Page, ReadError> {
        self.list(
            "SELECT id, changed FROM alerts WHERE changed > ?1 \
             AND (?2 IS NULL OR asking = ?2 OR asked = ?2) ORDER BY changed LIMIT ?3",
            SubjectKind::Alert,
            params![
                edge(after),
                party.map(MunicipalityCode::number),
                capped(limit)
            ],
        )
    }

    async fn own(
        &self,
        municipality: MunicipalityCode,
        after: Position,
        limit: usize,
    ) -> Result<Own, ReadError> {
        let reader = held(&self.reader);
        let read = || -> Result<Own, rusqlite::Error> {
            let transaction = reader.unchecked_transaction()?;
            let valid_at = mark(&transaction, VALID_AT)?;
            let positions = transaction
                .prepare_cached(
                    "SELECT position FROM own WHERE municipality = ?1 AND position > ?2 \
                     ORDER BY position LIMIT ?3",
                )?
                .query_map(
                    params![municipality.number(), edge(after), capped(limit)],
                    |row| Ok(Position(row.get::<_, i64>(0)?.cast_unsigned())),
                )?
                .collect::<Result<_, _>>()?;
            Ok(Own {
                positions,
                valid_at,
            })
        };
        read().map_err(ReadError::store)
    }

    async fn alert_about(&self, arrival: Subject) -> Result<Option<Subject>, ReadError> {
        let reader = held(&self.reader);
        let alert = first_row(reader.query_row(
            "SELECT alert FROM arrivals WHERE id = ?1",
            [arrival.id.as_bytes()],
            |row| row.get::<_, Option<[u8; 16]>>(0),
        ))
        .map_err(ReadError::store)?;
        Ok(alert
            .flatten()
            .map(|id| Subject::alert(Uuid::from_bytes(id))))
    }

    async fn confirmed(
        &self,
        municipality: MunicipalityCode,
    ) -> Result<Option<NoticeNumber>, ReadError> {
        let reader = held(&self.reader);
        let read = || {
            reader
                .prepare_cached("SELECT number FROM connected WHERE municipality = ?1")?
                .query_row([municipality.number()], |row| row.get(0))
                .optional()
        };
        let number: Option<i64> = read().map_err(ReadError::store)?;
        Ok(number.map(|number| NoticeNumber(number.cast_unsigned())))
    }

    async fn definition(&self, at: Position) -> Result<Definition, ReadError> {
        let reader = held(&self.reader);
        let newest = first_row(reader.query_row(
            "SELECT version, grace_days, early_months, late_months, not_arrived_months, answer_days, \
             expiry_days, drills FROM definitions WHERE position <= ?1 ORDER BY version DESC LIMIT 1",
            [edge(at)],
            |row| {
                Ok(Definition {
                    version: row.get(0)?,
                    grace_days: row.get(1)?,
                    early_months: row.get(2)?,
                    late_months: row.get(3)?,
                    not_arrived_months: row.get(4)?,
                    answer_days: row.get(5)?,
                    expiry_days: row.get(6)?,
                    drills: row.get(7)?,
                })
            },
        ))
        .map_err(ReadError::store)?;
        Ok(newest.unwrap_or(Definition::FIRST))
    }

    async fn mark(&self, name: &str) -> Result<Position, ReadError> {
        mark(&held(&self.reader), name).map_err(ReadError::store)
    }

    async fn set_mark(&self, name: &str, position: Position) -> Result<(), ReadError> {
        set_mark(&held(&self.writer), name, position).map_err(ReadError::store)
    }
}

fn held(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn edge(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

fn capped(limit: usize) -> i64 {
    i64::try_from(limit.min(LIST_ROWS_MAX)).unwrap_or(i64::MAX)
}

/// Brings the tables up to date.
pub(super) fn migrate(connection: &Connection) -> Result<(), OpenError> {
    crate::sqlite::migrate(connection, &MIGRATIONS)
}

/// How far the tables are written.
pub(super) fn valid_at(connection: &Connection) -> Result<Position, rusqlite::Error> {
    mark(connection, VALID_AT)
}

fn mark(connection: &Connection, name: &str) -> Result<Position, rusqlite::Error> {
    let position = first_row(
        connection
            .prepare_cached("SELECT position FROM marks WHERE name = ?1")?
            .query_row([name], |row| row.get::<_, i64>(0)),
    )?;
    Ok(Position(position.unwrap_or(0).cast_unsigned()))
}

fn set_mark(
    connection: &Connection,
    name: &str,
    position: Position,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO marks (name, position) VALUES (?1, ?2)")?
        .execute(params![name, edge(position)])?;
    Ok(())
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only entries that begin something make a row"
)]
fn insert(connection: &Connection, entry: &Entry) -> Result<(), rusqlite::Error> {
    let id = entry.subject.id.as_bytes();
    let position = edge(entry.position);
    match &entry.event {
        Event::RelocationRegistered {
            sender, recipient, ..
        } => connection
            .prepare_cached(
                "INSERT OR IGNORE INTO relocations (id, position, sender, recipient, state) \
                 VALUES (?1, ?2, ?3, ?4, 1)",
            )?
            .execute(params![id, position, sender.number(), recipient.number()])?,
        Event::ArrivalReported { municipality, .. } => connection
            .prepare_cached(
                "INSERT OR IGNORE INTO arrivals (id, position, municipality, state) \
                 VALUES (?1, ?2, ?3, 1)",
            )?
            .execute(params![id, position, municipality.number()])?,
        Event::AlertRaised {
            asking,
            asked,
            arrival,
            ..
        } => {
            if let Some(arrival) = arrival {
                connection
                    .prepare_cached("UPDATE arrivals SET alert = ?1 WHERE id = ?2")?
                    .execute(params![id, arrival.as_bytes()])?;
            }
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO alerts (id, position, changed, asking, asked, state) \
                     VALUES (?1, ?2, ?2, ?3, ?4, 1)",
                )?
                .execute(params![id, position, asking.number(), asked.number()])?
        }
        Event::DefinitionSet(set) => connection
            .prepare_cached(
                "INSERT OR IGNORE INTO definitions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                set.version,
                position,
                set.grace_days,
                set.early_months,
                set.late_months,
                set.not_arrived_months,
                set.answer_days,
                set.expiry_days,
                set.drills
            ])?,
        Event::NoticesConfirmed {
            recipient,
            number,
            agrees: true,
        } => connection
            .prepare_cached(
                "INSERT INTO connected (municipality, number) VALUES (?1, ?2) \
                 ON CONFLICT DO UPDATE SET number = max(number, excluded.number)",
            )?
            .execute(params![recipient.number(), number.0.cast_signed()])?,
        _ => 0,
    };
    Ok(())
}

fn update(connection: &Connection, entry: &Entry, change: &Change) -> Result<(), rusqlite::Error> {
    let id = entry.subject.id.as_bytes();
    match change {
        Change::Relocation { state } => connection
            .prepare_cached("UPDATE relocations SET state = ?1 WHERE id = ?2")?
            .execute(params![state, id])?,
        Change::Arrival { arrival, state } => connection
            .prepare_cached("UPDATE arrivals SET state = ?1 WHERE id = ?2")?
            .execute(params![state, arrival.id.as_bytes()])?,
        Change::Alert { state } => connection
            .prepare_cached("UPDATE alerts SET state = ?1, changed = ?2 WHERE id = ?3")?
            .execute(params![state, edge(entry.position), id])?,
        Change::Own(municipality) => connection
            .prepare_cached("INSERT OR IGNORE INTO own (municipality, position) VALUES (?1, ?2)")?
            .execute(params![municipality.number(), edge(entry.position)])?,
    };
    Ok(())
}

#[cfg(test)]
mod tests;
