//! Successive halving: the worse half of the candidates leaves after each rung, the file as it is never does.

use super::plan::Rung;
use std::collections::BTreeMap;
use std::ops::Range;

/// The candidate that is the file as it is.
pub(super) const AS_IT_IS: usize = 0;

/// Where candidates are measured.
pub(super) trait Field {
    /// What ends a search.
    type Error;

    /// How good a candidate is on a period, more being better; `None` where it cannot be measured there.
    async fn measure(
        &mut self,
        candidate: usize,
        period: usize,
    ) -> Result<Option<f64>, Halt<Self::Error>>;

    /// Told when all were compared on a period.
    fn compared(&mut self);

    /// Told when a rung begins.
    fn begins(&mut self, rung: usize, of: &Rung);
}

/// Why nothing more is measured.
#[derive(Debug)]
pub(super) enum Halt<E> {
    /// The time is over: what there is counts.
    Over,
    /// Something failed.
    Failed(E),
}

/// How one candidate stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Standing {
    /// By how much it is better than the file as it is, by period.
    pub(super) gains: BTreeMap<usize, f64>,
    /// The rung after which it left for another that was better, from 0.
    pub(super) left_after: Option<usize>,
    /// The period where it could not be measured.
    pub(super) not_measured_on: Option<usize>,
}

impl Standing {
    /// By how much it is better than the file as it is, as a mean over periods; `None` where it was never compared.
    pub(super) fn gain(&self) -> Option<f64> {
        let n = self.gains.len();
        (n > 0).then(|| self.gains.values().sum::<f64>() / n as f64)
    }

    fn is_in(&self) -> bool {
        self.left_after.is_none() && self.not_measured_on.is_none()
    }
}

/// What came of choosing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Race {
    /// By candidate; the first is the file as it is.
    pub(super) standings: Vec<Standing>,
    /// Periods on which the file as it is could not be measured.
    pub(super) unusable: Vec<usize>,
    /// The candidate that is better than the file as it is, and than the others that came as far.
    pub(super) best: Option<usize>,
    /// Whether the time was over before the last rung was.
    pub(super) is_cut_short: bool,
}

/// Chooses among candidates on periods.
///
/// - `candidates`: with the file as it is, which is the first.
/// - `choose_on`: positions of the periods, in the order in which they are used.
pub(super) async fn choose<F: Field>(
    field: &mut F,
    candidates: usize,
    choose_on: Range<usize>,
    rungs: &[Rung],
) -> Result<Race, F::Error> {
    let mut race = Race {
        standings: vec![Standing::default(); candidates],
        unusable: Vec::new(),
        best: None,
        is_cut_short: false,
    };
    let mut used = 0;
    for (number, rung) in rungs.iter().enumerate() {
        field.begins(number, rung);
        let until = choose_on.start + rung.periods;
        for period in (choose_on.start + used)..until.min(choose_on.end) {
            match race.measure(field, period).await {
                Ok(()) => {}
                Err(Halt::Over) => {
                    race.is_cut_short = true;
                    race.best = race.ranked().first().copied().filter(|c| race.gains(*c));
                    return Ok(race);
                }
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
        used = rung.periods;
        if let Some(next) = rungs.get(number + 1) {
            race.halve(number, next.candidates);
        }
    }
    race.best = race.ranked().first().copied().filter(|c| race.gains(*c));
    Ok(race)
}

impl Race {
    /// Measures all that are in on a period. Where the time is over before all are, the period counts for none.
    async fn measure<F: Field>(
        &mut self,
        field: &mut F,
        period: usize,
    ) -> Result<(), Halt<F::Error>> {
        let Some(as_it_is) = field.measure(AS_IT_IS, period).await? else {
            self.unusable.push(period);
            return Ok(());
        };
        let mut measured = Vec::new();
        let all = (AS_IT_IS + 1)..self.standings.len();
        for candidate in all.filter(|c| self.standings[*c].is_in()) {
            measured.push((candidate, field.measure(candidate, period).await?));
        }
        for (candidate, value) in measured {
            let standing = &mut self.standings[candidate];
            match value {
                Some(value) => {
                    standing.gains.insert(period, value - as_it_is);
                }
                None => standing.not_measured_on = Some(period),
            }
        }
        self.standings[AS_IT_IS].gains.insert(period, 0.0);
        field.compared();
        Ok(())
    }

    /// Those drawn that are in and were compared, the best first; of equals the one drawn first.
    fn ranked(&self) -> Vec<usize> {
        let all = (AS_IT_IS + 1)..self.standings.len();
        let mut ranked: Vec<(usize, f64)> = all
            .filter(|c| self.standings[*c].is_in())
            .filter_map(|c| Some((c, self.standings[c].gain()?)))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.into_iter().map(|(candidate, _)| candidate).collect()
    }

    /// Lets all but the best leave. Where nothing could be compared yet, nobody does.
    fn halve(&mut self, rung: usize, stay: usize) {
        for candidate in self.ranked().into_iter().skip(stay) {
            self.standings[candidate].left_after = Some(rung);
        }
    }

    /// Whether a candidate is better than the file as it is.
    fn gains(&self, candidate: usize) -> bool {
        self.standings[candidate]
            .gain()
            .is_some_and(|gain| gain > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{rungs, split};
    use super::*;
    use futures::executor::block_on;
    use proptest::prelude::*;

    /// Values by candidate and period, and what was asked for.
    struct Table {
        values: Vec<Vec<Option<f64>>>,
        asked: Vec<(usize, usize)>,
        asks_at_most: usize,
    }

    impl Field for Table {
        type Error = std::convert::Infallible;

        async fn measure(
            &mut self,
            candidate: usize,
            period: usize,
        ) -> Result<Option<f64>, Halt<Self::Error>> {
            if self.asked.len() == self.asks_at_most {
                return Err(Halt::Over);
            }
            self.asked.push((candidate, period));
            Ok(self.values[candidate][period])
        }

        fn compared(&mut self) {}

        fn begins(&mut self, _: usize, _: &Rung) {}
    }

    fn raced(values: &[Vec<Option<f64>>], asks_at_most: usize) -> (Race, Vec<(usize, usize)>) {
        let periods = values[0].len();
        let split = split(periods);
        let rungs = rungs(values.len() - 1, split.choose_on.len());
        let mut field = Table {
            values: values.to_vec(),
            asked: Vec::new(),
            asks_at_most,
        };
        let race = choose(&mut field, values.len(), split.choose_on, &rungs);
        let race = block_on(race).unwrap_or_else(|never| match never {});
        (race, field.asked)
    }

    /// Values of up to 12 candidates, the file as it is among them, on 2 to 16 periods.
    fn tables() -> impl Strategy<Value = Vec<Vec<Option<f64>>>> {
        (2usize..16, 2usize..12).prop_flat_map(|(periods, candidates)| {
            let value = prop_oneof![8 => (-1.0..1.0f64).prop_map(Some), 1 => Just(None)];
            let row = proptest::collection::vec(value, periods);
            proptest::collection::vec(row, candidates)
        })
    }

    proptest! {
        #[test]
        fn the_file_as_it_is_stays_in_and_what_is_compared_on_chooses_nothing(
            values in tables(),
            other in -5.0..5.0f64,
            asks_at_most in 0usize..60,
        ) {
            let (race, asked) = raced(&values, asks_at_most);
            let split = split(values[0].len());
            prop_assert!(race.standings[AS_IT_IS].is_in());
            // On every period that anybody was measured on, the file as it is was, before all others.
            for period in split.choose_on.clone() {
                let mut of = asked.iter().filter(|(_, on)| *on == period);
                if let Some((first, _)) = of.next() {
                    prop_assert_eq!(*first, AS_IT_IS);
                }
            }
            prop_assert!(asked.iter().all(|(_, period)| split.choose_on.contains(period)));
            let mut elsewhere = values.clone();
            for (number, row) in elsewhere.iter_mut().enumerate() {
                for period in split.compare_on.clone() {
                    row[period] = Some(other * number as f64);
                }
            }
            prop_assert_eq!(raced(&elsewhere, asks_at_most), (race, asked));
        }

        #[test]
        fn whoever_is_best_on_every_period_is_found(
            mut values in tables(),
            best in 1usize..12,
        ) {
            let best = 1 + (best - 1) % (values.len() - 1);
            let periods = values[0].len();
            for value in values[AS_IT_IS].iter_mut() {
                *value = value.or(Some(0.0));
            }
            values[best] = vec![Some(2.0); periods];
            let (race, asked) = raced(&values, usize::MAX);
            prop_assert_eq!(race.best, Some(best));
            let split = split(periods);
            let rungs = rungs(values.len() - 1, split.choose_on.len());
            let most = super::super::plan::fits_at_most(&rungs, 0);
            prop_assert!(asked.len() <= most, "{} of {most}", asked.len());
        }
    }

    #[test]
    fn a_period_that_was_not_measured_to_its_end_counts_for_nobody() {
        let row = |value| vec![Some(value); 8];
        let values = [row(0.0), row(0.1), row(0.3), row(0.2)];
        // Four on the first period, then two of three on the second.
        let (race, _) = raced(&values, 6);
        assert!(race.is_cut_short);
        assert_eq!(race.best, Some(2));
        assert!(race.standings.iter().all(|of| of.gains.len() == 1));
        let (race, _) = raced(&values, 3);
        assert_eq!(race.best, None);
        assert!(race.standings.iter().all(|of| of.gains.is_empty()));
    }

    #[test]
    fn where_nobody_is_better_the_file_stays_as_it_is() {
        let row = |value| vec![Some(value); 8];
        let (race, _) = raced(&[row(0.5), row(0.1), row(0.5)], usize::MAX);
        assert_eq!(race.best, None);
    }
}
