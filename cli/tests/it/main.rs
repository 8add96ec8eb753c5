//! The binary from outside, without services: what it accepts, what it prints, how it ends. What needs
//! services is in `e2e`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be; helpers outside of test functions too"
)]

mod arguments;
mod client;
mod guides;
mod server;
mod settings;
mod trying;
mod workflows;

use std::path::Path;
use std::process::{Command, Output};

/// The binary in a folder of its own, with nothing of our environment but the path.
fn attune(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attune"));
    command
        .current_dir(home)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home);
    command
}

/// Its standard output.
fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Its standard error.
fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Its exit code.
fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}
