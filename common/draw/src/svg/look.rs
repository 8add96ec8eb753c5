//! How a drawing looks: fonts, colours for light and for dark pages, sizes of text.
//!
//! Owns the style sheet. Class names are within `.attune-graph`, so that a page that holds the drawing
//! in its own markup is not touched by it.

use crate::text::ems;
use attune_types::ExecutionStatus;

/// Fonts that the machine of the reader is likely to have.
pub(super) const FONT: &str =
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

/// Sizes of text: names, what stands below them, and what stands on lines.
pub(super) const NAME: f64 = 14.0;
pub(super) const DETAIL: f64 = 12.0;
pub(super) const SMALL: f64 = 11.0;

/// How wide a text of that size is.
pub(super) fn width(text: &str, size: f64) -> f64 {
    ems(text) * size
}

/// The class of a status.
pub(super) fn class(status: ExecutionStatus) -> &'static str {
    use ExecutionStatus as S;
    match status {
        S::Succeeded => "good",
        S::Failed | S::TimedOut | S::Abandoned => "bad",
        S::Running => "busy",
        S::Requested | S::Scheduled | S::Skipped => "idle",
        S::Waiting | S::Retrying | S::Paused | S::Canceling | S::Cancelled => "held",
        S::Compensating | S::Compensated => "undone",
    }
}

/// The style sheet.
pub(super) const STYLE: &str = "
.attune-graph .ground{fill:#ffffff}
.attune-graph .box{fill:#ffffff;stroke:#afb8c1;stroke-width:1.2}
.attune-graph .group{fill:#f6f8fa;stroke:#afb8c1;stroke-width:1.2}
.attune-graph .bar{fill:#0969da}
.attune-graph .bar.workflow{fill:#8250df}
.attune-graph .bar.join{fill:#bf8700}
.attune-graph .bar.parallel{fill:#1b7c83}
.attune-graph .inner{fill:none;stroke:#8250df;stroke-width:1;stroke-opacity:.55}
.attune-graph .name{fill:#1f2328;font-size:14px;font-weight:600}
.attune-graph .detail{fill:#59636e;font-size:12px}
.attune-graph .small{fill:#59636e;font-size:11px}
.attune-graph .line{fill:none;stroke:#818b98;stroke-width:1.4}
.attune-graph .line.back,.attune-graph .line.undo{stroke-dasharray:5 4}
.attune-graph .line.undo{stroke:#8250df}
.attune-graph .tip{fill:#818b98}
.attune-graph .tip.undo{fill:#8250df}
.attune-graph .start{fill:#59636e}
.attune-graph .end{fill:#ffffff;stroke:#818b98;stroke-width:1.4}
.attune-graph .dot{fill:#818b98}
.attune-graph .chip{fill:#eff2f5;stroke:#d1d9e0}
.attune-graph .chip.good,.attune-graph .box.good{fill:#dafbe1;stroke:#4ac26b}
.attune-graph .chip.bad,.attune-graph .box.bad{fill:#ffebe9;stroke:#ff8182}
.attune-graph .box.busy{fill:#ddf4ff;stroke:#54aeff}
.attune-graph .box.held{fill:#fff8c5;stroke:#d4a72c}
.attune-graph .box.undone{fill:#fbefff;stroke:#c297ff}
.attune-graph .box.idle{stroke-dasharray:4 3}
.attune-graph .said{fill:#1f2328;font-size:11px}
@media (prefers-color-scheme:dark){
.attune-graph .ground{fill:#0d1117}
.attune-graph .box{fill:#151b23;stroke:#656c76}
.attune-graph .group{fill:#11161d;stroke:#3d444d}
.attune-graph .bar{fill:#4493f8}
.attune-graph .bar.workflow{fill:#ab7df8}
.attune-graph .bar.join{fill:#d29922}
.attune-graph .bar.parallel{fill:#2aa198}
.attune-graph .inner{stroke:#ab7df8}
.attune-graph .name,.attune-graph .said{fill:#f0f6fc}
.attune-graph .detail,.attune-graph .small{fill:#9198a1}
.attune-graph .line{stroke:#656c76}
.attune-graph .line.undo{stroke:#ab7df8}
.attune-graph .tip,.attune-graph .dot{fill:#656c76}
.attune-graph .tip.undo{fill:#ab7df8}
.attune-graph .start{fill:#9198a1}
.attune-graph .end{fill:#0d1117;stroke:#656c76}
.attune-graph .chip{fill:#212830;stroke:#3d444d}
.attune-graph .chip.good,.attune-graph .box.good{fill:#12261e;stroke:#2ea043}
.attune-graph .chip.bad,.attune-graph .box.bad{fill:#2d1618;stroke:#da3633}
.attune-graph .box.busy{fill:#0c2d6b;stroke:#388bfd}
.attune-graph .box.held{fill:#2b230f;stroke:#9e6a03}
.attune-graph .box.undone{fill:#271052;stroke:#8957e5}
}
";
