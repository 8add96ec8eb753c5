//! Every process of the product killed with -9, at random, while runs are carried out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::{
    load::Load,
    packs::Trace,
    proc::LONG,
    world::{Plan, World},
};

/// How many runs; the scorecard asks for 500.
const RUNS: &str = "ATTUNE_E2E_RUNS";
const USUAL_RUNS: usize = 200;
/// The order of the kills; printed, so that it can be given again.
const SEED: &str = "ATTUNE_E2E_SEED";
/// The process that starts go to.
const API: &str = "api";
/// The killing ends then, so that the rest can be counted.
const MOST_KILLING: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_run_ends_once() {
    let runs = setting(RUNS).map_or(USUAL_RUNS, |it| usize::try_from(it).unwrap());
    let seed = setting(SEED).unwrap_or_else(rand::random);
    eprintln!("{runs} runs, {SEED}={seed}");
    let world = Arc::new(
        World::start(Plan {
            settings: vec![("ATTUNE__EXECUTOR__LEASE_TTL", "2s")],
            ..Plan::default()
        })
        .await,
    );
    let (pack, trace) = Trace::pack(&world.place("packs"));
    world.admin.register(&pack).await;

    let began = Instant::now();
    let calm = Arc::new(AtomicBool::new(false));
    let killer = {
        let (world, calm) = (Arc::clone(&world), Arc::clone(&calm));
        tokio::task::spawn_blocking(move || kill_at_random(&world, seed, &calm))
    };
    let load = Load::new("marks.two", runs);
    let (accepted, repeated) = load
        .start(&world.admin, 0.0, Duration::from_millis(50))
        .await;
    let started = began.elapsed();
    load.ended(&world.admin).await;
    calm.store(true, Ordering::Relaxed);
    let kills = killer.await.unwrap();
    let reckoning = load.reckon(&world.admin, &accepted, &trace).await;
    eprintln!(
        "{kills:?} kills; {repeated} starts repeated; all started after {started:?}, all ended after \
         {:?}; {reckoning:?}",
        began.elapsed()
    );
    assert!(
        kills.iter().all(|(_, count)| *count > 0),
        "one was spared: {kills:?}"
    );
    assert!(repeated > 0, "no start met an API that was away");
    assert!(
        reckoning.failed * 50 <= runs,
        "killing alone should not fail runs: {reckoning:?}"
    );
}

/// Kills and restarts one process after the other until it is to be calm, but each at least once.
/// Counts the kills by process.
fn kill_at_random(world: &World, seed: u64, calm: &AtomicBool) -> Vec<(String, usize)> {
    let mut random = StdRng::seed_from_u64(seed);
    let names = world.stack().names();
    let mut kills: Vec<(String, usize)> = names.into_iter().map(|name| (name, 0)).collect();
    let mut first: Vec<usize> = (0..kills.len()).collect();
    first.shuffle(&mut random);
    // The API goes first, and stays away until a start has met that.
    first.sort_by_key(|place| kills[*place].0 == API);
    let mut unmet = true;
    let end = Instant::now() + MOST_KILLING;
    while !first.is_empty() || (!calm.load(Ordering::Relaxed) && Instant::now() < end) {
        std::thread::sleep(Duration::from_millis(random.random_range(1_000..2_000)));
        let victim = first
            .pop()
            .unwrap_or_else(|| random.random_range(0..kills.len()));
        let (name, count) = &mut kills[victim];
        let mut stack = world.stack();
        if stack.pid(name).is_some() {
            *count += 1;
        }
        stack.kill9(name).unwrap();
        if name == API && std::mem::take(&mut unmet) {
            let (before, away) = (world.admin.unanswered(), Instant::now());
            while world.admin.unanswered() == before && away.elapsed() < LONG {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        stack.restart(name).unwrap();
    }
    kills
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}
