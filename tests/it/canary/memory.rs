//! What processes have in their memory when their work is done, as a core dump or a page that was swapped out would show
//! it. What cannot be promised is said in docs/operation.md.

use tests::{Apart, Canary, Memory, OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, memory, wait_for};
use uuid::Uuid;

use super::{TEXTS, question, relocation, unusual};

/// Names, numbers and texts. Groups are words of the contract, which every gateway has in its memory.
fn canaries() -> Vec<Canary> {
    Canary::persons_and(TEXTS)
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
    relocation(&connected[0], &connected[1]).await;
    question(&connected[1], &connected[2], &connected[3]).await;
    // whoever knows this one has applied all that came before
    let last = connected[0].register(unusual(&connected[0], "2283", 2));
    let last = last.await.expect("accepted").relocation.expect("one");
    last.name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_never_has_a_person_in_its_memory() {
    let world = Apart::start().await;
    let all = canaries();
    let own = memory(std::process::id(), &all);
    assert!(!own.found.is_empty(), "whoever plays has her in its memory");
    let name = play(&world).await;
    let id = Uuid::parse_str(name.split_once('/').expect("a name").1).expect("an id");
    let id = [Canary::of(id.as_bytes())];
    for (service, process) in world.processes() {
        wait_for("the newest relocation's name in its memory", || async {
            (!memory(process, &id).found.is_empty()).then_some(())
        })
        .await;
        let seen = memory(process, &all);
        assert!(seen.bytes > 1_000_000, "{service}: {} bytes", seen.bytes);
        let is_ledger = service.starts_with("ledger");
        // a gateway shows that this looks where bodies are: what it frees it does not wipe
        assert_eq!(
            seen.found.is_empty(),
            is_ledger,
            "{service}: {:#?}",
            told(&seen)
        );
    }
}
