//! A profile: who calls, where, for which municipality.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use api::v1::Actor;
use client::{Client, Target};
use serde::{Deserialize, Serialize};

use crate::cli::Acting;
use crate::failure::Failure;

/// The file, TOML. Paths are relative to it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) url: String,
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Code of the municipality to act for; empty for operators and administrators.
    #[serde(default)]
    pub(crate) municipality: String,
    #[serde(default)]
    pub(crate) officer: String,
    #[serde(default)]
    pub(crate) function: String,
    /// What it is done for in this call, when that is said.
    #[serde(skip)]
    pub(crate) purpose: Option<String>,
    /// In which case, likewise.
    #[serde(skip)]
    pub(crate) case_number: Option<String>,
}

impl Profile {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let read = || -> anyhow::Result<Self> {
            let text = std::fs::read_to_string(path).with_context(|| {
                format!(
                    "'{}' cannot be read; name a profile with --profile",
                    path.display()
                )
            })?;
            let mut profile: Self =
                toml::from_str(&text).with_context(|| format!("in '{}'", path.display()))?;
            let folder = path.parent().unwrap_or(Path::new("."));
            for file in [
                &mut profile.authority,
                &mut profile.certificate,
                &mut profile.key,
            ] {
                *file = folder.join(&file);
            }
            Ok(profile)
        };
        read().map_err(Failure::Usage)
    }

    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        let target = Target {
            url: self.url.clone(),
            authority: self.authority.clone(),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        };
        Ok(Client::connect(&target).await?)
    }

    /// The municipality to act for.
    pub(crate) fn municipality(&self) -> Result<String, Failure> {
        if self.municipality.is_empty() {
            return Err(Failure::Usage(anyhow!(
                "the profile names no municipality to act for"
            )));
        }
        Ok(format!("municipalities/{}", self.municipality))
    }

    /// The municipality, or empty for an operator.
    pub(crate) fn viewer(&self) -> String {
        self.municipality().unwrap_or_default()
    }

    /// Acts in this call as the options say.
    pub(crate) fn act(&mut self, acting: Acting) {
        let Acting {
            function,
            purpose,
            case_number,
        } = acting;
        if let Some(function) = function {
            self.function = function;
        }
        self.purpose = purpose;
        self.case_number = case_number;
    }

    /// Whoever acts by a file, with what the options say instead; by the profile when the file names nobody.
    pub(crate) fn actor_of(&self, given: Option<Actor>, purpose: &str) -> Actor {
        let Some(given) = given else {
            return self.actor(purpose, "");
        };
        let (purpose, case_number) = (self.purpose.clone(), self.case_number.clone());
        Actor {
            purpose: purpose.unwrap_or(given.purpose),
            case_number: case_number.unwrap_or(given.case_number),
            ..given
        }
    }

    /// Whoever acts, for a purpose and in a case unless others are named.
    pub(crate) fn actor(&self, purpose: &str, case_number: &str) -> Actor {
        let named = |said: &Option<String>, usual: &str| {
            let said = said.as_deref();
            said.unwrap_or(usual).to_owned()
        };
        Actor {
            officer_id: self.officer.clone(),
            function: self.function.clone(),
            case_number: named(&self.case_number, case_number),
            purpose: named(&self.purpose, purpose),
        }
    }
}
