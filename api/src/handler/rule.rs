//! Rules and triggers: look, turn on and off, try against an event that did not happen.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::audit;
use crate::body::{Body, OptionalBody};
use crate::code;
use crate::endpoint::{Endpoint, get, post, q};
use crate::ids::{new_id, reference};
use crate::packs::changed;
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_catalogue::KeyRows;
use attune_port::RegisteredRule;
use attune_rest::{Nothing, Page, RuleTest, RuleVerdict, RuleView, TriggerView};
use attune_rules::{CompiledRule, TriggerEvent};
use attune_template::{Ambient, KeySet};
use attune_types::{EventId, JsonMap, JsonValue, Ref};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::json;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/rules", Access::Viewer, list)
            .says("rules", "list_rules", "All rules, in order of reference.")
            .query(&[
                q("pack", "Only of this pack."),
                q("trigger", "Only those that listen to this trigger."),
                q("enabled", "`true` or `false`."),
            ])
            .pages::<RuleView>(),
        get("/api/v1/rules/{ref}", Access::Viewer, show)
            .says("rules", "get_rule", "One rule.")
            .gives::<RuleView>(200),
        post("/api/v1/rules/{ref}/enable", Access::Operator, enable)
            .says("rules", "enable_rule", "Turns a rule on.")
            .takes::<Nothing>()
            .gives::<RuleView>(200),
        post("/api/v1/rules/{ref}/disable", Access::Operator, disable)
            .says("rules", "disable_rule", "Turns a rule off.")
            .takes::<Nothing>()
            .gives::<RuleView>(200),
        post("/api/v1/rules/{ref}/test", Access::Viewer, test)
            .says("rules", "test_rule", "Holds a rule against an event that did not happen: would it fire, with what input, and why. Starts nothing.")
            .takes::<RuleTest>()
            .gives::<RuleVerdict>(200),
        get("/api/v1/triggers", Access::Viewer, triggers)
            .says("rules", "list_triggers", "All kinds of events, in order of reference.")
            .query(&[q("pack", "Only of this pack.")])
            .pages::<TriggerView>(),
        get("/api/v1/triggers/{ref}", Access::Viewer, trigger)
            .says("rules", "get_trigger", "One kind of event.")
            .gives::<TriggerView>(200),
    ]
}

async fn list(State(app): State<App>, mut params: Params) -> Answer<Json<Page<RuleView>>> {
    let pack: Option<String> = params.one("pack");
    let trigger: Option<Ref> = params.one("trigger");
    let enabled: Option<bool> = params.one("enabled");
    params.finish()?;
    let rules = app.deps.stores.catalogue.rules().await?;
    let wanted = |rule: &&RegisteredRule| {
        pack.as_ref()
            .is_none_or(|pack| rule.def.reference.pack() == pack)
            && trigger
                .as_ref()
                .is_none_or(|trigger| rule.def.trigger == *trigger)
            && enabled.is_none_or(|enabled| rule.def.enabled == enabled)
    };
    Ok(Json(Page::whole(
        rules.iter().filter(wanted).map(view::rule).collect(),
    )))
}

async fn find(app: &App, text: &str) -> Answer<RegisteredRule> {
    let name = reference("rule", text)?;
    let rules = app.deps.stores.catalogue.rules().await?;
    rules
        .into_iter()
        .find(|rule| rule.def.reference == name)
        .ok_or_else(|| Refusal::not_found("rule", name))
}

async fn show(State(app): State<App>, Path(text): Path<String>) -> Answer<Json<RuleView>> {
    Ok(Json(view::rule(&find(&app, &text).await?)))
}

async fn enable(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Answer<Json<RuleView>> {
    turn(&app, &caller, &text, true).await
}

async fn disable(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Answer<Json<RuleView>> {
    turn(&app, &caller, &text, false).await
}

async fn turn(app: &App, caller: &Caller, text: &str, on: bool) -> Answer<Json<RuleView>> {
    let rule = find(app, text).await?;
    let name = rule.def.reference;
    if on && !rule.present {
        return Err(Refusal::new(
            &code::CONFLICT,
            format!("the rule `{name}` is no longer in its pack"),
        ));
    }
    if !app
        .deps
        .stores
        .catalogue
        .set_rule_enabled(&name, on)
        .await?
    {
        return Err(Refusal::not_found("rule", name));
    }
    changed(app).await;
    let what = if on { "rule.enable" } else { "rule.disable" };
    audit(app, caller, what, &name, json!({})).await;
    Ok(Json(view::rule(&find(app, text).await?)))
}

async fn test(
    State(app): State<App>,
    Path(text): Path<String>,
    Body { value: given }: Body<RuleTest>,
) -> Answer<Json<RuleVerdict>> {
    let rule = find(&app, &text).await?;
    let clock = &app.deps.clock;
    let ambient = Ambient {
        now: clock.now(),
        entropy: clock.entropy(),
    };
    let event = TriggerEvent {
        id: EventId(new_id(&**clock)),
        trigger: rule.def.trigger.clone(),
        payload: JsonValue::Object(given.payload),
        at: ambient.now,
        source: Some("test".to_owned()),
        dedupe: None,
        trigger_parameters: given.trigger_parameters,
    };
    let catalogue = app.deps.directory.current();
    let config = catalogue
        .packs
        .get(rule.def.reference.pack())
        .map(|pack| pack.config.clone())
        .unwrap_or_default();
    let known = keys(&app, &rule).await?;
    // Templates are bounded, but not free: not on a thread that serves others.
    let verdict = tokio::task::spawn_blocking(move || {
        CompiledRule::compile(rule.def, config)
            .map(|rule| rule.evaluate_with_keys(&event, ambient, &known))
    })
    .await
    .map_err(|error| {
        tracing::error!(%error, "testing a rule broke");
        Refusal::new(&code::INTERNAL, "the rule could not be tested")
    })?
    .map_err(|error| Refusal::new(&code::INVALID, error.to_string()))?;
    let mut input = verdict.input.map(JsonValue::Object);
    if let Some(input) = &mut input {
        crate::mask::mask_input(input, Some(&verdict.action), &catalogue);
    }
    Ok(Json(RuleVerdict {
        rule: verdict.rule,
        fired: verdict.fired,
        reason: verdict.explanation.reason.as_str().to_owned(),
        explanation: json!(verdict.explanation),
        action: verdict.action,
        input: match input {
            Some(JsonValue::Object(map)) => Some(map),
            _ => None,
        },
        dedupe: verdict.dedupe,
    }))
}

/// The keys that a rule reads. A rule that is wrong reads none; that is said when it is tried.
async fn keys(app: &App, rule: &RegisteredRule) -> Answer<KeySet> {
    let Ok(compiled) = CompiledRule::compile(rule.def.clone(), JsonMap::new()) else {
        return Ok(KeySet::closed([]));
    };
    let wanted: Vec<_> = compiled.keys().iter().cloned().collect();
    let rows = KeyRows::read(&*app.deps.stores.keys, &wanted).await?;
    let seen = rows.seen_by(rule.def.reference.pack(), &wanted);
    Ok(KeySet::closed(seen))
}

async fn triggers(State(app): State<App>, mut params: Params) -> Answer<Json<Page<TriggerView>>> {
    let pack: Option<String> = params.one("pack");
    params.finish()?;
    let mut triggers = app.deps.stores.catalogue.triggers().await?;
    triggers.sort_by(|a, b| a.reference.cmp(&b.reference));
    Ok(Json(Page::whole(
        triggers
            .iter()
            .filter(|trigger| {
                pack.as_ref()
                    .is_none_or(|pack| trigger.reference.pack() == pack)
            })
            .map(view::trigger)
            .collect(),
    )))
}

async fn trigger(State(app): State<App>, Path(text): Path<String>) -> Answer<Json<TriggerView>> {
    let name = reference("trigger", &text)?;
    let triggers = app.deps.stores.catalogue.triggers().await?;
    let found = triggers.iter().find(|trigger| trigger.reference == name);
    let found = found.ok_or_else(|| Refusal::not_found("trigger", name))?;
    Ok(Json(view::trigger(found)))
}
