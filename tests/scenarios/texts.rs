//! Texts: none reaches a notice, and none holds a number or an address that must not be told.

use api::v1;
use domain::code::NoticeKind::{RelocationRegistered, RelocationReplied};

use client::request_id;

use super::request::{content, reported};
use super::services::{Services, write};
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B};
use super::steps::{Act, Fact, On, P, Scenario, Shown};

pub(crate) const SCENARIOS: &[Scenario] = &[
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
    Scenario {
        name: "scenario_38_who_marked_an_address_writes_it_in_no_text",
        on: On::Both,
        steps: &[
            When(A.announces_with(P, B, |it| {
                it.withheld_addresses = vec!["Storgatan 3 B".into()];
                content(it).free_text = "Hon bor på STORG. 3b sedan maj.".into();
            })),
            Then(Fact::Refused(
                "MARKED_ADDRESS_IN_TEXT",
                &["content.free_text"],
            )),
            When(B.reports_with(P, A, |it| {
                it.withheld_addresses = vec!["Nygatan 12".into()];
                reported(it).case_number = "nygatan 12".into();
            })),
            Then(Fact::Refused(
                "MARKED_ADDRESS_IN_TEXT",
                &["content.case_number"],
            )),
            Then(B.is_told(&[])),
            When(A.announces_with(P, B, |it| {
                it.withheld_addresses = vec!["Storgatan 3 B".into()];
            })),
            Given(Act::Acknowledge(B)),
            // before the rules alone there are no texts
            Then(Fact::Shown(Shown::That(
                "it is remembered for later texts",
                |it| Box::pin(remembered(it)),
            ))),
            Then(Fact::Shown(Shown::Readable(B))),
            Then(Fact::Shown(Shown::Nowhere(&["Storgatan 3", "Nygatan 12"]))),
        ],
    },
];

/// What the sender marked is looked for in what it writes later, and in nothing that others write.
async fn remembered(services: &Services<'_>) {
    let text = || "Ring innan ni går till Storgatan 3 B.".to_owned();
    let (sender, name) = (services.party(A), services.relocation());
    let supplement = write!(SupplementRelocationRequest, sender,
        name: name.clone(), text: text());
    let refused = sender.supplement(supplement).await.expect_err("marked");
    assert_eq!(refused.reason, "MARKED_ADDRESS_IN_TEXT");
    let ground = services.ground();
    let reply = write!(ReplyToRelocationRequest, sender,
        name: name.clone(), text: text(), legal_ground: Some(ground.clone()));
    let refused = sender.reply(reply).await.expect_err("marked");
    assert_eq!(refused.reason, "MARKED_ADDRESS_IN_TEXT");
    let contact = |name: &str, function: &str| v1::Contact {
        name: name.to_owned(),
        function: function.to_owned(),
        phone: "08-123 456".to_owned(),
        email: String::new(),
    };
    for (contact, reason) in [
        (
            contact("Storgatan 3 B", "Mottagningen"),
            "MARKED_ADDRESS_IN_TEXT",
        ),
        (
            contact("", "Boendet på storg. 3b"),
            "MARKED_ADDRESS_IN_TEXT",
        ),
        (
            contact("1990-01-01-2385", "Mottagningen"),
            "IDENTITY_NUMBER_IN_TEXT",
        ),
    ] {
        let reply = write!(ReplyToRelocationRequest, sender,
            name: name.clone(), text: "Ring.".to_owned(), contact: Some(contact),
            legal_ground: Some(ground.clone()));
        let refused = sender.reply(reply).await.expect_err("in the contact");
        assert_eq!(refused.reason, reason);
    }
    let receiver = services.party(B);
    let reply = write!(ReplyToRelocationRequest, receiver,
        name: name, text: text(), legal_ground: Some(ground));
    receiver.reply(reply).await.expect("it marked nothing");
}
