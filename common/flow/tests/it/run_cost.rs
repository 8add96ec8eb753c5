//! The work of a run grows with its length and no faster. Counted, not timed: events, and what is
//! allocated on the way, which is what copying too much would show in.
#![expect(
    unsafe_code,
    reason = "counting allocations takes an allocator, and that trait is unsafe"
)]

use attune_flow::check::compile;
use attune_flow::run::RunState;
use attune_pack::ActionDef;
use attune_testkit::flow::worker;
use attune_testkit::workload::{self, Run, STORIES};
use attune_types::Ref;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;

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

/// Ten times as long costs ten times as much. A little more is for the number of digits, by which the
/// maps of a run grow.
const MOST: f64 = 12.5;

fn grows_with_its_length(
    name: &str,
    short: u64,
    most: f64,
    cost: impl Fn(u64) -> (usize, u64),
) -> Result<(), String> {
    let (few, small) = cost(short);
    let (many, large) = cost(short * 10);
    let times = large as f64 / small as f64;
    eprintln!("{name}: {few} events, {small} bytes; ten times: {many} events, {times:.2} x bytes");
    if many > few * 10 + 10 {
        return Err(format!(
            "{name}: {few} events, but {many} when ten times as long"
        ));
    }
    if times > most {
        return Err(format!(
            "{name}: {small} bytes allocated, but {large} when ten times as long"
        ));
    }
    Ok(())
}

/// What went beyond.
fn all(told: impl Iterator<Item = Result<(), String>>) {
    let wrong: Vec<String> = told.filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_story_grows_with_its_length() {
    all(STORIES.iter().map(|story| {
        // A join keeps four bytes for each of its edges.
        let most = if story.name.starts_with("fan-out") {
            14.5
        } else {
            MOST
        };
        grows_with_its_length(story.name, story.short, most, |steps| {
            let program = (story.make)(steps);
            let mut events = 0;
            let bytes = allocated(|| events = story.tell(&program).events);
            (events, bytes)
        })
    }));
}

#[test]
fn loading_a_history_grows_with_its_length() {
    all(std::iter::once(grows_with_its_length(
        "loading",
        500,
        MOST,
        |steps| {
            let program = workload::items(steps, worker);
            let log = Run::open(&program).keeping().until_its_end().log;
            (log.len(), allocated(|| drop(RunState::replay(&log))))
        },
    )));
}

#[test]
fn checking_a_definition_grows_with_its_length() {
    let actions: BTreeMap<Ref, ActionDef> = attune_pack::core_pack()
        .unwrap()
        .actions
        .iter()
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    // Who reaches a join without going through it is found for each join of a cycle anew.
    type Make = fn(u64) -> String;
    let texts: [(&str, f64, Make); 3] = [
        ("a chain", MOST, workload::definition),
        ("a dense graph", MOST, |n| {
            workload::dense_definition(n, false)
        }),
        ("a dense graph with laps", 23.0, |n| {
            workload::dense_definition(n, true)
        }),
    ];
    all(texts.into_iter().map(|(name, most, make)| {
        grows_with_its_length(name, 99, most, |count| {
            let text = make(count);
            let bytes = allocated(|| {
                compile("workflows/flow.yaml", &text, &actions).unwrap();
            });
            (0, bytes)
        })
    }));
}
