//! The benchmark itself: in its smallest run, built for debugging, every figure that docs/bench.md promises is written.

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

/// What others read out of the file.
const KEYS: [&str; 18] = [
    "register_256_over_floor_sqlite",
    "register_256_over_floor_postgres",
    "register_256_over_smaller_floor",
    "register_256_over_append",
    "register_256_over_echo",
    "register_1_added_us",
    "notified_over_commit_p50",
    "notified_256_over_group_commit_p50",
    "replay_entries_per_s",
    "replay_over_decode",
    "replay_memory_mib",
    "replay_memory_bytes_per_entry",
    "replay_rate_largest_over_smallest",
    "growth_1m_over_10k",
    "growth_100_per_second",
    "growth_300_server_cpu_us",
    "receipts_made_per_second",
    "receipts_verified_per_second",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_benchmark_writes_every_figure() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("figures.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .arg("--tiny")
        .arg("--json")
        .arg(&file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("the benchmark starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = std::fs::read_to_string(&file).expect("figures");
    let figures: Value = serde_json::from_str(&text).expect("JSON");
    for key in KEYS {
        let value = figures[key].as_f64();
        assert!(value.is_some(), "{key}: {text}");
    }
    assert_eq!(figures["quick"], true, "nobody takes it for a full run");
}
