//! Something of every kind, so that the record holds an entry of each.

use api::v1;
use client::request_id;
use tests::{OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, World, arrival, consent, wait_for};

use super::duties;
use crate::access::announced;
use crate::recalling::withdraw;

/// Who took part.
pub(super) struct Cast {
    pub(super) solna: Party,
    pub(super) solleftea: Party,
    pub(super) sigtuna: Party,
    pub(super) operator: Party,
}

impl Cast {
    pub(super) async fn of(world: &World) -> Self {
        Self {
            solna: world.party(SOLNA).await,
            solleftea: world.party(SOLLEFTEA).await,
            sigtuna: world.party(SIGTUNA).await,
            operator: world.party(OPERATOR).await,
        }
    }
}

/// What all writes carry.
macro_rules! by {
    ($party:expr, $request:ident, $($field:ident: $value:expr),*) => {
        v1::$request {
            municipality: $party.municipality(),
            actor: $party.actor(),
            request_id: request_id(),
            $($field: $value,)*
            ..v1::$request::default()
        }
    };
}

/// Plays it. The record then holds every kind of entry but a switch of rules, which nobody can ask for.
pub(super) async fn play(world: &World, cast: &Cast) {
    relocations(cast).await;
    arrivals(cast).await;
    question(cast).await;
    duties::play(world, cast).await;
    let definition = v1::Definition {
        version: 3,
        grace_days: 7,
        early_months: 2,
        late_months: 6,
        not_arrived_months: 6,
        answer_days: 10,
        expiry_days: 180,
        drills: false,
    };
    let request = v1::SetDefinitionRequest {
        request_id: request_id(),
        validate_only: false,
        definition: Some(definition),
    };
    cast.operator.set_definition(request).await.expect("set");
    // so long that nobody arrived who was announced
    cast.operator.advance(330).await.expect("moved");
    wait_for("nobody arrived", || async {
        let entries = entries(&cast.solna).await;
        let kind = |entry: &v1::LogEntry| entry.kind() == v1::EntryKind::RelocationNotArrived;
        entries.iter().any(kind).then_some(())
    })
    .await;
}

async fn relocations(cast: &Cast) {
    let Cast {
        solna, solleftea, ..
    } = cast;
    let name = announced(solna, 0).await;
    let text = "Några ord till.".to_owned();
    let request = by!(solna, SupplementRelocationRequest, name: name.clone(), text: text.clone());
    solna.supplement(request).await.expect("supplemented");
    solleftea.take_in(&name, "").await.expect("taken in");
    let request = by!(solleftea, ReplyToRelocationRequest,
        name: name.clone(), text: text, legal_ground: Some(consent()));
    solleftea.reply(request).await.expect("replied");
    let cancelled = announced(solna, 1).await;
    withdraw(solna, &cancelled, v1::WithdrawalReason::MoveCancelled).await;
    let notices = solleftea.notices().await.expect("a list");
    let last = notices.last().expect("a notice");
    let request = v1::ConfirmNoticeRequest {
        municipality: solleftea.municipality(),
        request_id: request_id(),
        validate_only: false,
        number: last.number,
        chain: last.chain.clone(),
    };
    assert!(solleftea.confirm(request).await.expect("confirmed").agrees);
}

async fn arrivals(cast: &Cast) {
    let Cast {
        solna, solleftea, ..
    } = cast;
    announced(solna, 2).await;
    let reported = solleftea.report(arrival(solleftea, "0184", 2)).await;
    reported.expect("accepted");
    let reported = solleftea.report(arrival(solleftea, "0184", 3)).await;
    let name = reported.expect("accepted").arrival.expect("one").name;
    let request = by!(solleftea, WithdrawArrivalRequest, name: name);
    solleftea
        .withdraw_arrival(request)
        .await
        .expect("withdrawn");
}

async fn question(cast: &Cast) {
    let Cast {
        solleftea,
        sigtuna,
        operator,
        ..
    } = cast;
    let reported = solleftea.report(arrival(solleftea, "0191", 4)).await;
    reported.expect("accepted");
    operator.advance(15).await.expect("moved");
    let alert = wait_for("a question", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    let name = alert.name;
    let (actor, text) = (operator.actor(), "Några ord.".to_owned());
    macro_rules! handled {
        ($method:ident, $request:ident, $($field:ident: $value:expr),*) => {
            operator.$method(v1::$request {
                actor: actor.clone(),
                request_id: request_id(),
                name: name.clone(),
                $($field: $value,)*
                ..v1::$request::default()
            }).await.expect("handled")
        };
    }
    handled!(acknowledge_alert, AcknowledgeAlertRequest,);
    handled!(assign, AssignAlertRequest, assignee: "operator-9".to_owned());
    handled!(comment, CommentOnAlertRequest, text: text.clone());
    let answer = v1::AnswerCode::OwnClearWish.into();
    let request = by!(sigtuna, AnswerAlertRequest, name: name.clone(), answer: answer,
        text: text.clone(), legal_ground: Some(consent()));
    sigtuna.answer(request).await.expect("answered");
    let request = by!(sigtuna, DisputeAlertRequest,
        name: name.clone(), text: text, legal_ground: Some(consent()));
    sigtuna.dispute(request).await.expect("disputed");
    handled!(close, CloseAlertRequest, reason: v1::CloseReason::OwnClearWish.into());
    let request = by!(sigtuna, RedactAlertRequest, name: name.clone(), text: "Skäl.".to_owned());
    sigtuna.redact_alert(request).await.expect("ended");
}

/// All entries of a party, or of the operators, page after page.
pub(super) async fn entries(party: &Party) -> Vec<v1::LogEntry> {
    let mut all: Vec<v1::LogEntry> = Vec::new();
    loop {
        let request = v1::ListEntriesRequest {
            municipality: party.municipality(),
            page_size: 7,
            after_position: all.last().map_or(0, |entry| entry.position),
        };
        let page = party.list_entries(request).await.expect("a list");
        if page.entries.is_empty() {
            return all;
        }
        all.extend(page.entries);
    }
}
