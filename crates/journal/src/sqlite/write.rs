//! Writes one batch inside the group's transaction. Everything is checked before the first row is
//! written, so that a refused batch takes no position and fails nobody else.

use std::collections::BTreeMap;

use api::chain;
use api::record::{self, Placed};
use domain::entry::{Draft, Event, NoticeRef};
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject, Version};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::Connection;
use uuid::Uuid;

use super::{OpenError, decode, first_row, rows};
use crate::batch::{Answer, Appended, Batch, Outcome};
use crate::clock::Clock;
use crate::{AppendError, InboxHead};

/// What the writer knows of the journal's edge.
#[derive(Debug)]
pub(super) struct State {
    edge: Position,
    recorded_at: Timestamp,
    system_version: Version,
    heads: BTreeMap<MunicipalityCode, InboxHead>,
    clock: Clock,
    clock_ahead: i64,
    written: Vec<Vec<u8>>,
    random: SystemRandom,
    // false from a failed group until everything was read again
    is_current: bool,
}

impl State {
    pub(super) fn load(connection: &Connection, clock: Clock) -> Result<Self, OpenError> {
        let mut state = Self {
            edge: Position(0),
            recorded_at: Timestamp::UNIX_EPOCH,
            system_version: Version(0),
            heads: BTreeMap::new(),
            clock,
            clock_ahead: 0,
            written: Vec::new(),
            random: SystemRandom::new(),
            is_current: false,
        };
        state.reload(connection)?;
        Ok(state)
    }

    pub(super) fn edge(&self) -> Position {
        self.edge
    }

    /// A group failed: what is remembered may not be what is stored.
    pub(super) fn forget(&mut self) {
        self.is_current = false;
        self.written.clear();
    }

    /// Reads everything again, after a start or a group that failed; otherwise does nothing.
    pub(super) fn reload(&mut self, connection: &Connection) -> Result<(), OpenError> {
        if self.is_current {
            return Ok(());
        }
        let last = first_row(connection.query_row(
            "SELECT position, bytes FROM entries ORDER BY position DESC LIMIT 1",
            [],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?.cast_unsigned(),
                    row.get::<_, Vec<u8>>(1)?,
                ))
            },
        ))?;
        (self.edge, self.recorded_at) = match last {
            Some((position, bytes)) => (Position(position), decode(position, &bytes)?.recorded_at),
            None => (Position(0), Timestamp::UNIX_EPOCH),
        };
        self.system_version = rows::version_of(connection, Subject::SYSTEM)?;
        self.clock_ahead =
            first_row(
                connection.query_row("SELECT ahead_seconds FROM clock", [], |row| row.get(0)),
            )?
            .unwrap_or(0);
        self.clock.set_ahead(self.clock_ahead);
        self.heads.clear();
        self.is_current = true;
        Ok(())
    }

    /// The group is durable: what it changed outside the rows takes effect. Returns its entries as stored.
    pub(super) fn committed(&mut self) -> Vec<Vec<u8>> {
        self.clock.set_ahead(self.clock_ahead);
        std::mem::take(&mut self.written)
    }

    /// Writes a batch, or says why not. An `Err` fails the whole group.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        batch: Batch,
    ) -> Result<Result<Outcome, AppendError>, rusqlite::Error> {
        if !batch.is_within_limits() {
            return Ok(Err(AppendError::TooLarge));
        }
        if let Some(request) = &batch.request
            && let Some((fingerprint, answer)) =
                rows::request_row(connection, request.scope, request.id)?
        {
            return Ok(if fingerprint == request.fingerprint {
                Ok(Outcome::Repeated(answer))
            } else {
                Err(AppendError::RequestReused)
            });
        }
        if let Some(claim) = &batch.claim
            && let Some(holder) = rows::open_relocation(connection, claim)?
        {
            return self.point_to(connection, &batch, holder).map(Ok);
        }
        if let Some(key) = &batch.unique_key
            && rows::key_exists(connection, key)?
        {
            return Ok(Err(AppendError::KeyExists));
        }
        if !versions_fit(connection, &batch.drafts)? {
            return Ok(Err(AppendError::VersionConflict));
        }
        if !self.heads_hold(connection, &batch.drafts)? {
            return Ok(Err(AppendError::Damaged));
        }
        self.append(connection, batch).map(Ok)
    }

    /// A second announcement or report of the same person: the first one is the answer, and stays so.
    fn point_to(
        &self,
        connection: &Connection,
        batch: &Batch,
        holder: Uuid,
    ) -> Result<Outcome, rusqlite::Error> {
        let claimant = batch.drafts.first().map(|draft| draft.subject);
        let subject = Subject {
            kind: claimant.unwrap_or(Subject::SYSTEM).kind,
            id: holder,
        };
        let answer = Answer {
            subject,
            position: self.edge,
            already_open: true,
        };
        if let Some(request) = &batch.request {
            rows::insert_request(connection, request, answer)?;
        }
        Ok(Outcome::AlreadyOpen(answer))
    }

    fn append(
        &mut self,
        connection: &Connection,
        batch: Batch,
    ) -> Result<Outcome, rusqlite::Error> {
        let first = Position(self.edge.0 + 1);
        self.recorded_at = self.recorded_at.max(now_to_micros(&self.clock));
        let subject = batch.drafts.first().map(|draft| draft.subject);
        for draft in batch.drafts {
            self.append_one(connection, draft)?;
        }
        if let (Some(request), Some(subject)) = (&batch.request, subject) {
            let answer = Answer {
                subject,
                position: self.edge,
                already_open: false,
            };
            rows::insert_request(connection, request, answer)?;
        }
        if let (Some(claim), Some(subject)) = (&batch.claim, subject) {
            rows::insert_claim(connection, claim, subject.id)?;
        }
        if let Some(key) = &batch.unique_key {
            rows::insert_key(connection, key)?;
        }
        if let Some(key) = &batch.release {
            rows::release_claim(connection, key)?;
        }
        Ok(Outcome::Appended(Appended {
            first,
            last: self.edge,
            recorded_at: self.recorded_at,
        }))
    }

    fn append_one(
        &mut self,
        connection: &Connection,
        mut draft: Draft,
    ) -> Result<(), rusqlite::Error> {
        let position = Position(self.edge.0 + 1);
        let mut notices = Vec::with_capacity(draft.notices.len());
        for (recipient, kind) in &draft.notices {
            let head = self.heads.get(recipient);
            let head = head.copied().unwrap_or(InboxHead::EMPTY);
            let number = NoticeNumber(head.number.0 + 1);
            let hash = chain::content_hash(
                *recipient,
                number,
                *kind,
                draft.subject,
                position,
                self.recorded_at,
            );
            let head = InboxHead {
                number,
                chain: chain::link(&head.chain, &hash),
            };
            self.heads.insert(*recipient, head);
            notices.push(NoticeRef {
                recipient: *recipient,
                number,
                kind: *kind,
                chain: head.chain,
            });
        }
        if draft.subject == Subject::SYSTEM {
            self.system_version = self.system_version.next();
            draft.version = self.system_version;
        }
        let salt = self.salt()?;
        let placed = Placed {
            position,
            recorded_at: self.recorded_at,
            notices: &notices,
            salt,
        };
        let bytes = record::encode(&draft, placed);
        rows::insert_entry(connection, position, &draft, &bytes, &notices)?;
        if let Event::ClockAdvanced { seconds } = draft.event {
            self.clock_ahead = self.clock_ahead.saturating_add(seconds);
            connection
                .prepare_cached("INSERT OR REPLACE INTO clock (one, ahead_seconds) VALUES (1, ?1)")?
                .execute([self.clock_ahead])?;
        }
        self.written.push(bytes);
        self.edge = position;
        Ok(())
    }

    /// Reads the inboxes' heads that are not known yet, and whether each is what its entry says: what goes on from another
    /// one would be chained, and signed, as if it had been so.
    fn heads_hold(
        &mut self,
        connection: &Connection,
        drafts: &[Draft],
    ) -> Result<bool, rusqlite::Error> {
        for (recipient, _kind) in drafts.iter().flat_map(|draft| &draft.notices) {
            if self.heads.contains_key(recipient) {
                continue;
            }
            let head = match rows::newest_notice(connection, *recipient)? {
                None => InboxHead::EMPTY,
                Some((head, bytes)) => {
                    let entry = bytes.and_then(|bytes| record::decode(&bytes).ok());
                    if !entry.is_some_and(|entry| head.is_said_by(*recipient, &entry)) {
                        tracing::error!(
                            recipient.code = %recipient,
                            notice.number = head.number.0,
                            "the newest notice is not as its entry says, nothing is appended after it: run journal verify"
                        );
                        return Ok(false);
                    }
                    head
                }
            };
            self.heads.insert(*recipient, head);
        }
        Ok(true)
    }

    fn salt(&self) -> Result<[u8; 16], rusqlite::Error> {
        let mut salt = [0; 16];
        self.random
            .fill(&mut salt)
            .map_err(|_unspecified| rusqlite::Error::InvalidQuery)?;
        Ok(salt)
    }
}

/// Whether each entry makes the version after the one its subject is at. The system's are given, not expected.
fn versions_fit(connection: &Connection, drafts: &[Draft]) -> Result<bool, rusqlite::Error> {
    // by id: versions are kept by id, and a second row of the same would fail the whole group
    let mut reached: BTreeMap<Uuid, Version> = BTreeMap::new();
    for draft in drafts
        .iter()
        .filter(|draft| draft.subject != Subject::SYSTEM)
    {
        let before = match reached.get(&draft.subject.id) {
            Some(version) => *version,
            None => rows::version_of(connection, draft.subject)?,
        };
        if draft.version != before.next() {
            return Ok(false);
        }
        reached.insert(draft.subject.id, draft.version);
    }
    Ok(true)
}

/// Stored instants have microseconds; what is hashed must be what is read back.
fn now_to_micros(clock: &Clock) -> Timestamp {
    let now = clock.now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
