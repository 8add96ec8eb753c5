//! Programs of shapes in which the corners of the language lie: joins in loops with branches that give
//! up or come late, parallel tasks and iterations that fail while others of their parts are tried
//! again, tasks that publish one after the other. What stands in a shape is still thrown by dice.

use super::Rng;
use super::programs::random_join;
use super::works::{random_settings, random_work};
use crate::flow::{ProgramBuilder, TaskBuilder, inline, parallel, worker};
use attune_flow::program::{InlineAction, Join, Tolerate};
use serde_json::json;

/// A Program of some shape.
pub(super) fn random_shape(rng: &mut Rng) -> ProgramBuilder {
    match rng.below(6) {
        0..=2 => laps_of_a_join(rng),
        3 => parts_that_fail(rng),
        4 => items_that_fail(rng),
        _ => fan_with_late_comers(rng),
    }
}

/// What a branch of a lap does: quick or slow, and now and then anything.
fn branch(rng: &mut Rng, name: &str) -> TaskBuilder {
    match rng.below(8) {
        0..=3 => worker(name),
        4 => inline(name, InlineAction::Noop),
        5 => inline(name, InlineAction::Fail).input(json!({"code": "boom"})),
        6 => inline(name, InlineAction::Sleep).input(json!({"seconds": rng.below(15)})),
        _ => {
            let task = random_work(rng, name, 1);
            random_settings(rng, task)
        }
    }
}

/// How a branch leads to the join: surely, sometimes, by a longer way, or in some laps only. A branch
/// that gives up leaves its edge behind.
fn leading(rng: &mut Rng, task: TaskBuilder, to: &str, detour: &str) -> TaskBuilder {
    match rng.below(7) {
        0 => task.then(&[to]),
        1 | 2 => task
            .on("succeeded()", &[to])
            .on("failed() or timed_out()", &["noop"]),
        3 => task
            .on("succeeded()", &[detour])
            .on("failed() or timed_out()", &[to]),
        4 => task.on("vars.lap % 2 == 0", &[to]).then(&["noop"]),
        5 => task.on("vars.lap % 2 == 1", &[to, detour]).then(&["noop"]),
        _ => task
            .on("succeeded()", &[to])
            .on("timed_out()", &[detour])
            .on("failed()", &["noop"]),
    }
}

/// A loop around a join of some of its branches.
fn laps_of_a_join(rng: &mut Rng) -> ProgramBuilder {
    let count = 2 + rng.below(3);
    let names: Vec<String> = (0..count).map(|n| format!("t{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut start = inline("start", InlineAction::Noop).then(&all);
    // Another entry that comes to the join once, whenever it likes.
    let guest = rng.chance(30);
    let twice = rng.chance(15);
    if twice {
        // Two laps at once.
        start = start.then(&all);
    }
    let mut tasks = vec![start];
    for name in &names {
        let task = branch(rng, name);
        tasks.push(leading(rng, task, "gate", "detour"));
    }
    tasks.push(branch(rng, "detour").then(&["gate"]));
    if guest {
        tasks.push(branch(rng, "guest").then(&["gate"]));
    }
    let join = match rng.below(4) {
        0 => Join::All,
        1 => Join::Count(1),
        2 => Join::Count(2),
        _ => random_join(rng, count),
    };
    let gate = match rng.below(3) {
        0 => inline("gate", InlineAction::Noop),
        1 => worker("gate"),
        _ => branch(rng, "gate"),
    };
    // A lap need not begin with all branches.
    let mut again: Vec<&str> = all.iter().copied().filter(|_| rng.chance(75)).collect();
    if again.is_empty() {
        again.push(all[0]);
    }
    let laps = 1 + rng.below(4);
    let mut gate = gate
        .join(join)
        .on(&format!("vars.lap < {laps}"), &again)
        .publishing("lap", json!("{{ vars.lap + 1 }}"));
    if rng.chance(40) {
        gate = gate.on("succeeded()", &["end"]);
        let end = branch(rng, "end");
        tasks.push(gate);
        tasks.push(end.join(random_join(rng, 2)));
        if guest && let Some(guest) = tasks.iter_mut().rev().nth(2) {
            *guest = guest.clone().on("succeeded()", &["end"]);
        }
    } else {
        tasks.push(gate);
    }
    ProgramBuilder::new(tasks).var("lap", json!(0))
}

/// A parallel task that is spoilt while parts of it are being stopped, sleep, or wait to be tried
/// again.
fn parts_that_fail(rng: &mut Rng) -> ProgramBuilder {
    let count = 2 + rng.below(3);
    let mut children: Vec<TaskBuilder> = Vec::new();
    for n in 0..count {
        let name = format!("t0_{n}");
        let mut child = match rng.below(5) {
            0 | 1 => worker(&name).timeout(json!(1 + rng.below(6))),
            2 => inline(&name, InlineAction::Sleep)
                .input(json!({"seconds": 4 + rng.below(6)}))
                .timeout(json!(1 + rng.below(6))),
            3 => worker(&name)
                .items(json!(1 + rng.below(4)))
                .items_with(|items| items.fail_fast = true),
            _ => {
                let inner = (0..2)
                    .map(|m| worker(&format!("{name}_{m}")).retry(2, rng.below(3)))
                    .collect();
                parallel(&name, true, inner)
            }
        };
        if rng.chance(60) {
            child = child.retry(1 + u32::try_from(rng.below(2)).unwrap_or(0), rng.below(3));
        }
        if rng.chance(20) {
            child = child.on("failed() or timed_out()", &["noop"]);
        }
        children.push(child);
    }
    let mut whole = parallel("t0", rng.chance(80), children);
    if rng.chance(30) {
        whole = whole.retry(1, rng.below(3));
    }
    if rng.chance(30) {
        whole = whole.timeout(json!(2 + rng.below(8)));
    }
    ProgramBuilder::new(vec![
        whole
            .on("failed() or timed_out()", &["after"])
            .publishing("seen", json!("{{ error.code }}"))
            .on("succeeded()", &["after"]),
        worker("after").idempotent(),
        worker("beside").retry(2, 1),
    ])
}

/// An iteration at the edge of what it tolerates.
fn items_that_fail(rng: &mut Rng) -> ProgramBuilder {
    let concurrency = rng.chance(60).then(|| 1 + rng.below(3));
    let batch = rng.chance(40).then(|| 2 + rng.below(2));
    let tolerate = match rng.below(5) {
        0 => Tolerate::Percent(25.0),
        1 => Tolerate::Percent(50.0),
        2 => Tolerate::Count(0),
        _ => Tolerate::Count(1 + u32::try_from(rng.below(3)).unwrap_or(0)),
    };
    let fail_fast = rng.chance(50);
    let mut each = worker("t0")
        .input(json!({"item": "{{ item }}", "index": "{{ index }}"}))
        .items(json!(3 + rng.below(6)))
        .items_with(|items| {
            items.concurrency = concurrency.map(|n| crate::flow::template(json!(n)));
            items.batch_size = batch.map(|n| crate::flow::template(json!(n)));
            items.fail_fast = fail_fast;
            items.tolerate = tolerate;
        });
    if rng.chance(40) {
        each = each.retry(1, rng.below(3));
    }
    if rng.chance(40) {
        each = each.timeout(json!(1 + rng.below(6)));
    }
    if rng.chance(30) {
        each = each.idempotent();
    }
    ProgramBuilder::new(vec![
        each.on("failed()", &["after"])
            .publishing("seen", json!("{{ task.t0.failed_items }}"))
            .on("succeeded()", &["after"])
            .publishing("seen", json!("{{ task.t0.succeeded_count }}")),
        worker("after")
            .input(json!({"seen": "{{ vars.seen }}", "of": "{{ task.t0.total_count }}"})),
    ])
}

/// Branches that meet in several joins at once, some of them late.
fn fan_with_late_comers(rng: &mut Rng) -> ProgramBuilder {
    let count = 3 + rng.below(3);
    let names: Vec<String> = (0..count).map(|n| format!("t{n}")).collect();
    let mut tasks: Vec<TaskBuilder> = Vec::new();
    for name in &names {
        let task = branch(rng, name);
        let first = *rng.pick::<&str>(&["one", "two"]);
        let other = if first == "one" { "two" } else { "one" };
        tasks.push(leading(rng, task, first, other));
    }
    let one = branch(rng, "one").join(random_join(rng, 3));
    tasks.push(if rng.chance(50) {
        one.then(&["two"])
    } else {
        one.on("failed()", &["fail"]).on("succeeded()", &["last"])
    });
    let two = branch(rng, "two").join(random_join(rng, 3));
    let two = if rng.chance(50) {
        two.on("vars.lap < 2", &["one", names[0].as_str()])
            .publishing("lap", json!("{{ vars.lap + 1 }}"))
    } else {
        two
    };
    tasks.push(two.on("succeeded()", &["last"]));
    tasks.push(branch(rng, "last").join(random_join(rng, 2)));
    ProgramBuilder::new(tasks).var("lap", json!(0))
}
