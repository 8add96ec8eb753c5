//! What a run knows of each task as a whole: activations and, for a join, arrivals.

use super::trie::Entry;
use serde::{Deserialize, Serialize};

/// One task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskState {
    /// How often it was activated.
    pub activations: u32,
    /// Activations that have not ended.
    pub live: u32,
    /// Arrivals at it, if it joins.
    pub join: JoinState,
}

/// Arrivals at a join. Generation k gathers the k-th arrival of every edge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinState {
    /// Arrivals by inbound edge.
    pub counts: Vec<u32>,
    /// Generations that have started.
    pub started: u32,
}

impl JoinState {
    /// Whether an edge has arrived for the generation that has not started yet.
    pub fn is_gathering(&self) -> bool {
        self.counts.iter().any(|count| *count > self.started)
    }

    /// Whether an edge was left behind by a generation that started without it.
    pub fn is_behind(&self) -> bool {
        self.counts.iter().any(|count| *count < self.started)
    }

    /// Whether this edge has arrived for the generation being gathered.
    pub fn has_arrived(&self, edge: u32) -> bool {
        self.count(edge) > self.started
    }

    /// Arrivals of one edge.
    pub fn count(&self, edge: u32) -> u32 {
        self.counts.get(edge as usize).copied().unwrap_or(0)
    }

    /// Makes room for so many edges.
    pub fn widen(&mut self, edges: u32) {
        if self.counts.len() < edges as usize {
            self.counts.resize(edges as usize, 0);
        }
    }

    /// Moves edges on to at least that generation.
    pub fn move_on(&mut self, edges: &[u32], generation: u32) {
        for edge in edges {
            self.widen(edge.saturating_add(1));
            if let Some(count) = self.counts.get_mut(*edge as usize) {
                *count = (*count).max(generation);
            }
        }
    }
}

impl Entry for TaskState {}
