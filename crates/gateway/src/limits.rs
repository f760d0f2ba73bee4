//! The gateway's bounds. Both sides of each are tested; the public ones stand in docs/limits.md.

use std::time::Duration;

use jiff::SignedDuration;

/// One request or answer: an announcement is a few KiB; more is a mistake.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// A unary call without a shorter deadline of its own.
pub(crate) const CALL: Duration = Duration::from_secs(30);
/// Streams on one connection.
pub(crate) const CONNECTION_STREAMS_MAX: u32 = 128;
/// Calls at once on one connection; the rest wait their turn.
pub(crate) const CONNECTION_CALLS_MAX: usize = 64;
/// A quiet stream says that it lives.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// Between two looks whether an alarm of the log stands: the signer looks as often, and it costs one small read.
pub(crate) const ALARM_LOOK: Duration = Duration::from_secs(1);
/// The safety net under a lost hint.
pub(crate) const RECHECK: Duration = Duration::from_secs(5);
/// Between two looks at a vendor's grant while its stream is quiet: a busy record costs twenty small reads a second.
/// Before each notice the grant is looked at anyhow.
pub(crate) const GRANT_REST: Duration = Duration::from_millis(50);
/// Notices that wait for a slow reader; then we wait for it, and nobody else does.
pub(crate) const STREAM_BUFFER: usize = 32;
/// How old keys are before a sweep looks for their entry: no append of an hour ago can still be under way.
pub(crate) const SWEPT_AGE_MICROS: i64 = 3_600_000_000;
/// Subjects looked at in one step of a sweep: a short read, and one short transaction after it.
pub(crate) const SWEPT_SUBJECTS: usize = 1000;
/// Entries gone over at once for what a sweep would remove: as of the eraser's.
pub(crate) const SWEPT_ENTRIES: usize = 512;
/// Subjects that are named in the log when their keys are kept: enough to look for the cause, and one line.
pub(crate) const SWEPT_NAMED_MAX: usize = 10;
/// Between two sweeps: what is left over opens nothing that anybody has, and each reads the places of all keys.
pub(crate) const SWEPT_EVERY: Duration = Duration::from_hours(24);
/// Entries gone over at once for what they end: some milliseconds' work, in which calls wait for the processor.
pub(crate) const ERASER_ENTRIES: usize = 512;
/// Between two looks: as long as keys may outlive a gateway that died before it erased them.
pub(crate) const ERASER_EVERY: Duration = Duration::from_secs(10);
/// How far back that goes at the first start: longer than all gateways are ever away, and a short look.
pub(crate) const FOLLOWED_BACK: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Entries gone over at once for what follows from them.
pub(crate) const FOLLOWER_ENTRIES: usize = 512;
/// Entries followed at the same time: calls come first, and a database answers some questions at once.
pub(crate) const FOLLOWED_AT_ONCE: usize = 8;
/// Entries whose following fails in one look before it ends: more than what one municipality's damaged inbox keeps waiting.
pub(crate) const UNDONE_MAX: usize = 64;
/// Between two looks: as long as what follows may be left undone after a call that was cut off.
pub(crate) const FOLLOWER_EVERY: Duration = Duration::from_secs(10);
/// Entries that are remembered as followed until the journal is gone over up to there: ten seconds' at full speed, some
/// MiB. One more is followed twice.
pub(crate) const FOLLOWED_MAX: usize = 64 * 1024;
/// Between two looks at questions that nobody answered, by the record's clock: one list of some thousand at most.
pub(crate) const UNANSWERED_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// How late what was to be ended is ended still: not all of a day at once, after a pause, which no officer does.
pub(crate) const UNANSWERED_MISSED: SignedDuration = SignedDuration::from_hours(1);
/// Between two looks at the clock, however busy the record is.
pub(crate) const UNANSWERED_REST: Duration = Duration::from_millis(50);
/// When offices open, after midnight.
pub(crate) const OFFICE_OPENS: SignedDuration = SignedDuration::from_hours(8);
/// How long they are open.
pub(crate) const OFFICE_SECONDS: u32 = 8 * 3600;
/// Rows of a list when the caller names no number.
pub(crate) const PAGE_DEFAULT: usize = 50;
/// A sender's newest announcements that are gone through to count what waits.
pub(crate) const WAITING_MAX: usize = 1000;
/// Rows of a list at most.
pub(crate) const PAGE_MAX: usize = 500;
/// Bytes of entries on one page: clients take 4 MiB of a message unless they are told otherwise.
pub(crate) const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Refusals that wait to be recorded; the rest are counted in the log. Five callers that make mistakes alone fill it in
/// a second, and it is emptied five times as often.
pub(crate) const REFUSALS_WAITING_MAX: usize = 1024;
/// Between two writes of refusals: a flood costs five small transactions a second and no more.
pub(crate) const REFUSALS_REST: Duration = Duration::from_millis(200);
/// Field paths kept of one refusal: as many as its answer names.
pub(crate) const REFUSAL_FIELDS_MAX: usize = 25;
/// Accesses of a sample when the reviewer names no number: an hour's work.
pub(crate) const SAMPLE_DEFAULT: usize = 20;
/// Accesses of a sample at most: a day's work.
pub(crate) const SAMPLE_MAX: usize = 100;
/// Accesses of a period from which a sample is drawn: all are opened, which takes some hundred milliseconds. Who has
/// more reviews shorter periods.
pub(crate) const REVIEWED_ACCESSES_MAX: u64 = 100_000;
/// Accesses to what is marked as secret in one sample, which holds all of them: a week's work, and an answer of some
/// hundred KiB. Who has more reviews shorter periods.
pub(crate) const MARKED_ACCESSES_MAX: usize = 1000;
/// Accesses read at once for a sample: the most that the key store gives.
pub(crate) const ACCESSES_AT_ONCE: usize = 1000;
/// Readings told to whoever must know how far it spread: more of one announcement are no longer looked at one by one,
/// and the answer says that there are more.
pub(crate) const READINGS_MAX: usize = 1000;
/// Accesses to one thing gone over for those that opened it: a second's work. Only attempts that were refused make so
/// many, and the answer says that there may be more.
pub(crate) const OPENINGS_SOUGHT_MAX: usize = 100_000;
/// Signs of a reviewer's words about one access: the investigation itself is kept elsewhere.
pub(crate) const FINDING_SIGNS_MAX: usize = 500;
/// Relocations and arrivals of one person in an extract: as many as a search finds.
pub(crate) const EXTRACT_SUBJECTS_MAX: usize = 100;
/// How long an extract waits for the read tables, which are milliseconds behind the record: a ledger that another one
/// follows is behind for seconds.
pub(crate) const TABLES: Duration = Duration::from_secs(5);
/// Events in quarantine that an extract looks through at each code: as many wait where a version has been missing for weeks,
/// and they are opened one by one.
pub(crate) const EXTRACT_EVENTS_SOUGHT_MAX: usize = 10_000;
/// Accesses in an extract: some MiB of text, which nobody reads.
pub(crate) const EXTRACT_ACCESSES_MAX: usize = 10_000;
/// Events of the population register in one stream: a small municipality's day, and some seconds' work.
pub(crate) const IMPORT_EVENTS_MAX: usize = 1000;
/// Bytes of an own part at least: who acted, on which ground. What is longer has twice as many, and so on.
pub(crate) const OWN_BYTES_MIN: usize = 512;
/// Bytes of an own part that ends something for the other party, at least: the longest that an officer can write fits, so
/// that all that end it in this way are alike.
pub(crate) const ENDING_BYTES_MIN: usize = 8192;
/// How often a note is read and written again when somebody else wrote it meanwhile.
pub(crate) const NOTE_TRIES_MAX: usize = 8;
/// The same of a note that many change at once: of a household whose members are announced in the same moment each try
/// writes one at least, and there are no more than so many of them.
pub(crate) const SHARED_NOTE_TRIES_MAX: usize = 80;
/// How long one who was too late waits at most before the next try: as long as a few writes take.
pub(crate) const SHARED_NOTE_WAIT_MAX: Duration = Duration::from_millis(20);
/// Households of one person kept of one municipality, the newest: nobody moves with so many.
pub(crate) const HOUSEHOLDS_MAX: usize = 16;
/// Announcements of one household, the newest: twice as many as one can have members.
pub(crate) const HOUSEHOLD_MEMBERS_MAX: usize = 80;
/// Reports about one person kept of one municipality, the newest: as many as a search finds.
pub(crate) const ASKED_MAX: usize = 100;
/// Numbers of one person, old ones included: nobody has had more than a few, and each is looked under.
pub(crate) const PERSON_NUMBERS_MAX: usize = 16;
/// Signs that are read of a drill's word: one with a blank or a dash between all of them is half as long.
pub(crate) const DRILL_WORD_SIGNS_MAX: usize = 64;
/// Clock moves at most one leap year at a time.
pub(crate) const ADVANCE_SECONDS_MAX: i64 = 366 * 86_400;
