//! Organisation: municipalities that change, boards, systems and their certificates.

use api::v1;
use api::v1::directory_service_client::DirectoryServiceClient;
use client::Refused;
use domain::code::{NoticeKind, RelocationKind};
use domain::relocation_state::RelocationState;

use tests::{HEBY, LOST, SOLNA, announcement, arrival};

use super::request::{consent, content, to_function, wished};
use super::services::Services;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{Act, Fact, OPEN, On, P, Q, Scenario, Shown};

use NoticeKind::{RelocationEscalated, RelocationRegistered, RelocationReminded};

/// The board that takes involvement in.
const LABOUR: &str = "arbetsmarknad";
/// The board for children.
const CHILDREN: &str = "barn-och-unga";

/// The day on which municipalities change here.
const CHANGE: &str = "2027-01-01";
/// A moment after it.
const AFTER: &str = "2027-01-11T08:00:00Z";

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_52_what_the_old_code_was_told_goes_on_at_the_new_one",
        on: On::Rules,
        steps: &[
            Given(Act::Become(&[B], C, CHANGE)),
            Given(A.announces(P, B)),
            When(Act::Until(AFTER)),
            When(C.reports(P, A)),
            Then(Fact::Arrival(C, v1::ArrivalState::Matched)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(Act::Pass(400)),
            Then(A.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_52_what_the_old_code_announced_covers_who_came_from_it",
        on: On::Rules,
        steps: &[
            Given(Act::Become(&[A], C, CHANGE)),
            Given(A.announces(P, B)),
            When(Act::Until(AFTER)),
            // as the register has it: the code that was valid when the person moved
            When(B.reports_with(P, A, |it| arrived_on(it, "2026-12-30"))),
            Then(Fact::Arrival(B, v1::ArrivalState::Matched)),
            When(Act::Pass(400)),
            Then(C.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_52_a_person_whose_municipality_became_another_did_not_move",
        on: On::Rules,
        steps: &[
            Given(Act::Become(&[B], C, CHANGE)),
            Given(Act::Until(AFTER)),
            When(C.reports_with(P, B, |it| arrived_on(it, CHANGE))),
            Then(Fact::Refused(
                "MUNICIPALITY_CONTINUES",
                &["previous_municipality"],
            )),
            Then(B.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_52_after_its_time_a_code_begins_nothing",
        on: On::Rules,
        steps: &[
            Given(Act::Become(&[B], C, CHANGE)),
            When(A.announces(P, C)),
            Then(Fact::Refused(
                "MUNICIPALITY_CLOSED",
                &["receiving_municipality"],
            )),
            Given(Act::Until(AFTER)),
            When(A.announces(P, B)),
            Then(Fact::Refused(
                "MUNICIPALITY_CLOSED",
                &["receiving_municipality"],
            )),
            When(B.announces(P, A)),
            Then(Fact::Refused("MUNICIPALITY_CLOSED", &["municipality"])),
            When(A.reports_with(P, B, |it| arrived_on(it, "2027-01-02"))),
            Then(Fact::Refused(
                "MUNICIPALITY_CLOSED",
                &["previous_municipality"],
            )),
            When(A.announces(P, C)),
            Then(C.is_told(&[RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_52_who_goes_on_as_another_acts_for_it_and_begins_nothing_in_its_name",
        on: On::Services,
        steps: &[Then(Fact::Shown(Shown::That(
            "Heby acts for what it was, and nobody else does",
            |services| Box::pin(heby(services)),
        )))],
    },
    Scenario {
        name: "scenario_53_a_split_moves_nobody_and_flags_nobody",
        on: On::Rules,
        steps: &[
            Given(Act::SplitsOff(A, C, CHANGE)),
            // announced to the whole, before there was the part
            Given(B.announces(P, A)),
            When(Act::Until(AFTER)),
            When(C.reports_with(Q, A, |it| arrived_on(it, CHANGE))),
            Then(Fact::Refused(
                "MUNICIPALITY_CONTINUES",
                &["previous_municipality"],
            )),
            When(C.reports(P, B)),
            Then(Fact::Arrival(C, v1::ArrivalState::Matched)),
            When(Act::Pass(400)),
            Then(A.is_asked(&[])),
            Then(B.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_53_who_moves_after_a_split_did_move",
        on: On::Rules,
        steps: &[
            Given(Act::SplitsOff(A, C, CHANGE)),
            Given(Act::Until(AFTER)),
            When(C.reports_with(P, A, |it| arrived_on(it, "2027-01-05"))),
            When(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
        ],
    },
    Scenario {
        name: "scenario_54_municipalities_that_merged_ask_each_other_nothing",
        on: On::Rules,
        steps: &[
            Given(Act::Become(&[A, B], C, CHANGE)),
            Given(Act::Until("2026-12-28T08:00:00Z")),
            // they were two still, and the time to announce ends when they are one
            When(B.reports(P, A)),
            When(Act::Until(AFTER)),
            When(C.reports_with(Q, A, |it| arrived_on(it, "2026-12-30"))),
            Then(Fact::Refused(
                "MUNICIPALITY_CONTINUES",
                &["previous_municipality"],
            )),
            When(Act::Pass(400)),
            Then(A.is_asked(&[])),
            Then(C.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_55_an_announcement_goes_to_the_board_that_takes_its_kind_or_that_is_named",
        on: On::Both,
        steps: &[
            Given(Act::Describe(
                B,
                LABOUR,
                &[RelocationKind::ActiveInvolvement],
                false,
            )),
            Given(Act::Describe(B, CHILDREN, &[], false)),
            When(A.announces(P, B)),
            Then(Fact::GoesTo(Some(LABOUR))),
            Then(Fact::Shown(Shown::ToldAt(
                B,
                LABOUR,
                &[RelocationRegistered],
            ))),
            Then(Fact::Shown(Shown::ToldAt(B, CHILDREN, &[]))),
            // by name, whatever its kind
            When(A.announces_with(Q, B, |it| to_function(it, CHILDREN))),
            Then(Fact::GoesTo(Some(CHILDREN))),
            Then(Fact::Shown(Shown::ToldAt(
                B,
                CHILDREN,
                &[RelocationRegistered],
            ))),
            Then(B.is_told(&[RelocationRegistered, RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_55_what_no_board_takes_is_for_none_in_particular_and_seen_by_all",
        on: On::Both,
        steps: &[
            Given(Act::Describe(
                B,
                LABOUR,
                &[RelocationKind::ActiveInvolvement],
                false,
            )),
            When(A.announces_with(P, B, wished)),
            Then(Fact::GoesTo(None)),
            Then(Fact::Shown(Shown::ToldAt(
                B,
                LABOUR,
                &[RelocationRegistered],
            ))),
            Then(B.is_told(&[RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_55_a_board_that_is_not_there_or_closed_is_refused_with_those_that_are",
        on: On::Both,
        steps: &[
            Given(Act::Describe(B, LABOUR, &[], false)),
            When(A.announces_with(P, B, |it| to_function(it, "vuxna"))),
            Then(Fact::Refused("FUNCTION_UNKNOWN", &["receiving_function"])),
            Then(Fact::Shown(Shown::OpenFunctions(LABOUR))),
            Given(Act::Describe(B, CHILDREN, &[], true)),
            When(A.announces_with(P, B, |it| to_function(it, CHILDREN))),
            Then(Fact::Refused("FUNCTION_CLOSED", &["receiving_function"])),
            Then(Fact::Shown(Shown::OpenFunctions(LABOUR))),
            Then(B.is_told(&[])),
        ],
    },
    Scenario {
        name: "scenario_55_two_boards_never_take_the_same_kind",
        on: On::Both,
        steps: &[
            Given(Act::Describe(
                B,
                LABOUR,
                &[RelocationKind::Placement, RelocationKind::ActiveInvolvement],
                false,
            )),
            When(Act::Describe(
                B,
                CHILDREN,
                &[RelocationKind::Placement],
                false,
            )),
            Then(Fact::Refused("FUNCTION_KIND_TAKEN", &["function.kinds"])),
            When(Act::Describe(B, LABOUR, &[], true)),
            When(Act::Describe(
                B,
                CHILDREN,
                &[RelocationKind::Placement],
                false,
            )),
            When(A.announces(P, B)),
            Then(Fact::GoesTo(None)),
        ],
    },
    Scenario {
        name: "scenario_55_a_silent_board_is_reminded_by_its_first_contact_then_its_second",
        on: On::Both,
        steps: &[
            Given(Act::Describe(
                B,
                LABOUR,
                &[RelocationKind::ActiveInvolvement],
                false,
            )),
            Given(A.announces(P, B)),
            When(Act::Pass(25)),
            Then(B.is_told(&[RelocationRegistered, RelocationReminded])),
            When(Act::Pass(25)),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
            Then(B.is_told(&[
                RelocationRegistered,
                RelocationReminded,
                RelocationEscalated,
            ])),
            Then(Fact::Shown(Shown::Contacts(
                B,
                &["", "08-123 456", "08-123 457"],
            ))),
        ],
    },
    Scenario {
        name: "scenario_56_what_is_sent_to_who_is_not_connected_waits_is_counted_and_is_delivered",
        on: On::Services,
        steps: &[
            Given(Act::Describe(B, LABOUR, &[], false)),
            When(A.announces(P, B)),
            Then(Fact::Shown(Shown::That(
                "the answer says how B is reached meanwhile",
                |services| Box::pin(unconnected(services)),
            ))),
            When(A.announces(Q, B)),
            Then(Fact::Shown(Shown::Waits(B, 2))),
            // long after every reader would have given up
            When(Act::Pass(120)),
            When(Act::Pass(60)),
            Then(Fact::Shown(Shown::That("both still wait", |services| {
                Box::pin(still_waits(services))
            }))),
            When(Act::Confirm(B)),
            Then(Fact::Shown(Shown::Waits(B, 0))),
            Then(Fact::Shown(Shown::That(
                "nobody is warned any more",
                |services| Box::pin(connected(services)),
            ))),
        ],
    },
    Scenario {
        name: "scenario_57_a_revoked_certificate_and_another_organisation_are_refused",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Then(Fact::Shown(Shown::That(
                "a revoked certificate is refused, and its open stream ends",
                |services| Box::pin(revoked(services)),
            ))),
            Then(Fact::Shown(Shown::That(
                "an organisation acts for itself alone",
                |services| Box::pin(another(services)),
            ))),
        ],
    },
];

/// Its own system works until the certificate is revoked; everybody else's goes on.
async fn revoked(services: &Services<'_>) {
    let world = services.world();
    let lost = world.party(LOST).await;
    let mut stream = lost.watch("").await.expect("a stream");
    stream.backlog().await;
    lost.notices().await.expect("served");
    world.revoke(LOST);
    // the stream is cut, and no answer of ours comes over it any more
    let end = stream.end().await;
    let is_cut = end.as_ref().is_none_or(|end| end.reason.is_empty());
    assert!(is_cut, "{end:?}");
    let channel = world.endpoint(Some(LOST)).connect().await;
    if let Ok(channel) = channel {
        // TLS 1.3 tells a client late that its certificate is refused
        let mut directory = DirectoryServiceClient::new(channel);
        let answer = directory.who_am_i(v1::WhoAmIRequest {}).await;
        let status = answer.expect_err("shut out");
        assert!(Refused::from(status).reason.is_empty(), "no answer of ours");
    }
    world.connect(SOLNA).await.expect("another certificate");
    let others = services.party(A).notices().await;
    others.expect("a connection that stays");
}

fn arrived_on(report: &mut v1::ReportArrivalRequest, day: &str) {
    let content = report.content.as_mut().expect("content");
    day.clone_into(&mut content.arrived_on);
}

/// The successor's certificate opens what the old code has; the old code begins nothing, and is nobody else's.
async fn heby(services: &Services<'_>) {
    const OLD: &str = "1917";
    let heby = services.world().party(HEBY).await;
    let old = heby.acting_for(OLD);
    old.notices().await.expect("its inbox");
    old.alerts().await.expect("its questions");
    let me = heby
        .who_am_i(v1::WhoAmIRequest {})
        .await
        .expect("an answer");
    assert_eq!(
        me.municipalities,
        ["municipalities/0331", "municipalities/1917"]
    );
    let begun = old.register(announcement(&old, "0184", 0)).await;
    let refused = begun.expect_err("closed");
    assert_eq!(refused.reason, "MUNICIPALITY_CLOSED");
    let nearest = refused.metadata.iter().find(|(key, _)| key == "nearest");
    assert_eq!(nearest.expect("a name").1, "0331 Heby");
    let unmoved = heby.report(arrival(&heby, OLD, 0)).await;
    let refused = unmoved.expect_err("nobody moved");
    assert_eq!(refused.reason, "MUNICIPALITY_CONTINUES");
    let solna = services.world().party(SOLNA).await;
    let other = solna.acting_for(OLD).notices().await;
    assert_eq!(other.expect_err("another's").reason, "SENDER_NOT_YOURS");
}

async fn another(services: &Services<'_>) {
    let solna = services.world().party(SOLNA).await;
    let name = services.relocation();
    let other = solna.acting_for(services.party(A).code());
    for refused in [
        other.read(&name).await.map(|_| ()),
        other.notices().await.map(|_| ()),
    ] {
        let refused = refused.expect_err("another's");
        assert_eq!(refused.reason, "SENDER_NOT_YOURS");
    }
    let unseen = solna.read(&name).await.expect_err("not its own");
    assert_eq!(unseen.reason, "NOT_FOUND");
}

/// What a second announcement of P to B would be answered with.
async fn dry_run(services: &Services<'_>) -> v1::RegisterRelocationResponse {
    let mut request = announcement(services.party(A), services.party(B).code(), 0);
    request.validate_only = true;
    let ground = request.legal_ground.as_mut().expect("a ground");
    *ground = consent(services.today());
    content(&mut request).expected_on = services.today().to_string();
    let answer = services.party(A).register(request).await;
    answer.expect("right")
}

fn reasons(answer: &v1::RegisterRelocationResponse) -> Vec<&str> {
    let warnings = answer.warnings.iter();
    warnings.map(|warning| warning.reason.as_str()).collect()
}

async fn unconnected(services: &Services<'_>) {
    let answer = dry_run(services).await;
    assert_eq!(
        reasons(&answer),
        ["ALREADY_ANNOUNCED", "RECIPIENT_NOT_CONNECTED"]
    );
    let warning = answer.warnings.last().expect("the warning");
    assert!(warning.message_sv.contains("växeln"), "{warning:?}");
    let [board] = answer.reach_by.as_slice() else {
        panic!("one board: {:?}", answer.reach_by);
    };
    let phone = &board.first_contact.as_ref().expect("a contact").phone;
    assert_eq!(phone, "08-123 456");
    let delivery = services.read(A).await.delivery();
    assert_eq!(delivery, v1::DeliveryState::Waiting);
}

async fn still_waits(services: &Services<'_>) {
    let registered = v1::NoticeKind::RelocationRegistered;
    let notices = services.party(B).notices().await.expect("a list");
    let count = notices.iter().filter(|it| it.kind() == registered).count();
    assert_eq!(count, 2, "{notices:?}");
    let mut stream = services.party(B).watch("").await.expect("a stream");
    assert_eq!(stream.backlog().await, notices);
}

async fn connected(services: &Services<'_>) {
    assert_eq!(reasons(&dry_run(services).await), ["ALREADY_ANNOUNCED"]);
    let delivery = services.read(A).await.delivery();
    assert_eq!(delivery, v1::DeliveryState::Delivered);
}
