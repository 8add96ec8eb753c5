//! The `Idempotency-Key` of a request.

use crate::code;
use crate::refusal::{Answer, Refusal};
use attune_port::RunKey;
use attune_rest::{FieldProblem, RerunExecution, StartExecution, StartInline};
use attune_types::{JsonValue, RunId, canonical_json};
use axum::http::HeaderMap;
use serde_json::json;
use sha2::{Digest, Sha256};

/// Longest key.
const LONGEST: usize = 255;

/// A key that names what a request makes: the same key makes it once.
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key of a request, if it has one.
    pub(crate) fn of(headers: &HeaderMap) -> Answer<Option<Self>> {
        let Some(value) = headers.get("idempotency-key") else {
            return Ok(None);
        };
        let text = value.to_str().unwrap_or_default();
        let good =
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if good {
            return Ok(Some(Self(text.to_owned())));
        }
        let message = format!("`Idempotency-Key` has 1 to {LONGEST} visible ASCII characters");
        Err(
            Refusal::new(&code::INVALID, message.clone()).with_errors(vec![FieldProblem::at(
                "",
                "idempotency_key",
                message,
            )]),
        )
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of one of many starts in one request. The space cannot stand in a given key.
    pub(crate) fn numbered(&self, number: usize) -> Self {
        Self(format!("{} {number}", self.0))
    }

    /// With the hash of what it is used for.
    pub(crate) fn for_body(&self, request: &StartExecution) -> RunKey {
        self.claim(&json!({
            "action": request.action,
            "parameters": request.parameters,
            "labels": request.labels,
        }))
    }

    /// The same for a definition that comes with the request.
    pub(crate) fn for_inline(&self, request: &StartInline) -> RunKey {
        self.claim(&json!({
            "definition": request.definition,
            "parameters": request.parameters,
            "labels": request.labels,
        }))
    }

    /// The same for doing a run again.
    pub(crate) fn for_rerun(&self, run: RunId, request: &RerunExecution) -> RunKey {
        self.claim(&json!({ "rerun": run, "request": request }))
    }

    fn claim(&self, body: &JsonValue) -> RunKey {
        RunKey {
            key: self.0.clone(),
            body_hash: hex::encode(Sha256::digest(canonical_json(body).as_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(json: serde_json::Value) -> StartExecution {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_hash_depends_on_the_content_not_on_its_order() {
        let key = IdempotencyKey("k".to_owned());
        let hash = |json| key.for_body(&start(json)).body_hash;
        let a = hash(json!({"action": "a.b", "parameters": {"x": 1, "y": 2}}));
        let b = hash(json!({"parameters": {"y": 2, "x": 1}, "action": "a.b"}));
        let c = hash(json!({"action": "a.b", "parameters": {"x": 1, "y": 3}}));
        assert_eq!(a, b);
        assert_ne!(a, c);
    }

    #[test]
    fn a_key_is_short_visible_text() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", text.parse().unwrap());
            IdempotencyKey::of(&headers).is_ok()
        };
        assert!(of("order-17"));
        assert!(!of("") && !of("a b") && !of(&"x".repeat(256)));
        assert!(IdempotencyKey::of(&HeaderMap::new()).unwrap().is_none());
    }
}
