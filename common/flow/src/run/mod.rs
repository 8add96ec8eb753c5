//! A run: commands in, events out, state folded from events, effects derived from state.
//!
//! [`decide`] is the only place that takes decisions, [`evolve`] the only one that changes a state;
//! [`outstanding`] says what is owed, [`fold`] what changed. Three alphabets, never mixed: [`Command`]
//! (may be refused), [`Event`] (always applies), [`Effect`] (owed to the world).

mod command;
mod decide;
mod effect;
mod event;
mod event_facts;
mod evolve;
mod fold;
mod header;
mod now;
mod outstanding;
mod project;
mod rejection;
mod rerun;
mod scope;
mod secret;
mod state;
mod view;
mod view_of;
mod withheld;

pub use command::{ABOVE, Command, Outcome, ProcessInfo, Report};
pub use decide::{decide, decide_with_keys};
pub use effect::{ChildOrder, Effect, EffectKey, NativeOrder, SlotOrder, WorkOrder};
pub use event::{
    Arrival, By, CarriedOver, CompensationEnded, CompensationJoined, CompensationStarted,
    CompensationStopped, Event, JoinStart, Reopened, RetryJoined, RunRetried, StopReason,
    UndoActivated, Undone, Values,
};
pub use evolve::evolve;
pub use fold::{Change, fold};
pub use header::{Origin, Parent, RunHeader};
pub use now::Now;
pub use outstanding::outstanding;
pub use project::announce;
pub use rejection::Rejection;
pub use rerun::{Activation, Carried, Edit, Rerun, RerunRefused, carry, check_input};
pub use secret::{KeyRead, SealedValue, Secrets};
pub use state::RunState;
pub use state::execution::{Attempt, Execution, Parts, Phase, Redo, Reports, Tally};
pub use state::redo::Held;
pub use state::slot::Slot;
pub use state::task::{JoinState, TaskState};
pub use view::{ExecutionKind, ExecutionRow, Notice};
pub use withheld::Withheld;
