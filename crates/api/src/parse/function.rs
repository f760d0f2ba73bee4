//! Functions of a municipality from the wire, and onto it.

use std::collections::BTreeSet;

use domain::code::RelocationKind;
use domain::function::{Function, FunctionContact, FunctionId};
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;

use super::Faults;
use crate::v1;

/// Signs of a function's name at most.
const NAME_SIGNS_MAX: usize = 100;
/// Signs of an address in Säker digital kommunikation at most.
const SDK_SIGNS_MAX: usize = 200;

/// Reads the description of a municipality's own function.
pub fn function(
    faults: &mut Faults,
    given: Option<&v1::Function>,
    of: MunicipalityCode,
) -> Option<Function> {
    let Some(given) = given else {
        faults.add("function", Reason::FieldRequired);
        return None;
    };
    let id = function_name(faults, "function.name", &given.name, of);
    if given.name.is_empty() {
        faults.add("function.name", Reason::FieldRequired);
    }
    faults.free_text(
        "function.display_name",
        &given.display_name,
        1,
        NAME_SIGNS_MAX,
    );
    faults.free_text("function.sdk_address", &given.sdk_address, 0, SDK_SIGNS_MAX);
    let first = contact(
        faults,
        "function.first_contact",
        given.first_contact.as_ref(),
    );
    if first.is_none() {
        faults.add("function.first_contact", Reason::FieldRequired);
    }
    let second = given.second_contact.as_ref();
    let second = contact(faults, "function.second_contact", second);
    let kinds = kinds(faults, "function.kinds", &given.kinds);
    Some(Function {
        id: id?,
        name: given.display_name.clone(),
        first: first?,
        second,
        sdk_address: given.sdk_address.clone(),
        handles_secrecy_marked: given.handles_secrecy_marked,
        kinds,
        is_closed: given.closed,
    })
}

/// A function by its resource name, which must be one of a certain municipality's. None when it is empty.
pub fn function_name(
    faults: &mut Faults,
    field: &str,
    name: &str,
    of: MunicipalityCode,
) -> Option<FunctionId> {
    if name.is_empty() {
        return None;
    }
    match FunctionId::parse_name(name) {
        Some((code, id)) if code == of => Some(id),
        _ => {
            faults.add(field, Reason::NameInvalid);
            None
        }
    }
}

/// Kinds of relocation as a set: none unknown, none twice.
pub fn kinds(faults: &mut Faults, field: &str, given: &[i32]) -> BTreeSet<RelocationKind> {
    let known: BTreeSet<_> = given
        .iter()
        .filter_map(|number| RelocationKind::from_number(*number))
        .collect();
    if known.len() != given.len() {
        faults.add(field, Reason::ValueUnknown);
    }
    known
}

fn contact(
    faults: &mut Faults,
    field: &str,
    given: Option<&v1::FunctionContact>,
) -> Option<FunctionContact> {
    let given = given?;
    faults.free_text(&format!("{field}.phone"), &given.phone, 0, 30);
    faults.free_text(&format!("{field}.email"), &given.email, 0, 254);
    if given.phone.is_empty() && given.email.is_empty() {
        faults.add(&format!("{field}.phone"), Reason::FieldRequired);
    }
    Some(FunctionContact {
        phone: given.phone.clone(),
        email: given.email.clone(),
    })
}
