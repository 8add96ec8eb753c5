//! Keys and secrets: what is found, what is asked for, and that no secret is ever looked into.

use super::{evaluate, failure, keys, scope, value};
use attune_template::{
    ErrorKind, KeyRef, KeySeen, KeySet, KeyValue, Keys, MapScope, Nonce, Template,
};
use attune_types::JsonValue;
use serde_json::json;

/// The text that stands for the secret `demo/token`.
fn token() -> String {
    Nonce::new([9; 16]).token(&KeyRef::new("demo", "token"))
}

fn with(keys: &Keys) -> MapScope {
    scope().with_keys(keys.clone())
}

fn run(text: &str, keys: &Keys) -> Result<JsonValue, attune_template::TemplateError> {
    Template::compile(&json!(text))
        .unwrap()
        .evaluate(&with(keys))
}

#[test]
fn keys_keep_their_type_and_their_names_may_be_made() {
    for (text, expected) in [
        ("{{ kv.get('limit') + 1 }}", json!(6)),
        ("{{ kv.get(\"lim\" ~ \"it\") }}", json!(5)),
        ("{{ kv.get('limits').cpu }}", json!(2)),
        ("{{ kv.limits.cpu }}", json!(2)),
        ("{{ kv.get('limit', scope='oth' ~ 'er') }}", json!(6)),
        ("{{ kv.get('nope', kv.get('limit')) }}", json!(5)),
        ("{{ kv.get('nope') | default('d') | upper }}", json!("D")),
        ("{{ kv.get('nope') is defined }}", json!(false)),
        (
            "{{ kv.get('limit') is defined and kv.get('limit') > 4 }}",
            json!(true),
        ),
        ("in {{ kv.get('region') }}!", json!("in eu!")),
        (
            "{% for n in ['limit', 'region'] %}{{ kv.get(n) }};{% endfor %}",
            json!("5;eu;"),
        ),
        (
            "{{ [kv.get(n) for n in ['limit', 'region']] }}",
            json!([5, "eu"]),
        ),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn a_bare_name_is_a_plain_key_at_the_very_last() {
    assert_eq!(value("{{ region }}"), json!("eu"));
    // A variable has the same name, and comes first.
    assert_eq!(value("{{ name }}"), json!("shadowed"));
    // Secrets are not found by accident.
    assert_eq!(failure("{{ token }}").kind, ErrorKind::Undefined);
}

#[test]
fn a_secret_is_passed_on_and_joined_but_never_seen() {
    let token = token();
    for (text, expected) in [
        ("{{ kv.get_secret('token') }}", json!(token)),
        (
            "Bearer {{ kv.get_secret('token') }}",
            json!(format!("Bearer {token}")),
        ),
        (
            "{{ 'Bearer ' ~ kv.get_secret('token') }}",
            json!(format!("Bearer {token}")),
        ),
        (
            "{{ {'a': [kv.get_secret('token')]} }}",
            json!({"a": [token]}),
        ),
        (
            "{{ [kv.get_secret('token'), 'x'] | join(sep=':') }}",
            json!(format!("{token}:x")),
        ),
        ("{{ [kv.get_secret('token')] | length }}", json!(1)),
        (
            "{{ {'a': kv.get_secret('token')} | merge(with={'b': 1}) }}",
            json!({"a": token, "b": 1}),
        ),
        (
            "{{ kv.get_secret('nope') | default('none') }}",
            json!("none"),
        ),
        (
            "{{ kv.get_secret('token') if vars.count > 1 else '' }}",
            json!(token),
        ),
        (
            "{% for n in ['token'] %}<{{ kv.get_secret(n) }}>{% endfor %}",
            json!(format!("<{token}>")),
        ),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn whatever_would_look_into_a_secret_is_refused_when_it_is_compiled() {
    for text in [
        "{{ kv.get_secret('token') | b64encode }}",
        "{{ kv.get_secret('token') | sha256 }}",
        "{{ kv.get_secret('token') | length }}",
        "{{ ('x' ~ kv.get_secret('token')) | replace(from='x', to='') }}",
        "{{ kv.get_secret('token') == 'x' }}",
        "{{ 'x' in kv.get_secret('token') }}",
        "{{ kv.get_secret('token') and 1 }}",
        "{{ not kv.get_secret('token') }}",
        "{{ 1 if kv.get_secret('token') else 2 }}",
        "{{ kv.get_secret('token') is starting_with('a') }}",
        "{{ kv.get_secret('token')[0:2] }}",
        "{{ throw(kv.get_secret('token')) }}",
        "{% if kv.get_secret('token') %}a{% endif %}",
        "{% for c in kv.get_secret('token') %}{{ c }}{% endfor %}",
        "{{ kv.get(kv.get_secret('token')) }}",
    ] {
        let error = Template::compile(&json!(text)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Secret, "{text}: {error}");
        assert!(error.help.is_some(), "{text}");
    }
    let error = Template::condition(&json!("{{ kv.get_secret('token') }}")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Secret);
}

#[test]
fn what_cannot_be_seen_before_is_refused_when_it_happens() {
    let keys = keys();
    let held = run("{{ kv.get_secret('token') }}", &keys).unwrap();
    let scope = with(&keys).with_member(attune_template::Root::Vars, "held", json!({"t": held}));
    for text in [
        "{{ vars.held.t | b64encode }}",
        "{{ vars.held | to_json }}",
        "{{ vars.held.t == 'x' }}",
        "{{ vars.held == vars.held }}",
        "{{ vars.held.t ~ 'x' == 'x' }}",
        "{{ vars.held.t | length > 3 }}",
        "{{ vars.held.t and true }}",
        "{{ vars[vars.held.t] }}",
        "a {{ vars.held }} b",
        "{{ 'x' ~ vars.held }}",
        "{{ [vars.held.t] | sort }}",
        "{{ [vars.held.t] | map(filter='upper') }}",
        "{{ 'a' | regex_match(vars.held.t) }}",
        "{{ vars.held.t[0:3] }}",
        "{% for c in vars.held.t %}{{ c }}{% endfor %}",
        "{{ throw('no: ' ~ vars.held.t) }}",
    ] {
        let template = Template::compile(&json!(text)).unwrap();
        let error = template.evaluate(&scope).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Secret, "{text}: {error}");
        assert!(!error.to_string().contains("[[secret"), "{text}: {error}");
    }
    for text in [
        "{{ vars.held.t }}!",
        "{{ vars.held }}",
        "{{ vars.held.t ~ '!' }}",
    ] {
        let template = Template::compile(&json!(text)).unwrap();
        template.evaluate(&scope).unwrap();
    }
}

#[test]
fn what_is_missing_or_of_the_other_kind_says_so_and_what_to_do() {
    for (text, message, help) in [
        (
            "{{ kv.get('nope') }}",
            "the pack `demo` has no key `nope`",
            "attune key set demo nope VALUE",
        ),
        (
            "{{ kv.get_secret('nope') }}",
            "the pack `demo` has no secret `nope`",
            "attune key set demo nope --secret",
        ),
        (
            "{{ kv.get('token') }}",
            "the key `demo/token` is a secret",
            "kv.get_secret(\"token\")",
        ),
        (
            "{{ kv.get_secret('limit') }}",
            "the key `demo/limit` is not a secret",
            "kv.get(\"limit\")",
        ),
        (
            "{{ kv.get('closed', scope='other') }}",
            "the key `other/closed` is not for `demo`",
            "",
        ),
        (
            "{{ kv.get('a' ~ ' ') }}",
            "the name of a key is a text of letters",
            "",
        ),
        (
            "{% if true %}{{ kv.get('nope') }}{% endif %}",
            "the pack `demo` has no key `nope`",
            "attune key set",
        ),
    ] {
        let error = failure(text);
        assert!(error.message.starts_with(message), "{text}: {error}");
        let said = error.help.unwrap_or_default();
        assert!(said.contains(help), "{text}: {said}");
    }
    for text in [
        "{{ kv.set('a') }}",
        "{{ kv }}",
        "{{ kv.get() }}",
        "{{ kv.get('') }}",
        "{{ kv.get(1) }}",
        "{{ kv.get_secret('a', 'b', 'c') }}",
        "{{ kv['a'] }}",
    ] {
        assert!(Template::compile(&json!(text)).is_err(), "{text}");
    }
}

#[test]
fn what_was_not_looked_up_is_asked_for_all_at_once() {
    let keys = Keys::new("demo", KeySet::new(), None, [1; 16]);
    let template = Template::compile(&json!([
        "{{ kv.get('a', 1) }}",
        "{{ kv.get('b' ~ 'c') | default(2) }}",
    ]))
    .unwrap();
    template.evaluate(&with(&keys)).unwrap_err();
    assert_eq!(keys.needs(), [KeyRef::new("demo", "a")]);
    let named: Vec<String> = template.keys().map(|used| used.name.clone()).collect();
    assert_eq!(named, ["a"]);

    let mut known = KeySet::new();
    known.extend([(KeyRef::new("demo", "a"), KeyValue::Missing)]);
    let keys = Keys::new("demo", known.clone(), None, [1; 16]);
    template.evaluate(&with(&keys)).unwrap_err();
    assert_eq!(keys.needs(), [KeyRef::new("demo", "bc")]);

    known.extend([(KeyRef::new("demo", "bc"), KeyValue::Plain(json!("x")))]);
    let keys = Keys::new("demo", known, None, [1; 16]);
    assert_eq!(template.evaluate(&with(&keys)).unwrap(), json!([1, "x"]));
    assert!(keys.needs().is_empty());
    let reads: Vec<_> = keys.reads().into_iter().collect();
    assert_eq!(
        reads,
        [
            (KeyRef::new("demo", "a"), KeySeen::Missing),
            (
                KeyRef::new("demo", "bc"),
                KeySeen::Plain {
                    sha256: sha256_of_x()
                }
            ),
        ]
    );
}

fn sha256_of_x() -> String {
    value("{{ '\"x\"' | sha256 }}").as_str().unwrap().to_owned()
}

#[test]
fn a_text_that_only_looks_like_a_token_is_a_text() {
    let keys = keys();
    run("{{ kv.get_secret('token') }}", &keys).unwrap();
    let fake = Nonce::new([8; 16]).token(&KeyRef::new("demo", "token"));
    let scope = with(&keys).with_member(attune_template::Root::Vars, "fake", json!(fake));
    let template = Template::compile(&json!("{{ vars.fake | upper | length > 3 }}")).unwrap();
    assert_eq!(template.evaluate(&scope).unwrap(), json!(true));
    assert!(evaluate("{{ '[[secret:' | length }}").is_ok());
}
