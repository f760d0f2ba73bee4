//! Holds the tables beside the entries against them.

use domain::entry::{Entry, Event};
use domain::subject::{NoticeNumber, Position, Version};
use uuid::Uuid;

use super::Check;
use crate::ReadError;
use crate::audit::{Row, Rows, Table};
use crate::batch::{OpenClaim, OpenKey};
use crate::limits::BATCH_ENTRIES_MAX;
use crate::sqlite::kind_number;

impl Check {
    /// Holds a page of a table against the entries. Returns how many of its rows are not newer than the edge.
    pub(super) async fn page(
        &mut self,
        store: &mut dyn Rows,
        table: Table,
        page: &[Row],
    ) -> Result<u64, ReadError> {
        let seen = match table {
            Table::Versions | Table::Notices => self.placed(store, table, page).await?,
            Table::Requests => self.requests(store, page).await?,
            Table::Claims => self.claims(store, page).await?,
            Table::Keys => {
                for row in page {
                    if let Row::Key(key) = row {
                        self.keys.remove(key);
                    }
                }
                page.len()
            }
        };
        Ok(seen.try_into().unwrap_or(u64::MAX))
    }

    /// Rows that tell what stands in an entry. Each tells something else, so as many as there is to tell are all.
    async fn placed(
        &mut self,
        store: &mut dyn Rows,
        table: Table,
        page: &[Row],
    ) -> Result<usize, ReadError> {
        let rows = page.iter().filter_map(|row| Some((row, row.position()?)));
        let rows: Vec<_> = rows
            .filter(|(_, position)| *position <= self.edge)
            .collect();
        let positions: Vec<Position> = rows.iter().map(|(_, position)| *position).collect();
        let entries = store.entries_at(&positions).await?;
        for ((row, position), bytes) in rows.iter().zip(entries) {
            let entry = bytes.and_then(|bytes| api::record::decode(&bytes).ok());
            if !entry.is_some_and(|entry| tells(&entry, row)) {
                self.fault(
                    Some(table),
                    *position,
                    "a row that the entry does not tell of",
                );
            }
        }
        Ok(rows.len())
    }

    /// What a request was answered with was appended with it; or it had begun by then, and its kind is the same.
    async fn requests(&mut self, store: &mut dyn Rows, page: &[Row]) -> Result<usize, ReadError> {
        let rows = page.iter().filter_map(Answered::of);
        let rows: Vec<Answered> = rows.filter(|row| row.position <= self.edge).collect();
        let subjects: Vec<Uuid> = rows.iter().map(|row| row.subject).collect();
        let begun = store.begun_at(&subjects).await?;
        let places = rows.iter().zip(begun).map(|(row, begun)| {
            if row.already_open {
                begun
                    .filter(|begun| *begun <= row.position)
                    .unwrap_or_default()
            } else {
                row.position
            }
        });
        let places: Vec<Position> = places.collect();
        let entries = store.entries_at(&places).await?;
        for (row, bytes) in rows.iter().zip(entries) {
            let entry = bytes.and_then(|bytes| api::record::decode(&bytes).ok());
            let is_told = match &entry {
                None => false,
                Some(entry) if row.is_about(entry) => true,
                Some(entry) => !row.already_open && stands_before(store, row, entry).await?,
            };
            if !is_told {
                let what = if row.already_open {
                    "an answer that had not begun"
                } else {
                    "an answer that its entry does not tell of"
                };
                self.fault(Some(Table::Requests), row.position, what);
            }
        }
        Ok(rows.len())
    }

    /// Whoever holds a claim was registered or reported with that person.
    async fn claims(&mut self, store: &mut dyn Rows, page: &[Row]) -> Result<usize, ReadError> {
        let holders: Vec<Uuid> = page.iter().filter_map(Row::subject).collect();
        let begun = store.begun_at(&holders).await?;
        let known: Vec<Position> = begun.iter().flatten().copied().collect();
        let mut entries = store.entries_at(&known).await?.into_iter();
        let mut seen = 0;
        for (row, begun) in page.iter().zip(begun) {
            let bytes = begun.and_then(|_known| entries.next().flatten());
            let begun = begun.unwrap_or_default();
            if begun > self.edge {
                continue;
            }
            seen += 1;
            let entry = bytes.and_then(|bytes| api::record::decode(&bytes).ok());
            if !entry.is_some_and(|entry| tells(&entry, row)) {
                self.fault(
                    Some(Table::Claims),
                    begun,
                    "a claim that the entry does not tell of",
                );
            }
        }
        Ok(seen)
    }

    /// Holds the numbers of rows against the entries.
    pub(super) fn compare(&mut self, counts: &[u64; Table::ALL.len()]) {
        let told = [self.frontier.head().size.0, self.notices];
        for ((table, count), told) in Table::ALL.into_iter().zip(counts).zip(told) {
            if *count != told {
                self.fault(
                    Some(table),
                    self.edge,
                    "more or fewer rows than entries tell of",
                );
            }
        }
        for position in std::mem::take(&mut self.keys).into_values() {
            self.fault(
                Some(Table::Keys),
                position,
                "the key of an alert is missing",
            );
        }
    }
}

/// What a request was answered with.
struct Answered {
    subject: Uuid,
    kind: i32,
    position: Position,
    already_open: bool,
}

impl Answered {
    fn of(row: &Row) -> Option<Self> {
        if let Row::Request {
            subject_kind,
            subject,
            position,
            already_open,
            ..
        } = row
        {
            Some(Self {
                subject: *subject,
                kind: *subject_kind,
                position: *position,
                already_open: *already_open,
            })
        } else {
            None
        }
    }

    fn is_about(&self, entry: &Entry) -> bool {
        entry.subject.id == self.subject && kind_number(entry.subject.kind) == i64::from(self.kind)
    }
}

/// Whether the subject of an answer stands among those that were appended together with another one's entry, the last of
/// them.
async fn stands_before(
    store: &mut dyn Rows,
    row: &Answered,
    last: &Entry,
) -> Result<bool, ReadError> {
    let others = u64::try_from(BATCH_ENTRIES_MAX).unwrap_or(u64::MAX) - 1;
    let first = last.position.0.saturating_sub(others).max(1);
    let places: Vec<Position> = (first..last.position.0).map(Position).collect();
    let entries = store.entries_at(&places).await?;
    let decoded = entries.iter().flatten();
    let mut decoded = decoded.filter_map(|bytes| api::record::decode(bytes).ok());
    Ok(decoded.any(|entry| row.is_about(&entry) && entry.recorded_at == last.recorded_at))
}

/// Whether an entry tells what a row holds.
fn tells(entry: &Entry, row: &Row) -> bool {
    match row {
        Row::Version {
            subject, version, ..
        } => entry.subject.id == *subject && entry.version == Version(*version),
        Row::Notice {
            recipient,
            number,
            chain,
            ..
        } => entry.notices.iter().any(|notice| {
            notice.recipient.number() == *recipient
                && notice.number == NoticeNumber(*number)
                && notice.chain == *chain
        }),
        Row::Claim {
            sender,
            recipient,
            person,
            ..
        } => claimed(&entry.event).is_some_and(|key| {
            key.sender.number() == *sender
                && key.recipient.number() == *recipient
                && [&key.pseudonym.epoch.to_be_bytes()[..], &key.pseudonym.value].concat() == person
        }),
        Row::Request { .. } | Row::Key(_) => false,
    }
}

/// What the first entry of a subject claims.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others claim nothing")]
fn claimed(event: &Event) -> Option<OpenKey> {
    match event {
        Event::RelocationRegistered {
            sender,
            recipient,
            pseudonym,
            ..
        } => Some(OpenKey {
            sender: *sender,
            recipient: *recipient,
            pseudonym: *pseudonym,
        }),
        Event::ArrivalReported {
            municipality,
            previous,
            pseudonyms,
            arrived,
            is_exempt: _,
        } => OpenClaim::arrival(*municipality, *previous, pseudonyms, *arrived)
            .map(|claim| claim.key),
        _ => None,
    }
}
