//! Pages of lists: sizes are capped, tokens are opaque, bound to their filters, and give no authority.

use api::status::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::reason::Reason;
use domain::subject::Position;
use prost::Message;
use sha2::{Digest, Sha256};
use vault::AccessPlace;

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
        let mut page = Self {
            below: Position(u64::MAX >> 1),
            size: self::size(size)?,
            filters: digest(filters),
        };
        if !token.is_empty() {
            page.below = Position(u64::from_be_bytes(place(&page.filters, token)?));
        }
        Ok(page)
    }

    /// The token of the page after the last of `rows`, when there may be one.
    pub(crate) fn next<T>(&self, rows: &[(T, Position)]) -> String {
        match rows.last() {
            Some((_, last)) if rows.len() >= self.size => {
                token(&self.filters, &last.0.to_be_bytes())
            }
            _ => String::new(),
        }
    }
}

/// Likewise, of the access log.
#[derive(Debug)]
pub(crate) struct LogPage {
    /// Rows before this place.
    pub(crate) before: AccessPlace,
    /// So many.
    pub(crate) size: usize,
    filters: [u8; 8],
}

impl LogPage {
    /// As [`Page::read`].
    pub(crate) fn read(size: i32, token: &str, filters: &impl Message) -> Result<Self, Refusal> {
        let mut page = Self {
            before: AccessPlace::END,
            size: self::size(size)?,
            filters: digest(filters),
        };
        if !token.is_empty() {
            let place = u128::from_be_bytes(place(&page.filters, token)?);
            let half = |bits: u128| i64::try_from(bits & u128::from(u64::MAX)).unwrap_or(i64::MAX);
            page.before = AccessPlace {
                at_micros: half(place >> 64),
                number: half(place),
            };
        }
        Ok(page)
    }

    /// The token of the page after the last of so many rows, when there may be one.
    pub(crate) fn next(&self, last: Option<AccessPlace>, count: usize) -> String {
        match last {
            Some(last) if count >= self.size => {
                let bytes = [last.at_micros.to_be_bytes(), last.number.to_be_bytes()];
                token(&self.filters, bytes.as_flattened())
            }
            _ => String::new(),
        }
    }
}

/// Likewise, of a list in the order of a text, such as a code.
#[derive(Debug)]
pub(crate) struct TextPage<T> {
    /// Rows after this one; all without it.
    pub(crate) after: Option<T>,
    size: usize,
    filters: [u8; 8],
}

impl<T> TextPage<T> {
    /// As [`Page::read`]; `read` knows the texts that there can be.
    pub(crate) fn read(
        size: i32,
        token: &str,
        filters: &impl Message,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Self, Refusal> {
        let (size, filters) = (self::size(size)?, digest(filters));
        let place = || {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
            read(str::from_utf8(bytes.strip_prefix(&filters)?).ok()?)
        };
        let after = if token.is_empty() {
            None
        } else {
            Some(place().ok_or_else(not_this_lists)?)
        };
        Ok(Self {
            after,
            size,
            filters,
        })
    }

    /// A page of what comes after, and the token of the next one when there is one; `place` is the last one's text.
    pub(crate) fn take<R>(
        &self,
        mut found: impl Iterator<Item = R>,
        place: impl FnOnce(&R) -> String,
    ) -> (Vec<R>, String) {
        let page: Vec<R> = found.by_ref().take(self.size).collect();
        let next = match (found.next(), page.last()) {
            (Some(_), Some(last)) => token(&self.filters, place(last).as_bytes()),
            _ => String::new(),
        };
        (page, next)
    }
}

/// Rows of a page.
pub(crate) fn size(size: i32) -> Result<usize, Refusal> {
    match usize::try_from(size) {
        Ok(0) => Ok(PAGE_DEFAULT),
        Ok(size) => Ok(size.min(PAGE_MAX)),
        Err(_negative) => Err(Refusal::field("page_size", Reason::FieldOutOfRange)),
    }
}

fn digest(filters: &impl Message) -> [u8; 8] {
    let digest = Sha256::digest(filters.encode_to_vec());
    let mut short = [0; 8];
    for (to, from) in short.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    short
}

/// What a token of this list holds.
fn place<const N: usize>(filters: &[u8], token: &str) -> Result<[u8; N], Refusal> {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        bytes.strip_prefix(filters)?.try_into().ok()
    };
    read().ok_or_else(not_this_lists)
}

fn not_this_lists() -> Refusal {
    Refusal::field("page_token", Reason::PageTokenInvalid)
}

fn token(filters: &[u8], place: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([filters, place].concat())
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
    fn a_token_by_a_text_fits_only_its_own_list_and_leads_on() {
        let list = |county: &str| api::v1::ListMunicipalitiesRequest {
            county_code: county.into(),
            ..Default::default()
        };
        let read = |token: &str, county: &str| {
            TextPage::read(2, token, &list(county), |text| text.parse::<u8>().ok())
        };
        let page = read("", "01").expect("the first page");
        let (rows, token) = page.take(1..=3_u8, u8::to_string);
        assert_eq!((rows, page.after), (vec![1, 2], None));
        let page = read(&token, "01").expect("the second page");
        assert_eq!(page.after, Some(2));
        assert_eq!(page.take(3..=3_u8, u8::to_string), (vec![3], String::new()));
        for (token, county) in [(token.as_str(), "03"), ("Mg", "01"), ("?", "01")] {
            let refused = read(token, county).expect_err("not this list's");
            assert_eq!(refused.reason, Reason::PageTokenInvalid, "{token} {county}");
        }
    }

    #[test]
    fn a_token_of_the_log_is_its_place_and_fits_no_other_list() {
        let filters = ListRelocationsRequest::default();
        let page = LogPage::read(2, "", &filters).expect("a page");
        assert_eq!(page.before, AccessPlace::END);
        let place = AccessPlace {
            at_micros: 1_764_000_000_000_001,
            number: 17,
        };
        assert_eq!(page.next(Some(place), 1), "", "the end");
        let token = page.next(Some(place), 2);
        let next = LogPage::read(2, &token, &filters).expect("a page");
        assert_eq!(next.before, place);
        let refused = Page::read(2, &token, &filters).expect_err("too long");
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
