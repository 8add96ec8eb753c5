//! What is made of a definition: shorthands folded, defaults taken over, dialects alike.

use crate::check_support::{catalogue, check, errors, layered};
use attune_flow::check::{
    compile, compile_graph, compile_inline, compile_pack, outline, pointer_of,
};
use attune_flow::program::{Join, OnLimit, Performer, Program, Target, TaskIx, Tolerate, Work};
use attune_pack::{Runner, from_files};
use attune_types::Duration;
use serde_json::json;
use std::collections::BTreeMap;

fn program(graph: &str) -> Program {
    check(graph)
        .unwrap_or_else(|found| panic!("{found}"))
        .program
}

/// The transitions of a task as text: condition, published names, targets.
fn ways(program: &Program, task: &str) -> Vec<String> {
    let task = program
        .tasks
        .iter()
        .find(|found| found.name == task)
        .unwrap();
    task.next
        .iter()
        .map(|next| {
            let when = next.when.as_ref().map_or("always".to_owned(), |when| {
                when.source()
                    .as_str()
                    .map_or_else(|| when.source().to_string(), str::to_owned)
            });
            let publish: Vec<&str> = next.publish.iter().map(|(name, _)| name.as_str()).collect();
            let to: Vec<String> = next
                .to
                .iter()
                .map(|target| match target {
                    Target::Task(ix) => program.task(*ix).unwrap().name.clone(),
                    command => format!("{command:?}").to_lowercase(),
                })
                .collect();
            format!("{when} / {} / {}", publish.join(","), to.join(","))
        })
        .collect()
}

#[test]
fn a_task_may_choose_its_workers_by_labels() {
    let program = check(
        "tasks:\n  - {name: a, action: ci.build, input: {app: x}, worker_selector: {gpu: a100, fast: true, n: 2}}\n",
    )
    .unwrap()
    .program;
    let Work::Action(call) = &program.tasks[0].work else {
        panic!("an action")
    };
    let Performer::Worker { pool, selector, .. } = &call.performer else {
        panic!("on a worker")
    };
    assert_eq!(pool, "default");
    let labels = attune_types::labels_text(selector);
    assert_eq!(labels, "fast=true, gpu=a100, n=2");
    let again = Program::from_json(program.to_json()).unwrap();
    assert_eq!(again.to_json(), program.to_json());
}

#[test]
fn a_bound_on_runs_has_two_forms() {
    let bound = |text: &str| {
        let graph = format!("concurrency: {text}\ntasks: [{{name: a, action: core.noop}}]\n");
        check(&graph).unwrap().program.concurrency.unwrap()
    };
    let plain = bound("3");
    assert_eq!((plain.limit, plain.on_limit), (3, OnLimit::Queue));
    assert!(plain.key.is_none());
    let long = bound("{limit: 1, key: \"{{ system.identity.login }}\", on_limit: cancel_oldest}");
    assert_eq!((long.limit, long.on_limit), (1, OnLimit::CancelOldest));
    assert!(long.key.is_some());
}

#[test]
fn list_and_map_of_tasks_are_one_program() {
    let list = program(
        "tasks:\n  - name: a\n    action: core.noop\n    on_success: b\n  - name: b\n    action: core.noop\n",
    );
    let map = program(
        "tasks:\n  a:\n    action: core.noop\n    next: [{when: succeeded(), do: [b]}]\n  b: {action: core.noop}\n",
    );
    assert_eq!(list.hash, map.hash);
    assert_eq!(list.graph.entries(), [TaskIx(0)]);
}

#[test]
fn shorthands_become_transitions() {
    let made = program(
        "tasks:
  - name: a
    action: core.noop
    publish: [{x: 1}, {y: 2}]
    on_success: [b, c]
    on_failure: c
    on_timeout: fail
    on_complete: d
  - {name: b, action: core.noop}
  - {name: c, action: core.noop}
  - {name: d, action: core.noop}
",
    );
    assert_eq!(
        ways(&made, "a"),
        [
            "succeeded() / x,y / b,c",
            "failed() /  / c",
            "timed_out() /  / fail",
            "always /  / d",
        ]
    );
}

#[test]
fn publish_of_a_task_is_written_after_success_and_before_what_next_says() {
    let made = program(
        "tasks:
  - name: a
    action: core.noop
    publish: {x: 1}
    next:
      - {do: b, publish: {x: 2}}
  - {name: b, action: core.noop, publish: {z: 1}}
",
    );
    assert_eq!(ways(&made, "a"), ["succeeded() / x / ", "always / x / b"]);
    assert_eq!(ways(&made, "b"), ["succeeded() / z / "]);
}

#[test]
fn a_decision_takes_the_first_branch_that_holds() {
    let made = program(
        "tasks:
  - name: a
    action: core.noop
    decision:
      - {next: d, default: true}
      - {when: \"{{ 1 > 2 }}\", next: b}
      - {when: 'true or false', next: [c, d]}
  - {name: b, action: core.noop}
  - {name: c, action: core.noop}
  - {name: d, action: core.noop}
",
    );
    assert_eq!(
        ways(&made, "a"),
        [
            "succeeded() and (1 > 2) /  / b",
            "succeeded() and not ((1 > 2)) and (true or false) /  / c,d",
            "succeeded() and not ((1 > 2) or (true or false)) /  / d",
        ]
    );
}

#[test]
fn conditions_made_of_shorthands_hold_when_they_should() {
    use attune_template::{Ambient, MapScope, Root};
    use attune_types::{ExecutionStatus, JsonValue, Timestamp};
    let made = program(
        "vars: {n: 0}
tasks:
  - name: a
    action: core.noop
    on_failure: c
    on_timeout: d
    decision:
      - {when: \"{{ vars.n == 1 or vars.n == 4 }}\", next: b}
      - {when: vars.n == 2, next: c}
      - {when: true, next: d}
      - {default: b}
  - {name: b, action: core.noop}
  - {name: c, action: core.noop}
  - {name: d, action: core.noop}
",
    );
    let fires = |status: ExecutionStatus, n: i64| -> Vec<usize> {
        let ambient = Ambient {
            now: Timestamp::UNIX_EPOCH,
            entropy: [0; 16],
        };
        let scope = MapScope::new(ambient)
            .with_member(Root::Vars, "n", n.into())
            .with_outcome(status, JsonValue::Null, None);
        let next = made.tasks[0].next.iter().enumerate();
        next.filter(|(_, next)| next.when.as_ref().unwrap().test(&scope).unwrap())
            .map(|(at, _)| at)
            .collect()
    };
    // In order: failed, timed out, the three conditions, the default.
    assert_eq!(fires(ExecutionStatus::Failed, 1), [0]);
    assert_eq!(fires(ExecutionStatus::TimedOut, 1), [1]);
    assert_eq!(fires(ExecutionStatus::Succeeded, 1), [2]);
    assert_eq!(fires(ExecutionStatus::Succeeded, 4), [2]);
    assert_eq!(fires(ExecutionStatus::Succeeded, 2), [3]);
    assert_eq!(fires(ExecutionStatus::Skipped, 3), [4]);
}

#[test]
fn a_decision_may_have_many_branches() {
    let mut text =
        "vars: {n: 0}\ntasks:\n  - name: a\n    action: core.noop\n    decision:\n".to_owned();
    for n in 0..49 {
        text.push_str(&format!("      - {{when: vars.n == {n}, next: b}}\n"));
    }
    text.push_str("      - default: b\n  - {name: b, action: core.noop}\n");
    assert_eq!(program(&text).tasks[0].next.len(), 50);
}

#[test]
fn a_thousand_tasks_are_checked_in_time_that_a_person_waits() {
    let mut text = "tasks:\n".to_owned();
    for n in 0..1_000 {
        let before = n - 1;
        let input = if n > 0 {
            format!("{{{{ task.t{before}.result.x }}}}")
        } else {
            "1".to_owned()
        };
        let next = if n < 999 {
            format!(", on_success: t{}", n + 1)
        } else {
            String::new()
        };
        text.push_str(&format!(
            "  - {{name: t{n}, action: core.set, input: {{x: '{input}'}}, publish: {{v: {n}}}{next}}}\n"
        ));
    }
    assert_eq!(program(&text).tasks.len(), 1_000);
}

#[test]
fn defaults_come_from_the_workflow_then_from_the_action() {
    let made = program(
        "tasks:
  - {name: a, action: ci.build, input: {app: x}}
  - {name: b, action: ci.build, input: {app: x}, timeout: 5m, idempotent: false, pool: big}
",
    );
    let [a, b] = made.tasks.as_slice() else {
        panic!()
    };
    assert_eq!(a.timeout.as_ref().unwrap().source(), &json!(90.0));
    assert_eq!(b.timeout.as_ref().unwrap().source(), &json!("5m"));
    assert_eq!((a.idempotent, b.idempotent), (true, false));
    assert_eq!(a.retry.as_ref().unwrap().delay, Duration::from_secs(2));
    let Work::Action(call) = &b.work else {
        panic!()
    };
    assert!(matches!(&call.performer, Performer::Worker { pool, .. } if pool == "big"));

    let made =
        program("retry: {count: 7}\ntasks:\n  - {name: a, action: ci.build, input: {app: x}}\n");
    assert_eq!(made.tasks[0].retry.as_ref().unwrap().count, 7);
}

#[test]
fn iterations_joins_and_parallel_tasks_are_read() {
    let made = program(
        "tasks:
  - name: all
    type: parallel
    fail_fast: true
    tasks:
      one: {action: core.noop}
      two: {action: core.noop, publish: {x: 1}}
    on_success: each
  - name: each
    action: core.set
    with_items: {items: [1, 2], as: n, tolerate: 20 %, fail_fast: true}
    concurrency: 2
    batch_size: \"{{ vars.x }}\"
    input: {n: \"{{ n }}\", i: \"{{ index }}\"}
    on_complete: gate
  - {name: gate, action: core.noop, join: any}
",
    );
    let Work::Parallel {
        children,
        fail_fast,
    } = &made.tasks[0].work
    else {
        panic!()
    };
    assert_eq!(
        (children.as_slice(), *fail_fast),
        (&[TaskIx(1), TaskIx(2)][..], true)
    );
    assert_eq!(made.tasks[2].branch_of, Some(TaskIx(0)));
    let items = made.tasks[3].items.as_ref().unwrap();
    assert_eq!(
        (items.name.as_str(), items.tolerate),
        ("n", Tolerate::Percent(20.0))
    );
    assert_eq!(items.concurrency.as_ref().unwrap().source(), &json!(2));
    assert_eq!(made.tasks[4].join, Some(Join::Count(1)));
    assert_eq!(made.graph.entries(), [TaskIx(0)]);
}

#[test]
fn children_of_an_iterated_parallel_task_see_its_item() {
    let made = program(
        "tasks:
  - name: all
    type: parallel
    with_items: [1, 2]
    retry: {count: 1}
    tasks:
      - {name: one, action: core.set, when: item > 1, input: {n: \"{{ item }} {{ index }}\"}, publish: {x: \"{{ item }}\"}}
",
    );
    assert!(made.tasks[0].items.is_some() && made.tasks[0].retry.is_some());
}

#[test]
fn a_graph_file_takes_what_describes_it_from_its_action() {
    let pack = from_files([
        ("pack.yaml", "ref: ci\nlabel: CI\nversion: 3.0.0\n"),
        (
            "actions/deploy.yaml",
            "ref: ci.deploy\nlabel: Deploy\nrunner: workflow\nworkflow_file: workflows/deploy.workflow.yaml\n\
             parameters: {app: {type: string, required: true}}\n",
        ),
        (
            "actions/versioned.yaml",
            "ref: ci.versioned\nlabel: Versioned\nversion: 1.2.3\ntags: [x]\n\
             workflow_file: workflows/versioned.workflow.yaml\n",
        ),
        (
            "workflows/versioned.workflow.yaml",
            "tasks: {a: {action: core.noop}}\n",
        ),
        (
            "workflows/deploy.workflow.yaml",
            "tasks:\n  - {name: a, action: core.set, input: {app: \"{{ parameters.app }}\"}}\n  \
             - {name: b, action: ci.twice, input: {app: x}}\n",
        ),
        (
            "workflows/twice.yaml",
            "ref: ci.twice\nlabel: Twice\nversion: 1.0.0\nparameters: {app: {type: string}}\n\
             tasks:\n  - {name: a, action: ci.deploy, input: {app: x}}\n  - {name: b, action: ci.twice}\n",
        ),
    ])
    .unwrap();
    let compiled = compile_pack(&pack, &catalogue()).unwrap_or_else(|found| panic!("{found}"));
    let deploy = compiled
        .programs
        .iter()
        .find(|program| program.reference.as_str() == "ci.deploy")
        .unwrap();
    assert_eq!(deploy.version, "3.0.0");
    assert_eq!(deploy.parameters.names(), ["app"]);
    let versioned = compiled
        .programs
        .iter()
        .find(|program| program.reference.as_str() == "ci.versioned");
    assert_eq!(versioned.unwrap().version, "1.2.3");
    assert_eq!(compiled.actions.len(), 3);
}

#[test]
fn an_outline_is_enough_to_be_called() {
    let text = "ref: ci.child\nlabel: Child\nversion: 1.0.0\nparameters: {n: {type: integer, required: true}}\n\
                tasks:\n  - {name: a, action: nowhere.at_all}\n";
    let child = outline("workflows/child.yaml", text).unwrap();
    assert_eq!(child.runner, Runner::Workflow);
    let known = BTreeMap::from([(child.reference.clone(), child)]);
    let rest = catalogue();
    let parent = "ref: ci.parent\nlabel: Parent\nversion: 1.0.0\n\
                  tasks:\n  - {name: a, type: workflow, action: ci.child, input: {n: 1}}\n";
    let compiled = compile("parent.yaml", parent, &layered(&known, &rest)).unwrap();
    let Work::Action(call) = &compiled.program.tasks[0].work else {
        panic!()
    };
    assert!(matches!(call.performer, Performer::Child));
}

#[test]
fn a_definition_in_a_request_needs_tasks_alone() {
    let given = json!({"tasks": [{"name": "a", "action": "core.set", "input": {"n": 1.5, "s": "ä\n\"x\""}}]});
    let compiled = compile_inline(&given, &catalogue()).unwrap();
    assert_eq!(compiled.program.reference.as_str(), "inline.workflow");
    assert_eq!(
        compiled.program.tasks[0].input.source(),
        &given["tasks"][0]["input"]
    );
    let found = compile_inline(
        &json!({"tasks": {"a": {"action": "core.nop"}}}),
        &catalogue(),
    )
    .unwrap_err();
    assert_eq!(found.0[0].code, "FLOW020");
    assert_eq!(
        pointer_of(
            &json!({"tasks": {"a": {"action": "core.nop"}}}),
            &found.0[0]
        ),
        "/tasks/a/action"
    );
    assert!(compile_inline(&json!([1]), &catalogue()).is_err());
}

#[test]
fn a_graph_with_another_ref_is_refused() {
    let action = outline(
        "x.yaml",
        "ref: ci.one\nlabel: One\nversion: 1.0.0\ntasks: [{name: a, action: core.noop}]\n",
    )
    .unwrap();
    let text = "ref: ci.two\ntasks: [{name: a, action: core.noop}]\n";
    let found = compile_graph(
        &action,
        "1.0.0",
        "workflows/one.workflow.yaml",
        text,
        &catalogue(),
    );
    assert_eq!(found.unwrap_err().0[0].code, "FLOW008");
}

#[test]
fn a_stored_program_is_the_same_when_it_is_read_again() {
    let made = program(
        "vars: [{x: 1}]\ntasks:\n  - name: a\n    action: core.set\n    when: vars.x == 1\n    \
         input: {text: \"{{ vars.x }}\"}\n    retry: {count: 2, delay: 0.5, backoff: linear, max_delay: 1m, jitter: true, on_error: error.code == 'x'}\n    \
         next: [{when: \"{{ failed() }}\", publish: {x: 2}, do: [noop]}]\noutput_map: {x: \"{{ vars.x }}\"}\n",
    );
    let again = Program::from_json(made.to_json()).unwrap();
    assert_eq!(again.to_json(), made.to_json());
    assert_eq!(again.seal().hash, made.hash);
}

#[test]
fn errors_panics_for_what_is_right() {
    let caught = std::panic::catch_unwind(|| errors("tasks: [{name: a, action: core.noop}]\n"));
    assert!(caught.is_err());
}
