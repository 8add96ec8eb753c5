//! Secrets reach the process that needs them, and nothing that it says shows them.

use super::bench::{Bench, eventually, json, order, shell};
use attune_flow::run::{Command, Outcome, Secrets, WorkOrder};
use attune_pack::{Delivery, Runner};
use attune_port::{Expected, NewKey};
use attune_template::{KeyRef, Nonce};
use serde_json::json;

const VALUE: &str = "canary \"7f3a91\"";

async fn with_secret(bench: &Bench, mut order: WorkOrder) -> WorkOrder {
    let key = KeyRef::new("t", "token");
    bench
        .keys
        .set(
            NewKey {
                key: key.clone(),
                secret: true,
                value: json!(VALUE),
                readable_by: Vec::new(),
                by: "ada".to_owned(),
            },
            Expected::Any,
        )
        .await
        .unwrap();
    let nonce = Nonce::new([3; 16]);
    let token = nonce.token(&key);
    order
        .input
        .insert("token".to_owned(), json!(format!("<{token}>")));
    order.secrets = Some(Secrets {
        nonce,
        keys: [key].into(),
        sealed: Default::default(),
    });
    order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_gets_the_value_and_nothing_shows_it() {
    let script = "import json, os, sys, time\n\
        token = json.load(sys.stdin)['token']\n\
        assert token == '<canary \"7f3a91\">', 'not the value'\n\
        print('err', token, file=sys.stderr, flush=True)\n\
        with open(os.environ['ATTUNE_EVENTS'], 'a') as events:\n    \
            print(json.dumps({'message': token, 'label': {'t': token}, 'annotation': [token]}), file=events)\n    \
            print('no report ' + token, file=events)\n\
        print(json.dumps({'token': token, token: 1}))\n";
    let mut bench = Bench::new(&[("actions/leak.py", script)]).await;
    let order = with_secret(&bench, json(order(Runner::Python, "leak.py"))).await;
    let (result, process) = bench.succeeds(&order).await;
    assert_eq!(result, json!({"token": "<********>", "<********>": 1}));
    assert!(process.stderr.contains("err <********>"), "{process:?}");
    let reports = format!("{:?}", bench.told(order.attempt).reports);
    assert!(reports.contains("<********>"), "{reports}");
    eventually("the log", || bench.work.log_of(&order).len() >= 3).await;
    let log = bench.work.log_of(&order).join("\n");
    for text in [log, reports, format!("{process:?}"), result.to_string()] {
        assert!(!text.contains("7f3a91"), "{text}");
        assert!(!text.contains("[[secret"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_do_not_show_it_either() {
    let mut bench = Bench::new(&[
        ("actions/fail.sh", "printf '%s' \"$ATTUNE_PARAM_TOKEN\"; printf '%s\\n' \"$ATTUNE_PARAM_TOKEN\" >&2; exit 3\n"),
        ("actions/bad.sh", "printf 'not json: %s' \"$ATTUNE_PARAM_TOKEN\"\n"),
    ])
    .await;
    for (entry, as_json) in [("fail.sh", false), ("bad.sh", true)] {
        let mut order = shell(entry);
        if as_json {
            order = json(order);
        }
        order.spec.delivery = Delivery::Env;
        let order = with_secret(&bench, order).await;
        let outcome = bench.run(&order).await;
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
        let text = serde_json::to_string(&Command::AttemptFinished {
            attempt: order.attempt,
            outcome,
        })
        .unwrap();
        assert!(text.contains("<********>"), "{text}");
        assert!(!text.contains("7f3a91"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_gone_keeps_the_process_from_starting() {
    let mut bench = Bench::new(&[("actions/a.sh", "echo started\n")]).await;
    let order = with_secret(&bench, shell("a.sh")).await;
    let key = KeyRef::new("t", "token");
    assert!(bench.keys.delete(&key, Expected::Any).await.unwrap());
    let Outcome::Failed { error, process, .. } = bench.run(&order).await else {
        panic!("it cannot start");
    };
    assert_eq!(error.code, attune_types::code::START_FAILED);
    assert!(error.message.contains("t/token"), "{error:?}");
    assert!(process.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_action_calls_secret_is_hidden_wherever_it_comes_from() {
    let script = "printf 'said %s and %s\\n' \"$ATTUNE_PARAM_PASSWORD\" \"$ATTUNE_PARAM_PLAIN\"\n";
    let mut bench = Bench::new(&[("actions/say.sh", script)]).await;
    let mut order = shell("say.sh");
    order.spec.delivery = Delivery::Env;
    order.input.insert("password".to_owned(), json!("hunter2"));
    order.input.insert("plain".to_owned(), json!("in sight"));
    order.hidden = vec!["/password".to_owned(), "/absent".to_owned()];
    let (_, process) = bench.succeeds(&order).await;
    assert!(
        process.stdout.contains("said ******** and in sight"),
        "{process:?}"
    );
    eventually("the log", || !bench.work.log_of(&order).is_empty()).await;
    let log = bench.work.log_of(&order).join("\n");
    assert!(log.contains("said ********"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}
