//! RedactAlert: the asked municipality ends a question, and with it what it told whoever asked. It never says why.

use api::parse::Faults;
use api::status::Refusal;
use api::v1;
use domain::entry::{Entry, Event};
use ledger::{AlertCaller, AlertCommand, AlertFold};

use super::{Common, common};
use crate::access::Opening;
use crate::call::Call;
use crate::core::Core;
use crate::permit::{Party, Viewer};
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
    let (actor, subject) = (common.actor.clone(), common.subject()?);
    let alert = common
        .run(core, faults, AlertCommand::Redact, &normalised)
        .await?;
    if request.validate_only {
        return Ok(v1::RedactAlertResponse {
            alert,
            ..v1::RedactAlertResponse::default()
        });
    }
    erase(core, subject).await?;
    let (fold, entries) = core.alert(party, subject, NOW).await?;
    let opening = Opening::of(subject, &actor);
    core.record_question(call, party, &fold, opening).await?;
    let (readings, more_readings) = readings(core, party, &fold, &entries).await?;
    Ok(v1::RedactAlertResponse {
        alert,
        readings,
        more_readings,
    })
}

/// Who read it at whoever asked before the asked municipality ended it, and whether more did; for that one alone.
pub(in crate::alert) async fn readings(
    core: &Core,
    party: Party,
    fold: &AlertFold,
    entries: &[Entry],
) -> Result<(Vec<v1::Reading>, bool), Refusal> {
    let ended = entries.iter().find(|it| it.event == Event::AlertRedacted);
    match ended.filter(|_| party.code() == fold.asked) {
        Some(entry) => {
            let (subject, before) = (entry.subject, entry.recorded_at);
            core.readings(party, fold.asking, subject, before).await
        }
        None => Ok((Vec::new(), false)),
    }
}
