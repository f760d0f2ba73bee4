//! What alerts are called: keys that exist once for ever, and ids that every machine makes alike. Neither is
//! ever changed, or an old journal would be alerted about anew.

use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::NoticeNumber;
use uuid::{Builder, Uuid};

/// First byte of a chain alert's id. A time-ordered id begins with it only after the year 10000.
const CHAIN: u8 = 0xff;
/// First byte of the id of an alert about a silent inbox: likewise.
const SILENT: u8 = 0xfe;

/// Rule, arrival, episode. An arrival has one episode: it is asked about once.
pub(super) fn unannounced_key(arrival: Uuid) -> String {
    format!("unannounced/{arrival}/1")
}

/// The alert about an arrival: the arrival's id, whose version 7 becomes 8. No two arrivals share one, since
/// all arrivals have version 7.
pub(crate) fn unannounced_id(arrival: Uuid) -> Uuid {
    Builder::from_custom_bytes(arrival.into_bytes()).into_uuid()
}

/// Rule, recipient, notice number.
pub(super) fn chain_key(recipient: MunicipalityCode, number: NoticeNumber) -> String {
    format!("chain/{recipient}/{}", number.0)
}

/// Reads a chain alert's key back; none for every other key.
pub(super) fn read_chain_key(key: &str) -> Option<(MunicipalityCode, NoticeNumber)> {
    let (recipient, number) = key.strip_prefix("chain/")?.split_once('/')?;
    let number = NoticeNumber(number.parse().ok()?);
    Some((MunicipalityCode::parse(recipient)?, number))
}

/// The alert about a differing chain, a version 8 id: 0xff, the code in two bytes, zeros, the number in the
/// last seven.
pub(super) fn chain_id(recipient: MunicipalityCode, number: NoticeNumber) -> Uuid {
    let value = (u128::from(CHAIN) << 120)
        | (u128::from(recipient.number()) << 104)
        | u128::from(number.0 & (u64::MAX >> 8));
    Builder::from_custom_bytes(value.to_be_bytes()).into_uuid()
}

/// Rule, municipality, month of the drill.
pub(super) fn silent_key(code: MunicipalityCode, month: Month) -> String {
    format!("silent/{code}/{month}")
}

/// The alert about a drill that nobody took in, a version 8 id: 0xfe, the code in two bytes, zeros, the month counted
/// from the year 2000 in the last four.
pub(super) fn silent_id(code: MunicipalityCode, month: Month) -> Uuid {
    let months = month.since(Month::of(jiff::civil::date(2000, 1, 1)));
    let value = (u128::from(SILENT) << 120)
        | (u128::from(code.number()) << 104)
        | u128::from(months.unsigned_abs());
    Builder::from_custom_bytes(value.to_be_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_alerts_never_change() {
        let arrival = Uuid::try_parse("019ab3f0-1111-7222-8333-444455556666").expect("an id");
        let recipient = MunicipalityCode::parse("2283").expect("a code");
        let number = NoticeNumber(7);
        assert_eq!(
            unannounced_id(arrival).to_string(),
            "019ab3f0-1111-8222-8333-444455556666"
        );
        assert_eq!(
            unannounced_key(arrival),
            "unannounced/019ab3f0-1111-7222-8333-444455556666/1"
        );
        assert_eq!(
            chain_id(recipient, number).to_string(),
            "ff08eb00-0000-8000-8000-000000000007"
        );
        assert_eq!(chain_key(recipient, number), "chain/2283/7");
        assert_eq!(read_chain_key("chain/2283/7"), Some((recipient, number)));
        assert_eq!(read_chain_key(&unannounced_key(arrival)), None);
        let month = Month::parse("2026-12").expect("a month");
        assert_eq!(
            silent_id(recipient, month).to_string(),
            "fe08eb00-0000-8000-8000-000000000143"
        );
        assert_eq!(silent_key(recipient, month), "silent/2283/2026-12");
    }
}
