//! Reading query parameters: all that is wrong at once, unknown names included.
//!
//! A misspelt filter that is silently left out shows too much; so it is an error.

use crate::code;
use crate::refusal::{Answer, Refusal};
use attune_pack::suggest;
use attune_port::PageRequest;
use attune_rest::FieldProblem;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt::Display;
use std::str::FromStr;

/// Most entries of one page.
const MOST: u32 = 1_000;
/// Entries of a page where the caller does not say.
const USUAL: u32 = 50;

/// A store's cursor as it is given out: text that needs no escaping in an address.
pub(crate) fn give_cursor(inner: &str) -> String {
    URL_SAFE_NO_PAD.encode(inner)
}

fn open_cursor(given: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(given).ok()?).ok()
}

/// The parameters of a request, taken out one by one.
pub(crate) struct Params {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<FieldProblem>,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let Query(given) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| Refusal::new(&code::BAD_REQUEST, error.body_text()))?;
        Ok(Self {
            given,
            known: Vec::new(),
            errors: Vec::new(),
        })
    }
}

impl Params {
    /// A parameter that may stand once.
    pub(crate) fn one<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let mut all = self.many(name);
        if all.len() > 1 {
            self.wrong(name, "repeated", format!("`{name}` may stand once"));
        }
        all.pop()
    }

    /// A parameter that may stand many times; a comma separates values too.
    pub(crate) fn list<T>(&mut self, name: &'static str) -> Vec<T>
    where
        T: FromStr<Err: Display>,
    {
        let texts: Vec<String> = self.many(name);
        let mut values = Vec::new();
        for text in texts.iter().flat_map(|text| text.split(',')) {
            self.parse(name, text, &mut values);
        }
        values
    }

    /// A parameter that may stand many times.
    pub(crate) fn many<T>(&mut self, name: &'static str) -> Vec<T>
    where
        T: FromStr<Err: Display>,
    {
        self.known.push(name);
        let texts: Vec<String> = self
            .given
            .iter()
            .filter(|(given, _)| given == name)
            .map(|(_, text)| text.clone())
            .collect();
        let mut values = Vec::new();
        for text in texts {
            self.parse(name, &text, &mut values);
        }
        values
    }

    fn parse<T>(&mut self, name: &str, text: &str, values: &mut Vec<T>)
    where
        T: FromStr<Err: Display>,
    {
        if text.contains('\0') {
            self.wrong(name, "nul", "the value contains a NUL character");
            return;
        }
        match text.parse() {
            Ok(value) => values.push(value),
            Err(error) => self.wrong(name, "type", format!("`{text}` is not accepted: {error}")),
        }
    }

    /// Notes that a parameter is wrong.
    pub(crate) fn wrong(&mut self, name: &str, code: &str, message: impl Into<String>) {
        self.errors.push(FieldProblem::query(name, code, message));
    }

    /// `limit` and `cursor`.
    pub(crate) fn page(&mut self) -> PageRequest {
        let limit = self.one::<u32>("limit");
        if let Some(limit) = limit
            && !(1..=MOST).contains(&limit)
        {
            self.wrong("limit", "range", format!("`limit` is 1 to {MOST}"));
        }
        let given: Option<String> = self.one("cursor");
        let cursor = given.as_deref().map(open_cursor);
        if cursor == Some(None) {
            self.wrong("cursor", "type", "that cursor was not given out here");
        }
        PageRequest {
            limit: limit.unwrap_or(USUAL),
            cursor: cursor.flatten(),
        }
    }

    /// All that was wrong, names that nobody asked for included.
    pub(crate) fn finish(mut self) -> Answer<()> {
        let known = std::mem::take(&mut self.known);
        for (name, _) in std::mem::take(&mut self.given) {
            if !known.contains(&name.as_str()) {
                let help = match suggest(&name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "this request takes none".to_owned(),
                    None => format!("known: {}", known.join(", ")),
                };
                self.errors.push(FieldProblem {
                    help: Some(help),
                    ..FieldProblem::query(
                        &name,
                        "unknown",
                        format!("unknown query parameter `{name}`"),
                    )
                });
            }
        }
        if self.errors.is_empty() {
            return Ok(());
        }
        let said: Vec<&str> = self.errors.iter().map(|e| e.message.as_str()).collect();
        Err(Refusal::new(&code::INVALID, said.join("; ")).with_errors(self.errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_types::ExecutionStatus;
    use axum::http::Request;

    async fn params(query: &str) -> Params {
        let request = Request::get(format!("/x?{query}")).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        Params::from_request_parts(&mut parts, &()).await.unwrap()
    }

    #[tokio::test]
    async fn reads_lists_pages_and_single_values() {
        let mut given = params("status=failed,running&status=paused&limit=3&cursor=YSti").await;
        let statuses: Vec<ExecutionStatus> = given.list("status");
        assert_eq!(statuses.len(), 3);
        let page = given.page();
        assert_eq!((page.limit, page.cursor.as_deref()), (3, Some("a+b")));
        assert!(given.finish().is_ok());
    }

    #[tokio::test]
    async fn finds_all_that_is_wrong() {
        let mut given = params("status=great&limit=0&lmit=2&a=1&a=2").await;
        let _: Vec<ExecutionStatus> = given.list("status");
        let _ = given.page();
        let _: Option<u32> = given.one("a");
        let problem = given.finish().err().unwrap().problem;
        let found: Vec<_> = problem
            .errors
            .iter()
            .map(|error| (error.parameter.as_deref().unwrap(), error.code.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("status", "type"),
                ("limit", "range"),
                ("a", "repeated"),
                ("lmit", "unknown")
            ]
        );
    }
}
