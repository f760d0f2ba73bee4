//! The notes that Go's implementation is tested with, and what is no note.

use proptest::prelude::*;

use super::*;
use crate::key::{Forged, Verifier};

const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const PETER: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn peter() -> Verifier<Log> {
    Verifier::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap()
}

fn enoch() -> Verifier<Log> {
    Verifier::parse("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop").unwrap()
}

fn parse(text: &str) -> Result<Note, Malformed> {
    Note::parse(text.as_bytes())
}

#[test]
fn signing_makes_the_note_of_the_other_implementation() {
    let secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let note = Note::sign(TEXT, &Signer::parse(secret).unwrap()).unwrap();
    assert_eq!(note.to_string(), format!("{TEXT}\n{PETER}"));
}

#[test]
fn a_known_key_is_verified_and_an_unknown_one_ignored() {
    let both = parse(&format!("{TEXT}\n{PETER}{ENOCH}")).unwrap();
    assert_eq!(both.text(), TEXT);
    assert_eq!(peter().check(&both), Ok(Some(())));
    assert_eq!(enoch().check(&both), Ok(Some(())));
    let one = parse(&format!("{TEXT}\n{PETER}")).unwrap();
    assert_eq!(enoch().check(&one), Ok(None));
}

#[test]
fn a_false_signature_of_a_known_key_refuses_the_note() {
    let other_text = format!("{}\n{PETER}{ENOCH}", TEXT.replace("answer", "question"));
    let longer = PETER.replace("SffcvIAQ", "SffcABCDvIAQ");
    let second = PETER.replace("/ZJkuBS9", "/ZJkuBS8");
    for text in [
        other_text,
        format!("{TEXT}\n{longer}"),
        format!("{TEXT}\n{PETER}{second}"),
        format!("{TEXT}\n{second}{PETER}"),
    ] {
        let note = parse(&text).unwrap();
        assert_eq!(peter().check(&note), Err(Forged(peter().name().clone())));
    }
}

#[test]
fn the_last_empty_line_ends_the_text() {
    for text in ["a\n\nb\n", "a\n\n", "\n", "\u{7f}\u{e9}\u{2014} b\n"] {
        let note = parse(&format!("{text}\n{PETER}")).unwrap();
        assert_eq!(note.text(), text);
    }
}

#[test]
fn what_is_no_note_is_refused() {
    let line = |name: &str, base64: &str| format!("{TEXT}\n\u{2014} {name} {base64}\n");
    for (text, expected) in [
        (TEXT.to_owned(), "no empty line before the signatures"),
        (String::new(), "no empty line before the signatures"),
        (format!("{TEXT}\n"), "no line feed ends the signatures"),
        (
            format!("{TEXT}\n{}", PETER.trim_end()),
            "no line feed ends the signatures",
        ),
        (
            format!("{TEXT}\n{PETER}Unexpected line.\n"),
            "not a signature line",
        ),
        (
            format!("{TEXT}\n{PETER}\n"),
            "no line feed ends the signatures",
        ),
        (
            format!("{TEXT}\n{}", PETER.replace('—', "-")),
            "not a signature line",
        ),
        (
            format!("\u{1}{TEXT}\n{PETER}"),
            "a note has no control characters",
        ),
        (
            format!("{TEXT}\n{PETER}").replace('\n', "\r\n"),
            "a note has no control characters",
        ),
        (line("Bad Name", "AAAAAAA="), "a signature is not base64"),
        (line("Bad+Name", "AAAAAAA="), "not the name of a key"),
        (line("Bad\u{a0}Name", "AAAAAAA="), "not the name of a key"),
        (line("", "AAAAAAA="), "not the name of a key"),
        (line("Name", "AAAAAA=="), "a signature is too short"),
        (line("Name", "AAAAAAB="), "a signature is not base64"),
        (line("Name", "AAAAAAA"), "a signature is not base64"),
        (line("Name", " AAAAAAA="), "a signature is not base64"),
    ] {
        assert_eq!(parse(&text), Err(Malformed(expected)), "{text:?}");
    }
    assert!(Note::parse(b"\xff\n\n").is_err());
    let signer = crate::sample::log();
    for text in ["", "no line feed", "tab\t\n"] {
        assert!(Note::sign(text, &signer).is_err(), "{text:?}");
    }
}

#[test]
fn a_note_has_bounds() {
    let signed = |count| parse(&format!("{TEXT}\n{}", PETER.repeat(count))).map(|_note| ());
    assert_eq!(signed(SIGNATURES_MAX), Ok(()));
    assert_eq!(
        signed(SIGNATURES_MAX + 1),
        Err(Malformed("too many signatures"))
    );
    let long = |bytes| {
        parse(&format!(
            "{}\n\n{PETER}",
            "a".repeat(bytes - PETER.len() - 2)
        ))
    };
    assert!(long(NOTE_BYTES_MAX).is_ok());
    assert_eq!(
        long(NOTE_BYTES_MAX + 1),
        Err(Malformed("the text is too long"))
    );
}

#[test]
fn a_key_has_one_line() {
    let [namesake, other] =
        ["PeterNeumann AAAAAAA=", "other x08gowA="].map(|rest| format!("{DASH}{rest}\n"));
    let mut note = parse(&format!("{TEXT}\n{PETER}{ENOCH}{namesake}{PETER}{other}")).unwrap();
    note.add(Signature::parse(PETER.trim_end()).unwrap());
    assert_eq!(
        note.to_string(),
        format!("{TEXT}\n{ENOCH}{namesake}{other}{PETER}")
    );
}

proptest! {
    #[test]
    fn invariant_a_note_is_what_was_read(text in "([a-zåäö \u{2014}]{0,5}\n){1,5}", lines in prop::collection::vec("[!-*,-~]{1,9}", 1..5)) {
        let lines = lines.iter().map(|name| format!("\u{2014} {name} AAAAAAA=\n"));
        let whole = format!("{text}\n{}", lines.collect::<String>());
        prop_assert_eq!(parse(&whole).unwrap().to_string(), whole);
    }

    #[test]
    fn invariant_a_changed_note_is_not_signed(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = format!("{TEXT}\n{PETER}").into_bytes();
        bytes[at.index(TEXT.len() + 1 + PETER.len())] ^= 1_u8 << bit;
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_ne!(peter().check(&note), Ok(Some(())));
        }
    }

    #[test]
    fn invariant_any_bytes_are_read_or_refused(bytes: Vec<u8>, text in "[a\n\u{2014} +=A]{0,60}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            if let Ok(note) = Note::parse(bytes) {
                prop_assert_eq!(note.to_string().into_bytes(), bytes);
            }
        }
    }
}
