//! Protection: who must not be found is not sent, matched or asked about.

use api::v1;
use domain::code::NoticeKind::{RelocationAcknowledged, RelocationRegistered, RelocationReplied};

use super::request::{arrived, content, person};
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B};
use super::steps::{Act, Fact, On, P, Scenario, Shown};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_34_protected_registration_is_sent_to_the_manual_channel",
        on: On::Both,
        steps: &[
            When(A.announces_with(P, B, |it| {
                person(it).protection = v1::ProtectionLevel::ProtectedRegistration.into();
            })),
            // no field: it would tell why
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            Then(Fact::Says("SDK function address")),
            Then(B.is_told(&[])),
            Then(Fact::Shown(Shown::NothingOnNats(B))),
        ],
    },
    Scenario {
        name: "scenario_35_a_decoy_municipality_matches_nothing_and_asks_nobody",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            When(B.reports_with(P, A, |it| {
                arrived(it).protection = v1::ProtectionLevel::ProtectedRegistration.into();
            })),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(Act::Pass(15)),
            Then(A.is_told(&[RelocationAcknowledged])),
            Then(A.is_asked(&[])),
            Then(B.is_told(&[RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_38_free_text_reaches_no_notice_and_holds_no_number",
        on: On::Both,
        steps: &[
            When(A.announces_with(P, B, |it| {
                content(it).free_text = "Kom med en sparvuggla.".into();
            })),
            Given(Act::Acknowledge(B)),
            When(Act::Reply(A, "En jordugglas svar.")),
            Then(B.is_told(&[RelocationRegistered, RelocationReplied])),
            Then(Fact::Shown(Shown::OnNats(B))),
            Then(Fact::Shown(Shown::Readable(B))),
            Then(Fact::Shown(Shown::Nowhere(&["sparvuggla", "jordugglas"]))),
            When(A.announces_with(P, B, |it| {
                content(it).free_text = "Numret är 19900101-2385.".into();
            })),
            Then(Fact::Refused(
                "IDENTITY_NUMBER_IN_TEXT",
                &["content.free_text"],
            )),
        ],
    },
];
