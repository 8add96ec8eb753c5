//! One line of the table of endpoints: address, access, what it takes and gives, and its handler.
//!
//! Owns [`Endpoint`]. The router, the OpenAPI document, the page under `/docs` and the test of roles
//! are all made from the same list, so that none of them can forget a route.

use crate::access::Access;
use crate::app::App;
use attune_types::JsonValue;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use utoipa::ToSchema;

/// What is known of an endpoint, for tests and documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointInfo {
    /// Its method.
    pub method: Method,
    /// Its pattern, such as `/api/v1/executions/{id}`.
    pub path: &'static str,
    /// What it asks of its caller.
    pub access: Access,
}

/// A named schema with those that it refers to.
#[derive(Clone, Debug)]
pub(crate) struct SchemaRef {
    pub(crate) name: String,
    pub(crate) all: Vec<(String, JsonValue)>,
}

/// What a good answer holds.
#[derive(Clone, Debug)]
pub(crate) enum Gives {
    /// No body.
    Nothing,
    /// One of these.
    One(SchemaRef),
    /// A page of these.
    Page(SchemaRef),
    /// Something that is not JSON.
    Other(&'static str),
}

/// A query parameter, for the document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueryParam {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
}

/// `limit` and `cursor`.
pub(crate) const PAGE: [QueryParam; 2] = [
    q("limit", "Entries of a page: 1 to 1,000, usually 50."),
    q("cursor", "The `next_cursor` of the page before."),
];

/// A query parameter.
pub(crate) const fn q(name: &'static str, about: &'static str) -> QueryParam {
    QueryParam { name, about }
}

/// One endpoint.
pub(crate) struct Endpoint {
    pub(crate) info: EndpointInfo,
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) query: Vec<QueryParam>,
    pub(crate) headers: Vec<QueryParam>,
    pub(crate) takes: Option<SchemaRef>,
    /// Whether the body may be YAML text as well.
    pub(crate) yaml: bool,
    pub(crate) status: u16,
    pub(crate) gives: Gives,
    pub(crate) handler: MethodRouter<App>,
}

impl Endpoint {
    fn new<H, T>(method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let filter = match method {
            Method::POST => MethodFilter::POST,
            Method::PATCH => MethodFilter::PATCH,
            Method::PUT => MethodFilter::PUT,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        Self {
            info: EndpointInfo {
                method,
                path,
                access,
            },
            tag: "",
            name: "",
            summary: "",
            query: Vec::new(),
            headers: Vec::new(),
            takes: None,
            yaml: false,
            status: 200,
            gives: Gives::Nothing,
            handler: on(filter, handler),
        }
    }

    /// What it is called and what it does.
    pub(crate) fn says(
        mut self,
        tag: &'static str,
        name: &'static str,
        summary: &'static str,
    ) -> Self {
        (self.tag, self.name, self.summary) = (tag, name, summary);
        self
    }

    /// Query parameters that it reads.
    pub(crate) fn query(mut self, params: &[QueryParam]) -> Self {
        self.query.extend_from_slice(params);
        self
    }

    /// A request header that it reads.
    pub(crate) fn header(mut self, name: &'static str, about: &'static str) -> Self {
        self.headers.push(q(name, about));
        self
    }

    /// The body that it takes.
    pub(crate) fn takes<T: ToSchema>(mut self) -> Self {
        self.takes = Some(schema::<T>());
        self
    }

    /// The body may be YAML text as well.
    pub(crate) fn or_yaml(mut self) -> Self {
        self.yaml = true;
        self
    }

    /// Status and body of a good answer.
    pub(crate) fn gives<T: ToSchema>(mut self, status: u16) -> Self {
        (self.status, self.gives) = (status, Gives::One(schema::<T>()));
        self
    }

    /// A page of these.
    pub(crate) fn pages<T: ToSchema>(mut self) -> Self {
        self.gives = Gives::Page(schema::<T>());
        self
    }

    /// A good answer without JSON.
    pub(crate) fn gives_other(mut self, content_type: &'static str) -> Self {
        self.gives = Gives::Other(content_type);
        self
    }

    /// A good answer without a body.
    pub(crate) fn gives_nothing(mut self) -> Self {
        (self.status, self.gives) = (204, Gives::Nothing);
        self
    }
}

/// Reads.
pub(crate) fn get<H, T>(path: &'static str, access: Access, handler: H) -> Endpoint
where
    H: Handler<T, App>,
    T: 'static,
{
    Endpoint::new(Method::GET, path, access, handler)
}

/// Does.
pub(crate) fn post<H, T>(path: &'static str, access: Access, handler: H) -> Endpoint
where
    H: Handler<T, App>,
    T: 'static,
{
    Endpoint::new(Method::POST, path, access, handler)
}

/// Changes.
pub(crate) fn patch<H, T>(path: &'static str, access: Access, handler: H) -> Endpoint
where
    H: Handler<T, App>,
    T: 'static,
{
    Endpoint::new(Method::PATCH, path, access, handler)
}

/// Makes it so.
pub(crate) fn put<H, T>(path: &'static str, access: Access, handler: H) -> Endpoint
where
    H: Handler<T, App>,
    T: 'static,
{
    Endpoint::new(Method::PUT, path, access, handler)
}

/// Takes away.
pub(crate) fn delete<H, T>(path: &'static str, access: Access, handler: H) -> Endpoint
where
    H: Handler<T, App>,
    T: 'static,
{
    Endpoint::new(Method::DELETE, path, access, handler)
}

pub(crate) fn schema<T: ToSchema>() -> SchemaRef {
    let mut found = Vec::new();
    T::schemas(&mut found);
    found.push((T::name().into_owned(), T::schema()));
    let all = found
        .into_iter()
        .filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?)))
        .collect();
    SchemaRef {
        name: T::name().into_owned(),
        all,
    }
}
