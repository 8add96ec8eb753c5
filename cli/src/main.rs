//! The `attune` binary: the client commands, and the one place where services meet their parts.
//!
//! Owns the process: arguments in, exit code out. Everything else is in the modules: `args` (what may
//! be written), `settings`, `compose` (services with their store and bus), `client` (HTTP), `output`,
//! `watch` (a run as it goes) and `command` (one file per noun). Failure: one message on standard
//! error, and the exit code of [`error::CliError`].

mod args;
mod client;
mod command;
mod compose;
mod error;
mod input;
mod output;
mod settings;
mod watch;

use clap::Parser as _;
use std::process::ExitCode;

/// The system's allocator keeps what a large run needed once for as long as the process lives.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    // One provider for the whole process; the first to be installed stays.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(command::run(cli));
    // What still blocks a thread (a read of standard input, for one) must not hold up the exit.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::show_error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
