//! The methods that act for a municipality, read from the contract itself: what a vendor's system can be granted,
//! and what is never granted.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use prost::Message as _;
use prost_types::FileDescriptorSet;

use crate::generated::DESCRIPTORS;

/// What a municipality does about itself: by its own system alone, or a vendor could let in whom it likes.
const OWN: [&str; 5] = [
    "LiftProtection",
    "SetFunction",
    "GrantVendor",
    "WithdrawVendor",
    "ListVendors",
];

/// A municipality's own watch over its access log: no vendor is let in.
const WATCH: &str = "AccessService";

/// Services whose resources have a kind and a function.
const OF_RELOCATIONS: [&str; 2] = ["RelocationService", "InboxService"];

/// Of those services, what is about the whole inbox; and, of the others, what is about a relocation too.
const WHOLE_INBOX: &str = "ConfirmNotice";
const RECEIPT: &str = "GetReceipt";

/// A method that acts for a municipality.
struct Method {
    service: String,
    name: String,
}

static ALL: LazyLock<Vec<Method>> = LazyLock::new(read);

fn read() -> Vec<Method> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap_or_default();
    let files = || {
        let files = set.file.iter();
        files.filter(|file| file.package() == "flyttbud.v1")
    };
    let acting: BTreeSet<String> = files()
        .flat_map(|file| &file.message_type)
        .filter(|message| message.field.iter().any(|it| it.name() == "municipality"))
        .map(|message| format!(".flyttbud.v1.{}", message.name()))
        .collect();
    files()
        .flat_map(|file| &file.service)
        .flat_map(|service| service.method.iter().map(move |method| (service, method)))
        .filter(|(_, method)| acting.contains(method.input_type()))
        .map(|(service, method)| Method {
            service: service.name().to_owned(),
            name: method.name().to_owned(),
        })
        .collect()
}

/// Whether a vendor's system can be granted it.
pub fn can_be_granted(name: &str) -> bool {
    let mut all = ALL.iter().filter(|method| method.service != WATCH);
    !OWN.contains(&name) && all.any(|method| method.name == name)
}

/// Whether it is about single relocations, so that a grant for some kinds or functions holds for it.
pub fn is_about_relocations(name: &str) -> bool {
    let mut all = ALL.iter();
    name == RECEIPT
        || name != WHOLE_INBOX
            && all.any(|method| {
                method.name == name && OF_RELOCATIONS.contains(&method.service.as_str())
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_for_a_municipality_can_be_granted_but_for_what_is_its_own() {
        for granted in [
            "RegisterRelocation",
            "ListNotices",
            "ConfirmNotice",
            "ReportArrival",
            "AnswerAlert",
            "GetReceipt",
            "ListRefusals",
        ] {
            assert!(can_be_granted(granted), "{granted}");
        }
        for never in OWN.iter().chain(&[
            "WhoAmI",
            "GetMunicipality",
            "SetDefinition",
            "AdvanceClock",
            "CloseAlert",
            "CountRefusals",
            "ListAccesses",
            "Register",
            "",
        ]) {
            assert!(!can_be_granted(never), "{never}");
        }
        for own in OWN {
            assert!(ALL.iter().any(|method| method.name == own), "{own}");
        }
    }

    #[test]
    fn only_what_is_about_single_relocations_follows_kinds_and_functions() {
        for about in [
            "RegisterRelocation",
            "FindRelocations",
            "WatchInbox",
            RECEIPT,
        ] {
            assert!(is_about_relocations(about), "{about}");
        }
        for other in [WHOLE_INBOX, "ReportArrival", "AnswerAlert", "ListEntries"] {
            assert!(!is_about_relocations(other), "{other}");
        }
    }
}
