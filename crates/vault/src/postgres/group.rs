//! A group of changes as statements. Each change is one of them or a part of one, so it happens wholly or not at
//! all; and each may be made again, so that one whose outcome nobody knows does no harm.

use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use tokio::sync::oneshot;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::roots::{self, Made};
use super::{holders, marks, notes, refusals, reviews};
use crate::Error;
use crate::access::AccessRow;
use crate::keys::Purpose;
use crate::part::KeysId;
use crate::seal::WrappedKeys;
use crate::search::SearchRow;
use crate::store::{Change, kind_number};

pub(super) type Reply = oneshot::Sender<Result<usize, Error>>;
/// A change and who waits for it.
pub(super) type Waiting = (Change, Reply);

/// What is sent at once, and who waits for it.
pub(super) struct Statement {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Box<dyn ToSql + Send + Sync>>,
    pub(super) replies: Vec<Reply>,
}

const INSERT: &str = "\
    WITH opening AS ( \
        INSERT INTO flyttbud_keys.body_keys \
            (subject, sealing, version, kind, authority, epoch, wrapped) \
        SELECT * FROM unnest( \
            $1::uuid[], $2::uuid[], $3::int8[], $4::int2[], $5::int4[], $6::int2[], $7::bytea[] \
        ) ON CONFLICT DO NOTHING \
    ), finding AS ( \
        INSERT INTO flyttbud_keys.search (authority, token, subject, kind) \
        SELECT * FROM unnest($8::int4[], $9::uuid[], $10::uuid[], $11::int2[]) \
        ON CONFLICT DO NOTHING \
    ) \
    INSERT INTO flyttbud_keys.accesses (at_micros, authority, subject, sealed, kind, officer) \
    SELECT * FROM unnest( \
        $12::int8[], $13::int4[], $14::uuid[], $15::bytea[], $16::int2[], $17::uuid[] \
    )";
/// A subject of which nothing is left must not be found.
const DROP: &str = "\
    WITH dropped AS ( \
        SELECT * FROM unnest($1::uuid[], $2::int8[], $3::uuid[]) AS keys (subject, version, sealing) \
    ), gone AS ( \
        DELETE FROM flyttbud_keys.body_keys AS keys USING dropped \
        WHERE keys.subject = dropped.subject AND keys.version = dropped.version \
            AND keys.sealing = dropped.sealing \
    ) \
    DELETE FROM flyttbud_keys.search WHERE subject = ANY ($1) AND NOT EXISTS ( \
        SELECT FROM flyttbud_keys.body_keys AS keys WHERE keys.subject = search.subject \
            AND (keys.version, keys.sealing) NOT IN ( \
                SELECT version, sealing FROM dropped WHERE dropped.subject = keys.subject \
            ) \
    )";
const ERASE: &str = "\
    WITH gone AS ( \
        DELETE FROM flyttbud_keys.body_keys WHERE authority = $1 AND subject = $2 RETURNING 1 \
    ), hidden AS ( \
        DELETE FROM flyttbud_keys.search WHERE authority = $1 AND subject = $2 \
    ) \
    SELECT count(*) FROM gone";
const ERASE_VERSION: &str = "\
    WITH gone AS ( \
        DELETE FROM flyttbud_keys.body_keys WHERE authority = $1 AND subject = $2 AND version = $3 \
        RETURNING 1 \
    ) \
    SELECT count(*) FROM gone";
const SWEEP: &str = "\
    WITH gone AS ( \
        DELETE FROM flyttbud_keys.body_keys WHERE subject = ANY ($1) RETURNING 1 \
    ), hidden AS ( \
        DELETE FROM flyttbud_keys.search WHERE subject = ANY ($1) \
    ), left_over AS ( \
        DELETE FROM flyttbud_keys.body_keys AS keys \
        USING unnest($2::uuid[], $3::int8[], $4::uuid[]) AS of (subject, version, sealing) \
        WHERE keys.subject = of.subject AND keys.version = of.version \
            AND keys.sealing = of.sealing RETURNING 1 \
    ) \
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM left_over)";

/// Whose keys, to which subject.
fn held(authority: MunicipalityCode, subject: Subject) -> Vec<Box<dyn ToSql + Send + Sync>> {
    vec![
        Box::new(i32::from(authority.number())),
        Box::new(subject.id),
    ]
}

/// The statements of a group, in their order: what is deleted stays deleted, whoever came first.
pub(super) fn statements(group: impl Iterator<Item = Waiting>) -> Vec<Statement> {
    let (mut inserts, mut drops) = (Inserts::default(), Drops::default());
    let mut made = Made::default();
    let (mut inserted, mut dropped) = (Vec::new(), Vec::new());
    let mut deletions = Vec::new();
    for (change, reply) in group {
        let (sql, values): (_, Vec<Box<dyn ToSql + Send + Sync>>) = match change {
            Change::Key(key) => {
                made.push(key, reply);
                continue;
            }
            Change::Put(keys, tokens) => {
                inserts.put(keys, &tokens);
                inserted.push(reply);
                continue;
            }
            Change::Access(access) => {
                inserts.remember(access);
                inserted.push(reply);
                continue;
            }
            Change::Drop(keys) => {
                drops.push(keys);
                dropped.push(reply);
                continue;
            }
            Change::Erase(authority, subject) => (ERASE, held(authority, subject)),
            Change::EraseVersion(authority, subject, version) => {
                let mut values = held(authority, subject);
                values.push(Box::new(i64::from(version.0)));
                (ERASE_VERSION, values)
            }
            Change::Mark(round, mark) => marks::set(round, &mark),
            Change::ForgetMark(round) => (marks::forget(round), Vec::new()),
            Change::Sweep(subjects, left_over) => (SWEEP, swept(subjects, left_over)),
            Change::Review(review) => (reviews::INSERT, reviews::values(review)),
            Change::Note(note) => (notes::WRITE, notes::written(note)),
            Change::RemoveNote(name) => (notes::REMOVE, notes::named(name)),
            Change::Refusals(refused) => (refusals::INSERT, refusals::values(refused)),
            Change::DropPseudonymKeys(epoch) => (
                roots::DROP,
                vec![
                    Box::new(epoch),
                    Box::new(i16::from(Purpose::Pseudonym.number())),
                ],
            ),
            Change::Root(id, proof) => (roots::NAME, vec![Box::new(id), Box::new(proof)]),
            Change::Rewrap(root, keys) => (roots::REWRAP, roots::rewrapped(root, keys)),
            Change::RetireRoots(newest) => (roots::RETIRE, vec![Box::new(newest)]),
            Change::Hold(roots) => (holders::HOLD, holders::held(&roots)),
        };
        deletions.push(Statement {
            sql,
            values,
            replies: vec![reply],
        });
    }
    let mut statements = Vec::from_iter(made.statement());
    if !inserted.is_empty() {
        statements.push(inserts.statement(inserted));
    }
    if !dropped.is_empty() {
        statements.push(drops.statement(dropped));
    }
    statements.append(&mut deletions);
    statements
}

/// The values of [`INSERT`], as columns.
#[derive(Default)]
struct Inserts {
    body_subjects: Vec<Uuid>,
    body_sealings: Vec<Uuid>,
    body_versions: Vec<i64>,
    body_kinds: Vec<i16>,
    body_authorities: Vec<i32>,
    body_epochs: Vec<i16>,
    body_keys: Vec<Vec<u8>>,
    token_authorities: Vec<i32>,
    tokens: Vec<Uuid>,
    token_subjects: Vec<Uuid>,
    token_kinds: Vec<i16>,
    instants: Vec<i64>,
    access_authorities: Vec<i32>,
    access_subjects: Vec<Uuid>,
    access_contents: Vec<Vec<u8>>,
    access_kinds: Vec<i16>,
    officers: Vec<Uuid>,
}

impl Inserts {
    fn put(&mut self, keys: WrappedKeys, tokens: &[SearchRow]) {
        let id = keys.id;
        for row in keys.rows {
            self.body_subjects.push(id.subject.id);
            self.body_sealings.push(Uuid::from_bytes(id.sealing));
            self.body_versions.push(id.version.0.into());
            self.body_kinds.push(kind_number(id.subject.kind).into());
            self.body_authorities.push(row.authority.number().into());
            self.body_epochs.push(row.epoch);
            self.body_keys.push(row.wrapped);
        }
        for row in tokens {
            self.token_authorities.push(row.authority.number().into());
            self.tokens.push(Uuid::from_bytes(row.token));
            self.token_subjects.push(row.subject.id);
            self.token_kinds.push(kind_number(row.subject.kind).into());
        }
    }

    fn remember(&mut self, access: AccessRow) {
        self.instants.push(access.at_micros);
        self.access_authorities
            .push(access.authority.number().into());
        self.access_subjects.push(access.subject);
        self.access_contents.push(access.sealed);
        self.access_kinds.push(access.kind.into());
        self.officers.push(Uuid::from_bytes(access.officer));
    }

    fn statement(self, replies: Vec<Reply>) -> Statement {
        Statement {
            sql: INSERT,
            values: vec![
                Box::new(self.body_subjects),
                Box::new(self.body_sealings),
                Box::new(self.body_versions),
                Box::new(self.body_kinds),
                Box::new(self.body_authorities),
                Box::new(self.body_epochs),
                Box::new(self.body_keys),
                Box::new(self.token_authorities),
                Box::new(self.tokens),
                Box::new(self.token_subjects),
                Box::new(self.token_kinds),
                Box::new(self.instants),
                Box::new(self.access_authorities),
                Box::new(self.access_subjects),
                Box::new(self.access_contents),
                Box::new(self.access_kinds),
                Box::new(self.officers),
            ],
            replies,
        }
    }
}

/// The values of [`SWEEP`].
fn swept(subjects: Vec<Uuid>, left_over: Vec<KeysId>) -> Vec<Box<dyn ToSql + Send + Sync>> {
    let mut drops = Drops::default();
    for keys in left_over {
        drops.push(keys);
    }
    let mut values: Vec<Box<dyn ToSql + Send + Sync>> = vec![Box::new(subjects)];
    values.extend(drops.values());
    values
}

/// The values of [`DROP`], as columns.
#[derive(Default)]
struct Drops {
    subjects: Vec<Uuid>,
    versions: Vec<i64>,
    sealings: Vec<Uuid>,
}

impl Drops {
    fn push(&mut self, keys: KeysId) {
        self.subjects.push(keys.subject.id);
        self.versions.push(keys.version.0.into());
        self.sealings.push(Uuid::from_bytes(keys.sealing));
    }

    fn values(self) -> [Box<dyn ToSql + Send + Sync>; 3] {
        [
            Box::new(self.subjects),
            Box::new(self.versions),
            Box::new(self.sealings),
        ]
    }

    fn statement(self, replies: Vec<Reply>) -> Statement {
        Statement {
            sql: DROP,
            values: self.values().into(),
            replies,
        }
    }
}
