//! The bounds of the journal in PostgreSQL; those of a connection are `daemon`'s.

use std::time::Duration;

/// Bytes of entries in one group, reached by the last batch taken: what the server holds several times over
/// while it writes them.
pub(super) const GROUP_BYTES: usize = 8 * 1024 * 1024;
/// The furthest that an entry moves the clock, in seconds: three centuries, and sums stay in range.
pub(super) const ADVANCE_SECONDS_MAX: i64 = 10_000_000_000;
/// How long a caller waits for its append. A switch to another primary often takes longer; whoever calls then
/// is told so, and tries again.
pub(super) const APPEND: Duration = Duration::from_secs(10);
/// Between tries to reach the database again: an outage ends quickly for us, and hurts no server.
pub(super) const RETRY: Duration = Duration::from_millis(250);
/// How long the lead lasts when it is not renewed: another ledger takes over after it. Long enough for a slow
/// network, short enough that nobody notices.
pub(super) const LEASE: Duration = Duration::from_secs(4);
/// Between renewals of the lead, and between claims to it.
pub(super) const RENEW: Duration = Duration::from_secs(1);
/// Between looks at the edge, when no notification came: what a lost one costs.
pub(super) const POLL: Duration = Duration::from_secs(1);
/// Between looks at the edge, however many notifications come: fewer than two hundred a second cost the server
/// nothing, and nobody notices five milliseconds.
pub(super) const LOOKS_APART: Duration = Duration::from_millis(5);
