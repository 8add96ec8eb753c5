//! The REST surface as a stranger's program sees it.
//!
//! Owns requests, answers and paging; the shapes are those of `attune-rest`. An answer of any status
//! is a value. What the product must never do here (refuse a good request, answer no JSON) panics.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use attune_rest::{
    ExecutionDetail, ExecutionView, HistoryView, Page, Problem, Session, StartExecution,
};
use attune_types::{ExecutionStatus, JsonMap, RunId};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::proc::{LONG, until};

/// Somebody's connection to the API.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    root: String,
    token: Option<String>,
    /// Starts that were not taken at the first asking, over all clones.
    unanswered: Arc<AtomicU32>,
}

/// What the API said.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Client {
    /// Nobody yet, at `http://host:port`.
    pub(crate) fn new(root: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        Self {
            http,
            root: root.to_owned(),
            token: None,
            unanswered: Arc::default(),
        }
    }

    /// How many starts were not taken when they were asked for.
    pub(crate) fn unanswered(&self) -> u32 {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// The same with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same without a token.
    pub(crate) fn nobody(&self) -> Self {
        Self {
            token: None,
            ..self.clone()
        }
    }

    /// Logs in.
    pub(crate) async fn log_in(&self, login: &str, password: &str) -> Self {
        let body = json!({"login": login, "password": password});
        let session: Session = self.post("/auth/login", &body).await.good();
        self.with_token(session.token.expose())
    }

    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request below `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.root));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The status of an address outside of `/api/v1`; none if nobody answers.
    pub(crate) async fn status_of(&self, path: &str) -> Option<u16> {
        let answer = self.http.get(format!("{}{path}", self.root)).send().await;
        Some(answer.ok()?.status().as_u16())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body))
            .await
            .unwrap()
    }

    /// All entries of a list.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &str) -> Vec<T> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{joint}limit=500");
        let mut items = Vec::new();
        let mut next = first.clone();
        loop {
            let page: Page<T> = self.get(&next).await.good();
            items.extend(page.items);
            match page.next_cursor {
                Some(cursor) => next = format!("{first}&cursor={cursor}"),
                None => return items,
            }
        }
    }

    /// Registers a pack that must be right.
    pub(crate) async fn register(&self, folder: &std::path::Path) {
        let answer = self.post("/packs/register", &json!({"path": folder})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Starts a run that must be accepted.
    pub(crate) async fn start(&self, action: &str, parameters: Value) -> RunId {
        let answer = self
            .post(
                "/executions",
                &json!({"action": action, "parameters": parameters}),
            )
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let view: ExecutionView = answer.good();
        view.run
    }

    /// Starts a run once, however often it has to be asked: connections may break and the database be
    /// away. Gives how often it was asked.
    pub(crate) async fn start_once(
        &self,
        action: &str,
        parameters: Value,
        label: &str,
        key: &str,
    ) -> (RunId, u32) {
        let Value::Object(parameters) = parameters else {
            panic!("parameters are a map");
        };
        let body = StartExecution {
            action: action.parse().unwrap(),
            parameters: JsonMap::from_iter(parameters),
            labels: BTreeMap::from([("test".to_owned(), label.to_owned())]),
        };
        let mut asked = 0;
        let deadline = tokio::time::Instant::now() + LONG;
        loop {
            asked += 1;
            let request = self
                .request(Method::POST, "/executions")
                .header("Idempotency-Key", key)
                .json(&body);
            match send(request).await {
                Ok(answer) if matches!(answer.status, 200 | 201) => {
                    let view: ExecutionView = answer.good();
                    return (view.run, asked);
                }
                Ok(answer) if matches!(answer.status, 429 | 503) => {}
                Ok(answer) => panic!("a good start was refused: {answer:?}"),
                Err(_) => {}
            }
            self.unanswered.fetch_add(1, Ordering::Relaxed);
            assert!(
                tokio::time::Instant::now() < deadline,
                "the start {key} was never accepted"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn execution(&self, run: RunId) -> ExecutionDetail {
        self.get(&format!("/executions/{run}")).await.good()
    }

    pub(crate) async fn tasks(&self, run: RunId) -> Vec<ExecutionView> {
        self.list(&format!("/executions/{run}/tasks")).await
    }

    pub(crate) async fn history(&self, run: RunId) -> Vec<HistoryView> {
        self.list(&format!("/executions/{run}/history")).await
    }

    /// The run once it has ended.
    pub(crate) async fn ended(&self, run: RunId) -> ExecutionDetail {
        until(&format!("the end of {run}"), async || {
            let answer = send(self.request(Method::GET, &format!("/executions/{run}"))).await;
            let detail: ExecutionDetail = answer.ok().filter(|it| it.status == 200)?.good();
            detail.execution.status.is_terminal().then_some(detail)
        })
        .await
    }

    /// A run that must end well; gives its result.
    pub(crate) async fn succeeded(&self, run: RunId) -> Value {
        let detail = self.ended(run).await;
        assert_eq!(
            detail.execution.status,
            ExecutionStatus::Succeeded,
            "{:?}",
            detail.execution.error
        );
        detail.execution.result
    }
}

/// Sends a request; an error means that no whole answer came.
pub(crate) async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let content_type = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    Ok(Answer {
        status: response.status().as_u16(),
        content_type,
        text: response.text().await?,
    })
}

impl Answer {
    /// The body of a success.
    pub(crate) fn good<T: DeserializeOwned>(&self) -> T {
        assert!((200..300).contains(&self.status), "{self:?}");
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body of a refusal, which must be of the one form.
    pub(crate) fn problem(&self) -> Problem {
        assert_eq!(self.content_type, attune_rest::PROBLEM_JSON, "{self:?}");
        let problem: Problem = serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text));
        assert_eq!(problem.status, self.status, "{self:?}");
        problem
    }
}
