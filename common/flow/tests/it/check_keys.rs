//! Keys and secrets, as far as they can be judged before anything runs.

use crate::check_support::{check, errors};
use insta::assert_snapshot;

#[test]
fn keys_are_a_scope_like_any_other() {
    let compiled = check(
        "
vars:
  - region: \"{{ kv.get('region', 'eu') }}\"
  - cpu: \"{{ kv.get('limits/' ~ vars.region, scope='shared') }}\"
tasks:
  - name: a
    action: core.http
    when: \"{{ kv.get('on', true) }}\"
    input:
      url: https://example.org
      headers: {authorization: \"Bearer {{ kv.get_secret('token') }}\"}
    publish:
      - left: \"{{ quota | default(3) }}\"
",
    )
    .unwrap();
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    let names: Vec<String> = compiled
        .program
        .constant_keys("ci")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["ci/on", "ci/region", "ci/token"]);
}

#[test]
fn what_kv_does_not_have_and_what_a_secret_does_not_allow() {
    assert_snapshot!(errors("
tasks:
  - name: a
    action: core.set
    when: \"{{ kv.get_secret('token') == 'x' }}\"
    input:
      one: \"{{ kv.set('a', 1) }}\"
      two: \"{{ kv.get() }}\"
      three: \"{{ kv.get('a', 1, 'shared', 2) }}\"
      four: \"text {{ kv.get_secret('token') | b64encode }}\"
      five: \"{{ kv }}\"
    next:
      - when: \"{{ kv.get_secret('go') }}\"
"), @r#"
workflows/flow.yaml:8:15: error[FLOW045]: a comparison would look into a secret
  8 |     when: "{{ kv.get_secret('token') == 'x' }}"
    |               ^^^^^^^^^^^^^^^^^^^^^^
  help: a secret can be passed on whole or joined with other text (`"Bearer " ~ kv.get_secret(...)`); whatever depends on its value belongs into an action
workflows/flow.yaml:10:16: error[FLOW030]: `kv` has no `set`
  10 |       one: "{{ kv.set('a', 1) }}"
     |                ^^^^^^
  help: it has `kv.get(key, default)` and `kv.get_secret(key)`
workflows/flow.yaml:11:22: error[FLOW030]: `kv.get` needs the argument `key`
  11 |       two: "{{ kv.get() }}"
     |                      ^^
workflows/flow.yaml:12:43: error[FLOW030]: `kv.get` takes 3 arguments
  12 |       three: "{{ kv.get('a', 1, 'shared', 2) }}"
     |                                           ^
workflows/flow.yaml:13:22: error[FLOW045]: `b64encode` would look into a secret
  13 |       four: "text {{ kv.get_secret('token') | b64encode }}"
     |                      ^^^^^^^^^^^^^^^^^^^^^^
  help: a secret can be passed on whole or joined with other text (`"Bearer " ~ kv.get_secret(...)`); whatever depends on its value belongs into an action
workflows/flow.yaml:14:17: error[FLOW030]: `kv` is no value by itself: keys are read by name
  14 |       five: "{{ kv }}"
     |                 ^^
  help: it has `kv.get(key, default)` and `kv.get_secret(key)`
workflows/flow.yaml:16:19: error[FLOW045]: a condition would look into a secret
  16 |       - when: "{{ kv.get_secret('go') }}"
     |                   ^^^^^^^^^^^^^^^^^^^
  help: a secret can be passed on whole or joined with other text (`"Bearer " ~ kv.get_secret(...)`); whatever depends on its value belongs into an action
"#);
}

#[test]
fn a_bare_name_that_only_a_key_could_have_is_written_as_what_may_be_missing() {
    assert_snapshot!(errors("
tasks:
  - name: a
    action: core.set
    input:
      one: \"{{ quota }}\"
      two: \"{{ quota | default(3) }}\"
"), @r#"
workflows/flow.yaml:9:16: error[FLOW031]: no scope has the name `quota`
  9 |       one: "{{ quota }}"
    |                ^^^^^
  help: names come from: item names, task, vars, parameters, pack.config, system; a key of the pack is read with `kv.get("quota")`
"#);
}

#[test]
fn what_a_schema_calls_secret_is_not_looked_into_either() {
    assert_snapshot!(errors("
parameters:
  token: {type: string, secret: true}
  login: {type: object, secret: true, properties: {user: {type: string}}}
  plain: {type: string}
tasks:
  - name: a
    action: core.set
    when: \"{{ parameters.token == 'x' }}\"
    input:
      one: \"{{ token | b64encode }}\"
      two: \"{% if parameters.login.user %}x{% endif %}\"
      three: \"{{ 'x' ~ (pack.config.pass | default('')) | upper }}\"
      four: \"{{ plain | upper }}\"
    next:
      - when: \"parameters.token\"
"), @r#"
workflows/flow.yaml:12:15: error[FLOW045]: a comparison would look into a secret
  12 |     when: "{{ parameters.token == 'x' }}"
     |               ^^^^^^^^^^^^^^^^
  help: `token` is a secret: pass it on whole or join it with other text; `is defined` tells whether there is one; whatever depends on its value belongs into an action
workflows/flow.yaml:14:16: error[FLOW045]: `b64encode` would look into a secret
  14 |       one: "{{ token | b64encode }}"
     |                ^^^^^
  help: `token` is a secret: pass it on whole or join it with other text; `is defined` tells whether there is one; whatever depends on its value belongs into an action
workflows/flow.yaml:15:19: error[FLOW045]: a condition would look into a secret
  15 |       two: "{% if parameters.login.user %}x{% endif %}"
     |                   ^^^^^^^^^^^^^^^^^^^^^
  help: `login.user` is a secret: pass it on whole or join it with other text; `is defined` tells whether there is one; whatever depends on its value belongs into an action
workflows/flow.yaml:16:25: error[FLOW045]: `upper` would look into a secret
  16 |       three: "{{ 'x' ~ (pack.config.pass | default('')) | upper }}"
     |                         ^^^^^^^^^^^^^^^^
  help: `pass` is a secret: pass it on whole or join it with other text; `is defined` tells whether there is one; whatever depends on its value belongs into an action
workflows/flow.yaml:19:16: error[FLOW045]: a condition would look into a secret
  19 |       - when: "parameters.token"
     |                ^^^^^^^^^^^^^^^^
  help: `token` is a secret: pass it on whole or join it with other text; `is defined` tells whether there is one; whatever depends on its value belongs into an action
"#);
}

#[test]
fn what_passes_a_secret_on_is_right() {
    let compiled = check(
        "
parameters:
  token: {type: string, secret: true}
  login: {type: object, secret: true}
tasks:
  - name: a
    action: core.http
    when: \"{{ parameters.token is defined and parameters.token is not none }}\"
    with_items: \"{{ parameters.login | keys }}\"
    input:
      url: https://example.org
      headers:
        one: \"Bearer {{ parameters.token }}\"
        two: \"{{ 'a' ~ token ~ (parameters.token | default('none')) }}\"
        three: \"{{ parameters.token if item == 'a' else pack.config.pass }}\"
",
    )
    .unwrap();
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
}
