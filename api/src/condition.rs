//! Conditional changes: `If-Match` and `If-None-Match`, and the `ETag` of answers.

use crate::code;
use crate::refusal::{Answer, Refusal};
use attune_port::Expect;
use axum::http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

/// On what condition a request wants to change something.
pub(crate) fn expected(headers: &HeaderMap) -> Answer<Expect> {
    match (headers.get(IF_MATCH), headers.get(IF_NONE_MATCH)) {
        (None, None) => Ok(Expect::Anything),
        (None, Some(value)) if value == "*" => Ok(Expect::New),
        (None, Some(_)) => Err(wrong(&IF_NONE_MATCH, "`*`")),
        (Some(_), Some(_)) => Err(wrong(&IF_NONE_MATCH, "not given beside `if-match`")),
        (Some(value), None) => {
            let text = value.to_str().unwrap_or_default().trim();
            let inner = text.strip_prefix("W/").unwrap_or(text);
            let inner = inner
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(inner);
            if inner.is_empty() || inner == "*" || inner.contains(['"', ',']) {
                return Err(wrong(&IF_MATCH, "one entity tag, as the answers give it"));
            }
            Ok(Expect::Etag(inner.to_owned()))
        }
    }
}

fn wrong(header: &HeaderName, must: &str) -> Refusal {
    Refusal::new(
        &code::INVALID,
        format!("the header `{header}` must be {must}"),
    )
}

/// It is no longer as the request expected.
pub(crate) fn changed(what: &str, name: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        &code::PRECONDITION_FAILED,
        format!("the {what} `{name}` is not as your condition says: read it again and decide anew"),
    )
}

/// An answer with its tag.
pub(crate) fn tagged(etag: &str, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        response.headers_mut().insert(ETAG, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, value: &str) -> Option<Expect> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        expected(&headers).ok()
    }

    #[test]
    fn conditions_are_read_as_they_are_given_out() {
        let tag = Some(Expect::Etag("abc".to_owned()));
        assert_eq!(of("if-match", "\"abc\""), tag);
        assert_eq!(of("if-match", "W/\"abc\""), tag);
        assert_eq!(of("if-match", "abc"), tag);
        assert_eq!(of("if-none-match", "*"), Some(Expect::New));
        assert_eq!(of("x", "y"), Some(Expect::Anything));
        for (name, value) in [
            ("if-match", "\"a\", \"b\""),
            ("if-match", "*"),
            ("if-match", ""),
            ("if-none-match", "\"a\""),
        ] {
            assert_eq!(of(name, value), None, "{name}: {value}");
        }
    }
}
