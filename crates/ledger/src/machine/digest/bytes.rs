//! How values become the bytes that a digest is taken of. What is written here is for ever: another byte, and
//! ledgers of before and after cannot be compared.

use std::collections::BTreeSet;

use domain::code::RelocationKind;
use domain::definition::Definition;
use domain::function::{Function, FunctionContact, Grant};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::Pseudonym;
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::fold::Transfer;
use crate::machine::finding::Key;

/// Values one after the other, each in one way only: numbers with their highest byte first, texts behind their
/// length, what may be missing behind 0 or 1.
pub(super) struct Bytes(Sha256);

impl Bytes {
    pub(super) fn new(what: &str) -> Self {
        let mut bytes = Self(Sha256::new());
        bytes.text(what);
        bytes
    }

    pub(super) fn hash(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn number(&mut self, number: u64) {
        self.put(&number.to_be_bytes());
    }

    pub(super) fn small(&mut self, number: u32) {
        self.put(&number.to_be_bytes());
    }

    pub(super) fn code(&mut self, number: i32) {
        self.put(&number.to_be_bytes());
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count.try_into().unwrap_or(u64::MAX));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.put(text.as_bytes());
    }

    pub(super) fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.put(&[u8::from(value.is_some())]);
        if let Some(value) = value {
            put(self, value);
        }
    }

    pub(super) fn id(&mut self, id: Uuid) {
        self.put(id.as_bytes());
    }

    pub(super) fn municipality(&mut self, code: MunicipalityCode) {
        self.put(&code.number().to_be_bytes());
    }

    pub(super) fn pseudonym(&mut self, pseudonym: Pseudonym) {
        self.put(&pseudonym.epoch.to_be_bytes());
        self.put(&pseudonym.value);
    }

    /// Microseconds since 1970: what entries hold.
    pub(super) fn instant(&mut self, at: Timestamp) {
        self.put(&at.as_microsecond().to_be_bytes());
    }

    pub(super) fn date(&mut self, date: Date) {
        self.put(&date.year().to_be_bytes());
        self.put(&date.month().to_be_bytes());
        self.put(&date.day().to_be_bytes());
    }

    /// Months since January of the year 0.
    pub(super) fn month(&mut self, month: Month) {
        self.code(month.since(Month::of(Date::constant(0, 1, 1))));
    }

    pub(super) fn transfer(&mut self, transfer: Transfer) {
        match transfer {
            Transfer::Asked => self.code(1),
            Transfer::Silent => self.code(2),
            Transfer::Answered => self.code(6),
            Transfer::Referred { on } => {
                self.code(3);
                self.date(on);
            }
            Transfer::Overdue { on } => {
                self.code(4);
                self.date(on);
            }
            Transfer::Decided { granted, on } => {
                self.code(5);
                self.put(&[u8::from(granted)]);
                self.date(on);
            }
        }
    }

    pub(super) fn function(&mut self, function: &Function) {
        let Function {
            id,
            name,
            first,
            second,
            sdk_address,
            handles_secrecy_marked,
            kinds,
            is_closed,
        } = function;
        self.text(id.as_str());
        self.text(name);
        self.contact(first);
        self.maybe(second.as_ref(), Self::contact);
        self.text(sdk_address);
        self.put(&[u8::from(*handles_secrecy_marked), u8::from(*is_closed)]);
        self.kinds(kinds);
    }

    fn contact(&mut self, contact: &FunctionContact) {
        let FunctionContact { phone, email } = contact;
        self.text(phone);
        self.text(email);
    }

    fn kinds(&mut self, kinds: &BTreeSet<RelocationKind>) {
        self.count(kinds.len());
        for kind in kinds {
            self.code(kind.number());
        }
    }

    pub(super) fn grant(&mut self, grant: &Grant) {
        let Grant {
            organisation_number,
            methods,
            kinds,
            functions,
            until,
        } = grant;
        self.text(organisation_number);
        self.count(methods.len());
        for method in methods {
            self.text(method);
        }
        self.kinds(kinds);
        self.count(functions.len());
        for function in functions {
            self.text(function.as_str());
        }
        self.date(*until);
    }

    pub(super) fn definition(&mut self, definition: Definition) {
        let Definition {
            version,
            grace_days,
            early_months,
            late_months,
            not_arrived_months,
            answer_days,
            expiry_days,
            drills,
        } = definition;
        let numbers = [
            version,
            grace_days,
            early_months,
            late_months,
            not_arrived_months,
            answer_days,
            expiry_days,
        ];
        for number in numbers {
            self.small(number);
        }
        // what was not there at first leaves earlier digests as they are
        if drills {
            self.put(&[1]);
        }
    }

    pub(super) fn key(&mut self, key: Key) {
        let (code, id) = match key {
            Key::Match(id) => (1, id),
            Key::Ask(id) => (2, id),
            Key::Close(id) => (3, id),
            Key::NotArrived(id) => (4, id),
            Key::Overdue(id) => (6, id),
            Key::Reopen(id) => (7, id),
            Key::Drill(code) => {
                self.code(8);
                return self.municipality(code);
            }
            Key::Chain(recipient, number) => {
                self.code(5);
                self.municipality(recipient);
                return self.number(number.0);
            }
        };
        self.code(code);
        self.id(id);
    }
}
