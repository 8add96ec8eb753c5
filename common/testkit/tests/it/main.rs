//! Integration tests of the testkit.

mod store_contract;
