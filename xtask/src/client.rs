//! A small client of the public REST surface, for chores that look at the product from outside.
//!
//! Owns how a request is made and how a refusal reads. Knows paths, not meanings. Called by the acceptance command and
//! the demo. An answer of any status is a value; only a server that cannot be reached is an error.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{Stream, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};

/// The longest that one request may take; long polls ask for less.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One person's connection to one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What the server answered to one request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// `POST /executions`, for messages.
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Client {
    /// A client of the server at `base` (`http://host:port`), not logged in.
    ///
    /// # Errors
    /// When the machine has no usable TLS set-up.
    pub(crate) fn new(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .context("cannot make an HTTP client")?;
        Ok(Self {
            http,
            base: format!("{}/api/v1", base.trim_end_matches('/')),
            token: None,
        })
    }

    /// The same connection for the person with this login.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the login.
    pub(crate) async fn log_in(&self, login: &str, password: &str) -> Result<Self> {
        let answer = self
            .post(
                "/auth/login",
                &json!({"login": login, "password": password}),
            )
            .await?
            .ok()?;
        let token = answer["token"]
            .as_str()
            .context("POST /auth/login answered without a token")?;
        Ok(Self {
            token: Some(token.to_owned()),
            ..self.clone()
        })
    }

    /// The token of who is logged in; empty for nobody.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Reads.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None).await
    }

    /// Does something.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// All items of a paged list.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next).await?.ok()?;
            let found = page["items"]
                .as_array()
                .with_context(|| format!("GET {path} answered without items"))?;
            items.extend(found.iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}{joint}cursor={cursor}"),
                None => return Ok(items),
            }
        }
    }

    /// Something for each message of a server-sent stream, as it comes; ends when the server ends it.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(crate) async fn pulse(&self, path: &str) -> Result<impl Stream<Item = ()> + use<>> {
        let response = self
            .request(Method::GET, path)
            .header("accept", "text/event-stream")
            .send()
            .await
            .with_context(|| format!("GET {path}: the server cannot be reached"))?;
        if !response.status().is_success() {
            bail!("GET {path} was refused with {}", response.status());
        }
        Ok(response
            .bytes_stream()
            .take_while(|chunk| std::future::ready(chunk.is_ok()))
            .map(|_| ()))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let name = format!("{method} {path}");
        let mut request = self.request(method, path).timeout(TIMEOUT);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{name}: the server cannot be reached"))?;
        let status = response.status().as_u16();
        let text = response
            .text()
            .await
            .with_context(|| format!("{name}: the answer broke off"))?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer {
            request: name,
            status,
            body,
        })
    }
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// When the server refused, with what it said.
    pub(crate) fn ok(self) -> Result<Value> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        bail!("{}", self.refusal());
    }

    /// How the refusal reads: the problem's title and detail, and every field error.
    pub(crate) fn refusal(&self) -> String {
        if matches!(self.status, 405 | 501) || (self.status == 404 && self.body["code"].is_null()) {
            return format!(
                "the server does not offer {} yet ({})",
                self.request, self.status
            );
        }
        let mut said = format!("{} answered {}", self.request, self.status);
        for field in ["code", "title", "detail"] {
            if let Some(text) = self.body[field].as_str() {
                said = format!("{said}: {text}");
            }
        }
        if let Some(text) = self.body.as_str().filter(|text| !text.is_empty()) {
            said = format!("{said}: {text}");
        }
        for error in self.errors() {
            said = format!("{said}; {} {}", error.0, error.1);
        }
        said
    }

    /// The field errors of a refusal: where, and code and message as one text.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let text =
            |error: &Value, field: &str| error[field].as_str().unwrap_or_default().to_owned();
        self.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| {
                (
                    text(error, "pointer"),
                    format!("{} {}", text(error, "code"), text(error, "message")),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: Value) -> Answer {
        Answer {
            request: "POST /executions".to_owned(),
            status,
            body,
        }
    }

    #[test]
    fn a_refusal_reads_with_all_its_field_errors() {
        let refusal = answer(
            422,
            json!({"code": "invalid", "detail": "two fields", "errors": [
                {"pointer": "/a", "code": "required", "message": "`a` is required"},
                {"pointer": "/b", "code": "unknown", "message": "`b` is unknown"},
            ]}),
        );
        let said = refusal.ok().unwrap_err().to_string();
        assert!(
            said.starts_with("POST /executions answered 422: invalid: two fields; /a required"),
            "{said}"
        );
        assert!(said.contains("/b unknown"), "{said}");
    }

    #[test]
    fn a_route_that_is_not_there_says_so() {
        for status in [404, 405, 501] {
            let said = answer(status, Value::Null).refusal();
            assert!(
                said.contains("does not offer POST /executions yet"),
                "{said}"
            );
        }
        let said = answer(404, json!({"code": "not_found", "detail": "no such run"})).refusal();
        assert!(said.contains("no such run"), "{said}");
    }

    #[test]
    fn a_success_gives_its_body() {
        assert_eq!(
            answer(201, json!({"id": 1})).ok().unwrap(),
            json!({"id": 1})
        );
    }
}
