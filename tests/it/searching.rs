//! Search by name: whole words however they are written, one's own alone, and no name is kept to search by.

use api::v1;
use api::v1::find_relocations_request::Term;
use client::Refused;
use tests::{
    Canary, PERSONS, Party, REVIEWER, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, run, scan,
};

use crate::access::{log, seen};
use crate::recalling::withdraw;
use crate::receipts::profile;

fn named(given_name: &str, family_name: &str) -> Term {
    Term::Name(v1::PersonName {
        given_name: given_name.to_owned(),
        family_name: family_name.to_owned(),
    })
}

async fn find(party: &Party, term: Term) -> Result<Vec<String>, Refused> {
    let request = v1::FindRelocationsRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        term: Some(term),
    };
    let found = party.find(request).await?.relocations;
    Ok(found.into_iter().map(|it| it.name).collect())
}

/// Announces somebody of that name, who has one of the test numbers.
async fn announced(solna: &Party, index: usize, given: &str, family: &str) -> String {
    let mut request = announcement(solna, "2283", index);
    let content = request.content.as_mut().expect("content");
    let person = content.person.as_mut().expect("a person");
    person.given_name = given.into();
    person.family_name = family.into();
    let registered = solna.register(request).await.expect("accepted");
    registered.relocation.expect("one").name
}

/// What `find` says of a number that it reads: so it stands in no list of processes.
fn find_read_number(world: &World, profile: &str) -> String {
    let file = world.folder().join("number");
    std::fs::write(&file, format!("{}\n", PERSONS[0].0)).expect("written");
    let said = std::process::Command::new(tests::flyttbud())
        .args(["--profile", profile, "find", "--number", "-"])
        .current_dir(world.folder())
        .stdin(std::fs::File::open(&file).expect("a file"))
        .output();
    String::from_utf8(said.expect("flyttbud starts").stdout).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_found_by_its_parties_however_it_is_written_and_kept_nowhere() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    let one = announced(&solna, 0, "Åsa-Xenobia", "Öbergqvist Lindh").await;
    let two = announced(&solna, 2, "Åsa", "Öbergqvist").await;
    for (given, family, expected) in [
        ("Åsa", "Öbergqvist", vec![&two, &one]),
        ("ÅSA XENOBIA", "öbergqvist", vec![&one]),
        ("A\u{30a}sa", "Lindh-O\u{308}bergqvist", vec![&one]),
        ("Öbergqvist", "Åsa", vec![&two, &one]),
        ("Asa", "Obergqvist", vec![]),
        ("Åsa", "Öberg", vec![]),
    ] {
        for party in [&solna, &solleftea] {
            let found = find(party, named(given, family)).await.expect("a search");
            let found: Vec<&String> = found.iter().collect();
            assert_eq!(found, expected, "{given} {family}");
        }
        let found = find(&sigtuna, named(given, family)).await;
        assert_eq!(found.expect("a search"), [""; 0], "it has no part in it");
    }
    for (given, family, field) in [
        ("", "Öbergqvist", "name.given_name"),
        ("Åsa", "", "name.family_name"),
        ("-", "-", "name"),
    ] {
        let refused = find(&solna, named(given, family)).await.expect_err(field);
        assert_eq!(refused.violations.first().expect("a field").0, field);
    }
    // each search is in the log, with its kind and not its words
    let reviewer = world.party(REVIEWER).await;
    let searches = seen(&reviewer, log(&reviewer)).await;
    let told: Vec<_> = searches
        .iter()
        .map(|it| (it.search_term(), it.found))
        .collect();
    let by = |found| (v1::SearchTermKind::Name, found);
    assert_eq!(told, [2, 1, 1, 2, 0, 0].map(by));
    let shown = format!("{searches:?}");
    assert!(!shown.contains("bergqvist"), "{shown}");

    let profile = profile(&world, SOLNA);
    let words = [
        "--profile",
        &profile,
        "--json",
        "find",
        "--name",
        "åsa",
        "lindh",
    ];
    let said = String::from_utf8(run(world.folder(), &words).stdout).expect("text");
    assert!(said.contains(&one) && !said.contains(&two), "{said}");
    assert!(find_read_number(&world, &profile).contains(&one));

    // what was erased at the receiver is no longer found there, and still is at the sender
    withdraw(&solna, &one, v1::WithdrawalReason::Mistake).await;
    let wanted = || named("Xenobia", "Lindh");
    assert_eq!(find(&solleftea, wanted()).await.expect("a search"), [""; 0]);
    assert_eq!(find(&solna, wanted()).await.expect("a search"), [one]);
    assert!(world.terminate().await.success());
    let names = ["bergqvist", "Xenobia", "xenobia"];
    let canaries: Vec<Canary> = names.iter().flat_map(|name| Canary::text(name)).collect();
    let scanned = scan(&world.folder().join("data"), &canaries);
    assert_eq!(scanned.found, Vec::<std::path::PathBuf>::new());
    assert!(scanned.bytes > 10_000, "only {} bytes", scanned.bytes);
}
