//! One call: who makes it, under which request id, in which language it wants its errors.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use api::status::Refusal;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderName};
use jiff::Timestamp;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic::{Extensions, Request};
use uuid::Uuid;

use crate::caller::{Caller, Trust};
use crate::limits::CALL;

/// Certificates that are remembered; every municipality and some vendors fit many times.
const CALLERS_MAX: usize = 4096;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Who.
    pub(crate) caller: Arc<Caller>,
    /// Which method.
    pub(crate) method: &'static str,
    /// The caller's `x-request-id` when it is a UUID, otherwise ours.
    pub(crate) request_id: String,
    /// Whether errors are shown in Swedish: the default, unless English is asked for.
    pub(crate) swedish: bool,
    /// The municipality it acts for, once that is proven.
    acting: Arc<OnceLock<MunicipalityCode>>,
}

impl Call {
    pub(crate) fn new(
        caller: Arc<Caller>,
        method: &'static str,
        request_id: String,
        swedish: bool,
    ) -> Self {
        Self {
            caller,
            method,
            request_id,
            swedish,
            acting: Arc::default(),
        }
    }

    /// It was proven that the call acts for a municipality.
    pub(crate) fn acts_for(&self, code: MunicipalityCode) {
        self.acting.get_or_init(|| code);
    }

    /// The municipality that it was proven to act for, if it was.
    pub(crate) fn acting(&self) -> Option<MunicipalityCode> {
        self.acting.get().copied()
    }

    /// Ends when the caller's certificate does: a stream does not outlive it.
    pub(crate) async fn expires(&self) {
        let left = self.caller.valid_until.duration_since(Timestamp::now());
        tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
    }
}

/// Reads callers from certificates and remembers them, since reading one costs as much as a call.
#[derive(Debug)]
pub(crate) struct Callers {
    trust: Trust,
    known: RwLock<BTreeMap<Vec<u8>, Arc<Caller>>>,
}

impl Callers {
    /// With this trust.
    pub(crate) fn new(trust: Trust) -> Self {
        Self {
            trust,
            known: RwLock::new(BTreeMap::new()),
        }
    }

    /// Who makes this request.
    pub(crate) fn caller(
        &self,
        extensions: &Extensions,
        now: Timestamp,
    ) -> Result<Arc<Caller>, Refusal> {
        let certificates = extensions
            .get::<TlsConnectInfo<TcpConnectInfo>>()
            .and_then(TlsConnectInfo::peer_certs)
            .ok_or_else(|| Refusal::new(Reason::CertificateRequired))?;
        let certificate = certificates
            .first()
            .ok_or_else(|| Refusal::new(Reason::CertificateRequired))?;
        let caller = self
            .remembered(certificate)
            .or_else(|| self.read(certificate))
            .ok_or_else(|| Refusal::new(Reason::CertificateUnknown))?;
        valid(&caller, now)?;
        Ok(caller)
    }

    fn remembered(&self, certificate: &[u8]) -> Option<Arc<Caller>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(certificate)
            .cloned()
    }

    fn read(&self, certificate: &[u8]) -> Option<Arc<Caller>> {
        let caller = Arc::new(self.trust.caller(certificate)?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CALLERS_MAX {
            known.clear();
        }
        known.insert(certificate.to_vec(), caller.clone());
        Some(caller)
    }
}

/// A connection may outlive its certificate.
fn valid(caller: &Caller, now: Timestamp) -> Result<(), Refusal> {
    if caller.valid_until <= now {
        return Err(Refusal::new(Reason::CertificateExpired));
    }
    Ok(())
}

/// What a call's work comes to in its time. What it recorded by then stands, whoever is answered.
pub(crate) async fn within<A>(
    time: Duration,
    work: impl Future<Output = Result<A, Refusal>>,
) -> Result<A, Refusal> {
    let done = tokio::time::timeout(time, work).await;
    done.unwrap_or_else(|_elapsed| Err(Refusal::new(Reason::DeadlineExceeded)))
}

/// Kept back from the caller's deadline, so that our answer is there before the transport gives up.
const MARGIN: Duration = Duration::from_millis(5);

/// How long a call may take: the caller's `grpc-timeout`, at most [`CALL`].
pub(crate) fn deadline<T>(request: &Request<T>) -> Duration {
    let header = request.metadata().get("grpc-timeout");
    header
        .and_then(|value| value.to_str().ok())
        .and_then(read_timeout)
        .map_or(CALL, |wished| wished.saturating_sub(MARGIN).min(CALL))
}

/// At most eight digits and a unit, as the gRPC protocol writes it.
fn read_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = (digits.len() <= 8).then(|| digits.parse().ok()).flatten()?;
    Some(match unit {
        "H" => Duration::from_hours(number),
        "M" => Duration::from_mins(number),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// The header with the caller's own id for a call.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request id of a request, and the language of its errors.
pub(crate) fn manner(headers: &HeaderMap) -> (String, bool) {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let request_id = text(REQUEST_ID)
        .filter(|id| Uuid::try_parse(id).is_ok())
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    let swedish = !text(ACCEPT_LANGUAGE).is_some_and(|language| language.starts_with("en"));
    (request_id, swedish)
}

#[cfg(test)]
mod tests {
    use journal::conformance::given::solna;

    use super::*;
    use crate::caller::Role;
    use crate::testing::call_of;

    #[test]
    fn nobody_is_let_in_from_the_moment_on_when_the_certificate_is_over() {
        let now: Timestamp = "2026-12-01T12:00:00Z".parse().expect("an instant");
        for (until, expected) in [
            ("2026-12-01T11:59:59Z", Err(Reason::CertificateExpired)),
            ("2026-12-01T12:00:00Z", Err(Reason::CertificateExpired)),
            ("2026-12-01T12:00:01Z", Ok(())),
        ] {
            let call = call_of(solna(), Role::CaseSystem, "WhoAmI");
            let caller = Caller {
                valid_until: until.parse().expect("an instant"),
                ..Caller::clone(&call.caller)
            };
            let seen = valid(&caller, now).map_err(|refusal| refusal.reason);
            assert_eq!(seen, expected, "{until}");
        }
    }

    #[test]
    fn a_callers_deadline_is_read_and_capped() {
        for (text, expected) in [
            ("200m", Duration::from_millis(195)),
            ("1S", Duration::from_millis(995)),
            ("9H", CALL),
            ("1n", Duration::ZERO),
            ("123456789S", CALL),
            ("x", CALL),
            ("", CALL),
        ] {
            let mut request = Request::new(());
            let value = text.parse().expect("a header");
            request.metadata_mut().insert("grpc-timeout", value);
            assert_eq!(deadline(&request), expected, "{text}");
        }
    }
}
