//! One attempt from its claim to its outcome.
//!
//! Owns the order of steps - files, program, process, output - and the wording of outcomes. Called by
//! the intake, as a task that holds a slot. Failure is an outcome: whatever goes wrong here, a panic
//! included, ends this attempt and nothing else.

use super::Shared;
use super::event_file::EventFile;
use super::hidden;
use super::holdings::{StopReason, StopSignal};
use super::journal::AttemptLog;
use super::launch::{self, start_failed};
use super::output;
use super::process::{self, Ended, Ending};
use super::runner;
use super::scratch::Scratch;
use super::wording::{bad_end, not_started};
use attune_catalogue::{FilesError, Mask, SecretError, SecretValues};
use attune_flow::run::{Command, Outcome, ProcessInfo, Report, WorkOrder};
use attune_port::Address;
use attune_types::{ErrorInfo, JsonValue, RunId, code, format_duration};
use attune_wire::{Envelope, ShardMessage, encode_one};
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

/// Waits between tries to fetch a pack's files while the database is away.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What is known of an attempt that has ended.
struct Done {
    /// None: nobody is told.
    outcome: Option<Outcome>,
    /// What it told while it ran, encoded, in order.
    reports: Vec<Bytes>,
}

/// Runs the attempt and hands its outcome over.
pub(super) async fn run(
    shared: Arc<Shared>,
    order: Box<WorkOrder>,
    signal: StopSignal,
    slot: OwnedSemaphorePermit,
) {
    let (attempt, run, trace) = (order.attempt, order.run, order.trace.clone());
    let voice = Voice {
        shared: Arc::clone(&shared),
        run,
        trace,
    };
    if let Some(message) = voice.encode(Command::AttemptStarted {
        attempt,
        worker: shared.config.name.clone(),
    }) {
        voice.send(message);
    }
    let log = shared.journal.of(&order);
    let work = perform(Arc::clone(&shared), order, signal, Arc::clone(&log));
    // A task of its own, so that a panic is an answer.
    let ended = tokio::spawn(work).await.unwrap_or_else(|error| Done {
        outcome: Some(failed(ErrorInfo::new(
            code::INTERNAL,
            format!("the worker broke while it ran the action: {error}"),
        ))),
        reports: Vec::new(),
    });
    log.end();
    match ended.outcome {
        None => shared.holdings.abandon(attempt),
        Some(outcome) => {
            // All that it told goes with the outcome, since what was sent live may be lost.
            let mut messages = ended.reports;
            messages.extend(voice.encode(Command::AttemptFinished { attempt, outcome }));
            let again = shared.config.report_again_after;
            shared.holdings.finish(attempt, run, messages, again);
        }
    }
    drop(slot);
}

/// Speaks to the shard of one run.
#[derive(Clone)]
struct Voice {
    shared: Arc<Shared>,
    run: RunId,
    trace: Option<String>,
}

impl Voice {
    fn encode(&self, command: Command) -> Option<Bytes> {
        let message = ShardMessage::Command {
            run: self.run,
            command,
            inbox: None,
        };
        let now = self.shared.deps.clock.now();
        let envelope = Envelope::new(uuid::Uuid::now_v7(), now, self.trace.clone(), message);
        match encode_one(&envelope) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                tracing::error!(%error, run = %self.run, "a report cannot be written");
                None
            }
        }
    }

    fn send(&self, message: Bytes) {
        let shard = self.run.shard(self.shared.deps.shards);
        self.shared
            .deps
            .bus
            .send(Address::Shard(shard), vec![message]);
    }
}

async fn perform(
    shared: Arc<Shared>,
    mut order: Box<WorkOrder>,
    signal: StopSignal,
    log: Arc<AttemptLog>,
) -> Done {
    let quiet = |outcome| Done {
        outcome,
        reports: Vec::new(),
    };
    if let Some(reason) = *signal.borrow() {
        return quiet(stopped(reason, None));
    }
    let folder = match files(&shared, &order, signal.clone(), &log).await {
        Ok(folder) => folder,
        Err(outcome) => return quiet(outcome),
    };
    match secrets(&shared, &order, signal.clone(), &log).await {
        Ok(mut values) => {
            values.fill(&mut order.input);
            values.note(&order.input, &order.hidden);
            log.hide(values.mask());
        }
        Err(outcome) => return quiet(outcome),
    }
    let scratch = match Scratch::make(&shared.config.work_dir, order.attempt) {
        Ok(scratch) => scratch,
        Err(error) => {
            let error = start_failed(format!("the worker has no room for its files: {error}"));
            return quiet(Some(failed(*error)));
        }
    };
    run_process(&shared, &order, signal, &log, folder, &scratch).await
}

/// The pack's files, however long the database is away.
async fn files(
    shared: &Shared,
    order: &WorkOrder,
    mut signal: StopSignal,
    log: &AttemptLog,
) -> Result<PathBuf, Option<Outcome>> {
    // The usual case: a folder that stands is whole.
    let known = shared.packs.join(&order.pack_hash);
    if order.pack_hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !order.pack_hash.is_empty()
        && known.is_dir()
    {
        return Ok(known);
    }
    let mut wait = FIRST_WAIT;
    loop {
        match shared.files.folder(&order.pack_hash).await {
            Ok(folder) => return Ok(folder),
            Err(FilesError::Store(error)) if error.is_transient() => {
                tracing::warn!(%error, attempt = %order.attempt, "a pack's files cannot be had yet");
                log.remark(&format!("waiting for the files of the pack: {error}"));
            }
            Err(error) => {
                let message = format!(
                    "the files of the pack `{}` are not to be had: {error}",
                    order.action.pack()
                );
                return Err(Some(failed(*start_failed(message))));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            Ok(reason) = signal.wait_for(Option::is_some) => {
                return Err(reason.and_then(|reason| stopped(reason, None)));
            }
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// The values of the secrets that the process is to be given, however long the database is away.
async fn secrets(
    shared: &Shared,
    order: &WorkOrder,
    mut signal: StopSignal,
    log: &AttemptLog,
) -> Result<SecretValues, Option<Outcome>> {
    let mut wait = FIRST_WAIT;
    loop {
        match SecretValues::read(&*shared.deps.keys, order.secrets.as_ref()).await {
            Ok(values) => return Ok(values),
            Err(SecretError::Store(error)) if error.is_transient() => {
                tracing::warn!(%error, attempt = %order.attempt, "secrets cannot be had yet");
                log.remark("waiting for the secrets that the action is given");
            }
            Err(error) => return Err(Some(failed(*start_failed(error.to_string())))),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            Ok(reason) = signal.wait_for(Option::is_some) => {
                return Err(reason.and_then(|reason| stopped(reason, None)));
            }
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn run_process(
    shared: &Arc<Shared>,
    order: &WorkOrder,
    mut signal: StopSignal,
    log: &Arc<AttemptLog>,
    folder: PathBuf,
    scratch: &Scratch,
) -> Done {
    // Making a Python environment may take minutes; a request to stop does not wait for it.
    let program = tokio::select! {
        program = runner::program(&order.spec, &folder, &shared.envs) => program,
        Ok(reason) = requested(&mut signal) => {
            return Done {
                outcome: reason.and_then(|reason| stopped(reason, None)),
                reports: Vec::new(),
            };
        }
    };
    let launch = match program {
        Ok(program) => {
            let most = shared.config.output_bytes;
            launch::prepare(order, &program, &folder, scratch, most)
                .map(|launch| (program.path, launch))
        }
        Err(error) => Err(error),
    };
    let (program, launch) = match launch {
        Ok(launch) => launch,
        Err(error) => {
            return Done {
                outcome: Some(failed(*error)),
                reports: Vec::new(),
            };
        }
    };
    let (told, telling) = mpsc::unbounded_channel();
    let gone = CancellationToken::new();
    let file = EventFile::new(scratch.events.clone(), Arc::clone(log), told);
    let following = tokio::spawn(file.follow(gone.clone()));
    let mask = log.mask();
    let collecting = collect(Arc::clone(shared), order.clone(), mask.clone(), telling);
    let collecting = tokio::spawn(collecting);

    let grace = shared.config.kill_grace;
    let ended = process::run(launch, log, signal, order.timeout, grace).await;
    gone.cancel();
    // Neither ends otherwise than by itself, or with the runtime.
    drop(following.await);
    let reports = collecting.await.unwrap_or_default();
    let outcome = match ended {
        Ok(ended) => outcome(order, ended).map(|outcome| hidden::outcome(outcome, &mask)),
        Err(error) => Some(failed(not_started(&program, &error))),
    };
    Done { outcome, reports }
}

/// Sends on what the process tells as it comes, and keeps it for the end.
async fn collect(
    shared: Arc<Shared>,
    order: WorkOrder,
    mask: Mask,
    mut telling: mpsc::UnboundedReceiver<Report>,
) -> Vec<Bytes> {
    let voice = Voice {
        shared,
        run: order.run,
        trace: order.trace,
    };
    let mut kept = Vec::new();
    let mut number = 0;
    while let Some(report) = telling.recv().await {
        let command = Command::Reported {
            attempt: order.attempt,
            number,
            report: hidden::report(report, &mask),
        };
        number += 1;
        if let Some(message) = voice.encode(command) {
            voice.send(message.clone());
            kept.push(message);
        }
    }
    kept
}

/// Comes back when the attempt is to stop.
async fn requested(
    signal: &mut StopSignal,
) -> Result<Option<StopReason>, tokio::sync::watch::error::RecvError> {
    signal.wait_for(Option::is_some).await.map(|reason| *reason)
}

fn failed(error: ErrorInfo) -> Outcome {
    Outcome::Failed {
        error,
        result: JsonValue::Null,
        process: None,
    }
}

/// What a stopped attempt came to; none when nobody is to be told.
fn stopped(reason: StopReason, process: Option<ProcessInfo>) -> Option<Outcome> {
    match reason {
        StopReason::Requested => Some(Outcome::Cancelled { process }),
        StopReason::Unwanted | StopReason::Shutdown => None,
    }
}

fn outcome(order: &WorkOrder, ended: Ended) -> Option<Outcome> {
    let parsed = output::parse(order.spec.output_format, &ended.stdout);
    let process = ProcessInfo {
        exit_code: ended.status.code(),
        stdout: ended.stdout.excerpt,
        stderr: ended.stderr.excerpt,
        duration_ms: u64::try_from(ended.duration.as_millis()).unwrap_or(u64::MAX),
    };
    match ended.ending {
        Ending::Stopped(reason) => return stopped(reason, Some(process)),
        Ending::TimedOut => {
            let limit = order.timeout.unwrap_or_default();
            let message = format!(
                "it took longer than {} and was stopped",
                format_duration(limit)
            );
            return Some(Outcome::TimedOut {
                error: ErrorInfo::new(code::TIMEOUT, message),
                process: Some(process),
            });
        }
        Ending::Exited => {}
    }
    if ended.status.success() {
        return Some(match parsed {
            Ok(result) => Outcome::Succeeded {
                result,
                process: Some(process),
            },
            Err(mut error) => {
                error.exit_code = process.exit_code;
                Outcome::Failed {
                    error: *error,
                    result: JsonValue::Null,
                    process: Some(process),
                }
            }
        });
    }
    Some(Outcome::Failed {
        error: bad_end(ended.status, &process.stderr),
        result: parsed.unwrap_or_default(),
        process: Some(process),
    })
}
