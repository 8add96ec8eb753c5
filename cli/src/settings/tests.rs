//! Settings: precedence, names, secrets.

use super::*;

fn sources(file: Option<&Path>, environment: &[(&str, &str)], flags: &[&str]) -> Sources {
    Sources {
        file: file.map(Path::to_owned),
        environment: environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        defaults: Vec::new(),
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn entry<'a>(effective: &'a Effective, key: &str) -> &'a Entry {
    effective
        .entries
        .iter()
        .find(|entry| entry.key == key)
        .unwrap()
}

#[test]
fn defaults_are_settings() {
    let effective = sources(Some(file("").path()), &[], &[]).load().unwrap();
    let settings = &effective.settings;
    assert_eq!(settings.api.listen.port(), 8080);
    assert_eq!(settings.executor.worker.pools, ["default"]);
    assert_eq!(settings.executor.lease_ttl.as_secs(), 6);
    assert_eq!(settings.executor.name, None);
    assert_eq!(settings.bus.queue_kind, QueueKind::Classic);
    assert!(
        effective
            .entries
            .iter()
            .all(|entry| entry.source == "default")
    );
    assert_eq!(effective.entries.len(), KEYS.len());
}

#[test]
fn limits_are_read_with_units_and_bounded() {
    let usual = sources(Some(file("").path()), &[], &[]).load().unwrap();
    assert_eq!(
        usual.settings.limits.flow(),
        attune_flow::program::Limits::default()
    );
    let file = file("limits:\n  payload: 1 MiB\n  definition: 2048\n  depth: 3\n");
    let environment = [("ATTUNE__LIMITS__EXPRESSION_TIME", "50ms")];
    let set = sources(Some(file.path()), &environment, &["limits.tasks=7"]).load();
    let limits = set.unwrap().settings.limits.flow();
    assert_eq!(
        (limits.definition.bytes, limits.definition.tasks),
        (2_048, 7)
    );
    assert_eq!((limits.run.payload_bytes, limits.run.depth), (1 << 20, 3));
    assert_eq!(limits.run.expression_steps, 1_000_000);
    for wrong in [
        "limits.payload=64 MiB",
        "limits.payload=much",
        "limits.definition=1",
        "limits.items=0",
        "limits.expression_time=1h",
        "executor.worker.labels=gpu",
        "executor.worker.labels=g u=1",
    ] {
        let error = sources(Some(file.path()), &[], &[wrong])
            .load()
            .unwrap_err();
        let name = wrong.split('=').next().unwrap();
        assert!(error.to_string().contains(name), "{wrong}: {error}");
    }
    let labels = sources(
        Some(file.path()),
        &[],
        &["executor.worker.labels=gpu=a100, zone=eu"],
    );
    let labels = labels.load().unwrap().settings.executor.worker.labels;
    assert_eq!(attune_types::labels_text(&labels), "gpu=a100, zone=eu");
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let file = file("database:\n  max_connections: 5\nlog:\n  format: json\n  filter: debug\n");
    let environment = [
        ("ATTUNE__LOG__FORMAT", "text"),
        ("ATTUNE__LOG__FILTER", "trace"),
        ("OTHER", "x"),
        ("ATTUNE_URL", "not a setting"),
    ];
    let effective = sources(Some(file.path()), &environment, &["log.filter=error"])
        .load()
        .unwrap();
    assert_eq!(effective.settings.database.max_connections, 5);
    assert_eq!(
        effective.settings.log.format,
        attune_telemetry::LogFormat::Text
    );
    assert_eq!(effective.settings.log.filter, "error");
    let path = file.path().display().to_string();
    assert_eq!(entry(&effective, "database.max_connections").source, path);
    assert_eq!(
        entry(&effective, "log.format").source,
        "ATTUNE__LOG__FORMAT"
    );
    assert_eq!(entry(&effective, "log.filter").source, "flag");
    assert_eq!(entry(&effective, "bus.prefix").source, "default");
}

#[test]
fn lists_are_read_from_yaml_and_from_text() {
    let file = file("executor:\n  worker:\n    pools: [a, b]\n    enabled: false\n");
    let read = sources(Some(file.path()), &[], &[])
        .load()
        .unwrap()
        .settings;
    assert_eq!(read.executor.worker.pools, ["a", "b"]);
    assert!(!read.executor.worker.enabled);
    let environment = [
        ("ATTUNE__EXECUTOR__WORKER__POOLS", "gpu, big"),
        ("ATTUNE__EXECUTOR__WORKER__SLOTS", "3"),
    ];
    let read = sources(Some(file.path()), &environment, &[])
        .load()
        .unwrap()
        .settings;
    assert_eq!(read.executor.worker.pools, ["gpu", "big"]);
    assert_eq!(read.executor.worker.slots, 3);
}

#[test]
fn unknown_names_are_refused_all_at_once_with_the_nearest() {
    let file = file("databse:\n  url: x\nlog:\n  formt: json\n");
    let error = sources(
        Some(file.path()),
        &[("ATTUNE__API__LISTN", "x")],
        &["bus.prefx=a"],
    )
    .load()
    .unwrap_err();
    let text = error.to_string();
    assert_eq!(text.lines().count(), 4, "{text}");
    for near in ["log.format", "api.listen", "bus.prefix", "database.url"] {
        assert!(text.contains(&format!("did you mean `{near}`")), "{text}");
    }
    assert!(text.contains("ATTUNE__API__LISTN"), "{text}");
}

#[test]
fn wrong_values_name_the_setting_and_its_source() {
    for (variable, value, key) in [
        ("ATTUNE__API__LISTEN", "nowhere", "api.listen"),
        (
            "ATTUNE__EXECUTOR__WORKER__SLOTS",
            "many",
            "executor.worker.slots",
        ),
        ("ATTUNE__EXECUTOR__LEASE_TTL", "soon", "executor.lease_ttl"),
        ("ATTUNE__BUS__QUEUE_KIND", "lazy", "bus.queue_kind"),
    ] {
        let error = sources(Some(file("").path()), &[(variable, value)], &[]).load();
        let text = error.unwrap_err().to_string();
        assert!(text.contains(key) && text.contains(variable), "{text}");
    }
    let error = sources(Some(file("").path()), &[], &["log.format"]).load();
    assert!(matches!(error, Err(SettingsError::Flag(_))));
    let error = sources(Some(file("a: [").path()), &[], &[]).load();
    assert!(matches!(error, Err(SettingsError::File { .. })));
    let error = sources(Some(Path::new("/no/such/file")), &[], &[]).load();
    assert!(matches!(error, Err(SettingsError::File { .. })));
}

#[test]
fn secrets_are_not_shown() {
    let environment = [
        ("ATTUNE__AUTH__SECRET", "tiger-tiger"),
        ("ATTUNE__DATABASE__URL", "postgres://me:tiger@db:5432/x"),
        ("ATTUNE__BUS__URL", "amqp://me:ti@ger@mq/%2f"),
    ];
    let effective = sources(Some(file("").path()), &environment, &[])
        .load()
        .unwrap();
    let shown = serde_json::to_string(&effective.entries).unwrap();
    assert!(
        !shown.contains("tiger") && !shown.contains("ger@"),
        "{shown}"
    );
    assert!(shown.contains("postgres://me:***@db:5432/x"), "{shown}");
    assert!(!format!("{effective:?}").contains("tiger"));
    assert_eq!(entry(&effective, "auth.admin_password").value, "");
}

#[test]
fn guessable_secrets_are_refused() {
    let load = |secret: &str| {
        let environment = [("ATTUNE__AUTH__SECRET", secret)];
        let effective = sources(Some(file("").path()), &environment, &[])
            .load()
            .unwrap();
        effective.settings.check_secret()
    };
    for bad in [
        "",
        "short",
        "changeme-changeme-changeme-changeme",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let text = load(bad).unwrap_err().to_string();
        assert!(text.contains("openssl rand"), "{text}");
    }
    load("5f1d8c9b7a6e4f3d2c1b0a9f8e7d6c5b").unwrap();
}

#[test]
fn an_address_without_a_host_is_reached_here() {
    assert_eq!(url_of("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
    assert_eq!(url_of("[::]:80".parse().unwrap()), "http://[::1]:80");
    assert_eq!(url_of("10.0.0.1:80".parse().unwrap()), "http://10.0.0.1:80");
}

#[test]
fn channels_are_read_from_yaml_and_from_text_and_are_not_shown() {
    let file = file("notify:\n  channels:\n    ops: https://hooks.local/t0ken\n");
    let read = sources(Some(file.path()), &[], &[]).load().unwrap();
    let channels = &read.settings.notify.channels;
    assert_eq!(channels["ops"], "https://hooks.local/t0ken");
    assert_eq!(entry(&read, "notify.channels").value, "***");
    assert!(!format!("{:?}", read.settings).contains("t0ken"));
    let text = [(
        "ATTUNE__NOTIFY__CHANNELS",
        "a=https://one, b=http://two/x=y",
    )];
    let read = sources(Some(file.path()), &text, &[]).load().unwrap();
    assert_eq!(read.settings.notify.channels["b"], "http://two/x=y");
    let error = sources(None, &[], &["notify.channels=ops"])
        .load()
        .unwrap_err();
    assert!(error.to_string().contains("name=https://"), "{error}");
}
