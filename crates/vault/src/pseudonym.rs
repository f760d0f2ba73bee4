//! Keyed hashes that stand for persons, search terms and requests. None is ever computed without a key.

use std::fmt;

use domain::identity::{IdentityNumber, NumberKind};
use domain::municipality::MunicipalityCode;
use domain::person_name::Pair;
use domain::subject::Pseudonym;

use crate::keys::{NO_EPOCH, Purpose};
use crate::{Error, Vault};

/// What one may search for. The law knows no other terms.
#[derive(Clone, Copy)]
pub enum SearchTerm<'a> {
    /// An identity number.
    Number(&'a IdentityNumber),
    /// A case number, sign for sign.
    CaseNumber(&'a str),
    /// Two words of a name, as [`domain::person_name::pairs`] makes them.
    Name(&'a Pair),
}

impl fmt::Debug for SearchTerm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number(_) => "Number(..)",
            Self::CaseNumber(_) => "CaseNumber(..)",
            Self::Name(_) => "Name(..)",
        })
    }
}

impl Vault {
    /// The person's pseudonym within a municipality and the year `epoch`. `issuer` counts for reserve
    /// numbers only, which two municipalities may give to two people.
    pub async fn pseudonym(
        &self,
        scope: MunicipalityCode,
        epoch: i16,
        number: &IdentityNumber,
        issuer: MunicipalityCode,
    ) -> Result<Pseudonym, Error> {
        let issuer = match number.kind() {
            NumberKind::Personal | NumberKind::Coordination => [0; 2],
            NumberKind::Reserve => issuer.number().to_be_bytes(),
        };
        let value = self.key(scope, epoch, Purpose::Pseudonym).await?.mac(&[
            b"flyttbud/pseudonym/v1\0",
            &[kind_number(number.kind())],
            &issuer,
            number.canonical().as_bytes(),
        ]);
        Ok(Pseudonym { epoch, value })
    }

    /// The token under which an authority finds its own by this term, whenever it came in.
    pub async fn search_token(
        &self,
        authority: MunicipalityCode,
        term: SearchTerm<'_>,
    ) -> Result<[u8; 16], Error> {
        let key = self.key(authority, NO_EPOCH, Purpose::Search).await?;
        let label = b"flyttbud/search/v1\0";
        Ok(match term {
            SearchTerm::Number(number) => key.mac(&[
                label,
                &[1, kind_number(number.kind())],
                number.canonical().as_bytes(),
            ]),
            SearchTerm::CaseNumber(text) => key.mac(&[label, &[2, 0], text.as_bytes()]),
            // no blank is in a word
            SearchTerm::Name((one, other)) => {
                key.mac(&[label, &[3, 0], one.as_bytes(), b" ", other.as_bytes()])
            }
        })
    }

    /// A keyed hash of a request, by which a repeated request id is compared with the first one.
    pub async fn fingerprint(
        &self,
        authority: MunicipalityCode,
        bytes: &[u8],
    ) -> Result<[u8; 16], Error> {
        let key = self.key(authority, NO_EPOCH, Purpose::Fingerprint).await?;
        Ok(key.mac(&[b"flyttbud/fingerprint/v1\0", bytes]))
    }
}

/// The number a kind has in the input, for ever.
fn kind_number(kind: NumberKind) -> u8 {
    match kind {
        NumberKind::Personal => 1,
        NumberKind::Coordination => 2,
        NumberKind::Reserve => 3,
    }
}
