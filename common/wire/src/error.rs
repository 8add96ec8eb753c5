//! Why bytes could not be understood.
//!
//! Owns the one error type of this crate. A caller that meets one puts the message aside (dead
//! letter, quarantine) with the error's text; it never tries the same bytes again. A run with an event
//! of a newer program is left to an executor that can read it.

/// What is wrong with a message or a stored event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes are no JSON, or not the JSON of an envelope.
    #[error("not a message: {0}")]
    NotAMessage(String),
    /// The message is of another kind than the queue carries.
    #[error("expected a message of kind `{expected}`, this one is of kind `{found}`")]
    Kind {
        /// What the reader takes.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// The message was written by a newer program, or by none of ours.
    #[error("`{kind}` has version {found}, this program reads versions 1 to {newest}")]
    Version {
        /// The kind of message or event.
        kind: String,
        /// The version that came.
        found: u16,
        /// The newest version that is understood.
        newest: u16,
    },
    /// Kind and version are known, the content is not what they promise.
    #[error("the body of `{kind}` version {version} cannot be read: {reason}")]
    Body {
        /// The kind of message or event.
        kind: String,
        /// Its version.
        version: u16,
        /// What the reader stumbled over.
        reason: String,
    },
    /// No event of that kind was ever stored by this program or an older one.
    #[error("`{0}` is no kind of run event")]
    UnknownEvent(String),
    /// A value that cannot be written as JSON (a map whose keys are no text, for instance).
    #[error("`{kind}` cannot be written: {reason}")]
    Encode {
        /// The kind of message or event.
        kind: String,
        /// What the writer stumbled over.
        reason: String,
    },
}

impl WireError {
    /// Whether only a newer program can have written it: kinds and versions are never taken out.
    pub fn is_newer(&self) -> bool {
        match self {
            Self::UnknownEvent(_) => true,
            Self::Version { found, newest, .. } => found > newest,
            _ => false,
        }
    }
}
