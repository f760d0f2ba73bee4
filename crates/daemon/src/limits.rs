//! The daemon's bounds.

use std::time::Duration;

/// A TLS handshake that takes longer is given up: an honest one takes milliseconds.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once: enough for every municipality to reconnect together.
pub(crate) const HANDSHAKES_MAX: usize = 512;
/// Of these, how many one address may have: a quarter, so that one that connects and says nothing leaves the others
/// theirs. An honest handshake holds its place for milliseconds, also where all come through one address.
pub(crate) const HANDSHAKES_PER_ADDRESS: usize = 128;
/// How often it is said that connections were ended because there were too many.
pub(crate) const FULL_TOLD: Duration = Duration::from_mins(1);
/// How often certificate files are looked at for a change.
pub(crate) const CERTIFICATE_POLL: Duration = Duration::from_mins(1);
/// How long tasks may take to end after a drain began.
pub(crate) const DRAIN: Duration = Duration::from_secs(25);
/// After a connection that could not be accepted: out of file handles, the next one fails too.
pub(crate) const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// How long a statement may take on a database server. Each is of milliseconds; a lock that is held this long
/// is held by something that is wrong.
pub(crate) const STATEMENT: Duration = Duration::from_secs(4);
/// How long a database's answer may take altogether: the server's limit comes first, unless it is gone.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);
/// How long one database host may take until a connection to it is of use: then the next one is tried.
pub(crate) const CONNECT: Duration = Duration::from_secs(3);
/// How long sent data may stay unconfirmed until a database connection counts as lost.
pub(crate) const UNCONFIRMED: Duration = Duration::from_secs(5);
/// How long a read waits for a free database connection: longer, and its caller has given up.
pub(crate) const POOL_WAIT: Duration = Duration::from_secs(5);
/// How long one step of a migration may take: large tables may be rewritten, while the service stands.
pub(crate) const MIGRATE: Duration = Duration::from_hours(1);
