//! The stored bytes of each kind, as this contract once wrote them. A journal is for ever: what was written is
//! read for ever, and evidence hashes these very bytes. Add lines; never edit one.

use domain::subject::Position;
use jiff::Timestamp;

use super::given::{draft_of, every_kind, placed_notices};
use crate::record::{Placed, decode, encode};

const GOLDEN: &str = include_str!("golden.txt");

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string grows");
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|sign| u8::try_from(sign.to_digit(16).expect("a hex digit")).expect("small"))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] * 16 + pair[1])
        .collect()
}

#[test]
fn each_kind_is_written_and_read_as_it_once_was() {
    let notices = placed_notices();
    let lines: Vec<&str> = GOLDEN.lines().collect();
    let kinds = every_kind();
    let mut written = Vec::new();
    for (event, position) in kinds.into_iter().zip(1..) {
        let placed = Placed {
            position: Position(position),
            recorded_at: Timestamp::from_microsecond(1_764_028_800_000_001).expect("in range"),
            notices: &notices,
            salt: [5; 16],
        };
        written.push(hex(&encode(&draft_of(event), placed)));
    }
    assert_eq!(written, lines, "written:\n{}", written.join("\n"));
    for (line, event) in lines.iter().zip(every_kind()) {
        assert_eq!(decode(&bytes(line)).expect("readable").event, event);
    }
}
