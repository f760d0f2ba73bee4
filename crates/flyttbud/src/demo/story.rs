//! The story: three municipalities, one announced move, one unannounced, one refusal.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use api::v1;
use api::v1::watch_inbox_response::Item;
use client::tonic;
use tokio::time::timeout;

use super::acts::{
    self, Party, acknowledge, advance, announcement, answer, close, person, read, register, reply,
    report,
};
use super::people::{OPERATOR, SIGTUNA, SOLLEFTEA, SOLNA};
use super::world::World;
use crate::failure::Failure;
use crate::output;

/// The longest that anything in the story may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says what happened, and how long it took.
fn step(took: Duration, text: &str) {
    let millis = took.as_secs_f64() * 1000.0;
    output::say(&format!("{millis:>8.1} ms  {text}"));
}

pub(super) async fn play(world: &mut World) -> Result<(), Failure> {
    let solna = Party::of(world, &SOLNA).await?;
    let solleftea = Party::of(world, &SOLLEFTEA).await?;
    let sigtuna = Party::of(world, &SIGTUNA).await?;
    let operator = Party::of(world, &OPERATOR).await?;
    let example = output::json("RegisterRelocationRequest", &announcement(&solna))?;
    world.write_example(&example)?;

    output::say("1. A move that is announced");
    let relocation = announced(&solna, &solleftea).await?;
    matched(&solna, &solleftea, &relocation).await?;
    if world.is_apart() {
        let began = Instant::now();
        world.kill_leader().await?;
        step(
            began.elapsed(),
            "The ledger that leads was killed; the other one leads. Nothing else noticed.",
        );
    }
    output::say("\n2. A move that nobody announced");
    unannounced(&solleftea, &sigtuna, &operator).await?;
    output::say("\n3. An announcement that the law refuses");
    refused(&solna).await?;
    output::say("");
    Ok(())
}

type Stream = tonic::Streaming<v1::WatchInboxResponse>;

async fn watch(party: &Party) -> Result<Stream, Failure> {
    let request = v1::WatchInboxRequest {
        municipality: party.municipality(),
        function: String::new(),
        resume_token: String::new(),
    };
    let mut stream = party
        .client
        .inbox()
        .watch_inbox(request)
        .await
        .map_err(|status| Failure::from(client::Refused::from(status)))?
        .into_inner();
    // the first heartbeat says that the live edge is reached
    while !matches!(next(&mut stream).await?, Item::Heartbeat(_)) {}
    Ok(stream)
}

async fn next(stream: &mut Stream) -> Result<Item, Failure> {
    let message = timeout(PATIENCE, stream.message())
        .await
        .map_err(|_late| anyhow!("nothing came in the inbox"))?
        .map_err(|status| Failure::from(client::Refused::from(status)))?;
    let item = message.and_then(|message| message.item);
    item.ok_or_else(|| anyhow!("the inbox stream ended").into())
}

async fn notice(stream: &mut Stream, kind: v1::NoticeKind) -> Result<v1::Notice, Failure> {
    loop {
        if let Item::Notice(notice) = next(stream).await?
            && notice.kind() == kind
        {
            return Ok(notice);
        }
    }
}

async fn announced(solna: &Party, solleftea: &Party) -> Result<String, Failure> {
    let mut inbox = watch(solleftea).await?;
    let mut solnas = watch(solna).await?;
    let began = Instant::now();
    let answer = register(solna, announcement(solna)).await?;
    let relocation = answer.relocation.unwrap_or_default();
    step(
        began.elapsed(),
        &format!(
            "Solna registers a move to Sollefteå, with consent. Receipt: {}",
            relocation.name
        ),
    );
    let came = notice(&mut inbox, v1::NoticeKind::RelocationRegistered).await?;
    step(
        began.elapsed(),
        &format!(
            "Sollefteå's inbox has it, as number {} (measured from the call).",
            came.number
        ),
    );
    let began = Instant::now();
    let full = read(solleftea, &relocation.name).await?;
    let content = full.content.unwrap_or_default();
    let name = content
        .person
        .map(|person| format!("{} {}", person.given_name, person.family_name));
    let contact = content.contact.unwrap_or_default();
    step(
        began.elapsed(),
        &format!(
            "Sollefteå opens it: {} comes {}, ask {} at {}. The reading is recorded.",
            name.unwrap_or_default(),
            content.expected_on,
            contact.function,
            contact.phone
        ),
    );
    let began = Instant::now();
    acknowledge(solleftea, &relocation.name).await?;
    reply(solleftea, &relocation.name).await?;
    notice(&mut solnas, v1::NoticeKind::RelocationAcknowledged).await?;
    notice(&mut solnas, v1::NoticeKind::RelocationReplied).await?;
    let seen = read(solna, &relocation.name).await?;
    let text = seen
        .replies
        .first()
        .map(|reply| reply.text.clone())
        .unwrap_or_default();
    step(
        began.elapsed(),
        &format!("Sollefteå acknowledges and replies. Solna sees both: \"{text}\""),
    );
    Ok(relocation.name)
}

async fn matched(solna: &Party, solleftea: &Party, relocation: &str) -> Result<(), Failure> {
    let mut solnas = watch(solna).await?;
    let began = Instant::now();
    report(
        solleftea,
        "0184",
        person("19900101-2385", "Kim", "Test", "1990-01-01"),
    )
    .await?;
    notice(&mut solnas, v1::NoticeKind::RelocationArrived).await?;
    let state = read(solna, relocation).await?.state();
    step(
        began.elapsed(),
        &format!(
            "Sollefteå reports the arrival. It matches (the relocation is {}), and nobody is asked.",
            crate::verbs::word(state.as_str_name(), "RELOCATION_STATE_")
        ),
    );
    Ok(())
}

async fn unannounced(solleftea: &Party, sigtuna: &Party, operator: &Party) -> Result<(), Failure> {
    let mut sigtunas = watch(sigtuna).await?;
    let mut alerts = operator
        .client
        .alerts()
        .watch_alerts(v1::WatchAlertsRequest::default())
        .await
        .map_err(|status| Failure::from(client::Refused::from(status)))?
        .into_inner();
    let began = Instant::now();
    let arrival = report(
        solleftea,
        "0191",
        person("20110106-2394", "Robin", "Prov", "2011-01-06"),
    )
    .await?;
    step(
        began.elapsed(),
        &format!(
            "Sollefteå reports an arrival from Sigtuna. Sigtuna may still announce it until {}.",
            arrival.grace_until
        ),
    );
    output::say(
        "             The demo moves the record's clock forward by 15 days; the grace period is over.",
    );
    let began = Instant::now();
    advance(operator, 15).await?;
    let alert = next_alert(&mut alerts).await?;
    step(
        began.elapsed(),
        "An alert appears at the operator: a pair, a kind and a date, no person. It is a question, no accusation.",
    );
    let question = notice(&mut sigtunas, v1::NoticeKind::QuestionAsked).await?;
    let began = Instant::now();
    let person = acts::question(sigtuna, &question.resource).await?;
    step(
        began.elapsed(),
        &format!(
            "The question is in Sigtuna's inbox, and now Sigtuna can read whom it is about: {}.",
            person.given_name
        ),
    );
    let began = Instant::now();
    answer(sigtuna, &question.resource).await?;
    let closed = close(operator, &alert.name).await?;
    step(
        began.elapsed(),
        &format!(
            "Sigtuna answers: an own clear wish. The operator closes with that reason ({}).",
            crate::verbs::word(closed.as_str_name(), "CLOSE_REASON_")
        ),
    );
    Ok(())
}

async fn next_alert(
    alerts: &mut tonic::Streaming<v1::WatchAlertsResponse>,
) -> Result<v1::Alert, Failure> {
    loop {
        let change = timeout(PATIENCE, alerts.message())
            .await
            .map_err(|_late| anyhow!("no alert came"))?
            .map_err(|status| Failure::from(client::Refused::from(status)))?;
        if let Some(alert) = change.and_then(|change| change.alert) {
            return Ok(alert);
        }
    }
}

async fn refused(solna: &Party) -> Result<(), Failure> {
    let mut request = announcement(solna);
    request.legal_ground = Some(v1::LegalGround {
        code: v1::LegalGroundCode::GeneralClause1027.into(),
        ..v1::LegalGround::default()
    });
    let began = Instant::now();
    match register(solna, request).await {
        Err(Failure::Refused(refused)) => {
            step(
                began.elapsed(),
                "Solna names the general clause as the ground. Refused:",
            );
            output::say(&format!(
                "             {}: {}",
                refused.reason, refused.message
            ));
            output::say(&format!("             {}", refused.localized));
            Ok(())
        }
        Err(failure) => Err(failure),
        Ok(_) => Err(anyhow!("the general clause was accepted").into()),
    }
}
