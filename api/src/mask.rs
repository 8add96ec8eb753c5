//! Secret values are not shown.
//!
//! What a schema marks as secret is replaced wherever the API shows a value of that schema. The
//! stored values stay: the action needs them.

use attune_catalogue::Snapshot;
use attune_pack::Schema;
use attune_types::{JsonValue, Ref};

/// Stands for a secret value.
pub(crate) const MASK: &str = "********";

/// Replaces the secret fields of a value.
pub(crate) fn mask(value: &mut JsonValue, schema: &Schema) {
    for pointer in schema.secrets() {
        if let Some(secret) = value.pointer_mut(pointer)
            && !secret.is_null()
        {
            *secret = JsonValue::from(MASK);
        }
    }
}

/// Replaces the secret parameters of an action, as the catalogue describes it now.
pub(crate) fn mask_input(value: &mut JsonValue, action: Option<&Ref>, catalogue: &Snapshot) {
    if let Some(known) = action.and_then(|action| catalogue.actions.get(action)) {
        mask(value, &known.def.parameters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hides_what_the_schema_marks() {
        let schema = Schema::from_json(json!({
            "user": {"type": "string"},
            "password": {"type": "string", "secret": true},
        }))
        .unwrap();
        let mut value = json!({"user": "ada", "password": "hunter2"});
        mask(&mut value, &schema);
        assert_eq!(value, json!({"user": "ada", "password": MASK}));
    }
}
