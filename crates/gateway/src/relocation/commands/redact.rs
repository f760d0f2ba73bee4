//! RedactRelocation: a party ends a relocation for the other, and all that it has of the person where it says so. It
//! never tells the other why.

use api::generated::journal::v1 as sealed;
use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use domain::entry::{Entry, Event};
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use ledger::{RelocationCommand, RelocationFold};

use super::{Common, common, erase};
use crate::access::Opening;
use crate::call::Call;
use crate::core::Core;
use crate::permit::Party;
use crate::protection::{self, Whole};
use crate::read::NOW;
use crate::show;

pub(crate) async fn redact(
    core: &Core,
    call: &Call,
    request: v1::RedactRelocationRequest,
) -> Result<v1::RedactRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    faults.free_text("text", &request.text, 1, 1000);
    let mut common = common!(core, call, request, "RedactRelocation", faults);
    common.own.text.clone_from(&request.text);
    let (party, subject, why) = (common.party, common.subject, common.own.clone());
    let (person, relocation) = if request.whole_person {
        let number = whom(core, party, subject).await?;
        let relocation = end_whole(core, common, &number).await?;
        (Some(number), relocation)
    } else {
        let ended = common.run(core, RelocationCommand::Redact, None).await?;
        (None, ended)
    };
    if request.validate_only {
        return Ok(v1::RedactRelocationResponse {
            relocation,
            ..v1::RedactRelocationResponse::default()
        });
    }
    erase(core, subject).await?;
    let (fold, entries) = core.relocation(party, subject, NOW).await?;
    if let (Some(number), Some(entry)) = (person, redaction(party, &entries)) {
        // a retry says nothing anew: what was lifted since stays lifted
        let at = entry.recorded_at;
        protection::said_by_hand(core, party, &number, at, &why).await?;
    }
    let actor = why.actor.unwrap_or_default();
    let (known, opening) = ((&fold, entries.as_slice()), Opening::of(subject, &actor));
    core.record_relocation(call, party, known, opening).await?;
    let (readings, more_readings) = readings(core, party, &fold, &entries).await?;
    Ok(v1::RedactRelocationResponse {
        relocation,
        readings,
        more_readings,
    })
}

/// Whom it is about, as the party has it: whoever ends it need not be one who may read it.
async fn whom(core: &Core, party: Party, subject: Subject) -> Result<IdentityNumber, Refusal> {
    let (fold, entries) = core.relocation(party, subject, NOW).await?;
    let number = core.announced_number(party, (&fold, &entries)).await?;
    // what can no longer be opened names nobody
    number.ok_or_else(|| Refusal::field("whole_person", Reason::StateNotAllowed))
}

/// Ends it, and says by hand that nothing may be about the person.
async fn end_whole(
    core: &Core,
    common: Common<'_>,
    number: &IdentityNumber,
) -> Result<Option<v1::Relocation>, Refusal> {
    let (party, subject) = (common.party, common.subject);
    let whole = Whole {
        party,
        number,
        request: &common.request,
        validate_only: common.validate_only,
        etag: common.etag,
    };
    let end = |validate_only| {
        let common = Common {
            validate_only,
            ..common.clone()
        };
        Box::pin(common.run(core, RelocationCommand::Redact, None))
    };
    let ended = || async move {
        let (fold, entries) = core.relocation(party, subject, NOW).await?;
        let shown = show::relocation(subject, &fold, party.code());
        Ok(redaction(party, &entries).map(|_entry| (fold.version, Some(shown))))
    };
    protection::end_whole(core, whole, end, ended).await
}

/// Who read it at the other party before this one ended it there, and whether more did; empty when it did not end it.
pub(in crate::relocation) async fn readings(
    core: &Core,
    party: Party,
    fold: &RelocationFold,
    entries: &[Entry],
) -> Result<(Vec<v1::Reading>, bool), Refusal> {
    let Some(entry) = redaction(party, entries) else {
        return Ok((Vec::new(), false));
    };
    let before = entry.recorded_at;
    core.readings(party, other(party, fold), entry.subject, before)
        .await
}

/// The entry by which a party ended it for the other.
fn redaction(party: Party, entries: &[Entry]) -> Option<&Entry> {
    let redacted = Event::RelocationRedacted { by: party.code() };
    entries.iter().find(|entry| entry.event == redacted)
}

fn other(party: Party, fold: &RelocationFold) -> MunicipalityCode {
    if party.code() == fold.sender {
        fold.recipient
    } else {
        fold.sender
    }
}
