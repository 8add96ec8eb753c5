//! A set of task numbers as bits.

use crate::program::TaskIx;
use serde::{Deserialize, Serialize};

/// The set. Equal sets are equal whatever numbers they held before.
#[derive(Clone, Debug, Default, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskSet(Vec<u64>);

impl PartialEq for TaskSet {
    fn eq(&self, other: &Self) -> bool {
        let words = self.0.len().max(other.0.len());
        (0..words).all(|n| self.word(n) == other.word(n))
    }
}

impl TaskSet {
    fn word(&self, n: usize) -> u64 {
        self.0.get(n).copied().unwrap_or(0)
    }

    /// Puts a task in; true if it was not there.
    pub fn insert(&mut self, task: TaskIx) -> bool {
        let (n, bit) = (task.0 as usize / 64, 1u64 << (task.0 % 64));
        if self.0.len() <= n {
            self.0.resize(n + 1, 0);
        }
        self.0.get_mut(n).is_some_and(|word| {
            let fresh = *word & bit == 0;
            *word |= bit;
            fresh
        })
    }

    /// Takes a task out.
    pub fn remove(&mut self, task: TaskIx) {
        if let Some(word) = self.0.get_mut(task.0 as usize / 64) {
            *word &= !(1u64 << (task.0 % 64));
        }
    }

    /// Whether the task is in it.
    pub fn contains(&self, task: TaskIx) -> bool {
        self.word(task.0 as usize / 64) & (1u64 << (task.0 % 64)) != 0
    }

    /// Puts all tasks of another set in.
    pub fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, more) in self.0.iter_mut().zip(&other.0) {
            *own |= more;
        }
    }

    /// Whether a task is in both.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The tasks in it, in order.
    pub fn iter(&self) -> impl Iterator<Item = TaskIx> + '_ {
        self.0.iter().enumerate().flat_map(|(n, word)| {
            (0..64u32)
                .filter(move |bit| word & (1u64 << bit) != 0)
                .map(move |bit| {
                    TaskIx(u32::try_from(n).unwrap_or(u32::MAX).saturating_mul(64) + bit)
                })
        })
    }
}
