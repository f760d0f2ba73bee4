//! The table of `flyttbud explain exposure` is true: each reader reads what it can get, and field by field that is
//! what the table says of it.

mod fields;
mod thieves;

use std::collections::{BTreeMap, BTreeSet};

use api::v1;
use domain::exposure::{ANNOUNCEMENT, Kept, RELOCATION, Reader, Sight};
use prost::Message as _;
use serde_json::Value;
use tests::{OPERATOR, Organisation, Party, SIGTUNA, SOLLEFTEA, SOLNA, World, function, wait_for};

use crate::access::announced;
use crate::auditing::said;
use crate::functions::set;
use crate::recalling::withdraw;
use crate::receipts::profile;
use crate::redacting::redaction;
use fields::{Values, flat, full, nested};
use thieves::Loot;

/// What a reader saw of each field.
type Seen = BTreeMap<Reader, Values>;

/// What a party gets: the envelope, and what it may open.
async fn read_by(party: &Party, name: &str) -> Values {
    let mut seen = Values::new();
    let Ok(relocation) = party.read(name).await else {
        return seen;
    };
    for (from, to) in [
        (&relocation.sending_municipality, "municipality"),
        (&relocation.receiving_municipality, "receiving_municipality"),
        (&relocation.planned_month, "content.expected_on"),
        (&relocation.receiving_function, "receiving_function"),
    ] {
        if !from.is_empty() {
            seen.insert(to.to_owned(), vec![Value::from(from.as_str())]);
        }
    }
    let kind = relocation.kind().as_str_name();
    seen.insert("kind".to_owned(), vec![Value::from(kind)]);
    let request = v1::GetReceiptRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        name: name.to_owned(),
        view: v1::View::Full.into(),
        ..v1::GetReceiptRequest::default()
    };
    let patience = std::time::Duration::from_secs(20);
    let receipt = party.client.wait_for_receipt(&request, false, patience);
    for part in receipt.await.expect("a receipt").parts {
        seen.extend(nested(part.part, &part.body));
    }
    seen
}

/// What each of them gets through the interface.
async fn through_the_interface(world: &World, name: &str) -> Seen {
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await.acting_in("vuxna");
    let (sigtuna, operator) = (world.party(SIGTUNA).await, world.party(OPERATOR).await);
    let nobody = v1::GetReceiptRequest {
        name: name.to_owned(),
        ..v1::GetReceiptRequest::default()
    };
    let refused = operator.client.ledger().get_receipt(nobody).await;
    assert!(refused.is_err(), "an operator has no part in a relocation");
    let listed = v1::ListEntriesRequest::default();
    let listed = operator.client.ledger().list_entries(listed).await;
    let listed = listed.expect("a list").into_inner();
    assert!(listed.entries.iter().all(|entry| entry.name != name));
    Seen::from([
        (Reader::Sender, read_by(&solna, name).await),
        (Reader::Receiver, read_by(&solleftea, name).await),
        (Reader::Other, read_by(&sigtuna, name).await),
        (Reader::Operator, Values::new()),
    ])
}

/// How much of what was sent somebody saw.
fn sight(field: &str, sent: &[Value], seen: &Values, guessed: &BTreeSet<&str>) -> Sight {
    let text = |values: &[Value]| values.first().and_then(Value::as_str).map(str::to_owned);
    match seen.get(field) {
        Some(values) if values == sent => Sight::Reads,
        Some(values) => {
            let (sent, seen) = (
                text(sent).unwrap_or_default(),
                text(values).expect("a text"),
            );
            assert!(
                sent.starts_with(&seen),
                "{field}: not '{sent}' but '{seen}'"
            );
            Sight::Partly
        }
        None if guessed.contains(field) => Sight::Guess,
        None => Sight::Nothing,
    }
}

/// Holds what was seen of an announcement against the table; gives the fields that it had.
fn as_the_table_says(
    request: &v1::RegisterRelocationRequest,
    seen: &Seen,
    guessed: &BTreeMap<Reader, BTreeSet<&'static str>>,
) -> BTreeSet<String> {
    let sent = flat(
        "flyttbud.v1.RegisterRelocationRequest",
        &request.encode_to_vec(),
    );
    let nothing = BTreeSet::new();
    for (field, values) in &sent {
        let known = ANNOUNCEMENT.iter().find(|(known, _)| known == field);
        let (_, kept) = known.expect("a field with a class");
        for reader in Reader::ALL {
            let guessed = guessed.get(&reader).unwrap_or(&nothing);
            let is_name = field.ends_with("given_name") || field.ends_with("family_name");
            let mut expected = kept.sight(reader);
            // who was announced of no household by its name stands in no note
            let household = request
                .content
                .as_ref()
                .and_then(|it| it.household.as_ref());
            let is_noted = household.is_some_and(|it| !it.name.is_empty());
            if *kept == Kept::Noted && reader == Reader::KeysAndRoot && !is_noted {
                expected = Sight::Guess;
            }
            // no token is made of the name of a person with a secrecy marking
            if expected == Sight::Guess && is_name && request.secrecy_marking_confirmed {
                expected = Sight::Nothing;
            }
            assert_eq!(
                sight(field, values, &seen[&reader], guessed),
                expected,
                "{field} by {reader:?}"
            );
        }
    }
    sent.into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_sees_of_each_field_what_the_table_says() {
    let mut world = World::start().await;
    let mut inbox = world.party(SOLNA).await.watch("").await.expect("a stream");
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let kinds = [
        v1::RelocationKind::ActiveInvolvement,
        v1::RelocationKind::Transfer2910,
    ];
    let function = v1::Function {
        handles_secrecy_marked: true,
        ..function(&solleftea, "vuxna", &kinds)
    };
    // those of the function alone open what is marked as secret
    let solleftea = solleftea.acting_in("vuxna");
    assert_eq!(function.name, fields::FUNCTION);
    set(&solleftea, function).await.expect("described");
    let mut sent = Vec::new();
    for request in full(&solna) {
        let registered = solna.register(request.clone()).await;
        let name = registered.expect("accepted").relocation.expect("one").name;
        // the sender is told too, and so NATS knows both
        solleftea.take_in(&name, "").await.expect("taken in");
        inbox.notice().await;
        let seen = through_the_interface(&world, &name).await;
        // the same person may be announced again, and nothing is erased
        withdraw(&solna, &name, v1::WithdrawalReason::MoveCancelled).await;
        sent.push((request, name, seen));
    }
    assert!(world.terminate().await.success());
    world.nats.stop().await.expect("NATS ends");
    let loot = Loot::of(world.folder());
    let mut filled = BTreeSet::new();
    for (request, name, mut seen) in sent {
        seen.insert(Reader::Notices, loot.notices(&name));
        let record = loot.record(&name);
        let keys = loot.keys(&name);
        let everything = loot.everything(&request, &name).await;
        let both = record.clone().into_iter().chain(keys.clone());
        seen.insert(Reader::RecordAndKeys, both.collect());
        seen.insert(
            Reader::Everything,
            record.clone().into_iter().chain(everything).collect(),
        );
        seen.insert(Reader::Record, record);
        let noted = loot.noted_with_the_root_key(&request, &name).await;
        let with_root = keys.clone().into_iter().chain(noted);
        seen.insert(Reader::KeysAndRoot, with_root.collect());
        seen.insert(Reader::Keys, keys);
        let guessed = BTreeMap::from([
            (
                Reader::KeysAndRoot,
                loot.guessed_with_the_root_key(&request, &name).await,
            ),
            (
                Reader::Everything,
                loot.guessed_with_everything(&request).await,
            ),
        ]);
        filled.extend(as_the_table_says(&request, &seen, &guessed));
    }
    loot.holds_nothing_in_the_clear(&["Zebulonius", "Qvastmakare", "kanariefågel"]);
    let all: BTreeSet<String> = ANNOUNCEMENT
        .iter()
        .filter(|(_, kept)| *kept != Kept::Nowhere)
        .map(|(field, _)| (*field).to_owned())
        .collect();
    assert_eq!(filled, all, "each field was filled in at least once");
}

/// What a party reads of a relocation, but for its content.
async fn shown_to(party: &Party, name: &str) -> Values {
    let relocation = party.read(name).await.expect("a relocation");
    let mut shown = flat("flyttbud.v1.Relocation", &relocation.encode_to_vec());
    shown.retain(|field, _| !field.starts_with("content."));
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_it_is_shown_as_the_table_says_also_when_it_is_erased() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let name = announced(&solna, 0).await;
    fields::let_it_go_on(&solna, &solleftea, &name).await;
    let arrived = wait_for("the arrival is matched", || async {
        let shown = shown_to(&solleftea, &name).await;
        shown.contains_key("arrival").then_some(shown)
    });
    let shown = [
        (Reader::Receiver, arrived.await),
        (Reader::Sender, shown_to(&solna, &name).await),
    ];
    for (reader, shown) in &shown {
        for field in shown.keys() {
            let known = RELOCATION.iter().find(|(known, _)| known == field);
            let (_, kept) = known.expect("a field with a class");
            assert_eq!(kept.sight(*reader), Sight::Reads, "{field} by {reader:?}");
        }
    }
    let [(_, receiver), (_, sender)] = &shown;
    let only_receiver: Vec<&String> = receiver
        .keys()
        .filter(|field| !sender.contains_key(*field))
        .collect();
    assert_eq!(only_receiver, ["arrival"]);
    for text in ["replies.text", "supplements.text", "legal_ground"] {
        assert!(
            sender.contains_key(text) && receiver.contains_key(text),
            "{text}"
        );
    }

    // another one, whose consent is revoked
    let name = announced(&solna, 1).await;
    withdraw(&solna, &name, v1::WithdrawalReason::ConsentRevoked).await;
    let (sender, receiver) = (
        read_by(&solna, &name).await,
        read_by(&solleftea, &name).await,
    );
    assert!(!sender.is_empty(), "its own record");
    for (field, kept) in ANNOUNCEMENT {
        let Some(values) = sender.get(*field) else {
            continue;
        };
        let is_month = *kept == Kept::Month;
        let seen = sight(field, values, &receiver, &BTreeSet::new());
        let expected = Reader::Receiver.sight_after_erasure(*kept);
        assert!(seen == expected || is_month, "{field}: {seen:?}");
    }
    let month: String = tests::today().chars().take(7).collect();
    assert_eq!(receiver["content.expected_on"], [Value::from(month)]);
    says_that_it_is_erased(&world, &name);

    // a third one, which the receiver ends: it reads on, and the sender its own
    let name = announced(&solna, 2).await;
    let ended = solleftea.redact(redaction(&solleftea, &name)).await;
    ended.expect("ended");
    for who in [SOLNA, SOLLEFTEA] {
        let told = explained(&world, who, &name, &["--json"]);
        let object: Value = serde_json::from_str(&told).expect("JSON");
        let whose = &object["relocation"]["reading_ended_for"];
        assert_eq!(*whose, serde_json::json!(["SENDER"]), "{told}");
        let says = explained(&world, who, &name, &[]);
        assert!(!says.contains("The receiver's keys"), "{says}");
        assert!(says.contains("The sender's keys to the receiver's replies were erased"));
    }
    assert!(
        read_by(&solleftea, &name)
            .await
            .contains_key("content.free_text")
    );
}

fn explained(world: &World, who: Organisation, name: &str, more: &[&str]) -> String {
    let profile = profile(world, who);
    let words = ["--profile", &profile, "explain", "exposure", name];
    let told = said(world.folder(), &[&words, more].concat());
    assert_eq!(told.code, 0, "{}", told.errors);
    told.says
}

fn says_that_it_is_erased(world: &World, name: &str) {
    let told = |more: &[&str]| explained(world, SOLLEFTEA, name, more);
    let object: Value = serde_json::from_str(&told(&["--json"])).expect("JSON");
    assert_eq!(object["relocation"]["state"], "withdrawn");
    assert_eq!(object["relocation"]["reading_ended_for"][0], "RECEIVER");
    assert!(
        object["relocation"]["reading_ended_at"]
            .as_str()
            .is_some_and(|at| !at.is_empty())
    );
    assert!(told(&[]).contains("The receiver's keys were erased"));
    assert!(told(&["--language", "sv"]).contains("Mottagarens nycklar raderades"));
}
