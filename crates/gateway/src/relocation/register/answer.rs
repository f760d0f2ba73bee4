//! What stands already as the answer to a registration: the open relocation of the same person, or the answer of then.
//! Nothing is written here.

use api::status::Refusal;
use api::v1;
use domain::reason::{Notable, Reason};
use domain::subject::Subject;
use journal::Answer;

use crate::core::Core;
use crate::permit::Party;
use crate::read::NOW;
use crate::show;
use crate::write::halted;

/// What holds the claim stands for what was to be announced, unless it is of another kind: to take a case over is another
/// matter than to hear of a move. What lies outside a vendor's grant it is not told.
pub(super) async fn stands(
    core: &Core,
    party: Party,
    answer: Answer,
    kind: i32,
) -> Result<(), Refusal> {
    if !answer.already_open {
        return Ok(());
    }
    let found = core.relocation(party, answer.subject, NOW).await;
    match party.found(found)? {
        None => Err(Refusal::new(Reason::VendorNotGranted)),
        Some((fold, _)) if fold.kind.number() == kind => Ok(()),
        Some(_) => Err(Refusal::field("kind", Reason::AnnouncedAsAnotherKind)),
    }
}

/// What stands already is the answer.
pub(super) async fn pointed(
    core: &Core,
    party: Party,
    answer: Answer,
    (is_marked, mut notable): (bool, Vec<Notable>),
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    if is_marked && answer.already_open {
        notable.extend(announced_unmarked(core, party, answer.subject).await?);
    }
    answered(core, party, answer, &notable).await
}

/// Whether the person was announced without the marking that is told now, or may have been: then everybody there reads
/// it, unless it was ended there.
async fn announced_unmarked(
    core: &Core,
    party: Party,
    subject: Subject,
) -> Result<Option<Notable>, Refusal> {
    let (fold, entries) = core.relocation(party, subject, NOW).await?;
    if ledger::erased(&entries).map_err(halted)? == Some(fold.recipient) {
        return Ok(None);
    }
    let states_marking = core.states_marking(party, (&fold, &entries)).await?;
    Ok(match states_marking {
        Some(true) => None,
        Some(false) => Some(Notable::AnnouncedUnmarked),
        None => Some(Notable::AnnouncedUnreadable),
    })
}

/// The answer of then: the relocation as it was at that position.
pub(super) async fn answered(
    core: &Core,
    party: Party,
    answer: Answer,
    notable: &[Notable],
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    let (fold, entries) = core
        .relocation(party, answer.subject, answer.position)
        .await?;
    let already = answer.already_open.then_some(Notable::AlreadyAnnounced);
    let notable: Vec<Notable> = already.iter().chain(notable).copied().collect();
    let recorded = entries
        .last()
        .map_or(answer.position, |entry| entry.position);
    Ok(v1::RegisterRelocationResponse {
        relocation: Some(show::relocation(answer.subject, &fold, party.code())),
        position: i64::try_from(recorded.0).unwrap_or(i64::MAX),
        warnings: show::warnings(&notable),
        dry_run: None,
        reach_by: Vec::new(),
    })
}
