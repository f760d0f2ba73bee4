//! Sealed parts: what goes into an entry, and what a party reads out of it again.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::entry::{Entry, Part, SealedPart};
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Subject, Version};
use prost::Message as _;
use vault::{KeyRows, Opened};

use crate::core::{Core, no_keys};
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

impl Core {
    /// Seals a body. The keys must be put before the entry is appended.
    pub(crate) async fn seal(
        &self,
        body: &Body<'_>,
    ) -> Result<(Vec<SealedPart>, KeyRows), Refusal> {
        let shared = body.shared.map(sealed::SharedPart::encode_to_vec);
        let own = body.own.encode_to_vec();
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
