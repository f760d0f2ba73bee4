//! The ledger service: tails the journal, applies the rules, appends what they find, writes the read tables,
//! relays notices to NATS, keeps the Merkle log and collects the cosignatures of its witnesses.
//!
//! Invariant: it decides nothing itself; what it appends is what the pure machine found, and the journal's
//! constraints make it once.

mod clock;
mod host;
mod leadership;
mod log;
mod relay;
pub mod replay;
mod rows;
mod serve;
mod tables;
mod witnesses;

use std::time::Duration;

use domain::subject::Position;

pub use host::{Host, HostError, begin, is_clock_plausible};
pub use leadership::Leadership;
pub use log::{Ended, Forgotten, Log, Memory, MemoryError, Scrubber};
pub use relay::Relay;
pub use serve::serve;
pub use witnesses::{AddressError, Witnesses, check_addresses};

/// Entries read at once: large enough for a quick replay, small enough to stay responsive.
const READ_ENTRIES: usize = 1000;
/// The digest of the state is logged after so many entries: some hours of a country's, so that of two ledgers that
/// differ, it is soon known since when.
const DIGEST_ENTRIES: u64 = 10_000;
/// How long registrations may wait to be written into the read tables: lists are a blink late, and a page of the file
/// is not written once for each.
const VIEWS_PAUSE: Duration = Duration::from_millis(100);
/// How long the machine waits for more entries once some came: what it finds is a blink later, and it does not
/// take the processor from the call that was just answered.
const GATHER: Duration = Duration::from_millis(3);
/// Notices published together: what the relay falls behind by while one batch is under way.
const RELAY_ENTRIES: usize = 512;
/// The safety net under a lost hint, and under a clock that somebody moved.
const POLL: Duration = Duration::from_secs(1);
/// Between tries when the store is away.
const STORE_RETRY: Duration = Duration::from_millis(250);
/// A store that is away for longer ends the ledger: another one, or a new start, may have more luck.
const STORE_AWAY: Duration = Duration::from_mins(1);
/// Between tries when NATS is away.
const RELAY_RETRY: Duration = Duration::from_millis(250);
/// Between tries at the start: a connection comes up within milliseconds.
const RELAY_START: Duration = Duration::from_millis(10);
/// The relay's mark among the read tables.
const RELAY_MARK: &str = "relay";

/// Waits until the edge is past a position, the time is up, or the drain began (false).
async fn wait(
    edge: &mut tokio::sync::watch::Receiver<Position>,
    past: Position,
    at_most: Duration,
    drain: &daemon::Drain,
) -> bool {
    tokio::select! {
        () = drain.cancelled() => false,
        moved = tokio::time::timeout(at_most, edge.wait_for(|edge| *edge > past)) => {
            // without a journal there is nothing to wait for
            !matches!(moved, Ok(Err(_)))
        }
    }
}
