//! Rules: which actions an event starts, with what input, and why or why not.
//!
//! Owns the meaning of a rule's criteria, `when`, `match`, `input` and keys. It is pure: rules and an
//! event go in, verdicts with their explanations come out; time and randomness are arguments, and
//! nothing is stored or started here. Called by the executor for every event and by the API to try a
//! rule. A rule that cannot be compiled is a [`RuleError`]; one that fails on an event is a
//! [`Verdict`] that says so, and stops no other rule.

mod check;
mod compile;
mod criterion;
mod event;
mod explain;
mod field;
mod index;
mod keys;
mod operator;
mod scope;
mod search;

pub use check::check;
pub use compile::{CompiledRule, RuleError};
pub use event::TriggerEvent;
pub use explain::{ConditionOutcome, Explanation, Reason, Verdict};
pub use index::RuleIndex;
