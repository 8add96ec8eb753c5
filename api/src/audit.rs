//! The audit trail: who changed what.
//!
//! Starting a run and emitting an event are not in it: the run's and the event's own first record
//! names who did it, and these are too many. Everything else that changes something is.

use crate::access::Caller;
use crate::app::App;
use attune_port::AuditEntry;
use attune_types::JsonValue;

/// Writes down that something was done. It is done: a trail that cannot be written is an error in
/// the log, not a refusal.
pub(crate) async fn audit(
    app: &App,
    caller: &Caller,
    action: &str,
    subject: impl std::fmt::Display,
    details: JsonValue,
) {
    record(app, &caller.login, action, subject.to_string(), details).await;
}

/// The same, of somebody who is not (yet) a caller.
pub(crate) async fn record(
    app: &App,
    actor: &str,
    action: &str,
    subject: String,
    details: JsonValue,
) {
    let entry = AuditEntry {
        at: app.deps.clock.now(),
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject,
        details,
    };
    if let Err(error) = app.deps.stores.identities.audit(entry).await {
        tracing::error!(%error, actor, action, "the audit trail could not be written");
    }
}
