//! One row of each table, as both kinds of store give it: its values, and whether what is sealed in it opens there.

use std::collections::BTreeMap;

use domain::municipality::MunicipalityCode;
use domain::subject::Version;
use rusqlite::types::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{CHANGED, NOBODYS, key, small};
use crate::RootKeys;
use crate::access::{AccessPlace, bound};
use crate::copy::{Row, Table};
use crate::keys::{KeyName, KeyPlace};
use crate::note;
use crate::part::KeysId;
use crate::review::ReviewRow;
use crate::seal::row_data;
use crate::secret::Secret;
use crate::store::{StoredAccess, subject};

/// Whether a row is sound, or what is wrong with it.
type Sound = Result<(), &'static str>;

/// The keys of a row, likewise.
type Unwrapped = Result<Zeroizing<Vec<u8>>, &'static str>;

/// A subject, and whose keys to it.
type Whose = (Uuid, i64);

/// A row whose columns stand as [`crate::copy::TABLES`] says.
#[derive(Clone, Copy)]
pub(super) struct Read<'a>(pub(super) &'a Row);

impl<'a> Read<'a> {
    pub(super) fn number(self, nth: usize) -> Result<i64, &'static str> {
        match self.0.get(nth) {
            Some(Value::Integer(number)) => Ok(*number),
            _ => Err(NOBODYS),
        }
    }

    fn small<T: TryFrom<i64>>(self, nth: usize) -> Result<T, &'static str> {
        T::try_from(self.number(nth)?).map_err(|_range| NOBODYS)
    }

    fn bytes(self, nth: usize) -> Result<&'a [u8], &'static str> {
        match self.0.get(nth) {
            Some(Value::Blob(bytes)) => Ok(bytes),
            _ => Err(NOBODYS),
        }
    }

    pub(super) fn id(self, nth: usize) -> Result<[u8; 16], &'static str> {
        self.bytes(nth)?.try_into().map_err(|_length| NOBODYS)
    }

    fn text(self, nth: usize) -> Result<&'a str, &'static str> {
        match self.0.get(nth) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(NOBODYS),
        }
    }

    fn authority(self, nth: usize) -> Result<MunicipalityCode, &'static str> {
        MunicipalityCode::from_number(self.small(nth)?).ok_or(NOBODYS)
    }

    /// Where it stands: what makes it unique in its table. Ids and tokens tell of no person without a key.
    pub(super) fn place(self, table: &Table) -> String {
        let columns = table.columns.iter().zip(self.0).take(table.unique);
        let columns = columns.map(|((name, _form), value)| match value {
            Value::Integer(number) => format!("{name} {number}"),
            Value::Blob(bytes) => {
                let id = Uuid::from_slice(bytes).unwrap_or_default();
                format!("{name} {id}")
            }
            Value::Text(text) => format!("{name} {text}"),
            Value::Null | Value::Real(_) => (*name).to_owned(),
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    /// It is by a root key that was given, and by its bytes.
    pub(super) fn root(self, roots: &RootKeys) -> Sound {
        let (id, proof) = (self.text(1)?, self.bytes(2)?);
        let root = roots.all().find(|root| root.id() == id);
        let root = root.ok_or("its file was not given")?;
        root.verify(proof)
            .map_err(|_false| "it is by other bytes than its file has, or was changed")
    }

    /// A key of an authority, unwrapped.
    pub(super) fn authority_key(self, roots: &RootKeys) -> Result<(KeyName, Secret), &'static str> {
        let place = KeyPlace {
            authority: self.number(0)?,
            epoch: self.number(1)?,
            purpose: self.number(2)?,
        };
        let (root, wrapped) = (self.text(3)?, self.bytes(4)?);
        let name = place.name().ok_or(NOBODYS)?;
        let root = roots.all().find(|given| given.id() == root);
        let root = root.ok_or("it is under a root key whose file was not given")?;
        let opened = root.secret().open(&name.associated_data(), wrapped);
        let secret = opened.ok().and_then(|bytes| Secret::from_slice(&bytes));
        Ok((name, secret.ok_or(CHANGED)?))
    }

    /// Whose keys to which subject, and the keys, unwrapped.
    pub(super) fn body_keys(self, keys: &BTreeMap<KeyName, Secret>) -> (Option<Whose>, Unwrapped) {
        let id = self.id(0).and_then(|id| Ok((id, self.number(2)?)));
        let id = id.ok().map(|(id, of)| (Uuid::from_bytes(id), of));
        (id, self.unwrapped(keys))
    }

    /// Which sealing the keys belong to.
    pub(super) fn keys_id(self) -> Result<KeysId, &'static str> {
        let of = subject(self.number(4)?, Uuid::from_bytes(self.id(0)?));
        Ok(KeysId {
            subject: of.map_err(|_kind| NOBODYS)?,
            version: Version(self.small(1)?),
            sealing: self.id(3)?,
        })
    }

    fn unwrapped(self, keys: &BTreeMap<KeyName, Secret>) -> Unwrapped {
        let id = self.keys_id()?;
        let (epoch, wrapped) = (self.small(5)?, self.bytes(6)?);
        let (name, secret) = key(keys, self.number(2)?, epoch)?;
        let opened = secret.open(&row_data(&id, name.authority, epoch), wrapped);
        opened.map_err(|_changed| CHANGED)
    }

    pub(super) fn access(self, keys: &BTreeMap<KeyName, Secret>) -> Sound {
        let access = StoredAccess {
            place: AccessPlace {
                at_micros: self.number(1)?,
                number: self.number(0)?,
            },
            kind: self.small(5)?,
            subject: Uuid::from_bytes(self.id(3)?),
            officer: self.id(6)?,
            sealed: self.bytes(4)?.to_vec(),
        };
        let bound = bound(&access).map_err(|_kind| NOBODYS)?;
        let bound = bound.iter().map(|(_what, ad)| ad.as_slice());
        small(keys, self.number(2)?, bound, &access.sealed)
    }

    pub(super) fn review(self, keys: &BTreeMap<KeyName, Secret>) -> Sound {
        let review = ReviewRow {
            number: self.number(0)?,
            authority: self.authority(1)?,
            request_id: Uuid::from_bytes(self.id(2)?),
            fingerprint: self.id(3)?,
            at_micros: self.number(4)?,
            from_micros: self.number(5)?,
            until_micros: self.number(6)?,
            sealed: self.bytes(7)?.to_vec(),
        };
        let bound = review.bound();
        let bound = bound.iter().map(Vec::as_slice);
        small(keys, self.number(1)?, bound, &review.sealed)
    }

    pub(super) fn note(self, keys: &BTreeMap<KeyName, Secret>) -> Sound {
        let bound = note::bound(self.small(1)?, self.id(2)?, self.number(3)?);
        let bound = bound.iter().map(Vec::as_slice);
        small(keys, self.number(0)?, bound, self.bytes(4)?)
    }
}
