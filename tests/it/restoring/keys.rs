//! A key store in PostgreSQL, recovered to a moment before something was erased: it opens that once more, and no gateway
//! does.

use std::sync::Arc;

use api::v1;
use daemon::postgres::testing::{Database, Server};
use tests::{Apart, SOLLEFTEA, SOLNA};
use uuid::Uuid;

use super::reads;
use crate::access::announced;
use crate::recalling::withdraw;
use crate::redacting::redaction;

/// How many keys Sollefteå has to a relocation.
async fn keys_of(keys: &Database, name: &str) -> usize {
    let client = keys.client("postgres").await.expect("a connection");
    let id = name.strip_prefix("relocations/").expect("a name");
    let id = Uuid::parse_str(id).expect("an id");
    let sql = "SELECT FROM flyttbud_keys.body_keys WHERE subject = $1 AND authority = 2283";
    client.query(sql, &[&id]).await.expect("rows").len()
}

/// How many keys both gateways erased before they served; of their logs only what came behind these places counts.
fn erased(world: &Apart, before: [usize; 2]) -> usize {
    let logs = ["gateway-1", "gateway-2"].map(|name| world.log(name));
    let erased = logs.iter().zip(before).map(|(log, before)| {
        let log = log.get(before..).expect("what came since");
        let told = "keys erased that entries ended keys=";
        let at = log.find(told).expect(log);
        assert!(at < log.find("serving").expect(log), "{log}");
        let count = log.get(at + told.len()..).unwrap_or_default();
        let digits = count.split(|sign: char| !sign.is_ascii_digit()).next();
        let count = digits.and_then(|digits| digits.parse::<usize>().ok());
        count.expect("a number")
    });
    erased.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_recovered_to_before_an_erasure_erases_again_before_any_gateway_serves() {
    let server = Server::start_archiving().await.expect("a server");
    let server = Arc::new(server);
    let mut world = Apart::with_keys_on(server.clone()).await;
    let backup = server.base_backup().await.expect("a backup");
    let (solna, solleftea) = (world.party(SOLNA, 0).await, world.party(SOLLEFTEA, 1).await);
    let kept = announced(&solna, 0).await;
    let revoked = announced(&solna, 1).await;
    let redacted = announced(&solna, 2).await;
    server.name_point("noon").await.expect("a name");
    let later = announced(&solna, 3).await;
    withdraw(&solna, &revoked, v1::WithdrawalReason::ConsentRevoked).await;
    let ended = solna.redact(redaction(&solna, &redacted)).await;
    ended.expect("ended");
    for name in [&revoked, &redacted] {
        assert_eq!(
            keys_of(&world.keys, name).await,
            0,
            "erased with the answer"
        );
    }
    drop((solna, solleftea));
    world.terminate().await;

    let recovered = server.recovered(&backup, "noon").await.expect("recovered");
    let name = world.keys.name.clone();
    world.move_keys(Database {
        server: Arc::new(recovered),
        name,
    });
    for name in [&kept, &revoked, &redacted] {
        assert_eq!(
            keys_of(&world.keys, name).await,
            1,
            "it has what was erased since"
        );
    }
    let before = ["gateway-1", "gateway-2"].map(|name| world.log(name).len());
    world.start_gateways().await;
    // nobody has called yet
    for (name, count) in [(&kept, 1), (&revoked, 0), (&redacted, 0), (&later, 0)] {
        assert_eq!(keys_of(&world.keys, name).await, count, "{name}");
    }
    assert_eq!(
        erased(&world, before),
        2,
        "each once, by whoever came first"
    );
    for gateway in [0, 1] {
        let (solna, solleftea) = (
            world.party(SOLNA, gateway).await,
            world.party(SOLLEFTEA, gateway).await,
        );
        for (name, reader, is_read) in [
            (&kept, &solleftea, true),
            (&kept, &solna, true),
            (&revoked, &solleftea, false),
            (&revoked, &solna, true),
            (&redacted, &solleftea, false),
            (&redacted, &solna, true),
            // its keys were younger than the copy
            (&later, &solleftea, false),
            (&later, &solna, false),
        ] {
            let read = reads(reader, name).await;
            assert_eq!(read, is_read, "{name} by {}", reader.code());
        }
    }
    // the record goes on with it
    world.start_ledger(0, &[]).await;
    let solna = world.party(SOLNA, 0).await;
    let next = announced(&solna, 4).await;
    let solleftea = world.party(SOLLEFTEA, 1).await;
    assert!(reads(&solleftea, &next).await);
}
