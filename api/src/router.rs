//! The table of endpoints, and the router made from it.
//!
//! Every route comes from the table, and every line of the table goes through the gate: there is no
//! other way to add one.

use crate::access::gate;
use crate::app::App;
use crate::body::body_limit;
use crate::code;
use crate::endpoint::Endpoint;
use crate::observe::{observe, panicked};
use crate::refusal::Refusal;
use crate::{docs, handler};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;

/// All endpoints.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    [
        handler::auth::endpoints(),
        handler::token::endpoints(),
        handler::identity::endpoints(),
        handler::pack::endpoints(),
        handler::action::endpoints(),
        handler::workflow::endpoints(),
        handler::version::endpoints(),
        handler::drawing::endpoints(),
        handler::start::endpoints(),
        handler::execution::endpoints(),
        handler::control::endpoints(),
        handler::event::endpoints(),
        handler::rule::endpoints(),
        handler::running::endpoints(),
        handler::key::endpoints(),
        docs::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The router of an app.
pub(crate) fn router(app: &App) -> Router {
    let mut router = Router::new();
    for endpoint in endpoints() {
        let access = endpoint.info.access;
        let guarded = endpoint
            .handler
            .route_layer(from_fn_with_state((app.clone(), access), gate));
        router = router.route(endpoint.info.path, guarded);
    }
    router
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(body_limit(app.payload_limit())))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), observe))
        .with_state(app.clone())
}

async fn unknown_route(method: Method, uri: Uri) -> Refusal {
    Refusal::new(
        &code::UNKNOWN_ROUTE,
        format!("there is no {method} {}", uri.path()),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    Refusal::new(
        &code::METHOD_NOT_ALLOWED,
        format!("{} cannot be called with {method}", uri.path()),
    )
}
