//! Keys of the specification and of Go's implementation, and what is no key.

use super::*;
use crate::cosignature::Witness;
use crate::sample;

const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SECRET_TEXT: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

/// Every shorter piece of a text, and the text with each sign replaced by the next.
fn manglings(text: &str) -> impl Iterator<Item = String> {
    let length = text.len();
    let pieces = (0..length).flat_map(move |start| {
        let ends = start + 1..=length;
        ends.filter(move |end| (start, *end) != (0, length))
            .map(move |end| text.get(start..end).unwrap().to_owned())
    });
    let replaced = (0..length).map(|at| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] += 1;
        String::from_utf8(bytes).unwrap()
    });
    pieces.chain(replaced)
}

#[test]
fn the_example_of_the_specification_verifies() {
    let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let key = Verifier::<Log>::parse(text).unwrap();
    assert_eq!(key.to_string(), text);
    assert_eq!(
        (key.name().as_str(), key.id()),
        ("example.com/foo", KeyId([0x53, 0x0d, 0x90, 0x3a]))
    );
    let note = Note::parse(
        "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n".as_bytes(),
    );
    assert_eq!(key.check(&note.unwrap()), Ok(Some(())));
}

#[test]
fn a_key_is_read_whole_or_not_at_all() {
    let signer = Signer::<Log>::parse(SECRET_TEXT).unwrap();
    assert_eq!(signer.secret().as_str(), SECRET_TEXT);
    assert_eq!(signer.verifier().to_string(), PUBLIC);
    assert_eq!(Verifier::parse(PUBLIC).as_ref(), Ok(signer.verifier()));
    for text in manglings(PUBLIC) {
        assert!(Verifier::<Log>::parse(&text).is_err(), "{text}");
    }
    for text in manglings(SECRET_TEXT) {
        assert!(Signer::<Log>::parse(&text).is_err(), "{text}");
    }
}

#[test]
fn what_is_no_key_is_refused() {
    for (text, expected) in [
        (
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            "a key is not base64",
        ),
        (
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAAAA",
            "a key has 32 bytes",
        ),
        (
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "a key of another type",
        ),
        (
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "the id is not that of the key",
        ),
        ("PeterNeumann+c74f20a3+", "a key of another type"),
        ("PeterNeumann+c74f20a3", "a key has a name, an id and bytes"),
        // y = 2 is on no point of the curve; the neutral point is one that signs everything
        (
            "a+00000000+AQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "not a public key",
        ),
        (
            "a+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "not a public key",
        ),
    ] {
        assert_eq!(
            Verifier::<Log>::parse(text),
            Err(Malformed(expected)),
            "{text}"
        );
    }
}

/// The owner of the key made it so that its first part is the neutral point; lenient verifiers take it.
#[test]
fn a_signature_of_small_order_is_refused() {
    let line = "\u{2014} log.flyttbud.example tXjxNwEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAapg6V530uwWvkBGKqQkmqihVITgGYQEVSm4374bklg8=";
    let note = Note::parse(format!("A text\n\n{line}\n").as_bytes()).unwrap();
    assert!(sample::log().verifier().check(&note).is_err());
}

#[test]
fn one_key_in_another_role_is_another_key() {
    let log = sample::signer::<Log>("same", 9);
    let witness = sample::signer::<Witness>("same", 9);
    assert_eq!(log.verifier().public(), witness.verifier().public());
    assert_ne!(log.verifier().id(), witness.verifier().id());
    let another = Err(Malformed("a key of another type"));
    assert_eq!(
        Verifier::<Witness>::parse(&log.verifier().to_string()),
        another
    );
    assert!(Signer::<Log>::parse(&witness.secret()).is_err());
    assert!(Signer::<Witness>::parse(&witness.secret()).is_ok());
}

#[test]
fn a_signer_shows_no_secret() {
    let signer = Signer::<Log>::parse(SECRET_TEXT).unwrap();
    assert_eq!(
        format!("{signer:?} {:?}", signer.clone()),
        "Signer(PeterNeumann, ..) Signer(PeterNeumann, ..)"
    );
}
