//! Workflows over REST: made, changed, refused, disabled, checked, started.

use crate::world::{Reply, World};
use anyhow::Result;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

pub(crate) const GREETING: &str = "# says hello
ref: demo.hello
label: Hello
version: 1.0.0
tags: [nightly, friendly]
parameters:
  name: {type: string, required: true}
tasks:
  - name: say
    action: demo.greet
    input:
      name: \"{{ parameters.name }}\"
";

/// A definition of `demo.hello` of another content each time.
pub(crate) fn greeting(word: &str) -> String {
    GREETING.replace(
        "{{ parameters.name }}",
        &format!("{word} {{{{ parameters.name }}}}"),
    )
}

impl World {
    /// A request with a body of YAML.
    pub(crate) async fn yaml(
        &self,
        token: &str,
        method: Method,
        path: &str,
        text: &str,
        headers: &[(&str, &str)],
    ) -> Result<Reply> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/yaml");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(text.to_owned()))?).await
    }

    pub(crate) async fn apply(&self, token: &str, text: &str) -> Result<Reply> {
        self.yaml(token, Method::PUT, "/workflows/demo.hello", text, &[])
            .await
    }
}

pub(crate) fn is(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status.as_u16(), status, "{:#}", reply.body);
    assert_eq!(reply.code(), code, "{:#}", reply.body);
}

#[tokio::test]
async fn a_definition_becomes_a_workflow_that_runs() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let made = world
        .yaml(&admin, Method::POST, "/workflows", GREETING, &[])
        .await?;
    assert_eq!(made.status, StatusCode::CREATED, "{:#}", made.body);
    assert_eq!(made.headers["location"], "/api/v1/workflows/demo.hello");
    assert_eq!(made.text("/change"), "new");
    assert_eq!(made.text("/origin"), "api");
    assert_eq!(made.body["number"], 1);
    assert_eq!(made.body["notes"], json!([]));
    let etag = made.headers["etag"].to_str()?.to_owned();
    assert_eq!(etag, format!("\"{}\"", made.text("/etag")));

    let viewer = world.token("viewer").await?;
    let shown = world.get(&viewer, "/api/v1/workflows/demo.hello").await?;
    assert_eq!(shown.headers["etag"], etag.as_str());
    assert_eq!(shown.text("/definition"), GREETING);
    assert_eq!(shown.body["tags"], json!(["nightly", "friendly"]));
    assert_eq!(shown.body["parameters"]["required"], json!(["name"]));
    let tasks = json!([{"name": "say", "action": "demo.greet"}]);
    assert_eq!(shown.body["tasks"], tasks);

    // Once more the same: nothing happens, also by POST.
    for (method, path) in [
        (Method::POST, "/workflows"),
        (Method::PUT, "/workflows/demo.hello"),
    ] {
        let again = world.yaml(&admin, method, path, GREETING, &[]).await?;
        assert_eq!(again.status, StatusCode::OK, "{:#}", again.body);
        assert_eq!(again.text("/change"), "unchanged");
        assert_eq!(again.headers["etag"], etag.as_str());
    }
    let other = world
        .yaml(&admin, Method::POST, "/workflows", &greeting("Dear"), &[])
        .await?;
    is(&other, 409, "conflict");

    let operator = world.token("operator").await?;
    let path = "/api/v1/workflows/demo.hello/execute";
    let body = json!({"parameters": {"name": "Ada"}, "labels": {"by": "test"}});
    let headers = [("idempotency-key", "once")];
    let run = world
        .call_with(&operator, Method::POST, path, Some(body.clone()), &headers)
        .await?;
    assert_eq!(run.status, StatusCode::CREATED, "{:#}", run.body);
    assert_eq!(run.text("/kind"), "workflow");
    assert_eq!(run.body["labels"], json!({"by": "test"}));
    let again = world
        .call_with(&operator, Method::POST, path, Some(body), &headers)
        .await?;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.text("/id"), run.text("/id"));
    let wrong = world
        .post(&operator, path, json!({"parameters": {"nam": 1}}))
        .await?;
    is(&wrong, 422, "invalid_parameters");
    assert_eq!(wrong.errors().len(), 2);
    let plain = world
        .post(&operator, "/api/v1/workflows/demo.greet/execute", json!({}))
        .await?;
    is(&plain, 404, "not_found");
    assert!(plain.text("/detail").contains("another kind"));
    let near = world.get(&viewer, "/api/v1/workflows/demo.helo").await?;
    assert!(near.text("/detail").contains("demo.hello"));
    Ok(())
}

#[tokio::test]
async fn json_is_taken_wherever_yaml_is() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let object = json!({"ref": "demo.hello", "label": "Hello", "version": "1.0.0",
        "tasks": {"say": {"action": "demo.greet", "input": {"name": "Ada"}}}});
    let path = "/api/v1/workflows/demo.hello";
    let mut hashes = Vec::new();
    let text = "ref: demo.hello\nlabel: Hello\nversion: 1.0.0\ntasks:\n  say:\n    action: demo.greet\n    input: {name: Ada}\n";
    for body in [
        object.clone(),
        json!({"definition": object}),
        json!({"definition": text}),
    ] {
        let reply = world.call(&admin, Method::PUT, path, Some(body)).await?;
        assert!(reply.status.is_success(), "{:#}", reply.body);
        hashes.push(reply.text("/hash"));
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 1, "one content in three forms");
    let shown = world.get(&admin, path).await?;
    assert_eq!(shown.text("/definition"), text);
    assert_eq!(shown.body["number"], 1);
    let kinds = [
        ("text/plain", 415, "unsupported_media_type"),
        ("", 415, "unsupported_media_type"),
    ];
    for (kind, status, code) in kinds {
        let request = Request::put(path)
            .header("authorization", format!("Bearer {admin}"))
            .header("content-type", kind);
        let reply = world.send(request.body(Body::from(text))?).await?;
        is(&reply, status, code);
    }
    let wrapped = json!({"definition": text, "force": true});
    let reply = world.call(&admin, Method::PUT, path, Some(wrapped)).await?;
    is(&reply, 422, "invalid");
    assert_eq!(reply.errors()[0].0, "/force");
    Ok(())
}

#[tokio::test]
async fn all_that_is_wrong_is_told_by_place() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let bad = GREETING
        .replace("demo.greet", "demo.great")
        .replace("label: Hello", "lable: Hello");
    let reply = world.apply(&admin, &bad).await?;
    is(&reply, 422, "invalid_workflow");
    let errors = reply.body["errors"].as_array().cloned().unwrap_or_default();
    let of = |code: &str| errors.iter().find(|error| error["code"] == code).cloned();
    let unknown = of("FLOW020").unwrap_or_default();
    assert_eq!(
        (&unknown["line"], &unknown["column"]),
        (&json!(10), &json!(13))
    );
    assert_eq!(
        unknown["excerpt"],
        "10 |     action: demo.great\n   |             ^^^^^^^^^^"
    );
    assert_eq!(unknown["help"], "did you mean `demo.greet`?");
    assert_eq!(unknown["pointer"], "", "no pointer leads into a text");
    assert_eq!(of("FLOW001").unwrap_or_default()["line"], 3);
    assert_eq!(errors.len(), 2, "one error for one slip: {errors:?}");

    let object = json!({"ref": "demo.hello", "label": "Hello", "version": "1.0.0",
        "tasks": [{"name": "say", "action": "demo.great", "when": "{{ 1 +"}]});
    for (body, above) in [
        (object.clone(), ""),
        (json!({"definition": object}), "/definition"),
    ] {
        let path = "/api/v1/workflows/demo.hello";
        let reply = world.call(&admin, Method::PUT, path, Some(body)).await?;
        is(&reply, 422, "invalid_workflow");
        let pointers: Vec<String> = reply.errors().into_iter().map(|one| one.0).collect();
        assert_eq!(
            pointers,
            [
                format!("{above}/tasks/0/action"),
                format!("{above}/tasks/0/when")
            ]
        );
    }
    let none = world.get(&admin, "/api/v1/workflows/demo.hello").await?;
    is(&none, 404, "not_found");

    let elsewhere = world
        .yaml(&admin, Method::PUT, "/workflows/demo.other", GREETING, &[])
        .await?;
    is(&elsewhere, 422, "invalid_workflow");
    assert_eq!(elsewhere.errors()[0].1, "FLOW008");
    assert_eq!(elsewhere.body["errors"][0]["line"], 2);
    for pack in ["core", "inline"] {
        let text = GREETING.replace("demo.hello", &format!("{pack}.hello"));
        let reply = world
            .yaml(&admin, Method::POST, "/workflows", &text, &[])
            .await?;
        is(&reply, 422, "invalid_workflow");
    }
    let text = GREETING.replace("demo.hello", "demo.greet");
    let taken = world
        .yaml(&admin, Method::POST, "/workflows", &text, &[])
        .await?;
    is(&taken, 409, "conflict");
    let nul = world.apply(&admin, "ref: a\0b").await?;
    is(&nul, 422, "nul_character");
    let large = world.apply(&admin, &"# long\n".repeat(60_000)).await?;
    is(&large, 422, "invalid_workflow");
    assert_eq!(large.errors()[0].1, "FLOW016");
    Ok(())
}

#[tokio::test]
async fn checking_stores_nothing() -> Result<()> {
    let world = World::new().await?;
    let viewer = world.token("viewer").await?;
    let check = "/workflows/validate";
    let good = world
        .yaml(&viewer, Method::POST, check, GREETING, &[])
        .await?;
    assert_eq!(good.status, StatusCode::OK, "{:#}", good.body);
    assert_eq!(good.body["valid"], true);
    assert_eq!(good.text("/hash").len(), 64);
    let bad = GREETING.replace("demo.greet", "demo.great");
    let bad = world.yaml(&viewer, Method::POST, check, &bad, &[]).await?;
    assert_eq!(bad.status, StatusCode::OK);
    assert_eq!(bad.body["valid"], false);
    assert_eq!(bad.errors().len(), 1);
    let short = json!({"tasks": [{"name": "a", "action": "core.noop"}]});
    let path = "/api/v1/workflows/validate";
    let whole = world.post(&viewer, path, short.clone()).await?;
    assert_eq!(whole.body["valid"], false);
    let inline = world
        .post(&viewer, &format!("{path}?inline=true"), short)
        .await?;
    assert_eq!(inline.body["valid"], true, "{:#}", inline.body);
    let listed = world.get(&viewer, "/api/v1/workflows").await?;
    assert!(listed.items().is_empty());
    Ok(())
}

#[tokio::test]
async fn changes_on_condition() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let path = "/workflows/demo.hello";
    let only_new = [("if-none-match", "*")];
    let first = world
        .yaml(&admin, Method::PUT, path, GREETING, &only_new)
        .await?;
    assert_eq!(first.status, StatusCode::CREATED);
    let stale = first.headers["etag"].to_str()?.to_owned();
    let again = world
        .yaml(&admin, Method::PUT, path, &greeting("Dear"), &only_new)
        .await?;
    is(&again, 412, "precondition_failed");
    let mine = [("if-match", stale.as_str())];
    let second = world
        .yaml(&admin, Method::PUT, path, &greeting("Dear"), &mine)
        .await?;
    assert_eq!(second.text("/change"), "new_version", "{:#}", second.body);
    let late = world
        .yaml(&admin, Method::PUT, path, &greeting("My"), &mine)
        .await?;
    is(&late, 412, "precondition_failed");
    let full = format!("/api/v1{path}");
    let gone = world
        .call_with(&admin, Method::DELETE, &full, None, &mine)
        .await?;
    is(&gone, 412, "precondition_failed");
    let back = format!("{full}/versions/1/activate");
    let back = world
        .call_with(&admin, Method::POST, &back, None, &mine)
        .await?;
    is(&back, 412, "precondition_failed");
    let odd = [("if-match", "\"a\", \"b\"")];
    let odd = world
        .yaml(&admin, Method::PUT, path, GREETING, &odd)
        .await?;
    is(&odd, 422, "invalid");
    Ok(())
}

#[tokio::test]
async fn a_disabled_workflow_is_kept_and_comes_back() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let path = "/api/v1/workflows/demo.hello";
    world.apply(&admin, GREETING).await?;
    let start = json!({"action": "demo.hello", "parameters": {"name": "Ada"}});
    for _ in 0..2 {
        let gone = world.call(&admin, Method::DELETE, path, None).await?;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{:#}", gone.body);
    }
    let refused = world
        .post(&admin, "/api/v1/executions", start.clone())
        .await?;
    is(&refused, 422, "action_disabled");
    let refused = world
        .post(
            &admin,
            &format!("{path}/execute"),
            json!({"parameters": {"name": "Ada"}}),
        )
        .await?;
    is(&refused, 422, "action_disabled");
    let shown = world.get(&admin, path).await?;
    assert_eq!(shown.body["enabled"], false);
    assert_eq!(shown.text("/disabled_because"), "disabled");
    assert_eq!(shown.text("/changed_by"), "admin");
    let listed = world.get(&admin, "/api/v1/workflows?enabled=false").await?;
    assert_eq!(listed.items().len(), 1);
    let back = world.apply(&admin, GREETING).await?;
    assert_eq!(back.text("/change"), "enabled");
    let started = world.post(&admin, "/api/v1/executions", start).await?;
    assert_eq!(started.status, StatusCode::CREATED);
    let missing = world
        .call(&admin, Method::DELETE, "/api/v1/workflows/demo.none", None)
        .await?;
    is(&missing, 404, "not_found");

    let audit = world.get(&admin, "/api/v1/audit").await?;
    let said: Vec<&str> = audit
        .items()
        .iter()
        .filter(|entry| entry["subject"] == "demo.hello")
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    assert_eq!(
        said,
        ["workflow.activate", "workflow.disable", "workflow.create"]
    );
    Ok(())
}

#[tokio::test]
async fn a_pack_of_its_own_is_made_for_a_workflow() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let text = GREETING.replace("demo.hello", "adhoc.hello");
    let made = world
        .yaml(&admin, Method::POST, "/workflows", &text, &[])
        .await?;
    assert_eq!(made.status, StatusCode::CREATED, "{:#}", made.body);
    assert!(made.text("/notes/0").contains("`adhoc`"), "{:#}", made.body);
    let pack = world.get(&admin, "/api/v1/packs/adhoc").await?;
    assert_eq!(pack.text("/registered_by"), "admin");
    let start = json!({"action": "adhoc.hello", "parameters": {"name": "Ada"}});
    let started = world.post(&admin, "/api/v1/executions", start).await?;
    assert_eq!(started.status, StatusCode::CREATED, "{:#}", started.body);
    Ok(())
}

#[tokio::test]
async fn workflows_are_found_by_what_people_know() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    for (name, tag) in [("own.b", "red"), ("own.a", "blue"), ("other.c", "red")] {
        let text = GREETING
            .replace("demo.hello", name)
            .replace("friendly", tag);
        let made = world
            .yaml(&admin, Method::POST, "/workflows", &text, &[])
            .await?;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    let found = async |query: &str| -> Result<Vec<Value>> {
        let reply = world
            .get(&admin, &format!("/api/v1/workflows?{query}"))
            .await?;
        assert_eq!(reply.status, StatusCode::OK, "{:#}", reply.body);
        Ok(reply.items().iter().map(|one| one["ref"].clone()).collect())
    };
    assert_eq!(found("").await?, ["other.c", "own.a", "own.b"]);
    assert_eq!(found("pack=own").await?, ["own.a", "own.b"]);
    assert_eq!(found("tag=red&tag=nightly").await?, ["other.c", "own.b"]);
    assert_eq!(found("text=BLUE").await?, ["own.a"]);
    assert_eq!(found("limit=1").await?, ["other.c"]);
    let wrong = world.get(&admin, "/api/v1/workflows?enabld=true").await?;
    is(&wrong, 422, "invalid");
    Ok(())
}
