//! What is told of two versions of a workflow, and what breaks a caller.

use crate::support::{BUILD, program, program_with};
use attune_draw::{Area, Change, Difference, Kind};
use std::fmt::Write as _;

const BEFORE: &str = r#"
parameters:
  app: {type: string, required: true}
  tag: {type: string, default: latest}
  level: {type: string, enum: [low, high]}
output:
  image: {type: string}
  size: {type: integer}
vars:
  - one: 1
  - two: 2
tasks:
  - name: build
    action: ci.build
    input: {app: "{{ parameters.app }}"}
    retry: {count: 2, delay: 1}
    next:
      - when: "{{ succeeded() }}"
        do: check
      - when: "{{ failed() }}"
        do: tell
  - name: check
    action: ci.check
    input: {level: "{{ parameters.level | default(value='low') }}"}
  - name: tell
    action: core.notify
    input: {channel: ops, text: "no"}
output_map:
  image: "{{ task.build.result.image }}"
  size: 1
"#;

/// The difference as lines of text.
fn told(found: &Difference) -> String {
    let mut out = String::new();
    for change in &found.changes {
        let mark = if change.breaking { '!' } else { ' ' };
        let Change {
            area,
            name,
            key,
            kind,
            ..
        } = change;
        let _ = write!(out, "{mark} {area:?} {name}/{key} {kind:?}");
        if let Some(from) = &change.from {
            let _ = write!(out, " from {from}");
        }
        if let Some(to) = &change.to {
            let _ = write!(out, " to {to}");
        }
        if let Some(note) = &change.note {
            let _ = write!(out, " ({note})");
        }
        out.push('\n');
    }
    out
}

fn from_before(replaced: &[(&str, &str)]) -> Difference {
    let mut after = BEFORE.to_owned();
    for (old, new) in replaced {
        assert!(after.contains(old), "{old}");
        after = after.replace(old, new);
    }
    Difference::between(&program(BEFORE), &program(&after))
}

#[test]
fn another_form_is_the_same_program() {
    let text = r#"
# The same in other words.
output_map: [{image: "{{ task.build.result.image }}"}, {size: 1}]
vars: {one: 1, two: 2}
output:
  image: {type: string}
  size: {type: integer}
parameters:
  app: {required: true, type: string}
  tag: {default: latest, type: string}
  level: {enum: [low, high], type: string}
tasks:
  build:
    retry: {delay: 1, count: 2}
    input: {app: "{{ parameters.app }}"}
    action: ci.build
    next:
      - {do: [check], when: "{{ succeeded() }}"}
      - {do: [tell], when: "{{ failed() }}"}
  check:
    action: ci.check
    input: {level: "{{ parameters.level | default(value='low') }}"}
  tell:
    action: core.notify
    input: {text: "no", channel: ops}
"#;
    let (a, b) = (program(BEFORE), program(text));
    let found = Difference::between(&a, &b);
    assert_eq!(a.hash, b.hash, "{}", told(&found));
    assert!(found.same && !found.breaking, "{}", told(&found));
    assert_eq!(found.from.hash, found.to.hash);
}

#[test]
fn what_a_workflow_does_inside_breaks_nobody() {
    let found = from_before(&[
        ("count: 2", "count: 3"),
        ("channel: ops", "channel: dev"),
        ("do: check", "do: [check, tell]"),
        (
            "when: \"{{ failed() }}\"",
            "when: \"{{ failed() or timed_out() }}\"",
        ),
        ("- one: 1\n  - two: 2", "- two: 2\n  - one: 3"),
    ]);
    assert!(!found.breaking);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn parameters_that_are_gone_needed_or_narrower_break_callers() {
    let found = from_before(&[
        (
            "  tag: {type: string, default: latest}\n",
            "  size: {type: integer, required: true}\n  note: {type: string}\n",
        ),
        (
            "app: {type: string, required: true}",
            "app: {type: string, required: true, max_length: 9}",
        ),
        ("enum: [low, high]", "enum: [high, highest]"),
    ]);
    assert!(found.breaking);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn parameters_that_take_more_break_nobody() {
    let found = from_before(&[
        (
            "app: {type: string, required: true}",
            "app: {type: string, default: web}",
        ),
        ("enum: [low, high]", "enum: [low, high, highest]"),
        (
            "  tag: {type: string, default: latest}\n",
            "  tag: {type: string, default: stable}\n  must: {type: integer, required: true, default: 1}\n",
        ),
    ]);
    assert!(!found.breaking, "{}", told(&found));
    insta::assert_snapshot!(told(&found));
}

#[test]
fn an_output_that_is_gone_or_wider_breaks_callers() {
    let found = from_before(&[
        (
            "  image: {type: string}\n  size: {type: integer}\n",
            "  image: {type: string, nullable: true}\n",
        ),
        ("  size: 1\n", ""),
    ]);
    assert!(found.breaking);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn types_widen_and_narrow() {
    let wider = from_before(&[(
        "level: {type: string, enum: [low, high]}",
        "level: {type: string}",
    )]);
    assert!(!wider.breaking, "{}", told(&wider));
    let (integer, number) = ("{type: integer, default: 1}", "{type: number, default: 1}");
    let with = |kind: &str| program(&BEFORE.replace("{type: string, default: latest}", kind));
    assert!(!Difference::between(&with(integer), &with(number)).breaking);
    assert!(Difference::between(&with(number), &with(integer)).breaking);
}

#[test]
fn fields_of_fields_are_compared_too() {
    let with = |inner: &str| {
        program(&BEFORE.replace(
            "{type: string, default: latest}",
            &format!("{{type: object, properties: {{deep: {{type: array, items: {inner}}}}}}}"),
        ))
    };
    let found = Difference::between(
        &with("{type: integer, minimum: 1}"),
        &with("{type: integer, minimum: 2}"),
    );
    assert!(found.breaking);
    assert_eq!(found.changes.len(), 1, "{}", told(&found));
    let change = &found.changes[0];
    assert_eq!(
        (change.area, change.name.as_str(), change.key.as_str()),
        (Area::Parameters, "tag", "deep.items.minimum")
    );
}

#[test]
fn a_task_with_another_name_is_told_as_renamed() {
    let found = from_before(&[("name: tell", "name: shout"), ("do: tell", "do: shout")]);
    assert_eq!(
        told(&found),
        "  Tasks shout/ Renamed from \"tell\" to \"shout\"\n"
    );
}

#[test]
fn tasks_that_come_and_go() {
    let found = from_before(&[
        (
            "  - name: tell\n    action: core.notify\n    input: {channel: ops, text: \"no\"}\n",
            "  - name: first\n    action: core.sleep\n    input: {seconds: 1}\n    on_success: check\n",
        ),
        ("do: tell", "do: noop"),
    ]);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn a_task_in_front_of_the_others_changes_nothing_else() {
    let found = from_before(&[(
        "tasks:\n",
        "tasks:\n  - name: zero\n    action: core.noop\n",
    )]);
    assert_eq!(found.changes.len(), 1, "{}", told(&found));
    assert_eq!(found.changes[0].kind, Kind::Added);
}

#[test]
fn the_order_of_tasks_and_ways_is_told() {
    let text = BEFORE.replace(
        "      - when: \"{{ succeeded() }}\"\n        do: check\n      - when: \"{{ failed() }}\"\n        do: tell\n",
        "      - when: \"{{ failed() }}\"\n        do: tell\n      - when: \"{{ succeeded() }}\"\n        do: check\n",
    );
    let found = Difference::between(&program(BEFORE), &program(&text));
    assert_eq!(found.changes.len(), 1, "{}", told(&found));
    assert_eq!(found.changes[0].kind, Kind::Moved);
}

#[test]
fn an_action_whose_definition_changed_is_told() {
    let changed = BUILD
        .replace("entry_point: build.sh", "entry_point: other.sh\npool: big")
        .replace(
            "image: {type: string}",
            "image: {type: string}\n  size: {type: integer}",
        );
    let found = Difference::between(&program(BEFORE), &program_with(&changed, BEFORE));
    assert!(!found.breaking);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn another_action_is_told_alone() {
    let found = from_before(&[(
        "action: ci.check\n    input: {level",
        "action: core.set\n    input: {level",
    )]);
    // What the new action takes and gives follows from its name; what it brings to the task is told.
    let lines = [
        r#"  Tasks check/action Changed from "ci.check" to "core.set""#,
        "  Tasks check/idempotent Changed from false to true",
    ];
    assert_eq!(told(&found).lines().collect::<Vec<_>>(), lines);
}

#[test]
fn a_condition_in_other_words_is_the_same() {
    let found = from_before(&[("when: \"{{ failed() }}\"", "when: failed()")]);
    assert!(
        found.same && found.from.hash != found.to.hash,
        "{}",
        told(&found)
    );
    assert_eq!(found.changes.len(), 1, "{}", told(&found));
    assert_eq!(found.changes[0].kind, Kind::Rewritten);
}

#[test]
fn a_schema_in_the_other_form_is_the_same() {
    let found = from_before(&[(
        "output:\n  image: {type: string}\n  size: {type: integer}\n",
        "output:\n  type: object\n  properties: {image: {type: string}, size: {type: integer}}\n",
    )]);
    assert!(found.same, "{}", told(&found));
}

#[test]
fn policies_and_bounds_are_told_by_the_words_of_the_language() {
    let found = from_before(&[(
        "output_map:",
        "timeout: 1h\ncancellation_policy: allow_finish\non_failure: cancel_running\nlabels: {app: \"{{ parameters.app }}\"}\noutput_map:",
    )]);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn json_is_read_back_as_it_was() {
    let found = from_before(&[
        ("count: 2", "count: 3"),
        ("  tag: {type: string, default: latest}\n", ""),
    ]);
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Difference>(&text).unwrap(), found);
}
