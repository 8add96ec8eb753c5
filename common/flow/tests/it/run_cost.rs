//! The work of a run grows with its length and no faster. Counted, not timed: events, and what is
//! allocated on the way, which is what copying too much would show in.
#![expect(
    unsafe_code,
    reason = "counting allocations takes an allocator, and that trait is unsafe"
)]

use attune_flow::check::compile;
use attune_flow::program::InlineAction::Noop;
use attune_flow::program::{Join, Program};
use attune_flow::run::{Command, Effect, Now, RunState, decide, fold};
use attune_pack::ActionDef;
use attune_testkit::flow::{ProgramBuilder, TaskBuilder, header, inline, succeeded, worker};
use attune_types::{AttemptId, JsonMap, Ref, Timestamp};
use serde_json::json;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a counter for each thread.
struct Counting;

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no counter any more.
        let _ = ALLOCATED.try_with(|count| count.set(count.get() + layout.size() as u64));
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocated(work: impl FnOnce()) -> u64 {
    let before = ALLOCATED.with(Cell::get);
    work();
    ALLOCATED.with(Cell::get) - before
}

/// Events and allocated bytes of a run in which every worker answers at once.
fn cost(program: &Program) -> (usize, u64) {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let mut state = RunState::opened(header(program, JsonMap::new()), at);
    let mut events = 0;
    let bytes = allocated(|| {
        let mut owed: VecDeque<AttemptId> = VecDeque::new();
        let mut command = Some(Command::Begin);
        while let Some(next) = command {
            let now = Now {
                at,
                entropy: [7; 16],
            };
            let decided = decide(program, &state, &next, &now).unwrap();
            events += decided.len();
            let (folded, change) = fold(program, state.clone(), &decided);
            state = folded;
            for (_, effect) in change.owed {
                if let Effect::Dispatch(order) = effect {
                    owed.push_back(order.attempt);
                }
            }
            command = owed.pop_front().map(|attempt| Command::AttemptFinished {
                attempt,
                outcome: succeeded(json!({"value": 1})),
            });
        }
    });
    assert!(state.is_terminal(), "the run has ended");
    (events, bytes)
}

/// Ten times as long costs ten times as much, give or take what grows with the number of digits.
fn grows_with_its_length(name: &str, make: impl Fn(u64) -> Program, short: u64) {
    let (few, small) = cost(&make(short));
    let (many, large) = cost(&make(short * 10));
    eprintln!("{name}: {few} events, {small} bytes; ten times: {many} events, {large} bytes");
    assert!(
        many <= few * 10 + 10,
        "{name}: {few} events, but {many} when ten times as long"
    );
    assert!(
        large <= small * 16,
        "{name}: {small} bytes allocated, but {large} when ten times as long"
    );
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

fn items_of(count: u64, make: impl Fn(&str) -> TaskBuilder) -> Program {
    let each = make("each")
        .input(json!({"n": "{{ item }}"}))
        .items(json!(count));
    ProgramBuilder::new(vec![each]).build()
}

#[test]
fn tasks_one_after_the_other() {
    grows_with_its_length("inline", |n| chain(n, |name| inline(name, Noop)), 100);
    grows_with_its_length("workers", |n| chain(n, worker), 100);
}

#[test]
fn items() {
    grows_with_its_length("inline", |n| items_of(n, |name| inline(name, Noop)), 500);
    grows_with_its_length("workers", |n| items_of(n, worker), 500);
    grows_with_its_length(
        "few at once",
        |n| {
            let each = worker("each").items(json!(n)).items_with(|items| {
                items.concurrency = Some(attune_testkit::flow::template(json!(5)));
            });
            ProgramBuilder::new(vec![each]).build()
        },
        500,
    );
}

#[test]
fn a_fan_out_that_meets_in_a_join() {
    let fan_out = |count: u64| {
        let names: Vec<String> = (0..count).map(|n| format!("b{n}")).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut tasks = vec![inline("start", Noop).then(&all)];
        tasks.extend(names.iter().map(|name| worker(name).then(&["end"])));
        tasks.push(inline("end", Noop).join(Join::All));
        ProgramBuilder::new(tasks).build()
    };
    grows_with_its_length("fan-out", fan_out, 100);
}

#[test]
fn laps_of_a_loop() {
    let laps = |count: u64| {
        let lap = inline("lap", Noop)
            .on(&format!("vars.n + 1 < {count}"), &["lap"])
            .publishing("n", json!("{{ vars.n + 1 }}"));
        ProgramBuilder::new(vec![inline("start", Noop).then(&["lap"]), lap])
            .var("n", json!(0))
            .build()
    };
    grows_with_its_length("loop", laps, 900);
}

#[test]
fn checking_a_definition() {
    let actions: BTreeMap<Ref, ActionDef> = attune_pack::core_pack()
        .unwrap()
        .actions
        .iter()
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    let check = |count: u64| {
        let mut text = "ref: ci.flow\nlabel: Flow\nversion: 1.0.0\ntasks:\n".to_owned();
        for n in 0..count {
            let _ = writeln!(text, "- name: t{n}\n  action: core.set\n  input: {{a: 1}}");
            if n > 0 {
                let _ = writeln!(text, "  when: task.t{}.result.a is defined", n - 1);
            }
            if n + 1 < count {
                let _ = writeln!(text, "  on_success: t{}", n + 1);
            }
        }
        allocated(|| {
            compile("workflows/flow.yaml", &text, &actions).unwrap();
        })
    };
    let (small, large) = (check(100), check(1_000));
    eprintln!("checking: {small} bytes; ten times: {large} bytes");
    assert!(
        large <= small * 16,
        "{small} bytes allocated, but {large} for ten times as many tasks"
    );
}
