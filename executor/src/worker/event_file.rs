//! What a process tells while it runs, through the file `$ATTUNE_EVENTS`.
//!
//! Owns the reading of the file as it grows and of each line in it. A file and not a pipe, because
//! programs append to it, truncate it and read it back as they like; so it is looked at several
//! times a second rather than waited for. Failure: a line that is no report is quoted in the log;
//! what is beyond the bounds is dropped, with a remark.

use super::journal::{AttemptLog, visible};
use super::output::without_nul;
use attune_flow::run::Report;
use attune_types::JsonValue;
use nix::fcntl::OFlag;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Between two looks at the file.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Reports of one attempt.
const MOST_REPORTS: usize = 1_000;
/// Bytes of one line.
const LONGEST_LINE: usize = 64 << 10;
/// Bytes that are read at once.
const PIECE: usize = 64 << 10;
/// Bytes that are read of one file.
const MOST_BYTES: u64 = 16 << 20;
/// Characters of a bad line that the log quotes.
const QUOTED: usize = 200;

/// Reads a growing file.
pub(super) struct EventFile {
    path: PathBuf,
    log: Arc<AttemptLog>,
    reports: mpsc::UnboundedSender<Report>,
    position: u64,
    /// Bytes read so far, those of files written anew too.
    read: u64,
    line: Vec<u8>,
    count: usize,
    /// In a line that is too long: skip to its end.
    skipping: bool,
}

impl EventFile {
    pub(super) fn new(
        path: PathBuf,
        log: Arc<AttemptLog>,
        reports: mpsc::UnboundedSender<Report>,
    ) -> Self {
        Self {
            path,
            log,
            reports,
            position: 0,
            read: 0,
            line: Vec::new(),
            count: 0,
            skipping: false,
        }
    }

    /// Reads until `ended`, then what is left, a last line without its end included.
    pub(super) async fn follow(mut self, ended: CancellationToken) {
        loop {
            let last = tokio::select! {
                biased;
                () = ended.cancelled() => true,
                () = tokio::time::sleep(LOOK_EVERY) => false,
            };
            // A file that cannot be read now may be replaced by one that can.
            drop(self.look().await);
            if last {
                self.end_line();
                return;
            }
        }
    }

    async fn look(&mut self) -> std::io::Result<()> {
        // One system call: not worth another thread. A process may have put something else there: a
        // pipe would hold the reader up, and a link would be read with the rights of the worker.
        let meta = std::fs::symlink_metadata(&self.path)?;
        let length = meta.len();
        let over = self.count > MOST_REPORTS || self.read > MOST_BYTES;
        if length == self.position || over || !meta.is_file() {
            return Ok(());
        }
        if length < self.position {
            // The process wrote it anew.
            self.position = 0;
            self.line.clear();
        }
        let mut file = tokio::fs::OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&self.path)
            .await?;
        file.seek(SeekFrom::Start(self.position)).await?;
        let mut piece = vec![0; PIECE];
        while self.position < length {
            let count = file.read(&mut piece).await?;
            if count == 0 {
                break;
            }
            let count_bytes = u64::try_from(count).unwrap_or(u64::MAX);
            self.position += count_bytes;
            self.read += count_bytes;
            self.push(&piece[..count]);
            if self.read > MOST_BYTES {
                self.line.clear();
                self.log
                    .remark("$ATTUNE_EVENTS: the file is too large; no more of it is read");
                break;
            }
        }
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line();
            } else if self.line.len() < LONGEST_LINE {
                self.line.push(*byte);
            } else {
                self.skipping = true;
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.skipping) {
            self.complain(&line, &format!("it has more than {LONGEST_LINE} bytes"));
            return;
        }
        if line.trim_ascii().is_empty() {
            return;
        }
        match report(&line) {
            Ok(report) => {
                self.count += 1;
                if self.count > MOST_REPORTS {
                    if self.count == MOST_REPORTS + 1 {
                        let remark =
                            format!("$ATTUNE_EVENTS: more than {MOST_REPORTS} lines are not read");
                        self.log.remark(&remark);
                    }
                    return;
                }
                // Whoever listens goes away only with the attempt.
                let _ = self.reports.send(report);
            }
            Err(reason) => self.complain(&line, &reason),
        }
    }

    fn complain(&self, line: &[u8], reason: &str) {
        let quoted: String = visible(line).chars().take(QUOTED).collect();
        self.log.remark(&format!(
            "$ATTUNE_EVENTS: a line is not understood: {reason}: {quoted}"
        ));
    }
}

/// Reads one line.
fn report(line: &[u8]) -> Result<Report, String> {
    let value: JsonValue = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if !value.is_object() {
        return Err("it is no JSON object".to_owned());
    }
    let report: Report =
        serde_json::from_value(without_nul(value)).map_err(|error| error.to_string())?;
    if report == Report::default() {
        return Err(
            "it has none of progress, message, cost_usd, meter, label, annotation, artifact"
                .to_owned(),
        );
    }
    if report
        .progress
        .is_some_and(|share| !(0.0..=1.0).contains(&share))
    {
        return Err("progress is not between 0 and 1".to_owned());
    }
    if report
        .cost_usd
        .is_some_and(|cost| !cost.is_finite() || cost < 0.0)
    {
        return Err("cost_usd is not a positive number".to_owned());
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_manual_promises() {
        for line in [
            r#"{"progress": 0.4, "message": "half"}"#,
            r#"{"artifact": "out/report.html"}"#,
            r#"{"annotation": {"anything": [1]}}"#,
            r#"{"cost_usd": 0.02, "meter": "tokens"}"#,
            r#"{"label": {"env": "prod"}}"#,
        ] {
            report(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn says_what_is_wrong_with_the_rest() {
        for (line, reason) in [
            ("half", "expected"),
            ("[1]", "no JSON object"),
            ("{}", "none of"),
            (r#"{"progres": 1}"#, "none of"),
            (r#"{"progress": 40}"#, "between 0 and 1"),
            (r#"{"cost_usd": -1}"#, "positive"),
            (r#"{"label": {"a": {}}}"#, "string"),
        ] {
            let error = report(line.as_bytes()).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }
}
