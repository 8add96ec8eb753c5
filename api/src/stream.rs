//! The live stream of one run: its history and logs as they grow, resumable, bounded.
//!
//! Everything is read from the log; notices and a timer only say when to look. Each message's id is
//! `seq-position` (event number and log position), so a client that comes back with `Last-Event-ID`
//! misses nothing and gets nothing twice. A client that does not read is let go; so is one that has
//! stayed for long, so that its access is checked again when it returns.

use crate::app::App;
use crate::code;
use crate::refusal::{Answer, Refusal};
use crate::view::{self, History};
use attune_port::StoreError;
use attune_rest::StreamEnd;
use attune_types::{ExecutionId, Ref, RunId};
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Messages on their way to one client.
const BUFFER: usize = 64;
/// How long a client may leave its buffer full.
const PATIENCE: Duration = Duration::from_secs(20);
/// How soon to look although no notice came.
const LOOK_ANYWAY: Duration = Duration::from_secs(2);
/// How often a silent stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The longest that one connection lasts.
const LONGEST: Duration = Duration::from_secs(1_800);
/// Events or lines read at once.
const PART: u32 = 500;

/// How far a client has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) seq: u64,
    pub(crate) log: u64,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.seq, self.log)
    }
}

impl std::str::FromStr for Position {
    type Err = String;

    /// `12-345`, or `12` for all of the log.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| "an event id looks like `12-345`".to_owned();
        let (seq, log) = text.trim().split_once('-').unwrap_or((text.trim(), "0"));
        Ok(Self {
            seq: seq.parse().map_err(wrong)?,
            log: log.parse().map_err(wrong)?,
        })
    }
}

/// What a client gets.
pub(crate) type EventStream =
    Sse<axum::response::sse::KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>>;

/// Begins a stream.
pub(crate) fn open(
    app: &App,
    run: RunId,
    action: Ref,
    from: Position,
    logs: bool,
) -> Answer<EventStream> {
    let Ok(slot) = app.streams.clone().try_acquire_owned() else {
        let full = Refusal::new(
            &code::TOO_MANY_REQUESTS,
            "too many streams are open already",
        );
        return Err(full.retry_after(5));
    };
    let (messages, stream) = mpsc::channel(BUFFER);
    let producer = Producer {
        app: app.clone(),
        run,
        action,
        at: from,
        logs,
        messages,
    };
    tokio::spawn(async move {
        let _slot = slot;
        let stop = producer.app.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LONGEST) => {}
            () = producer.run() => {}
        }
    });
    let heartbeat = KeepAlive::new().interval(HEARTBEAT).text("alive");
    Ok(Sse::new(ReceiverStream::new(stream)).keep_alive(heartbeat))
}

struct Producer {
    app: App,
    run: RunId,
    action: Ref,
    at: Position,
    logs: bool,
    messages: mpsc::Sender<Result<Event, Infallible>>,
}

/// The client has gone or does not read.
struct Gone;

impl Producer {
    async fn run(mut self) {
        let watch = self.app.live.watch(self.run);
        loop {
            match self.catch_up().await {
                Ok(Ok(true)) | Ok(Err(Gone)) => return,
                Ok(Ok(false)) => {}
                Err(error) => {
                    tracing::debug!(run_id = %self.run, %error, "a stream could not read on; it tries again");
                }
            }
            tokio::select! {
                () = self.messages.closed() => return,
                () = watch.woken() => {}
                () = tokio::time::sleep(LOOK_ANYWAY) => {}
            }
        }
    }

    /// Sends all that is new. True: the run has ended and all of it was sent.
    async fn catch_up(&mut self) -> Result<Result<bool, Gone>, StoreError> {
        let reads = self.app.deps.stores.reads.clone();
        // Read first: what belongs to an end seen here is in the log by now.
        let row = reads.execution(ExecutionId::from(self.run)).await?;
        let catalogue = self.app.deps.directory.current();
        let secrets = History::of(&self.action, &catalogue);
        loop {
            let events = reads.history(self.run, self.at.seq, PART).await?;
            let whole = events.len() < PART as usize;
            for event in events {
                self.at.seq = event.seq;
                if self
                    .send("history", &view::history(event, &secrets))
                    .await
                    .is_err()
                {
                    return Ok(Err(Gone));
                }
            }
            if whole {
                break;
            }
        }
        while self.logs {
            let page = reads.logs(self.run, None, self.at.log, PART).await?;
            let whole = page.lines.len() < PART as usize;
            for line in page.lines {
                self.at.log = line.position;
                if self.send("log", &view::log_line(line)).await.is_err() {
                    return Ok(Err(Gone));
                }
            }
            if whole {
                break;
            }
        }
        let Some(row) = row.filter(|row| row.status.is_terminal()) else {
            return Ok(Ok(false));
        };
        let end = StreamEnd {
            id: self.run,
            status: row.status,
        };
        Ok(self.send("end", &end).await.map(|()| true))
    }

    async fn send(&self, kind: &str, data: &impl Serialize) -> Result<(), Gone> {
        let event = Event::default()
            .event(kind)
            .id(self.at.to_string())
            .json_data(data)
            .map_err(|error| {
                tracing::error!(run_id = %self.run, %error, "a message of a stream cannot be written");
                Gone
            })?;
        let sent = tokio::time::timeout(PATIENCE, self.messages.send(Ok(event))).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_goes_through_text() {
        let position = Position { seq: 12, log: 345 };
        assert_eq!(position.to_string().parse(), Ok(position));
        assert_eq!("7".parse(), Ok(Position { seq: 7, log: 0 }));
        assert!("x-1".parse::<Position>().is_err());
        assert!("1-".parse::<Position>().is_err());
    }
}
