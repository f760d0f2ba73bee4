//! The writer thread: one group in flight while the next one forms. It never waits for company.

use domain::subject::Position;
use rusqlite::Connection;
use tokio::sync::{mpsc, watch};

use super::write::State;
use super::{OpenError, Waiting};
use crate::AppendError;
use crate::limits::GROUP_BATCHES_MAX;

/// Runs until the queue is closed and empty.
pub(super) fn run(
    connection: &Connection,
    mut state: State,
    mut waiting: mpsc::Receiver<Waiting>,
    edge: &watch::Sender<Position>,
) {
    let mut group = Vec::with_capacity(GROUP_BATCHES_MAX);
    while waiting.blocking_recv_many(&mut group, GROUP_BATCHES_MAX) > 0 {
        commit(connection, &mut state, &mut group, edge);
    }
}

fn commit(
    connection: &Connection,
    state: &mut State,
    group: &mut Vec<Waiting>,
    edge: &watch::Sender<Position>,
) {
    match write_group(connection, state, group) {
        Ok(outcomes) => {
            show(edge, state.edge());
            for ((_batch, reply), outcome) in group.drain(..).zip(outcomes) {
                // a caller that went away finds its answer by request id
                reply.send(outcome).ok();
            }
        }
        Err(error) => {
            tracing::error!(error = %error, "journal group failed");
            state.forget();
            match start_over(connection, state) {
                Ok(()) => show(edge, state.edge()),
                Err(error) => tracing::error!(error = %error, "journal state not read again"),
            }
            for (_batch, reply) in group.drain(..) {
                reply.send(Err(AppendError::Unavailable)).ok();
            }
        }
    }
}

fn show(edge: &watch::Sender<Position>, reached: Position) {
    edge.send_if_modified(|known| {
        let moved = *known != reached;
        *known = reached;
        moved
    });
}

type Outcomes = Vec<Result<crate::Outcome, AppendError>>;

fn write_group(
    connection: &Connection,
    state: &mut State,
    group: &[Waiting],
) -> Result<Outcomes, OpenError> {
    start_over(connection, state)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let outcomes = group
        .iter()
        .map(|(batch, _reply)| state.write(connection, batch))
        .collect::<Result<Outcomes, rusqlite::Error>>()?;
    connection.execute_batch("COMMIT")?;
    state.committed();
    Ok(outcomes)
}

/// After a failed group: nothing of it may stay, neither in the file nor in memory, or a gap would follow.
/// Otherwise does nothing.
fn start_over(connection: &Connection, state: &mut State) -> Result<(), OpenError> {
    // a grave error has ended the transaction already
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    state.reload(connection)
}
