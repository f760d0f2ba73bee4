//! Where NATS is. Over a network it is spoken to under TLS alone, by servers that our authorities vouch for.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use async_nats::{ConnectOptions, ServerAddr};

/// Why NATS cannot be where it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not an address of NATS.
    #[error(
        "an address such as nats://127.0.0.1:4222 is expected; of several servers, with commas between"
    )]
    NoAddress,
    /// A network would see who sends what to whom.
    #[error("only this machine is spoken to without nats.authorities, and not under TLS")]
    InTheClear,
}

/// The servers of one NATS, and who vouches for them.
#[derive(Clone, Debug)]
pub struct Place {
    addresses: Vec<ServerAddr>,
    authorities: Option<PathBuf>,
}

impl Place {
    /// `nats://` or `tls://` addresses with commas between. With authorities (a file of certificates, PEM) nothing is
    /// said but under TLS; without them only this machine is spoken to.
    pub fn new(urls: &str, authorities: Option<&Path>) -> Result<Self, PlaceError> {
        let addresses: Option<Vec<ServerAddr>> = urls.split(',').map(address).collect();
        let addresses = addresses.ok_or(PlaceError::NoAddress)?;
        let is_here = |at: &ServerAddr| is_this_machine(at.host()) && at.scheme() == "nats";
        if authorities.is_none() && !addresses.iter().all(is_here) {
            return Err(PlaceError::InTheClear);
        }
        Ok(Self {
            addresses,
            authorities: authorities.map(Path::to_owned),
        })
    }

    pub(crate) fn addresses(&self) -> &[ServerAddr] {
        &self.addresses
    }

    pub(crate) fn secured(&self, options: ConnectOptions) -> ConnectOptions {
        match &self.authorities {
            None => options,
            Some(authorities) => options
                .require_tls(true)
                .add_root_certificates(authorities.clone()),
        }
    }
}

/// Written out: what the client would take besides (web sockets, passwords) none of our servers knows.
fn address(url: &str) -> Option<ServerAddr> {
    let url = url.trim();
    let is_written_out = ["nats://", "tls://"].iter().any(|it| url.starts_with(it));
    let address: ServerAddr = url.parse().ok().filter(|_address| is_written_out)?;
    (!address.host().is_empty() && !address.has_user_pass()).then_some(address)
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|at: IpAddr| at.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        let authorities = Some(Path::new("ca.pem"));
        let (here, clear, none) = (Ok(()), PlaceError::InTheClear, PlaceError::NoAddress);
        for (urls, without, with) in [
            ("nats://127.0.0.1:4222", here, here),
            ("nats://localhost", here, here),
            ("nats://[::1]:4222", here, here),
            ("nats://127.0.0.1:1, nats://127.0.0.1:2", here, here),
            ("tls://127.0.0.1:4222", Err(clear), here),
            ("nats://10.0.0.5:4222", Err(clear), here),
            ("nats://127.0.0.1.example:4222", Err(clear), here),
            ("nats://127.0.0.1:1,nats://nats.example:2", Err(clear), here),
            ("127.0.0.1:4222", Err(none), Err(none)),
            ("http://127.0.0.1", Err(none), Err(none)),
            ("ws://127.0.0.1", Err(none), Err(none)),
            ("nats://user:pass@127.0.0.1", Err(none), Err(none)),
            ("nats://127.0.0.1,", Err(none), Err(none)),
            ("nats://", Err(none), Err(none)),
            ("", Err(none), Err(none)),
        ] {
            let new = |authorities| Place::new(urls, authorities).map(drop);
            assert_eq!(new(None), without, "{urls}");
            assert_eq!(new(authorities), with, "{urls}");
        }
    }
}
