//! The sensor service: timers and process sensors.

use super::executor::work_dir;
use super::ports::Ports;
use super::usual_name;
use crate::error::Result;
use crate::settings::Settings;
use attune_sensor::{Sensor, SensorConfig, SensorDeps};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Runs until `stop`.
///
/// # Errors
/// Never; the result has the form that all services have.
pub(super) async fn run(ports: Ports, settings: Settings, stop: CancellationToken) -> Result<()> {
    let deps = SensorDeps {
        stores: ports.stores.clone(),
        bus: Arc::clone(&ports.bus),
        clock: Arc::clone(&ports.clock),
        metrics: Arc::clone(&ports.metrics),
        directory: Arc::clone(&ports.directory),
    };
    let config = SensorConfig {
        name: settings
            .sensor
            .name
            .clone()
            .unwrap_or_else(|| usual_name("sensor")),
        lease_ttl: settings.sensor.lease_ttl,
        work_dir: work_dir(settings.sensor.work_dir.as_ref(), "sensor"),
        ..SensorConfig::default()
    };
    Sensor::run(deps, config, stop).await;
    Ok(())
}
