//! Requests into domain values, once, at the border. Every fault is found, not only the first.

mod content;
mod function;
mod grant;
mod ground;
mod person;
mod register;

use domain::lineage::{Lineage, Misnamed};
use domain::municipality::{self, Municipality, MunicipalityCode};
use domain::reason::{Reason, Violation};
use domain::subject::{Subject, SubjectKind};
use jiff::civil::Date;
use uuid::Uuid;

pub use content::{ArrivalReport, Registration, arrival, contact, registration, told};
pub use function::{function, function_name, kinds};
pub use grant::{GRANT_FUNCTIONS_MAX, grant, organisation_number};
pub use ground::legal_ground;
pub use person::{identity_number, is_minor};
pub use register::{
    RegisterEvent, SOURCE_ID_SIGNS_MAX, ToldProtected, Understood, register_event, told_protected,
};

use crate::status::Refusal;
use crate::v1;

/// What parsing needs to know of the world.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The record's date.
    pub today: Date,
    /// Whether real people are meant.
    pub production: bool,
    /// Which municipality goes on as which.
    pub lineage: Lineage,
}

/// Addresses that one request may mark.
const WITHHELD_MAX: usize = 10;
/// Faults that are kept: more than are ever shown, far fewer than a request could cause.
const FAULTS_MAX: usize = 100;

/// Faults found so far.
#[derive(Debug, Default)]
pub struct Faults {
    violations: Vec<Violation>,
    nearest: Option<String>,
}

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, field: &str, reason: Reason) {
        if self.violations.len() >= FAULTS_MAX {
            return;
        }
        self.violations.push(Violation {
            field: field.to_owned(),
            reason,
        });
    }

    /// Notes faults that the rules found.
    pub fn extend(&mut self, violations: Vec<Violation>) {
        self.violations.extend(violations);
    }

    /// Whether nothing is at fault so far.
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty()
    }

    /// The refusal, if anything is at fault.
    pub fn end(self) -> Result<(), Refusal> {
        if self.violations.is_empty() {
            return Ok(());
        }
        // a matter for the manual channel is told alone, so that nothing tells why
        if self
            .violations
            .iter()
            .any(|v| v.reason == Reason::ManualRouteRequired)
        {
            return Err(Refusal::new(Reason::ManualRouteRequired));
        }
        let refusal = Refusal::violations(self.violations);
        Err(match self.nearest {
            Some(nearest) => refusal.with("nearest", nearest),
            None => refusal,
        })
    }

    /// A text of so many signs; empty only when `min` is 0.
    pub fn text(&mut self, field: &str, text: &str, min: usize, max: usize) {
        let signs = text.chars().count();
        if text.is_empty() && min > 0 {
            self.add(field, Reason::FieldRequired);
        } else if signs < min {
            self.add(field, Reason::FieldTooShort);
        } else if signs > max {
            self.add(field, Reason::FieldTooLong);
        }
    }

    /// A free text, in which no identity number may stand.
    pub fn free_text(&mut self, field: &str, text: &str, min: usize, max: usize) {
        self.text(field, text, min, max);
        if domain::text::contains_identity_number(text) {
            self.add(field, Reason::IdentityNumberInText);
        }
    }

    /// Addresses that no text may hold, and texts in which one stands.
    pub fn withheld<'a>(
        &mut self,
        addresses: &[String],
        texts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        if addresses.len() > WITHHELD_MAX {
            self.add("withheld_addresses", Reason::FieldTooLong);
        }
        let addresses = addresses.iter().take(WITHHELD_MAX);
        for (index, address) in addresses.clone().enumerate() {
            let field = format!("withheld_addresses[{index}]");
            self.text(&field, address, 1, 200);
            if !address.is_empty() && !domain::address::is_address(address) {
                self.add(&field, Reason::FieldTooShort);
            }
        }
        for (field, text) in texts {
            let mut addresses = addresses.clone();
            if addresses.any(|address| domain::address::contains_address(text, address)) {
                self.add(field, Reason::MarkedAddressInText);
            }
        }
    }

    /// A date, "2026-12-31".
    pub fn date(&mut self, field: &str, text: &str) -> Option<Date> {
        if text.is_empty() {
            self.add(field, Reason::FieldRequired);
            return None;
        }
        let date = (text.len() == 10).then(|| text.parse().ok()).flatten();
        if date.is_none() {
            self.add(field, Reason::DateInvalid);
        }
        date
    }

    /// A municipality by its resource name, in a request about a day: one of today, or whoever goes on as what it was on
    /// that day.
    pub fn municipality(
        &mut self,
        field: &str,
        name: &str,
        about: Option<Date>,
        context: Context,
    ) -> Option<MunicipalityCode> {
        if name.is_empty() {
            self.add(field, Reason::FieldRequired);
            return None;
        }
        let Some(code) = MunicipalityCode::parse_name(name) else {
            self.add(field, Reason::MunicipalityCodeInvalid);
            return None;
        };
        match context.lineage.named(code, about, context.today) {
            Ok(current) => Some(current),
            Err(Misnamed::Closed(instead)) => {
                self.add(field, Reason::MunicipalityClosed);
                self.nearest = Some(named(&instead));
                None
            }
            Err(Misnamed::Unknown) => {
                self.add(field, Reason::MunicipalityUnknown);
                self.nearest = Some(named(&municipality::nearest(&code.to_string(), 3)));
                None
            }
        }
    }

    /// Who begins something new is a municipality of today: whoever goes on as another finishes what that began, and
    /// begins nothing in its name.
    pub fn acting(&mut self, code: MunicipalityCode, context: Context) {
        if let Err(Misnamed::Closed(instead)) = context.lineage.named(code, None, context.today) {
            self.add("municipality", Reason::MunicipalityClosed);
            self.nearest = Some(named(&instead));
        }
    }

    /// Who does it.
    pub fn actor(&mut self, actor: Option<&v1::Actor>) -> v1::Actor {
        let Some(actor) = actor else {
            self.add("actor", Reason::ActorRequired);
            return v1::Actor::default();
        };
        self.free_text("actor.officer_id", &actor.officer_id, 1, 64);
        self.free_text("actor.function", &actor.function, 1, 100);
        self.free_text("actor.case_number", &actor.case_number, 0, 64);
        self.free_text("actor.purpose", &actor.purpose, 1, 200);
        actor.clone()
    }

    /// The caller's request id.
    pub fn request_id(&mut self, text: &str) -> Uuid {
        if text.is_empty() {
            self.add("request_id", Reason::RequestIdRequired);
            return Uuid::nil();
        }
        match Uuid::try_parse(text) {
            Ok(id) if !id.is_nil() => id,
            _ => {
                self.add("request_id", Reason::RequestIdInvalid);
                Uuid::nil()
            }
        }
    }
}

/// Codes and names, as refusals tell them.
fn named(municipalities: &[&Municipality]) -> String {
    let all = municipalities.iter();
    let all: Vec<String> = all.map(|it| format!("{} {}", it.code, it.name)).collect();
    all.join(", ")
}

/// A municipality of today or of before by its resource name. One that is not known is refused with the nearest ones.
pub fn municipality(field: &str, name: &str) -> Result<&'static Municipality, Refusal> {
    let code = MunicipalityCode::parse_name(name)
        .ok_or_else(|| Refusal::field(field, Reason::MunicipalityCodeInvalid))?;
    municipality::find(code).ok_or_else(|| {
        let nearest = named(&municipality::nearest(&code.to_string(), 3));
        Refusal::field(field, Reason::MunicipalityUnknown).with("nearest", nearest)
    })
}

/// A resource name of the expected kind. A wrong one is refused, never guessed.
pub fn subject(kind: SubjectKind, name: &str) -> Result<Subject, Refusal> {
    if name.is_empty() {
        return Err(Refusal::field("name", Reason::FieldRequired));
    }
    Subject::parse(kind, name).ok_or_else(|| Refusal::field("name", Reason::NameInvalid))
}

#[cfg(test)]
mod tests;
