//! The canonical form: what it looks like, that it is stable, and that it means the same.

use attune_authoring::format::{FormatError, format};
use attune_flow::check::{compile, compile_pack};
use attune_pack::{ActionDef, core_pack, load_folder};
use attune_types::{ProgramHash, Ref};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn known() -> BTreeMap<Ref, ActionDef> {
    core_pack()
        .unwrap()
        .actions
        .into_iter()
        .map(|action| (action.reference.clone(), action))
        .collect()
}

fn hash(text: &str) -> ProgramHash {
    compile("w.yaml", text, &known())
        .unwrap_or_else(|found| panic!("{found}\n{text}"))
        .program
        .hash
}

/// Formats, and holds the result against everything that is promised of it.
fn formatted(text: &str) -> String {
    let once = format("w.yaml", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let twice = format("w.yaml", &once).unwrap_or_else(|error| panic!("{error}\n{once}"));
    assert_eq!(once, twice, "formatting twice changes something");
    assert_eq!(hash(text), hash(&once), "another Program\n{text}\n{once}");
    once
}

const HEAD: &str = "ref: p.w\nlabel: W\nversion: 1.0.0\n";

#[test]
fn shorthands_fold_into_next() {
    let text = format!(
        "{HEAD}tasks:
  a:
    action: core.noop
    on_failure: [c]
    on_success: [b, c]   # both of them
    publish:
      - x: 1
      - y: \"{{{{ task.a.status }}}}\"
  b: {{action: core.noop, on_complete: c, on_timeout: c}}
  c:
    # gathers
    join: any
    action: core.noop
    type: action
"
    );
    insta::assert_snapshot!(formatted(&text), @r#"
    ref: p.w
    label: W
    version: 1.0.0
    tasks:
      - name: a
        action: core.noop
        next:
          - when: succeeded() # both of them
            publish:
              x: 1
              y: "{{ task.a.status }}"
            do: [b, c]
          - {when: failed(), do: c}
      - name: b
        action: core.noop
        next:
          - {when: timed_out(), do: c}
          - do: c
      - name: c
        action: core.noop
        # gathers
        join: any
    "#);
}

#[test]
fn keys_get_their_order_and_comments_stay_with_them() {
    let text = "\
# yaml-language-server: $schema=x
# Owned by ops.

output_map: {out: '{{ vars.x }}'}   # shown at the end
tasks:

  # The only one.
  - with_items: '{{ parameters.list }}'
    concurrency: 2  # gently
    action: core.set
    # what it works on
    input: {a: \"{{ item }}\",
            # the second
            b: 2}
    name: a
    # next: later


  - name: b
    when: \"{{ parameters.list | length > 0 }}\"
    join: 1
    action: core.noop
  # after all tasks
version: '1.0.0'
vars:
- x: 1
- {y: 'on'}
label: \"W\"
parameters: {list: {type: array, default: []}}
ref: p.w
# the end
";
    insta::assert_snapshot!(format("w.yaml", text).unwrap(), @r#"
    # yaml-language-server: $schema=x
    # Owned by ops.

    ref: p.w
    label: W
    version: 1.0.0
    parameters: {list: {type: array, default: []}}
    vars:
      x: 1
      y: "on"
    tasks:
      # The only one.
      - name: a
        action: core.set
        with_items:
          items: "{{ parameters.list }}"
          concurrency: 2 # gently
        # what it works on
        input:
          a: "{{ item }}"
          # the second
          b: 2
        # next: later

      - name: b
        action: core.noop
        when: "{{ parameters.list | length > 0 }}"
        join: 1
      # after all tasks
    output_map: {out: "{{ vars.x }}"} # shown at the end
    # the end
    "#);
}

#[test]
fn a_decision_stays_with_its_default_last() {
    let text = format!(
        "{HEAD}tasks:
  - name: a
    action: core.noop
    publish: {{x: 1}}
    decision:
      - {{next: [c], default: true}}
      - {{next: b, when: \"1 == 2\"}}
    on_failure: [c]
  - {{name: b, action: core.noop}}
  - {{name: c, action: core.noop}}
"
    );
    insta::assert_snapshot!(formatted(&text), @r"
    ref: p.w
    label: W
    version: 1.0.0
    tasks:
      - name: a
        action: core.noop
        publish: {x: 1}
        on_failure: c
        decision:
          - {when: 1 == 2, next: b}
          - {default: c}
      - name: b
        action: core.noop
      - name: c
        action: core.noop
    ");
}

#[test]
fn text_of_several_lines_becomes_a_block() {
    let text = format!(
        "{HEAD}description: >
  One sentence
  over two lines.
tasks:
  - name: a
    action: core.set
    input:
      script: \"one\\ntwo {{{{ 1 }}}}\\n\"
      folded: >-
        kept
        as it is
      odd: \"  first\\nsecond\"
      tab: \"a\\tb\"
"
    );
    insta::assert_snapshot!(formatted(&text), @r#"
    ref: p.w
    label: W
    description: >
      One sentence
      over two lines.
    version: 1.0.0
    tasks:
      - name: a
        action: core.set
        input:
          script: |
            one
            two {{ 1 }}
          folded: >-
            kept
            as it is
          odd: "  first\nsecond"
          tab: "a\tb"
    "#);
}

#[test]
fn aliases_and_merges_are_spelled_out() {
    let text = format!(
        "{HEAD}tasks:
  - name: a
    action: core.noop
    retry: &r {{count: 2, delay: 1}}
  - name: b
    action: core.noop
    retry: {{<<: *r, count: 3}}
    join: 1
  - {{name: c, action: core.noop, on_success: b}}
"
    );
    let text = formatted(&text);
    assert!(!text.contains(['&', '*']), "{text}");
    assert!(text.contains("retry: {count: 3, delay: 1}"), "{text}");
}

#[test]
fn json_stays_json() {
    let text = r#"{"tasks": {"a": {"action": "core.noop", "on_success": "b"}, "b": {"action": "core.noop"}},
        "version": "1.0.0", "label": "W", "ref": "p.w"}"#;
    let once = format("w.json", text).unwrap();
    assert!(once.starts_with("{\n  \"ref\": \"p.w\""), "{once}");
    assert_eq!(format("w.json", &once).unwrap(), once);
    assert_eq!(hash(text), hash(&once));
    assert!(once.contains("\"when\": \"succeeded()\""), "{once}");
}

#[test]
fn what_is_broken_is_not_touched() {
    let error = format("w.yaml", "ref: p.w\nversion: 1.0.0\ntasks: []\nlable: 1\n").unwrap_err();
    let FormatError::Broken(found) = error else {
        panic!("{error}");
    };
    assert!(
        found.to_string().contains("did you mean `label`"),
        "{found}"
    );
    assert!(matches!(
        format("w.yaml", "a: [1"),
        Err(FormatError::Broken(_))
    ));
}

fn packs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap();
    let folders = [
        Some(root.join("packs")),
        root.parent().map(|up| up.join("shared/acceptance")),
    ];
    let mut found: Vec<PathBuf> = folders
        .into_iter()
        .flatten()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("pack.yaml").is_file())
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

#[test]
fn real_packs_keep_their_programs() {
    let known = known();
    let mut seen = 0;
    for folder in packs() {
        let pack = load_folder(&folder).unwrap();
        let files: Vec<(String, String)> = pack
            .workflows
            .iter()
            .map(|file| (file.path.clone(), file.text.clone()))
            .collect();
        let Ok(before) = compile_pack(&pack, &known) else {
            continue;
        };
        let mut after = pack.clone();
        for file in &mut after.workflows {
            let text = format(&file.path, &file.text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.path));
            assert_eq!(format(&file.path, &text).unwrap(), text, "{}", file.path);
            file.text = text;
            seen += 1;
        }
        let after = compile_pack(&after, &known).unwrap();
        let hashes = |programs: &[attune_flow::program::Program]| -> Vec<ProgramHash> {
            programs
                .iter()
                .map(|program| program.hash.clone())
                .collect()
        };
        assert_eq!(
            hashes(&before.programs),
            hashes(&after.programs),
            "{files:?}"
        );
    }
    assert!(seen > 0);
}

/// Text of all kinds: words that are no text to some readers, marks of the language, anything.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,8}",
        "[a-z#:,\\-\\[\\]{}'\"\\\\ \n\t]{0,16}",
        Just("on".to_owned()),
        Just("1e3".to_owned()),
        Just("a: b # c".to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_text_survives(texts in proptest::collection::vec((any_text(), any_text()), 0..5), block in any::<bool>()) {
        let mut input = serde_json::Map::new();
        for (key, text) in texts {
            let clean = |text: String| text.replace("{{", "").replace("{%", "").replace("{#", "");
            input.insert(clean(key), clean(text).into());
        }
        let json = serde_json::json!({
            "ref": "p.w", "label": "W", "version": "1.0.0",
            "tasks": [{"name": "a", "action": "core.set", "input": input}],
        });
        // JSON is YAML: in braces as it is, as a block when the outermost ones are taken away.
        let text = if block {
            format!("{HEAD}tasks:\n  - name: a\n    action: core.set\n    input: {}\n", serde_json::Value::Object(input.clone()))
        } else {
            json.to_string()
        };
        let once = match format("w.yaml", &text) {
            Ok(once) => once,
            Err(FormatError::Broken(_)) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(format!("{error}: {text}"))),
        };
        prop_assert_eq!(&format("w.yaml", &once).unwrap(), &once);
        let read = attune_pack::yaml::parse("w.yaml", &once).unwrap().to_json();
        prop_assert_eq!(&read["tasks"][0]["input"], &json["tasks"][0]["input"]);
    }
}
