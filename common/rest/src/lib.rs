//! The REST surface as data: what requests and answers hold.
//!
//! Owns the shapes under `/api/v1`, shared by the API, the command line and the tests, so that they
//! cannot differ. Never speaks HTTP and decides nothing. Requests refuse unknown fields; answers may
//! gain fields, which an older client leaves alone. A refusal is always a [`Problem`].

mod action;
mod auth;
mod event;
mod execution;
mod key;
mod pack;
mod page;
mod problem;
mod rule;
mod running;
mod secret;
mod workflow;

pub use action::ActionView;
pub use auth::{
    AuditView, CreatedToken, IdentityView, Login, Me, NewIdentity, NewToken, PatchIdentity,
    Session, TokenView,
};
pub use event::{EmitEvent, EnforcementView, EventAccepted, EventView, EventWhy};
pub use execution::{
    BulkItem, BulkReport, CancelExecution, CommandAccepted, ExecutionDetail, ExecutionView,
    HistoryView, LogLineView, Nothing, PlaceView, RerunExecution, RerunOf, StartExecution,
    StartInline, StartMany, StartRun, StreamEnd,
};
pub use key::{KeyView, PutKey};
pub use pack::{PackChange, PackReport, PackView, PackWarning, RegisterPack};
pub use page::Page;
pub use problem::{FieldProblem, PROBLEM_JSON, Problem};
pub use rule::{RuleTest, RuleVerdict, RuleView, TriggerView};
pub use running::{ExecutorView, Readiness, SensorView, ShardView, WorkerView};
pub use secret::Secret;
pub use workflow::{
    ExecuteWorkflow, GivenDefinition, WorkflowCheck, WorkflowDetail, WorkflowReleaseView,
    WorkflowReport, WorkflowTask, WorkflowVersionDetail, WorkflowVersionView, WorkflowView,
};
