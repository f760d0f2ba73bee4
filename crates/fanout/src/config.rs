//! The NATS server's configuration: loopback, JetStream, one user for each service and what each may do. No
//! secret is in it: the server knows public keys only.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use nkeys::KeyPair;

use crate::limits::STORE_BYTES;

/// A NATS identity: the server knows only the public half.
pub struct Nkey {
    /// The secret seed, for the service's file.
    pub seed: String,
    /// The public key, for the server's configuration.
    pub public: String,
}

impl fmt::Debug for Nkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nkey({})", self.public)
    }
}

/// Makes an identity. None when it cannot be written as text.
pub fn new_nkey() -> Option<Nkey> {
    let pair = KeyPair::new_user();
    Some(Nkey {
        seed: pair.seed().ok()?,
        public: pair.public_key(),
    })
}

/// Where the server listens for clients.
#[derive(Clone, Debug)]
pub enum Listen {
    /// On loopback, in the clear: every service is on this machine.
    Loopback,
    /// On an address of the machine, under TLS.
    Network {
        /// The address.
        host: IpAddr,
        /// What it shows, with its chain, PEM.
        certificate: PathBuf,
        /// Its private key, PEM.
        key: PathBuf,
    },
}

impl Listen {
    /// The host as it stands in an address.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Loopback => "127.0.0.1".to_owned(),
            Self::Network {
                host: IpAddr::V4(host),
                ..
            } => host.to_string(),
            Self::Network {
                host: IpAddr::V6(host),
                ..
            } => format!("[{host}]"),
        }
    }

    /// The section of the configuration on TLS.
    fn tls(&self) -> String {
        match self {
            Self::Loopback => String::new(),
            Self::Network {
                certificate, key, ..
            } => {
                let (certificate, key) = (quoted(certificate), quoted(key));
                format!("tls {{\n  cert_file: {certificate}\n  key_file: {key}\n}}\n")
            }
        }
    }
}

/// What the configuration is written from.
#[derive(Clone, Debug)]
pub struct NatsPlan {
    /// Where it listens for clients.
    pub listen: Listen,
    /// Client port; -1 lets the system choose.
    pub port: i32,
    /// Monitoring port on loopback; -1 lets the system choose.
    pub monitoring_port: i32,
    /// Where JetStream keeps its files.
    pub store: PathBuf,
    /// The ledger's public key.
    pub ledger: String,
    /// The gateway's public key.
    pub gateway: String,
}

/// The configuration file's text.
pub fn server_config(plan: &NatsPlan) -> String {
    let NatsPlan {
        listen,
        port,
        monitoring_port,
        store,
        ledger,
        gateway,
    } = plan;
    let store = quoted(store);
    let (host, tls) = (listen.host(), listen.tls());
    format!(
        r#"# Written by `flyttbud nats config`. Municipalities never get NATS credentials.
server_name: flyttbud
listen: "{host}:{port}"
{tls}# monitoring is unauthenticated: loopback only
http: "127.0.0.1:{monitoring_port}"
jetstream {{
  store_dir: {store}
  # in bytes; the stream itself is bounded lower, and drops its oldest first
  max_file_store: {STORE_BYTES}
  # sync_interval keeps its default of two minutes: the journal is the truth, so that a tail of the stream
  # that is lost in a power failure costs a read there
}}
authorization {{
  # what is not allowed is refused
  users = [
    # the ledger publishes notices and keeps the stream; it may not delete it
    {{ nkey: {ledger}
      permissions {{
        publish {{ allow: [
          "notices.*.*",
          "$JS.API.INFO", "$JS.API.STREAM.INFO.NOTICES", "$JS.API.STREAM.CREATE.NOTICES",
          "$JS.API.STREAM.UPDATE.NOTICES"
        ] }}
        subscribe {{ allow: ["_INBOX_ledger.>"] }}
      }}
    }}
    # the gateway consumes; it may not publish a notice
    {{ nkey: {gateway}
      permissions {{
        publish {{ allow: [
          "$JS.API.INFO", "$JS.API.STREAM.INFO.NOTICES",
          "$JS.API.CONSUMER.CREATE.NOTICES", "$JS.API.CONSUMER.CREATE.NOTICES.>",
          "$JS.API.CONSUMER.INFO.NOTICES.>", "$JS.API.CONSUMER.DELETE.NOTICES.>",
          "$JS.API.CONSUMER.MSG.NEXT.NOTICES.>", "$JS.ACK.NOTICES.>"
        ] }}
        subscribe {{ allow: ["_INBOX_gateway.>"] }}
      }}
    }}
  ]
}}
"#
    )
}

/// A path as a quoted string of the configuration's language.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_an_identity_shows_no_seed() {
        let nkey = new_nkey().expect("an identity");
        let shown = format!("{nkey:?}");
        assert!(shown.contains(&nkey.public) && !shown.contains(&nkey.seed));
    }

    #[test]
    fn everything_listens_on_loopback_and_no_seed_is_written() {
        let (ledger, gateway) = (new_nkey().expect("one"), new_nkey().expect("two"));
        let text = server_config(&NatsPlan {
            listen: Listen::Loopback,
            port: 4222,
            monitoring_port: 8222,
            store: "/var/lib/\"nats\"".into(),
            ledger: ledger.public.clone(),
            gateway: gateway.public.clone(),
        });
        for expected in [
            "listen: \"127.0.0.1:4222\"",
            "http: \"127.0.0.1:8222\"",
            "store_dir: \"/var/lib/\\\"nats\\\"\"",
            &ledger.public,
            &gateway.public,
        ] {
            assert!(text.contains(expected), "{expected}");
        }
        assert!(!text.contains(&ledger.seed) && !text.contains(&gateway.seed));
        assert!(!text.contains("0.0.0.0"));
    }

    #[test]
    fn another_address_is_listened_on_under_tls() {
        let text = server_config(&NatsPlan {
            listen: Listen::Network {
                host: "fd00::5".parse().expect("an address"),
                certificate: "nats.pem".into(),
                key: "nats.key".into(),
            },
            port: -1,
            monitoring_port: -1,
            store: "store".into(),
            ledger: "L".to_owned(),
            gateway: "G".to_owned(),
        });
        for expected in [
            "listen: \"[fd00::5]:-1\"\ntls {\n  cert_file: \"nats.pem\"\n  key_file: \"nats.key\"\n}\n",
            "http: \"127.0.0.1:-1\"",
        ] {
            assert!(text.contains(expected), "{expected}");
        }
    }
}
