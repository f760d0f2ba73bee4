//! Functions of a municipality (funktioner), and the vendors that may act for it. Functions have addresses, people
//! have not: nothing here is about a person.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

use crate::code::RelocationKind;

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
}
