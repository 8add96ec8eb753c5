//! Process sensors: a long-running program that writes a JSON line for each thing it notices.
//!
//! Owns starting it with its last cursor, reading it, storing what it noticed, and starting it again
//! with a growing delay. Its standard input is one JSON line, `{"config": ..., "cursor": ...}`, and
//! then stays open until it is to end; the same cursor stands in `ATTUNE_SENSOR_CURSOR`. Its standard
//! error goes to the log, the last line of it to its status.

mod line;

use crate::config::{SensorConfig, SensorDeps};
use crate::emit;
use attune_catalogue::PackFiles;
use attune_pack::Runner;
use attune_port::{
    NewEvent, RecordedEvent, RegisteredSensor, SensorState, SensorStatus, StoreError,
};
use attune_process::{Group, command};
use attune_rules::TriggerEvent;
use attune_types::{EventId, JsonValue};
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Lines stored in one transaction.
const MOST: usize = 200;
/// How long a sensor may take to read its first line.
const FIRST_LINE: Duration = Duration::from_secs(5);
/// Pause before storing is tried again.
const STORE_AWAY: Duration = Duration::from_secs(1);

/// One process sensor in this replica.
pub(crate) struct ProcessSensor {
    pub(crate) deps: SensorDeps,
    pub(crate) config: SensorConfig,
    pub(crate) files: Arc<PackFiles>,
    pub(crate) sensor: RegisteredSensor,
}

impl ProcessSensor {
    /// Keeps it running until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut delay = self.config.restart_delay;
        let mut restarts = 0;
        while !stop.is_cancelled() {
            let began = Instant::now();
            let said = self.once(restarts, &stop).await;
            if stop.is_cancelled() {
                break;
            }
            if began.elapsed() >= self.config.healthy_after {
                delay = self.config.restart_delay;
            }
            restarts += 1;
            let name = &self.sensor.def.reference;
            tracing::warn!(sensor = %name, said, delay_s = delay.as_secs_f64(), "the sensor ended and will be started again");
            self.deps.metrics.sensors.restarts.inc();
            self.status(SensorState::Restarting, restarts, Some(said))
                .await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(delay) => {}
            }
            delay = (delay * 2).min(self.config.restart_delay_max);
        }
        self.status(SensorState::Stopped, restarts, None).await;
    }

    async fn status(&self, state: SensorState, restarts: u64, message: Option<String>) {
        let status = SensorStatus {
            sensor: self.sensor.def.reference.clone(),
            state,
            restarts,
            message,
            at: self.deps.clock.now(),
        };
        if let Err(error) = self.deps.stores.schedules.save_status(status).await {
            tracing::warn!(%error, "the sensor's status could not be kept");
        }
    }

    /// Runs it once; says why it ended.
    async fn once(&self, restarts: u64, stop: &CancellationToken) -> String {
        let name = &self.sensor.def.reference;
        let cursor = match self.deps.stores.schedules.cursor(name).await {
            Ok(cursor) => cursor.unwrap_or(JsonValue::Null),
            Err(error) => return format!("its cursor could not be read: {error}"),
        };
        let folder = match self.files.folder(&self.sensor.pack_hash).await {
            Ok(folder) => folder,
            Err(error) => return error.to_string(),
        };
        let mut child = match self.command(&folder, &cursor).spawn() {
            Ok(child) => child,
            Err(error) => return format!("it could not be started: {error}"),
        };
        tracing::info!(sensor = %name, "the sensor is running");
        self.status(SensorState::Running, restarts, None).await;
        let last_words = Arc::new(Mutex::new(None));
        let ended = self.serve(&mut child, cursor, &last_words, stop).await;
        let words = last_words
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match words {
            Some(words) => format!("{ended}; it last said: {words}"),
            None => ended,
        }
    }

    fn command(&self, folder: &std::path::Path, cursor: &JsonValue) -> Command {
        let def = &self.sensor.def;
        let entry = folder.join(&def.entry_point);
        let mut command = match def.runner {
            Runner::Python => {
                let mut python = command("python3", folder);
                python.arg("-u").arg(entry);
                python
            }
            Runner::Node => {
                let mut node = command("node", folder);
                node.arg(entry);
                node
            }
            Runner::Shell => {
                let mut shell = command("/bin/sh", folder);
                shell.arg(entry);
                shell
            }
            _ => command(entry, folder),
        };
        command
            .envs(&def.env)
            .env("ATTUNE_SENSOR", def.reference.as_str())
            .env("ATTUNE_PACK", def.reference.pack())
            .env("ATTUNE_SENSOR_CURSOR", cursor.to_string());
        command
    }

    async fn serve(
        &self,
        child: &mut Child,
        cursor: JsonValue,
        last_words: &Arc<Mutex<Option<String>>>,
        stop: &CancellationToken,
    ) -> String {
        let Some(group) = Group::of(child) else {
            return "it ended at once".to_owned();
        };
        let first = json!({ "config": self.sensor.def.config, "cursor": cursor });
        let mut stdin = child.stdin.take();
        if let Some(stdin) = &mut stdin {
            // One that does not read its input is not at fault.
            let line = format!("{first}\n");
            let written = stdin.write_all(line.as_bytes());
            drop(tokio::time::timeout(FIRST_LINE, written).await);
        }
        let (lines, mut queue) = mpsc::channel::<String>(MOST);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(async move {
                let mut reader = BufReader::new(stdout).lines();
                while let Ok(Some(line)) = reader.next_line().await {
                    // A full channel stops the reading, and so the sensor: nothing is dropped.
                    if lines.send(line).await.is_err() {
                        return;
                    }
                }
            });
        }
        if let Some(stderr) = child.stderr.take() {
            let (name, last_words) = (self.sensor.def.reference.clone(), Arc::clone(last_words));
            tokio::spawn(async move {
                let mut reader = BufReader::new(stderr).lines();
                while let Ok(Some(line)) = reader.next_line().await {
                    tracing::warn!(sensor = %name, "{line}");
                    *last_words.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
                }
            });
        }
        let mut number = 0u64;
        let start = Uuid::from_bytes(self.deps.clock.entropy());
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                () = stop.cancelled() => {
                    drop(stdin);
                    let stopped = group.stop(child, self.config.stop_grace).await;
                    return format!("it was stopped: {stopped:?}");
                }
                taken = queue.recv_many(&mut batch, MOST) => if taken == 0 {
                    // Nothing can be heard of it any more, so it does not go on either.
                    let grace = self.config.stop_grace;
                    let status = match tokio::time::timeout(grace, child.wait()).await {
                        Ok(status) => status,
                        Err(_) => group.stop(child, grace).await,
                    };
                    group.sweep();
                    return match status {
                        Ok(status) => format!("it ended with {status}"),
                        Err(error) => format!("it could not be waited for: {error}"),
                    };
                }
            }
            self.take_in(&batch, start, &mut number, last_words, stop)
                .await;
        }
    }

    /// Stores what the lines say, then the last cursor among them. Tries until it is stored or the
    /// sensor is stopped.
    async fn take_in(
        &self,
        lines: &[String],
        start: Uuid,
        number: &mut u64,
        last_words: &Arc<Mutex<Option<String>>>,
        stop: &CancellationToken,
    ) {
        let def = &self.sensor.def;
        let catalogue = self.deps.directory.current();
        let mut events = Vec::new();
        let mut cursor = None;
        for text in lines.iter().filter(|line| !line.trim().is_empty()) {
            *number += 1;
            match line::read(text, def, &catalogue) {
                Ok(noticed) => {
                    if let Some((trigger, payload)) = noticed.event {
                        // The same event told again, after a restart from an older cursor, has the
                        // same id. Several events may stand at one cursor, so what they say counts.
                        let name = &def.reference;
                        let id = match (&noticed.dedupe, &noticed.cursor) {
                            (Some(dedupe), _) => format!("{name}/{trigger}/dedupe/{dedupe}"),
                            (None, Some(at)) => format!("{name}/{trigger}/cursor/{at}/{payload}"),
                            (None, None) => format!("{name}/{start}/{number}"),
                        };
                        let id = EventId(Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()));
                        // Told again it has another time, so the id alone does not hold it off.
                        let told_once = noticed.cursor.is_some().then(|| id.to_string());
                        events.push(TriggerEvent {
                            id,
                            trigger,
                            payload,
                            at: self.deps.clock.now(),
                            source: Some(format!("sensor:{}", def.reference)),
                            dedupe: noticed.dedupe.or(told_once),
                            trigger_parameters: None,
                        });
                    }
                    cursor = noticed.cursor.or(cursor);
                }
                Err(reason) => {
                    tracing::warn!(sensor = %def.reference, reason, "a line of the sensor was refused");
                    *last_words.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
                }
            }
        }
        while let Err(error) = self.store(&mut events, cursor.as_ref()).await {
            tracing::warn!(sensor = %def.reference, %error, "what the sensor noticed could not be stored now");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(STORE_AWAY) => {}
            }
        }
    }

    /// Stores events and then the cursor after them. What the store refuses for what it is will never
    /// be stored, so it is left out: it must not stop what comes after it.
    async fn store(
        &self,
        events: &mut Vec<TriggerEvent>,
        cursor: Option<&JsonValue>,
    ) -> Result<(), StoreError> {
        match self.record(events).await {
            Err(error) if !error.is_transient() => {
                while let Some(event) = events.first() {
                    match self.record(std::slice::from_ref(event)).await {
                        Err(error) if !error.is_transient() => {
                            let name = &self.sensor.def.reference;
                            tracing::error!(sensor = %name, trigger = %event.trigger, %error, "an event cannot be stored and is left out");
                        }
                        other => other?,
                    }
                    events.remove(0);
                }
            }
            other => other?,
        }
        let Some(cursor) = cursor else { return Ok(()) };
        let name = &self.sensor.def.reference;
        let saved = self.deps.stores.schedules.save_cursor(name, cursor.clone());
        match saved.await {
            Err(error) if !error.is_transient() => {
                tracing::error!(sensor = %name, %error, "a cursor cannot be stored and is left out");
                Ok(())
            }
            other => other,
        }
    }

    async fn record(&self, events: &[TriggerEvent]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let new = events
            .iter()
            .map(|event| NewEvent {
                event: event.clone(),
            })
            .collect();
        let recorded = self.deps.stores.events.record(new).await?;
        let fresh = events
            .iter()
            .zip(recorded)
            .filter_map(|(event, recorded)| (recorded == RecordedEvent::New).then_some(event.id));
        emit::hint(&self.deps, fresh);
        Ok(())
    }
}
