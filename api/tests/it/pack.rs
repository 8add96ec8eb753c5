//! Packs, actions, and what runs the platform.

use crate::world::World;
use anyhow::Result;
use axum::http::StatusCode;
use serde_json::json;
use std::fs;
use std::path::Path;

fn write(folder: &Path, path: &str, text: &str) -> Result<()> {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap_or(folder))?;
    Ok(fs::write(file, text)?)
}

fn good(folder: &Path) -> Result<()> {
    write(folder, "pack.yaml", "ref: hi\nlabel: Hi\nversion: 1.0.0\n")?;
    write(
        folder,
        "actions/say.yaml",
        "ref: hi.say\nlabel: Say\nrunner: shell\nentry_point: say.sh\nparameters:\n  text: {type: string, required: true}\n",
    )?;
    write(folder, "say.sh", "#!/bin/sh\ncat\n")?;
    write(folder, "actions/say.sh", "#!/bin/sh\ncat\n")
}

#[tokio::test]
async fn a_folder_becomes_a_pack() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let folder = tempfile::tempdir()?;
    good(folder.path())?;
    let body = json!({"path": folder.path()});
    let first = world
        .post(&admin, "/api/v1/packs/register", body.clone())
        .await?;
    assert_eq!(first.status, StatusCode::OK, "{:?}", first.body);
    assert_eq!(first.text("/ref"), "hi");
    assert_eq!(first.text("/version"), "1.0.0");
    assert_eq!(
        first.body["changes"],
        json!([{"kind": "action", "ref": "hi.say", "change": "new"}])
    );
    let again = world.post(&admin, "/api/v1/packs/register", body).await?;
    assert_eq!(again.text("/changes/0/change"), "unchanged");

    let shown = world.get(&admin, "/api/v1/actions/hi.say").await?;
    assert_eq!(shown.text("/runner"), "shell");
    assert_eq!(shown.body["parameters"]["required"], json!(["text"]));
    let listed = world.get(&admin, "/api/v1/actions?pack=hi").await?;
    assert_eq!(listed.items().len(), 1);
    let packs = world.get(&admin, "/api/v1/packs").await?;
    assert_eq!(packs.items().len(), 3);
    let start = json!({"action": "hi.say", "parameters": {"text": "x"}});
    let started = world.post(&admin, "/api/v1/executions", start).await?;
    assert_eq!(started.status, StatusCode::CREATED, "it can be run at once");
    Ok(())
}

#[tokio::test]
async fn a_wrong_pack_gives_all_its_errors_with_places_and_changes_nothing() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let folder = tempfile::tempdir()?;
    good(folder.path())?;
    write(
        folder.path(),
        "actions/bad.yaml",
        "ref: hi.bad\nrunner: shel\n",
    )?;
    write(
        folder.path(),
        "rules/r.yaml",
        "ref: hi.r\ntrigger: core.interval\naction: [\n",
    )?;
    let body = json!({"path": folder.path()});
    let reply = world.post(&admin, "/api/v1/packs/register", body).await?;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reply.code(), "invalid_pack");
    let errors = reply.body["errors"].as_array().cloned().unwrap_or_default();
    let of = |file: &str| errors.iter().find(|error| error["file"] == file);
    let bad = of("actions/bad.yaml").expect("an error in bad.yaml");
    assert_eq!(bad["line"], 2);
    assert!(bad["column"].is_u64());
    assert!(of("rules/r.yaml").is_some(), "{errors:?}");
    let packs = world.get(&admin, "/api/v1/packs/hi").await?;
    assert_eq!(packs.status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn wrong_paths_are_refused() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    for path in ["relative/folder", "/no/such/folder"] {
        let body = json!({"path": path});
        let reply = world.post(&admin, "/api/v1/packs/register", body).await?;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn secrets_of_a_configuration_are_masked() -> Result<()> {
    let world = World::new().await?;
    let viewer = world.token("viewer").await?;
    let shown = world.get(&viewer, "/api/v1/packs/demo").await?;
    assert_eq!(shown.body["config"], json!({"key": "********"}));
    Ok(())
}

#[tokio::test]
async fn the_running_parts_are_listed() -> Result<()> {
    let world = World::new().await?;
    let viewer = world.token("viewer").await?;
    for path in ["/api/v1/sensors", "/api/v1/workers", "/api/v1/executors"] {
        let reply = world.get(&viewer, path).await?;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {:?}", reply.body);
    }
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    world
        .advance(run, &["run_begun"], attune_types::ExecutionStatus::Running)
        .await?;
    let executors = world.get(&viewer, "/api/v1/executors").await?;
    assert_eq!(executors.text("/items/0/name"), "executor");
    assert_eq!(
        executors.body["items"][0]["shards"]
            .as_array()
            .map(Vec::len),
        Some(16)
    );
    Ok(())
}

#[tokio::test]
async fn health_says_what_is_missing() -> Result<()> {
    let world = World::new().await?;
    let ready = world.get("", "/readyz").await?;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.body["checks"], json!({"bus": "ok", "database": "ok"}));
    world.bus.close().await;
    let without = world.get("", "/readyz").await?;
    assert_eq!(
        without.status,
        StatusCode::OK,
        "starts are accepted without the broker"
    );
    assert_ne!(without.text("/checks/bus"), "ok");
    world.stop.cancel();
    let stopping = world.get("", "/readyz").await?;
    assert_eq!(stopping.status, StatusCode::SERVICE_UNAVAILABLE);
    Ok(())
}

#[tokio::test]
async fn a_pack_that_another_replica_registered_is_there_at_once() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let directory = attune_catalogue::Directory::open(world.stores.catalogue.clone()).await?;
    let source = attune_pack::from_files([
        ("pack.yaml", "ref: late\nlabel: Late\nversion: 1.0.0\n"),
        (
            "actions/say.yaml",
            "ref: late.say\nlabel: Say\nrunner: shell\nentry_point: say.sh\n",
        ),
        ("actions/say.sh", "#!/bin/sh\n"),
        ("triggers/bell.yaml", "ref: late.bell\nlabel: Bell\n"),
    ])?;
    let (pack, _) = attune_catalogue::registration(source, &directory.current(), "other")?;
    world.stores.catalogue.register(pack).await?;

    let emitted = json!({"trigger": "late.bell"});
    let emitted = world.post(&admin, "/api/v1/events", emitted).await?;
    assert_eq!(emitted.status, StatusCode::CREATED, "{:?}", emitted.body);
    let start = json!({"action": "late.say"});
    let started = world.post(&admin, "/api/v1/executions", start).await?;
    assert_eq!(started.status, StatusCode::CREATED, "{:?}", started.body);
    Ok(())
}
