//! Random Programs: whatever the language has, put together without sense, and small enough to be run
//! to its end.
//!
//! Forward edges, joins of every kind, fragments that meet in one join, cycles within cycles that a
//! variable ends (and now and then one that only the activation limit ends), commands, published
//! values that later conditions ask for, and templates that cannot be evaluated.

use super::Rng;
use super::shapes::random_shape;
use super::works::{random_settings, random_work};
use crate::flow::{ProgramBuilder, TaskBuilder, template};
use attune_flow::program::{Cancellation, Concurrency, Join, OnFailure, OnLimit, Program};
use serde_json::{Value, json};

/// Conditions that transitions may have.
const WHENS: [&str; 12] = [
    "succeeded()",
    "succeeded()",
    "succeeded()",
    "failed() or timed_out()",
    "failed() and error.code == 'boom'",
    "timed_out()",
    "skipped() or completed()",
    "vars.flag",
    "not vars.flag",
    "vars.count > 1",
    "result() is defined and succeeded()",
    "task.t0.status == 'succeeded'",
];

/// A Program that may do anything the language has: put together without sense, or of a shape that
/// leads into corners.
pub fn random_program(rng: &mut Rng) -> Program {
    let tasks = if rng.chance(30) {
        random_shape(rng)
    } else {
        random_tasks(rng)
    };
    random_whole(rng, tasks)
}

fn random_tasks(rng: &mut Rng) -> ProgramBuilder {
    let most = if rng.chance(20) { 14 } else { 8 };
    let count = 1 + rng.below(most);
    let names: Vec<String> = (0..count).map(|n| format!("t{n}")).collect();
    let mut loops = 0;
    let mut tasks: Vec<TaskBuilder> = Vec::new();
    for (name, n) in names.iter().zip(0..) {
        let task = random_work(rng, name, 0);
        let mut task = random_settings(rng, task);
        // A task that others lead to may join them.
        if n > 1 && rng.chance(35) {
            task = task.join(random_join(rng, 3));
        }
        for _ in 0..rng.below(4) {
            task = random_transition(rng, task, n, &names);
        }
        if n > 0 && rng.chance(25) {
            task = random_lap(rng, task, n, &names, &mut loops);
        }
        if rng.chance(10) {
            let name = format!("laps{loops}");
            loops += 1;
            task = task
                .on(&format!("failed() and vars.{name} < 2"), &["retry"])
                .publishing(&name, json!(format!("{{{{ vars.{name} + 1 }}}}")));
        }
        tasks.push(task);
    }
    if count > 3 && rng.chance(40) {
        tasks = meeting(rng, tasks, &names);
    }
    let mut builder = ProgramBuilder::new(tasks);
    for n in 0..loops {
        builder = builder.var(&format!("laps{n}"), json!(0));
    }
    builder
}

/// What is said of the workflow as a whole.
fn random_whole(rng: &mut Rng, tasks: ProgramBuilder) -> Program {
    let builder = tasks
        .var("flag", json!(rng.chance(50)))
        .var("count", json!(rng.below(4)))
        .var("list", json!([1, 2, 3]));
    let (cancel, finish) = (rng.chance(50), rng.chance(50));
    let timeout = rng.chance(15).then(|| 20 + rng.below(100));
    let concurrency = rng.chance(10).then(|| Concurrency {
        limit: 1,
        key: rng.chance(50).then(|| template(json!("{{ vars.flag }}"))),
        on_limit: *rng.pick(&[OnLimit::Queue, OnLimit::Reject, OnLimit::CancelOldest]),
    });
    let output = random_output(rng);
    builder
        .with(|program| {
            program.limits.activations = 120;
            program.limits.items = 8;
            if cancel {
                program.on_failure = OnFailure::CancelRunning;
            }
            if finish {
                program.cancellation = Cancellation::AllowFinish;
            }
            program.concurrency = concurrency;
            program.timeout = timeout.map(|seconds| template(json!(seconds)));
            program.output_map = output.map(|entries| {
                entries
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), template(value)))
                    .collect()
            });
        })
        .build()
}

pub(super) fn random_join(rng: &mut Rng, edges: u64) -> Join {
    match rng.below(4) {
        0 => Join::Count(1),
        1 => Join::Count(1 + u32::try_from(rng.below(edges)).unwrap_or(0)),
        _ => Join::All,
    }
}

fn random_output(rng: &mut Rng) -> Option<Vec<(&'static str, Value)>> {
    if !rng.chance(40) {
        return None;
    }
    let mut entries = vec![
        ("first", json!("{{ task.t0.status }}")),
        ("flag", json!("{{ vars.flag }}")),
    ];
    if rng.chance(20) {
        entries.push(("nothing", json!("{{ vars.nowhere }}")));
    }
    if rng.chance(30) {
        entries.push(("second", json!("{{ task.t1.result | default(value=1) }}")));
    }
    Some(entries)
}

/// Several tasks lead to one that joins them.
fn meeting(rng: &mut Rng, mut tasks: Vec<TaskBuilder>, names: &[String]) -> Vec<TaskBuilder> {
    let last = tasks.len() - 1;
    let to = names[last].as_str();
    let mut edges = 0;
    for task in tasks.iter_mut().take(last) {
        if rng.chance(60) {
            edges += 1;
            let when = *rng.pick::<&str>(&WHENS);
            *task = task.clone().on(when, &[to]);
        }
    }
    if edges > 0
        && let Some(task) = tasks.pop()
    {
        tasks.push(task.join(random_join(rng, edges)));
    }
    tasks
}

/// A way back: an earlier task, or this one, so often.
fn random_lap(
    rng: &mut Rng,
    task: TaskBuilder,
    n: u64,
    names: &[String],
    loops: &mut u32,
) -> TaskBuilder {
    let back = 1 + rng.below(n);
    let to = names[usize::try_from(back).unwrap_or(0)].as_str();
    if rng.chance(4) {
        return task.on("completed()", &[to]);
    }
    let name = format!("laps{loops}");
    *loops += 1;
    task.on(&format!("vars.{name} < {}", 1 + rng.below(3)), &[to])
        .publishing(&name, json!(format!("{{{{ vars.{name} + 1 }}}}")))
}

fn random_transition(rng: &mut Rng, task: TaskBuilder, n: u64, names: &[String]) -> TaskBuilder {
    let later = names.len() as u64 - n - 1;
    let mut to: Vec<&str> = Vec::new();
    for _ in 0..=rng.below(2) {
        if later > 0 && rng.chance(85) {
            let next = n + 1 + rng.below(later);
            let name = names[usize::try_from(next).unwrap_or(0)].as_str();
            if !to.contains(&name) {
                to.push(name);
            }
        }
    }
    if rng.chance(7) {
        to.push(*rng.pick::<&str>(&["noop", "fail", "continue"]));
    }
    let task = if rng.chance(15) {
        task.then(&to)
    } else if rng.chance(2) {
        task.on("vars.nowhere", &to)
    } else {
        task.on(rng.pick::<&str>(&WHENS), &to)
    };
    if !rng.chance(20) {
        return task;
    }
    match rng.below(7) {
        0 | 1 => task.publishing("flag", json!(rng.chance(50))),
        2 => task.publishing("count", json!("{{ vars.count + 1 }}")),
        3 => task
            .publishing("count", json!("{{ vars.count + 1 }}"))
            .publishing("flag", json!("{{ vars.count > 2 }}")),
        4 => task.publishing("seen", json!("{{ result() }}")),
        5 => task.publishing(
            "seen",
            json!(format!("{{{{ task.t{n}.activations | length }}}}")),
        ),
        _ if rng.chance(20) => task.publishing("seen", json!("{{ task.nowhere.result }}")),
        _ => task.publishing("seen", json!(format!("{{{{ task.t{n}.status }}}}"))),
    }
}
