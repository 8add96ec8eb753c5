//! Compensation: what a run did is undone, the last first, once, and told to whoever waits for it.

use attune_flow::program::InlineAction::{Fail, Noop, Set};
use attune_flow::run::{
    Command, Effect, EffectKey, Event, Outcome, Rejection, RunState, fold, outstanding,
};
use attune_testkit::flow::{
    Flow, ProgramBuilder, TaskBuilder, action, failed, inline, parallel, succeeded, worker,
    workflow,
};
use attune_types::ExecutionStatus::{
    self, Cancelled, Compensated, Compensating, Failed, Succeeded,
};
use attune_types::{AttemptId, Duration, RunId};
use serde_json::{Value, json};
use uuid::Uuid;

fn begin(tasks: Vec<TaskBuilder>) -> Flow {
    Flow::begin(ProgramBuilder::new(tasks).build(), json!({}))
}

fn request(n: u128) -> Command {
    Command::Compensate {
        by: "ann".into(),
        request: Uuid::from_u128(n),
        attempt: None,
    }
}

fn from_above(n: u128) -> Command {
    Command::Compensate {
        by: "ann".into(),
        request: Uuid::from_u128(n),
        attempt: Some(AttemptId(Uuid::from_u128(n))),
    }
}

/// The open attempt of what is being undone now.
fn open(flow: &Flow) -> AttemptId {
    let live = flow.state.live();
    assert_eq!(live.len(), 1, "one after the other");
    live[0].attempt_id().unwrap()
}

fn answer(flow: &mut Flow, outcome: Outcome) {
    let attempt = open(flow);
    flow.send(&Command::AttemptFinished { attempt, outcome })
        .unwrap();
}

/// What was undone so far, as rows: task, input, status.
fn undone(flow: &Flow) -> Vec<(String, Value, ExecutionStatus)> {
    let rows = flow.state.executions();
    rows.filter_map(|row| Some((row.compensates?, row.input, row.status)))
        .collect()
}

/// An undo that records what it saw.
fn seeing(input: Value) -> TaskBuilder {
    inline("undo", Set).input(input)
}

#[test]
fn completed_tasks_are_undone_in_reverse_order_of_completion() {
    let undo = |name: &str| {
        worker("undo").input(json!({"id": format!("{{{{ task.{name}.result.id }}}}")}))
    };
    let mut flow = begin(vec![
        worker("a").undo(undo("a")),
        worker("b").undo(undo("b")),
        worker("c").undo(undo("c")).then(&["d"]),
        worker("d"),
        worker("e").undo(undo("e")).on("failed()", &["noop"]),
    ]);
    for (task, id) in [("b", 2), ("c", 3), ("a", 1), ("d", 4)] {
        flow.ok(task, json!({"id": id}));
    }
    flow.fail("e", "boom");
    assert_eq!(flow.state.status(), Succeeded);
    let output = flow.state.output().clone();
    let events = flow.send(&request(1)).unwrap();
    assert!(
        matches!(&events[0], Event::CompensationStarted(it) if it.by == "ann" && it.undo.len() == 3)
    );
    for id in [1, 3, 2] {
        assert_eq!(flow.state.status(), Compensating);
        assert_eq!(flow.state.ended_at(), None);
        let attempt = open(&flow);
        let Some(Effect::Dispatch(order)) = flow.owed().remove(&EffectKey::Attempt(attempt)) else {
            panic!("an order");
        };
        assert_eq!(order.input["id"], id);
        answer(&mut flow, succeeded(json!({"back": id})));
    }
    assert_eq!(flow.state.status(), Compensated);
    assert_eq!(flow.state.output(), &output);
    assert_eq!(flow.owed().len(), 0);
    let names: Vec<String> = undone(&flow).into_iter().map(|row| row.0).collect();
    assert_eq!(names, ["a", "c", "b"]);
    // The tasks themselves stand as before.
    assert_eq!(flow.status("a"), Some(Succeeded));
    assert_eq!(flow.find("a").unwrap().result["id"], 1);
    assert_eq!(
        flow.send(&request(2)),
        Err(Rejection::Ended {
            status: Compensated
        })
    );
}

#[test]
fn only_a_run_that_has_ended_can_be_undone() {
    let mut flow = begin(vec![worker("a").undo(inline("undo", Noop))]);
    let refused = flow.send(&request(1)).unwrap_err();
    assert!(matches!(refused, Rejection::NotEnded { .. }));
    assert!(refused.to_string().contains("cancel it"), "{refused}");
    flow.send(&Command::Cancel {
        by: "ann".into(),
        reason: None,
    })
    .unwrap();
    assert!(flow.send(&request(1)).is_err());
    flow.ok("a", json!(1));
    assert_eq!(flow.state.status(), Cancelled);
    flow.send(&request(1)).unwrap();
    // It succeeded in spite of the stop, so it is undone; why the run had ended stays known.
    assert_eq!(undone(&flow).len(), 1);
    assert_eq!(flow.state.status(), Compensated);
    assert_eq!(flow.state.error().unwrap().code, "cancelled");
}

#[test]
fn a_request_counts_once_however_often_it_comes() {
    let mut flow = begin(vec![inline("a", Set).undo(worker("undo"))]);
    flow.send(&request(1)).unwrap();
    assert_eq!(flow.send(&request(1)).unwrap(), vec![]);
    assert!(matches!(
        flow.send(&request(2)),
        Err(Rejection::NotNow { .. })
    ));
    for command in [
        Command::Pause { by: "ann".into() },
        Command::Resume { by: "ann".into() },
    ] {
        assert!(flow.send(&command).is_err());
    }
    assert_eq!(flow.send(&Command::Begin).unwrap(), vec![]);
    answer(&mut flow, failed("stuck"));
    assert_eq!(flow.state.status(), Failed);
    assert_eq!(flow.send(&request(1)).unwrap(), vec![]);
    assert_eq!(flow.state.status(), Failed);
}

#[test]
fn every_activation_and_item_is_undone_once_and_sees_its_own() {
    let program = ProgramBuilder::new(vec![
        inline("start", Noop).then(&["loop"]),
        inline("loop", Set)
            .input(json!({"n": "{{ vars.n }}"}))
            .undo(seeing(json!({"n": "{{ task.loop.result.n }}"})))
            .on("vars.n < 3", &["loop"])
            .publishing("n", json!("{{ vars.n + 1 }}"))
            .on("vars.n == 3", &["each"]),
        inline("each", Set)
            .input(json!({"v": "{{ item }}"}))
            .items(json!(["x", "y"]))
            .undo(seeing(json!({
                "item": "{{ item }}",
                "v": "{{ task.each.results[index].v }}",
            }))),
        parallel(
            "both",
            false,
            vec![inline("left", Noop).undo(seeing(json!({"side": "left"})))],
        )
        .undo(seeing(json!({"all": "{{ task.both.result }}"}))),
        inline("not", Noop).when("false").undo(seeing(json!({}))),
    ])
    .var("n", json!(1))
    .build();
    let mut flow = Flow::begin(program, json!({}));
    assert_eq!(flow.state.error(), None);
    flow.send(&request(1)).unwrap();
    let seen: Vec<(String, Value)> = undone(&flow)
        .into_iter()
        .map(|(task, input, _)| (task, input))
        .collect();
    let of = |task: &str| -> Vec<Value> {
        let rows = seen.iter().filter(|row| row.0 == task);
        rows.map(|row| row.1.clone()).collect()
    };
    assert_eq!(
        of("loop"),
        [json!({"n": 3}), json!({"n": 2}), json!({"n": 1})]
    );
    assert_eq!(
        of("each"),
        [
            json!({"item": "y", "v": "y"}),
            json!({"item": "x", "v": "x"})
        ]
    );
    assert_eq!(of("left").len(), 1);
    assert_eq!(of("both"), [json!({"all": {"left": null}})]);
    assert_eq!(of("not").len(), 0);
    // The parallel task ended after its branch, so it is undone before it.
    let place = |task: &str| seen.iter().position(|row| row.0 == task);
    assert!(place("both") < place("left"));
    assert_eq!(flow.state.status(), Compensated);
}

#[test]
fn a_task_may_undo_another() {
    let mut flow = begin(vec![
        inline("up", Set).input(json!({"id": 7})).undone_by("down"),
        worker("down")
            .input(json!({"id": "{{ task.up.result.id }}"}))
            .retry(1, 5),
    ]);
    assert_eq!(flow.state.status(), Succeeded, "{:?}", flow.state.error());
    assert_eq!(flow.status("down"), None);
    flow.send(&request(1)).unwrap();
    answer(&mut flow, failed("boom"));
    assert_eq!(
        flow.state.wake_at(),
        flow.at.checked_add(Duration::from_secs(5)).ok()
    );
    flow.pass(Duration::from_secs(5));
    answer(&mut flow, succeeded(json!(null)));
    assert_eq!(flow.state.status(), Compensated);
    let row = flow.state.executions().last().unwrap();
    assert_eq!(row.task.as_deref(), Some("down"));
    assert_eq!(row.compensates.as_deref(), Some("up"));
    assert_eq!((row.attempt, &row.input), (2, &json!({"id": 7})));
    // It is no activation of that task.
    assert_eq!(flow.activations("down"), 0);
}

#[test]
fn the_first_that_fails_ends_it_and_asked_again_it_goes_on() {
    let mut flow = begin(vec![
        inline("a", Set).undo(worker("undo")).then(&["b"]),
        inline("b", Set)
            .undo(worker("undo").retry(1, 0))
            .then(&["c"]),
        inline("c", Set).undo(worker("undo")),
    ]);
    flow.send(&request(1)).unwrap();
    answer(&mut flow, succeeded(json!(1)));
    answer(&mut flow, failed("first"));
    answer(&mut flow, failed("second"));
    assert_eq!(flow.state.status(), Failed);
    let error = flow.state.error().unwrap();
    assert_eq!(
        (error.code.as_str(), error.task.as_deref()),
        ("compensation_failed", Some("b"))
    );
    assert!(
        error.message.contains("not undone: `b`, `a`"),
        "{}",
        error.message
    );
    assert_eq!(error.details["left"], json!(["b", "a"]));
    assert_eq!(error.details["cause"]["code"], "second");
    flow.send(&request(2)).unwrap();
    answer(&mut flow, succeeded(json!(2)));
    answer(&mut flow, succeeded(json!(3)));
    assert_eq!(flow.state.status(), Compensated);
    assert_eq!(flow.state.error(), None);
    let tried: Vec<String> = undone(&flow).into_iter().map(|row| row.0).collect();
    assert_eq!(tried, ["c", "b", "b", "a"]);
}

#[test]
fn undoing_can_be_stopped_and_taken_up_again() {
    let mut flow = begin(vec![
        inline("a", Set).undo(worker("undo")).then(&["b"]),
        inline("b", Set).undo(worker("undo").retry(3, 60)),
    ]);
    let cancel = Command::Cancel {
        by: "ann".into(),
        reason: Some("wait".into()),
    };
    flow.send(&request(1)).unwrap();
    answer(&mut flow, failed("boom"));
    flow.send(&cancel).unwrap();
    assert_eq!(flow.state.status(), Failed);
    assert_eq!(flow.state.error().unwrap().code, "compensation_failed");
    flow.send(&request(2)).unwrap();
    let attempt = open(&flow);
    flow.send(&cancel).unwrap();
    assert!(flow.owed().contains_key(&EffectKey::Stop(attempt)));
    // It was undone all the same; the next one is not begun.
    answer(&mut flow, succeeded(json!(1)));
    let error = flow.state.error().unwrap();
    assert!(
        error
            .message
            .contains("stopped by ann: wait; not undone: `a`"),
        "{}",
        error.message
    );
    flow.send(&request(3)).unwrap();
    answer(&mut flow, succeeded(json!(1)));
    assert_eq!(flow.state.status(), Compensated);
}

#[test]
fn an_undo_that_cannot_be_rendered_says_so() {
    let mut flow = begin(vec![inline("a", Set).undo(
        inline("undo", Set).input(json!({"x": "{{ task.a.result.nowhere }}"})),
    )]);
    flow.send(&request(1)).unwrap();
    assert_eq!(
        flow.state.error().unwrap().details["cause"]["code"],
        "template"
    );
    let mut fails = begin(vec![inline("a", Set).undo(inline("undo", Fail))]);
    fails.send(&request(1)).unwrap();
    assert_eq!(fails.state.status(), Failed);
}

#[test]
fn child_runs_undo_themselves_all_attempts_of_them() {
    let mut flow = begin(vec![
        workflow("child").retry(1, 0).then(&["own"]),
        workflow("own")
            .undo(seeing(json!({"by": "itself"})))
            .then(&["detached"]),
        action(
            "detached",
            "core.run_workflow",
            attune_flow::program::Performer::Child,
        )
        .input(json!({"ref": "test.child", "wait": false})),
    ]);
    let first = flow.attempt("child", None);
    flow.fail("child", "boom");
    let second = flow.attempt("child", None);
    flow.ok("child", json!(1));
    flow.ok("own", json!(1));
    flow.ok("detached", json!("its id"));
    assert_eq!(flow.state.status(), Succeeded);
    flow.send(&request(1)).unwrap();
    for child in [second, first] {
        let attempt = open(&flow);
        let asked = Effect::CompensateChild {
            run: RunId(child.0),
            attempt,
            by: "ann".into(),
        };
        assert_eq!(
            flow.owed().remove(&EffectKey::Attempt(attempt)),
            Some(asked)
        );
        assert!(flow.state.waiting_for()[0].contains("to be undone"));
        answer(&mut flow, succeeded(json!(null)));
    }
    assert_eq!(flow.state.status(), Compensated);
    let names: Vec<String> = undone(&flow).into_iter().map(|row| row.0).collect();
    assert_eq!(names, ["own", "child", "child"]);
}

#[test]
fn a_child_run_that_cannot_be_undone_fails_the_undoing_above_it() {
    let mut flow = begin(vec![workflow("child")]);
    flow.ok("child", json!(1));
    flow.send(&request(1)).unwrap();
    let attempt = open(&flow);
    flow.send(&Command::Cancel {
        by: "ann".into(),
        reason: None,
    })
    .unwrap();
    assert!(matches!(
        flow.owed().get(&EffectKey::Stop(attempt)),
        Some(Effect::CancelChild { .. })
    ));
    answer(&mut flow, failed("compensation_failed"));
    assert_eq!(flow.state.status(), Failed);
    flow.send(&request(2)).unwrap();
    assert_ne!(open(&flow), attempt);
    answer(&mut flow, succeeded(json!(null)));
    assert_eq!(flow.state.status(), Compensated);
}

#[test]
fn whoever_waits_for_it_is_told() {
    let mut flow = begin(vec![inline("a", Set).undo(worker("undo"))]);
    flow.send(&request(1)).unwrap();
    flow.send(&from_above(2)).unwrap();
    assert_eq!(flow.send(&from_above(2)).unwrap(), vec![]);
    assert_eq!(flow.state.undo_answers(), vec![]);
    // The task above still knows how the run itself had ended.
    assert!(matches!(
        flow.state.outcome(),
        Some(Outcome::Succeeded { .. })
    ));
    answer(&mut flow, failed("boom"));
    let told = flow.state.undo_answers();
    assert!(
        matches!(&told[..], [(attempt, Outcome::Failed { error, .. })]
        if attempt.0 == Uuid::from_u128(2) && error.code == "compensation_failed")
    );
    assert!(matches!(
        flow.state.outcome(),
        Some(Outcome::Succeeded { .. })
    ));
    flow.send(&from_above(3)).unwrap();
    answer(&mut flow, succeeded(json!(1)));
    // With nothing left to undo it is answered at once.
    let events = flow.send(&from_above(4)).unwrap();
    assert!(events.last().unwrap().is_end());
    let told = flow.state.undo_answers();
    assert!(
        matches!(&told[..], [(attempt, Outcome::Succeeded { .. })] if attempt.0 == Uuid::from_u128(4))
    );
}

#[test]
fn an_undo_survives_a_crash_and_a_snapshot() {
    let mut flow = begin(vec![
        inline("a", Set)
            .undo(worker("undo").idempotent())
            .then(&["b"]),
        inline("b", Set).undo(worker("undo")),
    ]);
    flow.send(&request(1)).unwrap();
    answer(&mut flow, succeeded(json!(1)));
    let attempt = open(&flow);
    assert_eq!(RunState::replay(&flow.events).as_ref(), Some(&flow.state));
    let stored = serde_json::to_value(&flow.state).unwrap();
    let read: RunState = serde_json::from_value(stored).unwrap();
    assert_eq!(outstanding(&flow.program, &read), flow.owed());
    flow.state = read;
    flow.send(&Command::AttemptLost {
        attempt,
        reason: "gone".into(),
    })
    .unwrap();
    assert_eq!(flow.state.status(), Compensating);
    answer(&mut flow, succeeded(json!(1)));
    assert_eq!(flow.state.status(), Compensated);
    let (again, _) = fold(
        &flow.program,
        RunState::replay(&flow.events[..1]).unwrap(),
        &flow.events[1..],
    );
    assert_eq!(again, flow.state);
}

#[test]
fn a_run_with_nothing_to_undo_is_undone_at_once() {
    let mut flow = begin(vec![inline("a", Noop)]);
    flow.send(&request(1)).unwrap();
    assert_eq!(flow.state.status(), Compensated);
    let mut never = Flow::open(ProgramBuilder::new(vec![worker("a")]).build(), json!({}));
    never
        .send(&Command::Cancel {
            by: "ann".into(),
            reason: None,
        })
        .unwrap();
    never.send(&request(1)).unwrap();
    assert_eq!(never.state.status(), Compensated);
}
