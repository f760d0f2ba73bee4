//! What is known to be in the journal, asked of each server before it is believed: one that came back without it
//! would read and number wrongly.

use async_trait::async_trait;
use daemon::postgres::{ConnectError, Link, LinkError, Proof};
use domain::subject::Position;
use tokio::sync::watch;

/// A server lacks entries that were read or answered before.
#[derive(Debug, thiserror::Error)]
#[error("the server's journal ends at {}, but {} was reached before: it has lost entries", found.0, known.0)]
struct LostEntries {
    found: Position,
    known: Position,
}

/// The furthest position that this process knows of.
#[derive(Clone, Debug)]
pub(super) struct Reached(pub(super) watch::Receiver<Position>);

#[async_trait]
impl Proof for Reached {
    async fn prove(&self, link: &mut Link) -> Result<(), ConnectError> {
        let known = *self.0.borrow();
        if known == Position(0) {
            return Ok(());
        }
        let rows = link.rows("SELECT position FROM flyttbud.edge", &[]).await?;
        let found = rows.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0));
        let found = Position(found.map_err(LinkError::from)?.cast_unsigned());
        if found < known {
            return Err(ConnectError::Unfit(Box::new(LostEntries { found, known })));
        }
        Ok(())
    }
}
