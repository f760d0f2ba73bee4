//! Functions of a municipality (funktioner), and the vendors that may act for it. Functions have addresses, people
//! have not: nothing here is about a person.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

use crate::code::RelocationKind;
use crate::identity::luhn;
use crate::municipality::MunicipalityCode;

/// Signs of a function's id at most.
const ID_SIGNS_MAX: usize = 40;

/// A function's id within its municipality, for example `ekonomiskt-bistand`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(String);

impl FunctionId {
    /// Reads 1 to 40 small letters a to z, digits and hyphens, a letter first.
    pub fn parse(text: &str) -> Option<Self> {
        let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let begins = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_lowercase());
        (begins && text.len() <= ID_SIGNS_MAX && text.bytes().all(sign))
            .then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The resource name of a municipality's function, `municipalities/2283/functions/barn`.
    pub fn resource_name(&self, of: MunicipalityCode) -> String {
        format!("{}/functions/{self}", of.resource_name())
    }

    /// Reads such a name.
    pub fn parse_name(name: &str) -> Option<(MunicipalityCode, Self)> {
        let (of, id) = name.split_once("/functions/")?;
        Some((MunicipalityCode::parse_name(of)?, Self::parse(id)?))
    }
}

impl fmt::Display for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// How a function is reached (kontaktväg). Never a person's own address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionContact {
    /// Telephone; empty: none.
    pub phone: String,
    /// Electronic mail; empty: none.
    pub email: String,
}

/// A function (funktion) as its municipality describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its id.
    pub id: FunctionId,
    /// Its name in Swedish.
    pub name: String,
    /// Who is told first.
    pub first: FunctionContact,
    /// Who is told when the first is silent.
    pub second: Option<FunctionContact>,
    /// Its address in Säker digital kommunikation; empty: none.
    pub sdk_address: String,
    /// Whether it may open what is marked as secret (sekretessmarkering).
    pub handles_secrecy_marked: bool,
    /// Kinds that go there unless the sender says otherwise.
    pub kinds: BTreeSet<RelocationKind>,
    /// Whether it is closed: nothing is routed there any more.
    pub is_closed: bool,
}

/// Whether a text has the form of an organisation number (organisationsnummer), for example 212000-0142: ten digits,
/// the third at least 2, so that it is no person's, and a right check digit.
pub fn is_organisation_number(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    let has_form = text.len() == 11
        && digits.len() == 10
        && text.chars().nth(6) == Some('-')
        && digits.get(2) >= Some(&b'2');
    has_form && luhn(digits.into_iter())
}

/// What a municipality lets a vendor's system do for it (leverantör).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The vendor's organisation number.
    pub organisation_number: String,
    /// Names of methods; empty: all of a case system.
    pub methods: BTreeSet<String>,
    /// Kinds; empty: all.
    pub kinds: BTreeSet<RelocationKind>,
    /// Functions; empty: all.
    pub functions: BTreeSet<FunctionId>,
    /// The last day.
    pub until: Date,
}

impl Grant {
    /// Whether its last day has passed.
    pub fn has_ended(&self, today: Date) -> bool {
        self.until < today
    }

    /// Whether it is for some kinds or some functions only.
    pub fn is_limited(&self) -> bool {
        !self.kinds.is_empty() || !self.functions.is_empty()
    }

    /// Whether it is for a method.
    pub fn allows(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        for right in ["a", "ekonomiskt-bistand", "barn-1", &"a".repeat(40)] {
            assert_eq!(FunctionId::parse(right).expect(right).as_str(), right);
        }
        for wrong in ["", "-a", "1a", "Barn", "bistånd", "a b", &"a".repeat(41)] {
            assert_eq!(FunctionId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_organisation_number_has_a_form_and_a_check_digit_and_is_no_persons() {
        for right in ["212000-0142", "556036-0793", "559999-0008"] {
            assert!(is_organisation_number(right), "{right}");
        }
        for wrong in [
            "",
            "2120000142",
            "212000-0143",
            "212000-014",
            "212000-01423",
            "21200-00142",
            "19900101-2385",
            "900101-2385",
            "21200o-0142",
        ] {
            assert!(!is_organisation_number(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_grant_ends_with_its_last_day_and_is_for_what_it_names() {
        let all = Grant {
            organisation_number: "559999-0008".to_owned(),
            methods: BTreeSet::new(),
            kinds: BTreeSet::new(),
            functions: BTreeSet::new(),
            until: Date::constant(2026, 12, 31),
        };
        assert!(!all.has_ended(Date::constant(2026, 12, 31)));
        assert!(all.has_ended(Date::constant(2027, 1, 1)));
        assert!(all.allows("GetRelocation") && !all.is_limited());
        let one = Grant {
            methods: ["GetRelocation".to_owned()].into(),
            kinds: [RelocationKind::Placement].into(),
            ..all
        };
        assert!(one.allows("GetRelocation") && !one.allows("ListNotices"));
        assert!(one.is_limited());
    }

    #[test]
    fn a_name_is_read_back_as_written() {
        let code = MunicipalityCode::parse("2283").expect("a code");
        let id = FunctionId::parse("barn-och-unga").expect("an id");
        let name = id.resource_name(code);
        assert_eq!(name, "municipalities/2283/functions/barn-och-unga");
        assert_eq!(FunctionId::parse_name(&name), Some((code, id)));
        for wrong in [
            "",
            "municipalities/2283",
            "municipalities/2283/functions/",
            "municipalities/228/functions/barn",
            "functions/barn",
            "municipalities/2283/functions/barn/functions/barn",
        ] {
            assert_eq!(FunctionId::parse_name(wrong), None, "{wrong}");
        }
    }
}
