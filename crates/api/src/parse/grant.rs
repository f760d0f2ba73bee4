//! Grants to vendors from the wire.

use std::collections::BTreeSet;

use domain::calendar::months_after;
use domain::function::{Grant, is_organisation_number};
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use jiff::civil::Date;

use super::{Faults, function_name, kinds};
use crate::methods::can_be_granted;
use crate::v1;

/// How long a grant may last: somebody looks at it again at least so often.
const GRANT_MONTHS_MAX: u32 = 24;
/// Functions that one grant may name: a permit carries them with each call.
pub const GRANT_FUNCTIONS_MAX: usize = 16;

/// Reads what a municipality grants a vendor's system.
pub fn grant(
    faults: &mut Faults,
    given: Option<&v1::Vendor>,
    by: MunicipalityCode,
    today: Date,
) -> Option<Grant> {
    let Some(given) = given else {
        faults.add("vendor", Reason::FieldRequired);
        return None;
    };
    organisation_number(
        faults,
        "vendor.organisation_number",
        &given.organisation_number,
    );
    let methods: BTreeSet<String> = given.methods.iter().cloned().collect();
    if methods.len() != given.methods.len() || !methods.iter().all(|name| can_be_granted(name)) {
        faults.add("vendor.methods", Reason::ValueUnknown);
    }
    let kinds = kinds(faults, "vendor.kinds", &given.kinds);
    let named = given.functions.iter().take(GRANT_FUNCTIONS_MAX);
    let functions: BTreeSet<_> = named
        .filter_map(|name| function_name(faults, "vendor.functions", name, by))
        .collect();
    if given.functions.len() > GRANT_FUNCTIONS_MAX {
        faults.add("vendor.functions", Reason::FieldTooLong);
    } else if functions.len() != given.functions.len() {
        faults.add("vendor.functions", Reason::ValueUnknown);
    }
    let until = faults.date("vendor.until", &given.until)?;
    if until < today {
        faults.add("vendor.until", Reason::FieldOutOfRange);
    } else if until > months_after(today, GRANT_MONTHS_MAX) {
        faults.add("vendor.until", Reason::DateTooFar);
    }
    Some(Grant {
        organisation_number: given.organisation_number.clone(),
        methods,
        kinds,
        functions,
        until,
    })
}

/// An organisation number.
pub fn organisation_number(faults: &mut Faults, field: &str, text: &str) {
    if text.is_empty() {
        faults.add(field, Reason::FieldRequired);
    } else if !is_organisation_number(text) {
        faults.add(field, Reason::OrganisationNumberInvalid);
    }
}
