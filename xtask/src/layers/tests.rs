//! The check of layers against made-up workspaces, and against this one.

use serde_json::{Value, json};

use super::*;

/// A workspace of crates, each with its normal and its dev dependencies.
fn workspace(crates: &[(&str, &[&str], &[&str])]) -> Value {
    let packages: Vec<Value> = crates
        .iter()
        .map(|(name, normal, dev)| {
            let dependency = |name: &&str, kind: Value| json!({"name": name, "kind": kind});
            let all: Vec<Value> = normal
                .iter()
                .map(|name| dependency(name, Value::Null))
                .chain(dev.iter().map(|name| dependency(name, json!("dev"))))
                .collect();
            json!({"name": name, "dependencies": all})
        })
        .collect();
    json!({ "packages": packages })
}

fn said(metadata: &Value) -> Vec<String> {
    check(metadata)
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_workspace_that_keeps_to_the_table_has_no_breach() {
    let metadata = workspace(&[
        ("attune-types", &["serde", "uuid"], &["proptest"]),
        ("attune-port", &["attune-types"], &[]),
        (
            "attune-store",
            &["attune-types", "attune-port", "sqlx", "tokio"],
            &["attune-testkit", "attune-local"],
        ),
        ("attune-local", &["attune-types", "tokio"], &[]),
        ("attune-testkit", &["attune-port"], &[]),
        (
            "attune-cli",
            &["attune-store", "attune-local", "attune-port"],
            &[],
        ),
    ]);
    assert_eq!(said(&metadata), Vec::<String>::new());
}

#[test]
fn an_arrow_that_points_up_names_both_crates_and_the_way_out() {
    let metadata = workspace(&[
        ("attune-flow", &["attune-port"], &[]),
        ("attune-port", &[], &[]),
    ]);
    let said = said(&metadata);
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("attune-flow must not import attune-port"),
        "{}",
        said[0]
    );
    assert!(
        said[0].contains("attune-types, attune-template, attune-pack"),
        "{}",
        said[0]
    );
    assert!(
        said[0].contains("pass it in as an argument or a port"),
        "{}",
        said[0]
    );
}

#[test]
fn a_service_that_names_an_adapter_is_refused() {
    let metadata = workspace(&[
        ("attune-executor", &["attune-store"], &[]),
        ("attune-store", &[], &[]),
    ]);
    assert!(said(&metadata)[0].starts_with("attune-executor must not import attune-store"));
}

#[test]
fn an_adapter_is_refused_in_tests_too() {
    let metadata = workspace(&[
        ("attune-executor", &[], &["attune-store"]),
        ("attune-store", &[], &[]),
    ]);
    assert!(said(&metadata)[0].starts_with("attune-executor must not import attune-store"));
}

#[test]
fn the_testkit_is_for_tests() {
    let metadata = workspace(&[
        ("attune-executor", &["attune-testkit"], &["attune-testkit"]),
        ("attune-testkit", &[], &[]),
    ]);
    let said = said(&metadata);
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("[dev-dependencies]"), "{}", said[0]);
}

#[test]
fn an_outside_crate_stays_in_its_room() {
    let metadata = workspace(&[
        ("attune-api", &["sqlx", "axum"], &[]),
        ("attune-executor", &["backoff", "ractor"], &[]),
        ("attune-bus", &["backoff", "lapin"], &[]),
    ]);
    let said = said(&metadata);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("attune-api must not import sqlx"),
        "{}",
        said[0]
    );
    assert!(said[0].contains("belongs in attune-store"), "{}", said[0]);
    assert!(
        said[1].starts_with("attune-executor must not import backoff"),
        "{}",
        said[1]
    );
}

#[test]
fn a_pure_crate_takes_no_runtime_but_its_tests_may() {
    let metadata = workspace(&[("attune-flow", &["tokio"], &["tokio", "rand"])]);
    let said = said(&metadata);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("attune-flow is pure and must not import tokio"),
        "{}",
        said[0]
    );
}

#[test]
fn a_crate_without_a_row_is_asked_to_get_one() {
    let metadata = workspace(&[
        ("attune-novelty", &["attune-types"], &[]),
        ("attune-types", &[], &[]),
    ]);
    let said = said(&metadata);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("attune-novelty has no row"), "{}", said[0]);
}

#[test]
fn broken_metadata_is_an_error_not_a_pass() {
    assert!(check(&json!({})).is_err());
    assert!(check(&json!({"packages": [{"name": "a"}]})).is_err());
}

#[test]
fn the_table_itself_has_no_way_round() {
    for (at, layer) in LAYERS.iter().enumerate() {
        for below in layer.may {
            let its_place = LAYERS.iter().position(|other| other.name == *below);
            assert!(
                its_place.is_some_and(|place| place < at),
                "{} may import {below}, which stands above it",
                layer.name
            );
        }
    }
}
