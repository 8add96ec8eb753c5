//! The trace of a request: W3C `traceparent`, taken over or begun.

use attune_port::Clock;
use axum::http::HeaderMap;

/// One request's place in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    /// 16 hexadecimal digits: this request.
    span: String,
    flags: String,
}

impl Trace {
    /// Continues the caller's trace, or begins one.
    pub(crate) fn of(headers: &HeaderMap, clock: &dyn Clock) -> Self {
        let entropy = hex::encode(clock.entropy());
        let span = hex::encode(&clock.entropy()[8..]);
        let given = headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok())
            .and_then(parse);
        match given {
            Some((id, flags)) => Self { id, span, flags },
            None => Self {
                id: entropy,
                span,
                flags: "01".to_owned(),
            },
        }
    }

    /// The header for whatever this request causes.
    pub(crate) fn parent(&self) -> String {
        format!("00-{}-{}-{}", self.id, self.span, self.flags)
    }
}

fn parse(text: &str) -> Option<(String, String)> {
    let hex = |text: &str, len: usize| {
        text.len() == len
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = text.split('-');
    let (version, id, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let whole = hex(version, 2)
        && version != "ff"
        && hex(id, 32)
        && hex(parent, 16)
        && hex(flags, 2)
        && id.bytes().any(|b| b != b'0')
        && (version != "00" || parts.next().is_none());
    whole.then(|| (id.to_owned(), flags.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_whole_parents() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = format!("00-{id}-00f067aa0ba902b7-01");
        assert_eq!(parse(&good), Some((id.to_owned(), "01".to_owned())));
        for bad in [
            "",
            "00-x",
            &good.to_uppercase(),
            &format!("{good}-x"),
            &good.replace('4', "g"),
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
