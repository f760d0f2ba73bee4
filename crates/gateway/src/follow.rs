//! What follows from an announcement or a report: what the receiver's register told before is compared, and whoever became
//! protected at that very moment is held to that. It is done at once by whoever appended the entry, when that was sent
//! again by whoever answers it again, and in any case by whoever goes over the journal after it. A gateway does so from
//! its start on; so no call that is cut off, and no crash, leaves it undone. And from a drill that is due its word follows,
//! which the ledger has no keys to seal.
//!
//! Whatever an entry leads to may be done again and leads to the same. Nothing of it is an answer to anybody.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use api::status::Refusal;
use daemon::ErrorChain;
use domain::entry::{Entry, Event, Part};
use domain::identity::IdentityNumber;
use domain::municipality;
use domain::reason::Class;
use domain::subject::{Position, Subject, SubjectKind};
use futures_util::future::{join, join_all};
use journal::{Journal, ReadError};
use ledger::RelocationFold;
use tlog::tree::Hash;
use tokio::time::timeout;
use vault::{Mark, NoteKind, Round};

use crate::asked;
use crate::core::Core;
use crate::directory::drills;
use crate::erasure::{EraseError, known};
use crate::household;
use crate::limits::{
    FOLLOWED_AT_ONCE, FOLLOWED_BACK, FOLLOWED_MAX, FOLLOWER_ENTRIES, FOLLOWER_EVERY, UNDONE_MAX,
};
use crate::permit::Party;
use crate::person::Person;
use crate::protection;
use crate::read::{NOW, written};
use crate::register;

/// Entries of which this process has done what follows, until the journal is gone over up to there.
#[derive(Default)]
pub(crate) struct Followed(Mutex<BTreeSet<Position>>);

impl Followed {
    /// One that does not fit is followed once more.
    fn insert(&self, position: Position) {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if done.len() < FOLLOWED_MAX {
            done.insert(position);
        }
    }

    fn contains(&self, position: Position) -> bool {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        done.contains(&position)
    }

    /// The journal is gone over up to here.
    fn forget(&self, up_to: Position) {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        done.retain(|position| *position > up_to);
    }
}

/// Follows an announcement of the party's that stands in the record now. What cannot be compared is when the journal is
/// gone over: what was registered stands, whatever becomes of this.
pub(crate) async fn announced(
    core: &Core,
    party: Party,
    (position, fold): (Position, &RelocationFold),
    whom: (&IdentityNumber, bool),
) -> Result<(), Refusal> {
    let (held, settled) = settle(core, party, fold, whom).await;
    held?;
    match settled {
        Ok(()) => core.followed.insert(position),
        Err(refusal) => {
            let reason = refusal.reason.code();
            tracing::warn!(reason, "not compared yet with what the register told");
        }
    }
    Ok(())
}

/// Follows a report of an arrival, likewise.
pub(crate) async fn reported(
    core: &Core,
    party: Party,
    position: Position,
    number: &IdentityNumber,
) -> Result<(), Refusal> {
    hold(core, party, number).await?;
    core.followed.insert(position);
    Ok(())
}

/// Whoever became protected is held to that; what the receiver's register told before is compared.
async fn settle(
    core: &Core,
    party: Party,
    fold: &RelocationFold,
    (number, is_marked): (&IdentityNumber, bool),
) -> (Result<(), Refusal>, Result<(), Refusal>) {
    let settled = async {
        // where a person with a secrecy marking is registered is not compared
        if is_marked {
            Ok(())
        } else {
            register::settle_announced(core, fold, number).await
        }
    };
    join(hold(core, party, number), settled).await
}

async fn hold(core: &Core, party: Party, number: &IdentityNumber) -> Result<(), Refusal> {
    let person = Person::read(core, party, number, &[NoteKind::Protected]).await?;
    if !protection::hold(core, &person).await? {
        protection::hold_household(core, &person).await?;
    }
    Ok(())
}

/// Goes over what is appended, until the drain. A call may have been cut off, or another gateway may have died, before
/// it did what follows from its own entry; or what follows could not be done then.
///
/// How far it is gone over is the key store's, and so whoever of several gateways looks first goes over what came since, alone:
/// what another one has done at once is done once more, not once for each of them. To know it a mark for each entry would
/// have to be written, with each registration; a look costs less.
pub async fn keep_following(core: Arc<Core>) {
    let mut is_first = true;
    while !core.drain.is_cancelled() {
        if is_first {
            match write_due(&core).await {
                Ok(()) => is_first = false,
                Err(error) => {
                    tracing::error!(error = %ErrorChain(&error), "drills not written yet");
                }
            }
        }
        match follow_behind(&core).await {
            Ok(0) => {}
            Ok(followed) => tracing::debug!(entries = followed, "entries followed again"),
            Err(error) => tracing::error!(error = %ErrorChain(&error), "entries not followed yet"),
        }
        timeout(FOLLOWER_EVERY, core.drain.cancelled()).await.ok();
    }
}

/// Writes the words of the newest drills that nobody wrote: a gateway of an older release went over what was due, and
/// knew of no words.
async fn write_due(core: &Core) -> Result<(), FollowError> {
    let mut undone = None;
    for municipality in municipality::all() {
        let subject = Subject::municipality(municipality.code);
        let entries = core.journal.subject(subject, NOW).await;
        let entries = entries.map_err(EraseError::from)?;
        let is_due = |entry: &&Entry| matches!(entry.event, Event::DrillSent { .. });
        if let Some(due) = entries.iter().rev().find(is_due)
            && let Err(error) = again(core, due).await
        {
            undone = undone.or(Some(error));
        }
    }
    undone.map_or(Ok(()), Err)
}

/// Goes over the entries that were not gone over yet, and does what follows from them. Returns from how many it did.
pub(crate) async fn follow_behind(core: &Core) -> Result<usize, FollowError> {
    let round = Round::Following;
    let (journal, vault) = (core.journal.as_ref(), &core.vault);
    let before = match known(journal, vault, round).await {
        // what is lost is told by whoever erases; what there is now may lack what followed
        Err(EraseError::Lost { .. }) => {
            vault.forget_mark(round).await.map_err(EraseError::from)?;
            None
        }
        known => known?,
    };
    let mut after = match before {
        Some(mark) => mark.position,
        None => recent(journal).await.map_err(EraseError::from)?,
    };
    let (mut followed, mut newest, mut undone) = (0, None, Vec::new());
    while !core.drain.is_cancelled() {
        let page = journal.read_after(after, FOLLOWER_ENTRIES).await;
        let page = page.map_err(EraseError::from)?;
        let Some(last) = page.last() else {
            // only now: what followed stands before the mark too, so that no record has the mark's entry and not it
            if let Some(error) = undone.pop() {
                return Err(error);
            }
            if let Some(mark) = newest {
                let set = vault.set_mark(round, mark).await;
                set.map_err(EraseError::from)?;
                core.followed.forget(mark.position);
            }
            break;
        };
        after = last.entry.position;
        newest = Some(Mark {
            position: after,
            leaf: *Hash::leaf(&last.bytes).as_bytes(),
        });
        let entries = page.iter().map(|stored| &stored.entry);
        let left: Vec<&Entry> = entries
            .filter(|entry| leads_on(entry) && !core.followed.contains(entry.position))
            .collect();
        for some in left.chunks(FOLLOWED_AT_ONCE) {
            // what cannot be done about one municipality now keeps nobody else waiting
            let done = join_all(some.iter().map(|entry| again(core, entry))).await;
            for (entry, done) in some.iter().zip(done) {
                match done {
                    Ok(()) => {
                        core.followed.insert(entry.position);
                        followed += 1;
                    }
                    Err(error) => undone.push(error),
                }
            }
            // a store that is away is not asked for each of them
            if undone.len() > UNDONE_MAX
                && let Some(error) = undone.pop()
            {
                return Err(error);
            }
        }
        tokio::task::yield_now().await;
    }
    Ok(followed)
}

/// Where to begin when nobody knows how far the journal was gone over: at the first start, or over another record than
/// the key store knew. A call that was cut off was so not long before.
async fn recent(journal: &dyn Journal) -> Result<Position, ReadError> {
    let recorded_at = async |position: u64| {
        let found = journal.read_after(Position(position.saturating_sub(1)), 1);
        let found = found.await?;
        Ok(found.first().map(|stored| stored.entry.recorded_at))
    };
    let newest = journal.edge().borrow().0;
    let Some(newest_at) = recorded_at(newest).await? else {
        return Ok(Position(0));
    };
    let from = newest_at.checked_sub(FOLLOWED_BACK).unwrap_or(newest_at);
    // whatever stands up to `before` is older, and `within` is not
    let (mut before, mut within) = (0, newest);
    while within - before > 1 {
        let middle = before + (within - before) / 2;
        match recorded_at(middle).await? {
            Some(at) if at < from => before = middle,
            _ => within = middle,
        }
    }
    Ok(Position(before))
}

/// Whether anything follows from an entry. An arrival that the register told has no text for anybody else, and the event
/// that made it is sent again until it is answered.
fn leads_on(entry: &Entry) -> bool {
    if matches!(entry.event, Event::ArrivalReported { .. }) {
        return entry.sealed.iter().any(|part| part.part == Part::Shared);
    }
    is_over(entry)
        || matches!(
            entry.event,
            Event::RelocationRegistered { .. } | Event::DrillSent { .. }
        )
}

/// Whether an announcement may be read no more by somebody: then nothing is kept there of whom it named together.
fn is_over(entry: &Entry) -> bool {
    entry.subject.kind == SubjectKind::Relocation && entry.event.ends_reading()
}

/// Does what follows from an entry. What may be possible later stops whoever goes over the journal; what never will be
/// is told, and stops nothing.
async fn again(core: &Core, entry: &Entry) -> Result<(), FollowError> {
    let Err(refusal) = follow_one(core, entry).await else {
        return Ok(());
    };
    let (position, reason) = (entry.position, refusal.reason);
    match reason.class() {
        Class::Unavailable
        | Class::DeadlineExceeded
        | Class::Aborted
        | Class::ResourceExhausted => Err(FollowError::Entry {
            position,
            reason: reason.code(),
        }),
        Class::InvalidArgument
        | Class::FailedPrecondition
        | Class::PermissionDenied
        | Class::Unauthenticated
        | Class::NotFound
        | Class::AlreadyExists
        | Class::Internal => {
            tracing::error!(
                entry.position = position.0,
                reason = reason.code(),
                "what follows from an entry cannot be done"
            );
            Ok(())
        }
    }
}

async fn follow_one(core: &Core, entry: &Entry) -> Result<(), Refusal> {
    let subject = entry.subject;
    if is_over(entry) {
        return household::part(core, subject).await;
    }
    let Some(party) = Party::of_entry(entry) else {
        return Ok(());
    };
    if let Event::DrillSent { .. } = entry.event {
        return drills::write(core, party).await;
    }
    if let Event::ArrivalReported {
        previous,
        is_exempt,
        ..
    } = entry.event
    {
        let Some((fold, entries)) = written(core.arrival(party, subject, NOW).await)? else {
            return Ok(());
        };
        let number = core.reported_number(party, (&fold, &entries)).await?;
        let Some(number) = number else {
            return Ok(());
        };
        if !is_exempt {
            // whoever reported it may have been a program that kept nothing of it
            let person = Person::read(core, party, &number, &[]).await?;
            asked::keep(core, &person, previous, subject.id).await?;
        }
        return hold(core, party, &number).await;
    }
    let Some((fold, entries)) = written(core.relocation(party, subject, NOW).await)? else {
        return Ok(());
    };
    let whom = core.announced_whom(party, (&fold, &entries)).await?;
    // nobody can read any more whom it was about
    let Some((number, is_marked)) = whom else {
        return Ok(());
    };
    // what was settled once is done, also when an officer took the arrival back since
    let arrived = |entry: &Entry| matches!(entry.event, Event::RelocationArrived { .. });
    if entries.iter().any(arrived) {
        return hold(core, party, &number).await;
    }
    let (held, settled) = settle(core, party, &fold, (&number, is_marked)).await;
    held.and(settled)
}

/// Why it is not certain that everything was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    /// The journal cannot be gone over, or the key store failed.
    #[error("the journal cannot be gone over for what follows")]
    Round(#[from] EraseError),
    /// What follows from an entry could not be done now.
    #[error("what follows from entry {} cannot be done now: {reason}", position.0)]
    Entry {
        /// Where it stands.
        position: Position,
        /// Why.
        reason: &'static str,
    },
}

#[cfg(test)]
mod tests;
