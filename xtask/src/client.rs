//! A small client of the public REST surface, for chores that look at the product from outside.
//!
//! Owns how a request is made and how a refusal reads. Knows paths, not meanings. Called by the acceptance command and
//! the demo. An answer of any status is a value; only a server that cannot be reached is an error.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use attune_rest::{FieldProblem, Problem};
use futures::{Stream, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};

/// The longest that one request may take; long polls ask for less.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The code of a refusal where the address itself is unknown.
const UNKNOWN_ROUTE: &str = "unknown_route";

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

    /// How the refusal reads: what the server said, and every error in detail.
    pub(crate) fn refusal(&self) -> String {
        let problem = self.problem();
        let route_is_missing = match &problem {
            Some(problem) => problem.code == UNKNOWN_ROUTE,
            None => self.status == 404,
        };
        if route_is_missing || matches!(self.status, 405 | 501) {
            return format!(
                "the server does not offer {} yet ({})",
                self.request, self.status
            );
        }
        match problem {
            Some(problem) => format!(
                "{} was refused with {}: {problem}",
                self.request, self.status
            ),
            None => format!(
                "{} was refused with {}: {}",
                self.request, self.status, self.body
            ),
        }
    }

    /// What is wrong in detail, by a refusal.
    pub(crate) fn errors(&self) -> Vec<FieldProblem> {
        self.problem()
            .map(|problem| problem.errors)
            .unwrap_or_default()
    }

    fn problem(&self) -> Option<Problem> {
        serde_json::from_value(self.body.clone()).ok()
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

    fn problem(status: u16, code: &str) -> Problem {
        Problem::new(status, code, "Refused", "it cannot be")
    }

    #[test]
    fn a_refusal_reads_with_all_its_errors() {
        let problem = problem(422, "invalid").with_errors(vec![
            FieldProblem::at("/a", "required", "`a` is required"),
            FieldProblem::at("/b", "unknown", "`b` is unknown"),
        ]);
        let refusal = answer(422, json!(problem));
        assert_eq!(refusal.errors().len(), 2);
        let said = refusal.ok().unwrap_err().to_string();
        assert!(
            said.starts_with("POST /executions was refused with 422: it cannot be (invalid)"),
            "{said}"
        );
        assert!(said.contains("/b: `b` is unknown"), "{said}");
    }

    #[test]
    fn a_route_that_is_not_there_says_so() {
        let missing = [
            answer(404, Value::Null),
            answer(404, json!(problem(404, UNKNOWN_ROUTE))),
            answer(405, json!(problem(405, "method_not_allowed"))),
            answer(501, Value::Null),
        ];
        for answer in missing {
            let said = answer.refusal();
            assert!(
                said.contains("does not offer POST /executions yet"),
                "{said}"
            );
        }
        let said = answer(404, json!(problem(404, "not_found"))).refusal();
        assert!(said.contains("it cannot be"), "{said}");
    }

    #[test]
    fn a_success_gives_its_body() {
        assert_eq!(
            answer(201, json!({"id": 1})).ok().unwrap(),
            json!({"id": 1})
        );
    }
}
