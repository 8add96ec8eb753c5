//! The broker killed, and all that it knows thrown away, while runs are carried out.

use std::{sync::Arc, time::Duration};

use attune_local::RabbitMq;

use crate::{
    load::Load,
    packs::Trace,
    world::{Plan, World, blocking},
};

#[tokio::test(flavor = "multi_thread")]
async fn runs_outlive_the_broker_and_its_queues() {
    let world = Arc::new(
        World::start(Plan {
            own_rabbitmq: true,
            ..Plan::default()
        })
        .await,
    );
    let (pack, trace) = Trace::pack(&world.place("packs"));
    world.admin.register(&pack).await;
    let before = world.pids();

    for wipe in [false, true] {
        // Some are on their way when the broker goes, some start while it is away.
        let under_way = Load::new("marks.two", 50);
        let (first, repeated) = under_way.start(&world.admin, 0.5, Duration::ZERO).await;
        assert_eq!(repeated, 0);
        blocking(&world, |world| world.with_rabbitmq(RabbitMq::kill9)).await;
        assert!(
            under_way.open(&world.admin).await > 0,
            "runs were on their way"
        );
        let without = Load::new("marks.two", 50);
        let (second, repeated) = without.start(&world.admin, 0.1, Duration::ZERO).await;
        assert_eq!(repeated, 0, "the API takes starts without a broker");
        assert_eq!(world.admin.status_of("/readyz").await, Some(200));
        blocking(&world, move |world| {
            world.with_rabbitmq(|rabbitmq| match wipe {
                true => rabbitmq.wipe().unwrap(),
                false => rabbitmq.restart().unwrap(),
            });
        })
        .await;
        for (load, accepted) in [(under_way, first), (without, second)] {
            let reckoning = load.reckon(&world.admin, &accepted, &trace).await;
            assert_eq!(reckoning.succeeded, 50, "{reckoning:?}");
            eprintln!("wiped: {wipe}; {reckoning:?}");
        }
    }
    assert_eq!(world.pids(), before, "no service had to be restarted");
}
