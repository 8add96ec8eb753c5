//! Timers and sensor cursors.

use super::Harness;
use super::fixture::*;
use anyhow::Result;
use attune_port::{NewEvent, SensorState, SensorStatus, Tick};
use attune_types::Timestamp;
use serde_json::json;
use std::time::Duration;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + minute * 60).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn tick(key: &str, minute: i64) -> Result<Tick> {
    Ok(Tick {
        key: key.to_owned(),
        at: at(minute),
        next_at: at(minute + 1),
        event: NewEvent {
            event: trigger_event(Some(&format!("{key}@{minute}")))?,
        },
    })
}

/// A timer is made at its first wish; later wishes find it as it stands.
pub async fn made_once(harness: &dyn Harness) -> Result<()> {
    let schedules = &harness.stores().schedules;
    let wanted = [("b".to_owned(), at(1)), ("a".to_owned(), at(2))];
    let rows = schedules.schedules(&wanted).await?;
    assert_eq!(
        rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(),
        ["b", "a"]
    );
    assert_eq!(
        (rows[0].count, rows[0].last_at, rows[0].next_at),
        (0, None, at(1))
    );
    let again = schedules.schedules(&[("b".to_owned(), at(50))]).await?;
    assert_eq!(again[0], rows[0]);
    assert!(schedules.schedules(&[]).await?.is_empty());
    Ok(())
}

/// One time of one timer ticks once, with one event, whoever is first.
pub async fn ticks_once(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    stores
        .schedules
        .schedules(&[("k".to_owned(), at(1))])
        .await?;
    let ticks = (0..6).map(|_| tick("k", 1)).collect::<Result<Vec<_>>>()?;
    let racing = ticks
        .into_iter()
        .map(|tick| stores.schedules.tick(vec![tick]));
    let mut new = 0;
    for answer in futures::future::join_all(racing).await {
        new += usize::from(answer?[0]);
    }
    assert_eq!(new, 1);
    assert_eq!(stores.events.pending(Duration::ZERO, 10).await?.len(), 1);
    let row = &stores
        .schedules
        .schedules(&[("k".to_owned(), at(9))])
        .await?[0];
    assert_eq!(
        (row.count, row.last_at, row.next_at),
        (1, Some(at(1)), at(2))
    );
    Ok(())
}

/// Several ticks at once, old and new.
pub async fn ticks_in_one_batch(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    stores.schedules.tick(vec![tick("a", 1)?]).await?;
    let answers = stores
        .schedules
        .tick(vec![
            tick("a", 1)?,
            tick("a", 3)?,
            tick("b", 1)?,
            tick("a", 2)?,
        ])
        .await?;
    assert_eq!(answers, [false, true, true, true]);
    let wanted = [("a".to_owned(), at(9)), ("b".to_owned(), at(9))];
    let rows = stores.schedules.schedules(&wanted).await?;
    assert_eq!(
        (rows[0].count, rows[0].last_at, rows[0].next_at),
        (3, Some(at(3)), at(4))
    );
    assert_eq!((rows[1].count, rows[1].next_at), (1, at(2)));
    assert_eq!(stores.events.pending(Duration::ZERO, 10).await?.len(), 4);
    assert!(stores.schedules.tick(Vec::new()).await?.is_empty());
    Ok(())
}

/// A timer may be moved without a tick.
pub async fn skips(harness: &dyn Harness) -> Result<()> {
    let schedules = &harness.stores().schedules;
    schedules.tick(vec![tick("k", 1)?]).await?;
    schedules.skip_to("k", at(30)).await?;
    schedules.skip_to("unknown", at(30)).await?;
    let row = &schedules.schedules(&[("k".to_owned(), at(9))]).await?[0];
    assert_eq!(
        (row.count, row.last_at, row.next_at),
        (1, Some(at(1)), at(30))
    );
    Ok(())
}

/// A sensor's cursor is kept.
pub async fn cursors_are_kept(harness: &dyn Harness) -> Result<()> {
    let schedules = &harness.stores().schedules;
    let sensor = reference("demo.watch")?;
    assert_eq!(schedules.cursor(&sensor).await?, None);
    for cursor in [json!({"offset": 7}), json!(null), json!("last")] {
        schedules.save_cursor(&sensor, cursor.clone()).await?;
        assert_eq!(schedules.cursor(&sensor).await?, Some(cursor));
    }
    Ok(())
}

/// A sensor's status is kept, the last one counts.
pub async fn statuses_are_kept(harness: &dyn Harness) -> Result<()> {
    let schedules = &harness.stores().schedules;
    let status = |name: &str, state, restarts| -> Result<SensorStatus> {
        Ok(SensorStatus {
            sensor: reference(name)?,
            state,
            restarts,
            message: Some("exit code 1".to_owned()),
            at: at(restarts as i64),
        })
    };
    schedules
        .save_status(status("demo.b", SensorState::Running, 0)?)
        .await?;
    schedules
        .save_status(status("demo.a", SensorState::Stopped, 1)?)
        .await?;
    schedules
        .save_status(status("demo.b", SensorState::Restarting, 2)?)
        .await?;
    let expected = vec![
        status("demo.a", SensorState::Stopped, 1)?,
        status("demo.b", SensorState::Restarting, 2)?,
    ];
    assert_eq!(schedules.statuses().await?, expected);
    Ok(())
}
