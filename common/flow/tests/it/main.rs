//! Tests of the workflow language and of runs, in one binary.

mod check_acceptance;
mod check_any_text;
mod check_errors;
mod check_program;
mod check_support;
