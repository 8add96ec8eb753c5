//! Keys: named values of packs. What is secret goes in and never comes out.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::audit;
use crate::body::Body;
use crate::code;
use crate::condition;
use crate::endpoint::{Endpoint, PAGE, delete, get, put, q};
use crate::mask::MASK;
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_port::{Expect, Expected, KeyRow, NewKey, StoreError};
use attune_rest::{KeyView, Page, PutKey};
use attune_template::KeyRef;
use attune_types::{JsonValue, Ref};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

/// Shortest secret: a shorter one could not be told from other text, and so not be hidden.
const SHORTEST: usize = 4;
/// Largest value, as JSON.
const LARGEST: usize = 256 << 10;
/// Most packs that a key names.
const MOST_READERS: usize = 100;

const IF_MATCH: &str = "The `ETag` of what is to be changed; 412 if something else is there.";
const IF_NONE_MATCH: &str = "`*`: only if there is no such key yet; otherwise 412.";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/keys", Access::Viewer, list)
            .says(
                "data",
                "list_keys",
                "Keys in order of pack and name, without values.",
            )
            .query(&PAGE)
            .query(&[q("pack", "Only of this pack.")])
            .pages::<KeyView>(),
        get("/api/v1/keys/{pack}/{name}", Access::Viewer, show)
            .says(
                "data",
                "get_key",
                "One key. The value of a secret is masked.",
            )
            .gives::<KeyView>(200),
        put("/api/v1/keys/{pack}/{name}", Access::Admin, set)
            .says(
                "data",
                "set_key",
                "Sets a key. A secret is never shown again.",
            )
            .header("If-Match", IF_MATCH)
            .header("If-None-Match", IF_NONE_MATCH)
            .takes::<PutKey>()
            .gives::<KeyView>(200),
        delete("/api/v1/keys/{pack}/{name}", Access::Admin, remove)
            .says(
                "data",
                "delete_key",
                "Takes a key away. Runs that need it later fail, naming it.",
            )
            .header("If-Match", IF_MATCH)
            .gives_nothing(),
    ]
}

async fn list(State(app): State<App>, mut params: Params) -> Answer<Json<Page<KeyView>>> {
    let page = params.page();
    let pack: Option<String> = params.one("pack");
    params.finish()?;
    let found = app.deps.stores.keys.list(pack.as_deref(), &page).await?;
    Ok(Json(view::page(found, |row| shown(row, None))))
}

async fn show(
    State(app): State<App>,
    Path((pack, name)): Path<(String, String)>,
) -> Answer<Response> {
    let key = named(pack, name)?;
    let mut found = app
        .deps
        .stores
        .keys
        .read(std::slice::from_ref(&key))
        .await?;
    let Some(stored) = found.pop() else {
        return Err(Refusal::not_found("key", key));
    };
    let value = match (stored.row.secret, stored.value) {
        (true, _) => MASK.into(),
        (false, Some(value)) => value,
        (false, None) => {
            return Err(Refusal::new(
                &code::UNREADABLE,
                "the value was sealed with a master key that this process does not have (`secrets.key`, `secrets.old_keys`)",
            ));
        }
    };
    Ok(tagged(stored.row, Some(value)))
}

async fn set(
    State(app): State<App>,
    caller: Caller,
    Path((pack, name)): Path<(String, String)>,
    headers: HeaderMap,
    Body { value: given }: Body<PutKey>,
) -> Answer<Response> {
    let key = named(pack, name)?;
    let expected = expected(&headers)?;
    check(&given)?;
    let secret = given.secret;
    let row = app
        .deps
        .stores
        .keys
        .set(
            NewKey {
                key: key.clone(),
                secret,
                value: given.value.clone(),
                readable_by: given.readable_by,
                by: caller.login.clone(),
            },
            expected,
        )
        .await
        .map_err(|error| changed(error, &key))?;
    let details = json!({
        "kind": kind(secret),
        "readable_by": row.readable_by,
        "version": row.version,
    });
    audit(&app, &caller, "key.set", &key, details).await;
    let value = if secret { MASK.into() } else { given.value };
    let tag = row.version.to_string();
    let mut set = shown(row, Some(value));
    set.note = unknown_pack(&app, &set.pack).await?;
    Ok(condition::tagged(&tag, Json(set)))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((pack, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let key = named(pack, name)?;
    let expected = expected(&headers)?;
    let keys = &app.deps.stores.keys;
    let was = keys
        .delete(&key, expected)
        .await
        .map_err(|error| changed(error, &key))?;
    if !was {
        return Err(Refusal::not_found("key", key));
    }
    audit(&app, &caller, "key.delete", &key, json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The key of an address.
fn named(pack: String, name: String) -> Answer<KeyRef> {
    is_pack(&pack).map_err(|message| Refusal::new(&code::INVALID, message))?;
    if !KeyRef::is_name(&name) {
        return Err(Refusal::new(
            &code::INVALID,
            "the name of a key is a text of letters, digits and `_ - . : /`, at most 200",
        ));
    }
    Ok(KeyRef { pack, name })
}

/// What is to be said where no such pack is registered. Keys may be set before their pack comes, and a
/// name that stands for no pack may hold what several share.
async fn unknown_pack(app: &App, pack: &str) -> Answer<Option<String>> {
    let known = app.deps.directory.current().packs.contains_key(pack)
        || app.deps.directory.refresh().await?.packs.contains_key(pack);
    Ok((!known).then(|| {
        format!(
            "there is no pack `{pack}` yet; until there is, only packs in `readable_by` can read the key"
        )
    }))
}

fn is_pack(text: &str) -> Result<(), String> {
    match Ref::parse(&format!("{text}.x")) {
        Ok(parsed) if parsed.pack() == text => Ok(()),
        _ => Err(format!("`{text}` is not the name of a pack")),
    }
}

fn check(given: &PutKey) -> Answer<()> {
    if given.secret {
        match &given.value {
            JsonValue::String(text) if text.chars().count() >= SHORTEST => {}
            JsonValue::String(_) => {
                return Err(Refusal::field(
                    "/value",
                    "length",
                    format!(
                        "a secret has at least {SHORTEST} characters: a shorter one could not be hidden in logs"
                    ),
                ));
            }
            _ => return Err(Refusal::field("/value", "type", "a secret is a text")),
        }
    }
    if given.value.to_string().len() > LARGEST {
        let message = format!("a value has at most {} KiB", LARGEST >> 10);
        return Err(Refusal::field("/value", "length", message));
    }
    if given.readable_by.len() > MOST_READERS {
        let message = format!("at most {MOST_READERS} packs may be named; `*` names all");
        return Err(Refusal::field("/readable_by", "length", message));
    }
    for (n, pack) in given.readable_by.iter().enumerate() {
        if pack != "*"
            && let Err(message) = is_pack(pack)
        {
            return Err(Refusal::field(
                &format!("/readable_by/{n}"),
                "pattern",
                message,
            ));
        }
    }
    Ok(())
}

/// What the request expects to find.
fn expected(headers: &HeaderMap) -> Answer<Expected> {
    Ok(match condition::expected(headers)? {
        Expect::Anything => Expected::Any,
        Expect::New => Expected::Absent,
        // A tag that was never given out matches nothing.
        Expect::Etag(tag) => Expected::Version(tag.parse().unwrap_or(0)),
    })
}

fn changed(error: StoreError, key: &KeyRef) -> Refusal {
    match error {
        StoreError::Conflict(_) => condition::changed("key", key),
        other => other.into(),
    }
}

const fn kind(secret: bool) -> &'static str {
    if secret { "secret" } else { "plain" }
}

fn shown(row: KeyRow, value: Option<JsonValue>) -> KeyView {
    KeyView {
        pack: row.key.pack,
        name: row.key.name,
        kind: kind(row.secret).to_owned(),
        value,
        readable_by: row.readable_by,
        version: row.version,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
        note: None,
    }
}

fn tagged(row: KeyRow, value: Option<JsonValue>) -> Response {
    let tag = row.version.to_string();
    condition::tagged(&tag, Json(shown(row, value)))
}
