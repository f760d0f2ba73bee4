//! Who plays in the demo. Persons have official test numbers, which are never assigned to anybody.

/// An organisation with a certificate.
pub(super) struct Organisation {
    pub(super) file: &'static str,
    pub(super) name: &'static str,
    pub(super) number: &'static str,
    pub(super) code: &'static str,
    pub(super) roles: &'static [&'static str],
    pub(super) officer: &'static str,
}

pub(super) const SOLNA: Organisation = Organisation {
    file: "solna",
    name: "Solna stad",
    number: "212000-0183",
    code: "0184",
    roles: &["case-system"],
    officer: "handlaggare-solna-7",
};
pub(super) const SOLLEFTEA: Organisation = Organisation {
    file: "solleftea",
    name: "Sollefteå kommun",
    number: "212000-2445",
    code: "2283",
    roles: &["case-system"],
    officer: "handlaggare-solleftea-2",
};
pub(super) const SIGTUNA: Organisation = Organisation {
    file: "sigtuna",
    name: "Sigtuna kommun",
    number: "212000-0225",
    code: "0191",
    roles: &["case-system"],
    officer: "handlaggare-sigtuna-4",
};
pub(super) const OPERATOR: Organisation = Organisation {
    file: "operator",
    name: "Flyttbud drift",
    number: "559999-0001",
    code: "",
    roles: &["operator", "administrator"],
    officer: "operator-1",
};

pub(super) const ALL: [Organisation; 4] = [SOLNA, SOLLEFTEA, SIGTUNA, OPERATOR];
