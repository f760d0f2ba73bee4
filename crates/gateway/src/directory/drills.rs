//! Drills: the ledger says that a month's is due; here its word is sealed for the municipality as an announcement's body is,
//! opened for a person there, and compared with what that person says. Nobody else is ever shown it.
//!
//! The word is compared by opening it once more, never with a hash beside it: so a drill is taken in only while the
//! municipality's key to it, and all that leads to that key, works.

use api::generated::journal::v1 as sealed;
use api::parse::Faults;
use api::status::Refusal;
use api::v1;
use domain::calendar::day_in_sweden;
use domain::drill::Word;
use domain::entry::{Entry, Event};
use domain::month::Month;
use domain::reason::Reason;
use domain::subject::Subject;
use ledger::{Drill, MunicipalityCommand, MunicipalityFold, Said};

use super::own;
use crate::access::Opening;
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::limits::DRILL_WORD_SIGNS_MAX;
use crate::permit::Party;
use crate::read::NOW;
use crate::secrecy::Pass;
use crate::write::{Command, Decided, halted};

/// The method's name in fingerprints.
const METHOD: &str = "AcknowledgeDrill";

/// Seals the word of the municipality's drill and tells it, if that is due and nobody did.
pub(crate) async fn write(core: &Core, party: Party) -> Result<(), Refusal> {
    let code = party.code();
    let word = Word::of(vault::random().map_err(no_keys)?);
    let command = Command {
        by: party.into(),
        request: None,
        subject: Subject::municipality(code),
        validate_only: false,
        etag: "",
        shared: Some(sealed::SharedPart {
            drill_word: word.to_text(),
            ..sealed::SharedPart::default()
        }),
        // nobody acted
        own: sealed::OwnPart::default(),
    };
    let decide = |entries: &[Entry]| {
        let fold = MunicipalityFold::fold(code, entries).map_err(halted)?;
        let decision = ledger::drill_written(&fold);
        let (event, notices) = decision.ok_or_else(|| Refusal::new(Reason::StateNotAllowed))?;
        Ok(Decided {
            event,
            notices,
            version: fold.version.next(),
            parties: (code, code),
            release: None,
        })
    };
    match core.command(command, decide).await {
        // another gateway wrote it, or a person took it in before drills were sealed
        Err(refusal) if refusal.reason == Reason::StateNotAllowed => Ok(()),
        written => written.map(|_entries| ()),
    }
}

pub(crate) async fn get(
    core: &Core,
    call: &Call,
    request: v1::GetDrillRequest,
) -> Result<v1::GetDrillResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    let month = if request.month.is_empty() {
        None
    } else {
        month(&mut faults, &request.month)
    };
    faults.end()?;
    let (fold, entries) = known(core, party).await?;
    let due = fold.drill_sent.map(|due| due.month);
    let due = due.filter(|due| month.is_none_or(|month| month == *due));
    let month = due.ok_or_else(|| Refusal::new(Reason::NotFound))?;
    let mut word = None;
    if let Some(entry) = written(&entries, month) {
        let opening = Opening::of(entry.subject, &actor);
        core.record_access(call, party, opening).await?;
        word = opened(core, party, entry).await?;
    }
    Ok(v1::GetDrillResponse {
        last_reached_on: last_reached_on(&fold),
        drill: Some(v1::Drill {
            month: month.to_string(),
            state: state(&fold, month, word.is_some()).into(),
            word: word.map(|word| word.to_text()).unwrap_or_default(),
        }),
    })
}

pub(crate) async fn acknowledge(
    core: &Core,
    call: &Call,
    request: v1::AcknowledgeDrillRequest,
) -> Result<v1::AcknowledgeDrillResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    let month = month(&mut faults, &request.month);
    faults.text("word", &request.word, 1, DRILL_WORD_SIGNS_MAX);
    faults.end()?;
    let month = month.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let validate_only = request.validate_only;
    let normalised = v1::AcknowledgeDrillRequest {
        request_id: String::new(),
        validate_only: false,
        ..request
    };
    let request = core.request(party.scope(), id, METHOD, &normalised).await?;
    // what was answered once is answered again, whatever became of the key
    let said = match core.answered(&request).await? {
        Some(_answer) => Said::Word,
        None => said(core, party, month, &normalised.word).await?,
    };
    let change = own::Change {
        party,
        request,
        validate_only,
        etag: "",
        actor,
        what: MunicipalityCommand::AcknowledgeDrill { month, said },
    };
    let fold = change.run(core).await?;
    Ok(v1::AcknowledgeDrillResponse {
        last_reached_on: last_reached_on(&fold),
    })
}

/// A drill's month.
fn month(faults: &mut Faults, text: &str) -> Option<Month> {
    let month = Month::parse(text);
    if month.is_none() {
        let reason = if text.is_empty() {
            Reason::FieldRequired
        } else {
            Reason::DateInvalid
        };
        faults.add("month", reason);
    }
    month
}

/// The municipality as it is now, and its entries.
async fn known(core: &Core, party: Party) -> Result<(MunicipalityFold, Vec<Entry>), Refusal> {
    let subject = Subject::municipality(party.code());
    let entries = core.entries(party, subject, NOW).await?;
    let fold = MunicipalityFold::fold(party.code(), &entries).map_err(halted)?;
    Ok((fold, entries))
}

/// The entry that holds a month's word.
fn written(entries: &[Entry], month: Month) -> Option<&Entry> {
    let mut entries = entries.iter();
    entries.find(|entry| entry.event == Event::DrillWritten { month })
}

/// The word of an entry; none when nobody can open it any more.
async fn opened(core: &Core, party: Party, entry: &Entry) -> Result<Option<Word>, Refusal> {
    let parties = (party.code(), party.code());
    let pass = Pass::beside(party, parties, entry.subject);
    let part = core.open(&pass, entry).await?;
    let word = part.and_then(|part| Word::parse(&part.drill_word));
    if word.is_none() {
        let position = entry.position.0;
        tracing::error!(
            entry.position = position,
            "a drill's word cannot be opened: the key to it is lost"
        );
    }
    Ok(word)
}

/// What was said of a month's word. Whether there is such a drill is decided with the rest.
async fn said(core: &Core, party: Party, month: Month, said: &str) -> Result<Said, Refusal> {
    let (_fold, entries) = known(core, party).await?;
    let Some(entry) = written(&entries, month) else {
        return Ok(Said::Another);
    };
    Ok(match opened(core, party, entry).await? {
        None => Said::Unreadable,
        Some(word) if Word::parse(said) == Some(word.clone()) => Said::Word,
        Some(_another) => Said::Another,
    })
}

/// How the drill of the month that is due stands.
fn state(fold: &MunicipalityFold, month: Month, is_opened: bool) -> v1::DrillState {
    let is_of = |drill: Option<Drill>| drill.is_some_and(|drill| drill.month == month);
    if is_of(fold.drill_acknowledged) {
        v1::DrillState::Acknowledged
    } else if !is_of(fold.drill_written) {
        v1::DrillState::Due
    } else if is_opened {
        v1::DrillState::Written
    } else {
        v1::DrillState::Unreadable
    }
}

/// The day on which a person last took a drill in; empty for never.
pub(super) fn last_reached_on(fold: &MunicipalityFold) -> String {
    let taken = fold.drill_acknowledged;
    taken
        .map(|taken| day_in_sweden(taken.at).to_string())
        .unwrap_or_default()
}
