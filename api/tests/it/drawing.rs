//! Graphs of workflows and runs, and differences of versions, over REST.

use crate::workflow::{GREETING, greeting, is};
use crate::world::World;
use anyhow::Result;
use attune_types::ExecutionStatus;
use axum::http::StatusCode;
use serde_json::json;

const PATH: &str = "/api/v1/workflows/demo.hello";

#[tokio::test]
async fn a_workflow_is_drawn_in_every_form() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    world.apply(&admin, GREETING).await?;
    let forms = [
        ("", "application/json", "\"say\""),
        ("?format=json", "application/json", "\"say\""),
        ("?format=mermaid", "text/vnd.mermaid", "flowchart"),
        ("?format=dot", "text/vnd.graphviz", "digraph"),
        ("?format=svg", "image/svg+xml", "<svg"),
    ];
    for (query, kind, holds) in forms {
        let reply = world.get(&admin, &format!("{PATH}/graph{query}")).await?;
        assert_eq!(reply.status, StatusCode::OK, "{:#}", reply.body);
        let given = reply.headers["content-type"].to_str()?;
        assert!(given.starts_with(kind), "{given}");
        let text = match reply.body.as_str() {
            Some(text) => text.to_owned(),
            None => reply.body.to_string(),
        };
        assert!(text.contains(holds) && text.contains("say"), "{text}");
        assert!(!text.contains("<script"));
    }
    let wrong = world
        .get(&admin, &format!("{PATH}/graph?format=png"))
        .await?;
    is(&wrong, 422, "invalid");
    let renamed = GREETING.replace("name: say", "name: speak");
    world.apply(&admin, &renamed).await?;
    for (query, name) in [
        ("", "speak"),
        ("?version=1", "say"),
        ("?version=2", "speak"),
    ] {
        let reply = world.get(&admin, &format!("{PATH}/graph{query}")).await?;
        assert_eq!(reply.text("/nodes/0/name"), name);
    }
    let none = world
        .get(&admin, &format!("{PATH}/graph?version=9"))
        .await?;
    is(&none, 404, "not_found");
    Ok(())
}

#[tokio::test]
async fn a_run_is_drawn_with_where_its_tasks_stand() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("admin").await?;
    world.apply(&token, GREETING).await?;
    let body = json!({"action": "demo.hello", "parameters": {"name": "Ada"}});
    let run = world.post(&token, "/api/v1/executions", body).await?;
    let run = run.text("/id").parse()?;
    world
        .advance(run, &["run_begun"], ExecutionStatus::Running)
        .await?;
    let path = World::path(run, "/graph");
    let reply = world.get(&token, &path).await?;
    assert_eq!(reply.status, StatusCode::OK, "{:#}", reply.body);
    assert_eq!(reply.text("/workflow"), "demo.hello");
    assert_eq!(reply.text("/nodes/0/name"), "say");
    let svg = world.get(&token, &format!("{path}?format=svg")).await?;
    assert!(svg.body.as_str().is_some_and(|text| text.contains("<svg")));
    Ok(())
}

#[tokio::test]
async fn versions_are_compared_in_the_terms_of_the_language() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    world.apply(&admin, GREETING).await?;
    let same = world.get(&admin, &format!("{PATH}/diff")).await?;
    assert_eq!(same.body["same"], true, "one version has none before it");
    let second = greeting("Dear").replace("required: true", "required: true, enum: [Ada, Bob]");
    world.apply(&admin, &second).await?;
    for path in [
        format!("{PATH}/diff"),
        format!("{PATH}/diff?from=1&to=2"),
        format!("{PATH}/versions/1/diff/2"),
    ] {
        let diff = world.get(&admin, &path).await?;
        assert_eq!(diff.status, StatusCode::OK, "{:#}", diff.body);
        assert_eq!(diff.body["same"], false);
        assert_eq!(
            diff.body["breaking"], true,
            "fewer values are taken: {:#}",
            diff.body
        );
        let areas: Vec<_> = diff.body["changes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|change| change["area"].clone())
            .collect();
        assert!(areas.contains(&json!("tasks")) && areas.contains(&json!("parameters")));
    }
    let none = world.get(&admin, &format!("{PATH}/diff?from=7")).await?;
    is(&none, 404, "not_found");
    Ok(())
}
