//! Protection: who must not be found is not sent, matched or asked about.

use api::v1;
use api::v1::find_relocations_request::Term;
use domain::code::NoticeKind::{
    ArrivalMatched, RelocationAcknowledged, RelocationArrived, RelocationManualRoute,
    RelocationRegistered,
};
use domain::code::RelocationKind;
use domain::relocation_state::RelocationState;

use super::request::{arrived, confirmed, content, deregistered, person, to_function};
use super::services::Services;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B};
use super::steps::{Act, CHILD, Fact, On, P, Q, Scenario, Shown, event};

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
        name: "scenario_36_protection_after_delivery_ends_what_was_delivered",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            Then(Fact::Shown(Shown::Readable(B))),
            When(A.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(protected)])),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            Then(Fact::Shown(Shown::That(
                "it can be read there no more",
                |it| Box::pin(ended(it)),
            ))),
            // both are told the same, and nobody why
            Then(A.is_told(&[RelocationAcknowledged, RelocationManualRoute])),
            Then(B.is_told(&[RelocationRegistered, RelocationManualRoute])),
            When(A.announces(P, B)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(B.reports(P, A)),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
            Then(B.is_told(&[RelocationRegistered, RelocationManualRoute])),
            // it was lifted: what comes after that is as usual
            When(A.is_told_by_the_register(&[event("2", 2, P, &[(100, A)])])),
            When(A.announces(P, B)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
        ],
    },
    Scenario {
        name: "scenario_36_protection_at_the_receiver_takes_an_arrival_back_and_tells_nobody_why",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(B.is_told_by_the_register(&[
                event("1", 1, P, &[(100, A), (2, B)]).with(protected),
                // all of them once more, and an older one
                event("1", 1, P, &[(100, A), (2, B)]).with(protected),
                event("0", 0, P, &[(100, A), (3, B)]),
            ])),
            Then(Fact::Outcomes(&["ACCEPTED", "REPEATED", "ACCEPTED"])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            Then(Fact::Arrival(B, v1::ArrivalState::Withdrawn)),
            Then(A.is_told(&[RelocationArrived, RelocationManualRoute])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched, RelocationManualRoute])),
            When(B.reports(P, A)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_36_protection_that_is_told_under_a_new_number_ends_what_stands_under_the_old",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            When(
                A.is_told_by_the_register(&[event("1", 1, Q, &[(100, A)]).with(|it| {
                    protected(it);
                    in_place_of_p(it);
                })]),
            ),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            When(A.announces(P, B)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(A.announces(Q, B)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
        ],
    },
    Scenario {
        name: "scenario_36_protection_under_the_old_number_holds_for_what_is_told_under_the_new",
        on: On::Services,
        steps: &[
            Given(A.announces(Q, B)),
            Given(B.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(protected)])),
            When(B.is_told_by_the_register(&[
                event("2", 2, Q, &[(100, A), (2, B)]).with(in_place_of_p),
            ])),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            Then(A.is_told(&[RelocationManualRoute])),
            Then(B.is_told(&[RelocationRegistered, RelocationManualRoute])),
            When(B.reports(Q, A)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            // a reference may be wrong: what is told under one number lifts nothing under another
            When(B.is_told_by_the_register(&[event("3", 3, Q, &[(100, A), (2, B)])])),
            When(B.reports(Q, A)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(
                B.is_told_by_the_register(&[event("4", 4, P, &[]).with(|it| {
                    deregistered(it, "GN");
                    it.referred_identity_number = Q.0.into();
                })]),
            ),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            When(B.reports(Q, A)),
            Then(Fact::Arrival(B, v1::ArrivalState::Reported)),
        ],
    },
    Scenario {
        name: "scenario_36_a_secrecy_marking_lifts_no_protected_registration",
        on: On::Services,
        steps: &[
            Given(A.is_told_by_the_register(&[
                event("1", 1, P, &[(100, A)]).with(protected),
                event("3", 3, P, &[(100, A)]).with(|it| {
                    it.protection = v1::ProtectionLevel::SecrecyMarking.into();
                }),
                // of before the marking
                event("2", 2, P, &[(100, A)]),
            ])),
            When(A.announces(P, B)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(A.is_told_by_the_register(&[event("4", 4, P, &[(100, A)])])),
            When(A.announces(P, B)),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
        ],
    },
    Scenario {
        name: "scenario_37_a_secrecy_marking_is_announced_with_a_confirmation_and_to_who_handles_it",
        on: On::Both,
        steps: &[
            Given(Act::Describe(
                B,
                "arbete",
                &[RelocationKind::ActiveInvolvement],
                false,
            )),
            When(A.announces_with(P, B, |it| {
                person(it).protection = v1::ProtectionLevel::SecrecyMarking.into();
            })),
            Then(Fact::Refused(
                "SECRECY_CONFIRMATION_REQUIRED",
                &["secrecy_marking_confirmed"],
            )),
            Then(Fact::Says("careful harm test")),
            When(A.announces_with(P, B, |it| it.secrecy_marking_confirmed = true)),
            Then(Fact::Refused(
                "SECRECY_NOT_MARKED",
                &["secrecy_marking_confirmed"],
            )),
            // nobody there handles such cases: no field, which would tell why
            When(A.announces_with(P, B, confirmed)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            Given(Act::Trust(B, "barn", true)),
            When(A.announces_with(P, B, confirmed)),
            Then(Fact::Refused(
                "FUNCTION_NOT_FOR_MARKED",
                &["receiving_function"],
            )),
            Then(Fact::Shown(Shown::OpenFunctions("barn"))),
            When(A.announces_with(P, B, |it| {
                confirmed(it);
                to_function(it, "arbete");
            })),
            Then(Fact::Refused(
                "FUNCTION_NOT_FOR_MARKED",
                &["receiving_function"],
            )),
            Then(B.is_told(&[])),
            Then(Fact::Shown(Shown::NothingOnNats(B))),
            When(A.announces_with(P, B, |it| {
                confirmed(it);
                to_function(it, "barn");
            })),
            Then(Fact::Warned(&[])),
            Then(Fact::GoesTo(Some("barn"))),
            Then(B.is_told(&[RelocationRegistered])),
            // a confirmation opens no way for stronger protection
            When(A.announces_with(Q, B, |it| {
                confirmed(it);
                to_function(it, "barn");
                person(it).protection = v1::ProtectionLevel::ProtectedRegistration.into();
            })),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
        ],
    },
    Scenario {
        name: "scenario_37_it_is_read_by_the_named_function_only_and_stands_in_no_list",
        on: On::Services,
        steps: &[
            Given(Act::Trust(B, "barn", true)),
            Given(Act::Trust(B, "vuxna", true)),
            Given(A.announces_with(P, B, |it| {
                confirmed(it);
                to_function(it, "barn");
                person(it).given_name = "Kungsfiskare".into();
                content(it).free_text = "Tycker om en lavskrika.".into();
            })),
            Then(B.is_told(&[RelocationRegistered])),
            Then(Fact::Shown(Shown::That(
                "the named function reads it, no other one does, and none lists a name",
                |it| Box::pin(named_only(it)),
            ))),
            When(Act::Acknowledge(B)),
            Then(Fact::Refused(
                "SECRECY_FUNCTION_REQUIRED",
                &["actor.function"],
            )),
            When(Act::Reply(B, "Vi känner henne.")),
            Then(Fact::Refused(
                "SECRECY_FUNCTION_REQUIRED",
                &["actor.function"],
            )),
            Then(A.is_told(&[])),
            Then(Fact::Shown(Shown::OnNats(B))),
            Then(Fact::Shown(Shown::Nowhere(&["Kungsfiskare", "lavskrika"]))),
            // the other function takes it over when that one does so no more
            When(Act::Trust(B, "barn", false)),
            Then(Fact::Shown(Shown::That(
                "what is there goes over to who handles such cases",
                |it| Box::pin(went_over(it)),
            ))),
        ],
    },
    Scenario {
        name: "scenario_37_where_a_marked_person_arrived_is_neither_reported_nor_compared",
        on: On::Services,
        steps: &[
            Given(Act::Trust(B, "barn", true)),
            // B's register told of the move before anybody knew of the marking
            Given(B.is_told_by_the_register(&[event("1", 1, P, &[(100, A), (2, B)])])),
            When(A.announces_with(P, B, |it| {
                confirmed(it);
                to_function(it, "barn");
            })),
            When(B.is_told_by_the_register(&[event("2", 2, P, &[(100, A), (2, B)]).with(marked)])),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            When(B.reports_with(P, A, |it| {
                arrived(it).protection = v1::ProtectionLevel::SecrecyMarking.into();
            })),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
            Then(A.is_told(&[])),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_37_a_marking_that_ones_own_register_told_need_not_be_stated_to_count",
        on: On::Services,
        steps: &[
            Given(Act::Trust(B, "barn", true)),
            Given(A.announces(Q, B)),
            Then(Fact::Shown(Shown::Readable(B))),
            // the sender's register told it: then the sender states it
            Given(A.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(marked)])),
            When(A.announces(P, B)),
            Then(Fact::Refused(
                "SECRECY_MARKING_KNOWN",
                &["content.person.protection"],
            )),
            When(A.announces_with(P, B, |it| {
                confirmed(it);
                to_function(it, "barn");
            })),
            Then(Fact::GoesTo(Some("barn"))),
            // the receiver's register tells it of somebody who was announced without
            Given(A.announces(CHILD, B)),
            When(B.is_told_by_the_register(&[
                event("1", 3, CHILD, &[(100, A), (2, B)]).with(marked),
                // what came before it changes nothing
                event("2", 2, CHILD, &[(100, A), (2, B)]),
            ])),
            Then(Fact::Outcomes(&["ACCEPTED", "ACCEPTED"])),
            When(B.reports(CHILD, A)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
            When(Act::Acknowledge(B)),
            Then(Fact::Refused(
                "SECRECY_FUNCTION_REQUIRED",
                &["actor.function"],
            )),
            Then(Fact::Shown(Shown::That(
                "who handles such cases opens it, and nobody else there",
                |it| Box::pin(since_then(it)),
            ))),
            // it is lifted: everybody opens it again, and what the register told is compared
            When(B.is_told_by_the_register(&[event("3", 4, CHILD, &[(100, A), (2, B)])])),
            Then(Fact::Shown(Shown::Readable(B))),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
        ],
    },
];

/// Reads the newest announcement at B as somebody of a function; the reason when that is refused.
async fn read_in(services: &Services<'_>, function: &str) -> Result<String, String> {
    let there = services.party(B).acting_in(function);
    let read = there.read(&services.relocation()).await;
    let text = |it: v1::Relocation| it.content.unwrap_or_default().free_text;
    read.map(text).map_err(|refused| refused.reason)
}

/// Those of the function that it was sent to open it, and nobody else; it is found by number, and by no name.
async fn named_only(services: &Services<'_>) {
    let refused = || Err("SECRECY_FUNCTION_REQUIRED".to_owned());
    let text = "Tycker om en lavskrika.".to_owned();
    assert_eq!(read_in(services, "barn").await, Ok(text));
    for elsewhere in ["vuxna", "ekonomiskt bistånd"] {
        assert_eq!(read_in(services, elsewhere).await, refused());
    }
    let receiver = services.party(B);
    let found = async |term| {
        let find = v1::FindRelocationsRequest {
            municipality: receiver.municipality(),
            actor: receiver.actor(),
            term: Some(term),
        };
        let found = receiver.find(find).await.expect("a search").relocations;
        assert!(found.iter().all(|it| it.content.is_none()), "envelopes");
        found.len()
    };
    let name = v1::PersonName {
        given_name: "Kungsfiskare".to_owned(),
        family_name: "Provsson".to_owned(),
    };
    assert_eq!(found(Term::Name(name)).await, 0);
    assert_eq!(found(Term::IdentityNumber(P.0.to_owned())).await, 1);
}

async fn went_over(services: &Services<'_>) {
    let refused = Err("SECRECY_FUNCTION_REQUIRED".to_owned());
    assert_eq!(read_in(services, "barn").await, refused);
    assert!(read_in(services, "vuxna").await.is_ok());
}

async fn since_then(services: &Services<'_>) {
    let refused = Err("SECRECY_FUNCTION_REQUIRED".to_owned());
    assert_eq!(read_in(services, "ekonomiskt bistånd").await, refused);
    assert!(read_in(services, "barn").await.is_ok());
}

/// Secrecy marking (sekretessmarkering).
fn marked(event: &mut v1::RegisterEvent) {
    event.protection = v1::ProtectionLevel::SecrecyMarking.into();
}

/// Protected registration (skyddad folkbokföring).
fn protected(event: &mut v1::RegisterEvent) {
    event.protection = v1::ProtectionLevel::ProtectedRegistration.into();
}

/// That it is the number that replaced P's.
fn in_place_of_p(event: &mut v1::RegisterEvent) {
    event.referred_identity_number = P.0.into();
}

/// The receiver reads nothing any more; the sender reads its own, and who had read it.
async fn ended(services: &Services<'_>) {
    let (sender, receiver) = (services.party(A), services.party(B));
    let name = services.relocation();
    let there = receiver.read(&name).await.expect("the envelope stays");
    assert!(there.content.is_none() && there.reading_ended_at.is_some());
    let here = sender.get_relocation(sender.reading(&name)).await;
    let here = here.expect("its own");
    assert!(here.relocation.expect("one").content.is_some());
    let methods: Vec<_> = here.readings.iter().map(|it| it.method.as_str()).collect();
    assert_eq!(methods, ["GetRelocation"]);
}
