//! A receipt that another implementation made, and what is no receipt.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::limits::NUMBER_MAX;
use crate::note::Note;
use crate::sample::{self, at, policy};
use crate::tree::memory::leaf;

/// Made with another implementation (Python, OpenSSL), with the keys of the samples: leaf 10 of 13.
const RECEIPT: &str = "\
c2sp.org/tlog-proof@v1
extra bm90IGF1dGhlbnRpY2F0ZWQ=
index 10
IlqTEeaKGmHeR4eHzF+lY62Rxonms5YCBumQzYLPO3Y=
CD8my2Lpgr8t7kBK2Uc2wCsP5Owvw9MoH0wPQQ10BGI=
FNf/Bsl9rs+tenSfTlkGp0roYG1y0Mkml7f5/oxaa7Q=
O4WpYmwcy2TGuV7H+mSIje/izxLjnnfhCBLOX8uctY4=

log.flyttbud.example
13
JSDh8gh6Q+7wEv6kd03BVoyHEKnPp/flCUcl+efqGaI=

— log.flyttbud.example tXjxN2kyusiYhTH3yASHUarf6VydUktevx5Jve2eefpH/roPooi+iqVMorVUnmK9Yk9reWmVv1TYt1DilnrNSfRozA8=
— w1.example/witness jUnp7QAAAABpJPGACsQT9Kp4eRo21iWQXVTkZaGsbNNPhKLXwH8sjiD2hwtj7ne11D5wUXDBv/4TnrSeaH2HlzjIT/4TRDyRkQQnCg==
— w2.example/witness udHn6wAAAABpJPGBsgRL8sJl03KRmlPg9QRttT3ri0etQ1OWGHgO+4B3GLdWbYrFklFR12JkPzWTu4owoU0miKQuiaUeOEGbS+9GCw==
";

const TWO: &str = "group g 2 w1 w2 w3\nquorum g\n";

fn parse(text: &str) -> Result<Receipt, Malformed> {
    Receipt::parse(text.as_bytes())
}

#[test]
fn a_receipt_of_another_implementation_verifies() {
    let receipt = parse(RECEIPT).unwrap();
    assert_eq!(receipt.to_string(), RECEIPT);
    assert_eq!(receipt.extra, b"not authenticated");
    let policy = policy(TWO);
    let verified = receipt.verify(&leaf(10), &policy).unwrap();
    assert_eq!(verified.index, Index(10));
    assert_eq!(verified.checkpoint.origin.as_str(), "log.flyttbud.example");
    assert_eq!(
        verified.checkpoint.head,
        crate::tree::memory::Memory::of(13).head()
    );
    assert_eq!(&verified.log.key, sample::log().verifier());
    let witnesses = verified
        .witnesses
        .iter()
        .map(|(witness, at)| (witness.name.as_str(), *at));
    let expected = [("w1", at(1_764_028_800)), ("w2", at(1_764_028_801))];
    assert_eq!(witnesses.collect::<Vec<_>>(), expected);
    assert!(verified.is_quorum_met);
}

#[test]
fn the_same_receipt_is_made_here() {
    let mut receipt = sample::receipt(10, 13, &[1]);
    receipt.extra = b"not authenticated".to_vec();
    let signature = sample::witness(2).cosign(&receipt.checkpoint, at(1_764_028_801));
    receipt.checkpoint.add(signature);
    assert_eq!(receipt.to_string(), RECEIPT);
}

#[test]
fn the_policy_says_which_witnesses_are_enough() {
    for (witnesses, end, expected) in [
        (&[][..], "quorum none\n", true),
        (&[], TWO, false),
        (&[2], TWO, false),
        (&[1, 3], TWO, true),
        (&[2], "quorum w2\n", true),
        (&[1, 3], "quorum w2\n", false),
        // the witnesses 4 and 5 are not known to the policy
        (&[1, 4, 5], TWO, false),
    ] {
        let (receipt, policy) = (sample::receipt(3, 9, witnesses), policy(end));
        let verified = receipt.verify(&leaf(3), &policy).unwrap();
        assert_eq!(verified.is_quorum_met, expected, "{witnesses:?} {end}");
        let known = witnesses.iter().filter(|number| **number <= 3).count();
        assert_eq!(verified.witnesses.len(), known);
    }
}

#[test]
fn a_receipt_of_something_else_is_refused() {
    let policy = policy("quorum none\n");
    let receipt = sample::receipt(3, 9, &[]);
    let refusal = |receipt: &Receipt, entry| receipt.verify(&leaf(entry), &policy).unwrap_err();
    assert_eq!(refusal(&receipt, 4), Refusal::NotIncluded(Unproven));

    let elsewhere = |index| Receipt {
        index: Index(index),
        ..receipt.clone()
    };
    for index in [0, 2, 4, 8, 9, NUMBER_MAX, u64::MAX] {
        assert_eq!(
            refusal(&elsewhere(index), 3),
            Refusal::NotIncluded(Unproven),
            "{index}"
        );
    }

    let other_log = sample::signer("other.example", 7);
    let signed_by = |signer| Receipt {
        checkpoint: SignedCheckpoint::sign(receipt.checkpoint.checkpoint().head, signer),
        ..receipt.clone()
    };
    assert_eq!(refusal(&signed_by(&other_log), 3), Refusal::UnknownLog);
    let same_name = sample::signer("log.flyttbud.example", 7);
    assert_eq!(refusal(&signed_by(&same_name), 3), Refusal::UnknownLog);

    // A log that is trusted for its own name says nothing about another's.
    let mut borrowed = signed_by(&other_log);
    let note = Note::sign(borrowed.checkpoint.note().text(), &sample::log()).unwrap();
    borrowed.checkpoint.add(note.signatures()[0].clone());
    assert_eq!(refusal(&borrowed, 3), Refusal::UnknownLog);
}

#[test]
fn a_false_signature_of_a_known_witness_refuses_the_receipt() {
    let mut receipt = sample::receipt(3, 9, &[1, 2]);
    let other = sample::receipt(3, 10, &[]);
    receipt
        .checkpoint
        .add(sample::witness(3).cosign(&other.checkpoint, at(5)));
    let forged = Forged(sample::witness(3).verifier().name().clone());
    let refusal = Refusal::Forged(forged);
    assert_eq!(receipt.verify(&leaf(3), &policy(TWO)).unwrap_err(), refusal);
}

#[test]
fn what_is_no_receipt_is_refused() {
    for (old, new, expected) in [
        ("@v1", "@v2", "not a tlog-proof of version 1"),
        ("c2sp", "\nc2sp", "not a tlog-proof of version 1"),
        ("index 10", "index 010", "no index"),
        ("index 10", "index", "no index"),
        ("index 10\n", "", "no index"),
        ("index 10", "index 10 ", "no index"),
        (
            "extra bm90IGF1dGhlbnRpY2F0ZWQ=",
            "extra ",
            "the extra data is not base64",
        ),
        (
            "extra bm90IGF1dGhlbnRpY2F0ZWQ=",
            "extra !",
            "the extra data is not base64",
        ),
        ("extra bm90", "extra bm90\nextra bm90", "no index"),
        ("IlqT", "Ilq", "a line of the proof is no hash"),
        ("IlqT", "IlqTIlqT", "a line of the proof is no hash"),
        ("\n\nlog", "\nlog", "a line of the proof is no hash"),
        ("\n\nlog", "\n\n\nlog", "an origin is a line of text"),
    ] {
        let text = RECEIPT.replace(old, new);
        assert_eq!(parse(&text), Err(Malformed(expected)), "{text}");
    }
    assert!(parse("").is_err());
    let long = |bytes: usize| {
        let filler = "A".repeat(bytes - RECEIPT.len());
        parse(&RECEIPT.replace("extra ", &format!("extra {filler}")))
    };
    // Four signs of base64 are three bytes: only some lengths can be read at all.
    let fits = DOCUMENT_BYTES_MAX - (DOCUMENT_BYTES_MAX - RECEIPT.len()) % 4;
    assert!(long(fits).is_ok());
    assert_eq!(long(fits + 4), Err(Malformed("the text is too long")));
}

/// A receipt of which no byte may be changed under the policy.
static SOUND: LazyLock<(String, Policy)> = LazyLock::new(|| {
    let receipt = sample::receipt(10, 13, &[1, 2, 3]).to_string();
    let policy = policy("group g all w1 w2 w3\nquorum g\n");
    assert!(is_evidence(receipt.as_bytes(), &policy));
    (receipt, policy)
});

fn is_evidence(bytes: &[u8], policy: &Policy) -> bool {
    Receipt::parse(bytes).is_ok_and(|receipt| {
        let verified = receipt.verify(&leaf(10), policy);
        verified.is_ok_and(|verified| verified.is_quorum_met)
    })
}

proptest! {
    // Each case verifies up to four signatures.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn invariant_a_changed_receipt_is_no_evidence(
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
        cut: bool,
    ) {
        let (sound, policy) = &*SOUND;
        let mut bytes = sound.clone().into_bytes();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1_u8 << bit;
        }
        prop_assert!(!is_evidence(&bytes, policy));
    }

    #[test]
    fn invariant_any_bytes_are_read_or_refused(bytes: Vec<u8>, text in "c2sp.org/tlog-proof@v1\n(extra [a=]{0,4}\n)?(index [0-9]{0,3}\n)?[a\n\u{2014} =]{0,60}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            if let Ok(receipt) = Receipt::parse(bytes) {
                prop_assert_eq!(receipt.to_string().into_bytes(), bytes);
            }
        }
    }
}
