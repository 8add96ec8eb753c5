//! What `attune workflow test` shows: each test, what is wrong with it and where, and the coverage.
//!
//! Pure text and JSON.

use crate::error::Result;
use crate::output::{self, Output, Paint, paint_for_stdout, tame, took};
use attune_tryout::{CaseReport, FileReport, Report, WorkflowCoverage, told};
use attune_types::{JsonValue, format_duration};
use serde_json::json;

/// Shows a report in the form that was asked for.
///
/// # Errors
/// If it cannot be written in that form.
pub(super) fn report(report: &Report, output: Output) -> Result<()> {
    if !output.is_table() {
        return output.one(&as_json(report), |_| String::new());
    }
    let paint = paint_for_stdout();
    for file in report.files.iter().filter(|file| !is_empty(file)) {
        output::line(&paint.bold(&file.file));
        for found in file.found.iter() {
            output::line(&indent(&found.to_string(), "  "));
        }
        for case in &file.cases {
            output::line(text(case, paint).trim_end());
        }
        output::line("");
    }
    let coverage = report.coverage.workflows();
    if report.cases().next().is_some() {
        output::line(&paint.bold("coverage"));
        for workflow in &coverage {
            output::line(covered(workflow, paint).trim_end());
        }
    }
    Ok(())
}

fn is_empty(file: &FileReport) -> bool {
    file.cases.is_empty() && file.found.is_empty()
}

fn text(case: &CaseReport, paint: Paint) -> String {
    let verdict = if case.passed() {
        paint.green("ok    ")
    } else {
        paint.red("FAILED")
    };
    let lasted = if case.took.is_zero() {
        String::new()
    } else {
        format!(", {} on its clock", took(case.took))
    };
    let about = paint.dim(&format!("({}{lasted})", case.workflow));
    let mut text = format!("  {verdict}  {}  {about}\n", tame(&case.name));
    for failure in &case.failures {
        text.push_str(&format!(
            "          {}:{}:{}: {}\n            expected  {}\n            came      {}\n",
            case.file,
            failure.span.line,
            failure.span.column,
            paint.bold(&failure.what),
            tame(&failure.expected),
            tame(&failure.came),
        ));
    }
    for warning in &case.warnings {
        let place = match warning.span {
            Some(span) => format!("{}:{}:{}: ", case.file, span.line, span.column),
            None => String::new(),
        };
        let label = paint.yellow("warning:");
        let said = tame(&warning.message);
        text.push_str(&format!(
            "          {label} {place}task `{}`: {said}\n",
            warning.task
        ));
    }
    if !case.path.is_empty() {
        let path = told(&case.path, " -> ");
        text.push_str(&format!(
            "          {}\n",
            paint.dim(&format!("path: {path}"))
        ));
    }
    text
}

fn covered(workflow: &WorkflowCoverage, paint: Paint) -> String {
    let share = format!("{:5.1} %", workflow.percent);
    let share = if workflow.missing_tasks.is_empty() && workflow.missing_transitions.is_empty() {
        paint.green(&share)
    } else {
        paint.yellow(&share)
    };
    let mut text = format!(
        "  {share}  {}  {}\n",
        workflow.workflow,
        paint.dim(&format!(
            "tasks {}/{}, transitions {}/{}",
            workflow.tasks_covered,
            workflow.tasks,
            workflow.transitions_covered,
            workflow.transitions
        ))
    );
    for task in &workflow.missing_tasks {
        text.push_str(&format!("             never reached: {task}\n"));
    }
    for transition in &workflow.missing_transitions {
        text.push_str(&format!("             never taken: {transition}\n"));
    }
    text
}

fn indent(text: &str, by: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("{by}{line}")).collect();
    lines.join("\n")
}

fn as_json(report: &Report) -> JsonValue {
    let files: Vec<JsonValue> = report
        .files
        .iter()
        .map(|file| {
            let cases: Vec<JsonValue> = file.cases.iter().map(case_json).collect();
            json!({"file": file.file, "found": file.found, "tests": cases})
        })
        .collect();
    json!({
        "passed": report.passed(),
        "failed": report.failed(),
        "broken_files": report.broken(),
        "files": files,
        "coverage": {
            "percent": report.coverage.percent(),
            "workflows": report.coverage.workflows(),
        },
    })
}

fn case_json(case: &CaseReport) -> JsonValue {
    let failures: Vec<JsonValue> = case
        .failures
        .iter()
        .map(|failure| {
            json!({
                "what": failure.what, "expected": failure.expected, "came": failure.came,
                "line": failure.span.line, "column": failure.span.column,
            })
        })
        .collect();
    let warnings: Vec<JsonValue> = case
        .warnings
        .iter()
        .map(|warning| {
            let line = warning.span.map(|span| span.line);
            json!({"task": warning.task, "message": warning.message, "line": line})
        })
        .collect();
    json!({
        "name": case.name,
        "line": case.line,
        "workflow": case.workflow,
        "passed": case.passed(),
        "status": case.status,
        "path": case.path,
        "took": format_duration(case.took),
        "failures": failures,
        "warnings": warnings,
    })
}
