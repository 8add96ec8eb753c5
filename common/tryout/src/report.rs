//! Running the tests of files and saying what came of them.
//!
//! Owns the outcome of each test and of all together. Called by the CLI and by tests that run packs'
//! tests. A file that cannot be read, and a test that is not as expected, both make the report a
//! failed one.

use crate::coverage::Coverage;
use crate::files::{TestCase, parse_tests};
use crate::judge::{Failure, judge, judge_refusal};
use crate::library::Library;
use crate::walk::{Walk, WalkWarning, walk};
use attune_pack::{Diagnostics, SourceFile};
use attune_types::{Duration, ExecutionStatus, Ref};

/// What came of one test.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// The file that it stands in.
    pub file: String,
    /// The line that it begins on.
    pub line: usize,
    /// The workflow that it tries.
    pub workflow: Ref,
    /// How the run ended or stands; none if it was refused.
    pub status: Option<ExecutionStatus>,
    /// Tasks in the order in which they were reached.
    pub path: Vec<String>,
    /// What is not as expected; none: the test passed.
    pub failures: Vec<Failure>,
    /// What is strange about its mocks.
    pub warnings: Vec<WalkWarning>,
    /// How much virtual time the run took.
    pub took: Duration,
}

impl CaseReport {
    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// What came of one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file.
    pub file: String,
    /// Its tests.
    pub cases: Vec<CaseReport>,
    /// What is wrong with the file itself; with errors none of its tests ran.
    pub found: Diagnostics,
}

/// What came of all tests.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By file.
    pub files: Vec<FileReport>,
    /// What they covered.
    pub coverage: Coverage,
}

impl Report {
    /// All tests that ran.
    pub fn cases(&self) -> impl Iterator<Item = &CaseReport> {
        self.files.iter().flat_map(|file| &file.cases)
    }

    /// How many tests passed.
    pub fn passed(&self) -> usize {
        self.cases().filter(|case| case.passed()).count()
    }

    /// How many tests did not.
    pub fn failed(&self) -> usize {
        self.cases().filter(|case| !case.passed()).count()
    }

    /// How many files could not be read.
    pub fn broken(&self) -> usize {
        self.files
            .iter()
            .filter(|file| file.found.has_errors())
            .count()
    }

    /// Whether every file could be read and every test passed.
    pub fn is_good(&self) -> bool {
        self.failed() == 0 && self.broken() == 0
    }
}

/// Runs all tests of some files for which `wanted` holds. Coverage is counted for the workflows that
/// the caller included in `coverage`, and for those that the tests name.
pub fn run_tests(
    library: &Library,
    files: &[SourceFile],
    coverage: Coverage,
    wanted: impl Fn(&TestCase) -> bool,
) -> Report {
    let mut report = Report {
        files: Vec::new(),
        coverage,
    };
    for file in files {
        let (cases, found) = match parse_tests(&file.path, &file.text, library) {
            Ok(read) => read,
            Err(found) => (Vec::new(), found),
        };
        let mut ran = Vec::new();
        for case in cases.iter().filter(|case| wanted(case)) {
            if let Some(program) = library.workflow(&case.workflow) {
                report.coverage.include(&program);
            }
            let (outcome, walk) = run_case(library, case);
            if let Some(walk) = walk {
                report.coverage.add(&walk);
            }
            ran.push(outcome);
        }
        report.files.push(FileReport {
            file: file.path.clone(),
            cases: ran,
            found,
        });
    }
    report
}

/// Runs one test, and gives the walk beside what came of it; none where the run was refused.
pub fn run_case(library: &Library, case: &TestCase) -> (CaseReport, Option<Walk>) {
    let mut report = CaseReport {
        name: case.name.clone(),
        file: case.file.clone(),
        line: case.span.line,
        workflow: case.workflow.clone(),
        status: None,
        path: Vec::new(),
        failures: Vec::new(),
        warnings: Vec::new(),
        took: Duration::ZERO,
    };
    let Some(program) = library.workflow(&case.workflow) else {
        let came = if library.is_broken(&case.workflow) {
            "it has errors, told by `attune workflow validate`"
        } else {
            "it is not known here"
        };
        report.failures.push(Failure {
            what: "workflow".to_owned(),
            expected: format!("the workflow `{}`", case.workflow),
            came: came.to_owned(),
            span: case.span,
        });
        return (report, None);
    };
    let walk = match walk(library, &program, &case.setup) {
        Ok(walk) => walk,
        Err(refused) => {
            report.failures = judge_refusal(&refused, &case.expect);
            return (report, None);
        }
    };
    report.failures = judge(&walk, &case.expect, case.setup.usual_end());
    report.path = walk.order();
    report.warnings = walk.warnings.clone();
    if let Some(root) = walk.root() {
        report.status = Some(root.state.status());
        let ended = root.state.ended_at().unwrap_or(case.setup.at);
        report.took = Duration::try_from(ended.duration_since(case.setup.at)).unwrap_or_default();
    }
    (report, Some(walk))
}
