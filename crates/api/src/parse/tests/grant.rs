//! Grants: to whom, for what, until when.

use domain::municipality::MunicipalityCode;
use domain::reason::Reason::{self, *};

use super::{TODAY, owned};
use crate::parse::{Faults, grant};
use crate::v1;

fn check(change: impl Fn(&mut v1::Vendor), expect: &[(&str, Reason)]) {
    let mut given = v1::Vendor {
        organisation_number: "556036-0793".to_owned(),
        methods: vec!["RegisterRelocation".to_owned()],
        kinds: vec![v1::RelocationKind::Placement.into()],
        functions: vec!["municipalities/2283/functions/barn".to_owned()],
        until: TODAY.today.to_string(),
        ..v1::Vendor::default()
    };
    change(&mut given);
    let mut faults = Faults::default();
    let code = MunicipalityCode::parse("2283").expect("a code");
    let read = grant(&mut faults, Some(&given), code, TODAY.today);
    let found = match faults.end() {
        Ok(()) => Vec::new(),
        Err(refusal) => super::faults::<()>(Err(refusal)),
    };
    assert_eq!(found, owned(expect), "{given:?}");
    assert!(read.is_some() || !expect.is_empty(), "{given:?}");
}

#[test]
fn a_grant_is_read_or_refused_field_by_field() {
    check(|_usual| {}, &[]);
    let number = "vendor.organisation_number";
    check(
        |it| it.organisation_number.clear(),
        &[(number, FieldRequired)],
    );
    check(
        |it| it.organisation_number = "556036-0794".to_owned(),
        &[(number, OrganisationNumberInvalid)],
    );
    for wrong in [
        &["GrantVendor"][..],
        &["SetDefinition"],
        &["Everything"],
        &["GetRelocation", "GetRelocation"],
    ] {
        check(
            |it| it.methods = wrong.iter().map(ToString::to_string).collect(),
            &[("vendor.methods", ValueUnknown)],
        );
    }
    check(|it| it.kinds = vec![99], &[("vendor.kinds", ValueUnknown)]);
    check(
        |it| it.functions = vec!["municipalities/0184/functions/barn".to_owned()],
        &[
            ("vendor.functions", NameInvalid),
            ("vendor.functions", ValueUnknown),
        ],
    );
    let many = |count: usize| -> Vec<String> {
        let name = |number| format!("municipalities/2283/functions/f{number}");
        (0..count).map(name).collect()
    };
    check(|it| it.functions = many(16), &[]);
    check(
        |it| it.functions = many(17),
        &[("vendor.functions", FieldTooLong)],
    );
    for (until, expect) in [
        ("2026-11-23", Some(FieldOutOfRange)),
        ("2028-11-24", None),
        ("2028-11-25", Some(DateTooFar)),
        ("", Some(FieldRequired)),
        ("snart", Some(DateInvalid)),
    ] {
        let expect: Vec<_> = expect
            .into_iter()
            .map(|reason| ("vendor.until", reason))
            .collect();
        check(|it| it.until = until.to_owned(), &expect);
    }
}
