//! The daemon's bounds.

use std::time::Duration;

/// A TLS handshake that takes longer is given up: an honest one takes milliseconds.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once: enough for every municipality to reconnect together.
pub(crate) const HANDSHAKES_MAX: usize = 512;
/// How often certificate files are looked at for a change.
pub(crate) const CERTIFICATE_POLL: Duration = Duration::from_mins(1);
/// How long tasks may take to end after a drain began.
pub(crate) const DRAIN: Duration = Duration::from_secs(25);
/// After a connection that could not be accepted: out of file handles, the next one fails too.
pub(crate) const ACCEPT_RETRY: Duration = Duration::from_millis(100);
