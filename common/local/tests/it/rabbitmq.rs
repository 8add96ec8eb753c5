//! A private RabbitMQ node: messages survive, ports stay, a wipe wipes.

use attune_local::{LocalError, RabbitMq, RabbitMqOptions};

use crate::{eventually, listeners, lives, processes_with, temp};

#[test]
fn a_whole_life() {
    let temp = temp();
    let dir = temp.path().join("rmq");
    let mut broker = RabbitMq::start(&dir, RabbitMqOptions::durable()).unwrap();
    let url = broker.amqp_url();
    let port = broker.port();
    assert_eq!(
        listeners(port),
        vec![format!("0100007F:{port:04X}")],
        "loopback only"
    );
    let locked = RabbitMq::start(&dir, RabbitMqOptions::durable()).unwrap_err();
    assert!(matches!(locked, LocalError::Locked { .. }), "{locked}");

    // A virtual host stands for whatever the node stores.
    let hosts = |broker: &RabbitMq| broker.ctl(&["list_vhosts", "--no-table-headers"]).unwrap();
    broker.ctl(&["add_vhost", "kept"]).unwrap();
    broker.kill9();
    assert!(!broker.is_running());
    broker.restart().unwrap();
    assert_eq!(broker.amqp_url(), url);
    assert!(hosts(&broker).lines().any(|line| line == "kept"));

    broker.wipe().unwrap();
    assert_eq!(broker.amqp_url(), url);
    assert!(!hosts(&broker).lines().any(|line| line == "kept"));
    let mut parts = url.trim_start_matches("amqp://").split([':', '@']);
    let (user, password) = (parts.next().unwrap(), parts.next().unwrap());
    broker.ctl(&["authenticate_user", user, password]).unwrap();
    assert!(broker.ctl(&["authenticate_user", user, "wrong"]).is_err());

    broker.ctl(&["add_vhost", "again"]).unwrap();
    let pids = [broker.pid().unwrap(), broker.port_mapper_pid().unwrap()];
    drop(broker);
    assert!(pids.iter().all(|pid| !lives(*pid)));
    let text = dir.display().to_string();
    eventually("no process of this broker is left", || {
        processes_with(&text).is_empty()
    });

    let again = RabbitMq::start(&dir, RabbitMqOptions::durable()).unwrap();
    assert_eq!(
        again.port(),
        port,
        "the port of last time, since it is free"
    );
    assert!(hosts(&again).lines().any(|line| line == "again"));
}

#[test]
fn two_brokers_side_by_side() {
    let temp = temp();
    let start = |name: &str| {
        RabbitMq::start(
            &temp.path().join(name),
            RabbitMqOptions::for_tests().ephemeral(),
        )
        .unwrap()
    };
    let mut one = start("one");
    let two = start("two");
    assert_ne!(one.port(), two.port());
    one.stop();
    assert!(one.ctl(&["status"]).is_err());
    let node = std::fs::read_to_string(temp.path().join("one/node.json")).unwrap();
    let node: serde_json::Value = serde_json::from_str(&node).unwrap();
    let port_mapper = u16::try_from(node["epmd_port"].as_u64().unwrap()).unwrap();
    assert!(
        listeners(port_mapper).is_empty(),
        "asking a broker that is down starts nothing"
    );
    assert_eq!(two.ctl(&["eval", "1 + 1."]).unwrap().trim(), "2");
    drop(two);
    assert!(
        !temp.path().join("two").exists(),
        "an ephemeral broker removes its directory"
    );
}
