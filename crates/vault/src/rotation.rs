//! Moving a store from one root key to another while processes use it: the new one is named the newest, every key is
//! wrapped anew, and the old ones are forgotten when they wrap nothing any more. Each step is one change of the store,
//! and where a move stands is read from the store alone: whoever is killed between two steps begins again there.
//!
//! What must never happen: a key that no process can open, or one under a root key that was said to be done with. So
//! the store, and no process, says which root key is the newest, and keeps a root key as long as a key refers to it.

use daemon::ErrorChain;
use daemon::postgres::Link;

use crate::copy::Place;
use crate::keys::KeyPlace;
use crate::limits::REWRAPPED_MAX;
use crate::postgres::roots::uses as uses_in_postgres;
use crate::sqlite::{roots::uses as uses_in_sqlite, schema};
use crate::store::{Change, PlacedKey, Rewrapped};
use crate::{Error, OpenError, RootKeys, Vault, postgres};

/// A root key, and how many keys of authorities it wraps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootUse {
    /// Its id.
    pub id: String,
    /// How many keys.
    pub keys: u64,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The new root key is the newest.
    Named,
    /// So many keys were wrapped anew.
    Wrapped(usize),
    /// What wraps nothing is forgotten.
    Retired,
    /// There is nothing to do.
    Done,
}

impl Vault {
    /// Takes other root keys into use, if they open all of the store; otherwise those in use stay. Returns which the
    /// store has, the newest first.
    pub async fn use_roots(&self, roots: RootKeys) -> Result<Vec<RootUse>, OpenError> {
        let in_use = self.inner.keys.roots();
        in_use.look_at(Some(roots.clone()));
        let looked = async {
            roots.verify(&self.inner.store.roots().await.map_err(unread)?)?;
            self.inner.store.root_uses().await.map_err(unread)
        };
        let looked = looked.await;
        if looked.is_ok() {
            in_use.replace(roots.clone());
        }
        in_use.look_at(None);
        if looked.is_ok() {
            self.hold(roots).await;
        }
        looked
    }

    /// Says which this process has. When it cannot be said now, the next connection says it.
    async fn hold(&self, roots: RootKeys) {
        match self.inner.store.apply(Change::Hold(roots)).await {
            Ok(0) => {}
            Ok(missing) => {
                tracing::error!(missing, "root keys not told: somebody has their locks");
            }
            Err(error) => {
                tracing::error!(error = %ErrorChain(&error), "root keys not told yet");
            }
        }
    }

    /// Moves the store to the newest of this process's root keys. Every other process that uses the store must have it
    /// by then, or can open less and less. `told` hears what the store has after each step, the newest first. Returns
    /// how many keys were wrapped anew; none when there was nothing to do.
    pub async fn rotate_root(&self, told: impl Fn(&[RootUse])) -> Result<Option<usize>, Error> {
        let (mut is_named, mut rewrapped) = (false, None);
        loop {
            match self.rotate_step(REWRAPPED_MAX).await? {
                Step::Named if is_named => {
                    let newest = self.inner.keys.roots().now();
                    return Err(Error::Contested(newest.newest().id().to_owned()));
                }
                Step::Named => is_named = true,
                Step::Wrapped(count) => *rewrapped.get_or_insert(0) += count,
                Step::Retired => {}
                Step::Done => return Ok(rewrapped),
            }
            rewrapped.get_or_insert(0);
            told(&self.inner.store.root_uses().await?);
        }
    }

    /// The next step, with so many keys at most.
    pub(crate) async fn rotate_step(&self, keys_max: usize) -> Result<Step, Error> {
        let store = &self.inner.store;
        let roots = self.inner.keys.roots().now();
        let (newest, id) = (roots.newest(), roots.newest().id());
        let stored = store.roots().await?;
        match stored.first() {
            // somebody may have named another one of its id meanwhile
            Some(first) if first.id == id => newest.verify(&first.proof)?,
            _ => {
                let change = Change::Root(id.to_owned(), newest.proof()?);
                store.apply(change).await?;
                return Ok(Step::Named);
            }
        }
        if let Some(count) = self.rewrap_some(&roots, keys_max).await? {
            return Ok(Step::Wrapped(count));
        }
        if stored.len() > 1 {
            store.apply(Change::RetireRoots(id.to_owned())).await?;
            return Ok(Step::Retired);
        }
        Ok(Step::Done)
    }

    /// Wraps the first keys anew that another root key wraps; how many, none when there are none. A damaged one must
    /// not keep others under a root key that somebody has seen: it is told when nothing else is left.
    async fn rewrap_some(&self, roots: &RootKeys, keys_max: usize) -> Result<Option<usize>, Error> {
        let (store, id) = (&self.inner.store, roots.newest().id());
        let mut after = KeyPlace::START;
        let mut damaged: Option<(KeyPlace, usize)> = None;
        loop {
            let page = store.keys_under_others(id, after, keys_max).await?;
            let Some(last) = page.last() else { break };
            after = last.place;
            let mut wrapped = Vec::with_capacity(page.len());
            for key in page {
                let place = key.place;
                match self.rewrap(key, roots) {
                    Err(Error::Tampered) => damaged.get_or_insert((place, 0)).1 += 1,
                    rewrapped => wrapped.push(rewrapped?),
                }
            }
            if !wrapped.is_empty() {
                let change = Change::Rewrap(id.to_owned(), wrapped);
                return store.apply(change).await.map(Some);
            }
        }
        let damaged = damaged.map(|(first, count)| Error::Damaged { first, count });
        damaged.map_or(Ok(None), Err)
    }

    fn rewrap(&self, key: PlacedKey, roots: &RootKeys) -> Result<Rewrapped, Error> {
        let name = key.place.name().ok_or(Error::Tampered)?;
        let bound = name.associated_data();
        let old = self.inner.keys.roots().get(&key.root)?;
        let opened = old.secret().open(&bound, &key.wrapped)?;
        let mut after = Vec::new();
        let newest = roots.newest().secret();
        newest.seal(&bound, &[opened.as_slice()], &mut after)?;
        Ok(Rewrapped {
            name,
            before: key.wrapped,
            after,
        })
    }
}

fn unread(error: Error) -> OpenError {
    OpenError::Store(Box::new(error))
}

/// Which root keys a store has, the newest first, beside whoever uses it. No root key is needed for that.
pub async fn root_uses(place: &Place) -> Result<Vec<RootUse>, OpenError> {
    match place {
        Place::File(path) => {
            let file = schema::reader(path)?;
            schema::is_current(&file)?;
            Ok(uses_in_sqlite(&file)?)
        }
        Place::Database(settings) => {
            let mut link = Link::open(settings, &(), |_notification| {}).await?;
            postgres::SCHEMA.is_current(&mut link).await?;
            Ok(uses_in_postgres(&mut link).await?)
        }
    }
}
