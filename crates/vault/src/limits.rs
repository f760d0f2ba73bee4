//! The key store's bounds.

use std::time::Duration;

/// Changes in one group commit: larger groups gave nothing more when measured.
pub(crate) const GROUP_CHANGES_MAX: usize = 256;
/// How long a group waits at most for those who are on the way: as long as a commit takes. A group is committed in a
/// fifth of the time for each of fifty that it takes for each of ten.
pub(crate) const GATHERED_FOR: Duration = Duration::from_millis(2);
/// Changes that may wait for the writer: some groups, then callers feel back-pressure.
pub(crate) const QUEUE_CHANGES_MAX: usize = 1024;
/// Looks of one kind that one statement over PostgreSQL answers: as many as changes in a group.
pub(crate) const LOOKS_MAX: usize = 256;
/// How long a caller waits for a change in PostgreSQL: a switch to another primary often takes longer, and
/// whoever calls then is told so.
pub(crate) const CHANGE: Duration = Duration::from_secs(10);
/// How often a process that writes nothing looks whether its connection is lost, which takes no time: as long as it is not
/// seen by whoever changes the root key, once the database is back.
pub(crate) const REACHED: Duration = Duration::from_secs(2);
/// Pages between checkpoints of the write-ahead log: 4000 gave 12 to 20 % over 1000.
pub(crate) const CHECKPOINT_PAGES: i64 = 4000;
/// Bytes of a page: 8192 gave 9 % over 4096.
pub(crate) const PAGE_BYTES: i64 = 8192;
/// Idle reading connections that are kept: reads take microseconds, so few run at once.
pub(crate) const READERS_IDLE_MAX: usize = 8;
/// How long one connection waits for another: far above any commit, below every caller's deadline.
pub(crate) const BUSY: Duration = Duration::from_secs(5);
/// Notes that one statement reads at most: its text, one for each number of them, is parsed once.
pub(crate) const NAMES_MAX: usize = 8;
/// Names of notes about persons that a process remembers, so that nearly nobody is looked for in the file: some 40 MiB. Of a
/// store that has more none is remembered, and the file is asked, which costs each registration a tenth of a millisecond.
pub(crate) const NOTED_MAX: usize = 1024 * 1024;
/// Faults of a key store that are named one by one: nobody reads more, and they are counted all the same.
pub(crate) const FAULTS_MAX: usize = 100;
/// Search rows that gather before they are moved by token: the more, the more of them share a page. So many
/// are some 10 MiB of memory, and a tenth of a second to read at the start.
pub(crate) const GATHERED_ROWS: usize = 128 * 1024;
/// Search rows moved in one transaction: more than a group brings, and a page each at worst, so that the
/// writer is away for some 20 ms at most.
pub(crate) const MOVED_ROWS_MAX: usize = 1024;
/// How long a pseudonym key is used before the store is asked whether any was dropped: the bound within
/// which a drop by one process is final in all others.
pub(crate) const PSEUDONYM_KEYS_TRUSTED: Duration = Duration::from_secs(10);
/// How often a key is asked for when the answer is older than a drop: a drop at that very moment is rare, two
/// are not to be thought of.
pub(crate) const ASKED_MAX: usize = 3;
/// Bytes of the plaintext of one part: a request is at most 1 MiB, and a part is less than its request.
pub(crate) const PART_BYTES_MAX: usize = 1024 * 1024;
/// Authorities that read a shared part: the two parties, with room for a law that adds some.
pub(crate) const PART_READERS_MAX: usize = 8;
/// Search rows put together with the keys of one entry: two terms and the longest name, 24 pairs of words, for each of
/// two parties, and some.
pub(crate) const PUT_TOKENS_MAX: usize = 64;
/// Bytes of a small sealed value: an actor, that is four short texts, and some words beside it; or a
/// note, that is a page.
pub(crate) const SMALL_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a review: a hundred findings of 500 signs, each of two bytes at most in Swedish, and their names.
pub(crate) const REVIEW_BYTES_MAX: usize = 256 * 1024;
/// Subjects that one search finds: who has more must search more narrowly.
pub(crate) const FOUND_MAX: usize = 100;
/// Rows of the access log that one read returns.
pub(crate) const ACCESSES_MAX: usize = 1000;
/// Refusals kept of each authority, the newest: years of honest mistakes, or two MiB of one who repeats one.
pub(crate) const REFUSALS_MAX: usize = 10_000;
/// Subjects that one sweep looks at: a short read, and one short transaction after it.
pub(crate) const SWEEP_SUBJECTS_MAX: usize = 1000;
/// Rows carried at once from one store to another: some hundred KiB, and 16 MiB when all of them are as large as
/// can be.
pub(crate) const COPIED_ROWS: usize = 1024;
/// Keys wrapped anew in one step of a change of the root key: a group's worth, some 30 KiB and a millisecond, so that
/// nobody waits for it.
pub(crate) const REWRAPPED_MAX: usize = 256;
/// Bytes of a root key file: two short lines are under a hundred.
pub(crate) const ROOT_FILE_BYTES_MAX: u64 = 1024;
/// Signs of a root key's id: it stands in the store and in messages.
pub(crate) const ROOT_ID_SIGNS_MAX: usize = 64;
