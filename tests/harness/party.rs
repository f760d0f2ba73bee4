//! A caller: one connection, the municipality it acts for, every method with its refusals decoded.

use api::v1;
use client::{Client, Refused, request_id};
use jiff::Timestamp;

use super::inbox::Inbox;
use super::request::{actor, person};

/// A caller.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its connection.
    pub client: Client,
    code: String,
    /// In which function somebody sits at it; the usual one when empty.
    function: String,
}

/// Each method once: the service, the method, its request and its answer.
macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $service:ident.$method:ident($request:ident) -> $response:ident;)*) => {
        impl Party {
            $($(#[$doc])*
            pub async fn $name(&self, request: v1::$request) -> Result<v1::$response, Refused> {
                match self.client.$service().$method(request).await {
                    Ok(answer) => Ok(answer.into_inner()),
                    Err(status) => Err(Refused::from(status)),
                }
            })*
        }
    };
}

methods! {
    /// RegisterRelocation.
    register = relocations.register_relocation(RegisterRelocationRequest) -> RegisterRelocationResponse;
    /// GetRelocation.
    get_relocation = relocations.get_relocation(GetRelocationRequest) -> GetRelocationResponse;
    /// ListRelocations.
    list_relocations = relocations.list_relocations(ListRelocationsRequest) -> ListRelocationsResponse;
    /// FindRelocations.
    find = relocations.find_relocations(FindRelocationsRequest) -> FindRelocationsResponse;
    /// SupplementRelocation.
    supplement = relocations.supplement_relocation(SupplementRelocationRequest) -> SupplementRelocationResponse;
    /// WithdrawRelocation.
    withdraw = relocations.withdraw_relocation(WithdrawRelocationRequest) -> WithdrawRelocationResponse;
    /// RecallRelocation.
    recall = relocations.recall_relocation(RecallRelocationRequest) -> RecallRelocationResponse;
    /// GetBreachReport.
    breach = relocations.get_breach_report(GetBreachReportRequest) -> GetBreachReportResponse;
    /// RedactRelocation.
    redact = relocations.redact_relocation(RedactRelocationRequest) -> RedactRelocationResponse;
    /// LiftProtection.
    lift = relocations.lift_protection(LiftProtectionRequest) -> LiftProtectionResponse;
    /// RestrictRelocation.
    restrict = relocations.restrict_relocation(RestrictRelocationRequest) -> RestrictRelocationResponse;
    /// ReleaseRelocation.
    release = relocations.release_relocation(ReleaseRelocationRequest) -> ReleaseRelocationResponse;
    /// AcknowledgeRelocation.
    acknowledge = relocations.acknowledge_relocation(AcknowledgeRelocationRequest) -> AcknowledgeRelocationResponse;
    /// ReplyToRelocation.
    reply = relocations.reply_to_relocation(ReplyToRelocationRequest) -> ReplyToRelocationResponse;
    /// ReferTransfer.
    refer = relocations.refer_transfer(ReferTransferRequest) -> ReferTransferResponse;
    /// RecordTransferDecision.
    record_decision = relocations.record_transfer_decision(RecordTransferDecisionRequest) -> RecordTransferDecisionResponse;
    /// ReportArrival.
    report = arrivals.report_arrival(ReportArrivalRequest) -> ReportArrivalResponse;
    /// GetArrival.
    get_arrival = arrivals.get_arrival(GetArrivalRequest) -> GetArrivalResponse;
    /// ListArrivals.
    list_arrivals = arrivals.list_arrivals(ListArrivalsRequest) -> ListArrivalsResponse;
    /// WithdrawArrival.
    withdraw_arrival = arrivals.withdraw_arrival(WithdrawArrivalRequest) -> WithdrawArrivalResponse;
    /// ListQuarantinedEvents.
    list_quarantined = arrivals.list_quarantined_events(ListQuarantinedEventsRequest) -> ListQuarantinedEventsResponse;
    /// ListNotices.
    list_notices = inbox.list_notices(ListNoticesRequest) -> ListNoticesResponse;
    /// ConfirmNotice.
    confirm = inbox.confirm_notice(ConfirmNoticeRequest) -> ConfirmNoticeResponse;
    /// ListUndelivered.
    list_undelivered = inbox.list_undelivered(ListUndeliveredRequest) -> ListUndeliveredResponse;
    /// ListAlerts.
    list_alerts = alerts.list_alerts(ListAlertsRequest) -> ListAlertsResponse;
    /// GetAlert.
    get_alert = alerts.get_alert(GetAlertRequest) -> GetAlertResponse;
    /// AnswerAlert.
    answer = alerts.answer_alert(AnswerAlertRequest) -> AnswerAlertResponse;
    /// DisputeAlert.
    dispute = alerts.dispute_alert(DisputeAlertRequest) -> DisputeAlertResponse;
    /// RedactAlert.
    redact_alert = alerts.redact_alert(RedactAlertRequest) -> RedactAlertResponse;
    /// AcknowledgeAlert.
    acknowledge_alert = alerts.acknowledge_alert(AcknowledgeAlertRequest) -> AcknowledgeAlertResponse;
    /// AssignAlert.
    assign = alerts.assign_alert(AssignAlertRequest) -> AssignAlertResponse;
    /// CommentOnAlert.
    comment = alerts.comment_on_alert(CommentOnAlertRequest) -> CommentOnAlertResponse;
    /// CloseAlert.
    close = alerts.close_alert(CloseAlertRequest) -> CloseAlertResponse;
    /// GetCheckpoint.
    get_checkpoint = ledger.get_checkpoint(GetCheckpointRequest) -> GetCheckpointResponse;
    /// GetReceipt.
    get_receipt = ledger.get_receipt(GetReceiptRequest) -> GetReceiptResponse;
    /// GetConsistencyProof.
    get_consistency_proof = ledger.get_consistency_proof(GetConsistencyProofRequest) -> GetConsistencyProofResponse;
    /// ListEntries.
    list_entries = ledger.list_entries(ListEntriesRequest) -> ListEntriesResponse;
    /// ListMunicipalities.
    list_municipalities = directory.list_municipalities(ListMunicipalitiesRequest) -> ListMunicipalitiesResponse;
    /// GetMunicipality.
    get_municipality = directory.get_municipality(GetMunicipalityRequest) -> GetMunicipalityResponse;
    /// ListFunctions.
    list_functions = directory.list_functions(ListFunctionsRequest) -> ListFunctionsResponse;
    /// GetFunction.
    get_function = directory.get_function(GetFunctionRequest) -> GetFunctionResponse;
    /// SetFunction.
    set_function = directory.set_function(SetFunctionRequest) -> SetFunctionResponse;
    /// GrantVendor.
    grant = directory.grant_vendor(GrantVendorRequest) -> GrantVendorResponse;
    /// GetDrill.
    get_drill = directory.get_drill(GetDrillRequest) -> GetDrillResponse;
    /// AcknowledgeDrill.
    acknowledge_drill = directory.acknowledge_drill(AcknowledgeDrillRequest) -> AcknowledgeDrillResponse;
    /// WithdrawVendor.
    withdraw_grant = directory.withdraw_vendor(WithdrawVendorRequest) -> WithdrawVendorResponse;
    /// ListVendors.
    list_vendors = directory.list_vendors(ListVendorsRequest) -> ListVendorsResponse;
    /// WhoAmI.
    who_am_i = directory.who_am_i(WhoAmIRequest) -> WhoAmIResponse;
    /// ListRefusals.
    list_refusals = directory.list_refusals(ListRefusalsRequest) -> ListRefusalsResponse;
    /// CountRefusals.
    count_refusals = directory.count_refusals(CountRefusalsRequest) -> CountRefusalsResponse;
    /// ListAccesses.
    list_accesses = access.list_accesses(ListAccessesRequest) -> ListAccessesResponse;
    /// SampleAccesses.
    sample_accesses = access.sample_accesses(SampleAccessesRequest) -> SampleAccessesResponse;
    /// RecordReview.
    record_review = access.record_review(RecordReviewRequest) -> RecordReviewResponse;
    /// ListReviews.
    list_reviews = access.list_reviews(ListReviewsRequest) -> ListReviewsResponse;
    /// GetDefinition.
    get_definition = administration.get_definition(GetDefinitionRequest) -> GetDefinitionResponse;
    /// SetDefinition.
    set_definition = administration.set_definition(SetDefinitionRequest) -> SetDefinitionResponse;
    /// AdvanceClock.
    advance_clock = administration.advance_clock(AdvanceClockRequest) -> AdvanceClockResponse;
}

impl Party {
    pub(crate) fn new(client: Client, code: &str) -> Self {
        Self {
            client,
            code: code.to_owned(),
            function: String::new(),
        }
    }

    /// The same caller, acting for another municipality.
    #[must_use]
    pub fn acting_for(&self, code: &str) -> Self {
        Self::new(self.client.clone(), code)
    }

    /// The same caller, with somebody of one function at it.
    #[must_use]
    pub fn acting_in(&self, function: &str) -> Self {
        Self {
            function: function.to_owned(),
            ..self.clone()
        }
    }

    /// The code it acts for.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The resource name of whom it acts for; empty for operators and others without a municipality.
    pub fn municipality(&self) -> String {
        if self.code.is_empty() {
            String::new()
        } else {
            format!("municipalities/{}", self.code)
        }
    }

    /// Who sits at it, and why.
    pub fn actor(&self) -> Option<v1::Actor> {
        let mut actor = actor(&self.code);
        if let Some(actor) = actor.as_mut().filter(|_| !self.function.is_empty()) {
            actor.function.clone_from(&self.function);
        }
        actor
    }

    /// A request for a relocation with its content.
    pub fn reading(&self, name: &str) -> v1::GetRelocationRequest {
        v1::GetRelocationRequest {
            known_at: None,
            municipality: self.municipality(),
            actor: self.actor(),
            name: name.to_owned(),
            view: v1::View::Full.into(),
            exception: 0,
        }
    }

    /// Reads a relocation with its content.
    pub async fn read(&self, name: &str) -> Result<v1::Relocation, Refused> {
        let answer = self.get_relocation(self.reading(name)).await?;
        Ok(answer.relocation.expect("an answer holds a relocation"))
    }

    /// Acknowledges a relocation; an empty etag skips the check.
    pub async fn take_in(&self, name: &str, etag: &str) -> Result<v1::Relocation, Refused> {
        let request = v1::AcknowledgeRelocationRequest {
            municipality: self.municipality(),
            actor: self.actor(),
            request_id: request_id(),
            validate_only: false,
            name: name.to_owned(),
            etag: etag.to_owned(),
        };
        let answer = self.acknowledge(request).await?;
        Ok(answer.relocation.expect("an answer holds a relocation"))
    }

    /// Reads an alert with its question.
    pub async fn read_alert(&self, name: &str) -> Result<v1::Alert, Refused> {
        let request = v1::GetAlertRequest {
            known_at: None,
            municipality: self.municipality(),
            actor: self.actor(),
            name: name.to_owned(),
            view: v1::View::Full.into(),
        };
        let answer = self.get_alert(request).await?;
        Ok(answer.alert.expect("an answer holds an alert"))
    }

    /// Reads an arrival with its content.
    pub async fn read_arrival(&self, name: &str) -> Result<v1::Arrival, Refused> {
        let request = v1::GetArrivalRequest {
            known_at: None,
            municipality: self.municipality(),
            actor: self.actor(),
            name: name.to_owned(),
            view: v1::View::Full.into(),
        };
        let answer = self.get_arrival(request).await?;
        Ok(answer.arrival.expect("an answer holds an arrival"))
    }

    /// An arrival's envelope.
    pub async fn see_arrival(&self, name: &str) -> Result<v1::Arrival, Refused> {
        let request = v1::GetArrivalRequest {
            municipality: self.municipality(),
            name: name.to_owned(),
            ..v1::GetArrivalRequest::default()
        };
        let answer = self.get_arrival(request).await?;
        Ok(answer.arrival.expect("an answer holds an arrival"))
    }

    /// An alert's envelope.
    pub async fn see_alert(&self, name: &str) -> Result<v1::Alert, Refused> {
        let request = v1::GetAlertRequest {
            municipality: self.municipality(),
            name: name.to_owned(),
            ..v1::GetAlertRequest::default()
        };
        let answer = self.get_alert(request).await?;
        Ok(answer.alert.expect("an answer holds an alert"))
    }

    /// All alerts it may see, at most 500.
    pub async fn alerts(&self) -> Result<v1::ListAlertsResponse, Refused> {
        self.list_alerts(v1::ListAlertsRequest {
            municipality: self.municipality(),
            page_size: 500,
            ..v1::ListAlertsRequest::default()
        })
        .await
    }

    /// All its notices, page after page.
    pub async fn notices(&self) -> Result<Vec<v1::Notice>, Refused> {
        let mut all: Vec<v1::Notice> = Vec::new();
        loop {
            let request = v1::ListNoticesRequest {
                municipality: self.municipality(),
                function: String::new(),
                page_size: 500,
                after_number: all.last().map_or(0, |notice| notice.number),
            };
            let page = self.list_notices(request).await?;
            if page.notices.is_empty() {
                return Ok(all);
            }
            all.extend(page.notices);
        }
    }

    /// Watches its inbox from a resume token on; empty is the beginning.
    pub async fn watch(&self, resume_token: &str) -> Result<Inbox, Refused> {
        self.watch_at(resume_token, "").await
    }

    /// Watches for one of its functions, by its resource name.
    pub async fn watch_at(&self, resume_token: &str, function: &str) -> Result<Inbox, Refused> {
        let request = v1::WatchInboxRequest {
            municipality: self.municipality(),
            function: function.to_owned(),
            resume_token: resume_token.to_owned(),
        };
        match self.client.inbox().watch_inbox(request).await {
            Ok(answer) => Ok(Inbox::new(answer.into_inner())),
            Err(status) => Err(Refused::from(status)),
        }
    }

    /// Tells events of the population register, in one stream.
    pub async fn import(
        &self,
        events: Vec<v1::RegisterEvent>,
    ) -> Result<Vec<v1::RegisterEventResult>, Refused> {
        self.import_or_try(events, false).await
    }

    /// Likewise, as a dry run.
    pub async fn try_import(
        &self,
        events: Vec<v1::RegisterEvent>,
    ) -> Result<Vec<v1::RegisterEventResult>, Refused> {
        self.import_or_try(events, true).await
    }

    async fn import_or_try(
        &self,
        events: Vec<v1::RegisterEvent>,
        validate_only: bool,
    ) -> Result<Vec<v1::RegisterEventResult>, Refused> {
        let (municipality, actor) = (self.municipality(), self.actor());
        let request = move |event: v1::RegisterEvent| v1::ImportRegisterEventsRequest {
            municipality: municipality.clone(),
            validate_only,
            actor: actor.clone().filter(|_| event.ongoing_involvement),
            event: Some(event),
        };
        let events = tokio_stream::iter(events.into_iter().map(request));
        match self.client.arrivals().import_register_events(events).await {
            Ok(answer) => Ok(answer.into_inner().results),
            Err(status) => Err(Refused::from(status)),
        }
    }

    /// Opens WatchInbox, and closes it.
    pub async fn open_inbox(&self, municipality: String) -> Result<(), Refused> {
        let request = v1::WatchInboxRequest {
            municipality,
            function: String::new(),
            resume_token: String::new(),
        };
        let opened = self.client.inbox().watch_inbox(request).await;
        opened.map(|_stream| ()).map_err(Refused::from)
    }

    /// Opens WatchAlerts, and closes it.
    pub async fn open_alerts(&self, municipality: String) -> Result<(), Refused> {
        let request = v1::WatchAlertsRequest {
            municipality,
            after_position: 0,
        };
        let opened = self.client.alerts().watch_alerts(request).await;
        opened.map(|_stream| ()).map_err(Refused::from)
    }

    /// What ProducePersonExtract tells, item by item.
    pub async fn extract(
        &self,
        identity_number: &str,
    ) -> Result<Vec<v1::produce_person_extract_response::Item>, Refused> {
        let request = v1::ProducePersonExtractRequest {
            municipality: self.municipality(),
            actor: self.actor(),
            identity_number: identity_number.to_owned(),
        };
        let opened = self.client.access().produce_person_extract(request).await;
        let mut stream = opened.map_err(Refused::from)?.into_inner();
        let mut items = Vec::new();
        while let Some(item) = stream.message().await.map_err(Refused::from)? {
            items.extend(item.item);
        }
        Ok(items)
    }

    /// Tells, as a register, how a test person is protected since an instant.
    pub async fn tell(&self, index: usize, since: Timestamp, protection: v1::ProtectionLevel) {
        let event = v1::RegisterEvent {
            source_id: request_id(),
            changed_at: Some(api::time::to_wire(since)),
            identity_number: person(index).identity_number,
            protection: protection.into(),
            ..v1::RegisterEvent::default()
        };
        let results = self.import(vec![event]).await.expect("an answer");
        let outcomes: Vec<_> = results.iter().map(outcome).collect();
        assert_eq!(outcomes, ["ACCEPTED"]);
    }

    /// Moves the record's clock, as an administrator.
    pub async fn advance(&self, days: i64) -> Result<v1::AdvanceClockResponse, Refused> {
        self.advance_clock(v1::AdvanceClockRequest {
            request_id: request_id(),
            validate_only: false,
            seconds: days * 86_400,
        })
        .await
    }
}

/// What became of an event of the register, and why.
pub fn outcome(result: &v1::RegisterEventResult) -> String {
    let outcome = result.outcome().as_str_name();
    let outcome = outcome.trim_start_matches("REGISTER_EVENT_OUTCOME_");
    format!("{outcome} {}", result.reason).trim_end().to_owned()
}
