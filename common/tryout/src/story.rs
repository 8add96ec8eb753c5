//! A walk told from its events: each activation with its input, attempts, result and what followed.
//!
//! Owns the shape that `attune workflow simulate` shows and gives as JSON. Pure projection of a walk.

use crate::coverage::{condition, target};
use crate::masked::{masked, masked_error, masked_map};
use crate::walk::{Walk, WalkedRun};
use attune_flow::program::TaskIx;
use attune_flow::run::{Event, Execution, Parts};
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, JsonMap, JsonValue, Ref, Timestamp};
use serde::Serialize;
use std::collections::HashMap;

/// A walk for people.
#[derive(Clone, Debug, Serialize)]
pub struct Story {
    /// The workflow.
    pub workflow: Ref,
    /// How the run ended or stands.
    pub status: ExecutionStatus,
    /// What it gave back.
    pub output: JsonValue,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorInfo>,
    /// Why the walk went no further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// What the workflow's variables were at the end.
    pub vars: JsonMap,
    /// Its labels.
    pub labels: JsonMap,
    /// Money spent, child runs included.
    pub cost_usd: f64,
    /// The virtual time at which it started.
    pub started_at: Timestamp,
    /// Virtual seconds from start to end.
    pub seconds: f64,
    /// Tasks in the order in which they were reached.
    pub path: Vec<String>,
    /// Every activation, item and undoing, in the order in which they were reached.
    pub chapters: Vec<Chapter>,
    /// What is strange about the mocks.
    pub warnings: Vec<String>,
}

/// One activation of a task, or one item of it.
#[derive(Clone, Debug, Serialize)]
pub struct Chapter {
    /// Path of the task.
    pub task: String,
    /// The same with the items that it lies in: `deploy[1]/build`.
    pub place: String,
    /// Which activation, from 1.
    pub activation: u32,
    /// Whether it undoes that task, and does not do its work.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undoes: bool,
    /// Index of the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// The item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<JsonValue>,
    /// What it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Ref>,
    /// How it ended or stands.
    pub status: ExecutionStatus,
    /// Whether a failure was taken care of.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub handled: bool,
    /// Seconds from the start to when it was reached.
    pub reached_after: f64,
    /// Seconds from the start to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_after: Option<f64>,
    /// Attempts begun.
    pub attempts: u32,
    /// Attempts that failed and were tried again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retried: Vec<Retried>,
    /// Its rendered input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<JsonMap>,
    /// What it gave back.
    pub result: JsonValue,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorInfo>,
    /// Transitions that fired, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fired: Vec<Path>,
    /// Transitions that did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_fired: Vec<Path>,
}

/// An attempt that failed and was tried again.
#[derive(Clone, Debug, Serialize)]
pub struct Retried {
    /// Its number.
    pub attempt: u32,
    /// Seconds from the start.
    pub after: f64,
    /// Why it failed.
    pub error: ErrorInfo,
    /// Seconds from the start to the next one.
    pub again_after: f64,
}

/// One way on from a task that ended.
#[derive(Clone, Debug, Serialize)]
pub struct Path {
    /// Which transition, from 0.
    pub transition: u32,
    /// Its condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Where it leads.
    pub to: Vec<String>,
    /// What it published.
    #[serde(skip_serializing_if = "JsonMap::is_empty")]
    pub published: JsonMap,
    /// What its condition looked at.
    #[serde(skip_serializing_if = "JsonMap::is_empty")]
    pub saw: JsonMap,
}

/// Tells a walk.
pub fn story(walk: &Walk) -> Option<Story> {
    let root = walk.root()?;
    let state = &root.state;
    let began = state.opened_at();
    let after = |at: Timestamp| at.duration_since(began).as_secs_f64();
    let last = walk.log.iter().map(|logged| logged.event.at()).max();
    Some(Story {
        workflow: root.program.reference.clone(),
        status: state.status(),
        output: masked(state.output().clone()),
        error: state.error().map(masked_error),
        stopped: walk.stopped.as_ref().map(ToString::to_string),
        vars: masked_map(vars(walk)),
        labels: state
            .labels()
            .iter()
            .map(|(name, text)| (name.clone(), text.as_str().into()))
            .collect(),
        cost_usd: walk.runs.iter().map(|run| run.state.cost_usd()).sum(),
        started_at: began,
        seconds: after(state.ended_at().or(last).unwrap_or(began)),
        path: walk.order(),
        chapters: chapters(walk, &after),
        warnings: walk
            .warnings
            .iter()
            .map(|warning| format!("task `{}`: {}", warning.task, warning.message))
            .collect(),
    })
}

/// The variables of the run itself, as they were at the end.
fn vars(walk: &Walk) -> JsonMap {
    let mut vars = JsonMap::new();
    for logged in walk.log.iter().filter(|logged| logged.run == 0) {
        if let Event::RunBegun { vars: values, .. }
        | Event::TransitionFired {
            publish: values, ..
        } = &logged.event
        {
            vars.extend(values.iter().map(|(k, v)| (k.clone(), (**v).clone())));
        }
    }
    vars
}

fn chapters(walk: &Walk, after: &impl Fn(Timestamp) -> f64) -> Vec<Chapter> {
    let mut chapters: Vec<Chapter> = Vec::new();
    let mut known: HashMap<(usize, ExecutionId), usize> = HashMap::new();
    for logged in &walk.log {
        let Some(run) = walk.runs.get(logged.run) else {
            continue;
        };
        let Some(id) = logged.event.execution() else {
            continue;
        };
        let key = (logged.run, id);
        if let Event::TaskActivated { .. }
        | Event::ItemActivated { .. }
        | Event::UndoActivated { .. } = &logged.event
        {
            if let Some(execution) = run.state.execution(id) {
                known.insert(key, chapters.len());
                let reached = after(logged.event.at());
                chapters.push(chapter(run, execution, reached, after));
            }
            continue;
        }
        let chapter = known.get(&key).and_then(|n| chapters.get_mut(*n));
        if let Some(chapter) = chapter {
            follow(run, chapter, &logged.event, after);
        }
    }
    for not_taken in &walk.not_taken {
        let key = (not_taken.run, not_taken.execution);
        let chapter = known.get(&key).and_then(|n| chapters.get_mut(*n));
        let run = walk.runs.get(not_taken.run);
        if let (Some(chapter), Some(run)) = (chapter, run)
            && let Some(execution) = run.state.execution(not_taken.execution)
        {
            let mut path = way(run, execution.task, not_taken.transition);
            path.saw = masked_map(not_taken.saw.iter().cloned().collect());
            chapter.not_fired.push(path);
        }
    }
    chapters
}

/// An activation or item as it stands at the end of the walk.
fn chapter(
    run: &WalkedRun,
    execution: &Execution,
    reached_after: f64,
    after: &impl Fn(Timestamp) -> f64,
) -> Chapter {
    let undone = execution
        .undoes
        .and_then(|undoes| run.state.execution(undoes.execution));
    let about = undone.unwrap_or(execution);
    let above = about.parent.and_then(|id| run.state.execution(id));
    let item = match (about.item, above.map(|above| &above.parts)) {
        (Some(index), Some(Parts::Items { items, .. })) => items.get(index as usize).cloned(),
        _ => None,
    };
    let mut place = format!("{}{}", run.place, about.name);
    if let Some(index) = about.item {
        place.push_str(&format!("[{index}]"));
    }
    Chapter {
        task: format!("{}{}", run.path, about.name),
        place,
        activation: execution.activation,
        undoes: undone.is_some(),
        index: about.item,
        item: item.map(masked),
        action: execution.action.clone(),
        status: execution.status(),
        handled: execution.handled,
        reached_after,
        ended_after: execution.ended_at.map(after),
        attempts: execution.attempts,
        retried: Vec::new(),
        input: execution.input.as_deref().cloned().map(masked_map),
        result: masked(run.state.result_of(execution)),
        error: execution.error.as_deref().map(masked_error),
        fired: Vec::new(),
        not_fired: Vec::new(),
    }
}

fn follow(
    run: &WalkedRun,
    chapter: &mut Chapter,
    event: &Event,
    after: &impl Fn(Timestamp) -> f64,
) {
    match event {
        Event::AttemptFailed {
            at,
            number,
            error,
            retry_at,
            ..
        } => chapter.retried.push(Retried {
            attempt: *number,
            after: after(*at),
            error: masked_error(error),
            again_after: after(*retry_at),
        }),
        Event::TransitionFired {
            execution,
            transition,
            publish,
            ..
        } => {
            if let Some(ended) = run.state.execution(*execution) {
                let mut path = way(run, ended.task, *transition);
                let values = publish.iter().map(|(k, v)| (k.clone(), (**v).clone()));
                path.published = masked_map(values.collect());
                chapter.fired.push(path);
            }
        }
        _ => {}
    }
}

fn way(run: &WalkedRun, task: TaskIx, number: u32) -> Path {
    let program = &run.program;
    let transition = program
        .task(task)
        .and_then(|task| task.next.get(number as usize));
    Path {
        transition: number,
        when: transition.and_then(|known| known.when.as_ref().map(condition)),
        to: transition
            .map(|known| known.to.iter().map(|to| target(program, *to)).collect())
            .unwrap_or_default(),
        published: JsonMap::new(),
        saw: JsonMap::new(),
    }
}
