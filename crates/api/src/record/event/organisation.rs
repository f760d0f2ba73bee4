//! Functions and grants from their stored form, and into it.

use domain::code::RelocationKind;
use domain::function::{Function, FunctionContact, FunctionId, Grant};

use crate::generated::journal::v1 as wire;
use crate::record::{Unreadable, unknown};

pub(super) fn function_id(text: &str) -> Result<FunctionId, Unreadable> {
    FunctionId::parse(text).ok_or_else(|| unknown("function"))
}

pub(super) fn function(e: wire::FunctionSet) -> Result<Function, Unreadable> {
    Ok(Function {
        id: function_id(&e.function)?,
        name: e.name,
        first: e.first.map(contact).unwrap_or_default(),
        second: e.second.map(contact),
        sdk_address: e.sdk_address,
        handles_secrecy_marked: e.handles_secrecy_marked,
        kinds: e.kinds.into_iter().map(kind).collect::<Result<_, _>>()?,
        is_closed: e.closed,
    })
}

pub(super) fn function_set(function: &Function) -> wire::FunctionSet {
    wire::FunctionSet {
        function: function.id.to_string(),
        name: function.name.clone(),
        first: Some(contact_to_wire(&function.first)),
        second: function.second.as_ref().map(contact_to_wire),
        sdk_address: function.sdk_address.clone(),
        handles_secrecy_marked: function.handles_secrecy_marked,
        kinds: function.kinds.iter().map(|kind| kind.number()).collect(),
        closed: function.is_closed,
    }
}

pub(super) fn grant(e: wire::VendorGranted) -> Result<Grant, Unreadable> {
    Ok(Grant {
        organisation_number: e.organisation_number,
        methods: e.methods.into_iter().collect(),
        kinds: e.kinds.into_iter().map(kind).collect::<Result<_, _>>()?,
        functions: e
            .functions
            .iter()
            .map(|id| function_id(id))
            .collect::<Result<_, _>>()?,
        until: e.until.parse().map_err(|_form| unknown("until"))?,
    })
}

pub(super) fn granted(grant: &Grant) -> wire::VendorGranted {
    wire::VendorGranted {
        organisation_number: grant.organisation_number.clone(),
        methods: grant.methods.iter().cloned().collect(),
        kinds: grant.kinds.iter().map(|kind| kind.number()).collect(),
        functions: grant.functions.iter().map(ToString::to_string).collect(),
        until: grant.until.to_string(),
    }
}

fn kind(number: i32) -> Result<RelocationKind, Unreadable> {
    RelocationKind::from_number(number).ok_or_else(|| unknown("kinds"))
}

fn contact(e: wire::FunctionContact) -> FunctionContact {
    FunctionContact {
        phone: e.phone,
        email: e.email,
    }
}

fn contact_to_wire(contact: &FunctionContact) -> wire::FunctionContact {
    wire::FunctionContact {
        phone: contact.phone.clone(),
        email: contact.email.clone(),
    }
}
