//! GetReceipt: the proof of one entry, and for its parties what is inside. Nothing is answered that does not verify.

use api::parse::Faults;
use api::status::Refusal;
use api::v1;
use domain::entry::{Entry, Part};
use domain::reason::Reason;
use domain::subject::{Position, Subject, SubjectKind};
use journal::evidence::{self, EvidenceError, index_of};
use tlog::proof::verify_inclusion;
use tlog::receipt::Receipt;
use tlog::tree::Hash;

use super::{checkpoint, shown, unproven};
use crate::access::Opening;
use crate::body::Parties;
use crate::call::Call;
use crate::core::Core;
use crate::permit::{Party, Viewer};
use crate::read::NOW;
use crate::secrecy::Pass;
use crate::write::halted;

pub(super) async fn get(
    core: &Core,
    call: &Call,
    request: v1::GetReceiptRequest,
) -> Result<v1::GetReceiptResponse, Refusal> {
    let viewer = Viewer::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    // an operator has no full view
    let reader = viewer
        .party()
        .filter(|_| request.view() == v1::View::Full)
        .map(|party| (party, faults.actor(request.actor.as_ref())));
    faults.end()?;
    let (entry, stored) = core.stored(named(core, viewer, &request).await?).await?;
    if !is_as_named(&request, &entry) {
        return Err(Refusal::new(Reason::NotFound));
    }
    let parties = core.permitted(viewer, &entry).await?;
    let receipt = receipt(core, &entry, &stored).await?;
    let mut parts = Vec::new();
    if let Some((party, actor)) = reader {
        let opening = Opening::of(entry.subject, &actor);
        parts = inside(core, call, (party, parties), &entry, opening).await?;
    }
    Ok(v1::GetReceiptResponse {
        receipt: Some(v1::Receipt {
            proof: receipt.to_string(),
            checkpoint: Some(checkpoint(core, &receipt.checkpoint)),
            entry: Some(shown(&entry, stored, viewer)),
            parts,
        }),
    })
}

/// Where the entry stands that is asked for.
async fn named(
    core: &Core,
    viewer: Viewer,
    request: &v1::GetReceiptRequest,
) -> Result<Position, Refusal> {
    let beyond = |field| Refusal::field(field, Reason::FieldOutOfRange);
    let position = u64::try_from(request.position).map_err(|_negative| beyond("position"))?;
    if position > 0 {
        return Ok(Position(position));
    }
    if request.name.is_empty() {
        return Err(Refusal::field("name", Reason::FieldRequired));
    }
    let kinds = [
        SubjectKind::Relocation,
        SubjectKind::Arrival,
        SubjectKind::Alert,
    ];
    let subject = kinds
        .into_iter()
        .find_map(|kind| Subject::parse(kind, &request.name))
        .ok_or_else(|| Refusal::field("name", Reason::NameInvalid))?;
    let version = u32::try_from(request.version).map_err(|_negative| beyond("version"))?;
    let entries = core.entries(viewer, subject, NOW).await?;
    entries
        .iter()
        .find(|entry| entry.version.0 == version.max(1))
        .map(|entry| entry.position)
        .ok_or_else(|| Refusal::new(Reason::NotFound))
}

/// Whether an entry that was named by its position is what the request says besides.
fn is_as_named(request: &v1::GetReceiptRequest, entry: &Entry) -> bool {
    let name = entry.subject.to_string();
    (request.name.is_empty() || request.name == name)
        && (request.version == 0 || u32::try_from(request.version) == Ok(entry.version.0))
}

/// The receipt for an entry with these bytes.
async fn receipt(core: &Core, entry: &Entry, stored: &[u8]) -> Result<Receipt, Refusal> {
    let log = core.evidence.as_ref();
    let index = index_of(entry.position).ok_or_else(|| Refusal::new(Reason::NotFound))?;
    let receipt = evidence::receipt(log, index, core.policy.as_ref()).await;
    let Some(receipt) = receipt.map_err(unproven)? else {
        return Err(core.not_signed().await?);
    };
    let head = receipt.checkpoint.checkpoint().head;
    // what was logged and what is stored now are the same bytes, or there is no receipt
    verify_inclusion(&Hash::leaf(stored), index, &head, &receipt.proof)
        .map_err(|_unproven| unproven(EvidenceError::Unsound))?;
    Ok(receipt)
}

/// The sealed parts of an entry that a party may open; each opening is recorded.
async fn inside(
    core: &Core,
    call: &Call,
    (party, parties): (Party, Parties),
    entry: &Entry,
    opening: Opening<'_>,
) -> Result<Vec<v1::OpenedPart>, Refusal> {
    let subject = entry.subject;
    match subject.kind {
        SubjectKind::Relocation => of_relocation(core, call, party, entry, opening).await,
        SubjectKind::Arrival => {
            let (fold, entries) = core.arrival(party, subject, NOW).await?;
            let Some(first) = entries.first() else {
                return Ok(Vec::new());
            };
            let pass = core
                .enter_report(call, party, (&fold, first), opening)
                .await?;
            opened(core, &pass, entry).await
        }
        SubjectKind::Alert => {
            let (fold, entries) = core.alert(party, subject, NOW).await?;
            let question = core
                .enter_question(call, party, (&fold, subject), opening)
                .await?;
            if ::ledger::may_read(&entries, party.code(), entry.version).map_err(halted)? {
                opened(core, &question.texts, entry).await
            } else {
                Ok(Vec::new())
            }
        }
        SubjectKind::System | SubjectKind::Municipality | SubjectKind::RegisterEvent => {
            core.record_access(call, party, opening).await?;
            let pass = Pass::beside(party, parties, subject);
            opened(core, &pass, entry).await
        }
    }
}

/// The sealed parts of a relocation's entry that a party may open. A body whose processing its party restricted is
/// opened by GetRelocation alone, which asks for the exception. What was erased, or told no longer, is missing.
async fn of_relocation(
    core: &Core,
    call: &Call,
    party: Party,
    entry: &Entry,
    opening: Opening<'_>,
) -> Result<Vec<v1::OpenedPart>, Refusal> {
    let (fold, entries) = core.relocation(party, entry.subject, NOW).await?;
    if fold.is_restricted_by(party.code()) {
        return Err(Refusal::field("view", Reason::ProcessingRestricted));
    }
    let pass = core.enter(call, party, (&fold, &entries), opening).await?;
    if ::ledger::may_read(&entries, party.code(), entry.version).map_err(halted)? {
        opened(core, &pass, entry).await
    } else {
        Ok(Vec::new())
    }
}

/// The sealed parts of an entry. What was erased is missing.
async fn opened(core: &Core, pass: &Pass, entry: &Entry) -> Result<Vec<v1::OpenedPart>, Refusal> {
    let mut parts = Vec::new();
    for part in &entry.sealed {
        let opened = core.open_bytes(pass, entry, part).await?;
        parts.extend(opened.map(|opened| v1::OpenedPart {
            part: match part.part {
                Part::Shared => 1,
                Part::Own => 2,
            },
            salt: opened.salt.to_vec(),
            body: opened.body,
        }));
    }
    Ok(parts)
}
