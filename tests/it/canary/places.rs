//! The places where something could leak: stores as tables, the wire, copies, files of the log, what a caller who is no
//! party is told. Each is written into a file of its own, so that one scan sees them all.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use api::v1;
use daemon::postgres::testing::Database;
use prost::Message;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tests::{OPERATOR, Party, SOLLEFTEA, SOLNA, World, run};

/// The stores of an embedded service.
pub(super) const STORES: [&str; 4] = [
    "journal.sqlite",
    "views.sqlite",
    "evidence.sqlite",
    "keys.sqlite",
];

/// Every row of every table of a SQLite file.
pub(super) fn sqlite(file: &Path) -> String {
    let store = Connection::open(file).expect("a store");
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut names = store.prepare(names).expect("a statement");
    let names = names.query_map([], |row| row.get(0)).expect("tables");
    let names: Vec<String> = names.map(|name| name.expect("a name")).collect();
    let mut dump = String::new();
    for name in names {
        let mut all = store
            .prepare(&format!("SELECT * FROM {name}"))
            .expect("a statement");
        let columns = all.column_count();
        let mut rows = all.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            write!(dump, "{name}").expect("room");
            for column in 0..columns {
                put(&mut dump, row.get_ref(column).expect("a value"));
            }
            dump.push('\n');
        }
    }
    dump
}

fn put(dump: &mut String, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => dump.push_str("\tnull"),
        ValueRef::Integer(value) => write!(dump, "\t{value}").expect("room"),
        ValueRef::Real(value) => write!(dump, "\t{value}").expect("room"),
        ValueRef::Text(text) => {
            write!(dump, "\t{}", String::from_utf8_lossy(text)).expect("room");
        }
        // as text, and as digits
        ValueRef::Blob(bytes) => {
            write!(dump, "\t{}\t", String::from_utf8_lossy(bytes)).expect("room");
            for byte in bytes {
                write!(dump, "{byte:02x}").expect("room");
            }
        }
    }
}

/// Every row of every table of a database of ours in PostgreSQL.
pub(super) async fn postgres(database: &Database) -> String {
    let superuser = database.client("postgres").await.expect("a login");
    let tables = "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables \
                  WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
    let tables = superuser.query(tables, &[]).await.expect("tables");
    let mut dump = String::new();
    for table in tables {
        let table: String = table.get(0);
        let all = format!("SELECT one::text FROM {table} AS one");
        for row in superuser.query(&all, &[]).await.expect("rows") {
            let row: String = row.get(0);
            writeln!(dump, "{table}\t{row}").expect("room");
        }
    }
    dump
}

/// Everything that leaves an embedded service in another way than by its parties' reading, each in a file.
pub(super) async fn collect(world: &World, into: &Path) {
    fs::create_dir(into).expect("a folder");
    let folder = world.folder();
    for store in STORES {
        let dump = sqlite(&folder.join("data").join(store));
        fs::write(into.join(format!("tables-{store}")), dump).expect("written");
    }
    let tap = world.tap.as_ref().expect("the wire is listened to");
    fs::write(into.join("wire"), tap.seen()).expect("written");
    let place = |name: &str| into.join(name).display().to_string();
    let (record, keys) = (place("backup-record"), place("backup-keys"));
    let backup = [
        "backup",
        "--config",
        "serve.toml",
        "--record",
        &record,
        "--keys",
        &keys,
    ];
    run(folder, &backup);
    run(
        folder,
        &["journal", "export", "data/journal.sqlite", &place("export")],
    );
    for (name, words) in [
        ("steps", &["journal", "step", "data/journal.sqlite"][..]),
        (
            "steps-json",
            &["--json", "journal", "step", "data/journal.sqlite"],
        ),
        (
            "replay-json",
            &["--json", "journal", "replay", "data/journal.sqlite"],
        ),
        ("verified", &["journal", "verify", "data/journal.sqlite"]),
    ] {
        let output = run(folder, words);
        fs::write(into.join(name), [output.stdout, output.stderr].concat()).expect("written");
    }
    let told = told(world).await;
    assert!(told.len() >= 10, "{:?}", told.len());
    for (name, bytes) in told {
        fs::write(into.join(name), bytes).expect("written");
    }
}

/// Envelopes, refusals, receipts and files of the log, as those see them who may not read a body, and parties in the
/// basic view.
async fn told(world: &World) -> Vec<(String, Vec<u8>)> {
    let operator = world.party(OPERATOR).await;
    let mut told = vec![
        ("operator-alerts".to_owned(), envelopes(&operator).await),
        ("operator-refusals".to_owned(), counted(&operator).await),
    ];
    for (who, party) in [
        ("operator", None),
        ("solna", Some(world.party(SOLNA).await)),
        ("solleftea", Some(world.party(SOLLEFTEA).await)),
    ] {
        let municipality = party.as_ref().map(Party::municipality).unwrap_or_default();
        let client = &party.as_ref().unwrap_or(&operator).client;
        let entries = v1::ListEntriesRequest {
            municipality: municipality.clone(),
            ..v1::ListEntriesRequest::default()
        };
        let entries = client.ledger().list_entries(entries).await.expect("a list");
        let entries = entries.into_inner();
        let newest = entries.entries.last().map_or(1, |entry| entry.position);
        told.push((format!("{who}-entries"), bytes(&entries)));
        let receipt = v1::GetReceiptRequest {
            municipality,
            position: newest,
            ..v1::GetReceiptRequest::default()
        };
        let patience = std::time::Duration::from_secs(20);
        let receipt = client.wait_for_receipt(&receipt, false, patience).await;
        told.push((
            format!("{who}-receipt"),
            bytes(&receipt.expect("a receipt")),
        ));
        if let Some(party) = &party {
            told.push((format!("{who}-relocations"), listed(party).await));
            told.push((format!("{who}-refusals"), refused(party).await));
        }
    }
    let checkpoint = operator
        .client
        .log_file("/checkpoint")
        .await
        .expect("a checkpoint");
    let text = String::from_utf8(checkpoint.clone()).expect("text");
    let size: u64 = text
        .lines()
        .nth(1)
        .and_then(|size| size.parse().ok())
        .expect("a size");
    told.push(("checkpoint".to_owned(), checkpoint));
    for tile in tlog::tile::Tile::of_leaves(tlog::tree::Size(size)) {
        let path = tile.to_string();
        let tile = operator.client.log_file(&path).await.expect("a tile");
        told.push((path.replace('/', "-"), tile));
    }
    told
}

fn bytes(message: &impl Message) -> Vec<u8> {
    message.encode_to_vec()
}

/// Alerts, but for the comments, which are the operators' own.
async fn envelopes(operator: &Party) -> Vec<u8> {
    let mut listed = operator.alerts().await.expect("a list");
    for alert in &mut listed.alerts {
        alert.comments.clear();
    }
    bytes(&listed)
}

async fn counted(operator: &Party) -> Vec<u8> {
    let request = v1::CountRefusalsRequest::default();
    let counted = operator.client.directory().count_refusals(request).await;
    bytes(&counted.expect("a count").into_inner())
}

async fn refused(party: &Party) -> Vec<u8> {
    let request = v1::ListRefusalsRequest {
        municipality: party.municipality(),
        ..v1::ListRefusalsRequest::default()
    };
    let refusals = party.client.directory().list_refusals(request).await;
    bytes(&refusals.expect("a list").into_inner())
}

/// Relocations and notices.
async fn listed(party: &Party) -> Vec<u8> {
    let request = v1::ListRelocationsRequest {
        municipality: party.municipality(),
        ..v1::ListRelocationsRequest::default()
    };
    let relocations = party.client.relocations().list_relocations(request).await;
    let relocations = bytes(&relocations.expect("a list").into_inner());
    let notices = party.notices().await.expect("a list");
    let notices: Vec<u8> = notices.iter().flat_map(bytes).collect();
    [relocations, notices].concat()
}

/// Appends something to every file below a folder.
pub(super) fn plant_everywhere(folder: &Path, planted: &[u8]) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            plant_everywhere(&path, planted);
            continue;
        }
        let held = fs::read(&path).expect("a file");
        fs::write(&path, [&held, planted].concat()).expect("written");
    }
}
