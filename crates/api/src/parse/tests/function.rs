//! Functions: whose they are, how they are reached, what goes there.

use domain::municipality::MunicipalityCode;
use domain::reason::Reason::{self, *};

use super::owned;
use crate::parse::{Faults, function};
use crate::v1;

fn described() -> v1::Function {
    v1::Function {
        name: "municipalities/2283/functions/barn-och-unga".to_owned(),
        display_name: "Barn och unga".to_owned(),
        first_contact: Some(v1::FunctionContact {
            phone: "0620-68 20 00".to_owned(),
            email: String::new(),
        }),
        kinds: vec![v1::RelocationKind::Placement.into()],
        ..v1::Function::default()
    }
}

fn check(change: impl Fn(&mut v1::Function), expect: &[(&str, Reason)]) {
    let mut given = described();
    change(&mut given);
    let mut faults = Faults::default();
    let code = MunicipalityCode::parse("2283").expect("a code");
    let read = function(&mut faults, Some(&given), code);
    let found = match faults.end() {
        Ok(()) => Vec::new(),
        Err(refusal) => super::faults::<()>(Err(refusal)),
    };
    assert_eq!(found, owned(expect), "{given:?}");
    assert!(read.is_some() || !expect.is_empty(), "{given:?}");
}

#[test]
fn a_description_is_read_or_refused_field_by_field() {
    check(|_usual| {}, &[]);
    check(|it| it.sdk_address = "å".repeat(200), &[]);
    check(
        |it| it.sdk_address = "å".repeat(201),
        &[("function.sdk_address", FieldTooLong)],
    );
    check(
        |it| it.display_name.clear(),
        &[("function.display_name", FieldRequired)],
    );
    check(
        |it| it.display_name = "Ring 19900101-2385".to_owned(),
        &[("function.display_name", IdentityNumberInText)],
    );
    check(|it| it.name.clear(), &[("function.name", FieldRequired)]);
    for wrong in [
        "municipalities/0184/functions/barn-och-unga",
        "municipalities/2283",
        "barn-och-unga",
        "municipalities/2283/functions/Barn",
    ] {
        check(
            |it| it.name = wrong.to_owned(),
            &[("function.name", NameInvalid)],
        );
    }
    check(
        |it| it.first_contact = None,
        &[("function.first_contact", FieldRequired)],
    );
    check(
        |it| it.second_contact = Some(v1::FunctionContact::default()),
        &[("function.second_contact.phone", FieldRequired)],
    );
    for wrong in [vec![0], vec![7], vec![3, 3]] {
        check(
            |it| it.kinds.clone_from(&wrong),
            &[("function.kinds", ValueUnknown)],
        );
    }
}
