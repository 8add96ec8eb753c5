//! Identifiers. New things get a UUID v7 made by the shell; things that follow from others get a
//! UUID v5 so that repeating a command names the same thing again.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The identifier of the thing that `name` derives from `self`: the same input gives the
            /// same identifier for ever (UUID v5 with `self` as the namespace).
            pub fn derive(&self, name: &str) -> Uuid {
                Uuid::new_v5(&self.0, name.as_bytes())
            }

            /// The identifier as a plain UUID.
            pub const fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<Uuid> for $name {
            fn from(value: Uuid) -> Self {
                Self(value)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
    };
}

id!(/// One run: one event stream, one actor. Also the id of the run's own execution row.
    RunId);
id!(/// One execution: a run, a task activation in it, or one item of an iteration.
    ExecutionId);
id!(/// One attempt of a task execution: `uuid5(execution, n)`.
    AttemptId);
id!(/// One trigger event.
    EventId);
id!(/// One line of the delivery log: what one rule made of one event.
    EnforcementId);
id!(/// One person or service that may log in.
    IdentityId);
id!(/// One API token.
    TokenId);
id!(/// One worker process.
    WorkerId);
id!(/// One executor process.
    ExecutorId);

impl From<RunId> for ExecutionId {
    fn from(run: RunId) -> Self {
        Self(run.0)
    }
}

impl RunId {
    /// The shard that owns this run, in `0..shards`.
    ///
    /// Uses the last eight bytes, which are random in UUID v7 as well as in v5.
    pub fn shard(&self, shards: u16) -> u16 {
        let [.., a, b, c, d] = *self.0.as_bytes();
        let low = u32::from_be_bytes([a, b, c, d]);
        u16::try_from(low % u32::from(shards.max(1))).unwrap_or(0)
    }

    /// The run that `rule` starts because of `event`: the same pair names the same run, so that a
    /// redelivered event starts nothing twice.
    pub fn of_rule(rule: &crate::Ref, event: EventId) -> Self {
        Self(event.derive(&format!("rule:{rule}")))
    }

    /// The run that an idempotency key of one identity names.
    pub fn of_key(owner: IdentityId, key: &str) -> Self {
        Self(owner.derive(&format!("idempotency:{key}")))
    }
}

impl ExecutionId {
    /// The id of the `n`-th attempt (from 1) of this execution.
    pub fn attempt(&self, n: u32) -> AttemptId {
        AttemptId(self.derive(&format!("attempt:{n}")))
    }
}

/// SHA-256 of a Program's canonical JSON, in hexadecimal: its identity for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgramHash(pub String);

impl fmt::Display for ProgramHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_stable_and_distinct() {
        let execution = ExecutionId(Uuid::nil());
        assert_eq!(execution.attempt(1), execution.attempt(1));
        assert_ne!(execution.attempt(1), execution.attempt(2));
    }

    #[test]
    fn shards_are_within_range_and_spread() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..400u32 {
            let run = RunId(Uuid::new_v5(&Uuid::nil(), &n.to_be_bytes()));
            let shard = run.shard(16);
            assert!(shard < 16);
            seen.insert(shard);
        }
        assert_eq!(seen.len(), 16);
        assert_eq!(RunId(Uuid::nil()).shard(0), 0);
    }
}
