//! `core.http`: one HTTP request.
//!
//! Input `method, url, headers, query, body, timeout, expect_status`; result `{status, headers,
//! body}`, the body parsed where the answer says that it is JSON. An unexpected status fails with code
//! `http` and the answer in its details.

use crate::worker::{visible, without_nul};
use attune_flow::run::NativeOrder;
use attune_types::{ErrorInfo, JsonMap, JsonValue, code, format_bytes, parse_duration};
use futures::StreamExt;
use reqwest::{Client, Method, Response};
use serde_json::json;
use std::time::Duration;

/// Without a `timeout` of its own a request ends after this.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The client that all requests share.
pub(super) fn client() -> Result<Client, String> {
    Client::builder()
        .user_agent(concat!("attune/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .build()
        .map_err(|error| error.to_string())
}

pub(super) async fn perform(
    client: &Result<Client, String>,
    order: &NativeOrder,
    most: usize,
) -> Result<JsonValue, ErrorInfo> {
    let client = client.as_ref().map_err(|error| {
        ErrorInfo::new(code::INTERNAL, format!("there is no HTTP client: {error}"))
    })?;
    let input = &order.input;
    let method = text(input, "method").unwrap_or("GET");
    let method = Method::from_bytes(method.to_uppercase().as_bytes())
        .map_err(|_| invalid(format!("`{method}` is not an HTTP method")))?;
    let url = text(input, "url").ok_or_else(|| invalid("`url` is missing"))?;
    let mut request = client
        .request(method, url)
        .timeout(timeout(input)?)
        .header("Idempotency-Key", order.attempt.to_string());
    for (name, value) in map(input, "headers") {
        request = request.header(name, plain(value));
    }
    let query: Vec<(&String, String)> = map(input, "query").map(|(k, v)| (k, plain(v))).collect();
    if !query.is_empty() {
        request = request.query(&query);
    }
    request = match input.get("body") {
        None | Some(JsonValue::Null) => request,
        Some(JsonValue::String(text)) => request.body(text.clone()),
        Some(value) => request.json(value),
    };
    let response = request.send().await.map_err(|error| failure(&error))?;
    let status = response.status().as_u16();
    let headers: JsonMap = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), JsonValue::from(value))
        })
        .collect();
    let body = read(response, most).await?;
    let result = json!({ "status": status, "headers": headers, "body": body });
    if expected(input, status) {
        Ok(result)
    } else {
        let message = format!("the answer from {url} has status {status}");
        Err(ErrorInfo::new(code::HTTP, message).with_details(result))
    }
}

fn text<'a>(input: &'a JsonMap, key: &str) -> Option<&'a str> {
    input.get(key).and_then(JsonValue::as_str)
}

fn map<'a>(input: &'a JsonMap, key: &str) -> impl Iterator<Item = (&'a String, &'a JsonValue)> {
    input
        .get(key)
        .and_then(JsonValue::as_object)
        .into_iter()
        .flatten()
}

/// A value as it stands in a header or a query.
fn plain(value: &JsonValue) -> String {
    match value {
        JsonValue::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn invalid(message: impl Into<String>) -> ErrorInfo {
    ErrorInfo::new(code::INPUT_INVALID, message)
}

fn timeout(input: &JsonMap) -> Result<Duration, ErrorInfo> {
    match input.get("timeout") {
        None | Some(JsonValue::Null) => Ok(TIMEOUT),
        Some(value) => parse_duration(&plain(value)).map_err(|error| invalid(error.to_string())),
    }
}

/// Whether the status is one of `expect_status`; without that, any below 400.
fn expected(input: &JsonMap, status: u16) -> bool {
    let is = |value: &JsonValue| value.as_u64() == Some(u64::from(status));
    match input.get("expect_status") {
        None | Some(JsonValue::Null) => status < 400,
        Some(JsonValue::Array(all)) => all.iter().any(is),
        Some(one) => is(one),
    }
}

fn failure(error: &reqwest::Error) -> ErrorInfo {
    let (code, what) = if error.is_timeout() {
        (code::TIMEOUT, "the request took too long")
    } else if error.is_builder() {
        (code::INPUT_INVALID, "the request is not right")
    } else {
        (code::HTTP, "the request failed")
    };
    let mut message = format!("{what}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    ErrorInfo::new(code, message)
}

async fn read(response: Response, most: usize) -> Result<JsonValue, ErrorInfo> {
    let is_json = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.contains("json"));
    let mut bytes = Vec::new();
    let mut parts = response.bytes_stream();
    while let Some(part) = parts.next().await {
        bytes.extend_from_slice(&part.map_err(|error| failure(&error))?);
        if bytes.len() > most {
            let message = format!(
                "the answer is larger than {} (`limits.payload`)",
                format_bytes(most as u64)
            );
            return Err(ErrorInfo::new(code::PAYLOAD_LIMIT, message));
        }
    }
    if is_json && let Ok(value) = serde_json::from_slice(&bytes) {
        return Ok(without_nul(value));
    }
    Ok(visible(&bytes).into())
}
