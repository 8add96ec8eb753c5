//! What a process said, without the secrets that it was given.
//!
//! Owns which parts of an outcome and of a report may hold one. Pure. Called by `attempt`; log lines
//! are hidden where they are read (`capture`).

use attune_catalogue::Mask;
use attune_flow::run::{Outcome, ProcessInfo, Report};

/// An outcome without the secrets that the process was given.
pub(super) fn outcome(mut outcome: Outcome, mask: &Mask) -> Outcome {
    if mask.is_empty() {
        return outcome;
    }
    let hide = |text: &mut String| *text = mask.text(text).into_owned();
    let hide_process = |process: &mut Option<ProcessInfo>| {
        if let Some(process) = process {
            hide(&mut process.stdout);
            hide(&mut process.stderr);
        }
    };
    match &mut outcome {
        Outcome::Succeeded { result, process } => {
            mask.value(result);
            hide_process(process);
        }
        Outcome::Failed {
            error,
            result,
            process,
        } => {
            *error = mask.error(error.clone());
            mask.value(result);
            hide_process(process);
        }
        Outcome::TimedOut { error, process } => {
            *error = mask.error(error.clone());
            hide_process(process);
        }
        Outcome::Cancelled { process } => hide_process(process),
    }
    outcome
}

/// A report without the secrets.
pub(super) fn report(mut report: Report, mask: &Mask) -> Report {
    if mask.is_empty() {
        return report;
    }
    let hide = |text: &mut String| *text = mask.text(text).into_owned();
    report.message.iter_mut().for_each(hide);
    report.meter.iter_mut().for_each(hide);
    report.artifact.iter_mut().for_each(hide);
    if let Some(annotation) = &mut report.annotation {
        mask.value(annotation);
    }
    if let Some(labels) = &mut report.label {
        *labels = std::mem::take(labels)
            .into_iter()
            .map(|(name, value)| {
                (
                    mask.text(&name).into_owned(),
                    mask.text(&value).into_owned(),
                )
            })
            .collect();
    }
    report
}
