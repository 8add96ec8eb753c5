//! What may be written in the files of a pack, as types.
//!
//! Owns the keys, their forms and the sentences that editors and the reference show. These types are
//! never filled: they are the source of the schemas. One module for each family of files.

mod action;
mod pack;
mod rule;
mod task;
mod test;
mod workflow;

pub use action::{Action, ActionRetry, Field, Limits};
pub use pack::{Pack, Policy, PolicyRule};
pub use rule::{Concurrency, Criterion, Rule, Sensor, Throttle, Trigger};
pub use task::{Branch, Compensate, Items, Retry, Task, Transition};
pub use test::{
    Answer, Expect, ExpectedError, ItemMocks, MockedError, Refusal, TestCancel, TestCase,
    TestEvent, TestFile, TestPause,
};
pub use workflow::Workflow;
