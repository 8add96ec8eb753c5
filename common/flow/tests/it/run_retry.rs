//! Retrying a run that has ended: what went wrong is done again in place, what went well stays.

use attune_flow::program::InlineAction::{Noop, Set, Sleep};
use attune_flow::program::{Concurrency, Join, OnLimit, Tolerate};
use attune_flow::run::{Command, Effect, EffectKey, Event, Outcome, RunState, fold, outstanding};
use attune_template::{KeyRef, KeySet, KeyValue};
use attune_testkit::flow::{
    Flow, ProgramBuilder, TaskBuilder, failed, inline, parallel, succeeded, template, worker,
    workflow,
};
use attune_types::ExecutionStatus::{Cancelled, Failed, Running, Scheduled, Succeeded, TimedOut};
use attune_types::{AttemptId, Duration, RunId};
use serde_json::json;
use uuid::Uuid;

fn begin(tasks: Vec<TaskBuilder>) -> Flow {
    Flow::begin(ProgramBuilder::new(tasks).build(), json!({}))
}

fn retry(n: u128) -> Command {
    Command::Retry {
        by: "ann".into(),
        request: Uuid::from_u128(n),
        attempt: None,
    }
}

fn from_above(n: u128) -> Command {
    Command::Retry {
        by: "ann".into(),
        request: Uuid::from_u128(n),
        attempt: Some(AttemptId(Uuid::from_u128(n))),
    }
}

fn refusal(flow: &mut Flow, command: &Command) -> String {
    flow.send(command).unwrap_err().to_string()
}

fn attempts(flow: &Flow, task: &str) -> u32 {
    flow.find(task).unwrap().attempts
}

/// The key that was missing.
fn there(flow: &Flow) -> KeySet {
    let key = KeyRef::new(flow.program.reference.pack(), "missing");
    KeySet::closed([(key, KeyValue::Plain(json!(5)))])
}

/// Child runs that are owed, as (run, attempt number, whether an earlier one goes on).
fn children(flow: &Flow) -> Vec<(RunId, u32, bool)> {
    let owed = flow.owed().into_values();
    owed.filter_map(|effect| match effect {
        Effect::OpenChild(order) => Some((order.run, order.number, order.again.is_some())),
        _ => None,
    })
    .collect()
}

#[test]
fn what_failed_is_done_again_and_what_went_well_stays() {
    let mut flow = begin(vec![
        worker("build").on("succeeded()", &["ship"]),
        worker("ship")
            .input(json!({"image": "{{ task.build.result.image }}", "try": "{{ system.attempt }}"}))
            .on("succeeded()", &["tell"]),
        worker("tell"),
    ]);
    flow.ok("build", json!({"image": "a:1"}));
    flow.fail("ship", "boom");
    assert_eq!(flow.state.status(), Failed);
    let before = flow.find("ship").unwrap().id;
    let events = flow.send(&retry(1)).unwrap();
    assert!(
        matches!(&events[0], Event::RunRetried(it) if it.by == "ann" && !it.afresh && it.attempt.is_none())
    );
    assert_eq!(flow.state.status(), Running);
    assert_eq!((flow.state.error(), flow.state.ended_at()), (None, None));
    let ship = flow.find("ship").unwrap();
    assert_eq!((ship.id, ship.attempts, ship.activation), (before, 2, 1));
    let input = ship.input.as_deref().unwrap();
    assert_eq!((&input["image"], &input["try"]), (&json!("a:1"), &json!(2)));
    assert_eq!(attempts(&flow, "build"), 1, "its result stays");
    flow.ok("ship", json!({"ok": true}));
    flow.ok("tell", json!({"told": 1}));
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!(flow.state.output(), &json!({"told": 1}));
    assert_eq!(flow.state.retry_rounds(), 1);
}

#[test]
fn a_request_counts_once_also_after_the_next_end() {
    let mut flow = begin(vec![worker("a")]);
    flow.fail("a", "boom");
    assert!(!flow.send(&retry(1)).unwrap().is_empty());
    assert!(flow.send(&retry(1)).unwrap().is_empty(), "known");
    let busy = refusal(&mut flow, &retry(2));
    assert!(
        busy.contains("the run is running: only a run that has ended"),
        "{busy}"
    );
    flow.fail("a", "boom");
    assert_eq!(flow.state.status(), Failed);
    assert!(flow.send(&retry(1)).unwrap().is_empty(), "known for ever");
    assert!(!flow.send(&retry(3)).unwrap().is_empty());
    assert_eq!((attempts(&flow, "a"), flow.state.retry_rounds()), (3, 2));
}

#[test]
fn a_run_with_nothing_to_retry_says_so() {
    let mut well = begin(vec![inline("a", Noop)]);
    let why = refusal(&mut well, &retry(1));
    assert!(
        why.contains("the run succeeded: there is nothing to retry"),
        "{why}"
    );

    let mut undone = begin(vec![
        inline("a", Noop)
            .undo(inline("undo", Noop))
            .on("succeeded()", &["b"]),
        worker("b"),
    ]);
    undone.fail("b", "boom");
    let compensate = Command::Compensate {
        by: "ann".into(),
        request: Uuid::from_u128(9),
        attempt: None,
    };
    undone.send(&compensate).unwrap();
    let why = refusal(&mut undone, &retry(1));
    assert!(
        why.contains("the run is compensated: what it did was undone"),
        "{why}"
    );

    // Nobody failed: too few arrived.
    let mut stuck = begin(vec![
        inline("a", Noop).on("failed()", &["j"]),
        inline("b", Noop).on("succeeded()", &["j"]),
        inline("j", Noop).join(Join::Count(2)),
    ]);
    assert_eq!(stuck.state.error().unwrap().code, "join_unreachable");
    let why = refusal(&mut stuck, &retry(1));
    assert!(
        why.contains("nothing of the run can be done again") && why.contains("join_unreachable"),
        "{why}"
    );

    // What it was to reach is not known any more.
    let program = ProgramBuilder::new(vec![
        inline("a", Noop).then(&["b"]),
        inline("b", Noop).then(&["b"]),
    ])
    .with(|program| program.limits.activations = 5)
    .build();
    let mut endless = Flow::begin(program, json!({}));
    assert_eq!(endless.state.status(), Failed);
    let why = refusal(&mut endless, &retry(1));
    assert!(why.contains("activation_limit"), "{why}");
}

#[test]
fn what_was_stopped_or_never_begun_is_done_too() {
    let mut flow = begin(vec![
        worker("a"),
        worker("slow").delay(json!(60)),
        inline("nap", Sleep).input(json!({"seconds": 30})),
        worker("again").retry(3, 10),
    ]);
    flow.fail("again", "flaky");
    let cancel = Command::Cancel {
        by: "ann".into(),
        reason: Some("stop".into()),
    };
    flow.send(&cancel).unwrap();
    flow.finish("a", Outcome::Cancelled { process: None });
    assert_eq!(flow.state.status(), Cancelled);
    for (task, status) in [
        ("a", Cancelled),
        ("slow", Cancelled),
        ("nap", Cancelled),
        ("again", Failed),
    ] {
        assert_eq!(flow.status(task), Some(status), "{task}");
    }
    flow.send(&retry(1)).unwrap();
    assert_eq!(flow.state.status(), Running, "neither cancelled nor paused");
    assert_eq!(attempts(&flow, "a"), 2);
    flow.pass(Duration::from_secs(30));
    assert_eq!(
        flow.status("nap"),
        Some(Succeeded),
        "it sleeps its whole time"
    );
    flow.pass(Duration::from_secs(30));
    assert_eq!(
        flow.status("slow"),
        Some(Scheduled),
        "it waits its whole delay"
    );
    // Its attempts count on, its patience begins anew.
    flow.fail("again", "flaky");
    flow.pass(Duration::from_secs(10));
    assert_eq!(attempts(&flow, "again"), 3);
    for task in ["a", "slow", "again"] {
        flow.ok(task, json!(null));
    }
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn what_ended_while_the_run_was_failing_leads_on_now() {
    let mut flow = begin(vec![
        worker("bad"),
        worker("good")
            .on("succeeded()", &["next", "meet"])
            .publishing("seen", json!("{{ result().n }}")),
        worker("next"),
        worker("other").on("succeeded()", &["meet"]),
        inline("meet", Set)
            .input(json!({"n": "{{ vars.seen }}"}))
            .join(Join::All),
    ]);
    flow.fail("bad", "boom");
    flow.ok("good", json!({"n": 7}));
    flow.ok("other", json!({}));
    assert_eq!(
        (
            flow.state.status(),
            flow.status("next"),
            flow.status("meet")
        ),
        (Failed, None, None)
    );
    assert_eq!(
        flow.state.var("seen"),
        Some(&json!(7)),
        "published all the same"
    );
    flow.send(&retry(1)).unwrap();
    assert_eq!(flow.status("next"), Some(Scheduled));
    assert_eq!(flow.status("meet"), Some(Succeeded));
    assert_eq!(flow.find("meet").unwrap().result["n"], 7);
    flow.ok("next", json!({}));
    flow.ok("bad", json!({}));
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!((flow.activations("meet"), flow.activations("next")), (1, 1));
}

#[test]
fn a_failure_that_was_taken_care_of_stays_unless_the_run_was_over_by_then() {
    let tasks = || {
        vec![
            worker("a").on("failed()", &["mend"]),
            worker("mend"),
            worker("bad"),
        ]
    };
    let mut before = begin(tasks());
    before.fail("a", "boom");
    before.ok("mend", json!({}));
    before.fail("bad", "boom");
    before.send(&retry(1)).unwrap();
    assert_eq!((attempts(&before, "a"), attempts(&before, "mend")), (1, 1));
    before.ok("bad", json!({}));
    assert_eq!(before.state.status(), Succeeded);

    let mut after = begin(tasks());
    after.fail("bad", "boom");
    after.fail("a", "boom");
    assert_eq!(after.status("mend"), None);
    after.send(&retry(1)).unwrap();
    assert_eq!(attempts(&after, "a"), 2, "nothing had come of its failure");
    after.ok("a", json!({}));
    after.ok("bad", json!({}));
    assert_eq!(
        (after.state.status(), after.status("mend")),
        (Succeeded, None)
    );
}

#[test]
fn a_task_that_failed_the_run_by_fail_is_asked_again() {
    let mut flow = begin(vec![
        worker("check")
            .on("not result().fit", &["tell", "fail"])
            .on("result().fit", &["go"]),
        inline("tell", Noop),
        worker("go"),
    ]);
    flow.ok("check", json!({"fit": false}));
    assert_eq!(flow.state.status(), Failed);
    flow.send(&retry(1)).unwrap();
    flow.ok("check", json!({"fit": true}));
    flow.ok("go", json!({}));
    assert_eq!(
        (flow.state.status(), flow.activations("tell")),
        (Succeeded, 1)
    );
}

#[test]
fn of_items_only_those_that_did_not_go_well_are_done_again() {
    let mut flow = begin(vec![
        worker("each")
            .items(json!(["a", "b", "c", "d", "e"]))
            .input(json!({"it": "{{ item }}"}))
            .items_with(|items| {
                items.concurrency = Some(template(json!(2)));
                items.fail_fast = true;
                items.tolerate = Tolerate::Count(1);
            })
            .on("succeeded()", &["sum"]),
        inline("sum", Set).input(json!({
            "all": "{{ task.each.results }}", "ok": "{{ task.each.succeeded_count }}", "bad": "{{ task.each.failed_items }}"
        })),
    ]);
    flow.finish_item("each", 0, succeeded(json!(10)));
    flow.finish_item("each", 1, failed("boom"));
    flow.finish_item("each", 2, failed("boom"));
    flow.finish_item("each", 3, Outcome::Cancelled { process: None });
    assert_eq!(flow.state.error().unwrap().code, "items_failed");
    flow.send(&retry(1)).unwrap();
    let live = |flow: &Flow| -> Vec<u32> {
        flow.state
            .live()
            .iter()
            .filter_map(|live| live.item)
            .collect()
    };
    assert_eq!(live(&flow), [1, 2], "two at once, those that failed first");
    flow.finish_item("each", 1, succeeded(json!(11)));
    assert_eq!(live(&flow), [2, 3], "then the one that was stopped");
    flow.finish_item("each", 2, failed("boom"));
    assert_eq!(
        live(&flow),
        [3, 4],
        "one failure is tolerated, and then the one never begun"
    );
    flow.finish_item("each", 3, succeeded(json!(13)));
    flow.finish_item("each", 4, succeeded(json!(14)));
    assert_eq!(flow.state.status(), Succeeded);
    let sum = &flow.find("sum").unwrap().result;
    assert_eq!(sum["all"], json!([10, 11, null, 13, 14]));
    assert_eq!((&sum["ok"], &sum["bad"]), (&json!(4), &json!(["c"])));
    let tries: Vec<u32> = flow
        .state
        .in_order()
        .iter()
        .filter(|e| e.item.is_some())
        .map(|e| e.attempts)
        .collect();
    assert_eq!(tries, [1, 2, 2, 2, 1]);
}

#[test]
fn a_run_may_be_stopped_again_before_all_items_had_their_turn() {
    let mut flow = begin(vec![worker("each").items(json!(3)).items_with(|items| {
        items.concurrency = Some(template(json!(1)));
        items.tolerate = Tolerate::Count(0);
    })]);
    for item in 0..3 {
        flow.finish_item("each", item, failed("boom"));
    }
    flow.send(&retry(1)).unwrap();
    let cancel = Command::Cancel {
        by: "ann".into(),
        reason: None,
    };
    flow.send(&cancel).unwrap();
    flow.finish_item("each", 0, Outcome::Cancelled { process: None });
    assert_eq!(
        (flow.state.status(), flow.status("each")),
        (Cancelled, Some(Cancelled))
    );
    flow.send(&retry(2)).unwrap();
    for item in 0..3 {
        flow.finish_item("each", item, succeeded(json!(item)));
    }
    assert_eq!(flow.state.output(), &json!([0, 1, 2]));
}

#[test]
fn of_a_parallel_task_only_the_branches_that_did_not_go_well() {
    let mut flow = begin(vec![
        parallel(
            "all",
            true,
            vec![
                worker("x"),
                worker("y"),
                parallel("deep", false, vec![worker("p"), worker("q")]),
            ],
        )
        .timeout(json!(100)),
    ]);
    flow.ok("x", json!({"x": 1}));
    flow.ok("p", json!({"p": 1}));
    flow.fail("y", "boom");
    flow.finish("q", Outcome::Cancelled { process: None });
    assert_eq!(flow.state.status(), Failed);
    flow.send(&retry(1)).unwrap();
    assert_eq!(flow.state.live_count(), 4, "all, deep, y and q");
    assert_eq!(
        flow.state.wake_at(),
        flow.at.checked_add(Duration::from_secs(100)).ok(),
        "its time begins anew"
    );
    flow.ok("q", json!({"q": 1}));
    flow.ok("y", json!({"y": 1}));
    assert_eq!(
        flow.state.output(),
        &json!({"x": {"x": 1}, "y": {"y": 1}, "deep": {"p": {"p": 1}, "q": {"q": 1}}})
    );
    assert_eq!(
        (
            attempts(&flow, "x"),
            attempts(&flow, "p"),
            attempts(&flow, "y")
        ),
        (1, 1, 2)
    );
}

#[test]
fn a_late_branch_of_a_join_is_still_absorbed_after_a_retry() {
    let mut flow = begin(vec![
        worker("quick").on("succeeded()", &["j"]),
        worker("late").on("succeeded()", &["j"]),
        worker("bad"),
        worker("j").join(Join::Count(1)),
    ]);
    flow.ok("quick", json!({}));
    flow.ok("j", json!({}));
    let cancel = Command::Cancel {
        by: "ann".into(),
        reason: None,
    };
    flow.send(&cancel).unwrap();
    for task in ["late", "bad"] {
        flow.finish(task, Outcome::Cancelled { process: None });
    }
    flow.send(&retry(1)).unwrap();
    flow.ok("late", json!({}));
    flow.ok("bad", json!({}));
    assert_eq!((flow.state.status(), flow.activations("j")), (Succeeded, 1));
}

#[test]
fn the_time_of_the_run_begins_anew() {
    let program = ProgramBuilder::new(vec![worker("a")])
        .with(|program| program.timeout = Some(template(json!(60))))
        .build();
    let mut flow = Flow::begin(program, json!({}));
    flow.pass(Duration::from_secs(60));
    flow.finish("a", Outcome::Cancelled { process: None });
    assert_eq!(flow.state.status(), TimedOut);
    flow.pass(Duration::from_secs(1_000));
    flow.send(&retry(1)).unwrap();
    flow.pass(Duration::from_secs(59));
    assert_eq!(flow.state.status(), Running);
    flow.pass(Duration::from_secs(1));
    flow.finish("a", Outcome::Cancelled { process: None });
    assert_eq!(flow.state.status(), TimedOut);
    let said = &flow.state.error().unwrap().message;
    assert_eq!(said, "the run took longer than 1m00s");
}

#[test]
fn a_run_that_reached_no_task_begins_once_more() {
    let mut flow = Flow::open(
        ProgramBuilder::new(vec![inline("a", Set).input(json!({"v": "{{ vars.v }}"}))])
            .var("v", json!("{{ kv.get('missing') }}"))
            .build(),
        json!({}),
    );
    flow.keys = KeySet::closed(std::iter::empty());
    flow.send(&Command::Begin).unwrap();
    assert_eq!(flow.state.status(), Failed);
    flow.keys = there(&flow);
    let events = flow.send(&retry(1)).unwrap();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::RunRetried(it) if it.afresh))
    );
    assert_eq!(flow.state.output(), &json!({"v": 5}));

    let mut never = Flow::open(
        ProgramBuilder::new(vec![inline("a", Noop)]).build(),
        json!({}),
    );
    never
        .send(&Command::Cancel {
            by: "ann".into(),
            reason: None,
        })
        .unwrap();
    assert_eq!(never.state.status(), Cancelled);
    never.send(&retry(1)).unwrap();
    assert_eq!(never.state.status(), Succeeded);
}

#[test]
fn an_output_that_could_not_be_made_is_made_again() {
    let mut flow = Flow::open(
        ProgramBuilder::new(vec![inline("a", Noop)])
            .output("v", json!("{{ kv.get('missing') }}"))
            .build(),
        json!({}),
    );
    flow.keys = KeySet::closed(std::iter::empty());
    flow.send(&Command::Begin).unwrap();
    assert_eq!(flow.state.status(), Failed);
    flow.keys = there(&flow);
    flow.send(&retry(1)).unwrap();
    assert_eq!(
        (flow.state.status(), flow.state.output()),
        (Succeeded, &json!({"v": 5}))
    );
    assert_eq!(attempts(&flow, "a"), 1);
}

#[test]
fn its_place_among_its_like_is_asked_for_again() {
    let program = ProgramBuilder::new(vec![
        inline("a", Noop).on("succeeded()", &["j"]),
        worker("b").on("succeeded()", &["j"]),
        inline("j", Noop).join(Join::All),
    ])
    .with(|program| {
        program.concurrency = Some(Concurrency {
            limit: 1,
            key: None,
            on_limit: OnLimit::Reject,
        });
    })
    .build();
    let mut flow = Flow::begin(program, json!({}));
    flow.send(&Command::SlotGranted).unwrap();
    flow.fail("b", "boom");
    flow.send(&retry(1)).unwrap();
    assert_eq!(flow.state.status(), Scheduled);
    assert!(flow.owed().contains_key(&EffectKey::Slot));
    assert_eq!(
        (flow.status("b"), flow.status("j")),
        (Some(Failed), None),
        "nothing moves"
    );
    let refused = Command::SlotRefused {
        holders: vec![RunId(Uuid::from_u128(42))],
    };
    flow.send(&refused).unwrap();
    assert_eq!(flow.state.error().unwrap().code, "concurrency");
    flow.send(&retry(2)).unwrap();
    flow.send(&Command::SlotGranted).unwrap();
    flow.ok("b", json!({}));
    assert_eq!((flow.state.status(), flow.activations("j")), (Succeeded, 1));
}

#[test]
fn a_child_run_goes_on_itself_if_it_is_asked_for_the_same() {
    let mut flow = begin(vec![
        workflow("child").input(json!({"to": "prod"})).retry(1, 0),
    ]);
    let [(first, 1, false)] = children(&flow)[..] else {
        panic!("one child");
    };
    flow.fail("child", "boom");
    let [(second, 2, false)] = children(&flow)[..] else {
        panic!("its own retry opens a new one");
    };
    assert_ne!(first, second);
    flow.fail("child", "boom");
    flow.send(&retry(1)).unwrap();
    assert_eq!(children(&flow), [(second, 3, true)]);
    // What is said to it goes to the run that it is.
    flow.send(&Command::Pause { by: "ann".into() }).unwrap();
    assert!(flow.owed().contains_key(&EffectKey::Pause(second)));
    let waits = flow.state.waiting_for().join("; ");
    assert!(waits.contains(&second.to_string()), "{waits}");
    flow.send(&Command::Resume { by: "ann".into() }).unwrap();
    flow.send(&Command::Cancel {
        by: "ann".into(),
        reason: None,
    })
    .unwrap();
    let stops: Vec<RunId> = flow
        .owed()
        .into_values()
        .filter_map(|effect| match effect {
            Effect::CancelChild { run, .. } => Some(run),
            _ => None,
        })
        .collect();
    assert_eq!(stops, [second]);
    flow.finish("child", Outcome::Cancelled { process: None });
    flow.send(&retry(2)).unwrap();
    assert_eq!(
        children(&flow),
        [(second, 4, true)],
        "the same child as before"
    );
    flow.ok("child", json!({"done": true}));
    assert_eq!(flow.state.output(), &json!({"done": true}));
}

#[test]
fn another_input_is_another_child_run() {
    let mut flow = begin(vec![
        workflow("child").input(json!({"at": "{{ system.attempt }}"})),
    ]);
    let first = children(&flow)[0].0;
    flow.fail("child", "boom");
    flow.send(&retry(1)).unwrap();
    let [(second, 2, false)] = children(&flow)[..] else {
        panic!("a new child");
    };
    assert_ne!(first, second);
}

/// A run that has begun and is the work of the third attempt of a task, and that attempt.
fn below() -> (Flow, AttemptId) {
    let program = ProgramBuilder::new(vec![worker("a")]).build();
    let mut header = attune_testkit::flow::header(&program, serde_json::Map::new());
    let execution = attune_types::ExecutionId(Uuid::from_u128(2));
    header.parent = Some(attune_flow::run::Parent {
        run: RunId(Uuid::from_u128(1)),
        execution,
        attempt: 3,
        root: RunId(Uuid::from_u128(1)),
        secrets: None,
    });
    let mut child = Flow::open_with(program, header);
    child.send(&Command::Begin).unwrap();
    (child, execution.attempt(3))
}

#[test]
fn a_child_run_that_never_ended_is_joined_by_who_asks() {
    let (mut child, own) = below();
    let opened_for = Command::Retry {
        by: "ann".into(),
        request: own.uuid(),
        attempt: Some(own),
    };
    // Whoever opened it is told anyway.
    assert!(child.send(&opened_for).unwrap().is_empty());
    assert!(refusal(&mut child, &retry(1)).contains("only a run that has ended"));
    let joined = child.send(&from_above(7)).unwrap();
    assert!(matches!(&joined[..], [Event::RetryJoined(_)]));
    assert!(child.send(&from_above(7)).unwrap().is_empty());
    assert_eq!(child.state.retry_rounds(), 0);
    let replayed = RunState::replay(&child.events).unwrap();
    assert_eq!(replayed, child.state);
    child.fail("a", "boom");
    let seven = AttemptId(Uuid::from_u128(7));
    let answer = child.state.answer();
    assert!(matches!(answer, Some((asker, Outcome::Failed { .. })) if asker == seven));
    assert!(child.send(&opened_for).unwrap().is_empty());
    assert!(child.send(&from_above(7)).unwrap().is_empty());
}

#[test]
fn a_child_run_answers_the_attempt_that_asked() {
    let mut flow = begin(vec![worker("a")]);
    assert_eq!(flow.state.answer(), None);
    flow.fail("a", "boom");
    assert_eq!(flow.state.answer(), None, "it has no run above");

    let (mut child, own) = below();
    child.fail("a", "boom");
    assert_eq!(child.state.answer().map(|(attempt, _)| attempt), Some(own));
    // Somebody has it retried by hand: nobody waits. Then the run above asks too.
    child.send(&retry(1)).unwrap();
    assert_eq!(child.state.answer(), None);
    let joined = child.send(&from_above(7)).unwrap();
    assert!(matches!(&joined[..], [Event::RetryJoined(_)]));
    assert!(child.send(&from_above(7)).unwrap().is_empty());
    child.ok("a", json!({"n": 1}));
    let seven = AttemptId(Uuid::from_u128(7));
    assert_eq!(
        child.state.answer(),
        Some((seven, succeeded(json!({"n": 1}))))
    );
    // Asked once more by the run above, which may need its result anew: it ends as it did.
    let events = child.send(&from_above(8)).unwrap();
    assert!(matches!(
        &events[..],
        [Event::RunRetried(_), Event::RunEnded { .. }]
    ));
    let eight = AttemptId(Uuid::from_u128(8));
    assert_eq!(
        child.state.answer(),
        Some((eight, succeeded(json!({"n": 1}))))
    );
    assert_eq!(attempts(&child, "a"), 2);
}

#[test]
fn what_it_costs_is_told_once() {
    let mut flow = begin(vec![worker("a")]);
    let report = |attempt, cost| Command::Reported {
        attempt,
        number: 0,
        report: attune_flow::run::Report {
            cost_usd: Some(cost),
            ..Default::default()
        },
    };
    flow.send(&report(flow.attempt("a", None), 1.0)).unwrap();
    flow.fail("a", "boom");
    assert_eq!(flow.state.untold_cost_usd(), 1.0);
    flow.send(&from_above(1)).unwrap();
    flow.send(&report(flow.attempt("a", None), 0.5)).unwrap();
    flow.ok("a", json!(null));
    assert_eq!(
        (flow.state.cost_usd(), flow.state.untold_cost_usd()),
        (1.5, 0.5)
    );
    // What it cost while nobody up there waited is told to who waits next.
    let (mut child, _) = below();
    for (n, cost) in [(1, 1.0), (2, 0.5), (3, 0.25)] {
        child.send(&report(child.attempt("a", None), cost)).unwrap();
        child.fail("a", "boom");
        match n {
            1 => child.send(&retry(1)).unwrap(),
            2 => child.send(&from_above(2)).unwrap(),
            _ => break,
        };
    }
    assert_eq!(
        (child.state.cost_usd(), child.state.untold_cost_usd()),
        (1.75, 0.75)
    );
}

#[test]
fn a_retry_survives_a_crash_at_any_event() {
    let mut flow = begin(vec![
        worker("each").items(json!(3)).on("succeeded()", &["end"]),
        worker("held").on("succeeded()", &["end"]),
        inline("end", Noop),
    ]);
    flow.finish_item("each", 0, succeeded(json!(1)));
    flow.finish_item("each", 1, failed("boom"));
    flow.finish_item("each", 2, failed("boom"));
    flow.ok("held", json!({}));
    flow.send(&retry(1)).unwrap();
    flow.finish_item("each", 1, succeeded(json!(2)));
    for cut in 1..=flow.events.len() {
        let mut state = RunState::replay(&flow.events[..cut]).unwrap();
        let stored = serde_json::to_value(&state).unwrap();
        assert_eq!(serde_json::from_value::<RunState>(stored).unwrap(), state);
        for event in &flow.events[cut..] {
            (state, _) = fold(&flow.program, state, std::slice::from_ref(event));
        }
        assert_eq!(state, flow.state);
        assert_eq!(outstanding(&flow.program, &state), flow.owed());
    }
    assert_eq!(flow.state.status(), Running);
}
