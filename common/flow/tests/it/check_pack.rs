//! All files of a pack in one pass: every error of every file, and none twice.

use crate::check_support::catalogue;
use attune_flow::check::check_pack;
use attune_pack::read_files;

const PACK: (&str, &str) = ("pack.yaml", "ref: q\nversion: 1.0.0\n");

fn found(files: &[(&str, &str)]) -> String {
    let files = [PACK].into_iter().chain(files.iter().copied());
    check_pack(&read_files(files), &catalogue())
        .found
        .to_string()
}

/// An action whose file is broken may be called; nothing is known of what it takes and gives.
#[test]
fn a_broken_action_makes_no_noise_in_its_callers_and_hides_nothing() {
    let said = found(&[
        (
            "actions/a.yaml",
            "ref: q.a\nrunner: shel\nentry_point: a.sh\n",
        ),
        ("actions/b.yaml", "ref: q.b\nrunner: [shell\n"),
        (
            "workflows/w.yaml",
            "ref: q.w\nlabel: W\nversion: 1.0.0\ntasks:\n  - {name: one, action: q.a, input: {x: 1}, on_success: two}\n  \
             - {name: two, action: q.b, input: {x: '{{ task.one.any }}'}, on_success: tree}\n",
        ),
        (
            "rules/r.yaml",
            "ref: q.r\ntrigger: core.interval\ntrigger_parameters: {every: 1m}\naction: q.b\n",
        ),
    ]);
    insta::assert_snapshot!(said, @r#"
actions/a.yaml:2:9: error[PACK007]: `runner` cannot be `shel`
  2 | runner: shel
    |         ^^^^
  help: did you mean `shell`?
actions/b.yaml:2:9: error[PACK002]: the `[` that stands here is not closed
  2 | runner: [shell
    |         ^
workflows/w.yaml:6:76: error[FLOW010]: there is no task `tree`
  6 |   - {name: two, action: q.b, input: {x: '{{ task.one.any }}'}, on_success: tree}
    |                                                                            ^^^^
"#);
}

/// A mistake within one line does not hide the others, in that file or elsewhere.
#[test]
fn what_follows_a_syntax_error_is_checked() {
    let said = found(&[(
        "workflows/w.yaml",
        "ref: q.w\nlabel: W\nversion: 1.0.0\ntasks:\n  - name: one\n    action: core.set\n    input:\n      \
         x: {{ vars.a }}\n      y: @home\n      z: 'it's'\n    on_success: tow\n  - {name: two, action: core.nop}\n",
    )]);
    insta::assert_snapshot!(said, @r#"
workflows/w.yaml:8:10: error[PACK002]: YAML takes `{{` for the beginning of a map: a template needs quotes
  8 |       x: {{ vars.a }}
    |          ^^^^^^^^^^^^
  help: write `x: "{{ vars.a }}"`
workflows/w.yaml:9:10: error[PACK002]: a value cannot begin with `@`
  9 |       y: @home
    |          ^
  help: quote it: `"@home"`
workflows/w.yaml:10:14: error[PACK002]: text goes on behind the closing quote
  10 |       z: 'it's'
     |              ^
  help: inside of single quotes write a quote twice: `'it''s'`
workflows/w.yaml:11:17: error[FLOW010]: there is no task `tow`
  11 |     on_success: tow
     |                 ^^^
  help: did you mean `two`?
workflows/w.yaml:12:25: error[FLOW020]: there is no action `core.nop`
  12 |   - {name: two, action: core.nop}
     |                         ^^^^^^^^
  help: did you mean `core.noop`?
"#);
}

/// What a rule hands on and names.
#[test]
fn rules_are_checked_with_the_rest() {
    let said = found(&[
        (
            "triggers/t.yaml",
            "ref: q.t\npayload: {severity: {type: string}}\n",
        ),
        (
            "rules/r.yaml",
            "ref: q.r\ntrigger: q.t\naction: ci.build\n\
             input: {ap: '{{ event.payload.sevrity }}', replicas: many}\n\
             when: \"{{ severity == 'x' and succeeded() }}\"\ndedupe: '{{ event.payload | }}'\n",
        ),
        (
            "rules/s.yaml",
            "ref: q.s\ntrigger: q.t\naction: other.thing\n",
        ),
        (
            "policies/p.yaml",
            "ref: q.p\nrules: [{when: '{{ subject.x = 1 }}', decision: allow}]\ndefault: allow\n",
        ),
        (
            "actions/a.yaml",
            "ref: q.a\nrunner: http\nentry_point: x\nretry: {count: 1, on_error: 'error.code ='}\n",
        ),
    ]);
    insta::assert_snapshot!(said, @r#"
actions/a.yaml:4:41: error[FLOW030]: `=` is not expected here
  4 | retry: {count: 1, on_error: 'error.code ='}
    |                                         ^
policies/p.yaml:2:30: error[FLOW030]: `=` is not expected here
  2 | rules: [{when: '{{ subject.x = 1 }}', decision: allow}]
    |                              ^
rules/r.yaml:4:9: error[FLOW022]: `ci.build` has no parameter `ap`
  4 | input: {ap: '{{ event.payload.sevrity }}', replicas: many}
    |         ^^
  help: did you mean `app`?
rules/r.yaml:4:17: error[FLOW035]: an event of `q.t` has no field `sevrity`
  4 | input: {ap: '{{ event.payload.sevrity }}', replicas: many}
    |                 ^^^^^^^^^^^^^^^^^^^^^
  help: did you mean `severity`?
rules/r.yaml:4:54: error[FLOW023]: `ci.build` does not take this for `replicas`: must be of type integer, not string
  4 | input: {ap: '{{ event.payload.sevrity }}', replicas: many}
    |                                                      ^^^^
rules/r.yaml:5:11: error[FLOW031]: no scope has the name `severity`
  5 | when: "{{ severity == 'x' and succeeded() }}"
    |           ^^^^^^^^
  help: write `event.payload.severity`
rules/r.yaml:5:31: error[FLOW033]: `succeeded()` belongs to a run, and a rule is asked before there is one
  5 | when: "{{ severity == 'x' and succeeded() }}"
    |                               ^^^^^^^^^^^
  help: a rule sees `event` and `pack.config`
rules/r.yaml:6:29: error[FLOW030]: the end stands where the name of a filter is expected
  6 | dedupe: '{{ event.payload | }}'
    |                             ^^
rules/s.yaml:3:9: error[PACK031]: there is no action `other.thing`
  3 | action: other.thing
    |         ^^^^^^^^^^^
  help: no pack `other` is known
"#);
}
