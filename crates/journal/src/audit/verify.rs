//! Holds the record against itself: each entry in its place, each inbox chained, and every row of the tables
//! beside the entries what the entries say. What the rules make of the entries is a replay's to judge.

mod tables;

use std::collections::BTreeMap;
use std::fmt;

use api::{chain, record};
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position};
use jiff::Timestamp;
use tlog::tree::{Frontier, Hash, Head};

use super::{PAGE, Rows, Table};
use crate::{InboxHead, ReadError};

/// Faults that are told; the others are counted.
const FAULTS_TOLD_MAX: usize = 20;

/// Something that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which table; none for the entries.
    pub table: Option<Table>,
    /// The entry that it is about.
    pub position: Position,
    /// What is wrong.
    pub what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table {
            None => write!(f, "entry {}: {}", self.position.0, self.what),
            Some(table) => write!(
                f,
                "{}, entry {}: {}",
                table.name(),
                self.position.0,
                self.what
            ),
        }
    }
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Number of entries, and the root over their bytes as stored.
    pub head: Head,
    /// Rows of the tables beside, in the order of [`Table::ALL`].
    pub rows: [u64; Table::ALL.len()],
    /// The first faults.
    pub faults: Vec<Fault>,
    /// How many there are in all.
    pub faults_count: u64,
}

/// Holds a record against itself, up to its edge of now. `seen` is told how many entries and rows were looked at.
pub async fn verify(
    rows: &mut dyn Rows,
    mut seen: impl FnMut(usize) + Send,
) -> Result<Verified, ReadError> {
    let edge = rows.edge().await?;
    let mut check = Check::new(edge);
    while check.last < edge {
        let page = rows.entries(check.last, PAGE).await?;
        if page.is_empty() {
            check.fault(None, edge, "missing, and all before it since the last one");
            break;
        }
        seen(page.len());
        for (position, bytes) in page.into_iter().filter(|(position, _)| *position <= edge) {
            check.take(position, &bytes);
        }
    }
    let mut counts = [0; Table::ALL.len()];
    for (count, table) in counts.iter_mut().zip(Table::ALL) {
        let mut after = None;
        loop {
            let page = rows.rows(table, after.as_ref(), PAGE).await?;
            if page.is_empty() {
                break;
            }
            seen(page.len());
            *count += check.page(rows, table, &page).await?;
            after = page.into_iter().last();
        }
    }
    check.compare(&counts);
    let ahead_seconds = rows.ahead_seconds().await?;
    // whoever appends meanwhile may have moved it
    if ahead_seconds != check.ahead_seconds && rows.edge().await? == edge {
        check.fault(
            None,
            edge,
            "the clock is not ahead by what entries moved it",
        );
    }
    Ok(Verified {
        head: check.frontier.head(),
        rows: counts,
        faults: check.faults,
        faults_count: check.faults_count,
    })
}

/// What the entries say that the tables must hold.
struct Check {
    edge: Position,
    last: Position,
    recorded_at: Timestamp,
    frontier: Frontier,
    inboxes: BTreeMap<MunicipalityCode, InboxHead>,
    notices: u64,
    ahead_seconds: i64,
    /// The keys of alerts that no row was seen of yet.
    keys: BTreeMap<String, Position>,
    faults: Vec<Fault>,
    faults_count: u64,
}

impl Check {
    fn new(edge: Position) -> Self {
        Self {
            edge,
            last: Position(0),
            recorded_at: Timestamp::MIN,
            frontier: Frontier::EMPTY,
            inboxes: BTreeMap::new(),
            notices: 0,
            ahead_seconds: 0,
            keys: BTreeMap::new(),
            faults: Vec::new(),
            faults_count: 0,
        }
    }

    fn fault(&mut self, table: Option<Table>, position: Position, what: &'static str) {
        self.faults_count += 1;
        if self.faults.len() < FAULTS_TOLD_MAX {
            self.faults.push(Fault {
                table,
                position,
                what,
            });
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds have no row beside the entry"
    )]
    fn take(&mut self, position: Position, bytes: &[u8]) {
        if position.0 != self.last.0 + 1 {
            self.fault(None, position, "the one before it is missing");
        }
        self.last = position;
        self.frontier.append([Hash::leaf(bytes)]);
        let Ok(entry) = record::decode(bytes) else {
            return self.fault(None, position, "cannot be read");
        };
        if entry.position != position {
            self.fault(None, position, "stands in another place than it says");
        }
        if entry.recorded_at < self.recorded_at {
            self.fault(None, position, "recorded before the one before it");
        }
        self.recorded_at = entry.recorded_at;
        self.follow(&entry);
        match entry.event {
            Event::AlertRaised { key, .. } => _ = self.keys.insert(key, position),
            Event::ClockAdvanced { seconds } => {
                self.ahead_seconds = self.ahead_seconds.saturating_add(seconds);
            }
            _ => {}
        }
    }

    /// Follows the inboxes that an entry's notices go to.
    fn follow(&mut self, entry: &Entry) {
        for notice in &entry.notices {
            self.notices += 1;
            let head = self.inboxes.entry(notice.recipient).or_insert(InboxHead {
                number: NoticeNumber(0),
                chain: chain::START,
            });
            let number = NoticeNumber(head.number.0 + 1);
            let hash = chain::content_hash(
                notice.recipient,
                number,
                notice.kind,
                entry.subject,
                entry.position,
                entry.recorded_at,
            );
            let expected = InboxHead {
                number,
                chain: chain::link(&head.chain, &hash),
            };
            *head = InboxHead {
                number: notice.number,
                chain: notice.chain,
            };
            if *head != expected {
                self.fault(
                    None,
                    entry.position,
                    "a notice that does not follow the one before it",
                );
            }
        }
    }
}
