//! Announcements with every field filled in, and messages as their fields.

use std::collections::BTreeMap;

use api::v1;
use client::request_id;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, ReflectMessage as _};
use serde_json::Value;
use tests::{Party, announcement, arrival, consent, marked};

/// Values of each field that has one, by its path; of a repeated one all, in order.
pub(super) type Values = BTreeMap<String, Vec<Value>>;

/// The fields of a message.
pub(super) fn flat(name: &str, bytes: &[u8]) -> Values {
    let pool = DescriptorPool::decode(api::generated::DESCRIPTORS).expect("descriptors");
    let message = pool.get_message_by_name(name).expect("a message");
    let message = DynamicMessage::decode(message, bytes).expect("it fits");
    let mut values = Values::new();
    put(&message, "", &mut values);
    values
}

fn put(message: &DynamicMessage, before: &str, values: &mut Values) {
    for (field, value) in message.fields() {
        let path = format!("{before}{}", field.name());
        let all = match value.as_list() {
            Some(list) => list.to_vec(),
            None => vec![value.clone()],
        };
        for one in all {
            let inner = one
                .as_message()
                .filter(|inner| inner.descriptor().package_name() != "google.protobuf");
            if let Some(inner) = inner {
                put(inner, &format!("{path}."), values);
                continue;
            }
            let told = match (one.as_enum_number(), field.kind()) {
                (Some(number), Kind::Enum(kind)) => {
                    let known = kind.get_value(number).expect("a known value");
                    Value::from(known.name())
                }
                _ => Value::from(one_as_text(&one)),
            };
            values.entry(path.clone()).or_default().push(told);
        }
    }
}

fn one_as_text(value: &prost_reflect::Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => format!("{value:?}"),
    }
}

/// The fields of an opened part, under the names that they have in the announcement.
pub(super) fn nested(part: i32, bytes: &[u8]) -> Values {
    let (name, renamed): (&str, &[(&str, &str)]) = match part {
        1 => (
            "journal.v1.SharedPart",
            &[
                ("relocation.", "content."),
                ("legal_ground", "legal_ground.code"),
            ],
        ),
        _ => ("journal.v1.OwnPart", &[]),
    };
    let rename = |(field, values): (String, Vec<Value>)| {
        let to = renamed
            .iter()
            .find_map(|(from, to)| Some(format!("{to}{}", field.strip_prefix(from)?)));
        (to.unwrap_or(field), values)
    };
    flat(name, bytes).into_iter().map(rename).collect()
}

/// Who they are for.
pub(super) const FUNCTION: &str = "municipalities/2283/functions/vuxna";

/// Announcements that together fill every field: each ground demands others.
pub(super) fn full(solna: &Party) -> Vec<v1::RegisterRelocationRequest> {
    let ground = |code: v1::LegalGroundCode| v1::LegalGround {
        code: code.into(),
        ..v1::LegalGround::default()
    };
    let long = "En kanariefågel, och därför är det nödvändigt.";
    let mut alone = consent();
    if let Some(consent) = &mut alone.consent {
        consent.guardians_consent = false;
        consent.minor_alone = long.into();
    }
    let grounds = [
        (0, consent()),
        (1, alone),
        (
            2,
            v1::LegalGround {
                motivation: long.to_owned(),
                second_officer_id: "andra-handlaggaren".to_owned(),
                ..ground(v1::LegalGroundCode::Necessary102)
            },
        ),
        (
            3,
            v1::LegalGround {
                care_limb: v1::CareLimb::ContinuingMisuse.into(),
                ..ground(v1::LegalGroundCode::Care269)
            },
        ),
        (
            4,
            v1::LegalGround {
                assessment: long.to_owned(),
                ..ground(v1::LegalGroundCode::NoHarm261)
            },
        ),
        (
            0,
            v1::LegalGround {
                transfer_case: "KANARIE-4711".to_owned(),
                ..ground(v1::LegalGroundCode::Transfer2912)
            },
        ),
    ];
    let filled = grounds.into_iter().map(|(person, ground)| {
        let is_transfer = ground.code() == v1::LegalGroundCode::Transfer2912;
        let mut request = announcement(solna, "2283", person);
        if is_transfer {
            request.kind = v1::RelocationKind::Transfer2910.into();
        }
        request.legal_ground = Some(ground);
        request.open_child_inquiry = true;
        request.receiving_function = FUNCTION.into();
        request.withheld_addresses = vec!["Kanariegatan 12".into()];
        fill(&mut request);
        request
    });
    // the last test person has a secrecy marking
    let of_marked = announcement(solna, "2283", 4);
    filled.chain([marked(of_marked, "vuxna")]).collect()
}

fn fill(request: &mut v1::RegisterRelocationRequest) {
    let content = request.content.as_mut().expect("content");
    let person = content.person.as_mut().expect("a person");
    person.given_name = "Zebulonius".into();
    person.family_name = "Qvastmakare".into();
    person.birth_date_confirmed = true;
    person.number_status = v1::IdentityNumberStatus::Current.into();
    for support in &mut content.supports {
        support.paid_until = tests::today();
    }
    let household = content.household.as_mut().expect("a household");
    household.name = format!("households/{}", request_id());
    household.children = 1;
    content.contact.as_mut().expect("a contact").email = "kanariefågel@example.org".into();
    content.free_text = "Har en kanariefågel.".into();
}

/// A supplement, a reply with a counterpart, an arrival that matches.
pub(super) async fn let_it_go_on(solna: &Party, solleftea: &Party, name: &str) {
    let supplement = v1::SupplementRelocationRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: "En komplettering.".to_owned(),
        ..v1::SupplementRelocationRequest::default()
    };
    solna.supplement(supplement).await.expect("supplemented");
    solleftea.take_in(name, "").await.expect("taken in");
    let reply = v1::ReplyToRelocationRequest {
        legal_ground: Some(consent()),
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: "Ett svar.".to_owned(),
        contact: Some(tests::contact()),
        objection: true,
        ..v1::ReplyToRelocationRequest::default()
    };
    solleftea.reply(reply).await.expect("replied");
    let report = arrival(solleftea, "0184", 0);
    solleftea.report(report).await.expect("reported");
}
