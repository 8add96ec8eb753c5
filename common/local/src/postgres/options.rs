//! How a private PostgreSQL server behaves.
//!
//! Owns the two sensible sets of settings, for data that matter and for tests.

/// How a private server behaves.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Whether a commit survives the machine's crash. Without it everything is faster.
    pub fsync: bool,
    /// Whether a commit waits for the log. Has no effect without `fsync`.
    pub synchronous_commit: bool,
    /// How many clients may connect.
    pub max_connections: u32,
    /// Challenge-response passwords; otherwise the password goes over loopback as it is, which
    /// spares every connection some milliseconds of hashing.
    pub scram: bool,
    /// Delete the directory when the server stops or we die.
    pub ephemeral: bool,
    /// More server settings, name and value.
    pub settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// For data that matter.
    #[must_use]
    pub fn durable() -> Self {
        Self {
            fsync: true,
            synchronous_commit: true,
            max_connections: 200,
            scram: true,
            ephemeral: false,
            settings: Vec::new(),
        }
    }

    /// For tests: no flushing, quick logins, many connections. Data still survive a kill of the
    /// server, though not of the machine.
    #[must_use]
    pub fn for_tests() -> Self {
        Self {
            fsync: false,
            synchronous_commit: true,
            max_connections: 400,
            scram: false,
            ephemeral: false,
            settings: Vec::new(),
        }
    }

    /// The same, deleting its directory at the end.
    #[must_use]
    pub fn ephemeral(self) -> Self {
        Self {
            ephemeral: true,
            ..self
        }
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self::durable()
    }
}
