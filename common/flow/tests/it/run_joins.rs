//! Joins: all, any, N of M, generations, dead edges, late arrivals, loops.

use attune_flow::program::InlineAction::{Fail, Noop};
use attune_flow::program::Join;
use attune_testkit::flow::{Flow, ProgramBuilder, inline, worker};
use attune_types::ExecutionStatus::{Failed, Running, Succeeded};
use serde_json::json;

fn begin(builder: ProgramBuilder) -> Flow {
    Flow::begin(builder.build(), json!({}))
}

#[test]
fn all_waits_for_every_edge_and_starts_once() {
    let mut flow = begin(ProgramBuilder::new(vec![
        inline("start", Noop).then(&["a", "b", "c"]),
        worker("a").then(&["gate"]),
        worker("b").then(&["gate"]),
        worker("c").then(&["gate"]),
        worker("gate").join(Join::All),
    ]));
    for name in ["b", "a"] {
        flow.ok(name, json!(1));
        assert_eq!(flow.activations("gate"), 0);
    }
    flow.ok("c", json!(1));
    assert_eq!(flow.activations("gate"), 1);
    flow.ok("gate", json!(1));
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn all_does_not_wait_for_branches_not_taken() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a").then(&["gate"]),
        worker("b")
            .on("failed()", &["fix"])
            .on("succeeded()", &["gate"]),
        worker("fix").then(&["gate"]),
        inline("gate", Noop).join(Join::All),
    ]));
    flow.ok("a", json!(1));
    assert_eq!(flow.activations("gate"), 0);
    flow.ok("b", json!(1));
    assert_eq!(
        (flow.activations("gate"), flow.state.status()),
        (1, Succeeded)
    );
    let mut other = begin(ProgramBuilder::new(vec![
        worker("a").then(&["gate"]),
        worker("b")
            .on("failed()", &["fix"])
            .on("succeeded()", &["gate"]),
        worker("fix").then(&["gate"]),
        inline("gate", Noop).join(Join::All),
    ]));
    other.fail("b", "x");
    other.ok("a", json!(1));
    assert_eq!(other.activations("gate"), 0, "`fix` may still arrive");
    other.ok("fix", json!(1));
    assert_eq!(
        (other.activations("gate"), other.state.status()),
        (1, Succeeded)
    );
}

#[test]
fn two_transitions_of_one_task_are_two_edges() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a")
            .on("succeeded()", &["gate"])
            .on("failed()", &["gate"]),
        inline("gate", Noop).join(Join::All),
    ]));
    flow.ok("a", json!(1));
    assert_eq!(
        (flow.activations("gate"), flow.state.status()),
        (1, Succeeded)
    );
}

#[test]
fn any_starts_at_the_first_arrival_and_absorbs_the_rest() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a").then(&["gate"]),
        worker("b").then(&["between"]),
        worker("between").then(&["gate"]),
        worker("gate").join(Join::Count(1)),
    ]));
    flow.ok("a", json!(1));
    assert_eq!(flow.activations("gate"), 1);
    flow.ok("b", json!(1));
    flow.ok("between", json!(1));
    assert_eq!(flow.activations("gate"), 1, "a late arrival is absorbed");
    flow.ok("gate", json!(1));
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_way_that_the_same_task_opens_beside_the_join_is_absorbed_too() {
    let flow = begin(ProgramBuilder::new(vec![
        inline("a", Noop).then(&["gate"]).then(&["b"]),
        inline("b", Noop).then(&["gate"]),
        inline("gate", Noop).join(Join::Count(1)),
    ]));
    assert_eq!(
        (flow.activations("gate"), flow.state.status()),
        (1, Succeeded)
    );
}

#[test]
fn two_of_three_starts_at_the_second_and_only_once() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a").then(&["gate"]),
        worker("b").then(&["gate"]),
        worker("c").then(&["gate"]),
        worker("gate").join(Join::Count(2)),
    ]));
    flow.ok("c", json!(1));
    assert_eq!(flow.activations("gate"), 0);
    flow.ok("a", json!(1));
    assert_eq!(flow.activations("gate"), 1);
    flow.ok("b", json!(1));
    flow.ok("gate", json!(1));
    assert_eq!(
        (flow.activations("gate"), flow.state.status()),
        (1, Succeeded)
    );
}

#[test]
fn too_few_arrivals_fail_the_run_naming_who_is_missing() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a").then(&["gate"]),
        worker("b")
            .on("succeeded()", &["gate"])
            .on("failed()", &["noop"]),
        inline("gate", Noop).join(Join::Count(2)),
    ]));
    flow.ok("a", json!(1));
    assert_eq!(flow.state.status(), Running);
    flow.fail("b", "x");
    let error = flow.state.error().unwrap();
    assert_eq!(
        (flow.state.status(), error.code.as_str()),
        (Failed, "join_unreachable")
    );
    assert_eq!(error.task.as_deref(), Some("gate"));
    assert!(error.message.contains("`b`"), "{}", error.message);
}

#[test]
fn a_join_that_nobody_reaches_is_no_failure() {
    let flow = begin(ProgramBuilder::new(vec![
        inline("a", Fail)
            .on("succeeded()", &["gate"])
            .on("failed()", &["noop"]),
        inline("b", Fail)
            .on("succeeded()", &["gate"])
            .on("failed()", &["noop"]),
        inline("gate", Noop).join(Join::Count(2)),
    ]));
    assert_eq!(
        (flow.activations("gate"), flow.state.status()),
        (0, Succeeded)
    );
}

#[test]
fn a_join_in_a_loop_runs_once_a_lap() {
    let flow = begin(
        ProgramBuilder::new(vec![
            inline("start", Noop).then(&["a", "b"]),
            inline("a", Noop).then(&["gate"]),
            inline("b", Noop)
                .on("vars.n != 1", &["gate"])
                .on("vars.n == 1", &["other"]),
            inline("other", Noop).then(&["gate"]),
            inline("gate", Noop)
                .join(Join::All)
                .on("vars.n < 3", &["a", "b"])
                .publishing("n", json!("{{ vars.n + 1 }}")),
        ])
        .var("n", json!(0)),
    );
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!(
        (flow.activations("gate"), flow.activations("other")),
        (4, 1)
    );
}

#[test]
fn an_any_join_in_a_loop_counts_a_branch_that_gave_up_in_the_lap_before() {
    // Lap 1: `a` opens the gate, `b` fails and never arrives. Lap 2: only `b` arrives.
    let mut flow = begin(
        ProgramBuilder::new(vec![
            inline("start", Noop).then(&["a", "b"]),
            worker("a")
                .on("succeeded()", &["gate"])
                .on("failed()", &["noop"]),
            worker("b")
                .on("succeeded()", &["gate"])
                .on("failed()", &["noop"]),
            worker("gate")
                .join(Join::Count(1))
                .on("vars.n < 1", &["a", "b"])
                .publishing("n", json!("{{ vars.n + 1 }}")),
        ])
        .var("n", json!(0)),
    );
    flow.ok("a", json!(1));
    flow.fail("b", "x");
    flow.ok("gate", json!(1));
    flow.ok("b", json!(1));
    assert_eq!(flow.activations("gate"), 2);
    flow.fail("a", "x");
    flow.ok("gate", json!(1));
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_join_waits_for_a_join_before_it() {
    // `early` has a dead edge and opens late; `late` must not give up on it meanwhile.
    let flow = begin(ProgramBuilder::new(vec![
        inline("a", Noop).then(&["late"]),
        inline("b", Noop).then(&["early"]),
        inline("c", Fail)
            .on("succeeded()", &["early"])
            .on("failed()", &["noop"]),
        inline("late", Noop).join(Join::All),
        inline("early", Noop).join(Join::All).then(&["late"]),
    ]));
    assert_eq!(flow.order(), ["a", "b", "c", "early", "late"]);
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn joins_that_wait_for_each_other_do_not_hang() {
    let flow = begin(
        ProgramBuilder::new(vec![
            inline("a", Noop).then(&["x"]),
            inline("b", Noop).then(&["y"]),
            inline("x", Noop)
                .join(Join::All)
                .on("vars.n < 1", &["y"])
                .publishing("n", json!(1)),
            inline("y", Noop)
                .join(Join::All)
                .on("vars.n < 1", &["x"])
                .publishing("n", json!(1)),
        ])
        .var("n", json!(0)),
    );
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!((flow.activations("x"), flow.activations("y")), (1, 1));
}

#[test]
fn two_sleeps_that_end_together_do_not_confuse_an_any_join() {
    use attune_flow::program::InlineAction::Sleep;
    let mut flow = begin(ProgramBuilder::new(vec![
        inline("s1", Sleep)
            .input(json!({"seconds": 5}))
            .then(&["gate"]),
        inline("s2", Sleep)
            .input(json!({"seconds": 5}))
            .then(&["b"]),
        inline("b", Noop).then(&["gate"]),
        inline("gate", Noop).join(Join::Count(1)),
    ]));
    flow.pass(attune_types::Duration::from_secs(6));
    assert_eq!(
        (flow.activations("gate"), flow.state.status()),
        (1, Succeeded)
    );
}

#[test]
fn nothing_joins_once_the_run_fails() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("unit").on("succeeded()", &["gate"]),
        worker("lint").on("succeeded()", &["gate"]),
        inline("gate", Noop).join(Join::All),
    ]));
    flow.fail("unit", "x");
    flow.ok("lint", json!(1));
    assert_eq!((flow.activations("gate"), flow.state.status()), (0, Failed));
    assert_eq!(flow.state.error().unwrap().task.as_deref(), Some("unit"));
}

#[test]
fn what_a_join_is_yet_to_start_comes_late_and_is_absorbed() {
    // When `x` ends well, `first` can start and `all` is left without its other edge, both at once.
    // What `all` then brings to `first` is late.
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("x")
            .on("succeeded()", &["first"])
            .on("failed()", &["all"]),
        inline("b", Noop).then(&["all"]),
        inline("all", Noop).join(Join::All).then(&["first"]),
        worker("first").join(Join::Count(1)),
    ]));
    flow.ok("x", json!(1));
    assert_eq!((flow.activations("all"), flow.activations("first")), (1, 1));
    flow.ok("first", json!(1));
    assert_eq!(flow.activations("first"), 1);
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn joins_that_wait_for_each_other_start_once_each() {
    let flow = begin(ProgramBuilder::new(vec![
        inline("a", Noop).then(&["left"]),
        inline("b", Noop).then(&["right"]),
        inline("left", Noop).join(Join::All).then(&["right"]),
        inline("right", Noop).join(Join::All).then(&["left"]),
    ]));
    assert_eq!(
        (flow.activations("left"), flow.activations("right")),
        (1, 1)
    );
    assert_eq!(flow.state.status(), Succeeded);
}
