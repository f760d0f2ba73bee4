//! The writer thread: one group in flight while the next one forms. It never waits for company.

use domain::subject::Position;
use rusqlite::Connection;
use tokio::sync::{mpsc, watch};

use super::write::State;
use super::{OpenError, Waiting};
use crate::limits::GROUP_BATCHES_MAX;
use crate::tail::Tail;
use crate::{AppendError, Batch};

/// Runs until the queue is closed and empty.
pub(super) fn run(
    connection: &Connection,
    mut state: State,
    mut waiting: mpsc::Receiver<Waiting>,
    edge: &watch::Sender<Position>,
    tail: &Tail,
) {
    let mut group = Vec::with_capacity(GROUP_BATCHES_MAX);
    while waiting.blocking_recv_many(&mut group, GROUP_BATCHES_MAX) > 0 {
        commit(connection, &mut state, &mut group, edge, tail);
    }
}

fn commit(
    connection: &Connection,
    state: &mut State,
    group: &mut Vec<Waiting>,
    edge: &watch::Sender<Position>,
    tail: &Tail,
) {
    let (batches, replies): (Vec<Batch>, Vec<_>) = group.drain(..).unzip();
    match write_group(connection, state, batches) {
        Ok(outcomes) => {
            tail.push(state.committed());
            let moved = show(edge, state.edge());
            for (reply, outcome) in replies.into_iter().zip(outcomes) {
                // a caller that went away finds its answer by request id
                reply.send(outcome).ok();
            }
            // whoever waits for an answer goes before whoever follows the edge
            edge.send_if_modified(|_edge| moved);
        }
        Err(error) => {
            tracing::error!(error = %error, "journal group failed");
            state.forget();
            match start_over(connection, state) {
                Ok(()) => {
                    let moved = show(edge, state.edge());
                    edge.send_if_modified(|_edge| moved);
                }
                Err(error) => tracing::error!(error = %error, "journal state not read again"),
            }
            for reply in replies {
                reply.send(Err(AppendError::Unavailable)).ok();
            }
        }
    }
}

/// Whoever is answered sees its own entry at the edge; those who follow the edge are not woken by this. Returns
/// whether they are to be.
fn show(edge: &watch::Sender<Position>, reached: Position) -> bool {
    let mut moved = false;
    edge.send_if_modified(|known| {
        moved = *known != reached;
        *known = reached;
        false
    });
    moved
}

type Outcomes = Vec<Result<crate::Outcome, AppendError>>;

fn write_group(
    connection: &Connection,
    state: &mut State,
    batches: Vec<Batch>,
) -> Result<Outcomes, OpenError> {
    start_over(connection, state)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let outcomes = batches
        .into_iter()
        .map(|batch| state.write(connection, batch))
        .collect::<Result<Outcomes, rusqlite::Error>>()?;
    connection.execute_batch("COMMIT")?;
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
