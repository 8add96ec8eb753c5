//! Runs of definitions that come with the request.

use crate::workflow::is;
use crate::world::World;
use anyhow::Result;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const STARTS: &str = "/api/v1/executions";

fn definition() -> Value {
    json!({
        "ref": "demo.greet",
        "parameters": {
            "name": {"type": "string", "required": true},
            "times": {"type": "integer", "default": 2},
            "password": {"type": "string", "secret": true},
        },
        "tasks": [{"name": "say", "action": "demo.greet",
            "input": {"name": "{{ parameters.name }}"}}],
    })
}

#[tokio::test]
async fn a_definition_is_run_without_being_registered() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let body = json!({"definition": definition(), "labels": {"by": "test"},
        "parameters": {"name": "Ada", "password": "sesame"}});
    let run = world.post(&token, STARTS, body).await?;
    assert_eq!(run.status, StatusCode::CREATED, "{:#}", run.body);
    assert_eq!(run.text("/kind"), "workflow");
    assert_eq!(
        run.text("/action"),
        "inline.greet",
        "whatever it calls itself"
    );
    let path = format!("{STARTS}/{}", run.text("/id"));
    let shown = world.get(&token, &path).await?;
    let kept: Value = serde_json::from_str(&shown.text("/definition"))?;
    assert_eq!(kept, definition());
    let input = json!({"name": "Ada", "times": 2, "password": "********"});
    assert_eq!(shown.body["input"], input);
    let listed = world.get(&token, STARTS).await?;
    assert_eq!(listed.items()[0]["input"], input);
    let history = world.get(&token, &format!("{path}/history")).await?;
    let text = history.body.to_string();
    assert!(!text.contains("sesame"), "{text}");
    let header = &history.items()[0]["data"]["header"];
    assert_eq!(header["pack_config"], json!({}), "it is of no pack");
    assert_eq!(header["parameters"]["password"], "********");
    let listed = world.get(&token, "/api/v1/workflows").await?;
    assert!(listed.items().is_empty(), "nothing was registered");
    let program = shown.text("/program");
    let stored = attune_types::ProgramHash(program);
    assert!(world.stores.catalogue.program(&stored).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_key_makes_it_once_and_yaml_is_taken_too() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let yaml = "tasks:\n  say:\n    action: core.set\n    input: {a: 1}\n";
    let body = |text: &str| Some(json!({"definition": text}));
    let key = [("idempotency-key", "k1")];
    let call = async |text: &str| {
        world
            .call_with(&token, Method::POST, STARTS, body(text), &key)
            .await
    };
    let first = call(yaml).await?;
    assert_eq!(first.status, StatusCode::CREATED, "{:#}", first.body);
    assert_eq!(first.text("/action"), "inline.workflow");
    let again = call(yaml).await?;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.text("/id"), first.text("/id"));
    let other = call(&yaml.replace("a: 1", "a: 2")).await?;
    is(&other, 422, "idempotency_key_reused");
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_it_is_told_by_place() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let start = async |body: Value| world.post(&token, STARTS, body).await;
    let mut bad = definition();
    bad["tasks"][0]["action"] = json!("demo.great");
    bad["tasks"][0]["nexxt"] = json!([]);
    let reply = start(json!({"definition": bad})).await?;
    is(&reply, 422, "invalid_workflow");
    let mut pointers: Vec<String> = reply.errors().into_iter().map(|one| one.0).collect();
    pointers.sort();
    assert_eq!(
        pointers,
        ["/definition/tasks/0/action", "/definition/tasks/0/nexxt"]
    );
    let reply = start(json!({"definition": "tasks: [{name: a, action: core.nop}]"})).await?;
    is(&reply, 422, "invalid_workflow");
    assert_eq!(reply.body["errors"][0]["line"], 1);
    let reply = start(json!({"definition": definition(), "parameters": {"times": "x"}})).await?;
    is(&reply, 422, "invalid_parameters");
    assert_eq!(reply.errors().len(), 2, "{:#}", reply.body);
    let both = start(json!({"definition": definition(), "action": "demo.greet"})).await?;
    is(&both, 422, "invalid");
    let unknown = start(json!({"definition": definition(), "params": {}})).await?;
    is(&unknown, 422, "invalid");
    assert_eq!(unknown.errors()[0].0, "/params");
    let itself = json!({"tasks": [{"name": "a", "action": "inline.workflow"}]});
    let itself = start(json!({"definition": itself})).await?;
    is(&itself, 422, "invalid_workflow");
    assert_eq!(itself.errors()[0].1, "FLOW020");
    let config = json!({"ref": "demo.x", "tasks": [{"name": "a", "action": "core.set",
        "input": {"stolen": "{{ pack.config.key }}"}}]});
    let config = start(json!({"definition": config})).await?;
    is(&config, 422, "invalid_workflow");
    for list in [
        json!([{"definition": definition()}]),
        json!({"executions": [{"definition": definition()}]}),
    ] {
        let path = if list.is_array() {
            STARTS.to_owned()
        } else {
            format!("{STARTS}/bulk")
        };
        let reply = world.post(&token, &path, list).await?;
        assert_eq!(reply.body["refused"], 1, "{:#}", reply.body);
        assert!(
            reply
                .text("/items/0/problem/detail")
                .contains("request of its own")
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_name_of_inline_definitions_is_no_packs() -> Result<()> {
    let world = World::new().await?;
    let pack = "ref: inline\nlabel: Mine\nversion: 1.0.0\n";
    let source = attune_pack::from_files([("pack.yaml", pack)])?;
    let refused = world.api.register(source, "admin").await;
    let said = refused
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(said.contains("PACK034"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_start_that_names_neither_hears_of_both() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let helps = async |body: Value| -> Result<Vec<String>> {
        let reply = world.post(&token, STARTS, body).await?;
        assert_eq!(
            reply.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{:#}",
            reply.body
        );
        let errors = reply.body["errors"].as_array().cloned().unwrap_or_default();
        let helps = errors
            .iter()
            .map(|one| one["help"].as_str().unwrap_or_default().to_owned());
        Ok(helps.collect())
    };
    let slip = json!({"defintion": definition(), "parameters": {"name": "Ada"}});
    assert_eq!(helps(slip).await?, ["did you mean `definition`?"]);
    let strange = json!({"action": "demo.greet", "zzz": 1});
    assert_eq!(
        helps(strange).await?,
        ["known: action, parameters, labels, definition"]
    );
    let neither = json!({"parameters": {"name": "Ada"}});
    assert_eq!(
        helps(neither).await?,
        ["name an action, or give a whole workflow as `definition`"]
    );
    Ok(())
}
