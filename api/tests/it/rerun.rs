//! Doing a run again.

use crate::workflow::is;
use crate::world::World;
use anyhow::{Context as _, Result};
use attune_flow::program::Program;
use attune_flow::run::{Command, Event, Now, Outcome, RunState, decide, evolve};
use attune_port::{Clock as _, StoredEvent};
use attune_types::{ExecutionStatus, JsonValue, RunId};
use axum::http::Method;
use serde_json::json;

const STEPS: &str = "ref: demo.hello
label: Steps
version: 1.0.0
parameters:
  name: {type: string, required: true}
tasks:
  - name: first
    action: demo.greet
    input: {name: \"{{ parameters.name }}\"}
    on_success: second
  - name: second
    action: demo.greet
    input: {name: \"{{ task.first.result.said }}\", times: 1}
    on_success: both
  - name: both
    type: parallel
    tasks:
      - name: left
        action: demo.greet
        input: {name: left}
";

async fn history(world: &World, run: RunId) -> Result<Vec<Event>> {
    let stored = world.stores.runs.events(run, 0, 1_000).await?;
    let events = stored
        .into_iter()
        .map(|event| attune_wire::decode_event(&event.kind, event.version, event.data));
    Ok(events.collect::<Result<_, _>>()?)
}

/// What an executor would do: the run begins, and these tasks end so.
async fn drive(world: &World, run: RunId, ends: &[(&str, Outcome)]) -> Result<RunState> {
    let events = history(world, run).await?;
    let mut state = RunState::replay(&events).context("no opening")?;
    let program = world
        .stores
        .catalogue
        .program(&state.header().program)
        .await?
        .context("no program")?;
    let program = Program::from_json(program.program)?;
    let now = Now {
        at: world.clock.now(),
        entropy: [3; 16],
    };
    let mut new = decide(&program, &state, &Command::Begin, &now)?;
    state = new.iter().fold(state, evolve);
    for (task, outcome) in ends {
        let live = state.live();
        let execution = live.iter().find(|it| &*it.name == *task);
        let attempt = execution
            .and_then(|it| it.attempt_id())
            .context("not open")?;
        let outcome = outcome.clone();
        let command = Command::AttemptFinished { attempt, outcome };
        let more = decide(&program, &state, &command, &now)?;
        state = more.iter().fold(state, evolve);
        new.extend(more);
    }
    let stored: Vec<StoredEvent> = new
        .iter()
        .zip(events.len() as u64 + 1..)
        .map(|(event, seq)| {
            let (kind, version, data) = attune_wire::encode_event(event);
            StoredEvent {
                seq,
                at: event.at(),
                kind: kind.to_owned(),
                version,
                data,
            }
        })
        .collect();
    let rows = state.executions().collect();
    world.append_with(run, stored, rows, state.status()).await?;
    Ok(state)
}

fn said(word: &str) -> Outcome {
    Outcome::Succeeded {
        result: json!({ "said": word }),
        process: None,
    }
}

fn failed() -> Outcome {
    Outcome::Failed {
        error: attune_types::ErrorInfo::new("boom", "it broke"),
        result: JsonValue::Null,
        process: None,
    }
}

/// A run of [`STEPS`] that failed at its second task.
async fn failed_run(world: &World) -> Result<(String, RunId)> {
    let admin = world.token("admin").await?;
    let applied = world.apply(&admin, STEPS).await?;
    assert!(applied.status.is_success(), "{:#}", applied.body);
    let token = world.token("operator").await?;
    let body = json!({
        "action": "demo.hello", "parameters": {"name": "Ada"}, "labels": {"team": "red"},
    });
    let started = world.post(&token, "/api/v1/executions", body).await?;
    let run: RunId = started.text("/id").parse()?;
    let state = drive(world, run, &[("first", said("one")), ("second", failed())]).await?;
    assert_eq!(state.status(), ExecutionStatus::Failed);
    Ok((token, run))
}

#[tokio::test]
async fn a_run_is_done_again_from_a_task_with_an_edited_input() -> Result<()> {
    let world = World::new().await?;
    let (token, run) = failed_run(&world).await?;
    let path = World::path(run, "/rerun");
    let body = json!({"from": "second", "input": {"times": 3, "name": "Bob"}});
    let made = world.post(&token, &path, body).await?;
    assert_eq!(made.status.as_u16(), 201, "{:#}", made.body);
    let new: RunId = made.text("/id").parse()?;
    assert_ne!(new, run);
    assert_eq!(
        made.headers["location"],
        format!("/api/v1/executions/{new}").as_str()
    );
    assert_eq!(made.text("/status"), "requested");
    assert_eq!(made.body["labels"], json!({"team": "red"}));

    // What it took over can be seen before anybody has looked at it, and it points back.
    let detail = world.get(&token, &World::path(new, "")).await?;
    assert_eq!(
        detail.body["rerun_of"],
        json!({"run": run, "task": "second", "activation": 1})
    );
    let tasks = world.get(&token, &World::path(new, "/tasks")).await?;
    let seen: Vec<(&str, &str)> = tasks
        .items()
        .iter()
        .map(|row| {
            (
                row["task"].as_str().unwrap(),
                row["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen, [("first", "succeeded"), ("second", "requested")]);

    let state = drive(
        &world,
        new,
        &[("second", said("three")), ("left", said("x"))],
    )
    .await?;
    assert_eq!(state.status(), ExecutionStatus::Succeeded);
    let tasks = world.get(&token, &World::path(new, "/tasks")).await?;
    let second = tasks.items().iter().find(|row| row["task"] == "second");
    assert_eq!(
        second.context("no second")?["input"],
        json!({"name": "Bob", "times": 3})
    );
    let history = world.get(&token, &World::path(new, "/history")).await?;
    assert_eq!(history.items()[1]["kind"], "carried_over");
    // The first run does not know of it.
    let detail = world.get(&token, &World::path(run, "")).await?;
    assert_eq!(detail.text("/status"), "failed");
    assert!(detail.body.get("rerun_of").is_none());
    let admin = world.token("admin").await?;
    let audit = world.get(&admin, "/api/v1/audit").await?;
    let entry = audit
        .items()
        .iter()
        .find(|it| it["action"] == "execution.rerun");
    assert_eq!(entry.context("no entry")?["details"]["of"], json!(run));
    Ok(())
}

#[tokio::test]
async fn without_a_task_all_of_it_is_done_again() -> Result<()> {
    let world = World::new().await?;
    let (token, run) = failed_run(&world).await?;
    let path = World::path(run, "/rerun");
    let made = world.call(&token, Method::POST, &path, None).await?;
    assert_eq!(made.status.as_u16(), 201, "{:#}", made.body);
    let new: RunId = made.text("/id").parse()?;
    assert_eq!(made.body["input"], json!({"name": "Ada"}));
    let detail = world.get(&token, &World::path(new, "")).await?;
    assert_eq!(detail.body["rerun_of"], json!({"run": run}));
    assert_eq!(history(&world, new).await?.len(), 1);
    let state = drive(&world, new, &[("first", said("again"))]).await?;
    assert_eq!(state.status(), ExecutionStatus::Running);
    Ok(())
}

#[tokio::test]
async fn a_key_names_one_rerun() -> Result<()> {
    let world = World::new().await?;
    let (token, run) = failed_run(&world).await?;
    let path = World::path(run, "/rerun");
    let key = [("idempotency-key", "again-1")];
    let send = async |body: JsonValue| {
        world
            .call_with(&token, Method::POST, &path, Some(body), &key)
            .await
    };
    let body = json!({"from": "second"});
    let made = send(body.clone()).await?;
    assert_eq!(made.status.as_u16(), 201);
    let again = send(body).await?;
    assert_eq!(again.status.as_u16(), 200);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.text("/id"), made.text("/id"));
    let other = send(json!({"from": "first"})).await?;
    is(&other, 422, "idempotency_key_reused");
    Ok(())
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_its_place() -> Result<()> {
    let world = World::new().await?;
    let (token, run) = failed_run(&world).await?;
    let path = World::path(run, "/rerun");
    let cases = [
        (json!({"from": "secnd"}), "/from", "unknown"),
        (json!({"from": "both"}), "/from", "not_reached"),
        (json!({"from": "left"}), "/from", "branch"),
        (
            json!({"from": "first", "activation": 2}),
            "/activation",
            "range",
        ),
        (json!({"activation": 2}), "/from", "required"),
        (json!({"input": {"times": 2}}), "/from", "required"),
        (
            json!({"from": "second", "input": {"time": 2}}),
            "/input/time",
            "unknown",
        ),
        (
            json!({"from": "second", "input": {"times": "two"}}),
            "/input/times",
            "type",
        ),
        (
            json!({"from": "second", "input": {"name": null}}),
            "/input/name",
            "required",
        ),
        (
            json!({"from": "second", "parameters": {}}),
            "/parameters",
            "unknown",
        ),
        (
            json!({"from": "second", "input": {"name": "a\0"}}),
            "/input/name",
            "nul",
        ),
    ];
    for (body, pointer, word) in cases {
        let reply = world.post(&token, &path, body.clone()).await?;
        assert_eq!(reply.status.as_u16(), 422, "{body}: {:#}", reply.body);
        assert_eq!(
            reply.errors(),
            [(pointer.to_owned(), word.to_owned())],
            "{body}"
        );
    }
    let viewer = world.token("viewer").await?;
    is(
        &world.post(&viewer, &path, json!({})).await?,
        403,
        "forbidden",
    );
    let nobody = RunId(uuid::Uuid::from_u128(9));
    let missing = world
        .post(&token, &World::path(nobody, "/rerun"), json!({}))
        .await?;
    is(&missing, 404, "not_found");
    let tasks = world.get(&token, &World::path(run, "/tasks")).await?;
    let task = tasks.items()[0]["id"].as_str().context("no id")?.to_owned();
    let reply = world
        .post(
            &token,
            &format!("/api/v1/executions/{task}/rerun"),
            json!({}),
        )
        .await?;
    is(&reply, 422, "not_a_run");
    Ok(())
}

#[tokio::test]
async fn only_a_run_that_has_ended_and_can_be_read_is_done_again() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    let path = World::path(run, "/rerun");
    let early = world.post(&token, &path, json!({})).await?;
    is(&early, 409, "execution_active");
    assert!(early.text("/detail").contains("cancel it"));
    world
        .stores
        .runs
        .quarantine(run, "event 1 cannot be read")
        .await?;
    let late = world.post(&token, &path, json!({})).await?;
    is(&late, 409, "cannot_be_rerun");
    Ok(())
}

#[tokio::test]
async fn a_run_of_one_action_takes_an_edited_input_without_a_task() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    drive(&world, run, &[("greet", failed())]).await?;
    let path = World::path(run, "/rerun");
    let body = json!({"input": {"name": "Bob"}});
    let made = world.post(&token, &path, body).await?;
    assert_eq!(made.status.as_u16(), 201, "{:#}", made.body);
    let new: RunId = made.text("/id").parse()?;
    let state = drive(&world, new, &[("greet", said("hi"))]).await?;
    assert_eq!(state.status(), ExecutionStatus::Succeeded);
    let tasks = world.get(&token, &World::path(new, "/tasks")).await?;
    assert_eq!(tasks.items()[0]["input"]["name"], "Bob");
    Ok(())
}

#[tokio::test]
async fn a_secret_in_an_edited_input_is_nowhere() -> Result<()> {
    let world = World::new().await?;
    let (token, run) = failed_run(&world).await?;
    let path = World::path(run, "/rerun");
    let body = json!({"from": "second", "input": {"password": "canary-9"}});
    let made = world.post(&token, &path, body).await?;
    assert_eq!(made.status.as_u16(), 201, "{:#}", made.body);
    let new: RunId = made.text("/id").parse()?;
    let events = world.stores.runs.events(new, 0, 100).await?;
    let stored = serde_json::to_string(&events.iter().map(|it| &it.data).collect::<Vec<_>>())?;
    assert!(!stored.contains("canary"), "{stored}");
    assert!(stored.contains("[[secret:"), "a token stands for it");
    let history = world.get(&token, &World::path(new, "/history")).await?;
    let shown = history.body.to_string();
    assert!(
        !shown.contains("canary") && !shown.contains("[[secret:"),
        "{shown}"
    );
    let state = drive(&world, new, &[]).await?;
    let live = state.live();
    let input = live[0].input.as_ref().context("no input")?;
    assert!(input["password"].as_str().unwrap().starts_with("[[secret:"));
    Ok(())
}

#[tokio::test]
async fn what_somebody_disabled_is_not_done_again() -> Result<()> {
    let world = World::new().await?;
    let (token, run) = failed_run(&world).await?;
    let admin = world.token("admin").await?;
    let gone = world
        .call(&admin, Method::DELETE, "/api/v1/workflows/demo.hello", None)
        .await?;
    assert!(gone.status.is_success(), "{:#}", gone.body);
    let path = World::path(run, "/rerun");
    let body = json!({"from": "second"});
    is(
        &world.post(&token, &path, body).await?,
        422,
        "action_disabled",
    );
    Ok(())
}
