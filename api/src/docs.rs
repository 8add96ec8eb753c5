//! Pages for people: the list of endpoints, the OpenAPI document, the page of each refusal.
//!
//! Plain HTML without scripts or anything from elsewhere, so that the strictest policy fits.

use crate::access::Access;
use crate::code;
use crate::endpoint::{Endpoint, get};
use crate::openapi::document;
use crate::refusal::{Answer, Refusal};
use crate::router::endpoints as all_endpoints;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use std::fmt::Write;
use std::sync::LazyLock;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ddd}code{font-size:.9em}h2{margin-top:2rem}@media(prefers-color-scheme:dark){body{color:#eee;background:#1c1c1c}td,th{border-color:#444}a{color:#8bf}}";

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());
static PAGE: LazyLock<String> = LazyLock::new(page);

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/openapi.json", Access::Public, openapi)
            .says(
                "documents",
                "openapi",
                "This API as an OpenAPI 3.1 document.",
            )
            .gives_other("application/json"),
        get("/docs", Access::Public, docs)
            .says("documents", "docs", "This API as a page.")
            .gives_other("text/html"),
        get("/errors/{code}", Access::Public, error)
            .says("documents", "error_page", "What a refusal's code means.")
            .gives_other("text/html"),
    ]
}

async fn openapi() -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], DOCUMENT.as_str()).into_response()
}

fn html(body: &str) -> Response {
    let policy = HeaderValue::from_static(POLICY);
    let page = Html(body.to_owned());
    ([(header::CONTENT_SECURITY_POLICY, policy)], page).into_response()
}

async fn docs() -> Response {
    html(&PAGE)
}

async fn error(Path(name): Path<String>) -> Answer<Response> {
    let code = code::find(&name).ok_or_else(|| Refusal::not_found("page for the code", &name))?;
    let body = format!(
        "<h1>{}</h1><p><code>{}</code>, HTTP status {}</p><p>{}</p>",
        code.title,
        code.code,
        code.status,
        marked(code.about)
    );
    Ok(html(&frame(code.title, &body)))
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title} - Attune</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )
}

/// Our own texts, with `code` marked.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split('`').enumerate() {
        let part = part.replace('&', "&amp;").replace('<', "&lt;");
        if n % 2 == 1 {
            out.push_str(&format!("<code>{part}</code>"));
        } else {
            out.push_str(&part);
        }
    }
    out
}

fn page() -> String {
    let mut body = String::from(
        "<h1>Attune REST API</h1><p>Give a session's token or an API token as <code>Authorization: Bearer &lt;token&gt;</code>. The same as a document for programs: <a href=\"/openapi.json\">openapi.json</a>.</p>",
    );
    let all = all_endpoints();
    let mut tags: Vec<&str> = Vec::new();
    for endpoint in &all {
        if !tags.contains(&endpoint.tag) {
            tags.push(endpoint.tag);
        }
    }
    for tag in tags {
        // Writing to a text cannot fail.
        let _ = write!(
            body,
            "<h2>{tag}</h2><table><tr><th>Request</th><th>Role</th><th>What it does</th></tr>"
        );
        for endpoint in all.iter().filter(|endpoint| endpoint.tag == tag) {
            let role = endpoint
                .info
                .access
                .role()
                .map_or("-", |role| role.as_str());
            let mut about = marked(endpoint.summary);
            for (kind, params) in [("Query", &endpoint.query), ("Headers", &endpoint.headers)] {
                let named: Vec<String> = params
                    .iter()
                    .map(|param| format!("<code>{}</code>", param.name))
                    .collect();
                if !named.is_empty() {
                    let _ = write!(about, "<br>{kind}: {}", named.join(", "));
                }
            }
            let _ = write!(
                body,
                "<tr><td><code>{} {}</code></td><td>{role}</td><td>{about}</td></tr>",
                endpoint.info.method, endpoint.info.path
            );
        }
        body.push_str("</table>");
    }
    body.push_str("<h2>Refusals</h2><table><tr><th>Code</th><th>Status</th><th>Meaning</th></tr>");
    for code in code::ALL {
        let _ = write!(
            body,
            "<tr><td><a href=\"/errors/{0}\"><code>{0}</code></a></td><td>{1}</td><td>{2}</td></tr>",
            code.code,
            code.status,
            marked(code.about)
        );
    }
    body.push_str("</table>");
    frame("REST API", &body)
}
