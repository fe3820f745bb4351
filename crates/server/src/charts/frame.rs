//! Axes of a chart over ordered labels.

use super::locale::Locale;
use super::scale::Axis;
use super::svg::{Anchor, Drawing, LINE, WIDTH, inside, text_width};

/// What a chart over ordered labels is drawn in.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
    steps: usize,
}

impl Frame {
    /// The frame of an axis with so many labels.
    ///
    /// - `room`: left free on the right.
    pub(crate) fn around(y: &Axis, labels: usize, room: f64, locale: Locale) -> Self {
        let ticks = y.ticks.iter();
        let widest = ticks.map(|t| text_width(&locale.fixed(*t, y.decimals)));
        Self {
            left: widest.fold(0.0, f64::max) + 8.0,
            right: WIDTH - room - 14.0,
            bottom: y.at(y.ticks[0]),
            steps: labels.saturating_sub(1),
        }
    }

    /// Place of a label; a single one stands in the middle.
    pub(crate) fn x(&self, position: usize) -> f64 {
        match self.steps {
            0 => f64::midpoint(self.left, self.right),
            steps => self.left + (self.right - self.left) * position as f64 / steps as f64,
        }
    }

    /// Draws the ticks of both axes.
    pub(crate) fn axes(
        &self,
        drawing: &mut Drawing,
        unit: &str,
        labels: &[String],
        y: &Axis,
        locale: Locale,
    ) {
        if !unit.is_empty() {
            drawing.text(0.0, LINE - 4.0, Anchor::Start, "quiet", unit);
        }
        for &tick in &y.ticks {
            let at = y.at(tick);
            drawing.line((self.left, at), (self.right, at), "class=\"grid\"");
            let number = locale.fixed(tick, y.decimals);
            drawing.text(self.left - 6.0, at + 4.0, Anchor::End, "quiet", &number);
        }
        let widest = labels.iter().map(|l| text_width(l)).fold(1.0, f64::max);
        // The first label starts at the axis and the next is centred, so that one and a half lie between them.
        let step = (self.right - self.left) / self.steps.max(1) as f64;
        let every = ((1.5 * widest + 8.0) / step).ceil().max(1.0) as usize;
        for (i, label) in labels.iter().enumerate().step_by(every) {
            let at = self.x(i);
            drawing.line(
                (at, self.bottom),
                (at, self.bottom + 4.0),
                "class=\"quiet\"",
            );
            let anchor = if i == 0 {
                Anchor::Start
            } else {
                Anchor::Middle
            };
            let at = if i == 0 {
                (at - 6.0).max(0.0)
            } else {
                inside(at, label)
            };
            drawing.text(at, self.bottom + LINE + 2.0, anchor, "quiet", label);
        }
    }
}
