//! `attune rule`.

use super::event::conditions;
use crate::args::RuleCommand;
use crate::client::Client;
use crate::error::Result;
use crate::input;
use crate::output::{Columns, Output, paint_for_stdout};
use attune_rest::{Nothing, RuleTest, RuleVerdict, RuleView, TriggerView};
use attune_types::{JsonValue, Ref};

/// Does what the command says.
///
/// # Errors
/// What the API refuses.
pub(super) async fn run(client: &Client, command: RuleCommand, output: Output) -> Result<()> {
    match command {
        RuleCommand::List => {
            let rules: Vec<RuleView> = client.whole("/rules").await?;
            let columns = Columns::<RuleView>::new()
                .with("RULE", |rule| rule.reference.to_string())
                .with("STATE", state)
                .with("TRIGGER", |rule| rule.trigger.to_string())
                .with("ACTION", |rule| rule.action.to_string())
                .with("LABEL", |rule| super::short(&rule.label, 40));
            output.list(&rules, &columns)
        }
        RuleCommand::Get { rule } => {
            let rule: RuleView = client.get(&format!("/rules/{rule}")).await?;
            output.one(&rule, |rule| {
                super::facts(&[
                    ("rule", rule.reference.to_string()),
                    ("label", rule.label.clone()),
                    ("description", super::or_dash(rule.description.as_ref())),
                    ("state", state(rule)),
                    ("trigger", rule.trigger.to_string()),
                    ("action", rule.action.to_string()),
                    ("changed", super::time(rule.changed_at)),
                    ("definition", super::value(&rule.definition)),
                ])
            })
        }
        RuleCommand::Enable { rule } => turn(client, &rule, "enable", output).await,
        RuleCommand::Disable { rule } => turn(client, &rule, "disable", output).await,
        RuleCommand::Test {
            rule,
            payload,
            input: whole,
        } => {
            let schema = if payload.is_empty() {
                JsonValue::Null
            } else {
                let view: RuleView = client.get(&format!("/rules/{rule}")).await?;
                let path = format!("/triggers/{}", view.trigger);
                client.get::<TriggerView>(&path).await?.payload
            };
            let body = RuleTest {
                payload: input::object(whole.as_deref(), &payload, &schema)?,
                trigger_parameters: None,
            };
            let verdict: RuleVerdict = client.post(&format!("/rules/{rule}/test"), &body).await?;
            output.one(&verdict, verdict_shown)
        }
    }
}

async fn turn(client: &Client, rule: &Ref, verb: &str, output: Output) -> Result<()> {
    let path = format!("/rules/{rule}/{verb}");
    let rule: RuleView = client.post(&path, &Nothing {}).await?;
    output.one(&rule, |rule| {
        format!("{} is {}", rule.reference, state(rule))
    })
}

fn state(rule: &RuleView) -> String {
    let paint = paint_for_stdout();
    match (rule.present, rule.enabled) {
        (false, _) => paint.dim("gone"),
        (true, true) => paint.green("enabled"),
        (true, false) => paint.dim("disabled"),
    }
}

fn verdict_shown(verdict: &RuleVerdict) -> String {
    let paint = paint_for_stdout();
    let head = if verdict.fired {
        paint.green("would fire")
    } else {
        paint.yellow("would not fire")
    };
    let message = verdict.explanation["message"]
        .as_str()
        .unwrap_or(&verdict.reason);
    let mut text = format!("{} {head}: {message}\n", verdict.rule);
    text.push_str(&conditions(&verdict.explanation));
    if let Some(input) = &verdict.input {
        let input = super::value(&JsonValue::Object(input.clone()));
        text.push_str(&super::facts(&[
            ("action", verdict.action.to_string()),
            ("input", input),
        ]));
    }
    text
}
