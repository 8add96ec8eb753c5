//! `cargo xtask test`: all tests, with the servers that they share.
//!
//! Owns one Postgres and one RabbitMQ for the time of the tests, and the call of the test runner. Called by `make test`.
//! The exit code is the runner's; its summary is the last thing printed. The servers stop however the runner ends.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::process::{ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result};
use attune_local::PostgresOptions;
use attune_local::shared::{AMQP_URL, POSTGRES_URL};
use tokio::process::Command;

use crate::interrupt::{self, Asked};
use crate::servers::Servers;
use crate::{binary, repo};

/// Runs all tests, or those of the packages that `arguments` name; `arguments` go to the runner as they are.
///
/// # Errors
/// When the servers or the runner cannot be started, or the binary does not build.
pub(crate) async fn run(arguments: Vec<OsString>) -> Result<ExitCode> {
    let everything = !arguments
        .iter()
        .any(|argument| names_package(&argument.to_string_lossy()));
    let binary = if everything {
        Some(
            tokio::task::spawn_blocking(binary::attune)
                .await
                .context("the build broke")??,
        )
    } else {
        None
    };
    let folder = tempfile::Builder::new()
        .prefix("attune-test-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let dir = folder.path().to_path_buf();
    let mut start =
        tokio::task::spawn_blocking(move || Servers::start(&dir, PostgresOptions::for_tests()));
    let servers = tokio::select! {
        started = &mut start => started.context("the start broke")??,
        asked = interrupt::asked() => {
            // What is half started is stopped in order as well.
            drop(start.await);
            return Ok(ExitCode::from(asked.exit_code()));
        }
    };

    let mut code = ExitCode::SUCCESS;
    for mut run in runs(everything, arguments).await? {
        run.current_dir(repo::root()?)
            .stdin(Stdio::null())
            .env(POSTGRES_URL, servers.postgres.url())
            .env(AMQP_URL, servers.rabbitmq.amqp_url());
        if let Some(binary) = &binary {
            run.env(binary::ATTUNE_BIN, binary);
        }
        let status = to_its_end(run).await?;
        if !status.success() {
            code = exit_code(status);
        }
    }
    tokio::task::spawn_blocking(move || drop(servers))
        .await
        .context("the stop broke")?;
    Ok(code)
}

/// What is to be run, in order; the runner with the summary comes last.
async fn runs(everything: bool, arguments: Vec<OsString>) -> Result<Vec<Command>> {
    let mut runs = Vec::new();
    let mut runner = if succeeds(cargo(&["nextest", "--version"])).await {
        if everything {
            runs.extend(doc_tests()?);
        }
        let ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
        cargo(&[
            "nextest",
            "run",
            "--profile",
            if ci { "ci" } else { "default" },
        ])
    } else {
        println!("cargo-nextest is not installed: the tests run with `cargo test`, more slowly");
        cargo(&["test", "--no-fail-fast"])
    };
    if everything {
        runner.arg("--workspace");
    }
    runner.args(arguments);
    runs.push(runner);
    Ok(runs)
}

/// Whether an argument narrows the tests down to a package.
fn names_package(argument: &str) -> bool {
    argument.starts_with("-p") || argument.starts_with("--package")
}

/// Waits for a child through interrupts: the terminal tells the child itself, so that it ends in order and reports;
/// another process tells only us, so we pass it on.
async fn to_its_end(mut command: Command) -> Result<ExitStatus> {
    let mut child = command
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {command:?}"))?;
    loop {
        let asked = tokio::select! {
            status = child.wait() => return status.context("the test runner got lost"),
            asked = interrupt::asked() => asked,
        };
        if let (Asked::Terminate, Some(pid)) = (asked, child.id()) {
            let mut tell = Command::new("kill");
            tell.args(["-TERM", &pid.to_string()])
                .status()
                .await
                .context("cannot pass the signal on")?;
        }
    }
}

/// The doc tests, where there are any: nextest does not run them.
fn doc_tests() -> Result<Option<Command>> {
    let root = repo::root()?;
    for file in repo::tracked("rs")? {
        let text = fs::read_to_string(root.join(&file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        if has_doc_test(&text) {
            return Ok(Some(cargo(&["test", "--quiet", "--workspace", "--doc"])));
        }
    }
    Ok(None)
}

/// Whether a doc comment has a code block that rustdoc would run.
fn has_doc_test(text: &str) -> bool {
    let mut inside = false;
    for line in text.lines().map(str::trim_start) {
        let Some(doc) = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
        else {
            inside = false;
            continue;
        };
        let Some(kind) = doc.trim().strip_prefix("```") else {
            continue;
        };
        let runs = kind.is_empty()
            || kind
                .split(',')
                .any(|word| matches!(word, "rust" | "no_run" | "should_panic" | "compile_fail"));
        if !inside && runs && !kind.contains("ignore") {
            return true;
        }
        inside = !inside;
    }
    false
}

async fn succeeds(mut command: Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .is_ok_and(|status| status.success())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doc_test_is_a_block_that_rustdoc_would_run() {
        assert!(has_doc_test(
            "/// Adds.\n///\n/// ```\n/// add(1, 2);\n/// ```\nfn add() {}"
        ));
        assert!(has_doc_test("//! ```rust,no_run\n//! main();\n//! ```"));
        assert!(!has_doc_test("/// ```text\n/// not code\n/// ```\n"));
        assert!(!has_doc_test("/// ```rust,ignore\n/// x\n/// ```\n"));
        assert!(!has_doc_test("let fence = \"```\";"));
    }

    #[tokio::test]
    async fn the_exit_code_of_a_run_is_the_runners() {
        let run = |code: u8| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("exit {code}")]);
            command
        };
        let status = to_its_end(run(100)).await.unwrap();
        assert_eq!(status.code(), Some(100));
        assert!(to_its_end(run(0)).await.unwrap().success());
        assert!(to_its_end(Command::new("/no/such/program")).await.is_err());
    }
}
