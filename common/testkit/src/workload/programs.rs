//! The Programs and definitions that the stories are about, of any length.
//!
//! Made anew for each measurement; called by the stories, the bench and the tests of cost.

use crate::flow::{ProgramBuilder, TaskBuilder, inline, parallel, template, worker};
use attune_flow::program::InlineAction::{Fail, Noop, Set};
use attune_flow::program::{Join, Program};
use serde_json::json;
use std::fmt::Write as _;

fn names(prefix: &str, count: u64) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}")).collect()
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Tasks one after the other.
pub fn chain(count: u64, make: impl Fn(&str) -> TaskBuilder) -> Program {
    let names = names("t", count);
    let tasks = names.iter().enumerate().map(|(n, name)| {
        let task = make(name);
        match names.get(n + 1) {
            Some(next) => task.on("succeeded()", &[next]),
            None => task,
        }
    });
    ProgramBuilder::new(tasks.collect()).build()
}

/// Tasks one after the other, each of which publishes a name of its own and asks for the one before.
pub fn publishing_chain(count: u64) -> Program {
    let names = names("t", count);
    let tasks = names.iter().enumerate().map(|(n, name)| {
        let next: Vec<&str> = names.get(n + 1).map(String::as_str).into_iter().collect();
        let task = match n {
            0 => inline(name, Set).input(json!({"a": 0})),
            _ => inline(name, Set).input(json!({"a": format!("{{{{ vars.v{} }}}}", n - 1)})),
        };
        task.on("succeeded()", &next)
            .publishing(&format!("v{n}"), json!("{{ result().a + 1 }}"))
    });
    ProgramBuilder::new(tasks.collect()).build()
}

/// One iteration.
pub fn items(count: u64, make: impl Fn(&str) -> TaskBuilder) -> Program {
    let each = make("each")
        .input(json!({"n": "{{ item }}"}))
        .items(json!(count));
    ProgramBuilder::new(vec![each]).build()
}

/// One iteration for workers, five items at once.
pub fn few_at_once(count: u64) -> Program {
    let each = worker("each").items(json!(count)).items_with(|items| {
        items.concurrency = Some(template(json!(5)));
    });
    ProgramBuilder::new(vec![each]).build()
}

/// An iteration that asks for the results of one before it.
pub fn items_of_items(count: u64) -> Program {
    let first = inline("first", Set)
        .input(json!({"n": "{{ item }}"}))
        .items(json!(count))
        .then(&["second"]);
    let second = inline("second", Set)
        .input(
            json!({"n": "{{ task.first.results[index].n }}", "of": "{{ task.first.total_count }}"}),
        )
        .items(json!("{{ task.first.results }}"));
    ProgramBuilder::new(vec![first, second]).build()
}

/// Branches that start together and meet in a join.
pub fn fan_out(count: u64) -> Program {
    meeting(count, |task| task.then(&["end"]))
}

/// Branches that start together and lead to a join, as the caller says.
pub fn meeting(count: u64, lead: impl Fn(TaskBuilder) -> TaskBuilder) -> Program {
    let names = names("b", count);
    let mut tasks = vec![inline("start", Noop).then(&refs(&names))];
    tasks.extend(names.iter().map(|name| lead(worker(name))));
    tasks.push(inline("end", Noop).join(Join::All));
    ProgramBuilder::new(tasks).build()
}

/// A parallel task.
pub fn branches(count: u64) -> Program {
    let children = names("b", count).iter().map(|name| worker(name)).collect();
    ProgramBuilder::new(vec![parallel("all", false, children)]).build()
}

/// Joins that all wait for one slow task while a loop makes its laps.
pub fn laps_beside_joins(count: u64) -> Program {
    let names = names("gate", 100);
    let mut tasks = vec![
        inline("start", Noop).then(&["lap"]).then(&refs(&names)),
        worker("lap")
            .on(&format!("vars.n + 1 < {count}"), &["lap"])
            .publishing("n", json!("{{ vars.n + 1 }}"))
            .on(&format!("vars.n + 1 >= {count}"), &refs(&names)),
    ];
    tasks.extend(names.iter().map(|name| inline(name, Noop).join(Join::All)));
    looping(tasks)
}

/// A loop of one task.
pub fn laps(count: u64) -> Program {
    let lap = inline("lap", Noop)
        .on(&format!("vars.n + 1 < {count}"), &["lap"])
        .publishing("n", json!("{{ vars.n + 1 }}"));
    looping(vec![inline("start", Noop).then(&["lap"]), lap])
}

/// A loop that ends by the number of its laps, for which it asks each time.
pub fn laps_looking_back(count: u64) -> Program {
    let lap = inline("lap", Noop).on(
        &format!("(task.lap.activations | length) < {count}"),
        &["lap"],
    );
    looping(vec![inline("start", Noop).then(&["lap"]), lap])
}

/// Tasks each of which joins twenty before it and leads to twenty behind it.
pub fn dense(count: u64) -> Program {
    let names = names("t", count);
    let tasks = names.iter().enumerate().map(|(n, name)| {
        let to = refs(&names[n + 1..names.len().min(n + 21)]);
        let task = inline(name, Noop).then(&to);
        if n > 0 { task.join(Join::All) } else { task }
    });
    ProgramBuilder::new(tasks.collect()).build()
}

/// A loop in a branch of a parallel task: the branch is done again by `retry`.
pub fn retries_of_a_branch(count: u64) -> Program {
    let again = inline("again", Fail)
        .on(&format!("vars.n + 1 < {count}"), &["retry"])
        .publishing("n", json!("{{ vars.n + 1 }}"))
        .on(&format!("vars.n + 1 >= {count}"), &["noop"]);
    looping(vec![parallel("all", false, vec![again])])
}

fn looping(tasks: Vec<TaskBuilder>) -> Program {
    ProgramBuilder::new(tasks)
        .var("n", json!(0))
        .with(|program| program.limits.activations = 30_000)
        .build()
}

/// Tasks one after the other, each of which is undone by a worker.
pub fn undoable(count: u64) -> Program {
    chain(count, |name| inline(name, Noop).undo(worker("undo")))
}

/// A definition of so many tasks that ask back and lead on.
pub fn definition(count: u64) -> String {
    let mut text = "ref: ci.flow\nlabel: Flow\nversion: 1.0.0\ntasks:\n".to_owned();
    for n in 0..count {
        // Writing to text cannot fail.
        let _ = write!(
            text,
            "- name: t{n}\n  action: core.set\n  input: {{a: \"{{{{ parameters }}}}\"}}\n"
        );
        if n > 0 {
            let _ = writeln!(text, "  when: task.t{}.result.a is defined", n - 1);
        }
        if n + 1 < count {
            let _ = writeln!(text, "  on_success: t{}", n + 1);
        }
    }
    text
}

/// A definition of so many tasks, each of which joins twenty before it and leads to twenty behind it;
/// with laps, the last leads back to the first.
pub fn dense_definition(count: u64, laps: bool) -> String {
    let mut text = "ref: ci.flow\nlabel: Flow\nversion: 1.0.0\nvars: {n: 0}\ntasks:\n".to_owned();
    text.push_str("- {name: start, action: core.noop, on_success: t0}\n");
    for n in 0..count {
        let _ = writeln!(text, "- name: t{n}\n  action: core.noop\n  join: all");
        let to: Vec<String> = (n + 1..count.min(n + 21))
            .map(|to| format!("t{to}"))
            .collect();
        if !to.is_empty() {
            let _ = writeln!(text, "  on_success: [{}]", to.join(", "));
        } else if laps {
            let _ = writeln!(text, "  next: [{{when: vars.n > 1, do: t0}}]");
        }
    }
    text
}
