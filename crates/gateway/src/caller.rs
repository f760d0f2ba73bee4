//! Who calls: read from the client certificate, and from nothing else.
//!
//! Subject: O is the organisation, serialNumber the organisation number. Roles stand as
//! `urn:flyttbud:role:<role>` in the subject alternative names. In production the directory maps the
//! organisation number to municipalities; elsewhere `urn:flyttbud:municipality:<code>` says it.

use std::collections::{BTreeMap, BTreeSet};

use domain::municipality::MunicipalityCode;
use jiff::Timestamp;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What a certificate may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// A municipality's case system (verksamhetssystem).
    CaseSystem,
    /// A municipality's register feed (folkbokföringsavisering).
    RegisterFeed,
    /// A municipality's reviewers of its access log (loggranskare).
    Reviewer,
    /// An operator of Flyttbud (operatör).
    Operator,
    /// An analyst (analytiker).
    Analyst,
    /// An administrator (administratör).
    Administrator,
}

/// The names of what a certificate may do, as in certificates.
pub fn roles() -> [&'static str; 6] {
    Role::ALL.map(Role::name)
}

impl Role {
    const ALL: [Self; 6] = [
        Self::CaseSystem,
        Self::RegisterFeed,
        Self::Reviewer,
        Self::Operator,
        Self::Analyst,
        Self::Administrator,
    ];

    /// As in certificates.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CaseSystem => "case-system",
            Self::RegisterFeed => "register-feed",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Analyst => "analyst",
            Self::Administrator => "administrator",
        }
    }
}

/// A caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Organisation number, for example 212000-0142.
    pub(crate) organisation_number: String,
    /// The organisation's name.
    pub(crate) organisation: String,
    /// What it may do.
    pub(crate) roles: BTreeSet<Role>,
    /// For whom it may act.
    pub(crate) municipalities: BTreeSet<MunicipalityCode>,
    /// Until when its certificate is valid.
    pub(crate) valid_until: Timestamp,
}

/// How certificates become callers.
#[derive(Clone, Debug)]
pub struct Trust {
    /// In production only the directory says which municipality an organisation is.
    pub production: bool,
    /// The directory: organisation number to municipality.
    pub organisations: BTreeMap<String, MunicipalityCode>,
}

impl Trust {
    /// Reads a certificate. None when it does not say who it is.
    pub(crate) fn caller(&self, certificate: &[u8]) -> Option<Caller> {
        let (_rest, certificate) = X509Certificate::from_der(certificate).ok()?;
        let text = |attribute: Option<&x509_parser::x509::AttributeTypeAndValue<'_>>| {
            attribute.and_then(|a| a.as_str().ok()).map(str::to_owned)
        };
        let subject = certificate.subject();
        let organisation_number = text(
            subject
                .iter_by_oid(&x509_parser::oid_registry::OID_X509_SERIALNUMBER)
                .next(),
        )?;
        let organisation = text(subject.iter_organization().next())?;
        let mut roles = BTreeSet::new();
        let mut municipalities = BTreeSet::new();
        let names = certificate.subject_alternative_name().ok().flatten();
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            let GeneralName::URI(uri) = name else {
                continue;
            };
            if let Some(role) = uri.strip_prefix("urn:flyttbud:role:") {
                roles.extend(Role::ALL.into_iter().find(|known| known.name() == role));
            } else if let Some(code) = uri.strip_prefix("urn:flyttbud:municipality:")
                && !self.production
            {
                municipalities.extend(MunicipalityCode::parse(code));
            }
        }
        municipalities.extend(self.organisations.get(&organisation_number));
        let valid_until =
            Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?;
        Some(Caller {
            organisation_number,
            organisation,
            roles,
            municipalities,
            valid_until,
        })
    }
}
