//! What the tests do at a gateway: Solna announces to Sollefteå, Sollefteå reports an arrival from Solna, and the registers
//! tell.

use api::status::Refusal;
use api::v1;
use domain::entry::{Draft, Event};
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, Version};
use journal::conformance::given::{batch, solleftea, solna};
use uuid::Uuid;

use super::call_of;
use crate::caller::Role;
use crate::core::Core;
use crate::permit::Feed;
use crate::register;

/// A date so many days ago.
pub(crate) fn day(core: &Core, ago: i64) -> String {
    let day = core.today().checked_sub(jiff::Span::new().days(ago));
    day.expect("a date").to_string()
}

/// The number of the person whom the tests are about.
pub(crate) const NUMBER: &str = "19900101-2385";

/// The number of somebody else.
pub(crate) const OTHER: &str = "19171160-2399";

/// Whom they are about.
pub(crate) fn person() -> v1::Person {
    v1::Person {
        identity_number: NUMBER.to_owned(),
        given_name: "Robin".to_owned(),
        family_name: "Provsson".to_owned(),
        birth_date: "1990-01-01".to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        ..v1::Person::default()
    }
}

/// Somebody else.
pub(crate) fn other_person() -> v1::Person {
    v1::Person {
        identity_number: OTHER.to_owned(),
        birth_date: "1917-11-05".to_owned(),
        ..person()
    }
}

pub(crate) fn actor() -> v1::Actor {
    v1::Actor {
        officer_id: "handlaggare-7".to_owned(),
        function: "ekonomiskt bistånd".to_owned(),
        case_number: "2026-1042".to_owned(),
        purpose: "handlägga flytt".to_owned(),
    }
}

pub(crate) fn consent(core: &Core) -> v1::LegalGround {
    v1::LegalGround {
        code: v1::LegalGroundCode::Consent.into(),
        consent: Some(v1::Consent {
            scopes: vec![v1::ConsentScope::All.into()],
            given_on: day(core, 0),
            form: v1::ConsentForm::Written.into(),
            received_by: "handlaggare-7".to_owned(),
            ..v1::Consent::default()
        }),
        ..v1::LegalGround::default()
    }
}

pub(crate) fn contact() -> v1::Contact {
    v1::Contact {
        name: "Jourtelefonen".to_owned(),
        function: "Mottagningsenheten".to_owned(),
        phone: "08-123 456".to_owned(),
        email: String::new(),
    }
}

/// Solna announces to Sollefteå.
pub(crate) async fn announce(
    core: &Core,
    id: Uuid,
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    announce_of(core, id, "").await
}

/// Likewise, of a household by its name.
pub(crate) async fn announce_of(
    core: &Core,
    id: Uuid,
    household: &str,
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    let call = call_of(solna(), Role::CaseSystem, "RegisterRelocation");
    let request = v1::RegisterRelocationRequest {
        municipality: solna().resource_name(),
        actor: Some(actor()),
        request_id: id.to_string(),
        receiving_municipality: solleftea().resource_name(),
        kind: v1::RelocationKind::SupportedVoluntaryMove.into(),
        legal_ground: Some(consent(core)),
        content: Some(v1::RelocationContent {
            person: Some(person()),
            expected_on: day(core, 0),
            wish: v1::ExpressedWish::Clear.into(),
            household: Some(v1::Household {
                name: household.to_owned(),
                adults: 1,
                ..v1::Household::default()
            }),
            contact: Some(contact()),
            case_number: "SOL-2026-1042".to_owned(),
            ..v1::RelocationContent::default()
        }),
        ..v1::RegisterRelocationRequest::default()
    };
    Box::pin(crate::relocation::register_relocation(core, &call, request)).await
}

/// Sollefteå reports an arrival from Solna.
pub(crate) async fn report(core: &Core, id: Uuid) -> Result<v1::ReportArrivalResponse, Refusal> {
    report_of(core, id, person()).await
}

/// Likewise, of somebody.
pub(crate) async fn report_of(
    core: &Core,
    id: Uuid,
    person: v1::Person,
) -> Result<v1::ReportArrivalResponse, Refusal> {
    let call = call_of(solleftea(), Role::CaseSystem, "ReportArrival");
    let request = v1::ReportArrivalRequest {
        municipality: solleftea().resource_name(),
        actor: Some(actor()),
        request_id: id.to_string(),
        previous_municipality: solna().resource_name(),
        legal_ground: Some(consent(core)),
        content: Some(v1::ArrivalContent {
            person: Some(person),
            arrived_on: day(core, 0),
            contact: Some(contact()),
            case_number: "SLF-2026-77".to_owned(),
            ..v1::ArrivalContent::default()
        }),
        ..v1::ReportArrivalRequest::default()
    };
    Box::pin(crate::arrival::report_arrival(core, &call, request)).await
}

/// A municipality's register tells of the person: that it moved from Solna to Sollefteå, and how it is protected.
pub(crate) async fn told(core: &Core, of: MunicipalityCode, protection: v1::ProtectionLevel) {
    told_of(core, of, NUMBER, protection).await;
}

/// Likewise, of somebody.
pub(crate) async fn told_of(
    core: &Core,
    of: MunicipalityCode,
    number: &str,
    protection: v1::ProtectionLevel,
) {
    let call = call_of(of, Role::RegisterFeed, "ImportRegisterEvents");
    let at = |code: MunicipalityCode, ago| v1::Registration {
        municipality: code.resource_name(),
        registered_on: day(core, ago),
        ..v1::Registration::default()
    };
    let request = v1::ImportRegisterEventsRequest {
        municipality: of.resource_name(),
        event: Some(v1::RegisterEvent {
            source_id: "1".to_owned(),
            changed_at: Some(api::time::to_wire(core.journal.now())),
            identity_number: number.to_owned(),
            protection: protection.into(),
            registration: Some(at(solleftea(), 2)),
            history: vec![at(solna(), 100)],
            ..v1::RegisterEvent::default()
        }),
        ..v1::ImportRegisterEventsRequest::default()
    };
    let feed = Feed::of(core, &call, &of.resource_name()).expect("its own");
    let result = Box::pin(register::one(core, &call, feed, request)).await;
    let accepted = i32::from(v1::RegisterEventOutcome::Accepted);
    assert_eq!(result.expect("taken in").outcome, accepted);
}

pub(crate) const NONE: v1::ProtectionLevel = v1::ProtectionLevel::None;
pub(crate) const PROTECTED: v1::ProtectionLevel = v1::ProtectionLevel::ProtectedRegistration;

/// As the ledger writes it.
pub(crate) async fn found(core: &Core, subject: Subject, version: u32, event: Event) {
    let draft = Draft {
        version: Version(version),
        event,
        subject,
        notices: Vec::new(),
        sealed: Vec::new(),
    };
    core.journal
        .append(batch(vec![draft]))
        .await
        .expect("found");
}
