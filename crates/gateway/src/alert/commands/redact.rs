//! RedactAlert: the asked municipality ends a question, and with it what it told whoever asked; and all that it has of the
//! person where it says so. It never says why.

use api::generated::journal::v1 as sealed;
use api::parse::Faults;
use api::status::Refusal;
use api::v1;
use domain::entry::{Entry, Event};
use domain::identity::IdentityNumber;
use domain::reason::Reason;
use domain::subject::Subject;
use journal::Request;
use ledger::{AlertCaller, AlertCommand, AlertFold};

use super::super::shown;
use super::{Common, common};
use crate::access::Opening;
use crate::call::Call;
use crate::core::Core;
use crate::permit::{Party, Viewer};
use crate::protection::{self, Whole};
use crate::read::NOW;
use crate::relocation::erase;

pub(in crate::alert) async fn redact(
    core: &Core,
    call: &Call,
    request: v1::RedactAlertRequest,
) -> Result<v1::RedactAlertResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    faults.free_text("text", &request.text, 1, 1000);
    let party_caller = |_: &v1::Actor| AlertCaller::Party(party.code());
    let (common, normalised) = common!(
        Viewer::Party(party),
        party_caller,
        request,
        "RedactAlert",
        faults
    );
    let common = Common {
        text: request.text.clone(),
        ..common
    };
    let why = sealed::OwnPart {
        actor: Some(common.actor.clone()),
        text: request.text.clone(),
        ..sealed::OwnPart::default()
    };
    let (subject, actor) = (common.subject()?, common.actor.clone());
    let asked = common.request(core, faults, &normalised).await?;
    let (person, alert) = if request.whole_person {
        let number = whom(core, party, subject).await?;
        let alert = end_whole(core, common, (party, asked, &number)).await?;
        (Some(number), alert)
    } else {
        let alert = common.decide(core, asked, AlertCommand::Redact).await?;
        (None, alert)
    };
    if request.validate_only {
        return Ok(v1::RedactAlertResponse {
            alert,
            ..v1::RedactAlertResponse::default()
        });
    }
    erase(core, subject).await?;
    let (fold, entries) = core.alert(party, subject, NOW).await?;
    if let (Some(number), Some(entry)) = (person, redaction(party, &fold, &entries)) {
        // a retry says nothing anew: what was lifted since stays lifted
        protection::said_by_hand(core, party, &number, entry.recorded_at, &why).await?;
    }
    let opening = Opening::of(subject, &actor);
    core.record_question(call, party, &fold, opening).await?;
    let (readings, more_readings) = readings(core, party, &fold, &entries).await?;
    Ok(v1::RedactAlertResponse {
        alert,
        readings,
        more_readings,
    })
}

/// Whom it is about, as the party can open it: whoever ends it need not be one who may read it.
async fn whom(core: &Core, party: Party, subject: Subject) -> Result<IdentityNumber, Refusal> {
    let (fold, _entries) = core.alert(party, subject, NOW).await?;
    let number = core.asked_number(party, &fold).await?;
    // what can no longer be opened names nobody
    number.ok_or_else(|| Refusal::field("whole_person", Reason::StateNotAllowed))
}

/// Ends it, and says by hand that nothing may be about the person.
async fn end_whole(
    core: &Core,
    common: Common<'_>,
    (party, request, number): (Party, Request, &IdentityNumber),
) -> Result<Option<v1::Alert>, Refusal> {
    let subject = common.subject()?;
    let whole = Whole {
        party,
        number,
        request: &request,
        validate_only: common.validate_only,
        etag: common.etag,
    };
    let end = |validate_only| {
        let common = Common {
            validate_only,
            ..common.clone()
        };
        Box::pin(common.decide(core, request.clone(), AlertCommand::Redact))
    };
    let ended = || async move {
        let (fold, entries) = core.alert(party, subject, NOW).await?;
        let shown = shown(core, party.into(), subject, &entries).await?;
        Ok(redaction(party, &fold, &entries).map(|_entry| (fold.version, Some(shown))))
    };
    protection::end_whole(core, whole, end, ended).await
}

/// Who read it at whoever asked before the asked municipality ended it, and whether more did; for that one alone.
pub(in crate::alert) async fn readings(
    core: &Core,
    party: Party,
    fold: &AlertFold,
    entries: &[Entry],
) -> Result<(Vec<v1::Reading>, bool), Refusal> {
    match redaction(party, fold, entries) {
        Some(entry) => {
            let (subject, before) = (entry.subject, entry.recorded_at);
            core.readings(party, fold.asking, subject, before).await
        }
        None => Ok((Vec::new(), false)),
    }
}

/// The entry by which the party ended it, if it is the asked one.
fn redaction<'a>(party: Party, fold: &AlertFold, entries: &'a [Entry]) -> Option<&'a Entry> {
    let mut entries = entries.iter();
    let ended = entries.find(|entry| entry.event == Event::AlertRedacted);
    ended.filter(|_| party.code() == fold.asked)
}
