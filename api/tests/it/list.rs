//! Lists: filters, cursors, history.

use crate::world::World;
use anyhow::Result;
use attune_types::ExecutionStatus;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

async fn ids(world: &World, token: &str, query: &str) -> Result<Vec<String>> {
    let reply = world
        .get(token, &format!("/api/v1/executions?{query}"))
        .await?;
    assert_eq!(reply.status, StatusCode::OK, "{query}: {:?}", reply.body);
    let id = |item: &Value| item["id"].as_str().unwrap_or_default().to_owned();
    Ok(reply.items().iter().map(id).collect())
}

#[tokio::test]
async fn pages_are_complete_and_do_not_overlap() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let mut started = BTreeSet::new();
    for _ in 0..25 {
        started.insert(world.start(&token).await?.to_string());
        world.clock.advance(Duration::from_secs(1));
    }
    for sort in ["desc", "asc"] {
        let mut seen = Vec::new();
        let mut path = format!("/api/v1/executions?limit=10&sort={sort}");
        loop {
            let page = world.get(&token, &path).await?;
            seen.extend(page.items().iter().map(|item| {
                (
                    item["created_at"].to_string(),
                    item["id"].as_str().unwrap_or_default().to_owned(),
                )
            }));
            // A new run while somebody turns the pages.
            if seen.len() == 10 && sort == "desc" {
                world.start(&token).await?;
            }
            match page.body["next_cursor"].as_str() {
                Some(cursor) => {
                    path = format!("/api/v1/executions?limit=10&sort={sort}&cursor={cursor}")
                }
                None => break,
            }
        }
        let times: Vec<_> = seen.iter().map(|(at, _)| at.clone()).collect();
        let mut sorted = times.clone();
        sorted.sort();
        if sort == "desc" {
            sorted.reverse();
        }
        assert_eq!(times, sorted);
        let distinct: BTreeSet<_> = seen.into_iter().map(|(_, id)| id).collect();
        assert!(distinct.is_superset(&started), "{sort}");
    }
    Ok(())
}

#[tokio::test]
async fn filters_narrow_the_list() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let admin = world.token("admin").await?;
    let labelled = json!({
        "action": "demo.greet", "parameters": {"name": "x"}, "labels": {"team": "ops", "env": "a:b"},
    });
    let first = world
        .post(&token, "/api/v1/executions", labelled)
        .await?
        .text("/id");
    world.clock.advance(Duration::from_secs(10));
    let second = world.start(&admin).await?;
    world
        .advance(second, &["run_begun"], ExecutionStatus::Running)
        .await?;
    let noop = json!({"action": "core.noop"});
    let third = world
        .post(&token, "/api/v1/executions", noop)
        .await?
        .text("/id");
    let second = second.to_string();

    assert_eq!(ids(&world, &token, "").await?.len(), 3);
    assert_eq!(
        ids(&world, &token, "status=running,failed").await?,
        vec![second.clone()]
    );
    assert_eq!(
        ids(&world, &token, "action=core.noop").await?,
        vec![third.clone()]
    );
    assert_eq!(
        ids(&world, &token, "pack=demo&sort=asc").await?,
        [first.clone(), second.clone()]
    );
    assert_eq!(
        ids(&world, &token, "started_by=admin").await?,
        vec![second.clone()]
    );
    assert_eq!(
        ids(&world, &token, "label=team:ops&label=env:a:b").await?,
        vec![first.clone()]
    );
    assert_eq!(
        ids(&world, &token, "label=team:dev").await?,
        Vec::<String>::new()
    );
    assert_eq!(
        ids(&world, &token, "trace_tag=nobody").await?,
        Vec::<String>::new()
    );
    assert_eq!(
        ids(&world, &token, "until=2026-01-01T00:00:05Z").await?,
        [first]
    );
    let since = ids(&world, &token, "since=2026-01-01T00:00:05Z&sort=asc").await?;
    assert_eq!(since.len(), 2);
    assert_eq!(
        ids(&world, &token, "rule=demo.loud").await?,
        Vec::<String>::new()
    );
    Ok(())
}

#[tokio::test]
async fn history_is_paged_by_number() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    let kinds = ["run_begun", "a", "b", "c", "d"];
    world.advance(run, &kinds, ExecutionStatus::Running).await?;
    let mut seen = Vec::new();
    let mut path = World::path(run, "/history?limit=4");
    loop {
        let page = world.get(&token, &path).await?;
        seen.extend(page.items().iter().map(|item| item["seq"].clone()));
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = World::path(run, &format!("/history?limit=4&cursor={cursor}")),
            None => break,
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
    let tasks = world.get(&token, &World::path(run, "/tasks")).await?;
    assert_eq!(tasks.status, StatusCode::OK);
    let logs = world.get(&token, &World::path(run, "/logs")).await?;
    assert_eq!(logs.body, json!({"items": [], "next_cursor": null}));
    Ok(())
}
