//! Rights and statistics: what may be searched, counted and seen, and that nobody stands where nobody belongs.

use std::collections::BTreeSet;

use api::v1;
use client::tonic;
use prost::Message as _;
use prost_types::FileDescriptorSet;

use super::request::{content, person};
use super::services::Services;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B};
use super::steps::{Act, Fact, On, P, Scenario, Shown};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_64_one_searches_by_number_case_or_name_and_by_nothing_else",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Then(Fact::Shown(Shown::That(
                "no request of the contract can name a group, a need or a free text to search by",
                |_services| Box::pin(async { terms() }),
            ))),
            Then(Fact::Shown(Shown::That(
                "each term finds the announcement where it may, and no term is refused",
                |services| Box::pin(found(services)),
            ))),
        ],
    },
    Scenario {
        name: "scenario_66_a_person_gets_what_is_held_about_her_and_who_opened_it",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            When(Act::Acknowledge(B)),
            Then(Fact::Shown(Shown::Readable(B))),
            Then(Fact::Shown(Shown::That(
                "each municipality's extract holds the announcement and its own openings, and no officer",
                |services| Box::pin(extracts(services)),
            ))),
        ],
    },
    Scenario {
        name: "scenario_68_a_scan_of_files_logs_subjects_and_errors_finds_nobody",
        on: On::Services,
        steps: &[
            When(A.announces_with(P, B, unusual)),
            When(Act::Acknowledge(B)),
            When(Act::Object(B, "Invändning av rördrommen.")),
            When(A.announces_with(P, B, |it| {
                unusual(it);
                it.request_id = P.0.into();
            })),
            Then(Fact::Refused("REQUEST_ID_INVALID", &["request_id"])),
            Then(Fact::Shown(Shown::Logged)),
            When(A.announces_with(P, B, |it| {
                unusual(it);
                it.receiving_municipality = format!("municipalities/{}", P.0);
            })),
            Then(Fact::Refused(
                "MUNICIPALITY_CODE_INVALID",
                &["receiving_municipality"],
            )),
            When(A.announces_with(P, B, |it| {
                unusual(it);
                content(it).expected_on = "Rördromsson".into();
            })),
            Then(Fact::Refused("DATE_INVALID", &["content.expected_on"])),
            Then(Fact::Shown(Shown::Nowhere(&[
                P.0,
                "Rördromsson",
                "rördrommen",
                "KANARIE-4712",
            ]))),
        ],
    },
];

/// Somebody who can be told from everybody else.
fn unusual(request: &mut v1::RegisterRelocationRequest) {
    person(request).family_name = "Rördromsson".into();
    content(request).case_number = "KANARIE-4712".into();
    content(request).free_text = "Bor hos rördrommen.".into();
}

/// What every request takes, but for who asks, of what by its own name, and paging. Whatever lists, finds, watches or counts is
/// limited by none of what a person is or needs; what a municipality writes stands beside it. A field that is new is added here
/// by whoever has read that.
const TAKEN: &str = "
    AcknowledgeDrill: month word
    AdvanceClock: seconds
    AnswerAlert: answer legal_ground text
    AssignAlert: assignee
    CloseAlert: reason
    CommentOnAlert: text
    ConfirmNotice: chain number
    DisputeAlert: legal_ground text
    FindRelocations: case_number identity_number name
    GetCheckpoint: witnessed
    GetConsistencyProof: old_size size
    GetDrill: month
    GetReceipt: position version
    GetRelocation: exception
    GrantVendor: vendor
    ImportRegisterEvents: event
    LiftProtection: identity_number
    ListAccesses: from officer_id subject until
    ListAlerts: state
    ListArrivals: state
    ListEntries: after_position
    ListFunctions: include_closed parent
    ListMunicipalities: county_code include_closed name_contains
    ListNotices: after_number function
    ListRelocations: counterpart side state
    ProducePersonExtract: identity_number
    RecallRelocation: discovered_at text
    RecordReview: findings from seed size until
    RecordTransferDecision: decided_on granted
    RedactAlert: text whole_person
    RedactRelocation: text whole_person
    ReferTransfer: referred_on
    RegisterRelocation: content kind legal_ground open_child_inquiry receiving_function receiving_municipality secrecy_marking_confirmed withheld_addresses
    ReleaseRelocation: kind text
    ReplyToRelocation: contact legal_ground objection text
    ReportArrival: alternate_residence content legal_ground previous_municipality withheld_addresses
    RestrictRelocation: kind text
    SampleAccesses: from seed size until
    SetDefinition: definition
    SetFunction: function
    SupplementRelocation: text
    WatchAlerts: after_position
    WatchInbox: function resume_token
    WithdrawRelocation: reason
    WithdrawVendor: organisation_number
";

/// Every field of every request is one of those.
fn terms() {
    let set = FileDescriptorSet::decode(api::generated::DESCRIPTORS).expect("descriptors");
    let asking = [
        "municipality",
        "actor",
        "request_id",
        "validate_only",
        "name",
        "etag",
        "page_size",
        "page_token",
        "view",
        "known_at",
    ];
    let mut taken = BTreeSet::new();
    for message in set.file.iter().flat_map(|file| &file.message_type) {
        let Some(name) = message.name().strip_suffix("Request") else {
            continue;
        };
        let fields = message
            .field
            .iter()
            .map(prost_types::FieldDescriptorProto::name);
        // a search by a name is one by a person's, and no resource's
        let is_search = name.starts_with("Find");
        let terms = fields.filter(|field| is_search && *field == "name" || !asking.contains(field));
        taken.extend(terms.map(|term| format!("{name}.{term}")));
    }
    let known = TAKEN
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    let known = known.flat_map(|(name, fields)| {
        let fields = fields.split(' ');
        fields.map(move |field| format!("{name}.{field}"))
    });
    assert_eq!(taken, known.collect());
}

async fn extracts(services: &Services<'_>) {
    use v1::produce_person_extract_response::Item;
    let name = services.relocation();
    for (who, openings) in [(A, 0), (B, 1), (super::steps::Who::C, 0)] {
        let items = services.party(who).extract(P.0).await.expect("an extract");
        let held = items.iter().filter(|item| match item {
            Item::Relocation(it) => it.relocation.as_ref().is_some_and(|it| it.name == name),
            _ => false,
        });
        let expected = usize::from(who != super::steps::Who::C);
        assert_eq!(held.count(), expected, "{who:?}");
        let opened = items
            .iter()
            .filter(|item| matches!(item, Item::Access(it) if it.subject == name));
        assert_eq!(opened.count(), openings, "{who:?}: {items:?}");
        assert!(matches!(items.last(), Some(Item::End(end)) if !end.more));
        assert!(!format!("{items:?}").contains("handlaggare-"), "{items:?}");
    }
}

async fn found(services: &Services<'_>) {
    use v1::find_relocations_request::Term;
    let find = |term| v1::FindRelocationsRequest {
        municipality: services.party(B).municipality(),
        actor: services.party(B).actor(),
        term,
    };
    let name = |given_name: &str, family_name: &str| {
        Term::Name(v1::PersonName {
            given_name: given_name.to_owned(),
            family_name: family_name.to_owned(),
        })
    };
    let announced = [services.relocation()];
    for (term, expected) in [
        (Term::IdentityNumber(P.0.to_owned()), &announced[..]),
        (name("ROBIN", "provsson"), &announced),
        (name("Robin", "Prov"), &[]),
        // the sender's case number is the sender's
        (Term::CaseNumber("2026-1042".to_owned()), &[]),
    ] {
        let seen = services.party(B).find(find(Some(term))).await;
        let seen = seen.expect("allowed").relocations;
        let names: Vec<String> = seen.into_iter().map(|it| it.name).collect();
        assert_eq!(names, expected);
    }
    let refused = services
        .party(B)
        .find(find(None))
        .await
        .expect_err("no term");
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (tonic::Code::InvalidArgument, "SEARCH_TERM_REQUIRED")
    );
}
