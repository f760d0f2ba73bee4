//! What of a relocation is kept where, and so who can read it: a class for each field, and for each class what every
//! reader sees. Nothing is read here; that the classes are true is tested against running services, and that no field is
//! without one against the descriptors of the contract.

use crate::text::Words;

/// Where a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// Who the parties are: in the envelope, in the notices, and beside the keys.
    Parties,
    /// The name, and the time that is in it: in the envelope, in the notices, and beside the keys.
    Name,
    /// In the envelope.
    Envelope,
    /// In the envelope, and told by the kinds of its notices.
    Course,
    /// In the envelope; told to the receiver alone.
    ReceiversEnvelope,
    /// The month in the envelope, the day in the shared part.
    Month,
    /// In the shared part.
    Shared,
    /// In the shared part, and as keyed hashes: an identity number's pseudonyms in the record, what is searched for beside
    /// the keys.
    SharedAndHashed,
    /// In the shared part and in its search tokens, and in notes that are sealed beside the keys: who was announced of a household
    /// by its name.
    Noted,
    /// In the acting municipality's own part.
    Own,
    /// In the record, beside the entry.
    RequestId,
    /// Nowhere but in the keyed hash of the whole request, by which a retry is recognised.
    Fingerprint,
    /// Nowhere: what has it is not stored.
    Nowhere,
}

impl Kept {
    /// All.
    pub const ALL: [Self; 13] = [
        Self::Parties,
        Self::Name,
        Self::Envelope,
        Self::Course,
        Self::ReceiversEnvelope,
        Self::Month,
        Self::Shared,
        Self::SharedAndHashed,
        Self::Noted,
        Self::Own,
        Self::RequestId,
        Self::Fingerprint,
        Self::Nowhere,
    ];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parties => "PARTIES",
            Self::Name => "NAME",
            Self::Envelope => "ENVELOPE",
            Self::Course => "COURSE",
            Self::ReceiversEnvelope => "RECEIVERS_ENVELOPE",
            Self::Month => "MONTH",
            Self::Shared => "SHARED",
            Self::SharedAndHashed => "SHARED_AND_HASHED",
            Self::Noted => "NOTED",
            Self::Own => "OWN",
            Self::RequestId => "REQUEST_ID",
            Self::Fingerprint => "FINGERPRINT",
            Self::Nowhere => "NOWHERE",
        }
    }

    /// In words.
    pub fn words(self) -> Words {
        let (english, swedish) = match self {
            Self::Parties => (
                "in the clear in the record and in notices; beside the keys",
                "i klartext i journalen och i aviseringar; vid nycklarna",
            ),
            Self::Name => (
                "in the clear in the record, in notices and beside the keys; it tells when, and nothing of the person",
                "i klartext i journalen, i aviseringar och vid nycklarna; det säger när, och inget om personen",
            ),
            Self::Envelope => ("in the clear in the record", "i klartext i journalen"),
            Self::Course => (
                "in the clear in the record; notices tell a part of it by their kind, and keys by their number",
                "i klartext i journalen; aviseringar säger en del av det genom sitt slag, och nycklar genom sitt antal",
            ),
            Self::ReceiversEnvelope => (
                "in the clear in the record; shown to the receiver alone",
                "i klartext i journalen; visas bara för mottagaren",
            ),
            Self::Month => (
                "the month in the clear in the record, the day sealed for both parties",
                "månaden i klartext i journalen, dagen förseglad för båda parter",
            ),
            Self::Shared => ("sealed for both parties", "förseglat för båda parter"),
            Self::SharedAndHashed => (
                "sealed for both parties; keyed hashes of it in the record and beside the keys",
                "förseglat för båda parter; nycklade hashvärden av det i journalen och vid nycklarna",
            ),
            Self::Noted => (
                "sealed for both parties; of a household that has a name, sealed in notes beside the keys too; keyed hashes of a number",
                "förseglat för båda parter; för ett hushåll med namn även i förseglade anteckningar vid nycklarna; nycklade \
                 hashvärden av ett nummer",
            ),
            Self::Own => (
                "sealed for the municipality that acted",
                "förseglat för den kommun som handlade",
            ),
            Self::RequestId => (
                "in the clear in the record, beside the entry",
                "i klartext i journalen, vid posten",
            ),
            Self::Fingerprint => (
                "not kept; it goes into the keyed hash of the whole request",
                "sparas inte; det ingår i hela begärans nycklade hashvärde",
            ),
            Self::Nowhere => ("not kept", "sparas inte"),
        };
        Words { english, swedish }
    }

    /// What a reader sees of it, while nothing is erased.
    pub fn sight(self, reader: Reader) -> Sight {
        use Sight::{Guess, Nothing as No, Partly, Reads};
        // in the order of Reader::ALL: sender, receiver, other, operator, notices, record, keys, both, keys and root, all
        let row = match self {
            Self::Parties | Self::Name => [
                Reads, Reads, No, No, Reads, Reads, Reads, Reads, Reads, Reads,
            ],
            Self::Envelope => [Reads, Reads, No, No, No, Reads, No, Reads, No, Reads],
            Self::Course => [
                Reads, Reads, No, No, Partly, Reads, Partly, Reads, Partly, Reads,
            ],
            Self::ReceiversEnvelope => [No, Reads, No, No, No, Reads, No, Reads, No, Reads],
            Self::Month => [Reads, Reads, No, No, No, Partly, No, Partly, No, Reads],
            Self::Shared => [Reads, Reads, No, No, No, No, No, No, No, Reads],
            Self::SharedAndHashed => [Reads, Reads, No, No, No, No, No, No, Guess, Reads],
            Self::Noted => [Reads, Reads, No, No, No, No, No, No, Reads, Reads],
            Self::Own => [Reads, No, No, No, No, No, No, No, No, Reads],
            Self::RequestId => [No, No, No, No, No, Reads, No, Reads, No, Reads],
            Self::Fingerprint => [No, No, No, No, No, No, No, No, No, Guess],
            Self::Nowhere => [No; 10],
        };
        let mut sights = Reader::ALL.into_iter().zip(row);
        sights
            .find(|(one, _sight)| *one == reader)
            .map_or(No, |(_one, sight)| sight)
    }
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// The sending municipality, through the interface.
    Sender,
    /// The receiving municipality, through the interface.
    Receiver,
    /// Any other municipality, through the interface.
    Other,
    /// An operator's certificate, through the interface. Not whoever has the machine: that is [`Reader::Everything`].
    Operator,
    /// Whoever reads all of NATS.
    Notices,
    /// A stolen record. The root key adds nothing to it.
    Record,
    /// A stolen key store.
    Keys,
    /// Both, without the root key.
    RecordAndKeys,
    /// A stolen key store with the root key.
    KeysAndRoot,
    /// Both with the root key: whoever has the gateway's machine.
    Everything,
}

impl Reader {
    /// All.
    pub const ALL: [Self; 10] = [
        Self::Sender,
        Self::Receiver,
        Self::Other,
        Self::Operator,
        Self::Notices,
        Self::Record,
        Self::Keys,
        Self::RecordAndKeys,
        Self::KeysAndRoot,
        Self::Everything,
    ];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sender => "SENDER",
            Self::Receiver => "RECEIVER",
            Self::Other => "OTHER_MUNICIPALITY",
            Self::Operator => "OPERATOR",
            Self::Notices => "NATS",
            Self::Record => "RECORD",
            Self::Keys => "KEYS",
            Self::RecordAndKeys => "RECORD_AND_KEYS",
            Self::KeysAndRoot => "KEYS_AND_ROOT_KEY",
            Self::Everything => "RECORD_KEYS_AND_ROOT_KEY",
        }
    }

    /// In words.
    pub fn words(self) -> Words {
        let (english, swedish) = match self {
            Self::Sender => ("sending municipality", "avsändande kommun"),
            Self::Receiver => ("receiving municipality", "mottagande kommun"),
            Self::Other => ("any other municipality", "varje annan kommun"),
            Self::Operator => ("operator", "driftorganisation"),
            Self::Notices => ("whoever reads NATS", "den som läser NATS"),
            Self::Record => (
                "stolen record, with or without the root key",
                "stulen journal, med eller utan rotnyckel",
            ),
            Self::Keys => ("stolen key store", "stulet nyckellager"),
            Self::RecordAndKeys => (
                "stolen record and key store",
                "stulen journal och stulet nyckellager",
            ),
            Self::KeysAndRoot => (
                "stolen key store and root key",
                "stulet nyckellager och stulen rotnyckel",
            ),
            Self::Everything => (
                "stolen record, key store and root key: whoever has the gateway's machine",
                "stulen journal, stulet nyckellager och stulen rotnyckel: den som har gatewayens maskin",
            ),
        };
        Words { english, swedish }
    }

    /// What the reader sees of a field once keys were erased.
    pub fn sight_of(self, (field, kept): (&str, Kept), erased: Erased) -> Sight {
        let sight = if erased.receivers {
            self.sight_after_erasure(kept)
        } else {
            kept.sight(self)
        };
        let is_lost_to_it = match self {
            Self::Sender => erased.senders_to_replies,
            // no key to the receiver's replies is left
            Self::Everything => erased.senders_to_replies && erased.receivers,
            Self::Receiver
            | Self::Other
            | Self::Operator
            | Self::Notices
            | Self::Record
            | Self::Keys
            | Self::RecordAndKeys
            | Self::KeysAndRoot => false,
        };
        let is_reply = field.starts_with("replies.") && kept == Kept::Shared;
        if is_lost_to_it && is_reply {
            Sight::Partly
        } else {
            sight
        }
    }

    /// What the reader sees of a value once the receiver's keys were erased.
    pub fn sight_after_erasure(self, kept: Kept) -> Sight {
        let sight = kept.sight(self);
        let is_sealed = matches!(
            kept,
            Kept::Shared | Kept::SharedAndHashed | Kept::Noted | Kept::Month
        );
        match (self, sight) {
            (Self::Receiver, Sight::Reads) if kept == Kept::Month => Sight::Partly,
            (Self::Receiver, Sight::Reads) if is_sealed => Sight::Nothing,
            _ => sight,
        }
    }
}

/// Whose keys were erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// The receiver's, to all that was sealed for it.
    pub receivers: bool,
    /// The sender's, to the receiver's replies; to its own it keeps them.
    pub senders_to_replies: bool,
}

/// What somebody sees of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing.
    Nothing,
    /// Whether a guess is right. Of an identity number all can be tried, of names and case numbers many.
    Guess,
    /// A part of it.
    Partly,
    /// The value.
    Reads,
}

impl Sight {
    /// All.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Guess, Self::Partly, Self::Reads];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "NOTHING",
            Self::Guess => "GUESS",
            Self::Partly => "PARTLY",
            Self::Reads => "READS",
        }
    }

    /// One sign for it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Nothing => "·",
            Self::Guess => "?",
            Self::Partly => "◐",
            Self::Reads => "●",
        }
    }

    /// In words.
    pub fn words(self) -> Words {
        let (english, swedish) = match self {
            Self::Nothing => ("nothing", "inget"),
            Self::Guess => ("whether a guess is right", "om en gissning stämmer"),
            Self::Partly => ("a part of it", "en del av det"),
            Self::Reads => ("the value", "värdet"),
        };
        Words { english, swedish }
    }
}

/// What a sender sends: every field of `flyttbud.v1.RegisterRelocationRequest`, down to the last.
pub const ANNOUNCEMENT: &[(&str, Kept)] = &[
    ("municipality", Kept::Parties),
    ("actor.officer_id", Kept::Own),
    ("actor.function", Kept::Own),
    ("actor.case_number", Kept::Own),
    ("actor.purpose", Kept::Own),
    ("request_id", Kept::RequestId),
    ("validate_only", Kept::Nowhere),
    ("receiving_municipality", Kept::Parties),
    ("kind", Kept::Envelope),
    ("legal_ground.code", Kept::Shared),
    ("legal_ground.consent.scopes", Kept::Own),
    ("legal_ground.consent.given_on", Kept::Own),
    ("legal_ground.consent.form", Kept::Own),
    ("legal_ground.consent.received_by", Kept::Own),
    ("legal_ground.consent.guardians_consent", Kept::Own),
    ("legal_ground.consent.minor_alone", Kept::Own),
    ("legal_ground.transfer_case", Kept::Own),
    ("legal_ground.motivation", Kept::Own),
    ("legal_ground.second_officer_id", Kept::Own),
    ("legal_ground.care_limb", Kept::Own),
    ("legal_ground.assessment", Kept::Own),
    ("content.person.identity_number", Kept::Noted),
    ("content.person.given_name", Kept::SharedAndHashed),
    ("content.person.family_name", Kept::SharedAndHashed),
    ("content.person.birth_date", Kept::Shared),
    ("content.person.protection", Kept::Shared),
    ("content.person.birth_date_confirmed", Kept::Shared),
    ("content.person.number_status", Kept::Shared),
    ("content.expected_on", Kept::Month),
    ("content.supports.kind", Kept::Shared),
    ("content.supports.actor", Kept::Shared),
    ("content.supports.paid_until", Kept::Shared),
    ("content.wish", Kept::Shared),
    ("content.groups", Kept::Shared),
    ("content.dwelling.tenure", Kept::Shared),
    ("content.dwelling.monthly_rent_sek", Kept::Shared),
    ("content.dwelling.remarks", Kept::Shared),
    ("content.household.name", Kept::Noted),
    ("content.household.adults", Kept::Shared),
    ("content.household.children", Kept::Shared),
    ("content.contact.name", Kept::Shared),
    ("content.contact.function", Kept::Shared),
    ("content.contact.phone", Kept::Shared),
    ("content.contact.email", Kept::Shared),
    ("content.case_number", Kept::SharedAndHashed),
    ("content.free_text", Kept::Shared),
    ("open_child_inquiry", Kept::Fingerprint),
    ("receiving_function", Kept::Envelope),
    ("withheld_addresses", Kept::Own),
    ("secrecy_marking_confirmed", Kept::Fingerprint),
];

/// What becomes of it: every field of `flyttbud.v1.Relocation`, but for the announcement's content, which is above.
pub const RELOCATION: &[(&str, Kept)] = &[
    ("name", Kept::Name),
    ("sending_municipality", Kept::Parties),
    ("receiving_municipality", Kept::Parties),
    ("kind", Kept::Envelope),
    ("state", Kept::Course),
    ("planned_month", Kept::Envelope),
    ("recorded_at", Kept::Name),
    ("answer_due_on", Kept::Envelope),
    ("etag", Kept::Course),
    ("legal_ground", Kept::Shared),
    ("supplements.recorded_at", Kept::Course),
    ("supplements.text", Kept::Shared),
    ("replies.municipality", Kept::Course),
    ("replies.recorded_at", Kept::Course),
    ("replies.objection", Kept::Course),
    ("replies.text", Kept::Shared),
    ("replies.contact.name", Kept::Shared),
    ("replies.contact.function", Kept::Shared),
    ("replies.contact.phone", Kept::Shared),
    ("replies.contact.email", Kept::Shared),
    ("arrival", Kept::ReceiversEnvelope),
    ("duties.kind", Kept::Envelope),
    ("duties.due_on", Kept::Envelope),
    ("duties.rule", Kept::Envelope),
    ("transfer.state", Kept::Envelope),
    ("transfer.referred_on", Kept::Envelope),
    ("transfer.granted", Kept::Envelope),
    ("transfer.decided_on", Kept::Envelope),
    ("returns", Kept::Shared),
    ("receiving_function", Kept::Envelope),
    ("delivery", Kept::Envelope),
    ("restrictions", Kept::Envelope),
    ("reading_ended_at", Kept::Course),
    ("reading_ended_for", Kept::Envelope),
];

#[cfg(test)]
mod tests;
