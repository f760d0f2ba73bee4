//! The gateway: the public contract over the record. Stateless; any number may run.
//!
//! Invariant: nothing reaches the record or the key store without a permit made from the client's
//! certificate, and nothing leaves in the clear but to the party it belongs to.

mod access;
mod administration;
mod alert;
mod arrival;
mod asked;
mod body;
mod call;
mod caller;
mod core;
mod directory;
mod disclose;
mod erasure;
mod follow;
mod household;
mod inbox;
mod ledger;
mod limits;
mod note;
mod page;
mod permit;
mod person;
mod protection;
mod read;
mod refusals;
mod register;
mod relocation;
mod secrecy;
mod serve;
mod show;
mod streams;
mod sweep;
#[cfg(test)]
mod testing;
mod tiles;
mod transport;
mod unanswered;
mod write;

pub use caller::{Trust, roles};
pub use core::{Core, Keepalive, Parts};
pub use erasure::{EraseError, erase_ended, keep_erasing};
pub use follow::keep_following;
pub use serve::{ServeError, serve};
pub use sweep::{keep_sweeping, key_epoch};
pub use unanswered::keep_ending_unanswered;
