//! Receipts: made by the service that holds most, through gRPC, and verified as anybody would who has the files and
//! the log's key.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use api::v1;
use prost::Message as _;
use tlog::policy::Policy;
use tlog::receipt::Receipt;
use tlog::tree::Hash;

use crate::caller::{Caller, Framed};
use crate::figures::{Figures, count};
use crate::growth::Grown;
use crate::load;
use crate::requests::SENDER;
use crate::usage::Meter;
use crate::world::World;

const METHOD: &str = "/flyttbud.v1.LedgerService/GetReceipt";
/// How long the log may take to sign what was just recorded.
const SIGNED: Duration = Duration::from_secs(30);

/// Makes so many of entries all over the journal, and verifies each.
pub(crate) async fn measure(
    world: &World,
    grown: &Grown,
    receipts: usize,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let last = i64::try_from(grown.last()?.0)?;
    let client = world.client(&grown.service, "sender").await?;
    let newest = request(last);
    let newest = client.wait_for_receipt(&newest, false, SIGNED).await;
    newest.context("the newest entry has no receipt")?;
    // the first entry is the system's own
    let registered = last - 1;
    let step = 1 + registered / i64::try_from(receipts)?;
    let positions = (0..i64::try_from(receipts)?).map(|nth| 2 + nth * step % registered);
    let work = positions
        .map(|position| Framed::new(&request(position)))
        .collect::<Result<Vec<_>, _>>()?;
    let callers = world.callers(&grown.service, METHOD).await?;
    let meter = Meter::start(&[grown.service.pid])?;
    let run = load::run(callers, work, Caller::call).await?;
    meter.stop(receipts, "receipts_made", &["server"], figures)?;
    figures.put_run("receipts_made", &run);
    let mut made = Vec::with_capacity(receipts);
    for call in run.answers {
        let answer = v1::GetReceiptResponse::decode(call.answer)?;
        let receipt = answer.receipt.context("the answer is empty")?;
        let entry = receipt.entry.context("a receipt is about an entry")?;
        made.push((receipt.proof, entry.stored));
    }
    let took = verify(&made, &grown.policy)?;
    let rate = count(made.len()) / took.as_secs_f64();
    figures.put("receipts_verified_per_second", rate);
    Ok(())
}

fn request(position: i64) -> v1::GetReceiptRequest {
    v1::GetReceiptRequest {
        municipality: format!("municipalities/{SENDER}"),
        position,
        ..v1::GetReceiptRequest::default()
    }
}

/// From the two files' bytes to the verdict, by one processor.
fn verify(made: &[(String, Vec<u8>)], policy: &str) -> anyhow::Result<Duration> {
    let policy = Policy::parse(policy.as_bytes())?;
    let began = Instant::now();
    for (proof, stored) in made {
        let receipt = Receipt::parse(proof.as_bytes())?;
        let verified = receipt.verify(&Hash::leaf(stored), &policy)?;
        ensure!(verified.is_quorum_met, "a receipt is not full");
    }
    Ok(began.elapsed())
}
