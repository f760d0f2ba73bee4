//! Protection that is set later: what a municipality has of a person is ended, and what comes later goes the manual
//! route. The mark is a note of that municipality alone; no other one is ever asked for it or sees why.
//!
//! Whatever it leads to may be done again and leads to the same: an event is sent again until it is answered, and what was
//! announced or reported meanwhile is followed ([`crate::follow`]). So a gateway that dies in the middle costs nothing.

mod ending;
mod mark;

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::disclosure::Protection;
use domain::identity::IdentityNumber;
use domain::reason::Reason;
use domain::subject::{Subject, Version};
use jiff::Timestamp;
use journal::Request;
use vault::NoteKind;

use crate::core::Core;
use crate::household::{self, Household};
use crate::permit::Party;
use crate::person::Person;
use crate::show;

pub(crate) use mark::lift;

use ending::end_all;
use mark::{ends, said, say_by_hand};

/// Refuses to announce a person whom nothing of this municipality may be about, or whose secrecy marking its own register
/// told of and the announcement does not state.
pub(crate) async fn refuse_announcement(
    core: &Core,
    (person, household): (&Person, Option<&Household>),
    states_marking: bool,
    validate_only: bool,
) -> Result<(), Refusal> {
    if let Some(household) = household.filter(|_| !validate_only)
        && is_protected(person)?
    {
        // whoever is announced in it later belongs to somebody of whom nothing may be
        let member = (&person.number, None);
        household::join(core, person.party.code(), household, member).await?;
    }
    refuse(core, person, validate_only).await?;
    refuse_member(core, (person, household), validate_only).await?;
    if is_marked(person)? && !states_marking {
        let field = "content.person.protection";
        return Err(Refusal::field(field, Reason::SecrecyMarkingKnown));
    }
    Ok(())
}

/// Refuses to report a person who is protected in either way.
pub(crate) async fn refuse_report(
    core: &Core,
    person: &Person,
    validate_only: bool,
) -> Result<(), Refusal> {
    refuse_answer(core, person, validate_only).await?;
    if is_marked(person)? {
        return Err(Refusal::new(Reason::ManualRouteRequired));
    }
    Ok(())
}

/// Refuses to answer about a person of whom, or of whose household, nothing of this municipality may be.
pub(crate) async fn refuse_answer(
    core: &Core,
    person: &Person,
    validate_only: bool,
) -> Result<(), Refusal> {
    refuse(core, person, validate_only).await?;
    refuse_member(core, (person, None), validate_only).await
}

/// Refuses, in the same words, what is about somebody of a household of which one is protected: where the others are tells
/// where that one is.
async fn refuse_member(
    core: &Core,
    (person, household): (&Person, Option<&Household>),
    validate_only: bool,
) -> Result<(), Refusal> {
    let member = household::protected_member(core, person, household).await?;
    let Some(member) = member else {
        return Ok(());
    };
    if !validate_only {
        end_all(core, &member, &sealed::OwnPart::default()).await?;
    }
    Err(Refusal::new(Reason::ManualRouteRequired))
}

/// Refuses what is about a person whom nothing of this municipality may be about. It names no field: that would tell why.
/// What should have been ended before is ended now, unless nothing may be written.
async fn refuse(core: &Core, person: &Person, validate_only: bool) -> Result<(), Refusal> {
    let is_held = if validate_only {
        is_protected(person)?
    } else {
        hold(core, person).await?
    };
    if is_held {
        Err(Refusal::new(Reason::ManualRouteRequired))
    } else {
        Ok(())
    }
}

/// Whether nothing of this municipality may be about the person, whose marks were read.
pub(crate) fn is_protected(person: &Person) -> Result<bool, Refusal> {
    let mut marks = person.said(NoteKind::Protected)?.into_iter();
    Ok(marks.any(|mark| ends(said(mark))))
}

/// Whether the municipality's register told of a secrecy marking of the person, whose marks were read.
pub(crate) fn is_marked(person: &Person) -> Result<bool, Refusal> {
    let mut marks = person.said(NoteKind::Protected)?.into_iter();
    Ok(marks.any(|mark| said(mark).marked))
}

/// Whether the person is protected in either way, as far as the municipality knows; the marks were read. Whoever is
/// protected more strongly is held to be marked at least.
pub(crate) fn is_secret(person: &Person) -> Result<bool, Refusal> {
    Ok(is_protected(person)? || is_marked(person)?)
}

/// Takes in what was told of a person's protection under a number; what was told last counts. When nothing may be about the
/// person, ends all that the municipality has. Returns whether nothing is to be compared: in that case, and when the person
/// has a secrecy marking.
pub(crate) async fn told(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
    (changed_at, protection): (Timestamp, Protection),
    why: &sealed::OwnPart,
) -> Result<bool, Refusal> {
    let told = mark::told(core, party, number, (changed_at, protection)).await?;
    if protection == Protection::None {
        // what was told under another code of the municipality is lifted too, and it never says more than that
        for other in party.under_all_codes(core).into_iter().skip(1) {
            mark::told(core, other, number, (changed_at, protection)).await?;
        }
    }
    if ends(told) {
        let person = Person::read(core, party, number, &[]).await?;
        end_all(core, &person, why).await?;
    }
    Ok(ends(told) || told.marked)
}

/// Takes in what an officer said at an instant of a person under a number: nothing may be about that person, whatever a
/// register tells, until an officer lifts it. What was lifted since stays lifted.
pub(crate) async fn said_by_hand(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
    at: Timestamp,
    why: &sealed::OwnPart,
) -> Result<(), Refusal> {
    if ends(mark::set_by_hand(core, party, number, at).await?) {
        let person = Person::read(core, party, number, &[]).await?;
        end_all(core, &person, why).await?;
    }
    Ok(())
}

/// A call by which an officer ends something, and all that the municipality has of the person.
pub(crate) struct Whole<'a> {
    pub(crate) party: Party,
    pub(crate) number: &'a IdentityNumber,
    pub(crate) request: &'a Request,
    pub(crate) validate_only: bool,
    pub(crate) etag: &'a str,
}

/// Ends it, and says by hand that nothing may be about the person. The word comes before the entry, once nothing keeps it
/// from being made: whoever is cut off in between has said it. `end` ends it, or checks whether it can be; what the party has
/// ended before, by a register or by hand, `ended` shows as it is.
pub(crate) async fn end_whole<T, F, G>(
    core: &Core,
    whole: Whole<'_>,
    end: impl Fn(bool) -> F,
    ended: impl Fn() -> G,
) -> Result<T, Refusal>
where
    F: Future<Output = Result<T, Refusal>>,
    G: Future<Output = Result<Option<(Version, T)>, Refusal>>,
{
    // a retry of what ended it says nothing anew: what was lifted since stays lifted
    if core.answered(whole.request).await?.is_none() {
        let checked = end_or_as_it_is(end(true), ended(), whole.etag).await?;
        if whole.validate_only {
            return Ok(checked);
        }
        say_by_hand(core, whole.party, whole.number).await?;
    }
    end_or_as_it_is(end(whole.validate_only), ended(), whole.etag).await
}

async fn end_or_as_it_is<T>(
    end: impl Future<Output = Result<T, Refusal>>,
    ended: impl Future<Output = Result<Option<(Version, T)>, Refusal>>,
    etag: &str,
) -> Result<T, Refusal> {
    let refusal = match end.await {
        Err(refusal) if refusal.reason == Reason::StateNotAllowed => refusal,
        done => return done,
    };
    let (version, shown) = ended.await?.ok_or(refusal)?;
    if !etag.is_empty() && etag != show::etag(version) {
        return Err(Refusal::field("etag", Reason::EtagMismatch));
    }
    Ok(shown)
}

/// Ends what was written at the very moment in which the person became protected, under whichever number. Returns
/// whether it did.
pub(crate) async fn hold(core: &Core, person: &Person) -> Result<bool, Refusal> {
    let is_protected = is_protected(person)?;
    if is_protected {
        end_all(core, person, &sealed::OwnPart::default()).await?;
    }
    Ok(is_protected)
}

/// Likewise, when somebody of the person's household became protected.
pub(crate) async fn hold_household(core: &Core, person: &Person) -> Result<(), Refusal> {
    match household::protected_member(core, person, None).await? {
        Some(member) => end_all(core, &member, &sealed::OwnPart::default()).await,
        None => Ok(()),
    }
}

/// Ends one subject of a municipality's for the other party, as if an officer did; nothing when it has ended.
pub(crate) async fn end(core: &Core, party: Party, subject: Subject) -> Result<(), Refusal> {
    ending::end(core, party, subject, &sealed::OwnPart::default()).await
}
