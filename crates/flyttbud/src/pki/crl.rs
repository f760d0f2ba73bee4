//! The list of revoked certificates (spärrlista), signed by the authority. The file is its own memory: whatever stood in
//! it stands in the next one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber, date_time_ymd,
};
use x509_parser::pem::{Pem, parse_x509_pem};

use super::{Authority, today, write, ymd};

/// Its file.
pub(super) const FILE: &str = "crl.pem";

impl Authority {
    /// Writes the list anew, with one more certificate if one is named.
    pub(super) fn revoke(&self, folder: &Path, name: Option<&str>) -> anyhow::Result<()> {
        let mut serials = known(&folder.join(FILE))?;
        if let Some(name) = name {
            let serial = serial(&folder.join(format!("{name}.pem")))?;
            if !serials.contains(&serial) {
                serials.push(serial);
            }
        }
        let (year, month, day) = ymd(today())?;
        let revoked = |serial: Vec<u8>| RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(year, month, day),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(year, month, day),
            // a private authority signs it anew whenever it revokes; nobody waits for this day
            next_update: date_time_ymd(year.saturating_add(10), month, 1),
            crl_number: SerialNumber::from(jiff::Timestamp::now().as_second().cast_unsigned()),
            issuing_distribution_point: None,
            revoked_certs: serials.into_iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        write(&folder.join(FILE), &list.signed_by(&self.issuer)?.pem()?)
    }
}

/// The serial numbers that stand in a list; none without a file.
fn known(path: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let pem = pem(path)?;
    let (_, list) = x509_parser::parse_x509_crl(&pem.contents)
        .map_err(|_form| anyhow!("'{}' is no list of revoked certificates", path.display()))?;
    Ok(list
        .iter_revoked_certificates()
        .map(|revoked| revoked.raw_serial().to_vec())
        .collect())
}

/// The serial number of a certificate.
fn serial(path: &Path) -> anyhow::Result<Vec<u8>> {
    let pem = pem(path)?;
    let certificate = pem
        .parse_x509()
        .map_err(|_form| anyhow!("'{}' is no certificate", path.display()))?;
    Ok(certificate.raw_serial().to_vec())
}

fn pem(path: &Path) -> anyhow::Result<Pem> {
    let bytes = fs::read(path).with_context(|| format!("'{}'", path.display()))?;
    let (_, pem) = parse_x509_pem(&bytes)
        .map_err(|_form| anyhow!("'{}' holds no usable PEM", path.display()))?;
    Ok(pem)
}
