//! Trigger events: emit, look, and what rules made of them.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::body::{Body, check_size};
use crate::code;
use crate::endpoint::{Endpoint, PAGE, get, post, q};
use crate::ids::{id, new_id};
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::start::{IdempotencyKey, hint_event};
use crate::trace::Trace;
use crate::view;
use attune_pack::suggest;
use attune_port::{EnforcementFilter, EventFilter, EventRow, NewEvent, PageRequest, RecordedEvent};
use attune_rest::{
    EmitEvent, EnforcementView, EventAccepted, EventView, EventWhy, FieldProblem, Page,
};
use attune_rules::TriggerEvent;
use attune_types::{EventId, JsonValue};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};

/// Longest dedupe text.
const LONGEST_DEDUPE: usize = 500;
/// Verdicts shown with one event.
const MOST_VERDICTS: u32 = 1_000;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/api/v1/events", Access::Operator, emit)
            .says("events", "emit_event", "Emits an event; rules see it soon after. 200 if it was a repetition.")
            .header("Idempotency-Key", "Makes the request repeatable: the same key and body emit the same event, and only once.")
            .takes::<EmitEvent>()
            .gives::<EventAccepted>(201),
        get("/api/v1/events", Access::Viewer, list)
            .says("events", "list_events", "Events, newest first.")
            .query(&PAGE)
            .query(&[q("trigger", "Only of this trigger.")])
            .pages::<EventView>(),
        get("/api/v1/events/{id}", Access::Viewer, show)
            .says("events", "get_event", "One event.")
            .gives::<EventView>(200),
        get("/api/v1/events/{id}/why", Access::Viewer, why)
            .says("events", "explain_event", "One event with what each rule made of it, and why.")
            .gives::<EventWhy>(200),
        get("/api/v1/enforcements", Access::Viewer, enforcements)
            .says("events", "list_enforcements", "The delivery log: what rules made of events, newest first.")
            .query(&PAGE)
            .query(&[
                q("event", "Only of this event."),
                q("rule", "Only of this rule."),
                q("fired", "`true` or `false`."),
            ])
            .pages::<EnforcementView>(),
    ]
}

async fn emit(
    State(app): State<App>,
    caller: Caller,
    Extension(trace): Extension<Trace>,
    headers: HeaderMap,
    Body { value: given }: Body<EmitEvent>,
) -> Answer<(StatusCode, Json<EventAccepted>)> {
    let key = IdempotencyKey::of(&headers)?;
    check_size(
        "the payload of an event",
        &given.payload,
        app.payload_limit(),
    )?;
    if given
        .dedupe
        .as_ref()
        .is_some_and(|text| text.is_empty() || text.len() > LONGEST_DEDUPE)
    {
        return Err(Refusal::field(
            "/dedupe",
            "length",
            format!("`dedupe` has 1 to {LONGEST_DEDUPE} bytes"),
        ));
    }
    let payload = fitting(&app, &given).await?;
    let event = EventId(match &key {
        Some(key) => caller.id.derive(&format!("event:{}", key.as_str())),
        None => new_id(&*app.deps.clock),
    });
    let new = TriggerEvent {
        id: event,
        trigger: given.trigger,
        payload,
        at: app.deps.clock.now(),
        source: Some(format!("api:{}", caller.login)),
        dedupe: given.dedupe,
        trigger_parameters: None,
    };
    let recorded = app
        .deps
        .stores
        .events
        .record(vec![NewEvent { event: new.clone() }])
        .await?;
    let duplicate = match recorded.first() {
        Some(RecordedEvent::Duplicate { of }) => Some(*of),
        _ => None,
    };
    let Some(of) = duplicate else {
        hint_event(&app, &trace, event);
        let accepted = EventAccepted {
            id: event,
            duplicate: false,
        };
        return Ok((StatusCode::CREATED, Json(accepted)));
    };
    if of == event {
        // Only a key names an event twice. Another event under the same key is a mistake.
        let first = stored(&app, event).await?.event;
        if first.trigger != new.trigger
            || first.payload != new.payload
            || first.dedupe != new.dedupe
        {
            return Err(Refusal::new(
                &code::IDEMPOTENCY_KEY_REUSED,
                "this idempotency key was given with another event before",
            ));
        }
    }
    let accepted = EventAccepted {
        id: of,
        duplicate: true,
    };
    Ok((StatusCode::OK, Json(accepted)))
}

/// The payload with defaults filled in, if it fits the trigger's schema.
async fn fitting(app: &App, given: &EmitEvent) -> Answer<JsonValue> {
    let mut catalogue = app.deps.directory.current();
    if !catalogue.triggers.contains_key(&given.trigger) {
        // Another replica may have registered it a moment ago.
        catalogue = app.deps.directory.refresh().await?;
    }
    let Some(trigger) = catalogue.triggers.get(&given.trigger) else {
        let names = catalogue.triggers.keys().map(attune_types::Ref::as_str);
        let hint = suggest(given.trigger.as_str(), names)
            .map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
        let message = format!("there is no trigger `{}`{hint}", given.trigger);
        return Err(Refusal::new(&code::UNKNOWN_TRIGGER, message.clone())
            .with_errors(vec![FieldProblem::at("/trigger", "unknown", message)]));
    };
    trigger
        .payload
        .validate_open(&JsonValue::Object(given.payload.clone()))
        .map_err(|errors| {
            Refusal::fields(
                &code::INVALID_PAYLOAD,
                format!("the payload does not fit the trigger `{}`", given.trigger),
                errors,
            )
        })
}

async fn stored(app: &App, event: EventId) -> Answer<EventRow> {
    let found = app.deps.stores.events.get(&[event]).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| Refusal::not_found("event", event))
}

async fn list(State(app): State<App>, mut params: Params) -> Answer<Json<Page<EventView>>> {
    let page = params.page();
    let filter = EventFilter {
        trigger: params.one("trigger"),
    };
    params.finish()?;
    let found = app.deps.stores.events.list(&filter, &page).await?;
    let catalogue = app.deps.directory.current();
    Ok(Json(view::page(found, |row| view::event(row, &catalogue))))
}

async fn show(State(app): State<App>, Path(text): Path<String>) -> Answer<Json<EventView>> {
    let row = stored(&app, id("event", &text)?).await?;
    Ok(Json(view::event(row, &app.deps.directory.current())))
}

async fn why(State(app): State<App>, Path(text): Path<String>) -> Answer<Json<EventWhy>> {
    let event: EventId = id("event", &text)?;
    let row = stored(&app, event).await?;
    let filter = EnforcementFilter {
        event: Some(event),
        ..EnforcementFilter::default()
    };
    let page = PageRequest {
        limit: MOST_VERDICTS,
        cursor: None,
    };
    let verdicts = app.deps.stores.events.enforcements(&filter, &page).await?;
    Ok(Json(EventWhy {
        event: view::event(row, &app.deps.directory.current()),
        enforcements: verdicts.items.into_iter().map(view::enforcement).collect(),
    }))
}

async fn enforcements(
    State(app): State<App>,
    mut params: Params,
) -> Answer<Json<Page<EnforcementView>>> {
    let page = params.page();
    let filter = EnforcementFilter {
        event: params.one("event"),
        rule: params.one("rule"),
        fired: params.one("fired"),
    };
    params.finish()?;
    let found = app.deps.stores.events.enforcements(&filter, &page).await?;
    Ok(Json(view::page(found, view::enforcement)))
}
