//! The floor of the store: the rows of a registration through the same two writers, without gRPC. What is
//! written must be what `gateway::relocation::register` writes, or the floor lies.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use api::generated::journal::v1 as sealed;
use api::parse::{self, Context, Registration};
use api::v1;
use daemon::postgres::Settings;
use domain::code::NoticeKind;
use domain::entry::{Draft, Event};
use domain::lineage::Lineage;
use domain::municipality::MunicipalityCode;
use domain::person_name::pairs;
use domain::subject::{Subject, Version};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::civil::Date;
use journal::{
    Batch, Journal, OpenClaim, OpenKey, Outcome, PostgresJournal, Request, Scope, SqliteJournal,
};
use prost::Message as _;
use uuid::Uuid;
use vault::{KeyRows, RootKey, SearchRow, SearchTerm, Vault};

use crate::requests::SENDER;

/// Years whose keys the gateway compares at each registration.
const EPOCHS: i16 = 5;

/// Journal and key store of our own, beside the service's and on the same disk.
#[derive(Clone)]
pub(crate) struct Stores {
    journal: Arc<dyn Journal>,
    vault: Vault,
    sender: MunicipalityCode,
    today: Date,
}

/// A registration ready to be written.
pub(crate) struct Row {
    keys: KeyRows,
    tokens: Vec<SearchRow>,
    batch: Batch,
}

/// How long a full group took in each file.
pub(crate) struct GroupCommit {
    pub(crate) keys: Duration,
    pub(crate) journal: Duration,
}

impl Stores {
    pub(crate) fn open(folder: &Path, today: Date) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let root = folder.join("root.key");
        RootKey::create(&root)?;
        Self::beside(folder, &root, today)
    }

    /// Likewise, with a root key that is there.
    pub(crate) fn beside(folder: &Path, root: &Path, today: Date) -> anyhow::Result<Self> {
        let root = RootKey::read(root)?;
        Ok(Self {
            journal: SqliteJournal::open(&folder.join("journal.sqlite"))?,
            vault: Vault::unlock(&folder.join("keys.sqlite"), root, today.year())?,
            sender: MunicipalityCode::parse(SENDER).context("the sender has no code")?,
            today,
        })
    }

    /// The same over PostgreSQL, with the root key of a folder.
    pub(crate) async fn connect(
        journal: Settings,
        keys: Settings,
        folder: &Path,
        today: Date,
    ) -> anyhow::Result<Self> {
        let root = RootKey::read(&folder.join("root.key"))?;
        Ok(Self {
            journal: PostgresJournal::connect(journal).await?,
            vault: Vault::connect(keys, root, today.year()).await?,
            sender: MunicipalityCode::parse(SENDER).context("the sender has no code")?,
            today,
        })
    }

    /// Seals announcements as the gateway does. Not timed: the floor is what the writers alone can do.
    pub(crate) async fn prepare(
        &self,
        requests: Vec<v1::RegisterRelocationRequest>,
    ) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(requests.len());
        for request in requests {
            rows.push(self.prepare_one(request).await?);
        }
        Ok(rows)
    }

    async fn prepare_one(&self, request: v1::RegisterRelocationRequest) -> anyhow::Result<Row> {
        let context = Context {
            today: self.today,
            production: false,
            lineage: Lineage::default(),
        };
        let registration = parse::registration(&request, self.sender, context)
            .map_err(|refusal| anyhow!("refused: {}", refusal.reason.code()))?;
        let request = self.request(registration.request_id, request).await?;
        let subject = Subject::relocation(Uuid::now_v7());
        let pseudonym = async |epoch| {
            let number = &registration.number;
            self.vault
                .pseudonym(self.sender, epoch, number, self.sender)
                .await
        };
        let key = OpenKey {
            sender: self.sender,
            recipient: registration.recipient,
            pseudonym: pseudonym(self.today.year()).await?,
        };
        let mut also = Vec::new();
        for back in 1..EPOCHS {
            also.push(pseudonym(self.today.year() - back).await?);
        }
        let tokens = self.tokens(subject, &registration).await?;
        let (draft, keys) = self.seal(subject, &key, registration).await?;
        Ok(Row {
            keys,
            tokens,
            batch: Batch {
                drafts: vec![draft],
                request: Some(request),
                claim: Some(OpenClaim { key, also }),
                ..Batch::default()
            },
        })
    }

    async fn request(
        &self,
        id: Uuid,
        request: v1::RegisterRelocationRequest,
    ) -> anyhow::Result<Request> {
        let normalised = v1::RegisterRelocationRequest {
            request_id: String::new(),
            ..request
        };
        let mut bytes = b"RegisterRelocation\0".to_vec();
        normalised.encode(&mut bytes)?;
        Ok(Request {
            scope: Scope::Municipality(self.sender),
            id,
            fingerprint: self.vault.fingerprint(self.sender, &bytes).await?,
        })
    }

    async fn tokens(
        &self,
        subject: Subject,
        registration: &Registration,
    ) -> anyhow::Result<Vec<SearchRow>> {
        let number = SearchTerm::Number(&registration.number);
        let case = SearchTerm::CaseNumber(&registration.content.case_number);
        let recipient = registration.recipient;
        let mut terms = vec![
            (self.sender, number),
            (recipient, number),
            (self.sender, case),
        ];
        let person = registration.content.person.as_ref();
        let names = person.map(|person| pairs(&person.given_name, &person.family_name));
        for pair in names.iter().flatten() {
            let name = SearchTerm::Name(pair);
            terms.extend([(self.sender, name), (recipient, name)]);
        }
        let mut rows = Vec::with_capacity(terms.len());
        for (authority, term) in terms {
            rows.push(self.vault.search_row(authority, term, subject).await?);
        }
        Ok(rows)
    }

    async fn seal(
        &self,
        subject: Subject,
        key: &OpenKey,
        registration: Registration,
    ) -> anyhow::Result<(Draft, KeyRows)> {
        let recipient = registration.recipient;
        let shared = sealed::SharedPart {
            legal_ground: registration.legal_ground.code,
            relocation: Some(registration.content),
            ..sealed::SharedPart::default()
        };
        let own = sealed::OwnPart {
            actor: Some(registration.actor),
            legal_ground: Some(registration.legal_ground),
            ..sealed::OwnPart::default()
        };
        let readers = [self.sender, recipient];
        let (parts, keys) = self
            .vault
            .seal(
                subject,
                Version(1),
                (self.sender, recipient),
                Some((&shared.encode_to_vec(), &readers)),
                Some((&own.encode_to_vec(), self.sender)),
            )
            .await?;
        let draft = Draft {
            subject,
            version: Version(1),
            event: Event::RelocationRegistered {
                sender: self.sender,
                recipient,
                kind: registration.kind,
                pseudonym: key.pseudonym,
                planned: registration.planned,
                answer_due_on: ledger::answer_due_on(registration.kind, self.today),
                function: None,
            },
            notices: vec![(recipient, NoticeKind::RelocationRegistered)],
            sealed: parts,
        };
        Ok((draft, keys))
    }

    /// Writes a row: keys first, then the entry.
    pub(crate) async fn append(self, row: Row) -> anyhow::Result<()> {
        self.vault.put(row.keys, row.tokens).await?;
        appended(&self.journal.append(row.batch).await?)
    }

    /// How long a commit of a full group takes: all rows wait for the writer at once, so that it never finds
    /// less than a group, first for the keys, then for the entries.
    pub(crate) async fn group_commit(
        &self,
        rows: Vec<Row>,
        group: u32,
    ) -> anyhow::Result<GroupCommit> {
        let groups = u32::try_from(rows.len())?.div_ceil(group);
        let (puts, batches): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .map(|row| ((row.keys, row.tokens), row.batch))
            .unzip();
        let put = |(keys, tokens)| self.vault.put(keys, tokens);
        let began = Instant::now();
        let mut puts: FuturesUnordered<_> = puts.into_iter().map(put).collect();
        while let Some(done) = puts.next().await {
            done?;
        }
        let keys = began.elapsed() / groups;
        let append = |batch| self.journal.append(batch);
        let began = Instant::now();
        let mut appends: FuturesUnordered<_> = batches.into_iter().map(append).collect();
        while let Some(outcome) = appends.next().await {
            appended(&outcome?)?;
        }
        let journal = began.elapsed() / groups;
        Ok(GroupCommit { keys, journal })
    }
}

fn appended(outcome: &Outcome) -> anyhow::Result<()> {
    match outcome {
        Outcome::Appended(_) => Ok(()),
        Outcome::Repeated(_) | Outcome::AlreadyOpen(_) => bail!("a row was there before"),
    }
}
