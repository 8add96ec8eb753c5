//! What the tasks of random Programs do, and how: actions of every kind, parallel tasks, iterations,
//! retries, conditions, delays and time limits.

use super::Rng;
use crate::flow::{TaskBuilder, inline, native, parallel, template, worker, workflow};
use attune_flow::program::{Backoff, InlineAction, Tolerate};
use attune_types::Duration;
use serde_json::json;

pub(super) fn random_work(rng: &mut Rng, name: &str, depth: u32) -> TaskBuilder {
    match rng.below(if depth < 2 { 17 } else { 14 }) {
        0..=5 => {
            worker(name).input(json!({"n": "{{ system.attempt }}", "flag": "{{ vars.flag }}"}))
        }
        6 | 7 => inline(name, InlineAction::Noop),
        8 => inline(name, InlineAction::Set).input(json!({"a": 1, "count": "{{ vars.count }}"})),
        9 => inline(name, InlineAction::Fail).input(json!({"message": "no", "code": "boom"})),
        10 => inline(name, InlineAction::Sleep).input(json!({"seconds": rng.below(20)})),
        11 => native(name),
        12 => workflow(name),
        13 if rng.chance(40) => worker(name).input(json!({"wrong": "{{ task.nowhere.result }}"})),
        13 => inline(name, InlineAction::Noop),
        _ => {
            let children = (0..rng.below(4))
                .map(|n| random_child(rng, &format!("{name}_{n}"), depth + 1))
                .collect();
            parallel(name, rng.chance(40), children)
        }
    }
}

fn random_child(rng: &mut Rng, name: &str, depth: u32) -> TaskBuilder {
    let child = random_work(rng, name, depth);
    let mut child = random_settings(rng, child);
    if rng.chance(30) {
        child = child.on("failed()", &["noop"]);
    }
    if rng.chance(10) {
        child = child
            .on("failed() and vars.count < 3", &["retry"])
            .publishing("count", json!("{{ vars.count + 1 }}"));
    }
    if rng.chance(5) {
        child = child.on("timed_out()", &["continue"]);
    }
    child
}

pub(super) fn random_settings(rng: &mut Rng, mut task: TaskBuilder) -> TaskBuilder {
    if rng.chance(25) {
        task = random_retry(rng, task);
    }
    if rng.chance(15) {
        task = task.when(rng.pick::<&str>(&[
            "vars.flag",
            "not vars.flag",
            "false",
            "{{ 1 < 2 }}",
            "vars.count < 2",
            "system.attempt == 1",
        ]));
    }
    if rng.chance(1) {
        task = task.when("vars.nowhere");
    }
    if rng.chance(10) {
        task = task.tagged(json!("{{ system.attempt }}"));
    }
    if rng.chance(15) {
        task = task.delay(match rng.below(10) {
            0 => json!("{{ vars.nowhere }}"),
            1 => json!("{{ vars.count }}"),
            2 => json!("5s"),
            _ => json!(rng.below(10)),
        });
    }
    if rng.chance(20) {
        task = task.timeout(match rng.below(12) {
            0 => json!("{{ vars.nowhere }}"),
            1 => json!("{{ vars.count + 3 }}"),
            2 => json!("1m"),
            _ => json!(1 + rng.below(30)),
        });
    }
    if rng.chance(40) {
        task = task.idempotent();
    }
    if rng.chance(25) {
        task = random_items(rng, task);
    }
    task
}

fn random_retry(rng: &mut Rng, task: TaskBuilder) -> TaskBuilder {
    let count = u32::try_from(rng.below(4)).unwrap_or(0);
    let mut task = task.retry(count, rng.below(3) * 5);
    if rng.chance(30) {
        task = task.on_error("error.code == 'boom'");
    } else if rng.chance(10) {
        task = task.on_error("system.attempt < 3 and error.attempt < 3");
    } else if rng.chance(5) {
        task = task.on_error("error.nothing.at.all");
    }
    let backoff = *rng.pick(&[Backoff::Constant, Backoff::Linear, Backoff::Exponential]);
    let most = rng.chance(30).then(|| Duration::from_secs(rng.below(20)));
    task.retry_with(|retry| {
        retry.backoff = backoff;
        retry.max_delay = most;
    })
}

fn random_items(rng: &mut Rng, task: TaskBuilder) -> TaskBuilder {
    let over = match rng.below(12) {
        0 | 1 => json!([]),
        2 | 3 => json!({"a": 1, "b": 2}),
        4 | 5 => json!(rng.below(6)),
        6 => json!("{{ vars.list }}"),
        7 => json!("{{ vars.count }}"),
        8 if rng.chance(20) => json!("no list"),
        8 => json!(7 + rng.below(3)),
        _ => json!(["x", "y", "z"]),
    };
    let concurrency = rng.chance(50).then(|| json!(1 + rng.below(3)));
    let batch = rng.chance(25).then(|| match rng.below(12) {
        0 => json!(0),
        1 => json!("{{ vars.count }}"),
        _ => json!(1 + rng.below(3)),
    });
    let fail_fast = rng.chance(30);
    let tolerate = match rng.below(6) {
        0 => Tolerate::Percent(50.0),
        1 => Tolerate::Percent(34.0),
        2 => Tolerate::Count(1),
        3 => Tolerate::Count(2),
        _ => Tolerate::Count(0),
    };
    let task = if rng.chance(20) {
        task.input(json!({"item": "{{ item }}", "index": "{{ index }}"}))
    } else {
        task
    };
    task.items(over).items_with(|items| {
        items.concurrency = concurrency.map(template);
        items.batch_size = batch.map(template);
        items.fail_fast = fail_fast;
        items.tolerate = tolerate;
    })
}
