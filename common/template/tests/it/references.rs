//! What a template uses is known without evaluating it.

use attune_template::{Root, Target, Template};
use serde_json::json;

fn names(text: &str) -> Vec<(Target, String, bool, bool)> {
    Template::compile(&json!(text))
        .unwrap()
        .references()
        .into_iter()
        .map(|found| {
            (
                found.target,
                found.path.join("."),
                found.dynamic,
                found.optional,
            )
        })
        .collect()
}

#[test]
fn paths_names_and_functions_are_found() {
    assert_eq!(
        names("{{ task.build.result.image_url | default(vars.x) }}"),
        [
            (
                Target::Scope(Root::Task),
                "build.result.image_url".into(),
                false,
                true
            ),
            (Target::Scope(Root::Vars), "x".into(), false, false),
        ]
    );
    assert_eq!(
        names(
            "{% for t in task.a.list %}{{ t.x }}{{ vars[t.key].y }}{{ now() }}{% endfor %}{{ item }}"
        ),
        [
            (Target::Scope(Root::Task), "a.list".into(), false, false),
            (Target::Scope(Root::Vars), String::new(), true, false),
            (Target::Function, "now".into(), false, false),
            (Target::Bare, "item".into(), false, false),
        ]
    );
    assert_eq!(
        names("{{ kv.get('k', 1) ~ result().a ~ succeeded() }}"),
        [
            (Target::Scope(Root::Kv), "k".into(), false, true),
            (Target::Function, "result.a".into(), false, false),
            (Target::Function, "succeeded".into(), false, false),
        ]
    );
}

#[test]
fn references_know_their_string() {
    let template = Template::compile(&json!({"a": {"b/c": ["{{ vars.x }}"]}})).unwrap();
    let references = template.references();
    assert_eq!(references[0].pointer, "/a/b~1c/0");
    assert_eq!(references[0].span, 3..9);
}
