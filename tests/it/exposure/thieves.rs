//! Who has stolen a store, or several, with or without the root key: what can be got out of it, and no more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use api::generated::journal::v1::{
    Entry, HouseholdMember, HouseholdNote, MemberNote, entry::Event,
};
use api::v1;
use domain::entry::Part;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::person_name::pairs;
use domain::subject::{Subject, SubjectKind};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use prost::Message as _;
use rusqlite::Connection;
use serde_json::Value;
use tests::{Canary, PERSONS, scan};
use uuid::Uuid;
use vault::{NoteKind, RootKey, SearchTerm, Vault};

use super::fields::{Values, nested};

/// Copies of everything that lay on the disk.
pub(super) struct Loot {
    folder: PathBuf,
    year: i16,
}

fn subject(name: &str) -> Subject {
    Subject::parse(SubjectKind::Relocation, name).expect("a name")
}

fn code(number: i64) -> Value {
    let code = MunicipalityCode::parse(&format!("{number:04}")).expect("a code");
    Value::from(code.resource_name())
}

impl Loot {
    pub(super) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            year: Timestamp::now()
                .to_zoned_datetime(TimeZone::UTC)
                .date()
                .year(),
        }
    }

    fn open(&self, file: &str) -> Connection {
        Connection::open(self.folder.join("data").join(file)).expect("a store")
    }

    /// What NATS has on its disk: recipients in subjects, names in payloads, and none of the rest in any spelling.
    pub(super) fn notices(&self, name: &str) -> Values {
        let folder = self.folder.join("nats");
        let has = |text: &str| !scan(&folder, &[Canary::plain(text)]).found.is_empty();
        assert!(has(name), "NATS tells of the relocation");
        let mut seen = Values::new();
        for (field, at) in [("municipality", "0184"), ("receiving_municipality", "2283")] {
            if has(&format!("notices.{at}.")) {
                let told = Value::from(format!("municipalities/{at}"));
                seen.insert(field.to_owned(), vec![told]);
            }
        }
        seen
    }

    /// The entry as it is stored, and the request id beside it.
    pub(super) fn record(&self, name: &str) -> Values {
        let entry = self.entry(name);
        let Some(Event::RelocationRegistered(event)) = entry.event else {
            panic!("the first entry of a relocation")
        };
        let kind = v1::RelocationKind::try_from(event.kind).expect("a kind");
        let request = "SELECT id FROM requests WHERE subject = ?1 ORDER BY position LIMIT 1";
        let id = subject(name).id;
        let request: Vec<u8> = self
            .open("journal.sqlite")
            .query_row(request, [id.as_bytes()], |row| row.get(0))
            .expect("a request");
        let function = format!(
            "municipalities/{}/functions/{}",
            event.recipient, event.function
        );
        let request = Uuid::from_slice(&request).expect("an id").to_string();
        [
            ("municipality", format!("municipalities/{}", event.sender)),
            (
                "receiving_municipality",
                format!("municipalities/{}", event.recipient),
            ),
            ("kind", kind.as_str_name().to_owned()),
            ("content.expected_on", event.planned_month),
            ("request_id", request),
            ("receiving_function", function),
        ]
        .into_iter()
        .map(|(field, told)| (field.to_owned(), vec![Value::from(told)]))
        .collect()
    }

    fn entry(&self, name: &str) -> Entry {
        let sql = "SELECT entries.bytes FROM entries JOIN versions USING (position) \
                   WHERE subject = ?1 AND version = 1";
        let bytes: Vec<u8> = self
            .open("journal.sqlite")
            .query_row(sql, [subject(name).id.as_bytes()], |row| row.get(0))
            .expect("an entry");
        Entry::decode(&bytes[..]).expect("an entry")
    }

    /// Whose keys there are: the municipality with more search tokens is the one that acted.
    pub(super) fn keys(&self, name: &str) -> Values {
        let store = self.open("keys.sqlite");
        let sql = "SELECT authority, (SELECT count(*) FROM search_rows AS found \
                   WHERE found.subject = body_keys.subject AND found.authority = body_keys.authority) AS tokens \
                   FROM body_keys WHERE subject = ?1 AND version = 1 ORDER BY tokens DESC";
        let mut statement = store.prepare(sql).expect("a statement");
        let authorities = statement.query_map([subject(name).id.as_bytes()], |row| row.get(0));
        let authorities: Vec<i64> = authorities
            .expect("rows")
            .map(|row| row.expect("a row"))
            .collect();
        ["municipality", "receiving_municipality"]
            .into_iter()
            .zip(authorities)
            .map(|(field, authority)| (field.to_owned(), vec![code(authority)]))
            .collect()
    }

    /// With another root key nothing opens; with the right one everything.
    fn vault(&self) -> Vault {
        let other = tempfile::tempdir().expect("a folder");
        let file = other.path().join("root.key");
        let other = RootKey::create(&file).expect("another root key");
        let store = self.folder.join("data/keys.sqlite");
        assert!(
            Vault::unlock(&store, other, self.year).is_err(),
            "another root key"
        );
        let root = RootKey::read(&self.folder.join("root.key")).expect("the root key");
        Vault::unlock(&store, root, self.year).expect("unlocked")
    }

    /// Everything that is sealed, by the sender's keys.
    #[expect(clippy::disallowed_methods, reason = "a thief asks nobody")]
    pub(super) async fn everything(
        &self,
        request: &v1::RegisterRelocationRequest,
        name: &str,
    ) -> Values {
        let vault = self.vault();
        let parties = parties(request);
        let bytes = self.entry(name).encode_to_vec();
        let entry = api::record::decode(&bytes).expect("an entry");
        let mut seen = Values::new();
        for part in &entry.sealed {
            let number = if part.part == Part::Shared { 1 } else { 2 };
            let opened = vault
                .open_part(parties.0, entry.subject, entry.version, parties, part)
                .await
                .expect("it opens")
                .expect("the sender has its keys");
            seen.extend(nested(number, &opened.body));
        }
        seen
    }

    /// Who belongs to which household, by the notes that the sender keeps.
    pub(super) async fn noted_with_the_root_key(
        &self,
        request: &v1::RegisterRelocationRequest,
        name: &str,
    ) -> Values {
        let vault = self.vault();
        let (sender, _) = parties(request);
        let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
        let content = request.content.as_ref().expect("content");
        let person = content.person.as_ref().expect("a person");
        let number = IdentityNumber::parse(&person.identity_number, today).expect("a number");
        let household = content.household.as_ref().map(|it| it.name.as_str());
        let household = household.unwrap_or_default();
        let bodies = async |kind| {
            let notes = vault.list_notes(sender, kind, [u8::MAX; 16], 100).await;
            let notes = notes.expect("a list").into_iter();
            notes
                .map(|(_, body)| body.expect("it opens"))
                .collect::<Vec<_>>()
        };
        let mut seen = Values::new();
        for body in bodies(NoteKind::Household).await {
            let note = HouseholdNote::decode(&body[..]).expect("a note");
            let is_this = |it: &HouseholdMember| it.relocation == subject(name).id.as_bytes();
            let mut members = note.members.iter().filter(|it| is_this(it));
            if members.any(|it| it.identity_number == number.canonical()) {
                let told = Value::from(person.identity_number.as_str());
                seen.insert("content.person.identity_number".to_owned(), vec![told]);
            }
        }
        for body in bodies(NoteKind::Member).await {
            let note = MemberNote::decode(&body[..]).expect("a note");
            let named = note.households.iter().filter_map(|it| it.split_once(' '));
            if named.map(|(_, name)| name).any(|name| name == household) {
                let told = Value::from(household);
                seen.insert("content.household.name".to_owned(), vec![told]);
            }
        }
        seen
    }

    /// Numbers and case numbers, one after the other, until a token is there.
    pub(super) async fn guessed_with_the_root_key(
        &self,
        request: &v1::RegisterRelocationRequest,
        name: &str,
    ) -> BTreeSet<&'static str> {
        let vault = self.vault();
        let (sender, _) = parties(request);
        let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
        let content = request.content.as_ref().expect("content");
        let person = content.person.as_ref().expect("a person");
        let mut guessed = BTreeSet::new();
        for (number, _) in PERSONS {
            let parsed = IdentityNumber::parse(number, today).expect("a number");
            let token = vault
                .search_token(sender, SearchTerm::Number(&parsed))
                .await;
            let found = vault
                .search(sender, &[token.expect("a token")])
                .await
                .expect("a search");
            let is_found = found.contains(&subject(name));
            assert_eq!(is_found, number == person.identity_number, "{number}");
            guessed.extend(is_found.then_some("content.person.identity_number"));
        }
        let named = [("Robin", "Provsson"), ("Zebulonius", "Qvastmakare")];
        for (given, family) in named {
            for pair in pairs(given, family) {
                let token = vault.search_token(sender, SearchTerm::Name(&pair)).await;
                let found = vault
                    .search(sender, &[token.expect("a token")])
                    .await
                    .expect("a search");
                let is_found = found.contains(&subject(name));
                // who has a secrecy marking is found by no name
                let is_named = given == person.given_name && !request.secrecy_marking_confirmed;
                assert_eq!(is_found, is_named, "{given} {family}");
                let names = ["content.person.given_name", "content.person.family_name"];
                guessed.extend(names.into_iter().filter(|_name| is_found));
            }
        }
        for case in ["SOL-2026-1041", "SOL-2026-1042"] {
            let token = vault
                .search_token(sender, SearchTerm::CaseNumber(case))
                .await;
            let found = vault
                .search(sender, &[token.expect("a token")])
                .await
                .expect("a search");
            let is_found = found.contains(&subject(name));
            assert_eq!(is_found, case == content.case_number, "{case}");
            guessed.extend(is_found.then_some("content.case_number"));
        }
        guessed
    }

    /// The two fields that are kept nowhere: with all the others known, the keyed hash of the request tells them.
    pub(super) async fn guessed_with_everything(
        &self,
        request: &v1::RegisterRelocationRequest,
    ) -> BTreeSet<&'static str> {
        let vault = self.vault();
        let id = Uuid::parse_str(&request.request_id).expect("an id");
        let sql = "SELECT fingerprint FROM requests WHERE id = ?1";
        let stored: Vec<u8> = self
            .open("journal.sqlite")
            .query_row(sql, [id.as_bytes()], |row| row.get(0))
            .expect("a request");
        let mut right = Vec::new();
        for (open_child_inquiry, secrecy_marking_confirmed) in
            [(false, false), (false, true), (true, false), (true, true)]
        {
            let guess = v1::RegisterRelocationRequest {
                request_id: String::new(),
                open_child_inquiry,
                secrecy_marking_confirmed,
                ..request.clone()
            };
            let bytes = [b"RegisterRelocation\0", &guess.encode_to_vec()[..]].concat();
            let fingerprint = vault.fingerprint(parties(request).0, &bytes).await;
            if fingerprint.expect("a hash")[..] == stored {
                right.push((open_child_inquiry, secrecy_marking_confirmed));
            }
        }
        let sent = (
            request.open_child_inquiry,
            request.secrecy_marking_confirmed,
        );
        assert_eq!(right, [sent]);
        BTreeSet::from(["open_child_inquiry", "secrecy_marking_confirmed"])
    }

    /// What is sealed stands nowhere as it is.
    pub(super) fn holds_nothing_in_the_clear(&self, texts: &[&str]) {
        let all = Canary::persons_and(texts.iter().copied());
        for place in ["data", "nats"] {
            let scanned = scan(&self.folder.join(place), &all);
            assert_eq!(scanned.found, Vec::<PathBuf>::new(), "{place}");
            assert!(scanned.bytes > 10_000, "{place}");
        }
    }
}

fn parties(request: &v1::RegisterRelocationRequest) -> (MunicipalityCode, MunicipalityCode) {
    let code = |name| MunicipalityCode::parse_name(name).expect("a code");
    (
        code(&request.municipality),
        code(&request.receiving_municipality),
    )
}
