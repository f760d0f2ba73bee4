//! The conformance suite: what every implementation of [`Journal`](crate::Journal) must do, as functions that
//! panic with what went wrong. Nothing here knows how a journal is stored.
//!
//! Each function takes a journal that is empty and that nobody else uses. One that needs a restart takes a
//! closure as well: it gives up the journal it was given, and the closure opens the same one again. The caller
//! keeps no handle of its own, since a journal may be locked to one.
//!
//! The tests of an implementation are one line each:
//!
//! ```text
//! conformance::order::appends_at_once_stand_in_one_order_without_gaps(journal).await;
//! ```
//!
//! [`whole::check`] goes through a journal from its first entry and looks for gaps, doubles and broken chains;
//! every function ends with it.

pub mod claims;
pub mod clock;
pub mod double;
pub mod given;
pub mod inbox;
#[cfg(test)]
pub(crate) mod list;
pub mod model;
pub mod order;
pub mod reading;
pub mod requests;
pub mod whole;
