//! The branches of a parallel task in the order in which they began, in a list that is cheap to copy:
//! a branch that is done again many times does not copy all times before it.

use super::trie::Trie;
use attune_types::ExecutionId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Branches(Trie<ExecutionId>);

impl Branches {
    /// One more.
    pub(in crate::run) fn push(&mut self, branch: ExecutionId) {
        self.0.insert(self.0.len() as u128, branch);
    }

    /// All of them, in order.
    pub fn all(&self) -> Vec<ExecutionId> {
        let pairs = self.0.sorted();
        pairs.into_iter().map(|(_, branch)| *branch).collect()
    }
}

impl Serialize for Branches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Branches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut branches = Self::default();
        for branch in Vec::deserialize(deserializer)? {
            branches.push(branch);
        }
        Ok(branches)
    }
}
