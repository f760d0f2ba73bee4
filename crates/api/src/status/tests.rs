//! Every refusal on the wire: its details can be read back, they fit in trailers, they hold no value.

use super::*;

/// The longest paths that a request has.
const PATHS: [&str; 6] = [
    "content.supports[9].paid_until",
    "legal_ground.consent.guardians_consent",
    "content.dwelling.monthly_rent_sek",
    "content.person.identity_number",
    "legal_ground.second_officer_id",
    "content.household.children",
];

const REQUEST: &str = "0199aaaa-0000-7000-8000-000000000001";

fn header_bytes(status: &Status) -> usize {
    status.clone().into_http::<()>().headers()["grpc-status-details-bin"].len()
}

fn violation(path: &str, reason: Reason) -> Violation {
    Violation {
        field: path.to_owned(),
        reason,
    }
}

#[test]
fn each_reason_is_read_back_in_both_languages() {
    for reason in Reason::ALL {
        for (swedish, locale, message) in [
            (false, "en", reason.message()),
            (true, "sv-SE", reason.message_sv()),
        ] {
            let status = Refusal::new(reason).to_status(REQUEST, swedish);
            assert_eq!(status.code(), code(reason.class()), "{reason:?}");
            assert_eq!(status.message(), reason.message());
            let details = status.check_error_details().expect("readable details");
            let info = details.error_info().expect("error info");
            assert_eq!(
                (info.reason.as_str(), info.domain.as_str()),
                (reason.code(), DOMAIN)
            );
            let localized = details.localized_message().expect("a message");
            assert_eq!(
                (localized.locale.as_str(), localized.message.as_str()),
                (locale, message)
            );
            let request = details.request_info().expect("request info");
            assert_eq!(request.request_id, REQUEST);
            let help = details.help().expect("help");
            assert!(help.links[0].url.ends_with(reason.page()), "{help:?}");
        }
    }
}

#[test]
fn only_what_may_pass_by_itself_says_when_to_retry() {
    for reason in Reason::ALL {
        let status = Refusal::new(reason).to_status(REQUEST, false);
        let is_passing = matches!(
            reason.class(),
            Class::Unavailable | Class::ResourceExhausted
        ) && reason != Reason::BodyTooLarge;
        let details = status.check_error_details().expect("readable details");
        assert_eq!(details.retry_info().is_some(), is_passing, "{reason:?}");
    }
}

#[test]
fn each_field_at_fault_is_named_with_its_code_and_text() {
    for (reason, has_preconditions) in [
        (Reason::FieldTooShort, false),
        (Reason::ConsentTooNarrow, true),
    ] {
        let violations = vec![
            violation(PATHS[0], reason),
            violation(PATHS[1], Reason::DateInvalid),
        ];
        let status = Refusal::violations(violations).to_status(REQUEST, true);
        let details = status.check_error_details().expect("readable details");
        let fields = &details.bad_request().expect("fields").field_violations;
        let told: Vec<_> = fields
            .iter()
            .map(|field| (field.field.clone(), field.description.clone()))
            .collect();
        let line = |reason: Reason| format!("{}: {}", reason.code(), reason.message_sv());
        let expected = [
            (PATHS[0].to_owned(), line(reason)),
            (PATHS[1].to_owned(), line(Reason::DateInvalid)),
        ];
        assert_eq!(told, expected);
        let preconditions = details.precondition_failure();
        assert_eq!(preconditions.is_some(), has_preconditions, "{reason:?}");
    }
}

#[test]
fn an_old_etag_is_a_field_and_a_version_that_was_taken_is_none() {
    for (refusal, expected) in [
        (Refusal::field("etag", Reason::EtagMismatch), Some("etag")),
        (Refusal::new(Reason::VersionConflict), None),
    ] {
        let status = refusal.to_status(REQUEST, false);
        let details = status.check_error_details().expect("readable details");
        let fields = details.bad_request().map(|bad| &bad.field_violations);
        let field = fields.and_then(|fields| fields.first());
        assert_eq!(field.map(|field| field.field.as_str()), expected);
    }
}

#[test]
fn all_details_fit_in_four_kib_however_much_is_at_fault() {
    for swedish in [false, true] {
        for first in Reason::ALL {
            // the same reason everywhere, and a different one in each field
            let same = Reason::ALL.iter().map(|_| first);
            let others = Reason::ALL
                .into_iter()
                .cycle()
                .skip_while(|reason| *reason != first);
            for reasons in [same.collect::<Vec<_>>(), others.take(40).collect()] {
                let violations = PATHS.iter().cycle().zip(reasons);
                let violations = violations.map(|(path, reason)| violation(path, reason));
                let refusal = Refusal::violations(violations.collect())
                    .with("nearest", "2283 Sollefteå, 0184 Solna, 1440 Ale".to_owned());
                let status = refusal.to_status(REQUEST, swedish);
                let bytes = header_bytes(&status);
                assert!(bytes <= 4096, "{bytes} bytes for {first:?}");
                let details = status.check_error_details().expect("readable details");
                if let Some(fields) = details.bad_request() {
                    assert_eq!(fields.field_violations.len(), VIOLATIONS_MAX);
                    for (field, told) in fields.field_violations.iter().zip(&refusal.violations) {
                        assert_eq!(field.field, told.field);
                        assert!(field.description.starts_with(told.reason.code()));
                    }
                }
            }
        }
    }
}

#[test]
fn a_text_is_told_once_when_there_is_no_room_for_all() {
    let same = (0..25).map(|index| violation(PATHS[index % 6], Reason::FieldTooShort));
    let status = Refusal::violations(same.collect()).to_status(REQUEST, true);
    let details = status.check_error_details().expect("readable details");
    let fields = &details.bad_request().expect("fields").field_violations;
    let with_text = |told: &&FieldViolation| told.description.contains(": ");
    assert_eq!(fields.iter().filter(with_text).count(), 1);
    assert!(
        fields[0]
            .description
            .ends_with(Reason::FieldTooShort.message_sv())
    );
}

#[test]
fn a_refusal_without_fields_is_our_own_fault() {
    assert_eq!(Refusal::violations(Vec::new()).reason, Reason::Internal);
}

#[test]
fn codes_and_limits_are_read_back() {
    let refusal =
        Refusal::new(Reason::MunicipalityUnknown).with("nearest", "0184 Solna".to_owned());
    let status = refusal.to_status(REQUEST, false);
    let details = status.check_error_details().expect("readable details");
    let metadata = &details.error_info().expect("error info").metadata;
    assert_eq!(metadata.len(), 1);
    assert_eq!(metadata["nearest"], "0184 Solna");
}
