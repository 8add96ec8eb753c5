//! The stored form of a state. What can be derived is left out and made again at loading.

use super::{About, Execution, RunState, TaskState, Trie};
use attune_types::ExecutionId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize)]
struct Outgoing<'a> {
    about: &'a About,
    tasks: Vec<(u128, &'a TaskState)>,
    executions: Vec<&'a Execution>,
}

#[derive(Deserialize)]
struct Incoming {
    about: About,
    tasks: Vec<(u32, TaskState)>,
    executions: Vec<Execution>,
}

impl Serialize for RunState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Outgoing {
            about: &self.about,
            tasks: self.tasks.sorted(),
            executions: self.in_order(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RunState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Incoming::deserialize(deserializer)?;
        let mut tasks = Trie::default();
        for (task, state) in stored.tasks {
            tasks.insert(u128::from(task), state);
        }
        let mut executions = Trie::default();
        let mut attempts: Trie<ExecutionId> = Trie::default();
        for execution in stored.executions {
            for number in 1..=execution.attempts {
                let attempt = execution.id.attempt(number);
                attempts.insert(attempt.0.as_u128(), execution.id);
            }
            executions.insert(execution.id.0.as_u128(), execution);
        }
        Ok(Self {
            about: stored.about,
            tasks,
            executions,
            attempts,
        })
    }
}
