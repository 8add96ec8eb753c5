//! Our own services as separate processes.
//!
//! Owns a set of named processes, each with its own log file under `dir/logs`. Knows nothing of what
//! they are: a [`ProcessSpec`] says what to run and where it tells that it is ready. Lets a test kill,
//! pause, continue and restart any one by name. Never restarts one by itself: a process that ends is
//! for the caller to notice.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitStatus,
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    LocalError, Result,
    error::IoContext,
    get_status,
    guard::{Guarded, Launch, POLL},
    log, ports,
};

/// One process of a stack.
#[derive(Debug, Clone)]
pub struct ProcessSpec {
    /// What it is called in the stack; also the name of its log file.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its environment, on top of ours.
    pub env: BTreeMap<String, String>,
    /// Where `GET /readyz` answers 200 once it is ready; without it, it is ready at once.
    pub ready: Option<SocketAddr>,
    /// How long it may take to end after SIGTERM.
    pub grace: Duration,
}

impl ProcessSpec {
    /// A process with no arguments, no environment of its own and ten seconds of grace.
    #[must_use]
    pub fn new(name: &str, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            ready: None,
            grace: Duration::from_secs(10),
        }
    }
}

#[derive(Debug)]
struct Process {
    spec: ProcessSpec,
    running: Option<Guarded>,
}

/// Named processes. All are stopped when it is dropped.
#[derive(Debug)]
pub struct Stack {
    dir: PathBuf,
    processes: Vec<Process>,
}

impl Stack {
    /// An empty stack whose log files lie in `dir/logs`.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub fn new(dir: &Path) -> Result<Self> {
        let logs = dir.join("logs");
        std::fs::create_dir_all(&logs).attempt(|| format!("making {}", logs.display()))?;
        let dir = std::fs::canonicalize(dir).attempt(|| format!("finding {}", dir.display()))?;
        Ok(Self {
            dir,
            processes: Vec::new(),
        })
    }

    /// Runs a command to its end and fails unless it succeeds. It does not become part of the stack.
    ///
    /// # Errors
    /// If it cannot be started, does not end in time or ends with a failure; quotes its log.
    pub fn run_to_end(&self, spec: &ProcessSpec, limit: Duration) -> Result<()> {
        let mut process = Guarded::spawn(&self.launch(spec))?;
        match process.wait_for(limit) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.failed(&spec.name, status)),
            None => Err(self.late(&format!("the end of {}", spec.name), &spec.name, limit)),
        }
    }

    /// Adds a process and starts it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(&mut self, spec: ProcessSpec) -> Result<()> {
        let running = Some(Guarded::spawn(&self.launch(&spec))?);
        self.processes.push(Process { spec, running });
        Ok(())
    }

    /// Waits until one is ready. One that ends before is a failure that quotes its log.
    ///
    /// # Errors
    /// If it ends, or is not ready in time.
    pub fn wait_ready(&mut self, name: &str, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        let Some(address) = self.process(name)?.spec.ready else {
            return Ok(());
        };
        loop {
            let ended = match &mut self.process(name)?.running {
                Some(running) => running.try_wait(),
                None => None,
            };
            if let Some(status) = ended {
                return Err(self.failed(name, status));
            }
            let answer = get_status(address, "/readyz");
            if matches!(answer, Some((200, _))) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let said = answer.map(|(status, body)| format!(" (/readyz says {status} {body})"));
                let what = format!("{name} becoming ready{}", said.unwrap_or_default());
                return Err(self.late(&what, name, limit));
            }
            thread::sleep(POLL);
        }
    }

    /// Waits until all are ready.
    ///
    /// # Errors
    /// If one ends, or is not ready in time.
    pub fn wait_all_ready(&mut self, limit: Duration) -> Result<()> {
        for name in self.names() {
            self.wait_ready(&name, limit)?;
        }
        Ok(())
    }

    /// The names of all processes, in the order they were started.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.processes
            .iter()
            .map(|process| process.spec.name.clone())
            .collect()
    }

    /// Where a process says whether it is ready, if it does.
    #[must_use]
    pub fn ready_at(&self, name: &str) -> Option<SocketAddr> {
        let mut all = self.processes.iter();
        all.find(|process| process.spec.name == name)?.spec.ready
    }

    /// The process id, if it runs.
    pub fn pid(&mut self, name: &str) -> Option<u32> {
        let running = self.process(name).ok()?.running.as_mut()?;
        running.try_wait().is_none().then(|| running.pid())
    }

    /// The first process that has ended by itself, with its status.
    pub fn ended(&mut self) -> Option<(String, ExitStatus)> {
        self.processes.iter_mut().find_map(|process| {
            let status = process.running.as_mut()?.try_wait()?;
            Some((process.spec.name.clone(), status))
        })
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// If no process has that name.
    pub fn kill9(&mut self, name: &str) -> Result<()> {
        if let Some(mut running) = self.process(name)?.running.take() {
            running.kill9();
        }
        Ok(())
    }

    /// SIGSTOP: it stands still until [`Stack::resume`].
    ///
    /// # Errors
    /// If no process has that name.
    pub fn pause(&mut self, name: &str) -> Result<()> {
        self.signal(name, Signal::SIGSTOP)
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// If no process has that name.
    pub fn resume(&mut self, name: &str) -> Result<()> {
        self.signal(name, Signal::SIGCONT)
    }

    /// SIGTERM, then SIGKILL after the grace time. Gives how it ended.
    ///
    /// # Errors
    /// If no process has that name.
    pub fn stop(&mut self, name: &str) -> Result<Option<ExitStatus>> {
        Ok(self
            .process(name)?
            .running
            .take()
            .and_then(|mut running| running.stop()))
    }

    /// Starts one again with the same specification, stopping it first if it runs. Does not wait
    /// until it is ready.
    ///
    /// # Errors
    /// If no process has that name or it cannot be started.
    pub fn restart(&mut self, name: &str) -> Result<()> {
        self.stop(name)?;
        let spec = self.process(name)?.spec.clone();
        let running = Guarded::spawn(&self.launch(&spec))?;
        self.process(name)?.running = Some(running);
        Ok(())
    }

    /// Stops all: asks every one first, then waits for each.
    pub fn stop_all(&mut self) {
        for process in &mut self.processes {
            if let Some(running) = &mut process.running {
                running.signal(Signal::SIGTERM);
            }
        }
        for process in &mut self.processes {
            if let Some(mut running) = process.running.take() {
                running.stop();
            }
        }
    }

    /// The log file of a process.
    #[must_use]
    pub fn log_path(&self, name: &str) -> PathBuf {
        self.dir.join("logs").join(format!("{name}.log"))
    }

    /// The end of a process's log.
    #[must_use]
    pub fn log_tail(&self, name: &str, lines: usize) -> String {
        log::tail(&self.log_path(name), lines)
    }

    fn signal(&mut self, name: &str, signal: Signal) -> Result<()> {
        if let Some(running) = &mut self.process(name)?.running {
            running.signal(signal);
        }
        Ok(())
    }

    fn process(&mut self, name: &str) -> Result<&mut Process> {
        self.processes
            .iter_mut()
            .find(|process| process.spec.name == name)
            .ok_or_else(|| LocalError::UnknownProcess {
                name: name.to_owned(),
            })
    }

    fn launch(&self, spec: &ProcessSpec) -> Launch {
        let mut launch = Launch::new(&spec.program, self.log_path(&spec.name));
        launch.args.clone_from(&spec.args);
        launch.env.clone_from(&spec.env);
        launch.cwd.clone_from(&self.dir);
        launch.grace = spec.grace;
        launch
    }

    fn failed(&self, name: &str, status: ExitStatus) -> LocalError {
        LocalError::Failed {
            what: name.to_owned(),
            detail: format!("{status}, {}", self.log_tail(name, 20)),
        }
    }

    fn late(&self, what: &str, name: &str, limit: Duration) -> LocalError {
        LocalError::Timeout {
            what: what.to_owned(),
            seconds: limit.as_secs(),
            detail: self.log_tail(name, 20),
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop_all();
    }
}

/// How to start the three services of Attune from its one binary.
#[derive(Debug, Clone)]
pub struct AttuneStack {
    /// The `attune` binary.
    pub binary: PathBuf,
    /// Where logs go.
    pub dir: PathBuf,
    /// The environment of every process: database, bus, secrets.
    pub env: BTreeMap<String, String>,
    /// How many executors.
    pub executors: usize,
    /// The variable that says where the API listens.
    pub api_listen_var: String,
    /// The variable that says where metrics and health are served.
    pub ops_listen_var: String,
    /// How long migration, and then readiness, may take.
    pub limit: Duration,
}

impl AttuneStack {
    /// Two executors and the variable names of the configuration.
    #[must_use]
    pub fn new(binary: &Path, dir: &Path, env: BTreeMap<String, String>) -> Self {
        Self {
            binary: binary.to_owned(),
            dir: dir.to_owned(),
            env,
            executors: 2,
            api_listen_var: "ATTUNE__API__LISTEN".to_owned(),
            ops_listen_var: "ATTUNE__METRICS__LISTEN".to_owned(),
            limit: Duration::from_secs(60),
        }
    }

    /// Migrates, starts `api`, `executor-1` .. `executor-N` and `sensor` on free ports and waits
    /// until all are ready. Gives the running stack and the API's address.
    ///
    /// # Errors
    /// If one of them fails or is late; quotes its log.
    pub fn start(&self) -> Result<(Stack, SocketAddr)> {
        let mut stack = Stack::new(&self.dir)?;
        stack.run_to_end(&self.spec("migrate", &["migrate"]), self.limit)?;
        let api = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free_port()?));
        let mut specs = vec![self.service("api", "api")?];
        specs[0]
            .env
            .insert(self.api_listen_var.clone(), api.to_string());
        for number in 1..=self.executors {
            specs.push(self.service(&format!("executor-{number}"), "executor")?);
        }
        specs.push(self.service("sensor", "sensor")?);
        for spec in specs {
            stack.start(spec)?;
        }
        stack.wait_all_ready(self.limit)?;
        Ok((stack, api))
    }

    /// One more executor, not started: for [`Stack::start`].
    ///
    /// # Errors
    /// If no port is free.
    pub fn executor(&self, name: &str) -> Result<ProcessSpec> {
        self.service(name, "executor")
    }

    fn service(&self, name: &str, role: &str) -> Result<ProcessSpec> {
        let ops = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free_port()?));
        let mut spec = self.spec(name, &["serve", role]);
        spec.env
            .insert(self.ops_listen_var.clone(), ops.to_string());
        spec.ready = Some(ops);
        Ok(spec)
    }

    fn spec(&self, name: &str, args: &[&str]) -> ProcessSpec {
        let mut spec = ProcessSpec::new(name, &self.binary);
        spec.args = args.iter().map(Into::into).collect();
        spec.env.clone_from(&self.env);
        spec
    }
}
