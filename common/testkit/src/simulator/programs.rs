//! Random Programs: forward edges, joins, bounded cycles, retries, items, parallels, skips, failures.

use super::Rng;
use crate::flow::{
    ProgramBuilder, TaskBuilder, inline, native, parallel, template, worker, workflow,
};
use attune_flow::program::{
    Cancellation, Concurrency, InlineAction, Join, OnFailure, OnLimit, Program, Tolerate,
};
use serde_json::json;

/// A Program that may do anything the language has, small enough to be run to its end.
pub fn random_program(rng: &mut Rng) -> Program {
    let count = 1 + rng.below(8);
    let names: Vec<String> = (0..count).map(|n| format!("t{n}")).collect();
    let mut tasks = Vec::new();
    let mut loops = 0;
    for n in 0..count {
        let mut task = random_work(rng, &names[n as usize], 0);
        task = random_settings(rng, task);
        // A task that others lead to may join them.
        if n > 1 && rng.chance(35) {
            task = task.join(match rng.below(4) {
                0 => Join::Count(1),
                1 => Join::Count(2),
                _ => Join::All,
            });
        }
        for _ in 0..rng.below(4) {
            task = random_transition(rng, task, n, &names);
        }
        if n > 0 && rng.chance(20) {
            let name = format!("laps{loops}");
            loops += 1;
            let back = 1 + rng.below(n);
            task = task
                .on(
                    &format!("vars.{name} < {}", 1 + rng.below(3)),
                    &[names[back as usize].as_str()],
                )
                .publishing(&name, json!(format!("{{{{ vars.{name} + 1 }}}}")));
        }
        tasks.push(task);
    }
    // The first task is always an entry, so that there is one.
    let mut builder = ProgramBuilder::new(tasks);
    for n in 0..loops {
        builder = builder.var(&format!("laps{n}"), json!(0));
    }
    builder = builder.var("flag", json!(rng.chance(50)));
    let (cancel, finish) = (rng.chance(50), rng.chance(50));
    let timeout = rng.chance(15).then(|| 20 + rng.below(100));
    let with_output = rng.chance(40);
    let concurrency = rng.chance(10).then(|| Concurrency {
        limit: 1,
        key: rng.chance(50).then(|| template(json!("{{ vars.flag }}"))),
        on_limit: *rng.pick(&[OnLimit::Queue, OnLimit::Reject, OnLimit::CancelOldest]),
    });
    builder
        .with(|program| {
            program.limits.activations = 120;
            if cancel {
                program.on_failure = OnFailure::CancelRunning;
            }
            if finish {
                program.cancellation = Cancellation::AllowFinish;
            }
            program.concurrency = concurrency;
            program.timeout = timeout.map(|seconds| template(json!(seconds)));
            if with_output {
                program.output_map = Some(vec![
                    ("first".to_owned(), template(json!("{{ task.t0.status }}"))),
                    ("flag".to_owned(), template(json!("{{ vars.flag }}"))),
                ]);
            }
        })
        .build()
}

fn random_work(rng: &mut Rng, name: &str, depth: u32) -> TaskBuilder {
    match rng.below(if depth < 2 { 16 } else { 13 }) {
        0..=4 => worker(name).input(json!({"n": "{{ system.attempt }}"})),
        5 | 6 => inline(name, InlineAction::Noop),
        7 => inline(name, InlineAction::Set).input(json!({"a": 1, "at": "{{ now() }}"})),
        8 => inline(name, InlineAction::Fail).input(json!({"message": "no", "code": "boom"})),
        9 => inline(name, InlineAction::Sleep).input(json!({"seconds": rng.below(20)})),
        10 => native(name),
        11 => workflow(name),
        12 => worker(name).input(json!({"wrong": "{{ task.nowhere.result }}"})),
        _ => {
            let children = (0..rng.below(4))
                .map(|n| {
                    let name = format!("{name}_{n}");
                    let child = random_work(rng, &name, depth + 1);
                    let child = random_settings(rng, child);
                    if rng.chance(30) {
                        child.on("failed()", &["noop"])
                    } else {
                        child
                    }
                })
                .collect();
            parallel(name, rng.chance(40), children)
        }
    }
}

fn random_settings(rng: &mut Rng, mut task: TaskBuilder) -> TaskBuilder {
    if rng.chance(25) {
        task = task.retry(rng.below(4) as u32, rng.below(3) * 5);
        if rng.chance(30) {
            task = task.on_error("error.code == 'boom'");
        }
    }
    if rng.chance(15) {
        task = task.when(rng.pick::<&str>(&["vars.flag", "not vars.flag", "false", "{{ 1 < 2 }}"]));
    }
    if rng.chance(10) {
        task = task.tagged(json!("{{ system.attempt }}"));
    }
    if rng.chance(15) {
        task = task.delay(json!(rng.below(10)));
    }
    if rng.chance(20) {
        task = task.timeout(json!(1 + rng.below(30)));
    }
    if rng.chance(40) {
        task = task.idempotent();
    }
    if rng.chance(25) {
        let over = match rng.below(4) {
            0 => json!([]),
            1 => json!({"a": 1, "b": 2}),
            2 => json!(rng.below(6)),
            _ => json!(["x", "y", "z"]),
        };
        task = task.items(over);
        let concurrency = rng.chance(50).then(|| 1 + rng.below(3));
        let batch = rng.chance(25).then(|| 1 + rng.below(3));
        let fail_fast = rng.chance(30);
        let tolerate = match rng.below(4) {
            0 => Tolerate::Percent(50.0),
            1 => Tolerate::Count(1),
            _ => Tolerate::Count(0),
        };
        task = task.items_with(|items| {
            items.concurrency = concurrency.map(|n| template(json!(n)));
            items.batch_size = batch.map(|n| template(json!(n)));
            items.fail_fast = fail_fast;
            items.tolerate = tolerate;
        });
    }
    task
}

fn random_transition(rng: &mut Rng, task: TaskBuilder, n: u64, names: &[String]) -> TaskBuilder {
    let later = names.len() as u64 - n - 1;
    let mut to: Vec<&str> = Vec::new();
    for _ in 0..=rng.below(2) {
        if later > 0 && rng.chance(85) {
            let next = n + 1 + rng.below(later);
            let name = names[next as usize].as_str();
            if !to.contains(&name) {
                to.push(name);
            }
        }
    }
    if rng.chance(5) {
        to.push(*rng.pick::<&str>(&["noop", "fail", "continue"]));
    }
    let task = match rng.below(6) {
        0 => task.then(&to),
        1 => task.on("failed() or timed_out()", &to),
        2 => task.on("vars.flag", &to),
        3 => task.on("skipped() or completed()", &to),
        _ => task.on("succeeded()", &to),
    };
    if rng.chance(10) {
        task.publishing("flag", json!(rng.chance(50)))
    } else {
        task
    }
}
