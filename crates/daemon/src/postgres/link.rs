//! One connection to the server that takes writes: proven safe, its statements prepared once, its answers
//! bounded in time. It carries; what is said is decided elsewhere.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Connection, Notification, Row, Statement};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{ConnectError, LinkError, Settings, checks};
use crate::limits::{ANSWER, CONNECT};

/// What a room asks of a server beyond its settings: that it holds what it should.
#[async_trait]
pub trait Proof: fmt::Debug + Send + Sync {
    /// Looks, and says what is wrong.
    async fn prove(&self, link: &mut Link) -> Result<(), ConnectError>;
}

/// Nothing is asked.
#[async_trait]
impl Proof for () {
    async fn prove(&self, _link: &mut Link) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// A connection.
#[derive(Debug)]
pub struct Link {
    client: Client,
    statements: HashMap<&'static str, Statement>,
    patience: Duration,
    /// In the middle of something: whoever left it there must not hand it on.
    is_spoilt: bool,
    // dropped, it closes the connection, whatever is under way on it
    _driver: DropGuard,
}

impl Link {
    /// Connects to the first host that takes writes, is set safely and passes the proof. Notifications go to
    /// `heard`.
    pub async fn open(
        settings: &Settings,
        proof: &dyn Proof,
        heard: impl Fn(&Notification) + Clone + Send + 'static,
    ) -> Result<Self, ConnectError> {
        let tls = settings.tls()?;
        let mut refused = ConnectError::NoHost;
        for host in settings.hosts()? {
            let opened = async {
                let connecting = host.connect(tls.clone()).await;
                let (client, connection) = connecting.map_err(ConnectError::Unreachable)?;
                let mut link = Self::over(client, drive(connection, heard.clone()));
                checks::is_safe(&mut link).await?;
                proof.prove(&mut link).await?;
                Ok(link)
            };
            match timeout(CONNECT, opened).await {
                Ok(Ok(link)) => return Ok(link),
                // that one takes no writes says less than what is wrong with one that does
                Ok(Err(ConnectError::Unreachable(_))) | Err(_) if refused.is_of_a_server() => {}
                Ok(Err(error)) => refused = error,
                Err(_elapsed) => refused = ConnectError::Silent,
            }
        }
        Err(refused)
    }

    fn over(client: Client, carry: impl Future<Output = ()> + Send + 'static) -> Self {
        let driver = CancellationToken::new();
        let carried = driver.clone().run_until_cancelled_owned(carry);
        crate::spawn(async move {
            carried.await;
        });
        Self {
            client,
            statements: HashMap::new(),
            patience: ANSWER,
            is_spoilt: false,
            _driver: driver.drop_guard(),
        }
    }

    /// Whether it can be used again.
    pub fn is_usable(&self) -> bool {
        !self.is_spoilt && !self.client.is_closed()
    }

    /// Waits this long for each answer from now on.
    pub(super) fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Runs a statement and returns its rows.
    pub async fn rows(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LinkError> {
        let answer = timeout(self.patience, self.query(sql, values)).await;
        self.in_time(answer)
    }

    /// Runs a statement that is not worth being kept, and returns its rows.
    pub async fn rows_once(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LinkError> {
        let answer = timeout(self.patience, self.client.query(sql, values)).await;
        self.in_time(answer)
    }

    /// Runs statements that have no values and no rows.
    pub async fn run(&mut self, sql: &str) -> Result<(), LinkError> {
        let answer = timeout(self.patience, self.client.batch_execute(sql)).await;
        self.in_time(answer)
    }

    /// Begins a transaction. Until it is committed the connection cannot go to anybody else, also when whoever
    /// begins is dropped while it waits.
    pub async fn begin(&mut self) -> Result<(), LinkError> {
        self.is_spoilt = true;
        self.run("BEGIN").await
    }

    /// Commits it.
    pub async fn commit(&mut self) -> Result<(), LinkError> {
        self.run("COMMIT").await?;
        self.is_spoilt = false;
        Ok(())
    }

    async fn query(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = if let Some(known) = self.statements.get(sql) {
            known.clone()
        } else {
            let new = self.client.prepare(sql).await?;
            self.statements.insert(sql, new.clone());
            new
        };
        self.client.query(&statement, values).await
    }

    fn in_time<T>(
        &mut self,
        answer: Result<Result<T, tokio_postgres::Error>, Elapsed>,
    ) -> Result<T, LinkError> {
        answer.map_or_else(
            |_elapsed| {
                self.is_spoilt = true;
                Err(LinkError::Silent)
            },
            |answer| Ok(answer?),
        )
    }
}

/// Carries what is said, until the connection breaks or is dropped.
async fn drive<S, T>(mut connection: Connection<S, T>, heard: impl Fn(&Notification))
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(notification)) => heard(&notification),
            Ok(AsyncMessage::Notice(notice)) => {
                tracing::debug!(notice = notice.message(), "database notice");
            }
            Ok(_) => {}
            Err(error) => {
                // whoever has something under way on it is told
                tracing::debug!(error = %error, "database connection broke");
                return;
            }
        }
    }
}
