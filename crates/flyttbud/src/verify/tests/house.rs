//! Seven entries, a log, two witnesses, and the files that whoever verifies is given. The keys are no secrets.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use api::generated::journal::v1::SharedPart;
use api::record::{Placed, encode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use domain::code::{RelocationKind, WithdrawalReason};
use domain::entry::{Draft, Event, Part, SealedPart};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Pseudonym, Subject, Version};
use jiff::Timestamp;
use jiff::civil::date;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tlog::checkpoint::SignedCheckpoint;
use tlog::cosignature::{UnixTime, Witness};
use tlog::key::{Log, Role, Signer};
use tlog::note::Name;
use tlog::proof::{consistency, inclusion};
use tlog::receipt::Receipt;
use tlog::tree::{Frontier, Hash, HashReader, Index, Place, Size};
use tlog::witness::Request;
use uuid::Uuid;

use crate::verify::Verb;

/// Both witnesses must have cosigned.
pub(super) const BOTH: &str = "group both all w1 w2\nquorum both\n";
/// Nobody is asked for.
pub(super) const NOBODY: &str = "quorum none\n";
/// The salt before the first entry's body.
pub(super) const SALT: [u8; 32] = [7; 32];
/// The text in the first entry's body.
pub(super) const TEXT: &str = "några ord";
/// 2026-11-25T12:00:00Z.
const NOON: i64 = 1_795_608_000;

/// The log, and the folder with the files.
pub(super) struct House {
    folder: TempDir,
    entries: Vec<Vec<u8>>,
    hashes: BTreeMap<Place, Hash>,
}

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

/// A command line: words that are files of the house stand for their paths.
pub(super) fn line(house: &House, words: &[&str]) -> Verb {
    let policy = house.path("policy");
    let mut arguments = vec!["verify".into()];
    for word in words {
        let path = house.path(word);
        arguments.push(if path.is_file() {
            path.into()
        } else {
            (*word).into()
        });
    }
    arguments.push("--policy".into());
    arguments.push(policy.into_os_string());
    Line::try_parse_from(arguments)
        .expect("a command line")
        .verb
}

fn signer<R: Role>(name: &str, seed: u8) -> Signer<R> {
    Signer::new(Name::parse(name).expect("a name"), &[seed; 32])
}

fn log() -> Signer<Log> {
    signer("log.example", 1)
}

fn witness(number: u8) -> Signer<Witness> {
    signer(&format!("w{number}.example"), 10 + number)
}

impl HashReader for House {
    type Error = std::fmt::Error;

    fn read(&self, places: &[Place]) -> Result<Vec<Hash>, Self::Error> {
        let hash = |place| self.hashes.get(place).copied().ok_or(std::fmt::Error);
        places.iter().map(hash).collect()
    }
}

impl House {
    /// The usual one, whose policy ends in these lines.
    pub(super) fn new(quorum: &str) -> Self {
        Self::with_entries(quorum, |_entries| {})
    }

    /// One whose entries were changed before they were logged.
    pub(super) fn with_entries(quorum: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let [w1, w2] = [1, 2].map(|number| witness(number).verifier().to_string());
        let log = log().verifier().to_string();
        let policy = format!("log {log}\nwitness w1 {w1}\nwitness w2 {w2}\n{quorum}");
        fs::write(folder.path().join("policy"), policy).expect("written");
        let mut entries = entries();
        change(&mut entries);
        let leaves = entries.iter().map(|entry| Hash::leaf(entry));
        let hashes = Frontier::EMPTY.clone().append(leaves).into_iter().collect();
        Self {
            folder,
            entries,
            hashes,
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn leaf(&self, index: u64) -> Hash {
        Hash::leaf(self.entry(index))
    }

    fn entry(&self, index: u64) -> &[u8] {
        &self.entries[usize::try_from(index).expect("few")]
    }

    fn signed(&self, size: u64, by: &Signer<Log>, witnesses: &[u8]) -> SignedCheckpoint {
        let frontier = Frontier::read(self, Size(size)).expect("stored");
        let mut checkpoint = SignedCheckpoint::sign(frontier.head(), by);
        let at = UnixTime::new(NOON.cast_unsigned() + 10).expect("a time");
        for number in witnesses {
            let cosignature = witness(*number).cosign(&checkpoint, at);
            checkpoint.add(cosignature);
        }
        checkpoint
    }

    fn write(&self, name: &str, index: u64, checkpoint: SignedCheckpoint) {
        let size = checkpoint.checkpoint().head.size;
        let receipt = Receipt {
            index: Index(index),
            extra: Vec::new(),
            proof: inclusion(self, Index(index), size).expect("stored"),
            checkpoint,
        };
        fs::write(self.path(name), receipt.to_string()).expect("written");
        fs::write(self.path(&format!("{name}.entry")), self.entry(index)).expect("written");
    }

    /// A receipt that these witnesses have cosigned, and its entry beside it.
    pub(super) fn write_receipt(&self, name: &str, index: u64, size: u64, witnesses: &[u8]) {
        self.write(name, index, self.signed(size, &log(), witnesses));
    }

    /// One with the log's name, and another key.
    pub(super) fn write_receipt_of_another_log(&self, name: &str, index: u64, size: u64) {
        self.write(
            name,
            index,
            self.signed(size, &signer("log.example", 2), &[]),
        );
    }

    pub(super) fn write_checkpoint(&self, name: &str, size: u64) {
        let checkpoint = self.signed(size, &log(), &[]);
        fs::write(self.path(name), checkpoint.to_string()).expect("written");
    }

    /// The proof with the newer checkpoint, which these witnesses cosigned.
    pub(super) fn consistency(&self, old: u64, size: u64, witnesses: &[u8]) -> String {
        let request = Request {
            old: Size(old),
            proof: consistency(self, Size(old), Size(size)).expect("stored"),
            checkpoint: self.signed(size, &log(), witnesses),
        };
        request.to_string()
    }

    /// A file with one opened part.
    pub(super) fn write_parts(&self, name: &str, salt: [u8; 32], text: &str) {
        let (salt, body) = (STANDARD.encode(salt), STANDARD.encode(body(text)));
        let file = serde_json::json!({"parts": [{"part": 1, "salt": salt, "body": body}]});
        fs::write(self.path(name), file.to_string()).expect("written");
    }
}

fn body(text: &str) -> Vec<u8> {
    let part = SharedPart {
        text: text.to_owned(),
        ..SharedPart::default()
    };
    part.encode_to_vec()
}

/// What the documents say that an entry commits to.
fn commitment() -> [u8; 32] {
    let bytes = [
        b"flyttbud/commitment/v1\0\x01".as_slice(),
        &SALT,
        &body(TEXT),
    ]
    .concat();
    Sha256::digest(bytes).into()
}

/// A registration that is withdrawn, another one, and time that passes.
fn entries() -> Vec<Vec<u8>> {
    let code = |text| MunicipalityCode::parse(text).expect("a code");
    let registered = Event::RelocationRegistered {
        sender: code("0184"),
        recipient: code("2283"),
        kind: RelocationKind::Placement,
        pseudonym: Pseudonym {
            epoch: 2026,
            value: [5; 16],
        },
        planned: Month::of(date(2026, 12, 1)),
        answer_due_on: date(2026, 12, 9),
        function: None,
    };
    let withdrawn = |reason| Event::RelocationWithdrawn { reason };
    let passed = Event::TimePassed {
        now: Timestamp::from_second(NOON).expect("in range"),
    };
    let [one, other] = [7, 8].map(|id| Subject::relocation(Uuid::from_u128(id)));
    let events = [
        (one, 1, registered.clone()),
        (one, 2, withdrawn(WithdrawalReason::ConsentRevoked)),
        (other, 1, registered),
        (one, 2, withdrawn(WithdrawalReason::MoveCancelled)),
        (Subject::SYSTEM, 1, passed.clone()),
        (Subject::SYSTEM, 2, passed.clone()),
        (Subject::SYSTEM, 3, passed),
    ];
    let positions = events.into_iter().zip(1..);
    let each = positions
        .map(|((subject, version, event), position)| entry((subject, version), event, position));
    each.collect()
}

/// An entry as it is stored.
pub(super) fn entry((subject, version): (Subject, u32), event: Event, position: u64) -> Vec<u8> {
    let sealed = matches!(event, Event::RelocationRegistered { .. }).then(|| SealedPart {
        part: Part::Shared,
        ciphertext: vec![1; 40],
        commitment: commitment(),
    });
    let draft = Draft {
        subject,
        version: Version(version),
        event,
        notices: Vec::new(),
        sealed: sealed.into_iter().collect(),
    };
    let placed = Placed {
        position: Position(position),
        recorded_at: Timestamp::from_second(NOON + position.cast_signed()).expect("in range"),
        notices: &[],
        salt: [9; 16],
    };
    encode(&draft, placed)
}
