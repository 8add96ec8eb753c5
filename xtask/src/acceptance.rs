//! `cargo xtask acceptance <cases-dir>...`: case files played on the real services.
//!
//! Owns the finding of the cases, what runs beside what, and the report. Starts a private stack and stops it again.
//! Called by `make acceptance`. Ends with `N passed, N failed`; one failed case fails the command.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use attune_local::PostgresOptions;
use futures::{StreamExt, stream};
use serde_json::json;
use tokio::sync::Mutex;

use crate::client::Client;
use crate::platform::Platform;

mod case;
mod judge;
mod observed;
mod people;
mod play;
pub(crate) mod subset;

use case::Case;
use people::People;
use play::Stage;

/// How many cases are played at once.
const AT_ONCE: usize = 4;
/// The longest that a case may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Plays the cases of these folders (or single case files).
///
/// # Errors
/// When there is no case, a case file cannot be read, or the services cannot be started.
pub(crate) async fn run(paths: &[PathBuf]) -> Result<ExitCode> {
    let cases = read_all(paths)?;
    let mut platform = Platform::start("acceptance", PostgresOptions::for_tests()).await?;
    let outcome = play_all(&platform, &cases).await;
    if !matches!(outcome, Ok(0)) {
        println!(
            "the services' logs are in {}",
            platform.keep_logs().display()
        );
    }
    platform.stop().await?;
    let failed = outcome?;
    println!("{} passed, {failed} failed", cases.len() - failed);
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Plays all cases; returns how many failed.
async fn play_all(platform: &Platform, cases: &[Case]) -> Result<usize> {
    let admin = platform.admin().await?;
    let packs = register(&admin, cases).await?;
    let stage = Stage {
        people: People::new(admin.clone()),
        admin,
        limit: LIMIT,
    };
    let turns = Turns::of(cases);
    let played = stream::iter(cases).map(|case| {
        let (stage, turns, packs) = (&stage, &turns, &packs);
        async move {
            let _turn = turns.take(case).await;
            let began = Instant::now();
            let wrong = match &packs[&case.pack] {
                None => play::play(case, stage).await,
                Some(refusal) => vec![format!("its pack was refused: {refusal}")],
            };
            report(case, &wrong, began);
            !wrong.is_empty()
        }
    });
    let failed: Vec<bool> = played.buffer_unordered(AT_ONCE).collect().await;
    Ok(failed.into_iter().filter(|failed| *failed).count())
}

fn report(case: &Case, wrong: &[String], began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{} {} ({seconds:.1} s)",
        if wrong.is_empty() { "ok    " } else { "FAILED" },
        case.name
    );
    for line in wrong {
        println!("         {}", line.replace('\n', "\n         "));
    }
}

/// Registers the pack of every case; for each pack what the server said against it, if it did.
async fn register(admin: &Client, cases: &[Case]) -> Result<BTreeMap<PathBuf, Option<String>>> {
    let mut packs = BTreeMap::new();
    for case in cases {
        if packs.contains_key(&case.pack) {
            continue;
        }
        let answer = admin
            .post("/packs/register", &json!({"path": case.pack}))
            .await?;
        packs.insert(
            case.pack.clone(),
            answer.ok().err().map(|error| format!("{error:#}")),
        );
    }
    Ok(packs)
}

/// Cases that emit the same trigger take turns, since each could reach the runs of the other.
struct Turns(BTreeMap<String, Arc<Mutex<()>>>);

impl Turns {
    fn of(cases: &[Case]) -> Self {
        Self(
            cases
                .iter()
                .flat_map(Case::emits)
                .map(|trigger| (trigger, Arc::default()))
                .collect(),
        )
    }

    /// Waits for the turn of a case. Triggers are taken in one order, so that no two cases wait for each other.
    async fn take(&self, case: &Case) -> Vec<tokio::sync::OwnedMutexGuard<()>> {
        let mut held = Vec::new();
        for trigger in case.emits() {
            if let Some(turn) = self.0.get(&trigger) {
                held.push(Arc::clone(turn).lock_owned().await);
            }
        }
        held
    }
}

/// All cases of the folders and files given, by name.
fn read_all(paths: &[PathBuf]) -> Result<Vec<Case>> {
    let mut files = Vec::new();
    for path in paths {
        let path = path
            .canonicalize()
            .with_context(|| format!("{} is not there", path.display()))?;
        if path.is_file() {
            files.push(path);
            continue;
        }
        for entry in
            fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))?
        {
            let file = entry?.path();
            if is_yaml(&file) {
                files.push(file);
            }
        }
    }
    files.sort();
    files.dedup();
    ensure!(
        !files.is_empty(),
        "there is no case (*.yaml) in the folders given"
    );
    files
        .iter()
        .map(|file| {
            let text = fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            Case::parse(file, &text)
        })
        .collect()
}

fn is_yaml(file: &Path) -> bool {
    matches!(
        file.extension().and_then(|name| name.to_str()),
        Some("yaml" | "yml")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pack folder with the given case files.
    fn pack(cases: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("shop/cases");
        fs::create_dir_all(&dir).unwrap();
        for (name, text) in cases {
            fs::write(dir.join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn cases_are_found_by_folder_and_by_file_once_each() {
        let text = "run: shop.sell\nexpect: {status: succeeded}";
        let folder = pack(&[("b.yaml", text), ("a.yml", text), ("notes.txt", "no case")]);
        let dir = folder.path().join("shop/cases");
        let cases = read_all(&[dir.clone(), dir.join("b.yaml")]).unwrap();
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["shop/a", "shop/b"]);
        assert!(cases[0].pack.ends_with("shop"));
    }

    #[test]
    fn nothing_to_play_is_an_error() {
        let folder = pack(&[]);
        assert!(read_all(&[folder.path().join("shop/cases")]).is_err());
        assert!(
            read_all(&[folder.path().join("gone")])
                .unwrap_err()
                .to_string()
                .contains("is not there")
        );
    }

    #[tokio::test]
    async fn cases_that_emit_the_same_trigger_take_turns() {
        let emits = "emit: {trigger: shop.order}\nexpect: {status: succeeded}";
        let other = "emit: {trigger: shop.refund}\nexpect: {status: succeeded}";
        let folder = pack(&[("a.yaml", emits), ("b.yaml", emits), ("c.yaml", other)]);
        let cases = read_all(&[folder.path().join("shop/cases")]).unwrap();
        let turns = Turns::of(&cases);
        let first = turns.take(&cases[0]).await;
        assert_eq!(turns.take(&cases[2]).await.len(), 1);
        assert!(turns.0["shop.order"].try_lock().is_err());
        drop(first);
        assert_eq!(turns.take(&cases[1]).await.len(), 1);
    }
}
