//! That nothing is cosigned twice, forgotten or answered too early, whatever happens in between.

use std::fs;
use std::sync::Barrier;
use std::thread;

use tlog::tree::Size;
use tlog::witness::{accept, known_size};

use super::*;
use crate::given::{self, History, House, another_log, log};

fn ask(witness: &Witness, request: &Request) -> Answer {
    witness.add_checkpoint(request.to_string().as_bytes())
}

/// Asks, and holds the cosignature against the witness's key.
fn cosigned(witness: &Witness, request: &Request) {
    let answer = ask(witness, request);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut checkpoint = request.checkpoint.clone();
    let accepted = accept(
        &mut checkpoint,
        given::witness().verifier(),
        answer.body.as_bytes(),
    );
    accepted.expect("a cosignature that holds");
}

/// Asks, and is told where to begin.
fn told_size(witness: &Witness, request: &Request, expected: u64) {
    let answer = ask(witness, request);
    assert_eq!(
        (answer.status, answer.content_type),
        (409, SIZE_CONTENT_TYPE)
    );
    assert_eq!(known_size(answer.body.as_bytes()), Ok(Size(expected)));
}

#[test]
fn a_log_is_cosigned_as_it_grows_and_again_at_the_same_size() {
    let house = House::new();
    let witness = house.open();
    for (old, size) in [(0, 3), (3, 3), (3, 7), (7, 64), (64, 65)] {
        cosigned(&witness, &History::of("a", size).after(old));
    }
}

#[test]
fn what_was_cosigned_is_known_after_a_kill_although_nobody_was_answered() {
    let house = House::new();
    let (three, seven) = (History::of("a", 3), History::of("a", 7));
    cosigned(&house.open(), &three.after(0));
    // killed after it was stored: the answer is lost
    drop(ask(&house.open(), &seven.after(3)));
    let witness = house.open();
    told_size(&witness, &seven.after(3), 7);
    cosigned(&witness, &seven.after(7));
    let other = ask(&witness, &History::of("b", 7).after(7));
    assert_eq!(
        other.status, 409,
        "not even at the size that nobody was answered"
    );
}

#[test]
fn what_a_kill_left_half_written_is_as_if_it_had_not_been_asked() {
    let house = House::new();
    cosigned(&house.open(), &History::of("a", 3).after(0));
    let half = house.state().with_extension("checkpoint.new");
    fs::write(&half, "log.flyttbud.example\n7\n").expect("written");
    let witness = house.open();
    told_size(&witness, &History::of("a", 7).after(0), 3);
    cosigned(&witness, &History::of("a", 7).after(3));
}

#[test]
fn what_cannot_be_stored_is_not_cosigned_and_changes_nothing() {
    let house = House::new();
    let witness = house.open();
    cosigned(&witness, &History::of("a", 3).after(0));
    // a folder where the file must come: the disk refuses
    let obstacle = house.state().with_extension("checkpoint.new");
    fs::create_dir(&obstacle).expect("a folder");
    let refused = ask(&witness, &History::of("a", 7).after(3));
    assert_eq!(refused.status, 500);
    assert!(!refused.body.contains('\u{2014}'), "{}", refused.body);
    told_size(&witness, &History::of("a", 7).after(0), 3);
    fs::remove_dir(&obstacle).expect("removed");
    cosigned(&witness, &History::of("a", 7).after(3));
}

#[test]
fn of_two_histories_asked_for_at_once_one_is_cosigned() {
    for round in 0..50 {
        let house = House::new();
        let witness = house.open();
        cosigned(&witness, &History::of("a", 3).after(0));
        let requests = ["a", "b"].map(|word| History::fork(3, word, 7).after(3));
        let start = Barrier::new(requests.len());
        let mut statuses = thread::scope(|scope| {
            let asked = requests.each_ref().map(|request| {
                scope.spawn(|| {
                    start.wait();
                    ask(&witness, request).status
                })
            });
            asked.map(|asked| asked.join().expect("an answer"))
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "round {round}");
        assert_eq!(house.files("contradictions", "refused").len(), 1);
    }
}

#[test]
fn each_answer_continues_every_answer_before_it() {
    let house = House::new();
    let witness = house.open();
    let trees: Vec<History> = (0..=40).map(|size| History::of("a", size)).collect();
    cosigned(&witness, &trees[1].after(0));
    // each goes on from where it is told, to a size of its own
    let answered: Vec<u64> = thread::scope(|scope| {
        let (witness, trees) = (&witness, &trees);
        let all: Vec<_> = (0..4u64)
            .map(|step| {
                scope.spawn(move || {
                    let mut sizes = Vec::new();
                    let mut old = 1;
                    for size in 2..=40u64 {
                        let tree = &trees[usize::try_from(size).expect("small")];
                        while old <= size && size % 4 == step {
                            let answer = ask(witness, &tree.after(old));
                            if answer.status == 200 {
                                sizes.push(size);
                                break;
                            }
                            let told = known_size(answer.body.as_bytes()).expect("a size");
                            assert!(told.0 > old, "what was cosigned was forgotten");
                            old = told.0;
                        }
                    }
                    sizes
                })
            })
            .collect();
        all.into_iter()
            .flat_map(|one| one.join().expect("ended"))
            .collect()
    });
    let greatest = answered.iter().max().expect("answers");
    told_size(&witness, &trees[40].after(0), *greatest);
    drop(witness);
    told_size(&house.open(), &trees[40].after(0), *greatest);
}

#[test]
fn contradictions_are_kept_with_what_they_contradict() {
    let house = House::new();
    let witness = house.open();
    let known = History::of("a", 7);
    cosigned(&witness, &known.after(0));
    // two roots for one size, whatever the request says it knows
    let view = History::of("b", 7);
    assert_eq!(ask(&witness, &view.after(7)).status, 409);
    told_size(&witness, &view.after(3), 7);
    assert_eq!(ask(&witness, &History::of("b", 9).after(7)).status, 422);
    // neither is one: a smaller tree, a bigger one after another size
    told_size(&witness, &History::of("b", 3).after(3), 7);
    told_size(&witness, &History::of("b", 9).after(3), 7);
    let refused = house.files("contradictions", "refused");
    let names: Vec<&str> = refused
        .iter()
        .filter_map(|path| path.file_name()?.to_str())
        .collect();
    assert!(names[0].starts_with("split-view-7-"), "{names:?}");
    assert!(names[1].starts_with("unproven-9-"), "{names:?}");
    assert_eq!(names.len(), 2, "{names:?}");
    for (path, history) in refused.iter().zip([&view, &History::of("b", 9)]) {
        let read = |path| fs::read_to_string(path).expect("a note");
        assert_eq!(read(path), history.checkpoint().to_string());
        assert_eq!(
            read(&path.with_extension("known")),
            known.checkpoint().to_string()
        );
    }
    cosigned(&witness, &History::of("a", 9).after(7));
}

#[test]
fn a_stranger_cannot_fill_the_disk_nor_crowd_out_proof() {
    let house = House::new();
    let witness = house.open();
    cosigned(&witness, &History::of("a", 5).after(0));
    let count = 5 + u64::try_from(crate::limits::CONTRADICTIONS_MAX).expect("small");
    for size in 6..=count + 1 {
        let mut request = History::of("a", size).after(5);
        request.proof.clear();
        assert_eq!(ask(&witness, &request).status, 422);
        let kept = house.files("contradictions", "refused").len();
        assert_eq!(u64::try_from(kept), Ok(size.min(count) - 5));
    }
    assert_eq!(ask(&witness, &History::of("b", 5).after(5)).status, 409);
    let first = house.files("contradictions", "refused").remove(0);
    assert!(
        first.to_string_lossy().contains("split-view-5-"),
        "{first:?}"
    );
}

#[test]
fn only_known_logs_are_cosigned_and_each_by_its_own_key() {
    let house = House::new();
    let witness = house.open();
    let head = History::of("a", 3).checkpoint().checkpoint().head;
    let request = |signer| Request {
        old: Size(0),
        proof: Vec::new(),
        checkpoint: SignedCheckpoint::sign(head, signer),
    };
    let another = another_log();
    cosigned(&witness, &request(&another));
    let unknown = Signer::new(
        tlog::note::Name::parse("unknown").expect("a name"),
        &[9; 32],
    );
    assert_eq!(ask(&witness, &request(&unknown)).status, 404);
    let false_key = Signer::new(log().verifier().name().clone(), &[9; 32]);
    assert_eq!(ask(&witness, &request(&false_key)).status, 403);
    told_size(&witness, &History::of("a", 3).after(3), 0);
    assert!(house.files("contradictions", "refused").is_empty());
}

#[test]
fn an_older_state_goes_on_by_proof_only() {
    let house = House::new();
    cosigned(&house.open(), &History::of("a", 3).after(0));
    let older = fs::read(house.state()).expect("a state");
    cosigned(&house.open(), &History::of("a", 7).after(3));
    fs::write(house.state(), older).expect("restored");
    let witness = house.open();
    told_size(&witness, &History::of("a", 9).after(7), 3);
    assert_eq!(ask(&witness, &History::of("b", 9).after(3)).status, 422);
    cosigned(&witness, &History::of("a", 9).after(3));
}

#[test]
fn a_damaged_state_and_a_second_witness_are_refused_by_name() {
    let house = House::new();
    let witness = house.open();
    cosigned(&witness, &History::of("a", 3).after(0));
    let second = house.try_open().expect_err("in use");
    assert!(matches!(second, OpenError::InUse(_)), "{second}");
    drop(witness);
    let state = house.state();
    let good = fs::read_to_string(&state).expect("a state");
    let of_another = SignedCheckpoint::sign(
        History::of("a", 3).checkpoint().checkpoint().head,
        &another_log(),
    );
    for damaged in [
        String::new(),
        good.chars().take(good.len() / 2).collect(),
        good.replacen("\n3\n", "\n2\n", 1),
        of_another.to_string(),
    ] {
        fs::write(&state, &damaged).expect("written");
        let refused = house.try_open().expect_err(&damaged);
        assert!(
            matches!(&refused, OpenError::Damaged(path) if *path == state),
            "{refused}"
        );
    }
    fs::write(&state, good).expect("restored");
    told_size(&house.open(), &History::of("a", 3).after(0), 3);
}

#[test]
fn debug_shows_no_secret() {
    let house = House::new();
    let shown = format!("{:?}", house.open());
    let secret = given::witness().secret();
    let secret = secret.rsplit('+').next().expect("a secret");
    assert!(
        !shown.contains(secret) && !shown.contains("[3, 3, 3"),
        "{shown}"
    );
}
