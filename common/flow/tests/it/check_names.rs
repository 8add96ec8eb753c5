//! Broken expressions, each with what the author is told: names, scopes, time and data flow.

use crate::check_support::{errors, warnings};
use insta::assert_snapshot;

#[test]
fn templates_that_cannot_be_read() {
    assert_snapshot!(errors("
vars:
  - open: 'text {{ 1 + }} more'
tasks:
  - name: a
    action: core.set
    when: '{{ 1 = 2 }}'
    input:
      nested: [1, {deep: '{{ x | uper }}'}]
      long: |
        one
        two {{ nofn(3) }}
    decision:
      - {when: 'a b', next: b}
      - {default: b}
  - {name: b, action: core.noop}
"), @r#"
workflows/flow.yaml:6:24: error[FLOW030]: an expression is missing here
  6 |   - open: 'text {{ 1 + }} more'
    |                        ^^
workflows/flow.yaml:10:17: error[FLOW030]: `=` is not expected here
  10 |     when: '{{ 1 = 2 }}'
     |                 ^
workflows/flow.yaml:12:34: error[FLOW030]: there is no filter `uper`
  12 |       nested: [1, {deep: '{{ x | uper }}'}]
     |                                  ^^^^
  help: did you mean `upper`?
workflows/flow.yaml:15:16: error[FLOW030]: there is no function `nofn`
  15 |         two {{ nofn(3) }}
     |                ^^^^
  help: there are `result`, `succeeded`, `failed`, `timed_out`, `skipped`, `completed`, `kv.get`, `kv.get_secret`, `now`, `uuid` and 3 more
workflows/flow.yaml:17:19: error[FLOW030]: `b` is not expected here
  17 |       - {when: 'a b', next: b}
     |                   ^
"#);
}

#[test]
fn unknown_names() {
    assert_snapshot!(errors("
parameters:
  app: {type: string}
  where: {type: object, properties: {host: {type: string}}}
vars:
  - first: 1
  - second: '{{ vars.third }}'
  - third: 3
tasks:
  - name: a
    action: core.set
    input:
      a: '{{ parameters.ap }}'
      b: '{{ vars.frist }}'
      c: '{{ pack.config.regsitry }}'
      d: '{{ system.execution }}'
      e: '{{ evnt.payload }}'
      f: '{{ parameters.where.hots }}'
      g: '{{ frist | default(value=1) }}'
      h: '{{ app }} {{ registry }} {{ first }}'
      i: '{{ event.payloda }}'
"), @r#"
workflows/flow.yaml:10:17: error[FLOW034]: `third` is set only after this
  10 |   - second: '{{ vars.third }}'
     |                 ^^^^^^^^^^
  help: variables are set in their order: write it further up
workflows/flow.yaml:16:14: error[FLOW031]: there is no parameter `ap`
  16 |       a: '{{ parameters.ap }}'
     |              ^^^^^^^^^^^^^
  help: did you mean `app`?
workflows/flow.yaml:17:14: error[FLOW031]: there is no variable `frist`
  17 |       b: '{{ vars.frist }}'
     |              ^^^^^^^^^^
  help: did you mean `first`?
workflows/flow.yaml:18:14: error[FLOW031]: there is no configuration value `regsitry`
  18 |       c: '{{ pack.config.regsitry }}'
     |              ^^^^^^^^^^^^^^^^^^^^
  help: did you mean `registry`?
workflows/flow.yaml:19:14: error[FLOW031]: `system` has no member `execution`
  19 |       d: '{{ system.execution }}'
     |              ^^^^^^^^^^^^^^^^
  help: did you mean `execution_id`?
workflows/flow.yaml:20:14: error[FLOW031]: no scope has the name `evnt`
  20 |       e: '{{ evnt.payload }}'
     |              ^^^^^^^^^^^^
  help: did you mean `event`?
workflows/flow.yaml:21:14: error[FLOW035]: `where` has no field `hots`
  21 |       f: '{{ parameters.where.hots }}'
     |              ^^^^^^^^^^^^^^^^^^^^^
  help: did you mean `host`?
workflows/flow.yaml:24:14: error[FLOW031]: `event` has no member `payloda`
  24 |       i: '{{ event.payloda }}'
     |              ^^^^^^^^^^^^^
  help: did you mean `payload`?
"#);
}

#[test]
fn unknown_tasks_in_expressions() {
    assert_snapshot!(errors("
tasks:
  - name: build
    action: core.noop
output_map:
  a: '{{ task.biuld.result }}'
  b: \"{{ 'x' ~ task.deploy.status }}\"
  c: '{{ inquiry.approve }}'
"), @r#"
workflows/flow.yaml:9:10: error[FLOW032]: there is no task `biuld`
  9 |   a: '{{ task.biuld.result }}'
    |          ^^^^^^^^^^^^^^^^^
  help: did you mean `build`?
workflows/flow.yaml:10:16: error[FLOW032]: there is no task `deploy`
  10 |   b: "{{ 'x' ~ task.deploy.status }}"
     |                ^^^^^^^^^^^^^^^^^^
  help: known: build
workflows/flow.yaml:11:10: error[FLOW032]: there is no task `approve`
  11 |   c: '{{ inquiry.approve }}'
     |          ^^^^^^^^^^^^^^^
  help: known: build
"#);
}

#[test]
fn names_that_are_not_here() {
    assert_snapshot!(errors("
tasks:
  - name: a
    action: core.set
    when: '{{ succeeded() }}'
    input: {x: '{{ item }}', y: '{{ error.code }}', z: '{{ result().x }}'}
    retry: {count: 1, on_error: \"{{ error.code == 'x' }}\"}
  - name: b
    action: core.set
    with_items: '{{ [index] }}'
    input: {x: '{{ item }}', y: '{{ index }}'}
"), @r#"
workflows/flow.yaml:8:15: error[FLOW033]: `succeeded()` speaks of the task that just ended, and here none has
  8 |     when: '{{ succeeded() }}'
    |               ^^^^^^^^^^^
  help: it can be used in the transitions of a task; elsewhere write `task.<name>`
workflows/flow.yaml:9:20: error[FLOW033]: `item` exists only within an iteration
  9 |     input: {x: '{{ item }}', y: '{{ error.code }}', z: '{{ result().x }}'}
    |                    ^^^^
  help: it can be used in the `input` of a task that has `with_items`
workflows/flow.yaml:9:37: error[FLOW033]: `error` is the error of a task that failed, and here none has
  9 |     input: {x: '{{ item }}', y: '{{ error.code }}', z: '{{ result().x }}'}
    |                                     ^^^^^^^^^^
  help: it can be used in transitions and in `on_error`; elsewhere write `task.<name>.error`
workflows/flow.yaml:9:60: error[FLOW033]: `result()` speaks of the task that just ended, and here none has
  9 |     input: {x: '{{ item }}', y: '{{ error.code }}', z: '{{ result().x }}'}
    |                                                            ^^^^^^^^^^
  help: it can be used in the transitions of a task; elsewhere write `task.<name>`
workflows/flow.yaml:13:22: error[FLOW033]: `index` exists only within an iteration
  13 |     with_items: '{{ [index] }}'
     |                      ^^^^^
  help: it can be used in the `input` of a task that has `with_items`
"#);
}

#[test]
fn results_used_too_early() {
    assert_snapshot!(errors("
vars: {x: '{{ task.a.result }}'}
tasks:
  - name: a
    action: core.set
    input: {x: '{{ task.b.result }}', y: '{{ task.a.result }}', z: '{{ task.b.result | default(value=1) }}'}
    on_success: b
  - name: b
    action: core.set
    input: {x: '{{ task.a.result.x }}'}
  - name: p
    type: parallel
    tasks:
      - {name: one, action: core.noop}
      - {name: two, action: core.set, input: {x: '{{ task.one.result }}'}}
"), @r#"
workflows/flow.yaml:5:15: error[FLOW034]: `a` is used when the run starts, and no task has run then
  5 | vars: {x: '{{ task.a.result }}'}
    |               ^^^^^^^^^^^^^
  help: publish the value from the task instead
workflows/flow.yaml:9:20: error[FLOW034]: `b` runs only after `a`, which uses its result here
  9 |     input: {x: '{{ task.b.result }}', y: '{{ task.a.result }}', z: '{{ task.b.result | default(value=1) }}'}
    |                    ^^^^^^^^^^^^^
workflows/flow.yaml:9:46: error[FLOW034]: `a` uses its own result before it has run
  9 |     input: {x: '{{ task.b.result }}', y: '{{ task.a.result }}', z: '{{ task.b.result | default(value=1) }}'}
    |                                              ^^^^^^^^^^^^^
workflows/flow.yaml:18:54: error[FLOW034]: `one` starts together with this task: its result cannot be there yet
  18 |       - {name: two, action: core.set, input: {x: '{{ task.one.result }}'}}
     |                                                      ^^^^^^^^^^^^^^^
"#);
}

#[test]
fn a_result_that_may_not_be_there_is_a_warning() {
    assert_snapshot!(warnings("
tasks:
  - {name: a, action: core.set, input: {x: '{{ task.b.status }}'}}
  - {name: b, action: core.set}
"), @r#"
workflows/flow.yaml:6:48: warning[FLOW034]: nothing makes `b` run before `a`, which uses its result here
  6 |   - {name: a, action: core.set, input: {x: '{{ task.b.status }}'}}
    |                                                ^^^^^^^^^^^^^
  help: lead from `b` to `a`, or use `default`
"#);
}

#[test]
fn fields_that_the_output_does_not_have() {
    assert_snapshot!(errors("
tasks:
  - name: build
    action: ci.build
    input: {app: x}
    publish: [{image: '{{ result().image_url }}'}]
    on_success: p
  - name: p
    type: parallel
    tasks:
      - {name: one, action: ci.build, input: {app: y}}
    on_success: end
  - name: end
    action: core.set
    input:
      a: '{{ task.build.result.image_url }}'
      b: '{{ task.build.image_url }}'
      c: '{{ task.build.reslut }}'
      d: '{{ task.build.result.exit_code }} {{ task.build.attempts }} {{ task.build.size }}'
      e: '{{ task.p.result.one.siez }}'
      f: '{{ task.p.result.two }}'
      g: '{{ build.image_url }}'
"), @r#"
workflows/flow.yaml:9:27: error[FLOW035]: the output of `ci.build` has no field `image_url`
  9 |     publish: [{image: '{{ result().image_url }}'}]
    |                           ^^^^^^^^^^^^^^^^^^
  help: did you mean `image_uri`?
workflows/flow.yaml:19:14: error[FLOW035]: the output of `ci.build` has no field `image_url`
  19 |       a: '{{ task.build.result.image_url }}'
     |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^
  help: did you mean `image_uri`?
workflows/flow.yaml:20:14: error[FLOW035]: the output of `ci.build` has no field `image_url`
  20 |       b: '{{ task.build.image_url }}'
     |              ^^^^^^^^^^^^^^^^^^^^
  help: did you mean `image_uri`?
workflows/flow.yaml:21:14: error[FLOW035]: the output of `ci.build` has no field `reslut`
  21 |       c: '{{ task.build.reslut }}'
     |              ^^^^^^^^^^^^^^^^^
  help: did you mean `result`?
workflows/flow.yaml:23:14: error[FLOW035]: the output of `ci.build` has no field `siez`
  23 |       e: '{{ task.p.result.one.siez }}'
     |              ^^^^^^^^^^^^^^^^^^^^^^
  help: did you mean `size`?
workflows/flow.yaml:24:14: error[FLOW035]: the parallel task `p` has no child `two`
  24 |       f: '{{ task.p.result.two }}'
     |              ^^^^^^^^^^^^^^^^^
  help: known: one
workflows/flow.yaml:25:14: error[FLOW035]: the output of `ci.build` has no field `image_url`
  25 |       g: '{{ build.image_url }}'
     |              ^^^^^^^^^^^^^^^
  help: did you mean `image_uri`?
"#);
}

#[test]
fn types_that_do_not_fit_are_warnings() {
    assert_snapshot!(warnings("
parameters: {n: {type: integer}, s: {type: string}}
tasks:
  - name: a
    action: ci.build
    input: {app: '{{ parameters.n }}', replicas: '{{ parameters.n }}', tag: 'v{{ parameters.n }}'}
    on_success: b
  - name: b
    action: ci.build
    input: {app: '{{ task.a.result.size }}', replicas: '{{ task.a.image_uri }}', tag: '{{ parameters.s }}'}
"), @r#"
workflows/flow.yaml:9:18: warning[FLOW036]: `ci.build` takes string for `app`, this gives integer
  9 |     input: {app: '{{ parameters.n }}', replicas: '{{ parameters.n }}', tag: 'v{{ parameters.n }}'}
    |                  ^^^^^^^^^^^^^^^^^^^^
workflows/flow.yaml:13:18: warning[FLOW036]: `ci.build` takes string for `app`, this gives integer
  13 |     input: {app: '{{ task.a.result.size }}', replicas: '{{ task.a.image_uri }}', tag: '{{ parameters.s }}'}
     |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^
workflows/flow.yaml:13:56: warning[FLOW036]: `ci.build` takes integer for `replicas`, this gives string
  13 |     input: {app: '{{ task.a.result.size }}', replicas: '{{ task.a.image_uri }}', tag: '{{ parameters.s }}'}
     |                                                        ^^^^^^^^^^^^^^^^^^^^^^^^
"#);
}

#[test]
fn a_dash_in_the_name_of_a_task() {
    let found = errors(
        "
tasks:
  - {name: b-c, action: core.noop, on_success: t}
  - {name: t, action: core.set, input: {x: '{{ task.b-c.result }}'}}
",
    );
    let help = r#"help: the task `b-c` is written `task["b-c"]`"#;
    assert!(found.contains(help), "{found}");
    let quoted = warnings(
        r#"
tasks:
  - {name: b-c, action: core.noop, on_success: t}
  - {name: t, action: core.set, input: {x: '{{ task["b-c"].result }}'}}
"#,
    );
    assert_eq!(quoted, "");
}

#[test]
fn words_of_other_languages() {
    assert_snapshot!(errors("
inputs: {x: {type: string}}
tasks:
  - {name: a, action: core.noop}
  - {name: b, uses: core.noop, depends_on: [a], with: [1]}
"), @r#"
workflows/flow.yaml:5:1: error[FLOW001]: unknown key `inputs` in a workflow
  5 | inputs: {x: {type: string}}
    | ^^^^^^
  help: did you mean `parameters`?
workflows/flow.yaml:8:15: error[FLOW001]: unknown key `uses` in a task
  8 |   - {name: b, uses: core.noop, depends_on: [a], with: [1]}
    |               ^^^^
  help: did you mean `action`?
workflows/flow.yaml:8:32: error[FLOW001]: unknown key `depends_on` in a task
  8 |   - {name: b, uses: core.noop, depends_on: [a], with: [1]}
    |                                ^^^^^^^^^^
  help: order is said by the task before: give that one `on_success: <this task>`; `join: all` here waits for several
workflows/flow.yaml:8:49: error[FLOW001]: unknown key `with` in a task
  8 |   - {name: b, uses: core.noop, depends_on: [a], with: [1]}
    |                                                 ^^^^
  help: did you mean `with_items`?
"#);
}

#[test]
fn what_no_run_could_go_through() {
    assert_snapshot!(errors("
parameters: {regions: {type: array}}
tasks:
  - {name: a, action: core.noop, with_items: parameters.regions}
  - {name: b, action: core.noop, with_items: {items: -1}}
  - {name: c, action: core.noop, with_items: 0}
"), @r#"
workflows/flow.yaml:7:46: error[FLOW004]: `with_items` goes through a list, a map or a number from 0
  7 |   - {name: a, action: core.noop, with_items: parameters.regions}
    |                                              ^^^^^^^^^^^^^^^^^^
  help: if `parameters.regions` is an expression, write `{{ parameters.regions }}`
workflows/flow.yaml:8:54: error[FLOW004]: `with_items` goes through a list, a map or a number from 0
  8 |   - {name: b, action: core.noop, with_items: {items: -1}}
    |                                                      ^^
"#);
}
