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
    /// The first municipality of its history that is not known here. It is kept as it was told: where somebody was before
    /// keeps nothing else of the event from being understood.
    pub unknown_before: Option<Violation>,
}

impl fmt::Debug for RegisterEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegisterEvent({}, ..)", self.changed_at)
    }
}

/// What an event tells of a person's protection, whatever becomes of the rest of it.
pub struct ToldProtected {
    /// All numbers that it names and that can be read, the record's own first.
    pub numbers: Vec<IdentityNumber>,
    /// When the register was changed; none when that cannot be read, or is not yet.
    pub changed_at: Option<Timestamp>,
    /// The level, never none; the strongest for one that is not known here.
    pub protection: Protection,
}

impl fmt::Debug for ToldProtected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToldProtected({:?}, ..)", self.protection)
    }
}

/// Reads what an event tells of protection, also of one that is refused or that nobody understands: whoever is protected must
/// not be found because of a fault in the feed. None when it tells of none, or of nobody.
pub fn told_protected(event: &v1::RegisterEvent, context: Context) -> Option<ToldProtected> {
    let protection = match Protection::from_number(event.protection) {
        Some(Protection::None) => return None,
        Some(level) => level,
        None if event.protection == 0 => return None,
        None => Protection::ProtectedRegistration,
    };
    let named = [&event.identity_number, &event.referred_identity_number];
    let read = |text: &String| identity_number(&mut Faults::default(), "", text, context);
    let mut numbers: Vec<IdentityNumber> = named.into_iter().filter_map(read).collect();
    numbers.dedup();
    let changed_at = event.changed_at.as_ref().and_then(from_wire);
    (!numbers.is_empty()).then_some(ToldProtected {
        numbers,
        changed_at: changed_at.filter(|at| !is_ahead(*at, context)),
        protection,
    })
}

fn is_ahead(at: Timestamp, context: Context) -> bool {
    domain::calendar::day_in_sweden(at) > context.today
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
        Some(at) if is_ahead(at, context) => faults.add("changed_at", Reason::DateInFuture),
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
    let (mut registrations, unknown_before) = before(&mut faults, event, context);
    registrations.extend(now(&mut faults, &mut unknown, event, context));
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
                unknown_before,
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

/// Where the person was before, and the first municipality there that is not known here. What was told of one long gone is
/// kept as it was told: nothing was ever announced from there, so nothing can follow from it.
fn before(
    faults: &mut Faults,
    event: &v1::RegisterEvent,
    context: Context,
) -> (Vec<Registration>, Option<Violation>) {
    if event.history.len() > HISTORY_MAX {
        faults.add("history", Reason::FieldTooLong);
    }
    let (mut registrations, mut unknown) = (Vec::new(), None);
    for (index, given) in event.history.iter().take(HISTORY_MAX).enumerate() {
        let path = format!("history[{index}]");
        let Some((registration, is_known)) = registration(faults, &path, given, context) else {
            continue;
        };
        registrations.push(registration);
        if !is_known && unknown.is_none() {
            unknown = Some(nowhere(&path));
        }
    }
    (registrations, unknown)
}

/// Where the person is now: whoever is in a municipality that is not known here is for the quarantine.
fn now(
    faults: &mut Faults,
    unknown: &mut Vec<Violation>,
    event: &v1::RegisterEvent,
    context: Context,
) -> Option<Registration> {
    const PATH: &str = "registration";
    let given = event.registration.as_ref()?;
    let (registration, is_known) = registration(faults, PATH, given, context)?;
    if !is_known {
        unknown.push(nowhere(PATH));
    }
    Some(registration)
}

/// A registration under the code of today, and whether that is known.
fn registration(
    faults: &mut Faults,
    path: &str,
    given: &v1::Registration,
    context: Context,
) -> Option<(Registration, bool)> {
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
    let current = of_today(code, context);
    let registration = Registration {
        since: since?,
        municipality: current.unwrap_or(code),
        is_without_address: given.without_address,
    };
    Some((registration, current.is_some()))
}

/// The municipality that has come after one whose code is closed: whoever stayed did not move. None for a code that is
/// not known.
fn of_today(code: MunicipalityCode, context: Context) -> Option<MunicipalityCode> {
    let Context { lineage, today, .. } = context;
    lineage
        .find(code)
        .map(|_known| lineage.current(code, today))
}

/// That a registration's municipality is not known here.
fn nowhere(path: &str) -> Violation {
    violation(&format!("{path}.municipality"), Reason::MunicipalityUnknown)
}

fn violation(field: &str, reason: Reason) -> Violation {
    Violation {
        field: field.to_owned(),
        reason,
    }
}
