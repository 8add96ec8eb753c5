//! Tokens of secrets are not shown.
//!
//! Owns the last look at every answer: in the place of a token, which says which secret stands there,
//! stands a mask. Whatever a handler shows of a run goes through here, so that none can forget it.
//! Values of secrets never get as far as this process's answers at all.

use crate::mask::MASK;
use attune_template::mask_tokens;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::http::header;
use axum::response::Response;
use tokio_stream::StreamExt as _;

/// An answer without tokens.
pub(crate) async fn veil(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if body.size_hint().exact().is_none() {
        // A stream: each message is one piece.
        let pieces = body
            .into_data_stream()
            .map(|piece| piece.map(|bytes| veiled(&bytes).unwrap_or(bytes)));
        return Response::from_parts(parts, Body::from_stream(pieces));
    }
    // It is in memory already.
    let bytes = match to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(%error, "an answer broke off");
            return Response::from_parts(parts, Body::empty());
        }
    };
    match veiled(&bytes) {
        None => Response::from_parts(parts, Body::from(bytes)),
        Some(bytes) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(bytes))
        }
    }
}

fn veiled(bytes: &Bytes) -> Option<Bytes> {
    let text = std::str::from_utf8(bytes).ok()?;
    mask_tokens(text, MASK).map(Bytes::from)
}
