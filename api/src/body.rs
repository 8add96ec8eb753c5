//! Reading request bodies: JSON, of a bounded size, with the place of whatever is wrong.
//!
//! Owns the order of refusals: content type (415), size (413), time (408), JSON (400), NUL and shape
//! (422). Used by every handler that takes a body.

use crate::code;
use crate::refusal::{Answer, Refusal};
use attune_rest::FieldProblem;
use attune_types::{JsonValue, find_nul, format_bytes, pointer_escape};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use std::time::Duration;

/// Largest body, unless values may be so large that two of them are more.
const BODY_LIMIT: usize = 8 << 20;

/// Largest body where the largest value has so many bytes.
pub(crate) const fn body_limit(payload: u32) -> usize {
    let twice = (payload as usize).saturating_mul(2);
    if twice > BODY_LIMIT {
        twice
    } else {
        BODY_LIMIT
    }
}

/// Longest time that a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// A body of that shape.
pub(crate) struct Body<T> {
    pub(crate) value: T,
}

/// A body as any JSON, for endpoints that take more than one shape.
pub(crate) struct AnyBody(pub(crate) JsonValue);

/// A body of that shape, or none at all.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let AnyBody(value) = AnyBody::from_request(request, state).await?;
        Ok(Self {
            value: shape(value)?,
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for AnyBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        if !is_json(request.headers()) {
            return Err(Refusal::new(
                &code::UNSUPPORTED_MEDIA_TYPE,
                "the body must be `application/json`",
            ));
        }
        parse(&bytes(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let json = is_json(request.headers());
        let bytes = bytes(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !json {
            return Err(Refusal::new(
                &code::UNSUPPORTED_MEDIA_TYPE,
                "the body must be `application/json`, or left out",
            ));
        }
        shape(parse(&bytes)?).map(Self)
    }
}

/// A body as it came, for endpoints that take more than JSON.
pub(crate) struct Raw {
    pub(crate) bytes: Bytes,
    kind: String,
}

impl Raw {
    pub(crate) fn is_json(&self) -> bool {
        names_json(&self.kind)
    }

    pub(crate) fn is_yaml(&self) -> bool {
        let known = [
            "application/yaml",
            "application/x-yaml",
            "text/yaml",
            "text/x-yaml",
        ];
        known
            .iter()
            .any(|name| self.kind.eq_ignore_ascii_case(name))
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let kind = content_type(request.headers()).to_owned();
        let bytes = bytes(request, state).await?;
        Ok(Self { bytes, kind })
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim()
}

fn is_json(headers: &HeaderMap) -> bool {
    names_json(content_type(headers))
}

fn names_json(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("application/json")
        || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Answer<Bytes> {
    let arriving = tokio::time::timeout(ARRIVAL, Bytes::from_request(request, state));
    match arriving.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Refusal::new(
                &code::TOO_LARGE,
                "the body is larger than what is accepted: twice the setting `limits.payload`, and at \
                 least 8 MiB",
            ))
        }
        Ok(Err(rejection)) => Err(Refusal::new(&code::BAD_REQUEST, rejection.body_text())),
        Err(_) => Err(Refusal::new(
            &code::TOO_SLOW,
            format!("the body did not arrive within {} s", ARRIVAL.as_secs()),
        )),
    }
}

/// The JSON of a body.
pub(crate) fn parse(bytes: &[u8]) -> Answer<JsonValue> {
    let value = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::new(&code::BROKEN_JSON, error.to_string()))?;
    match find_nul(&value) {
        None => Ok(value),
        Some(nul) => {
            let message = nul.to_string();
            Err(Refusal::new(&code::NUL_CHARACTER, message.clone())
                .with_errors(vec![FieldProblem::at(nul.pointer, "nul", message)]))
        }
    }
}

/// JSON as a type, or where it differs.
pub(crate) fn shape<T: DeserializeOwned>(value: JsonValue) -> Answer<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = field_problem(error.path(), &error.inner().to_string());
        Refusal::new(&code::INVALID, field.message.clone()).with_errors(vec![field])
    })
}

/// Where a value differs from its type. `serde` names a missing or unknown field only in its text.
fn field_problem(path: &Path, message: &str) -> FieldProblem {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&pointer_escape(key));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let quoted = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?;
        rest.split('`').next().map(str::to_owned)
    };
    if let Some(name) = quoted("missing field `") {
        let pointer = format!("{pointer}/{}", pointer_escape(&name));
        return FieldProblem::at(pointer, "required", format!("`{name}` is required"));
    }
    if let Some(name) = quoted("unknown field `") {
        let step = format!("/{}", pointer_escape(&name));
        if !pointer.ends_with(&step) {
            pointer.push_str(&step);
        }
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let help = match attune_pack::suggest(&name, known.iter().copied()) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if known.is_empty() => Some("this request takes no fields".to_owned()),
            None => Some(format!("known: {}", known.join(", "))),
        };
        return FieldProblem {
            help,
            ..FieldProblem::at(pointer, "unknown", format!("unknown field `{name}`"))
        };
    }
    FieldProblem::at(pointer, "type", message)
}

/// Refuses a value that is larger than what is stored inline.
pub(crate) fn check_size(what: &str, value: &impl serde::Serialize, most: u32) -> Answer<()> {
    let mut counter = Counter(0);
    // Counting cannot fail, and what cannot be written is found where it is stored.
    drop(serde_json::to_writer(&mut counter, value));
    if counter.0 <= most as usize {
        return Ok(());
    }
    Err(Refusal::new(
        &code::TOO_LARGE,
        format!("{what} has at most {}", format_bytes(u64::from(most))),
    ))
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_rest::{StartExecution, StartMany};
    use serde_json::json;

    fn wrong<T: DeserializeOwned>(value: JsonValue) -> (String, String) {
        let error = shape::<T>(value).err().unwrap().problem.errors.remove(0);
        (error.pointer, error.code)
    }

    #[test]
    fn says_where_a_body_is_wrong() {
        let cases = [
            (json!({}), "/action", "required"),
            (json!({"action": "a.b", "parms": {}}), "/parms", "unknown"),
            (
                json!({"action": "a.b", "parameters": []}),
                "/parameters",
                "type",
            ),
            (json!({"action": "nodot"}), "/action", "type"),
            (
                json!({"action": "a.b", "labels": {"x": 1}}),
                "/labels/x",
                "type",
            ),
        ];
        for (value, pointer, code) in cases {
            let found = wrong::<StartExecution>(value.clone());
            assert_eq!(found, (pointer.to_owned(), code.to_owned()), "{value}");
        }
        let many = json!({"executions": [{"action": "a.b"}, {"acton": "a.b"}]});
        let found = wrong::<StartMany>(many);
        assert_eq!(
            found,
            ("/executions/1/acton".to_owned(), "unknown".to_owned())
        );
    }

    #[test]
    fn counts_what_a_value_takes() {
        assert!(check_size("x", &"a".repeat(98), 100).is_ok());
        assert!(check_size("x", &"a".repeat(99), 100).is_err());
    }
}
