//! A place among the runs of a workflow: asked for, waited for, granted, refused.

use attune_flow::program::InlineAction::Noop;
use attune_flow::program::{Concurrency, OnLimit, Program};
use attune_flow::run::{Command, Effect, EffectKey, Event};
use attune_testkit::flow::{Flow, ProgramBuilder, inline, template, worker};
use attune_types::ExecutionStatus::{Cancelled, Failed, Paused, Running, Scheduled, Succeeded};
use attune_types::{Duration, RunId};
use serde_json::json;
use uuid::Uuid;

fn program(on_limit: OnLimit, key: Option<&str>) -> Program {
    ProgramBuilder::new(vec![worker("a")])
        .with(|program| {
            program.concurrency = Some(Concurrency {
                limit: 1,
                key: key.map(|key| template(json!(key))),
                on_limit,
            });
        })
        .build()
}

fn waiting() -> Flow {
    Flow::begin(program(OnLimit::Queue, None), json!({}))
}

fn holder() -> RunId {
    RunId(Uuid::from_u128(42))
}

fn queued() -> Command {
    Command::SlotQueued {
        holders: vec![holder()],
    }
}

fn refused() -> Command {
    Command::SlotRefused {
        holders: vec![holder()],
    }
}

#[test]
fn a_run_owes_the_question_until_the_place_is_its_own() {
    let mut flow = Flow::begin(
        program(OnLimit::Queue, Some("{{ parameters.env }}-{{ 1 + 1 }}")),
        json!({"env": "prod"}),
    );
    assert_eq!(
        (flow.state.status(), flow.status("a")),
        (Scheduled, None),
        "nothing starts before"
    );
    assert_eq!(flow.state.started_at(), None);
    let owed = flow.owed();
    assert_eq!(owed.len(), 1);
    let Some(Effect::AcquireSlot(order)) = owed.get(&EffectKey::Slot) else {
        panic!("{owed:?}");
    };
    assert_eq!(
        (order.key.as_deref(), order.limit, order.workflow.as_str()),
        (Some("prod-2"), 1, "test.flow")
    );
    // Standing in line changes nothing about what is owed; it says who is before it.
    flow.send(&queued()).unwrap();
    assert_eq!(flow.owed(), owed);
    let waits = flow.state.waiting_for().join("; ");
    assert!(
        waits.contains("`prod-2`") && waits.contains(&holder().to_string()),
        "{waits}"
    );
    assert!(flow.send(&queued()).unwrap().is_empty(), "told twice");
    flow.pass(Duration::from_secs(5));
    flow.send(&Command::SlotGranted).unwrap();
    assert_eq!(
        (flow.state.status(), flow.status("a")),
        (Running, Some(Scheduled))
    );
    assert_eq!(flow.state.started_at(), Some(flow.at));
    assert!(!flow.owed().contains_key(&EffectKey::Slot));
    assert!(flow.send(&Command::SlotGranted).unwrap().is_empty());
    assert!(flow.send(&queued()).unwrap().is_empty());
    assert!(flow.send(&refused()).unwrap().is_empty());
    flow.ok("a", json!(1));
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_refused_run_fails_and_says_who_is_in_its_way() {
    let mut flow = Flow::begin(program(OnLimit::Reject, None), json!({}));
    flow.send(&refused()).unwrap();
    assert_eq!(flow.state.status(), Failed);
    let error = flow.state.error().unwrap();
    assert_eq!(error.code, "concurrency");
    assert!(error.message.contains("the limit of 1 run of `test.flow`"));
    assert!(error.message.contains(&holder().to_string()));
    assert_eq!(error.details["holders"], json!([holder()]));
    assert!(flow.order().is_empty());
}

#[test]
fn a_waiting_run_can_be_cancelled() {
    let mut flow = waiting();
    let by = "ann".to_owned();
    flow.send(&Command::Cancel { by, reason: None }).unwrap();
    assert_eq!(flow.state.status(), Cancelled);
    assert!(flow.send(&Command::SlotGranted).is_err());
    assert!(flow.owed().is_empty());
}

#[test]
fn a_place_granted_during_a_pause_is_used_after_it() {
    let mut flow = waiting();
    let by = || "ann".to_owned();
    flow.send(&Command::Pause { by: by() }).unwrap();
    assert_eq!(flow.state.status(), Paused);
    flow.send(&Command::SlotGranted).unwrap();
    assert!(
        !flow
            .owed()
            .keys()
            .any(|key| matches!(key, EffectKey::Attempt(_)))
    );
    flow.send(&Command::Resume { by: by() }).unwrap();
    assert_eq!(
        (flow.state.status(), flow.status("a")),
        (Running, Some(Scheduled))
    );
    let mut other = waiting();
    other.send(&Command::Pause { by: by() }).unwrap();
    other.send(&Command::Resume { by: by() }).unwrap();
    assert_eq!(other.state.status(), Scheduled);
    assert!(other.owed().contains_key(&EffectKey::Slot));
}

#[test]
fn the_time_of_a_run_also_passes_while_it_waits() {
    let mut program = program(OnLimit::Queue, None);
    program.timeout = Some(template(json!("1m")));
    let mut flow = Flow::begin(program.seal(), json!({}));
    flow.pass(Duration::from_secs(61));
    let error = flow.state.error().unwrap();
    assert_eq!(
        (
            flow.state.status().to_string().as_str(),
            error.code.as_str()
        ),
        ("timed_out", "timeout")
    );
    assert!(error.message.contains("1m"), "{}", error.message);
}

#[test]
fn a_key_that_cannot_be_had_fails_the_run() {
    for key in ["{{ parameters.nothing }}", "{{ [1] }}", "{{ 'x' * 0 }}"] {
        let flow = Flow::begin(program(OnLimit::Queue, Some(key)), json!({}));
        let error = flow.state.error().unwrap();
        assert_eq!(
            (flow.state.status(), error.code.as_str()),
            (Failed, "template")
        );
        assert!(
            error.message.starts_with("concurrency.key: "),
            "{}",
            error.message
        );
    }
    let long = "x".repeat(501);
    let flow = Flow::begin(program(OnLimit::Queue, Some(&long)), json!({}));
    assert!(flow.state.error().unwrap().message.contains("500 bytes"));
}

#[test]
fn what_is_said_of_a_place_nobody_asked_for_is_refused() {
    let mut flow = Flow::begin(ProgramBuilder::new(vec![worker("a")]).build(), json!({}));
    for command in [Command::SlotGranted, queued(), refused()] {
        assert!(flow.send(&command).is_err());
    }
}

#[test]
fn a_program_without_a_bound_keeps_its_hash_and_its_history() {
    let json = ProgramBuilder::new(vec![inline("a", Noop)])
        .build()
        .to_json();
    assert!(json.get("concurrency").is_none());
    let flow = Flow::begin(
        ProgramBuilder::new(vec![inline("a", Noop)]).build(),
        json!({}),
    );
    assert!(
        !flow
            .events
            .iter()
            .any(|event| matches!(event, Event::SlotRequested { .. }))
    );
    let bound = program(OnLimit::Reject, Some("{{ parameters.x }}"));
    let again = Program::from_json(bound.to_json()).unwrap();
    assert_eq!(again.to_json(), bound.to_json());
    assert_eq!(again.concurrency.unwrap().on_limit, OnLimit::Reject);
}
