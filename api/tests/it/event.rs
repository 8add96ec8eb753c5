//! Events, rules, triggers, enforcements.

use crate::world::World;
use anyhow::{Context as _, Result};
use attune_port::{Address, Ingest, NewEnforcement};
use attune_rules::{Explanation, Reason};
use attune_types::{EnforcementId, EventId, Ref};
use attune_wire::EventMessage;
use axum::http::{Method, StatusCode};
use serde_json::json;

const EVENTS: &str = "/api/v1/events";

#[tokio::test]
async fn an_event_is_stored_and_hinted() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let body =
        json!({"trigger": "demo.alarm", "payload": {"severity": 5, "extra": true}, "dedupe": "a"});
    let reply = world.post(&token, EVENTS, body.clone()).await?;
    assert_eq!(reply.status, StatusCode::CREATED, "{:?}", reply.body);
    assert_eq!(reply.body["duplicate"], false);
    let id: EventId = reply.text("/id").parse()?;

    let again = world.post(&token, EVENTS, body).await?;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.body, json!({"id": id, "duplicate": true}));

    let mut queue = world.bus.subscribe(Address::Events, 10).await?;
    let delivery = queue.next().await.context("no hint")?;
    let mut records = attune_wire::decode::<EventMessage>(&delivery.body)?;
    assert_eq!(records.remove(0)?.body, EventMessage::Stored { id });

    let shown = world.get(&token, &format!("{EVENTS}/{id}")).await?;
    assert_eq!(shown.body["source"], "api:operator");
    assert_eq!(shown.body["processed_at"], json!(null));
    let list = world
        .get(&token, "/api/v1/events?trigger=demo.alarm")
        .await?;
    assert_eq!(list.items().len(), 1);
    let none = world
        .get(&token, "/api/v1/events?trigger=demo.other")
        .await?;
    assert!(none.items().is_empty());
    Ok(())
}

#[tokio::test]
async fn wrong_events_are_refused() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let cases = [
        (
            json!({"trigger": "demo.alrm"}),
            "unknown_trigger",
            "/trigger",
        ),
        (
            json!({"trigger": "demo.alarm"}),
            "invalid_payload",
            "/severity",
        ),
        (
            json!({"trigger": "demo.alarm", "payload": {"severity": "x"}}),
            "invalid_payload",
            "/severity",
        ),
        (
            json!({"trigger": "demo.alarm", "payload": [1]}),
            "invalid",
            "/payload",
        ),
        (
            json!({"trigger": "demo.alarm", "payload": {"severity": 1}, "dedupe": ""}),
            "invalid",
            "/dedupe",
        ),
        (json!({"payload": {}}), "invalid", "/trigger"),
    ];
    for (body, code, pointer) in cases {
        let reply = world.post(&token, EVENTS, body.clone()).await?;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(reply.code(), code, "{body}");
        assert_eq!(reply.errors()[0].0, pointer, "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn an_event_with_a_key_is_emitted_once() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let emit = |severity: u32| {
        let body = json!({"trigger": "demo.alarm", "payload": {"severity": severity}});
        world.call_with(
            &token,
            Method::POST,
            EVENTS,
            Some(body),
            &[("idempotency-key", "k")],
        )
    };
    let first = emit(5).await?;
    let again = emit(5).await?;
    assert_eq!(
        (first.status, again.status),
        (StatusCode::CREATED, StatusCode::OK)
    );
    assert_eq!(first.text("/id"), again.text("/id"));
    assert_eq!(emit(6).await?.code(), "idempotency_key_reused");
    Ok(())
}

#[tokio::test]
async fn why_shows_the_verdicts_of_an_event() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let body = json!({"trigger": "demo.alarm", "payload": {"severity": 1}});
    let id: EventId = world
        .post(&token, EVENTS, body)
        .await?
        .text("/id")
        .parse()?;
    let stored = world.stores.events.get(&[id]).await?.remove(0).event;
    let rule = Ref::parse("demo.loud")?;
    world
        .stores
        .events
        .ingest(vec![Ingest {
            event: stored,
            enforcements: vec![NewEnforcement {
                id: EnforcementId(id.derive("demo.loud")),
                rule,
                fired: false,
                explanation: Explanation {
                    reason: Reason::CriteriaNotMet,
                    conditions: Vec::new(),
                    message: "1 is not greater than 3".to_owned(),
                },
                dedupe: None,
                run: None,
            }],
        }])
        .await?;
    let why = world.get(&token, &format!("{EVENTS}/{id}/why")).await?;
    assert_eq!(why.text("/event/id"), id.to_string());
    assert_eq!(why.text("/enforcements/0/reason"), "criteria_not_met");
    assert_eq!(
        why.text("/enforcements/0/explanation/message"),
        "1 is not greater than 3"
    );
    for (query, count) in [
        (format!("event={id}"), 1),
        ("rule=demo.loud&fired=false".to_owned(), 1),
        ("rule=demo.loud&fired=true".to_owned(), 0),
        ("rule=demo.other".to_owned(), 0),
    ] {
        let list = world
            .get(&token, &format!("/api/v1/enforcements?{query}"))
            .await?;
        assert_eq!(list.items().len(), count, "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn rules_are_turned_on_and_off_and_tried() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let off = world
        .post(&token, "/api/v1/rules/demo.loud/disable", json!({}))
        .await?;
    assert_eq!(off.body["enabled"], false);
    let list = world.get(&token, "/api/v1/rules?enabled=false").await?;
    assert_eq!(list.items().len(), 1);
    let on = world
        .call(&token, Method::POST, "/api/v1/rules/demo.loud/enable", None)
        .await?;
    assert_eq!(on.body["enabled"], true);

    let path = "/api/v1/rules/demo.loud/test";
    let fires = world
        .post(&token, path, json!({"payload": {"severity": 5}}))
        .await?;
    assert_eq!(fires.status, StatusCode::OK, "{:?}", fires.body);
    assert_eq!(fires.body["fired"], true);
    assert_eq!(fires.body["input"], json!({"name": "alarm 5"}));
    let misses = world
        .post(&token, path, json!({"payload": {"severity": 2}}))
        .await?;
    assert_eq!(misses.body["fired"], false);
    assert_eq!(misses.body["reason"], "criteria_not_met");
    let events = world.get(&token, EVENTS).await?;
    assert!(events.items().is_empty(), "a test leaves nothing behind");

    let triggers = world.get(&token, "/api/v1/triggers?pack=demo").await?;
    assert_eq!(triggers.text("/items/0/ref"), "demo.alarm");
    assert_eq!(
        triggers.text("/items/0/payload/properties/severity/type"),
        "integer"
    );
    Ok(())
}
