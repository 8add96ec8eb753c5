//! Bad input of every kind: a clear refusal with the right status and code, and nothing gets stuck.

use std::path::Path;

use attune_rest::{IdentityView, Problem};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Client, send},
    history::judge,
    packs::{Trace, write},
    world::World,
};

const MIB: usize = 1 << 20;

/// Sends a body as it is.
async fn raw(client: &Client, path: &str, kind: &str, body: impl Into<Vec<u8>>) -> (u16, Problem) {
    let request = client
        .request(Method::POST, path)
        .header("content-type", kind)
        .body(body.into());
    let answer = send(request).await.unwrap();
    (answer.status, answer.problem())
}

/// Sends a JSON body; the refusal must have this status and code.
async fn refused(client: &Client, path: &str, body: Value, status: u16, code: &str) -> Problem {
    let answer = client.post(path, &body).await;
    let shown: String = body.to_string().chars().take(200).collect();
    let problem = answer.problem();
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (status, code),
        "POST {path} {shown}: {problem}"
    );
    problem
}

/// Asks for something; the refusal must have this status and code.
async fn not_given(
    client: &Client,
    method: Method,
    path: &str,
    status: u16,
    code: &str,
) -> Problem {
    let answer = send(client.request(method.clone(), path)).await.unwrap();
    let problem = answer.problem();
    assert_eq!(
        (problem.status, problem.code.as_str()),
        (status, code),
        "{method} {path}: {problem}"
    );
    problem
}

fn pointer_and_code(problem: &Problem) -> (&str, &str) {
    let error = problem
        .errors
        .first()
        .unwrap_or_else(|| panic!("{problem}"));
    (&error.pointer, &error.code)
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_and_stops_nothing() {
    let world = World::usual().await;
    let admin = &world.admin;
    let place = world.place("packs");
    let (pack, trace) = Trace::pack(&place);
    admin.register(&pack).await;

    bodies(admin).await;
    starts(admin).await;
    sizes(admin).await;
    addresses(admin).await;
    people(admin).await;
    packs(admin, &place).await;

    // Nothing of all that was started, and a good run is carried out as ever.
    let run = admin.start("marks.two", json!({"number": 1})).await;
    assert_eq!(admin.succeeded(run).await, json!({"number": 2}));
    judge(&admin.history(run).await);
    assert_eq!(trace.marks().len(), 2, "{trace:?}");
    world.pids();
}

async fn bodies(admin: &Client) {
    let json = "application/json";
    let (status, problem) = raw(admin, "/executions", json, "{\"action\": ").await;
    assert_eq!((status, problem.code.as_str()), (400, "broken_json"));
    assert!(problem.detail.contains("line 1"), "{problem}");
    let (status, problem) = raw(admin, "/executions", json, vec![b'{', 0xff, b'}']).await;
    assert_eq!((status, problem.code.as_str()), (400, "broken_json"));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let (status, problem) = raw(admin, "/events", json, deep).await;
    assert_eq!((status, problem.code.as_str()), (400, "broken_json"));
    let (status, problem) = raw(admin, "/executions", "text/plain", "{}").await;
    assert_eq!(
        (status, problem.code.as_str()),
        (415, "unsupported_media_type")
    );
    let (status, problem) = raw(admin, "/events", "application/x-www-form-urlencoded", "a=1").await;
    assert_eq!(
        (status, problem.code.as_str()),
        (415, "unsupported_media_type")
    );
    let wrong = json!({"action": "marks.two", "paramters": {"number": 1}});
    let problem = refused(admin, "/executions", wrong, 422, "invalid").await;
    assert_eq!(pointer_and_code(&problem), ("/paramters", "unknown"));
    let help = problem.errors[0].help.as_deref().unwrap_or_default();
    assert!(help.contains("`parameters`"), "{problem}");
    let problem = refused(admin, "/executions", json!({}), 422, "invalid").await;
    assert_eq!(pointer_and_code(&problem), ("/action", "required"));
    refused(admin, "/executions", json!("text"), 422, "invalid").await;
    refused(admin, "/executions", json!({"action": 7}), 422, "invalid").await;
}

async fn starts(admin: &Client) {
    let unknown = json!({"action": "marks.twoo", "parameters": {"number": 1}});
    let problem = refused(admin, "/executions", unknown, 422, "unknown_action").await;
    assert!(problem.detail.contains("`marks.two`"), "{problem}");
    let path = "/actions/marks.twoo/run";
    let problem = refused(admin, path, json!({"number": 1}), 404, "unknown_action").await;
    assert!(problem.detail.contains("`marks.two`"), "{problem}");

    let start = |parameters: Value| json!({"action": "marks.two", "parameters": parameters});
    let wrong = start(json!({"number": "seven", "seconds": [], "other": true}));
    let problem = refused(admin, "/executions", wrong, 422, "invalid_parameters").await;
    let mut places: Vec<&str> = problem
        .errors
        .iter()
        .map(|it| it.pointer.as_str())
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        ["/number", "/other", "/seconds"],
        "all at once: {problem}"
    );
    let problem = refused(
        admin,
        "/executions",
        start(json!({})),
        422,
        "invalid_parameters",
    )
    .await;
    assert_eq!(pointer_and_code(&problem).0, "/number", "{problem}");
    let nul = start(json!({"number": 1, "te\u{0}xt": 1}));
    refused(admin, "/executions", nul, 422, "nul_character").await;
    let event = json!({"trigger": "core.webhook", "payload": {"body": "a\u{0}b"}});
    let problem = refused(admin, "/events", event, 422, "nul_character").await;
    assert_eq!(pointer_and_code(&problem).0, "/payload/body", "{problem}");
    let event = json!({"trigger": "core.webhok", "payload": {}});
    let problem = refused(admin, "/events", event, 422, "unknown_trigger").await;
    assert!(problem.detail.contains("`core.webhook`"), "{problem}");

    // The same key for another body.
    let keyed = async |number: u32| {
        let request = admin
            .request(Method::POST, "/executions")
            .header("Idempotency-Key", "the-same")
            .json(&json!({"action": "core.set", "parameters": {"number": number}}));
        send(request).await.unwrap()
    };
    assert_eq!(keyed(1).await.status, 201);
    assert_eq!(keyed(1).await.status, 200);
    let answer = keyed(2).await;
    assert_eq!(answer.problem().code, "idempotency_key_reused");

    // Many: each is accepted or refused on its own.
    let many = json!([start(json!({"number": true})), {"action": "core.noop"}, {"acton": "x"}]);
    let report: attune_rest::BulkReport = admin.post("/executions", &many).await.good();
    let found: Vec<u16> = report.items.iter().map(|item| item.status).collect();
    assert_eq!(found, [422, 201, 422]);
}

async fn sizes(admin: &Client) {
    let set = |length: usize| {
        let text = "x".repeat(length);
        json!({"action": "core.set", "parameters": {"text": text}})
    };
    // `{"text":""}` takes 11 bytes itself.
    let largest = 4 * MIB - 11;
    let answer = admin.post("/executions?wait=60s", &set(largest)).await;
    assert_eq!(answer.status, 201, "{}", &answer.text[..200]);
    let done: attune_rest::ExecutionView = answer.good();
    let done = admin.ended(done.run).await.execution;
    assert_eq!(
        done.status,
        attune_types::ExecutionStatus::Succeeded,
        "{:?}",
        done.error
    );
    assert_eq!(done.result["text"].as_str().map(str::len), Some(largest));
    refused(admin, "/executions", set(largest + 1), 413, "too_large").await;
    refused(admin, "/executions", set(9 * MIB), 413, "too_large").await;
    let event = json!({"trigger": "core.webhook", "payload": {"body": "x".repeat(5 * MIB)}});
    refused(admin, "/events", event, 413, "too_large").await;
}

async fn addresses(admin: &Client) {
    let get = Method::GET;
    not_given(admin, get.clone(), "/nonsense", 404, "unknown_route").await;
    not_given(
        admin,
        Method::DELETE,
        "/executions",
        405,
        "method_not_allowed",
    )
    .await;
    let nobody = uuid::Uuid::now_v7();
    let path = format!("/executions/{nobody}");
    not_given(admin, get.clone(), &path, 404, "not_found").await;
    let path = format!("/executions/{nobody}/cancel");
    refused(admin, &path, json!({}), 404, "not_found").await;
    for path in [
        "/executions/not-an-id",
        "/executions/%00",
        "/rules/x%00.y",
        "/packs/%2e%2e",
    ] {
        let answer = admin.get(path).await;
        assert!(matches!(answer.status, 404 | 422), "{path}: {answer:?}");
        answer.problem();
    }
    for query in [
        "cursor=nonsense",
        "cursor=%00",
        "limit=0",
        "limit=100000",
        "limit=many",
        "statuss=failed",
        "status=great",
        "label=nocolon",
        "since=yesterday",
        "sort=sideways",
    ] {
        let path = format!("/executions?{query}");
        let problem = not_given(admin, get.clone(), &path, 422, "invalid").await;
        let parameter = problem
            .errors
            .first()
            .and_then(|it| it.parameter.as_deref());
        assert_eq!(parameter, query.split('=').next(), "{problem}");
    }
    not_given(admin, get, "/events?cursor=nonsense", 422, "invalid").await;
    refused(
        admin,
        "/executions?wait=forever",
        json!({"action": "core.noop"}),
        422,
        "invalid",
    )
    .await;
    refused(admin, "/rules/no.such/enable", json!({}), 404, "not_found").await;
}

async fn people(admin: &Client) {
    let start = json!({"action": "core.noop"});
    refused(
        &admin.nobody(),
        "/executions",
        start.clone(),
        401,
        "unauthenticated",
    )
    .await;
    for token in ["nonsense", "", "eyJhbGciOiJub25lIn0.e30.", "att_0000"] {
        let stranger = admin.with_token(token);
        refused(
            &stranger,
            "/executions",
            start.clone(),
            401,
            "unauthenticated",
        )
        .await;
    }
    let wrong = json!({"login": "admin", "password": "wrong"});
    refused(
        &admin.nobody(),
        "/auth/login",
        wrong,
        401,
        "bad_credentials",
    )
    .await;

    let viewer = json!({"login": "vera", "password": "long enough for anybody", "role": "viewer"});
    let made: IdentityView = admin.post("/identities", &viewer).await.good();
    assert_eq!(made.login, "vera");
    refused(admin, "/identities", viewer, 409, "conflict").await;
    let vera = admin
        .nobody()
        .log_in("vera", "long enough for anybody")
        .await;
    assert_eq!(vera.get("/executions").await.status, 200);
    refused(&vera, "/executions", start.clone(), 403, "forbidden").await;
    let pack = json!({"path": "/"});
    refused(&vera, "/packs/register", pack, 403, "forbidden").await;
    not_given(&vera, Method::GET, "/identities", 403, "forbidden").await;
    let greedy = json!({"name": "more", "role": "admin"});
    refused(&vera, "/tokens", greedy, 403, "forbidden").await;
    // A smuggled owner or role is an unknown field.
    let smuggled = json!({"action": "core.noop", "started_by": "somebody"});
    refused(admin, "/executions", smuggled, 422, "invalid").await;
}

async fn packs(admin: &Client, place: &Path) {
    let register = async |path: &Path, status: u16, code: &str| {
        refused(
            admin,
            "/packs/register",
            json!({"path": path}),
            status,
            code,
        )
        .await
    };
    register(Path::new("relative/folder"), 422, "invalid").await;
    register(&place.join("no-such-folder"), 422, "invalid_pack").await;
    let empty = write(&place.join("empty"), &[("README.md", "nothing")]);
    register(&empty, 422, "invalid_pack").await;

    let broken = write(
        &place.join("broken"),
        &[
            ("pack.yaml", "ref: broken\nlabel: Broken\nversion: one\n"),
            ("actions/tab.yaml", "ref: broken.tab\nlabel: [not closed\n"),
            (
                "actions/gone.yaml",
                "ref: broken.gone\nlabel: Gone\nrunner: shell\nentry_point: gone.sh\ntimout: 3s\n",
            ),
            (
                "rules/rule.yaml",
                "ref: broken.rule\nlabel: Rule\ntrigger: core.intervall\naction: broken.flow\n\
                 criteria:\n  - {field: event.payload.x, operator: resembles, value: 1}\n",
            ),
        ],
    );
    let problem = register(&broken, 422, "invalid_pack").await;
    for file in [
        "pack.yaml",
        "actions/tab.yaml",
        "actions/gone.yaml",
        "rules/rule.yaml",
    ] {
        placed(&problem, file);
    }
    let said = problem.to_string();
    for word in ["timout", "resembles"] {
        assert!(said.contains(word), "no word of `{word}`: {said}");
    }

    // Files that can be read, with a workflow in them that makes no sense.
    let senseless = write(
        &place.join("senseless"),
        &[
            (
                "pack.yaml",
                "ref: senseless\nlabel: Senseless\nversion: 1.0.0\n",
            ),
            (
                "workflows/flow.yaml",
                "ref: senseless.flow\nlabel: Flow\nversion: 1.0.0\ntasks:\n  \
                   - name: one\n    action: core.nop\n    on_success: two\n  \
                   - name: tow\n    action: core.set\n    input:\n      \
                   x: \"{{ task.noe.result }}\"\n",
            ),
        ],
    );
    let problem = register(&senseless, 422, "invalid_pack").await;
    placed(&problem, "workflows/flow.yaml");
    let said = problem.to_string();
    for word in ["core.nop", "two", "noe"] {
        assert!(said.contains(word), "no word of `{word}`: {said}");
    }
    not_given(admin, Method::GET, "/packs/senseless", 404, "not_found").await;
    // All or nothing.
    not_given(admin, Method::GET, "/packs/broken", 404, "not_found").await;
}

/// Some error names the file with line and column.
fn placed(problem: &Problem, file: &str) {
    let found = problem
        .errors
        .iter()
        .find(|error| error.file.as_deref() == Some(file));
    let found = found.unwrap_or_else(|| panic!("no word of {file}: {problem}"));
    assert!(found.line.is_some() && found.column.is_some(), "{problem}");
}
