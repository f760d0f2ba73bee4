//! What entries about duties, identities and organisation say happened, in English and Swedish.

use api::v1::EntryKind;

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other kinds have their words already"
)]
pub(super) fn happened(kind: EntryKind) -> (&'static str, &'static str) {
    match kind {
        EntryKind::RelocationReminded => ("the receiver was reminded", "mottagaren påmindes"),
        EntryKind::RelocationReopened => ("it is open again", "den är öppen igen"),
        EntryKind::RelocationRestricted => ("a party restricted it", "en part begränsade den"),
        EntryKind::RelocationReleased => (
            "a party lifted its restriction",
            "en part hävde sin begränsning",
        ),
        EntryKind::RelocationRedacted => (
            "a party ended it for the other",
            "en part avslutade den för den andra",
        ),
        EntryKind::TransferSilent => (
            "a month went by without an answer to the transfer",
            "en månad gick utan svar om överflyttningen",
        ),
        EntryKind::TransferReferred => ("IVO was asked to decide", "IVO ombads besluta"),
        EntryKind::TransferDecided => ("IVO decided", "IVO beslutade"),
        EntryKind::TransferDecisionOverdue => (
            "the three months of IVO went by",
            "de tre månaderna för IVO gick",
        ),
        EntryKind::IdentityReferred => (
            "an identity number was replaced",
            "ett identitetsnummer ersattes",
        ),
        EntryKind::FunctionSet => ("a function was described", "en funktion beskrevs"),
        EntryKind::VendorGranted => ("a vendor was let in", "en leverantör gavs rätt att agera"),
        EntryKind::VendorWithdrawn => (
            "a vendor was shut out",
            "en leverantörs rätt att agera återkallades",
        ),
        EntryKind::DrillSent => ("a drill was due", "det var dags för en övning"),
        EntryKind::DrillWritten => ("a drill's word was sealed", "en övnings ord förseglades"),
        EntryKind::DrillAcknowledged => ("a drill was taken in", "en övning kvitterades"),
        _ => ("unknown", "okänt"),
    }
}
