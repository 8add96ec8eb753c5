//! Which tasks are sure to have ended before another one starts.
//!
//! Owns that calculation over the arrows: a task without a join starts with any one arrival, so only
//! what lies on every way to it is sure; a join of n starts when n have arrived. Optimistic where
//! cycles leave it open, so that nothing is doubted without a reason. Read by the checks of names.

use super::graph::{Flat, Shape};
use crate::program::Join;
use crate::syntax::ast::Task;

/// For each task the tasks that are sure, as bits.
pub(super) struct Sure(Vec<Vec<u64>>);

impl Sure {
    /// Goes round until nothing changes any more.
    pub(super) fn of(flat: &Flat<'_>, shape: &Shape) -> Self {
        let words = flat.tasks.len().div_ceil(64);
        Self(solve(flat, shape, words, |from, _| {
            let mut bits = vec![0; words];
            bits[from / 64] = 1 << (from % 64);
            bits
        }))
    }

    /// Whether `earlier` is sure to have ended when `task` starts.
    pub(super) fn has(&self, task: usize, earlier: usize) -> bool {
        self.0[task][earlier / 64] & (1 << (earlier % 64)) != 0
    }
}

/// For each task what is sure when it starts, where a transition of a task adds these bits. Goes round
/// until nothing changes any more.
pub(super) fn solve(
    flat: &Flat<'_>,
    shape: &Shape,
    words: usize,
    adds: impl Fn(usize, usize) -> Vec<u64>,
) -> Vec<Vec<u64>> {
    let count = flat.tasks.len();
    let ways: Vec<Vec<Way>> = (0..count)
        .map(|ix| {
            let ways = ways(shape, flat.tasks[ix], ix);
            ways.into_iter()
                .map(|(from, transition)| Way {
                    from,
                    adds: adds(from, transition),
                })
                .collect()
        })
        .collect();
    let mut sure: Vec<Vec<u64>> = ways
        .iter()
        .map(|ways| match ways.is_empty() {
            true => vec![0; words],
            false => vec![u64::MAX; words],
        })
        .collect();
    // Each round takes out at least one bit. What leads to a task is looked at before it, so that only
    // cycles take more than a round or two, whatever the order in the file.
    let mut rounds = 0;
    loop {
        let mut changed = false;
        for ix in shape.after.order().iter().copied() {
            let ways = &ways[ix];
            if ways.is_empty() {
                continue;
            }
            let needed = match flat.tasks[ix].join.as_ref().map(|join| join.value) {
                None => 1,
                Some(Join::All) => ways.len(),
                Some(Join::Count(count)) => (count as usize).min(ways.len()),
            };
            let new = meet(&sure, ways, needed, words);
            if new != sure[ix] {
                sure[ix] = new;
                changed = true;
            }
        }
        rounds += 1;
        if !changed || rounds > count {
            return sure;
        }
    }
}

/// One way to a task.
struct Way {
    from: usize,
    adds: Vec<u64>,
}

/// Where the arrivals of a task come from, one for each transition that leads to it. A guessed one
/// beside others makes nothing less sure.
fn ways(shape: &Shape, task: &Task, ix: usize) -> Vec<(usize, usize)> {
    let edges = || shape.into[ix].iter().map(|edge| &shape.edges[*edge]);
    let others = task.join.is_none() && edges().any(|edge| !edge.guessed);
    let mut ways: Vec<(usize, usize)> = edges()
        .filter(|edge| !(others && edge.guessed))
        .map(|edge| (edge.from, edge.transition))
        .collect();
    ways.sort_unstable();
    ways.dedup();
    ways
}

/// What is sure when any `needed` of these ways have been gone: that which stands on so many of them
/// that no choice leaves it out.
fn meet(sure: &[Vec<u64>], ways: &[Way], needed: usize, words: usize) -> Vec<u64> {
    let least = ways.len() - needed + 1;
    let on = |way: &Way, word: usize| sure[way.from][word] | way.adds[word];
    (0..words)
        .map(|word| {
            if least == ways.len() {
                return ways.iter().fold(u64::MAX, |all, way| all & on(way, word));
            }
            if least == 1 {
                return ways.iter().fold(0, |any, way| any | on(way, word));
            }
            (0..64)
                .filter(|bit| {
                    let count = ways
                        .iter()
                        .filter(|way| on(way, word) & (1 << bit) != 0)
                        .count();
                    count >= least
                })
                .fold(0, |bits, bit| bits | (1 << bit))
        })
        .collect()
}
