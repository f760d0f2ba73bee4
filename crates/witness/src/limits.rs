//! The witness's bounds.

use std::time::Duration;

/// Connections at once. A log needs one; each may hold a request of at most some 600 kB in memory.
pub(crate) const CONNECTIONS_MAX: usize = 64;
/// How long a connection lives: whoever means well opens another, and the others get their turn.
pub(crate) const CONNECTION: Duration = Duration::from_mins(10);
/// How long the head of a request may take, and a connection may be idle.
pub(crate) const HEAD: Duration = Duration::from_secs(30);
/// How long the body of a request may take: it is of some kB.
pub(crate) const BODY: Duration = Duration::from_secs(10);
/// How long requests under way may take to end when their connection is to: longer than one takes.
pub(crate) const DRAIN: Duration = Duration::from_secs(15);
/// Contradictions kept of each kind: one convicts a log, and a stranger who repeats what others published must not
/// fill the disk.
pub(crate) const CONTRADICTIONS_MAX: usize = 64;
/// Bytes of the file that holds what was cosigned last: one note.
pub(crate) const STATE_BYTES_MAX: u64 = 1024 * 1024;
