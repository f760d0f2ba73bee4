//! Cosignatures that public witnesses gave, and our own.

use super::*;
use crate::checkpoint::Checkpoint;
use crate::key::{Log, Verifier};
use crate::note::Note;
use crate::sample::{self, at};
use crate::tree::Head;
use crate::tree::memory::Memory;

/// A checkpoint of a public log, cosigned by four public witnesses. The first line is of a type that is not known
/// here.
const CHECKPOINT: &str = "\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";

/// In two halves, or the checker of spelling finds a word in it.
const LOG: &str = concat!(
    "arche2025h1.staging.ct.transparency.dev+b",
    "a2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f",
);

const WITNESSES: [&str; 4] = [
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
];

#[test]
fn cosignatures_of_public_witnesses_verify() {
    let signed = SignedCheckpoint::parse(CHECKPOINT.as_bytes()).unwrap();
    assert_eq!(signed.to_string(), CHECKPOINT);
    let log = Verifier::<Log>::parse(LOG).unwrap();
    assert_eq!(log.check(signed.note()), Ok(Some(())));
    let larger = CHECKPOINT.replace("1432088532", "1432088533");
    let larger = SignedCheckpoint::parse(larger.as_bytes()).unwrap();
    assert!(log.check(larger.note()).is_err());
    for key in WITNESSES {
        let witness = Verifier::<Witness>::parse(key).unwrap();
        assert_eq!(witness.to_string(), key);
        assert_eq!(witness.check(signed.note()), Ok(UnixTime::new(0x6a12_2120)));
        assert!(witness.check(larger.note()).is_err());
    }
}

#[test]
fn the_message_is_that_of_the_specification() {
    let text =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(
        Witness::message(text, at(1_679_315_147)),
        format!("cosignature/v1\ntime 1679315147\n{text}")
    );
    let line = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
    let signature = Signature::parse(line).unwrap();
    let (time, bytes) = Witness::decode(&signature.bytes).unwrap();
    assert_eq!(time, at(1_679_315_147));
    assert_eq!(Witness::encode(time, bytes), signature.bytes);
}

#[test]
fn of_several_cosignatures_the_latest_counts() {
    let mut signed = sample::checkpoint(Memory::of(5).head(), &[]);
    let witness = sample::witness(1);
    assert_eq!(witness.verifier().check(signed.note()), Ok(None));
    let [late, early] = [200, 100].map(|time| witness.cosign(&signed, at(time)));
    let both = format!("{signed}{late}\n{early}\n");
    let both = Note::parse(both.as_bytes()).unwrap();
    assert_eq!(witness.verifier().check(&both), Ok(Some(at(200))));
    signed.add(late);
    signed.add(early);
    assert_eq!(witness.verifier().check(signed.note()), Ok(Some(at(100))));
}

#[test]
fn a_cosignature_is_for_its_time_and_tree_only() {
    let signed = sample::checkpoint(Memory::of(5).head(), &[]);
    let other = sample::checkpoint(Memory::of(6).head(), &[]);
    let witness = sample::witness(1);
    let signature = witness.cosign(&signed, at(100));
    let mut later = signature.clone();
    later.bytes[7] ^= 1;
    let mut plain = signature.clone();
    plain.bytes.drain(..8);
    let statement = |checkpoint: &SignedCheckpoint, signature| {
        let text = checkpoint.note().text();
        witness.verifier().statement(text, signature).ok().flatten()
    };
    assert_eq!(statement(&signed, &signature), Some(at(100)));
    assert_eq!(statement(&other, &signature), None);
    assert_eq!(statement(&signed, &later), None);
    assert_eq!(statement(&signed, &plain), None);
}

#[test]
fn a_time_is_a_time() {
    for (seconds, expected) in [
        (0, false),
        (1, true),
        (NUMBER_MAX, true),
        (NUMBER_MAX + 1, false),
    ] {
        assert_eq!(UnixTime::new(seconds).is_some(), expected, "{seconds}");
        let bytes = [seconds.to_be_bytes().as_slice(), &[0; 64]].concat();
        assert_eq!(Witness::decode(&bytes).is_some(), expected, "{seconds}");
    }
}

#[test]
fn lines_that_extend_a_checkpoint_are_cosigned_too() {
    let text = format!("log.flyttbud.example\n0\n{}\nmore\n", Head::EMPTY.root);
    let note = Note::sign(&text, &sample::log()).unwrap();
    let mut signed = SignedCheckpoint::parse(note.to_string().as_bytes()).unwrap();
    signed.add(sample::witness(1).cosign(&signed, at(1)));
    let changed = signed.to_string().replace("more", "less");
    let changed = SignedCheckpoint::parse(changed.as_bytes()).unwrap();
    let witness = sample::witness(1);
    assert_eq!(Checkpoint::parse(&text).unwrap().head, Head::EMPTY);
    assert_eq!(witness.verifier().check(signed.note()), Ok(Some(at(1))));
    assert!(witness.verifier().check(changed.note()).is_err());
}
