//! The case files: what a case says, and the reading of it.
//!
//! Owns the form of the files. Never talks to a server. Called by the acceptance command.
//! A file that says something unknown is an error that names the file and the place.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use attune_types::ExecutionStatus;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One case: how a run starts, what happens meanwhile, and what must come of it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// `pack/case`, for people.
    pub(crate) name: String,
    /// The folder of the pack that the case belongs to.
    pub(crate) pack: PathBuf,
    pub(crate) start: Start,
    pub(crate) during: Vec<Step>,
    pub(crate) expect: Expect,
}

/// How the run of a case comes to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Start {
    /// A person starts an action or a workflow.
    Run { action: String, parameters: Value },
    /// An event comes in, and a rule starts it.
    Emit(Emission),
}

/// A trigger event from outside.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Emission {
    pub(crate) trigger: String,
    #[serde(default = "empty_map")]
    pub(crate) payload: Value,
}

/// One thing that people or the outside world do while the run goes on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) deed: Deed,
    /// All of these must hold before it can be done.
    pub(crate) once: Vec<Condition>,
    /// The status that the server must refuse it with.
    pub(crate) refused: Option<u16>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    Answer {
        task: String,
        by: Person,
        with: Value,
    },
    Emit(Emission),
    Control(Control),
}

/// What can be asked of a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Control {
    Pause,
    Resume,
    Cancel,
    Compensate,
}

impl Control {
    /// The word that the API and the case files use.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Compensate => "compensate",
        }
    }
}

/// Who does it: `user:anna`, `user:anna role:operator`, or anybody of a role with `role:director`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) role: Option<String>,
}

/// `<task> is <status>` or `the run is <status>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The task's name; none where the run itself is meant.
    pub(crate) task: Option<String>,
    pub(crate) status: ExecutionStatus,
}

/// What must come of a case. What is not named is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Expect {
    pub(crate) status: Option<ExecutionStatus>,
    pub(crate) output: Option<Value>,
    pub(crate) tasks: BTreeMap<String, TaskStatus>,
    pub(crate) order: Vec<String>,
    pub(crate) results: BTreeMap<String, Value>,
    pub(crate) started_once: Vec<String>,
    pub(crate) error: Option<ExpectedError>,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) labels: BTreeMap<String, Value>,
    pub(crate) compensated: BTreeMap<String, Value>,
    pub(crate) refused: Option<u16>,
    pub(crate) errors: Vec<FieldComplaint>,
    pub(crate) no_run_of: Option<String>,
    pub(crate) why: Option<Why>,
}

/// Where a task must stand at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum TaskStatus {
    /// It never started.
    Absent,
    Is(ExecutionStatus),
}

/// The run's error: whose it is, and a part of its code or message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedError {
    pub(crate) task: Option<String>,
    pub(crate) says: Option<String>,
}

/// One error of a refused start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldComplaint {
    pub(crate) pointer: String,
    pub(crate) says: Option<String>,
}

/// What the delivery log must name as the reason that a rule did not fire.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    pub(crate) failed: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    run: Option<String>,
    emit: Option<Emission>,
    #[serde(default = "empty_map")]
    parameters: Value,
    #[serde(default)]
    during: Vec<RawStep>,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    answer: Option<String>,
    #[serde(rename = "as")]
    by: Option<Person>,
    #[serde(default = "empty_map")]
    with: Value,
    emit: Option<Emission>,
    control: Option<Control>,
    #[serde(default)]
    once: Option<String>,
    refused: Option<u16>,
}

impl Case {
    /// Reads the text of a case file that lies in `<pack>/cases/`.
    ///
    /// # Errors
    /// When the text is not a case, with what is wrong and where.
    pub(crate) fn parse(file: &Path, text: &str) -> Result<Self> {
        Self::read(file, text).with_context(|| format!("{} is not a case", file.display()))
    }

    fn read(file: &Path, text: &str) -> Result<Self> {
        let raw: RawCase = serde_saphyr::from_str(text)?;
        let pack = file
            .parent()
            .and_then(Path::parent)
            .context("it does not lie in <pack>/cases/")?;
        let part = |path: &Path| {
            path.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        let start = match (raw.run, raw.emit) {
            (Some(action), None) => Start::Run {
                action,
                parameters: raw.parameters,
            },
            (None, Some(emission)) => Start::Emit(emission),
            _ => bail!("it needs one of `run` and `emit`"),
        };
        let during = raw
            .during
            .into_iter()
            .map(Step::try_from)
            .collect::<Result<_>>()?;
        let case = Self {
            name: format!("{}/{}", part(pack), part(file)),
            pack: pack.to_path_buf(),
            start,
            during,
            expect: raw.expect,
        };
        case.hold_together()?;
        Ok(case)
    }

    /// Refuses what could never be judged.
    fn hold_together(&self) -> Result<()> {
        let expect = &self.expect;
        ensure!(
            expect.no_run_of.is_none() || matches!(self.start, Start::Emit(_)),
            "`no_run_of` goes with `emit`"
        );
        ensure!(
            expect.why.is_none() || expect.no_run_of.is_some(),
            "`why` goes with `no_run_of`"
        );
        ensure!(
            expect.errors.is_empty() || expect.refused.is_some(),
            "`errors` goes with `refused`"
        );
        ensure!(*expect != Expect::default(), "it expects nothing");
        Ok(())
    }

    /// The triggers that this case emits. Two cases that emit the same one could reach each other's runs.
    pub(crate) fn emits(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .during
            .iter()
            .filter_map(|step| match &step.deed {
                Deed::Emit(emission) => Some(emission.trigger.clone()),
                Deed::Answer { .. } | Deed::Control(_) => None,
            })
            .collect();
        if let Start::Emit(emission) = &self.start {
            all.push(emission.trigger.clone());
        }
        all.sort();
        all.dedup();
        all
    }
}

impl TryFrom<RawStep> for Step {
    type Error = anyhow::Error;

    fn try_from(raw: RawStep) -> Result<Self> {
        let deed = match (raw.answer, raw.emit, raw.control) {
            (Some(task), None, None) => {
                let by = raw.by.context("an `answer` needs `as`: who gives it")?;
                Deed::Answer {
                    task,
                    by,
                    with: raw.with,
                }
            }
            (None, Some(emission), None) => Deed::Emit(emission),
            (None, None, Some(control)) => Deed::Control(control),
            _ => bail!("a step needs one of `answer`, `emit` and `control`"),
        };
        let once = match raw.once {
            Some(text) => text.split(" and ").map(str::parse).collect::<Result<_>>()?,
            None => Vec::new(),
        };
        Ok(Self {
            deed,
            once,
            refused: raw.refused,
        })
    }
}

impl FromStr for Condition {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (subject, status) = text
            .trim()
            .split_once(" is ")
            .with_context(|| format!("`{text}` is not of the form `<task> is <status>`"))?;
        let status = status.trim().parse()?;
        let task = (subject.trim() != "the run").then(|| subject.trim().to_owned());
        Ok(Self { task, status })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} is {}",
            self.task.as_deref().unwrap_or("the run"),
            self.status
        )
    }
}

impl TryFrom<String> for Person {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut login = None;
        let mut role = None;
        for part in text.split_whitespace() {
            match part.split_once(':') {
                Some(("user", name)) if !name.is_empty() => login = Some(name.to_owned()),
                Some(("role", name)) if !name.is_empty() => role = Some(name.to_owned()),
                _ => {
                    return Err(format!(
                        "`{part}` is neither `user:<name>` nor `role:<name>`"
                    ));
                }
            }
        }
        match (login, role) {
            (Some(login), role) => Ok(Self { login, role }),
            (None, Some(role)) => Ok(Self {
                login: format!("some-{role}"),
                role: Some(role),
            }),
            (None, None) => Err("`as` names nobody".to_owned()),
        }
    }
}

impl TryFrom<String> for TaskStatus {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "absent" {
            return Ok(Self::Absent);
        }
        text.parse()
            .map(Self::Is)
            .map_err(|error: attune_types::StatusError| error.to_string())
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => out.write_str("absent"),
            Self::Is(status) => status.fmt(out),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.deed {
            Deed::Answer { task, by, .. } => write!(out, "answer of {task} by {}", by.login)?,
            Deed::Emit(emission) => write!(out, "emit of {}", emission.trigger)?,
            Deed::Control(control) => write!(out, "{}", control.as_str())?,
        }
        for (at, condition) in self.once.iter().enumerate() {
            write!(out, " {} {condition}", if at == 0 { "once" } else { "and" })?;
        }
        Ok(())
    }
}

fn empty_map() -> Value {
    Value::Object(Map::new())
}

#[cfg(test)]
mod tests;
