//! Packs that the tests write into folders of their own.
//!
//! Owns their texts. What an action does for real can be seen in files: it appends a line to the trace
//! of the test, so that a second execution of the same attempt would show.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// Writes files below a folder; gives the folder.
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder.to_owned()
}

/// What actions of the pack `marks` have really done.
#[derive(Debug)]
pub(crate) struct Trace {
    path: PathBuf,
}

/// One attempt: the execution and the number of its attempt.
pub(crate) type Attempt = (String, u32);

impl Trace {
    /// Writes the pack `marks` into a folder: the workflow `marks.two` has two shell tasks, each of
    /// which appends a line to the trace, after `seconds`.
    pub(crate) fn pack(folder: &Path) -> (PathBuf, Self) {
        let path = folder.join("trace");
        let script = format!(
            "#!/bin/sh\n\
             [ \"$ATTUNE_PARAM_SECONDS\" = 0 ] || sleep \"$ATTUNE_PARAM_SECONDS\"\n\
             echo \"$ATTUNE_EXECUTION_ID $ATTUNE_ATTEMPT $ATTUNE_RUN_ID\" >> '{}'\n\
             printf '{{\"number\": %s}}' \"$ATTUNE_PARAM_NUMBER\"\n",
            path.display()
        );
        let pack = write(
            &folder.join("marks"),
            &[
                ("pack.yaml", "ref: marks\nlabel: Marks\nversion: 1.0.0\n"),
                ("actions/mark.sh", &script),
                (
                    "actions/mark.yaml",
                    "ref: marks.mark\n\
                     label: Leave a mark\n\
                     runner: shell\n\
                     entry_point: mark.sh\n\
                     parameter_delivery: env\n\
                     output_format: json\n\
                     idempotent: true\n\
                     parameters:\n  \
                       number: {type: integer, required: true}\n  \
                       seconds: {type: number, default: 0}\n\
                     output:\n  \
                       number: {type: integer}\n",
                ),
                (
                    "workflows/two.yaml",
                    "ref: marks.two\n\
                     label: Leave two marks\n\
                     version: 1.0.0\n\
                     parameters:\n  \
                       number: {type: integer, required: true}\n  \
                       seconds: {type: number, default: 0}\n\
                     tasks:\n  \
                       - name: first\n    \
                         action: marks.mark\n    \
                         input:\n      \
                           number: \"{{ parameters.number }}\"\n      \
                           seconds: \"{{ parameters.seconds }}\"\n    \
                         on_success: second\n  \
                       - name: second\n    \
                         action: marks.mark\n    \
                         input:\n      \
                           number: \"{{ task.first.result.number + 1 }}\"\n      \
                           seconds: \"{{ parameters.seconds }}\"\n\
                     output_map:\n  \
                       number: \"{{ task.second.result.number }}\"\n",
                ),
                (
                    "workflows/nap.yaml",
                    "ref: marks.nap\n\
                     label: Wait, then leave a mark\n\
                     version: 1.0.0\n\
                     parameters:\n  \
                       number: {type: integer, required: true}\n  \
                       seconds: {type: number, default: 1}\n\
                     tasks:\n  \
                       - name: nap\n    \
                         action: core.sleep\n    \
                         input:\n      \
                           seconds: \"{{ parameters.seconds }}\"\n    \
                         on_success: mark\n  \
                       - name: mark\n    \
                         action: marks.mark\n    \
                         input:\n      \
                           number: \"{{ parameters.number }}\"\n\
                     output_map:\n  \
                       number: \"{{ task.mark.result.number }}\"\n",
                ),
            ],
        );
        (pack, Self { path })
    }

    /// How often each attempt was really executed to its mark.
    pub(crate) fn marks(&self) -> HashMap<Attempt, u32> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let mut marks = HashMap::new();
        for line in text.lines() {
            let mut words = line.split(' ');
            let execution = words.next().unwrap().to_owned();
            let attempt = words.next().unwrap().parse().unwrap();
            *marks.entry((execution, attempt)).or_default() += 1;
        }
        marks
    }
}
