//! One case, from its start to its judgement.
//!
//! Owns the order in which things are done: each step waits until it can be done, in whatever order that comes to be;
//! of those that can, the one that stands first in the file goes first. Called by the acceptance command.
//! What differs from the expectations is a value; an error is something that kept the case from being played.

use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{Stream, StreamExt};
use serde_json::{Map, Value, json};

use crate::acceptance::case::{Case, Control, Deed, Emission, Start, Step};
use crate::acceptance::judge;
use crate::acceptance::observed::Observed;
use crate::acceptance::people::People;
use crate::client::{Answer, Client};

/// How soon to look again where nothing is pushed.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How soon to look again although nothing was pushed: a lost push costs this and no more.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// The server that the cases are played on, and the people who play.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) admin: Client,
    pub(crate) people: People,
    /// The longest that a case may take.
    pub(crate) limit: Duration,
}

/// Plays a case; returns all that was not as expected.
pub(crate) async fn play(case: &Case, stage: &Stage) -> Vec<String> {
    let waiting_for = Mutex::new("its start".to_owned());
    let play = Play {
        case,
        stage,
        waiting_for: &waiting_for,
    };
    match tokio::time::timeout(stage.limit, play.all()).await {
        Ok(Ok(wrong)) => wrong,
        Ok(Err(error)) => vec![format!("{error:#}")],
        Err(_) => {
            let waiting_for = waiting_for
                .lock()
                .map(|text| text.clone())
                .unwrap_or_default();
            vec![format!(
                "not over after {} s, still waiting for {waiting_for}",
                stage.limit.as_secs()
            )]
        }
    }
}

/// A case while it is played.
struct Play<'a> {
    case: &'a Case,
    stage: &'a Stage,
    waiting_for: &'a Mutex<String>,
}

/// How the start went on.
enum Started {
    Run(String),
    /// Nothing goes on, and this is all that was not as expected.
    Over(Vec<String>),
}

impl Play<'_> {
    async fn all(&self) -> Result<Vec<String>> {
        match self.start().await? {
            Started::Over(wrong) => Ok(wrong),
            Started::Run(id) => self.follow(&id).await,
        }
    }

    async fn start(&self) -> Result<Started> {
        let answer = match &self.case.start {
            Start::Run { action, parameters } => {
                let body = json!({"action": action, "parameters": parameters});
                self.stage.admin.post("/executions", &body).await?
            }
            Start::Emit(emission) => self.emit(emission).await?,
        };
        if let Some(status) = self.case.expect.refused {
            return Ok(Started::Over(judge::refusal(
                status,
                &self.case.expect.errors,
                &answer,
            )));
        }
        let id = id_of(&answer.ok()?)?;
        if matches!(self.case.start, Start::Run { .. }) {
            return Ok(Started::Run(id));
        }
        self.enforced(&id).await
    }

    /// What the rules made of an event. All of an event's rows come into the delivery log at once.
    async fn enforced(&self, event: &str) -> Result<Started> {
        self.now_waiting_for(format!("the delivery log of event {event}"));
        let rows = loop {
            let rows = self
                .stage
                .admin
                .list(&format!("/enforcements?event={event}"))
                .await?;
            if !rows.is_empty() {
                break rows;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        if let Some(rule) = &self.case.expect.no_run_of {
            let row = rows.iter().find(|row| row["rule"] == rule.as_str());
            let row = row.with_context(|| format!("the delivery log says nothing of {rule}"))?;
            return Ok(Started::Over(judge::silence(
                rule,
                self.case.expect.why.as_ref(),
                row,
            )));
        }
        let fired = rows.iter().find_map(|row| {
            row["execution_id"]
                .as_str()
                .filter(|_| row["fired"] == true)
        });
        match fired {
            Some(id) => Ok(Started::Run(id.to_owned())),
            None => bail!("the event fired no rule: {}", Value::Array(rows)),
        }
    }

    async fn follow(&self, id: &str) -> Result<Vec<String>> {
        let mut left: Vec<&Step> = self.case.during.iter().collect();
        let asks = left
            .iter()
            .any(|step| matches!(step.deed, Deed::Answer { .. }));
        let mut pulse = Pulse::of(&self.stage.admin, id).await;
        // How the run stood when it was asked to undo what it did.
        let mut undoing: Option<(Value, Value)> = None;
        loop {
            let seen = Observed::look(&self.stage.admin, id, asks).await?;
            if let Some(at) = left.iter().position(|step| can_be_done(step, &seen)) {
                let step = left.remove(at);
                self.act(step, id, &seen)
                    .await
                    .with_context(|| step.to_string())?;
                if step.deed == Deed::Control(Control::Compensate) && step.refused.is_none() {
                    undoing = Some(standing(&seen));
                }
                continue;
            }
            let status = seen.status()?;
            let begins = undoing.as_ref() == Some(&standing(&seen));
            let as_expected = self.case.expect.status == Some(status);
            if left.is_empty() && !begins && (as_expected || status.is_terminal()) {
                return Ok(judge::run(&self.case.expect, &seen));
            }
            if status.is_terminal() && !begins {
                let mut wrong = vec![format!("during: the run ended before {}", list(&left))];
                wrong.extend(judge::run(&self.case.expect, &seen));
                return Ok(wrong);
            }
            let next = if left.is_empty() {
                "the end".to_owned()
            } else {
                list(&left)
            };
            self.now_waiting_for(format!("{next}; {}", seen.summary()));
            pulse.next().await;
        }
    }

    /// Does one step, and holds the server to the refusal that the case asks for.
    async fn act(&self, step: &Step, id: &str, seen: &Observed) -> Result<()> {
        let answer = match &step.deed {
            Deed::Answer { task, by, with } => {
                let inquiry = seen.open_inquiry(task).context("the inquiry has gone")?;
                let person = self.stage.people.client(by).await?;
                person
                    .post(&format!("/inquiries/{inquiry}/respond"), &response(with))
                    .await?
            }
            Deed::Emit(emission) => self.emit(emission).await?,
            Deed::Control(control) => {
                self.stage
                    .admin
                    .post(
                        &format!("/executions/{id}/{}", control.as_str()),
                        &json!({}),
                    )
                    .await?
            }
        };
        match step.refused {
            None => answer.ok().map(drop),
            Some(status) if answer.status == status => Ok(()),
            Some(status) if answer.status < 300 => {
                bail!("expected a refusal with {status}, but it was accepted")
            }
            Some(status) => bail!("expected a refusal with {status}, but {}", answer.refusal()),
        }
    }

    async fn emit(&self, emission: &Emission) -> Result<Answer> {
        let body = json!({"trigger": emission.trigger, "payload": emission.payload});
        self.stage.admin.post("/events", &body).await
    }

    fn now_waiting_for(&self, text: String) {
        if let Ok(mut waiting_for) = self.waiting_for.lock() {
            *waiting_for = text;
        }
    }
}

/// Tells when a run may have moved.
struct Pulse {
    stream: Option<Pin<Box<dyn Stream<Item = ()> + Send>>>,
}

impl Pulse {
    async fn of(client: &Client, id: &str) -> Self {
        let stream = client.pulse(&format!("/executions/{id}/stream")).await.ok();
        Self {
            stream: stream.map(|stream| Box::pin(stream) as Pin<Box<dyn Stream<Item = ()> + Send>>),
        }
    }

    async fn next(&mut self) {
        let Some(stream) = &mut self.stream else {
            tokio::time::sleep(LOOK_AGAIN).await;
            return;
        };
        if let Ok(None) = tokio::time::timeout(LOOK_ANYWAY, stream.next()).await {
            self.stream = None;
        }
    }
}

/// What differs between one end of a run and its next.
fn standing(seen: &Observed) -> (Value, Value) {
    (seen.run["status"].clone(), seen.run["ended_at"].clone())
}

/// An answer needs its task to wait and its inquiry to be open; every step needs what it names.
fn can_be_done(step: &Step, seen: &Observed) -> bool {
    let ready = match &step.deed {
        Deed::Answer { task, .. } => {
            seen.task_status(task) == Some("waiting") && seen.open_inquiry(task).is_some()
        }
        Deed::Emit(_) | Deed::Control(_) => true,
    };
    ready && step.once.iter().all(|condition| seen.holds(condition))
}

/// `approved` says yes or no; what stands beside it is the filled-in form.
fn response(with: &Value) -> Value {
    let mut form: Map<String, Value> = with.as_object().cloned().unwrap_or_default();
    let approved = form.remove("approved").unwrap_or(Value::Bool(true));
    json!({"approved": approved, "response": form})
}

fn id_of(body: &Value) -> Result<String> {
    Ok(body["id"]
        .as_str()
        .context("the answer has no id")?
        .to_owned())
}

fn list(steps: &[&Step]) -> String {
    steps
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
