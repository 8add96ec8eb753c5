//! Workflows and their versions, as the REST surface shows them.

use attune_flow::program::{Program, Work};
use attune_port::{
    WorkflowChange, WorkflowRelease, WorkflowRow, WorkflowVersion, WorkflowVersionDetail,
};
use attune_rest::{
    WorkflowDetail, WorkflowReleaseView, WorkflowTask, WorkflowVersionView, WorkflowView,
};

pub(crate) fn workflow(row: &WorkflowRow) -> WorkflowView {
    let action = &row.action;
    let def = &action.def;
    let because = match (action.enabled, row.disabled) {
        (true, _) => None,
        (false, true) => Some("disabled"),
        (false, false) => Some("gone"),
    };
    WorkflowView {
        reference: def.reference.clone(),
        pack: def.reference.pack().to_owned(),
        label: def.label.clone(),
        description: def.description.clone(),
        tags: row.tags.clone(),
        version: action.version.clone(),
        number: row.number,
        hash: action.program.clone(),
        enabled: action.enabled,
        disabled_because: because.map(ToOwned::to_owned),
        origin: row.origin.as_str().to_owned(),
        pack_holds: row.filed.clone().filter(|filed| *filed != action.program),
        changed_at: row.changed_at,
        changed_by: row.changed_by.clone(),
    }
}

pub(crate) fn workflow_detail(row: WorkflowRow, program: Option<&Program>) -> WorkflowDetail {
    let def = &row.action.def;
    WorkflowDetail {
        workflow: workflow(&row),
        parameters: def.parameters.json_schema().clone(),
        output: def.output.as_ref().map(|one| one.json_schema().clone()),
        definition: row.source,
        tasks: program.map(tasks).unwrap_or_default(),
        etag: row.etag,
    }
}

/// The tasks of a Program, in the order of its file.
pub(crate) fn tasks(program: &Program) -> Vec<WorkflowTask> {
    program
        .tasks
        .iter()
        .map(|task| WorkflowTask {
            name: task.name.clone(),
            action: match &task.work {
                Work::Action(call) => Some(call.reference.clone()),
                Work::Parallel { .. } => None,
            },
            parallel: task
                .branch_of
                .and_then(|above| program.task(above))
                .map(|above| above.name.clone()),
        })
        .collect()
}

pub(crate) fn version(version: WorkflowVersion) -> WorkflowVersionView {
    WorkflowVersionView {
        number: version.number,
        hash: version.hash,
        version: version.version,
        origin: version.origin.as_str().to_owned(),
        created_at: version.created_at,
        created_by: version.created_by,
        current: version.current,
    }
}

pub(crate) fn version_detail(
    detail: WorkflowVersionDetail,
    program: Option<&Program>,
) -> attune_rest::WorkflowVersionDetail {
    attune_rest::WorkflowVersionDetail {
        version: version(detail.version),
        parameters: detail.def.parameters.json_schema().clone(),
        output: detail
            .def
            .output
            .as_ref()
            .map(|one| one.json_schema().clone()),
        label: detail.def.label,
        description: detail.def.description,
        tags: detail.tags,
        definition: detail.source,
        tasks: program.map(tasks).unwrap_or_default(),
    }
}

pub(crate) fn release(release: WorkflowRelease) -> WorkflowReleaseView {
    WorkflowReleaseView {
        entry: release.entry,
        at: release.at,
        by: release.by,
        what: release.what.as_str().to_owned(),
        number: release.number,
    }
}

pub(crate) const fn workflow_change(change: WorkflowChange) -> &'static str {
    match change {
        WorkflowChange::New => "new",
        WorkflowChange::NewVersion => "new_version",
        WorkflowChange::Activated => "activated",
        WorkflowChange::Text => "text",
        WorkflowChange::Enabled => "enabled",
        WorkflowChange::Disabled => "disabled",
        WorkflowChange::Unchanged => "unchanged",
    }
}
