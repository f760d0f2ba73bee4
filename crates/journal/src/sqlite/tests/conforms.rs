//! SQLite passes the conformance suite.

use std::fs;
use std::sync::Arc;

use super::House;
use crate::Journal;
use crate::conformance::list::{self, House as _, conforms};

impl list::House for House {
    async fn build() -> Self {
        Self::new()
    }

    async fn journal(&self) -> Arc<dyn Journal> {
        self.open()
    }

    async fn empty(&self) {
        for file in fs::read_dir(self.folder.path()).expect("a folder") {
            fs::remove_file(file.expect("a file").path()).expect("removed");
        }
    }
}

conforms!(House);
