//! Keys over REST: set, shown, changed on a condition, and secrets that never come out.

use crate::world::World;
use anyhow::Result;
use attune_types::Role;
use axum::http::Method;
use serde_json::{Value, json};

const TOKEN: &str = "/api/v1/keys/demo/db%2Ftoken";
const VALUE: &str = "canary-7f3a91";

#[tokio::test]
async fn a_plain_key_comes_back_and_a_secret_does_not() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let put =
        async |path: &str, body: Value| world.call(&admin, Method::PUT, path, Some(body)).await;
    let plain = put("/api/v1/keys/demo/limits", json!({"value": {"cpu": 2}})).await?;
    assert_eq!(plain.status, 200, "{:?}", plain.body);
    assert_eq!(plain.body["value"], json!({"cpu": 2}));
    assert!(plain.body.get("note").is_none(), "{:#}", plain.body);
    let early = put("/api/v1/keys/later/limits", json!({"value": 1})).await?;
    assert_eq!(early.status, 200, "{:?}", early.body);
    let note = early.body["note"].as_str().unwrap_or_default();
    assert!(note.starts_with("there is no pack `later` yet"), "{note}");
    let secret = json!({"value": VALUE, "secret": true, "readable_by": ["shop"]});
    let secret = put(TOKEN, secret).await?;
    assert_eq!(secret.status, 200, "{:?}", secret.body);
    assert_eq!(secret.body["name"], "db/token");
    let shown = world.get(&admin, TOKEN).await?;
    for reply in [&secret, &shown] {
        assert_eq!(reply.body["value"], "********");
        assert_eq!(reply.body["kind"], "secret");
        assert_eq!(reply.body["readable_by"], json!(["shop"]));
        assert!(reply.headers.contains_key("etag"));
    }
    let list = world.get(&admin, "/api/v1/keys?pack=demo").await?;
    let names: Vec<_> = list.items().iter().map(|key| key["name"].clone()).collect();
    assert_eq!(names, ["db/token", "limits"]);
    assert!(list.items().iter().all(|key| key.get("value").is_none()));

    let gone = world.call(&admin, Method::DELETE, TOKEN, None).await?;
    assert_eq!(gone.status, 204);
    let again = world.call(&admin, Method::DELETE, TOKEN, None).await?;
    assert_eq!((again.status.as_u16(), again.code()), (404, "not_found"));
    assert_eq!(world.get(&admin, TOKEN).await?.status, 404);

    let audit = world.get(&admin, "/api/v1/audit").await?;
    let text = audit.body.to_string();
    assert!(
        text.contains("key.set") && text.contains("key.delete"),
        "{text}"
    );
    assert!(
        text.contains("demo/db/token") && !text.contains(VALUE),
        "{text}"
    );
    Ok(())
}

#[tokio::test]
async fn a_change_may_say_what_it_expects() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let path = "/api/v1/keys/demo/k";
    let put = async |value: u32, headers: &[(&str, &str)]| {
        let body = Some(json!({"value": value}));
        world
            .call_with(&admin, Method::PUT, path, body, headers)
            .await
    };
    let refused = put(0, &[("if-match", "\"1\"")]).await?;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (412, "precondition_failed")
    );
    let first = put(1, &[("if-none-match", "*")]).await?;
    assert_eq!(first.status, 200, "{:?}", first.body);
    assert_eq!(put(2, &[("if-none-match", "*")]).await?.status, 412);
    let tag = first.headers["etag"].to_str()?.to_owned();
    assert_eq!(put(3, &[("if-match", &tag)]).await?.status, 200);
    assert_eq!(put(4, &[("if-match", &tag)]).await?.status, 412);
    let stale = [("if-match", tag.as_str())];
    let kept = world
        .call_with(&admin, Method::DELETE, path, None, &stale)
        .await?;
    assert_eq!(kept.status, 412);
    assert_eq!(world.get(&admin, path).await?.body["value"], 3);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_with_its_place() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    for (path, body, place) in [
        (
            "/api/v1/keys/demo/k",
            json!({"value": 7, "secret": true}),
            "/value",
        ),
        (
            "/api/v1/keys/demo/k",
            json!({"value": "abc", "secret": true}),
            "/value",
        ),
        (
            "/api/v1/keys/demo/k",
            json!({"value": "x".repeat(300 << 10)}),
            "/value",
        ),
        (
            "/api/v1/keys/demo/k",
            json!({"value": 1, "readable_by": ["a b"]}),
            "/readable_by/0",
        ),
        (
            "/api/v1/keys/demo/k",
            json!({"value": 1, "kind": "secret"}),
            "/kind",
        ),
        ("/api/v1/keys/demo/k", json!({"secret": false}), "/value"),
        (
            "/api/v1/keys/De mo/k".replace(' ', "%20").as_str(),
            json!({"value": 1}),
            "",
        ),
        ("/api/v1/keys/demo/a%20b", json!({"value": 1}), ""),
    ] {
        let reply = world.call(&admin, Method::PUT, path, Some(body)).await?;
        assert_eq!(reply.status, 422, "{path}: {:?}", reply.body);
        if !place.is_empty() {
            assert_eq!(reply.errors()[0].0, place, "{:?}", reply.body);
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_only_looks_sees_names_and_changes_nothing() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    world.person("olga", Role::Operator).await?;
    let olga = world.token("olga").await?;
    let path = "/api/v1/keys/demo/k";
    let body = json!({"value": 1});
    let refused = world
        .call(&olga, Method::PUT, path, Some(body.clone()))
        .await?;
    assert_eq!(refused.code(), "forbidden");
    world.call(&admin, Method::PUT, path, Some(body)).await?;
    assert_eq!(world.get(&olga, path).await?.body["value"], 1);
    assert_eq!(
        world.call(&olga, Method::DELETE, path, None).await?.code(),
        "forbidden"
    );
    Ok(())
}

#[tokio::test]
async fn no_answer_shows_the_token_of_a_secret() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    // As a template of a run makes it.
    let token = format!("[[secret:{}:demo/token]]", "0f".repeat(16));
    let started = world
        .post(
            &admin,
            "/api/v1/executions",
            json!({"action": "demo.greet", "parameters": {"name": format!("Bearer {token}")}}),
        )
        .await?;
    assert_eq!(started.status, 201, "{:?}", started.body);
    let id = started.text("/id");
    for path in ["", "/history", "/tasks"] {
        let reply = world
            .get(&admin, &format!("/api/v1/executions/{id}{path}"))
            .await?;
        let text = reply.body.to_string();
        assert!(!text.contains("[[secret:"), "{path}: {text}");
    }
    let shown = world
        .get(&admin, &format!("/api/v1/executions/{id}"))
        .await?;
    assert!(
        shown.body.to_string().contains("Bearer ********"),
        "{:?}",
        shown.body
    );
    Ok(())
}
