//! Groups of series, each as one series.

use super::limits::Limits;
use super::panel::Panel;

/// Groups of series, each as one series relative to the means of its members.
#[derive(Debug)]
pub(super) struct Pooled {
    known: usize,
    values: Vec<f32>,
}

impl Pooled {
    /// By one of the two groupings.
    pub(super) fn new(panel: &Panel, limits: &Limits, which: usize) -> Self {
        let groups = (0..panel.series()).map(|s| panel.groups(s)[which] as usize);
        let (n, known) = (groups.max().map_or(0, |most| most + 1), panel.known());
        let (mut sold, mut usual) = (vec![0.0f64; n * known], vec![0.0f64; n * known]);
        for series in 0..panel.series() {
            let values = panel.values(series).iter().enumerate();
            let values = values.filter(|(_, v)| !v.is_nan());
            let counted = values.map(|(at, v)| (at, limits.value(series, *v)));
            let sum: f64 = counted.clone().map(|(_, value)| value).sum();
            let mean = sum / counted.clone().count().max(1) as f64;
            if mean <= 0.0 {
                continue;
            }
            let from = panel.groups(series)[which] as usize * known;
            for (at, value) in counted {
                sold[from + at] += value;
                usual[from + at] += mean;
            }
        }
        let relative = sold.iter().zip(&usual).map(|(sold, usual)| {
            if *usual > 0.0 {
                (sold / usual) as f32
            } else {
                f32::NAN
            }
        });
        Self {
            known,
            values: relative.collect(),
        }
    }

    /// Period by period.
    pub(super) fn of(&self, group: u32) -> &[f32] {
        let group = group as usize;
        &self.values[group * self.known..(group + 1) * self.known]
    }
}
