//! `attune pack`.

use crate::args::PackCommand;
use crate::client::Client;
use crate::error::{Attempt as _, Result};
use crate::output::{self, Columns, Output, paint_for_stdout};
use attune_rest::{PackReport, PackView, RegisterPack};

/// Does what the command says.
///
/// # Errors
/// What the API refuses.
pub(super) async fn run(client: &Client, command: &PackCommand, output: Output) -> Result<()> {
    match command {
        PackCommand::List => {
            let packs: Vec<PackView> = client.whole("/packs").await?;
            let columns = Columns::<PackView>::new()
                .with("PACK", |pack| pack.reference.clone())
                .with("VERSION", |pack| pack.version.clone())
                .with("LABEL", |pack| super::short(&pack.label, 40))
                .with("REGISTERED", |pack| super::time(pack.registered_at))
                .with("BY", |pack| pack.registered_by.clone());
            output.list(&packs, &columns)
        }
        PackCommand::Install { path } => {
            // The API may run elsewhere; a path that is not here is sent as it stands.
            let path = match path.canonicalize() {
                Ok(path) => path,
                Err(_) => std::path::absolute(path).attempt(|| "reading the path".to_owned())?,
            };
            let body = RegisterPack {
                path: path.display().to_string(),
            };
            let report: PackReport = client.post("/packs/register", &body).await?;
            for warning in &report.warnings {
                let place = match (warning.line, warning.column) {
                    (Some(line), Some(column)) => format!(":{line}:{column}"),
                    _ => String::new(),
                };
                output::note(&format!(
                    "warning[{}]: {}{place}: {}",
                    warning.code, warning.file, warning.message
                ));
                if let Some(help) = &warning.help {
                    output::note(&format!("  help: {help}"));
                }
            }
            output.one(&report, shown)
        }
    }
}

/// What changed, and how much did not.
fn shown(report: &PackReport) -> String {
    let paint = paint_for_stdout();
    let mut text = format!(
        "{} {} is registered\n",
        paint.bold(&report.reference),
        report.version
    );
    let mut same = 0;
    for change in &report.changes {
        let word = match change.change.as_str() {
            "unchanged" => {
                same += 1;
                continue;
            }
            "new" => paint.green("new"),
            "gone" => paint.red("gone"),
            other => paint.yellow(other),
        };
        text.push_str(&format!("  {word}  {} {}\n", change.kind, change.reference));
    }
    if same > 0 {
        text.push_str(&format!("  {same} unchanged\n"));
    }
    text
}
