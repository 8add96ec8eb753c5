//! What the stores give, as the REST surface shows it. Secret values are masked on the way.

mod workflow;

pub(crate) use workflow::*;

use crate::mask::{MASK, mask, mask_input};
use crate::query::give_cursor;
use attune_catalogue::Snapshot;
use attune_flow::run::{ExecutionKind, ExecutionRow, Rerun};
use attune_pack::{Diagnostic, Schema, TriggerDef};
use attune_port::{
    AuditEntry, ChangeKind, EnforcementRow, EventRow, HistoryEvent, Identity, LogLine, PackRecord,
    RegisteredAction, RegisteredRule, RunDetail, SlotRow, TokenRow,
};
use attune_rest::{
    ActionView, AuditView, EnforcementView, EventView, ExecutionDetail, ExecutionView, HistoryView,
    IdentityView, LogLineView, PackView, PackWarning, Page, PlaceView, RerunOf, RuleView,
    TokenView, TriggerView,
};
use attune_types::{JsonMap, JsonValue, Ref};

pub(crate) fn page<T, V>(page: attune_port::Page<T>, view: impl FnMut(T) -> V) -> Page<V> {
    Page {
        items: page.items.into_iter().map(view).collect(),
        next_cursor: page.next.as_deref().map(give_cursor),
    }
}

fn json(value: impl serde::Serialize) -> JsonValue {
    serde_json::to_value(value).unwrap_or(JsonValue::Null)
}

pub(crate) fn execution(row: ExecutionRow, catalogue: &Snapshot) -> ExecutionView {
    let mut input = row.input;
    mask_input(&mut input, row.action.as_ref(), catalogue);
    ExecutionView {
        id: row.id,
        run: row.run,
        parent: row.parent,
        kind: match row.kind {
            ExecutionKind::Workflow => "workflow",
            ExecutionKind::Action => "action",
            ExecutionKind::Task => "task",
            ExecutionKind::Item => "item",
        }
        .to_owned(),
        task: row.task,
        action: row.action,
        activation: row.activation,
        item_index: row.item_index,
        attempt: row.attempt,
        status: row.status,
        input,
        result: row.result,
        error: row.error,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        labels: row.labels,
        cost_usd: row.cost_usd,
        trace_tag: row.trace_tag,
        compensates: row.compensates,
    }
}

/// An execution that is no run has nothing more to tell.
pub(crate) fn plain_detail(row: ExecutionRow, catalogue: &Snapshot) -> ExecutionDetail {
    ExecutionDetail {
        execution: execution(row, catalogue),
        version: None,
        program: None,
        origin: None,
        started_by: None,
        parent_run: None,
        rerun_of: None,
        last_seq: None,
        definition: None,
        place: None,
        wake_at: None,
    }
}

fn place(row: SlotRow) -> PlaceView {
    PlaceView {
        key: row.line.key,
        limit: row.limit,
        waiting: row.before.is_some(),
        before: row.before,
        holders: row.holders,
    }
}

fn rerun_of(rerun: Rerun) -> RerunOf {
    let (task, activation) = rerun.from.map(|from| (from.task, from.activation)).unzip();
    RerunOf {
        run: rerun.run,
        task,
        activation,
    }
}

pub(crate) fn detail(
    run: RunDetail,
    slot: Option<SlotRow>,
    catalogue: &Snapshot,
) -> ExecutionDetail {
    let header = run.header;
    ExecutionDetail {
        version: Some(header.version),
        program: Some(header.program),
        origin: Some(json(&header.origin)),
        started_by: Some(header.started_by),
        parent_run: header.parent.map(|parent| parent.run),
        rerun_of: header.rerun.map(|rerun| rerun_of(*rerun)),
        last_seq: Some(run.last_seq),
        place: slot.map(place),
        wake_at: run.wake_at,
        ..plain_detail(run.row, catalogue)
    }
}

/// `action` is what the run runs. Rendered inputs of its tasks are shown by name of the task's
/// execution only where the catalogue knows nothing secret; see [`History`].
pub(crate) fn history(event: HistoryEvent, secrets: &History<'_>) -> HistoryView {
    let mut data = event.data;
    secrets.hide(&mut data);
    HistoryView {
        seq: event.seq,
        at: event.at,
        kind: event.kind,
        data,
    }
}

/// What has to be hidden in one run's history.
pub(crate) struct History<'a> {
    action: Option<&'a Schema>,
    /// Names of secret parameters of any action: an event does not say which action's input it
    /// holds, so a field of such a name is hidden in all of them.
    names: Vec<&'a str>,
    config: Option<&'a Schema>,
}

impl<'a> History<'a> {
    pub(crate) fn of(action: &Ref, catalogue: &'a Snapshot) -> Self {
        let names = catalogue
            .actions
            .values()
            .flat_map(|known| known.def.parameters.secrets())
            .filter_map(|pointer| pointer.strip_prefix('/'))
            .filter(|name| !name.contains('/'))
            .collect();
        Self {
            action: catalogue
                .actions
                .get(action)
                .map(|known| &known.def.parameters),
            names,
            config: catalogue
                .packs
                .get(action.pack())
                .map(|pack| &pack.def.config),
        }
    }

    fn hide(&self, data: &mut JsonValue) {
        hide_opened(data);
        if let (Some(schema), Some(value)) = (self.action, data.pointer_mut("/header/parameters")) {
            mask(value, schema);
        }
        if let (Some(schema), Some(value)) = (self.config, data.pointer_mut("/header/pack_config"))
        {
            mask(value, schema);
        }
        self.hide_input(data.get_mut("input"));
        let edits = data.pointer_mut("/header/rerun/edits");
        for edit in edits
            .into_iter()
            .filter_map(JsonValue::as_array_mut)
            .flatten()
        {
            self.hide_input(edit.get_mut("input"));
        }
    }

    fn hide_input(&self, input: Option<&mut JsonValue>) {
        let Some(JsonValue::Object(input)) = input else {
            return;
        };
        for name in &self.names {
            if let Some(value) = input.get_mut(*name)
                && !value.is_null()
            {
                *value = JsonValue::from(MASK);
            }
        }
    }
}

/// What a run itself knows to be secret, also where the catalogue does not know its action. Sealed
/// values are of no use to anybody but the engine.
fn hide_opened(data: &mut JsonValue) {
    for holder in ["/header", "/header/parent"] {
        if let Some(JsonValue::Object(holder)) = data.pointer_mut(holder) {
            holder.shift_remove("secrets");
        }
    }
    let hidden = data.pointer("/header/hidden").cloned();
    for pointer in hidden.iter().filter_map(JsonValue::as_array).flatten() {
        if let Some(pointer) = pointer.as_str()
            && let Some(value) = data.pointer_mut(&format!("/header/parameters{pointer}"))
            && !value.is_null()
        {
            *value = JsonValue::from(MASK);
        }
    }
}

pub(crate) fn log_line(line: LogLine) -> LogLineView {
    LogLineView {
        position: line.position,
        execution: line.execution,
        task: line.task,
        attempt: line.attempt,
        stream: line.stream,
        at: line.at,
        text: line.text,
    }
}

pub(crate) fn action(action: &RegisteredAction) -> ActionView {
    let def = &action.def;
    ActionView {
        reference: def.reference.clone(),
        pack: def.reference.pack().to_owned(),
        label: def.label.clone(),
        description: def.description.clone(),
        runner: text(json(def.runner)),
        version: action.version.clone(),
        program: action.program.clone(),
        enabled: action.enabled,
        parameters: def.parameters.json_schema().clone(),
        output: def
            .output
            .as_ref()
            .map(|schema| schema.json_schema().clone()),
        timeout_seconds: def.timeout.map(|timeout| timeout.as_secs_f64()),
        idempotent: def.idempotent,
        pool: def.pool.clone(),
    }
}

/// The text of a keyword.
pub(crate) fn text(keyword: JsonValue) -> String {
    match keyword {
        JsonValue::String(text) => text,
        other => other.to_string(),
    }
}

pub(crate) fn pack(pack: &PackRecord) -> PackView {
    let def = &pack.def;
    let mut config = JsonValue::Object(pack.config.clone());
    mask(&mut config, &def.config);
    PackView {
        reference: def.reference.clone(),
        label: def.label.clone(),
        description: def.description.clone(),
        version: def.version.clone(),
        author: def.author.clone(),
        license: def.license.clone(),
        keywords: def.keywords.clone(),
        content_hash: pack.content_hash.clone(),
        path: pack.path.clone(),
        config: match config {
            JsonValue::Object(map) => map,
            _ => JsonMap::new(),
        },
        config_schema: def.config.json_schema().clone(),
        registered_at: pack.registered_at,
        registered_by: pack.registered_by.clone(),
    }
}

pub(crate) fn warning(warning: Diagnostic) -> PackWarning {
    PackWarning {
        code: warning.code,
        file: warning.file,
        line: warning.span.map(|span| span.line),
        column: warning.span.map(|span| span.column),
        message: warning.message,
        help: warning.help,
    }
}

pub(crate) const fn change(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::New => "new",
        ChangeKind::Changed => "changed",
        ChangeKind::Unchanged => "unchanged",
        ChangeKind::Gone => "gone",
        ChangeKind::Kept => "kept",
    }
}

pub(crate) fn rule(rule: &RegisteredRule) -> RuleView {
    let def = &rule.def;
    RuleView {
        reference: def.reference.clone(),
        pack: def.reference.pack().to_owned(),
        label: def.label.clone(),
        description: def.description.clone(),
        enabled: def.enabled,
        present: rule.present,
        trigger: def.trigger.clone(),
        action: def.action.clone(),
        changed_at: rule.changed_at,
        definition: json(def),
    }
}

pub(crate) fn trigger(def: &TriggerDef) -> TriggerView {
    TriggerView {
        reference: def.reference.clone(),
        label: def.label.clone(),
        description: def.description.clone(),
        parameters: def.parameters.json_schema().clone(),
        payload: def.payload.json_schema().clone(),
    }
}

pub(crate) fn event(row: EventRow, catalogue: &Snapshot) -> EventView {
    let mut payload = row.event.payload;
    if let Some(trigger) = catalogue.triggers.get(&row.event.trigger) {
        mask(&mut payload, &trigger.payload);
    }
    EventView {
        id: row.event.id,
        trigger: row.event.trigger,
        payload,
        at: row.event.at,
        source: row.event.source,
        dedupe: row.event.dedupe,
        received_at: row.received_at,
        processed_at: row.processed_at,
    }
}

pub(crate) fn enforcement(row: EnforcementRow) -> EnforcementView {
    EnforcementView {
        id: row.id,
        event_id: row.event,
        trigger: row.trigger,
        rule: row.rule,
        fired: row.fired,
        reason: row.reason,
        explanation: json(&row.explanation),
        execution_id: row.run,
        at: row.at,
    }
}

pub(crate) fn identity(identity: Identity) -> IdentityView {
    IdentityView {
        id: identity.id,
        login: identity.login,
        role: identity.role,
        enabled: identity.enabled,
        created_at: identity.created_at,
    }
}

pub(crate) fn token(row: TokenRow) -> TokenView {
    TokenView {
        id: row.id,
        name: row.name,
        role: row.role,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }
}

pub(crate) fn audit(entry: AuditEntry) -> AuditView {
    AuditView {
        at: entry.at,
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        details: entry.details,
    }
}
