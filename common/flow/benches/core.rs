//! What the pure core costs: deciding and folding, and checking a definition.
//!
//! `make bench`. Criterion measures; at the end a table says what one step cost in each story. The
//! cost of a step must not grow with the length of the story. No store, no bus, no process.
#![expect(clippy::expect_used, reason = "a bench that cannot go on should end")]

use attune_flow::check;
use attune_flow::run::RunState;
use attune_pack::ActionDef;
use attune_testkit::flow::worker;
use attune_testkit::workload::{self, Run, STORIES, Story};
use attune_types::Ref;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::collections::BTreeMap;
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

    fn tell(&mut self, story: &Story) {
        for steps in story.lengths {
            let program = (story.make)(*steps);
            self.story(story.name, *steps, || (), |()| story.tell(&program));
        }
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

/// Checking a definition, which ends with its Program.
fn checking(bench: &mut Bench) {
    let actions: BTreeMap<Ref, ActionDef> = attune_pack::core_pack()
        .expect("the core pack")
        .actions
        .iter()
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    type Make = fn(u64) -> String;
    let texts: [(&str, Make); 3] = [
        ("checking a definition", workload::definition),
        ("checking a dense graph", |n| {
            workload::dense_definition(n, false)
        }),
        ("checking a dense graph with laps", |n| {
            workload::dense_definition(n, true)
        }),
    ];
    for (name, make) in texts {
        for count in [10, 100, 999] {
            let text = make(count);
            bench.story(
                name,
                count,
                || (),
                |()| check::compile("workflows/flow.yaml", &text, &actions).expect("a good file"),
            );
        }
    }
}

/// Loading a run: its whole history, folded.
fn loading(bench: &mut Bench) {
    for count in [10, 1_000, 100_000] {
        let program = workload::items(count, worker);
        let log = Run::open(&program).keeping().until_its_end().log;
        bench.story(
            "loading a history of items",
            count,
            || (),
            |()| RunState::replay(&log),
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
    for story in &STORIES {
        bench.tell(story);
    }
    checking(&mut bench);
    loading(&mut bench);
    bench.criterion.final_summary();
    println!("{}", bench.table());
}
