//! Every limit of a run as its header sets it: what meets it, and what is said then.

use attune_flow::program::InlineAction::{Noop, Set};
use attune_flow::program::{Program, RunLimits};
use attune_flow::run::{Command, Event};
use attune_testkit::flow::{
    Flow, ProgramBuilder, TaskBuilder, header, inline, parallel, succeeded, worker, workflow,
};
use attune_types::ErrorInfo;
use attune_types::ExecutionStatus::{Failed, Succeeded};
use serde_json::{Value, json};

fn limited(program: Program, parameters: Value, set: impl FnOnce(&mut RunLimits)) -> Flow {
    let Value::Object(parameters) = parameters else {
        panic!("parameters are a map")
    };
    let mut limits = RunLimits::default();
    set(&mut limits);
    let mut header = header(&program, parameters);
    header.limits = Some(limits);
    let mut flow = Flow::open_with(program, header);
    flow.send(&Command::Begin).unwrap();
    flow
}

fn error(tasks: Vec<TaskBuilder>, set: impl FnOnce(&mut RunLimits)) -> ErrorInfo {
    let flow = limited(
        ProgramBuilder::new(tasks).build(),
        json!({"text": "y".repeat(200)}),
        set,
    );
    assert_eq!(flow.state.status(), Failed);
    flow.state.error().unwrap().clone()
}

fn says(error: &ErrorInfo, code: &str, texts: &[&str]) {
    assert_eq!(error.code, code, "{}", error.message);
    for text in texts {
        assert!(error.message.contains(text), "{}", error.message);
    }
}

#[test]
fn activations() {
    let tasks = vec![
        inline("a", Noop).then(&["b"]),
        inline("b", Noop).then(&["b"]),
    ];
    let error = error(tasks, |limits| limits.activations = 50);
    says(
        &error,
        "activation_limit",
        &["limit of 50", "limits.activations"],
    );
}

#[test]
fn items() {
    let error = error(vec![inline("a", Noop).items(json!(11))], |limits| {
        limits.items = 10
    });
    says(
        &error,
        "item_limit",
        &["11 items", "limit of 10", "limits.items"],
    );
}

#[test]
fn payload() {
    let tasks = vec![inline("a", Set).input(json!({"x": "{{ parameters.text }}"}))];
    let error = error(tasks, |limits| limits.payload_bytes = 100);
    says(
        &error,
        "payload_limit",
        &["100 bytes", "limits.payload", "artifact"],
    );
}

#[test]
fn depth() {
    let error = error(vec![workflow("a")], |limits| limits.depth = 1);
    says(&error, "depth_limit", &["1 deep", "limits.depth"]);
}

#[test]
fn work_and_memory_of_an_expression() {
    let loops = "{% for i in range(end=90000) %}{{ i }}{% endfor %}";
    let task = |text: &str| vec![inline("a", Set).input(json!({"x": text}))];
    let slow = error(task(loops), |limits| limits.expression_steps = 20_000);
    says(&slow, "template", &["about 1 ms"]);
    let large = error(task("{{ range(end=50000) }}"), |limits| {
        limits.expression_bytes = 10 << 10
    });
    says(&large, "template", &["10 KiB"]);
    // What meets neither is as it was.
    let flow = limited(
        ProgramBuilder::new(task("{{ range(end=3) }}")).build(),
        json!({}),
        |limits| limits.expression_steps = 20_000,
    );
    assert_eq!(flow.state.output(), &json!({"x": [0, 1, 2]}));
}

#[test]
fn the_results_of_an_iteration_together() {
    let program =
        ProgramBuilder::new(vec![worker("a").items(json!(100)).items_with(|items| {
            items.concurrency = Some(attune_testkit::flow::template(json!(2)))
        })])
        .build();
    let mut flow = limited(program, json!({}), |limits| limits.payload_bytes = 100);
    for item in 0..3 {
        flow.finish_item("a", item, succeeded(json!("x".repeat(40))));
    }
    // No more begin; what still runs is stopped.
    assert!(
        flow.events
            .iter()
            .any(|event| matches!(event, Event::StopRequested { .. }))
    );
    flow.finish_item(
        "a",
        3,
        attune_flow::run::Outcome::Cancelled { process: None },
    );
    assert_eq!(flow.state.status(), Failed);
    let error = flow.state.error().unwrap();
    says(
        error,
        "payload_limit",
        &["items are together larger than 100 bytes", "limits.payload"],
    );
    assert!(flow.find("a").unwrap().is_ended());
}

#[test]
fn the_results_of_branches_together() {
    let branch = |name: &str| inline(name, Set).input(json!({"x": "y".repeat(60)}));
    let tasks = || vec![parallel("p", false, vec![branch("a"), branch("b")])];
    let found = error(tasks(), |limits| limits.payload_bytes = 100);
    says(&found, "payload_limit", &["2 branches", "limits.payload"]);
    let flow = limited(ProgramBuilder::new(tasks()).build(), json!({}), |_| {});
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_run_of_before_has_the_limits_of_its_program() {
    let program = ProgramBuilder::new(vec![inline("a", Noop).items(json!(11))])
        .with(|program| program.limits.items = 10)
        .build();
    let flow = Flow::begin(program.clone(), json!({}));
    says(flow.state.error().unwrap(), "item_limit", &["limit of 10"]);
    let flow = limited(program, json!({}), |limits| limits.items = 20);
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn limits_change_no_hash_and_no_stored_form() {
    let limits = serde_json::to_value(RunLimits::default()).unwrap();
    let keys: Vec<&String> = limits.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["activations", "items", "payload_bytes", "depth"]);
    let read: RunLimits = serde_json::from_value(limits).unwrap();
    assert_eq!(read, RunLimits::default());
}
