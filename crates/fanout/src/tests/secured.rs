//! Over a network: under TLS, to a server that our authorities vouch for, and not at all to another.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::tempdir;

use super::publish;
use crate::config::new_nkey;
use crate::stream::prove;
use crate::testing::notice;
use crate::{Listen, NatsPlan, Place, Publisher, Server, Service, connect};

/// An authority, and a certificate of loopback with its key, as files.
struct Files {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn write(folder: &Path, name: &str) -> Self {
        let own = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&own).expect("an authority");
        let issuer = Issuer::new(params, own);
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        let put = |end: &str, text: String| {
            let file = folder.join(format!("{name}.{end}"));
            std::fs::write(&file, text).expect("a file");
            file
        };
        Self {
            authority: put("ca.pem", authority.pem()),
            certificate: put("pem", certificate.pem()),
            key: put("key", key.serialize_pem()),
        }
    }
}

#[tokio::test]
async fn over_a_network_nats_is_spoken_to_under_tls_and_to_no_other_server() {
    let folder = tempdir().expect("a folder");
    let files = Files::write(folder.path(), "nats");
    let other = Files::write(folder.path(), "other");
    let (ledger, gateway) = (new_nkey().expect("one"), new_nkey().expect("two"));
    let plan = NatsPlan {
        listen: Listen::Network {
            host: [127, 0, 0, 1].into(),
            certificate: files.certificate,
            key: files.key,
        },
        port: -1,
        monitoring_port: -1,
        store: folder.path().join("store"),
        ledger: ledger.public,
        gateway: gateway.public,
    };
    let binary = Server::find().expect("nats-server");
    let server = Server::start(&binary, folder.path(), plan).await;
    let url = server.as_ref().expect("it starts").url();
    let place = |file: &Path| Place::new(&url, Some(file)).expect("a place");

    let wrong = connect(&place(&other.authority), &gateway.seed, Service::Gateway).await;
    let wrong = wrong.expect("at once");
    let connection = connect(&place(&files.authority), &ledger.seed, Service::Ledger).await;
    let connection = connection.expect("at once");
    prove(&connection).await.expect("the ledger is refused");
    publish(&Publisher::new(connection, 1), &[notice("2283", 1)]).await;
    assert!(!wrong.is_up(), "nobody whom we trust vouches for it");
}
