//! Filters that write a value for another reader: shells, URLs, HTML, base64, hashes.

use super::Signature;
use super::call::Call;
use crate::error::Fault;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use tera::Value;

pub(super) const FILTERS: &[Signature] = &[
    Signature::new("b64encode", &["url_safe"], 0, |call| {
        let text = call.any_text()?;
        let alphabet = alphabet(call)?;
        call.room(text.len() / 3 * 4 + 4)?;
        Ok(Value::from(alphabet.encode(text)))
    }),
    Signature::new("b64decode", &["url_safe"], 0, |call| {
        let text = call.text()?;
        let alphabet = alphabet(call)?;
        call.room(text.len())?;
        let bytes = alphabet
            .decode(text.trim())
            .map_err(|_| Fault::wrong_type("`b64decode` was given a text that is not base64"))?;
        String::from_utf8(bytes)
            .map(Value::from)
            .map_err(|_| Fault::wrong_type("`b64decode` found bytes that are not text (UTF-8)"))
    }),
    Signature::new("sha256", &[], 0, |call| {
        let text = call.any_text()?;
        call.step(text.len() / 4)?;
        Ok(Value::from(hex::encode(Sha256::digest(text.as_bytes()))))
    }),
    Signature::new("url_encode", &["keep"], 0, url_encode),
    Signature::new("url_decode", &[], 0, url_decode),
    Signature::new("quote_shell", &[], 0, quote_shell),
    Signature::new("escape", &[], 0, escape),
    Signature::new("escape_html", &[], 0, escape),
    Signature::new("escape_xml", &[], 0, escape),
];

fn alphabet(call: &Call<'_>) -> Result<&'static GeneralPurpose, Fault> {
    Ok(if call.flag("url_safe")? {
        &URL_SAFE_NO_PAD
    } else {
        &STANDARD
    })
}

/// Percent-encodes all but unreserved characters and those in `keep`.
fn url_encode(call: &mut Call<'_>) -> Result<Value, Fault> {
    let keep = call.text_arg("keep")?.unwrap_or("");
    let text = call.any_text()?;
    call.room(text.len().saturating_mul(3))?;
    let mut out = String::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || keep.contains(c) {
            out.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut buffer).bytes() {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    Ok(Value::from(out))
}

fn url_decode(call: &mut Call<'_>) -> Result<Value, Fault> {
    let text = call.text()?;
    call.room(text.len())?;
    let wrong = || Fault::wrong_type("`url_decode` was given a text that is not percent-encoded");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = [
            rest.next().ok_or_else(wrong)?,
            rest.next().ok_or_else(wrong)?,
        ];
        let mut decoded = [0];
        hex::decode_to_slice(pair, &mut decoded).map_err(|_| wrong())?;
        bytes.extend(decoded);
    }
    String::from_utf8(bytes)
        .map(Value::from)
        .map_err(|_| wrong())
}

/// One word for a POSIX shell, whatever is in it.
fn quote_shell(call: &mut Call<'_>) -> Result<Value, Fault> {
    let text = call.any_text()?;
    if text.contains('\0') {
        return Err(Fault::wrong_type(
            "`quote_shell` was given a NUL character, which no shell takes",
        ));
    }
    let quotes = text.matches('\'').count();
    call.room(text.len() + quotes * 3 + 2)?;
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c));
    Ok(Value::from(if plain {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }))
}

fn escape(call: &mut Call<'_>) -> Result<Value, Fault> {
    let text = call.any_text()?;
    let special = text.matches(['&', '<', '>', '"', '\'']).count();
    call.room(text.len() + special * 5)?;
    let mut out = String::with_capacity(text.len() + special * 5);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            other => out.push(other),
        }
    }
    Ok(Value::from(out))
}
