//! What many write at once, over real stores.

use std::collections::BTreeSet;

use api::time::to_wire;
use api::v1;
use domain::code::WithdrawalReason;
use domain::entry::Event;
use domain::subject::Version;
use futures_util::future::try_join_all;
use journal::conformance::given::{batch, solleftea, solna};

use super::*;
use crate::caller::Role;
use crate::follow::follow_behind;
use crate::testing::acts::{actor, announce_of};
use crate::testing::{call_of, core};

/// The identity number of somebody who was born in January 1990.
fn number(core: &Core, serial: u32) -> IdentityNumber {
    let numbers = (0..10).filter_map(|check| {
        let text = format!(
            "199001{:02}-{:03}{check}",
            1 + serial % 28,
            238 + serial / 28
        );
        IdentityNumber::parse(&text, core.today()).ok()
    });
    numbers.last().expect("one of ten checks")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_members_who_are_announced_at_once_are_of_the_household() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core(folder.path());
    let household = Household("0184 households/one".to_owned());
    let numbers: Vec<_> = (0..20).map(|serial| number(&core, serial)).collect();
    let joined = numbers.iter().map(|number| {
        let member = (number, Some(Uuid::now_v7()));
        join(&core, solna(), &household, member)
    });
    try_join_all(joined).await.expect("all of them");
    let party = Party::for_tests(solna());
    let members = members(&core, solna(), &household).await.expect("read");
    assert_eq!(members.expect("a note").len(), 20);
    let first = Person::read(&core, party, &numbers[0], &[]).await;
    let shared = shared(&core, &first.expect("read")).await.expect("read");
    assert_eq!(shared.others.len(), 19);
    let announced: BTreeSet<_> = shared.announced.iter().map(|(_, it)| *it).collect();
    assert_eq!((shared.announced.len(), announced.len()), (20, 20));
}

#[tokio::test]
async fn who_was_never_announced_is_forgotten_once_and_nothing_else_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core(folder.path());
    let household = Some(Household("0184 households/one".to_owned()));
    let number = number(&core, 0);
    let announced = Subject::relocation(Uuid::now_v7());
    let whom = ([solna(), solleftea()], announced, &number);
    let revisions = async || {
        let mut found = Vec::new();
        for of in [solna(), solleftea()] {
            let name = household.as_ref().expect("one").note(&core, of).await;
            let read = note::read::<sealed::HouseholdNote>(&core, name.expect("keys"));
            found.push(read.await.expect("read").0);
        }
        found
    };
    forget(&core, household.as_ref(), whom).await.expect("none");
    assert_eq!(revisions().await, [0, 0]);
    keep(&core, household.as_ref(), whom).await.expect("kept");
    for _ in 0..2 {
        forget(&core, household.as_ref(), whom).await.expect("gone");
        assert_eq!(revisions().await, [2, 2]);
    }
}

/// What went to the wrong municipality is over there: who was announced together with whom, too.
#[tokio::test]
async fn nothing_is_kept_of_a_household_where_it_may_be_read_no_more() {
    const NAME: &str = "households/0199b2d0-0000-7000-8000-000000000001";
    for is_cut_off in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let core = core(folder.path());
        let household = Household(format!("{} {NAME}", solna()));
        let count = async |of| {
            let read = members(&core, of, &household).await;
            read.expect("read").expect("a note").len()
        };
        let id = Uuid::now_v7();
        let announced = announce_of(&core, id, NAME).await;
        let name = announced.expect("accepted").relocation.expect("one").name;
        assert_eq!((count(solna()).await, count(solleftea()).await), (1, 1));
        if is_cut_off {
            let subject = Subject::parse(SubjectKind::Relocation, &name).expect("a name");
            let withdrawn = Event::RelocationWithdrawn {
                reason: WithdrawalReason::ConsentRevoked,
            };
            let draft = domain::entry::Draft {
                subject,
                version: Version(2),
                event: withdrawn,
                notices: Vec::new(),
                sealed: Vec::new(),
            };
            let appended = core.journal.append(batch(vec![draft])).await;
            appended.expect("it stands");
            follow_behind(&core).await.expect("gone over");
        } else {
            let request = v1::RecallRelocationRequest {
                municipality: solna().resource_name(),
                actor: Some(actor()),
                request_id: Uuid::now_v7().to_string(),
                name,
                discovered_at: Some(to_wire(core.journal.now())),
                text: "Fel kommun valdes i listan.".to_owned(),
                ..v1::RecallRelocationRequest::default()
            };
            let call = call_of(solna(), Role::CaseSystem, "RecallRelocation");
            let recalled = Box::pin(crate::relocation::recall(&core, &call, request)).await;
            recalled.expect("called back");
        }
        assert_eq!((count(solna()).await, count(solleftea()).await), (1, 0));
        // nor does a retry bring it back
        announce_of(&core, id, NAME)
            .await
            .expect("answered as then");
        assert_eq!((count(solna()).await, count(solleftea()).await), (1, 0));
    }
}
