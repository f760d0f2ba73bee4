//! The marks of the rounds over a journal, as statements.

use tokio_postgres::types::ToSql;

use crate::mark::{Mark, Round};

macro_rules! statements {
    ($table:literal) => {
        Statements {
            newest: concat!(
                "SELECT position, leaf FROM flyttbud_keys.",
                $table,
                " ORDER BY position DESC LIMIT 1"
            ),
            set: concat!(
                "WITH older AS (DELETE FROM flyttbud_keys.",
                $table,
                " WHERE position < $1) INSERT INTO flyttbud_keys.",
                $table,
                " (position, leaf) VALUES ($1, $2) ON CONFLICT DO NOTHING"
            ),
            forget: concat!("DELETE FROM flyttbud_keys.", $table),
        }
    };
}

/// What is said to the table of a round.
struct Statements {
    newest: &'static str,
    set: &'static str,
    forget: &'static str,
}

const ERASED: Statements = statements!("erased");
const FOLLOWED: Statements = statements!("followed");

fn of(round: Round) -> &'static Statements {
    match round {
        Round::Erasing => &ERASED,
        Round::Following => &FOLLOWED,
    }
}

/// Reads the newest mark.
pub(super) fn newest(round: Round) -> &'static str {
    of(round).newest
}

/// Sets a newer mark in place of the older ones.
pub(super) fn set(
    round: Round,
    Mark { position, leaf }: &Mark,
) -> (&'static str, Vec<Box<dyn ToSql + Send + Sync>>) {
    let values: [Box<dyn ToSql + Send + Sync>; 2] =
        [Box::new(position.0.cast_signed()), Box::new(leaf.to_vec())];
    (of(round).set, values.into())
}

/// Forgets all marks.
pub(super) fn forget(round: Round) -> &'static str {
    of(round).forget
}
