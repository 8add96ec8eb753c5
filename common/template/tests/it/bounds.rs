//! Hostile templates end in an error, soon and small.

use super::scope;
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
    let mut cases: Vec<String> = [
        // Too many rounds, with and without output.
        "{% for x in range(end=1000000000) %}{% endfor %}",
        "{{ range(end=9223372036854775807) }}",
        "{% for x in range(end=100000) %}{% for y in range(end=100000) %}{% endfor %}{% endfor %}",
        "{% for a in vars.list %}{% for b in vars.list %}{% set z = a.id + b.id %}{% endfor %}{% endfor %}",
        "{% for a in vars.text %}{% for b in vars.text %}{% endfor %}{% endfor %}",
        "{{ [[y for y in range(end=10000)] for x in range(end=10000)] }}",
        "{{ [1 for x in range(end=10000) if (vars.list | length) > (vars.list | map(attribute='id') | sum)] }}",
        // Texts that double.
        "{% set s = 'xxxxxxxxxx' %}{% for x in range(end=60) %}{% set_global s = s ~ s %}{% endfor %}{{ s }}",
        "{% set s = 'x' %}{% for x in range(end=60) %}{% set_global s = s | replace(from='x', to='xxxxxxxx') %}{% endfor %}",
        "{% set s = vars.text %}{% for x in range(end=60) %}{% set_global s = [s, s] | join(sep=s) %}{% endfor %}",
        "{% set s = vars.text %}{% for x in range(end=60) %}{% set_global s = s | regex_replace(pat='x', to='$0$0$0$0') %}{% endfor %}",
        "{{ vars.text | replace(from='', to=vars.text) }}",
        "{{ vars.text | regex_replace(pat='', to=vars.text) }}",
        "{{ vars.lines | indent(width=200, blank=true) }}",
        "{{ vars.list | join(sep=vars.text) }}",
        "{{ range(end=100000) | join(sep=vars.text) }}",
        // Values that double, deepen or are looked at again and again.
        "{% set a = [1] %}{% for x in range(end=90) %}{% set_global a = [a, a] %}{% endfor %}{{ a == a }}",
        "{% set a = {'k': 1} %}{% for x in range(end=90) %}{% set_global a = {'a': a, 'b': a} %}{% endfor %}{{ a }}",
        "{% set a = [1] %}{% for x in range(end=90000) %}{% set_global a = [a] %}{% endfor %}{{ a }}",
        "{% set a = [1, 2] %}{% for x in range(end=60) %}{% set_global a = [...a, ...a] %}{% endfor %}",
        "{% set a = [1, 2] %}{% for x in range(end=60) %}{% set_global a = a | concat(with=a) %}{% endfor %}",
        "{% set a = [1, 2] %}{% for x in range(end=60) %}{% set_global a = a | zip(with=a) | flatten %}{% endfor %}",
        "{% set m = {'a': 1} %}{% for x in range(end=90) %}{% set_global m = {'a': m} | merge(with={'b': m}) %}{% endfor %}",
        "{% for x in range(end=100000) %}{% if vars.list == vars.list %}{% endif %}{% endfor %}",
        "{% for x in range(end=100000) %}{% if x in vars.list %}{% endif %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.text | upper %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list[::-1] %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.text[5:6] %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list | to_json | from_json %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list | sort_by('id') | unique %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.text | sha256 %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.text is matching('(x+x+)+y') %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = 'a' is matching('a' ~ x) %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list | jsonpath('$..*..*') %}{% endfor %}",
        "{% for x in range(end=100000) %}{% set y = vars.list | jsonpath('$..*..*..*..*..*..*') %}{% endfor %}",
        // Large and slow patterns.
        "{{ vars.text | regex_match('(a|x)*x(a|x){300}c') }}",
        "{{ vars.text | regex_extract('x.{1000}c') }}",
        "{{ vars.text is matching('(((x{1,100}){1,100}){1,100}){1,100}') }}",
        "{{ vars.text | regex_match(vars.text) }}",
        // Output.
        "{% for x in range(end=1000) %}{{ vars.text }}{% endfor %}",
        "{% for x in range(end=100000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
        "{{ '1' | format_datetime('%9999999Y') }}",
        "{{ 0 | format_datetime('%999999999Y') }}",
        // YAML and JSON.
        "{{ ('[' ~ vars.text) | from_yaml }}",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    // Deep and long sources.
    cases.push(format!(
        "{{{{ {}1{} }}}}",
        "(".repeat(5_000),
        ")".repeat(5_000)
    ));
    cases.push(format!(
        "{{{{ {}1{} }}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    ));
    cases.push(format!("{{{{ {}1 }}}}", "not ".repeat(5_000)));
    cases.push(format!("{{{{ {}1 }}}}", "-".repeat(5_000)));
    cases.push(format!("{{{{ 1{} }}}}", " + 1".repeat(5_000)));
    cases.push(format!("{{{{ 1{} }}}}", " ** 1".repeat(5_000)));
    cases.push(format!("{{{{ vars{} }}}}", "[vars".repeat(2_000)));
    cases.push(format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(3_000)));
    cases.push("{% if true %}".repeat(4_000));
    cases.push(format!(
        "{{% if 1 %}}{}{{% endif %}}",
        "{% elif 1 %}".repeat(5_000)
    ));
    cases.push(format!("{{{{ 1{} }}}}", " | str".repeat(5_000)));
    cases.push(format!("{{{{ vars{} }}}}", ".a".repeat(5_000)));
    cases.push(format!("{{{{ vars{} }}}}", "[0:]".repeat(5_000)));
    cases.push(format!("{{{{ {} }}}}", "[x for x in ".repeat(2_000)));
    cases.push(format!("{{{{ [{}] }}}}", "now(), ".repeat(5_000)));
    cases.push(format!(
        "{}{}",
        "{% for x in [1] %}".repeat(1_000),
        "{% endfor %}".repeat(1_000)
    ));
    cases.push(format!("{{{{ 1 }}}}{}", "x".repeat(Limits::SOURCE_BYTES)));
    cases.push(
        (0..2_000)
            .map(|n| format!("{{% set a{n} = vars.text | upper %}}"))
            .collect(),
    );
    for text in &cases {
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
