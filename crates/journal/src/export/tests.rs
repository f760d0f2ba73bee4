//! Exports that are whole, and exports that are not: each bit, each length, each order.

use domain::subject::Position;
use proptest::prelude::*;
use tlog::tree::{Frontier, Hash};

use super::{ENTRY_BYTES_MAX, End, ExportError, Head, ORIGIN_BYTES_MAX, Reader, Writer};

fn head(first: u64, last: u64) -> Head {
    Head {
        origin: "test".to_owned(),
        first: Position(first),
        last: Position(last),
    }
}

fn written(first: u64, entries: &[Vec<u8>], digest: Option<&str>) -> Vec<u8> {
    let count = u64::try_from(entries.len()).expect("few");
    let mut writer = Writer::begin(Vec::new(), head(first, first + count - 1)).expect("begins");
    for (position, bytes) in (first..).zip(entries) {
        writer.put(Position(position), bytes).expect("is next");
    }
    writer.end(digest.map(str::to_owned)).expect("ends").0
}

type Whole = (Head, Vec<(Position, Vec<u8>)>, End);

fn read(file: &[u8]) -> Result<Whole, ExportError> {
    let mut reader = Reader::open(file)?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next()? {
        entries.push(entry);
    }
    let end = reader.end().cloned().expect("the end was read");
    assert!(reader.next().expect("stays at its end").is_none());
    Ok((reader.head().clone(), entries, end))
}

fn three() -> Vec<Vec<u8>> {
    vec![b"first".to_vec(), Vec::new(), vec![7; 300]]
}

/// What docs/audit.md says, byte for byte.
#[test]
fn the_format_never_changes() {
    let file = written(7, &[b"entry".to_vec()], Some("d1"));
    let mut expected = b"flyttbud-journal-export/v1\norigin: test\npositions: 7-7\n\n".to_vec();
    expected.extend([0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 5]);
    // SHA-256 of a zero byte and "entry", its first eight bytes
    expected.extend([0xd9, 0xc2, 0xd6, 0x6b, 0x52, 0x2c, 0x25, 0x22]);
    expected.extend(b"entry");
    let end = "origin: test\npositions: 7-7\nentries: 1\nroot: 2cLWa1IsJSJyj1Of+fZ7hdQN7/8JX8ilKMmU9PNbs94=\ndigest: d1\n";
    expected.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.push(u8::try_from(end.len()).expect("short"));
    expected.extend([0x0b, 0xd7, 0x70, 0x3b, 0xfc, 0xee, 0x2d, 0xd2]);
    expected.extend(end.as_bytes());
    assert_eq!(file, expected);
}

#[test]
fn no_bit_can_flip_unseen() {
    let file = written(3, &three(), None);
    let expected = read(&file).expect("whole");
    for index in 0..file.len() * 8 {
        let mut flipped = file.clone();
        flipped[index / 8] ^= 1 << (index % 8);
        let seen = read(&flipped);
        assert!(seen.is_err(), "bit {index}: {seen:?}");
    }
    assert_eq!(expected.1.len(), 3);
}

#[test]
fn a_damaged_entry_is_named_by_its_position() {
    let file = written(3, &three(), None);
    let at = file.windows(5).position(|bytes| bytes == b"first");
    for (offset, what) in [
        (0, "not what was written"),
        (-1, "not what was written"),
        (-9, "not what was written"),
        (-12, "longer than any entry"),
        (-13, "not in its place"),
    ] {
        let mut damaged = file.clone();
        damaged[at.expect("there").saturating_add_signed(offset)] ^= 1;
        match read(&damaged) {
            Err(ExportError::Damaged {
                position,
                what: seen,
            }) => {
                assert_eq!((position, seen), (Position(3), what), "{offset}");
            }
            other => panic!("{offset}: {other:?}"),
        }
    }
}

#[test]
fn wherever_it_is_cut_off_the_last_whole_entry_is_named() {
    let entries = three();
    let file = written(3, &entries, None);
    let empty = Head {
        last: Position(2),
        ..head(3, 5)
    };
    let head_bytes = Writer::begin(Vec::new(), empty).expect("begins").end(None);
    let head_bytes = head_bytes
        .expect("ends")
        .0
        .windows(2)
        .position(|two| two == b"\n\n");
    let mut ends = vec![head_bytes.expect("an empty line") + 2];
    for entry in &entries {
        ends.push(ends.last().expect("a start") + 20 + entry.len());
    }
    for length in 0..file.len() {
        let whole = ends.iter().filter(|end| **end <= length).count();
        match (read(&file[..length]), whole) {
            (Err(ExportError::Foreign | ExportError::Head | ExportError::Version), 0) => {}
            (Err(ExportError::CutOff(Position(after))), 1..) => {
                assert_eq!(
                    after,
                    2 + u64::try_from(whole - 1).expect("few"),
                    "{length}"
                );
            }
            (other, _) => panic!("{length}: {other:?}"),
        }
    }
}

#[test]
fn entries_that_are_left_out_repeated_or_swapped_are_found() {
    let file = |positions: &[u64]| {
        let mut file = head(1, 3).lines().into_bytes();
        for position in positions {
            let one = written(*position, &[vec![1; 10]], None);
            let from = one
                .windows(2)
                .position(|two| two == b"\n\n")
                .expect("a head")
                + 2;
            file.extend(&one[from..from + 30]);
        }
        file
    };
    for (positions, named) in [
        (&[1, 3][..], 2),
        (&[1, 1], 2),
        (&[2, 1, 3], 1),
        (&[1, 2, 4], 3),
    ] {
        match read(&file(positions)) {
            Err(ExportError::Damaged { position, .. }) => assert_eq!(position, Position(named)),
            other => panic!("{positions:?}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_export_or_has_more_behind_it_is_refused() {
    let file = written(1, &three(), None);
    let text = String::from_utf8_lossy(&file[..60]).into_owned();
    let behind = [&file[..], b"x"].concat();
    for (file, expected) in [
        (&b""[..], "not an export of a journal"),
        (b"SQLite format 3\0", "not an export of a journal"),
        (&[0xff; 2000], "not an export of a journal"),
        (
            text.replace("/v1", "/v2").as_bytes(),
            "an export of another version than v1: use a newer program",
        ),
        (
            text.replace("positions: 1", "positions: 0").as_bytes(),
            "the head of the export is damaged",
        ),
        (
            text.replace("positions: 1", "positions: 9").as_bytes(),
            "the head of the export is damaged",
        ),
        (&behind, "there is something behind the end of the export"),
    ] {
        assert_eq!(read(file).expect_err("refused").to_string(), expected);
    }
}

#[test]
fn a_writer_takes_the_next_entry_only() {
    let mut writer = Writer::begin(Vec::new(), head(5, 6)).expect("begins");
    for wrong in [4, 6] {
        assert!(writer.put(Position(wrong), b"").is_err(), "{wrong}");
    }
    let large = vec![0; ENTRY_BYTES_MAX + 1];
    assert!(writer.put(Position(5), &large).is_err());
    writer.put(Position(5), &large[1..]).expect("just fits");
    let cut = Writer::begin(Vec::new(), head(5, 6))
        .expect("begins")
        .end(None);
    assert!(matches!(cut, Err(ExportError::CutOff(Position(4)))));
    writer.put(Position(6), b"").expect("the last");
    assert!(writer.put(Position(7), b"").is_err());
    for origin in ["two\nlines".to_owned(), "x".repeat(ORIGIN_BYTES_MAX + 1)] {
        let head = Head {
            origin,
            ..head(1, 1)
        };
        assert!(matches!(
            Writer::begin(Vec::new(), head),
            Err(ExportError::Origin)
        ));
    }
}

proptest! {
    #[test]
    fn invariant_what_was_written_is_read_with_its_root(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
        first in 1u64..1_000_000,
        digest in prop::option::of("[0-9a-f]{64}"),
    ) {
        let (head, seen, end) = read(&written(first, &entries, digest.as_deref())).expect("whole");
        prop_assert_eq!(head.first, Position(first));
        prop_assert_eq!(usize::try_from(head.entries()), Ok(entries.len()));
        let positions: Vec<u64> = seen.iter().map(|(position, _)| position.0).collect();
        prop_assert!(positions.iter().copied().eq(first..first + end.entries));
        let bytes: Vec<&Vec<u8>> = seen.iter().map(|(_, bytes)| bytes).collect();
        prop_assert_eq!(bytes, entries.iter().collect::<Vec<_>>());
        let mut frontier = Frontier::EMPTY;
        frontier.append(entries.iter().map(|bytes| Hash::leaf(bytes)));
        prop_assert_eq!(end.root, frontier.head().root);
        prop_assert_eq!(end.digest, digest);
    }
}
