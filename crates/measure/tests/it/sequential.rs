//! Reading at any time, betting, many metrics, and the sizes of arms.

use measure::effects::{Effect, Moments, UNITS_MIN};
use measure::sequential::{
    AlwaysValid, BetError, ConfidenceSequence, DiscoveryError, EqualRates, SampleRatio,
    SampleRatioError, SequentialError, TUNED_UNITS, Tally, discoveries, sample_ratio,
};
use rand::RngExt;
use schema::WhyNot;

use crate::simulated::{close, draws, exponential, normal};

#[test]
fn the_width_of_a_sequence_is_that_of_the_paper() {
    // Worked out in Python from eq. 9 and 161 of arXiv 2103.06476v7, in standard errors after 1,000 units.
    let sequence = ConfidenceSequence::tuned_to(TUNED_UNITS, 0.05).unwrap();
    close(sequence.half_width(1.0, 1_000.0), 3.3638877257827806, 1e-12);
    close(
        sequence.half_width(0.2, 1_000.0),
        0.2 * 3.3638877257827806,
        1e-12,
    );
    // The interval leaves out 0 exactly where the e-value is above 1 / alpha.
    for units in [25.0, 1e3, 1e7] {
        let edge = sequence.half_width(1.0, units);
        close(sequence.ln_e_value(edge, 1.0, units), 20f64.ln(), 1e-12);
    }
    // The width in units of a mean is smallest near the number it is tuned to: nothing else is narrower by 2 %.
    let widths = |tuned: f64| {
        let sequence = ConfidenceSequence::tuned_to(tuned, 0.05).unwrap();
        sequence.half_width(1.0, 5_000.0)
    };
    for tuned in [500.0, 2_500.0, 10_000.0, 50_000.0] {
        assert!(widths(TUNED_UNITS) < widths(tuned) * 1.02, "{tuned}");
    }
    assert_eq!(
        ConfidenceSequence::tuned_to(0.0, 0.05),
        Err(SequentialError::Tuning {
            units: 0.0,
            alpha: 0.05
        })
    );
    assert!(ConfidenceSequence::tuned_to(5_000.0, 1.0).is_err());
    let unknown = sequence.read(&Effect::NotMeasurable(WhyNot::NoVariation {
        what: "spend".into(),
    }));
    assert!(matches!(
        unknown,
        AlwaysValid::NotMeasurable(WhyNot::NoVariation { .. })
    ));
}

/// What a unit's outcome is drawn from.
#[derive(Clone, Copy)]
enum Drawn {
    Normal,
    Exponential,
    OneInTen,
}

/// Of `paths` experiments without an effect, how many a sequence ever calls real when it is read after every unit.
fn ever_false(paths: u64, units: u32, drawn: Drawn) -> u32 {
    let sequence = ConfidenceSequence::tuned_to(500.0, 0.05).unwrap();
    let mut wrong = 0;
    for path in 0..paths {
        let mut random = draws(33, path);
        let mut arms = [Moments::new(1), Moments::new(1)];
        for _ in 0..units {
            let arm = usize::from(random.random::<bool>());
            let outcome = match drawn {
                Drawn::Normal => normal(&mut random),
                Drawn::Exponential => exponential(&mut random),
                Drawn::OneInTen => f64::from(u8::from(random.random::<f64>() < 0.1)),
            };
            arms[arm].push(&[outcome]).unwrap();
            let counts = [arms[0].count(), arms[1].count()].map(|count| count as f64);
            if counts[0].min(counts[1]) < UNITS_MIN as f64 {
                continue;
            }
            // What `difference` and `read` say, without the p-value that takes most of their time.
            let [one, other] = [0, 1].map(|arm| arms[arm].covariance(0, 0).unwrap() / counts[arm]);
            let gap = arms[1].mean(0).unwrap() - arms[0].mean(0).unwrap();
            let half = sequence.half_width((one + other).sqrt(), counts[0] + counts[1]);
            if one > 0.0 && other > 0.0 && gap.abs() > half {
                wrong += 1;
                break;
            }
        }
    }
    wrong
}

#[test]
fn experiments_without_an_effect_are_rarely_ever_called_real_however_often_they_are_read() {
    // 5 % of 400 is 20, with a standard deviation of 4.4. Reading each time by its own p-value calls 150 and more.
    for (drawn, what) in [
        (Drawn::Normal, "normal"),
        (Drawn::Exponential, "skewed"),
        (Drawn::OneInTen, "one in ten"),
    ] {
        let wrong = ever_false(400, 600, drawn);
        assert!(wrong <= 33, "{what}: {wrong} of 400");
    }
    // Fewer than 100 units, where the asymptotics are furthest away.
    let wrong = ever_false(1_000, 99, Drawn::Exponential);
    assert!(wrong <= 78, "fewer than 100 units: {wrong} of 1000");
}

/// Expected money over all ways that blocks of these sizes can turn out when everybody converts at `rate`.
fn expected_money(blocks: &[(u64, u64)], rate: f64, money: &EqualRates, probability: f64) -> f64 {
    let Some(((control, treated), rest)) = blocks.split_first() else {
        return probability * money.ln_e_value().exp();
    };
    let ways = |n: u64, k: u64| (0..k).fold(1.0, |ways, i| ways * (n - i) as f64 / (i + 1) as f64);
    let mut expected = 0.0;
    for one in 0..=*control {
        for other in 0..=*treated {
            let successes = (one + other) as i32;
            let failures = (control + treated) as i32 - successes;
            let chance = ways(*control, one)
                * ways(*treated, other)
                * rate.powi(successes)
                * (1.0 - rate).powi(failures);
            let mut next = *money;
            let tally = |units, successes| Tally { units, successes };
            next.look(tally(*control, one), tally(*treated, other))
                .unwrap();
            expected += expected_money(rest, rate, &next, probability * chance);
        }
    }
    expected
}

#[test]
fn betting_against_equal_rates_makes_no_money_whatever_the_rate() {
    // All outcomes of three unequal blocks, exactly: no simulation, no asymptotics.
    for rate in [0.001, 0.03, 0.2, 0.5, 0.77, 0.999] {
        let blocks = [(2, 3), (4, 1), (3, 3)];
        let expected = expected_money(&blocks, rate, &EqualRates::new(), 1.0);
        assert!(expected <= 1.0 + 1e-12, "{expected} at {rate}");
        assert!(expected > 0.2, "nothing is burnt: {expected} at {rate}");
    }
}

#[test]
fn betting_finds_a_real_difference_and_keeps_its_best_evidence() {
    let mut random = draws(4, 0);
    let mut bets = EqualRates::new();
    let mut best = f64::NEG_INFINITY;
    for _ in 0..60 {
        let mut day = |rate: f64| Tally {
            units: 100,
            successes: (0..100).filter(|_| random.random::<f64>() < rate).count() as u64,
        };
        bets.look(day(0.05), day(0.09)).unwrap();
        best = f64::max(best, bets.ln_e_value());
    }
    assert!(bets.ln_e_value() > 20f64.ln(), "{}", bets.ln_e_value());
    close(bets.p_value(), (-best).exp(), 1e-12);
    assert_eq!((bets.seen().0.units, bets.seen().1.units), (6_000, 6_000));
    // One block shows nothing: there was nothing to bet on before it.
    let mut at_once = EqualRates::new();
    let (control, treated) = bets.seen();
    at_once.look(control, treated).unwrap();
    assert_eq!((at_once.ln_e_value(), at_once.p_value()), (0.0, 1.0));
    let before = at_once;
    let impossible = at_once.look(
        Tally::default(),
        Tally {
            units: 3,
            successes: 4,
        },
    );
    assert_eq!(
        impossible,
        Err(BetError::TooManySuccesses {
            successes: 4,
            units: 3
        })
    );
    assert_eq!(at_once, before, "nothing was half taken in");
    at_once.look(Tally::default(), Tally::default()).unwrap();
    assert_eq!(at_once, before);
}

#[test]
fn discoveries_are_those_of_e_bh() {
    let ln = |e: f64| e.ln();
    // Five hypotheses at 0.1: bars of 50, 25, 16.7, 12.5 and 10 for the best one, two, three, four, five.
    let found = discoveries(&[3.0, 60.0, 17.0, 18.0, 0.5].map(ln), 0.1).unwrap();
    assert_eq!(found, [false, true, true, true, false]);
    // The third misses its bar, and so does the second: only the first stands.
    let found = discoveries(&[3.0, 60.0, 16.0, 18.0, 0.5].map(ln), 0.1).unwrap();
    assert_eq!(found, [false, true, false, false, false]);
    let found = discoveries(&[49.0, 1.0, 1.0, 1.0, f64::NEG_INFINITY], 0.1).unwrap();
    assert_eq!(
        found,
        [true, false, false, false, false],
        "logarithms, not e-values"
    );
    assert_eq!(discoveries(&[], 0.1), Ok(Vec::new()));
    assert!(matches!(
        discoveries(&[1.0, f64::NAN], 0.1),
        Err(DiscoveryError::NotANumber { index: 1, .. })
    ));
    assert_eq!(
        discoveries(&[1.0], 0.0).unwrap_err().to_string(),
        "judge e-values at a false discovery rate of 0: allowed is above 0 and below 1"
    );
}

#[test]
fn few_discoveries_are_wrong_among_metrics_that_hang_together() {
    let sequence = ConfidenceSequence::tuned_to(1_000.0, 0.1).unwrap();
    let (mut wrong_share, mut found, rounds) = (0.0, 0, 500);
    for round in 0..rounds {
        let mut random = draws(61, round);
        let shared = normal(&mut random);
        // Twenty metrics of 1,000 units, all moved by one shock; five have an effect of five standard errors.
        let evidence: Vec<f64> = (0..20)
            .map(|metric| {
                let lift = if metric < 5 { 5.0 } else { 0.0 };
                let z = lift + 0.8 * shared + 0.6 * normal(&mut random);
                sequence.ln_e_value(z, 1.0, 1_000.0)
            })
            .collect();
        let real = discoveries(&evidence, 0.1).unwrap();
        let all = real.iter().filter(|real| **real).count();
        let wrong = real[5..].iter().filter(|real| **real).count();
        found += all - wrong;
        wrong_share += wrong as f64 / all.max(1) as f64;
    }
    assert!(wrong_share / (rounds as f64) <= 0.1, "{wrong_share}");
    assert!(found > 5 * rounds as usize / 2, "{found} of {}", 5 * rounds);
}

#[test]
fn a_broken_sample_ratio_is_flagged_with_its_arm_and_a_fair_one_is_not() {
    // gbstats 0.8.0 check_srm([1000, 1100, 980], [1, 1, 1]) and ([310, 90], [.75, .25]).
    for (counts, weights, expected) in [
        (
            &[1_000, 1_100, 980][..],
            &[1.0, 1.0, 1.0][..],
            0.01784603318520593,
        ),
        (&[310, 90], &[0.75, 0.25], 0.24821307898989026),
    ] {
        let SampleRatio::Holds { p_value } = sample_ratio(counts, weights).unwrap() else {
            panic!("{counts:?}")
        };
        close(p_value, expected, 1e-10);
    }
    let SampleRatio::Broken {
        p_value,
        arm,
        found,
        expected,
    } = sample_ratio(&[10_000, 10_000, 9_000], &[2.0, 2.0, 2.0]).unwrap()
    else {
        panic!("a tenth of an arm is missing")
    };
    assert!(p_value < 1e-12, "{p_value}");
    assert_eq!((arm, found), (2, 9_000));
    close(expected, 29_000.0 / 3.0, 1e-12);
    let few = sample_ratio(&[3, 20], &[0.1, 0.9]).unwrap();
    assert_eq!(
        few,
        SampleRatio::NotMeasurable(WhyNot::TooFew {
            what: "units in all arms together".into(),
            found: 23,
            needed: 50
        })
    );
    assert_eq!(
        sample_ratio(&[3, 20], &[0.5, 0.0]).unwrap_err().to_string(),
        "compare the size of arm 1 with its weight 0: a weight must be above 0 and finite"
    );
    assert_eq!(
        sample_ratio(&[3], &[1.0]),
        Err(SampleRatioError::Arms {
            counts: 1,
            weights: 1
        })
    );
    assert!(sample_ratio(&[3, 4], &[1.0]).is_err());
}
