//! Goes through a whole journal and looks for what must never be: gaps, doubles, time that runs back, broken
//! chains, reads that disagree.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{chain, record};
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject, Version};
use jiff::Timestamp;

use crate::{InboxHead, Journal, Stored};

/// Entries that one read of the suite asks for: small, so that paging is seen.
const PAGE: usize = 100;

/// The inbox of a recipient before its first notice.
pub const EMPTY_INBOX: InboxHead = InboxHead {
    number: NoticeNumber(0),
    chain: chain::START,
};

/// Every entry, read page by page.
pub async fn read(journal: &Arc<dyn Journal>) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let after = all
            .last()
            .map_or(Position(0), |stored| stored.entry.position);
        let page = journal
            .read_after(after, PAGE)
            .await
            .expect("the journal is read");
        assert!(page.len() <= PAGE, "a page of {} entries", page.len());
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Checks all of it and returns every entry.
pub async fn check(journal: &Arc<dyn Journal>) -> Vec<Entry> {
    let all = read(journal).await;
    let mut recorded_at = Timestamp::UNIX_EPOCH;
    let mut versions: BTreeMap<Subject, Vec<Entry>> = BTreeMap::new();
    let mut inboxes: BTreeMap<MunicipalityCode, (InboxHead, Vec<Entry>)> = BTreeMap::new();
    for (index, stored) in all.iter().enumerate() {
        let entry = &stored.entry;
        let expected = u64::try_from(index).expect("few entries") + 1;
        assert_eq!(entry.position, Position(expected), "positions have no gap");
        let decoded = record::decode(&stored.bytes).expect("stored bytes are readable");
        assert_eq!(&decoded, entry, "the bytes are the entry's");
        assert!(
            entry.recorded_at >= recorded_at,
            "time runs back at {expected}"
        );
        recorded_at = entry.recorded_at;
        let of_subject = versions.entry(entry.subject).or_default();
        let before = of_subject.last().map_or(Version(0), |last| last.version);
        assert_eq!(
            entry.version,
            before.next(),
            "versions of {}",
            entry.subject
        );
        of_subject.push(entry.clone());
        for notice in &entry.notices {
            let inbox = inboxes
                .entry(notice.recipient)
                .or_insert((EMPTY_INBOX, Vec::new()));
            inbox.0 = link(inbox.0, entry, notice.recipient, notice.kind);
            let told = InboxHead {
                number: notice.number,
                chain: notice.chain,
            };
            assert_eq!(told, inbox.0, "inbox of {} at {expected}", notice.recipient);
            inbox.1.push(entry.clone());
        }
    }
    let edge = Position(u64::try_from(all.len()).expect("few entries"));
    assert_eq!(*journal.edge().borrow(), edge, "the edge is the last entry");
    check_reads(journal, edge, &versions, &inboxes).await;
    all.into_iter().map(|stored| stored.entry).collect()
}

/// The inbox after one more notice, computed as a client in any language would.
fn link(
    head: InboxHead,
    entry: &Entry,
    recipient: MunicipalityCode,
    kind: domain::code::NoticeKind,
) -> InboxHead {
    let number = NoticeNumber(head.number.0 + 1);
    let hash = chain::content_hash(
        recipient,
        number,
        kind,
        entry.subject,
        entry.position,
        entry.recorded_at,
    );
    InboxHead {
        number,
        chain: chain::link(&head.chain, &hash),
    }
}

async fn check_reads(
    journal: &Arc<dyn Journal>,
    edge: Position,
    versions: &BTreeMap<Subject, Vec<Entry>>,
    inboxes: &BTreeMap<MunicipalityCode, (InboxHead, Vec<Entry>)>,
) {
    for (subject, expected) in versions {
        let found = journal.subject(*subject, edge).await.expect("a subject");
        assert_eq!(&found, expected, "entries of {subject}");
    }
    for (recipient, (head, expected)) in inboxes {
        let found = journal.inbox_head(*recipient).await.expect("a head");
        assert_eq!(found, *head, "head of {recipient}");
        let mut seen = Vec::new();
        while seen.len() < expected.len() {
            let after = NoticeNumber(u64::try_from(seen.len()).expect("few notices"));
            let page = journal
                .notices(*recipient, after, PAGE)
                .await
                .expect("notices");
            assert!(!page.is_empty(), "notices of {recipient} end at {after:?}");
            seen.extend(page);
        }
        assert_eq!(&seen, expected, "notices of {recipient}");
    }
}
