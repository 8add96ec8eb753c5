//! The OpenAPI 3.1 document, made from the table of endpoints.
//!
//! Owns the document's form. Nothing is said twice: addresses, access, bodies and answers are those
//! that the router uses.

use crate::access::Access;
use crate::endpoint::{Endpoint, Gives, QueryParam, SchemaRef, schema};
use crate::router::endpoints;
use attune_rest::{PROBLEM_JSON, Problem};
use attune_types::{JsonMap, JsonValue};
use serde_json::json;

/// The document. The same for every build of one version of the source.
pub fn document() -> JsonValue {
    let mut paths = JsonMap::new();
    let mut schemas = JsonMap::new();
    note(&mut schemas, &schema::<Problem>());
    let mut endpoints = endpoints();
    endpoints.sort_by(|a, b| a.info.path.cmp(b.info.path));
    for endpoint in &endpoints {
        if let Some(body) = &endpoint.takes {
            note(&mut schemas, body);
        }
        if let Gives::One(body) | Gives::Page(body) = &endpoint.gives {
            note(&mut schemas, body);
        }
        let path = paths.entry(endpoint.info.path).or_insert_with(|| json!({}));
        path[endpoint.info.method.as_str().to_lowercase()] = operation(endpoint);
    }
    schemas.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Attune",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Event-driven automation. Refusals are `application/problem+json` with a stable `code`; lists are paged by `limit` and `cursor`; times are RFC 3339 in UTC.",
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A session's token, or an API token (`att_...`).",
            }},
            "schemas": schemas,
        },
    })
}

fn note(schemas: &mut JsonMap, schema: &SchemaRef) {
    for (name, content) in &schema.all {
        schemas.insert(name.clone(), content.clone());
    }
}

fn reference(schema: &SchemaRef) -> JsonValue {
    json!({"$ref": format!("#/components/schemas/{}", schema.name)})
}

fn operation(endpoint: &Endpoint) -> JsonValue {
    let mut operation = json!({
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "x-access": access(endpoint.info.access),
    });
    let parameters = parameters(endpoint);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = &endpoint.takes {
        operation["requestBody"] = json!({
            "required": !matches!(body.name.as_str(), "Nothing" | "CancelExecution"),
            "content": {"application/json": {"schema": reference(body)}},
        });
        if endpoint.yaml {
            operation["requestBody"]["content"]["application/yaml"] =
                json!({"schema": {"type": "string"}});
        }
    }
    let good = match &endpoint.gives {
        Gives::Nothing => json!({"description": "Done."}),
        Gives::Other(kind) => json!({"description": "Good.", "content": {*kind: {}}}),
        Gives::One(body) => json!({
            "description": "Good.",
            "content": {"application/json": {"schema": reference(body)}},
        }),
        Gives::Page(body) => json!({
            "description": "One page.",
            "content": {"application/json": {"schema": {
                "type": "object",
                "required": ["items", "next_cursor"],
                "properties": {
                    "items": {"type": "array", "items": reference(body)},
                    "next_cursor": {"type": ["string", "null"]},
                },
            }}},
        }),
    };
    operation["responses"] = json!({
        endpoint.status.to_string(): good,
        "default": {
            "description": "Refused.",
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    });
    if endpoint.info.access == Access::Public {
        operation["security"] = json!([]);
    }
    operation
}

fn parameters(endpoint: &Endpoint) -> Vec<JsonValue> {
    let in_path = endpoint
        .info
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        });
    let given = |place: &'static str| {
        move |param: &QueryParam| {
            json!({
                "name": param.name,
                "in": place,
                "description": param.about,
                "schema": {"type": "string"},
            })
        }
    };
    in_path
        .chain(endpoint.query.iter().map(given("query")))
        .chain(endpoint.headers.iter().map(given("header")))
        .collect()
}

const fn access(access: Access) -> &'static str {
    match access {
        Access::Public => "public",
        Access::Viewer => "viewer",
        Access::Operator => "operator",
        Access::Admin => "admin",
    }
}
