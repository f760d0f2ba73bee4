//! Secrecy marking (sekretessmarkering): who may open what was announced of a person with one, or of somebody whom the party
//! knows to be protected more strongly. The right to open a relocation, a [`Pass`], is made here alone, and nothing sealed of a relocation is opened to be shown without one.

mod question;

use api::generated::journal::v1 as sealed;
use api::parse::{self, Context, Faults};
use api::status::Refusal;
use api::v1;
use domain::calendar::day_in_sweden;
use domain::disclosure::Protection;
use domain::entry::{Entry, Event};
use domain::function::FunctionId;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use jiff::Timestamp;
use ledger::{ArrivalFold, RelocationFold};
use vault::NoteKind;

use crate::access::Opening;
use crate::body::Parties;
use crate::call::Call;
use crate::core::Core;
use crate::household;
use crate::permit::Party;
use crate::person::Person;
use crate::protection;
use crate::read::NOW;

pub(crate) use question::Question;

/// The notes that say whether a person, or somebody of the household, is protected.
const KINDS: [NoteKind; 2] = [NoteKind::Protected, NoteKind::Member];

/// The right to open the sealed parts of one subject for a party.
pub(crate) struct Pass {
    party: Party,
    parties: Parties,
    subject: Subject,
    opens: bool,
}

impl Pass {
    /// To what no announcement, report or question stands in: nothing there is of a person's matter.
    pub(crate) fn beside(party: Party, parties: Parties, subject: Subject) -> Self {
        let opens = match subject.kind {
            SubjectKind::System | SubjectKind::Municipality | SubjectKind::RegisterEvent => true,
            SubjectKind::Relocation | SubjectKind::Arrival | SubjectKind::Alert => false,
        };
        Self {
            party,
            parties,
            subject,
            opens,
        }
    }

    /// For whom an entry is opened, if it is one of the subject's.
    pub(crate) fn to(&self, entry: &Entry) -> Option<(Party, Parties)> {
        (self.opens && entry.subject == self.subject).then_some((self.party, self.parties))
    }
}

/// A relocation as it is now, with its entries.
pub(crate) type Known<'a> = (&'a RelocationFold, &'a [Entry]);

/// What was said of the person when a relocation was announced, or what the party's own register told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marking {
    None,
    Marked,
    /// It cannot be opened any more: then nothing of it is.
    Erased,
}

impl Core {
    /// Records that a relocation is opened, and opens it; what is marked as secret, at the receiver, for a function
    /// that may alone. Whoever is refused stands in the log too.
    pub(crate) async fn enter(
        &self,
        call: &Call,
        party: Party,
        known: Known<'_>,
        opening: Opening<'_>,
    ) -> Result<Pass, Refusal> {
        let marking = self.marking(party, known).await?;
        self.pass(call, party, known, (marking, marking), opening)
            .await
    }

    /// Likewise, to tell the person what the party's own officers wrote too. That is under the same secrecy when the rest
    /// can be opened no more: who may have had a marking is taken to have one.
    pub(crate) async fn enter_own_acts(
        &self,
        call: &Call,
        person: &Person,
        known: Known<'_>,
        opening: Opening<'_>,
    ) -> Result<Pass, Refusal> {
        let party = person.party;
        let marking = self.marking(party, known).await?;
        let held = if marking == Marking::Erased && self.may_have_been_marked(person, known).await?
        {
            Marking::Marked
        } else {
            marking
        };
        self.pass(call, party, known, (marking, held), opening)
            .await
    }

    /// A pass by the marking that there is, to whoever is admitted by the one that is held against them.
    async fn pass(
        &self,
        call: &Call,
        party: Party,
        (fold, entries): Known<'_>,
        (marking, held): (Marking, Marking),
        opening: Opening<'_>,
    ) -> Result<Pass, Refusal> {
        let opening = self.admitted(call, party, fold, held, opening).await?;
        self.record_access(call, party, opening).await?;
        let subject = entries.first().map(|first| first.subject);
        Ok(Pass {
            party,
            parties: (fold.sender, fold.recipient),
            subject: subject.unwrap_or(Subject::SYSTEM),
            opens: marking != Marking::Erased,
        })
    }

    /// Whether an announcement that can be opened no more may have stated a marking, or the party's own register told of
    /// one since. None was ever stated to no function, nor to one that never handled such cases.
    async fn may_have_been_marked(
        &self,
        person: &Person,
        (fold, _entries): Known<'_>,
    ) -> Result<bool, Refusal> {
        if protection::is_secret(person)? {
            return Ok(true);
        }
        let Some(sent_to) = &fold.function else {
            return Ok(false);
        };
        let described = Subject::municipality(fold.recipient);
        let described = self.entries(person.party, described, NOW).await?;
        let mut events = described.iter().map(|entry| &entry.event);
        Ok(events.any(|event| {
            matches!(event, Event::FunctionSet(it) if it.id == *sent_to && it.handles_secrecy_marked)
        }))
    }

    /// Whether somebody may act on a relocation at its receiver: as who may open it.
    pub(crate) async fn may_handle(
        &self,
        call: &Call,
        party: Party,
        known: Known<'_>,
        actor: &v1::Actor,
    ) -> Result<(), Refusal> {
        let (fold, entries) = known;
        let Some(first) = entries.first() else {
            return Ok(());
        };
        let marking = self.marking(party, known).await?;
        let opening = Opening::of(first.subject, actor);
        let admitted = self.admitted(call, party, fold, marking, opening).await;
        admitted.map(|_opening| ())
    }

    /// Refuses to tell the other party anything more of a person about whom nothing of this one may be: nobody is told why.
    /// So it is with what the sender writes of somebody whose marking it knows and did not state: all of the receiver's
    /// officers would read it.
    pub(crate) async fn may_tell(
        &self,
        party: Party,
        known: Known<'_>,
        is_text: bool,
    ) -> Result<(), Refusal> {
        let Some(announced) = self.announced_person(party, known).await? else {
            return Ok(());
        };
        let number = self.number_then(known.0.recorded_at, &announced)?;
        let person = Person::read(self, party, &number, &KINDS).await?;
        if protection::is_protected(&person)? || household::is_shared(self, &person).await? {
            return Err(Refusal::new(Reason::ManualRouteRequired));
        }
        let is_senders = is_text && party.code() == known.0.sender;
        if is_senders && !states(&announced) && protection::is_marked(&person)? {
            return Err(Refusal::field("text", Reason::SecrecyMarkingKnown));
        }
        Ok(())
    }

    /// Whether a relocation is found by no name: that of whoever is marked, or was since.
    pub(crate) async fn is_nameless(
        &self,
        party: Party,
        subject: Subject,
    ) -> Result<bool, Refusal> {
        let (fold, entries) = self.relocation(party, subject, NOW).await?;
        let marking = self.marking(party, (&fold, &entries)).await?;
        Ok(marking == Marking::Marked)
    }

    /// Records what is an access although nothing is shown of the body: ending it is everybody's duty.
    pub(crate) async fn record_relocation(
        &self,
        call: &Call,
        party: Party,
        known: Known<'_>,
        opening: Opening<'_>,
    ) -> Result<(), Refusal> {
        let marking = self.marking(party, known).await?;
        let opening = opening.about(secrecy(marking));
        self.record_access(call, party, opening).await
    }

    /// The announcement as a party has it, for a rule to be applied to it. It is shown to nobody.
    pub(crate) async fn for_a_rule(
        &self,
        party: Party,
        (fold, entries): Known<'_>,
    ) -> Result<Option<sealed::SharedPart>, Refusal> {
        let Some(first) = entries.first() else {
            return Ok(None);
        };
        let pass = Pass {
            party,
            parties: (fold.sender, fold.recipient),
            subject: first.subject,
            opens: true,
        };
        self.open(&pass, first).await
    }

    /// Whether an announcement states a marking; none when it can be opened no more.
    pub(crate) async fn states_marking(
        &self,
        party: Party,
        known: Known<'_>,
    ) -> Result<Option<bool>, Refusal> {
        let person = self.announced_person(party, known).await?;
        Ok(person.as_ref().map(states))
    }

    async fn marking(&self, party: Party, known: Known<'_>) -> Result<Marking, Refusal> {
        let Some(person) = self.announced_person(party, known).await? else {
            return Ok(Marking::Erased);
        };
        let is_marked = states(&person) || self.is_secret_since(party, known.0, &person).await?;
        Ok(if is_marked {
            Marking::Marked
        } else {
            Marking::None
        })
    }

    /// The person as announced, likewise.
    async fn announced_person(
        &self,
        party: Party,
        known: Known<'_>,
    ) -> Result<Option<v1::Person>, Refusal> {
        let announced = self.for_a_rule(party, known).await?;
        let person = announced.map(|part| part.relocation.and_then(|content| content.person));
        Ok(person.map(Option::unwrap_or_default))
    }

    /// Whether the party's own register told of a marking or of more, before the announcement or after it, or somebody of
    /// the person's household is protected there: where the one is the other one is found.
    async fn is_secret_since(
        &self,
        party: Party,
        fold: &RelocationFold,
        person: &v1::Person,
    ) -> Result<bool, Refusal> {
        let number = self.number_then(fold.recorded_at, person)?;
        let person = Person::read(self, party, &number, &KINDS).await?;
        Ok(protection::is_secret(&person)? || household::is_shared(self, &person).await?)
    }

    /// Whom an announcement is about, for a rule to be applied; none when it can be opened no more.
    pub(crate) async fn announced_number(
        &self,
        party: Party,
        known: Known<'_>,
    ) -> Result<Option<IdentityNumber>, Refusal> {
        let person = self.announced_person(party, known).await?;
        let number = person.map(|person| self.number_then(known.0.recorded_at, &person));
        number.transpose()
    }

    /// Likewise, and whether the announcement states a marking.
    pub(crate) async fn announced_whom(
        &self,
        party: Party,
        known: Known<'_>,
    ) -> Result<Option<(IdentityNumber, bool)>, Refusal> {
        let Some(person) = self.announced_person(party, known).await? else {
            return Ok(None);
        };
        let number = self.number_then(known.0.recorded_at, &person)?;
        Ok(Some((number, states(&person))))
    }

    /// Whom a report is about, likewise; none also when the register told of the arrival.
    pub(crate) async fn reported_number(
        &self,
        party: Party,
        (fold, entries): (&ArrivalFold, &[Entry]),
    ) -> Result<Option<IdentityNumber>, Refusal> {
        let Some(first) = entries.first() else {
            return Ok(None);
        };
        let parties = (fold.municipality, fold.previous);
        let pass = Pass {
            party,
            parties,
            subject: first.subject,
            opens: true,
        };
        let reported = self.open(&pass, first).await?;
        let person = reported.and_then(|part| part.arrival?.person);
        let number = person.map(|person| self.number_then(first.recorded_at, &person));
        number.transpose()
    }

    /// A number as it was read when it was told: the sign of one with ten digits changes with the years.
    fn number_then(
        &self,
        recorded_at: Timestamp,
        person: &v1::Person,
    ) -> Result<IdentityNumber, Refusal> {
        let then = Context {
            today: day_in_sweden(recorded_at),
            ..self.context()
        };
        let number = &person.identity_number;
        let number = parse::identity_number(&mut Faults::default(), "name", number, then);
        number.ok_or_else(|| Refusal::new(Reason::Internal))
    }

    /// The opening, if the function that it is made in may; otherwise the refusal, which is recorded.
    async fn admitted<'a>(
        &self,
        call: &Call,
        party: Party,
        fold: &RelocationFold,
        marking: Marking,
        opening: Opening<'a>,
    ) -> Result<Opening<'a>, Refusal> {
        // the sender reads its own, unless it is one municipality with the receiver today: who reads is the receiver then
        let (lineage, today) = (self.context().lineage, self.today());
        let is_one = lineage.same(fold.sender, today).contains(&fold.recipient);
        let is_receiver = party.code() == fold.recipient || is_one;
        if marking != Marking::Marked || !is_receiver {
            return Ok(opening.about(secrecy(marking)));
        }
        let there = self.municipality(party, fold.recipient).await?;
        let openers = there.openers(fold.function.as_ref()).into_iter();
        let openers: Vec<&FunctionId> = openers
            .map(|known| &known.id)
            .filter(|id| party.may_receive(fold.kind, Some(id)))
            .collect();
        self.in_one_of(call, party, (fold.recipient, &openers), opening)
            .await
    }

    /// The opening, if it is made in one of some functions; otherwise the refusal, which names them and is recorded.
    async fn in_one_of<'a>(
        &self,
        call: &Call,
        party: Party,
        (of, openers): (MunicipalityCode, &[&FunctionId]),
        opening: Opening<'a>,
    ) -> Result<Opening<'a>, Refusal> {
        let named = function(opening.function(), of);
        if named.is_some_and(|named| openers.contains(&&named)) {
            return Ok(opening.about(v1::AccessSecrecy::Marked));
        }
        let refused = opening.about(v1::AccessSecrecy::MarkedRefused);
        self.record_access(call, party, refused).await?;
        let openers: Vec<&str> = openers.iter().map(|id| id.as_str()).collect();
        Err(
            Refusal::field("actor.function", Reason::SecrecyFunctionRequired)
                .with("functions", openers.join(", ")),
        )
    }
}

/// Whether a person is told with a marking: whatever else is told, it is not for everybody.
fn states(person: &v1::Person) -> bool {
    Protection::from_number(person.protection) != Some(Protection::None)
}

fn secrecy(marking: Marking) -> v1::AccessSecrecy {
    match marking {
        Marking::None | Marking::Erased => v1::AccessSecrecy::None,
        Marking::Marked => v1::AccessSecrecy::Marked,
    }
}

/// The function that an officer acts in, by its id or its name; none when it is neither.
fn function(named: &str, of: MunicipalityCode) -> Option<FunctionId> {
    let by_name = FunctionId::parse_name(named).filter(|(code, _)| *code == of);
    by_name
        .map(|(_, id)| id)
        .or_else(|| FunctionId::parse(named))
}

#[cfg(test)]
mod tests;
