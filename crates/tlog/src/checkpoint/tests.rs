//! What is a checkpoint, and what is not.

use proptest::prelude::*;

use super::*;
use crate::limits::NUMBER_MAX;
use crate::sample;
use crate::tree::memory::Memory;

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

#[test]
fn the_example_of_the_specification_is_read() {
    let text = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
    let checkpoint = Checkpoint::parse(&text).unwrap();
    assert_eq!(checkpoint.origin.as_str(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.head.size, Size(20_852_163));
    assert_eq!(checkpoint.head.root.to_string(), ROOT);
    assert_eq!(checkpoint.to_string(), text);
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    for (text, expected) in [
        (format!("a\n1\n{ROOT}\n"), Ok(1)),
        (format!("any + thing\n0\n{ROOT}\n"), Ok(0)),
        (
            format!("a\n9223372036854775807\n{ROOT}\nmore\nand more\n"),
            Ok(NUMBER_MAX),
        ),
        (String::new(), Err("a checkpoint has three lines")),
        ("\n".to_owned(), Err("a checkpoint has three lines")),
        ("a\n1\n".to_owned(), Err("a checkpoint has three lines")),
        (format!("\n1\n{ROOT}\n"), Err("an origin is a line of text")),
        (format!("a\n\n{ROOT}\n"), Err("not the size of a tree")),
        (format!("a\n01\n{ROOT}\n"), Err("not the size of a tree")),
        (format!("a\n-1\n{ROOT}\n"), Err("not the size of a tree")),
        (format!("a\n1 \n{ROOT}\n"), Err("not the size of a tree")),
        (
            format!("a\n9223372036854775808\n{ROOT}\n"),
            Err("not the size of a tree"),
        ),
        ("a\n1\nAAAA\n".to_owned(), Err("not the root of a tree")),
        (format!("a\n1\n{ROOT} \n"), Err("not the root of a tree")),
        (
            format!("a\n1\n{ROOT}\n\n"),
            Err("a checkpoint has no empty lines"),
        ),
        (
            format!("a\n1\n{ROOT}\nmore\n\nmore\n"),
            Err("a checkpoint has no empty lines"),
        ),
    ] {
        let size = Checkpoint::parse(&text).map(|checkpoint| checkpoint.head.size.0);
        assert_eq!(size, expected.map_err(Malformed), "{text:?}");
    }
}

#[test]
fn a_log_signs_in_its_own_name() {
    let signed = sample::checkpoint(Memory::of(3).head(), &[]);
    assert_eq!(signed.checkpoint().origin.as_str(), "log.flyttbud.example");
    assert_eq!(
        SignedCheckpoint::parse(signed.to_string().as_bytes()),
        Ok(signed.clone())
    );
    assert_eq!(sample::log().verifier().check(signed.note()), Ok(Some(())));
}

proptest! {
    #[test]
    fn invariant_any_text_is_read_or_refused(text: String, lines in "([a-z0-9=+]{0,45}\n){0,5}") {
        for text in [text, lines] {
            let _read = Checkpoint::parse(&text);
            let _read = SignedCheckpoint::parse(text.as_bytes());
        }
    }
}
