//! Corners that chance seldom leads to: late arrivals in loops, failures beside failures, losses.

use attune_flow::program::InlineAction::Noop;
use attune_flow::program::Join;
use attune_flow::run::{Command, Event, Outcome};
use attune_testkit::flow::{Flow, ProgramBuilder, failed, inline, parallel, succeeded, worker};
use attune_types::Duration;
use attune_types::ExecutionStatus::{Failed, Retrying, Running, Scheduled, Succeeded, TimedOut};
use serde_json::json;

fn begin(builder: ProgramBuilder) -> Flow {
    Flow::begin(builder.build(), json!({}))
}

/// A worker takes the task's attempt on, so that its time begins to run. It is for the worker to keep
/// the time; the run asks it to stop half a minute later.
fn taken_on(flow: &mut Flow, task: &str, item: Option<u32>) {
    let attempt = flow.attempt(task, item);
    let worker = "w1".to_owned();
    flow.send(&Command::AttemptStarted { attempt, worker })
        .unwrap();
}

fn stopped() -> Outcome {
    Outcome::Cancelled { process: None }
}

fn lose(flow: &mut Flow, task: &str) {
    let attempt = flow.attempt(task, None);
    let reason = "its worker is gone".to_owned();
    flow.send(&Command::AttemptLost { attempt, reason })
        .unwrap();
}

/// How often a join was told that edges had been moved on.
fn moves(flow: &Flow) -> usize {
    flow.events
        .iter()
        .filter(|event| matches!(event, Event::JoinMoved { .. }))
        .count()
}

#[test]
fn a_branch_that_comes_laps_later_is_absorbed_and_counts_again_after_that() {
    // Lap 1 and 2 are opened by `a`; `b` of lap 1 comes only then, and starts nothing. In lap 3 it
    // is `b` alone that comes.
    let mut flow = begin(
        ProgramBuilder::new(vec![
            inline("start", Noop).then(&["a", "b"]),
            worker("a")
                .on("succeeded()", &["gate"])
                .on("failed()", &["noop"]),
            worker("b").then(&["gate"]),
            worker("gate")
                .join(Join::Count(1))
                .on("vars.lap == 0", &["a"])
                .publishing("lap", json!("{{ vars.lap + 1 }}"))
                .on("vars.lap == 1", &["a", "b"])
                .publishing("lap", json!("{{ vars.lap + 1 }}")),
        ])
        .var("lap", json!(0)),
    );
    flow.ok("a", json!(1));
    flow.ok("gate", json!(1));
    flow.ok("a", json!(1));
    assert_eq!(flow.activations("gate"), 2, "`a` came twice");
    assert_eq!(moves(&flow), 0, "`b` may still come");
    flow.ok("b", json!(1));
    assert_eq!(flow.activations("gate"), 2, "`b` is a lap late");
    assert_eq!(moves(&flow), 1, "and can come for no lap that has started");
    flow.ok("gate", json!(1));
    flow.ok("b", json!(1));
    assert_eq!(flow.activations("gate"), 3, "`b` is in time");
    flow.fail("a", "x");
    flow.ok("gate", json!(1));
    assert_eq!(
        (flow.activations("gate"), flow.state.status()),
        (3, Succeeded)
    );
}

#[test]
fn an_edge_that_may_still_arrive_is_not_moved_on() {
    // Were it moved on when the gate starts, its late arrival would start the gate once more.
    let mut flow = begin(
        ProgramBuilder::new(vec![
            worker("a").then(&["gate"]),
            worker("b").then(&["long"]),
            worker("long").then(&["way"]),
            worker("way").then(&["gate"]),
            worker("gate").join(Join::Count(1)).then(&["last"]),
            worker("last"),
        ])
        .var("lap", json!(0)),
    );
    flow.ok("a", json!(1));
    flow.ok("gate", json!(1));
    flow.ok("b", json!(1));
    flow.ok("long", json!(1));
    assert_eq!(moves(&flow), 0);
    flow.ok("way", json!(1));
    assert_eq!((flow.activations("gate"), moves(&flow)), (1, 0));
    flow.ok("last", json!(1));
    assert_eq!(flow.state.status(), Succeeded);
}

/// `a`, `b` and `c` in laps, two of which open the gate.
fn two_of_three_in_laps() -> Flow {
    begin(
        ProgramBuilder::new(vec![
            inline("start", Noop).then(&["a", "b", "c"]),
            worker("a")
                .on("succeeded()", &["gate"])
                .on("failed()", &["noop"]),
            worker("b")
                .on("succeeded()", &["gate"])
                .on("failed()", &["noop"]),
            worker("c")
                .on("succeeded()", &["gate"])
                .on("failed()", &["noop"]),
            inline("gate", Noop)
                .join(Join::Count(2))
                .on("vars.lap < 2", &["a", "b", "c"])
                .publishing("lap", json!("{{ vars.lap + 1 }}")),
        ])
        .var("lap", json!(0)),
    )
}

#[test]
fn a_branch_that_was_dead_counts_in_the_next_lap() {
    let mut flow = two_of_three_in_laps();
    flow.fail("b", "x");
    flow.ok("a", json!(1));
    flow.ok("c", json!(1));
    assert_eq!(flow.activations("gate"), 1);
    flow.fail("c", "x");
    flow.ok("a", json!(2));
    flow.ok("b", json!(2));
    assert_eq!(flow.activations("gate"), 2, "`b` was moved on with lap 1");
    flow.fail("a", "x");
    flow.ok("b", json!(3));
    flow.ok("c", json!(3));
    assert_eq!(flow.activations("gate"), 3, "and `c` with lap 2");
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn laps_do_not_lend_each_other_arrivals() {
    // `c` of lap 1 comes while lap 2 gathers: one arrival of lap 2 and a late one are not two.
    let mut flow = two_of_three_in_laps();
    let late = flow.attempt("c", None);
    flow.ok("a", json!(1));
    flow.ok("b", json!(1));
    assert_eq!(flow.activations("gate"), 1);
    flow.ok("a", json!(2));
    flow.send(&Command::AttemptFinished {
        attempt: late,
        outcome: succeeded(json!(1)),
    })
    .unwrap();
    assert_eq!(flow.activations("gate"), 1, "`c` belongs to the lap before");
    flow.ok("c", json!(2));
    assert_eq!(flow.activations("gate"), 2);
}

#[test]
fn a_dead_edge_is_moved_on_with_the_lap_that_starts_without_it() {
    // `a` is under way twice, so that nothing but the start of the gate tells that `b` is dead; and
    // the gate itself begins `b` again.
    let mut flow = begin(
        ProgramBuilder::new(vec![
            inline("start", Noop).then(&["a", "b"]).then(&["a"]),
            worker("a").then(&["gate"]),
            worker("b")
                .on("succeeded()", &["gate"])
                .on("failed()", &["noop"]),
            inline("gate", Noop)
                .join(Join::Count(1))
                .on("vars.lap == 0", &["b"])
                .publishing("lap", json!(1)),
        ])
        .var("lap", json!(0)),
    );
    flow.fail("b", "x");
    flow.ok("a", json!(1));
    assert_eq!((flow.activations("gate"), flow.activations("b")), (1, 2));
    flow.ok("b", json!(1));
    assert_eq!(flow.activations("gate"), 2, "`b` is in time for lap 2");
}

#[test]
fn a_task_whose_transitions_are_yet_to_be_taken_may_still_arrive() {
    // `t` fails the run, so that what follows from it waits until `c` has gone through; its arrival
    // at the gate is late all the same, and not one for the next lap.
    let flow = begin(ProgramBuilder::new(vec![
        inline("a", Noop).then(&["gate"]),
        inline("t", attune_flow::program::InlineAction::Fail).then(&["gate", "fail"]),
        inline("c", Noop),
        worker("gate").join(Join::Count(1)),
    ]));
    assert_eq!((flow.activations("gate"), moves(&flow)), (1, 0));
}

#[test]
fn nothing_of_a_parallel_task_that_failed_is_tried_again() {
    let program = || {
        let slow = worker("slow").timeout(json!(5)).retry(3, 10);
        ProgramBuilder::new(vec![parallel("both", true, vec![slow, worker("other")])])
    };
    let mut flow = begin(program());
    taken_on(&mut flow, "slow", None);
    flow.pass(Duration::from_secs(40));
    flow.finish("slow", stopped());
    assert_eq!(flow.status("slow"), Some(Retrying), "its time was over");
    // The same, but `other` fails while `slow` is being stopped.
    let mut flow = begin(program());
    taken_on(&mut flow, "slow", None);
    flow.pass(Duration::from_secs(40));
    flow.fail("other", "x");
    assert_eq!(flow.state.status(), Running);
    flow.finish("slow", stopped());
    assert_eq!(
        (flow.status("slow"), flow.state.status()),
        (Some(TimedOut), Failed)
    );
    assert_eq!(flow.find("slow").unwrap().attempts, 1);
}

#[test]
fn a_branch_does_not_begin_again_when_the_time_of_all_is_over() {
    let branch = worker("branch")
        .items(json!(1))
        .retry(3, 100)
        .on("failed()", &["retry"]);
    let mut flow = begin(ProgramBuilder::new(vec![
        parallel("all", false, vec![branch]).timeout(json!(5)),
    ]));
    flow.finish_item("branch", 0, failed("x"));
    assert_eq!(flow.status("branch"), Some(Running), "its item waits");
    flow.pass(Duration::from_secs(6));
    assert_eq!(
        (flow.activations("branch"), flow.status("all")),
        (1, Some(TimedOut))
    );
    assert_eq!(flow.state.status(), Failed);
}

#[test]
fn no_item_is_tried_again_once_too_many_failed() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("each")
            .items(json!(2))
            .items_with(|items| items.fail_fast = true)
            .timeout(json!(5))
            .retry(3, 10)
            .on_error("error.code == 'timeout'"),
    ]));
    taken_on(&mut flow, "each", Some(0));
    flow.pass(Duration::from_secs(40));
    flow.finish_item("each", 1, failed("x"));
    flow.finish_item("each", 0, stopped());
    assert_eq!(
        (flow.status("each"), flow.state.status()),
        (Some(Failed), Failed)
    );
    assert!(
        !flow
            .events
            .iter()
            .any(|event| matches!(event, Event::AttemptFailed { .. })),
        "nothing was tried again"
    );
}

#[test]
fn parts_of_parts_are_not_tried_again_either() {
    let inner = parallel(
        "inner",
        false,
        vec![worker("deep").timeout(json!(5)).retry(3, 10)],
    );
    let mut flow = begin(ProgramBuilder::new(vec![parallel(
        "outer",
        true,
        vec![inner, worker("other")],
    )]));
    taken_on(&mut flow, "deep", None);
    flow.pass(Duration::from_secs(40));
    flow.fail("other", "x");
    flow.finish("deep", stopped());
    assert_eq!(
        (flow.status("deep"), flow.status("outer")),
        (Some(TimedOut), Some(Failed))
    );
}

#[test]
fn an_attempt_that_is_lost_a_fourth_time_has_failed() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a")
            .idempotent()
            .on("failed() and error.code == 'lost'", &["b"]),
        worker("b"),
    ]));
    for losses in 1..=3 {
        lose(&mut flow, "a");
        let a = flow.find("a").unwrap();
        assert_eq!((a.status(), a.losses), (Scheduled, losses));
    }
    lose(&mut flow, "a");
    let a = flow.find("a").unwrap();
    assert_eq!((a.status(), a.attempts), (Failed, 4));
    assert_eq!(flow.status("b"), Some(Scheduled));
}

#[test]
fn a_fourth_loss_is_a_failure_that_may_be_tried_again() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a").idempotent().retry(1, 10),
    ]));
    for _ in 0..4 {
        lose(&mut flow, "a");
    }
    assert_eq!(flow.status("a"), Some(Retrying));
    flow.pass(Duration::from_secs(11));
    lose(&mut flow, "a");
    assert_eq!(
        (flow.status("a"), flow.state.status()),
        (Some(Failed), Failed)
    );
}

#[test]
fn a_lost_attempt_gives_nothing_back_of_the_one_before() {
    // The first attempt fails and gives something back; the second is lost while the run is paused, and
    // the run is cancelled before there can be a third.
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a").idempotent().retry(3, 0),
    ]));
    flow.finish(
        "a",
        Outcome::Failed {
            error: attune_types::ErrorInfo::new("x", "it went wrong"),
            result: json!({"partly": true}),
            process: None,
        },
    );
    let by = "ops".to_owned();
    flow.send(&Command::Pause { by: by.clone() }).unwrap();
    lose(&mut flow, "a");
    assert_eq!(flow.status("a"), Some(Retrying));
    flow.send(&Command::Cancel { by, reason: None }).unwrap();
    let a = flow.find("a").unwrap();
    assert_eq!(a.error.as_ref().unwrap().code, "lost");
    assert_eq!((a.status(), &*a.result), (Failed, &json!(null)));
}

#[test]
fn one_of_its_sleeps_fails_the_parallel_task_and_the_other_is_not_tried_again() {
    // Both are due at one wake: the second failure is looked at before the first is told above.
    use attune_flow::program::InlineAction::Sleep;
    let sleep = |name: &str| {
        inline(name, Sleep)
            .input(json!({"seconds": 60}))
            .timeout(json!(5))
    };
    let mut flow = begin(ProgramBuilder::new(vec![parallel(
        "both",
        true,
        vec![sleep("a"), sleep("b").retry(3, 10)],
    )]));
    flow.pass(Duration::from_secs(6));
    assert_eq!(
        (flow.status("a"), flow.status("b")),
        (Some(TimedOut), Some(TimedOut))
    );
    assert_eq!(flow.state.status(), Failed);
}
