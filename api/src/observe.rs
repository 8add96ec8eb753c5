//! Around every request: trace id, log line, metrics, security headers, the body of refusals, and no
//! token of a secret in any answer.
//!
//! The outermost layer. Owns what a refusal looks like, also where the framework refused (unknown
//! route, wrong method, panic). Logs the route's pattern, never the query, which may hold anything.

use crate::app::App;
use crate::code;
use crate::refusal::Refusal;
use crate::trace::Trace;
use crate::veil::veil;
use attune_rest::{PROBLEM_JSON, Problem};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::any::Any;
use std::time::Instant;

/// Tells browsers to trust nothing of an answer. Pages that show something say what they need.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The layer.
pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let trace = Trace::of(request.headers(), &*app.deps.clock);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    request.extensions_mut().insert(trace.clone());

    let mut response = next.run(request).await;

    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        response = refuse(response, &trace);
    }
    response = veil(response).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert_with(|| HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&trace.id) {
        headers.insert("x-trace-id", id);
    }
    let took = begun.elapsed();
    app.deps
        .metrics
        .http
        .answered(&route, method.as_str(), status.as_u16(), took);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::warn!(%method, route, status = status.as_u16(), millis, trace_id = trace.id, "request failed");
    } else {
        tracing::info!(%method, route, status = status.as_u16(), millis, trace_id = trace.id, "request");
    }
    response
}

/// Writes the body of a refusal.
fn refuse(response: Response, trace: &Trace) -> Response {
    let (mut parts, _) = response.into_parts();
    let mut problem = match parts.extensions.remove::<Refusal>() {
        Some(refusal) => *refusal.problem,
        None => by_framework(parts.status),
    };
    problem.trace_id = Some(trace.id.clone());
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    Response::from_parts(parts, body.into())
}

/// A refusal that no code of ours made.
fn by_framework(status: StatusCode) -> Problem {
    let code = match status {
        StatusCode::NOT_FOUND => &code::UNKNOWN_ROUTE,
        StatusCode::METHOD_NOT_ALLOWED => &code::METHOD_NOT_ALLOWED,
        StatusCode::PAYLOAD_TOO_LARGE => &code::TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &code::UNSUPPORTED_MEDIA_TYPE,
        status if status.is_server_error() => &code::INTERNAL,
        _ => &code::BAD_REQUEST,
    };
    let mut problem = Problem::new(status.as_u16(), code.code, code.title, code.about);
    problem.status = status.as_u16();
    problem
}

/// A handler panicked: a bug, which stops only its own request.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no text");
    tracing::error!(said, "a handler panicked");
    axum::response::IntoResponse::into_response(Refusal::new(
        &code::INTERNAL,
        "something broke while the request was served",
    ))
}
