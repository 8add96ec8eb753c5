//! How much memory hostile templates really use. A binary of its own, since it counts every byte that is
//! allocated.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they serve"
)]

#[path = "../it/hostile.rs"]
mod hostile;

use attune_template::{Ambient, MapScope, Root, Template};
use serde_json::json;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, with a count for each thread.
struct Counting;

fn count(bytes: isize) {
    // A thread that ends has no count any more, and needs none.
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(now.get())));
    });
}

fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written without; it only counts"
)]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(signed(size) - signed(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the work needed at most beyond what was there before.
fn peak_of<T>(work: impl FnOnce() -> T) -> (isize, T) {
    let before = NOW.with(Cell::get);
    PEAK.with(|peak| peak.set(before));
    let result = work();
    (PEAK.with(Cell::get) - before, result)
}

const MIB: isize = 1024 * 1024;

/// What an evaluation may make, and the copy of what it takes in: 2 MiB for these values.
const MOST: isize = 18 * MIB;

fn big() -> MapScope {
    let list: Vec<_> = (0..5_000)
        .map(|n| json!({"id": n, "text": "some text"}))
        .collect();
    MapScope::new(Ambient {
        now: "2026-03-04T05:06:07Z".parse().unwrap(),
        entropy: [7; 16],
    })
    .with_member(Root::Vars, "text", json!("x".repeat(200_000)))
    .with_member(Root::Vars, "list", list.into())
    .with_member(Root::Vars, "lines", json!("\n".repeat(100_000)))
    .with_member(Root::Vars, "commas", json!(",".repeat(100_000)))
}

#[test]
fn hostile_templates_stay_small_and_others_go_on() {
    let scope = big();
    let harmless = Template::compile(&json!("{{ vars.list | length }}")).unwrap();
    let mut worst = Vec::new();
    for text in hostile::cases() {
        let (peak, _) = peak_of(|| {
            Template::compile(&json!(text)).and_then(|template| template.evaluate(&scope))
        });
        worst.push((peak, text.chars().take(100).collect::<String>()));
        assert_eq!(harmless.evaluate(&scope).unwrap(), json!(5_000));
    }
    worst.sort_unstable();
    worst.reverse();
    let over: Vec<String> = worst
        .iter()
        .filter(|(peak, _)| *peak > MOST)
        .map(|(peak, text)| format!("{} KiB: {text}", peak / 1024))
        .collect();
    println!("the largest: {} KiB, {}", worst[0].0 / 1024, worst[0].1);
    assert!(over.is_empty(), "{}", over.join("\n"));
}
