//! A real nats-server with fresh identities, in a folder of its own: for the tests of this room and of those
//! above. Nothing here is for production.

use domain::code::NoticeKind;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject};
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

use crate::config::{Listen, NatsPlan, Nkey, new_nkey};
use crate::connect::{Connection, Service, connect};
use crate::message::Notice;
use crate::place::{Place, PlaceError};
use crate::server::{Server, ServerError};

/// 2026-11-24T10:00:00Z, in microseconds.
const TODAY: i64 = 1_795_514_400_000_000;

/// Why a test has no NATS.
#[derive(Debug, thiserror::Error)]
pub enum TestingError {
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The connection.
    #[error("no connection")]
    Connect(#[from] crate::connect::ConnectError),
    /// Where it is.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The folder.
    #[error("no folder")]
    Folder(#[from] std::io::Error),
    /// The identities.
    #[error("no identity")]
    Identity,
}

/// A server and who may connect to it. Dropped, it is ended and its folder removed.
#[derive(Debug)]
pub struct Nats {
    /// The server: to be stopped, killed, restarted.
    pub server: Server,
    /// The ledger's identity.
    pub ledger: Nkey,
    /// The gateway's identity.
    pub gateway: Nkey,
    folder: TempDir,
}

impl Nats {
    /// Starts a server on free ports.
    pub async fn start() -> Result<Self, TestingError> {
        Self::start_with(|config| config).await
    }

    /// Starts a server whose configuration is changed on its way.
    pub(crate) async fn start_with(
        change: impl FnOnce(String) -> String + Send,
    ) -> Result<Self, TestingError> {
        let folder = tempfile::tempdir()?;
        let ledger = new_nkey().ok_or(TestingError::Identity)?;
        let gateway = new_nkey().ok_or(TestingError::Identity)?;
        let plan = NatsPlan {
            listen: Listen::Loopback,
            port: -1,
            monitoring_port: -1,
            store: folder.path().join("store"),
            ledger: ledger.public.clone(),
            gateway: gateway.public.clone(),
        };
        let config = change(crate::config::server_config(&plan));
        let binary = Server::find()?;
        let server = Server::start_with(&binary, folder.path(), plan, &config).await?;
        Ok(Self {
            server,
            ledger,
            gateway,
            folder,
        })
    }

    /// Connects as a service, with that service's own identity.
    pub async fn connect(&self, service: Service) -> Result<Connection, TestingError> {
        let seed = match service {
            Service::Ledger => &self.ledger.seed,
            Service::Gateway => &self.gateway.seed,
        };
        let place = Place::new(&self.server.url(), None)?;
        Ok(connect(&place, seed, service).await?)
    }

    /// Kills the server, removes all that it kept, and starts it again on the same port.
    pub async fn empty(&mut self) -> Result<(), TestingError> {
        self.server.kill()?;
        std::fs::remove_dir_all(self.folder.path().join("store"))?;
        Ok(self.server.restart().await?)
    }
}

/// A notice that is told from another by its recipient and number. A recipient that is no code becomes 0000.
pub fn notice(recipient: &str, number: u64) -> Notice {
    let micros = i64::try_from(number).unwrap_or(0);
    Notice {
        recipient: MunicipalityCode::parse(recipient).unwrap_or(MunicipalityCode::HOUSE),
        number: NoticeNumber(number),
        kind: NoticeKind::RelocationRegistered,
        subject: Subject::relocation(Uuid::from_u128(number.into())),
        position: Position(number),
        recorded_at: Timestamp::from_microsecond(TODAY.saturating_add(micros)).unwrap_or_default(),
        content_hash: [1; 32],
        chain: [2; 32],
    }
}
