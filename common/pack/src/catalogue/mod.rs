//! The typed catalogue: what a pack declares, after reading and checking.
//!
//! Owns plain data; each type goes to JSON and back, since the catalogue stores it so. Never reads
//! files and never checks: [`crate::parse`] makes these from YAML. Used by the executor, the sensor
//! service, the rules and the API.

mod action;
mod keyword;
mod output;
mod pack;
mod policy;
mod rule;
pub mod seconds;
mod trigger;

pub use action::{ActionDef, Backoff, Delivery, LimitsDef, OutputFormat, RetryDef, Runner};
pub use keyword::Keyword;
pub use pack::{Dependency, PackDef};
pub use policy::{Decision, PolicyDef, PolicyRule};
pub use rule::{ConcurrencyDef, Criterion, MatchMode, OnLimit, Operator, RuleDef, ThrottleDef};
pub use trigger::{SensorDef, TriggerDef};
