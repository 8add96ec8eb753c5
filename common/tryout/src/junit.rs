//! A report as JUnit XML, which build servers read.
//!
//! Pure text. Times are virtual: what a run would have taken.

use crate::report::{CaseReport, Report};
use crate::told::told;
use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

/// The XML of a report: a suite for each file, a case for each test.
///
/// # Errors
/// If the text cannot be written as XML.
pub fn junit(report: &Report) -> Result<String, SerializeError> {
    let mut whole = quick_junit::Report::new("attune workflow test");
    for file in &report.files {
        let mut suite = TestSuite::new(file.file.as_str());
        if file.found.has_errors() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status
                .set_message("the test file cannot be read")
                .set_description(file.found.to_string());
            suite.add_test_case(TestCase::new("reading the file", status));
        }
        suite.add_test_cases(file.cases.iter().map(case));
        whole.add_test_suite(suite);
    }
    whole.to_string()
}

fn case(case: &CaseReport) -> TestCase {
    let status = if case.passed() {
        TestCaseStatus::success()
    } else {
        let lines: Vec<String> = case
            .failures
            .iter()
            .map(|failure| {
                format!(
                    "{}:{}:{}: {}: expected {}, came {}",
                    case.file,
                    failure.span.line,
                    failure.span.column,
                    failure.what,
                    failure.expected,
                    failure.came
                )
            })
            .collect();
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let first = lines.first().cloned().unwrap_or_default();
        status.set_message(first).set_description(lines.join("\n"));
        status
    };
    let mut shown = TestCase::new(case.name.as_str(), status);
    shown
        .set_classname(case.workflow.as_str())
        .set_time(case.took)
        .set_system_out(format!("path: {}", told(&case.path, " -> ")));
    shown
}
