//! What a municipality holds about one person, and who opened it: GDPR article 15. What was erased is named as such.

mod notes;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use api::parse::{self, Faults};
use api::record;
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use api::v1::produce_person_extract_response::Item;
use domain::entry::Entry;
use domain::reason::Reason;
use domain::relocation_state::RelocationState;
use domain::subject::{Position, Subject, SubjectKind};
use jiff::Timestamp;
use journal::views::{AlertFilter, RelocationFilter};
use tokio::time::timeout;
use tokio_stream::Stream;
use tonic::Status;
use vault::Accessed;

use super::Opening;
use super::readings::openings;
use crate::body::Parties;
use crate::call::Call;
use crate::core::{Core, no_keys, unread};
use crate::limits::{
    EXTRACT_ACCESSES_MAX, EXTRACT_SUBJECTS_MAX, OPENINGS_SOUGHT_MAX, PAGE_MAX, TABLES,
};
use crate::permit::Party;
use crate::person::Person;
use crate::read::NOW;
use crate::secrecy::{Pass, Question};
use crate::write::halted;
use crate::{alert, arrival, relocation};

/// The items, one after another.
pub(super) type Items =
    Pin<Box<dyn Stream<Item = Result<v1::ProducePersonExtractResponse, Status>> + Send>>;

/// The right to open one of the things that are held.
enum Right {
    Pass(Pass),
    Question(Box<Question>),
}

impl Right {
    fn pass(&self) -> Option<&Pass> {
        match self {
            Self::Pass(pass) => Some(pass),
            Self::Question(_) => None,
        }
    }

    fn question(&self) -> Option<&Question> {
        match self {
            Self::Pass(_) => None,
            Self::Question(question) => Some(question),
        }
    }
}

pub(super) async fn produce(
    core: &Core,
    call: &Call,
    request: v1::ProducePersonExtractRequest,
) -> Result<Items, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    let text = &request.identity_number;
    let number = parse::identity_number(&mut faults, "identity_number", text, core.context());
    faults.end()?;
    let number = number.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let now = core.journal.now();
    let person = Person::read(core, party, &number, &notes::KINDS).await?;
    let tokens = relocation::person_tokens(core, &person).await?;
    let (subjects, more) = core.held(&person, &tokens).await?;
    // all that is about to be opened, before any of it is
    let token = tokens
        .first()
        .ok_or_else(|| Refusal::new(Reason::Internal))?;
    let term = (v1::SearchTermKind::IdentityNumber, *token);
    let search = Opening::search(term, &actor, subjects.len());
    core.record_access(call, party, search).await?;
    let mut rights = BTreeMap::new();
    for subject in &subjects {
        let right = core.extracting(call, &person, *subject, &actor).await?;
        rights.extend(right.map(|right| (*subject, right)));
    }
    let mut items = vec![Item::Head(v1::ExtractHead {
        municipality: party.code().resource_name(),
        produced_at: Some(to_wire(now)),
    })];
    for subject in &subjects {
        items.extend(core.extracted(party, *subject, rights.get(subject)).await?);
    }
    let (kept, more_kept) = notes::kept(core, call, &person, search).await?;
    items.extend(kept);
    let opened = subjects.into_iter().map(Accessed::Subject);
    let searches = tokens.iter().copied().map(Accessed::Search);
    let opened: Vec<_> = opened.chain(searches).collect();
    let (accesses, more_accesses) = core.opened(party, &opened, now).await?;
    items.extend(accesses);
    items.push(Item::End(v1::ExtractEnd {
        items: i32::try_from(items.len() - 1).unwrap_or(i32::MAX),
        more: more || more_kept || more_accesses,
    }));
    let answers = items
        .into_iter()
        .map(|item| Ok(v1::ProducePersonExtractResponse { item: Some(item) }));
    Ok(Box::pin(tokio_stream::iter(answers)))
}

impl Core {
    /// What a party holds about a person, newest first by kind, and whether there is more, or may be: what its search
    /// finds, the questions about that, the questions that others asked it, and what was erased at it and is found no more.
    async fn held(
        &self,
        person: &Person,
        tokens: &[[u8; 16]],
    ) -> Result<(Vec<Subject>, bool), Refusal> {
        let party = person.party;
        // what was erased or asked a moment ago is missing from tables that lag behind the record
        let is_late = !self.tables_follow().await;
        let found = relocation::under_any(self, party, tokens).await?;
        let more = is_late || found.len() >= EXTRACT_SUBJECTS_MAX;
        let (mut relocations, mut arrivals) = (Vec::new(), Vec::new());
        for subject in found {
            let is_there = !self.entries(party, subject, NOW).await?.is_empty();
            // a token without its entry is being written, or is swept soon
            match subject.kind {
                SubjectKind::Relocation if is_there => relocations.push(subject),
                SubjectKind::Arrival if is_there => arrivals.push(subject),
                SubjectKind::Relocation
                | SubjectKind::Arrival
                | SubjectKind::Alert
                | SubjectKind::Municipality
                | SubjectKind::RegisterEvent
                | SubjectKind::System => {}
            }
        }
        relocations.extend(self.erased_at(person).await?);
        let mut alerts = BTreeSet::new();
        for arrival in &arrivals {
            alerts.extend(self.views.alert_about(*arrival).await.map_err(unread)?);
        }
        alerts.extend(self.asked_about(person).await?);
        let subjects = relocations.into_iter().chain(arrivals).chain(alerts);
        Ok((subjects.collect(), more))
    }

    /// Waits until the read tables hold what the record does now. False when that takes too long.
    async fn tables_follow(&self) -> bool {
        let edge = *self.journal.edge().borrow();
        let mut tables = self.views.changes();
        let followed = timeout(TABLES, tables.wait_for(|valid_at| *valid_at >= edge));
        followed.await.is_ok_and(|followed| followed.is_ok())
    }

    /// Relocations to a party whose keys were erased there: no search finds them, their pseudonyms tell.
    async fn erased_at(&self, person: &Person) -> Result<Vec<Subject>, Refusal> {
        let party = person.party;
        let filter = RelocationFilter {
            recipient: Some(party.code()),
            state: Some(RelocationState::Withdrawn.number()),
            ..RelocationFilter::default()
        };
        let (mut erased, mut below) = (Vec::new(), NOW);
        loop {
            let page = self.views.relocations(filter, below, PAGE_MAX).await;
            let page = page.map_err(unread)?;
            for (subject, _) in &page.rows {
                let (fold, entries) = self.relocation(party, *subject, NOW).await?;
                if ::ledger::erased(&entries).map_err(halted)? != Some(party.code()) {
                    continue;
                }
                let (scope, epoch) = (fold.sender, fold.pseudonym.epoch);
                for number in &person.numbers {
                    let pseudonym = self.vault.pseudonym(scope, epoch, number, scope).await;
                    if pseudonym.map_err(no_keys)? == fold.pseudonym {
                        erased.push(*subject);
                        break;
                    }
                }
            }
            match page.rows.last() {
                Some((_, last)) if page.rows.len() >= PAGE_MAX => below = *last,
                _ => return Ok(erased),
            }
        }
    }

    /// Questions that others asked a party about a person.
    async fn asked_about(&self, person: &Person) -> Result<Vec<Subject>, Refusal> {
        let (party, today) = (person.party, self.today());
        let scope = party.code();
        let known = relocation::pseudonyms_of_arrival(self, person, scope, today).await?;
        let filter = AlertFilter {
            party: Some(scope),
            state: None,
        };
        let (mut asked, mut below) = (Vec::new(), Position(NOW.0));
        loop {
            let page = self.views.alerts(filter, below, PAGE_MAX).await;
            let page = page.map_err(unread)?;
            for (subject, _) in &page.rows {
                let (fold, _entries) = self.alert(party, *subject, NOW).await?;
                if fold.asked == scope
                    && let Some((arrival, _report)) = self.question(party, &fold).await?
                    && arrival.pseudonyms.iter().any(|one| known.contains(one))
                {
                    asked.push(*subject);
                }
            }
            match page.rows.last() {
                Some((_, last)) if page.rows.len() >= PAGE_MAX => below = *last,
                _ => return Ok(asked),
            }
        }
    }

    /// Records that something is about to be opened. None for what the officer's function may not open, or nobody may.
    async fn extracting(
        &self,
        call: &Call,
        person: &Person,
        subject: Subject,
        actor: &v1::Actor,
    ) -> Result<Option<Right>, Refusal> {
        let party = person.party;
        let opening = Opening::of(subject, actor);
        let entered = match subject.kind {
            SubjectKind::Relocation => {
                let (fold, entries) = self.relocation(party, subject, NOW).await?;
                let known = (&fold, entries.as_slice());
                let pass = self.enter_own_acts(call, person, known, opening).await;
                pass.map(Right::Pass)
            }
            SubjectKind::Arrival => {
                let (fold, entries) = self.arrival(party, subject, NOW).await?;
                let first = entries.first();
                let first = first.ok_or_else(|| Refusal::new(Reason::NotFound))?;
                let pass = self.enter_report(call, party, (&fold, first), opening);
                pass.await.map(Right::Pass)
            }
            SubjectKind::Alert => {
                let (fold, _entries) = self.alert(party, subject, NOW).await?;
                let question = self.enter_question(call, party, (&fold, subject), opening);
                question.await.map(|it| Right::Question(Box::new(it)))
            }
            SubjectKind::Municipality | SubjectKind::RegisterEvent | SubjectKind::System => {
                return Ok(None);
            }
        };
        match entered {
            Err(refusal)
                if matches!(
                    refusal.reason,
                    Reason::SecrecyFunctionRequired | Reason::ManualRouteRequired
                ) =>
            {
                Ok(None)
            }
            entered => entered.map(Some),
        }
    }

    /// One of them as an item. Without the right to more its envelope: what its own officers wrote of the person is
    /// under the same secrecy.
    async fn extracted(
        &self,
        party: Party,
        subject: Subject,
        right: Option<&Right>,
    ) -> Result<Option<Item>, Refusal> {
        let withheld = right.is_none();
        Ok(match subject.kind {
            SubjectKind::Relocation => {
                let pass = right.and_then(Right::pass);
                let found = relocation::whole(self, party, subject, pass).await?;
                let (relocation, fold, entries) = found;
                let erased = ::ledger::erased(&entries).map_err(halted)?;
                let parties = (fold.sender, fold.recipient);
                Some(Item::Relocation(v1::ExtractedRelocation {
                    relocation: Some(relocation),
                    erased: erased == Some(party.code()),
                    own_acts: self.own_acts(party, parties, (&entries, right)).await?,
                    withheld,
                }))
            }
            SubjectKind::Arrival => {
                let pass = right.and_then(Right::pass);
                let (arrival, fold, entries) = arrival::whole(self, party, subject, pass).await?;
                let parties = (fold.municipality, fold.previous);
                Some(Item::Arrival(v1::ExtractedArrival {
                    arrival: Some(arrival),
                    own_acts: self.own_acts(party, parties, (&entries, right)).await?,
                    withheld,
                }))
            }
            SubjectKind::Alert => {
                let question = right.and_then(Right::question);
                let (alert, fold, entries) = alert::whole(self, party, subject, question).await?;
                let parties = (fold.asking, fold.asked);
                Some(Item::Alert(v1::ExtractedAlert {
                    alert: Some(alert),
                    own_acts: self.own_acts(party, parties, (&entries, right)).await?,
                    withheld,
                }))
            }
            SubjectKind::Municipality | SubjectKind::RegisterEvent | SubjectKind::System => None,
        })
    }

    /// What the party itself did and wrote, without its officers' ids; nothing without the right to it.
    async fn own_acts(
        &self,
        party: Party,
        parties: Parties,
        (entries, right): (&[Entry], Option<&Right>),
    ) -> Result<Vec<v1::OwnAct>, Refusal> {
        let mut acts = Vec::new();
        if right.is_none() {
            return Ok(acts);
        }
        for entry in entries {
            let Some(own) = self.open_own(party.into(), parties, entry).await? else {
                continue;
            };
            let actor = own.actor.unwrap_or_default();
            acts.push(v1::OwnAct {
                recorded_at: Some(to_wire(entry.recorded_at)),
                kind: record::kind(&entry.event).into(),
                function: actor.function,
                purpose: actor.purpose,
                legal_ground: own.legal_ground.map(without_officers),
                text: own.text,
            });
        }
        Ok(acts)
    }

    /// Accesses before an instant that opened what was held, newest first, and whether there are more.
    async fn opened(
        &self,
        party: Party,
        what: &[Accessed],
        before: Timestamp,
    ) -> Result<(Vec<Item>, bool), Refusal> {
        const SOUGHT: (usize, usize) = (EXTRACT_ACCESSES_MAX, OPENINGS_SOUGHT_MAX);
        let (mut accesses, mut more) = (Vec::new(), false);
        for what in what {
            let found = openings(&self.vault, party.code(), (*what, before), SOUGHT).await;
            let (found, is_cut) = found.map_err(no_keys)?;
            accesses.extend(found);
            accesses.sort_by_key(|access| std::cmp::Reverse(access.place));
            more |= is_cut || accesses.len() > EXTRACT_ACCESSES_MAX;
            accesses.truncate(EXTRACT_ACCESSES_MAX);
        }
        let items = accesses.iter().map(|access| {
            let shown = super::shown(access);
            let actor = shown.actor.unwrap_or_default();
            Item::Access(v1::ExtractedAccess {
                accessed_at: shown.accessed_at,
                function: actor.function,
                purpose: actor.purpose,
                method: shown.method,
                subject: shown.subject,
            })
        });
        Ok((items.collect(), more))
    }
}

/// A ground with all that was assessed, but who assessed it.
fn without_officers(ground: v1::LegalGround) -> v1::LegalGround {
    v1::LegalGround {
        second_officer_id: String::new(),
        consent: ground.consent.map(|consent| v1::Consent {
            received_by: String::new(),
            ..consent
        }),
        ..ground
    }
}
