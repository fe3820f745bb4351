//! One service for the shop, and units moved between sites.

use decisions::stock::transfer::{Move, TransferError, TransferSite, Transfers, transfer};
use decisions::stock::{Demand, MixError, MixLine, service_mix};
use proptest::prelude::*;

fn product(mean: f64, spread: f64, left_cents: f64) -> MixLine<'static> {
    MixLine {
        demand: Demand::negative_binomial(mean, mean * spread).unwrap(),
        weight: 1.0,
        left_cents,
        position_units: 0,
        pack_units: 1,
    }
}

fn shop() -> Vec<MixLine<'static>> {
    (0..200)
        .map(|n| {
            let n = f64::from(n);
            product(
                1.0 + (n * 7.0) % 40.0,
                1.0 + (n * 3.0) % 5.0,
                2.0 + (n * 11.0) % 60.0,
            )
        })
        .collect()
}

fn service(lines: &[MixLine<'_>], level: impl Fn(usize) -> f64) -> (f64, f64) {
    let (mut asked, mut missing, mut left) = (0.0, 0.0, 0.0);
    for (at, line) in lines.iter().enumerate() {
        asked += line.weight * line.demand.mean();
        missing += line.weight * line.demand.shortage(level(at));
        left += line.left_cents * line.demand.left_over(level(at));
    }
    (1.0 - missing / asked, left)
}

#[test]
fn one_target_for_the_shop_takes_less_stock_than_the_same_for_every_product() {
    let lines = shop();
    let target = 0.97;
    let mix = service_mix(&lines, target).unwrap();
    let (reached, left) = service(&lines, |at| mix.levels[at] as f64);
    assert!(reached >= target && (reached - mix.service).abs() < 1e-12);
    assert!((left / mix.left_cents - 1.0).abs() < 1e-9);
    // Each product alone at 97 % of what is asked of it.
    let alone: Vec<f64> = lines
        .iter()
        .map(|line| service_mix(&[*line], target).unwrap().levels[0] as f64)
        .collect();
    let (equal, equal_left) = service(&lines, |at| alone[at]);
    assert!(equal >= target);
    assert!(left < 0.9 * equal_left, "{left} {equal_left}");
    // Nor does the same cycle service for all that reaches as much.
    let cycle = (1..999)
        .map(|per_mille| f64::from(per_mille) / 1000.0)
        .map(|level| service(&lines, |at| lines[at].demand.quantile(level)))
        .find(|(reached, _)| *reached >= target)
        .unwrap();
    assert!(left < cycle.1, "{left} {cycle:?}");
}

#[test]
fn the_price_of_the_service_is_the_newsvendors() {
    let lines = shop();
    let mix = service_mix(&lines, 0.95).unwrap();
    for (line, level) in lines.iter().zip(&mix.levels) {
        let ratio = mix.missing_cents / (mix.missing_cents + line.left_cents);
        // At the price itself one more or less is worth the same.
        let wanted = line.demand.quantile(ratio);
        assert!((*level as f64 - wanted).abs() <= 1.0, "{level} {wanted}");
    }
    let one = service_mix(&lines, 0.5).unwrap();
    assert!(one.left_cents < mix.left_cents && one.missing_cents < mix.missing_cents);
    assert_eq!(
        service_mix(&lines, 1.0),
        Err(MixError::Target { found: 1.0 })
    );
    assert_eq!(service_mix(&[], 0.5), Err(MixError::NoDemand { lines: 0 }));
    let free = MixLine {
        left_cents: 0.0,
        ..lines[3]
    };
    assert!(matches!(
        service_mix(&[lines[0], free], 0.5),
        Err(MixError::Amount { line: 1, .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_cheaper_packs_serve_as_much(
        of in proptest::collection::vec((0.3..6.0_f64, 1.0..3.0_f64, 1.0..50.0_f64, 0..3_u32, 1..4_u32), 1..4),
        target in 0.3..0.98_f64,
    ) {
        let lines: Vec<MixLine<'_>> = of
            .iter()
            .map(|(mean, spread, left, position, pack)| MixLine {
                position_units: *position,
                pack_units: *pack,
                ..product(*mean, *spread, *left)
            })
            .collect();
        let mix = service_mix(&lines, target).unwrap();
        let (reached, left) = service(&lines, |at| mix.levels[at] as f64);
        prop_assert!(reached >= target - 1e-12);
        let most = 14_u32;
        for code in 0..most.pow(lines.len() as u32) {
            let level = |at: usize| {
                let packs = code / most.pow(at as u32) % most;
                f64::from(lines[at].position_units + packs * lines[at].pack_units)
            };
            let (other, other_left) = service(&lines, level);
            // As much as was reached: what lies between that and the target may need a smaller pack.
            prop_assert!(other < reached - 1e-9 || other_left >= left - 1e-6, "{other} {reached} {other_left} {left}");
        }
    }
}

pub(crate) fn site(mean: f64, units: u32) -> TransferSite<'static> {
    TransferSite {
        demand: Demand::poisson(mean).unwrap(),
        units,
        kept_units: 0,
        capacity_units: None,
        missing_cents: 1000.0,
        left_cents: 1.0,
        perishing: None,
    }
}

fn cost(sites: &[TransferSite<'_>], units: &[i64]) -> f64 {
    let each = sites.iter().zip(units);
    each.map(|(site, units)| {
        let at = *units as f64;
        site.missing_cents * site.demand.shortage(at) + site.left_cents * site.demand.left_over(at)
    })
    .sum()
}

/// The most that moves between three sites can save, by trying all.
fn best(sites: &[TransferSite<'_>], transport: &[Option<f64>], lot: i64, most: i64) -> f64 {
    let before: Vec<i64> = sites.iter().map(|site| i64::from(site.units)).collect();
    let ways = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)];
    let mut best = 0.0_f64;
    for code in 0..(most + 1).pow(6) {
        let mut after = before.clone();
        let (mut paid, mut rest, mut possible) = (0.0, code, true);
        for (from, to) in ways {
            let moved = rest % (most + 1) * lot;
            rest /= most + 1;
            after[from] -= moved;
            after[to] += moved;
            match transport[from * 3 + to] {
                Some(price) => paid += price * moved as f64,
                None => possible &= moved == 0,
            }
        }
        let held = sites
            .iter()
            .zip(&before)
            .zip(&after)
            .all(|((site, before), after)| {
                let low = i64::from(site.kept_units).min(*before);
                let high = site
                    .capacity_units
                    .map_or(i64::MAX, |most| i64::from(most).max(*before));
                (low..=high).contains(after)
            });
        if possible && held {
            best = best.max(cost(sites, &before) - cost(sites, &after) - paid);
        }
    }
    best
}

fn check(sites: &[TransferSite<'_>], transport: &[Option<f64>], lot: u32, found: &Transfers) {
    let n = sites.len();
    let mut units: Vec<i64> = sites.iter().map(|site| i64::from(site.units)).collect();
    let (before, mut paid) = (cost(sites, &units), 0.0);
    for Move {
        from,
        to,
        units: moved,
    } in &found.moves
    {
        assert!(*moved > 0 && moved % u64::from(lot) == 0 && from != to);
        units[*from] -= *moved as i64;
        units[*to] += *moved as i64;
        paid += transport[from * n + to].unwrap() * *moved as f64;
    }
    for (site, (after, said)) in sites.iter().zip(units.iter().zip(&found.units)) {
        assert_eq!(*after, *said as i64);
        assert!(*after >= i64::from(site.kept_units.min(site.units)));
        assert!(
            site.capacity_units
                .is_none_or(|most| *after <= i64::from(most.max(site.units)))
        );
    }
    assert!((found.transport_cents - paid).abs() < 1e-9);
    let saved = before - cost(sites, &units) - paid;
    assert!((found.saved_cents - saved).abs() < 1e-6 && saved >= -1e-6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn moves_are_the_best_of_all(
        of in proptest::collection::vec((0.2..5.0_f64, 0..7_u32, 0..2_u32, proptest::option::of(2..9_u32), 100.0..2000.0_f64), 3),
        prices in proptest::collection::vec(proptest::option::weighted(0.85, 0.0..400.0_f64), 9),
        lot in 1..3_u32,
    ) {
        let sites: Vec<TransferSite<'_>> = of
            .iter()
            .map(|(mean, units, kept, capacity, missing)| TransferSite {
                kept_units: *kept,
                capacity_units: *capacity,
                missing_cents: *missing,
                ..site(*mean, *units)
            })
            .collect();
        let found = transfer(&sites, &prices, lot).unwrap();
        check(&sites, &prices, lot, &found);
        // Seven units at most are there, and 6 of them, or 3 lots of 2, can be moved one way.
        let most = if lot == 1 { 6 } else { 3 };
        let best = best(&sites, &prices, i64::from(lot), most);
        prop_assert!(found.saved_cents >= best - 1e-6, "{} {best} {found:?}", found.saved_cents);
    }

    #[test]
    fn between_many_sites_no_single_move_helps_any_more(
        of in proptest::collection::vec((0.2..30.0_f64, 0..60_u32), 2..12),
        seed in proptest::collection::vec(0.0..300.0_f64, 144),
    ) {
        let sites: Vec<TransferSite<'_>> = of.iter().map(|(mean, units)| site(*mean, *units)).collect();
        let n = sites.len();
        let prices: Vec<Option<f64>> = seed[..n * n].iter().map(|price| Some(*price)).collect();
        let found = transfer(&sites, &prices, 1).unwrap();
        check(&sites, &prices, 1, &found);
        let after: Vec<i64> = found.units.iter().map(|units| *units as i64).collect();
        for from in (0..n).filter(|from| after[*from] > 0) {
            for to in (0..n).filter(|to| *to != from) {
                let mut moved = after.clone();
                moved[from] -= 1;
                moved[to] += 1;
                let saved = cost(&sites, &after) - cost(&sites, &moved) - seed[from * n + to];
                prop_assert!(saved < 1e-6, "{from} {to} {saved}");
            }
        }
    }
}

#[test]
fn a_site_that_has_too_much_helps_one_that_has_nothing() {
    let sites = [site(2.0, 20), site(5.0, 0), site(5.0, 9)];
    let prices = [
        None,
        Some(50.0),
        Some(50.0),
        Some(50.0),
        None,
        Some(50.0),
        Some(50.0),
        Some(50.0),
        None,
    ];
    let found = transfer(&sites, &prices, 1).unwrap();
    check(&sites, &prices, 1, &found);
    assert_eq!(found.moves.len(), 1);
    assert_eq!((found.moves[0].from, found.moves[0].to), (0, 1));
    assert!(found.missing_after < 0.1 * found.missing_before);
    // Where transport costs more than a missing unit nothing moves.
    let dear = prices.map(|price| price.map(|_| 1001.0));
    assert!(transfer(&sites, &dear, 1).unwrap().moves.is_empty());
    // Goods go by way of another site where only that is possible.
    let by_way = [
        None,
        None,
        Some(10.0),
        None,
        None,
        None,
        None,
        Some(10.0),
        None,
    ];
    let found = transfer(&sites, &by_way, 1).unwrap();
    check(&sites, &by_way, 1, &found);
    assert_eq!(found.moves.len(), 2);
    assert!(found.units[1] > 0);
}

#[test]
fn moves_that_make_no_sense_are_refused_by_name() {
    let sites = [site(2.0, 5), site(5.0, 0)];
    let free = [Some(0.0); 4];
    assert!(matches!(
        transfer(&sites, &free[..3], 1),
        Err(TransferError::Costs {
            found: 3,
            allowed: 4,
            ..
        })
    ));
    assert_eq!(transfer(&sites, &free, 0), Err(TransferError::EmptyLot));
    let negative = [Some(0.0), Some(-1.0), Some(0.0), None];
    assert!(matches!(
        transfer(&sites, &negative, 1),
        Err(TransferError::Transport { from: 0, to: 1, .. })
    ));
    let wrong = TransferSite {
        missing_cents: f64::NAN,
        ..sites[0]
    };
    assert!(matches!(
        transfer(&[sites[0], wrong], &free, 1),
        Err(TransferError::Amount { site: 1, .. })
    ));
    assert_eq!(transfer(&[], &[], 1).unwrap().moves, []);
}
