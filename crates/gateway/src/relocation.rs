//! RelocationService: announce, follow, answer.

mod commands;
mod find;
mod lift;
mod queries;
mod register;
mod unconnected;

use std::sync::Arc;

use api::v1;
use api::v1::relocation_service_server::RelocationService;
use api::v1::{
    AcknowledgeRelocationRequest, AcknowledgeRelocationResponse, FindRelocationsRequest,
    FindRelocationsResponse, GetRelocationRequest, GetRelocationResponse, ListRelocationsRequest,
    ListRelocationsResponse, RecordTransferDecisionRequest, RecordTransferDecisionResponse,
    ReferTransferRequest, ReferTransferResponse, RegisterRelocationRequest,
    RegisterRelocationResponse, ReplyToRelocationRequest, ReplyToRelocationResponse,
    SupplementRelocationRequest, SupplementRelocationResponse, WithdrawRelocationRequest,
    WithdrawRelocationResponse,
};
use tonic::{Request, Response, Status};

use crate::core::Core;

/// The service.
#[derive(Clone)]
pub(crate) struct Relocations(pub(crate) Arc<Core>);

/// One unary method: who calls, then the work. Written as `async_trait` would, which does not see into macros.
macro_rules! method {
    ($name:ident, $wire:literal, $request:ty, $response:ty, $work:path) => {
        fn $name<'a, 'async_trait>(
            &'a self,
            request: Request<$request>,
        ) -> std::pin::Pin<
            Box<dyn Future<Output = Result<Response<$response>, Status>> + Send + 'async_trait>,
        >
        where
            'a: 'async_trait,
            Self: 'async_trait,
        {
            let core = self.0.clone();
            Box::pin(async move {
                let work = core.clone();
                core.answer($wire, request, |call, request| async move {
                    $work(&work, &call, request).await
                })
                .await
            })
        }
    };
}
pub(crate) use commands::erase;
pub(crate) use commands::recall::{get_report, recall};
pub(crate) use commands::redact::redact as redact_relocation;
pub(crate) use find::{arrived, own, person_tokens, relocations, under_any};
pub(crate) use method;
pub(crate) use queries::{delivery, whole};
#[cfg(test)]
pub(crate) use register::register as register_relocation;
pub(crate) use register::{pseudonyms_in, pseudonyms_of_arrival};

#[tonic::async_trait]
impl RelocationService for Relocations {
    method!(
        register_relocation,
        "RegisterRelocation",
        RegisterRelocationRequest,
        RegisterRelocationResponse,
        unconnected::register
    );
    method!(
        get_relocation,
        "GetRelocation",
        GetRelocationRequest,
        GetRelocationResponse,
        queries::get
    );
    method!(
        list_relocations,
        "ListRelocations",
        ListRelocationsRequest,
        ListRelocationsResponse,
        queries::list
    );
    method!(
        find_relocations,
        "FindRelocations",
        FindRelocationsRequest,
        FindRelocationsResponse,
        find::find
    );
    method!(
        supplement_relocation,
        "SupplementRelocation",
        SupplementRelocationRequest,
        SupplementRelocationResponse,
        commands::supplement
    );
    method!(
        withdraw_relocation,
        "WithdrawRelocation",
        WithdrawRelocationRequest,
        WithdrawRelocationResponse,
        commands::withdraw
    );
    method!(
        recall_relocation,
        "RecallRelocation",
        v1::RecallRelocationRequest,
        v1::RecallRelocationResponse,
        recall
    );
    method!(
        get_breach_report,
        "GetBreachReport",
        v1::GetBreachReportRequest,
        v1::GetBreachReportResponse,
        get_report
    );
    method!(
        redact_relocation,
        "RedactRelocation",
        v1::RedactRelocationRequest,
        v1::RedactRelocationResponse,
        redact_relocation
    );
    method!(
        lift_protection,
        "LiftProtection",
        v1::LiftProtectionRequest,
        v1::LiftProtectionResponse,
        lift::lift
    );
    method!(
        restrict_relocation,
        "RestrictRelocation",
        v1::RestrictRelocationRequest,
        v1::RestrictRelocationResponse,
        commands::restrict::restrict
    );
    method!(
        release_relocation,
        "ReleaseRelocation",
        v1::ReleaseRelocationRequest,
        v1::ReleaseRelocationResponse,
        commands::restrict::release
    );
    method!(
        acknowledge_relocation,
        "AcknowledgeRelocation",
        AcknowledgeRelocationRequest,
        AcknowledgeRelocationResponse,
        commands::acknowledge
    );
    method!(
        reply_to_relocation,
        "ReplyToRelocation",
        ReplyToRelocationRequest,
        ReplyToRelocationResponse,
        commands::reply
    );
    method!(
        refer_transfer,
        "ReferTransfer",
        ReferTransferRequest,
        ReferTransferResponse,
        commands::refer
    );
    method!(
        record_transfer_decision,
        "RecordTransferDecision",
        RecordTransferDecisionRequest,
        RecordTransferDecisionResponse,
        commands::record_decision
    );
}
