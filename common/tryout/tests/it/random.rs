//! Random Programs: a walk always ends, and its state is what its events fold to.

use attune_flow::program::{Performer, Program, Work};
use attune_flow::run::{RunState, outstanding};
use attune_testkit::simulator::{Rng, random_program};
use attune_tryout::{Answer, Ending, Library, Mock, Mocks, Setup, Walk, walk};
use attune_types::Duration;
use serde_json::json;
use std::sync::Arc;

fn random_answer(rng: &mut Rng) -> Answer {
    let takes = Duration::from_secs(rng.below(40));
    let answer = match rng.below(6) {
        0 => Answer::error("boom"),
        1 => Answer::error("exit_status"),
        2 => Answer {
            ending: Ending::TimedOut,
            ..Answer::default()
        },
        3 => Answer {
            ending: Ending::Lost,
            ..Answer::default()
        },
        _ => Answer::result(&json!({"n": rng.below(9)})),
    };
    answer.taking(takes)
}

/// Mocks for all that is not done by the run itself, and for some of that too.
fn random_mocks(rng: &mut Rng, program: &Program) -> Mocks {
    let mut mocks = Mocks::new();
    for task in &program.tasks {
        let Work::Action(call) = &task.work else {
            continue;
        };
        let inline = matches!(call.performer, Performer::Inline(_));
        if inline && rng.chance(70) {
            continue;
        }
        let count = 1 + rng.below(3);
        let answers: Vec<Answer> = (0..count).map(|_| random_answer(rng)).collect();
        mocks.insert(task.name.clone(), Mock::from(answers));
    }
    mocks
}

fn check(seed: u64, one: &Walk, two: &Walk) {
    assert_eq!(one.stopped, None, "seed {seed}");
    let root = one.root().unwrap();
    assert!(root.state.is_terminal(), "seed {seed}");
    assert!(
        outstanding(&root.program, &root.state).is_empty(),
        "seed {seed}"
    );
    let events: Vec<_> = one.log.iter().map(|logged| &logged.event).collect();
    assert_eq!(
        RunState::replay(events),
        Some(root.state.clone()),
        "seed {seed}"
    );
    assert_eq!(root.state, two.root().unwrap().state, "seed {seed}");
}

#[test]
fn every_walk_ends_and_agrees_with_its_events() {
    let mut ends = std::collections::BTreeMap::<String, usize>::new();
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let program = Arc::new(random_program(&mut rng));
        let mocks = random_mocks(&mut rng, &program);
        let setup = Setup {
            mocks,
            explain: true,
            ..Setup::default()
        };
        let library = Library::new();
        let one = walk(&library, &program, &setup).unwrap();
        let two = walk(&library, &program, &setup).unwrap();
        check(seed, &one, &two);
        *ends
            .entry(one.root().unwrap().state.status().to_string())
            .or_default() += 1;
    }
    for status in ["succeeded", "failed", "timed_out"] {
        assert!(ends.contains_key(status), "{ends:?}");
    }
}
