//! Who calls: organisations, and the certificates that `flyttbud pki` makes for them.

use std::fs;
use std::path::Path;

use domain::municipality;

use super::program::run;

/// An organisation that has a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its files' name, without ending.
    pub file: &'static str,
    /// Its organisation number.
    pub number: &'static str,
    /// The municipality it is; empty for none.
    pub code: &'static str,
    /// What it may do.
    pub roles: &'static [&'static str],
}

const CASE_SYSTEM: &[&str] = &["case-system"];

/// Solna, who sends.
pub const SOLNA: Organisation = Organisation {
    file: "solna",
    number: "212000-0183",
    code: "0184",
    roles: CASE_SYSTEM,
};
/// Sollefteå, who receives.
pub const SOLLEFTEA: Organisation = Organisation {
    file: "solleftea",
    number: "212000-2445",
    code: "2283",
    roles: CASE_SYSTEM,
};
/// Sigtuna, who has no part in what Solna sends to Sollefteå.
pub const SIGTUNA: Organisation = Organisation {
    file: "sigtuna",
    number: "212000-0225",
    code: "0191",
    roles: CASE_SYSTEM,
};
/// Heby, which was another code before 2007. Its case system is its register feed too.
pub const HEBY: Organisation = Organisation {
    file: "heby",
    number: "559999-0009",
    code: "0331",
    roles: &["case-system", "register-feed"],
};
/// Operator and administrator.
pub const OPERATOR: Organisation = Organisation {
    file: "operator",
    number: "559999-0001",
    code: "",
    roles: &["operator", "administrator"],
};
/// An operator who is no administrator.
pub const WATCH: Organisation = Organisation {
    file: "watch",
    number: "559999-0004",
    code: "",
    roles: &["operator"],
};
/// An administrator who is no operator.
pub const KEEPER: Organisation = Organisation {
    file: "keeper",
    number: "559999-0005",
    code: "",
    roles: &["administrator"],
};
/// An analyst.
pub const ANALYST: Organisation = Organisation {
    file: "analyst",
    number: "559999-0002",
    code: "",
    roles: &["analyst"],
};
/// Solna's register feed: the municipality is right, the role is not that of a case system.
pub const FEED: Organisation = Organisation {
    file: "feed",
    number: "212000-0183",
    code: "0184",
    roles: &["register-feed"],
};
/// Sollefteå's register feed.
pub const FEED_THERE: Organisation = Organisation {
    file: "feed-there",
    number: "212000-2445",
    code: "2283",
    roles: &["register-feed"],
};
/// Solna's case system that is its register feed too.
pub const BOTH: Organisation = Organisation {
    file: "both",
    number: "212000-0183",
    code: "0184",
    roles: &["case-system", "register-feed"],
};
/// Solna's reviewer of its access log.
pub const REVIEWER: Organisation = Organisation {
    file: "reviewer",
    number: "212000-0183",
    code: "0184",
    roles: &["reviewer"],
};
/// Sollefteå's.
pub const REVIEWER_THERE: Organisation = Organisation {
    file: "reviewer-there",
    number: "212000-2445",
    code: "2283",
    roles: &["reviewer"],
};
/// A vendor whose system serves many municipalities: see [`crate::World::served`].
pub const VENDOR: Organisation = Organisation {
    file: "vendor",
    number: "559999-0003",
    code: "",
    roles: CASE_SYSTEM,
};
/// A vendor whose system serves whom it is granted by, and nobody by its certificate.
pub const SHARED: Organisation = Organisation {
    file: "shared",
    number: "559999-0008",
    code: "",
    roles: CASE_SYSTEM,
};
/// Solna by a second certificate, which it loses.
pub const LOST: Organisation = Organisation {
    file: "lost",
    number: "212000-0183",
    code: "0184",
    roles: CASE_SYSTEM,
};
/// The same vendor's register feed, for the same municipalities.
pub const FEEDS: Organisation = Organisation {
    file: "feeds",
    number: "559999-0003",
    code: "",
    roles: &["register-feed"],
};
/// Somebody who calls itself Solna, with a certificate of another authority.
pub const STRANGER: Organisation = Organisation {
    file: "stranger",
    number: "212000-0183",
    code: "0184",
    roles: CASE_SYSTEM,
};

/// Municipalities that the vendor serves: with five test persons each, enough for a load; with three for each
/// scenario, enough for all of them.
const SERVED: usize = 286;

/// The codes that the vendor serves; Sollefteå and Sigtuna are not among them.
pub(crate) fn served() -> Vec<String> {
    municipality::all()
        .iter()
        .filter(|found| found.is_open(super::request::date()))
        .map(|found| found.code.to_string())
        .filter(|code| code != SOLLEFTEA.code && code != SIGTUNA.code && code != SOLNA.code)
        .take(SERVED)
        .collect()
}

/// Makes the authority and the server's certificate.
pub(crate) fn begin(folder: &Path) {
    // another authority signs no list of the one before
    fs::remove_file(folder.join("crl.pem")).ok();
    run(folder, &["pki", "authority"]);
    run(folder, &["pki", "crl"]);
    run(folder, &["pki", "server"]);
}

/// Makes an organisation's certificate, unless it has one.
pub(crate) fn issue(folder: &Path, who: Organisation) {
    if folder.join(format!("{}.pem", who.file)).exists() {
        return;
    }
    if who != STRANGER {
        return make(folder, who);
    }
    // by an authority of its own, then brought here
    let elsewhere = folder.join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder for the other authority");
    run(&elsewhere, &["pki", "authority"]);
    make(&elsewhere, who);
    for file in ["stranger.pem", "stranger.key"] {
        fs::copy(elsewhere.join(file), folder.join(file)).expect("the stranger's file");
    }
}

fn make(folder: &Path, who: Organisation) {
    let mut arguments = vec!["pki", "client", "--name", who.file];
    arguments.extend(["--organisation", who.file]);
    arguments.extend(["--organisation-number", who.number]);
    arguments.extend(who.roles.iter().flat_map(|role| ["--role", *role]));
    let served = if [VENDOR, FEEDS].contains(&who) {
        served()
    } else {
        Vec::new()
    };
    let codes = served.iter().map(String::as_str).chain([who.code]);
    let codes = codes.filter(|code| !code.is_empty());
    arguments.extend(codes.flat_map(|code| ["--municipality", code]));
    run(folder, &arguments);
}
