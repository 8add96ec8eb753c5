//! The stores in memory pass the contract suite.

use attune_testkit::contract::MemoryHarness;

attune_testkit::store_contract!(async { anyhow::Ok(MemoryHarness::new()) });
