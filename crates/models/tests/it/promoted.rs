//! What promotions bring and take, on shops in which it is planted.

use jiff::civil::date;
use math::random::stream;
use models::demand::{Change, Effect, Known, Panel, Plan, Promoted, Role, Step, promoted};
use rand::RngExt;

const DAYS: usize = 420;
const AHEAD: usize = 14;
const CATEGORIES: usize = 6;
const PER_CATEGORY: usize = 8;
const SITES: usize = 3;
const SERIES: usize = CATEGORIES * PER_CATEGORY * SITES;

/// What is planted: effect of the own depth, and of that of the others.
#[derive(Debug, Clone, Copy)]
struct Planted {
    own: f64,
    others: f64,
}

struct Shop {
    panel: Panel,
    own: Known,
    others: Known,
    categories: Vec<Option<u32>>,
    sites: Vec<u32>,
    /// By category, what promotions brought and took as shares of what promoted series would have sold.
    truth: Vec<[f64; 2]>,
}

fn known(role: Role, values: Vec<f32>) -> Known {
    Known {
        role,
        name: "depth".to_owned(),
        row_of: (0..SERIES as u32).collect(),
        values,
    }
}

/// About normal, with mean 0 and standard deviation 1.
fn normal(random: &mut impl RngExt) -> f64 {
    (0..12).map(|_| random.random_range(-0.5..0.5)).sum()
}

fn usual(series: usize) -> f64 {
    6.0 + (series * 7 % 11) as f64
}

fn shop(seed: u64, planted: impl Fn(u32) -> Planted) -> Shop {
    let of = |series: usize| {
        (
            series / SITES / PER_CATEGORY,
            series / SITES % PER_CATEGORY,
            series % SITES,
        )
    };
    let all = DAYS + AHEAD;
    let mut random = stream(seed, 3);
    let mut own = vec![0.0f32; SERIES * all];
    // In each category every few weeks two or three products, everywhere, for ten days.
    for category in 0..CATEGORIES {
        let mut day = random.random_range(0..20);
        while day + 10 < all {
            let depth = [0.15f32, 0.25, 0.4][random.random_range(0..3)];
            for _ in 0..random.random_range(2..4) {
                let product = random.random_range(0..PER_CATEGORY);
                for site in 0..SITES {
                    let series = (category * PER_CATEGORY + product) * SITES + site;
                    own[series * all + day..][..10].fill(depth);
                }
            }
            day += random.random_range(8..30);
        }
    }
    let mut others = vec![0.0f32; SERIES * all];
    for series in 0..SERIES {
        let (category, product, site) = of(series);
        for day in 0..all {
            let (mut sum, mut weights) = (0.0, 0.0);
            for other in (0..PER_CATEGORY).filter(|other| *other != product) {
                let other = (category * PER_CATEGORY + other) * SITES + site;
                sum += usual(other) * f64::from(own[other * all + day]);
                weights += usual(other);
            }
            others[series * all + day] = (sum / weights) as f32;
        }
    }
    let mut values = vec![0.0f32; SERIES * DAYS];
    let mut truth = vec![[0.0; 2]; CATEGORIES];
    let mut promoted = vec![0.0; CATEGORIES];
    // Whole sites have better and worse days, which promotions have nothing to do with.
    let days: Vec<f64> = (0..SITES * all)
        .map(|_| 1.0 + 0.1 * normal(&mut random))
        .collect();
    for series in 0..SERIES {
        let (category, _, site) = of(series);
        let effect = planted(category as u32);
        for day in 0..DAYS {
            let (p, q) = (own[series * all + day], others[series * all + day]);
            let week = if day % 7 == 5 { 1.6 } else { 0.9 };
            let base = usual(series) * week * days[site * all + day];
            let mean =
                base * (1.0 + effect.own * f64::from(p) + effect.others * f64::from(q)).max(0.0);
            values[series * DAYS + day] =
                (mean + mean.sqrt() * normal(&mut random)).round().max(0.0) as f32;
            truth[category][0] += base * effect.own * f64::from(p);
            truth[category][1] += base * effect.others * f64::from(q);
            promoted[category] += if p > 0.0 { base } else { 0.0 };
        }
    }
    for (truth, promoted) in truth.iter_mut().zip(&promoted) {
        *truth = truth.map(|one| one / promoted);
    }
    let groups = (0..SERIES)
        .map(|s| [of(s).0 as u32, of(s).2 as u32])
        .collect();
    Shop {
        panel: Panel::new(
            Step::Day,
            date(2024, 1, 1),
            (DAYS, AHEAD),
            values,
            groups,
            Vec::new(),
        )
        .unwrap(),
        own: known(Role::Promotion, own),
        others: known(Role::Others, others),
        categories: (0..SERIES).map(|s| Some(of(s).0 as u32)).collect(),
        sites: (0..SERIES).map(|s| of(s).2 as u32).collect(),
        truth,
    }
}

fn found(shop: &Shop) -> Vec<Promoted> {
    let plan = Plan {
        categories: &shop.categories,
        sites: &shop.sites,
        own: &shop.own,
        others: &shop.others,
    };
    promoted(&shop.panel, &plan)
}

fn measured(of: &Promoted) -> [Change; 3] {
    match &of.effect {
        Effect::Measured { own, others, net } => [*own, *others, *net],
        why => panic!("{of:?}: {why:?}"),
    }
}

#[test]
fn what_promotions_take_from_their_category_is_found_with_intervals_that_hold() {
    let planted = |category: u32| Planted {
        own: 2.0 + 0.3 * f64::from(category),
        others: -1.2 - 0.1 * f64::from(category),
    };
    let (mut held, mut of, mut off) = ([0; 3], 0, [0.0f64; 2]);
    for seed in 0..30 {
        let shop = shop(seed, planted);
        for (found, truth) in found(&shop).iter().zip(&shop.truth) {
            let [own, others, net] = measured(found);
            let both = truth[0] + truth[1];
            for (at, (change, truth)) in [(own, truth[0]), (others, truth[1]), (net, both)]
                .into_iter()
                .enumerate()
            {
                held[at] += u32::from(change.low <= truth && truth <= change.high);
            }
            assert!((own.point + others.point - net.point).abs() < 1e-12);
            off[0] += (own.point - truth[0]) / (30 * CATEGORIES) as f64;
            off[1] += (others.point - truth[1]) / (30 * CATEGORIES) as f64;
            of += 1;
        }
    }
    println!("of {of}: {held:?} held, off by {off:?}");
    for held in held {
        let share = f64::from(held) / f64::from(of);
        assert!((0.8..=1.0).contains(&share), "{share}");
    }
    // Promotions take a third of what they bring here; counting what is promoted among what is usual would make of .61 .56.
    assert!(off.iter().all(|off| off.abs() < 0.02), "{off:?}");
}

#[test]
fn where_nothing_is_taken_nothing_is_found_and_what_is_brought_is() {
    let (mut false_alarms, mut halos, mut of) = (0, 0, 0);
    for seed in 100..115 {
        let none = shop(seed, |_| Planted {
            own: 2.0,
            others: 0.0,
        });
        let halo = shop(seed, |_| Planted {
            own: 2.0,
            others: 1.5,
        });
        for (none, halo) in found(&none).iter().zip(&found(&halo)) {
            let [_, none, _] = measured(none);
            let [_, halo, _] = measured(halo);
            false_alarms += u32::from(none.low > 0.0 || none.high < 0.0);
            halos += u32::from(halo.low > 0.0);
            of += 1;
        }
    }
    println!("of {of}: {false_alarms} false alarms, {halos} halos");
    // 95 % intervals: of 90 more than 13 would come once in some thousand times.
    assert!(false_alarms <= 13, "{false_alarms} of {of}");
    assert!(halos >= of * 9 / 10, "{halos} of {of}");
}

#[test]
fn what_cannot_be_told_apart_is_said_to_be_so() {
    let mut shop = shop(1, |_| Planted {
        own: 2.0,
        others: -1.0,
    });
    // All of the first category together: what is its own cannot be told from what is the others'.
    let all = DAYS + AHEAD;
    for series in (0..SERIES).filter(|series| shop.categories[*series] == Some(0)) {
        for day in 0..all {
            let depth = if day % 40 < 10 { 0.3 } else { 0.0 };
            shop.own.values[series * all + day] = depth;
            shop.others.values[series * all + day] = depth;
        }
    }
    // Of the second nothing is known but the last weeks.
    let values: Vec<f32> = (0..SERIES)
        .flat_map(|series| {
            let late = shop.categories[series] == Some(1);
            let values = shop.panel.values(series).iter().enumerate();
            values
                .map(move |(day, value)| {
                    if late && day < DAYS - 150 {
                        f32::NAN
                    } else {
                        *value
                    }
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let groups = (0..SERIES)
        .map(|s| [shop.categories[s].unwrap(), shop.sites[s]])
        .collect();
    shop.panel = Panel::new(
        Step::Day,
        date(2024, 1, 1),
        (DAYS, AHEAD),
        values,
        groups,
        Vec::new(),
    )
    .unwrap();
    // The third promotes nothing.
    for series in (0..SERIES).filter(|series| shop.categories[*series] == Some(2)) {
        shop.own.values[series * all..][..all].fill(0.0);
    }
    let found = found(&shop);
    let categories: Vec<u32> = found.iter().map(|of| of.category).collect();
    assert_eq!(categories, [0, 1, 3, 4, 5]);
    assert_eq!(found[0].effect, Effect::NotToldApart);
    assert!(
        matches!(found[1].effect, Effect::TooFew { needed: 8, .. }),
        "{:?}",
        found[1]
    );
    measured(&found[2]);
}
