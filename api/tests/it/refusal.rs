//! Bad input of every kind: a clear refusal, in one form.

use crate::world::{Reply, World};
use anyhow::Result;
use attune_port::{Address, Bus, BusError, Consumer, Source};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use std::sync::Arc;

const STARTS: &str = "/api/v1/executions";

/// What every refusal has.
fn check(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status.as_u16(), status, "{:?}", reply.body);
    assert_eq!(reply.code(), code, "{:?}", reply.body);
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert_eq!(reply.body["status"], status);
    assert_eq!(reply.text("/type"), format!("/errors/{code}"));
    assert!(!reply.text("/title").is_empty() && !reply.text("/detail").is_empty());
    assert_eq!(
        reply.text("/trace_id").as_str(),
        reply.headers["x-trace-id"]
    );
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    assert_eq!(reply.headers["cache-control"], "no-store");
}

async fn raw(world: &World, kind: &str, body: Vec<u8>) -> Result<Reply> {
    let token = world.token("operator").await?;
    let mut request = Request::post(STARTS).header("authorization", format!("Bearer {token}"));
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    world.send(request.body(Body::from(body))?).await
}

#[tokio::test]
async fn bodies_that_cannot_be_read() -> Result<()> {
    let world = World::new().await?;
    let json = "application/json";
    check(
        &raw(&world, json, b"{\"action\": ".to_vec()).await?,
        400,
        "broken_json",
    );
    check(&raw(&world, json, Vec::new()).await?, 400, "broken_json");
    check(
        &raw(&world, json, b"{} {}".to_vec()).await?,
        400,
        "broken_json",
    );
    check(
        &raw(&world, json, vec![b'['; 100_000]).await?,
        400,
        "broken_json",
    );
    check(
        &raw(&world, json, vec![0xff, 0xfe]).await?,
        400,
        "broken_json",
    );
    check(
        &raw(&world, "text/plain", b"{}".to_vec()).await?,
        415,
        "unsupported_media_type",
    );
    check(
        &raw(&world, "", b"{}".to_vec()).await?,
        415,
        "unsupported_media_type",
    );
    check(&raw(&world, json, b"\"x\"".to_vec()).await?, 422, "invalid");
    check(
        &raw(&world, json, vec![b' '; (8 << 20) + 1]).await?,
        413,
        "too_large",
    );
    Ok(())
}

#[tokio::test]
async fn parameters_of_four_mebibytes_are_accepted_and_larger_ones_not() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let room = (4 << 20) - r#"{"name":""}"#.len();
    let fits = json!({"action": "demo.greet", "parameters": {"name": "x".repeat(room)}});
    let reply = world.post(&token, STARTS, fits).await?;
    assert_eq!(reply.status, StatusCode::CREATED);
    let large = json!({"action": "demo.greet", "parameters": {"name": "x".repeat(room + 1)}});
    check(&world.post(&token, STARTS, large).await?, 413, "too_large");
    Ok(())
}

#[tokio::test]
async fn starts_that_are_wrong() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let cases = [
        (json!({}), "invalid", vec![("/action", "required")]),
        (json!({"action": 7}), "invalid", vec![("/action", "type")]),
        (
            json!({"action": "demo"}),
            "invalid",
            vec![("/action", "type")],
        ),
        (
            json!({"action": "demo.greet", "wait": 3}),
            "invalid",
            vec![("/wait", "unknown")],
        ),
        (
            json!({"action": "demo.gret"}),
            "unknown_action",
            vec![("/action", "unknown")],
        ),
        (
            json!({"action": "demo.greet", "parameters": {"nmae": "World"}}),
            "invalid_parameters",
            vec![("/nmae", "unknown"), ("/name", "required")],
        ),
        (
            json!({"action": "demo.greet", "parameters": {"name": 1, "times": "x"}}),
            "invalid_parameters",
            vec![("/name", "type"), ("/times", "type")],
        ),
        (
            json!({"action": "demo.greet", "parameters": {"name": "a\u{0}b"}}),
            "nul_character",
            vec![("/parameters/name", "nul")],
        ),
        (
            json!({"action": "demo.greet", "parameters": {"name": "x"}, "labels": {"a:b": "c"}}),
            "invalid",
            vec![("/labels/a:b", "pattern")],
        ),
    ];
    for (body, code, errors) in cases {
        let reply = world.post(&token, STARTS, body.clone()).await?;
        check(&reply, 422, code);
        let mut found = reply.errors();
        found.sort();
        let mut expected: Vec<_> = errors
            .into_iter()
            .map(|(pointer, code)| (pointer.to_owned(), code.to_owned()))
            .collect();
        expected.sort();
        assert_eq!(found, expected, "{body}");
    }
    let near = json!({"action": "demo.gret"});
    let reply = world.post(&token, STARTS, near).await?;
    assert!(
        reply.text("/detail").contains("demo.greet"),
        "{:?}",
        reply.body
    );
    let reply = world
        .post(&token, "/api/v1/actions/demo.gret/run", json!({}))
        .await?;
    check(&reply, 404, "unknown_action");
    Ok(())
}

#[tokio::test]
async fn addresses_methods_and_queries_that_are_wrong() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("admin").await?;
    check(
        &world.get(&token, "/api/v1/nothing").await?,
        404,
        "unknown_route",
    );
    check(&world.get("", "/").await?, 404, "unknown_route");
    let deleted = world.call(&token, Method::DELETE, STARTS, None).await?;
    check(&deleted, 405, "method_not_allowed");
    for path in [
        "/api/v1/executions/not-an-id",
        "/api/v1/executions/01890000-0000-7000-8000-000000000000",
        "/api/v1/executions/01890000-0000-7000-8000-000000000000/history",
        "/api/v1/executions/01890000-0000-7000-8000-000000000000/stream",
        "/api/v1/actions/nodot",
        "/api/v1/actions/no.such",
        "/api/v1/packs/none",
        "/api/v1/rules/no.such",
        "/api/v1/events/01890000-0000-7000-8000-000000000000",
        "/errors/none",
    ] {
        check(&world.get(&token, path).await?, 404, "not_found");
    }
    for query in [
        "stauts=failed",
        "status=great",
        "limit=0",
        "limit=1001",
        "limit=x",
        "since=yesterday",
        "sort=sideways",
        "label=nocolon",
        "action=nodot",
        "action=a%00.b",
        "cursor=%27;drop",
    ] {
        let reply = world.get(&token, &format!("{STARTS}?{query}")).await?;
        check(&reply, 422, "invalid");
    }
    let run = world.start(&token).await?;
    let reply = world
        .get(&token, &World::path(run, "/history?cursor=x"))
        .await?;
    check(&reply, 422, "invalid");
    Ok(())
}

#[tokio::test]
async fn the_trace_of_a_caller_is_continued() -> Result<()> {
    let world = World::new().await?;
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{id}-00f067aa0ba902b7-01");
    let reply = world
        .call_with("", Method::GET, "/livez", None, &[("traceparent", &parent)])
        .await?;
    assert_eq!(reply.headers["x-trace-id"], id);
    Ok(())
}

/// A bus whose state cannot be asked.
struct Broken;

#[async_trait::async_trait]
impl Bus for Broken {
    async fn publish(&self, _: Address, _: Vec<bytes::Bytes>) -> Result<(), BusError> {
        Err(BusError::Closed)
    }
    fn send(&self, _: Address, _: Vec<bytes::Bytes>) {}
    async fn subscribe(&self, _: Source, _: u16) -> Result<Box<dyn Consumer>, BusError> {
        Err(BusError::Closed)
    }
    #[expect(clippy::panic, reason = "what a panic does is what is tested")]
    fn is_connected(&self) -> bool {
        panic!("a bug with a secret in it")
    }
    async fn close(&self) {}
}

#[tokio::test]
async fn a_panic_is_an_answer_without_details_and_stops_nothing() -> Result<()> {
    let world = World::on(Arc::new(Broken)).await?;
    let reply = world.get("", "/readyz").await?;
    check(&reply, 500, "internal");
    assert!(!reply.body.to_string().contains("secret"));
    assert_eq!(world.get("", "/livez").await?.status, StatusCode::OK);
    let token = world.token("operator").await?;
    world.start(&token).await?;
    Ok(())
}

#[tokio::test]
async fn requests_are_counted_by_pattern() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("viewer").await?;
    world.get(&token, "/api/v1/executions/not-an-id").await?;
    let text = world.metrics.render();
    assert!(text.contains("route=\"/api/v1/executions/{id}\""), "{text}");
    assert!(!text.contains("not-an-id"));
    Ok(())
}
