//! Tests of the workflow language and of runs, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should end; clippy only knows the test functions themselves"
)]

mod check_acceptance;
mod check_any_text;
mod check_errors;
mod check_fixtures;
mod check_keys;
mod check_limits;
mod check_marked;
mod check_names;
mod check_pack;
mod check_pages;
mod check_program;
mod check_support;
mod program_stored;
mod run_acceptance;
mod run_basics;
mod run_concurrency;
mod run_corners;
mod run_cost;
mod run_joins;
mod run_keys;
mod run_limits;
mod run_parts;
mod run_rerun;
mod run_rerun_parts;
mod run_retry;
mod run_secrets;
mod run_simulation;
mod run_time;
mod run_undo;
