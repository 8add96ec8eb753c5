//! Broken files, and word for word what is said about them.
//!
//! Each case puts one file into a pack that is fine otherwise.

use attune_pack::from_files;

const GOOD: [(&str, &str); 3] = [
    ("pack.yaml", "ref: a\nversion: 1.0.0\n"),
    (
        "actions/good.yaml",
        "ref: a.good\nrunner: shell\nentry_point: x.sh\n",
    ),
    ("actions/x.sh", "echo\n"),
];

/// The good pack with one more file, or another one in the place of one of its own.
fn said_about(path: &str, text: &str) -> String {
    let others = GOOD.into_iter().filter(|(own, _)| *own != path);
    match from_files(others.chain([(path, text)])) {
        Ok(_) => "nothing is wrong".to_owned(),
        Err(found) => found.to_string(),
    }
}

#[test]
fn unknown_keys_and_missing_ones() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
runer: shell
entry_point: x.sh
parameters: {}
colour: red
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:2:1: error[PACK003]: unknown key `runer` in an action
      2 | runer: shell
        | ^^^^^
      help: did you mean `runner`?
    actions/x.yaml:5:1: error[PACK003]: unknown key `colour` in an action
      5 | colour: red
        | ^^^^^^
      help: known keys: description, entry_point, env, idempotent, label, limits, output, output_format, parameter_delivery, parameters, pool, ref, retry, runner, timeout, workflow_file
    "###);
}

#[test]
fn wrong_types_are_named_with_their_place() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
label: 1.0
runner: shell
entry_point: [x.sh]
idempotent: "yes"
timeout: soon
retry: {count: -1, backoff: exponentiall, jitter: 2}
env: {PATH-X: a, B: [1]}
limits: {memory: 5}
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:2:8: error[PACK004]: `label` must be text, not a number
      2 | label: 1.0
        |        ^^^
      help: put it in quotes: `label: "1.0"`
    actions/x.yaml:4:14: error[PACK004]: `entry_point` must be text, not a list
      4 | entry_point: [x.sh]
        |              ^
    actions/x.yaml:5:13: error[PACK004]: `idempotent` must be true or false, not text
      5 | idempotent: "yes"
        |             ^^^^^
      help: write `idempotent: true`, without quotes
    actions/x.yaml:6:10: error[PACK007]: `timeout`: `soon` is not a duration: write seconds (`30`, `0.5`) or units (`1h30m`, `250ms`, `2d`)
      6 | timeout: soon
        |          ^^^^
    actions/x.yaml:7:16: error[PACK007]: `count` must be 0 or more, not -1
      7 | retry: {count: -1, backoff: exponentiall, jitter: 2}
        |                ^^
    actions/x.yaml:7:29: error[PACK007]: `backoff` cannot be `exponentiall`
      7 | retry: {count: -1, backoff: exponentiall, jitter: 2}
        |                             ^^^^^^^^^^^^
      help: did you mean `exponential`?
    actions/x.yaml:7:51: error[PACK007]: `jitter` must be a number from 0 to 1, or true
      7 | retry: {count: -1, backoff: exponentiall, jitter: 2}
        |                                                   ^
    actions/x.yaml:8:7: error[PACK007]: `PATH-X` cannot be the name of an environment variable
      8 | env: {PATH-X: a, B: [1]}
        |       ^^^^^^
      help: use letters, digits and `_`
    actions/x.yaml:8:21: error[PACK007]: the variable `B` must be text, not a list
      8 | env: {PATH-X: a, B: [1]}
        |                     ^
    actions/x.yaml:9:10: error[PACK003]: unknown key `memory` in the limits of an action
      9 | limits: {memory: 5}
        |          ^^^^^^
      help: did you mean `memory_mb`?
    "###);
}

#[test]
fn duplicate_keys_name_both_places() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
runner: shell
entry_point: x.sh
ref: a.y
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:4:1: error[PACK006]: the key `ref` stands here a second time; the first is in line 1, column 1
      4 | ref: a.y
        | ^^^
      help: keep one of the two
    "###);
}

#[test]
fn syntax_errors_have_a_place() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
runner: [shell
entry_point: x.sh
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:2:9: error[PACK002]: the `[` that stands here is not closed before line 3
      2 | runner: [shell
        |         ^
      help: put a `]` where it ends
    "###);
}

#[test]
fn an_unquoted_template_gets_advice() {
    let said = said_about(
        "rules/x.yaml",
        r##"ref: a.x
trigger: core.interval
trigger_parameters: {every: 1}
action: core.noop
input:
  name: {{ event.payload.name }}
"##,
    );
    insta::assert_snapshot!(said, @r###"
    rules/x.yaml:6:9: error[PACK002]: YAML takes `{{` for the beginning of a map: a template needs quotes
      6 |   name: {{ event.payload.name }}
        |         ^^^^^^^^^^^^^^^^^^^^^^^^
      help: write `name: "{{ event.payload.name }}"`
    "###);
}

#[test]
fn numbers_that_cannot_be_held() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
timeout: .inf
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:1:1: error[PACK005]: an action needs the key `runner`
      1 | ref: a.x
        | ^^^
    actions/x.yaml:2:10: error[PACK002]: `.inf` is not a number that can be stored
      2 | timeout: .inf
        |          ^^^^
      help: put it in quotes to keep it as text
    "###);
}

#[test]
fn tags_and_second_documents_are_refused() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: !secret a.x
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:1:14: error[PACK002]: the tag `!secret` is not accepted
      1 | ref: !secret a.x
        |              ^^^
      help: write the value without a tag
    "###);
}

#[test]
fn a_second_document_is_refused() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
---
ref: a.y
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:1:1: error[PACK005]: an action needs the key `runner`
      1 | ref: a.x
        | ^^^
    actions/x.yaml:2:1: error[PACK002]: a second document begins here
      2 | ---
        | ^^^
      help: a file holds one definition: take out the `---`, or make two files
    "###);
}

#[test]
fn wrong_schemas_are_explained() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
runner: shell
entry_point: x.sh
parameters:
  name: string
  count: {type: int, requierd: true}
  size: {type: integer, default: big}
output:
  type: object
  properties:
    text: {type: strng}
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:5:9: error[PACK008]: the field `name` must be a map
      5 |   name: string
        |         ^^^^^^
      help: write `name: {type: string}`
    actions/x.yaml:6:17: error[PACK008]: unknown type `int`
      6 |   count: {type: int, requierd: true}
        |                 ^^^
      help: did you mean `integer`?
    actions/x.yaml:6:22: error[PACK008]: unknown key `requierd` in the field `count`
      6 |   count: {type: int, requierd: true}
        |                      ^^^^^^^^
      help: did you mean `required`?
    actions/x.yaml:7:34: error[PACK008]: the default of `size` does not fit the field: "big" is not of type "integer"
      7 |   size: {type: integer, default: big}
        |                                  ^^^
    actions/x.yaml:11:18: error[PACK008]: unknown type `strng`
      11 |     text: {type: strng}
         |                  ^^^^^
      help: did you mean `string`?
    "###);
}

#[test]
fn names_match_pack_and_file() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: b.z
runner: shell
entry_point: x.sh
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:1:6: error[PACK009]: `b.z` does not belong to the pack `a`
      1 | ref: b.z
        |      ^^^
      help: write `ref: a.z`
    actions/x.yaml:1:6: error[PACK009]: `b.z` stands in a file named `x.yaml`
      1 | ref: b.z
        |      ^^^
      help: rename the file to `z.yaml`, or the reference
    "###);
}

#[test]
fn entry_points_exist_inside_of_the_folder() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
runner: shell
entry_point: ../../etc/passwd
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:3:14: error[PACK011]: `../../etc/passwd` does not lie inside the pack's folder
      3 | entry_point: ../../etc/passwd
        |              ^^^^^^^^^^^^^^^^
      help: write a path relative to the definition or to the pack's folder, without `..`
    "###);
}

#[test]
fn a_missing_entry_point_gets_a_suggestion() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
runner: shell
entry_point: xx.sh
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:3:14: error[PACK010]: there is no file `actions/xx.sh`
      3 | entry_point: xx.sh
        |              ^^^^^
      help: did you mean `actions/x.sh`?
    "###);
}

#[test]
fn runners_and_their_keys_go_together() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
runner: workflow
entry_point: x.sh
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:2:1: error[PACK018]: the runner `workflow` needs the key `workflow_file`
      2 | runner: workflow
        | ^^^^^^
    actions/x.yaml:3:1: error[PACK018]: `entry_point` does not go with the runner `workflow`
      3 | entry_point: x.sh
        | ^^^^^^^^^^^
    "###);
}

#[test]
fn native_is_for_core() {
    let said = said_about(
        "actions/x.yaml",
        r##"ref: a.x
runner: native
"##,
    );
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:2:9: error[PACK018]: the runner `native` is for the built-in pack `core`
      2 | runner: native
        |         ^^^^^^
      help: use shell, python, node or binary
    "###);
}

#[test]
fn rules_name_what_is_there() {
    let said = said_about(
        "rules/r.yaml",
        r##"ref: a.r
trigger: core.intervall
action: a.good_action
"##,
    );
    insta::assert_snapshot!(said, @r###"
    rules/r.yaml:2:10: error[PACK013]: there is no trigger `core.intervall`
      2 | trigger: core.intervall
        |          ^^^^^^^^^^^^^^
      help: did you mean `core.interval`?
    rules/r.yaml:3:9: error[PACK013]: there is no action `a.good_action`
      3 | action: a.good_action
        |         ^^^^^^^^^^^^^
    "###);
}

#[test]
fn triggers_are_set_rightly() {
    let said = said_about(
        "rules/r.yaml",
        r##"ref: a.r
trigger: core.interval
trigger_parameters: {evry: 5s}
action: a.good
"##,
    );
    insta::assert_snapshot!(said, @r###"
    rules/r.yaml:3:21: error[PACK017]: `trigger_parameters` do not fit `core.interval`: `every` is required
      3 | trigger_parameters: {evry: 5s}
        |                     ^
    rules/r.yaml:3:22: error[PACK017]: `trigger_parameters` do not fit `core.interval`: unknown name `evry`, did you mean `every`?
      3 | trigger_parameters: {evry: 5s}
        |                      ^^^^
    "###);
}

#[test]
fn an_interval_is_a_duration() {
    let said = said_about(
        "rules/r.yaml",
        r##"ref: a.r
trigger: core.interval
trigger_parameters:
  every: often
action: a.good
"##,
    );
    insta::assert_snapshot!(said, @r###"
    rules/r.yaml:4:10: error[PACK014]: `often` is not a duration: write seconds (`30`, `0.5`) or units (`1h30m`, `250ms`, `2d`)
      4 |   every: often
        |          ^^^^^
      help: write `every: 30s` or `every: 1h30m`
    "###);
}

#[test]
fn a_cron_expression_and_its_zone_are_checked() {
    let said = said_about(
        "rules/r.yaml",
        r##"ref: a.r
trigger: core.cron
trigger_parameters: {expression: "61 * * * *", timezone: Europe/Berln}
action: a.good
"##,
    );
    insta::assert_snapshot!(said, @r###"
    rules/r.yaml:3:34: error[PACK014]: `61 * * * *` is no cron expression: Component error: Number out of bounds.
      3 | trigger_parameters: {expression: "61 * * * *", timezone: Europe/Berln}
        |                                  ^^^^^^^^^^^^
      help: five fields: minute, hour, day of month, month, day of week; six with seconds first
    rules/r.yaml:3:58: error[PACK014]: `Europe/Berln` is no known time zone
      3 | trigger_parameters: {expression: "61 * * * *", timezone: Europe/Berln}
        |                                                          ^^^^^^^^^^^^
      help: use a name such as `UTC` or `Europe/Berlin`
    "###);
}

#[test]
fn criteria_are_checked_in_both_forms() {
    let said = said_about(
        "rules/r.yaml",
        r##"ref: a.r
trigger: other.event
action: a.good
match: most
criteria:
  event.payload.a: {equal: 1}
  event.payload.b: {matchregex: "("}
  event.payload.c: {operator: in, value: 3}
throttle: {limit: 3}
concurrency: 0
"##,
    );
    insta::assert_snapshot!(said, @r###"
    rules/r.yaml:4:8: error[PACK007]: `match` cannot be `most`
      4 | match: most
        |        ^^^^
      help: use one of: all, any
    rules/r.yaml:6:21: error[PACK007]: unknown operator `equal`
      6 |   event.payload.a: {equal: 1}
        |                     ^^^^^
      help: did you mean `equals`?
    rules/r.yaml:7:33: error[PACK007]: not a regular expression: unclosed group
      7 |   event.payload.b: {matchregex: "("}
        |                                 ^^^
    rules/r.yaml:8:20: error[PACK007]: `in` compares with a list or a text
      8 |   event.payload.c: {operator: in, value: 3}
        |                    ^
    rules/r.yaml:9:11: error[PACK005]: a throttle needs the key `per`
      9 | throttle: {limit: 3}
        |           ^
    rules/r.yaml:10:14: error[PACK007]: a concurrency of 0 would never run anything
      10 | concurrency: 0
         |              ^
    "###);
}

#[test]
fn a_criterion_of_the_list_form_is_whole() {
    let said = said_about(
        "rules/r.yaml",
        r##"ref: a.r
trigger: other.event
action: a.good
criteria:
  - {field: event.payload.a, operator: equals}
  - {operator: exists}
  - event.payload.b == 1
"##,
    );
    insta::assert_snapshot!(said, @r###"
    rules/r.yaml:5:30: error[PACK005]: the operator `equals` needs a `value`
      5 |   - {field: event.payload.a, operator: equals}
        |                              ^^^^^^^^
    rules/r.yaml:6:5: error[PACK005]: a criterion needs the key `field`
      6 |   - {operator: exists}
        |     ^
    rules/r.yaml:7:5: error[PACK004]: a criterion must be a map, not text
      7 |   - event.payload.b == 1
        |     ^^^^^^^^^^^^^^^^^^^^
    "###);
}

#[test]
fn policies_are_checked() {
    let said = said_about(
        "policies/p.yaml",
        r##"ref: a.p
rules:
  - {decision: require_approval}
  - {when: x, decision: maybe}
default: allow
"##,
    );
    insta::assert_snapshot!(said, @r###"
    policies/p.yaml:3:6: error[PACK007]: `require_approval` needs `approvers`
      3 |   - {decision: require_approval}
        |      ^^^^^^^^
      help: write `approvers: ["role:admin"]`
    policies/p.yaml:4:25: error[PACK007]: `decision` cannot be `maybe`
      4 |   - {when: x, decision: maybe}
        |                         ^^^^^
      help: use one of: allow, deny, require_approval
    "###);
}

#[test]
fn sensors_are_checked() {
    let said = said_about(
        "sensors/s.yaml",
        r##"ref: a.s
runner: native
entry_point: nothing.py
triggers: [a.none, nodot]
"##,
    );
    insta::assert_snapshot!(said, @r###"
    sensors/s.yaml:2:9: error[PACK018]: a sensor cannot use the runner `native`
      2 | runner: native
        |         ^^^^^^
      help: use shell, python, node or binary
    sensors/s.yaml:3:14: error[PACK010]: there is no file `sensors/nothing.py`
      3 | entry_point: nothing.py
        |              ^^^^^^^^^^
    sensors/s.yaml:4:12: error[PACK013]: there is no trigger `a.none`
      4 | triggers: [a.none, nodot]
        |            ^^^^^^
    sensors/s.yaml:4:20: error[PACK007]: `nodot` is not a reference: write it as `pack.name`
      4 | triggers: [a.none, nodot]
        |                    ^^^^^
    "###);
}

#[test]
fn a_pack_needs_a_name_and_a_version() {
    let said = said_about(
        "pack.yaml",
        r##"ref: a.b
version: 1.0
dependencies: {other: 2}
"##,
    );
    insta::assert_snapshot!(said, @r###"
    pack.yaml:1:6: error[PACK007]: `a.b` cannot be the name of a pack
      1 | ref: a.b
        |      ^^^
      help: use a letter, then letters, digits, `_` or `-`; no dot
    pack.yaml:2:10: error[PACK004]: `version` must be text, not a number
      2 | version: 1.0
        |          ^^^
      help: put it in quotes: `version: "1.0"`
    pack.yaml:3:23: error[PACK007]: the version of `other` must be text
      3 | dependencies: {other: 2}
        |                       ^
    "###);
}

#[test]
fn the_good_pack_is_good() {
    assert_eq!(said_about("README.md", "# a"), "nothing is wrong");
}

#[test]
fn the_same_name_twice_is_refused() {
    let said = said_about("workflows/good.yaml", "ref: a.good\ntasks: []\n");
    insta::assert_snapshot!(said, @r###"
    workflows/good.yaml:1:6: error[PACK012]: `a.good` is defined a second time; the first is in `actions/good.yaml`
      1 | ref: a.good
        |      ^^^^^^
    "###);
}

#[test]
fn aliases_cannot_blow_a_file_up() {
    let mut text = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = format!("*l{}", level - 1);
        text.push_str(&format!(
            "l{level}: &l{level} [{}]\n",
            [before.as_str(); 10].join(", ")
        ));
    }
    let said = said_about("actions/x.yaml", &text);
    insta::assert_snapshot!(said, @r###"
    actions/x.yaml:6:10: error[PACK015]: more than 200000 values, those of aliases counted each time
      6 | l5: &l5 [*l4, *l4, *l4, *l4, *l4, *l4, *l4, *l4, *l4, *l4]
        |          ^^^
    "###);
}

#[test]
fn a_wrong_name_of_the_pack_is_told_once() {
    let action =
        |name: &str| format!("ref: lab.{name}\nrunner: http\nentry_point: http://x.example/\n");
    let files = |pack: &str, third: &str| {
        [
            ("pack.yaml", format!("ref: {pack}\nversion: 1.0.0\n")),
            ("actions/one.yaml", action("one")),
            ("actions/two.yaml", action("two")),
            (
                "rules/often.yaml",
                format!("ref: {third}.often\ntrigger: lab.gone\naction: lab.one\n"),
            ),
        ]
    };
    insta::assert_snapshot!(from_files(files("lob", "lab")).unwrap_err(), @r#"
pack.yaml:1:6: error[PACK009]: the pack is named `lob`, and its 3 definitions belong to `lab`
  1 | ref: lob
    |      ^^^
  help: write `ref: lab`, or `lob.` in all of them
rules/often.yaml:2:10: error[PACK013]: there is no trigger `lab.gone`
  2 | trigger: lab.gone
    |          ^^^^^^^^
"#);
    // They do not agree: each is told.
    let said = from_files(files("lob", "lib")).unwrap_err().to_string();
    assert_eq!(said.matches("PACK009").count(), 3, "{said}");
}

#[test]
fn deep_nesting_is_refused() {
    let of = |levels: usize| {
        let nested = format!("ref: {}{}", "[".repeat(levels), "]".repeat(levels));
        said_about("actions/x.yaml", &nested)
    };
    // The parser itself gives up on the deeper ones.
    for levels in [80, 200, 300, 5000] {
        let said = of(levels);
        assert!(
            said.contains("error[PACK015]: nested deeper than 64 levels")
                && said.contains("help: take levels out"),
            "{said}"
        );
        assert!(
            said.contains("x.yaml:1:6") || said.contains("x.yaml:1:7"),
            "{said}"
        );
    }
    let maps = format!("ref: {}1{}", "{a: ".repeat(300), "}".repeat(300));
    let said = said_about("actions/x.yaml", &maps);
    assert!(
        said.contains("PACK015") && !said.contains("recursion"),
        "{said}"
    );
}

#[test]
fn an_anchor_that_is_not_there_is_named() {
    insta::assert_snapshot!(said_about(
        "actions/x.yaml",
        "ref: a.x
runner: shell
entry_point: x.sh
env: {x: *nope, y: '*nope', z: *nope }
description: *daily at noon
label: *word
parameters:
  a: &text {type: string}
  b: *txet
"
    ), @r#"
actions/x.yaml:4:10: error[PACK002]: `*nope` repeats the value marked `&nope`, and none is before it
  4 | env: {x: *nope, y: '*nope', z: *nope }
    |          ^^^^^
  help: mark that value with `&nope`; if the star is part of a text, quote it: `"*nope"`
actions/x.yaml:5:14: error[PACK002]: `*` stands for an anchor, and there is none of that name
  5 | description: *daily at noon
    |              ^
  help: quote it: `"*daily at noon"`
actions/x.yaml:6:8: error[PACK002]: `*word` repeats the value marked `&word`, and none is before it
  6 | label: *word
    |        ^^^^^
  help: mark that value with `&word`; if the star is part of a text, quote it: `"*word"`
actions/x.yaml:9:6: error[PACK002]: `*txet` repeats the value marked `&txet`, and none is before it
  9 |   b: *txet
    |      ^^^^^
  help: did you mean `*text`?
"#);
}

#[test]
fn a_place_within_a_character_is_none() {
    let said = said_about("actions/x.yaml", "\"x.y\n]null| : é: ? 1| \"}true---\n, :");
    assert!(said.contains("PACK002"), "{said}");
}

#[test]
fn merge_keys_and_aliases_work() {
    let said = said_about(
        "actions/x.yaml",
        "ref: a.x\nrunner: shell\nentry_point: x.sh\nparameters:\n  a: &text {type: string}\n  b: {<<: *text, default: b}\n",
    );
    assert_eq!(said, "nothing is wrong");
}

#[test]
fn diagnostics_go_to_json() {
    let found = from_files([("pack.yaml", "ref: a\nversion: 1.0.0\nautor: me\n")]).unwrap_err();
    insta::assert_snapshot!(serde_json::to_string_pretty(&found).unwrap(), @r###"
    [
      {
        "code": "PACK003",
        "severity": "error",
        "file": "pack.yaml",
        "span": {
          "offset": 22,
          "len": 5,
          "line": 3,
          "column": 1
        },
        "message": "unknown key `autor` in a pack",
        "help": "did you mean `author`?",
        "line_text": "autor: me"
      }
    ]
    "###);
}
