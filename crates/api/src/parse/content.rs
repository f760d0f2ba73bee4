//! Announcements and arrival reports from the wire.

use std::collections::BTreeSet;
use std::fmt;

use domain::code::RelocationKind;
use domain::disclosure::{self, Act, Disclosure, Protection, Wish};
use domain::function::FunctionId;
use domain::ground::Scope;
use domain::identity::IdentityNumber;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::reason::{Notable, Reason};
use jiff::civil::Date;
use uuid::Uuid;

use super::person::person;
use super::{Context, Faults, function_name, legal_ground};
use crate::status::Refusal;
use crate::v1;

/// How far ahead a move may be planned, and how far back it or an arrival may lie, in months.
const PLANNED_AHEAD_MONTHS: i32 = 24;

/// All texts of a content that the other municipality reads, each with its field.
macro_rules! texts {
    ($content:expr) => {{
        let person = $content.person.iter().flat_map(|it| {
            [
                ("content.person.given_name", it.given_name.as_str()),
                ("content.person.family_name", &it.family_name),
            ]
        });
        let contact = $content.contact.iter().flat_map(|it| {
            [
                ("content.contact.name", it.name.as_str()),
                ("content.contact.function", &it.function),
                ("content.contact.phone", &it.phone),
                ("content.contact.email", &it.email),
            ]
        });
        person.chain(contact).chain([
            ("content.case_number", $content.case_number.as_str()),
            ("content.free_text", &$content.free_text),
        ])
    }};
}

/// An announcement that the rules accept.
pub struct Registration {
    /// The caller's request id.
    pub request_id: Uuid,
    /// For whom.
    pub recipient: MunicipalityCode,
    /// Kind.
    pub kind: RelocationKind,
    /// The recipient's function that the sender wishes; none: the one that takes the kind.
    pub function: Option<FunctionId>,
    /// Whether the person has a secrecy marking, which the sender confirmed.
    pub is_marked: bool,
    /// The person's number.
    pub number: IdentityNumber,
    /// Planned month.
    pub planned: Month,
    /// The content as announced.
    pub content: v1::RelocationContent,
    /// The ground with its assessments.
    pub legal_ground: v1::LegalGround,
    /// Who announces.
    pub actor: v1::Actor,
    /// Paths of the fields that the recipient sees.
    pub seen: Vec<String>,
    /// What deserves a look.
    pub warnings: Vec<Notable>,
    /// Addresses that no text may hold.
    pub withheld_addresses: Vec<String>,
}

/// An arrival report that the rules accept.
pub struct ArrivalReport {
    /// The caller's request id.
    pub request_id: Uuid,
    /// Where the person moved from.
    pub previous: MunicipalityCode,
    /// The person's number.
    pub number: IdentityNumber,
    /// Month of arrival.
    pub arrived: Month,
    /// The content as reported.
    pub content: v1::ArrivalContent,
    /// The ground with its assessments.
    pub legal_ground: v1::LegalGround,
    /// Who reports.
    pub actor: v1::Actor,
    /// Paths of the fields that the previous municipality sees, once it is asked.
    pub seen: Vec<String>,
    /// What deserves a look.
    pub warnings: Vec<Notable>,
    /// Addresses that no text may hold.
    pub withheld_addresses: Vec<String>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registration({}, ..)", self.recipient)
    }
}

impl fmt::Debug for ArrivalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArrivalReport({}, ..)", self.previous)
    }
}

/// Reads an announcement and holds it against the rules of disclosure.
pub fn registration(
    request: &v1::RegisterRelocationRequest,
    sender: MunicipalityCode,
    context: Context,
) -> Result<Registration, Refusal> {
    let mut faults = Faults::default();
    let request_id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    faults.acting(sender, context);
    let planned_on = request.content.as_ref().map(|it| it.expected_on.as_str());
    let recipient = faults.municipality(
        "receiving_municipality",
        &request.receiving_municipality,
        planned_on.and_then(month).and_then(Month::first_day),
        context,
    );
    if recipient == Some(sender) {
        faults.add("receiving_municipality", Reason::RecipientIsSender);
    }
    let wished = &request.receiving_function;
    let function =
        recipient.and_then(|code| function_name(&mut faults, "receiving_function", wished, code));
    let kind = RelocationKind::from_number(request.kind);
    if kind.is_none() {
        let reason = if request.kind == 0 {
            Reason::FieldRequired
        } else {
            Reason::ValueUnknown
        };
        faults.add("kind", reason);
    }
    let ground = legal_ground(&mut faults, request.legal_ground.as_ref());
    let content = request.content.clone().unwrap_or_default();
    if request.content.is_none() {
        faults.add("content", Reason::FieldRequired);
    }
    let person = person(&mut faults, content.person.as_ref(), true, context);
    let planned = expected(&mut faults, &content.expected_on, context.today);
    shape(&mut faults, &content);
    let texts = texts!(content);
    faults.withheld(&request.withheld_addresses, texts);
    if let (Some(kind), Some(ground), Some(person)) = (kind, &ground, &person) {
        faults.extend(disclosure::check(&Disclosure {
            act: Act::Relocation(kind),
            ground,
            actor_officer: &actor.officer_id,
            minor: person.minor,
            wish: Wish::from_number(content.wish),
            protection: person.protection,
            is_marking_confirmed: request.secrecy_marking_confirmed,
            filled: &filled(&content),
            today: context.today,
        }));
    }
    let seen = told(&content);
    let legal_ground = request.legal_ground.clone().unwrap_or_default();
    faults.end()?;
    match (recipient, kind, person, planned) {
        (Some(recipient), Some(kind), Some(person), Some(planned)) => Ok(Registration {
            request_id,
            recipient,
            kind,
            function,
            is_marked: person.protection == Protection::SecrecyMarking,
            warnings: person.warnings,
            number: person.number,
            planned,
            content,
            legal_ground,
            actor,
            seen,
            withheld_addresses: request.withheld_addresses.clone(),
        }),
        _ => Err(Refusal::new(Reason::Internal)),
    }
}

/// Reads an arrival report likewise: asking is disclosing too.
pub fn arrival(
    request: &v1::ReportArrivalRequest,
    reporter: MunicipalityCode,
    context: Context,
) -> Result<ArrivalReport, Refusal> {
    let mut faults = Faults::default();
    let request_id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    faults.acting(reporter, context);
    let arrived_on = request.content.as_ref();
    let arrived_on = arrived_on.and_then(|it| it.arrived_on.parse().ok());
    let previous = previous(&mut faults, request, reporter, arrived_on, context);
    let ground = legal_ground(&mut faults, request.legal_ground.as_ref());
    let content = request.content.clone().unwrap_or_default();
    if request.content.is_none() {
        faults.add("content", Reason::FieldRequired);
    }
    let person = person(&mut faults, content.person.as_ref(), false, context);
    let arrived_on = faults.date("content.arrived_on", &content.arrived_on);
    if arrived_on.is_some_and(|date| date > context.today) {
        faults.add("content.arrived_on", Reason::DateInFuture);
    } else if arrived_on
        .is_some_and(|date| Month::of(context.today).since(Month::of(date)) > PLANNED_AHEAD_MONTHS)
    {
        faults.add("content.arrived_on", Reason::DateTooFar);
    }
    dwelling(&mut faults, content.dwelling.as_ref());
    supports(&mut faults, &content.supports);
    contact(&mut faults, "content.contact", content.contact.as_ref());
    faults.text("content.case_number", &content.case_number, 0, 64);
    faults.free_text("content.free_text", &content.free_text, 0, 4000);
    let texts = texts!(content);
    faults.withheld(&request.withheld_addresses, texts);
    if let (Some(ground), Some(person)) = (&ground, &person) {
        faults.extend(disclosure::check(&Disclosure {
            act: Act::Arrival,
            ground,
            actor_officer: &actor.officer_id,
            minor: person.minor,
            wish: None,
            protection: person.protection,
            is_marking_confirmed: false,
            filled: &arrival_filled(&content),
            today: context.today,
        }));
    }
    faults.end()?;
    match (previous, person, arrived_on) {
        (Some(previous), Some(person), Some(arrived_on)) => Ok(ArrivalReport {
            request_id,
            previous,
            warnings: person.warnings,
            number: person.number,
            arrived: Month::of(arrived_on),
            seen: arrival_seen(&content),
            content,
            legal_ground: request.legal_ground.clone().unwrap_or_default(),
            actor,
            withheld_addresses: request.withheld_addresses.clone(),
        }),
        _ => Err(Refusal::new(Reason::Internal)),
    }
}

/// Where the person came from. A municipality that changed its code moved nobody.
fn previous(
    faults: &mut Faults,
    request: &v1::ReportArrivalRequest,
    reporter: MunicipalityCode,
    arrived_on: Option<Date>,
    context: Context,
) -> Option<MunicipalityCode> {
    const FIELD: &str = "previous_municipality";
    let given = &request.previous_municipality;
    let (lineage, today) = (context.lineage, context.today);
    let code = MunicipalityCode::parse_name(given);
    if code == Some(reporter) {
        faults.add(FIELD, Reason::RecipientIsSender);
        return code;
    }
    if code.is_some_and(|code| lineage.is_no_move(code, reporter, arrived_on, today)) {
        faults.add(FIELD, Reason::MunicipalityContinues);
        return code;
    }
    faults.municipality(FIELD, given, arrived_on, context)
}

/// "2026-12", or a day of it.
fn month(text: &str) -> Option<Month> {
    Month::parse(text).or_else(|| {
        let is_date = text.len() == 10;
        is_date.then(|| text.parse().ok().map(Month::of)).flatten()
    })
}

fn expected(faults: &mut Faults, text: &str, today: Date) -> Option<Month> {
    const FIELD: &str = "content.expected_on";
    if text.is_empty() {
        faults.add(FIELD, Reason::FieldRequired);
        return None;
    }
    let month = month(text);
    match month {
        None => faults.add(FIELD, Reason::DateInvalid),
        Some(month) if month.since(Month::of(today)).abs() > PLANNED_AHEAD_MONTHS => {
            faults.add(FIELD, Reason::DateTooFar);
        }
        Some(_) => {}
    }
    month
}

fn shape(faults: &mut Faults, content: &v1::RelocationContent) {
    supports(faults, &content.supports);
    dwelling(faults, content.dwelling.as_ref());
    contact(faults, "content.contact", content.contact.as_ref());
    faults.text("content.case_number", &content.case_number, 1, 64);
    faults.free_text("content.free_text", &content.free_text, 0, 4000);
    if content.wish != 0 && Wish::from_number(content.wish).is_none() {
        faults.add("content.wish", Reason::ValueUnknown);
    }
    let mut groups = BTreeSet::new();
    for group in &content.groups {
        if *group == 0 || v1::PersonGroup::try_from(*group).is_err() || !groups.insert(*group) {
            faults.add("content.groups", Reason::ValueUnknown);
        }
    }
    if let Some(household) = &content.household {
        for (field, number) in [
            ("content.household.adults", household.adults),
            ("content.household.children", household.children),
        ] {
            if !(0..=20).contains(&number) {
                faults.add(field, Reason::FieldOutOfRange);
            }
        }
        let id = household
            .name
            .strip_prefix("households/")
            .map(Uuid::try_parse);
        if !household.name.is_empty() && !matches!(id, Some(Ok(_))) {
            faults.add("content.household.name", Reason::NameInvalid);
        }
    }
}

fn supports(faults: &mut Faults, supports: &[v1::Support]) {
    if supports.len() > 10 {
        faults.add("content.supports", Reason::FieldTooLong);
    }
    for (index, support) in supports.iter().enumerate() {
        let at = |field: &str| format!("content.supports[{index}].{field}");
        if support.kind == 0 || v1::SupportKind::try_from(support.kind).is_err() {
            faults.add(&at("kind"), Reason::ValueUnknown);
        }
        if support.actor == 0 || v1::SupportActor::try_from(support.actor).is_err() {
            faults.add(&at("actor"), Reason::ValueUnknown);
        }
        if !support.paid_until.is_empty() {
            faults.date(&at("paid_until"), &support.paid_until);
        }
    }
}

fn dwelling(faults: &mut Faults, dwelling: Option<&v1::Dwelling>) {
    let Some(dwelling) = dwelling else { return };
    if v1::DwellingTenure::try_from(dwelling.tenure).is_err() {
        faults.add("content.dwelling.tenure", Reason::ValueUnknown);
    }
    if !(0..=200_000).contains(&dwelling.monthly_rent_sek) {
        faults.add("content.dwelling.monthly_rent_sek", Reason::FieldOutOfRange);
    }
    let unknown = |remark: &i32| *remark == 0 || v1::DwellingRemark::try_from(*remark).is_err();
    if dwelling.remarks.iter().any(unknown) || dwelling.remarks.len() > 10 {
        faults.add("content.dwelling.remarks", Reason::ValueUnknown);
    }
}

/// A counterpart: a function is enough, somebody to call is needed.
pub fn contact(faults: &mut Faults, field: &str, contact: Option<&v1::Contact>) {
    let Some(contact) = contact else {
        faults.add(field, Reason::FieldRequired);
        return;
    };
    faults.free_text(&format!("{field}.name"), &contact.name, 0, 100);
    faults.free_text(&format!("{field}.function"), &contact.function, 1, 100);
    // a telephone number may look like one of a person
    faults.text(&format!("{field}.phone"), &contact.phone, 0, 30);
    faults.free_text(&format!("{field}.email"), &contact.email, 0, 254);
    if contact.phone.is_empty() && contact.email.is_empty() {
        faults.add(&format!("{field}.phone"), Reason::FieldRequired);
    }
}

/// Which parts a partial consent must cover.
fn filled(content: &v1::RelocationContent) -> BTreeSet<Scope> {
    let parts = [
        (content.dwelling.is_some(), Scope::Dwelling),
        (!content.supports.is_empty(), Scope::Support),
        (content.household.is_some(), Scope::Household),
        (!content.groups.is_empty(), Scope::Groups),
        (content.wish != 0, Scope::Wish),
        (!content.free_text.is_empty(), Scope::FreeText),
    ];
    parts
        .into_iter()
        .filter_map(|(is, scope)| is.then_some(scope))
        .collect()
}

fn arrival_filled(content: &v1::ArrivalContent) -> BTreeSet<Scope> {
    let parts = [
        (content.dwelling.is_some(), Scope::Dwelling),
        (!content.supports.is_empty(), Scope::Support),
        (!content.free_text.is_empty(), Scope::FreeText),
    ];
    parts
        .into_iter()
        .filter_map(|(is, scope)| is.then_some(scope))
        .collect()
}

/// What an announcement tells, as paths of its request.
pub fn told(content: &v1::RelocationContent) -> Vec<String> {
    let parts = [
        (true, "content.person"),
        (true, "content.expected_on"),
        (!content.supports.is_empty(), "content.supports"),
        (content.wish != 0, "content.wish"),
        (!content.groups.is_empty(), "content.groups"),
        (content.dwelling.is_some(), "content.dwelling"),
        (content.household.is_some(), "content.household"),
        (content.contact.is_some(), "content.contact"),
        (true, "content.case_number"),
        (!content.free_text.is_empty(), "content.free_text"),
        (true, "legal_ground.code"),
    ];
    parts
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, path)| path.to_owned())
        .collect()
}

fn arrival_seen(content: &v1::ArrivalContent) -> Vec<String> {
    let parts = [
        (true, "content.person"),
        (true, "content.arrived_on"),
        (content.dwelling.is_some(), "content.dwelling"),
        (!content.supports.is_empty(), "content.supports"),
        (content.contact.is_some(), "content.contact"),
        (!content.case_number.is_empty(), "content.case_number"),
        (!content.free_text.is_empty(), "content.free_text"),
        (true, "legal_ground.code"),
    ];
    parts
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, path)| path.to_owned())
        .collect()
}
