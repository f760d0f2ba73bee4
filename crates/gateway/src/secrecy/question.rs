//! Reports of arrivals and questions about them: opened by what the reader's own municipality knows of the person's
//! protection. It is asked when something is opened, never kept with what is opened, and no other municipality learns it.

use domain::disclosure::Protection;
use domain::entry::{Entry, Part};
use domain::function::FunctionId;
use domain::identity::IdentityNumber;
use domain::reason::Reason;
use domain::subject::Subject;
use jiff::Timestamp;
use ledger::{AlertFold, ArrivalFold, ArrivalState};

use api::status::Refusal;
use api::v1;

use super::{KINDS, Pass};
use crate::access::Opening;
use crate::body::Parties;
use crate::call::Call;
use crate::core::Core;
use crate::household;
use crate::permit::Party;
use crate::person::Person;
use crate::protection;

/// The right to open what belongs to a question.
pub(crate) struct Question {
    /// To the answer and to why it is disputed, while they may be read.
    pub(crate) texts: Pass,
    /// To the report that it is about, and that report; none when nothing is asked, or no longer.
    pub(crate) report: Option<(Pass, Entry)>,
}

/// A report, as far as what may be done with it is decided by it.
struct Report<'a> {
    parties: Parties,
    recorded_at: Timestamp,
    first: &'a Entry,
}

impl<'a> Report<'a> {
    fn of(fold: &ArrivalFold, first: &'a Entry) -> Self {
        Self {
            parties: (fold.municipality, fold.previous),
            recorded_at: fold.recorded_at,
            first,
        }
    }
}

impl Core {
    /// Records that a report is opened at whoever made it, and opens it: of a person who is protected in either way, as
    /// far as its own register told, in a function that handles such cases.
    pub(crate) async fn enter_report(
        &self,
        call: &Call,
        party: Party,
        (fold, first): (&ArrivalFold, &Entry),
        opening: Opening<'_>,
    ) -> Result<Pass, Refusal> {
        let report = Report::of(fold, first);
        let known = self.known_protection(party, &report).await?;
        self.record_beside(call, party, known, opening).await?;
        Ok(pass(party, report.parties, first.subject, known.is_some()))
    }

    /// Likewise of a question, at whoever asks or is asked. What was asked about somebody of whom nothing may be here is
    /// not opened at the asked municipality at all.
    pub(crate) async fn enter_question(
        &self,
        call: &Call,
        party: Party,
        (fold, subject): (&AlertFold, Subject),
        opening: Opening<'_>,
    ) -> Result<Question, Refusal> {
        let parties = (fold.asking, fold.asked);
        let Some((about, first)) = self.question(party, fold).await? else {
            self.record_access(call, party, opening).await?;
            let texts = pass(party, parties, subject, true);
            return Ok(Question {
                texts,
                report: None,
            });
        };
        let known = self
            .known_protection(party, &Report::of(&about, &first))
            .await?;
        let is_protected = known == Some(Protection::ProtectedRegistration);
        let is_ended = is_protected && party.code() == fold.asked;
        // a report that was withdrawn is no longer a question, and tells nothing more
        let is_asked = about.state != ArrivalState::Withdrawn;
        // what it ended itself says who had read what it told
        if is_asked && is_ended && !fold.redacted {
            let refused = opening.about(v1::AccessSecrecy::MarkedRefused);
            self.record_access(call, party, refused).await?;
            return Err(Refusal::new(Reason::ManualRouteRequired));
        }
        self.record_beside(call, party, known, opening).await?;
        let opens = known.is_some();
        let report = (pass(party, parties, first.subject, opens), first);
        Ok(Question {
            texts: pass(party, parties, subject, opens),
            report: Some(report).filter(|_| is_asked && !is_ended),
        })
    }

    /// Whether the asked municipality may tell anything of the person whom a question is about: nothing of somebody of whom
    /// nothing may be here, and of one with a secrecy marking in a function that handles such cases. Whoever is refused
    /// stands in the log.
    pub(crate) async fn may_answer(
        &self,
        call: &Call,
        party: Party,
        fold: &AlertFold,
        (opening, validate_only): (Opening<'_>, bool),
    ) -> Result<(), Refusal> {
        let Some((about, first)) = self.question(party, fold).await? else {
            return Ok(());
        };
        let report = Report::of(&about, &first);
        let Some(person) = self.reported(party, &report).await? else {
            return Ok(());
        };
        let person = self.marks_of(party, &report, &person).await?;
        protection::refuse_answer(self, &person, validate_only).await?;
        if protection::is_marked(&person)? {
            self.handles_marked(call, party, opening).await?;
        }
        Ok(())
    }

    /// Records what is an access although nothing is shown of a question: ending it is everybody's duty.
    pub(crate) async fn record_question(
        &self,
        call: &Call,
        party: Party,
        fold: &AlertFold,
        opening: Opening<'_>,
    ) -> Result<(), Refusal> {
        let secrecy = match self.known_of_question(party, fold).await? {
            None | Some(Protection::None) => v1::AccessSecrecy::None,
            Some(Protection::SecrecyMarking | Protection::ProtectedRegistration) => {
                v1::AccessSecrecy::Marked
            }
        };
        self.record_access(call, party, opening.about(secrecy))
            .await
    }

    /// Whether a party's own municipality knows that nothing may be about the person whom a question is about, or about
    /// one of its household.
    pub(crate) async fn is_protected_at(
        &self,
        party: Party,
        fold: &AlertFold,
    ) -> Result<bool, Refusal> {
        let known = self.known_of_question(party, fold).await?;
        Ok(known == Some(Protection::ProtectedRegistration))
    }

    async fn known_of_question(
        &self,
        party: Party,
        fold: &AlertFold,
    ) -> Result<Option<Protection>, Refusal> {
        match self.question(party, fold).await? {
            Some((about, first)) => {
                let report = Report::of(&about, &first);
                self.known_protection(party, &report).await
            }
            None => Ok(None),
        }
    }

    /// Whom a question is about, for a rule to be applied; none when nobody, or it can be opened no more.
    pub(crate) async fn asked_person(
        &self,
        party: Party,
        fold: &AlertFold,
    ) -> Result<Option<v1::Person>, Refusal> {
        match self.question(party, fold).await? {
            Some((about, first)) => self.reported(party, &Report::of(&about, &first)).await,
            None => Ok(None),
        }
    }

    /// The number of whom a question is about, likewise.
    pub(crate) async fn asked_number(
        &self,
        party: Party,
        fold: &AlertFold,
    ) -> Result<Option<IdentityNumber>, Refusal> {
        let Some((about, first)) = self.question(party, fold).await? else {
            return Ok(None);
        };
        let report = Report::of(&about, &first);
        let person = self.reported(party, &report).await?;
        let number = person.map(|person| self.number_then(report.recorded_at, &person));
        number.transpose()
    }

    /// Records an opening, made in a function that may where the person is protected in either way.
    async fn record_beside(
        &self,
        call: &Call,
        party: Party,
        known: Option<Protection>,
        opening: Opening<'_>,
    ) -> Result<(), Refusal> {
        let opening = match known {
            None | Some(Protection::None) => opening,
            Some(Protection::SecrecyMarking | Protection::ProtectedRegistration) => {
                self.handles_marked(call, party, opening).await?
            }
        };
        self.record_access(call, party, opening).await
    }

    /// The opening, if the function that it is made in handles such cases; otherwise the refusal, which is recorded.
    pub(crate) async fn handles_marked<'a>(
        &self,
        call: &Call,
        party: Party,
        opening: Opening<'a>,
    ) -> Result<Opening<'a>, Refusal> {
        let here = self.municipality(party, party.code()).await?;
        let openers: Vec<&FunctionId> = here.openers(None).into_iter().map(|it| &it.id).collect();
        self.in_one_of(call, party, (party.code(), &openers), opening)
            .await
    }

    /// How a person who was reported is protected, as far as the party's own register told, or somebody of the person's
    /// household; none when the report can be opened no more: then nothing of it is.
    async fn known_protection(
        &self,
        party: Party,
        report: &Report<'_>,
    ) -> Result<Option<Protection>, Refusal> {
        let is_told = report
            .first
            .sealed
            .iter()
            .any(|part| part.part == Part::Shared);
        if !is_told {
            // what the register told: no person stands in it
            return Ok(Some(Protection::None));
        }
        let Some(person) = self.reported(party, report).await? else {
            return Ok(None);
        };
        let person = self.marks_of(party, report, &person).await?;
        let is_shared = household::is_shared(self, &person).await?;
        Ok(Some(if is_shared || protection::is_protected(&person)? {
            Protection::ProtectedRegistration
        } else if protection::is_marked(&person)? {
            Protection::SecrecyMarking
        } else {
            Protection::None
        }))
    }

    /// The person in a report, for a rule to be applied; none when it can be opened no more.
    async fn reported(
        &self,
        party: Party,
        report: &Report<'_>,
    ) -> Result<Option<v1::Person>, Refusal> {
        let pass = pass(party, report.parties, report.first.subject, true);
        let opened = self.open(&pass, report.first).await?;
        let content = opened.and_then(|part| part.arrival);
        Ok(content.and_then(|content| content.person))
    }

    async fn marks_of(
        &self,
        party: Party,
        report: &Report<'_>,
        person: &v1::Person,
    ) -> Result<Person, Refusal> {
        let number = self.number_then(report.recorded_at, person)?;
        Person::read(self, party, &number, &KINDS).await
    }
}

fn pass(party: Party, parties: Parties, subject: Subject, opens: bool) -> Pass {
    Pass {
        party,
        parties,
        subject,
        opens,
    }
}
