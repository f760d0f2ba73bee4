//! Openings among attempts that were refused: over a real key store.

use api::generated::journal::v1 as sealed;
use futures_util::future::try_join_all;
use jiff::SignedDuration;
use prost::Message as _;
use tempfile::TempDir;
use uuid::Uuid;
use vault::{NewAccess, RootKey};

use super::*;

/// A key store in a folder of its own.
fn vault(folder: &TempDir) -> Vault {
    let path = folder.path().join("root.key");
    RootKey::create(&path).expect("a root key");
    let root = RootKey::read(&path).expect("a root key");
    Vault::unlock(&folder.path().join("keys.db"), root, 2026).expect("a key store")
}

fn here() -> MunicipalityCode {
    MunicipalityCode::parse("2283").expect("a code")
}

fn at(microsecond: usize) -> Timestamp {
    let start: Timestamp = "2026-11-24T08:00:00Z".parse().expect("an instant");
    let microsecond = i64::try_from(microsecond).expect("a small one");
    start + SignedDuration::from_micros(microsecond)
}

/// Records accesses to a subject, one each microsecond: `r` is a reading, `x` was refused.
async fn record(vault: &Vault, subject: Subject, accesses: &str) {
    let contents = accesses.chars().map(|what| {
        let secrecy = match what {
            'r' => v1::AccessSecrecy::Marked,
            'x' => v1::AccessSecrecy::MarkedRefused,
            other => panic!("not {other}"),
        };
        let part = sealed::AccessPart {
            secrecy: secrecy.into(),
            ..sealed::AccessPart::default()
        };
        part.encode_to_vec()
    });
    let contents: Vec<_> = contents.collect();
    let accesses = contents.iter().enumerate().map(|(index, content)| {
        vault.record_access(NewAccess {
            authority: here(),
            what: Accessed::Subject(subject),
            at: at(index),
            officer: "h-7",
            content,
        })
    });
    try_join_all(accesses).await.expect("recorded");
}

/// When the openings were that were found, in microseconds, and whether there are more.
async fn found(vault: &Vault, subject: Subject, bounds: (usize, usize)) -> (Vec<usize>, bool) {
    let what = (Accessed::Subject(subject), at(1_000_000));
    let found = openings(vault, here(), what, bounds).await;
    let (found, more) = found.expect("found");
    let when = |access: &Access| {
        let since = access.at.duration_since(at(0)).as_micros();
        usize::try_from(since).expect("a small one")
    };
    (found.iter().map(when).collect(), more)
}

#[tokio::test]
async fn attempts_that_were_refused_push_no_reading_out_and_what_is_cut_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let vault = vault(&folder);
    for (accesses, bounds, expected) in [
        ("", (2, 9), (vec![], false)),
        ("x", (2, 9), (vec![], false)),
        ("rr", (2, 9), (vec![1, 0], false)),
        ("rrr", (2, 9), (vec![2, 1], true)),
        ("rxxrx", (2, 9), (vec![3, 0], false)),
        ("rxxx", (2, 4), (vec![0], false)),
        ("rxxxx", (2, 4), (vec![], true)),
    ] {
        let subject = Subject::relocation(Uuid::now_v7());
        record(&vault, subject, accesses).await;
        let answered = found(&vault, subject, bounds).await;
        assert_eq!(answered, expected, "{accesses}, {bounds:?}");
    }
}

#[tokio::test]
async fn a_reading_before_more_than_a_page_of_refused_attempts_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let vault = vault(&folder);
    let subject = Subject::relocation(Uuid::now_v7());
    let accesses = format!("r{}", "x".repeat(ACCESSES_AT_ONCE + 1));
    record(&vault, subject, &accesses).await;
    let bounds = (READINGS_MAX, OPENINGS_SOUGHT_MAX);
    assert_eq!(found(&vault, subject, bounds).await, (vec![0], false));
}
