//! Starting runs: one, the same again, many.

use crate::world::{Reply, World};
use anyhow::{Context as _, Result};
use attune_port::Address;
use attune_types::RunId;
use attune_wire::ShardMessage;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const STARTS: &str = "/api/v1/executions";

fn greet(name: &str) -> Value {
    json!({"action": "demo.greet", "parameters": {"name": name}})
}

async fn keyed(world: &World, token: &str, key: &str, body: Value) -> Result<Reply> {
    let headers = [("idempotency-key", key)];
    world
        .call_with(token, Method::POST, STARTS, Some(body), &headers)
        .await
}

#[tokio::test]
async fn a_start_is_durable_and_hinted_to_its_shard() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let body = json!({
        "action": "demo.greet",
        "parameters": {"name": "Ada", "password": "hunter2"},
        "labels": {"team": "ops"},
    });
    let reply = world.post(&token, STARTS, body).await?;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(reply.body["status"], "requested");
    assert_eq!(reply.body["kind"], "action");
    assert_eq!(reply.body["labels"], json!({"team": "ops"}));
    assert_eq!(
        reply.body["input"],
        json!({"name": "Ada", "password": "********", "times": 1}),
        "defaults are filled in, secrets hidden"
    );
    let run: RunId = reply.text("/id").parse()?;
    assert_eq!(
        reply.headers["location"],
        format!("{STARTS}/{run}").as_str()
    );

    let shown = world.get(&token, &World::path(run, "")).await?;
    assert_eq!(shown.body["started_by"], "operator");
    assert_eq!(shown.body["origin"], json!({"kind": "request"}));
    assert_eq!(shown.body["last_seq"], 1);
    let history = world.get(&token, &World::path(run, "/history")).await?;
    assert_eq!(history.items()[0]["kind"], "run_opened");
    assert!(!history.body.to_string().contains("hunter2"));
    assert!(
        !history.body.to_string().contains("sesame"),
        "a secret of the pack's configuration"
    );
    let header = &history.items()[0]["data"]["header"];
    assert!(header["parameters"]["name"] == "Ada" && header.get("secrets").is_none());
    // Not even the store has them: what is shown is not masked, it is not there.
    let stored = world.stores.reads.history(run, 0, 10).await?;
    let stored = format!("{stored:?} {:?}", world.stores.reads.run(run).await?);
    assert!(stored.contains("Ada"), "{stored}");
    for value in ["hunter2", "sesame"] {
        assert!(!stored.contains(value), "{stored}");
    }

    let mut queue = world
        .bus
        .subscribe(Address::Shard(run.shard(16)), 1)
        .await?;
    let delivery = queue.next().await.context("no hint")?;
    let mut records = attune_wire::decode::<ShardMessage>(&delivery.body)?;
    let hint = records.remove(0)?;
    assert_eq!(hint.body, ShardMessage::Hint { run });
    assert!(hint.trace.is_some());
    Ok(())
}

#[tokio::test]
async fn the_same_key_and_body_start_one_run() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let first = keyed(&world, &token, "order-1", greet("Ada")).await?;
    assert_eq!(first.status, StatusCode::CREATED);
    let again = keyed(&world, &token, "order-1", greet("Ada")).await?;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(first.body, again.body);

    let other = keyed(&world, &token, "order-1", greet("Bob")).await?;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.code(), "idempotency_key_reused");

    let admin = world.token("admin").await?;
    let theirs = keyed(&world, &admin, "order-1", greet("Bob")).await?;
    assert_eq!(
        theirs.status,
        StatusCode::CREATED,
        "keys of others do not meet"
    );
    let bad = keyed(&world, &token, "with space", greet("Ada")).await?;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let list = world.get(&token, STARTS).await?;
    assert_eq!(list.items().len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_key_tells_requests_apart_by_their_secrets_too() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let start = |password: &str| json!({"action": "demo.greet", "parameters": {"name": "Ada", "password": password}});
    let first = keyed(&world, &token, "order-1", start("hunter2")).await?;
    assert_eq!(first.status, StatusCode::CREATED);
    let again = keyed(&world, &token, "order-1", start("hunter2")).await?;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.text("/id"), first.text("/id"));
    let other = keyed(&world, &token, "order-1", start("hunter3")).await?;
    assert_eq!(other.code(), "idempotency_key_reused");
    Ok(())
}

#[tokio::test]
async fn one_key_at_once_from_many_starts_one_run() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let asked = (0..50).map(|_| keyed(&world, &token, "race", greet("Ada")));
    let replies = futures::future::try_join_all(asked).await?;
    let created = replies
        .iter()
        .filter(|reply| reply.status == StatusCode::CREATED)
        .count();
    assert_eq!(created, 1);
    assert!(replies.iter().all(|reply| reply.status.is_success()));
    assert!(
        replies
            .iter()
            .all(|reply| reply.text("/id") == replies[0].text("/id"))
    );
    Ok(())
}

#[tokio::test]
async fn many_starts_are_judged_one_by_one() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let starts = json!([
        greet("Ada"),
        {"action": "demo.greet", "parameters": {}},
        {"action": "no.such"},
        "nonsense",
        greet("Bob"),
    ]);
    for (path, body) in [
        (STARTS, starts.clone()),
        (
            "/api/v1/executions/bulk",
            json!({"executions": starts.clone()}),
        ),
        ("/api/v1/executions/bulk", starts.clone()),
    ] {
        let reply = world.post(&token, path, body).await?;
        assert_eq!(reply.status, StatusCode::OK, "{:?}", reply.body);
        assert_eq!(
            (&reply.body["accepted"], &reply.body["refused"]),
            (&json!(2), &json!(3))
        );
        let statuses: Vec<_> = reply
            .items()
            .iter()
            .map(|item| item["status"].clone())
            .collect();
        assert_eq!(statuses, [201, 422, 422, 422, 201]);
        assert_eq!(reply.text("/items/1/problem/errors/0/pointer"), "/name");
        for item in [0, 4] {
            let id = reply.text(&format!("/items/{item}/id"));
            let shown = world.get(&token, &format!("{STARTS}/{id}")).await?;
            assert_eq!(shown.status, StatusCode::OK);
        }
    }
    let wrong = world
        .post(&token, "/api/v1/executions/bulk", json!({"runs": []}))
        .await?;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    Ok(())
}

#[tokio::test]
async fn many_starts_with_a_key_are_repeatable() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let starts: Vec<Value> = (0..1_200).map(|n| greet(&n.to_string())).collect();
    let first = keyed(&world, &token, "batch", json!(starts)).await?;
    assert_eq!(first.body["accepted"], 1_200);
    let again = keyed(&world, &token, "batch", json!(starts)).await?;
    assert_eq!(again.body["accepted"], 1_200);
    for (a, b) in first.items().iter().zip(again.items()) {
        assert_eq!((&a["status"], &b["status"]), (&json!(201), &json!(200)));
        assert_eq!(a["id"], b["id"]);
    }
    Ok(())
}

#[tokio::test]
async fn an_action_is_run_at_its_own_address() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let path = "/api/v1/actions/demo.greet/run";
    let good = world.post(&token, path, json!({"name": "Ada"})).await?;
    assert_eq!(good.status, StatusCode::CREATED);
    assert_eq!(good.body["action"], "demo.greet");
    let wrong = world.post(&token, path, json!({"nam": "Ada"})).await?;
    assert_eq!(wrong.code(), "invalid_parameters");
    Ok(())
}
