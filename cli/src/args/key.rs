//! Arguments of `attune key`.

use super::Most;
use clap::Subcommand;

/// `attune key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Set a key that workflows of a pack read with `kv.get` or `kv.get_secret`
    Set {
        /// The pack
        pack: String,
        /// Its name there
        name: String,
        /// The value: read as JSON where it is JSON, as text otherwise; a secret is always text
        #[arg(conflicts_with = "stdin")]
        value: Option<String>,
        /// Keep it as a secret: never shown again, hidden in logs and results
        #[arg(long)]
        secret: bool,
        /// Read the value from standard input, which keeps it out of the shell's history
        #[arg(long)]
        stdin: bool,
        /// Another pack that may read it with `scope=`; may be repeated; `*` is every pack
        #[arg(long, value_name = "PACK")]
        readable_by: Vec<String>,
    },
    /// Show one key; the value of a secret is masked
    Get {
        /// The pack
        pack: String,
        /// Its name there
        name: String,
    },
    /// List keys, without values
    List {
        /// Only those of this pack
        #[arg(long)]
        pack: Option<String>,
        #[command(flatten)]
        most: Most,
    },
    /// Take a key away
    Delete {
        /// The pack
        pack: String,
        /// Its name there
        name: String,
    },
}
