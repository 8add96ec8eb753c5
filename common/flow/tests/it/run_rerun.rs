//! Doing a run again from a task on: what is taken over, what begins anew, and what is refused.

use attune_flow::program::InlineAction::{Fail, Noop, Set};
use attune_flow::program::{Concurrency, Join, OnLimit};
use attune_flow::run::{
    Activation, CarriedOver, Command, Effect, Event, Origin, RerunRefused, RunState,
};
use attune_testkit::flow::{
    Flow, ProgramBuilder, TaskBuilder, inline, parallel, template, worker, workflow,
};
use attune_types::ExecutionStatus::{
    Cancelled, Failed, Requested, Running, Scheduled, Skipped, Succeeded,
};
use attune_types::{Duration, ExecutionId};
use serde_json::{Value, json};
use uuid::Uuid;

fn begin(tasks: Vec<TaskBuilder>) -> Flow {
    Flow::begin(ProgramBuilder::new(tasks).build(), json!({}))
}

/// Done again from the first activation of a task, and begun.
fn again(flow: &Flow, task: &str) -> Flow {
    let mut again = flow.rerun(task, None, None).unwrap();
    again.send(&Command::Begin).unwrap();
    again
}

fn refused(flow: &Flow, task: &str, activation: Option<u32>) -> RerunRefused {
    flow.rerun(task, activation, None).map(|_| ()).unwrap_err()
}

/// What has an open attempt, by name.
fn open(flow: &Flow) -> Vec<String> {
    let live = flow.state.live();
    let mut open: Vec<String> = live
        .into_iter()
        .filter(|execution| execution.attempt().is_some())
        .map(|execution| execution.name.to_string())
        .collect();
    open.sort();
    open
}

#[test]
fn what_had_ended_before_is_kept_and_the_rest_is_done_again() {
    let mut first = begin(vec![
        worker("a").then(&["b"]),
        worker("b")
            .input(json!({"from": "{{ task.a.result.id }}"}))
            .then(&["c"]),
        worker("c").input(json!({"b": "{{ task.b.result.n }}"})),
    ]);
    first.ok("a", json!({"id": 7}));
    first.ok("b", json!({"n": 1}));
    first.fail("c", "boom");
    assert_eq!(first.state.status(), Failed);
    let before = first.clone();

    let mut again = first.rerun("b", None, None).unwrap();
    assert_eq!(again.state.status(), Requested);
    assert!(again.owed().is_empty(), "nothing before it begins");
    again.send(&Command::Begin).unwrap();
    assert_eq!(again.state.status(), Running);
    assert_eq!(open(&again), ["b"]);
    assert_eq!(again.status("a"), Some(Succeeded));
    let b = again.find("b").unwrap();
    assert_eq!(b.attempts, 1);
    assert_eq!(b.input.as_deref().unwrap()["from"], 7);
    again.ok("b", json!({"n": 2}));
    assert_eq!(
        again.find("c").unwrap().input.as_deref().unwrap()["b"],
        2,
        "what follows sees the new result"
    );
    again.ok("c", json!("done"));
    assert_eq!(again.state.status(), Succeeded);
    assert_eq!(again.state.output(), &json!("done"));
    // It points back, and the first run is as it was.
    let rerun = again.state.header().rerun.clone().unwrap();
    assert_eq!(rerun.run, first.state.run());
    assert_eq!(
        rerun.from,
        Some(Activation {
            task: "b".to_owned(),
            activation: 1
        })
    );
    assert_eq!(first.events, before.events);
}

#[test]
fn ids_are_the_new_runs_own_and_times_stay_what_they_were() {
    let mut first = begin(vec![worker("a").then(&["b"]), worker("b")]);
    first.at += Duration::from_secs(60);
    first.ok("a", json!(1));
    first.ok("b", json!(1));
    first.at += Duration::from_secs(3_600);
    let again = again(&first, "b");
    let theirs: Vec<ExecutionId> = first.state.in_order().iter().map(|e| e.id).collect();
    for execution in again.state.in_order() {
        assert!(!theirs.contains(&execution.id), "{}", execution.name);
    }
    let (a, was) = (again.find("a").unwrap(), first.find("a").unwrap());
    assert_eq!(a.ended_at, was.ended_at);
    assert_eq!(a.started_at, was.started_at);
    assert_eq!(again.state.opened_at(), first.at);
    assert_eq!(again.state.begun_at(), Some(first.at), "its own start");
    let Event::CarriedOver(CarriedOver { events, .. }) = &again.events[1] else {
        panic!("{:?}", again.events[1]);
    };
    let begun = again
        .events
        .iter()
        .position(|event| matches!(event, Event::RunBegun { .. }));
    assert_eq!(begun.map(|at| at as u64), Some(events + 2));
}

#[test]
fn all_that_one_end_led_to_is_reached_whichever_of_it_is_asked_for() {
    let tasks = || {
        vec![
            worker("a").on("succeeded()", &["b", "c"]).then(&["d"]),
            worker("b"),
            worker("c"),
            worker("d"),
            worker("e"),
        ]
    };
    let mut first = begin(tasks());
    first.ok("a", json!(1));
    for task in ["b", "c", "d", "e"] {
        first.ok(task, json!(task));
    }
    for task in ["b", "c", "d"] {
        let again = again(&first, task);
        assert_eq!(open(&again), ["b", "c", "d", "e"], "from {task}");
        assert_eq!(again.status("a"), Some(Succeeded));
    }
    // The entry tasks start together.
    for task in ["a", "e"] {
        assert_eq!(open(&again(&first, task)), ["a", "e"], "from {task}");
    }
}

#[test]
fn what_had_ended_beside_stays_and_what_was_under_way_begins_anew() {
    let mut first = begin(vec![
        worker("a").then(&["b"]),
        worker("b"),
        worker("done"),
        worker("half").retry(3, 0),
    ]);
    first.ok("done", json!(1));
    first.fail("half", "once");
    first.ok("a", json!(1));
    first.ok("half", json!(1));
    first.ok("b", json!(1));
    let again = again(&first, "b");
    assert_eq!(open(&again), ["b", "half"]);
    assert_eq!(
        again.find("half").unwrap().attempts,
        1,
        "from its beginning"
    );
    assert_eq!(again.find("half").unwrap().failures, 0);
}

#[test]
fn a_lap_of_a_loop_is_asked_for_by_its_number() {
    let mut first = Flow::begin(
        ProgramBuilder::new(vec![
            inline("s", Noop).then(&["a"]),
            worker("a").then(&["b"]),
            worker("b")
                .on("vars.lap < 3", &["a"])
                .publishing("lap", json!("{{ vars.lap + 1 }}"))
                .on("vars.lap >= 3", &["c"]),
            worker("c").input(json!({"laps": "{{ task.a.activations | length }}"})),
        ])
        .var("lap", json!(1))
        .build(),
        json!({}),
    );
    for n in 1..=3 {
        first.ok("a", json!(n));
        first.ok("b", json!(n));
    }
    first.ok("c", json!(1));
    assert_eq!(first.state.status(), Succeeded);
    let mut again = first.rerun("a", Some(2), None).unwrap();
    again.send(&Command::Begin).unwrap();
    assert_eq!(again.activations("a"), 2);
    assert_eq!(again.state.var("lap"), Some(&json!(2)));
    for n in 2..=3 {
        again.ok("a", json!(n));
        again.ok("b", json!(n));
    }
    assert_eq!(
        again.find("c").unwrap().input.as_deref().unwrap()["laps"],
        3
    );
    assert_eq!(
        refused(&first, "a", Some(4)),
        RerunRefused::NoActivation {
            task: "a".to_owned(),
            activation: 4,
            count: 3
        }
    );
}

#[test]
fn joins_know_what_had_arrived() {
    let tasks = || {
        vec![
            worker("a").then(&["j"]),
            worker("b").then(&["j"]),
            worker("x").on("succeeded()", &["y"]),
            worker("y").then(&["j"]),
            inline("j", Set)
                .join(Join::All)
                .input(json!({"a": "{{ task.a.result }}"})),
        ]
    };
    let mut first = begin(tasks());
    first.ok("a", json!("kept"));
    first.ok("x", json!(1));
    first.ok("b", json!(1));
    first.ok("y", json!(1));
    assert_eq!(first.state.status(), Succeeded);
    // `a` had arrived when `y` was reached, `b` had not.
    let mut again = again(&first, "y");
    assert_eq!(open(&again), ["b", "y"]);
    again.ok("y", json!(2));
    assert_eq!(again.status("j"), None);
    again.ok("b", json!(2));
    assert_eq!(again.status("j"), Some(Succeeded));
    assert_eq!(again.activations("j"), 1);
    assert_eq!(again.state.output(), &json!({"a": "kept"}));
    // From the join itself: what opened it is taken over.
    let again = self::again(&first, "j");
    assert_eq!(again.state.status(), Succeeded);
    assert_eq!(again.activations("j"), 1);
}

#[test]
fn skipped_tasks_handled_failures_and_values_are_taken_over() {
    let mut first = Flow::begin(
        ProgramBuilder::new(vec![
            inline("s", Noop).when("false").then(&["f"]),
            worker("f")
                .on("failed()", &["g"])
                .publishing("why", json!("{{ error.code }}"))
                .publishing("when", json!("{{ now() }}")),
            worker("g").input(json!({
                "why": "{{ vars.why }}", "id": "{{ vars.id }}", "when": "{{ vars.when }}",
                "skipped": "{{ task.s.status }}", "error": "{{ task.f.error.code }}",
            })),
        ])
        .var("id", json!("{{ uuid() }}"))
        .build(),
        json!({}),
    );
    first.fail("f", "boom");
    first.ok("g", json!(1));
    let input = first.find("g").unwrap().input.clone().unwrap();
    first.at += Duration::from_secs(99);
    let again = again(&first, "g");
    assert_eq!(again.status("s"), Some(Skipped));
    assert_eq!(again.status("f"), Some(Failed));
    assert_eq!(again.find("g").unwrap().input, Some(input));
    assert_eq!(open(&again), ["g"]);
}

#[test]
fn items_and_branches_that_had_ended_are_kept_and_others_begin_anew_with_the_whole() {
    let mut first = begin(vec![
        worker("each").items(json!([1, 2])).then(&["b"]),
        parallel("p", false, vec![worker("p1"), worker("p2")]).then(&["b"]),
        worker("b").join(Join::All).input(json!({
            "each": "{{ task.each.results }}", "p": "{{ task.p.result.p2 }}",
        })),
    ]);
    use attune_testkit::flow::succeeded;
    first.finish_item("each", 0, succeeded(json!("i0")));
    first.finish_item("each", 1, succeeded(json!("i1")));
    first.ok("p1", json!("p1"));
    first.ok("p2", json!("p2"));
    first.ok("b", json!(1));
    let again = again(&first, "b");
    assert_eq!(open(&again), ["b"]);
    assert_eq!(
        **again.find("b").unwrap().input.as_ref().unwrap(),
        json!({"each": ["i0", "i1"], "p": "p2"})
            .as_object()
            .unwrap()
            .clone()
    );
    // Rerun from the iteration: its items anew, those of the parallel task beside it as well, since
    // both started together and neither had ended.
    let again = self::again(&first, "each");
    assert_eq!(open(&again), ["each", "each", "p1", "p2"]);
    assert_eq!(again.activations("p1"), 1);
}

#[test]
fn a_failure_of_the_first_run_is_not_taken_over_and_what_caused_it_is_done_again() {
    // Both end at the same moment of the clock: the one that fails the run comes last.
    let sleep = |name: &str| inline(name, attune_flow::program::InlineAction::Sleep);
    let mut first = begin(vec![
        sleep("bad").input(json!({"seconds": 10})).timeout(json!(5)),
        sleep("good").input(json!({"seconds": 5})).then(&["x"]),
        worker("x"),
    ]);
    first.pass(Duration::from_secs(5));
    assert_eq!(first.state.status(), Failed);
    assert_eq!(first.status("x"), Some(Cancelled));
    let mut again = again(&first, "x");
    assert_eq!(open(&again), ["bad", "x"]);
    again.ok("x", json!(1));
    again.pass(Duration::from_secs(5));
    assert_eq!(again.state.status(), Failed);
}

#[test]
fn a_failure_that_waits_for_a_task_still_comes_after_it() {
    let mut first = begin(vec![
        worker("a").on("failed()", &["clean", "fail"]),
        worker("clean"),
    ]);
    first.fail("a", "boom");
    first.ok("clean", json!(1));
    assert_eq!(first.state.status(), Failed);
    let mut again = again(&first, "clean");
    assert_eq!(open(&again), ["clean"]);
    again.ok("clean", json!(2));
    assert_eq!(again.state.status(), Failed);
    assert_eq!(again.state.error().unwrap().code, "boom");
}

#[test]
fn what_befell_the_first_run_as_a_whole_is_not_taken_over() {
    let mut first = begin(vec![worker("a").then(&["b"]), worker("b")]);
    first.send(&Command::Pause { by: "ann".into() }).unwrap();
    first.ok("a", json!(1));
    first.send(&Command::Resume { by: "ann".into() }).unwrap();
    let cancel = Command::Cancel {
        by: "ann".into(),
        reason: None,
    };
    first.send(&cancel).unwrap();
    let outcome = attune_flow::run::Outcome::Cancelled { process: None };
    first.finish("b", outcome);
    assert_eq!(first.state.status(), Cancelled);
    let mut again = again(&first, "b");
    assert_eq!(again.state.status(), Running);
    again.ok("b", json!(2));
    assert_eq!(again.state.status(), Succeeded);
}

#[test]
fn the_new_run_has_its_own_time_place_and_steering() {
    let program = ProgramBuilder::new(vec![worker("a").then(&["b"]), worker("b")])
        .with(|program| {
            program.timeout = Some(template(json!("{{ vars.limit }}")));
            program.concurrency = Some(Concurrency {
                limit: 1,
                key: Some(template(json!("{{ vars.key }}"))),
                on_limit: OnLimit::Queue,
            });
        })
        .var("limit", json!(60))
        .var("key", json!("k-{{ uuid() }}"))
        .build();
    let mut first = Flow::begin(program, json!({}));
    first.send(&Command::SlotGranted).unwrap();
    first.ok("a", json!(1));
    first.pass(Duration::from_secs(60));
    assert_eq!(first.state.status(), attune_types::ExecutionStatus::Running);
    first.finish("b", attune_flow::run::Outcome::Cancelled { process: None });
    assert_eq!(
        first.state.status(),
        attune_types::ExecutionStatus::TimedOut
    );

    let mut again = first.rerun("b", None, None).unwrap();
    again.send(&Command::Pause { by: "ann".into() }).unwrap();
    again.send(&Command::Begin).unwrap();
    let limit = again.state.deadline().unwrap();
    assert_eq!(limit, again.at + Duration::from_secs(60));
    // Paused and resumed before it has its place, it does not start without it.
    again.send(&Command::Resume { by: "ann".into() }).unwrap();
    assert_eq!(again.state.status(), Scheduled);
    assert!(open(&again).is_empty());
    let owed = again.owed().into_values().find_map(|effect| match effect {
        Effect::AcquireSlot(order) => order.key,
        _ => None,
    });
    assert_eq!(
        owed,
        first.state.slot().unwrap().key,
        "the variable is kept"
    );
    again.send(&Command::SlotGranted).unwrap();
    assert_eq!(open(&again), ["b"]);
    again.ok("b", json!(1));
    assert_eq!(again.state.status(), Succeeded);
}

#[test]
fn steered_before_it_began_it_can_be_retried() {
    let mut first = begin(vec![worker("a").then(&["b"]), worker("b")]);
    first.ok("a", json!(1));
    first.ok("b", json!(1));
    let mut again = first.rerun("b", None, None).unwrap();
    let cancel = Command::Cancel {
        by: "ann".into(),
        reason: None,
    };
    again.send(&cancel).unwrap();
    assert_eq!(again.state.status(), Cancelled);
    let retry = Command::Retry {
        by: "ann".into(),
        request: Uuid::from_u128(1),
        attempt: None,
    };
    again.send(&retry).unwrap();
    assert_eq!(open(&again), ["b"]);
    assert_eq!(again.state.status(), Running);
    again.ok("b", json!(2));
    assert_eq!(again.state.status(), Succeeded);
    assert_eq!(again.state.output(), &json!(2));
}

#[test]
fn of_a_run_that_was_retried_the_second_try_is_taken_over() {
    let mut first = begin(vec![
        worker("a").then(&["b"]),
        worker("b").on("succeeded()", &["c"]),
        worker("c"),
        worker("slow").then(&["late"]),
        worker("late").then(&["c2"]),
        worker("c2"),
    ]);
    first.ok("a", json!(1));
    first.fail("b", "boom");
    // It ends while the run is closing: where it leads is reached when the run is retried.
    first.ok("slow", json!("kept"));
    assert_eq!(first.state.status(), Failed);
    let retry = Command::Retry {
        by: "ann".into(),
        request: Uuid::from_u128(1),
        attempt: None,
    };
    first.send(&retry).unwrap();
    assert_eq!(open(&first), ["b", "late"]);
    first.ok("b", json!("second"));
    first.ok("late", json!(1));
    first.ok("c", json!(1));
    first.ok("c2", json!(1));
    assert_eq!(first.state.status(), Succeeded);

    let again = again(&first, "c");
    assert_eq!(open(&again), ["c", "late"]);
    let b = again.find("b").unwrap();
    assert_eq!((b.status(), b.attempts), (Succeeded, 2));
    assert_eq!(*b.result, json!("second"));
    // What was held back and led on at the retry is reached, too.
    let again = self::again(&first, "late");
    assert_eq!(open(&again), ["b", "late"]);
    assert_eq!(*again.find("slow").unwrap().result, json!("kept"));
    assert_eq!(again.find("b").unwrap().attempts, 1, "it begins anew");
}

#[test]
fn only_what_the_new_run_did_itself_is_undone() {
    let mut first = begin(vec![
        worker("a").undo(worker("undo")).then(&["b"]),
        workflow("child").then(&["b"]),
        worker("b").join(Join::All).undo(worker("undo")),
    ]);
    first.ok("a", json!(1));
    first.ok("child", json!(1));
    first.ok("b", json!(1));
    let mut again = again(&first, "b");
    again.ok("b", json!(2));
    let undo = Command::Compensate {
        by: "ann".into(),
        request: Uuid::from_u128(1),
        attempt: None,
    };
    again.send(&undo).unwrap();
    let Some(Event::CompensationStarted(started)) = again
        .events
        .iter()
        .find(|event| matches!(event, Event::CompensationStarted(_)))
    else {
        panic!("it is undone");
    };
    let b = again.find("b").unwrap().id;
    assert_eq!(
        started
            .undo
            .iter()
            .map(|it| it.execution)
            .collect::<Vec<_>>(),
        [b]
    );
}

#[test]
fn the_limit_of_activations_counts_what_was_taken_over() {
    let mut first = Flow::begin(
        ProgramBuilder::new(vec![
            inline("s", Noop).then(&["a"]),
            worker("a").then(&["a2"]),
            worker("a2").then(&["a"]),
        ])
        .with(|program| program.limits.activations = 5)
        .build(),
        json!({}),
    );
    for task in ["a", "a2", "a", "a2"] {
        first.ok(task, json!(1));
    }
    assert_eq!(first.state.error().unwrap().code, "activation_limit");
    let mut again = first.rerun("a", Some(2), None).unwrap();
    again.send(&Command::Begin).unwrap();
    again.ok("a", json!(1));
    again.ok("a2", json!(1));
    assert_eq!(again.state.error().unwrap().code, "activation_limit");
}

#[test]
fn what_cannot_be_a_beginning_is_refused() {
    let mut first = begin(vec![
        worker("a").on("failed()", &["never"]),
        worker("never"),
        parallel("p", false, vec![parallel("q", false, vec![worker("deep")])]),
    ]);
    first.ok("a", json!(1));
    first.ok("deep", json!(1));
    let say = |task: &str, activation| refused(&first, task, activation).to_string();
    assert_eq!(
        say("nevr", None),
        "the workflow has no task `nevr`; did you mean `never`?"
    );
    assert!(say("never", None).starts_with("the run never reached task `never`"));
    assert!(
        say("deep", None).ends_with("rerun from `p`"),
        "{}",
        say("deep", None)
    );
    assert!(say("a", Some(0)).contains("no activation 0"));
    assert!(say("a", Some(2)).contains("1 times"));
}

#[test]
fn a_run_below_another_one_stands_on_its_own_when_it_is_done_again() {
    let mut first = begin(vec![worker("a")]);
    let mut header = first.state.header().clone();
    header.origin = Origin::Parent;
    header.depth = 3;
    header.parent = Some(attune_flow::run::Parent {
        run: header.run,
        execution: ExecutionId(Uuid::from_u128(5)),
        attempt: 2,
        root: header.run,
        secrets: None,
    });
    first.state = RunState::opened(header, first.at);
    first.events.truncate(1);
    let opened = Event::RunOpened {
        at: first.at,
        header: Box::new(first.state.header().clone()),
    };
    first.events[0] = opened;
    first.send(&Command::Begin).unwrap();
    first.ok("a", json!(1));
    let again = again(&first, "a");
    let header = again.state.header();
    assert_eq!(header.parent, None);
    assert_eq!(header.depth, 0);
    assert_eq!(header.origin, Origin::Request);
}

#[test]
fn a_run_that_failed_at_once_is_done_again() {
    let first = begin(vec![inline("a", Fail), worker("b")]);
    let again = again(&first, "b");
    assert_eq!(open(&again), ["b"]);
    assert_eq!(again.status("a"), Some(Failed), "it fails again");
    let result: Value = again.state.result_of(again.find("a").unwrap());
    assert_eq!(result, Value::Null);
}

#[test]
fn a_run_that_was_failed_together_with_the_activation_fails_again() {
    let first = || {
        let mut first = begin(vec![
            worker("check")
                .on("succeeded()", &["fail"])
                .on("succeeded()", &["tell"]),
            worker("tell"),
        ]);
        first.ok("check", json!({}));
        assert_eq!(
            (first.state.status(), first.status("tell")),
            (Failed, Some(Cancelled))
        );
        first
    };
    let mut again = again(&first(), "tell");
    assert_eq!(
        (open(&again), again.state.status()),
        (vec!["tell".to_owned()], Running)
    );
    again.ok("tell", json!({}));
    assert_eq!(again.state.status(), Failed);
    assert_eq!(again.state.error().unwrap().task.as_deref(), Some("check"));
}
