//! What only a real database can show: migrations, partitions, restarts, rows that cannot be read.

use crate::contract::PgHarness;
use anyhow::{Context as _, Result};
use attune_local::{Postgres, PostgresOptions};
use attune_port::StoreError;
use attune_store::{PgStore, StoreOptions, migrate};
use attune_testkit::contract::Harness as _;
use attune_testkit::contract::fixture;
use sqlx::{Connection as _, Row as _};
use std::time::{Duration, Instant};

async fn raw(harness: &PgHarness) -> Result<sqlx::PgConnection> {
    Ok(sqlx::PgConnection::connect(&harness.url()?).await?)
}

#[tokio::test]
async fn many_processes_may_migrate_at_once() -> Result<()> {
    let database = tokio::task::spawn_blocking(attune_local::shared::database).await??;
    let options = StoreOptions {
        shards: 4,
        ..StoreOptions::new(database.url())
    };
    for done in futures::future::join_all((0..5).map(|_| migrate(&options))).await {
        done?;
    }
    // The number of shards stays what it was when the installation was made.
    migrate(&StoreOptions::new(database.url())).await?;
    let store = PgStore::connect(&options).await?;
    assert_eq!(store.stores().runs.shards().await?, 4);
    store.maintain().await?;
    store.close().await;
    Ok(())
}

#[tokio::test]
async fn an_empty_database_is_refused_with_its_reason() -> Result<()> {
    let database = tokio::task::spawn_blocking(attune_local::shared::database).await??;
    let answer = PgStore::connect(&StoreOptions::new(database.url())).await;
    assert!(
        matches!(answer, Err(StoreError::Unavailable(_))),
        "{answer:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_address_is_not_repeated_in_the_error() -> Result<()> {
    let answer = PgStore::connect(&StoreOptions::new("postgres://me:secret@[bad")).await;
    let error = answer.err().context("it connected")?;
    assert!(!error.to_string().contains("secret"), "{error}");
    Ok(())
}

/// A run of an earlier month goes on in its own partition, and its log stays unique there.
#[tokio::test]
async fn a_run_stays_in_the_partition_it_was_opened_in() -> Result<()> {
    let harness = PgHarness::start().await?;
    let run = fixture::opened(&harness).await?;
    let owner = fixture::owner(&harness, fixture::LONG).await?;
    let mut connection = raw(&harness).await?;
    for table in ["run_event", "execution"] {
        let column = if table == "run_event" { "run_id" } else { "id" };
        let sql = format!("UPDATE {table} SET opened_on = '2020-02-03' WHERE {column} = $1");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(run.uuid())
            .execute(&mut connection)
            .await?;
    }
    sqlx::query("UPDATE run SET opened_on = '2020-02-03' WHERE id = $1")
        .bind(run.uuid())
        .execute(&mut connection)
        .await?;
    let mut step = owner.step(&harness, run, 1, 2)?;
    step.rows = vec![fixture::row(run, run.into(), harness.now())];
    fixture::commit(&harness, step).await?;
    let row = sqlx::query(
        "SELECT count(*) AS events, count(*) FILTER (WHERE tableoid = 'run_event_rest'::regclass) \
         AS rest, (SELECT count(*) FROM execution WHERE id = $1) AS rows \
         FROM run_event WHERE run_id = $1",
    )
    .bind(run.uuid())
    .fetch_one(&mut connection)
    .await?;
    assert_eq!(
        (
            row.get::<i64, _>("events"),
            row.get::<i64, _>("rest"),
            row.get::<i64, _>("rows")
        ),
        (3, 3, 1)
    );
    assert_eq!(harness.stores().runs.load(&[run]).await?[0].events.len(), 3);
    let again = sqlx::query(
        "INSERT INTO run_event SELECT run_id, seq, opened_on, at, kind, version, data \
         FROM run_event WHERE run_id = $1",
    )
    .bind(run.uuid())
    .execute(&mut connection)
    .await;
    assert!(again.is_err(), "the log took an event twice");
    Ok(())
}

/// Partitions are made ahead, and rows that came before their partition do not stand in the way.
#[tokio::test]
async fn partitions_are_made_ahead() -> Result<()> {
    let harness = PgHarness::start().await?;
    let mut connection = raw(&harness).await?;
    let made: i32 = sqlx::query("SELECT attune_make_partitions(4) AS made")
        .fetch_one(&mut connection)
        .await?
        .get("made");
    assert_eq!(made, 2 * 6);
    sqlx::query(
        "INSERT INTO execution SELECT gen_random_uuid(), now() + interval '6 months', \
         gen_random_uuid(), 0, NULL, 'task', NULL, NULL, 1, NULL, 0, 'running', NULL, NULL, NULL, \
         now(), NULL, NULL, '{}', 0",
    )
    .execute(&mut connection)
    .await?;
    let made: i32 = sqlx::query("SELECT attune_make_partitions(6) AS made")
        .fetch_one(&mut connection)
        .await?
        .get("made");
    assert_eq!(made, 2 * 6 - 1);
    harness.store.maintain().await?;
    Ok(())
}

/// A command that cannot be read is put aside: the run loads, and is not due because of it.
#[tokio::test]
async fn an_unreadable_command_stops_only_itself() -> Result<()> {
    let harness = PgHarness::start().await?;
    let runs = &harness.stores().runs;
    let run = fixture::opened(&harness).await?;
    let owner = fixture::owner(&harness, fixture::LONG).await?;
    let (bad, good) = (fixture::command(run), fixture::command(run));
    runs.send(vec![bad.clone(), good.clone()]).await?;
    let mut connection = raw(&harness).await?;
    sqlx::query("UPDATE inbox SET command = '{\"command\": \"from the future\"}' WHERE id = $1")
        .bind(bad.id)
        .execute(&mut connection)
        .await?;
    let inbox = runs.load(&[run]).await?.remove(0).inbox;
    assert_eq!(
        inbox.iter().map(|command| command.id).collect::<Vec<_>>(),
        [good.id]
    );
    let mut step = owner.step(&harness, run, 1, 1)?;
    step.inbox_done = vec![good.id];
    fixture::commit(&harness, step).await?;
    let shards = fixture::all_shards(&harness).await?;
    assert!(runs.due(&shards, Duration::ZERO, 10).await?.is_empty());
    Ok(())
}

/// What the database refuses in one run's step costs that run and not those that were written with it.
#[tokio::test]
async fn a_refused_step_fails_only_itself() -> Result<()> {
    let harness = PgHarness::start().await?;
    let runs = &harness.stores().runs;
    let (bad, good) = (
        fixture::opened(&harness).await?,
        fixture::opened(&harness).await?,
    );
    let mut connection = raw(&harness).await?;
    // Stands for anything that only the database finds wrong.
    sqlx::query("ALTER TABLE execution ADD CHECK (task <> 'poison')")
        .execute(&mut connection)
        .await?;
    let owner = fixture::owner(&harness, fixture::LONG).await?;
    let mut poison = owner.step(&harness, bad, 1, 1)?;
    let mut row = fixture::row(bad, bad.into(), harness.now());
    row.task = Some("poison".to_owned());
    poison.rows = vec![row];
    let answers = runs
        .append(vec![poison, owner.step(&harness, good, 1, 1)?])
        .await;
    assert!(answers[0].is_err(), "{answers:?}");
    assert!(answers[1].is_ok(), "{answers:?}");
    let loaded = runs.load(&[bad, good]).await?;
    assert_eq!((loaded[0].events.len(), loaded[1].events.len()), (1, 2));
    Ok(())
}

/// A rule's dedupe text is made from what an event says; however long, it holds.
#[tokio::test]
async fn a_long_dedupe_text_of_a_rule_holds() -> Result<()> {
    let harness = PgHarness::start().await?;
    let events = &harness.stores().events;
    let long: String = (0..500)
        .map(|n| format!("{n} {}", uuid::Uuid::new_v4()))
        .collect();
    let mut fired = Vec::new();
    for _ in 0..2 {
        let event = fixture::trigger_event(None)?;
        let ingest = fixture::firing(&harness, "t.rule", &event, Some(&long))?;
        let entry = attune_port::Ingest {
            event,
            enforcements: vec![ingest],
        };
        fired.push(events.ingest(vec![entry]).await?);
    }
    let opened = |answer: &attune_port::Ingested| match answer {
        attune_port::Ingested::Done { opened } => opened.len(),
        attune_port::Ingested::Already => 0,
    };
    assert_eq!((opened(&fired[0][0]), opened(&fired[1][0])), (1, 0));
    Ok(())
}

/// The database is killed and started again: calls fail meanwhile and work afterwards, what was
/// acknowledged is there, and the store was never made anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_database_is_survived() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().to_owned();
    let mut server =
        tokio::task::spawn_blocking(move || Postgres::start(&path, PostgresOptions::default()))
            .await??;
    let options = StoreOptions {
        acquire_timeout: Duration::from_secs(1),
        ..StoreOptions::new(server.url())
    };
    migrate(&options).await?;
    let store = PgStore::connect(&options).await?;
    let harness = PgHarness::over(store.clone());
    let run = fixture::opened(&harness).await?;
    let mut server = tokio::task::spawn_blocking(move || {
        server.kill9();
        server
    })
    .await?;
    let answer = store.stores().runs.load(&[run]).await;
    assert!(
        matches!(answer, Err(StoreError::Unavailable(_))),
        "{answer:?}"
    );
    let _server = tokio::task::spawn_blocking(move || server.restart().map(|()| server)).await??;
    let deadline = Instant::now() + Duration::from_secs(30);
    let loaded = loop {
        match store.stores().runs.load(&[run]).await {
            Ok(loaded) => break loaded,
            Err(error) => anyhow::ensure!(Instant::now() < deadline, "still {error}"),
        }
    };
    assert_eq!(loaded.len(), 1);
    let owner = fixture::owner(&harness, fixture::LONG).await?;
    fixture::commit(&harness, owner.step(&harness, run, 1, 1)?).await?;
    Ok(())
}
