//! A witness of logs, c2sp.org/tlog-witness: it cosigns what continues what it cosigned before, and nothing else.
//!
//! Invariant: whatever it cosigned is on the disk before anybody is answered, and two answers never contradict each
//! other: not when they are asked for at once, and not when the process is killed between any two steps.

mod config;
mod contradiction;
#[cfg(test)]
mod given;
mod limits;
mod server;
mod witness;

pub use config::Config;
pub use server::serve;
pub use witness::{Answer, OpenError, Witness};
