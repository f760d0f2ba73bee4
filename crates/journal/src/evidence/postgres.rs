//! The log in PostgreSQL, beside the journal: whoever holds the lease writes it, whoever reads the journal reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use daemon::postgres::Link;
use jiff::Timestamp;
use tlog::checkpoint::SignedCheckpoint;
use tlog::note::Signature;
use tlog::policy::Policy;
use tlog::tree::{Hash, Place, Size};
use tokio::sync::watch;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::compute::{is_met, parsed};
use super::{Alarm, Evidence, EvidenceError, Ground, Lifted, PublishError, Standing, rows};
use crate::limits::READ_ENTRIES_MAX;
use crate::postgres::{LOG, Lease, PostgresJournal, forward};

/// The log in PostgreSQL.
#[derive(Debug)]
pub struct PostgresEvidence {
    journal: Arc<PostgresJournal>,
    /// Without one nothing is integrated or published.
    lease: Option<Arc<Lease>>,
}

impl PostgresEvidence {
    /// That of a journal, over its connections, to be read.
    pub fn new(journal: Arc<PostgresJournal>) -> Arc<Self> {
        let lease = None;
        Arc::new(Self { journal, lease })
    }

    /// The same, to be written while the lease is held.
    pub fn written_under(lease: Arc<Lease>) -> Arc<Self> {
        let journal = lease.journal().clone();
        let lease = Some(lease);
        Arc::new(Self { journal, lease })
    }

    /// Runs statements in one transaction; what fails is rolled back.
    async fn write<T, E: From<EvidenceError>>(
        &self,
        work: impl AsyncFnOnce(&mut Link) -> Result<T, E>,
    ) -> Result<T, E> {
        let link = self.journal.pool().link().await;
        let mut link = link.map_err(EvidenceError::store)?;
        link.begin().await.map_err(EvidenceError::store)?;
        let done = work(&mut link).await?;
        link.commit().await.map_err(EvidenceError::store)?;
        Ok(done)
    }

    /// Inside a transaction: nobody else leads until it ends.
    async fn leads(&self, link: &mut Link) -> Result<(), EvidenceError> {
        let lease = self.lease.as_ref().ok_or(EvidenceError::NotLeading)?;
        let leads = lease.hold(link).await.map_err(EvidenceError::store)?;
        leads.then_some(()).ok_or(EvidenceError::NotLeading)
    }

    async fn rows(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EvidenceError> {
        let rows = self.journal.pool().rows(sql, values).await;
        rows.map_err(EvidenceError::store)
    }

    async fn notes(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<SignedCheckpoint>, EvidenceError> {
        self.rows(sql, values).await?.iter().map(note_in).collect()
    }
}

#[async_trait]
impl Evidence for PostgresEvidence {
    async fn size(&self) -> Result<Size, EvidenceError> {
        first_size(&self.rows(INTEGRATED, &[]).await?)
    }

    async fn hashes(&self, places: &[Place]) -> Result<Vec<Hash>, EvidenceError> {
        let located: Vec<(i64, u32)> = places
            .iter()
            .map(|place| rows::locate(*place))
            .collect::<Result<_, _>>()?;
        let mut positions: Vec<i64> = located
            .iter()
            .map(|(position, _before)| *position)
            .collect();
        positions.dedup();
        let sql = "SELECT position, hashes FROM flyttbud.hashes WHERE position = ANY ($1)";
        let found = self.rows(sql, &[&positions]).await?;
        let read = |row: &Row| -> Result<(i64, Vec<u8>), tokio_postgres::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?))
        };
        let found: BTreeMap<i64, Vec<u8>> = found
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(EvidenceError::store)?;
        let hash = |(place, (position, before)): (&Place, &(i64, u32))| {
            let row = found.get(position);
            row.and_then(|row| rows::hash(row, *before))
                .ok_or(EvidenceError::Missing(*place))
        };
        places.iter().zip(&located).map(hash).collect()
    }

    async fn integrate(&self, from: Size, full: &[(Place, Hash)]) -> Result<(), EvidenceError> {
        let (positions, hashes): (Vec<i64>, Vec<Vec<u8>>) =
            rows::rows(from, full)?.into_iter().unzip();
        self.write(async |link| {
            self.leads(link).await?;
            let integrated = link.rows(INTEGRATED, &[]).await;
            if first_size(&integrated.map_err(EvidenceError::store)?)? != from {
                return Err(EvidenceError::OtherSize);
            }
            let sql = "INSERT INTO flyttbud.hashes (position, hashes) \
                       SELECT * FROM unnest($1::int8[], $2::bytea[]) ON CONFLICT DO NOTHING \
                       RETURNING 1";
            let inserted = link.rows(sql, &[&positions, &hashes]).await;
            // somebody did the same at the same time
            let all = inserted.map_err(EvidenceError::store)?.len() == positions.len();
            all.then_some(()).ok_or(EvidenceError::OtherSize)
        })
        .await
    }

    async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), PublishError> {
        let size = checkpoint.checkpoint().head.size;
        let (place, note) = (size.0.cast_signed(), checkpoint.to_string());
        self.write(async |link| {
            match self.leads(link).await {
                Err(EvidenceError::NotLeading) => return Err(PublishError::NotLeading),
                led => led?,
            }
            let sql = "SELECT text FROM flyttbud.alarm FOR UPDATE";
            let alarm = link.rows(sql, &[]).await.map_err(EvidenceError::store)?;
            if text_in(&alarm)?.is_some() {
                return Err(PublishError::Alarmed);
            }
            let sql = "SELECT coalesce(max(size), 0) FROM flyttbud.checkpoints";
            let newest = link.rows(sql, &[]).await.map_err(EvidenceError::store)?;
            if size <= first_size(&newest)? {
                return Err(PublishError::NotGreater);
            }
            let sql = "INSERT INTO flyttbud.checkpoints (size, note) VALUES ($1, $2)";
            let inserted = link.rows(sql, &[&place, &note]).await;
            inserted.map_err(EvidenceError::store)?;
            let told = link.rows("SELECT pg_notify($1, '')", &[&LOG]).await;
            told.map_err(EvidenceError::store)?;
            Ok(())
        })
        .await?;
        let log = self.journal.log();
        log.send_if_modified(|known| forward(known, size));
        Ok(())
    }

    async fn cosign(
        &self,
        size: Size,
        cosignature: &Signature,
        policy: &Policy,
    ) -> Result<(), EvidenceError> {
        let place = size.0.cast_signed();
        let line = format!("{cosignature}\n");
        let (name, key_id) = (cosignature.name.as_str(), cosignature.key_id.0);
        self.write(async |link| {
            let mut said = async |sql, values: &[&(dyn ToSql + Sync)]| {
                let rows = link.rows(sql, values).await;
                rows.map_err(EvidenceError::store)
            };
            // one after the other: of two at once neither would see the other's line, and nobody that both are enough
            let sql = "SELECT FROM flyttbud.checkpoints WHERE size = $1 FOR NO KEY UPDATE";
            said(sql, &[&place]).await?;
            let sql = "INSERT INTO flyttbud.cosignatures (size, name, key_id, line) \
                       SELECT size, $2, $3, $4 FROM flyttbud.checkpoints WHERE size = $1 \
                       ON CONFLICT (size, name, key_id) DO UPDATE SET line = excluded.line";
            said(sql, &[&place, &name, &key_id.as_slice(), &line]).await?;
            let sql = "SELECT size, note FROM flyttbud.notes WHERE size = $1";
            let rows = said(sql, &[&place]).await?;
            let checkpoint = note_in(rows.first().ok_or(EvidenceError::OtherSize)?)?;
            if is_met(policy, &checkpoint) {
                let sql = "UPDATE flyttbud.checkpoints SET witnessed = true WHERE size = $1";
                said(sql, &[&place]).await?;
            }
            Ok(())
        })
        .await
    }

    async fn newest(&self) -> Result<Option<SignedCheckpoint>, EvidenceError> {
        let sql = "SELECT size, note FROM flyttbud.notes ORDER BY size DESC LIMIT 1";
        Ok(self.notes(sql, &[]).await?.pop())
    }

    async fn newest_witnessed(
        &self,
        at_least: Size,
    ) -> Result<Option<SignedCheckpoint>, EvidenceError> {
        let sql = "SELECT size, note FROM flyttbud.notes WHERE witnessed AND size >= $1 \
                   ORDER BY size DESC LIMIT 1";
        let at_least = i64::try_from(at_least.0).unwrap_or(i64::MAX);
        Ok(self.notes(sql, &[&at_least]).await?.pop())
    }

    async fn checkpoints(
        &self,
        after: Size,
        until: Size,
        limit: usize,
    ) -> Result<Vec<SignedCheckpoint>, EvidenceError> {
        let limit = i64::try_from(limit.min(READ_ENTRIES_MAX)).unwrap_or(i64::MAX);
        let [after, until] = [after, until].map(|size| i64::try_from(size.0).unwrap_or(i64::MAX));
        let sql = "SELECT size, note FROM flyttbud.notes WHERE size > $1 AND size <= $2 \
                   ORDER BY size LIMIT $3";
        self.notes(sql, &[&after, &until, &limit]).await
    }

    fn published(&self) -> watch::Receiver<Size> {
        self.journal.log().subscribe()
    }

    async fn raise(&self, alarm: &Alarm) -> Result<(), EvidenceError> {
        let (text, needs_word) = (alarm.to_string(), alarm.needs_word());
        let sql = "UPDATE flyttbud.alarm \
                   SET text = $1, needs_word = $2, raised_at = clock_timestamp() \
                   WHERE text IS NULL OR $2 OR NOT needs_word";
        self.rows(sql, &[&text, &needs_word]).await.map(|_none| ())
    }

    async fn lift(&self, read: &Standing, ground: Ground<'_>) -> Result<bool, EvidenceError> {
        let reason = ground.reason();
        let (raised_at, has_word) = (read.raised_at.as_microsecond(), reason.is_some());
        self.write(async |link| {
            if !has_word {
                self.leads(link).await?;
            }
            let mut said = async |sql, values: &[&(dyn ToSql + Sync)]| {
                let rows = link.rows(sql, values).await;
                rows.map_err(EvidenceError::store)
            };
            let sql = "SELECT 1 FROM flyttbud.alarm \
                       WHERE text = $1 AND (extract(epoch FROM raised_at) * 1000000)::int8 = $2 \
                       AND ($3 OR NOT needs_word) FOR UPDATE";
            let stands = said(sql, &[&read.text, &raised_at, &has_word]).await?;
            if stands.is_empty() {
                return Ok(false);
            }
            let sql = "INSERT INTO flyttbud.lifted_alarms (text, raised_at, reason) \
                       SELECT text, raised_at, $1 FROM flyttbud.alarm";
            said(sql, &[&reason]).await?;
            let sql = "UPDATE flyttbud.alarm SET text = NULL, needs_word = false, raised_at = NULL";
            said(sql, &[]).await?;
            Ok(true)
        })
        .await
    }

    async fn standing(&self) -> Result<Option<Standing>, EvidenceError> {
        let sql = "SELECT text, needs_word, (extract(epoch FROM raised_at) * 1000000)::int8 \
                   FROM flyttbud.alarm WHERE text IS NOT NULL";
        let rows = self.rows(sql, &[]).await?;
        let read = |row: &Row| -> Result<_, tokio_postgres::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        };
        let found = rows.first().map(read).transpose();
        let found = found.map_err(EvidenceError::store)?;
        let standing = |(text, needs_word, raised_at)| {
            Ok(Standing {
                text,
                needs_word,
                raised_at: moment(raised_at)?,
            })
        };
        found.map(standing).transpose()
    }

    async fn lifted(&self, limit: usize) -> Result<Vec<Lifted>, EvidenceError> {
        let limit = i64::try_from(limit.min(READ_ENTRIES_MAX)).unwrap_or(i64::MAX);
        let sql = "SELECT text, reason, (extract(epoch FROM raised_at) * 1000000)::int8, \
                   (extract(epoch FROM lifted_at) * 1000000)::int8 \
                   FROM flyttbud.lifted_alarms ORDER BY lifted_at DESC LIMIT $1";
        let lifted = |row: &Row| {
            let number = |column| row.try_get(column).map_err(EvidenceError::store);
            Ok(Lifted {
                text: row.try_get(0).map_err(EvidenceError::store)?,
                reason: row.try_get(1).map_err(EvidenceError::store)?,
                raised_at: moment(number(2)?)?,
                ended_at: moment(number(3)?)?,
            })
        };
        self.rows(sql, &[&limit])
            .await?
            .iter()
            .map(lifted)
            .collect()
    }
}

const INTEGRATED: &str = "SELECT coalesce(max(position), 0) FROM flyttbud.hashes";

fn first_size(rows: &[Row]) -> Result<Size, EvidenceError> {
    rows.first().map_or(Ok(Size(0)), size_in)
}

fn size_in(row: &Row) -> Result<Size, EvidenceError> {
    let size: i64 = row.try_get(0).map_err(EvidenceError::store)?;
    Ok(Size(size.cast_unsigned()))
}

fn moment(micros: i64) -> Result<Timestamp, EvidenceError> {
    Timestamp::from_microsecond(micros).map_err(EvidenceError::store)
}

fn note_in(row: &Row) -> Result<SignedCheckpoint, EvidenceError> {
    let note: &str = row.try_get(1).map_err(EvidenceError::store)?;
    parsed(size_in(row)?, note)
}

fn text_in(rows: &[Row]) -> Result<Option<String>, EvidenceError> {
    let text = rows.first().map(|row| row.try_get(0)).transpose();
    Ok(text.map_err(EvidenceError::store)?.flatten())
}
