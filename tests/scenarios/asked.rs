//! Protection at the other end of a question: whoever is asked may know what whoever asks does not.

use api::v1;
use client::{Refused, request_id};
use domain::code::NoticeKind::{
    QuestionAnswered, QuestionAsked, QuestionDisputed, QuestionManualRoute, RelocationManualRoute,
};
use domain::code::{AnswerCode, CloseReason};
use domain::relocation_state::RelocationState;

use super::services::{Services, write};
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{Act, Fact, OPEN, On, P, Q, Question, Scenario, Shown, closed, event};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_35_a_decoy_registration_covers_nothing_and_its_municipality_answers_nothing",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(A.announces(P, C)),
            // registered on purpose where the person never was
            When(
                C.is_told_by_the_register(&[event("1", 1, P, &[(100, A), (2, C)]).with(protected)]),
            ),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            // what was told to the decoy is ended there, and nothing says that the person arrived anywhere
            Then(Fact::Announcement(A, C, RelocationState::Withdrawn)),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
            Then(A.is_told(&[RelocationManualRoute])),
            // and who asks the decoy, since it does not know better, learns nothing
            When(B.reports(P, C)),
            When(Act::Pass(15)),
            Then(C.is_asked(&[OPEN])),
            When(Act::Answer(C, AnswerCode::NotKnownHere)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            Then(C.is_asked(&[closed(CloseReason::ManualRoute)])),
            Then(Fact::Arrival(B, v1::ArrivalState::Asked)),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
            Then(A.is_asked(&[])),
            Then(A.is_told(&[RelocationManualRoute])),
        ],
    },
    Scenario {
        name: "scenario_36_a_question_about_somebody_protected_is_opened_and_answered_by_nobody",
        on: On::Services,
        steps: &[
            Given(Act::Trust(A, "barn", true)),
            // B does not know, and no other municipality's mark answers it
            Given(A.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(protected)])),
            Given(B.reports(P, A)),
            When(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            Then(Fact::Shown(Shown::That(
                "nobody of the asked municipality opens it",
                |it| Box::pin(opened_by_nobody(it)),
            ))),
            When(Act::Dispute(A)),
            // no field: it would tell why
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            Then(A.is_asked(&[closed(CloseReason::ManualRoute)])),
            Then(A.is_told(&[QuestionAsked, QuestionManualRoute])),
            Then(B.is_told(&[QuestionManualRoute])),
        ],
    },
    Scenario {
        name: "scenario_36_what_was_answered_before_the_protection_is_gone_at_who_asked",
        on: On::Services,
        steps: &[
            Given(B.reports(P, A)),
            Given(Act::Pass(15)),
            Given(Act::Answer(A, AnswerCode::OtherActor)),
            Given(Act::Dispute(A)),
            Then(Fact::Shown(Shown::That(
                "who asked reads the answer",
                |it| Box::pin(reads_the_answer(it)),
            ))),
            // under a number that B never knew
            When(
                A.is_told_by_the_register(&[event("1", 1, Q, &[(100, A)]).with(|it| {
                    protected(it);
                    it.referred_identity_number = P.0.into();
                })]),
            ),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            Then(A.is_asked(&[Question {
                disputed: true,
                answer: Some(AnswerCode::OtherActor),
                ..closed(CloseReason::ManualRoute)
            }])),
            Then(B.is_told(&[QuestionAnswered, QuestionDisputed, QuestionManualRoute])),
            Then(Fact::Shown(Shown::That(
                "who asked reads it no more",
                |it| Box::pin(reads_nothing(it)),
            ))),
        ],
    },
    Scenario {
        name: "scenario_37_a_question_about_a_marked_person_is_opened_and_answered_where_such_cases_are_handled",
        on: On::Services,
        steps: &[
            Given(Act::Trust(A, "barn", true)),
            Given(Act::Trust(B, "vuxna", true)),
            Given(B.reports(P, A)),
            Given(A.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(marked)])),
            When(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            When(Act::Answer(A, AnswerCode::Other)),
            Then(Fact::Refused(
                "SECRECY_FUNCTION_REQUIRED",
                &["actor.function"],
            )),
            Then(Fact::Shown(Shown::OpenFunctions("barn"))),
            When(Act::Dispute(A)),
            Then(Fact::Refused(
                "SECRECY_FUNCTION_REQUIRED",
                &["actor.function"],
            )),
            Then(Fact::Shown(Shown::That(
                "who handles such cases opens and answers it, and nobody else there",
                |it| Box::pin(answered_where_handled(it)),
            ))),
            Then(A.is_asked(&[Question {
                answer: Some(AnswerCode::NotKnownHere),
                ..OPEN
            }])),
            Then(B.is_told(&[QuestionAnswered])),
            // the register of one municipality changes nothing at another
            Then(Fact::Shown(Shown::That(
                "who asked reads the answer",
                |it| Box::pin(reads_the_answer(it)),
            ))),
            // its own does
            When(B.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(marked)])),
            Then(Fact::Shown(Shown::That(
                "who asked opens its own report and the answer where such cases are handled",
                |it| Box::pin(opened_where_handled(it)),
            ))),
        ],
    },
];

/// Protected registration (skyddad folkbokföring).
fn protected(event: &mut v1::RegisterEvent) {
    event.protection = v1::ProtectionLevel::ProtectedRegistration.into();
}

/// Secrecy marking (sekretessmarkering).
fn marked(event: &mut v1::RegisterEvent) {
    event.protection = v1::ProtectionLevel::SecrecyMarking.into();
}

/// Why something was refused; empty when it was not.
fn reason<T>(answer: Result<T, Refused>) -> String {
    answer.err().map(|it| it.reason).unwrap_or_default()
}

async fn opened_by_nobody(services: &Services<'_>) {
    let name = services.newest_alert(A).await;
    for function in ["barn", "ekonomiskt bistånd"] {
        let there = services.party(A).acting_in(function);
        let refused = reason(there.read_alert(&name).await);
        assert_eq!(refused, "MANUAL_ROUTE_REQUIRED", "{function}");
    }
    let envelope = services.party(A).see_alert(&name).await;
    assert_eq!(envelope.expect("an envelope").question, None);
}

async fn answered_where_handled(services: &Services<'_>) {
    let name = services.newest_alert(A).await;
    let elsewhere = reason(services.party(A).read_alert(&name).await);
    assert_eq!(elsewhere, "SECRECY_FUNCTION_REQUIRED");
    let there = services.party(A).acting_in("barn");
    let read = there
        .read_alert(&name)
        .await
        .expect("it handles such cases");
    assert!(read.question.is_some());
    let answer = write!(AnswerAlertRequest, there, name: name,
        answer: v1::AnswerCode::NotKnownHere.into(), text: "Vi har sett efter.".to_owned(),
        legal_ground: Some(services.ground()));
    there.answer(answer).await.expect("and answers");
}

async fn reads_the_answer(services: &Services<'_>) {
    let name = services.newest_alert(A).await;
    let read = services.party(B).read_alert(&name).await.expect("its own");
    assert_eq!(read.answer_text, "Vi har sett efter.");
    assert!(read.question.is_some());
}

async fn reads_nothing(services: &Services<'_>) {
    let name = services.newest_alert(A).await;
    let read = services.party(B).read_alert(&name).await.expect("its own");
    assert_eq!(
        (read.answer_text.as_str(), read.dispute_text.as_str()),
        ("", "")
    );
    assert!(read.question.is_some(), "its own report stays");
}

async fn opened_where_handled(services: &Services<'_>) {
    let (alert, arrival) = (services.newest_alert(A).await, services.newest_arrival(B));
    let refused = "SECRECY_FUNCTION_REQUIRED";
    let elsewhere = services.party(B);
    assert_eq!(reason(elsewhere.read_alert(&alert).await), refused);
    assert_eq!(reason(elsewhere.read_arrival(&arrival).await), refused);
    let there = elsewhere.acting_in("vuxna");
    let read = there
        .read_alert(&alert)
        .await
        .expect("it handles such cases");
    assert_eq!(read.answer_text, "Vi har sett efter.");
    let read = there.read_arrival(&arrival).await.expect("likewise");
    assert!(read.content.is_some());
}
