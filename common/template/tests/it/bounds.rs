//! Hostile templates end in an error, soon and small.

use super::{hostile, scope};
use attune_template::{ErrorKind, Limits, Root, Template, TemplateError};
use attune_types::JsonValue;
use serde_json::json;
use std::time::{Duration, Instant};

/// Far more than the 100 ms that are aimed at: builds for tests are slow and machines busy. Without
/// limits each of these would take minutes at least, or all memory.
const GENEROUS: Duration = Duration::from_secs(20);

fn big() -> attune_template::MapScope {
    let text = "x".repeat(200_000);
    let list: Vec<JsonValue> = (0..5_000)
        .map(|n| json!({"id": n, "text": "some text"}))
        .collect();
    scope()
        .with_member(Root::Vars, "text", json!(text))
        .with_member(Root::Vars, "list", list.into())
        .with_member(Root::Vars, "lines", json!("\n".repeat(100_000)))
        .with_member(Root::Vars, "commas", json!(",".repeat(100_000)))
}

fn run(text: &str) -> Result<JsonValue, TemplateError> {
    let start = Instant::now();
    let result = Template::compile(&json!(text)).and_then(|template| template.evaluate(&big()));
    assert!(start.elapsed() < GENEROUS, "{text}: {:?}", start.elapsed());
    result
}

#[test]
fn hostile_templates_hit_a_limit() {
    for text in &hostile::cases() {
        let shown: String = text.chars().take(120).collect();
        match run(text) {
            Ok(value) => panic!("{shown}: {} bytes", value.to_string().len()),
            Err(error) => assert!(
                matches!(
                    error.kind,
                    ErrorKind::Limit | ErrorKind::Type | ErrorKind::Syntax
                ),
                "{shown}: {error:?}"
            ),
        }
    }
}

#[test]
fn work_that_people_do_is_within_the_limits() {
    for text in [
        "{{ vars.list | map(attribute='id') | sum }}",
        "{{ vars.list | sort_by('id', reverse=true) | map('text') | unique | join(', ') }}",
        "{{ [x.id * 2 for x in vars.list if x.id % 2 == 0] | length }}",
        "{% for x in vars.list %}{{ x.id }}: {{ x.text | upper }}\n{% endfor %}",
        "{{ vars.list | to_json | sha256 }}",
        "{{ vars.text | replace(from='x', to='yz') | length }}",
        "{{ vars.commas | split(',') | length }}",
        "{{ vars.list | select('id', 100, op='lt') | group_by('text') | keys }}",
    ] {
        run(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

/// As deep as the language allows, on a stack as small as they come.
#[test]
fn depth_at_the_limit_fits_a_small_stack() {
    let check = || {
        for depth in [5, 10, 13, 14, 15, 16] {
            for (open, middle, close) in [
                ("(", "vars.count", ")"),
                ("[", "vars.count", "]"),
                ("{'a': ", "vars.count", "}"),
                ("(not ", "vars.count", ")"),
                ("1 + (", "vars.count", ")"),
                ("'a' ~ (", "vars.count", ")"),
                ("vars.nope | default(value=", "vars.count", ")"),
                ("[x for x in [", "vars.count", "]]"),
            ] {
                let text = format!(
                    "{{{{ {}{middle}{} }}}}",
                    open.repeat(depth),
                    close.repeat(depth)
                );
                match Template::compile(&json!(text)).and_then(|found| found.evaluate(&scope())) {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind, ErrorKind::Limit, "{text}: {error}"),
                }
            }
        }
        let links = [
            "+ 1",
            "~ 1",
            "| str",
            "and 1",
            "[0:]",
            "== 1",
            "if 1 else 1",
        ];
        for link in links {
            for count in [10, 50, 61, 62, 63, 64, 65, 200, 399] {
                let text = format!("{{{{ vars.count {} }}}}", format!("{link} ").repeat(count));
                if let Err(error) = Template::compile(&json!(text)).map(|t| t.evaluate(&scope())) {
                    assert_eq!(error.kind, ErrorKind::Limit, "{count} {link}: {error}");
                }
            }
        }
        let blocks = "{% for x in [1] %}{% if 1 %}".repeat(Limits::BLOCK_DEPTH / 2);
        let ends = "{% endif %}{% endfor %}".repeat(Limits::BLOCK_DEPTH / 2);
        let whole = format!(
            "{blocks}x{ends}{{% if 0 %}}{}{{% endif %}}",
            "{% elif 0 %}".repeat(49)
        );
        let value = Template::compile(&json!(whole)).unwrap().evaluate(&scope());
        assert_eq!(value.unwrap(), json!("x"));
    };
    let thread = std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(check);
    thread.unwrap().join().unwrap();
}

#[test]
fn all_strings_of_a_value_share_one_purse() {
    let many: Vec<JsonValue> = (0..1_000).map(|_| json!("{{ vars.text }}")).collect();
    let error = Template::compile(&many.into())
        .unwrap()
        .evaluate(&big())
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    let mut deep = json!("x");
    for _ in 0..200 {
        deep = json!([deep]);
    }
    assert_eq!(Template::compile(&deep).unwrap_err().kind, ErrorKind::Limit);
}
