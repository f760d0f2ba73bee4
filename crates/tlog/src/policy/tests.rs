//! The policy of the specification, what is no policy, and who is enough.

use proptest::prelude::*;

use super::*;
use crate::sample;

/// The lines of a policy with `L` for the key of a log and `1` to `6` for those of witnesses.
fn parse(lines: &str) -> Result<Policy, Fault> {
    let mut text = String::new();
    for line in lines.lines() {
        for word in line.trim().split(' ') {
            text += &match word {
                "L" => sample::log().verifier().to_string(),
                "M" => sample::signer::<Issuer>("renamed", 1)
                    .verifier()
                    .to_string(),
                "1" | "2" | "3" | "4" | "5" | "6" if !line.contains("group") => {
                    sample::witness(word.parse().unwrap())
                        .verifier()
                        .to_string()
                }
                "!" => sample::signer::<Cosigner>("renamed", 2)
                    .verifier()
                    .to_string(),
                word => word.to_owned(),
            };
            text += " ";
        }
        text += "\n";
    }
    Policy::parse(text.as_bytes())
}

const NESTED: &str = "
    # the example of the specification
    log L https://log.example/

    witness X1 1
    witness X2 2 https://x2.example/
    witness X3 3
    group X-witnesses 2 X1 X2 X3

    witness Y1 4
    witness Y2 5
    witness Y3 6
    group Y-witnesses any Y1 Y2 Y3

    group X-and-Y all X-witnesses Y-witnesses
    quorum X-and-Y
";

#[test]
fn the_example_of_the_specification_decides() {
    let policy = parse(NESTED).unwrap();
    let urls = |policy: &Policy| {
        let witnesses = policy.witnesses().iter().filter_map(|one| one.url.clone());
        let logs = policy.logs().iter().filter_map(|one| one.url.clone());
        logs.chain(witnesses).collect::<Vec<_>>()
    };
    assert_eq!(
        urls(&policy),
        ["https://log.example/", "https://x2.example/"]
    );
    for (cosigned, expected) in [
        ("", false),
        ("X1 Y1", false),
        ("X1 X2", false),
        ("Y1 Y2 Y3", false),
        ("X1 X2 Y3", true),
        ("X2 X3 Y1", true),
        ("X1 X2 X3 Y1 Y2 Y3", true),
        ("X1 X2 X-witnesses Y-witnesses X-and-Y", false),
    ] {
        let cosigned = cosigned.split(' ').collect();
        assert_eq!(policy.is_met(&cosigned), expected, "{cosigned:?}");
    }
}

#[test]
fn a_quorum_is_a_witness_a_group_or_nobody() {
    for (lines, cosigned, expected) in [
        ("quorum none", "", true),
        ("witness a 1\nquorum none", "", true),
        ("witness a 1\nquorum a", "", false),
        ("witness a 1\nquorum a", "a", true),
        ("witness a 1\nwitness b 2\nquorum a", "b", false),
        (
            "witness a 1\nwitness b 2\ngroup g 1 a b\nquorum g",
            "b",
            true,
        ),
        (
            "witness a 1\nwitness b 2\ngroup g 2 a b\nquorum g",
            "b",
            false,
        ),
        (
            "witness a 1\nwitness b 2\ngroup g all a b\nquorum g",
            "a b",
            true,
        ),
        ("witness none-of 1\nquorum none-of", "none-of", true),
    ] {
        let policy = parse(lines).unwrap();
        let cosigned = cosigned.split(' ').collect();
        assert_eq!(policy.is_met(&cosigned), expected, "{lines}");
    }
}

/// Each policy with the line that is refused and the reason.
fn refused(cases: &[(&str, usize, &'static str)]) {
    for (lines, line, what) in cases {
        let fault = Fault {
            line: *line,
            what: Malformed(what),
        };
        assert_eq!(parse(lines), Err(fault), "{lines}");
    }
}

#[test]
fn a_line_without_sense_is_refused() {
    refused(&[
        ("", 1, "there is no quorum"),
        ("log L", 1, "there is no quorum"),
        ("quorum none\nquorum none", 2, "there is one quorum"),
        (
            "quorum a\nwitness a 1",
            1,
            "a name is not defined before its use",
        ),
        ("quorum", 1, "not a line of a policy"),
        ("quorum none none", 1, "not a line of a policy"),
        ("Quorum none", 1, "not a line of a policy"),
        ("log", 1, "not a line of a policy"),
        ("witness a", 1, "not a line of a policy"),
        ("log L https://a https://b", 1, "more than one address"),
    ]);
}

#[test]
fn a_key_that_does_not_fit_is_refused() {
    refused(&[
        ("log 1", 1, "a key of another type"),
        ("log L\nlog M", 2, "a key is listed once"),
        ("witness a L", 1, "a key of another type"),
        ("witness a nothing", 1, "a key has a name, an id and bytes"),
        ("witness a 1\nwitness b !", 2, "a key is listed once"),
        ("witness a 1\nwitness a 2", 2, "a name is defined once"),
        ("witness none 1", 1, "a name is defined once"),
    ]);
}

#[test]
fn a_group_that_decides_nothing_or_twice_is_refused() {
    for (line, what) in [
        ("group a any a", "a name is defined once"),
        ("group none any a", "a name is defined once"),
        ("group g any", "not a threshold of that group"),
        ("group g 0 a", "not a threshold of that group"),
        ("group g 2 a", "not a threshold of that group"),
        ("group g 01 a", "not a threshold of that group"),
        ("group g some a", "not a threshold of that group"),
        ("group g any a a", "a name is a member once at most"),
        ("group g any a none", "a name is a member once at most"),
        ("group g any g", "a name is not defined before its use"),
    ] {
        refused(&[(&format!("witness a 1\n{line}"), 2, what)]);
    }
    let twice = "witness a 1\ngroup g any a\ngroup h any a";
    refused(&[(twice, 3, "a name is a member once at most")]);
}

#[test]
fn a_policy_is_text_of_ended_lines() {
    let parse = |text: &[u8]| Policy::parse(text).map_err(|fault| (fault.line, fault.what.0));
    assert!(parse(b"\t quorum \t none\t\n \n\t# anything \xc3\xa5\n").is_ok());
    for (text, expected) in [
        (&b"quorum none"[..], (1, "no line feed ends the line")),
        (b"quorum none\n#", (2, "no line feed ends the line")),
        (
            b"quorum none\r\n",
            (1, "a policy has no control characters"),
        ),
        (
            b"quorum none\n# \x7f\n",
            (2, "a policy has no control characters"),
        ),
        (b"quorum none\n# \xff\n", (1, "the text is not UTF-8")),
    ] {
        assert_eq!(parse(text), Err(expected));
    }
    let long =
        |bytes| parse(&[b"quorum none\n#", "a".repeat(bytes - 14).as_bytes(), b"\n"].concat());
    assert!(long(POLICY_BYTES_MAX).is_ok());
    assert_eq!(long(POLICY_BYTES_MAX + 1), Err((1, "the text is too long")));
}

proptest! {
    #[test]
    fn invariant_any_bytes_are_read_or_refused(bytes: Vec<u8>, lines in "((log|witness|group|quorum|none|any|all|a|b|1|2)?[ \n]){0,30}") {
        let _read = Policy::parse(&bytes);
        let _read = parse(&lines);
    }

    #[test]
    fn invariant_more_witnesses_are_never_too_few(cosigned in prop::collection::btree_set("[XY][1-3]", 0..6), more in "[XY][1-3]") {
        let policy = parse(NESTED).unwrap();
        let mut cosigned: BTreeSet<&str> = cosigned.iter().map(String::as_str).collect();
        let before = policy.is_met(&cosigned);
        cosigned.insert(&more);
        prop_assert!(policy.is_met(&cosigned) >= before);
    }
}
