//! Sealed parts: what goes into an entry, and what a party reads out of it again.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::entry::{Entry, Part, SealedPart};
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Subject, Version};
use prost::{Message as _, length_delimiter_len};
use vault::{KeyRows, Opened};

use crate::core::{Core, no_keys};
use crate::limits::{ENDING_BYTES_MIN, OWN_BYTES_MIN};
use crate::permit::Viewer;
use crate::secrecy::Pass;

/// The two municipalities that a body is bound to, in this order.
pub(crate) type Parties = (MunicipalityCode, MunicipalityCode);

/// What to seal for one entry.
pub(crate) struct Body<'a> {
    pub(crate) subject: Subject,
    pub(crate) version: Version,
    pub(crate) parties: Parties,
    /// Whoever acts reads the own part.
    pub(crate) by: Viewer,
    pub(crate) shared: Option<&'a sealed::SharedPart>,
    pub(crate) own: &'a sealed::OwnPart,
}

/// An own part of the next fixed length: so many bytes, twice as many, and so on. Its length would tell what is written in
/// it to whoever has the entry.
fn padded(own: &sealed::OwnPart, bytes_min: usize) -> Vec<u8> {
    let mut own = own.clone();
    let bare = own.encoded_len();
    let mut size = bytes_min;
    // a run of zeros is two bytes at least: its key and its length
    while size < bare || size == bare + 1 {
        size *= 2;
    }
    let missing = size - bare;
    let run = |zeros: usize| 1 + length_delimiter_len(zeros) + zeros;
    // where one run alone is a byte too short or too long, one of no zeros stands beside it
    let zeros = (0..missing)
        .rev()
        .find(|zeros| [run(*zeros), run(*zeros) + run(0)].contains(&missing));
    if let Some(zeros) = zeros {
        own.padding.push(vec![0; zeros]);
        own.padding.extend((run(zeros) < missing).then(Vec::new));
    }
    own.encode_to_vec()
}

impl Core {
    /// Seals a body. The keys must be put before the entry is appended.
    pub(crate) async fn seal(
        &self,
        body: &Body<'_>,
    ) -> Result<(Vec<SealedPart>, KeyRows), Refusal> {
        self.seal_padded(body, OWN_BYTES_MIN).await
    }

    /// Likewise of what ends something for the other party, or takes an arrival back: whatever its reason, and whoever
    /// wrote it, its own part is as long as that of any other.
    pub(crate) async fn seal_ending(
        &self,
        body: &Body<'_>,
    ) -> Result<(Vec<SealedPart>, KeyRows), Refusal> {
        self.seal_padded(body, ENDING_BYTES_MIN).await
    }

    async fn seal_padded(
        &self,
        body: &Body<'_>,
        bytes_min: usize,
    ) -> Result<(Vec<SealedPart>, KeyRows), Refusal> {
        let shared = body.shared.map(sealed::SharedPart::encode_to_vec);
        let own = padded(body.own, bytes_min);
        let readers = [body.parties.0, body.parties.1];
        self.vault
            .seal(
                body.subject,
                body.version,
                body.parties,
                shared.as_deref().map(|bytes| (bytes, readers.as_slice())),
                Some((own.as_slice(), body.by.authority())),
            )
            .await
            .map_err(no_keys)
    }

    /// Opens the shared part of an entry for whoever has the pass. None when there is none, or its key is erased.
    pub(crate) async fn open(
        &self,
        pass: &Pass,
        entry: &Entry,
    ) -> Result<Option<sealed::SharedPart>, Refusal> {
        let Some(part) = entry.sealed.iter().find(|part| part.part == Part::Shared) else {
            return Ok(None);
        };
        let opened = self.open_bytes(pass, entry, part).await?;
        match opened.map(|part| sealed::SharedPart::decode(part.body.as_slice())) {
            None => Ok(None),
            Some(Ok(part)) => Ok(Some(part)),
            Some(Err(_malformed)) => Err(Refusal::new(Reason::Internal)),
        }
    }

    /// Opens a part of an entry as it was sealed, likewise.
    pub(crate) async fn open_bytes(
        &self,
        pass: &Pass,
        entry: &Entry,
        part: &SealedPart,
    ) -> Result<Option<Opened>, Refusal> {
        let Some((party, parties)) = pass.to(entry) else {
            return Ok(None);
        };
        self.unsealed(party.code(), parties, entry, part).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that opens: a pass was asked for, or whoever acted reads what it wrote"
    )]
    async fn unsealed(
        &self,
        authority: MunicipalityCode,
        parties: Parties,
        entry: &Entry,
        part: &SealedPart,
    ) -> Result<Option<Opened>, Refusal> {
        let (subject, version) = (entry.subject, entry.version);
        self.vault
            .open_part(authority, subject, version, parties, part)
            .await
            .map_err(no_keys)
    }

    /// Opens the own part of an entry for whoever acted. None when there is none, or its key is erased.
    pub(crate) async fn open_own(
        &self,
        by: Viewer,
        parties: Parties,
        entry: &Entry,
    ) -> Result<Option<sealed::OwnPart>, Refusal> {
        let Some(part) = entry.sealed.iter().find(|part| part.part == Part::Own) else {
            return Ok(None);
        };
        let opened = self.unsealed(by.authority(), parties, entry, part).await?;
        match opened.map(|part| sealed::OwnPart::decode(part.body.as_slice())) {
            None => Ok(None),
            Some(Ok(part)) => Ok(Some(part)),
            Some(Err(_malformed)) => Err(Refusal::new(Reason::Internal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(signs: usize) -> sealed::OwnPart {
        sealed::OwnPart {
            text: "a".repeat(signs),
            ..sealed::OwnPart::default()
        }
    }

    #[test]
    fn an_own_part_has_one_of_few_lengths() {
        for (signs, bytes_min, expected) in [
            (0, 512, 512),
            (1, 512, 512),
            // 510 bytes and two; then a byte that is missing alone; then none
            (507, 512, 512),
            (508, 512, 1024),
            (509, 512, 512),
            (510, 512, 1024),
            (5000, 512, 8192),
            (0, 8192, 8192),
            (8000, 8192, 8192),
            (8190, 8192, 16384),
        ] {
            assert_eq!(padded(&own(signs), bytes_min).len(), expected, "{signs}");
        }
    }

    #[test]
    fn whatever_is_missing_is_filled_and_says_nothing() {
        for signs in 0..1100 {
            let bytes = padded(&own(signs), 512);
            assert!([512, 1024, 2048].contains(&bytes.len()), "{signs}");
            let read = sealed::OwnPart::decode(bytes.as_slice()).expect("a part");
            assert_eq!(read.text, own(signs).text);
        }
    }
}
