//! What a witness decides, and that the two sides understand each other.

use proptest::prelude::*;

use super::*;
use crate::note::Note;
use crate::proof::consistency;
use crate::sample::{self, at};
use crate::tree::memory::{Memory, leaf};

/// A request to go from one size to another.
fn request(old: u64, memory: &Memory) -> Request {
    let head = memory.head();
    Request {
        old: Size(old),
        proof: consistency(memory, Size(old), head.size).unwrap(),
        checkpoint: sample::checkpoint(head, &[]),
    }
}

/// What a witness knows that cosigned the tree of this size.
fn known(size: u64) -> Known {
    Known {
        keys: vec![sample::log().verifier().clone()],
        head: Memory::of(size).head(),
    }
}

/// The tree of this size with another first leaf.
fn fork(size: u64) -> Memory {
    let mut memory = Memory::empty();
    memory.append((0..size).map(|index| leaf(if index == 0 { 99 } else { index })));
    memory
}

fn status(known: &Known, request: &Request) -> u16 {
    match consider(Some(known), request) {
        Decision::Cosign(head) => {
            assert_eq!(head, request.checkpoint.checkpoint().head);
            200
        }
        Decision::Refuse(refusal) => refusal.status(),
    }
}

#[test]
fn a_log_that_grows_is_cosigned() {
    let mut known = known(0);
    for (old, new) in [
        (0, 0),
        (0, 1),
        (1, 1),
        (1, 7),
        (7, 8),
        (8, 64),
        (64, 64),
        (64, 100),
    ] {
        let request = request(old, &Memory::of(new));
        let Decision::Cosign(head) = consider(Some(&known), &request) else {
            panic!("{old} to {new}");
        };
        known.head = head;
    }
    assert_eq!(known.head, Memory::of(100).head());
}

#[test]
fn each_refusal_has_its_status() {
    let fits = request(5, &Memory::of(9));
    let unknown = Refusal::UnknownOrigin;
    assert_eq!(consider(None, &fits), Decision::Refuse(unknown));
    assert_eq!(
        (unknown.status(), unknown.to_string().as_str()),
        (404, "unknown origin\n")
    );

    let shrinking = "the old size is above the new one\n";
    let inconsistent = "the consistency proof does not verify\n";
    let other_root = "another root was cosigned for this size\n";
    let from = |old| Request {
        old: Size(old),
        ..fits.clone()
    };
    let without_proof = |old| Request {
        proof: Vec::new(),
        ..from(old)
    };
    for (size, request, expected, body) in [
        (6, from(5), 409, "6\n"),
        (0, from(5), 409, "0\n"),
        (9, from(5), 409, "9\n"),
        (10, from(10), 400, shrinking),
        (5, from(10), 400, shrinking),
        (5, without_proof(5), 422, inconsistent),
        (5, request(5, &fork(9)), 422, inconsistent),
        (0, from(0), 422, inconsistent),
        (0, without_proof(0), 200, ""),
        (9, from(9), 422, inconsistent),
        (9, without_proof(9), 200, ""),
        (9, request(9, &fork(9)), 409, other_root),
        (0, request(0, &fork(9)), 200, ""),
    ] {
        assert_eq!(
            status(&known(size), &request),
            expected,
            "{size} {request:?}"
        );
        if let Decision::Refuse(refusal) = consider(Some(&known(size)), &request) {
            assert_eq!(refusal.to_string(), body);
        }
    }
}

#[test]
fn only_what_a_trusted_key_signed_is_cosigned() {
    let memory = Memory::of(9);
    let mut request = request(5, &memory);
    let mut known = known(5);
    let next = sample::signer("log.flyttbud.example", 8);
    known.keys.push(next.verifier().clone());
    assert_eq!(status(&known, &request), 200);
    request.checkpoint = SignedCheckpoint::sign(memory.head(), &next);
    assert_eq!(status(&known, &request), 200);
    // One of its keys signed, and the other's line is false.
    let other = Note::sign("another text\n", &sample::log()).unwrap();
    request.checkpoint.add(other.signatures()[0].clone());
    assert_eq!(status(&known, &request), 403);
    known.keys = vec![sample::signer("log.flyttbud.example", 7).verifier().clone()];
    assert_eq!(status(&known, &request), 403);
    known.keys.clear();
    assert_eq!(status(&known, &request), 403);
    // Nothing is told about the log before its signature is verified.
    request.old = Size(1000);
    assert_eq!(status(&known, &request), 403);
}

#[test]
fn the_request_of_the_specification_is_read() {
    let text = "\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";
    let request = Request::parse(text.as_bytes()).unwrap();
    assert_eq!((request.old, request.proof.len()), (Size(20_852_014), 4));
    assert_eq!(request.checkpoint.checkpoint().head.size, Size(20_852_163));
    assert_eq!(request.to_string(), text);
    for (old, new) in [
        ("old 2", "old 02"),
        ("old 2", "Old 2"),
        ("old 2", "old  2"),
        ("old 20852014\n", ""),
        ("PlRN", "PlR"),
        ("\n\nexample", "\nexample"),
        ("\n\n\u{2014}", "\n\u{2014}"),
        ("9Q=\n", "9Q="),
    ] {
        assert!(
            Request::parse(text.replace(old, new).as_bytes()).is_err(),
            "{new:?}"
        );
    }
}

#[test]
fn the_log_takes_the_line_of_its_witness_and_no_other() {
    let checkpoint = sample::checkpoint(Memory::of(9).head(), &[]);
    let (one, two) = (sample::witness(1), sample::witness(2));
    let [line, early, other] = [(&one, 7), (&one, 3), (&two, 5)]
        .map(|(witness, time)| witness.cosign(&checkpoint, at(time)));
    let elsewhere = one.cosign(&sample::checkpoint(Memory::of(8).head(), &[]), at(7));
    let forged = AnswerFault::Forged(Forged(one.verifier().name().clone()));
    for (answer, expected) in [
        (format!("{line}\n"), Ok(at(7))),
        (format!("{other}\n{line}\n{early}\n"), Ok(at(7))),
        (format!("{other}\n"), Err(AnswerFault::Missing)),
        (format!("{elsewhere}\n"), Err(forged.clone())),
        (format!("{line}\n{elsewhere}\n"), Err(forged)),
        (
            line.to_string(),
            Err(AnswerFault::Malformed(Malformed(
                "no line feed ends the signatures",
            ))),
        ),
        (
            "404\n".to_owned(),
            Err(AnswerFault::Malformed(Malformed("not a signature line"))),
        ),
    ] {
        let mut cosigned = checkpoint.clone();
        let accepted = accept(&mut cosigned, one.verifier(), answer.as_bytes());
        let added = if accepted.is_ok() {
            format!("{line}\n")
        } else {
            String::new()
        };
        assert_eq!(cosigned.to_string(), format!("{checkpoint}{added}"));
        assert_eq!(accepted, expected, "{answer}");
    }
}

#[test]
fn the_size_in_an_answer_is_read_back() {
    let refusal = Refusal::OtherSize(Size(50));
    assert_eq!(known_size(refusal.to_string().as_bytes()), Ok(Size(50)));
    assert_eq!(known_size(b"0\n"), Ok(Size(0)));
    for body in [
        &b""[..],
        b"\n",
        b"50",
        b"050\n",
        b"50\n\n",
        b"-1\n",
        b"\xff\n",
    ] {
        assert!(known_size(body).is_err(), "{body:?}");
    }
}

proptest! {
    // Each step signs and verifies.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn invariant_two_views_are_never_cosigned(steps in prop::collection::vec((any::<bool>(), 0..9_u64, 0..9_u64), 1..12)) {
        let mut known = known(0);
        let mut cosigned = Vec::new();
        for (is_fork, old, new) in steps {
            let memory = if is_fork { fork(new) } else { Memory::of(new) };
            let old = old.min(new);
            if let Decision::Cosign(head) = consider(Some(&known), &request(old, &memory)) {
                known.head = head;
                cosigned.push(head);
            }
        }
        prop_assert!(cosigned.is_sorted_by_key(|head| head.size));
        // All are of one history, whichever came first.
        let histories = [Memory::of(9), fork(9)];
        let root = |memory: &Memory, head: &Head| crate::proof::root(memory, head.size).unwrap();
        prop_assert!(histories.iter().any(|memory| cosigned.iter().all(|head| root(memory, head) == head.root)));
    }

    #[test]
    fn invariant_any_bytes_are_read_or_refused(bytes: Vec<u8>, text in "old [0-9]{0,3}\n[a\n\u{2014} =]{0,60}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            if let Ok(request) = Request::parse(bytes) {
                prop_assert_eq!(request.to_string().into_bytes(), bytes);
            }
            let _read = known_size(bytes);
            let mut checkpoint = sample::checkpoint(Head::EMPTY, &[]);
            prop_assert!(accept(&mut checkpoint, sample::witness(1).verifier(), bytes).is_err());
        }
    }
}
