//! A private PostgreSQL server: data survive, ports stay, others are kept out.

use std::os::unix::fs::PermissionsExt;

use attune_local::{LocalError, Postgres, PostgresOptions, shared};

use crate::{eventually, listeners, lives, processes_with, temp};

#[test]
fn data_survive_stop_kill_and_a_new_handle() {
    let temp = temp();
    let dir = temp.path().join("pg");
    let mut server = Postgres::start(&dir, PostgresOptions::durable()).unwrap();
    let port = server.port();
    let url = server.url();
    assert_eq!(
        listeners(port),
        vec![format!("0100007F:{port:04X}")],
        "loopback only"
    );

    server
        .run_sql("attune", "CREATE TABLE t (x int); INSERT INTO t VALUES (1)")
        .unwrap();
    server.kill9();
    assert!(!server.is_running());
    assert!(server.run_sql("attune", "SELECT 1").is_err());
    server.restart().unwrap();
    assert_eq!(server.url(), url);
    server
        .run_sql("attune", "INSERT INTO t VALUES (2)")
        .unwrap();
    server.restart().unwrap();
    assert_eq!(
        server
            .run_sql("attune", "SELECT sum(x), count(*) FROM t")
            .unwrap(),
        "3|2"
    );

    let pid = server.pid().unwrap();
    let data = server.data_dir().display().to_string();
    drop(server);
    assert!(!lives(pid));
    eventually("no process of this server is left", || {
        processes_with(&data).is_empty()
    });

    let again = Postgres::start(&dir, PostgresOptions::durable()).unwrap();
    assert_eq!(
        again.port(),
        port,
        "the port of last time, since it is free"
    );
    assert_eq!(
        again.run_sql("attune", "SELECT count(*) FROM t").unwrap(),
        "2"
    );
}

#[test]
fn comes_back_after_many_kills_under_load() {
    let temp = temp();
    let mut server = Postgres::start(&temp.path().join("pg"), PostgresOptions::durable()).unwrap();
    server
        .run_sql("attune", "CREATE TABLE t (round int)")
        .unwrap();
    for round in 1..=4 {
        // Busy backends, which notice the death of their server late.
        let mut clients: Vec<_> = (0..4)
            .map(|_| {
                std::process::Command::new("psql")
                    .args(["-X", "-q", "-d", &server.url(), "-c"])
                    .arg("SELECT sum(x) FROM generate_series(1, 1000000000) x")
                    .stderr(std::process::Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%generate_series(1, %'";
        eventually("the clients are at work", || {
            server.run_sql("attune", busy).unwrap() == "5"
        });
        server
            .run_sql("attune", &format!("INSERT INTO t VALUES ({round})"))
            .unwrap();
        server.kill9();
        server.restart().unwrap();
        let rounds = server.run_sql("attune", "SELECT count(*) FROM t").unwrap();
        assert_eq!(rounds, round.to_string());
        for client in &mut clients {
            client.kill().unwrap();
            client.wait().unwrap();
        }
    }
}

#[test]
fn settings_are_as_asked() {
    let temp = temp();
    let mut options = PostgresOptions::for_tests();
    options
        .settings
        .push(("work_mem".to_owned(), "7MB".to_owned()));
    let server = Postgres::start(&temp.path().join("pg"), options).unwrap();
    let show = |name: &str| server.run_sql("attune", &format!("SHOW {name}")).unwrap();
    assert_eq!(show("fsync"), "off");
    assert_eq!(show("max_connections"), "400");
    assert_eq!(show("work_mem"), "7MB");
    assert_eq!(show("timezone"), "UTC");
    assert_eq!(show("server_encoding"), "UTF8");
    assert_eq!(show("listen_addresses"), "127.0.0.1");
}

#[test]
fn a_wrong_password_is_refused_in_both_modes() {
    for options in [PostgresOptions::durable(), PostgresOptions::for_tests()] {
        let temp = temp();
        let server = Postgres::start(&temp.path().join("pg"), options).unwrap();
        let status = std::process::Command::new("psql")
            .args([
                "-X",
                "-w",
                "-h",
                "127.0.0.1",
                "-p",
                &server.port().to_string(),
            ])
            .args(["-U", "attune", "-d", "attune", "-c", "SELECT 1"])
            .env("PGPASSWORD", "wrong")
            .output()
            .unwrap();
        assert!(!status.status.success());
        let said = String::from_utf8_lossy(&status.stderr).into_owned();
        assert!(said.contains("password authentication failed"), "{said}");
    }
}

#[test]
fn one_server_per_directory() {
    let temp = temp();
    let dir = temp.path().join("pg");
    let first = Postgres::start(&dir, PostgresOptions::for_tests()).unwrap();
    let error = Postgres::start(&dir, PostgresOptions::for_tests()).unwrap_err();
    assert!(matches!(error, LocalError::Locked { .. }), "{error}");
    assert_eq!(first.run_sql("attune", "SELECT 1").unwrap(), "1");
}

#[test]
fn a_port_taken_meanwhile_is_replaced() {
    let temp = temp();
    let dir = temp.path().join("pg");
    let port = {
        let server = Postgres::start(&dir, PostgresOptions::for_tests()).unwrap();
        server.port()
    };
    let _squatter = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let server = Postgres::start(&dir, PostgresOptions::for_tests()).unwrap();
    assert_ne!(server.port(), port);
    assert_eq!(server.run_sql("attune", "SELECT 1").unwrap(), "1");
}

#[test]
fn works_in_a_very_long_directory() {
    let temp = temp();
    let dir = temp.path().join("d".repeat(120)).join("pg");
    let server = Postgres::start(&dir, PostgresOptions::for_tests()).unwrap();
    assert_eq!(server.run_sql("attune", "SELECT 1").unwrap(), "1");
}

#[test]
fn data_go_elsewhere_where_the_servers_user_cannot_pass() {
    let closed = temp();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let dir = closed.path().join("pg");
    let place = {
        let server = Postgres::start(&dir, PostgresOptions::for_tests()).unwrap();
        server.run_sql("attune", "CREATE TABLE t (x int)").unwrap();
        server.data_dir().to_owned()
    };
    // Only root hands the server to another user; anybody else's is where it was asked for.
    let elsewhere = dir.join("data-path").is_file();
    assert_eq!(elsewhere, nix::unistd::geteuid().is_root());
    assert_eq!(elsewhere, !place.starts_with(&dir));
    let server = Postgres::start(&dir, PostgresOptions::for_tests().ephemeral()).unwrap();
    assert_eq!(server.data_dir(), place);
    assert_eq!(
        server.run_sql("attune", "SELECT count(*) FROM t").unwrap(),
        "0"
    );
    drop(server);
    assert!(!place.exists() && !dir.exists());
}

#[test]
fn a_note_of_a_dead_server_with_a_reused_number_does_not_hinder() {
    let temp = temp();
    let dir = temp.path().join("pg");
    let mut server = Postgres::start(&dir, PostgresOptions::for_tests()).unwrap();
    let note = server.data_dir().join("postmaster.pid");
    server.kill9();
    let text = std::fs::read_to_string(&note).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    // Our own process: alive, and not a server.
    std::fs::write(&note, format!("{}\n{rest}", std::process::id())).unwrap();
    server.restart().unwrap();
    assert_eq!(server.run_sql("attune", "SELECT 1").unwrap(), "1");
}

#[test]
fn an_ephemeral_server_removes_its_directory() {
    let temp = temp();
    let dir = temp.path().join("pg");
    let server = Postgres::start(&dir, PostgresOptions::for_tests().ephemeral()).unwrap();
    assert!(dir.is_dir());
    drop(server);
    assert!(!dir.exists());
}

#[test]
fn each_test_gets_its_own_database() {
    let one = shared::database().unwrap();
    let two = shared::database().unwrap();
    assert_ne!(one.url(), two.url());
    assert_eq!(
        shared::postgres().unwrap().url(),
        shared::postgres().unwrap().url()
    );
    let query = |url: &str, sql: &str| {
        let output = std::process::Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-d", url, "-c", sql])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    query(&one.url(), "CREATE TABLE only_here (x int)");
    let tables = "SELECT count(*) FROM pg_class WHERE relname = 'only_here'";
    assert_eq!(query(&two.url(), tables), "0");
    let copy = shared::database_like(one.name()).unwrap();
    assert_eq!(query(&copy.url(), tables), "1");

    let name = two.name().to_owned();
    drop(two);
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(query(&one.url(), &left), "0");
    assert_ne!(shared::prefix(), shared::prefix());
}
