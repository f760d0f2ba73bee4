//! RegisterRelocation: the main job. Keys first, then one commit that records and dispatches. What follows from it is done
//! once it stands, and is not lost with the call.

mod answer;
mod dry;

use std::collections::BTreeSet;

use api::generated::journal::v1 as sealed;
use api::parse::{self, Registration};
use api::status::Refusal;
use api::v1;
use domain::code::NoticeKind;
use domain::entry::{Draft, Event, SealedPart};
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::person_name::{Pair, pairs};
use domain::reason::Notable;
use domain::relocation_state::RelocationState;
use domain::subject::{Pseudonym, Subject, Version};
use futures_util::future::try_join;
use jiff::civil::Date;
use journal::{Batch, OpenClaim, OpenKey, Outcome};
use ledger::{RelocationFold, Transfer};
use uuid::Uuid;
use vault::{NoteKind, SearchTerm};

use super::find::arrived;
use crate::body::{Body, Parties};
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::directory::functions::unknown;
use crate::follow;
use crate::household::{self, Household};
use crate::permit::Party;
use crate::person::Person;
use crate::protection;
use crate::read::NOW;
use crate::show;
use answer::{answered, pointed, stands};

/// The method's name in fingerprints.
const METHOD: &str = "RegisterRelocation";

pub(crate) async fn register(
    core: &Core,
    call: &Call,
    mut request: v1::RegisterRelocationRequest,
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let context = core.context();
    let read = match parse::registration(&request, party.code(), context) {
        Ok(registration) => routed(core, party, registration, request.validate_only).await,
        Err(refusal) => Err(refusal),
    };
    // the rest is the content
    let is_dry = std::mem::take(&mut request.validate_only);
    let id = std::mem::take(&mut request.request_id);
    let (registration, person) = match read {
        Ok(read) => read,
        Err(refusal) => {
            // what was answered once is answered again, whatever today's rules and dates say
            let answer = core.answered_before(party, &id, METHOD, &request).await?;
            return match answer {
                Some(answer) => {
                    stands(core, party, answer, request.kind).await?;
                    answered(core, party, answer, &[]).await
                }
                None => Err(refusal),
            };
        }
    };
    let due_on = ledger::answer_due_on(registration.kind, context.today);
    let way_out = (registration.recipient, party.code());
    let returns = arrived(core, &person, way_out).await?;
    let notable = notable(&registration, returns, request.open_child_inquiry);
    let (id, is_marked) = (registration.request_id, registration.is_marked);
    let request = core.request(party.scope(), id, METHOD, &request).await?;
    let days = (context.today, due_on);
    if is_dry {
        return dry::run(core, &person, (registration, days), (&request, notable)).await;
    }
    // from here on it comes, unless something fails
    let coming = core.vault.comes();
    let prepared = prepare(core, (&person, returns), registration, days).await?;
    let (subject, fold) = (prepared.draft.subject, prepared.fold);
    let household = prepared.household;
    // what is kept of a household waits for no keys
    let coming = household.is_none().then_some(coming);
    let parties = [fold.sender, fold.recipient];
    let whom = (parties, subject, &person.number);
    household::keep(core, household.as_ref(), whom).await?;
    let batch = Batch {
        drafts: vec![prepared.draft],
        request: Some(request),
        claim: Some(prepared.claim),
        ..Batch::default()
    };
    drop(coming);
    let outcome = core.append_sealed(prepared.keys, prepared.tokens, batch);
    let (outcome, number) = (outcome.await?, &person.number);
    if let Outcome::Repeated(answer) | Outcome::AlreadyOpen(answer) = &outcome {
        // what stands already is what belongs to the household
        let instead = (parties, answer.subject, number);
        household::forget(core, household.as_ref(), (parties, subject, number)).await?;
        household::keep(core, household.as_ref(), instead).await?;
        // what may be read there no more brings nobody back
        household::part(core, answer.subject).await?;
        stands(core, party, *answer, fold.kind.number()).await?;
    }
    let whom = (number, is_marked);
    done(core, party, (subject, fold, outcome), whom, notable).await
}

/// What became of a registration. What follows from it is done now, by whoever is answered first and by whoever sends it
/// again: the first one may have been cut off.
async fn done(
    core: &Core,
    party: Party,
    (subject, fold, outcome): (Subject, RelocationFold, Outcome),
    whom: (&IdentityNumber, bool),
    notable: Vec<Notable>,
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    match outcome {
        Outcome::Appended(appended) => {
            let fold = RelocationFold {
                recorded_at: appended.recorded_at,
                ..fold
            };
            follow::announced(core, party, (appended.last, &fold), whom).await?;
            Ok(v1::RegisterRelocationResponse {
                relocation: Some(show::relocation(subject, &fold, party.code())),
                position: i64::try_from(appended.last.0).unwrap_or(i64::MAX),
                warnings: show::warnings(&notable),
                dry_run: None,
                reach_by: Vec::new(),
            })
        }
        Outcome::Repeated(answer) | Outcome::AlreadyOpen(answer) => {
            if !answer.already_open {
                let (fold, _entries) = core.relocation(party, answer.subject, NOW).await?;
                follow::announced(core, party, (answer.position, &fold), whom).await?;
            }
            pointed(core, party, answer, (whom.1, notable)).await
        }
    }
}

/// What the sender should see at once.
fn notable(
    registration: &Registration,
    returns: Option<Subject>,
    open_child_inquiry: bool,
) -> Vec<Notable> {
    let mut notable = registration.warnings.clone();
    notable.extend(returns.map(|_subject| Notable::Returned));
    notable.extend(open_child_inquiry.then_some(Notable::InquiryMustFinish));
    notable
}

/// An announcement with the function that it goes to, and whom it is about. One that is closed at this very moment may
/// still get it.
async fn routed(
    core: &Core,
    party: Party,
    registration: Registration,
    validate_only: bool,
) -> Result<(Registration, Person), Refusal> {
    party.may_announce(registration.kind)?;
    let (person, fold) = try_join(
        Person::read(core, party, &registration.number, &[NoteKind::Protected]),
        core.municipality(party, registration.recipient),
    )
    .await?;
    let is_marked = registration.is_marked;
    let household = Household::of(party.code(), &registration.content);
    let whom = (&person, household.as_ref());
    protection::refuse_announcement(core, whom, is_marked, validate_only).await?;
    let (wished, kind) = (registration.function.as_ref(), registration.kind);
    let function = fold
        .route(wished, kind, registration.is_marked)
        .map_err(|reason| unknown(&fold, "receiving_function", reason))?
        .map(|function| function.id.clone());
    let registration = Registration {
        function,
        ..registration
    };
    Ok((registration, person))
}

/// A registration ready to be written.
struct Prepared {
    draft: Draft,
    fold: RelocationFold,
    household: Option<Household>,
    claim: OpenClaim,
    keys: vault::KeyRows,
    tokens: Vec<vault::SearchRow>,
}

async fn prepare(
    core: &Core,
    (person, returns): (&Person, Option<Subject>),
    registration: Registration,
    (today, due_on): (Date, Date),
) -> Result<Prepared, Refusal> {
    let party = person.party;
    let (sender, recipient) = (party.code(), registration.recipient);
    let subject = Subject::relocation(Uuid::now_v7());
    let claim = claim(core, person, recipient, today).await?;
    let pseudonym = claim.key.pseudonym;
    let shared = sealed::SharedPart {
        legal_ground: registration.legal_ground.code,
        relocation: Some(registration.content),
        returns: returns
            .map(|subject| subject.to_string())
            .unwrap_or_default(),
        ..sealed::SharedPart::default()
    };
    let own = sealed::OwnPart {
        actor: Some(registration.actor),
        legal_ground: Some(registration.legal_ground),
        withheld_addresses: registration.withheld_addresses,
        ..sealed::OwnPart::default()
    };
    let (parts, keys) = core
        .seal(&Body {
            subject,
            version: Version(1),
            parties: (sender, recipient),
            by: party.into(),
            shared: Some(&shared),
            own: &own,
        })
        .await?;
    let content = shared.relocation.unwrap_or_default();
    let number = &registration.number;
    let parties = (sender, recipient);
    let names = names(&content, registration.is_marked);
    let case = &content.case_number;
    let tokens = tokens(core, subject, parties, (number, case, &names)).await?;
    let fold = RelocationFold {
        sender,
        recipient,
        kind: registration.kind,
        pseudonym,
        planned: registration.planned,
        answer_due_on: due_on,
        recorded_at: core.journal.now(),
        state: RelocationState::Registered,
        version: Version(1),
        taken_in: false,
        arrival: None,
        function: registration.function,
        reminded: None,
        restrictions: BTreeSet::new(),
        redacted_by: BTreeSet::new(),
        transfer: Transfer::Asked,
    };
    Ok(Prepared {
        draft: draft(subject, &fold, parts),
        fold,
        claim,
        household: Household::of(sender, &content),
        keys,
        tokens,
    })
}

/// The claim to be the one open relocation of a person.
async fn claim(
    core: &Core,
    person: &Person,
    recipient: MunicipalityCode,
    today: Date,
) -> Result<OpenClaim, Refusal> {
    let sender = person.party.code();
    let mut pseudonyms = pseudonyms(core, person, sender, today).await?;
    let key = OpenKey {
        sender,
        recipient,
        pseudonym: pseudonyms.remove(0),
    };
    Ok(OpenClaim {
        key,
        also: pseudonyms,
    })
}

/// The names that a person is found by. One with a secrecy marking by none: as many that nobody has stand there
/// instead, so that the rows beside the keys do not tell who is marked.
fn names(content: &v1::RelocationContent, is_marked: bool) -> BTreeSet<Pair> {
    let person = content.person.as_ref();
    let names = person.map(|person| pairs(&person.given_name, &person.family_name));
    let nobodys = || Uuid::now_v7().simple().to_string();
    names
        .into_iter()
        .flatten()
        .map(|pair| {
            if is_marked {
                (nobodys(), nobodys())
            } else {
                pair
            }
        })
        .collect()
}

/// By what each party will find it: both by number and by name, the sender by its case number.
async fn tokens(
    core: &Core,
    subject: Subject,
    (sender, recipient): Parties,
    (number, case, names): (&IdentityNumber, &str, &BTreeSet<Pair>),
) -> Result<Vec<vault::SearchRow>, Refusal> {
    let number = SearchTerm::Number(number);
    let case = SearchTerm::CaseNumber(case);
    let mut terms = vec![(sender, number), (recipient, number), (sender, case)];
    for pair in names {
        let name = SearchTerm::Name(pair);
        terms.extend([(sender, name), (recipient, name)]);
    }
    let mut tokens = Vec::with_capacity(terms.len());
    for (authority, term) in terms {
        let row = core.vault.search_row(authority, term, subject).await;
        tokens.push(row.map_err(no_keys)?);
    }
    Ok(tokens)
}

/// The entry to be.
fn draft(subject: Subject, fold: &RelocationFold, sealed: Vec<SealedPart>) -> Draft {
    Draft {
        subject,
        version: fold.version,
        event: Event::RelocationRegistered {
            sender: fold.sender,
            recipient: fold.recipient,
            kind: fold.kind,
            pseudonym: fold.pseudonym,
            planned: fold.planned,
            answer_due_on: fold.answer_due_on,
            function: fold.function.clone(),
        },
        notices: vec![(fold.recipient, NoticeKind::RelocationRegistered)],
        sealed,
    }
}

/// Years whose keys are compared: an announcement may be made 24 months before the move, and matches up to
/// 24 months after it, by the widest definition there can be.
const EPOCHS: i16 = 5;

/// A person's pseudonyms in a scope, as an arrival needs them: under all numbers that the party knows, those of the
/// given one first. What the municipality announced under another code stands in that code's scope.
pub(crate) async fn pseudonyms_of_arrival(
    core: &Core,
    person: &Person,
    scope: MunicipalityCode,
    today: Date,
) -> Result<Vec<Pseudonym>, Refusal> {
    let mut all = Vec::new();
    let mut scopes = core.context().lineage.sources(scope);
    // its own first: that is what a report is claimed by
    scopes.sort_by_key(|other| *other != scope);
    for scope in scopes {
        for number in &person.numbers {
            all.extend(pseudonyms_in(core, person.party, scope, number, today).await?);
        }
    }
    Ok(all)
}

/// A number's pseudonyms in a scope, in all years that are ever compared: an announcement may come later too, in a year
/// that has not begun, and it is made under that year's key alone.
pub(crate) async fn pseudonyms_in(
    core: &Core,
    party: Party,
    scope: MunicipalityCode,
    number: &IdentityNumber,
    today: Date,
) -> Result<Vec<Pseudonym>, Refusal> {
    let this = today.year();
    let back = (0..EPOCHS).map(|back| this - back);
    let ahead = (1..EPOCHS).map(|ahead| this + ahead);
    of_epochs(core, party, (scope, number), back.chain(ahead)).await
}

/// A person's pseudonyms in a scope, for the party that knows the number: of this year's key first, then of the years
/// before, then likewise under the person's other numbers.
async fn pseudonyms(
    core: &Core,
    person: &Person,
    scope: MunicipalityCode,
    today: Date,
) -> Result<Vec<Pseudonym>, Refusal> {
    let mut pseudonyms = Vec::new();
    for number in &person.numbers {
        let epochs = (0..EPOCHS).map(|back| today.year() - back);
        pseudonyms.extend(of_epochs(core, person.party, (scope, number), epochs).await?);
    }
    Ok(pseudonyms)
}

async fn of_epochs(
    core: &Core,
    party: Party,
    (scope, number): (MunicipalityCode, &IdentityNumber),
    epochs: impl Iterator<Item = i16> + Send,
) -> Result<Vec<Pseudonym>, Refusal> {
    let mut pseudonyms = Vec::new();
    for epoch in epochs {
        let pseudonym = core
            .vault
            .pseudonym(scope, epoch, number, party.code())
            .await;
        pseudonyms.push(pseudonym.map_err(no_keys)?);
    }
    Ok(pseudonyms)
}
