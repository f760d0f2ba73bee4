//! What people see of a relocation that they opened, besides its row and its content. Nothing that was told is left out.

use api::v1;

use super::{code, instant, word};

/// One line for each thing.
pub(super) fn lines(relocation: &v1::Relocation) -> Vec<String> {
    let mut lines = envelope(relocation);
    lines.extend(relocation.transfer.as_ref().map(transfer));
    lines.extend(relocation.duties.iter().map(duty));
    lines.extend(relocation.supplements.iter().map(supplement));
    lines.extend(relocation.replies.iter().flat_map(reply));
    if let Some(ended_at) = &relocation.reading_ended_at {
        let at = instant(Some(ended_at));
        lines.push(format!(
            "reading ended {at}: what one told the other can be opened there no more"
        ));
    }
    lines
}

/// What has a name or a code, where it is told.
fn envelope(relocation: &v1::Relocation) -> Vec<String> {
    let ground = relocation.legal_ground().as_str_name();
    let delivery = relocation.delivery().as_str_name();
    let restrictions: Vec<String> = relocation
        .restrictions()
        .map(|kind| word(kind.as_str_name(), "RESTRICTION_KIND_"))
        .collect();
    let told = [
        ("legal ground", word(ground, "LEGAL_GROUND_CODE_")),
        ("delivery", word(delivery, "DELIVERY_STATE_")),
        ("for", relocation.receiving_function.clone()),
        ("matched with", relocation.arrival.clone()),
        ("returns from", relocation.returns.clone()),
        ("restricted here", restrictions.join(", ")),
        ("etag", relocation.etag.clone()),
    ];
    told.into_iter()
        .filter(|(_, value)| !value.is_empty() && value != "unspecified")
        .map(|(what, value)| format!("{what}: {value}"))
        .collect()
}

fn transfer(transfer: &v1::Transfer) -> String {
    let state = word(transfer.state().as_str_name(), "TRANSFER_STATE_");
    match (
        transfer.referred_on.as_str(),
        transfer.decided_on.as_str(),
        transfer.granted,
    ) {
        ("", "", _) => format!("transfer: {state}"),
        (on, "", _) => format!("transfer: {state}, came in to IVO {on}"),
        (_, on, true) => format!("transfer: {state} {on}, granted"),
        (_, on, false) => format!("transfer: {state} {on}, not granted"),
    }
}

fn duty(duty: &v1::Duty) -> String {
    let kind = word(duty.kind().as_str_name(), "DUTY_KIND_");
    format!("due {}: {kind} ({})", duty.due_on, duty.rule)
}

fn supplement(supplement: &v1::Supplement) -> String {
    let at = instant(supplement.recorded_at.as_ref());
    format!("{at} supplement: {}", supplement.text)
}

/// A reply, and with whom to talk about it.
fn reply(reply: &v1::Reply) -> Vec<String> {
    let at = instant(reply.recorded_at.as_ref());
    let by = code(&reply.municipality);
    let what = if reply.objection {
        "objects"
    } else {
        "replies"
    };
    let mut lines = vec![format!("{at} {by} {what}: {}", reply.text)];
    if let Some(contact) = &reply.contact {
        let ways = [
            &contact.function,
            &contact.name,
            &contact.phone,
            &contact.email,
        ];
        let ways: Vec<&str> = ways
            .into_iter()
            .map(String::as_str)
            .filter(|way| !way.is_empty())
            .collect();
        lines.push(format!("  contact: {}", ways.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use api::time::to_wire;
    use jiff::Timestamp;

    use super::*;

    fn check(relocation: &v1::Relocation, expect: &[&str]) {
        assert_eq!(lines(relocation), expect);
    }

    #[test]
    fn what_is_told_is_a_line_and_what_is_not_is_none() {
        check(&v1::Relocation::default(), &[]);
        let recorded_at = Some(to_wire(Timestamp::UNIX_EPOCH));
        let contact = v1::Contact {
            function: "Mottagningen".to_owned(),
            phone: "08-123 456".to_owned(),
            ..v1::Contact::default()
        };
        let all = v1::Relocation {
            etag: "v4".to_owned(),
            legal_ground: v1::LegalGroundCode::NoHarm261.into(),
            supplements: vec![v1::Supplement {
                recorded_at,
                text: "Nyckeln hämtas.".to_owned(),
            }],
            replies: vec![v1::Reply {
                municipality: "municipalities/2283".to_owned(),
                recorded_at,
                objection: true,
                text: "Nej.".to_owned(),
                contact: Some(contact),
            }],
            arrival: "arrivals/a".to_owned(),
            duties: vec![v1::Duty {
                kind: v1::DutyKind::AnswerTransfer.into(),
                due_on: "2026-12-24".to_owned(),
                rule: "SoL 29:11".to_owned(),
            }],
            returns: "relocations/r".to_owned(),
            restrictions: vec![
                v1::RestrictionKind::Processing.into(),
                v1::RestrictionKind::LegalHold.into(),
            ],
            receiving_function: "municipalities/2283/functions/barn".to_owned(),
            delivery: v1::DeliveryState::Delivered.into(),
            reading_ended_at: recorded_at,
            ..v1::Relocation::default()
        };
        check(
            &all,
            &[
                "legal ground: no harm 26 1",
                "delivery: delivered",
                "for: municipalities/2283/functions/barn",
                "matched with: arrivals/a",
                "returns from: relocations/r",
                "restricted here: processing, legal hold",
                "etag: v4",
                "due 2026-12-24: answer transfer (SoL 29:11)",
                "1970-01-01T00:00:00Z supplement: Nyckeln hämtas.",
                "1970-01-01T00:00:00Z 2283 objects: Nej.",
                "  contact: Mottagningen, 08-123 456",
                "reading ended 1970-01-01T00:00:00Z: what one told the other can be opened there no more",
            ],
        );
    }

    #[test]
    fn a_transfer_is_told_with_its_day() {
        let of = |state: v1::TransferState, referred: &str, decided: &str, granted| v1::Transfer {
            state: state.into(),
            referred_on: referred.to_owned(),
            decided_on: decided.to_owned(),
            granted,
        };
        for (told, expect) in [
            (
                of(v1::TransferState::Asked, "", "", false),
                "transfer: asked",
            ),
            (
                of(v1::TransferState::Overdue, "2026-01-02", "", false),
                "transfer: overdue, came in to IVO 2026-01-02",
            ),
            (
                of(v1::TransferState::Decided, "", "2026-03-04", true),
                "transfer: decided 2026-03-04, granted",
            ),
            (
                of(v1::TransferState::Decided, "", "2026-03-04", false),
                "transfer: decided 2026-03-04, not granted",
            ),
        ] {
            assert_eq!(transfer(&told), expect);
        }
    }
}
