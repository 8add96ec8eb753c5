//! `attune dev`: from an empty folder to a finished run, and nothing left behind, whatever ends it.

use std::{
    fs::File,
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use attune_local::{free_port, get_status};
use attune_rest::ExecutionDetail;
use attune_types::ExecutionStatus;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    proc::{LONG, processes_of, until},
    world::folder,
};

/// A running `attune dev`.
struct Dev {
    child: Child,
    address: SocketAddr,
    home: PathBuf,
}

impl Dev {
    /// Starts it in a folder, with the packs of the repository, and waits until it is ready.
    fn start(home: &Path) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
        let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs");
        let log = File::create(home.join("log")).unwrap();
        let mut command = clean(home);
        command
            .args(["dev", "--listen", &address.to_string(), "--packs"])
            .arg(packs)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        let mut dev = Self {
            child: command.spawn().unwrap(),
            address,
            home: home.to_owned(),
        };
        let deadline = Instant::now() + LONG;
        while !matches!(get_status(address, "/readyz"), Some((200, _))) || !dev.is_introduced() {
            let ended = dev.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{ended:?}: {}",
                dev.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        dev
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }

    /// Whether it has told everything that it tells at its start.
    fn is_introduced(&self) -> bool {
        self.log().contains("Ctrl-C")
    }

    /// A client command in the same folder, which needs no login.
    fn attune(&self, arguments: &[&str]) -> ExecutionDetail {
        let output = clean(&self.home)
            .args(["-o", "json"])
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{arguments:?}: {output:?}\n{}",
            self.log()
        );
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn end(mut self, signal: Signal) -> ExitStatus {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
        let deadline = Instant::now() + LONG;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // Of a test that failed; else it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The binary with nothing of our environment that could lead it elsewhere.
fn clean(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attune"));
    command
        .current_dir(home)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home);
    command
}

async fn nothing_left(home: &Path) {
    until("no process is left", async || {
        processes_of(home).is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_starts_anywhere_and_leaves_nothing_behind() {
    let folder = folder();
    let home = std::fs::canonicalize(folder.path()).unwrap();

    let dev = Dev::start(&home);
    assert!(
        dev.log().contains(&format!("http://{}", dev.address)),
        "{}",
        dev.log()
    );
    let run = dev.attune(&["run", "examples.check_disk", "path=/", "--wait"]);
    assert_eq!(run.execution.status, ExecutionStatus::Succeeded);
    assert_eq!(run.execution.result["path"], "/");
    assert!(
        processes_of(&home).len() > 1,
        "it has a database of its own"
    );
    let status = dev.end(Signal::SIGINT);
    assert!(status.success(), "{status}");
    nothing_left(&home).await;

    // The same data, and a life that ends without a word.
    let id = run.execution.run.to_string();
    let dev = Dev::start(&home);
    let kept = dev.attune(&["execution", "get", &id]);
    assert_eq!(kept.execution.result, run.execution.result);
    dev.end(Signal::SIGKILL);
    nothing_left(&home).await;

    let dev = Dev::start(&home);
    let kept = dev.attune(&["execution", "get", &id]);
    assert_eq!(kept.execution.result, run.execution.result);
    let again = dev.attune(&["run", "examples.check_disk", "path=/", "--wait"]);
    assert_eq!(again.execution.status, ExecutionStatus::Succeeded);
    assert!(dev.end(Signal::SIGINT).success());
    nothing_left(&home).await;
}
