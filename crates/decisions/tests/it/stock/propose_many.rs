//! Proposals for many lines that share much: limits, the bound, and the same bytes on any number of threads.

use super::propose::line;
use decisions::stock::propose::{
    Goal, Limits, Line, OrderMinimum, Outcome, Placed, Proposals, ShelfLife, Stopped, propose,
};
use decisions::stock::{Demand, Quantiles, Units};
use math::random::stream;
use rand_chacha::rand_core::Rng;
use schema::Cents;

const LEVELS: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];
const SUPPLIERS: u32 = 6;
const SITES: u32 = 10;

/// Quantiles of lead time and review, and until what is ordered perishes, of each row.
fn columns(rows: usize) -> Vec<[[f64; 5]; 2]> {
    let mut random = stream(3, 0);
    let mut unit = || f64::from(random.next_u32()) / f64::from(u32::MAX);
    let column = |mean: f64, spread: f64| {
        [-1.282, -0.674, 0.0, 0.674, 1.282].map(|z: f64| mean * (spread * z).exp())
    };
    (0..rows)
        .map(|_| {
            let (mean, spread) = (0.5 * (5.0 * unit()).exp(), 0.2 + 0.8 * unit());
            [column(mean, spread), column(1.7 * mean, 0.8 * spread)]
        })
        .collect()
}

fn stored(values: &[f64; 5]) -> Demand<'_> {
    Demand::quantiles(Quantiles {
        levels: &LEVELS,
        values,
        expected: None,
        units: Units::Whole,
    })
    .unwrap()
}

fn lines(columns: &[[[f64; 5]; 2]]) -> Vec<Line<'_>> {
    let rows = (0_u32..).zip(columns);
    rows.map(|(row, [protection, life])| {
        let (supplier, site) = (row % SUPPLIERS, row / SUPPLIERS % SITES);
        let goal = match row % 3 {
            0 => Goal::CycleService(0.95),
            1 => Goal::FillRate(0.97),
            _ => Goal::Cost {
                missing_cents: f64::from(50 + row % 700),
            },
        };
        Line {
            on_hand: i64::from(row % 5),
            pack_units: 1 + row % 7,
            presentation_units: row % 3,
            unit_cost: Cents(i64::from(30 + row % 900)),
            goal,
            shelf_life: (row % 4 == 0).then(|| ShelfLife {
                demand: stored(life),
                level: 0.3,
                wasted_cents: 40.0,
            }),
            order: Some(supplier * SITES + site),
            budget: Some(supplier),
            site: Some(site),
            ..line(stored(protection))
        }
    })
    .collect()
}

fn free(lines: &[Line<'_>]) -> Proposals {
    let alone: Vec<Line<'_>> = lines
        .iter()
        .map(|line| Line {
            order: None,
            budget: None,
            site: None,
            ..*line
        })
        .collect();
    propose(alone.as_slice(), &Limits::default()).unwrap()
}

#[test]
fn many_lines_keep_every_limit_near_the_best_on_any_number_of_threads() {
    let columns = columns(3000);
    let lines = lines(&columns);
    let free = free(&lines);
    let mut budgets = vec![Cents(0); SUPPLIERS as usize];
    let mut sites = vec![0; SITES as usize];
    for (line, outcome) in lines.iter().zip(&free.outcomes) {
        let Outcome::Proposed(told) = outcome else {
            panic!("{outcome:?}")
        };
        let budget = &mut budgets[line.budget.unwrap() as usize];
        *budget = *budget + told.cost;
        sites[line.site.unwrap() as usize] += told.quantity_units + told.position_units as u64;
    }
    budgets
        .iter_mut()
        .for_each(|budget| budget.0 = budget.0 * 3 / 5);
    sites
        .iter_mut()
        .step_by(2)
        .for_each(|room| *room = *room * 2 / 5);
    let orders = vec![
        OrderMinimum {
            units: 60,
            money: Cents(20_000)
        };
        (SUPPLIERS * SITES) as usize
    ];
    let limits = Limits {
        orders: &orders,
        budgets: &budgets,
        sites: &sites,
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| propose(lines.as_slice(), &limits).unwrap())
    };
    let found = on(1);
    assert_eq!(found, on(4));
    for (at, budget) in found.budgets.iter().enumerate() {
        let mine = lines
            .iter()
            .zip(&found.outcomes)
            .filter(|(line, _)| line.budget == Some(at as u32));
        let spent: i64 = mine
            .map(|(line, outcome)| match outcome {
                Outcome::Proposed(told) => line.unit_cost.0 * told.quantity_units as i64,
                Outcome::Refused(error) => panic!("{error}"),
            })
            .sum();
        assert_eq!(budget.spent.0, spent);
        assert!(budget.spent <= budget.allowed);
    }
    assert!(
        found
            .budgets
            .iter()
            .filter(|budget| budget.price > 0.0)
            .count()
            >= 3,
        "{:?}",
        found.budgets
    );
    assert!(found.sites.iter().all(|site| site.used <= site.allowed));
    assert!(found.sites.iter().filter(|site| site.price > 0.0).count() >= 3);
    for order in &found.orders {
        let reached = order.units >= 60 && order.cost >= Cents(20_000);
        match order.placed {
            Placed::AsWanted | Placed::Raised { .. } => assert!(reached),
            Placed::NothingWanted
            | Placed::BelowMinimum { .. }
            | Placed::MinimumAboveWhatFits { .. } => {
                assert_eq!(order.units, 0);
            }
        }
    }
    assert!(found.value_cents <= found.bound_cents && found.value_cents < free.value_cents);
    let gap = 1.0 - found.value_cents / found.bound_cents;
    // A step of a line is about 1e-3 of a budget's worth; prices that were wrong by a tenth would leave several times as much.
    assert!(gap < 2e-3, "{gap}");
}

#[test]
fn limits_that_bind_nothing_change_nothing() {
    let columns = columns(500);
    let lines = lines(&columns);
    let free = free(&lines);
    let budgets = vec![Cents(i64::MAX / 4); SUPPLIERS as usize];
    let sites = vec![u64::from(u32::MAX); SITES as usize];
    let orders = vec![OrderMinimum::default(); (SUPPLIERS * SITES) as usize];
    let limits = Limits {
        orders: &orders,
        budgets: &budgets,
        sites: &sites,
    };
    let found = propose(lines.as_slice(), &limits).unwrap();
    assert_eq!(found.outcomes, free.outcomes);
    assert_eq!(found.value_cents, free.value_cents);
    assert!(found.budgets.iter().all(|budget| budget.price == 0.0));
    for (line, outcome) in lines.iter().zip(&found.outcomes) {
        let Outcome::Proposed(told) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(told.quantity_units % u64::from(line.pack_units), 0);
        if let (Goal::CycleService(level), Stopped::Enough { .. }) = (line.goal, told.stopped) {
            assert!(told.stockout_probability <= 1.0 - level + 1e-12);
        }
    }
}
