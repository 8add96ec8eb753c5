//! The live stream, over a real connection.

use crate::world::World;
use anyhow::{Context as _, Result};
use attune_port::{Clock, NewLogLine};
use attune_types::{ExecutionId, ExecutionStatus, RunId};
use futures::StreamExt;
use serde_json::Value;
use std::time::Duration;

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Default, Clone, PartialEq)]
struct Message {
    id: String,
    event: String,
    data: Value,
}

/// A client of a stream.
struct Client {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

impl Client {
    async fn open(
        base: &str,
        token: &str,
        run: RunId,
        query: &str,
        last: Option<&str>,
    ) -> Result<Self> {
        let url = format!("{base}{}{query}", World::path(run, "/stream"));
        let mut request = reqwest::Client::builder()
            .no_proxy()
            .build()?
            .get(url)
            .bearer_auth(token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await?.error_for_status()?;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self {
            bytes: response.bytes_stream().boxed(),
            text: String::new(),
        })
    }

    /// The next message; none at the end.
    async fn next(&mut self) -> Result<Option<Message>> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let mut message = Message::default();
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => message.id = id.to_owned(),
                        Some(("event", event)) => message.event = event.to_owned(),
                        Some(("data", data)) => message.data = serde_json::from_str(data)?,
                        _ => {}
                    }
                }
                self.text = rest.to_owned();
                if message != Message::default() {
                    return Ok(Some(message));
                }
                continue;
            }
            match tokio::time::timeout(PATIENCE, self.bytes.next()).await? {
                Some(chunk) => self.text.push_str(std::str::from_utf8(&chunk?)?),
                None => return Ok(None),
            }
        }
    }

    async fn rest(&mut self) -> Result<Vec<Message>> {
        let mut all = Vec::new();
        while let Some(message) = self.next().await? {
            all.push(message);
        }
        Ok(all)
    }
}

fn seqs(messages: &[Message]) -> Vec<u64> {
    messages
        .iter()
        .filter(|message| message.event == "history")
        .filter_map(|message| message.data["seq"].as_u64())
        .collect()
}

#[tokio::test]
async fn follows_a_run_to_its_end() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    let base = world.serve().await?;
    let mut client = Client::open(&base, &token, run, "", None).await?;
    let opened = client.next().await?.context("nothing came")?;
    assert_eq!(
        (opened.event.as_str(), opened.id.as_str()),
        ("history", "1-0")
    );
    assert_eq!(opened.data["kind"], "run_opened");

    world
        .advance(run, &["run_begun"], ExecutionStatus::Running)
        .await?;
    let begun = client.next().await?.context("nothing came")?;
    assert_eq!(begun.data["kind"], "run_begun");

    let line = NewLogLine {
        run,
        execution: ExecutionId::from(run),
        attempt: 1,
        number: 0,
        stream: "stdout".to_owned(),
        at: world.clock.now(),
        text: "hello".to_owned(),
    };
    world.stores.work.log(vec![line]).await?;
    world
        .advance(run, &["run_ended"], ExecutionStatus::Succeeded)
        .await?;
    let rest = client.rest().await?;
    let events: Vec<&str> = rest.iter().map(|message| message.event.as_str()).collect();
    assert_eq!(events.last(), Some(&"end"));
    assert!(events.contains(&"log"), "{events:?}");
    assert_eq!(seqs(&rest), [3]);
    assert_eq!(rest.last().context("no end")?.data["status"], "succeeded");
    Ok(())
}

#[tokio::test]
async fn a_client_that_comes_back_gets_the_rest_and_nothing_twice() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    let kinds: Vec<&str> = vec!["noted"; 1_200];
    world.advance(run, &kinds, ExecutionStatus::Running).await?;
    let base = world.serve().await?;

    let mut client = Client::open(&base, &token, run, "", None).await?;
    let mut first = Vec::new();
    for _ in 0..700 {
        first.push(client.next().await?.context("it ended early")?);
    }
    drop(client);
    let last = first.last().context("nothing")?.id.clone();
    world
        .advance(run, &["run_ended"], ExecutionStatus::Failed)
        .await?;

    let mut client = Client::open(&base, &token, run, "", Some(&last)).await?;
    let second = client.rest().await?;
    let all: Vec<u64> = seqs(&first).into_iter().chain(seqs(&second)).collect();
    let expected: Vec<u64> = (1..=1_202).collect();
    assert_eq!(all, expected);

    let mut client = Client::open(&base, &token, run, "?after=1202&logs=false", None).await?;
    let end = client.rest().await?;
    assert_eq!(end.len(), 1, "an ended run gives its end at once: {end:?}");
    assert_eq!(end[0].event, "end");
    Ok(())
}

#[tokio::test]
async fn streams_end_when_the_service_stops() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    let base = world.serve().await?;
    let mut client = Client::open(&base, &token, run, "", None).await?;
    client.next().await?.context("nothing came")?;
    world.stop.cancel();
    assert!(client.rest().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_wrong_place_to_go_on_is_refused() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    for query in ["?after=x", "?logs=maybe", "?aftr=1"] {
        let reply = world
            .get(&token, &World::path(run, &format!("/stream{query}")))
            .await?;
        assert_eq!(reply.status.as_u16(), 422, "{query}");
    }
    Ok(())
}
