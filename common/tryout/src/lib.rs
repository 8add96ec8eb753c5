//! Trying a workflow without running it: mocked results, a clock that jumps, and tests in packs.
//!
//! Owns the walk of a Program on the same `decide` and `evolve` that run it for real, the test files
//! of packs, their coverage and their report. Pure: never starts a process, never waits, never reads
//! files. Called by the CLI.
