//! Appends a group in one transaction and says what became of each batch.

use daemon::postgres::{Link, LinkError};
use domain::subject::{Position, Subject};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::columns::Columns;
use super::packed::Packed;
use crate::AppendError;
use crate::batch::{Answer, Appended, Outcome};
use crate::sqlite::kind_from_number;

/// What became of a group.
#[derive(Debug)]
pub(super) struct Settled {
    /// One for each batch, in their order.
    pub(super) outcomes: Vec<Result<Outcome, AppendError>>,
    pub(super) edge: Position,
    pub(super) ahead_seconds: i64,
}

/// Appends a group, and returns once it is durable.
pub(super) async fn append(
    link: &mut Link,
    group: &[&Packed],
    known: Position,
) -> Result<Settled, LinkError> {
    let columns = Columns::of(group.iter().copied(), known);
    let rows = link
        .rows(
            "SELECT outcomes, answer_positions, answer_kinds, answer_subjects, answer_opens, \
             appended_at, edge, ahead_seconds FROM flyttbud.append($1, $2, $3, $4, $5, $6, $7, $8, \
             $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
            &columns.values(),
        )
        .await?;
    let row = rows.first().ok_or(LinkError::Silent)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for (told, packed) in read(row)?.into_iter().zip(group) {
        outcomes.push(told.outcome(link, packed).await?);
    }
    Ok(Settled {
        outcomes,
        edge: Position(row.try_get::<_, i64>(6)?.cast_unsigned()),
        ahead_seconds: row.try_get(7)?,
    })
}

/// What the function says of one batch.
struct Told {
    code: i32,
    answer: Answer,
    appended_at: i64,
}

fn read(row: &Row) -> Result<Vec<Told>, tokio_postgres::Error> {
    let codes: Vec<i32> = row.try_get(0)?;
    let positions: Vec<Option<i64>> = row.try_get(1)?;
    let kinds: Vec<i32> = row.try_get(2)?;
    let subjects: Vec<Uuid> = row.try_get(3)?;
    let opens: Vec<bool> = row.try_get(4)?;
    let appended_at: i64 = row.try_get(5)?;
    let answers = positions.into_iter().zip(kinds).zip(subjects).zip(opens);
    Ok(codes
        .into_iter()
        .zip(answers)
        .map(|(code, (((position, kind), id), already_open))| Told {
            code,
            answer: Answer {
                subject: Subject {
                    kind: kind_from_number(kind.into()),
                    id,
                },
                position: Position(position.unwrap_or_default().cast_unsigned()),
                already_open,
            },
            appended_at,
        })
        .collect())
}

impl Told {
    async fn outcome(
        self,
        link: &mut Link,
        packed: &Packed,
    ) -> Result<Result<Outcome, AppendError>, LinkError> {
        Ok(match self.code {
            0 => Ok(self.appended(packed, self.appended_at)),
            1 => Ok(Outcome::Repeated(self.answer)),
            2 => Ok(Outcome::AlreadyOpen(self.answer)),
            3 => Err(AppendError::VersionConflict),
            4 => Err(AppendError::RequestReused),
            5 => Err(AppendError::KeyExists),
            // that very batch, appended before
            _ => recorded_at(link, self.answer.position)
                .await?
                .map(|micros| self.appended(packed, micros))
                .ok_or(AppendError::Unavailable),
        })
    }

    fn appended(&self, packed: &Packed, micros: i64) -> Outcome {
        let last = self.answer.position;
        let before = u64::try_from(packed.drafts.len()).map_or(0, |count| count.saturating_sub(1));
        Outcome::Appended(Appended {
            first: Position(last.0.saturating_sub(before)),
            last,
            recorded_at: Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX),
        })
    }
}

/// When an entry was recorded, which stands in its bytes only.
async fn recorded_at(link: &mut Link, position: Position) -> Result<Option<i64>, LinkError> {
    let sql = "SELECT bytes FROM flyttbud.entries WHERE position = $1";
    let rows = link.rows(sql, &[&position.0.cast_signed()]).await?;
    let bytes: Option<&[u8]> = rows.first().map(|row| row.try_get(0)).transpose()?;
    let entry = bytes.and_then(|bytes| api::record::decode(bytes).ok());
    Ok(entry.map(|entry| entry.recorded_at.as_microsecond()))
}
