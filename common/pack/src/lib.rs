//! Packs on disk: YAML files in, a typed catalogue and diagnostics out.
//!
//! Owns the YAML reader with spans ([`yaml`]), diagnostics ([`diagnostic`]), the field reader that
//! collects all errors ([`read`]), parameter and output schemas ([`schema`]), the catalogue types
//! ([`catalogue`]) and the loader of a pack's folder ([`load`]). Never starts anything, never reads
//! a clock or the environment; the only IO is reading the files of one pack folder. Called by the
//! flow front end, the API's registration and the CLI. Failure is always a [`Diagnostics`]: every
//! error of every file at once, each with its place.

pub mod catalogue;
pub mod diagnostic;
pub mod load;
pub mod parse;
pub mod read;
pub mod schema;
pub mod yaml;

mod core_pack;
mod schedule;
mod sink;
mod suggest;

pub use catalogue::{
    ActionDef, Backoff, ConcurrencyDef, Criterion, Decision, Delivery, Dependency, LimitsDef,
    MatchMode, OnLimit, Operator, OutputFormat, PackDef, PolicyDef, PolicyRule, RetryDef, RuleDef,
    Runner, SensorDef, ThrottleDef, TriggerDef,
};
pub use core_pack::core_pack;
pub use diagnostic::{Diagnostic, Diagnostics, Severity, Span};
pub use load::{
    Loaded, PackSource, Placed, SourceFile, from_files, load_folder, read_files, read_folder,
};
pub use read::MapReader;
pub use schedule::parse_cron;
pub use schema::{FieldError, Hidden, PathType, Schema, SchemaError, ValueType};
pub use sink::{Codes, Sink, did_you_mean};
pub use suggest::suggest;
