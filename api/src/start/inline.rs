//! Runs of definitions that come with the request and are registered nowhere.
//!
//! Such a run belongs to no pack, whatever its definition calls itself: it reads no pack's
//! configuration. Its Program and text are kept for as long as runs are.

use super::{IdempotencyKey, Started, check_labels, open, opening, request_for};
use crate::access::Caller;
use crate::app::App;
use crate::body::check_size;
use crate::definition::{Definition, Form};
use crate::refusal::Answer;
use crate::trace::Trace;
use attune_catalogue::{prepare_inline, record};
use attune_port::RegisteredAction;
use attune_rest::StartInline;

/// Starts a run of a definition.
pub(crate) async fn start_inline(
    app: &App,
    caller: &Caller,
    trace: &Trace,
    given: StartInline,
    key: Option<&IdempotencyKey>,
) -> Answer<Started> {
    check_size(
        "the parameters of a run",
        &given.parameters,
        app.payload_limit(),
    )?;
    check_labels(&given.labels)?;
    let key = key.map(|key| (key, key.for_inline(&given)));
    let definition = Definition::of_value(given.definition)?;
    let compiled = definition.check(app, Form::Inline).await?;
    let compiled = compiled.map_err(|found| definition.refusal(&found))?;
    let program = &compiled.program;
    let action = RegisteredAction {
        program: program.hash.clone(),
        version: program.version.clone(),
        pack_hash: String::new(),
        enabled: true,
        def: compiled.action,
    };
    let request = request_for(
        app,
        caller,
        trace,
        program.reference.clone(),
        (given.parameters, given.labels),
        key,
    );
    let catalogue = app.deps.directory.current();
    let new = prepare_inline(&catalogue, &action, request, &opening(app))?;
    let record = record(program, Some(definition.text));
    app.deps.stores.catalogue.put_programs(vec![record]).await?;
    open(app, trace, new).await
}
