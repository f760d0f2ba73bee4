//! What the people in the story do: one function for each call, as a case system would make it.

use api::v1;
use client::{Client, tonic};

use super::people::Organisation;
use super::world::World;
use crate::failure::Failure;
use crate::profile::Profile;

/// Who acts: a connection and who sits at it.
pub(super) struct Party {
    pub(super) client: Client,
    pub(super) profile: Profile,
}

impl Party {
    pub(super) async fn of(world: &World, who: &Organisation) -> Result<Self, Failure> {
        Ok(Self {
            client: world.client(who).await?,
            profile: world.profile(who)?,
        })
    }

    pub(super) fn municipality(&self) -> String {
        self.profile.viewer()
    }

    pub(super) fn actor(&self, purpose: &str) -> v1::Actor {
        self.profile.actor(purpose, "2026-1042")
    }
}

pub(super) async fn call<T, F>(call: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
{
    Ok(client::with_retry(call).await?)
}

pub(super) fn person(
    number: &str,
    given_name: &str,
    family_name: &str,
    birth_date: &str,
) -> v1::Person {
    v1::Person {
        identity_number: number.to_owned(),
        given_name: given_name.to_owned(),
        family_name: family_name.to_owned(),
        birth_date: birth_date.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        ..v1::Person::default()
    }
}

pub(super) fn consent(guardians_consent: bool) -> v1::LegalGround {
    v1::LegalGround {
        code: v1::LegalGroundCode::Consent.into(),
        consent: Some(v1::Consent {
            scopes: vec![v1::ConsentScope::All.into()],
            given_on: today(),
            form: v1::ConsentForm::Written.into(),
            received_by: "handlaggare-7".to_owned(),
            guardians_consent,
            minor_alone: String::new(),
        }),
        ..v1::LegalGround::default()
    }
}

pub(super) fn today() -> String {
    jiff::Timestamp::now()
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .date()
        .to_string()
}

pub(super) fn contact() -> v1::Contact {
    v1::Contact {
        name: "Jourtelefonen".to_owned(),
        function: "Mottagningsenheten".to_owned(),
        phone: "08-123 456".to_owned(),
        email: String::new(),
    }
}

pub(super) fn announcement(solna: &Party) -> v1::RegisterRelocationRequest {
    v1::RegisterRelocationRequest {
        open_child_inquiry: false,
        secrecy_marking_confirmed: false,
        receiving_function: String::new(),
        withheld_addresses: Vec::new(),
        municipality: solna.municipality(),
        actor: Some(solna.actor("avisera flytt")),
        request_id: client::request_id(),
        validate_only: false,
        receiving_municipality: "municipalities/2283".to_owned(),
        kind: v1::RelocationKind::ActiveInvolvement.into(),
        legal_ground: Some(consent(false)),
        content: Some(v1::RelocationContent {
            person: Some(person("19900101-2385", "Kim", "Test", "1990-01-01")),
            expected_on: today(),
            supports: vec![v1::Support {
                kind: v1::SupportKind::FirstRents.into(),
                actor: v1::SupportActor::Municipality.into(),
                paid_until: String::new(),
            }],
            wish: v1::ExpressedWish::NotClear.into(),
            groups: vec![v1::PersonGroup::StructurallyHomeless.into()],
            dwelling: Some(v1::Dwelling {
                tenure: v1::DwellingTenure::SecondHand.into(),
                monthly_rent_sek: 9800,
                remarks: vec![v1::DwellingRemark::ExcessiveRent.into()],
            }),
            household: Some(v1::Household {
                name: String::new(),
                adults: 1,
                children: 0,
            }),
            contact: Some(contact()),
            case_number: "SOL-2026-1042".to_owned(),
            free_text: "Behöver en kontakt första veckan.".to_owned(),
        }),
    }
}

pub(super) async fn register(
    party: &Party,
    request: v1::RegisterRelocationRequest,
) -> Result<v1::RegisterRelocationResponse, Failure> {
    call(|| {
        let (mut service, request) = (party.client.relocations(), request.clone());
        async move { service.register_relocation(request).await }
    })
    .await
}

pub(super) async fn read(party: &Party, name: &str) -> Result<v1::Relocation, Failure> {
    let request = v1::GetRelocationRequest {
        known_at: None,
        municipality: party.municipality(),
        actor: Some(party.actor("ta emot flytt")),
        name: name.to_owned(),
        view: v1::View::Full.into(),
        exception: 0,
    };
    let answer = call(|| {
        let (mut service, request) = (party.client.relocations(), request.clone());
        async move { service.get_relocation(request).await }
    })
    .await?;
    Ok(answer.relocation.unwrap_or_default())
}

pub(super) async fn acknowledge(party: &Party, name: &str) -> Result<(), Failure> {
    let request = v1::AcknowledgeRelocationRequest {
        municipality: party.municipality(),
        actor: Some(party.actor("ta emot flytt")),
        request_id: client::request_id(),
        name: name.to_owned(),
        ..v1::AcknowledgeRelocationRequest::default()
    };
    call(|| {
        let (mut service, request) = (party.client.relocations(), request.clone());
        async move { service.acknowledge_relocation(request).await }
    })
    .await
    .map(|_| ())
}

pub(super) async fn reply(party: &Party, name: &str) -> Result<(), Failure> {
    let request = v1::ReplyToRelocationRequest {
        municipality: party.municipality(),
        actor: Some(party.actor("svara")),
        request_id: client::request_id(),
        name: name.to_owned(),
        text: "Tack, vi möter upp. Ring oss dagen innan.".to_owned(),
        contact: Some(contact()),
        legal_ground: Some(consent(false)),
        ..v1::ReplyToRelocationRequest::default()
    };
    call(|| {
        let (mut service, request) = (party.client.relocations(), request.clone());
        async move { service.reply_to_relocation(request).await }
    })
    .await
    .map(|_| ())
}

pub(super) async fn report(
    party: &Party,
    previous: &str,
    person: v1::Person,
) -> Result<v1::Arrival, Failure> {
    let request = v1::ReportArrivalRequest {
        alternate_residence: false,
        withheld_addresses: Vec::new(),
        municipality: party.municipality(),
        actor: Some(party.actor("anmäla ankomst")),
        request_id: client::request_id(),
        validate_only: false,
        previous_municipality: format!("municipalities/{previous}"),
        legal_ground: Some(consent(true)),
        content: Some(v1::ArrivalContent {
            person: Some(person),
            arrived_on: today(),
            contact: Some(contact()),
            case_number: "SLF-2026-77".to_owned(),
            ..v1::ArrivalContent::default()
        }),
    };
    let answer = call(|| {
        let (mut service, request) = (party.client.arrivals(), request.clone());
        async move { service.report_arrival(request).await }
    })
    .await?;
    Ok(answer.arrival.unwrap_or_default())
}

pub(super) async fn advance(operator: &Party, days: i64) -> Result<(), Failure> {
    let request = v1::AdvanceClockRequest {
        request_id: client::request_id(),
        validate_only: false,
        seconds: days * 86_400,
    };
    call(|| {
        let (mut service, request) = (operator.client.administration(), request.clone());
        async move { service.advance_clock(request).await }
    })
    .await
    .map(|_| ())
}

pub(super) async fn answer(party: &Party, name: &str) -> Result<(), Failure> {
    let request = v1::AnswerAlertRequest {
        municipality: party.municipality(),
        actor: Some(party.actor("besvara fråga")),
        request_id: client::request_id(),
        name: name.to_owned(),
        answer: v1::AnswerCode::OwnClearWish.into(),
        text: "Familjen ville själv flytta till släktingar.".to_owned(),
        legal_ground: Some(consent(true)),
        ..v1::AnswerAlertRequest::default()
    };
    call(|| {
        let (mut service, request) = (party.client.alerts(), request.clone());
        async move { service.answer_alert(request).await }
    })
    .await
    .map(|_| ())
}

pub(super) async fn close(operator: &Party, name: &str) -> Result<v1::CloseReason, Failure> {
    let request = v1::CloseAlertRequest {
        actor: Some(operator.actor("handlägga avvikelse")),
        request_id: client::request_id(),
        name: name.to_owned(),
        reason: v1::CloseReason::OwnClearWish.into(),
        ..v1::CloseAlertRequest::default()
    };
    let answer = call(|| {
        let (mut service, request) = (operator.client.alerts(), request.clone());
        async move { service.close_alert(request).await }
    })
    .await?;
    Ok(answer.alert.unwrap_or_default().close_reason())
}

/// Reads whom a question is about.
pub(super) async fn question(party: &Party, name: &str) -> Result<v1::Person, Failure> {
    let request = v1::GetAlertRequest {
        known_at: None,
        municipality: party.municipality(),
        actor: Some(party.actor("besvara fråga")),
        name: name.to_owned(),
        view: v1::View::Full.into(),
    };
    let answer = call(|| {
        let (mut service, request) = (party.client.alerts(), request.clone());
        async move { service.get_alert(request).await }
    })
    .await?;
    let question = answer.alert.and_then(|alert| alert.question);
    Ok(question
        .and_then(|question| question.person)
        .unwrap_or_default())
}
