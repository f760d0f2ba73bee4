//! Notices over NATS: published by the relay, dispatched in the gateway to a lane for each municipality.
//!
//! Invariant: NATS may be down, lose, repeat or reorder; nothing here is the truth. No person is in any
//! subject, header or payload. No other crate speaks to NATS.

mod config;
mod connect;
mod dispatch;
mod lanes;
mod limits;
mod message;
mod pack;
mod place;
mod publisher;
mod server;
mod stream;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(test)]
mod tests;

pub use config::{Listen, NatsPlan, Nkey, new_nkey, server_config};
pub use connect::{ConnectError, Connection, Service, check_seed, connect};
pub use dispatch::dispatch;
pub use lanes::{Lane, Lanes, Wake};
pub use message::Notice;
pub use place::{Place, PlaceError};
pub use publisher::{PublishError, Publisher};
pub use server::{Server, ServerError};
pub use stream::{ProofError, prove};
