//! How far a permit to act for a municipality reaches: all the way for its own system, as far as it was granted for a
//! vendor's. It is copied with each permit, so it holds tags of functions and not their ids.

use api::methods;
use api::parse::GRANT_FUNCTIONS_MAX;
use api::status::Refusal;
use domain::code::RelocationKind;
use domain::function::{FunctionId, Grant};
use domain::reason::Reason;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// The first bytes of a hash of a function's id: no two of a municipality's hundred share them.
type Tag = [u8; 8];

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The municipality's own system.
    Own,
    /// A vendor's: a bit for each kind; tags of functions, none for all.
    Granted {
        kinds: u8,
        functions: Option<[Tag; GRANT_FUNCTIONS_MAX]>,
    },
}

/// All kinds.
const EVERY_KIND: u8 = u8::MAX;

impl Reach {
    /// As far as a grant goes for a method on a day, if it does.
    pub(super) fn granted(grant: &Grant, method: &str, today: Date) -> Result<Self, Refusal> {
        if grant.has_ended(today) {
            return Err(Refusal::new(Reason::GrantEnded));
        }
        let is_for_it = grant.allows(method)
            && methods::can_be_granted(method)
            && (!grant.is_limited() || methods::is_about_relocations(method))
            && grant.functions.len() <= GRANT_FUNCTIONS_MAX;
        if !is_for_it {
            return Err(Refusal::new(Reason::VendorNotGranted));
        }
        let kinds = grant.kinds.iter().fold(0, |bits, kind| bits | bit(*kind));
        let mut tags = [Tag::default(); GRANT_FUNCTIONS_MAX];
        for (place, id) in tags.iter_mut().zip(&grant.functions) {
            *place = tag(id);
        }
        Ok(Self::Granted {
            kinds: if grant.kinds.is_empty() {
                EVERY_KIND
            } else {
                kinds
            },
            functions: (!grant.functions.is_empty()).then_some(tags),
        })
    }

    /// Whether it is short of everything.
    pub(super) fn is_limited(self) -> bool {
        match self {
            Self::Own => false,
            Self::Granted { kinds, functions } => kinds != EVERY_KIND || functions.is_some(),
        }
    }

    /// Whether it holds a relocation of a kind that came to a function; to none for what is sent.
    pub(super) fn holds(self, kind: RelocationKind, function: Option<&FunctionId>) -> bool {
        match self {
            Self::Own => true,
            Self::Granted { kinds, functions } => {
                let is_there = |tags: [Tag; GRANT_FUNCTIONS_MAX]| {
                    function.is_some_and(|function| tags.contains(&tag(function)))
                };
                kinds & bit(kind) != 0 && functions.is_none_or(is_there)
            }
        }
    }
}

/// The bit of a kind: their numbers go from 1.
fn bit(kind: RelocationKind) -> u8 {
    u32::try_from(kind.number().saturating_sub(1))
        .ok()
        .and_then(|place| 1_u8.checked_shl(place))
        .unwrap_or(0)
}

fn tag(id: &FunctionId) -> Tag {
    let digest = Sha256::digest(id.as_str().as_bytes());
    let mut tag = Tag::default();
    for (to, from) in tag.iter_mut().zip(digest) {
        *to = from;
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use RelocationKind::{ActiveInvolvement, Placement, PrivateHomeCare226};

    const TODAY: Date = Date::constant(2026, 11, 24);

    fn id(text: &str) -> FunctionId {
        FunctionId::parse(text).expect("an id")
    }

    fn grant(methods: &[&str], kinds: &[RelocationKind], functions: &[&str]) -> Grant {
        Grant {
            organisation_number: "559999-0008".to_owned(),
            methods: methods.iter().map(ToString::to_string).collect(),
            kinds: kinds.iter().copied().collect(),
            functions: functions.iter().map(|text| id(text)).collect(),
            until: TODAY,
        }
    }

    fn reach(grant: &Grant) -> Reach {
        Reach::granted(grant, "GetRelocation", TODAY).expect("granted")
    }

    #[test]
    fn a_grant_reaches_as_far_as_its_kinds_and_functions() {
        let barn = id("barn");
        for (grant, kind, function, expect) in [
            (grant(&[], &[], &[]), Placement, None, true),
            (grant(&[], &[], &[]), PrivateHomeCare226, Some(&barn), true),
            (grant(&[], &[Placement], &[]), Placement, None, true),
            (
                grant(&[], &[Placement], &[]),
                ActiveInvolvement,
                None,
                false,
            ),
            (
                grant(&[], &[PrivateHomeCare226], &[]),
                PrivateHomeCare226,
                None,
                true,
            ),
            (grant(&[], &[], &["barn"]), Placement, Some(&barn), true),
            (grant(&[], &[], &["vuxna"]), Placement, Some(&barn), false),
            (grant(&[], &[], &["barn"]), Placement, None, false),
            (
                grant(&[], &[Placement], &["barn", "vuxna"]),
                Placement,
                Some(&barn),
                true,
            ),
        ] {
            let found = reach(&grant).holds(kind, function);
            assert_eq!(found, expect, "{grant:?} {kind:?} {function:?}");
        }
        assert!(Reach::Own.holds(Placement, None) && !Reach::Own.is_limited());
        assert!(!reach(&grant(&[], &[], &[])).is_limited());
        assert!(reach(&grant(&[], &[Placement], &[])).is_limited());
        assert!(reach(&grant(&[], &[], &["barn"])).is_limited());
        assert!(RelocationKind::ALL.iter().all(|kind| bit(*kind) != 0));
    }

    #[test]
    fn a_grant_is_for_its_methods_until_its_last_day_and_never_for_what_is_the_municipalitys_own() {
        let all = grant(&[], &[], &[]);
        let asked = |grant: &Grant, method: &str, today| {
            Reach::granted(grant, method, today).map_err(|refusal| refusal.reason)
        };
        let not = Err(Reason::VendorNotGranted);
        assert!(asked(&all, "ReportArrival", TODAY).is_ok());
        assert_eq!(asked(&all, "GrantVendor", TODAY), not);
        assert_eq!(asked(&all, "SetFunction", TODAY), not);
        let tomorrow = TODAY.tomorrow().expect("a day");
        let ended = Err(Reason::GrantEnded);
        assert_eq!(asked(&all, "ReportArrival", tomorrow), ended);
        let one = grant(&["GetRelocation"], &[], &[]);
        assert!(asked(&one, "GetRelocation", TODAY).is_ok());
        assert_eq!(asked(&one, "ListNotices", TODAY), not);
        // what has neither kind nor function is outside a grant for some of them
        let kind = grant(&[], &[Placement], &[]);
        assert!(asked(&kind, "ListNotices", TODAY).is_ok());
        assert_eq!(asked(&kind, "ReportArrival", TODAY), not);
        assert_eq!(asked(&kind, "ConfirmNotice", TODAY), not);
    }
}
