//! Stored entries: read back as written, for every kind; junk and the unknown are errors, never a panic.

mod given;
mod golden;
mod unknown;

use domain::entry::Draft;
use proptest::prelude::*;

use super::*;
use given::{draft, every_kind, placed_notices};

/// The entry that a draft becomes.
fn entry(draft: &Draft, placed: Placed<'_>) -> Entry {
    Entry {
        position: placed.position,
        recorded_at: placed.recorded_at,
        subject: draft.subject,
        version: draft.version,
        event: draft.event.clone(),
        notices: placed.notices.to_vec(),
        sealed: draft.sealed.clone(),
    }
}

fn check_read_back(draft: &Draft, placed: Placed<'_>) {
    let decoded = decode(&encode(draft, placed)).expect("readable");
    assert_eq!(decoded, entry(draft, placed));
}

#[test]
fn an_example_of_each_kind_is_read_back() {
    let notices = placed_notices();
    for (index, event) in every_kind().into_iter().enumerate() {
        let placed = Placed {
            position: Position(u64::try_from(index).expect("few") + 1),
            recorded_at: Timestamp::UNIX_EPOCH,
            notices: &notices,
            salt: [5; 16],
        };
        check_read_back(&given::draft_of(event), placed);
    }
}

#[test]
fn there_is_an_example_of_each_kind_of_the_contract() {
    let files =
        prost_types::FileDescriptorSet::decode(crate::generated::DESCRIPTORS).expect("descriptors");
    let entry = files
        .file
        .iter()
        .filter(|file| file.package() == "journal.v1")
        .flat_map(|file| &file.message_type)
        .find(|message| message.name() == "Entry")
        .expect("the entry");
    let of_contract = entry
        .field
        .iter()
        .filter(|field| field.oneof_index.is_some())
        .count();
    let examples = every_kind();
    let kinds: std::collections::HashSet<_> = examples.iter().map(std::mem::discriminant).collect();
    assert_eq!((kinds.len(), examples.len()), (of_contract, of_contract));
}

#[test]
fn a_kind_has_the_number_and_name_of_its_field() {
    let set =
        prost_types::FileDescriptorSet::decode(crate::generated::DESCRIPTORS).expect("descriptors");
    let messages = set.file.iter().flat_map(|file| &file.message_type);
    let entry = messages
        .filter(|message| message.name() == "Entry")
        .find(|message| {
            message
                .field
                .iter()
                .any(|field| field.oneof_index.is_some())
        })
        .expect("the entry");
    for event in every_kind() {
        let kind = kind(&event);
        let stored = wire::Entry {
            event: Some(event::to_wire(&event)),
            ..wire::Entry::default()
        };
        let bytes = stored.encode_to_vec();
        let (tag, _wire_type) = prost::encoding::decode_key(&mut bytes.as_slice()).expect("a tag");
        assert_eq!(i32::try_from(tag), Ok(kind.into()), "{event:?}");
        let field = entry
            .field
            .iter()
            .find(|field| field.number() == kind.into());
        let name = field.expect("a field").name().to_uppercase();
        assert_eq!(kind.as_str_name(), format!("ENTRY_KIND_{name}"));
    }
}

#[test]
fn the_salt_is_stored() {
    let placed = |salt| Placed {
        position: Position(1),
        recorded_at: Timestamp::UNIX_EPOCH,
        notices: &[],
        salt,
    };
    let draft = given::draft_of(every_kind().remove(0));
    assert_ne!(
        encode(&draft, placed([1; 16])),
        encode(&draft, placed([2; 16]))
    );
}

proptest! {
    #[test]
    fn invariant_what_is_encoded_is_read_back(
        draft in draft(),
        position in 1..u64::MAX / 2,
        micros in 0..4_102_444_800_000_000i64,
    ) {
        let notices = placed_notices();
        let placed = Placed {
            position: Position(position),
            recorded_at: Timestamp::from_microsecond(micros).expect("in range"),
            notices: &notices,
            salt: [5; 16],
        };
        check_read_back(&draft, placed);
    }

    #[test]
    fn invariant_junk_is_an_error_or_an_entry_and_never_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _decoded = decode(&bytes);
    }

    #[test]
    fn invariant_damaged_bytes_never_panic(
        draft in draft(),
        at in any::<prop::sample::Index>(),
        flipped in 1..=255u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let placed = Placed {
            position: Position(7),
            recorded_at: Timestamp::UNIX_EPOCH,
            notices: &placed_notices(),
            salt: [5; 16],
        };
        let mut bytes = encode(&draft, placed);
        let at = at.index(bytes.len());
        bytes[at] ^= flipped;
        let _decoded = decode(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        let _decoded = decode(&bytes);
    }
}
