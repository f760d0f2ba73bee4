//! Households (hushåll): who was announced together, as notes of each party to that. Families share protection: what a
//! party told or was told of one member ends with what it has of another who becomes protected. Nothing is shown of it.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use uuid::Uuid;
use vault::{NoteKind, NoteName};

use crate::core::{Core, no_keys, unread};
use crate::limits::{HOUSEHOLD_MEMBERS_MAX, HOUSEHOLDS_MAX};
use crate::note;
use crate::permit::Party;
use crate::person::Person;
use crate::protection;
use crate::read::NOW;
use crate::write::halted;

/// A household as its notes are found: whoever announced it chose the name, so another one's of the same name is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Household(String);

impl Household {
    /// None for a person alone.
    pub(crate) fn of(
        sender: MunicipalityCode,
        content: &api::v1::RelocationContent,
    ) -> Option<Self> {
        let household = content.household.as_ref()?;
        let name = Some(&household.name).filter(|name| !name.is_empty())?;
        Some(Self(format!("{sender} {name}")))
    }

    async fn note(&self, core: &Core, of: MunicipalityCode) -> Result<NoteName, Refusal> {
        let name = core
            .vault
            .note_named(of, NoteKind::Household, self.0.as_bytes());
        name.await.map_err(no_keys)
    }
}

/// What an authority keeps of a household; none when it can be opened no more.
type Members = Option<Vec<sealed::HouseholdMember>>;

/// An announcement: its parties, its name, whom it is about.
type Announced<'a> = ([MunicipalityCode; 2], Subject, &'a IdentityNumber);

/// Keeps at both parties that a person belongs to a household, if the announcement names one.
pub(crate) async fn keep(
    core: &Core,
    household: Option<&Household>,
    (parties, subject, number): Announced<'_>,
) -> Result<(), Refusal> {
    if let Some(household) = household {
        for of in parties {
            join(core, of, household, (number, Some(subject.id))).await?;
        }
    }
    Ok(())
}

/// Keeps an announcement no longer that was never made.
pub(crate) async fn forget(
    core: &Core,
    household: Option<&Household>,
    (parties, subject, number): Announced<'_>,
) -> Result<(), Refusal> {
    if let Some(household) = household {
        for of in parties {
            leave(core, of, household, (number, subject.id)).await?;
        }
    }
    Ok(())
}

/// Keeps a household at a receiver no longer when none of its announcements may be read there any more: who was announced
/// together with whom was told by them. Until then all of it stays: while one of them can be read, it is read as that of
/// somebody whose family is protected. Nothing while the receiver's reading of this one goes on.
pub(crate) async fn part(core: &Core, subject: Subject) -> Result<(), Refusal> {
    if subject.kind != SubjectKind::Relocation {
        return Ok(());
    }
    let entries = core.journal.subject(subject, NOW).await.map_err(unread)?;
    let Some(sender) = entries.first().and_then(Party::of_entry) else {
        return Ok(());
    };
    let Some(recipient) = ledger::erased(&entries).map_err(halted)? else {
        return Ok(());
    };
    let (fold, entries) = core.relocation(sender, subject, NOW).await?;
    let Some(number) = core.announced_number(sender, (&fold, &entries)).await? else {
        return Ok(());
    };
    let name = note::name(core, recipient, NoteKind::Member, &number).await?;
    let (_revision, note) = note::read::<sealed::MemberNote>(core, name).await?;
    // what can be opened no more stays so
    let households = note.map(|note| note.households).unwrap_or_default();
    for household in households.into_iter().map(Household) {
        let Some(members) = members(core, recipient, &household).await? else {
            continue;
        };
        let is_of = |member: &sealed::HouseholdMember| relocation(member) == Some(subject);
        if members.iter().any(is_of) && is_over(core, recipient, &members).await? {
            keep_none(core, recipient, &household, &members).await?;
        }
    }
    Ok(())
}

/// Whether none of these announcements may be read at an authority any more.
async fn is_over(
    core: &Core,
    of: MunicipalityCode,
    members: &[sealed::HouseholdMember],
) -> Result<bool, Refusal> {
    for announced in members.iter().filter_map(relocation) {
        let entries = core.journal.subject(announced, NOW).await.map_err(unread)?;
        if ledger::erased(&entries).map_err(halted)? != Some(of) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Keeps these members of a household no longer.
async fn keep_none(
    core: &Core,
    of: MunicipalityCode,
    household: &Household,
    members: &[sealed::HouseholdMember],
) -> Result<(), Refusal> {
    let name = household.note(core, of).await?;
    note::change_among_many(core, name, |_revision, before| {
        let mut after: sealed::HouseholdNote = before.unwrap_or_default();
        let count = after.members.len();
        after.members.retain(|known| !members.contains(known));
        ((after.members.len() < count).then_some(after), ())
    })
    .await
}

/// The announcement by which somebody is a member.
fn relocation(member: &sealed::HouseholdMember) -> Option<Subject> {
    let id = Uuid::from_slice(&member.relocation).ok()?;
    Some(Subject::relocation(id))
}

/// Keeps at an authority no longer that a person belongs to a household by an announcement.
async fn leave(
    core: &Core,
    of: MunicipalityCode,
    household: &Household,
    (number, relocation): (&IdentityNumber, Uuid),
) -> Result<(), Refusal> {
    let member = member(number, Some(relocation));
    keep_none(core, of, household, &[member]).await
}

/// Keeps at an authority that a person belongs to a household, and by which announcement; none when that was refused. What
/// can be opened no more stays so: then it counts as if one of it were protected.
pub(crate) async fn join(
    core: &Core,
    of: MunicipalityCode,
    household: &Household,
    (number, relocation): (&IdentityNumber, Option<Uuid>),
) -> Result<(), Refusal> {
    let name = note::name(core, of, NoteKind::Member, number).await?;
    note::change(core, name, |_revision, before| {
        let Some(mut after): Option<sealed::MemberNote> = before else {
            return (None, ());
        };
        let is_new = !after.households.contains(&household.0);
        if is_new {
            after.households.push(household.0.clone());
            let more = after.households.len().saturating_sub(HOUSEHOLDS_MAX);
            after.households.drain(..more);
        }
        (is_new.then_some(after), ())
    })
    .await?;
    let member = member(number, relocation);
    note::change_among_many(
        core,
        household.note(core, of).await?,
        |_revision, before| {
            let Some(mut after): Option<sealed::HouseholdNote> = before else {
                return (None, ());
            };
            let is_new = !after.members.contains(&member);
            if is_new {
                after.members.push(member.clone());
                let more = after.members.len().saturating_sub(HOUSEHOLD_MEMBERS_MAX);
                after.members.drain(..more);
            }
            (is_new.then_some(after), ())
        },
    )
    .await
}

fn member(number: &IdentityNumber, relocation: Option<Uuid>) -> sealed::HouseholdMember {
    sealed::HouseholdMember {
        identity_number: number.canonical().to_owned(),
        relocation: relocation
            .map(|id| id.into_bytes().to_vec())
            .unwrap_or_default(),
    }
}

/// Somebody of a person's households of whom nothing of the party may be; the person too, when a household can be opened no
/// more. `named` is one that the person is about to belong to.
pub(crate) async fn protected_member(
    core: &Core,
    person: &Person,
    named: Option<&Household>,
) -> Result<Option<Person>, Refusal> {
    let mut looked_at = person.numbers.clone();
    for party in person.party.whole().under_all_codes(core) {
        let Some(mut households) = households(core, party, person).await? else {
            return Ok(Some(person.under(person.party)));
        };
        households.extend(named.cloned());
        for household in households {
            let Some(members) = members(core, party.code(), &household).await? else {
                return Ok(Some(person.under(person.party)));
            };
            for number in numbers(core, &members)? {
                if looked_at.contains(&number) {
                    continue;
                }
                let kinds = [NoteKind::Protected];
                let member = Person::read(core, person.party, &number, &kinds).await?;
                if protection::is_protected(&member)? {
                    return Ok(Some(member));
                }
                looked_at.push(number);
            }
        }
    }
    Ok(None)
}

/// What a municipality has of a person's households, under any of its codes.
pub(crate) struct Shared {
    /// The numbers of the others.
    pub(crate) others: Vec<IdentityNumber>,
    /// What was announced of any of them in one of those households, under which code.
    pub(crate) announced: Vec<(Party, Subject)>,
}

/// Reads it, each note once.
pub(crate) async fn shared(core: &Core, person: &Person) -> Result<Shared, Refusal> {
    let (mut others, mut announced) = (Vec::new(), Vec::new());
    for party in person.party.whole().under_all_codes(core) {
        let households = households(core, party, person).await?;
        for household in households.unwrap_or_default() {
            let members = members(core, party.code(), &household).await?;
            let members = members.unwrap_or_default();
            for number in numbers(core, &members)? {
                if !person.numbers.contains(&number) && !others.contains(&number) {
                    others.push(number);
                }
            }
            let subjects = members.iter().filter_map(relocation);
            announced.extend(subjects.map(|subject| (party, subject)));
        }
    }
    Ok(Shared { others, announced })
}

/// Whether somebody of a person's households is one of whom nothing may be. The person's notes of membership were read: who
/// belongs to none costs no look more.
pub(crate) async fn is_shared(core: &Core, person: &Person) -> Result<bool, Refusal> {
    let notes = person.said::<sealed::MemberNote>(NoteKind::Member)?;
    let is_alone = |note: &Option<sealed::MemberNote>| {
        let note = note.as_ref();
        note.is_some_and(|note| note.households.is_empty())
    };
    if notes.iter().all(is_alone) {
        return Ok(false);
    }
    let member = protected_member(core, person, None).await?;
    Ok(member.is_some())
}

/// The households of a person; none when that can be opened no more.
async fn households(
    core: &Core,
    party: Party,
    person: &Person,
) -> Result<Option<Vec<Household>>, Refusal> {
    let mut found = Vec::new();
    for number in &person.numbers {
        let name = note::name(core, party.code(), NoteKind::Member, number).await?;
        let (_revision, note) = note::read::<sealed::MemberNote>(core, name).await?;
        let Some(note) = note else {
            return Ok(None);
        };
        found.extend(note.households.into_iter().map(Household));
    }
    Ok(Some(found))
}

async fn members(
    core: &Core,
    of: MunicipalityCode,
    household: &Household,
) -> Result<Members, Refusal> {
    let name = household.note(core, of).await?;
    let (_revision, note) = note::read::<sealed::HouseholdNote>(core, name).await?;
    Ok(note.map(|note| note.members))
}

fn numbers(
    core: &Core,
    members: &[sealed::HouseholdMember],
) -> Result<Vec<IdentityNumber>, Refusal> {
    let read = |member: &sealed::HouseholdMember| {
        let number = IdentityNumber::parse(&member.identity_number, core.today());
        number.map_err(|_fault| Refusal::new(Reason::Internal))
    };
    members.iter().map(read).collect()
}

#[cfg(test)]
mod tests;
