//! How far a journal was gone over, and for what.
//!
//! A mark never runs ahead of what it stands for: a store that loses the newest of what it was told, or is restored
//! from an older copy, has an older mark, and whoever goes on from there does it again.

use domain::subject::Position;

use crate::store::Change;
use crate::{Error, Vault};

/// What a journal is gone over for. Each has a mark of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// What its entries end is erased here.
    Erasing,
    /// What its entries lead to is done.
    Following,
}

/// How far a journal was gone over: up to this entry and with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where the entry stands.
    pub position: Position,
    /// The hash of the entry as stored. Another one at this place is of another history.
    pub leaf: [u8; 32],
}

impl Vault {
    /// The newest mark. None when nothing was gone over yet.
    pub async fn mark(&self, round: Round) -> Result<Option<Mark>, Error> {
        self.inner.store.mark(round).await
    }

    /// Sets a newer mark, once everything up to it is done. An older one changes nothing: several processes may go
    /// over a journal at once.
    pub async fn set_mark(&self, round: Round, mark: Mark) -> Result<(), Error> {
        self.inner.store.apply(Change::Mark(round, mark)).await?;
        Ok(())
    }

    /// Forgets the mark: the journal that it stands for is lost, and the one there is now is gone over from its
    /// beginning.
    pub async fn forget_mark(&self, round: Round) -> Result<(), Error> {
        self.inner.store.apply(Change::ForgetMark(round)).await?;
        Ok(())
    }
}
