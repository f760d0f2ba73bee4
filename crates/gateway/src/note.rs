//! Notes in the key store, each a message: read, and written again when somebody else wrote meanwhile. What a note that
//! cannot be opened any more means is said by whoever asks, never here.

use std::time::Duration;

use api::status::Refusal;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use prost::Message;
use uuid::Uuid;
use vault::{Note, NoteKind, NoteName, SearchTerm};

use crate::core::{Core, no_keys};
use crate::limits::{NOTE_TRIES_MAX, SHARED_NOTE_TRIES_MAX, SHARED_NOTE_WAIT_MAX};

/// The name of an authority's note under a number.
pub(crate) async fn name(
    core: &Core,
    authority: MunicipalityCode,
    kind: NoteKind,
    number: &IdentityNumber,
) -> Result<NoteName, Refusal> {
    let term = SearchTerm::Number(number);
    let name = core.vault.note_of(authority, kind, term).await;
    name.map_err(no_keys)
}

/// What a note says, behind its revision; an empty one at revision 0 when there is none yet, and none when it cannot be
/// opened any more.
pub(crate) async fn read<N: Message + Default>(
    core: &Core,
    name: NoteName,
) -> Result<(i64, Option<N>), Refusal> {
    let note = core.vault.note(name).await.map_err(no_keys)?;
    let revision = note.as_ref().map_or(0, |note| note.revision);
    Ok((revision, said(note.as_ref())?))
}

/// Likewise, of a note that was read.
pub(crate) fn said<N: Message + Default>(note: Option<&Note>) -> Result<Option<N>, Refusal> {
    let Some(note) = note else {
        return Ok(Some(N::default()));
    };
    let body = note.body.as_deref();
    let said = body.map(N::decode).transpose();
    said.map_err(|_malformed| Refusal::new(Reason::Internal))
}

/// Writes a note over a revision. False when somebody else wrote it meanwhile.
pub(crate) async fn write(
    core: &Core,
    name: NoteName,
    over: i64,
    note: &impl Message,
) -> Result<bool, Refusal> {
    let body = note.encode_to_vec();
    let written = core.vault.write_note(name, over, &body).await;
    written.map_err(no_keys)
}

/// Changes a note by what it says and its revision: to another one, or not at all. Returns what the change says of it.
pub(crate) async fn change<N: Message + Default, T>(
    core: &Core,
    name: NoteName,
    how: impl Fn(i64, Option<N>) -> (Option<N>, T),
) -> Result<T, Refusal> {
    change_within(core, name, NOTE_TRIES_MAX, how).await
}

/// Likewise of a note that many change at once, such as what a household's members are announced in: whoever was too late waits
/// for a moment, each for another one, and tries longer.
pub(crate) async fn change_among_many<N: Message + Default, T>(
    core: &Core,
    name: NoteName,
    how: impl Fn(i64, Option<N>) -> (Option<N>, T),
) -> Result<T, Refusal> {
    change_within(core, name, SHARED_NOTE_TRIES_MAX, how).await
}

async fn change_within<N: Message + Default, T>(
    core: &Core,
    name: NoteName,
    tries_max: usize,
    how: impl Fn(i64, Option<N>) -> (Option<N>, T),
) -> Result<T, Refusal> {
    for tried in 0..tries_max {
        if tried > 0 && tries_max > NOTE_TRIES_MAX {
            tokio::time::sleep(jitter()).await;
        }
        let (revision, before) = read(core, name).await?;
        let (after, said) = how(revision, before);
        let Some(after) = after else {
            return Ok(said);
        };
        if write(core, name, revision, &after).await? {
            return Ok(said);
        }
    }
    Err(Refusal::new(Reason::KeysUnavailable))
}

/// A moment, by the random end of a new id.
fn jitter() -> Duration {
    let [.., random] = Uuid::now_v7().into_bytes();
    SHARED_NOTE_WAIT_MAX * u32::from(random) / u32::from(u8::MAX)
}
