//! Rules that are measured: to whom one is not applied, how probable that was, and what is told of it.

use crate::answer::Reason;
use crate::reasons::reason;
use decisions::rules::Covering;
use measure::design::unit_draw;

/// The measured rules that cover a question, each drawn for the customer: other ones hold out other customers, and a rule
/// always the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleDraws(Vec<(Covering, bool)>);

impl RuleDraws {
    /// - `customer`: empty for nobody, of whom nothing is held out and nothing can be read later.
    pub(crate) fn of(covering: Vec<Covering>, customer: &str) -> Self {
        if customer.is_empty() {
            return Self::default();
        }
        let drawn = covering.into_iter().map(|of| {
            let is_held_out = unit_draw(&format!("rule {}", of.rule), customer) < of.share;
            (of, is_held_out)
        });
        Self(drawn.collect())
    }

    /// The numbers of the rules that are not applied.
    pub(crate) fn without(&self) -> Vec<usize> {
        let held_out = self.0.iter().filter(|(_, is_held_out)| *is_held_out);
        held_out.map(|(of, _)| of.number).collect()
    }

    /// Every way in which the draws might have fallen, with the numbers of the rules that are not applied then, and its
    /// probability; the way in which they fell is the first.
    pub(crate) fn ways(&self) -> Vec<(Vec<usize>, f64)> {
        let mut ways = vec![(Vec::new(), 1.0)];
        for (of, is_held_out) in &self.0 {
            let as_drawn = [*is_held_out, !*is_held_out];
            let both = as_drawn.map(|held_out| {
                ways.iter()
                    .map(move |(without, share): &(Vec<usize>, f64)| {
                        let mut without = without.clone();
                        if held_out {
                            without.push(of.number);
                        }
                        let own = if held_out { of.share } else { 1.0 - of.share };
                        (without, share * own)
                    })
            });
            ways = both.into_iter().flatten().collect();
        }
        ways
    }

    /// What an answer tells of each.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = Reason> + '_ {
        self.0.iter().map(|(of, is_held_out)| {
            let values = [
                ("rule", of.rule.as_ref().into()),
                ("share", of.share.into()),
            ];
            if *is_held_out {
                reason(
                    "rule_held_out",
                    "rule \"{rule}\" is measured and not applied here: a share of {share} of the customers is held out of it",
                    values,
                )
            } else {
                reason(
                    "rule_measured",
                    "rule \"{rule}\" is measured: a share of {share} of the customers is held out of it, and this one is not",
                    values,
                )
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covering(number: usize, rule: &str, share: f64) -> Covering {
        Covering {
            number,
            rule: rule.into(),
            share,
        }
    }

    #[test]
    fn each_rule_holds_out_its_own_share_always_the_same_customers() {
        let of = |share| {
            let customers = (0..10_000).map(|n| format!("c{n}"));
            let held_out = customers.map(move |customer| {
                let both = vec![covering(0, "no wine", share), covering(4, "tea first", 0.2)];
                RuleDraws::of(both, &customer).without()
            });
            held_out.collect::<Vec<_>>()
        };
        let drawn = of(0.1);
        let of_first = drawn.iter().filter(|out| out.contains(&0)).count();
        let of_both = drawn.iter().filter(|out| out.len() == 2).count();
        // A tenth with a standard deviation of 30; a fifth of them with one of 14.
        assert!((900..1_100).contains(&of_first), "{of_first}");
        assert!((150..250).contains(&of_both), "{of_both}");
        let more = of(0.3);
        let stays =
            |(one, other): (&Vec<usize>, &Vec<usize>)| !one.contains(&0) || other.contains(&0);
        assert!(drawn.iter().zip(&more).all(stays));
        assert!(
            RuleDraws::of(vec![covering(0, "no wine", 0.5)], "")
                .without()
                .is_empty()
        );
    }

    #[test]
    fn the_ways_in_which_draws_fall_are_all_there_are() {
        let both = vec![covering(1, "no wine", 0.1), covering(4, "tea first", 0.2)];
        let draws = RuleDraws::of(both, "c1");
        let ways = draws.ways();
        assert_eq!(ways[0].0, draws.without());
        let mut found: Vec<_> = ways
            .iter()
            .map(|(without, share)| (without.clone(), (share * 1e6).round()))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            (vec![], 720_000.0),
            (vec![1], 80_000.0),
            (vec![1, 4], 20_000.0),
            (vec![4], 180_000.0),
        ];
        assert_eq!(found, expected);
        assert_eq!(RuleDraws::default().ways(), [(vec![], 1.0)]);
    }

    #[test]
    fn what_is_told_is_what_a_history_reads() {
        let of = |is_held_out| RuleDraws(vec![(covering(0, "no wine", 0.1), is_held_out)]);
        let code = |draws: RuleDraws| draws.reasons().next().unwrap().code;
        assert_eq!(code(of(true)), features::RULE_HELD_OUT);
        assert_eq!(code(of(false)), features::RULE_MEASURED);
    }
}
