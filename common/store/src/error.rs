//! What sqlx and PostgreSQL say, as errors of the port.
//!
//! Owns the one decision whether trying again can help. Used by every statement through `?` on
//! [`Failure`]. An error that is not known here counts as unavailable: it is tried again and logged,
//! never taken for a verdict on the data.

use attune_port::StoreError;

/// Turns an error of sqlx into one of the port.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => {
            let code = error
                .code()
                .map(|code| code.into_owned())
                .unwrap_or_default();
            let message = format!("{} ({code})", error.message());
            match code.get(..2) {
                // 23: a constraint says no.
                Some("23") => StoreError::Conflict(message),
                // 22: a value that its type cannot hold. 54: more than PostgreSQL can hold.
                Some("22" | "54") => StoreError::Invalid(message),
                // 08, 53, 55, 57, 40, 25 ...: connections, resources, locks, shutdowns.
                _ => StoreError::Unavailable(message),
            }
        }
        // A missing column is no verdict on the data: another version may have made the tables.
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreError::Corrupt(error.to_string())
        }
        sqlx::Error::Encode(_) => StoreError::Invalid(error.to_string()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// `?` from sqlx to the port.
pub(crate) trait Failure<T> {
    /// The same result with the port's error.
    fn store(self) -> Result<T, StoreError>;
}

impl<T> Failure<T> for Result<T, sqlx::Error> {
    fn store(self) -> Result<T, StoreError> {
        self.map_err(store_error)
    }
}

/// The same error again, for each run of a batch that failed as a whole.
pub(crate) fn repeat(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(text.clone()),
        StoreError::Conflict(text) => StoreError::Conflict(text.clone()),
        StoreError::Invalid(text) => StoreError::Invalid(text.clone()),
        StoreError::Corrupt(text) => StoreError::Corrupt(text.clone()),
    }
}
