//! PostgreSQL killed again and again while runs are carried out.

use std::{sync::Arc, time::Duration};

use attune_local::Postgres;

use crate::{
    load::Load,
    packs::Trace,
    proc::until,
    world::{Plan, World, blocking},
};

const KILLS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_with_the_database() {
    let world = Arc::new(
        World::start(Plan {
            own_postgres: true,
            ..Plan::default()
        })
        .await,
    );
    let (pack, trace) = Trace::pack(&world.place("packs"));
    world.admin.register(&pack).await;
    let before = world.pids();
    let ready = async |wanted: u16| {
        until(&format!("/readyz says {wanted}"), async || {
            let status = world.admin.status_of("/readyz").await;
            (status == Some(wanted)).then_some(())
        })
        .await;
    };
    ready(200).await;

    let load = Load::new("marks.two", 120);
    let starting = load.start(&world.admin, 0.1, Duration::from_millis(100));
    let breaking = async {
        for _ in 0..KILLS {
            tokio::time::sleep(Duration::from_secs(1)).await;
            blocking(&world, |world| world.with_postgres(Postgres::kill9)).await;
            ready(503).await;
            // Once at least a start is to meet it.
            until("a start met a database that was away", async || {
                (world.admin.unanswered() > 0).then_some(())
            })
            .await;
            blocking(&world, |world| {
                world.with_postgres(|postgres| postgres.restart().unwrap());
            })
            .await;
            ready(200).await;
        }
    };
    let ((accepted, repeated), ()) = tokio::join!(starting, breaking);
    let reckoning = load.reckon(&world.admin, &accepted, &trace).await;
    eprintln!("{KILLS} kills; {repeated} starts repeated; {reckoning:?}");
    assert!(repeated > 0, "starts met a database that was away");
    assert_eq!(reckoning.succeeded, 120, "{reckoning:?}");
    assert_eq!(world.pids(), before, "no service had to be restarted");
}
