//! Pages of lists: sizes are capped, tokens are opaque, bound to their filters, and give no authority.

use api::status::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::reason::Reason;
use domain::subject::Position;
use prost::Message;
use sha2::{Digest, Sha256};

use crate::limits::{PAGE_DEFAULT, PAGE_MAX};

/// Where a page begins, and how to name the next one.
#[derive(Debug)]
pub(crate) struct Page {
    /// Rows below this position.
    pub(crate) below: Position,
    /// So many.
    pub(crate) size: usize,
    filters: [u8; 8],
}

impl Page {
    /// `filters` is the request without its token and size: a token fits only the same list.
    pub(crate) fn read(size: i32, token: &str, filters: &impl Message) -> Result<Self, Refusal> {
        let size = match usize::try_from(size) {
            Ok(0) => PAGE_DEFAULT,
            Ok(size) => size.min(PAGE_MAX),
            Err(_negative) => return Err(Refusal::field("page_size", Reason::FieldOutOfRange)),
        };
        let digest = Sha256::digest(filters.encode_to_vec());
        let mut page = Self {
            below: Position(u64::MAX >> 1),
            size,
            filters: [0; 8],
        };
        for (to, from) in page.filters.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        if !token.is_empty() {
            page.below = page
                .position(token)
                .ok_or_else(|| Refusal::field("page_token", Reason::PageTokenInvalid))?;
        }
        Ok(page)
    }

    fn position(&self, token: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let position = bytes.strip_prefix(self.filters.as_slice())?;
        Some(Position(u64::from_be_bytes(position.try_into().ok()?)))
    }

    /// The token of the page after the last of `rows`, when there may be one.
    pub(crate) fn next<T>(&self, rows: &[(T, Position)]) -> String {
        match rows.last() {
            Some((_, last)) if rows.len() >= self.size => {
                let mut bytes = self.filters.to_vec();
                bytes.extend_from_slice(&last.0.to_be_bytes());
                URL_SAFE_NO_PAD.encode(bytes)
            }
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::v1::ListRelocationsRequest;

    #[test]
    fn a_token_fits_only_its_own_list() {
        let mine = ListRelocationsRequest {
            municipality: "a".into(),
            ..Default::default()
        };
        let other = ListRelocationsRequest {
            municipality: "b".into(),
            ..Default::default()
        };
        let page = Page::read(1, "", &mine).expect("a page");
        let token = page.next(&[((), Position(7))]);
        assert_eq!(
            Page::read(1, &token, &mine).expect("mine").below,
            Position(7)
        );
        let refused = Page::read(1, &token, &other).expect_err("another list's");
        assert_eq!(refused.reason, Reason::PageTokenInvalid);
    }

    #[test]
    fn sizes_are_capped_and_negative_ones_refused() {
        let filters = ListRelocationsRequest::default();
        assert_eq!(Page::read(0, "", &filters).expect("default").size, 50);
        assert_eq!(Page::read(501, "", &filters).expect("capped").size, 500);
        assert!(Page::read(-1, "", &filters).is_err());
    }
}
