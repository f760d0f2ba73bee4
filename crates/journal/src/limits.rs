//! The journal's bounds.

use std::time::Duration;

/// Batches in one group commit: larger groups gave nothing more when measured.
pub(crate) const GROUP_BATCHES_MAX: usize = 256;
/// Batches that may wait for the writer: some groups, then callers feel back-pressure.
pub(crate) const QUEUE_BATCHES_MAX: usize = 1024;
/// Looks of one kind that one statement over PostgreSQL answers: as many as batches in a group.
pub(crate) const LOOKS_MAX: usize = 256;
/// Entries in one batch: a household of twenty and what follows from it.
pub(crate) const BATCH_ENTRIES_MAX: usize = 64;
/// Bytes of one stored entry: a request is at most 1 MiB, sealing adds little.
pub(crate) const ENTRY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Entries that one read returns.
pub(crate) const READ_ENTRIES_MAX: usize = 4096;
/// Entries kept in memory for whoever follows the edge: what comes in while one reader makes a pause.
pub(crate) const TAIL_ENTRIES_MAX: usize = 4096;
/// Bytes of them as stored: some thousands of usual size, or a few of the largest.
pub(crate) const TAIL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Pages between checkpoints of the write-ahead log: 4000 gave 12 to 20 % over 1000.
pub(crate) const CHECKPOINT_PAGES: i64 = 4000;
/// Rows that one page of a list returns.
pub(crate) const LIST_ROWS_MAX: usize = 501;
/// How long the writer waits for somebody else's lock on the file. Nobody should have one: long enough for
/// a person who looks with another tool, short enough that callers still get their answer in time.
pub(crate) const LOCKED: Duration = Duration::from_secs(2);
