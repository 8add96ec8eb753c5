//! What the pure core costs: deciding and folding, and checking a definition.
//!
//! `make bench`. Criterion measures; at the end a table says what one step cost in each story. The
//! cost of a step must not grow with the length of the story. No store, no bus, no process.
#![expect(clippy::expect_used, reason = "a bench that cannot go on should end")]

use attune_flow::check;
use attune_flow::program::{InlineAction, Join, Program};
use attune_flow::run::{Command, Effect, Event, Now, RunState, decide, fold};
use attune_pack::ActionDef;
use attune_testkit::flow::{
    ProgramBuilder, TaskBuilder, header, inline, succeeded, template, worker,
};
use attune_types::{AttemptId, JsonMap, Ref, Timestamp};
use criterion::{BenchmarkId, Criterion, Throughput};
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What one story cost.
struct Row {
    name: String,
    steps: u64,
    total: Duration,
    runs: u64,
}

struct Bench {
    criterion: Criterion,
    rows: Vec<Row>,
}

/// A run without anything around it.
struct Run<'a> {
    program: &'a Program,
    state: RunState,
    owed: VecDeque<AttemptId>,
    at: Timestamp,
}

impl<'a> Run<'a> {
    fn open(program: &'a Program) -> Self {
        let at = Timestamp::from_second(1_800_000_000).expect("a time");
        let header = header(program, JsonMap::new());
        Self {
            program,
            state: RunState::opened(header, at),
            owed: VecDeque::new(),
            at,
        }
    }

    fn send(&mut self, command: &Command) -> usize {
        let now = Now {
            at: self.at,
            entropy: [7; 16],
        };
        let events: Vec<Event> =
            decide(self.program, &self.state, command, &now).expect("an accepted command");
        let (state, change) = fold(self.program, self.state.clone(), &events);
        self.state = state;
        for (_, effect) in change.owed {
            if let Effect::Dispatch(order) = effect {
                self.owed.push_back(order.attempt);
            }
        }
        events.len()
    }

    /// Begins and answers for every worker until the run has ended.
    fn until_its_end(mut self) -> RunState {
        self.send(&Command::Begin);
        while let Some(attempt) = self.owed.pop_front() {
            self.send(&Command::AttemptFinished {
                attempt,
                outcome: succeeded(json!({"value": 1})),
            });
        }
        assert!(self.state.is_terminal(), "the story has an end");
        self.state
    }
}

impl Bench {
    /// Measures one story: `work` is done once for what `setup` makes, which is not measured.
    fn story<T, O>(
        &mut self,
        group: &str,
        steps: u64,
        setup: impl Fn() -> T,
        work: impl Fn(T) -> O,
    ) {
        let (mut total, mut runs) = (Duration::ZERO, 0);
        // Criterion wants ten samples; of the longest stories three say enough.
        if steps >= 10_000 {
            for _ in 0..3 {
                let given = setup();
                let start = Instant::now();
                let out = black_box(work(black_box(given)));
                total += start.elapsed();
                drop(out);
            }
            return self.note(group, steps, total, 3);
        }
        let mut of = self.criterion.benchmark_group(group);
        of.throughput(Throughput::Elements(steps));
        if steps >= 1_000 {
            of.sample_size(10);
        }
        of.bench_with_input(BenchmarkId::from_parameter(steps), &steps, |bencher, _| {
            bencher.iter_custom(|iterations| {
                let mut spent = Duration::ZERO;
                for _ in 0..iterations {
                    let given = setup();
                    let start = Instant::now();
                    let out = black_box(work(black_box(given)));
                    spent += start.elapsed();
                    drop(out);
                }
                total += spent;
                runs += iterations;
                spent
            });
        });
        of.finish();
        if runs > 0 {
            self.note(group, steps, total, runs);
        }
    }

    fn note(&mut self, name: &str, steps: u64, total: Duration, runs: u64) {
        self.rows.push(Row {
            name: name.to_owned(),
            steps,
            total,
            runs,
        });
    }

    fn run(&mut self, group: &str, steps: u64, program: &Program) {
        self.story(group, steps, || Run::open(program), Run::until_its_end);
    }

    fn table(&self) -> String {
        let mut out = format!(
            "\n{:<34} {:>8} {:>14} {:>12}\n",
            "story", "steps", "whole", "a step"
        );
        for row in &self.rows {
            let whole = row.total.as_secs_f64() * 1e6 / row.runs as f64;
            let _ = writeln!(
                out,
                "{:<34} {:>8} {:>11.0} us {:>9.2} us",
                row.name,
                row.steps,
                whole,
                whole / row.steps as f64
            );
        }
        out
    }
}

fn chain(count: u64, make: impl Fn(&str) -> TaskBuilder) -> Program {
    let name = |n: u64| format!("t{n}");
    let tasks = (0..count).map(|n| {
        let task = make(&name(n));
        if n + 1 < count {
            task.on("succeeded()", &[name(n + 1).as_str()])
        } else {
            task
        }
    });
    ProgramBuilder::new(tasks.collect()).build()
}

fn items(count: u64, make: impl Fn(&str) -> TaskBuilder) -> Program {
    let each = make("each")
        .input(json!({"n": "{{ item }}"}))
        .items(json!(count));
    ProgramBuilder::new(vec![each]).build()
}

fn fan_out(count: u64) -> Program {
    let names: Vec<String> = (0..count).map(|n| format!("b{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut tasks = vec![inline("start", InlineAction::Noop).then(&all)];
    tasks.extend(names.iter().map(|name| worker(name).then(&["end"])));
    tasks.push(inline("end", InlineAction::Noop).join(Join::All));
    ProgramBuilder::new(tasks).build()
}

fn laps(count: u64) -> Program {
    let lap = inline("lap", InlineAction::Noop)
        .on(&format!("vars.n + 1 < {count}"), &["lap"])
        .publishing("n", json!("{{ vars.n + 1 }}"));
    ProgramBuilder::new(vec![
        inline("start", InlineAction::Noop).then(&["lap"]),
        lap,
    ])
    .var("n", json!(0))
    .with(|program| {
        program.limits.activations = 20_000;
        program.labels = vec![("kind".to_owned(), template(json!("loop")))];
    })
    .build()
}

/// A definition of so many tasks that publish, ask back and lead on, and its checking.
fn checking(bench: &mut Bench) {
    let actions: BTreeMap<Ref, ActionDef> = attune_pack::core_pack()
        .expect("the core pack")
        .actions
        .iter()
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    for count in [10, 100, 1_000u64] {
        let mut text = "ref: ci.flow\nlabel: Flow\nversion: 1.0.0\ntasks:\n".to_owned();
        for n in 0..count {
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
        bench.story(
            "checking a definition",
            count,
            || text.clone(),
            |text| check::compile("workflows/flow.yaml", &text, &actions).expect("a good file"),
        );
    }
}

fn main() {
    let mut bench = Bench {
        criterion: Criterion::default()
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(2))
            .configure_from_args(),
        rows: Vec::new(),
    };
    for count in [10, 100, 1_000] {
        let program = chain(count, |name| inline(name, InlineAction::Noop));
        bench.run("sequence, inline", count, &program);
    }
    for count in [10, 100, 1_000] {
        bench.run("sequence, workers", count, &chain(count, worker));
    }
    for count in [10, 1_000, 100_000] {
        let program = items(count, |name| inline(name, InlineAction::Noop));
        bench.run("items, inline", count, &program);
    }
    for count in [10, 1_000, 100_000] {
        bench.run("items, workers", count, &items(count, worker));
    }
    for count in [10, 100, 1_000] {
        bench.run("fan-out and join, workers", count, &fan_out(count));
    }
    for count in [100, 1_000, 10_000] {
        bench.run("loop, inline", count, &laps(count));
    }
    checking(&mut bench);
    bench.criterion.final_summary();
    println!("{}", bench.table());
}
