//! Good files, and what each key of them becomes.

use attune_pack::{
    ActionDef, Backoff, Decision, Delivery, MatchMode, OnLimit, Operator, OutputFormat, PackSource,
    RuleDef, Runner, from_files,
};
use serde_json::json;
use std::time::Duration;

fn pack(path: &str, text: &str) -> PackSource {
    let files = [
        (
            "pack.yaml",
            "ref: a\nversion: 1.2.3-rc.1+7\nkeywords: [x, y]\ndependencies: {core: '>=0.1', b: }\n",
        ),
        ("actions/x.sh", "echo\n"),
        ("sensors/s.py", "print()\n"),
        (path, text),
    ];
    from_files(files).unwrap_or_else(|errors| panic!("{errors}"))
}

fn action(text: &str) -> ActionDef {
    let text = format!("ref: a.x\nrunner: shell\nentry_point: x.sh\n{text}");
    pack("actions/x.yaml", &text).actions.remove(0)
}

fn rule(text: &str) -> RuleDef {
    let text = format!("ref: a.r\ntrigger: b.t\naction: b.act\n{text}");
    pack("rules/r.yaml", &text).rules.remove(0)
}

#[test]
fn a_pack() {
    let def = pack("README.md", "# a").def;
    assert_eq!(
        (def.reference.as_str(), def.version.as_str()),
        ("a", "1.2.3-rc.1+7")
    );
    assert_eq!(def.keywords, ["x", "y"]);
    let needs: Vec<_> = def
        .dependencies
        .iter()
        .map(|d| (d.pack.as_str(), d.version.as_deref()))
        .collect();
    assert_eq!(needs, [("core", Some(">=0.1")), ("b", None)]);
}

#[test]
fn an_action_with_only_what_it_needs() {
    let action = action("");
    assert_eq!(action.label, "a.x");
    assert_eq!(action.runner, Runner::Shell);
    assert_eq!(action.output_format, OutputFormat::Text);
    assert_eq!(action.parameter_delivery, Delivery::Stdin);
    assert_eq!(
        (action.timeout, action.retry, action.output),
        (None, None, None)
    );
    assert!(!action.idempotent);
}

#[test]
fn an_action_with_everything() {
    let action = action(
        "label: X\ndescription: D\nparameter_delivery: env\noutput_format: jsonl\ntimeout: 1h30m\n\
         idempotent: true\npool: big\nlimits: {memory_mb: 64, cpu_seconds: 5}\nenv: {A: b, N: 1, F: true}\n\
         retry: {count: 3, delay: 0.5, backoff: exponential, max_delay: 1m, jitter: 0.2, on_error: \"{{ error.exit_code == 75 }}\"}\n",
    );
    assert_eq!(action.timeout, Some(Duration::from_secs(5_400)));
    assert_eq!(action.limits.memory_mb, Some(64));
    let env: Vec<_> = action
        .env
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(env, [("A", "b"), ("N", "1"), ("F", "true")]);
    let retry = action.retry.clone().unwrap();
    assert_eq!(
        (retry.count, retry.backoff, retry.jitter),
        (3, Backoff::Exponential, 0.2)
    );
    let delays: Vec<u128> = (2..6)
        .map(|next| retry.delay_before(next).as_millis())
        .collect();
    assert_eq!(delays, [500, 1_000, 2_000, 4_000]);
    assert_eq!(retry.delay_before(4_000_000_000), Duration::from_secs(60));
    let back: ActionDef = serde_json::from_value(serde_json::to_value(&action).unwrap()).unwrap();
    assert_eq!(back, action);
}

#[test]
fn a_retry_may_be_a_number() {
    let retry = action("retry: 2\n").retry.unwrap();
    assert_eq!(
        (retry.count, retry.delay, retry.backoff),
        (2, Duration::ZERO, Backoff::Constant)
    );
}

#[test]
fn a_rule_with_criteria_as_a_list() {
    let rule = rule(
        "when: \"{{ event.payload.n > 3 }}\"\nmatch: any\ncriteria:\n\
         \x20 - {field: event.payload.a, operator: startswith, value: prod}\n\
         \x20 - {field: event.payload.b, operator: exists}\n\
         input: {x: \"{{ event.payload.a }}\", y: [1]}\ndedupe: k\nenabled: false\n",
    );
    assert_eq!(rule.when, Some(json!("{{ event.payload.n > 3 }}")));
    assert_eq!(rule.match_mode, MatchMode::Any);
    let criteria: Vec<_> = rule
        .criteria
        .iter()
        .map(|c| (c.field.as_str(), c.operator, c.value.clone()))
        .collect();
    assert_eq!(
        criteria,
        [
            ("event.payload.a", Operator::Startswith, json!("prod")),
            ("event.payload.b", Operator::Exists, json!(null)),
        ]
    );
    assert_eq!(rule.input["y"], json!([1]));
    assert!(!rule.enabled);
    let back: RuleDef = serde_json::from_value(serde_json::to_value(&rule).unwrap()).unwrap();
    assert_eq!(back, rule);
}

#[test]
fn criteria_as_a_map() {
    let rule = rule(
        "criteria:\n  event.payload.a: critical\n  event.payload.b: {gte: 1, lt: 5}\n\
         \x20 event.payload.c: {operator: in, value: [1, 2]}\n  event.payload.d: {type: icontains, pattern: x}\n",
    );
    let criteria: Vec<_> = rule
        .criteria
        .iter()
        .map(|c| {
            (
                c.field.rsplit('.').next().unwrap(),
                c.operator,
                c.value.clone(),
            )
        })
        .collect();
    assert_eq!(
        criteria,
        [
            ("a", Operator::Equals, json!("critical")),
            ("b", Operator::Gte, json!(1)),
            ("b", Operator::Lt, json!(5)),
            ("c", Operator::In, json!([1, 2])),
            ("d", Operator::Icontains, json!("x")),
        ]
    );
    assert!(rule.enabled);
}

#[test]
fn throttle_and_concurrency_in_both_forms() {
    let short = rule("throttle: 30s\nconcurrency: 2\n");
    let throttle = short.throttle.unwrap();
    assert_eq!((throttle.limit, throttle.per), (1, Duration::from_secs(30)));
    let concurrency = short.concurrency.unwrap();
    assert_eq!(
        (concurrency.limit, concurrency.on_limit),
        (2, OnLimit::Queue)
    );
    let long = rule(
        "throttle: {limit: 5, per: 1m, key: k}\nconcurrency: {limit: 1, key: k, on_limit: cancel_oldest}\n",
    );
    assert_eq!(long.throttle.unwrap().limit, 5);
    assert_eq!(long.concurrency.unwrap().on_limit, OnLimit::CancelOldest);
}

#[test]
fn a_trigger_a_sensor_and_a_policy() {
    let trigger = pack(
        "triggers/t.yaml",
        "ref: a.t\nparameters: {every: {type: integer}}\n",
    )
    .triggers
    .remove(0);
    assert_eq!(trigger.parameters.names(), ["every"]);
    assert!(
        trigger
            .payload
            .validate_open(&json!({"anything": 1}))
            .is_ok()
    );

    let text = "ref: a.s\nrunner: python\nentry_point: s.py\ntriggers: b.t\nconfig: {x: 1}\npoll_interval: 10s\n";
    let sensor = pack("sensors/s.yaml", text).sensors.remove(0);
    assert_eq!(sensor.entry_point, "sensors/s.py");
    assert_eq!(sensor.triggers[0].as_str(), "b.t");
    assert_eq!(sensor.poll_interval, Some(Duration::from_secs(10)));
    assert!(sensor.enabled);

    let text = "ref: a.p\nkind: governance\ndefault: allow\nrules:\n\
                \x20 - {when: \"{{ subject.x }}\", decision: deny, reason: no}\n\
                \x20 - {decision: require_approval, approvers: [\"role:admin\"]}\n";
    let policy = pack("policies/p.yaml", text).policies.remove(0);
    assert_eq!(policy.default, Decision::Allow);
    assert_eq!(policy.rules[0].decision, Decision::Deny);
    assert_eq!(policy.rules[1].approvers, ["role:admin"]);
}

#[test]
fn cron_with_five_and_six_fields() {
    for expression in ["*/5 * * * *", "0 */5 * * * *", "0 9 * * MON-FRI"] {
        let text = format!(
            "ref: a.r\ntrigger: core.cron\ntrigger_parameters: {{expression: \"{expression}\", timezone: Europe/Berlin}}\naction: core.noop\n"
        );
        assert_eq!(pack("rules/r.yaml", &text).rules.len(), 1, "{expression}");
    }
}
