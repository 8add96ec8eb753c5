//! Trying a workflow without running it: mocked results, a clock that jumps, and tests in packs.
//!
//! Owns the [`walk`] of a Program on the same `decide` and `evolve` that run it for real, the
//! [`Mocks`] that stand in for workers and people, the test files of packs ([`parse_tests`]), their
//! judgement ([`run_tests`]), coverage and JUnit report. Pure: never starts a process, never waits,
//! never reads files or a clock; the same setup gives the same walk. Called by the CLI and by tests
//! of the guide. Failure is a value: [`Refused`] where a run cannot be opened, a [`Stopped`] walk
//! that says why it goes no further, and [`Diagnostics`](attune_pack::Diagnostics) for files.
//!
//! ```text
//! Library  (Programs and actions)  +  Setup (parameters, mocks ...)  --walk-->  Walk  --story-->  Story
//! tests/*.yaml  --parse_tests-->  TestCase  --run_tests-->  Report (verdicts, coverage, JUnit)
//! ```

mod codes;
mod coverage;
mod files;
mod judge;
mod junit;
mod library;
mod masked;
mod mock;
mod report;
mod sample;
mod setup;
mod story;
mod told;
mod walk;

pub use coverage::{Coverage, WorkflowCoverage};
pub use files::{
    Expect, ExpectedError, Named, Placed, Refusal, TestCase, parse_mocks, parse_tests,
};
pub use judge::{Failure, subset_differences};
pub use junit::junit;
pub use library::Library;
pub use mock::{Answer, Ending, Mock, Mocks};
pub use report::{CaseReport, FileReport, Report, run_case, run_tests};
pub use sample::sample;
pub use setup::{CancelSetup, EventSetup, PauseSetup, Setup};
pub use story::{Chapter, Path, Retried, Story, story};
pub use told::told;
pub use walk::{Logged, Missing, NotTaken, Refused, Stopped, Walk, WalkWarning, WalkedRun, walk};
