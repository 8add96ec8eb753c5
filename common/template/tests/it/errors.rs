//! Errors say what was looked for, where, and what to write instead.

use super::{failure, scope};
use attune_template::{ErrorKind, Template};
use serde_json::json;

#[test]
fn undefined_names_say_what_stands_there() {
    let cases = [
        (
            "{{ parameters.nmae }}",
            "`nmae` was looked for in `parameters`, which holds `name`,",
            Some("did you mean `name`?"),
        ),
        (
            "{{ task.build.result.image_uri }}",
            "`image_uri` was looked for in `task.build.result`, which holds `image_url`,",
            Some("did you mean `image_url`?"),
        ),
        (
            "{{ task.build.image_uri }}",
            "`image_uri` was looked for in `task.build`",
            Some("did you mean `task.build.result.image_url`?"),
        ),
        (
            "{{ task.biuld.x }}",
            "`biuld` was looked for in `task`",
            Some("did you mean `build`?"),
        ),
        (
            "{{ countt }}",
            "`countt` is neither",
            Some("did you mean `vars.count`?"),
        ),
        (
            "{{ parameters.name.first }}",
            "`first` was looked for in `parameters.name`, which is a text",
            None,
        ),
        (
            "{{ parameters.regions[7] }}",
            "`parameters.regions` is a list of 2 and has no `7`",
            None,
        ),
        (
            "{{ vars.nope == 1 }}",
            "`nope` was looked for in `vars`",
            None,
        ),
        (
            "{{ vars.nope + 1 }}",
            "`nope` was looked for in `vars`",
            None,
        ),
        ("{{ [vars.nope] }}", "`nope` was looked for in `vars`", None),
        (
            "{{ vars.nope | upper }}",
            "`nope` was looked for in `vars`",
            None,
        ),
        (
            "{{ 'x' | replace(from='x', to=vars.nope) }}",
            "`nope` was looked for in `vars`",
            None,
        ),
        (
            "{% for x in vars.nope %}{% endfor %}",
            "`nope` was looked for in `vars`",
            None,
        ),
        (
            "{% if vars.nope %}{% endif %}",
            "`nope` was looked for in `vars`",
            None,
        ),
        (
            "{{ [x.tga for x in parameters.deep.list] }}",
            "`tga` was looked for in a map that holds `id`, `tag`",
            Some("did you mean `tag`?"),
        ),
        (
            "{% if parameters.debug %}{% set y = 1 %}{% endif %}{{ y }}",
            "`y` is bound in this template",
            None,
        ),
        (
            "{{ kv.get('nope') }}",
            "the pack `demo` has no key `nope`",
            None,
        ),
        (
            "{{ inquiry.nope.approved }}",
            "`nope` was looked for in `inquiry`",
            None,
        ),
    ];
    for (text, message, help) in cases {
        let error = failure(text);
        assert_eq!(error.kind, ErrorKind::Undefined, "{text}: {error}");
        assert!(error.message.starts_with(message), "{text}: {error}");
        if help.is_some() {
            assert_eq!(error.help.as_deref(), help, "{text}: {error}");
        }
    }
}

#[test]
fn errors_have_a_place() {
    let error = Template::compile(&json!({"a": ["ok", "one\n  {{ parameters.nmae | upper }}"]}))
        .unwrap()
        .evaluate(&scope())
        .unwrap_err();
    assert_eq!(error.pointer, "/a/1");
    assert_eq!((error.line, error.column), (2, 6));
    assert_eq!(error.expression, "parameters.nmae");

    let error = failure("{{ parameters.replicas + 'x' }}");
    assert_eq!(error.kind, ErrorKind::Type);
    assert_eq!(error.expression, "parameters.replicas + 'x'");
    assert_eq!(error.help.as_deref(), Some("join texts with `~`"));

    let error = failure("ä {{ 'x' | int }}");
    assert_eq!((error.line, error.column), (1, 6));
}

#[test]
fn syntax_is_checked_when_compiling() {
    let cases = [
        ("{{ }}", "an expression is missing here"),
        ("{{ a", "this is never closed with `}}`"),
        ("{{ a b }}", "`b` is not expected here"),
        ("{{ 1 + }}", "an expression is missing here"),
        ("{{ a | uper }}", "there is no filter `uper`"),
        ("{{ a is defned }}", "there is no test `defned`"),
        ("{{ get_env('HOME') }}", "there is no function `get_env`"),
        (
            "{{ a | replace('x') }}",
            "`replace` needs the argument `to`",
        ),
        (
            "{{ a | join(separator=',') }}",
            "`join` has no argument `separator`",
        ),
        ("{{ a | upper(1) }}", "`upper` takes 0 arguments"),
        ("{{ a.b() }}", "values have no methods"),
        ("{% if a %}", "this block is never closed"),
        ("{% endif %}", "`endif` stands here"),
        ("{% for x in a %}{% endif %}", "`endif` stands where"),
        ("{% include 'x' %}", "`include` is not part of the language"),
        ("{% extends 'x' %}", "`extends` is not part of the language"),
        (
            "{% block x %}{% endblock %}",
            "`block` is not part of the language",
        ),
        ("{% macro x() %}", "`macro` is not part of the language"),
        (
            "{% import 'x' as y %}",
            "`import` is not part of the language",
        ),
        (
            "{% filter upper %}x{% endfilter %}",
            "`filter` is not part of the language",
        ),
        ("{{ <Button /> }}", "`<` stands where a value is expected"),
        ("{% break %}", "`break` stands outside a `for`"),
        ("{% set task = 1 %}", "`task` is a word of the language"),
        ("{% set __c0 = 1 %}", "`__c0` is a word of the language"),
        (
            "{{ __tera_context }}",
            "names that start with `__` belong to the engine",
        ),
        ("{{ __list() }}", "there is no function `__list`"),
        ("{{ 1 | __capture }}", "there is no filter `__capture`"),
        ("{{ kv.set('a') }}", "`kv` has no `set`"),
        ("{{ pack.secret }}", "`pack` holds only `pack.config`"),
    ];
    for (text, message) in cases {
        let error = Template::compile(&json!(text)).unwrap_err();
        assert!(error.message.starts_with(message), "{text}: {error}");
        assert!(
            matches!(
                error.kind,
                ErrorKind::Syntax | ErrorKind::Unknown | ErrorKind::Undefined
            ),
            "{text}: {:?}",
            error.kind
        );
    }
    let error = Template::compile(&json!("{{ a | uper }}")).unwrap_err();
    assert_eq!(error.help.as_deref(), Some("did you mean `upper`?"));
}

#[test]
fn values_never_stand_in_messages() {
    let hostile = [
        "{{ kv.get_secret('token') + 1 }}",
        "{{ kv.get_secret('token') | int }}",
        "{{ kv.get_secret('token') | from_json }}",
        "{{ kv.get_secret('token').x }}",
        "{{ [kv.get_secret('token')] | sum }}",
        "{{ kv.get_secret('token') | parse_datetime }}",
        "{{ kv.get_secret('token') | duration }}",
        "{{ kv.get_secret('token') < 1 }}",
        "{{ kv.get_secret('token') | regex_match('(') }}",
        "{{ 'a' | regex_match(kv.get_secret('token') ~ '(') }}",
        "{{ kv.get_secret('token') | b64decode }}",
    ];
    for text in hostile {
        let error = failure(text).to_string();
        assert!(!error.contains("s3cret"), "{text}: {error}");
    }
}

#[test]
fn display_is_one_sentence_for_people() {
    insta::assert_snapshot!(
        failure("Hello {{ parameters.nmae }}").to_string(),
        @"`nmae` was looked for in `parameters`, which holds `name`, `replicas`, `ratio`, `debug`, `nothing`, `regions`, `markup`, `deep`, `quote`, in `parameters.nmae` (line 1, column 10); did you mean `name`?"
    );
}

#[test]
fn a_nul_character_that_a_filter_made_does_not_get_out() {
    for source in [
        "{{ 'AA==' | b64decode }}",
        "a {{ 'AA==' | b64decode }} b",
        "{{ '%00' | url_decode }}",
        "{{ '[{\"a\": \"\\\\u0000\"}]' | from_json }}",
        "{{ '{\"\\\\u0000\": 1}' | from_json }}",
    ] {
        let error = failure(source);
        assert_eq!(error.kind, ErrorKind::Type, "{source}");
        assert!(error.message.contains("NUL"), "{source}: {}", error.message);
    }
}
