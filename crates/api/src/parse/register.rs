//! Events of the population register from the wire. What is wrong is refused; what is merely unknown here is for the
//! quarantine, since the register may know more than we do.

use std::fmt;

use domain::disclosure::Protection;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::reason::{Reason, Violation};
use domain::register::{Deregistration, Reference, Registration, counts_from};
use jiff::Timestamp;

use super::{Context, Faults, identity_number};
use crate::status::Refusal;
use crate::time::from_wire;
use crate::v1;

/// Registrations before the present one that an event may tell: Navet gives a handful.
const HISTORY_MAX: usize = 50;
/// Signs of the feed's own id of an event: a UUID, or a system's name with a number.
pub const SOURCE_ID_SIGNS_MAX: usize = 64;

/// An event that is understood.
pub struct RegisterEvent {
    /// When the register was changed.
    pub changed_at: Timestamp,
    /// The person's number.
    pub number: IdentityNumber,
    /// Protection in the population register.
    pub protection: Protection,
    /// Now and before, the oldest first; municipalities by their codes of today.
    pub registrations: Vec<Registration>,
    /// Why the person is no longer registered, if so.
    pub deregistration: Option<Deregistration>,
    /// That one number of the person replaced another, if so.
    pub reference: Option<Reference>,
    /// Whether it tells of somebody who is registered somewhere now, under this number or the one that replaced it.
    pub is_registered: bool,
}

impl fmt::Debug for RegisterEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegisterEvent({}, ..)", self.changed_at)
    }
}

/// What an event is to us.
#[derive(Debug)]
pub enum Understood {
    /// All of it is known.
    Known(RegisterEvent),
    /// It is formally right, and something in it is not known here.
    Unknown(Violation),
}

impl Understood {
    /// The reference that is taken in with it: none from a person who is protected.
    pub fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Known(event) if event.protection == Protection::None => event.reference.as_ref(),
            Self::Known(_) | Self::Unknown(_) => None,
        }
    }
}

/// Reads an event.
pub fn register_event(event: &v1::RegisterEvent, context: Context) -> Result<Understood, Refusal> {
    let mut faults = Faults::default();
    let mut unknown = Vec::new();
    faults.free_text("source_id", &event.source_id, 1, SOURCE_ID_SIGNS_MAX);
    let changed_at = event.changed_at.as_ref().and_then(from_wire);
    match changed_at {
        None => faults.add("changed_at", Reason::FieldRequired),
        Some(at) if domain::calendar::day_in_sweden(at) > context.today => {
            faults.add("changed_at", Reason::DateInFuture);
        }
        Some(_) => {}
    }
    let number = identity_number(
        &mut faults,
        "identity_number",
        &event.identity_number,
        context,
    );
    let referred = referred(&mut faults, number.as_ref(), event, context);
    let protection = Protection::from_number(event.protection);
    if event.protection == 0 {
        faults.add("protection", Reason::FieldRequired);
    } else if protection.is_none() {
        unknown.push(violation("protection", Reason::ValueUnknown));
    }
    let deregistration = event.deregistration.as_ref().and_then(|it| {
        faults.text("deregistration.code", &it.code, 1, 8);
        if !it.deregistered_on.is_empty() {
            faults.date("deregistration.deregistered_on", &it.deregistered_on);
        }
        let known = Deregistration::parse(&it.code);
        if known.is_none() {
            unknown.push(violation("deregistration.code", Reason::ValueUnknown));
        }
        known
    });
    if event.history.len() > HISTORY_MAX {
        faults.add("history", Reason::FieldTooLong);
    }
    let paths = (0..).map(|index| format!("history[{index}]"));
    let history = paths.zip(&event.history).take(HISTORY_MAX);
    let now = event.registration.iter();
    let all = history.chain(now.map(|it| ("registration".to_owned(), it)));
    let mut registrations: Vec<Registration> = all
        .filter_map(|(path, it)| registration(&mut faults, &mut unknown, &path, it, context))
        .collect();
    registrations.sort_unstable();
    faults.end()?;
    if let Some(first) = unknown.into_iter().next() {
        return Ok(Understood::Unknown(first));
    }
    match (changed_at, number, protection) {
        (Some(changed_at), Some(number), Some(protection)) => {
            let reference = referred.map(|it| Reference::of(&number, it, deregistration));
            Ok(Understood::Known(RegisterEvent {
                changed_at,
                number,
                protection,
                registrations,
                deregistration,
                reference,
                is_registered: deregistration.map_or(
                    event.registration.is_some() && event.deregistration.is_none(),
                    Deregistration::is_replaced,
                ),
            }))
        }
        _ => Err(Refusal::new(Reason::Internal)),
    }
}

/// The person's other number, which is not the same one.
fn referred(
    faults: &mut Faults,
    number: Option<&IdentityNumber>,
    event: &v1::RegisterEvent,
    context: Context,
) -> Option<IdentityNumber> {
    const FIELD: &str = "referred_identity_number";
    let text = event.referred_identity_number.as_str();
    if text.is_empty() {
        return None;
    }
    let referred = identity_number(faults, FIELD, text, context)?;
    if number == Some(&referred) {
        faults.add(FIELD, Reason::ReferenceCycle);
    }
    Some(referred)
}

fn registration(
    faults: &mut Faults,
    unknown: &mut Vec<Violation>,
    path: &str,
    given: &v1::Registration,
    context: Context,
) -> Option<Registration> {
    let at = |field: &str| format!("{path}.{field}");
    let since = faults.date(&at("registered_on"), &given.registered_on);
    let reported = (!given.reported_on.is_empty())
        .then(|| faults.date(&at("reported_on"), &given.reported_on))
        .flatten();
    let since = match (since, reported) {
        (Some(since), Some(reported)) => Some(counts_from(since, reported)),
        (since, _) => since,
    };
    if since.is_some_and(|since| since > context.today) {
        faults.add(&at("registered_on"), Reason::DateInFuture);
    }
    if given.municipality.is_empty() {
        faults.add(&at("municipality"), Reason::FieldRequired);
        return None;
    }
    let Some(code) = MunicipalityCode::parse_name(&given.municipality) else {
        faults.add(&at("municipality"), Reason::MunicipalityCodeInvalid);
        return None;
    };
    let Some(municipality) = of_today(code, context) else {
        unknown.push(violation(&at("municipality"), Reason::MunicipalityUnknown));
        return None;
    };
    Some(Registration {
        since: since?,
        municipality,
        is_without_address: given.without_address,
    })
}

/// The municipality that has come after one whose code is closed: whoever stayed did not move. None for a code that is
/// not known.
fn of_today(code: MunicipalityCode, context: Context) -> Option<MunicipalityCode> {
    let Context { lineage, today, .. } = context;
    lineage
        .find(code)
        .map(|_known| lineage.current(code, today))
}

fn violation(field: &str, reason: Reason) -> Violation {
    Violation {
        field: field.to_owned(),
        reason,
    }
}
