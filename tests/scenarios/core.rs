//! Core: announcing, its grounds and kinds, once and only once.

use api::v1;
use client::request_id;
use domain::code::NoticeKind::{
    ArrivalMatched, QuestionAsked, QuestionClosed, RelocationArrived, RelocationRegistered,
    RelocationWithdrawn,
};
use domain::code::{CloseReason, WithdrawalReason};
use domain::relocation_state::RelocationState;

use super::request::{bare, content, covers, planned, wished};
use super::services::{Services, write};
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{Act, CHILD, Fact, OPEN, On, P, Q, Scenario, Shown, closed};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_01_a_consented_announcement_is_told_once_and_leaves_no_number",
        on: On::Both,
        steps: &[
            When(A.announces(P, B)),
            Then(Fact::Warned(&[])),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
            Then(B.is_told(&[RelocationRegistered])),
            Then(Fact::Shown(Shown::Streamed(B, &[RelocationRegistered]))),
            Then(Fact::Shown(Shown::OnNats(B))),
            Then(Fact::Shown(Shown::Readable(B))),
            Then(Fact::Shown(Shown::Receipt(A))),
            Then(A.is_told(&[])),
            Then(C.is_told(&[])),
            Then(Fact::Shown(Shown::Nowhere(&[P.0, "Provsson"]))),
        ],
    },
    Scenario {
        name: "scenario_02_without_a_ground_nothing_is_sent_and_the_attempt_is_logged",
        on: On::Both,
        steps: &[
            When(A.announces_with(P, B, |it| it.legal_ground = None)),
            Then(Fact::Refused("LEGAL_GROUND_MISSING", &["legal_ground"])),
            Then(Fact::Shown(Shown::Logged)),
            When(A.announces_with(P, B, |it| {
                it.legal_ground = Some(bare(v1::LegalGroundCode::Unspecified));
            })),
            Then(Fact::Refused(
                "LEGAL_GROUND_MISSING",
                &["legal_ground.code"],
            )),
            Then(B.is_told(&[])),
            Then(Fact::Shown(Shown::NothingOnNats(B))),
        ],
    },
    Scenario {
        name: "scenario_03_the_general_clause_is_refused_by_name_for_telling_and_for_asking",
        on: On::Both,
        steps: &[
            When(A.announces_with(P, B, |it| {
                it.legal_ground = Some(bare(v1::LegalGroundCode::GeneralClause1027));
            })),
            Then(Fact::Refused(
                "GENERAL_CLAUSE_REFUSED",
                &["legal_ground.code"],
            )),
            Then(Fact::Says("OSL 10:27")),
            When(B.reports_with(P, A, |it| {
                it.legal_ground = Some(bare(v1::LegalGroundCode::GeneralClause1027));
            })),
            Then(Fact::Refused(
                "GENERAL_CLAUSE_REFUSED",
                &["legal_ground.code"],
            )),
            Then(B.is_told(&[])),
        ],
    },
    Scenario {
        name: "scenario_03_replies_answers_and_disputes_pass_the_same_gate",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            Given(B.reports(Q, A)),
            Given(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            Then(Fact::Shown(Shown::That(
                "no text is told without a ground that carries it",
                |services| Box::pin(telling(services)),
            ))),
            Then(A.is_asked(&[OPEN])),
            Then(B.is_told(&[RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_04_a_partial_consent_carries_no_more_than_it_covers",
        on: On::Both,
        steps: &[
            When(A.announces_with(P, B, |it| covers(it, &[v1::ConsentScope::Wish]))),
            Then(Fact::Refused(
                "CONSENT_TOO_NARROW",
                &[
                    "content.dwelling",
                    "content.supports",
                    "content.household",
                    "content.groups",
                    "content.free_text",
                ],
            )),
            Then(B.is_told(&[])),
            When(A.announces_with(P, B, |it| {
                covers(it, &[v1::ConsentScope::Wish, v1::ConsentScope::Support]);
                content(it).dwelling = None;
                content(it).household = None;
                content(it).groups.clear();
                content(it).free_text.clear();
            })),
            Then(B.is_told(&[RelocationRegistered])),
            Then(Fact::Shown(Shown::Readable(B))),
        ],
    },
    Scenario {
        name: "scenario_05_a_revoked_consent_ends_the_reading",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Then(Fact::Shown(Shown::Readable(B))),
            When(Act::Withdraw(A, WithdrawalReason::ConsentRevoked)),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            Then(B.is_told(&[RelocationRegistered, RelocationWithdrawn])),
            Then(Fact::Shown(Shown::Unreadable(B))),
            Then(Fact::Shown(Shown::Readable(A))),
        ],
    },
    Scenario {
        name: "scenario_05_a_consent_that_is_revoked_after_the_end_ends_the_reading_too",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(Act::Withdraw(A, WithdrawalReason::ConsentRevoked)),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched, RelocationWithdrawn])),
            Then(Fact::Shown(Shown::Unreadable(B))),
            Then(Fact::Shown(Shown::Readable(A))),
            Then(Fact::Shown(Shown::That(
                "what the receiver reads no more is withdrawn no more",
                |it| Box::pin(over(it)),
            ))),
            // the person was announced: nobody is asked about that arrival
            Then(A.is_asked(&[])),
            // called off, which the receiver goes on reading, and found to be a mistake
            Given(A.announces(Q, B)),
            When(Act::Withdraw(A, WithdrawalReason::MoveCancelled)),
            Then(Fact::Shown(Shown::Readable(B))),
            When(Act::Withdraw(A, WithdrawalReason::Mistake)),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            Then(Fact::Shown(Shown::Unreadable(B))),
            // nobody arrived
            Given(A.announces(CHILD, B)),
            Given(Act::Acknowledge(B)),
            When(Act::Pass(220)),
            Then(Fact::Announcement(A, B, RelocationState::NotArrived)),
            Then(Fact::Shown(Shown::Readable(B))),
            When(Act::Withdraw(A, WithdrawalReason::ConsentRevoked)),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            Then(Fact::Shown(Shown::Unreadable(B))),
        ],
    },
    Scenario {
        name: "scenario_06_a_clear_wish_is_another_kind_and_no_involvement",
        on: On::Both,
        steps: &[
            When(A.announces_with(P, B, |it| {
                content(it).wish = v1::ExpressedWish::Clear.into();
            })),
            Then(Fact::Refused("KIND_CONTRADICTS_WISH", &["content.wish"])),
            When(A.announces_with(P, B, wished)),
            Then(Fact::CountsAsInvolvement(false)),
            When(B.reports(P, A)),
            Then(Fact::Arrival(B, v1::ArrivalState::Matched)),
            Then(A.is_asked(&[])),
            // and without the wish it is involvement
            When(A.announces(Q, B)),
            Then(Fact::CountsAsInvolvement(true)),
        ],
    },
    Scenario {
        name: "scenario_07_a_placement_is_never_a_question_whenever_the_person_arrives",
        on: On::Both,
        steps: &[
            Given(A.announces_with(P, B, |it| {
                it.kind = v1::RelocationKind::Placement.into();
                content(it).wish = v1::ExpressedWish::Unspecified.into();
                much_later(it);
            })),
            // the same dates, and no placement
            Given(A.announces_with(Q, B, |it| {
                wished(it);
                much_later(it);
            })),
            When(B.reports(P, A)),
            Then(Fact::Arrival(B, v1::ArrivalState::Matched)),
            When(B.reports(Q, A)),
            Then(Fact::Arrival(B, v1::ArrivalState::Reported)),
            When(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            Then(Fact::Arrival(B, v1::ArrivalState::Asked)),
            Then(A.is_told(&[RelocationArrived, QuestionAsked])),
        ],
    },
    Scenario {
        name: "scenario_08_two_clerks_announce_one_person_and_the_second_is_pointed_to_the_first",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            When(A.announces_with(P, B, |it| {
                it.actor.as_mut().expect("one").officer_id = "handlaggare-9".into();
                content(it).free_text = "En annan handläggare skriver annat.".into();
            })),
            Then(Fact::Warned(&["ALREADY_ANNOUNCED"])),
            Then(Fact::AnsweredAsTheFirst),
            Then(B.is_told(&[RelocationRegistered])),
            // somebody else is somebody else
            When(A.announces(CHILD, B)),
            Then(Fact::Warned(&[])),
            Then(B.is_told(&[RelocationRegistered, RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_09_a_retry_gets_the_first_answer_and_other_content_is_an_error",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            When(Act::Retry(A, |_same| {})),
            Then(Fact::AnsweredAsTheFirst),
            Then(Fact::Warned(&[])),
            Then(B.is_told(&[RelocationRegistered])),
            When(Act::Retry(A, |it| {
                content(it).free_text = "Något annat.".into();
            })),
            Then(Fact::Refused("REQUEST_ID_REUSED", &[])),
            Then(B.is_told(&[RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_10_a_late_announcement_is_accepted_and_closes_the_question_as_late",
        on: On::Both,
        steps: &[
            Given(B.reports(P, A)),
            Given(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            When(A.announces(P, B)),
            Then(A.is_asked(&[closed(CloseReason::AnnouncedLate)])),
            Then(Fact::Shown(Shown::That(
                "it is one day late, for both",
                |it| Box::pin(late(it, 1)),
            ))),
            Then(Fact::Arrival(B, v1::ArrivalState::Matched)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[QuestionAsked, RelocationArrived, QuestionClosed])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched, QuestionClosed])),
        ],
    },
    Scenario {
        name: "scenario_10_a_new_year_between_arrival_and_announcement_hides_nothing",
        on: On::Both,
        steps: &[
            Given(B.reports(P, A)),
            Given(Act::Pass(15)),
            Given(Act::Pass(150)),
            Then(A.is_asked(&[OPEN])),
            When(A.announces_with(P, B, |it| planned(it, -6))),
            Then(A.is_asked(&[closed(CloseReason::AnnouncedLate)])),
            Then(Fact::Arrival(B, v1::ArrivalState::Matched)),
        ],
    },
    Scenario {
        name: "scenario_17_who_returns_unannounced_is_marked_for_assessment",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(A.reports(P, B)),
            Then(Fact::Warned(&["RETURNED"])),
            // whoever comes from elsewhere does not return
            When(A.reports(P, C)),
            Then(Fact::Warned(&[])),
        ],
    },
    Scenario {
        name: "scenario_11_what_was_withdrawn_is_announced_again_and_the_second_one_covers",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Withdraw(A, WithdrawalReason::MoveCancelled)),
            When(A.announces(P, B)),
            Then(Fact::Warned(&[])),
            Then(B.is_told(&[
                RelocationRegistered,
                RelocationWithdrawn,
                RelocationRegistered,
            ])),
            When(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
        ],
    },
];

/// Planned for long after every window.
fn much_later(request: &mut v1::RegisterRelocationRequest) {
    planned(request, 20);
}

/// Grounds, and why each is refused for a reply, and for an answer and a dispute; empty where the law carries it.
const TELLING: [(v1::LegalGroundCode, &str, &str); 7] = {
    use v1::LegalGroundCode as Code;
    const INCOMPLETE: &str = "LEGAL_GROUND_INCOMPLETE";
    const NOT_FOR_THIS: &str = "GROUND_NOT_FOR_THIS";
    [
        (
            Code::Unspecified,
            "LEGAL_GROUND_MISSING",
            "LEGAL_GROUND_MISSING",
        ),
        (
            Code::GeneralClause1027,
            "GENERAL_CLAUSE_REFUSED",
            "GENERAL_CLAUSE_REFUSED",
        ),
        (Code::Consent, INCOMPLETE, INCOMPLETE),
        (Code::Transfer2912, NOT_FOR_THIS, NOT_FOR_THIS),
        (Code::Necessary102, INCOMPLETE, INCOMPLETE),
        (Code::NoHarm261, INCOMPLETE, INCOMPLETE),
        (Code::WrongfulPayment1015a, NOT_FOR_THIS, INCOMPLETE),
    ]
};

/// Each way of telling, on each ground with nothing filled in.
async fn telling(services: &Services<'_>) {
    let alert = services.newest_alert(A).await;
    let (sender, receiver) = (services.party(A), services.party(B));
    for (code, for_reply, for_answer) in TELLING {
        let reply = write!(ReplyToRelocationRequest, receiver,
            name: services.relocation(), text: "Känd här.".to_owned(), legal_ground: Some(bare(code)));
        let reply = receiver.reply(reply).await.expect_err("refused");
        let answer = write!(AnswerAlertRequest, sender,
            name: alert.clone(), answer: v1::AnswerCode::NotKnownHere.into(),
            text: "Okänd här.".to_owned(), legal_ground: Some(bare(code)));
        let answer = sender.answer(answer).await.expect_err("refused");
        let dispute = write!(DisputeAlertRequest, sender,
            name: alert.clone(), text: "Nej.".to_owned(), legal_ground: Some(bare(code)));
        let dispute = sender.dispute(dispute).await.expect_err("refused");
        let found = [reply.reason, answer.reason, dispute.reason];
        assert_eq!(found, [for_reply, for_answer, for_answer], "{code:?}");
    }
}

/// The newest announcement is withdrawn for no reason any more.
async fn over(services: &Services<'_>) {
    let sender = services.party(A);
    for reason in WithdrawalReason::ALL
        .into_iter()
        .filter(|it| it.is_callers())
    {
        let withdraw = write!(WithdrawRelocationRequest, sender,
            name: services.relocation(), reason: reason.number());
        let refused = sender.withdraw(withdraw).await.expect_err("over");
        assert_eq!(refused.reason, "STATE_NOT_ALLOWED", "{reason:?}");
    }
}

/// So many days late was what the newest question was about, as either party reads it.
async fn late(services: &Services<'_>, days: i32) {
    let alert = services.newest_alert(A).await;
    for who in [A, B] {
        let seen = services
            .party(who)
            .see_alert(&alert)
            .await
            .expect("its own");
        assert_eq!(seen.late_days, days, "{who:?}");
    }
}
