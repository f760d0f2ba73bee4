//! What processes have in their memory when their work is done, as a core dump or a page that was swapped out would show
//! it. What cannot be promised is said in docs/operation.md.

use std::time::Duration;

use tests::{Apart, Canary, Memory, OPERATOR, PERSONS, Party, SIGTUNA, SOLLEFTEA, SOLNA, memory};
use uuid::Uuid;

use super::{TEXTS, question, relocation};

/// Names, numbers and texts. Groups are words of the contract, which every gateway has in its memory.
fn canaries() -> Vec<Canary> {
    let numbers = PERSONS
        .iter()
        .flat_map(|(number, _)| Canary::number(number));
    let texts = TEXTS.iter().flat_map(|text| Canary::text(text));
    numbers.chain(texts).collect()
}

fn told(memory: &Memory) -> Vec<String> {
    let one = |found: &tests::InMemory| format!("{} {}", found.region, found.around);
    memory.found.iter().map(one).collect()
}

async fn play(world: &Apart) -> String {
    let parties = [(SOLNA, 0), (SOLLEFTEA, 1), (SIGTUNA, 0), (OPERATOR, 1)];
    let mut connected: Vec<Party> = Vec::new();
    for (who, gateway) in parties {
        connected.push(world.party(who, gateway).await);
    }
    let name = relocation(&connected[0], &connected[1]).await;
    question(&connected[1], &connected[2], &connected[3]).await;
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_never_has_a_person_in_its_memory() {
    let world = Apart::start().await;
    let all = canaries();
    let own = memory(std::process::id(), &all);
    assert!(!own.found.is_empty(), "whoever plays has her in its memory");
    let name = play(&world).await;
    // both ledgers have applied all of it
    tokio::time::sleep(Duration::from_secs(2)).await;
    let id = Uuid::parse_str(name.split_once('/').expect("a name").1).expect("an id");
    let id = [Canary::of(id.as_bytes())];
    for (service, process) in world.processes() {
        let seen = memory(process, &all);
        let is_ledger = service.starts_with("ledger");
        // a gateway shows that this looks where bodies are: what it frees it does not wipe
        assert_eq!(
            seen.found.is_empty(),
            is_ledger,
            "{service}: {:#?}",
            told(&seen)
        );
        let known = memory(process, &id);
        assert!(
            !known.found.is_empty(),
            "{service} has the relocation's name"
        );
    }
}
