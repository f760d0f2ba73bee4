//! FindRelocations: the only search there is, by the three terms of the law, each search recorded.

use std::collections::BTreeSet;

use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use api::v1::find_relocations_request::Term;
use domain::person_name::pairs;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use vault::SearchTerm;

use crate::access::Opening;
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::permit::Party;
use crate::read::NOW;
use crate::show;

/// A search: what must be found under each of its tokens. The first of them stands for it in the access log.
struct Search {
    kind: v1::SearchTermKind,
    first: [u8; 16],
    others: Vec<[u8; 16]>,
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
    let opening = Opening::search("FindRelocations", term, &actor, relocations.len());
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
            let terms = number.iter().map(SearchTerm::Number).collect();
            tokens(core, party, v1::SearchTermKind::IdentityNumber, terms).await
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
        others: tokens.collect(),
    }))
}

/// The envelopes of a party's relocations that are found under every token, newest first.
async fn found(core: &Core, party: Party, search: &Search) -> Result<Vec<v1::Relocation>, Refusal> {
    let under = async |token| {
        let found = core.vault.search(party.code(), token).await;
        found.map_err(no_keys)
    };
    let mut found = under(search.first).await?;
    found.retain(|found| found.kind == SubjectKind::Relocation);
    for token in &search.others {
        let also: BTreeSet<Subject> = under(*token).await?.into_iter().collect();
        found.retain(|found| also.contains(found));
    }
    let mut relocations = Vec::with_capacity(found.len());
    for subject in found {
        match core.relocation(party, subject, NOW).await {
            Ok((fold, _entries)) => {
                relocations.push(show::relocation(subject, &fold, party.code()));
            }
            // a token without its entry is being written, or is swept soon
            Err(refusal) if refusal.reason == Reason::NotFound => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(relocations)
}

/// A party's own subjects by a term, newest first.
pub(crate) async fn own(
    core: &Core,
    party: Party,
    term: SearchTerm<'_>,
) -> Result<Vec<Subject>, Refusal> {
    let token = core
        .vault
        .search_token(party.code(), term)
        .await
        .map_err(no_keys)?;
    core.vault
        .search(party.code(), token)
        .await
        .map_err(no_keys)
}
