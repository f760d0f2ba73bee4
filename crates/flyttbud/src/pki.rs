//! `flyttbud pki`: a private authority, for demo and tests. Production takes its certificates elsewhere.

mod crl;

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};

use crate::failure::Failure;
use crate::output;

/// What to make.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make an authority: authority.pem and authority.key
    Authority {
        /// The folder to write into
        #[arg(long, default_value = ".")]
        folder: PathBuf,
    },
    /// Make a server's certificate
    Server {
        /// The folder with the authority
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        /// Names and addresses it is reached by
        #[arg(long, default_values = ["localhost", "127.0.0.1"])]
        host: Vec<String>,
    },
    /// Make a client's certificate
    Client(ClientOptions),
    /// Revoke a certificate: it stands in crl.pem from now on
    Revoke {
        /// The folder with the authority
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        /// File name of the certificate, without ending
        #[arg(long)]
        name: String,
    },
    /// Sign the list of revoked certificates anew: crl.pem
    Crl {
        /// The folder with the authority
        #[arg(long, default_value = ".")]
        folder: PathBuf,
    },
}

/// Who the client is.
#[derive(Debug, Args)]
pub(crate) struct ClientOptions {
    /// The folder with the authority
    #[arg(long, default_value = ".")]
    folder: PathBuf,
    /// File name, without ending
    #[arg(long)]
    name: String,
    /// The organisation
    #[arg(long)]
    organisation: String,
    /// Its organisation number, for example 212000-0142
    #[arg(long)]
    organisation_number: String,
    /// What it may do
    #[arg(long, required = true, value_parser = PossibleValuesParser::new(gateway::roles()))]
    role: Vec<String>,
    /// Codes of municipalities it may act for, outside production
    #[arg(long)]
    municipality: Vec<String>,
}

/// Makes files as asked.
pub(crate) fn run(verb: Verb) -> Result<(), Failure> {
    let made = match verb {
        Verb::Authority { folder } => {
            Authority::create(&folder).map(|_| "authority.pem".to_owned())
        }
        Verb::Server { folder, host } => Authority::read(&folder)
            .and_then(|authority| authority.server(&folder, &host))
            .map(|()| "server.pem".to_owned()),
        Verb::Client(options) => client(&options).map(|()| format!("{}.pem", options.name)),
        Verb::Revoke { folder, name } => Authority::read(&folder)
            .and_then(|authority| authority.revoke(&folder, Some(&name)))
            .map(|()| crl::FILE.to_owned()),
        Verb::Crl { folder } => Authority::read(&folder)
            .and_then(|authority| authority.revoke(&folder, None))
            .map(|()| crl::FILE.to_owned()),
    };
    output::say(&format!("made {}", made?));
    Ok(())
}

fn client(options: &ClientOptions) -> anyhow::Result<()> {
    let authority = Authority::read(&options.folder)?;
    authority.client(
        &options.folder,
        &options.name,
        &Subject {
            organisation: &options.organisation,
            organisation_number: &options.organisation_number,
            roles: &options.role.iter().map(String::as_str).collect::<Vec<_>>(),
            municipalities: &options
                .municipality
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        },
    )
}

/// Who a client certificate is for.
pub(crate) struct Subject<'a> {
    pub(crate) organisation: &'a str,
    pub(crate) organisation_number: &'a str,
    pub(crate) roles: &'a [&'a str],
    pub(crate) municipalities: &'a [&'a str],
}

/// A private authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn create(folder: &Path) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Flyttbud private authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        write_new(&folder.join("authority.key"), &key.serialize_pem())?;
        write(&folder.join("authority.pem"), &certificate.pem())?;
        Ok(Self {
            issuer: Issuer::new(params, key),
        })
    }

    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let text = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("'{}'", path.display()))
        };
        let key = KeyPair::from_pem(&text("authority.key")?)?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_pem(&text("authority.pem")?, key)?,
        })
    }

    /// A server's certificate: server.pem and server.key.
    pub(crate) fn server(&self, folder: &Path, hosts: &[String]) -> anyhow::Result<()> {
        let mut params = CertificateParams::new(hosts.to_vec())?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Flyttbud gateway");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(folder, "server", params)
    }

    /// A client's certificate: `<name>.pem` and `<name>.key`.
    pub(crate) fn client(
        &self,
        folder: &Path,
        name: &str,
        who: &Subject<'_>,
    ) -> anyhow::Result<()> {
        let mut params = CertificateParams::default();
        let dn = &mut params.distinguished_name;
        dn.push(DnType::OrganizationName, who.organisation);
        dn.push(DnType::CommonName, who.organisation);
        // X.520 serialNumber holds the organisation number, as in function certificates
        let number =
            rcgen::string::PrintableString::try_from(who.organisation_number).map_err(|_sign| {
                anyhow!("the organisation number has a sign that cannot stand there")
            })?;
        dn.push(
            DnType::CustomDnType(vec![2, 5, 4, 5]),
            DnValue::PrintableString(number),
        );
        let roles = who
            .roles
            .iter()
            .map(|role| format!("urn:flyttbud:role:{role}"));
        let codes = who
            .municipalities
            .iter()
            .map(|code| format!("urn:flyttbud:municipality:{code}"));
        for uri in roles.chain(codes) {
            params
                .subject_alt_names
                .push(SanType::URI(Ia5String::try_from(uri)?));
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(folder, name, params)
    }

    fn issue(
        &self,
        folder: &Path,
        name: &str,
        mut params: CertificateParams,
    ) -> anyhow::Result<()> {
        let key = KeyPair::generate()?;
        let now = today();
        let (from, to) = (now.yesterday()?, now.checked_add(jiff::ToSpan::days(397))?);
        let ((from_year, from_month, from_day), (year, month, day)) = (ymd(from)?, ymd(to)?);
        params.not_before = date_time_ymd(from_year, from_month, from_day);
        params.not_after = date_time_ymd(year, month, day);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate = params.signed_by(&key, &self.issuer)?;
        write(&folder.join(format!("{name}.pem")), &certificate.pem())?;
        write(&folder.join(format!("{name}.key")), &key.serialize_pem())
    }
}

fn today() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .date()
}

/// A date as certificates and lists take it.
fn ymd(date: jiff::civil::Date) -> anyhow::Result<(i32, u8, u8)> {
    Ok((
        date.year().into(),
        date.month().try_into()?,
        date.day().try_into()?,
    ))
}

/// Writes a secret that nothing else holds. One that is there is never overwritten: whatever it signed would be lost.
pub(crate) fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    private()
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| {
            let path = path.display();
            format!("'{path}' cannot be written; one that is there is kept: move it away first")
        })
}

/// Writes a file that only its owner reads, also where there was one that others could read.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    open(path)
        .and_then(|mut file| {
            // the mode that it was opened with is that of a new file
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())
        })
        .with_context(|| format!("'{}' cannot be written", path.display()))
}

/// Writes a file that only its owner reads, unless it was there for others too.
pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("'{}' cannot be written", path.display()))
}

fn open(path: &Path) -> io::Result<File> {
    private().create(true).truncate(true).open(path)
}

/// What is made is its owner's alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}
