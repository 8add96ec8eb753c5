//! Every code that a refusal may carry, with its status and its page.
//!
//! Owns the list. Clients decide by code, so none is ever renamed. Shown under `/errors/{code}`.

/// One kind of refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// Stable text.
    pub(crate) code: &'static str,
    /// HTTP status.
    pub(crate) status: u16,
    /// In a few words.
    pub(crate) title: &'static str,
    /// What it means and what to do.
    pub(crate) about: &'static str,
}

macro_rules! codes {
    ($($name:ident = $status:literal $code:literal, $title:literal, $about:literal;)*) => {
        $(pub(crate) const $name: Code = Code {
            code: $code,
            status: $status,
            title: $title,
            about: $about,
        };)*
        /// All of them.
        pub(crate) const ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    BROKEN_JSON = 400 "broken_json", "Broken JSON",
        "The body is not JSON. The detail names line and column.";
    BAD_REQUEST = 400 "bad_request", "Bad request",
        "The request cannot be read as HTTP of this API.";
    UNAUTHENTICATED = 401 "unauthenticated", "Not logged in",
        "Give a session's token or an API token as `Authorization: Bearer <token>`. It may have expired or been revoked: log in again.";
    BAD_CREDENTIALS = 401 "bad_credentials", "Login refused",
        "Login and password do not belong together, or the identity is disabled. Which of these it is, is not said.";
    FORBIDDEN = 403 "forbidden", "Not allowed",
        "Your role may not do this. The detail names the role that may.";
    NOT_FOUND = 404 "not_found", "Not found",
        "There is no such thing. Look at the spelling of its id or reference.";
    UNKNOWN_ROUTE = 404 "unknown_route", "No such address",
        "The API has no such address. `/docs` lists them all.";
    METHOD_NOT_ALLOWED = 405 "method_not_allowed", "Method not allowed",
        "The address exists, but not with this method. `/docs` lists them all.";
    TOO_SLOW = 408 "request_timeout", "The request came too slowly",
        "The body did not arrive in time. Send it again over a better connection.";
    CONFLICT = 409 "conflict", "Conflict",
        "The request contradicts what is stored. Read the present state and decide again.";
    EXECUTION_ENDED = 409 "execution_ended", "The run has ended",
        "A run that has ended can no longer be steered. Retry it, or start a new one.";
    EXECUTION_ACTIVE = 409 "execution_active", "The run has not ended",
        "Only a run that has ended can be retried, rerun or undone. Cancel it, or wait for its end, and ask again.";
    CANNOT_BE_UNDONE = 409 "cannot_be_undone", "The run cannot be undone",
        "Nothing says how to undo it. The detail says why.";
    CANNOT_BE_RETRIED = 409 "cannot_be_retried", "The run cannot be retried",
        "Nothing of it can be done again in place. The detail says why, and what to do instead.";
    CANNOT_BE_RERUN = 409 "cannot_be_rerun", "The run cannot be done again",
        "Nothing can be taken over of it. The detail says why. Start a new run instead.";
    PRECONDITION_FAILED = 412 "precondition_failed", "Not as expected",
        "What was to be changed is not as the condition of the request (`If-Match`, `If-None-Match`) says: somebody changed it meanwhile. Read it again and decide anew.";
    TOO_LARGE = 413 "too_large", "Too large",
        "A body has at most 8 MiB, the parameters of one run at most 4 MiB. Pass large data by reference.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type", "Not JSON",
        "Send `Content-Type: application/json`; definitions of workflows also as `application/yaml`.";
    INVALID = 422 "invalid", "Not valid",
        "The request is understood but wrong. `errors` lists all that is, each with a JSON pointer into the body or the name of the query parameter.";
    INVALID_PARAMETERS = 422 "invalid_parameters", "Wrong parameters",
        "The parameters do not fit the action's schema. `errors` lists all that is wrong, each with a JSON pointer into the parameters.";
    INVALID_PAYLOAD = 422 "invalid_payload", "Wrong payload",
        "The payload does not fit the trigger's schema. `errors` lists all that is wrong, each with a JSON pointer into the payload.";
    INVALID_PACK = 422 "invalid_pack", "The pack has errors",
        "Nothing was registered. `errors` lists what is wrong in all files of the pack, with file, line and column.";
    INVALID_WORKFLOW = 422 "invalid_workflow", "The definition has errors",
        "Nothing was stored. `errors` lists all that is wrong in the definition, each with line and column, the line itself, and where the body is JSON a pointer into it.";
    NUL_CHARACTER = 422 "nul_character", "NUL character",
        "A text holds the character U+0000, which the database cannot store. The pointer names the text.";
    UNKNOWN_ACTION = 422 "unknown_action", "Unknown action",
        "There is no such action. The detail names the nearest that exists.";
    ACTION_DISABLED = 422 "action_disabled", "Disabled action",
        "The action is no longer in its pack, or somebody disabled the workflow.";
    UNKNOWN_TRIGGER = 422 "unknown_trigger", "Unknown trigger",
        "There is no such trigger. The detail names the nearest that exists.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency_key_reused", "Idempotency key used for another request",
        "The key was given with another body before. Use a new key for a new request.";
    NOT_A_RUN = 422 "not_a_run", "Not a run",
        "The execution is a task in a run. Only whole runs can be steered; the detail names the run.";
    TOO_MANY_REQUESTS = 429 "too_many_requests", "Too many requests",
        "Wait for as many seconds as `Retry-After` says.";
    INTERNAL = 500 "internal", "Internal error",
        "Something in Attune broke; a bug to report, with the trace id.";
    UNREADABLE = 500 "unreadable", "Stored data cannot be read",
        "What is stored is not what this version reads; it is left as it is. A bug to report, with the trace id.";
    UNAVAILABLE = 503 "unavailable", "Not available now",
        "The database does not answer, or the service is overloaded or stopping. Try again after as many seconds as `Retry-After` says.";
}

/// The code of that name.
pub(crate) fn find(code: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|known| known.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|code| code.code).collect();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(find("forbidden"), Some(&FORBIDDEN));
        assert_eq!(find("nonsense"), None);
    }
}
