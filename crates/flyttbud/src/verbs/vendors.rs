//! Verbs about vendors: whose systems may act for a municipality.

use api::v1;
use clap::{Args, Subcommand};

use super::functions::{kinds, number};
use super::{Session, call, code, submit};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;

/// What to do with vendors.
#[derive(Debug, Subcommand)]
pub(crate) enum Vendors {
    /// List whose systems may act for your municipality
    List,
    /// Let a vendor's system act for your municipality; replaces what it was granted before
    Grant(Granted),
    /// Withdraw that, at once
    Withdraw {
        /// The vendor's organisation number
        organisation_number: String,
        #[command(flatten)]
        write: Write,
    },
}

/// What a vendor is granted.
#[derive(Debug, Args)]
pub(crate) struct Granted {
    /// The organisation number in the certificate of the vendor's system, for example 556036-0793
    organisation_number: String,
    /// The last day, YYYY-MM-DD, within two years
    #[arg(long)]
    until: String,
    /// Only this method, for example RegisterRelocation; may stand several times
    #[arg(long)]
    method: Vec<String>,
    /// Only relocations of this kind, for example placement; may stand several times
    #[arg(long)]
    kind: Vec<String>,
    /// Only what this function of yours received, by its id; may stand several times
    #[arg(long)]
    function: Vec<String>,
    #[command(flatten)]
    write: Write,
}

impl Session {
    pub(super) async fn vendors(&self, verb: Vendors) -> Result<(), Failure> {
        match verb {
            Vendors::List => self.list_vendors().await,
            Vendors::Grant(verb) => self.grant_vendor(verb).await,
            Vendors::Withdraw {
                organisation_number,
                write,
            } => self.withdraw_vendor(organisation_number, &write).await,
        }
    }

    async fn list_vendors(&self) -> Result<(), Failure> {
        let mut request = v1::ListVendorsRequest {
            municipality: self.profile.municipality()?,
            page_size: 500,
            page_token: String::new(),
        };
        let mut vendors = Vec::new();
        loop {
            let answer = call!(self, directory.list_vendors(request.clone()))?;
            vendors.extend(answer.vendors);
            request.page_token = answer.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        if self.json {
            return vendors
                .iter()
                .try_for_each(|vendor| output::say_json("Vendor", vendor));
        }
        show(&vendors);
        Ok(())
    }

    async fn grant_vendor(&self, verb: Granted) -> Result<(), Failure> {
        let municipality = self.profile.municipality()?;
        let functions = verb.function.iter();
        let vendor = v1::Vendor {
            name: String::new(),
            organisation_number: verb.organisation_number,
            methods: verb.method,
            kinds: verb.kind.iter().map(|kind| number(kind)).collect(),
            functions: functions
                .map(|id| format!("{municipality}/functions/{id}"))
                .collect(),
            until: verb.until,
            ended: false,
        };
        let request = v1::GrantVendorRequest {
            municipality,
            actor: Some(self.profile.actor("medge leverantör", "")),
            request_id: verb.write.id(),
            validate_only: verb.write.dry_run,
            vendor: Some(vendor),
        };
        let answer = submit!(self, directory.grant_vendor(request))?;
        if self.json {
            return output::say_json("GrantVendorResponse", &answer);
        }
        show(answer.vendor.as_slice());
        Ok(())
    }

    async fn withdraw_vendor(&self, number: String, write: &Write) -> Result<(), Failure> {
        let request = v1::WithdrawVendorRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("återta medgivande", "")),
            request_id: write.id(),
            validate_only: write.dry_run,
            organisation_number: number,
        };
        let answer = submit!(self, directory.withdraw_vendor(request))?;
        if self.json {
            return output::say_json("WithdrawVendorResponse", &answer);
        }
        output::say(if write.dry_run {
            "it would be withdrawn"
        } else {
            "withdrawn"
        });
        Ok(())
    }
}

/// Shows grants, if there are any.
pub(super) fn show(vendors: &[v1::Vendor]) {
    if vendors.is_empty() {
        return;
    }
    let all = |text: String| {
        if text.is_empty() {
            "all".to_owned()
        } else {
            text
        }
    };
    let row = |vendor: &v1::Vendor| {
        let functions: Vec<String> = vendor.functions.iter().map(|name| code(name)).collect();
        let by = vendor.name.split('/').nth(1).unwrap_or_default();
        vec![
            vendor.organisation_number.clone(),
            by.to_owned(),
            all(vendor.methods.join(", ")),
            all(kinds(vendor.kinds())),
            all(functions.join(", ")),
            vendor.until.clone(),
            if vendor.ended { "ended" } else { "" }.to_owned(),
        ]
    };
    let headings = [
        "vendor",
        "acts for",
        "methods",
        "kinds",
        "functions",
        "until",
        "is",
    ];
    output::table(&headings, vendors.iter().map(row).collect());
}
