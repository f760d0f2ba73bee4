//! The same person through services apart: PostgreSQL's tables, files and log, the logs of every process as JSON.

use std::path::PathBuf;
use std::sync::Arc;

use daemon::postgres::testing::Server;
use tests::{Apart, Needles, OPERATOR, SIGTUNA, SOLLEFTEA, SOLNA, scan};

use super::places::postgres;
use super::{canaries, drilled, question, refusals, relocation, spellings};

/// A server whose log holds every statement with its values.
const TALKATIVE: &str =
    "log_statement = 'all'\nlog_parameter_max_length = -1\nlog_connections = on";
/// Everything, as machines read it.
const LOG: &str = "[log]\nformat = \"json\"\nfilter = \"trace\"";
/// What is put in the places where it must be found.
const PLANTED: &str = "Zebulonius";

#[tokio::test(flavor = "multi_thread")]
async fn no_database_or_log_of_services_apart_tells_of_a_person() {
    let server = Server::start_with(5432, TALKATIVE).await.expect("a server");
    let server = Arc::new(server);
    let mut world = Apart::logging(server.clone(), LOG).await;
    let (solna, solleftea) = (world.party(SOLNA, 0).await, world.party(SOLLEFTEA, 1).await);
    relocation(&solna, &solleftea).await;
    let (sigtuna, operator) = (
        world.party(SIGTUNA, 0).await,
        world.party(OPERATOR, 1).await,
    );
    question(&solleftea, &sigtuna, &operator).await;
    refusals(&solna).await;
    let word = drilled(&solleftea, &operator).await;
    world.terminate().await;

    let all = [canaries(), spellings(&word)].concat();
    let needles = Needles::of(&all);
    for database in [&world.journal, &world.keys] {
        let dump = postgres(database).await;
        assert!(dump.lines().count() > 20, "{dump}");
        assert!(needles.found_in(dump.as_bytes()).is_empty(), "{dump}");
    }
    for folder in [server.folder(), world.folder()] {
        let scanned = scan(folder, &all);
        assert_eq!(scanned.found, Vec::<PathBuf>::new(), "{folder:?}");
        assert!(
            scanned.bytes > 1_000_000,
            "{folder:?}: {} bytes",
            scanned.bytes
        );
    }
    for name in ["gateway-1", "gateway-2", "ledger-1", "ledger-2"] {
        let log = world.log(name);
        let levels = ["TRACE", "DEBUG", "INFO"];
        let levels = levels.map(|level| log.contains(&format!("\"level\":\"{level}\"")));
        assert_eq!(levels, [true; 3], "{name}");
    }
    each_place_is_seen(&world, &server).await;
}

/// What is put there is found: in a table of each database, in the server's files and its log.
async fn each_place_is_seen(world: &Apart, server: &Server) {
    let all = canaries();
    let needles = Needles::of(&all);
    for (database, planted) in [
        (
            &world.journal,
            format!("INSERT INTO flyttbud.unique_keys VALUES ('{PLANTED}')"),
        ),
        (
            &world.keys,
            format!(
                "INSERT INTO flyttbud_keys.refusals (at_micros, authority, organisation_number, method, reason, fields, \
                 call_id) VALUES (0, 184, '', '{PLANTED}', '', '', gen_random_uuid())"
            ),
        ),
    ] {
        let superuser = database.client("postgres").await.expect("a login");
        superuser.batch_execute(&planted).await.expect("planted");
        superuser
            .batch_execute("CHECKPOINT")
            .await
            .expect("written");
        let dump = postgres(database).await;
        assert!(!needles.found_in(dump.as_bytes()).is_empty(), "{dump}");
    }
    let found = scan(server.folder(), &all).found;
    for place in ["/log", "/pg_wal/", "/base/"] {
        let is_found = found
            .iter()
            .any(|file| file.display().to_string().contains(place));
        assert!(is_found, "{place}: {found:?}");
    }
}
