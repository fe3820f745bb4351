//! Charts of the console: plain figures in, one SVG text out.
//!
//! Every chart can be read without colour (dash patterns, markers and labels beside the marks),
//! without sight (`role="img"`, a title and a sentence that says the figures), at 360 pixels (one
//! view box, no fixed width) and in dark mode (everything is drawn in `currentColor`). An unknown
//! value is a gap with a note, never a zero. A value shows on hover through the `<title>` of its
//! mark, so no script is needed.
//!
//! The title is not drawn: a page puts it above the chart as a heading, and the SVG carries it for
//! those who do not see the page.
//!
//! Nothing here knows of HTTP, of the registry or of the clock. The same figures give the same
//! bytes. [`STYLE`] is the style sheet that a page includes once.

mod bar;
mod fan;
mod frame;
mod heatmap;
mod interval;
mod line;
mod locale;
mod scale;
mod sparkline;
mod svg;

pub use bar::{BarChart, BarRow, bar_chart};
pub use fan::{FanChart, FanWords, fan_chart};
pub use heatmap::{Heatmap, heatmap};
pub use interval::{Estimate, IntervalChart, IntervalRow, Mark, interval_chart};
pub use line::{LineChart, Series, line_chart};
pub use locale::Locale;
pub use sparkline::{Sparkline, sparkline};

/// Style sheet for all charts. Sizes are those of the view box; colours can be set per page through
/// `--chart-0` to `--chart-5`, and fall back to the colour of the text.
pub const STYLE: &str = "\
.chart{width:100%;max-width:640px;height:auto;display:block;font-family:inherit}\
.chart text{fill:currentColor}\
.chart .quiet{opacity:.72}\
.chart .grid{opacity:.16}\
.chart .s0{color:var(--chart-0,currentColor)}\
.chart .s1{color:var(--chart-1,currentColor)}\
.chart .s2{color:var(--chart-2,currentColor)}\
.chart .s3{color:var(--chart-3,currentColor)}\
.chart .s4{color:var(--chart-4,currentColor)}\
.chart .s5{color:var(--chart-5,currentColor)}\
.chart .mark:hover{stroke-width:3}\
.chart .catch{fill:transparent;stroke:none}\
.chart .catch:hover{fill:currentColor;fill-opacity:.15}\
.sparkline{width:7em;height:1.6em;vertical-align:middle}";
