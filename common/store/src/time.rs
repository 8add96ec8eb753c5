//! Times on their way into and out of the database.
//!
//! PostgreSQL keeps microseconds: what is finer is cut off on the way in, so that what is read back
//! is what was written.

use attune_port::StoreError;
use attune_types::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::time::Duration;

/// A time as a parameter.
pub(crate) type SqlTime = jiff_sqlx::Timestamp;

/// A time as a parameter.
pub(crate) fn sql(at: Timestamp) -> SqlTime {
    at.to_sqlx()
}

/// A column that is a time.
pub(crate) fn time(row: &PgRow, column: &str) -> Result<Timestamp, StoreError> {
    row.try_get::<SqlTime, _>(column)
        .map(SqlTime::to_jiff)
        .map_err(crate::error::store_error)
}

/// A column that may be a time.
pub(crate) fn time_or_none(row: &PgRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    row.try_get::<Option<SqlTime>, _>(column)
        .map(|at| at.map(SqlTime::to_jiff))
        .map_err(crate::error::store_error)
}

/// A length of time as seconds, as statements take it.
pub(crate) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// Seconds of a column as a length of time; what is negative counts as none.
pub(crate) fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}
