//! The API service: REST over HTTP, given its ports.
//!
//! Owns the router with its access rules, sessions and tokens, problem answers, the live stream, and
//! the OpenAPI document. Never decides what a run does: it checks a request, stores it through a
//! port, hints whoever acts on it, and answers. Called by the composition root: [`Api::start`], then
//! [`Api::serve`] or [`Api::router`]. Failure: at the start an [`ApiError`]; afterwards every
//! refusal is an answer (`application/problem+json`), and nothing that a client sends stops the
//! service.

mod access;
mod api;
mod app;
mod audit;
mod auth;
mod body;
mod bootstrap;
mod code;
mod condition;
mod definition;
mod docs;
mod endpoint;
mod error;
mod handler;
mod ids;
mod live;
mod mask;
mod observe;
mod openapi;
mod packs;
mod query;
mod refusal;
mod router;
mod serve;
mod standing;
mod start;
mod stream;
mod trace;
mod veil;
mod view;

pub use access::Access;
pub use api::Api;
pub use app::{ApiConfig, ApiDeps};
pub use bootstrap::{Bootstrap, bootstrap_admin, issue_token};
pub use endpoint::EndpointInfo;
pub use error::{ApiError, RegisterError};
pub use openapi::document as openapi;
