//! The read tables in PostgreSQL, beside the journal. Losing them costs a replay, nothing else.

mod run;

use std::sync::Arc;

use async_trait::async_trait;
use daemon::postgres::{Link, LinkError};
use domain::definition::Definition;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject, SubjectKind};
use tokio::sync::watch;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{AlertFilter, Change, Own, Page, RelocationFilter, Views};
use crate::ReadError;
use crate::limits::LIST_ROWS_MAX;
use crate::postgres::{Lease, PostgresJournal, VIEWS, forward, place};
use run::Run;

/// The mark that says how far the tables are written.
const VALID_AT: &str = "views";

const SET_MARK: &str = "INSERT INTO flyttbud.marks (name, position) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET position = excluded.position";

/// A page of rows and the position they are valid at, which belong together and so are one statement.
macro_rules! page {
    ($direction:literal, $($rows:expr),+) => {
        concat!(
            "SELECT v.position, l.id, l.position FROM \
             (SELECT max(position) AS position FROM flyttbud.marks WHERE name = 'views') AS v \
             LEFT JOIN LATERAL (", $($rows,)+ ") AS l ON true ORDER BY l.position ", $direction
        )
    };
}

/// Relocations that pass the filters, in the order of the index that answers the first condition.
macro_rules! relocations {
    ($indexed:literal) => {
        concat!(
            "SELECT id, position FROM flyttbud.relocations WHERE ",
            $indexed,
            " AND ($1::int4 IS NULL OR sender = $1) AND ($2::int4 IS NULL OR recipient = $2) \
             AND ($3::int4 IS NULL OR sender = $3 OR recipient = $3) \
             AND ($4::int4 IS NULL OR sender = $4 OR recipient = $4) \
             AND ($5::int4 IS NULL OR state = $5) AND position < $6 \
             ORDER BY position DESC LIMIT $7"
        )
    };
}

/// The read tables in PostgreSQL.
#[derive(Debug)]
pub struct PostgresViews {
    journal: Arc<PostgresJournal>,
    /// Without one nothing is written.
    lease: Option<Arc<Lease>>,
}

impl PostgresViews {
    /// Those beside a journal, over its connections, to be read.
    pub fn new(journal: Arc<PostgresJournal>) -> Arc<Self> {
        Arc::new(Self {
            journal,
            lease: None,
        })
    }

    /// The same, to be written while the lease is held.
    pub fn written_under(lease: Arc<Lease>) -> Arc<Self> {
        Arc::new(Self {
            journal: lease.journal().clone(),
            lease: Some(lease),
        })
    }

    /// Runs statements in one transaction, if this ledger leads.
    async fn lead(
        &self,
        work: impl AsyncFnOnce(&mut Link) -> Result<(), LinkError>,
    ) -> Result<(), ReadError> {
        let lease = self.lease.as_ref().ok_or(ReadError::NotLeading)?;
        let link = self.journal.pool().link().await;
        let mut link = link.map_err(ReadError::store)?;
        link.begin().await.map_err(ReadError::store)?;
        let leads = lease.hold(&mut link).await.map_err(ReadError::store)?;
        if leads {
            work(&mut link).await.map_err(ReadError::store)?;
        }
        link.commit().await.map_err(ReadError::store)?;
        if leads {
            Ok(())
        } else {
            Err(ReadError::NotLeading)
        }
    }

    async fn page(
        &self,
        kind: SubjectKind,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Page, ReadError> {
        let found = self.journal.rows(sql, values).await?;
        let read = || -> Result<Page, tokio_postgres::Error> {
            let mut page = Page {
                rows: Vec::with_capacity(found.len()),
                valid_at: Position(0),
            };
            for row in &found {
                page.valid_at = position(row, 0)?;
                if let Some(id) = row.try_get(1)? {
                    page.rows.push((Subject { kind, id }, position(row, 2)?));
                }
            }
            Ok(page)
        };
        read().map_err(ReadError::store)
    }
}

#[async_trait]
impl Views for PostgresViews {
    async fn write(
        &self,
        entries: &[(&Entry, Vec<Change>)],
        valid_at: Position,
    ) -> Result<(), ReadError> {
        let run = Run::of(entries);
        self.lead(async |link| {
            run.write(link).await?;
            link.rows(SET_MARK, &[&VALID_AT, &place(valid_at)]).await?;
            link.rows("SELECT pg_notify($1, '')", &[&VIEWS]).await?;
            Ok(())
        })
        .await?;
        let views = self.journal.views();
        views.send_if_modified(|known| forward(known, valid_at));
        Ok(())
    }

    async fn valid_at(&self) -> Result<Position, ReadError> {
        self.mark(VALID_AT).await
    }

    fn changes(&self) -> watch::Receiver<Position> {
        self.journal.views().subscribe()
    }

    async fn relocations(
        &self,
        filter: RelocationFilter,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError> {
        let sql = match filter {
            RelocationFilter {
                sender: Some(_), ..
            } => page!("DESC", relocations!("sender = $1")),
            RelocationFilter {
                recipient: Some(_), ..
            } => page!("DESC", relocations!("recipient = $2")),
            RelocationFilter { party: Some(_), .. } => page!(
                "DESC",
                "SELECT id, position FROM ((",
                relocations!("sender = $3"),
                ") UNION ALL (",
                relocations!("recipient = $3 AND sender <> $3"),
                ")) AS either ORDER BY position DESC LIMIT $7"
            ),
            RelocationFilter { .. } => page!("DESC", relocations!("true")),
        };
        self.page(
            SubjectKind::Relocation,
            sql,
            &[
                &filter.sender.map(code),
                &filter.recipient.map(code),
                &filter.party.map(code),
                &filter.counterpart.map(code),
                &filter.state,
                &place(below),
                &capped(limit),
            ],
        )
        .await
    }

    async fn arrivals(
        &self,
        municipality: MunicipalityCode,
        state: Option<i32>,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError> {
        self.page(
            SubjectKind::Arrival,
            page!(
                "DESC",
                "SELECT id, position FROM flyttbud.arrivals WHERE municipality = $1 \
                 AND ($2::int4 IS NULL OR state = $2) AND position < $3 \
                 ORDER BY position DESC LIMIT $4"
            ),
            &[&code(municipality), &state, &place(below), &capped(limit)],
        )
        .await
    }

    async fn alerts(
        &self,
        filter: AlertFilter,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError> {
        self.page(
            SubjectKind::Alert,
            page!(
                "DESC",
                "SELECT id, position FROM flyttbud.alerts \
                 WHERE ($1::int4 IS NULL OR asking = $1 OR asked = $1) \
                 AND ($2::int4 IS NULL OR state = $2) AND position < $3 \
                 ORDER BY position DESC LIMIT $4"
            ),
            &[
                &filter.party.map(code),
                &filter.state,
                &place(below),
                &capped(limit),
            ],
        )
        .await
    }

    async fn alerts_changed(
        &self,
        party: Option<MunicipalityCode>,
        after: Position,
        limit: usize,
    ) -> Result<Page, ReadError> {
        self.page(
            SubjectKind::Alert,
            page!(
                "ASC",
                "SELECT id, changed AS position FROM flyttbud.alerts WHERE changed > $2 \
                 AND ($1::int4 IS NULL OR asking = $1 OR asked = $1) ORDER BY changed LIMIT $3"
            ),
            &[&party.map(code), &place(after), &capped(limit)],
        )
        .await
    }

    async fn own(
        &self,
        municipality: MunicipalityCode,
        after: Position,
        limit: usize,
    ) -> Result<Own, ReadError> {
        let found = self
            .journal
            .rows(
                "SELECT v.position, o.position FROM \
                 (SELECT max(position) AS position FROM flyttbud.marks WHERE name = 'views') AS v \
                 LEFT JOIN LATERAL (SELECT position FROM flyttbud.own \
                     WHERE municipality = $1 AND position > $2 ORDER BY position LIMIT $3) AS o \
                 ON true ORDER BY o.position",
                &[&code(municipality), &place(after), &capped(limit)],
            )
            .await?;
        let read = || -> Result<Own, tokio_postgres::Error> {
            let mut own = Own {
                positions: Vec::with_capacity(found.len()),
                valid_at: Position(0),
            };
            for row in &found {
                own.valid_at = position(row, 0)?;
                own.positions.push(position(row, 1)?);
            }
            // where there are none, one row says how far the tables are
            own.positions.retain(|found| *found > Position(0));
            Ok(own)
        };
        read().map_err(ReadError::store)
    }

    async fn alert_about(&self, arrival: Subject) -> Result<Option<Subject>, ReadError> {
        let sql = "SELECT alert FROM flyttbud.arrivals WHERE id = $1 AND alert IS NOT NULL";
        let rows = self.journal.rows(sql, &[&arrival.id]).await?;
        let alert: Option<Uuid> = first(&rows)?;
        Ok(alert.map(Subject::alert))
    }

    async fn confirmed(
        &self,
        municipality: MunicipalityCode,
    ) -> Result<Option<NoticeNumber>, ReadError> {
        let sql = "SELECT number FROM flyttbud.connected WHERE municipality = $1";
        let rows = self.journal.rows(sql, &[&code(municipality)]).await?;
        let number: Option<i64> = first(&rows)?;
        Ok(number.map(|number| NoticeNumber(number.cast_unsigned())))
    }

    async fn definition(&self, at: Position) -> Result<Definition, ReadError> {
        let rows = self
            .journal
            .rows(
                "SELECT version, grace_days, early_months, late_months, not_arrived_months, answer_days, \
                 expiry_days, drills FROM flyttbud.definitions WHERE position <= $1 ORDER BY version DESC LIMIT 1",
                &[&place(at)],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(Definition::FIRST);
        };
        let number = |column| -> Result<u32, ReadError> {
            let number: i64 = row.try_get(column).map_err(ReadError::store)?;
            u32::try_from(number).map_err(ReadError::store)
        };
        Ok(Definition {
            version: number(0)?,
            grace_days: number(1)?,
            early_months: number(2)?,
            late_months: number(3)?,
            not_arrived_months: number(4)?,
            answer_days: number(5)?,
            expiry_days: number(6)?,
            drills: row.try_get(7).map_err(ReadError::store)?,
        })
    }

    async fn mark(&self, name: &str) -> Result<Position, ReadError> {
        let sql = "SELECT position FROM flyttbud.marks WHERE name = $1";
        let position: Option<i64> = first(&self.journal.rows(sql, &[&name]).await?)?;
        Ok(Position(position.unwrap_or(0).cast_unsigned()))
    }

    async fn set_mark(&self, name: &str, position: Position) -> Result<(), ReadError> {
        self.lead(async |link| {
            link.rows(SET_MARK, &[&name, &place(position)]).await?;
            Ok(())
        })
        .await
    }
}

fn code(municipality: MunicipalityCode) -> i32 {
    municipality.number().into()
}

fn capped(limit: usize) -> i64 {
    i64::try_from(limit.min(LIST_ROWS_MAX)).unwrap_or(i64::MAX)
}

fn position(row: &Row, column: usize) -> Result<Position, tokio_postgres::Error> {
    let position: Option<i64> = row.try_get(column)?;
    Ok(Position(position.unwrap_or(0).cast_unsigned()))
}

/// The first column of the first row.
fn first<'a, T: tokio_postgres::types::FromSql<'a>>(
    rows: &'a [Row],
) -> Result<Option<T>, ReadError> {
    let value = rows.first().map(|row| row.try_get(0)).transpose();
    value.map_err(ReadError::store)
}
