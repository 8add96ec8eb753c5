//! What can be wrong with the settings of a bus before anything is sent.
//!
//! Owns [`ConnectError`]; what fails later is [`attune_port::BusError`].

/// Why a bus was not made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address of the broker cannot be read.
    #[error("the broker's address is not of the form amqp://user:password@host:port/vhost: {0}")]
    Url(String),
    /// A setting has a value that cannot work.
    #[error("bus setting `{setting}`: {reason}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
