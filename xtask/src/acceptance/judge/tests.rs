//! Each word of `expect`, once where it holds and once where it does not.

use std::path::Path;

use attune_rest::{FieldProblem, Problem};

use super::*;
use crate::acceptance::case::Case;

fn expect(text: &str) -> Expect {
    Case::parse(
        Path::new("/packs/p/cases/c.yaml"),
        &format!("run: p.a\nexpect: {text}"),
    )
    .unwrap()
    .expect
}

fn seen() -> Observed {
    let row = |task: &str, activation: u64, status: &str, second: u64| {
        json!({"task": task, "activation": activation, "status": status, "item_index": null,
               "started_at": format!("2026-01-01T00:00:0{second}Z"), "result": {"exit_code": 0, "data": {"n": 1}}})
    };
    Observed {
        run: json!({
            "status": "failed", "result": {"n": 1, "more": 2}, "cost_usd": 0.15000000000000002,
            "labels": {"a": "b", "c": "d"},
            "error": {"code": "denied", "message": "on the list", "task": "third"},
        }),
        tasks: vec![
            row("first", 1, "succeeded", 1),
            row("second", 1, "failed", 2),
            row("second", 2, "succeeded", 3),
            row("third", 1, "failed", 4),
            json!({"task": "undo", "compensates": "first", "status": "succeeded", "result": {"data": {"undone": true}}}),
        ],
        inquiries: Vec::new(),
    }
}

#[track_caller]
fn holds(text: &str) {
    assert_eq!(run(&expect(text), &seen()), Vec::<String>::new());
}

#[track_caller]
fn fails(text: &str, saying: &str) {
    let wrong = run(&expect(text), &seen());
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].contains(saying), "{}", wrong[0]);
}

#[test]
fn the_status_of_the_run() {
    holds("{status: failed}");
    fails(
        "{status: succeeded}",
        "expected succeeded, but the run is failed",
    );
}

#[test]
fn the_output_is_a_subset() {
    holds("{output: {n: 1}}");
    fails("{output: {n: 2}}", "output.n: expected 2, was 1");
}

#[test]
fn the_status_of_tasks_and_their_absence() {
    holds("{tasks: {first: succeeded, second: succeeded, fourth: absent}}");
    fails(
        "{tasks: {second: failed}}",
        "tasks.second: expected failed, was succeeded",
    );
    fails("{tasks: {fourth: succeeded}}", "was absent");
    fails("{tasks: {third: absent}}", "expected absent, was failed");
}

#[test]
fn the_order_of_starts() {
    holds("{order: [first, second, third]}");
    fails("{order: [second, first]}", "first started before second");
    fails("{order: [first, fourth]}", "fourth never started");
}

#[test]
fn results_reach_into_data() {
    holds("{results: {first: {n: 1, exit_code: 0}}}");
    fails("{results: {first: {n: 2}}}", "results.first.n");
    fails("{results: {fourth: {n: 2}}}", "never started");
}

#[test]
fn the_number_of_activations() {
    holds("{started_once: [first]}");
    fails("{started_once: [second]}", "started 2 times");
    fails("{started_once: [fourth]}", "started 0 times");
}

#[test]
fn the_error_of_the_run() {
    holds("{error: {task: third, says: on the}}");
    holds("{error: {says: denied}}");
    fails("{error: {task: first}}", "error.task: expected first");
    fails("{error: {says: money}}", "expected `money`");
    let none = Observed {
        run: json!({"status": "succeeded"}),
        ..Observed::default()
    };
    assert!(run(&expect("{error: {task: first}}"), &none)[0].contains("the run has none"));
}

#[test]
fn cost_labels_and_compensation() {
    holds("{cost_usd: 0.15, labels: {a: b}, compensated: {first: {undone: true}}}");
    fails("{cost_usd: 0.16}", "expected 0.16");
    fails("{labels: {a: x}}", "labels.a");
    fails("{compensated: {second: {undone: true}}}", "nothing undid");
}

#[test]
fn a_refused_start() {
    let problem = |status| {
        Problem::new(status, "invalid", "Not valid", "one thing").with_errors(vec![
            FieldProblem::at("/name", "required", "`name` is Required"),
        ])
    };
    let answer = |status| Answer {
        request: "POST /executions".to_owned(),
        status,
        body: json!(problem(status)),
    };
    let one = |pointer: &str, says: &str| FieldComplaint {
        pointer: pointer.to_owned(),
        says: Some(says.to_owned()),
    };
    assert!(refusal(422, &[one("/name", "is required")], &answer(422)).is_empty());
    assert_eq!(
        refusal(
            422,
            &[one("/nmae", "unknown"), one("/name", "unknown")],
            &answer(422)
        )
        .len(),
        2
    );
    assert!(refusal(422, &[], &answer(201))[0].contains("accepted with 201"));
    assert!(refusal(422, &[], &answer(400))[0].contains("refused with 400"));
}

#[test]
fn a_rule_that_stays_silent_and_why() {
    let row = json!({"fired": false, "explanation": {"conditions": [
        {"field": "event.payload.a", "held": true}, {"field": "event.payload.b", "held": false}]}});
    let why = |field: &str| Why {
        failed: field.to_owned(),
    };
    assert!(silence("p.r", Some(&why("event.payload.b")), &row).is_empty());
    assert!(
        silence("p.r", Some(&why("event.payload.a")), &row)[0].contains("expected event.payload.a")
    );
    assert!(
        silence("p.r", None, &json!({"fired": true, "execution_id": "x"}))[0].contains("p.r fired")
    );
}
