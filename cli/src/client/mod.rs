//! The API as the commands see it: typed requests and answers over HTTP.
//!
//! Owns one connection, the paging of lists and how a refusal becomes an error. Knows nothing of what
//! the answers mean. Failure: [`CliError::Refused`] with the API's own problem, or
//! [`CliError::Unreachable`] with the address that was tried.

mod context;
mod stream;

pub(crate) use context::{Context, Source, write_private};
pub(crate) use stream::{Stream, StreamItem};

use crate::args::{Global, Most};
use crate::error::{CliError, Result};
use attune_rest::{Page, Problem};
use reqwest::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest time for one answer; long waits use streams.
const ANSWER: Duration = Duration::from_secs(60);
/// What definitions are sent as.
const YAML: &str = "application/yaml";
/// Entries of one part of a list.
const PAGE: usize = 200;

/// A connection to one API.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    context: Context,
}

/// Query parameters.
pub(crate) type Query = Vec<(&'static str, String)>;

impl Client {
    /// Connects as flags, environment or an earlier login say.
    ///
    /// # Errors
    /// [`CliError::NotLoggedIn`] if none of them names an API and a token.
    pub(crate) fn from_context(global: &Global) -> Result<Self> {
        Self::new(Context::find(global)?)
    }

    /// Connects to a given API.
    ///
    /// # Errors
    /// If the machine has no usable TLS set-up.
    pub(crate) fn new(context: Context) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .user_agent(concat!("attune/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| CliError::Unreachable(format!("no HTTP client: {error}")))?;
        Ok(Self { http, context })
    }

    /// Reads one thing.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.get_with(path, &Vec::new()).await
    }

    /// Reads one thing, with query parameters.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn get_with<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Query,
    ) -> Result<T> {
        self.answer(self.request(Method::GET, path).query(query))
            .await
    }

    /// Sends one thing.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T> {
        self.answer(self.request(Method::POST, path).json(body))
            .await
    }

    /// Sends one thing that starts at most one run, however often it is sent.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn post_once<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        key: &str,
    ) -> Result<T> {
        let request = self.request(Method::POST, path).json(body);
        self.answer(request.header("Idempotency-Key", key)).await
    }

    /// Makes one thing so, of a text of YAML.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn put_yaml<T: DeserializeOwned>(
        &self,
        path: &str,
        text: String,
    ) -> Result<T> {
        let request = self.request(Method::PUT, path);
        self.answer(request.header("Content-Type", YAML).body(text))
            .await
    }

    /// Sends a text of YAML.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn post_yaml<T: DeserializeOwned>(
        &self,
        path: &str,
        text: String,
    ) -> Result<T> {
        let request = self.request(Method::POST, path);
        self.answer(request.header("Content-Type", YAML).body(text))
            .await
    }

    /// Puts one thing in its place.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn put<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T> {
        self.answer(self.request(Method::PUT, path).json(body))
            .await
    }

    /// Removes one thing.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        let request = self.request(Method::DELETE, path);
        let response = self.send(request.timeout(ANSWER)).await?;
        refusal(response).await.map(drop)
    }

    /// As much of a list as was asked for.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Query,
        most: Most,
    ) -> Result<Vec<T>> {
        let mut items: Vec<T> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let left = if most.all {
                PAGE
            } else {
                most.limit - items.len()
            };
            let mut query = query.clone();
            query.push(("limit", left.min(PAGE).to_string()));
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page: Page<T> = self.get_with(path, &query).await?;
            items.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || (!most.all && items.len() >= most.limit) {
                return Ok(items);
            }
        }
    }

    /// All of a list that does not come in parts.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn whole<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        let page: Page<T> = self.get(path).await?;
        Ok(page.items)
    }

    /// Opens a stream of messages, after the one with the id `after`.
    ///
    /// # Errors
    /// [`CliError`] if it was refused or not reached.
    pub(crate) async fn stream(&self, path: &str, after: Option<&str>) -> Result<Stream> {
        let mut request = self
            .request(Method::GET, path)
            .header("Accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let response = refusal(self.send(request).await?).await?;
        Ok(Stream::new(response.bytes_stream()))
    }

    /// The status of a path outside of the API's own, `/readyz` for one, and the answer's time.
    ///
    /// # Errors
    /// [`CliError::Unreachable`].
    pub(crate) async fn probe(&self, path: &str) -> Result<Response> {
        let url = format!("{}{path}", self.context.url);
        self.send(self.http.get(url).timeout(CONNECT)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1{path}", self.context.url);
        let request = self.http.request(method, url);
        match &self.context.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        request.send().await.map_err(|error| {
            let source = self.context.source.hint();
            CliError::Unreachable(format!(
                "the API at {} cannot be reached: {}{source}",
                self.context.url,
                innermost(&error)
            ))
        })
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = self.send(request.timeout(ANSWER)).await?;
        let response = refusal(response).await?;
        let status = response.status();
        let text = response
            .text()
            .await
            .map_err(|error| CliError::Unreachable(format!("the answer broke off: {error}")))?;
        serde_json::from_str(&text).map_err(|error| {
            CliError::Unreachable(format!(
                "the API at {} gave an answer ({status}) that this version does not understand: \
                 {error}",
                self.context.url
            ))
        })
    }
}

/// The response, if it is a success.
async fn refusal(response: Response) -> Result<Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    let problem = serde_json::from_str(&text).unwrap_or_else(|_| {
        let title = status.canonical_reason().unwrap_or("refused");
        let said: String = text.chars().take(500).collect();
        let detail = if said.trim().is_empty() {
            format!("the server answered {status}")
        } else {
            format!("the server answered {status}: {}", said.trim())
        };
        Problem::new(status.as_u16(), "unknown", title, detail)
    });
    Err(CliError::Refused(Box::new(problem)))
}

/// The cause at the bottom, which says more to people than what wraps it.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut at: &dyn std::error::Error = error;
    while let Some(below) = at.source() {
        at = below;
    }
    at.to_string()
}
