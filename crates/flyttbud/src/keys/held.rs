//! Holding a key store against the journal whose texts it opens: whoever may read a text has a key to it. A row of keys that
//! is gone as a whole is found so, and by nothing else. Only reads.

use std::collections::BTreeSet;
use std::path::PathBuf;

use api::record::decode;
use clap::Args;
use domain::entry::{Entry, Event, Part};
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Subject, Version};
use journal::audit::{Row, Rows, Table};
use vault::HeldKeys;

use crate::failure::Failure;
use crate::journal::{Login, open_store, unread};

/// Entries or versions read at once.
const PAGE: usize = 256;
/// Faults that are named; all are counted.
pub(super) const FAULTS_MAX: usize = 100;

/// Which journal.
#[derive(Debug, Args)]
pub(super) struct Record {
    /// Hold it against its journal too: a journal.sqlite, or postgresql://user@host/database; services may have it open
    #[arg(long)]
    journal: Option<String>,
    /// The file with the password for the journal's PostgreSQL
    #[arg(long, requires = "journal")]
    journal_password_file: Option<PathBuf>,
}

/// A journal, up to where it was when it was opened: of what came later the keys may not have been there.
pub(super) struct Entries {
    rows: Box<dyn Rows>,
    edge: Position,
}

/// What was seen of it.
#[derive(Default)]
pub(super) struct Against {
    /// Entries that have something sealed.
    pub(super) sealed: u64,
    /// Those that somebody should open who has no keys, the first hundred.
    pub(super) faults: Vec<String>,
    pub(super) faults_count: u64,
}

impl Record {
    /// Opens it, before the key store is looked at.
    pub(super) async fn open(&self, keys: &Login) -> Result<Option<Entries>, Failure> {
        let Some(place) = &self.journal else {
            return Ok(None);
        };
        let login = keys.with_password(self.journal_password_file.clone());
        let mut rows = open_store(place, &login).await?;
        let edge = rows.edge().await.map_err(unread)?;
        Ok(Some(Entries { rows, edge }))
    }
}

impl Entries {
    /// Holds the keys that there were against all of it.
    pub(super) async fn against(&mut self, held: &HeldKeys) -> Result<Against, Failure> {
        let (edge, mut after, mut seen) = (self.edge, Position(0), Against::default());
        while after < edge {
            let page = self.rows.entries(after, PAGE).await.map_err(unread)?;
            let Some((last, _bytes)) = page.last() else {
                break;
            };
            after = *last;
            for (position, bytes) in page.iter().filter(|(at, _bytes)| *at <= edge) {
                let entry = read(bytes)?;
                seen.sealed += u64::from(!entry.sealed.is_empty());
                if let Some(said) = self.missing(held, &entry).await? {
                    seen.faults_count += 1;
                    let at = position.0;
                    let named =
                        (seen.faults.len() < FAULTS_MAX).then(|| format!("entry {at}, {said}"));
                    seen.faults.extend(named);
                }
            }
        }
        Ok(seen)
    }

    /// What to say of an entry that fewer have keys to than should.
    async fn missing(&mut self, held: &HeldKeys, entry: &Entry) -> Result<Option<String>, Failure> {
        let count = holders(held, entry);
        // whoever needs fewer is known by the first entry and by those that came since
        if count >= most(entry) {
            return Ok(None);
        }
        let needed = needed(entry, &self.subject(entry.subject).await?);
        let (subject, version) = (entry.subject, entry.version.0);
        let said = || format!("{subject}, version {version}: {count} of {needed} have keys to it");
        Ok((count < needed).then(said))
    }

    /// The entries of a subject as it is by now: what is ended after the key store was looked at is ended.
    async fn subject(&mut self, subject: Subject) -> Result<Vec<Entry>, Failure> {
        let mut positions = Vec::new();
        let mut after = Row::Version {
            subject: subject.id,
            version: 0,
            position: Position(0),
        };
        loop {
            let page = self.rows.rows(Table::Versions, Some(&after), PAGE).await;
            let page = page.map_err(unread)?;
            let mine = page.iter().filter_map(|row| match row {
                Row::Version {
                    subject: of,
                    position,
                    ..
                } => (*of == subject.id).then_some(*position),
                Row::Notice { .. } | Row::Request { .. } | Row::Claim { .. } | Row::Key(_) => None,
            });
            let before = positions.len();
            positions.extend(mine);
            match page.last() {
                Some(last) if positions.len() - before == PAGE => after = last.clone(),
                _ => break,
            }
        }
        let entries = self.rows.entries_at(&positions).await.map_err(unread)?;
        let entries = entries.iter().flatten().map(|bytes| read(bytes));
        entries.collect()
    }
}

fn read(bytes: &[u8]) -> Result<Entry, Failure> {
    decode(bytes).map_err(|error| Failure::Halted(error.into()))
}

/// How many have keys to all of an entry's parts.
fn holders(held: &HeldKeys, entry: &Entry) -> usize {
    let parts = entry.sealed.iter();
    let each = parts.map(|part| held.holders(entry.subject, entry.version, part));
    each.min().unwrap_or(0)
}

fn is_shared(entry: &Entry) -> bool {
    entry.sealed.iter().any(|part| part.part == Part::Shared)
}

/// How many may have keys to an entry at most: both parties to what is shared, and whoever acted to its own.
fn most(entry: &Entry) -> usize {
    if entry.sealed.is_empty() {
        0
    } else {
        1 + usize::from(is_shared(entry))
    }
}

/// How many must have keys to an entry of a subject. Where somebody's reading was ended, whoever announced keeps its own;
/// who else does is not asked here.
fn needed(entry: &Entry, subject: &[Entry]) -> usize {
    if subject.iter().any(|entry| entry.event.ends_reading()) {
        return usize::from(entry.version == Version(1)).min(most(entry));
    }
    let parties = subject.first().map(|first| parties(&first.event));
    most(entry).min(parties.map_or(1, |parties| parties.len().max(1)))
}

/// The two municipalities that a subject is about, by its first entry; none of what is a municipality's own.
fn parties(first: &Event) -> BTreeSet<MunicipalityCode> {
    if let Event::RelocationRegistered {
        sender, recipient, ..
    } = first
    {
        return BTreeSet::from([*sender, *recipient]);
    }
    if let Event::ArrivalReported {
        municipality,
        previous,
        ..
    } = first
    {
        return BTreeSet::from([*municipality, *previous]);
    }
    if let Event::AlertRaised { asking, asked, .. } = first {
        return BTreeSet::from([*asking, *asked]);
    }
    BTreeSet::new()
}
