//! What erasure takes from whom, and that every field has a place.

use super::*;

#[test]
fn nobody_but_the_parties_reads_what_is_sealed_without_all_three() {
    for kept in [Kept::Shared, Kept::SharedAndHashed, Kept::Own] {
        for reader in Reader::ALL {
            let is_reader = kept.sight(reader) == Sight::Reads;
            let may = match reader {
                Reader::Sender | Reader::Everything => true,
                Reader::Receiver => kept != Kept::Own,
                Reader::Other
                | Reader::Operator
                | Reader::Notices
                | Reader::Record
                | Reader::Keys
                | Reader::RecordAndKeys
                | Reader::KeysAndRoot => false,
            };
            assert_eq!(is_reader, may, "{kept:?} {reader:?}");
        }
    }
}

#[test]
fn who_has_more_sees_no_less() {
    use Reader::{Everything, Keys, KeysAndRoot, Record, RecordAndKeys};
    for kept in Kept::ALL {
        for (less, more) in [
            (Record, RecordAndKeys),
            (Keys, RecordAndKeys),
            (Keys, KeysAndRoot),
            (RecordAndKeys, Everything),
            (KeysAndRoot, Everything),
        ] {
            assert!(
                kept.sight(less) <= kept.sight(more),
                "{kept:?} {less:?} {more:?}"
            );
        }
    }
}

#[test]
fn a_sender_whose_reading_the_receiver_ended_loses_its_replies_and_nothing_else() {
    let ended = Erased {
        senders_to_replies: true,
        ..Erased::default()
    };
    let both = Erased {
        receivers: true,
        ..ended
    };
    for field in ANNOUNCEMENT.iter().chain(RELOCATION) {
        let is_reply = ["replies.text", "replies.contact.name"].contains(&field.0)
            || field.0.starts_with("replies.contact.");
        for reader in Reader::ALL {
            let after = reader.sight_of(*field, ended);
            let is_taken = is_reply && reader == Reader::Sender;
            assert_eq!(
                after < field.1.sight(reader),
                is_taken,
                "{field:?} {reader:?}"
            );
            let is_taken = is_reply && matches!(reader, Reader::Sender | Reader::Everything);
            let after_erasure = reader.sight_after_erasure(field.1);
            let after = reader.sight_of(*field, both);
            assert_eq!(after < after_erasure, is_taken, "{field:?} {reader:?}");
        }
    }
}

#[test]
fn erasure_takes_from_the_receiver_what_was_sealed_and_nothing_else() {
    for kept in Kept::ALL {
        for reader in Reader::ALL {
            let (before, after) = (kept.sight(reader), reader.sight_after_erasure(kept));
            let is_taken = reader == Reader::Receiver
                && matches!(
                    kept,
                    Kept::Shared | Kept::SharedAndHashed | Kept::Noted | Kept::Month
                );
            assert_eq!(after < before, is_taken, "{kept:?} {reader:?}");
        }
    }
}
