//! A small log of our own: what its receipts prove in words, and that they prove nothing once a byte is another.

mod house;

use std::fs;

use domain::code::WithdrawalReason;
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use serde_json::Value;
use uuid::Uuid;

use super::consistency;
use super::envelope::{Ended, Recall, Whose};
use super::receipt::{self, Fault, Verdict};
use super::words;
use super::{Language, Verb};
use crate::failure::Failure;
use house::{BOTH, House, NOBODY, line};

/// The verdict about one receipt.
fn judge(house: &House, arguments: &[&str]) -> Result<Verdict, Failure> {
    let Verb::Receipt(receipts) = line(house, &[&["receipt"], arguments].concat()) else {
        panic!("not about a receipt");
    };
    let mut verdicts = receipt::judge_all(&receipts)?;
    assert_eq!(verdicts.len(), receipts.files.len());
    Ok(verdicts.swap_remove(0))
}

fn fault(house: &House, arguments: &[&str]) -> Option<Fault> {
    judge(house, arguments).expect("usable").fault
}

#[test]
fn a_proven_receipt_says_what_and_who_in_both_languages() {
    let house = House::new(BOTH);
    house.write_receipt("r", 0, 7, &[1, 2]);
    let verdict = judge(&house, &["r"]).expect("usable");
    let root = &verdict.root;
    let file = house.path("r");
    let file = file.display();
    let english = format!(
        "{file}: PROVEN. It is entry 1 of the log 'log.example'.
  says         relocations/00000000-0000-0000-0000-000000000007, version 1: a relocation was registered
  names        0184 Solna, 2283 Sollefteå
  recorded     2026-11-25T12:00:01Z, by the service's clock
  log          7 entries then, root {root}
  witnessed    w1 2026-11-25T12:00:10Z, w2 2026-11-25T12:00:10Z
  body         sealed. The entry commits to it; without the opened parts the commitment shows nothing of it"
    );
    let swedish = format!(
        "{file}: BEVISAT. Det är post 1 i loggen 'log.example'.
  säger        relocations/00000000-0000-0000-0000-000000000007, version 1: en flytt registrerades
  nämner       0184 Solna, 2283 Sollefteå
  registrerad  2026-11-25T12:00:01Z, enligt tjänstens klocka
  logg         7 poster då, rot {root}
  bevittnad    w1 2026-11-25T12:00:10Z, w2 2026-11-25T12:00:10Z
  innehåll     förseglat. Posten binder till det; utan de öppnade delarna visar bindningen inget om det"
    );
    for (language, expected) in [(Language::En, english), (Language::Sv, swedish)] {
        assert_eq!(words::receipt(&verdict, language), expected);
    }
}

#[test]
fn every_entry_of_every_tree_is_proven() {
    let house = House::new(BOTH);
    for size in 1..=7 {
        for index in 0..size {
            house.write_receipt("r", index, size, &[1, 2]);
            let verdict = judge(&house, &["r"]).expect("usable");
            assert!(verdict.proven, "{index} of {size}: {:?}", verdict.fault);
            assert_eq!((verdict.position, verdict.size), (index + 1, size));
        }
    }
}

#[test]
fn no_byte_of_receipt_or_entry_can_be_another() {
    let house = House::new(BOTH);
    house.write_receipt("r", 3, 7, &[1, 2]);
    for name in ["r", "r.entry"] {
        let right = fs::read(house.path(name)).expect("a file");
        assert!(right.len() > 40, "{name}");
        for at in 0..right.len() {
            for flipped in [0x01, 0x20] {
                let mut bytes = right.clone();
                bytes[at] ^= flipped;
                fs::write(house.path(name), bytes).expect("written");
                match judge(&house, &["r"]) {
                    Err(Failure::Usage(_)) => {}
                    Err(other) => panic!("byte {at} of {name}: {other:?}"),
                    Ok(verdict) => assert!(!verdict.proven, "byte {at} of {name}"),
                }
            }
        }
        fs::write(house.path(name), &right).expect("written");
    }
    assert_eq!(fault(&house, &["r"]), None);
}

#[test]
fn a_receipt_that_proves_nothing_says_why() {
    let house = House::new(BOTH);
    house.write_receipt("r", 2, 7, &[1]);
    assert_eq!(fault(&house, &["r"]), Some(Fault::QuorumNotMet));
    let lenient = House::new(NOBODY);
    lenient.write_receipt("r", 2, 7, &[]);
    assert_eq!(fault(&lenient, &["r"]), None);
    lenient.write_receipt_of_another_log("r", 2, 7);
    assert_eq!(fault(&lenient, &["r"]), Some(Fault::UnknownLog));
    house.write_receipt("r", 2, 7, &[1, 2]);
    house.write_receipt("other", 3, 7, &[1, 2]);
    let other = house.path("other.entry");
    let given = ["r", "--entry", other.to_str().expect("a path")];
    assert_eq!(fault(&house, &given), Some(Fault::NotIncluded));
    let moved = House::with_entries(NOBODY, |entries| entries.swap(2, 3));
    moved.write_receipt("r", 2, 7, &[]);
    assert_eq!(fault(&moved, &["r"]), Some(Fault::OtherPosition));
}

#[test]
fn a_leaf_is_enough_and_tells_nothing_of_the_entry() {
    let house = House::new(BOTH);
    house.write_receipt("r", 4, 7, &[1, 2]);
    let leaf = house.leaf(4).to_string();
    fs::remove_file(house.path("r.entry")).expect("it was there");
    let verdict = judge(&house, &["r", "--leaf", &leaf]).expect("usable");
    assert!(verdict.proven && verdict.entry.is_none());
    let other = house.leaf(5).to_string();
    let given = ["r", "--leaf", &other];
    assert_eq!(fault(&house, &given), Some(Fault::NotIncluded));
    assert!(matches!(judge(&house, &["r"]), Err(Failure::Usage(_))));
}

#[test]
fn a_body_is_shown_only_when_it_is_the_one_committed_to() {
    let house = House::new(BOTH);
    house.write_receipt("r", 0, 7, &[1, 2]);
    house.write_parts("p", house::SALT, house::TEXT);
    let path = house.path("p");
    let given = ["r", "--parts", path.to_str().expect("a path")];
    let verdict = judge(&house, &given).expect("usable");
    assert!(verdict.proven);
    let shown: Vec<(&str, &Value)> = verdict
        .parts
        .iter()
        .map(|one| (one.part, &one.body))
        .collect();
    assert_eq!(
        shown,
        [("shared", &serde_json::json!({"text": house::TEXT}))]
    );
    for (salt, text) in [([8; 32], house::TEXT), (house::SALT, "another text")] {
        house.write_parts("p", salt, text);
        let verdict = judge(&house, &given).expect("usable");
        assert_eq!(
            (verdict.fault, verdict.parts.len()),
            (Some(Fault::OtherBody), 0)
        );
    }
    // an entry without parts committed to none
    house.write_parts("p", house::SALT, house::TEXT);
    house.write_receipt("r", 1, 7, &[1, 2]);
    assert_eq!(fault(&house, &given), Some(Fault::OtherBody));
}

#[test]
fn a_later_withdrawal_obliges_and_does_not_show_that_keys_were_erased() {
    let house = House::new(BOTH);
    house.write_receipt("registered", 0, 7, &[1, 2]);
    house.write_receipt("withdrawn", 1, 7, &[1, 2]);
    house.write_receipt("cancelled", 3, 7, &[1, 2]);
    house.write_receipt("unproven", 1, 7, &[1]);
    let at = Some("2026-11-25T12:00:02Z".to_owned());
    for (beside, expected) in [
        ("withdrawn", at.clone()),
        ("cancelled", None),
        ("unproven", None),
    ] {
        let verdict = judge(&house, &["registered", beside]).expect("usable");
        let expected = expected.map(|at| Ended {
            at,
            whose: Whose::Receivers,
        });
        assert_eq!(verdict.ended, expected, "{beside}");
        for (language, says) in [
            (Language::En, "obliges the service to erase"),
            (Language::Sv, "ålägger tjänsten att radera"),
        ] {
            let words = words::receipt(&verdict, language);
            assert_eq!(words.contains(says), expected.is_some(), "{words}");
            assert!(!words.contains("were erased") && !words.contains("raderades"));
        }
    }
    let verdict = judge(&house, &["withdrawn", "registered"]).expect("usable");
    assert_eq!(verdict.ended, None, "what ends is what was before");
}

fn code(code: &str) -> MunicipalityCode {
    MunicipalityCode::parse(code).expect("a code")
}

fn read((subject, version): (Subject, u32), event: Event) -> Entry {
    let bytes = house::entry((subject, version), event, 1);
    api::record::decode(&bytes).expect("an entry")
}

/// One letter for each entry: whose keys to it are to be erased.
fn ended(ending: &Entry, told: &[Entry], sender: Option<MunicipalityCode>) -> String {
    let recall = Recall::of(ending).expect("it ends something");
    let letter = |entry| match recall.ended(entry, |_subject| sender).map(|it| it.whose) {
        None => '-',
        Some(Whose::Receivers) => 'R',
        Some(Whose::OtherPartys) => 'O',
        Some(Whose::AskingOnes) => 'A',
    };
    told.iter().map(letter).collect()
}

/// What of a relocation and of a question is ended by each way of ending it, and for whom.
#[test]
fn what_was_ended_is_told_of_what_it_ends_alone() {
    let (sender, receiver) = (code("0184"), code("2283"));
    let id = Uuid::from_u128(7);
    let (relocation, alert) = (Subject::relocation(id), Subject::alert(id));
    let objection = false;
    let reply = |by| Event::RelocationReplied { by, objection };
    let told = [
        read((relocation, 1), Event::RelocationSupplemented),
        read((relocation, 2), reply(sender)),
        read((relocation, 3), reply(receiver)),
    ];
    let operator = "one".to_owned();
    let answered = [
        read((alert, 1), Event::AlertDisputed),
        read((alert, 2), Event::AlertAcknowledged { operator }),
    ];
    let redacted = |by| read((relocation, 4), Event::RelocationRedacted { by });
    let reason = WithdrawalReason::Mistake;
    let withdrawn = read((relocation, 4), Event::RelocationWithdrawn { reason });
    let asked = read((alert, 4), Event::AlertRedacted);
    let known = Some(sender);
    for (ending, told, sender, expected) in [
        (&withdrawn, &told[..], None, "RRR"),
        (&redacted(sender), &told, known, "OOO"),
        // whoever sent it
        (&redacted(sender), &told, None, "-O-"),
        (&redacted(receiver), &told, known, "--O"),
        (&redacted(receiver), &told, None, "--O"),
        (&asked, &answered, known, "A-"),
        (&asked, &told, known, "---"),
        // what was told before it
        (
            &read((relocation, 2), redacted(sender).event),
            &told,
            known,
            "O--",
        ),
    ] {
        assert_eq!(ended(ending, told, sender), expected, "{ending:?}");
    }
    assert!(Recall::of(&read((relocation, 5), Event::RelocationAcknowledged)).is_none());
}

#[test]
fn what_the_other_party_may_read_no_more_is_said_in_words() {
    let one = Subject::relocation(Uuid::from_u128(7));
    for (by, english, swedish) in [
        ("2283", None, None),
        (
            "0184",
            Some("ended 2026-11-25T12:00:02Z for the other party"),
            Some("avslutades 2026-11-25T12:00:02Z för den andra parten"),
        ),
    ] {
        let by = code(by);
        let house = House::with_entries(BOTH, |entries| {
            entries[1] = house::entry((one, 2), Event::RelocationRedacted { by }, 2);
        });
        house.write_receipt("registered", 0, 7, &[1, 2]);
        house.write_receipt("redacted", 1, 7, &[1, 2]);
        let verdict = judge(&house, &["registered", "redacted"]).expect("usable");
        for (language, says) in [(Language::En, english), (Language::Sv, swedish)] {
            let words = words::receipt(&verdict, language);
            assert_eq!(verdict.ended.is_some(), says.is_some());
            assert!(says.is_none_or(|says| words.contains(says)), "{words}");
            assert!(!words.contains("receiver's keys") && !words.contains("mottagarens nycklar"));
        }
    }
}

#[test]
fn a_log_that_continues_is_proven_and_one_that_was_rewritten_is_not() {
    let house = House::new(BOTH);
    let rewritten = House::with_entries(BOTH, |entries| entries.swap(4, 5));
    for old in 1..=7 {
        house.write_checkpoint("old", old);
        for size in old..=7 {
            for (log, is_continued) in [(&house, true), (&rewritten, old < 5)] {
                let proof = log.consistency(old, size, &[1, 2]);
                fs::write(house.path("proof"), proof).expect("written");
                let verdict = two(&house, "old", "proof");
                assert_eq!(verdict.proven, is_continued, "{old} to {size}: {verdict:?}");
            }
        }
    }
}

#[test]
fn a_newer_checkpoint_without_enough_witnesses_proves_nothing() {
    let house = House::new(BOTH);
    house.write_checkpoint("old", 3);
    for (witnesses, fault) in [
        (&[1, 2][..], None),
        (&[2], Some(consistency::Fault::QuorumNotMet)),
        (&[], Some(consistency::Fault::QuorumNotMet)),
    ] {
        let proof = house.consistency(3, 7, witnesses);
        fs::write(house.path("proof"), proof).expect("written");
        let verdict = two(&house, "old", "proof");
        assert_eq!((verdict.proven, verdict.fault), (fault.is_none(), fault));
        assert_eq!(verdict.quorum_met, fault.is_none());
    }
}

#[test]
fn a_proof_is_for_its_own_checkpoints_of_one_trusted_log() {
    use consistency::Fault as Inconsistency;
    let house = House::new(NOBODY);
    let write = |name: &str, text: String| fs::write(house.path(name), text).expect("written");
    write("proof", house.consistency(3, 7, &[]));
    house.write_receipt("old", 0, 3, &[]);
    assert_eq!(
        two(&house, "old", "proof").fault,
        None,
        "a receipt holds a checkpoint"
    );
    house.write_checkpoint("old", 4);
    assert_eq!(
        two(&house, "old", "proof").fault,
        Some(Inconsistency::OtherSize)
    );
    house.write_receipt_of_another_log("old", 0, 3);
    assert_eq!(
        two(&house, "old", "proof").fault,
        Some(Inconsistency::UnknownLog)
    );
    house.write_checkpoint("old", 3);
    let right = house.consistency(3, 7, &[]).into_bytes();
    for at in 0..right.len() {
        let mut bytes = right.clone();
        bytes[at] ^= 1;
        fs::write(house.path("proof"), bytes).expect("written");
        let Verb::Consistency(files) = line(&house, &["consistency", "old", "proof"]) else {
            panic!("not about two checkpoints");
        };
        match consistency::judge(&files) {
            Err(Failure::Usage(_)) => {}
            Err(other) => panic!("byte {at}: {other:?}"),
            Ok(verdict) => assert!(!verdict.proven, "byte {at}"),
        }
    }
}

fn two(house: &House, old: &str, proof: &str) -> consistency::Verdict {
    let Verb::Consistency(files) = line(house, &["consistency", old, proof]) else {
        panic!("not about two checkpoints");
    };
    consistency::judge(&files).expect("usable")
}
