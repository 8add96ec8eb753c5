//! Versions of workflows over REST: numbered, made current again, and what packs do to them.

use crate::workflow::{GREETING, greeting, is};
use crate::world::World;
use anyhow::{Context as _, Result};
use attune_pack::{PackSource, from_files};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/workflows/demo.hello";

fn numbers(items: &[Value]) -> Vec<(u64, bool)> {
    items
        .iter()
        .map(|one| {
            let number = one["number"].as_u64().unwrap_or_default();
            (number, one["current"] == true)
        })
        .collect()
}

#[tokio::test]
async fn a_changed_content_is_a_new_version_and_the_old_can_come_back() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    for (word, change, number) in [
        ("Dear", "new", 1),
        ("My", "new_version", 2),
        ("Dear", "activated", 1),
    ] {
        let reply = world.apply(&admin, &greeting(word)).await?;
        assert_eq!(reply.text("/change"), change);
        assert_eq!(reply.body["number"], number);
    }
    let text = format!("# another form\n{}", greeting("Dear"));
    let reply = world.apply(&admin, &text).await?;
    assert_eq!(reply.text("/change"), "text");
    assert_eq!(world.get(&admin, PATH).await?.text("/definition"), text);

    let versions = world.get(&admin, &format!("{PATH}/versions")).await?;
    assert_eq!(numbers(versions.items()), [(2, false), (1, true)]);
    let two = versions.items()[0].clone();
    assert_eq!(two["origin"], "api");
    assert_eq!(two["created_by"], "admin");
    let hash = two["hash"].as_str().context("no hash")?;
    for name in ["2", hash, &hash[..8]] {
        let shown = world
            .get(&admin, &format!("{PATH}/versions/{name}"))
            .await?;
        assert_eq!(shown.text("/hash"), hash, "{name}");
        assert_eq!(shown.text("/definition"), greeting("My"));
        assert_eq!(shown.text("/tasks/0/name"), "say");
    }
    for name in ["3", "first", "ffffffff"] {
        let none = world
            .get(&admin, &format!("{PATH}/versions/{name}"))
            .await?;
        is(&none, 404, "not_found");
        assert!(none.text("/detail").contains("demo.hello"));
    }
    let back = world
        .post(&admin, &format!("{PATH}/versions/2/rollback"), json!({}))
        .await?;
    assert_eq!(back.status, StatusCode::OK, "{:#}", back.body);
    assert_eq!(back.text("/change"), "activated");
    let again = world
        .call(
            &admin,
            Method::POST,
            &format!("{PATH}/versions/2/activate"),
            None,
        )
        .await?;
    assert_eq!(again.text("/change"), "unchanged");
    let releases = world.get(&admin, &format!("{PATH}/releases")).await?;
    let record: Vec<_> = releases
        .items()
        .iter()
        .map(|one| (one["what"].clone(), one["number"].clone()))
        .collect();
    assert_eq!(
        record,
        [
            (json!("activated"), json!(2)),
            (json!("activated"), json!(1)),
            (json!("registered"), json!(2)),
            (json!("registered"), json!(1)),
        ]
    );
    let first = world
        .get(&admin, &format!("{PATH}/releases?limit=3"))
        .await?;
    let cursor = first.text("/next_cursor");
    let rest = world
        .get(&admin, &format!("{PATH}/releases?cursor={cursor}"))
        .await?;
    assert_eq!(rest.items().len(), 1);
    for rest in ["versions", "releases", "versions/1"] {
        let none = world
            .get(&admin, &format!("/api/v1/workflows/demo.none/{rest}"))
            .await?;
        is(&none, 404, "not_found");
    }
    Ok(())
}

#[tokio::test]
async fn a_run_goes_on_with_the_version_that_it_began_with() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let first = world.apply(&admin, GREETING).await?.text("/hash");
    let body = json!({"action": "demo.hello", "parameters": {"name": "Ada"}});
    let run = world
        .post(&admin, "/api/v1/executions", body.clone())
        .await?
        .text("/id");
    let second = world.apply(&admin, &greeting("Dear")).await?.text("/hash");
    assert_ne!(first, second);
    let later = world
        .post(&admin, "/api/v1/executions", body)
        .await?
        .text("/id");
    for (run, hash) in [(run, first), (later, second)] {
        let shown = world
            .get(&admin, &format!("/api/v1/executions/{run}"))
            .await?;
        assert_eq!(shown.text("/program"), hash);
    }
    Ok(())
}

/// The pack `hi` with the workflow `hi.w` that says this word.
fn pack(word: &str) -> Result<PackSource> {
    let text = greeting(word).replace("demo.hello", "hi.w");
    Ok(from_files([
        (
            "pack.yaml",
            "ref: hi\nlabel: Hi\nversion: 1.0.0\n".to_owned(),
        ),
        ("workflows/w.yaml", text),
    ])?)
}

#[tokio::test]
async fn packs_and_people_agree_on_who_decides() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let path = "/api/v1/workflows/hi.w";
    for word in ["one", "two"] {
        world.api.register(pack(word)?, "packer").await?;
    }
    let shown = world.get(&admin, path).await?;
    assert_eq!(
        (shown.body["number"].clone(), shown.text("/origin")),
        (json!(2), "pack".to_owned())
    );

    let back = world
        .post(&admin, &format!("{path}/versions/1/rollback"), json!({}))
        .await?;
    assert!(
        back.text("/notes/0")
            .contains("until the pack is registered with a changed"),
        "{:#}",
        back.body
    );
    world.api.register(pack("two")?, "packer").await?;
    assert_eq!(world.get(&admin, path).await?.body["number"], 1);

    let mine = greeting("mine").replace("demo.hello", "hi.w");
    let put = world
        .yaml(&admin, Method::PUT, "/workflows/hi.w", &mine, &[])
        .await?;
    assert_eq!(put.text("/change"), "new_version");
    assert!(put.text("/notes/0").contains("leave this version current"));
    let report = world.api.register(pack("three")?, "packer").await?;
    assert_eq!(report.changes[0].change, "kept");
    assert_eq!(report.warnings[0].code, "PACK033");
    let shown = world.get(&admin, path).await?;
    assert_eq!(shown.body["number"], 3);
    assert_eq!(shown.text("/pack_holds").len(), 64);
    let versions = world.get(&admin, &format!("{path}/versions")).await?;
    assert_eq!(numbers(versions.items())[0], (4, false));
    let back = world
        .post(&admin, &format!("{path}/versions/4/activate"), json!({}))
        .await?;
    assert_eq!(back.text("/origin"), "pack");
    assert_eq!(back.body["notes"], json!([]));
    Ok(())
}
