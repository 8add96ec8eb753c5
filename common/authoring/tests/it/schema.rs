//! The schemas say what the readers accept: the same keys, the real files, no others.

use attune_authoring::schema::{Kind, schema};
use attune_flow::syntax::{self, Form};
use attune_pack::{Diagnostics, Sink, parse, yaml};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A key that no reader knows and that is near to none.
const UNKNOWN: &str = "zzqqzz";

/// The keys that the readers name when they meet an unknown one in `what`.
fn known_keys(found: &Diagnostics, what: &str) -> BTreeSet<String> {
    let said = format!("unknown key `{UNKNOWN}` in {what}");
    let one = found
        .iter()
        .find(|one| one.message == said)
        .unwrap_or_else(|| panic!("nothing said `{said}`:\n{found}"));
    let help = one.help.as_deref().unwrap();
    let keys = help
        .strip_prefix("known keys: ")
        .unwrap_or_else(|| panic!("{help}"));
    keys.split(", ").map(str::to_owned).collect()
}

fn workflow_keys(task: &str, what: &str) -> BTreeSet<String> {
    let text = format!("tasks:\n  - {task}\n{UNKNOWN}: 1\n");
    let parsed = syntax::parse("w.yaml", &text, Form::Whole).unwrap();
    known_keys(&parsed.sink.into_diagnostics(), what)
}

fn reader_keys<T>(
    text: &str,
    what: &str,
    read: impl Fn(&yaml::Node, &mut Sink) -> T,
) -> BTreeSet<String> {
    let node = yaml::parse("f.yaml", text).unwrap();
    let mut sink = Sink::new("f.yaml", text);
    read(&node, &mut sink);
    known_keys(&sink.into_diagnostics(), what)
}

/// The keys of a definition of a schema; of its root for the empty name.
fn schema_keys(kind: Kind, definition: &str) -> BTreeSet<String> {
    let schema = schema(kind);
    let part = if definition.is_empty() {
        &schema
    } else {
        &schema["definitions"][definition]
    };
    assert_eq!(part["additionalProperties"], json!(false), "{definition}");
    let keys = part["properties"]
        .as_object()
        .unwrap_or_else(|| panic!("{definition}"));
    for (key, form) in keys {
        assert!(
            form["description"].is_string(),
            "`{key}` of {definition} says nothing"
        );
    }
    keys.keys().cloned().collect()
}

#[test]
fn a_workflow_has_the_keys_that_its_reader_knows() {
    let unknown = format!("{UNKNOWN}: 1");
    let cases = [
        (
            "",
            "a workflow",
            vec!["{name: a, action: core.noop}".to_owned()],
        ),
        (
            "Task",
            "a task",
            vec![
                format!("{{name: a, action: core.noop, {unknown}}}"),
                format!("{{name: a, type: parallel, tasks: [], {unknown}}}"),
            ],
        ),
        (
            "Items",
            "with_items",
            vec![format!("{{name: a, with_items: {{items: [], {unknown}}}}}")],
        ),
        (
            "Retry",
            "retry",
            vec![format!("{{name: a, retry: {{{unknown}}}}}")],
        ),
        (
            "Compensate",
            "compensate",
            vec![format!("{{name: a, compensate: {{{unknown}}}}}")],
        ),
        (
            "Transition",
            "an item of `next`",
            vec![format!("{{name: a, next: [{{{unknown}}}]}}")],
        ),
        (
            "Branch",
            "a branch of `decision`",
            vec![format!("{{name: a, decision: [{{{unknown}}}]}}")],
        ),
    ];
    for (definition, what, tasks) in cases {
        let mut known = BTreeSet::new();
        for task in tasks {
            known.extend(workflow_keys(&task, what));
        }
        assert_eq!(
            schema_keys(Kind::Workflow, definition),
            known,
            "{definition}"
        );
    }
}

#[test]
fn the_other_files_have_the_keys_that_their_readers_know() {
    let whole = format!("{UNKNOWN}: 1\n");
    let checks = [
        (Kind::Pack, "", reader_keys(&whole, "a pack", parse::pack)),
        (
            Kind::Action,
            "",
            reader_keys(
                &format!("workflow_file: x\n{UNKNOWN}: 1\n"),
                "an action",
                parse::action,
            ),
        ),
        (
            Kind::Action,
            "ActionRetry",
            reader_keys(&whole, "a retry", parse::retry),
        ),
        (
            Kind::Action,
            "Limits",
            reader_keys(
                &format!("limits: {{{UNKNOWN}: 1}}\n"),
                "the limits of an action",
                parse::action,
            ),
        ),
        (
            Kind::Policy,
            "",
            reader_keys(&whole, "a policy", parse::policy),
        ),
        (
            Kind::Policy,
            "PolicyRule",
            reader_keys(
                &format!("rules: [{{{UNKNOWN}: 1}}]\n"),
                "a rule of a policy",
                parse::policy,
            ),
        ),
        (
            Kind::Trigger,
            "",
            reader_keys(&whole, "a trigger", parse::trigger),
        ),
        (
            Kind::Sensor,
            "",
            reader_keys(&whole, "a sensor", parse::sensor),
        ),
        (Kind::Rule, "", reader_keys(&whole, "a rule", parse::rule)),
        (
            Kind::Rule,
            "Criterion",
            reader_keys(
                &format!("criteria: [{{{UNKNOWN}: 1}}]\n"),
                "a criterion",
                parse::rule,
            ),
        ),
        (
            Kind::Rule,
            "Throttle",
            reader_keys(
                &format!("throttle: {{{UNKNOWN}: 1}}\n"),
                "a throttle",
                parse::rule,
            ),
        ),
        (
            Kind::Rule,
            "Concurrency",
            reader_keys(
                &format!("concurrency: {{{UNKNOWN}: 1}}\n"),
                "a concurrency",
                parse::rule,
            ),
        ),
        (
            Kind::Workflow,
            "Concurrency",
            reader_keys(&whole, "a concurrency", parse::concurrency),
        ),
    ];
    for (kind, definition, known) in checks {
        assert_eq!(
            schema_keys(kind, definition),
            known,
            "{} {definition}",
            kind.word()
        );
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

/// The packs of the repository, and the acceptance packs where they are.
fn packs() -> Vec<PathBuf> {
    let root = repository();
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
    found
}

fn files(pack: &Path, kind: Kind) -> Vec<PathBuf> {
    let Some((folder, _)) = kind.files().split_once('/') else {
        return vec![pack.join(kind.files())];
    };
    let Ok(entries) = std::fs::read_dir(pack.join(folder)) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect()
}

#[test]
fn real_files_are_right_and_an_unknown_key_is_not() {
    let mut seen = 0;
    for kind in Kind::ALL {
        let validator = jsonschema::draft7::new(&schema(kind)).unwrap();
        for pack in packs() {
            for file in files(&pack, kind) {
                let text = std::fs::read_to_string(&file).unwrap();
                let mut value = yaml::parse("f.yaml", &text).unwrap().to_json();
                let wrong: Vec<String> = validator
                    .iter_errors(&value)
                    .map(|error| format!("{}: {error}", error.instance_path()))
                    .collect();
                assert!(wrong.is_empty(), "{}: {wrong:#?}", file.display());
                value[UNKNOWN] = json!(1);
                assert!(!validator.is_valid(&value), "{}", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn wrong_values_are_seen_in_the_editor() {
    let wrong = [
        (Kind::Workflow, json!({"tasks": []})),
        (
            Kind::Workflow,
            json!({"tasks": [{"name": "a", "action": "noop"}]}),
        ),
        (
            Kind::Workflow,
            json!({"tasks": [{"name": "a", "action": "core.noop", "join": "most"}]}),
        ),
        (
            Kind::Workflow,
            json!({"tasks": [{"name": "a", "action": "core.noop", "retry": {"delay": 1}}]}),
        ),
        (
            Kind::Workflow,
            json!({"tasks": {"a": {"action": "core.noop"}}, "parameters": {"x": {"typ": "string"}}}),
        ),
        (
            Kind::Workflow,
            json!({"tasks": {"a": {"action": "core.noop"}}, "on_failure": "stop"}),
        ),
        (
            Kind::Workflow,
            json!({"tasks": {"a": {"action": "core.noop"}}, "trace_tag": ["x"]}),
        ),
        (
            Kind::Workflow,
            json!({"tasks": {"a": {"action": "core.noop", "trace_tag": {"x": 1}}}}),
        ),
        (
            Kind::Workflow,
            json!({"tasks": {"a": {"action": "core.noop", "with_items": "vars.list"}}}),
        ),
        (
            Kind::Workflow,
            json!({"tasks": {"a": {"action": "core.noop", "with_items": {"items": -1}}}}),
        ),
        (Kind::Action, json!({"ref": "p.a", "runner": "perl"})),
        (
            Kind::Rule,
            json!({"ref": "p.r", "trigger": "core.cron", "action": "a.b", "criteria": [{"field": "x", "operator": "is"}]}),
        ),
        (
            Kind::Policy,
            json!({"ref": "p.p", "rules": [], "default": "maybe"}),
        ),
    ];
    for (kind, mut value) in wrong {
        if kind == Kind::Workflow {
            for (key, text) in [("ref", "p.w"), ("label", "W"), ("version", "1.0.0")] {
                value[key] = json!(text);
            }
        }
        let validator = jsonschema::draft7::new(&schema(kind)).unwrap();
        assert!(!validator.is_valid(&value), "{value}");
    }
}

#[test]
fn what_the_readers_take_is_right_in_the_editor() {
    let validator = jsonschema::draft7::new(&schema(Kind::Workflow)).unwrap();
    for tag in [json!("run {{ vars.x }}"), json!(7), json!(1.5), json!(true)] {
        for items in [
            json!("{{ vars.x }}"),
            json!([1]),
            json!(3),
            json!({"items": {"a": 1}}),
        ] {
            let task = json!({"action": "core.noop", "trace_tag": tag, "with_items": items});
            let value = json!({
                "ref": "p.w", "label": "W", "version": "1.0.0",
                "vars": {"x": [1]}, "trace_tag": tag, "tasks": {"a": task},
            });
            assert!(validator.is_valid(&value), "{value}");
            let known = BTreeMap::new();
            let found = attune_flow::check::compile("w.yaml", &value.to_string(), &known);
            // No action is known here, and nothing else is said.
            let codes: Vec<String> = match found {
                Ok(_) => Vec::new(),
                Err(found) => found.iter().map(|one| one.code.clone()).collect(),
            };
            assert_eq!(codes, ["FLOW020"], "{value}");
        }
    }
}

#[test]
fn the_checked_in_schemas_are_these() {
    for kind in Kind::ALL {
        let file = repository().join(format!("docs/schemas/{}.schema.json", kind.word()));
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap_or_default())
            .unwrap_or_default();
        assert_eq!(
            kept,
            schema(kind),
            "{} is not what the types say; run `cargo xtask generate`",
            file.display()
        );
    }
}

#[test]
fn the_checked_in_reference_is_this() {
    for (name, text) in attune_authoring::reference::pages() {
        let file = repository().join("docs/reference").join(&name);
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == text,
            "{} is not what the code says; run `cargo xtask generate`",
            file.display()
        );
    }
}
