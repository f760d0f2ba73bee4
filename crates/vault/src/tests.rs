//! The claims of the whole, over each store, in a folder or a database of its own.

mod copying;
mod erasing;
mod file;
mod gathering;
mod holding;
mod keeping;
mod migrating;
mod naming;
mod noting;
mod refusing;
mod reviewing;
mod rotating;
mod sealing;
mod sharing;
mod sweeping;
mod verifying;

use std::fs;
use std::path::PathBuf;

use daemon::postgres::testing::Database;
use domain::entry::SealedPart;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, Version};
use jiff::civil::Date;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{Error, KeyRows, RootKey, RootKeys, Vault, postgres};

const YEAR: i16 = 2026;

/// Each claim holds over either store.
macro_rules! claims {
    ($($module:ident: $($claim:ident)+;)+) => {
        mod over_sqlite {
            $($(#[tokio::test] async fn $claim() {
                super::$module::$claim(super::House::over_sqlite()).await;
            })+)+
        }
        mod over_postgres {
            $($(#[tokio::test] async fn $claim() {
                super::$module::$claim(super::House::over_postgres().await).await;
            })+)+
        }
    };
}

claims! {
    naming:
        a_person_has_one_pseudonym_in_a_scope_and_year_and_others_elsewhere
        a_reserve_number_never_matches_across_issuers_and_other_numbers_do
        a_reopened_store_gives_the_same_names
        search_tokens_differ_by_authority_and_by_term_and_not_by_year
        fingerprints_differ_by_authority_and_by_content
        a_key_that_many_ask_for_first_is_made_once
        dropping_a_year_unlinks_it_for_good_and_leaves_the_other_years_and_keys
        nothing_shows_what_it_holds;
    sealing:
        both_read_the_shared_part_and_the_acting_one_its_own
        a_part_says_nothing_before_its_keys_are_put
        a_part_in_another_place_is_a_fault
        a_row_of_keys_that_was_moved_is_a_fault
        erasing_at_one_authority_is_final_and_leaves_the_other
        two_sealings_of_one_version_do_not_touch_each_other
        a_subject_whose_only_keys_are_dropped_is_no_longer_found
        a_new_year_wraps_with_a_new_key_and_the_old_ones_still_open
        an_opened_part_proves_its_commitment
        an_entry_may_have_one_part_or_none
        as_many_readers_and_search_rows_as_the_bounds_say_and_no_more;
    erasing:
        a_mark_moves_forward_only_until_it_is_forgotten_and_outlives_the_process
        each_round_has_a_mark_of_its_own
        marks_set_at_once_leave_the_newest;
    keeping:
        a_search_finds_the_newest_hundred_with_their_kinds
        accesses_are_read_back_by_their_authority_newest_first
        accesses_are_found_by_officer_subject_and_period_in_pages
        an_access_from_before_kinds_were_kept_is_read_as_it_was
        an_access_log_takes_actors_up_to_the_bound_and_shows_its_newest_thousand
        what_was_handed_over_is_written_though_nobody_waits_for_it
        another_root_key_is_refused_by_name_and_a_false_one_by_proof;
    sweeping:
        a_sweep_removes_old_orphans_only_and_goes_on_where_it_stopped
        one_sweep_looks_at_a_thousand_subjects_at_most
        keys_that_no_entry_came_to_go_and_those_of_an_entry_stay
        keys_to_a_municipalitys_first_entry_stay_while_it_may_come
        a_turned_bit_in_a_row_of_keys_lets_a_sweep_remove_nothing
        entries_that_are_not_found_keep_their_keys;
    reviewing:
        reviews_are_read_back_by_their_authority_newest_first_and_once_for_a_request
        a_review_that_was_moved_is_a_fault;
    noting:
        a_note_follows_the_one_that_was_read_or_changes_nothing
        a_note_is_its_authoritys_and_its_kinds_alone
        notes_are_listed_from_the_highest_token_down
        notes_are_read_in_the_order_of_their_names
        of_many_who_look_at_once_each_is_told_its_own;
    rotating:
        a_change_of_the_root_key_goes_on_wherever_it_was_killed
        keys_that_are_made_while_the_root_key_changes_all_open_under_the_new_one
        a_change_can_be_called_off_halfway
        root_keys_that_do_not_open_all_of_the_store_are_not_taken_into_use
        false_root_keys_wrap_and_open_nothing_while_they_are_looked_at
        the_store_itself_keeps_a_root_key_as_long_as_a_key_refers_to_it
        a_key_under_a_root_key_that_is_no_longer_the_newest_is_not_stored
        a_damaged_key_stays_and_is_named_and_all_others_are_wrapped_anew
        more_damaged_keys_than_a_step_takes_keep_no_other_one_and_can_be_given_up
        a_key_that_was_dropped_meanwhile_is_not_put_back;
    verifying:
        a_turned_bit_in_whichever_column_is_named
        two_rows_that_changed_places_and_one_that_is_lost_are_named
        what_an_earlier_program_wrote_is_sound_and_counted;
    migrating:
        a_store_of_any_earlier_version_tells_all_that_it_held_and_goes_on;
    refusing:
        refusals_are_read_back_by_their_authority_newest_first_in_pages
        an_authority_keeps_its_newest_ten_thousand_refusals_and_takes_nobody_elses;
}

/// A root key and a place for a store.
struct House {
    folder: TempDir,
    /// Where the keys are, when not in a file of the folder.
    database: Option<Database>,
}

impl House {
    fn over_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        RootKey::create(&folder.path().join("root.key")).expect("a root key");
        Self {
            folder,
            database: None,
        }
    }

    async fn over_postgres() -> Self {
        let database = Database::new().await.expect("a database");
        postgres::migrate(&database.owner())
            .await
            .expect("a schema");
        let admitted = database.admit("keeper", "flyttbud_keys").await;
        admitted.expect("a login");
        Self {
            database: Some(database),
            ..Self::over_sqlite()
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vault.db")
    }

    fn root(&self) -> RootKey {
        RootKey::read(&self.folder.path().join("root.key")).expect("a root key")
    }

    async fn vault(&self) -> Vault {
        self.open(self.root()).await.expect("a vault")
    }

    async fn open(&self, roots: impl Into<RootKeys>) -> Result<Vault, crate::OpenError> {
        match &self.database {
            Some(database) => Vault::connect(database.settings("keeper"), roots, YEAR).await,
            None => Vault::unlock(&self.path(), roots, YEAR),
        }
    }

    /// Runs statements as somebody who may do everything.
    async fn alter(&self, sql: &str) {
        if let Some(database) = &self.database {
            let client = database.client("owner").await.expect("a connection");
            let sql = format!("SET search_path = flyttbud_keys; {sql}");
            client.batch_execute(&sql).await.expect("altered");
        } else {
            let file = Connection::open(self.path()).expect("a file");
            file.execute_batch(sql).expect("altered");
        }
    }

    /// How many rows a table has.
    async fn count(&self, table: &str) -> i64 {
        if let Some(database) = &self.database {
            let client = database.client("owner").await.expect("a connection");
            let sql = format!("SELECT count(*) FROM flyttbud_keys.{table}");
            client.query_one(&sql, &[]).await.expect("a count").get(0)
        } else {
            let file = Connection::open(self.path()).expect("a file");
            let sql = format!("SELECT count(*) FROM {table}");
            file.query_row(&sql, [], |row| row.get(0)).expect("a count")
        }
    }

    /// The wrapped keys to a subject, in the order of authorities.
    async fn wrapped_for(&self, subject: Subject) -> Vec<Vec<u8>> {
        let sql = "SELECT wrapped FROM body_keys WHERE subject = ";
        if let Some(database) = &self.database {
            let client = database.client("owner").await.expect("a connection");
            let sql = sql.replace("body_keys", "flyttbud_keys.body_keys");
            let sql = format!("{sql} $1 ORDER BY authority");
            let rows = client.query(&sql, &[&subject.id]).await.expect("rows");
            rows.iter().map(|row| row.get(0)).collect()
        } else {
            let file = Connection::open(self.path()).expect("a file");
            let sql = format!("{sql} ?1 ORDER BY authority");
            let mut statement = file.prepare(&sql).expect("a statement");
            let rows = statement.query_map([subject.id.as_bytes()], |row| row.get(0));
            let rows: Result<Vec<_>, _> = rows.expect("rows").collect();
            rows.expect("rows")
        }
    }

    /// Whether the bytes stand in any file of the store, its log included.
    fn holds(&self, bytes: &[u8]) -> bool {
        fs::read_dir(self.folder.path())
            .expect("a folder")
            .map(|file| fs::read(file.expect("a file").path()).expect("bytes"))
            .any(|content| contains(&content, bytes))
    }
}

fn contains(content: &[u8], bytes: &[u8]) -> bool {
    content.windows(bytes.len()).any(|window| window == bytes)
}

fn solna() -> MunicipalityCode {
    code("0184")
}

fn heby() -> MunicipalityCode {
    code("0331")
}

fn kiruna() -> MunicipalityCode {
    code("2584")
}

fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("four digits")
}

fn number(text: &str) -> IdentityNumber {
    IdentityNumber::parse(text, Date::constant(2026, 11, 24)).expect("a number")
}

fn subject(id: u128) -> Subject {
    Subject::relocation(Uuid::from_u128(id))
}

/// What Solna sends to Heby, with a part of its own.
async fn seal(vault: &Vault, subject: Subject) -> (SealedPart, SealedPart, KeyRows) {
    let (parts, keys) = vault
        .seal(
            subject,
            Version(1),
            (solna(), heby()),
            Some((b"what both may read", &[solna(), heby()])),
            Some((b"what one may read", solna())),
        )
        .await
        .expect("sealed");
    let [shared, own] = <[SealedPart; 2]>::try_from(parts).expect("two parts");
    (shared, own, keys)
}

/// Seals and puts an entry that Solna finds by a case number.
async fn put(vault: &Vault, subject: Subject, case: &str) -> (SealedPart, SealedPart) {
    let (shared, own, keys) = seal(vault, subject).await;
    let row = vault.search_row(solna(), crate::SearchTerm::CaseNumber(case), subject);
    let row = row.await.expect("a row");
    vault.put(keys, vec![row]).await.expect("put");
    (shared, own)
}

/// What an authority finds by a case number.
async fn found(vault: &Vault, who: MunicipalityCode, case: &str) -> Vec<Subject> {
    found_under(vault, who, &[case]).await
}

/// What an authority finds by any of some case numbers.
async fn found_under(vault: &Vault, who: MunicipalityCode, cases: &[&str]) -> Vec<Subject> {
    let mut tokens = Vec::new();
    for case in cases {
        let token = vault.search_token(who, crate::SearchTerm::CaseNumber(case));
        tokens.push(token.await.expect("a token"));
    }
    vault.search(who, &tokens).await.expect("no fault")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the key store itself is looked into"
)]
async fn open(
    vault: &Vault,
    who: MunicipalityCode,
    subject: Subject,
    part: &SealedPart,
) -> Result<Option<Vec<u8>>, Error> {
    let parties = (solna(), heby());
    let opened = vault.open_part(who, subject, Version(1), parties, part);
    Ok(opened.await?.map(|opened| opened.body))
}

/// Solna's access to a subject.
fn access(what: Subject, at: jiff::Timestamp, content: &[u8]) -> crate::NewAccess<'_> {
    crate::NewAccess {
        authority: solna(),
        what: crate::Accessed::Subject(what),
        at,
        officer: "officer-1",
        content,
    }
}

/// The newest accesses of an authority to a subject.
async fn accesses(
    vault: &Vault,
    who: MunicipalityCode,
    what: Subject,
) -> Result<Vec<crate::Access>, Error> {
    let filter = crate::AccessFilter {
        what: Some(crate::Accessed::Subject(what)),
        ..crate::AccessFilter::default()
    };
    let end = crate::AccessPlace::END;
    vault.accesses(who, &filter, end, usize::MAX).await
}

/// What is read where nothing was moved.
async fn read(
    vault: &Vault,
    who: MunicipalityCode,
    subject: Subject,
    part: &SealedPart,
) -> Option<Vec<u8>> {
    open(vault, who, subject, part).await.expect("no fault")
}
