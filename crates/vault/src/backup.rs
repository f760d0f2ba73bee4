//! What makes a copied file of the key store a backup: that the root keys open it, and that its mark is older than any
//! copy of the journal that was made meanwhile.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::erasure::Mark;
use crate::sqlite::{roots, schema};
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
        let mark = schema::mark(&store)?;
        Ok(Self { mark })
    }

    /// Gives a copy of that file the mark with which the backup began. Later erasures are in the copy too, and are
    /// only looked for again.
    pub fn end(self, copy: &Path) -> Result<(), OpenError> {
        let mut store = Connection::open(copy)?;
        let transaction = store.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("DELETE FROM erased", [])?;
        if let Some(mark) = &self.mark {
            schema::set_mark(&transaction, mark)?;
        }
        transaction.commit()?;
        Ok(())
    }
}
