//! Third parties and disputes: others who moved somebody, objections, disputes, payments.

use api::v1;
use domain::code::NoticeKind::{
    QuestionAnswered, QuestionAsked, QuestionClosed, QuestionDisputed, RelocationAcknowledged,
    RelocationObjected, RelocationRegistered, RelocationReplied,
};
use domain::code::{AnswerCode, CloseReason};
use domain::relocation_state::RelocationState;

use super::request::{bare, reported};
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B};
use super::steps::{Act, Fact, OPEN, On, P, Question, Scenario, Shown};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_46_a_landlord_is_an_observation_of_the_receiver_and_no_announcement",
        on: On::Both,
        steps: &[
            Given(B.reports_with(P, A, |it| {
                reported(it).supports = vec![v1::Support {
                    kind: v1::SupportKind::LandlordOrBrokerOffer.into(),
                    actor: v1::SupportActor::PrivateLandlord.into(),
                    paid_until: String::new(),
                }];
            })),
            Given(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            Then(Fact::Shown(Shown::QuestionReads(A, "PrivateLandlord"))),
            When(Act::Answer(A, AnswerCode::OtherActor)),
            When(Act::Close(A, CloseReason::OtherActor)),
            Then(A.is_asked(&[Question {
                answer: Some(AnswerCode::OtherActor),
                closed: Some(CloseReason::OtherActor),
                ..OPEN
            }])),
            // nothing of it became an announcement or a match
            Then(Fact::Arrival(B, v1::ArrivalState::Asked)),
            Then(A.is_told(&[QuestionAsked, QuestionClosed])),
            Then(B.is_told(&[QuestionAnswered, QuestionClosed])),
        ],
    },
    Scenario {
        name: "scenario_48_an_objection_stands_beside_the_original_and_is_answered",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            When(Act::Object(B, "Beskrivningen stämmer inte.")),
            Then(Fact::Announcement(A, B, RelocationState::Objected)),
            When(Act::Reply(A, "Vi står fast vid den.")),
            Then(A.is_told(&[RelocationAcknowledged, RelocationObjected])),
            Then(B.is_told(&[RelocationRegistered, RelocationReplied])),
            Then(Fact::Shown(Shown::Readable(A))),
            Then(Fact::Shown(Shown::Readable(B))),
            Then(Fact::Shown(Shown::Replies(
                B,
                &[
                    (true, "Beskrivningen stämmer inte."),
                    (false, "Vi står fast vid den."),
                ],
            ))),
            // only the receiver objects
            When(Act::Object(A, "Nej.")),
            Then(Fact::Refused("STATE_NOT_ALLOWED", &["name"])),
        ],
    },
    Scenario {
        name: "scenario_49_a_disputed_question_is_shown_as_disputed_to_all_who_see_it",
        on: On::Both,
        steps: &[
            Given(B.reports(P, A)),
            Given(Act::Pass(15)),
            When(Act::Dispute(A)),
            Then(A.is_asked(&[Question {
                disputed: true,
                ..OPEN
            }])),
            Then(B.is_told(&[QuestionDisputed])),
            // it stays so when the question is closed
            When(Act::Close(A, CloseReason::NotConfirmed)),
            Then(A.is_asked(&[Question {
                disputed: true,
                closed: Some(CloseReason::NotConfirmed),
                ..OPEN
            }])),
            When(Act::Dispute(A)),
            Then(Fact::Refused("STATE_NOT_ALLOWED", &["name"])),
        ],
    },
    Scenario {
        name: "scenario_51_wrongful_payments_need_the_balancing_and_carry_no_announcement",
        on: On::Both,
        steps: &[
            When(B.reports_with(P, A, |it| {
                it.legal_ground = Some(bare(v1::LegalGroundCode::WrongfulPayment1015a));
            })),
            Then(Fact::Refused(
                "LEGAL_GROUND_INCOMPLETE",
                &["legal_ground.assessment"],
            )),
            When(A.announces_with(P, B, |it| it.legal_ground = Some(balanced()))),
            Then(Fact::Refused("GROUND_NOT_FOR_THIS", &["legal_ground.code"])),
            When(B.reports_with(P, A, |it| it.legal_ground = Some(balanced()))),
            Then(Fact::Arrival(B, v1::ArrivalState::Reported)),
            Then(B.is_told(&[])),
        ],
    },
];

/// Wrongful payments, with the interests balanced in writing.
fn balanced() -> v1::LegalGround {
    v1::LegalGround {
        assessment: "Misstanken är konkret och väger tyngre än sekretessen.".to_owned(),
        ..bare(v1::LegalGroundCode::WrongfulPayment1015a)
    }
}
