//! Retry, delay, sleep, time limits; cancel, pause and resume; lost attempts and reports; children.

use attune_flow::program::InlineAction::{Noop, Set, Sleep};
use attune_flow::program::{Cancellation, OnFailure};
use attune_flow::run::{Command, Effect, EffectKey, Event, Outcome, Rejection, Report};
use attune_testkit::flow::{
    Flow, ProgramBuilder, TaskBuilder, action, header, inline, native, template, worker, workflow,
};
use attune_types::ExecutionStatus::{
    Canceling, Cancelled, Failed, Paused, Requested, Retrying, Running, Succeeded, TimedOut,
    Waiting,
};
use attune_types::{Duration, JsonMap, RunId};
use serde_json::json;

fn begin(tasks: Vec<TaskBuilder>) -> Flow {
    Flow::begin(ProgramBuilder::new(tasks).build(), json!({}))
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn cancel() -> Command {
    Command::Cancel {
        by: "ann".into(),
        reason: Some("enough".into()),
    }
}

fn pause() -> Command {
    Command::Pause { by: "ann".into() }
}

fn resume() -> Command {
    Command::Resume { by: "ann".into() }
}

#[test]
fn a_failed_attempt_is_tried_again_as_often_as_it_may() {
    let mut flow = begin(vec![worker("a").retry(2, 10)]);
    flow.fail("a", "x");
    assert_eq!(flow.status("a"), Some(Retrying));
    flow.pass(seconds(9));
    assert_eq!(flow.status("a"), Some(Retrying), "never early");
    flow.pass(seconds(1));
    flow.fail("a", "x");
    flow.pass(seconds(10));
    flow.fail("a", "x");
    let a = flow.find("a").unwrap();
    assert_eq!((flow.state.status(), a.attempts), (Failed, 3));
    assert_eq!(flow.state.error().unwrap().attempt, Some(3));
}

#[test]
fn only_failures_that_the_condition_names_are_tried_again() {
    let program = || {
        begin(vec![
            worker("a").retry(5, 0).on_error("error.code == 'again'"),
        ])
    };
    let mut flow = program();
    flow.fail("a", "again");
    assert_eq!(flow.find("a").unwrap().attempts, 2);
    flow.fail("a", "other");
    assert_eq!(
        (flow.state.status(), flow.find("a").unwrap().attempts),
        (Failed, 2)
    );
    let mut wrong = begin(vec![worker("a").retry(5, 0).on_error("error.nothing == 1")]);
    wrong.fail("a", "x");
    assert_eq!(wrong.state.error().unwrap().code, "template");
}

#[test]
fn jitter_comes_from_the_recorded_randomness_and_stays_within_half() {
    let program = ProgramBuilder::new(vec![worker("a").retry(1, 100)])
        .with(|program| program.tasks[0].retry.as_mut().unwrap().jitter = true)
        .build();
    let mut waits = std::collections::BTreeSet::new();
    for n in 0..20 {
        let mut flow = Flow::begin(program.clone(), json!({}));
        for _ in 0..n {
            flow.send(&Command::Wake).unwrap();
        }
        flow.fail("a", "x");
        let wait = flow
            .state
            .wake_at()
            .unwrap()
            .duration_since(flow.at)
            .as_secs_f64();
        assert!((50.0..=100.0).contains(&wait), "{wait}");
        waits.insert(wait.to_bits());
    }
    assert!(waits.len() > 5, "they differ");
}

#[test]
fn a_delay_holds_the_first_attempt_back() {
    let mut flow = begin(vec![worker("a").delay(json!("1m"))]);
    assert_eq!(flow.status("a"), Some(Waiting));
    assert_eq!(flow.owed().len(), 1, "only the timer");
    flow.pass(seconds(59));
    assert_eq!(flow.status("a"), Some(Waiting));
    flow.pass(seconds(1));
    flow.ok("a", json!(1));
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_sleep_is_a_timer_of_the_run() {
    let mut flow = begin(vec![inline("a", Sleep).input(json!({"for": "90s"}))]);
    assert_eq!(flow.status("a"), Some(Waiting));
    flow.pass(seconds(100));
    assert_eq!(flow.state.output(), &json!({"slept_seconds": 90.0}));
    let mut late = begin(vec![
        inline("a", Sleep)
            .input(json!({"seconds": 90}))
            .timeout(json!(5))
            .on("timed_out()", &["b"]),
        inline("b", Noop),
    ]);
    late.pass(seconds(5));
    assert_eq!(
        (late.status("a"), late.state.status()),
        (Some(TimedOut), Succeeded)
    );
    let wrong = begin(vec![inline("a", Sleep)]);
    assert_eq!(wrong.state.error().unwrap().code, "input_invalid");
}

#[test]
fn a_worker_keeps_the_time_limit_and_the_run_has_one_behind_it() {
    let mut flow = begin(vec![worker("a").timeout(json!(10))]);
    assert_eq!(
        flow.state.wake_at(),
        None,
        "waiting in a queue takes as long as it takes"
    );
    let Some(Effect::Dispatch(order)) = flow.owed().into_values().next() else {
        panic!("an order");
    };
    assert_eq!(order.timeout, Some(seconds(10)));
    let attempt = flow.attempt("a", None);
    flow.send(&Command::AttemptStarted {
        attempt,
        worker: "w".into(),
    })
    .unwrap();
    flow.pass(seconds(39));
    assert_eq!(flow.status("a"), Some(Running));
    flow.pass(seconds(1));
    assert_eq!(flow.status("a"), Some(Canceling));
    assert!(flow.owed().contains_key(&EffectKey::Stop(attempt)));
    flow.pass(seconds(120));
    assert_eq!(
        (flow.status("a"), flow.state.status()),
        (Some(TimedOut), Failed)
    );
    assert_eq!(flow.state.error().unwrap().code, "timeout");
}

#[test]
fn the_whole_run_has_a_time_limit() {
    let mut flow = Flow::begin(
        ProgramBuilder::new(vec![
            worker("a"),
            inline("b", Sleep).input(json!({"seconds": 500})),
            worker("c").delay(json!(400)),
        ])
        .with(|program| program.timeout = Some(template(json!("1m"))))
        .build(),
        json!({}),
    );
    flow.pass(seconds(60));
    assert_eq!(
        (flow.status("b"), flow.status("c")),
        (Some(Cancelled), Some(Cancelled))
    );
    assert_eq!(flow.status("a"), Some(Canceling));
    flow.finish("a", Outcome::Cancelled { process: None });
    assert_eq!(
        (
            flow.state.status(),
            flow.state.error().unwrap().code.as_str()
        ),
        (TimedOut, "timeout")
    );
}

#[test]
fn a_failure_lets_running_tasks_end_or_stops_them() {
    let program = |on_failure| {
        let program = ProgramBuilder::new(vec![
            worker("a"),
            worker("b").then(&["c"]),
            worker("c"),
            worker("d").retry(3, 60),
        ])
        .with(|program| program.on_failure = on_failure)
        .build();
        let mut flow = Flow::begin(program, json!({}));
        flow.fail("d", "later");
        flow.fail("a", "boom");
        flow
    };
    let mut finish = program(OnFailure::FinishRunning);
    assert_eq!(
        finish.status("d"),
        Some(Failed),
        "what waits for another try ends"
    );
    finish.ok("b", json!(1));
    assert_eq!((finish.status("c"), finish.state.status()), (None, Failed));
    let mut stop = program(OnFailure::CancelRunning);
    assert_eq!(stop.status("b"), Some(Canceling));
    stop.finish("b", Outcome::Cancelled { process: None });
    assert_eq!(
        (stop.status("b"), stop.state.status()),
        (Some(Cancelled), Failed)
    );
    assert_eq!(stop.state.error().unwrap().code, "boom");
}

#[test]
fn cancel_stops_what_runs_or_lets_it_finish() {
    let program = |policy| {
        ProgramBuilder::new(vec![worker("a").then(&["b"]), worker("b")])
            .with(|program| program.cancellation = policy)
            .build()
    };
    let mut stop = Flow::begin(program(Cancellation::CancelRunning), json!({}));
    stop.send(&cancel()).unwrap();
    assert_eq!(stop.state.status(), Canceling);
    assert!(matches!(
        stop.send(&cancel()),
        Err(Rejection::NotNow { .. })
    ));
    stop.pass(seconds(30));
    assert_eq!(stop.state.status(), Cancelled, "nobody had taken it on");
    assert_eq!(
        stop.state.error().unwrap().message,
        "cancelled by ann: enough"
    );
    let mut finish = Flow::begin(program(Cancellation::AllowFinish), json!({}));
    finish.send(&cancel()).unwrap();
    assert_eq!(
        finish.status("a"),
        Some(attune_types::ExecutionStatus::Scheduled)
    );
    finish.ok("a", json!(1));
    assert_eq!(
        (finish.status("b"), finish.state.status()),
        (None, Cancelled)
    );
    let mut unbegun = Flow::open(program(Cancellation::CancelRunning), json!({}));
    unbegun.send(&cancel()).unwrap();
    assert_eq!(unbegun.state.status(), Cancelled);
}

#[test]
fn while_paused_nothing_new_starts() {
    let mut flow = begin(vec![
        worker("a").then(&["b"]),
        worker("b"),
        worker("c").delay(json!(10)),
        worker("d")
            .items(json!(3))
            .items_with(|items| items.concurrency = Some(template(json!(1)))),
    ]);
    flow.send(&pause()).unwrap();
    assert_eq!(flow.state.status(), Paused);
    assert!(matches!(flow.send(&pause()), Err(Rejection::NotNow { .. })));
    flow.ok("a", json!(1));
    flow.finish_item("d", 0, attune_testkit::flow::succeeded(json!(0)));
    flow.pass(seconds(20));
    assert_eq!(
        (flow.status("b"), flow.status("c")),
        (Some(Requested), Some(Waiting))
    );
    assert_eq!(flow.state.wake_at(), None);
    assert_eq!(flow.state.waiting_for()[0], "somebody to resume it");
    flow.send(&resume()).unwrap();
    assert!(matches!(
        flow.send(&resume()),
        Err(Rejection::NotNow { .. })
    ));
    for name in ["b", "c"] {
        flow.ok(name, json!(1));
    }
    for item in [1, 2] {
        flow.finish_item("d", item, attune_testkit::flow::succeeded(json!(item)));
    }
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_lost_attempt_is_done_again_if_it_may_be() {
    let lose = |flow: &mut Flow| {
        let attempt = flow.attempt("a", None);
        flow.send(&Command::AttemptLost {
            attempt,
            reason: "gone".into(),
        })
        .unwrap();
    };
    let mut safe = begin(vec![worker("a").idempotent()]);
    for _ in 0..3 {
        lose(&mut safe);
    }
    assert_eq!(safe.find("a").unwrap().attempts, 4);
    lose(&mut safe);
    assert_eq!(
        safe.state.error().unwrap().code,
        "lost",
        "three times is enough"
    );
    let mut unsafe_ = begin(vec![
        worker("a").retry(1, 0).on_error("error.code == 'lost'"),
    ]);
    lose(&mut unsafe_);
    assert_eq!(unsafe_.find("a").unwrap().failures, 1);
    lose(&mut unsafe_);
    assert_eq!(unsafe_.state.error().unwrap().code, "lost");
    let mut stopping = begin(vec![worker("a").idempotent()]);
    stopping.send(&cancel()).unwrap();
    lose(&mut stopping);
    assert_eq!(stopping.state.status(), Cancelled);
}

#[test]
fn reports_are_kept_once_and_progress_not_at_all() {
    let mut flow = begin(vec![worker("a").then(&["b"]), worker("b")]);
    let attempt = flow.attempt("a", None);
    let report = |number, report| Command::Reported {
        attempt,
        number,
        report,
    };
    let cost = Report {
        cost_usd: Some(0.25),
        label: Some([("team".to_owned(), "ops".to_owned())].into()),
        progress: Some(0.5),
        ..Report::default()
    };
    let progress = Report {
        progress: Some(0.5),
        message: Some("half".into()),
        ..Report::default()
    };
    assert_eq!(flow.send(&report(0, progress)).unwrap(), vec![]);
    for number in [3, 1, 3, 1] {
        flow.send(&report(number, cost.clone())).unwrap();
    }
    flow.ok("a", json!(1));
    flow.send(&report(2, cost.clone())).unwrap();
    flow.send(&report(2, cost)).unwrap();
    assert_eq!(flow.state.cost_usd(), 0.75);
    assert_eq!(flow.state.labels()["team"], "ops");
}

#[test]
fn a_child_run_is_opened_paused_resumed_and_cancelled_with_its_parent() {
    let mut flow = begin(vec![workflow("a").input(json!({"region": "eu"}))]);
    let attempt = flow.attempt("a", None);
    let child = RunId(attempt.0);
    let Some(Effect::OpenChild(order)) = flow.owed().remove(&EffectKey::Attempt(attempt)) else {
        panic!("an order");
    };
    assert_eq!((order.run, order.depth, order.wait), (child, 1, true));
    assert_eq!(order.parameters["region"], "eu");
    flow.send(&pause()).unwrap();
    assert!(flow.owed().contains_key(&EffectKey::Pause(child)));
    flow.send(&resume()).unwrap();
    assert!(!flow.owed().contains_key(&EffectKey::Pause(child)));
    assert!(flow.owed().contains_key(&EffectKey::Resume(child)));
    let mut cancelled = flow.clone();
    cancelled.send(&cancel()).unwrap();
    let owed = cancelled.owed();
    let Some(Effect::CancelChild { reason, .. }) = owed.get(&EffectKey::Stop(attempt)) else {
        panic!("a cancel: {owed:?}");
    };
    assert!(reason.contains("enough"));
    cancelled.finish("a", Outcome::Cancelled { process: None });
    assert_eq!(cancelled.state.status(), Cancelled);
    let mut alone = flow.clone();
    alone.finish("a", Outcome::Cancelled { process: None });
    assert_eq!(alone.state.error().unwrap().code, "cancelled");
    flow.ok("a", json!({"ok": true}));
    assert_eq!(flow.state.output(), &json!({"ok": true}));
}

#[test]
fn a_resume_from_above_lifts_no_pause_but_its_own() {
    use attune_flow::run::ABOVE;
    let from_above = |pause: bool| {
        let by = ABOVE.to_owned();
        if pause {
            Command::Pause { by }
        } else {
            Command::Resume { by }
        }
    };
    let mut flow = begin(vec![worker("a").then(&["b"]), worker("b")]);
    flow.send(&pause()).unwrap();
    assert!(matches!(
        flow.send(&from_above(true)),
        Err(Rejection::NotNow { .. })
    ));
    assert!(matches!(
        flow.send(&from_above(false)),
        Err(Rejection::NotNow { .. })
    ));
    assert_eq!(flow.state.status(), Paused);
    flow.send(&resume()).unwrap();
    flow.send(&from_above(true)).unwrap();
    flow.send(&from_above(false)).unwrap();
    assert_eq!(flow.state.status(), Running);
    // People may lift one that came from above.
    flow.send(&from_above(true)).unwrap();
    flow.send(&resume()).unwrap();
    assert_eq!(flow.state.status(), Running);
}

#[test]
fn a_child_run_that_nobody_waits_for_is_not_paused() {
    use attune_flow::program::Performer::Child;
    let input = json!({"ref": "ops.clean", "parameters": {}, "wait": false});
    let mut flow = begin(vec![action("a", "core.run_workflow", Child).input(input)]);
    let attempt = flow.attempt("a", None);
    let child = RunId(attempt.0);
    flow.send(&pause()).unwrap();
    let owed = flow.owed();
    assert!(owed.contains_key(&EffectKey::Attempt(attempt)));
    assert!(!owed.contains_key(&EffectKey::Pause(child)), "{owed:?}");
}

#[test]
fn a_workflow_may_be_named_by_the_input() {
    use attune_flow::program::Performer::Child;
    let task = |input| action("a", "core.run_workflow", Child).input(input);
    let flow = begin(vec![task(
        json!({"ref": "ops.clean", "parameters": {"x": 1}, "wait": false}),
    )]);
    let Some(Effect::OpenChild(order)) = flow.owed().into_values().next() else {
        panic!("an order");
    };
    assert_eq!(
        (order.action.as_str(), &order.parameters["x"], order.wait),
        ("ops.clean", &json!(1), false)
    );
    let wrong = begin(vec![task(json!({"ref": "nonsense"}))]);
    assert_eq!(wrong.state.error().unwrap().code, "input_invalid");
}

#[test]
fn runs_nest_only_so_deep() {
    let program = ProgramBuilder::new(vec![workflow("a")]).build();
    let mut deep = header(&program, JsonMap::new());
    deep.depth = 31;
    let mut flow = Flow::open_with(program, deep);
    flow.send(&Command::Begin).unwrap();
    assert_eq!(flow.state.error().unwrap().code, "depth_limit");
}

#[test]
fn a_native_action_is_owed_to_the_executor() {
    let mut flow = begin(vec![native("a").timeout(json!(5))]);
    let attempt = flow.attempt("a", None);
    assert!(matches!(
        flow.owed().get(&EffectKey::Attempt(attempt)),
        Some(Effect::Native(_))
    ));
    flow.ok("a", json!({"queued": true}));
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn what_this_build_cannot_do_fails_as_unavailable() {
    use attune_flow::program::Performer::Unavailable;
    let flow = begin(vec![
        action(
            "a",
            "core.inquiry",
            Unavailable {
                reason: "not yet".into(),
            },
        )
        .retry(3, 1),
    ]);
    assert_eq!(flow.state.error().unwrap().code, "unavailable");
}

#[test]
fn time_and_random_values_are_decided_once_and_recorded() {
    let flow = begin(vec![
        inline("a", Set).input(json!({"id": "{{ uuid() }}", "at": "{{ now() }}"})),
        inline("b", Set).input(json!({"id": "{{ uuid() }}"})),
    ]);
    let id = |name: &str| flow.find(name).unwrap().result["id"].clone();
    assert!(id("a").is_string());
    assert_ne!(id("a"), id("b"));
    let recorded = flow.events.iter().any(
        |event| matches!(event, Event::ExecutionEnded { result, .. } if result["id"] == id("a")),
    );
    assert!(recorded);
}

#[test]
fn a_sleep_longer_than_its_timeout_times_out_however_late_the_run_is_woken() {
    let mut flow = begin(vec![
        inline("nap", Sleep)
            .input(json!({"seconds": 10}))
            .timeout(json!(5))
            .on("timed_out()", &["noop"]),
    ]);
    flow.at = flow.at.checked_add(seconds(60)).unwrap();
    flow.send(&Command::Wake).unwrap();
    assert_eq!(flow.status("nap"), Some(TimedOut));
}

#[test]
fn system_attempt_is_the_number_of_the_attempt_that_is_spoken_of() {
    let mut flow = begin(vec![
        worker("a")
            .input(json!({"n": "{{ system.attempt }}"}))
            .retry(5, 0)
            .on_error("system.attempt < 2")
            .on("failed()", &["noop"])
            .publishing("tries", json!("{{ system.attempt }}")),
    ]);
    flow.fail("a", "x");
    assert_eq!(flow.find("a").unwrap().input.as_ref().unwrap()["n"], 2);
    flow.fail("a", "x");
    assert_eq!(flow.state.var("tries"), Some(&json!(2)));
}
