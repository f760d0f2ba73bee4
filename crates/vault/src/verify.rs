//! Holding a key store against itself: each row that is sealed opens where it stands and with what stands in the clear
//! beside it, and what finds a subject is what was put with its keys. So a bit that turned, a row that was moved and one
//! that two have changed places with are named. Nothing is changed, and nothing that was opened is kept.
//!
//! What no row can tell of is not found here: an access that is gone as a whole, a row of keys that is unless the journal
//! is held against it ([`HeldKeys`]), and what was said in the clear of a refused call, of a drop of pseudonym keys, or of
//! how far a journal was gone over (docs/operation.md).

mod found;
mod held;
mod row;

use std::collections::BTreeMap;

use crate::copy::{Place, Row, Rows, TABLES, Table};
use crate::keys::{KeyName, KeyPlace, Purpose};
use crate::limits::FAULTS_MAX;
use crate::secret::Secret;
use crate::{Error, OpenError, RootKeys, access};

use found::Found;
use row::Read;

pub use held::HeldKeys;

/// What was seen of a key store.
#[derive(Debug)]
pub struct Verified {
    /// How many rows each table has.
    pub rows: Vec<(&'static str, u64)>,
    /// Search rows that an earlier program put: no row of keys holds a digest of them.
    pub unproven: u64,
    /// To which parts of entries somebody has keys.
    pub held: HeldKeys,
    /// What is wrong, the first hundred.
    pub faults: Vec<String>,
    /// How much is wrong.
    pub faults_count: u64,
}

/// Why a key store could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be opened, or its root keys are others.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What is seen so far.
struct Seen {
    keys: BTreeMap<KeyName, Secret>,
    found: Found,
    verified: Verified,
}

/// Holds one moment of a key store against itself, beside whoever has it.
pub async fn verify(place: &Place, roots: &RootKeys) -> Result<Verified, VerifyError> {
    let mut rows = place.beside().await?;
    let mut seen = Seen {
        keys: BTreeMap::new(),
        found: Found::default(),
        verified: Verified {
            rows: Vec::new(),
            unproven: 0,
            held: HeldKeys::default(),
            faults: Vec::new(),
            faults_count: 0,
        },
    };
    for said in rows.unsound(FAULTS_MAX).await? {
        seen.verified.add(said);
    }
    for table in &TABLES {
        let (mut after, mut count) = (None, 0);
        loop {
            let page = rows.page(table, after.as_ref()).await?;
            for row in &page {
                seen.look_at(table, row, roots, rows.as_mut()).await?;
            }
            count += u64::try_from(page.len()).unwrap_or(u64::MAX);
            let Some(last) = page.into_iter().last() else {
                break;
            };
            after = Some(last);
        }
        if table.name == "body_keys" {
            let found = &mut seen.found;
            found.end(rows.as_mut(), &mut seen.verified).await?;
            seen.verified.held.end();
        }
        seen.verified.rows.push((table.name, count));
    }
    Ok(seen.verified)
}

impl Seen {
    /// Looks at one row. What finds a subject is looked at with its keys.
    async fn look_at(
        &mut self,
        table: &Table,
        row: &Row,
        roots: &RootKeys,
        rows: &mut dyn Rows,
    ) -> Result<(), Error> {
        let read = Read(row);
        let is_sound = match table.name {
            "roots" => read.root(roots),
            "authority_keys" => self.authority_key(read, roots),
            "body_keys" => {
                let (id, keys) = read.body_keys(&self.keys);
                if let Ok(id) = read.keys_id() {
                    self.verified.held.add(&id);
                }
                let found = &mut self.found;
                found
                    .by(id, keys.as_deref(), rows, &mut self.verified)
                    .await?;
                keys.map(|_keys| ())
            }
            "accesses" => read.access(&self.keys),
            "reviews" => read.review(&self.keys),
            "notes" => read.note(&self.keys),
            _ => Ok(()),
        };
        if let Err(what) = is_sound {
            self.verified.fault(table, &read.place(table), what);
        }
        Ok(())
    }

    /// A key of an authority, which opens what comes after.
    fn authority_key(&mut self, read: Read<'_>, roots: &RootKeys) -> Result<(), &'static str> {
        let (name, secret) = read.authority_key(roots)?;
        self.keys.insert(name, secret);
        Ok(())
    }
}

impl Verified {
    /// What is wrong with one row. Its place tells of no person.
    fn fault(&mut self, table: &Table, place: &str, what: &'static str) {
        self.add(format!("{}, {place}: {what}", table.name));
    }

    fn add(&mut self, fault: String) {
        self.faults_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }
}

/// Opens a short value that is bound in one of some ways.
fn small<'a>(
    keys: &BTreeMap<KeyName, Secret>,
    authority: i64,
    bound: impl Iterator<Item = &'a [u8]>,
    sealed: &[u8],
) -> Result<(), &'static str> {
    let (epoch, sealed) = sealed.split_first_chunk().ok_or(CHANGED)?;
    let epoch = i16::from_be_bytes(*epoch);
    let (name, secret) = key(keys, authority, epoch)?;
    for ad in bound {
        let ad = access::small_data(name.authority, epoch, ad);
        if secret.open(&ad, sealed).is_ok() {
            return Ok(());
        }
    }
    Err(CHANGED)
}

/// The key that an authority seals with in a year.
fn key(
    keys: &BTreeMap<KeyName, Secret>,
    authority: i64,
    epoch: i16,
) -> Result<(&KeyName, &Secret), &'static str> {
    let place = KeyPlace {
        authority,
        epoch: epoch.into(),
        purpose: Purpose::Wrap.number().into(),
    };
    let name = place.name().ok_or(NOBODYS)?;
    keys.get_key_value(&name).ok_or(NO_KEY)
}

const CHANGED: &str = "it was changed, or stands where it does not belong";
const NOBODYS: &str = "its numbers mean nothing";
const NO_KEY: &str = "the key to it is not there, or does not open";
