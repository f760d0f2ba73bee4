//! FindRelocations: the only search there is, by the three terms of the law, each search recorded.

use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use api::v1::find_relocations_request::Term;
use domain::municipality::MunicipalityCode;
use domain::person_name::pairs;
use domain::reason::Reason;
use domain::relocation_state::RelocationState;
use domain::subject::{Subject, SubjectKind};
use ledger::RelocationFold;
use vault::SearchTerm;

use crate::access::Opening;
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::permit::Party;
use crate::person::Person;
use crate::read::{NOW, written};
use crate::show;

/// A search. The first of its tokens stands for it in the access log.
struct Search {
    kind: v1::SearchTermKind,
    first: [u8; 16],
    others: Others,
}

/// The other tokens of a search.
enum Others {
    /// What is found stands under each of them too.
    Each(Vec<[u8; 16]>),
    /// What stands under any of them is found too: the other numbers of a person.
    Any(Vec<[u8; 16]>),
}

pub(super) async fn find(
    core: &Core,
    call: &Call,
    request: v1::FindRelocationsRequest,
) -> Result<v1::FindRelocationsResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    let search = read(core, party, &mut faults, request.term.as_ref()).await?;
    faults.end()?;
    let search = search.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let relocations = found(core, party, &search).await?;
    // whatever it found, nothing is answered that is not recorded
    let term = (search.kind, search.first);
    let opening = Opening::search(term, &actor, relocations.len());
    core.record_access(call, party, opening).await?;
    Ok(v1::FindRelocationsResponse { relocations })
}

/// Reads what is searched for; none when it is at fault.
async fn read(
    core: &Core,
    party: Party,
    faults: &mut Faults,
    term: Option<&Term>,
) -> Result<Option<Search>, Refusal> {
    match term {
        None => {
            faults.add("term", Reason::SearchTermRequired);
            Ok(None)
        }
        Some(Term::IdentityNumber(text)) => {
            let number = parse::identity_number(faults, "identity_number", text, core.context());
            let Some(number) = number else {
                return Ok(None);
            };
            let person = Person::read(core, party, &number, &[]).await?;
            let mut tokens = person_tokens(core, &person).await?.into_iter();
            Ok(tokens.next().map(|first| Search {
                kind: v1::SearchTermKind::IdentityNumber,
                first,
                others: Others::Any(tokens.collect()),
            }))
        }
        Some(Term::CaseNumber(text)) => {
            faults.text("case_number", text, 1, 64);
            let terms = vec![SearchTerm::CaseNumber(text)];
            tokens(core, party, v1::SearchTermKind::CaseNumber, terms).await
        }
        Some(Term::Name(name)) => {
            faults.text("name.given_name", &name.given_name, 1, 100);
            faults.text("name.family_name", &name.family_name, 1, 100);
            let pairs = pairs(&name.given_name, &name.family_name);
            if pairs.is_empty() && faults.is_empty() {
                faults.add("name", Reason::FieldRequired);
            }
            let terms = pairs.iter().map(SearchTerm::Name).collect();
            tokens(core, party, v1::SearchTermKind::Name, terms).await
        }
    }
}

async fn tokens(
    core: &Core,
    party: Party,
    kind: v1::SearchTermKind,
    terms: Vec<SearchTerm<'_>>,
) -> Result<Option<Search>, Refusal> {
    let mut tokens = Vec::with_capacity(terms.len());
    for term in terms {
        let token = core.vault.search_token(party.code(), term).await;
        tokens.push(token.map_err(no_keys)?);
    }
    let mut tokens = tokens.into_iter();
    Ok(tokens.next().map(|first| Search {
        kind,
        first,
        others: Others::Each(tokens.collect()),
    }))
}

/// The envelopes of a party's relocations that a search finds, newest first.
async fn found(core: &Core, party: Party, search: &Search) -> Result<Vec<v1::Relocation>, Refusal> {
    let found = match &search.others {
        Others::Any(others) => {
            let tokens: Vec<_> = others.iter().copied().chain([search.first]).collect();
            under_any(core, party, &tokens).await?
        }
        Others::Each(others) => {
            let mut found = under_any(core, party, &[search.first]).await?;
            for token in others {
                let also = under_any(core, party, &[*token]).await?;
                found.retain(|found| also.contains(found));
            }
            found
        }
    };
    let mut shown = Vec::with_capacity(found.len());
    for (subject, fold) in relocations(core, party, &found).await? {
        let is_by_name = search.kind == v1::SearchTermKind::Name;
        // their tokens may be older than what the party knows now
        if !(is_by_name && core.is_nameless(party, subject).await?) {
            shown.push(show::relocation(subject, &fold, party.code()));
        }
    }
    Ok(shown)
}

/// Those of a party's subjects that are relocations, in their order, as they are now.
pub(crate) async fn relocations(
    core: &Core,
    party: Party,
    subjects: &[Subject],
) -> Result<Vec<(Subject, RelocationFold)>, Refusal> {
    let mut relocations = Vec::new();
    for subject in subjects {
        if subject.kind == SubjectKind::Relocation {
            let found = written(core.relocation(party, *subject, NOW).await)?;
            relocations.extend(found.map(|(fold, _entries)| (*subject, fold)));
        }
    }
    Ok(relocations)
}

/// The party's own relocation from one municipality to another by which a person came there: whoever goes the other way now
/// returns.
pub(crate) async fn arrived(
    core: &Core,
    person: &Person,
    (from, to): (MunicipalityCode, MunicipalityCode),
) -> Result<Option<Subject>, Refusal> {
    let found = own(core, person).await?;
    let mut relocations = relocations(core, person.party, &found).await?.into_iter();
    let is_way_out = |(_, fold): &(Subject, RelocationFold)| {
        fold.state == RelocationState::Arrived && (fold.sender, fold.recipient) == (from, to)
    };
    Ok(relocations.find(is_way_out).map(|(subject, _)| subject))
}

/// A party's own subjects by a person's numbers, newest first.
pub(crate) async fn own(core: &Core, person: &Person) -> Result<Vec<Subject>, Refusal> {
    let tokens = person_tokens(core, person).await?;
    under_any(core, person.party, &tokens).await
}

/// The tokens under which a party finds a person, that of the given number first.
pub(crate) async fn person_tokens(core: &Core, person: &Person) -> Result<Vec<[u8; 16]>, Refusal> {
    let mut tokens = Vec::new();
    for number in &person.numbers {
        let term = SearchTerm::Number(number);
        let token = core.vault.search_token(person.party.code(), term).await;
        tokens.push(token.map_err(no_keys)?);
    }
    Ok(tokens)
}

/// What a party finds under any of some tokens, the newest 100 of each, newest first.
pub(crate) async fn under_any(
    core: &Core,
    party: Party,
    tokens: &[[u8; 16]],
) -> Result<Vec<Subject>, Refusal> {
    let found = core.vault.search(party.code(), tokens).await;
    found.map_err(no_keys)
}
