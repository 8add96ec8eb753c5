//! Comparing values: output, inputs, results, variables, labels and cost.

use super::Judge;
use super::subset::{differences, short};
use crate::files::{Expect, Named};
use crate::masked::masked;
use crate::walk::{WalkedRun, split};
use attune_flow::run::{Execution, Parts};
use attune_pack::Span;
use attune_types::{JsonValue, pointer_escape};
use serde_json::json;

impl Judge<'_> {
    pub(super) fn output(&mut self, expect: &Expect) {
        if let Some(wanted) = &expect.output {
            let output = self.root.state.output().clone();
            self.compare("/output", &wanted.value, &output, wanted.span);
        }
    }

    /// Compares values; `place` is the JSON pointer of what is expected, within `expect`.
    fn compare(&mut self, place: &str, wanted: &JsonValue, came: &JsonValue, span: Span) {
        for (pointer, expected, came) in differences(wanted, &masked(came.clone())) {
            let whole = format!("{place}{pointer}");
            let span = match self.written {
                Some(node) => node.span_at(&whole),
                None => span,
            };
            self.fail(named(&whole), expected, came, span);
        }
    }

    pub(super) fn inputs(&mut self, wanted: &Named<JsonValue>) {
        for (path, wanted) in wanted {
            let what = format!("inputs.{path}");
            let place = format!("/inputs/{}", pointer_escape(path));
            let Some((run, execution)) = self.walk.find(path) else {
                self.absent(&what, path, wanted.span);
                continue;
            };
            let of = |execution: &Execution| match &execution.input {
                Some(input) => JsonValue::Object((**input).clone()),
                None => JsonValue::Null,
            };
            let Parts::Items { .. } = &execution.parts else {
                let came = of(execution);
                self.compare(&place, &wanted.value, &came, wanted.span);
                continue;
            };
            let items: Vec<JsonValue> = items_of(run, execution).into_iter().map(of).collect();
            let Some(list) = wanted
                .value
                .as_array()
                .filter(|list| list.len() == items.len())
            else {
                let expected = short(&wanted.value);
                let came = format!("{} items: {}", items.len(), short(&json!(items)));
                self.fail(what, expected, came, wanted.span);
                continue;
            };
            for (index, (wanted_item, came)) in list.iter().zip(&items).enumerate() {
                self.compare(&format!("{place}/{index}"), wanted_item, came, wanted.span);
            }
        }
    }

    pub(super) fn results(&mut self, wanted: &Named<JsonValue>) {
        for (path, wanted) in wanted {
            let what = format!("results.{path}");
            let place = format!("/results/{}", pointer_escape(path));
            let Some((run, execution)) = self.walk.find(path) else {
                self.absent(&what, path, wanted.span);
                continue;
            };
            let came = run.state.result_of(execution);
            self.compare(&place, &wanted.value, &came, wanted.span);
        }
    }

    fn absent(&mut self, what: &str, path: &str, span: Span) {
        let expected = format!("task `{path}` is reached");
        self.fail(what, expected, "it was never reached", span);
    }

    pub(super) fn vars(&mut self, expect: &Expect) {
        for (path, wanted) in &expect.vars {
            let (prefix, name) = split(path);
            let of = self.walk.runs.iter().rev().find(|run| run.path == prefix);
            match of.and_then(|run| run.state.var(name)).cloned() {
                Some(came) => {
                    self.compare(
                        &format!("/vars/{}", pointer_escape(path)),
                        &wanted.value,
                        &came,
                        wanted.span,
                    );
                }
                None => {
                    let expected = short(&wanted.value);
                    self.fail(
                        format!("vars.{path}"),
                        expected,
                        "it was never published",
                        wanted.span,
                    );
                }
            }
        }
    }

    pub(super) fn labels(&mut self, expect: &Expect) {
        for (name, wanted) in &expect.labels {
            let text = match &wanted.value {
                JsonValue::String(text) => text.clone(),
                other => other.to_string(),
            };
            let came = self.root.state.labels().get(name);
            if came != Some(&text) {
                let came = came
                    .cloned()
                    .unwrap_or_else(|| "it has no such label".to_owned());
                self.fail(format!("labels.{name}"), text, came, wanted.span);
            }
        }
    }

    pub(super) fn cost(&mut self, expect: &Expect) {
        if let Some(wanted) = &expect.cost_usd {
            // Child runs' costs count too: they are added up as they are on the run.
            let came: f64 = self.walk.runs.iter().map(|run| run.state.cost_usd()).sum();
            if (came - wanted.value).abs() > 1e-9 {
                self.fail(
                    "cost_usd",
                    wanted.value.to_string(),
                    came.to_string(),
                    wanted.span,
                );
            }
        }
    }
}

/// A pointer as people read it: `output.image`.
fn named(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1);
    let plain: Vec<String> = steps
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect();
    plain.join(".")
}

/// The executions of an iteration's items, in order; those that never began are left out.
fn items_of<'r>(run: &'r WalkedRun, execution: &Execution) -> Vec<&'r Execution> {
    let mut items: Vec<&Execution> = run
        .state
        .in_order()
        .into_iter()
        .filter(|one| one.parent == Some(execution.id) && one.item.is_some())
        .collect();
    items.sort_by_key(|one| one.item);
    items
}
