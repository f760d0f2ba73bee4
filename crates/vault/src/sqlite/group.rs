//! What each change does to the tables. Nothing is committed here.

use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use rusqlite::{Transaction, params};
use uuid::Uuid;

use super::gathered::{Fate, Key};
use super::{accesses, marks, notes, refusals, reviews, roots};
use crate::part::KeysId;
use crate::seal::WrappedKeys;
use crate::search::SearchRow;
use crate::store::{Change, kind_number};

/// What one group changes.
pub(super) struct Group<'a> {
    pub(super) transaction: Transaction<'a>,
    /// Search rows of newer subjects are gathered.
    pub(super) mark: Uuid,
    /// What becomes of search rows when it is committed.
    pub(super) fates: Vec<Fate>,
}

/// Lets a row be found by its token.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    key: &Key,
    kind: u8,
) -> Result<usize, rusqlite::Error> {
    transaction
        .prepare_cached(
            "INSERT INTO search (authority, token, subject, kind) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            key.authority,
            key.token,
            key.subject.as_bytes(),
            kind
        ])
}

impl Group<'_> {
    /// Returns how many rows it touched; of what is deleted, rows of keys alone.
    pub(super) fn apply(&mut self, change: &Change) -> Result<usize, rusqlite::Error> {
        match change {
            Change::Key(key) => roots::make(&self.transaction, key),
            Change::Root(id, proof) => roots::name(&self.transaction, id, proof),
            Change::Rewrap(root, keys) => roots::rewrap(&self.transaction, root, keys),
            Change::RetireRoots(newest) => roots::retire(&self.transaction, newest),
            // nobody else has the file
            Change::Hold(_) => Ok(0),
            Change::DropPseudonymKeys(epoch) => {
                roots::drop_pseudonym_keys(&self.transaction, *epoch)
            }
            Change::Put(keys, tokens) => self.put(keys, tokens),
            Change::Drop(keys) => self.drop_keys(keys),
            Change::Erase(authority, subject) => self.erase(*authority, *subject),
            Change::EraseVersion(authority, subject, version) => self
                .transaction
                .prepare_cached(
                    "DELETE FROM body_keys WHERE subject = ?1 AND version = ?2 AND authority = ?3",
                )?
                .execute(params![
                    subject.id.as_bytes(),
                    version.0,
                    authority.number()
                ]),
            Change::Mark(round, mark) => marks::set(&self.transaction, *round, mark),
            Change::ForgetMark(round) => marks::forget(&self.transaction, *round),
            Change::Sweep(subjects, left_over) => self.sweep_all(subjects, left_over),
            Change::Access(access) => accesses::insert(&self.transaction, access),
            Change::Review(review) => reviews::insert(&self.transaction, review),
            Change::Note(note) => notes::write(&self.transaction, note),
            Change::RemoveNote(name) => notes::remove(&self.transaction, *name),
            Change::Refusals(refused) => refusals::insert(&self.transaction, refused),
        }
    }

    fn put(&mut self, keys: &WrappedKeys, tokens: &[SearchRow]) -> Result<usize, rusqlite::Error> {
        let mut insert_keys = self.transaction.prepare_cached(
            "INSERT INTO body_keys (subject, version, authority, sealing, kind, epoch, wrapped) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?;
        let id = &keys.id;
        for row in &keys.rows {
            insert_keys.execute(params![
                id.subject.id.as_bytes(),
                id.version.0,
                row.authority.number(),
                id.sealing,
                kind_number(id.subject.kind),
                row.epoch,
                row.wrapped,
            ])?;
        }
        let mut insert_row = self.transaction.prepare_cached(
            "INSERT INTO search_rows (subject, authority, token, kind) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO NOTHING",
        )?;
        for row in tokens {
            let key = Key {
                authority: row.authority.number(),
                token: row.token,
                subject: row.subject.id,
            };
            let kind = kind_number(row.subject.kind);
            insert_row.execute(params![
                key.subject.as_bytes(),
                key.authority,
                key.token,
                kind
            ])?;
            if key.subject > self.mark {
                self.fates.push(Fate::Came(key, kind));
            } else {
                insert(&self.transaction, &key, kind)?;
            }
        }
        Ok(keys.rows.len())
    }

    fn drop_sealing(&mut self, keys: &KeysId) -> Result<usize, rusqlite::Error> {
        self.transaction
            .prepare_cached(
                "DELETE FROM body_keys WHERE subject = ?1 AND version = ?2 AND sealing = ?3",
            )?
            .execute(params![
                keys.subject.id.as_bytes(),
                keys.version.0,
                keys.sealing
            ])
    }

    fn drop_keys(&mut self, keys: &KeysId) -> Result<usize, rusqlite::Error> {
        let id = keys.subject.id;
        let dropped = self.drop_sealing(keys)?;
        // a subject of which nothing is left must not be found
        let is_left = self
            .transaction
            .prepare_cached("SELECT 1 FROM body_keys WHERE subject = ?1")?
            .exists([id.as_bytes()])?;
        if !is_left {
            self.hide(id, None)?;
        }
        Ok(dropped)
    }

    fn erase(
        &mut self,
        authority: MunicipalityCode,
        subject: Subject,
    ) -> Result<usize, rusqlite::Error> {
        let erased = self
            .transaction
            .prepare_cached("DELETE FROM body_keys WHERE subject = ?1 AND authority = ?2")?
            .execute(params![subject.id.as_bytes(), authority.number()])?;
        self.hide(subject.id, Some(authority))?;
        Ok(erased)
    }

    fn sweep_all(
        &mut self,
        subjects: &[Uuid],
        left_over: &[KeysId],
    ) -> Result<usize, rusqlite::Error> {
        let mut swept = 0;
        for subject in subjects {
            swept += self.sweep(*subject)?;
        }
        for keys in left_over {
            swept += self.drop_sealing(keys)?;
        }
        Ok(swept)
    }

    fn sweep(&mut self, subject: Uuid) -> Result<usize, rusqlite::Error> {
        let swept = self
            .transaction
            .prepare_cached("DELETE FROM body_keys WHERE subject = ?1")?
            .execute([subject.as_bytes()])?;
        self.hide(subject, None)?;
        Ok(swept)
    }

    /// Lets a subject no longer be found, by one authority or by all.
    fn hide(
        &mut self,
        subject: Uuid,
        authority: Option<MunicipalityCode>,
    ) -> Result<(), rusqlite::Error> {
        let mut hide = self.transaction.prepare_cached(
            "DELETE FROM search_rows WHERE subject = ?1 AND authority = coalesce(?2, authority) \
             RETURNING authority, token",
        )?;
        let hidden = hide.query_map(
            params![subject.as_bytes(), authority.map(MunicipalityCode::number)],
            |row| {
                Ok(Key {
                    authority: row.get(0)?,
                    token: row.get(1)?,
                    subject,
                })
            },
        )?;
        let mut delete = self.transaction.prepare_cached(
            "DELETE FROM search WHERE authority = ?1 AND token = ?2 AND subject = ?3",
        )?;
        for key in hidden {
            let key = key?;
            delete.execute(params![key.authority, key.token, subject.as_bytes()])?;
            self.fates.push(Fate::Went(key));
        }
        Ok(())
    }
}
