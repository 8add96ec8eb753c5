//! Broken definitions, each with what the author is told. One for each check.

use crate::check_support::{errors, warnings};
use insta::assert_snapshot;

#[test]
fn unknown_keys_at_every_level() {
    assert_snapshot!(errors("
lable: x
tasks:
  - name: a
    action: core.noop
    timout: 3
    retry: {count: 1, dely: 2}
    next: [{wen: 'true', do: noop}]
    compensate: {action: core.noop, inputs: {}}
"), @r#"
workflows/flow.yaml:5:1: error[FLOW001]: unknown key `lable` in a workflow
  5 | lable: x
    | ^^^^^
  help: did you mean `labels`?
workflows/flow.yaml:9:5: error[FLOW001]: unknown key `timout` in a task
  9 |     timout: 3
    |     ^^^^^^
  help: did you mean `timeout`?
workflows/flow.yaml:10:23: error[FLOW001]: unknown key `dely` in retry
  10 |     retry: {count: 1, dely: 2}
     |                       ^^^^
  help: did you mean `delay`?
workflows/flow.yaml:11:13: error[FLOW001]: unknown key `wen` in an item of `next`
  11 |     next: [{wen: 'true', do: noop}]
     |             ^^^
  help: did you mean `when`?
workflows/flow.yaml:12:37: error[FLOW001]: unknown key `inputs` in compensate
  12 |     compensate: {action: core.noop, inputs: {}}
     |                                     ^^^^^^
  help: did you mean `input`?
"#);
}

#[test]
fn missing_keys() {
    assert_snapshot!(errors("
tasks:
  - action: core.noop
  - nmae: b
    action: core.noop
  - name: c
    retry: {delay: 3}
"), @r#"
workflows/flow.yaml:6:5: error[FLOW002]: a task needs the key `name`
  6 |   - action: core.noop
    |     ^^^^^^
workflows/flow.yaml:7:5: error[FLOW001]: unknown key `nmae` in a task
  7 |   - nmae: b
    |     ^^^^
  help: did you mean `name`?
workflows/flow.yaml:9:5: error[FLOW002]: a task needs the key `action`
  9 |   - name: c
    |     ^^^^
workflows/flow.yaml:10:12: error[FLOW002]: retry needs the key `count`
  10 |     retry: {delay: 3}
     |            ^
"#);
}

#[test]
fn no_tasks() {
    assert_snapshot!(errors("tasks: []\n"), @r#"
workflows/flow.yaml:4:8: error[FLOW002]: there must be at least one task
  4 | tasks: []
    |        ^
"#);
    assert_snapshot!(errors("vars: {x: 1}\n"), @r#"
workflows/flow.yaml:1:1: error[FLOW002]: a workflow needs the key `tasks`
  1 | ref: ci.flow
    | ^^^
"#);
}

#[test]
fn wrong_kinds_of_values() {
    assert_snapshot!(errors("
vars: [1]
timeout: 5 apples
on_failure: stop
version_: 1
tasks:
  - name: a
    action: core.noop
    next: b
    join: some
    publish: x
    with_items: true
  - name: 1b
    action: core.noop
    type: paralel
  - just text
"), @r#"
workflows/flow.yaml:5:8: error[FLOW003]: each item of `vars` must be a map such as `name: value`, not an integer
  5 | vars: [1]
    |        ^
workflows/flow.yaml:6:10: error[FLOW004]: `5 apples` is not a duration: write seconds (`30`, `0.5`) or units (`1h30m`, `250ms`, `2d`)
  6 | timeout: 5 apples
    |          ^^^^^^^^
  help: write seconds (`30`, `0.5`), units (`250ms`, `1h30m`, `2d`) or a template
workflows/flow.yaml:7:13: error[FLOW004]: `on_failure` cannot be `stop`
  7 | on_failure: stop
    |             ^^^^
  help: use one of: finish_running, cancel_running
workflows/flow.yaml:8:1: error[FLOW001]: unknown key `version_` in a workflow
  8 | version_: 1
    | ^^^^^^^^
  help: known keys: cancellation_policy, concurrency, description, label, labels, on_failure, output, output_map, parameters, ref, retry, tags, tasks, timeout, trace_tag, ui, vars, version
workflows/flow.yaml:12:11: error[FLOW003]: `next` must be a list of `{when, publish, do}`, not text
  12 |     next: b
     |           ^
  help: to name what follows after success, use `on_success`
workflows/flow.yaml:12:11: error[FLOW010]: there is no task `b`
  12 |     next: b
     |           ^
  help: did you mean `1b`?
workflows/flow.yaml:13:11: error[FLOW004]: `join` must be `all`, `any` or a number from 1
  13 |     join: some
     |           ^^^^
workflows/flow.yaml:14:14: error[FLOW003]: `publish` must be a map, or a list of maps, not text
  14 |     publish: x
     |              ^
workflows/flow.yaml:15:17: error[FLOW003]: `with_items` must be a list, a template or a number, not a boolean
  15 |     with_items: true
     |                 ^^^^
workflows/flow.yaml:16:11: error[FLOW004]: `1b` is no name for a task
  16 |   - name: 1b
     |           ^^
  help: a name starts with a letter or `_` and goes on with letters, digits, `_` or `-`
workflows/flow.yaml:18:11: error[FLOW004]: `type` cannot be `paralel`
  18 |     type: paralel
     |           ^^^^^^^
  help: did you mean `parallel`?
workflows/flow.yaml:19:5: error[FLOW003]: a task must be a map, not text
  19 |   - just text
     |     ^^^^^^^^^
"#);
}

#[test]
fn wrong_selectors() {
    for (task, said) in [
        (
            "worker_selector: gpu",
            "error[FLOW003]: `worker_selector` must be a map of labels such as `gpu: a100`, not text",
        ),
        (
            "worker_selector: {gpu: [a]}",
            "error[FLOW003]: the label `gpu` must be text, not a list",
        ),
        (
            "worker_selector: {gpu: \"{{ vars.x }}\"}",
            "error[FLOW004]: `{{ vars.x }}` cannot stand in a label",
        ),
        (
            "worker_selector: {\"a b\": c}",
            "error[FLOW004]: `a b` cannot stand in a label",
        ),
    ] {
        let found = errors(&format!(
            "tasks: [{{name: a, action: ci.build, input: {{app: x}}, {task}}}]\n"
        ));
        assert!(found.contains(said), "{task}: {found}");
    }
    let native = errors("tasks: [{name: a, action: core.noop, worker_selector: {gpu: a}}]\n");
    assert!(
        native.contains("error[FLOW007]: `core.noop` does not run on a worker pool"),
        "{native}"
    );
    let parallel = errors(
        "tasks: [{name: a, worker_selector: {gpu: a}, tasks: [{name: b, action: core.noop}]}]\n",
    );
    assert!(
        parallel.contains("error[FLOW007]: `worker_selector` has no meaning on a parallel task"),
        "{parallel}"
    );
}

#[test]
fn wrong_bounds_on_runs() {
    for (bound, said) in [
        (
            "0",
            "4:14: error[FLOW004]: the limit of runs at once must be a whole number from 1",
        ),
        (
            "lots",
            "4:14: error[FLOW003]: `concurrency` must be a number or `{limit, key, on_limit}`, not text",
        ),
        (
            "{limit: x}",
            "4:22: error[FLOW004]: the limit of runs at once must be a whole number from 1",
        ),
        (
            "{key: a}",
            "error[FLOW002]: concurrency needs the key `limit`",
        ),
        (
            "{limit: 1, on_limit: rejekt}",
            "help: did you mean `reject`?",
        ),
        (
            "{limit: 1, keys: a}",
            "error[FLOW001]: unknown key `keys` in concurrency",
        ),
        ("{limit: 1, key: \"{{ parameters.\"}", "error[FLOW030]"),
        ("{limit: 1, key: \"{{ task.a.result }}\"}", "error[FLOW03"),
    ] {
        let found = errors(&format!(
            "concurrency: {bound}\ntasks: [{{name: a, action: core.noop}}]\n"
        ));
        assert!(found.contains(said), "{bound}: {found}");
    }
}

#[test]
fn wrong_schemas() {
    assert_snapshot!(errors("
parameters:
  n: {type: int}
  m: {type: integer, requird: true}
tasks: [{name: a, action: core.noop}]
"), @r#"
workflows/flow.yaml:6:13: error[FLOW004]: unknown type `int`
  6 |   n: {type: int}
    |             ^^^
  help: did you mean `integer`?
workflows/flow.yaml:7:22: error[FLOW001]: unknown key `requird` in the field `m`
  7 |   m: {type: integer, requird: true}
    |                      ^^^^^^^
  help: did you mean `required`?
"#);
}

#[test]
fn duplicate_names() {
    assert_snapshot!(errors("
vars: [{x: 1}, {x: 2}]
tasks:
  - name: a
    type: parallel
    tasks:
      - {name: b, action: core.noop}
  - {name: b, action: core.noop}
"), @r#"
workflows/flow.yaml:5:17: error[FLOW005]: `vars` has the name `x` a second time
  5 | vars: [{x: 1}, {x: 2}]
    |                 ^
  help: keep one of the two
workflows/flow.yaml:11:12: error[FLOW005]: a second task is named `b`; the first is in line 10
  11 |   - {name: b, action: core.noop}
     |            ^
"#);
}

#[test]
fn what_is_not_supported_is_said() {
    assert_snapshot!(warnings("

tasks:
  - {name: a, action: core.noop, trace_tag: x, compensate: b}
  - {name: b, action: core.inquiry, input: {prompt: \"{{ kv.get('x') }}\"}}
"), @r#"
workflows/flow.yaml:8:23: warning[FLOW006]: a run that reaches this fails with code `unavailable`: this build cannot perform `core.inquiry` yet
  8 |   - {name: b, action: core.inquiry, input: {prompt: "{{ kv.get('x') }}"}}
    |                       ^^^^^^^^^^^^
"#);
}

#[test]
fn keys_that_exclude_each_other() {
    assert_snapshot!(errors("
tasks:
  - name: a
    action: core.noop
    on_success: b
    next: [{do: b}]
  - name: b
    action: core.noop
    concurrency: 2
    pool: big
  - name: c
    type: parallel
    action: core.noop
    input: {x: 1}
    timeout: 3
    tasks: [{name: d, action: core.noop}]
"), @r#"
workflows/flow.yaml:8:5: error[FLOW007]: `on_success` cannot stand beside `next`
  8 |     on_success: b
    |     ^^^^^^^^^^
  help: write it as one more item of `next`
workflows/flow.yaml:12:5: error[FLOW007]: `concurrency` means something only beside `with_items`
  12 |     concurrency: 2
     |     ^^^^^^^^^^^
workflows/flow.yaml:13:11: error[FLOW007]: `core.noop` does not run on a worker pool
  13 |     pool: big
     |           ^^^
  help: take `pool` out
workflows/flow.yaml:16:5: error[FLOW007]: a parallel task has `tasks` and no `action`
  16 |     action: core.noop
     |     ^^^^^^
workflows/flow.yaml:17:12: error[FLOW007]: `input` has no meaning on a parallel task
  17 |     input: {x: 1}
     |            ^
  help: give `input` to its children
"#);
}

#[test]
fn what_cannot_undo_another_task() {
    assert_snapshot!(errors("
tasks:
  - {name: a, action: core.noop, compensate: a}
  - {name: b, action: core.noop, compensate: p}
  - {name: c, action: core.noop, compensate: i}
  - {name: d, action: core.noop, compensate: u}
  - {name: e, action: core.noop, compensate: {action: core.sleep, input: {sekonds: 1, for: '{{ item }}'}}}
  - {name: f, action: core.noop, compensate: {action: core.inquiry, input: {prompt: '{{ task.f.status }}'}}}
  - {name: p, tasks: [{name: q, action: core.noop}]}
  - {name: i, action: core.noop, with_items: [1]}
  - {name: u, action: core.noop, when: 'true', delay: 1, trace_tag: x, on_success: i, retry: {count: 1}, timeout: 3}
"), @r#"
workflows/flow.yaml:6:46: error[FLOW007]: a task cannot undo itself
  6 |   - {name: a, action: core.noop, compensate: a}
    |                                              ^
  help: name a task that runs one action, or write `{action, input}`
workflows/flow.yaml:7:46: error[FLOW007]: a parallel task cannot undo another: it runs no action
  7 |   - {name: b, action: core.noop, compensate: p}
    |                                              ^
  help: name a task that runs one action, or write `{action, input}`
workflows/flow.yaml:8:46: error[FLOW007]: a task that iterates cannot undo another: that runs its action once
  8 |   - {name: c, action: core.noop, compensate: i}
    |                                              ^
  help: name a task that runs one action, or write `{action, input}`
workflows/flow.yaml:10:75: error[FLOW022]: `core.sleep` has no parameter `sekonds`
  10 |   - {name: e, action: core.noop, compensate: {action: core.sleep, input: {sekonds: 1, for: '{{ item }}'}}}
     |                                                                           ^^^^^^^
  help: did you mean `seconds`?
workflows/flow.yaml:10:96: error[FLOW033]: `item` exists only within an iteration
  10 |   - {name: e, action: core.noop, compensate: {action: core.sleep, input: {sekonds: 1, for: '{{ item }}'}}}
     |                                                                                                ^^^^
  help: it can be used in the `input` of a task that has `with_items`
workflows/flow.yaml:11:55: warning[FLOW006]: a run that reaches this fails with code `unavailable`: this build cannot perform `core.inquiry` yet
  11 |   - {name: f, action: core.noop, compensate: {action: core.inquiry, input: {prompt: '{{ task.f.status }}'}}}
     |                                                       ^^^^^^^^^^^^
workflows/flow.yaml:14:40: error[FLOW007]: `when` has no meaning on `u`, which only undoes another task
  14 |   - {name: u, action: core.noop, when: 'true', delay: 1, trace_tag: x, on_success: i, retry: {count: 1}, timeout: 3}
     |                                        ^^^^^^
  help: only its action, input, retry and timeout count when it undoes
workflows/flow.yaml:14:55: error[FLOW007]: `delay` has no meaning on `u`, which only undoes another task
  14 |   - {name: u, action: core.noop, when: 'true', delay: 1, trace_tag: x, on_success: i, retry: {count: 1}, timeout: 3}
     |                                                       ^
  help: only its action, input, retry and timeout count when it undoes
workflows/flow.yaml:14:69: error[FLOW007]: `trace_tag` has no meaning on `u`, which only undoes another task
  14 |   - {name: u, action: core.noop, when: 'true', delay: 1, trace_tag: x, on_success: i, retry: {count: 1}, timeout: 3}
     |                                                                     ^
  help: only its action, input, retry and timeout count when it undoes
workflows/flow.yaml:14:72: error[FLOW007]: nothing follows `u`, which only undoes another task
  14 |   - {name: u, action: core.noop, when: 'true', delay: 1, trace_tag: x, on_success: i, retry: {count: 1}, timeout: 3}
     |                                                                        ^^^^^^^^^^
  help: only its action, input, retry and timeout count when it undoes
"#);
}

#[test]
fn reserved_names() {
    assert_snapshot!(errors("tasks: [{name: retry, action: core.noop}]\n"), @r#"
workflows/flow.yaml:4:16: error[FLOW009]: `retry` is a command of `do` and cannot name a task
  4 | tasks: [{name: retry, action: core.noop}]
    |                ^^^^^
"#);
}

#[test]
fn unknown_tasks_in_do() {
    assert_snapshot!(errors("
tasks:
  - name: build
    action: core.noop
    on_success: depoly
    on_failure: 'deploy, report'
    compensate: undo
  - name: deploy
    action: core.noop
    next: [{do: [build, nowhere]}]
  - name: start
    action: core.noop
    decision: [{when: 'true', next: biuld}, {default: deploy}]
"), @r#"
workflows/flow.yaml:8:17: error[FLOW010]: there is no task `depoly`
  8 |     on_success: depoly
    |                 ^^^^^^
  help: did you mean `deploy`?
workflows/flow.yaml:9:17: error[FLOW010]: there is no task `deploy, report`
  9 |     on_failure: 'deploy, report'
    |                 ^^^^^^^^^^^^^^^^
  help: write several names as a list: `[a, b]`
workflows/flow.yaml:10:17: error[FLOW010]: there is no task `undo`
  10 |     compensate: undo
     |                 ^^^^
workflows/flow.yaml:13:25: error[FLOW010]: there is no task `nowhere`
  13 |     next: [{do: [build, nowhere]}]
     |                         ^^^^^^^
workflows/flow.yaml:16:37: error[FLOW010]: there is no task `biuld`
  16 |     decision: [{when: 'true', next: biuld}, {default: deploy}]
     |                                     ^^^^^
  help: did you mean `build`?
workflows/flow.yaml:16:45: warning[FLOW017]: this branch is never taken: the one in line 16 always holds
  16 |     decision: [{when: 'true', next: biuld}, {default: deploy}]
     |                                             ^
  help: correct the condition, or take it out
"#);
}

#[test]
fn unreachable_tasks_and_no_entry() {
    assert_snapshot!(errors("
tasks:
  - {name: a, action: core.noop}
  - {name: b, action: core.noop, on_failure: c}
  - {name: c, action: core.noop, on_failure: b}
"), @r#"
workflows/flow.yaml:7:12: error[FLOW011]: nothing that runs leads to `b`, and so not to `c`
  7 |   - {name: b, action: core.noop, on_failure: c}
    |            ^
  help: name it in `do` or a shorthand of a task that runs, or take it out
"#);
    assert_snapshot!(errors("
tasks:
  - {name: b, action: core.noop, on_failure: c}
  - {name: c, action: core.noop, on_failure: b}
"), @r#"
workflows/flow.yaml:6:12: error[FLOW012]: no task can start: each one follows another
  6 |   - {name: b, action: core.noop, on_failure: c}
    |            ^
  help: at least one task must have nothing that leads to it
"#);
}

#[test]
fn joins_that_cannot_be_filled() {
    assert_snapshot!(errors("
tasks:
  - {name: a, action: core.noop, on_success: c}
  - {name: b, action: core.noop, on_success: c}
  - {name: c, action: core.noop, join: 3}
  - {name: d, action: core.noop, join: all}
"), @r#"
workflows/flow.yaml:8:40: error[FLOW013]: `c` waits for 3 arrivals, but only 2 can come, from `a`, `b`
  8 |   - {name: c, action: core.noop, join: 3}
    |                                        ^
  help: write `join: 2` or `join: all`
workflows/flow.yaml:9:40: error[FLOW013]: `d` joins, but nothing leads to it
  9 |   - {name: d, action: core.noop, join: all}
    |                                        ^^^
  help: take `join` out, or lead tasks here
"#);
}

#[test]
fn cycles_that_nothing_ends() {
    assert_snapshot!(errors("
tasks:
  - {name: start, action: core.noop, on_success: a}
  - {name: a, action: core.noop, on_success: b}
  - {name: b, action: core.noop, next: [{when: '{{ succeeded() }}', do: a}]}
  - {name: again, action: core.noop, next: [{do: retry}]}
"), @r#"
workflows/flow.yaml:8:73: error[FLOW014]: nothing ends the cycle a -> b -> a
  8 |   - {name: b, action: core.noop, next: [{when: '{{ succeeded() }}', do: a}]}
    |                                                                         ^
  help: give one of its transitions a `when` that will not hold some day
workflows/flow.yaml:9:50: error[FLOW014]: nothing ends the cycle again -> again
  9 |   - {name: again, action: core.noop, next: [{do: retry}]}
    |                                                  ^^^^^
  help: give one of its transitions a `when` that will not hold some day
"#);
}

#[test]
fn a_cycle_with_a_condition_is_accepted() {
    assert_snapshot!(warnings("
vars: {n: 0}
tasks:
  - name: a
    action: core.set
    input: {n: '{{ vars.n + 1 }}'}
    next:
      - {when: '{{ succeeded() and vars.n < 3 }}', publish: [{n: '{{ result().n }}'}], do: a}
      - {when: '{{ failed() }}', do: retry}
  - {name: start, action: core.noop, on_success: a}
"), @"");
}

#[test]
fn transitions_across_a_parallel_block() {
    assert_snapshot!(errors("
tasks:
  - name: start
    action: core.noop
    on_success: one
  - name: both
    type: parallel
    tasks:
      - {name: one, action: core.noop, on_success: start}
      - {name: two, action: core.noop, join: all}
"), @r#"
workflows/flow.yaml:8:17: error[FLOW015]: `one` is a child of the parallel task `both` and starts with it alone
  8 |     on_success: one
    |                 ^^^
  help: lead to `both`
workflows/flow.yaml:12:40: error[FLOW015]: `one` is a child of a parallel task: what follows belongs to the parallel task
  12 |       - {name: one, action: core.noop, on_success: start}
     |                                        ^^^^^^^^^^
workflows/flow.yaml:13:46: error[FLOW015]: `two` is a child of a parallel task and cannot be a join
  13 |       - {name: two, action: core.noop, join: all}
     |                                              ^^^
"#);
}

#[test]
fn too_many_tasks() {
    let mut text = "tasks:\n".to_owned();
    for n in 0..1_001 {
        text.push_str(&format!("  - {{name: t{n}, action: core.noop}}\n"));
    }
    assert_snapshot!(errors(&text), @r#"
workflows/flow.yaml:1:1: error[FLOW016]: 1001 tasks; at most 1000 are accepted
  1 | ref: ci.flow
    | ^^^
  help: move a part into a workflow of its own, or raise the setting `limits.tasks`
"#);
}

#[test]
fn decisions_that_are_too_large() {
    let branches = |count: usize, condition: &str| {
        let all: Vec<String> = (0..count)
            .map(|n| format!("      - {{when: '{condition} == {n}', next: b}}\n"))
            .collect();
        format!(
            "tasks:\n  - name: a\n    action: core.noop\n    decision:\n{}  - {{name: b, action: core.noop}}\n",
            all.concat()
        )
    };
    assert_snapshot!(errors(&branches(51, "1")), @r#"
workflows/flow.yaml:7:5: error[FLOW016]: a decision has at most 50 branches
  7 |     decision:
    |     ^^^^^^^^
  help: split it, or look the answer up in a map
"#);
    // Too long together, whatever else the limits of expressions are; said once.
    let long = format!("\"{}\"", "x".repeat(3_000));
    let found = errors(&branches(40, &long));
    assert_eq!(found.matches("error[").count(), 1, "{found}");
    assert!(
        found.contains("error[FLOW016]: the conditions of this decision cannot be asked together")
    );
}

#[test]
fn unknown_actions() {
    assert_snapshot!(errors("
tasks:
  - {name: a, action: ci.biuld}
  - {name: b, action: ci.something}
  - {name: c, action: nowhere.x}
  - {name: d, action: noop}
  - {name: e, type: workflow, action: core.noop}
"), @r#"
workflows/flow.yaml:6:23: error[FLOW020]: there is no action `ci.biuld`
  6 |   - {name: a, action: ci.biuld}
    |                       ^^^^^^^^
  help: did you mean `ci.build`?
workflows/flow.yaml:7:23: error[FLOW020]: there is no action `ci.something`
  7 |   - {name: b, action: ci.something}
    |                       ^^^^^^^^^^^^
  help: the pack has: ci.build, ci.flow, ci.test
workflows/flow.yaml:8:23: error[FLOW020]: there is no action `nowhere.x`
  8 |   - {name: c, action: nowhere.x}
    |                       ^^^^^^^^^
  help: no pack `nowhere` is known
workflows/flow.yaml:9:23: error[FLOW004]: `noop` is not a reference: write it as `pack.name`
  9 |   - {name: d, action: noop}
    |                       ^^^^
workflows/flow.yaml:10:39: error[FLOW020]: `core.noop` is no workflow
  10 |   - {name: e, type: workflow, action: core.noop}
     |                                       ^^^^^^^^^
  help: take `type: workflow` out
"#);
}

#[test]
fn inputs_against_parameters() {
    assert_snapshot!(errors("
tasks:
  - {name: a, action: ci.build}
  - {name: b, action: ci.build, input: {ap: x, replicas: many, tag: 5}}
  - {name: c, action: ci.build, input: {app: '{{ 1 }}', replicas: 0}}
  - {name: d, action: ci.test, input: {level: most}}
  - {name: e, action: ci.test, input: [1]}
  - {name: f, action: core.noop, input: {x: 1}}
  - {name: g, action: core.sleep}
  - {name: h, action: core.run_workflow, input: {ref: ci.biuld}}
  - {name: i, action: core.run_workflow, input: {ref: ci.build, parameters: {ap: x}}}
"), @r#"
workflows/flow.yaml:6:23: error[FLOW021]: `ci.build` needs the input `app`
  6 |   - {name: a, action: ci.build}
    |                       ^^^^^^^^
  help: add `app` under `input` (string)
workflows/flow.yaml:7:41: error[FLOW022]: `ci.build` has no parameter `ap`
  7 |   - {name: b, action: ci.build, input: {ap: x, replicas: many, tag: 5}}
    |                                         ^^
  help: did you mean `app`?
workflows/flow.yaml:7:58: error[FLOW023]: `ci.build` does not take this for `replicas`: must be of type integer, not string
  7 |   - {name: b, action: ci.build, input: {ap: x, replicas: many, tag: 5}}
    |                                                          ^^^^
workflows/flow.yaml:7:69: error[FLOW023]: `ci.build` does not take this for `tag`: must be of type string, not integer
  7 |   - {name: b, action: ci.build, input: {ap: x, replicas: many, tag: 5}}
    |                                                                     ^
workflows/flow.yaml:8:46: warning[FLOW036]: `ci.build` takes string for `app`, this gives integer
  8 |   - {name: c, action: ci.build, input: {app: '{{ 1 }}', replicas: 0}}
    |                                              ^^^^^^^^^
workflows/flow.yaml:8:67: error[FLOW023]: `ci.build` does not take this for `replicas`: 0 is less than the minimum of 1
  8 |   - {name: c, action: ci.build, input: {app: '{{ 1 }}', replicas: 0}}
    |                                                                   ^
workflows/flow.yaml:9:47: error[FLOW023]: `ci.test` does not take this for `level`: "most" is not one of "unit" or "full"
  9 |   - {name: d, action: ci.test, input: {level: most}}
    |                                               ^^^^
workflows/flow.yaml:10:39: error[FLOW003]: `input` must be a map, not a list
  10 |   - {name: e, action: ci.test, input: [1]}
     |                                       ^
workflows/flow.yaml:11:42: error[FLOW022]: `core.noop` has no parameter `x`
  11 |   - {name: f, action: core.noop, input: {x: 1}}
     |                                          ^
  help: it takes no input
workflows/flow.yaml:12:23: error[FLOW023]: `core.sleep` does not take this input: at least 1 of `seconds`, `for`, `until` must be given
  12 |   - {name: g, action: core.sleep}
     |                       ^^^^^^^^^^
workflows/flow.yaml:13:55: error[FLOW020]: there is no action `ci.biuld`
  13 |   - {name: h, action: core.run_workflow, input: {ref: ci.biuld}}
     |                                                       ^^^^^^^^
  help: did you mean `ci.build`?
workflows/flow.yaml:14:78: error[FLOW022]: `ci.build` has no parameter `ap`
  14 |   - {name: i, action: core.run_workflow, input: {ref: ci.build, parameters: {ap: x}}}
     |                                                                              ^^
  help: did you mean `app`?
"#);
}

#[test]
fn branches_that_publish_one_name() {
    assert_snapshot!(warnings("
tasks:
  - {name: start, action: core.noop, on_success: [left, right]}
  - {name: left, action: core.noop, publish: {winner: left}, on_success: later}
  - {name: right, action: core.noop, publish: {winner: right}}
  - {name: later, action: core.noop, publish: {other: 1}}
"), @r#"
workflows/flow.yaml:8:48: warning[FLOW037]: `left` and `right` may run at the same time and both publish `winner`
  8 |   - {name: right, action: core.noop, publish: {winner: right}}
    |                                                ^^^^^^
  help: publish under two names, or read the results of both after a join
"#);
    assert_snapshot!(warnings("
tasks:
  - {name: start, action: core.noop, on_success: left, on_failure: right}
  - {name: left, action: core.noop, publish: {winner: left}}
  - {name: right, action: core.noop, publish: {winner: right}}
"), @"");
}

#[test]
fn a_ref_that_does_not_match() {
    let text = "ref: ci.other\nlabel: X\nversion: one\ntasks: [{name: a, action: core.noop}]\n";
    let found = attune_flow::check::compile(
        "workflows/flow.yaml",
        text,
        &crate::check_support::catalogue(),
    );
    assert_snapshot!(found.unwrap_err().to_string(), @r#"
workflows/flow.yaml:1:6: error[FLOW008]: `ref` is `ci.other`, but the file is named `flow`
  1 | ref: ci.other
    |      ^^^^^^^^
  help: write `ref: ci.flow`, or rename the file
workflows/flow.yaml:3:10: error[FLOW004]: `one` is no version
  3 | version: one
    |          ^^^
  help: write three numbers, such as `1.0.0`
"#);
}

#[test]
fn all_else_is_checked_although_it_has_no_name() {
    let text = "tasks: [{name: a, action: core.nop, input: {x: '{{ task.b }}'}}]\n";
    let found = attune_flow::check::compile("flow.yaml", text, &crate::check_support::catalogue());
    assert_snapshot!(found.unwrap_err().to_string(), @r#"
flow.yaml:1:1: error[FLOW002]: a workflow needs the key `ref`
  1 | tasks: [{name: a, action: core.nop, input: {x: '{{ task.b }}'}}]
    | ^^^^^
flow.yaml:1:1: error[FLOW002]: a workflow needs the key `label`
  1 | tasks: [{name: a, action: core.nop, input: {x: '{{ task.b }}'}}]
    | ^^^^^
flow.yaml:1:1: error[FLOW002]: a workflow needs the key `version`
  1 | tasks: [{name: a, action: core.nop, input: {x: '{{ task.b }}'}}]
    | ^^^^^
flow.yaml:1:27: error[FLOW020]: there is no action `core.nop`
  1 | tasks: [{name: a, action: core.nop, input: {x: '{{ task.b }}'}}]
    |                           ^^^^^^^^
  help: did you mean `core.noop`?
flow.yaml:1:52: error[FLOW032]: there is no task `b`
  1 | tasks: [{name: a, action: core.nop, input: {x: '{{ task.b }}'}}]
    |                                                    ^^^^^^
  help: known: a
"#);
}

#[test]
fn text_that_is_no_yaml() {
    assert_snapshot!(errors("tasks: [\n"), @r#"
workflows/flow.yaml:4:8: error[PACK002]: the `[` that stands here is not closed
  4 | tasks: [
    |        ^
"#);
    let found = attune_flow::check::compile("x.yaml", "- 1\n", &crate::check_support::catalogue());
    assert_snapshot!(found.unwrap_err().to_string(), @r#"
x.yaml:1:1: error[FLOW003]: a workflow must be a map, not a list
  1 | - 1
    | ^
"#);
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let source = include_str!("../../src/syntax/codes.rs");
    let mut codes: Vec<&str> = source
        .match_indices("\"FLOW")
        .map(|(at, _)| &source[at + 1..at + 8])
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let mut pages: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("FLOW"))
        .map(|name| name.trim_end_matches(".md").to_owned())
        .collect();
    pages.sort();
    assert_eq!(codes, pages);
}
