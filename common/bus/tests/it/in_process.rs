//! The contract within one process.

use anyhow::Result;
use async_trait::async_trait;
use attune_bus::InProcessBus;
use attune_port::Bus;
use attune_testkit::bus_contract::BusHarness;
use std::sync::Arc;

const LIMIT: u32 = 3;

struct Harness(InProcessBus);

#[async_trait]
impl BusHarness for Harness {
    async fn client(&self) -> Result<Arc<dyn Bus>> {
        Ok(Arc::new(self.0.client()))
    }

    async fn dead_letters(&self) -> Result<u64> {
        Ok(u64::try_from(self.0.dead_letters())?)
    }

    fn delivery_limit(&self) -> u32 {
        LIMIT
    }
}

attune_testkit::bus_contract!(async {
    anyhow::Ok(Harness(InProcessBus::with_delivery_limit(LIMIT)))
});
