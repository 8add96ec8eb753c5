//! Sequence, transitions, publishing, output, handled and unhandled failures, engine commands.

use attune_flow::program::InlineAction::{Fail, Noop, Set};
use attune_flow::program::{Compensate, Program, ProgramKind};
use attune_flow::run::{Command, Event, Outcome, ProcessInfo, Rejection};
use attune_pack::{ActionDef, Runner, Schema};
use attune_testkit::flow::{Flow, ProgramBuilder, TaskBuilder, inline, template, worker};
use attune_types::ExecutionStatus::{
    self, Failed, Running, Scheduled, Skipped, Succeeded, TimedOut,
};
use attune_types::{ErrorInfo, Ref};
use serde_json::json;

fn begin(builder: ProgramBuilder) -> Flow {
    Flow::begin(builder.build(), json!({}))
}

#[test]
fn two_tasks_in_sequence_give_the_output() {
    let program = ProgramBuilder::new(vec![
        worker("first")
            .on("succeeded()", &["second"])
            .publishing("text", json!("{{ task.first.result.text }}")),
        worker("second").input(json!({"name": "{{ text }} ({{ task.first.length }})"})),
    ])
    .var("started_by", json!("{{ system.identity.login }}"))
    .output("said", json!("{{ task.second.result.text }}"))
    .output("length", json!("{{ task.first.result.length }}"))
    .output("by", json!("{{ vars.started_by }}"))
    .build();
    let mut flow = Flow::begin(program, json!({"name": "Ann"}));
    assert_eq!(flow.status("first"), Some(Scheduled));
    assert_eq!(flow.status("second"), None);
    flow.send(&Command::AttemptStarted {
        attempt: flow.attempt("first", None),
        worker: "w".into(),
    })
    .unwrap();
    assert_eq!(flow.status("first"), Some(Running));
    flow.ok("first", json!({"text": "Hello Ann", "length": 9}));
    let input = flow.find("second").unwrap().input.clone().unwrap();
    assert_eq!(input["name"], "Hello Ann (9)");
    flow.ok("second", json!({"text": "Hello!"}));
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!(
        flow.state.output(),
        &json!({"said": "Hello!", "length": 9, "by": "tester"})
    );
    assert!(flow.owed().is_empty());
}

#[test]
fn a_chain_of_inline_tasks_is_decided_at_once_and_does_not_use_the_stack() {
    let names: Vec<String> = (0..3_000).map(|n| format!("t{n}")).collect();
    let tasks = (0..3_000)
        .map(|n| match names.get(n + 1) {
            Some(next) => inline(&names[n], Noop).then(&[next]),
            None => inline(&names[n], Noop),
        })
        .collect();
    let flow = begin(ProgramBuilder::new(tasks));
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!(flow.order().len(), 3_000);
}

#[test]
fn every_transition_that_holds_fires_and_none_switches_another_on() {
    let flow = begin(
        ProgramBuilder::new(vec![
            inline("a", Noop)
                .on("vars.n == 0", &["x"])
                .publishing("n", json!("{{ vars.n + 1 }}"))
                .on("vars.n == 1", &["y"])
                .then(&["z"])
                .publishing("seen", json!("{{ vars.n }}")),
            inline("x", Noop),
            inline("y", Noop),
            inline("z", Noop),
        ])
        .var("n", json!(0)),
    );
    assert_eq!(flow.order(), ["a", "x", "z"]);
    assert_eq!(flow.state.var("seen"), Some(&json!(1)));
}

#[test]
fn a_cycle_runs_lap_after_lap() {
    let flow = begin(
        ProgramBuilder::new(vec![
            inline("start", Noop).then(&["lap"]),
            inline("lap", Set)
                .input(json!({"n": "{{ vars.n }}"}))
                .on("vars.n < 4", &["lap"])
                .publishing("n", json!("{{ vars.n + 1 }}"))
                .on("vars.n >= 4", &["done"]),
            inline("done", Noop),
        ])
        .var("n", json!(0))
        .output("last", json!("{{ task.lap.result.n }}"))
        .output("all", json!("{{ task.lap.activations | length }}")),
    );
    assert_eq!(flow.state.error(), None);
    assert_eq!(flow.activations("lap"), 5);
    assert_eq!(flow.state.output(), &json!({"last": 4, "all": 5}));
}

#[test]
fn a_failure_without_a_transition_fails_the_run_and_one_with_a_transition_does_not() {
    type Row<'a> = (&'a [(&'a str, &'a str)], ExecutionStatus, &'a [&'a str]);
    let table: [Row<'_>; 5] = [
        (&[], Failed, &["a"]),
        (&[("succeeded()", "b")], Failed, &["a"]),
        (&[("failed()", "b")], Succeeded, &["a", "b"]),
        (&[("true", "b")], Succeeded, &["a", "b"]),
        (&[("timed_out()", "b")], Failed, &["a"]),
    ];
    for (transitions, status, order) in table {
        let mut a = inline("a", Fail).input(json!({"message": "no", "code": "boom"}));
        for (when, to) in transitions {
            a = a.on(when, &[to]);
        }
        let flow = begin(ProgramBuilder::new(vec![
            a,
            inline("b", Noop),
            inline("c", Noop).on("false", &["b"]),
        ]));
        let reached: Vec<&str> = flow
            .order()
            .into_iter()
            .filter(|name| *name != "c")
            .collect();
        assert_eq!(flow.state.status(), status, "{transitions:?}");
        assert_eq!(reached, order, "{transitions:?}");
        if status == Failed {
            let error = flow.state.error().unwrap();
            assert_eq!(
                (error.code.as_str(), error.task.as_deref()),
                ("boom", Some("a"))
            );
        }
    }
}

#[test]
fn a_transition_that_only_publishes_handles_a_failure_and_continue_does_not() {
    let with = |to: &[&str]| {
        begin(ProgramBuilder::new(vec![
            inline("a", Fail)
                .on("failed()", to)
                .publishing("x", json!(1)),
        ]))
    };
    assert_eq!(with(&[]).state.status(), Succeeded);
    assert_eq!(with(&["noop"]).state.status(), Succeeded);
    assert_eq!(with(&["continue"]).state.status(), Failed);
    assert_eq!(with(&["continue"]).state.var("x"), Some(&json!(1)));
}

#[test]
fn fail_waits_for_the_tasks_beside_it() {
    let mut flow = begin(ProgramBuilder::new(vec![
        inline("a", Noop).then(&["tell", "fail"]),
        worker("tell").then(&["never"]),
        inline("never", Noop),
    ]));
    assert_eq!(flow.state.status(), Running);
    flow.ok("tell", json!(null));
    assert_eq!(flow.state.status(), Failed);
    assert_eq!(flow.status("never"), None);
    assert_eq!(flow.state.error().unwrap().task.as_deref(), Some("a"));
    let alone = begin(ProgramBuilder::new(vec![inline("a", Noop).then(&["fail"])]));
    assert_eq!(alone.state.status(), Failed);
}

#[test]
fn retry_as_a_command_activates_the_task_again() {
    let mut flow = begin(
        ProgramBuilder::new(vec![
            worker("a")
                .on("failed() and vars.n < 2", &["retry"])
                .publishing("n", json!("{{ vars.n + 1 }}")),
        ])
        .var("n", json!(0)),
    );
    flow.fail("a", "x");
    flow.fail("a", "x");
    assert_eq!(flow.activations("a"), 3);
    flow.ok("a", json!(1));
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_skipped_task_lets_its_successors_go_on() {
    let flow = begin(ProgramBuilder::new(vec![
        inline("a", Fail)
            .when("{{ 1 > 2 }}")
            .on("succeeded()", &["b"])
            .on("skipped()", &["c"])
            .on("failed()", &["d"]),
        inline("b", Noop),
        inline("c", Noop),
        inline("d", Noop),
    ]));
    assert_eq!(flow.status("a"), Some(Skipped));
    assert_eq!(flow.order(), ["a", "b", "c"]);
    assert_eq!(flow.state.status(), Succeeded);
}

#[test]
fn a_template_that_cannot_be_evaluated_fails_the_task_which_may_be_handled() {
    let mut cases = vec![
        inline("a", Noop).input(json!({"x": "{{ vars.nothing }}"})),
        inline("a", Noop).when("vars.nothing > 1"),
        inline("a", Noop).delay(json!("{{ vars.nothing }}")),
        inline("a", Noop).items(json!("{{ vars.nothing }}")),
        worker("a").timeout(json!("{{ vars.nothing }}")),
        inline("a", Noop).on("vars.nothing", &["b"]),
        inline("a", Noop)
            .on("succeeded()", &[])
            .publishing("y", json!("{{ vars.nothing }}")),
    ];
    for case in cases.drain(..) {
        let unhandled = begin(ProgramBuilder::new(vec![
            case.clone(),
            inline("b", Noop).on("false", &["b"]),
        ]));
        let error = unhandled.state.error().expect("it fails").clone();
        assert_eq!(
            (error.code.as_str(), error.task.as_deref()),
            ("template", Some("a")),
            "{case:?}"
        );
        assert!(error.message.contains("nothing"), "{error:?}");
        assert_eq!(unhandled.status("a"), Some(Failed));
    }
    let handled = begin(ProgramBuilder::new(vec![
        inline("a", Noop)
            .on("succeeded()", &[])
            .publishing("y", json!("{{ vars.nothing }}"))
            .on("failed()", &["b"]),
        inline("b", Noop),
    ]));
    assert_eq!(
        handled.state.status(),
        Succeeded,
        "{:?}",
        handled.state.error()
    );
    assert_eq!(
        (handled.status("a"), handled.status("b")),
        (Some(Failed), Some(Succeeded))
    );
}

#[test]
fn a_condition_that_cannot_be_evaluated_does_not_keep_others_from_handling_the_failure() {
    let flow = begin(ProgramBuilder::new(vec![
        inline("a", Noop)
            .on("result().v > 1", &["b"])
            .on("failed()", &["c"]),
        inline("b", Noop),
        inline("c", Noop),
    ]));
    assert_eq!(flow.state.status(), Succeeded);
    assert_eq!(flow.order(), ["a", "c"]);
    let error = flow.find("a").unwrap().error.clone().unwrap();
    assert_eq!(error.code, "template");
}

#[test]
fn a_failure_keeps_its_error_when_a_transition_cannot_be_told() {
    let task = |next: TaskBuilder| {
        begin(ProgramBuilder::new(vec![
            next,
            inline("b", Noop),
            inline("c", Noop),
        ]))
    };
    let mut handled = task(
        worker("a")
            .on("result().v > 1", &["b"])
            .on("timed_out()", &["c"]),
    );
    handled.finish(
        "a",
        Outcome::TimedOut {
            error: ErrorInfo::new("timeout", "late"),
            process: None,
        },
    );
    assert_eq!(handled.status("a"), Some(TimedOut));
    assert_eq!(handled.status("c"), Some(Succeeded));
    let error = handled.find("a").unwrap().error.clone().unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("timeout", "late")
    );
    assert!(
        error.details["not_taken"]
            .as_str()
            .unwrap()
            .contains("next[0].when")
    );

    let unhandled = task(
        inline("a", Fail)
            .on("failed()", &["c"])
            .publishing("x", json!("{{ error.nothing }}"))
            .on("succeeded()", &["b"]),
    );
    let error = unhandled.state.error().unwrap();
    assert_eq!(
        (error.code.as_str(), unhandled.status("c")),
        ("failed", None)
    );
    assert!(
        error.message.contains("next[0].publish.x"),
        "{}",
        error.message
    );
}

#[test]
fn wrong_variables_fail_the_run_at_once() {
    let flow = begin(
        ProgramBuilder::new(vec![inline("a", Noop)]).var("x", json!("{{ parameters.none }}")),
    );
    assert_eq!(flow.state.status(), Failed);
    assert!(flow.state.error().unwrap().message.starts_with("vars.x"));
    assert_eq!(flow.status("a"), None);
}

#[test]
fn an_error_in_the_output_fails_the_run_naming_the_key_and_failures_keep_what_there_is() {
    let wrong = begin(
        ProgramBuilder::new(vec![inline("a", Noop)])
            .output("good", json!(1))
            .output("bad", json!("{{ task.b.result }}")),
    );
    let error = wrong.state.error().unwrap();
    assert_eq!(error.code, "template");
    assert!(
        error.message.starts_with("output_map.bad"),
        "{}",
        error.message
    );
    let failed = begin(
        ProgramBuilder::new(vec![inline("a", Fail)])
            .output("good", json!(1))
            .output("bad", json!("{{ task.b.result }}")),
    );
    assert_eq!(failed.state.error().unwrap().code, "failed");
    assert_eq!(failed.state.output(), &json!({"good": 1}));
}

#[test]
fn schemas_hold_for_inputs_results_and_outputs() {
    let task = |input| {
        worker("a").input(input).schemas(
            json!({"n": {"type": "integer", "required": true}, "m": {"type": "integer", "default": 7}}),
            json!({"ok": {"type": "boolean", "required": true}}),
        )
    };
    let bad = begin(ProgramBuilder::new(vec![task(
        json!({"n": "x", "extra": 1}),
    )]));
    let error = bad.state.error().unwrap();
    assert_eq!(error.code, "input_invalid");
    assert_eq!(
        error.details["errors"].as_array().map(Vec::len),
        Some(2),
        "{error:?}"
    );
    let mut good = begin(
        ProgramBuilder::new(vec![task(json!({"n": 1}))]).with(|program| {
            program.output_map = Some(vec![("n".into(), template(json!("text")))]);
            program.output = Some(Schema::from_json(json!({"n": {"type": "integer"}})).unwrap());
        }),
    );
    assert_eq!(good.find("a").unwrap().input.as_deref().unwrap()["m"], 7);
    let mut wrong = good.clone();
    wrong.ok("a", json!({"ok": "yes"}));
    assert_eq!(wrong.state.error().unwrap().code, "output_invalid");
    assert_eq!(wrong.status("a"), Some(Failed));
    good.ok("a", json!({"ok": true}));
    let error = good.state.error().unwrap();
    assert_eq!(
        (
            good.state.status(),
            error.code.as_str(),
            error.task.as_deref()
        ),
        (Failed, "output_invalid", None)
    );
}

#[test]
fn what_is_known_of_a_process_stands_beside_its_data() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a").on("failed()", &["b"]),
        inline("b", Set).input(json!({
            "code": "{{ task.a.result.exit_code }}",
            "error_code": "{{ task.a.error.exit_code }}",
            "own": "{{ task.a.stdout }}",
            "value": "{{ task.a.result.value }}",
            "data": "{{ task.a.result.data }}",
        })),
    ]));
    flow.finish(
        "a",
        Outcome::Failed {
            error: ErrorInfo::new("exit_status", "ended with 3"),
            result: json!({"value": 5, "stdout": "own"}),
            process: Some(ProcessInfo {
                exit_code: Some(3),
                stdout: "raw".into(),
                stderr: "bad".into(),
                duration_ms: 4,
            }),
        },
    );
    assert_eq!(
        flow.state.output(),
        &json!({"code": 3, "error_code": 3, "own": "own", "value": 5, "data": {"value": 5, "stdout": "own"}})
    );
}

#[test]
fn the_program_of_one_action_ends_as_its_task_does() {
    let mut action = ActionDef::new(Ref::parse("disk.usage").unwrap(), Runner::Shell);
    action.entry_point = Some("actions/usage.sh".into());
    action.parameters =
        Schema::from_json(json!({"path": {"type": "string", "default": "/"}})).unwrap();
    let program = Program::of_action(&action, "1.2.0");
    assert_eq!(program.kind, ProgramKind::Action);
    let mut flow = Flow::begin(program.clone(), json!({"path": "/tmp"}));
    assert_eq!(
        flow.find("usage").unwrap().input.as_deref().unwrap()["path"],
        "/tmp"
    );
    let mut late = flow.clone();
    flow.ok("usage", json!({"used": 12}));
    assert_eq!(
        (flow.state.status(), flow.state.output()),
        (Succeeded, &json!({"used": 12}))
    );
    late.finish(
        "usage",
        Outcome::TimedOut {
            error: ErrorInfo::new("timeout", "too long"),
            process: None,
        },
    );
    assert_eq!(
        (
            late.state.status(),
            late.state.error().unwrap().code.as_str()
        ),
        (TimedOut, "timeout")
    );
    let again = Program::from_json(program.to_json()).unwrap();
    assert_eq!(again.hash, program.hash);
    assert_eq!(again.clone().seal().hash, program.hash);
    assert_eq!(again.graph.entries(), program.graph.entries());
}

#[test]
fn a_program_survives_its_stored_form_and_its_hash_follows_its_content() {
    let build = |value: i64| {
        ProgramBuilder::new(vec![
            worker("a")
                .when("vars.x == 1")
                .retry(2, 3)
                .on_error("error.code == 'x'")
                .items(json!([1]))
                .then(&["b"]),
            inline("b", Noop)
                .on("failed()", &["noop"])
                .publishing("y", json!("{{ vars.x }}")),
        ])
        .var("x", json!(value))
        .with(|program| {
            program.tasks[0].compensate = Some(Compensate::Task(attune_flow::program::TaskIx(1)));
        })
        .build()
    };
    let program = build(1);
    let stored = program.to_json();
    let read = Program::from_json(stored.clone()).unwrap();
    assert_eq!(read.to_json(), stored);
    assert_eq!(read.hash, program.hash);
    assert_ne!(build(2).hash, program.hash);
    let mut broken = stored;
    broken["vars"][0][1] = json!("{{ oh no");
    assert!(!Program::from_json(broken).unwrap_err().intact);
}

#[test]
fn a_program_of_a_newer_build_is_not_taken_for_a_broken_one() {
    use sha2::Digest as _;
    let mut newer = ProgramBuilder::new(vec![worker("a")]).build().to_json();
    newer["on_failure"] = json!("think_about_it");
    newer.as_object_mut().unwrap().remove("hash");
    let digest = sha2::Sha256::digest(attune_types::canonical_json(&newer).as_bytes());
    newer["hash"] = json!(hex::encode(digest));
    let error = Program::from_json(newer.clone()).unwrap_err();
    assert!(error.intact, "{error}");
    newer["version"] = json!("9.9.9");
    assert!(!Program::from_json(newer).unwrap_err().intact);
}

#[test]
fn what_has_ended_takes_no_more_commands_and_repetitions_add_nothing() {
    let mut flow = begin(ProgramBuilder::new(vec![
        worker("a").then(&["b"]),
        worker("b"),
    ]));
    assert_eq!(flow.send(&Command::Begin), Ok(vec![]));
    assert_eq!(flow.send(&Command::Wake), Ok(vec![]));
    let attempt = flow.attempt("a", None);
    let finish = Command::AttemptFinished {
        attempt,
        outcome: attune_testkit::flow::succeeded(json!(1)),
    };
    assert!(flow.send(&finish).is_ok());
    assert_eq!(
        flow.send(&finish),
        Err(Rejection::ClosedAttempt { attempt })
    );
    let stranger = attune_types::AttemptId(uuid::Uuid::nil());
    assert_eq!(
        flow.send(&Command::AttemptLost {
            attempt: stranger,
            reason: "?".into()
        }),
        Err(Rejection::UnknownAttempt { attempt: stranger })
    );
    flow.ok("b", json!(2));
    assert_eq!(
        flow.send(&finish),
        Err(Rejection::Ended { status: Succeeded })
    );
    assert!(matches!(flow.events.last(), Some(Event::RunEnded { .. })));
}

#[test]
fn a_task_is_tagged_when_it_starts() {
    let tagged = |text: &str| {
        let program = ProgramBuilder::new(vec![
            inline("a", Set).input(json!({"order": 17})).then(&["b"]),
            worker("b").items(json!(2)).tagged(json!(text)),
        ])
        .with(|program| program.trace_tag = Some(template(json!("run {{ parameters.of }}"))));
        Flow::begin(program.build(), json!({"of": "x"}))
    };
    let flow = tagged("order-{{ task.a.result.order }}");
    let of_b = flow.find("b").unwrap();
    assert_eq!(of_b.trace_tag.as_deref(), Some("order-17"));
    let rows: Vec<Option<String>> = flow.state.executions().map(|row| row.trace_tag).collect();
    // The run, `a`, `b`, and the items, which are found through their task.
    let (run, tag) = (Some("run x".to_owned()), Some("order-17".to_owned()));
    assert_eq!(rows, [run, None, tag, None, None]);
    assert!(
        tagged("{{ parameters.nowhere | default(value=none) }}")
            .find("b")
            .unwrap()
            .trace_tag
            .is_none()
    );
    let wrong = tagged("{{ task.a.result.nowhere }}");
    assert_eq!(wrong.state.error().unwrap().code, "template");
    let long = tagged(&"x".repeat(1_001));
    assert_eq!(long.state.error().unwrap().code, "payload_limit");
}

#[test]
fn tasks_reached_together_start_before_one_of_them_can_fail_the_run() {
    let broken = || inline("bad", Fail).input(json!({"message": "no"}));
    let entries = vec![broken(), worker("long").then(&["more"]), worker("more")];
    let targets = vec![
        inline("first", Noop).then(&["bad", "long"]),
        broken(),
        worker("long").then(&["more"]),
        worker("more"),
    ];
    for tasks in [entries, targets] {
        let mut flow = begin(ProgramBuilder::new(tasks));
        assert_eq!(flow.status("bad"), Some(Failed));
        assert_eq!(flow.status("long"), Some(Scheduled));
        assert!(!flow.state.status().is_terminal(), "what runs may finish");
        flow.ok("long", json!(1));
        assert_eq!(flow.status("long"), Some(Succeeded));
        assert_eq!(flow.status("more"), None, "nothing new starts");
        assert_eq!(flow.state.status(), Failed);
        assert_eq!(flow.state.error().unwrap().message, "no");
    }
}
