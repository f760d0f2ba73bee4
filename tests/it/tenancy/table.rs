//! The table: every method of the contract, with a call of it. Who is let in where is never said here.

use std::future::Future;
use std::pin::Pin;

use api::v1;
use client::{Refused, request_id};
use tests::{Party, SHARED, announcement, arrival, consent, function, granted_to};

/// What there is to be reached for.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) relocation: String,
    pub(super) arrival: String,
    pub(super) alert: String,
}

pub(super) type Answer = Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>>;
/// A method's name, and a call of it.
pub(super) type Row = (&'static str, fn(Party, Names) -> Answer);

/// Rows of the table: a method, and the request that the party makes.
macro_rules! rows {
    (|$party:ident, $names:ident| $($name:literal: $call:ident($request:expr);)*) => {
        &[$(($name, |$party, $names| Box::pin(async move {
            let _ = &$names;
            let request = $request;
            $party.$call(request).await.map(|_answer| ())
        }))),*]
    };
}

/// A request with what all writes carry; `$rest` is the method's own.
macro_rules! write {
    ($request:ident, $party:ident, $($field:ident: $value:expr),*) => {
        v1::$request {
            municipality: $party.municipality(),
            actor: $party.actor(),
            request_id: request_id(),
            $($field: $value,)*
            ..v1::$request::default()
        }
    };
}
pub(super) use write;

const TEXT: &str = "Några ord.";
/// A period in which nobody opened anything.
const LONG_AGO: Option<api::generated::Timestamp> = instant(1_000_000_000);
const NOT_SO_LONG_AGO: Option<api::generated::Timestamp> = instant(1_100_000_000);

#[expect(clippy::unnecessary_wraps, reason = "as the messages have it")]
const fn instant(seconds: i64) -> Option<api::generated::Timestamp> {
    Some(api::generated::Timestamp { seconds, nanos: 0 })
}

/// Methods of parties about a relocation or an arrival by name.
pub(super) const NAMED: &[Row] = rows! { |party, names|
    "GetRelocation": get_relocation(party.reading(&names.relocation));
    "SupplementRelocation": supplement(write!(SupplementRelocationRequest, party,
        name: names.relocation, text: TEXT.to_owned()));
    "WithdrawRelocation": withdraw(write!(WithdrawRelocationRequest, party,
        name: names.relocation, reason: v1::WithdrawalReason::Mistake.into()));
    "RecallRelocation": recall(write!(RecallRelocationRequest, party,
        name: names.relocation, text: TEXT.to_owned(), discovered_at: NOT_SO_LONG_AGO));
    "RedactRelocation": redact(write!(RedactRelocationRequest, party,
        name: names.relocation, text: TEXT.to_owned()));
    "RestrictRelocation": restrict(write!(RestrictRelocationRequest, party,
        name: names.relocation, text: TEXT.to_owned(), kind: v1::RestrictionKind::LegalHold.into()));
    "ReleaseRelocation": release(write!(ReleaseRelocationRequest, party,
        name: names.relocation, text: TEXT.to_owned(), kind: v1::RestrictionKind::LegalHold.into()));
    "GetBreachReport": breach(v1::GetBreachReportRequest {
        municipality: party.municipality(), actor: party.actor(), name: names.relocation,
    });
    "AcknowledgeRelocation": acknowledge(write!(AcknowledgeRelocationRequest, party,
        name: names.relocation));
    "ReplyToRelocation": reply(write!(ReplyToRelocationRequest, party,
        name: names.relocation, text: TEXT.to_owned()));
    "ReferTransfer": refer(write!(ReferTransferRequest, party,
        name: names.relocation, referred_on: "2026-01-02".to_owned()));
    "RecordTransferDecision": record_decision(write!(RecordTransferDecisionRequest, party,
        name: names.relocation, decided_on: "2026-01-02".to_owned()));
    "GetArrival": get_arrival(v1::GetArrivalRequest {
known_at: None,
        municipality: party.municipality(), actor: party.actor(), name: names.arrival,
        view: v1::View::Full.into(),
    });
    "WithdrawArrival": withdraw_arrival(write!(WithdrawArrivalRequest, party,
        name: names.arrival));
    "GetAlert": get_alert(v1::GetAlertRequest {
known_at: None,
        municipality: party.municipality(), actor: party.actor(), name: names.alert,
        view: v1::View::Full.into(),
    });
    "AnswerAlert": answer(write!(AnswerAlertRequest, party, name: names.alert,
        answer: v1::AnswerCode::NotKnownHere.into(), text: TEXT.to_owned(),
        legal_ground: Some(consent())));
    "DisputeAlert": dispute(write!(DisputeAlertRequest, party,
        name: names.alert, text: TEXT.to_owned()));
    "RedactAlert": redact_alert(write!(RedactAlertRequest, party,
        name: names.alert, text: TEXT.to_owned()));
    "GetReceipt": get_receipt(v1::GetReceiptRequest {
        municipality: party.municipality(), actor: party.actor(), name: names.relocation,
        view: v1::View::Full.into(), ..v1::GetReceiptRequest::default()
    });
};

/// Methods of parties about what is their own.
pub(super) const OWN: &[Row] = rows! { |party, names|
    "RegisterRelocation": register(announcement(&party, "2283", 3));
    "ListRelocations": list_relocations(v1::ListRelocationsRequest {
        municipality: party.municipality(), ..v1::ListRelocationsRequest::default()
    });
    "FindRelocations": find(v1::FindRelocationsRequest {
        municipality: party.municipality(), actor: party.actor(),
        term: Some(v1::find_relocations_request::Term::IdentityNumber("19900101-2385".to_owned())),
    });
    "ProducePersonExtract": extract("19900101-2385");
    "LiftProtection": lift(v1::LiftProtectionRequest {
        municipality: party.municipality(), actor: party.actor(), validate_only: false,
        identity_number: "19900101-2385".to_owned(),
    });
    "ReportArrival": report(arrival(&party, "2283", 3));
    "ListArrivals": list_arrivals(v1::ListArrivalsRequest {
        municipality: party.municipality(), ..v1::ListArrivalsRequest::default()
    });
    "ListNotices": list_notices(v1::ListNoticesRequest {
        municipality: party.municipality(), ..v1::ListNoticesRequest::default()
    });
    "WatchInbox": open_inbox(party.municipality());
    "ConfirmNotice": confirm(v1::ConfirmNoticeRequest {
        municipality: party.municipality(), request_id: request_id(), number: 1,
        chain: vec![0; 32], ..v1::ConfirmNoticeRequest::default()
    });
    "ListUndelivered": list_undelivered(v1::ListUndeliveredRequest {
        municipality: party.municipality(), ..v1::ListUndeliveredRequest::default()
    });
    "ListAlerts": list_alerts(v1::ListAlertsRequest {
        municipality: party.municipality(), ..v1::ListAlertsRequest::default()
    });
    "WatchAlerts": open_alerts(party.municipality());
    "ListEntries": list_entries(v1::ListEntriesRequest {
        municipality: party.municipality(), ..v1::ListEntriesRequest::default()
    });
    "GrantVendor": grant(write!(GrantVendorRequest, party,
        vendor: Some(granted_to(SHARED))));
    "WithdrawVendor": withdraw_grant(write!(WithdrawVendorRequest, party,
        organisation_number: SHARED.number.to_owned()));
    "GetDrill": get_drill(v1::GetDrillRequest {
        municipality: party.municipality(), actor: party.actor(), month: String::new(),
    });
    "AcknowledgeDrill": acknowledge_drill(write!(AcknowledgeDrillRequest, party,
        month: "2026-11".to_owned(), word: "2346-79fh-jkvx".to_owned()));
    "ListVendors": list_vendors(v1::ListVendorsRequest {
        municipality: party.municipality(), ..v1::ListVendorsRequest::default()
    });
    "SetFunction": set_function(write!(SetFunctionRequest, party,
        function: Some(function(&party, "forsta", &[]))));
    "ListRefusals": list_refusals(v1::ListRefusalsRequest {
        municipality: party.municipality(), ..v1::ListRefusalsRequest::default()
    });
};

/// Methods of operators. The first six are parties' too, with a municipality.
pub(super) const OPERATORS: &[Row] = rows! { |party, names|
    "ListAlerts": list_alerts(v1::ListAlertsRequest::default());
    "GetAlert": get_alert(v1::GetAlertRequest {
        name: names.alert, ..v1::GetAlertRequest::default()
    });
    "WatchAlerts": open_alerts(String::new());
    "GetReceipt": get_receipt(v1::GetReceiptRequest {
        name: names.alert, ..v1::GetReceiptRequest::default()
    });
    "ListEntries": list_entries(v1::ListEntriesRequest::default());
    "ListUndelivered": list_undelivered(v1::ListUndeliveredRequest::default());
    "CountRefusals": count_refusals(v1::CountRefusalsRequest {});
    "AcknowledgeAlert": acknowledge_alert(v1::AcknowledgeAlertRequest {
        actor: party.actor(), request_id: request_id(), name: names.alert,
        ..v1::AcknowledgeAlertRequest::default()
    });
    "AssignAlert": assign(v1::AssignAlertRequest {
        actor: party.actor(), request_id: request_id(), name: names.alert,
        assignee: "operator-2".to_owned(), ..v1::AssignAlertRequest::default()
    });
    "CommentOnAlert": comment(v1::CommentOnAlertRequest {
        actor: party.actor(), request_id: request_id(), name: names.alert,
        text: TEXT.to_owned(), ..v1::CommentOnAlertRequest::default()
    });
    "CloseAlert": close(v1::CloseAlertRequest {
        actor: party.actor(), request_id: request_id(), name: names.alert,
        reason: v1::CloseReason::NotConfirmed.into(), ..v1::CloseAlertRequest::default()
    });
};

/// Methods of reviewers.
pub(super) const REVIEWERS: &[Row] = rows! { |party, names|
    "ListAccesses": list_accesses(v1::ListAccessesRequest {
        municipality: party.municipality(), actor: party.actor(),
        ..v1::ListAccessesRequest::default()
    });
    "SampleAccesses": sample_accesses(v1::SampleAccessesRequest {
        municipality: party.municipality(), actor: party.actor(), from: LONG_AGO, until: NOT_SO_LONG_AGO,
        ..v1::SampleAccessesRequest::default()
    });
    "RecordReview": record_review(write!(RecordReviewRequest, party,
        from: LONG_AGO, until: NOT_SO_LONG_AGO, seed: 1));
    "ListReviews": list_reviews(v1::ListReviewsRequest {
        municipality: party.municipality(), actor: party.actor(),
        ..v1::ListReviewsRequest::default()
    });
};

/// Methods of register feeds.
pub(super) const FEEDS: &[Row] = rows! { |party, names|
    "ImportRegisterEvents": import(vec![v1::RegisterEvent::default()]);
};

/// Methods of register feeds and of case systems.
pub(super) const FEEDS_OR_PARTIES: &[Row] = rows! { |party, names|
    "ListQuarantinedEvents": list_quarantined(v1::ListQuarantinedEventsRequest {
        municipality: party.municipality(), ..v1::ListQuarantinedEventsRequest::default()
    });
};

/// Methods of administrators.
pub(super) const ADMINISTRATORS: &[Row] = rows! { |party, names|
    "SetDefinition": set_definition(v1::SetDefinitionRequest {
        request_id: request_id(), validate_only: false,
        definition: Some(v1::Definition {
            version: 2, grace_days: 7, early_months: 2, late_months: 6, not_arrived_months: 6,
            answer_days: 10, expiry_days: 180, drills: false,
        }),
    });
    "AdvanceClock": advance_clock(v1::AdvanceClockRequest {
        request_id: request_id(), validate_only: false, seconds: 1,
    });
};

/// Methods of all who have a certificate.
pub(super) const ALL: &[Row] = rows! { |party, names|
    "ListMunicipalities": list_municipalities(v1::ListMunicipalitiesRequest::default());
    "GetMunicipality": get_municipality(v1::GetMunicipalityRequest {
        name: "municipalities/0184".to_owned(),
    });
    "ListFunctions": list_functions(v1::ListFunctionsRequest {
        parent: "municipalities/0184".to_owned(), ..v1::ListFunctionsRequest::default()
    });
    "GetFunction": get_function(v1::GetFunctionRequest {
        name: "municipalities/0184/functions/forsta".to_owned(),
    });
    "WhoAmI": who_am_i(v1::WhoAmIRequest {});
    "GetDefinition": get_definition(v1::GetDefinitionRequest {});
    "GetCheckpoint": get_checkpoint(v1::GetCheckpointRequest::default());
    "GetConsistencyProof": get_consistency_proof(v1::GetConsistencyProofRequest {
        old_size: 1, size: 0,
    });
};
