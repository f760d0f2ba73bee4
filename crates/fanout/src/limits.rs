//! The fan-out's bounds, each with its reason.

use std::time::Duration;

/// Notices that wait in a lane for its watchers: about 10 KB, and more than a municipality gets in a day. One
/// that falls further behind reads the journal instead.
pub(crate) const LANE_NOTICES: usize = 256;
/// Publishes in flight before their acknowledgements are waited for: half of what the client buffers, so that
/// handing over never waits for the socket and for acknowledgements at once.
pub(crate) const IN_FLIGHT_MAX: usize = 1024;
/// So many notices at once mean that the relay is behind: then it packs them.
pub(crate) const PACK_FROM: usize = 4;
/// Notices in one message: at some 700 bytes each under a fifth of what NATS takes (1 MiB).
pub(crate) const PACK_NOTICES: usize = 256;
/// Permits for publishes in flight: what a failed batch left behind keeps its permits for a moment.
pub(crate) const PERMITS: usize = 4 * IN_FLIGHT_MAX;
/// How long what a failed batch left behind is listened for: the batch is published again anyway.
pub(crate) const ABANDONED: Duration = Duration::from_millis(100);
/// A request to the server: longer than an election in a NATS cluster.
pub(crate) const REQUEST: Duration = Duration::from_secs(10);
/// Between tries to get a consumer: short, since a try costs one small request and watchers wait for it.
pub(crate) const RETRY: Duration = Duration::from_millis(25);
/// Notices that the server sends before it is asked for more: enough that it never waits for us, far fewer
/// than the client buffers (65,536).
pub(crate) const PULL_NOTICES: usize = 1024;
/// How long the server keeps a pull open before it is asked again.
pub(crate) const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// A consumer that says nothing for twice as long is lost.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
/// The server forgets a consumer that nobody asks: longer than a pull, so that it never forgets a living one.
pub(crate) const CONSUMER_IDLE: Duration = Duration::from_mins(1);
/// Refusals that wait for a proof; only proofs listen, and each causes one.
pub(crate) const REFUSALS: usize = 16;
/// A refusal comes before the answer to what was asked after it; on its way to us, on a busy machine, it gets this long.
pub(crate) const PROOF: Duration = Duration::from_secs(5);
/// How long notices stay in the stream: what aged out is read from the journal.
pub(crate) const NOTICES_AGE: Duration = Duration::from_hours(30 * 24);
/// What the stream may take on disk: at under 1 KB a notice, over a million, twice thirty days of all of
/// Sweden. The oldest go first: the journal has them.
pub(crate) const STREAM_BYTES: i64 = 2 * 1024 * 1024 * 1024;
/// What JetStream may take on disk: the stream and as much again. At this bound it would refuse instead.
pub(crate) const STORE_BYTES: i64 = 2 * STREAM_BYTES;
/// The duplicate window only saves traffic: numbers are what makes a repeat nothing. Two minutes is the
/// server's own default, and longer than a relay tries before it has asked again.
pub(crate) const DUPLICATES: Duration = Duration::from_mins(2);
/// Before the first reconnect; doubled up to the most.
pub(crate) const RECONNECT: Duration = Duration::from_millis(50);
/// Between reconnects at most: an outage ends quickly for us, and one try a second hurts no server.
pub(crate) const RECONNECT_MAX: Duration = Duration::from_secs(1);
/// How long a server may take to say its ports: it reads its stream first.
pub(crate) const SERVER_START: Duration = Duration::from_secs(20);
/// How long a server may take to end when it is asked to; then it is killed.
pub(crate) const SERVER_STOP: Duration = Duration::from_secs(10);
/// Between looks whether a server has started or ended.
pub(crate) const SERVER_LOOK: Duration = Duration::from_millis(10);
