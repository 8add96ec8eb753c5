//! A line of runs as the database names it, and the number of its lock.

use crate::error::Failure as _;
use attune_port::{SlotLine, StoreError};
use attune_types::Ref;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// A line as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(super) workflow: String,
    pub(super) line: String,
}

impl From<&SlotLine> for Line {
    fn from(line: &SlotLine) -> Self {
        Self {
            workflow: line.workflow.as_str().to_owned(),
            line: match &line.key {
                Some(key) => format!("={key}"),
                None => String::new(),
            },
        }
    }
}

impl Line {
    pub(super) fn read(row: &PgRow) -> Result<Self, StoreError> {
        Ok(Self {
            workflow: row.try_get("workflow").store()?,
            line: row.try_get("line").store()?,
        })
    }

    pub(super) fn into_port(self) -> Result<SlotLine, StoreError> {
        Ok(SlotLine {
            workflow: Ref::parse(&self.workflow)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
            key: self.line.strip_prefix('=').map(str::to_owned),
        })
    }

    /// Number of its lock. Two lines that share one only wait for each other.
    pub(super) fn lock(&self) -> i64 {
        let name = format!("attune slot\0{}\0{}", self.workflow, self.line);
        let hash = Uuid::new_v5(&Uuid::nil(), name.as_bytes());
        i64::from_ne_bytes(hash.as_u64_pair().0.to_ne_bytes())
    }
}
