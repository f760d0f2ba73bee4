//! What makes a copied file of the key store a backup: that the root keys open it, and that its mark is older than any
//! copy of the journal that was made meanwhile.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::mark::{Mark, Round};
use crate::sqlite::{marks, roots, schema};
use crate::{OpenError, RootKeys};

/// A backup that was begun.
#[derive(Debug)]
pub struct Backup {
    mark: Option<Mark>,
}

impl Backup {
    /// Begins one of the key store in a file, beside whoever has it, and before anything is copied.
    pub fn begin(file: &Path, given: &RootKeys) -> Result<Self, OpenError> {
        let store = schema::reader(file)?;
        schema::is_current(&store)?;
        roots::verify(&store, given)?;
        let mark = marks::mark(&store, Round::Erasing)?;
        Ok(Self { mark })
    }

    /// Gives a copy of that file the mark with which the backup began. Later erasures are in the copy too, and are
    /// only looked for again.
    pub fn end(self, copy: &Path) -> Result<(), OpenError> {
        let mut store = Connection::open(copy)?;
        let transaction = store.transaction_with_behavior(TransactionBehavior::Immediate)?;
        marks::forget(&transaction, Round::Erasing)?;
        if let Some(mark) = &self.mark {
            marks::set(&transaction, Round::Erasing, mark)?;
        }
        transaction.commit()?;
        Ok(())
    }
}
