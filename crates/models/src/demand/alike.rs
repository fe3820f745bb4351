//! Periods alike: of the same weekday, with as much promotion.

use super::panel::{Panel, Role, Step};

/// Periods of one kind that are averaged at most.
pub(super) const ALIKE: usize = 8;

/// Kinds of periods: weekdays with and without promotion.
const KINDS: usize = 14;

/// Of which kind each period of a panel is.
#[derive(Debug)]
pub(super) struct Kinds<'a> {
    panel: &'a Panel,
    promotion: Option<usize>,
    /// By period, 0 where a period holds all weekdays.
    weekdays: Vec<usize>,
}

impl<'a> Kinds<'a> {
    pub(super) fn new(panel: &'a Panel) -> Self {
        let weekday = |period| match panel.step() {
            Step::Day => panel.date(period).weekday().to_monday_zero_offset() as usize,
            Step::Week | Step::Month => 0,
        };
        Self {
            panel,
            promotion: panel.role(Role::Promotion),
            weekdays: (0..panel.known() + panel.ahead()).map(weekday).collect(),
        }
    }

    fn of(&self, series: usize, period: usize) -> usize {
        let promotion = self.promotion.map(|c| self.panel.column(c, series));
        let promoted = promotion.is_some_and(|all| all[period] > 0.0);
        2 * self.weekdays[period] + usize::from(promoted)
    }

    /// 0 to 6 from Monday on; 0 where a period holds all weekdays.
    pub(super) fn weekday(&self, period: usize) -> usize {
        self.weekdays[period]
    }

    fn count(&self) -> usize {
        match self.panel.step() {
            Step::Day => KINDS,
            Step::Week | Step::Month => 2,
        }
    }

    /// What a series sold in the last [`ALIKE`] periods of each kind, of two years at most, as of a period.
    pub(super) fn last(&self, series: usize, known: usize) -> Alike<'_> {
        let values = self.panel.values(series);
        let mut last: [Vec<f32>; KINDS] = std::array::from_fn(|_| Vec::with_capacity(ALIKE));
        let mut full = 0;
        for period in (known.saturating_sub(2 * self.panel.step().year())..known).rev() {
            let of = &mut last[self.of(series, period)];
            if values[period].is_nan() || of.len() == ALIKE {
                continue;
            }
            of.push(values[period]);
            full += usize::from(of.len() == ALIKE);
            if full == self.count() {
                break;
            }
        }
        Alike {
            kinds: self,
            series,
            last,
        }
    }
}

/// What a series sold in the last periods of each kind.
#[derive(Debug)]
pub(super) struct Alike<'a> {
    kinds: &'a Kinds<'a>,
    series: usize,
    /// By kind, latest first.
    last: [Vec<f32>; KINDS],
}

impl Alike<'_> {
    /// Those of the kind of a period, latest first.
    pub(super) fn to(&self, period: usize) -> &[f32] {
        &self.last[self.kinds.of(self.series, period)]
    }

    /// See [`Kinds::weekday`].
    pub(super) fn weekday(&self, period: usize) -> usize {
        self.kinds.weekday(period)
    }

    /// By weekday, those without promotion and those with one.
    pub(super) fn by_promotion(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        let pairs = self.last.chunks_exact(2);
        pairs.map(|pair| (pair[0].as_slice(), pair[1].as_slice()))
    }
}
