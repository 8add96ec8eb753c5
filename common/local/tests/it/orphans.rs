//! Nothing is left behind when the process that started it is killed with `kill -9`.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use attune_local::{
    Postgres, PostgresOptions, ProcessSpec, RabbitMq, RabbitMqOptions, Stack, shared,
};

use crate::{eventually, lives, temp};

const DIR: &str = "ATTUNE_LOCAL_TEST_HOLD";

/// Not a test of its own: what [`hold`] runs in another process.
#[test]
#[ignore = "run by the other tests of this module"]
fn holder() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let dir = Path::new(&dir);
    let postgres = Postgres::start(&dir.join("pg"), PostgresOptions::durable()).unwrap();
    postgres
        .run_sql("attune", "CREATE TABLE IF NOT EXISTS kept (x int)")
        .unwrap();
    postgres
        .run_sql("attune", "INSERT INTO kept VALUES (1)")
        .unwrap();
    let rabbitmq = RabbitMq::start(&dir.join("rmq"), RabbitMqOptions::durable()).unwrap();
    let mut stack = Stack::new(dir).unwrap();
    let mut sleeper = ProcessSpec::new("sleeper", "sleep");
    sleeper.args.push("1000".into());
    stack.start(sleeper).unwrap();
    // A process that stands still must not escape either.
    let mut paused = ProcessSpec::new("paused", "sleep");
    paused.args.push("1000".into());
    stack.start(paused).unwrap();
    stack.pause("paused").unwrap();
    let pids = [
        postgres.pid().unwrap(),
        rabbitmq.pid().unwrap(),
        rabbitmq.port_mapper_pid().unwrap(),
        stack.pid("sleeper").unwrap(),
        stack.pid("paused").unwrap(),
    ];
    println!("\npids {}", pids.map(|pid| pid.to_string()).join(" "));
    loop {
        std::thread::park();
    }
}

/// Not a test of its own: a test process that uses the shared servers.
#[test]
#[ignore = "run by the other tests of this module"]
fn shared_holder() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let url = shared::database().unwrap().url();
    std::fs::write(Path::new(&dir).join("url"), url).unwrap();
    println!("\npids {}", std::process::id());
    loop {
        std::thread::park();
    }
}

/// Runs one of the above in another process and waits until it has started everything.
fn hold(test: &str, dir: &Path) -> (Child, Vec<u32>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", test])
        .env(DIR, dir)
        .env("TMPDIR", dir)
        .env_remove(shared::POSTGRES_URL)
        .env_remove(shared::AMQP_URL)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pids = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let pids = line.strip_prefix("pids ")?;
            Some(pids.split(' ').map(|pid| pid.parse().unwrap()).collect())
        })
        .expect("the other process must get everything started");
    (child, pids)
}

#[test]
fn a_killed_parent_leaves_no_process_and_loses_no_data() {
    let temp = temp();
    let (mut parent, pids) = hold("orphans::holder", temp.path());
    assert_eq!(pids.len(), 5);
    assert!(
        pids.iter().all(|pid| lives(*pid)),
        "all run while their parent does"
    );
    parent.kill().unwrap();
    parent.wait().unwrap();

    // At once, while the old servers are still being stopped: waits for them, finds the data.
    let postgres = Postgres::start(&temp.path().join("pg"), PostgresOptions::durable()).unwrap();
    assert_eq!(
        postgres
            .run_sql("attune", "SELECT count(*) FROM kept")
            .unwrap(),
        "1"
    );
    let rabbitmq = RabbitMq::start(&temp.path().join("rmq"), RabbitMqOptions::durable()).unwrap();
    assert_eq!(rabbitmq.ctl(&["eval", "1 + 1."]).unwrap().trim(), "2");
    eventually("everything of the killed parent has ended", || {
        pids.iter().all(|pid| !lives(*pid))
    });
}

#[test]
fn a_killed_test_process_leaves_no_files_either() {
    let temp = temp();
    let (mut parent, _) = hold("orphans::shared_holder", temp.path());
    let servers = || {
        std::fs::read_dir(temp.path())
            .unwrap()
            .flatten()
            .filter(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with("attune-postgres-")
            })
            .map(|entry| entry.path())
            .collect::<Vec<_>>()
    };
    let [server] = &servers()[..] else {
        panic!("one server: {:?}", servers())
    };
    assert!(server.join("server/data/PG_VERSION").exists());
    parent.kill().unwrap();
    parent.wait().unwrap();
    // In a directory that is not open to all, as the system's temporary one is, the empty folder
    // itself may have to stay.
    eventually("the files are gone", || {
        std::fs::read_dir(server).map_or(0, std::iter::Iterator::count) == 0
    });
}
