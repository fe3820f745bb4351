//! Many products moved between the same sites: what perishes, what a shipment costs, and what is not sent.

use decisions::stock::Demand;
use decisions::stock::transfer::{
    Goods, NotMore, Perishing, ShipmentCosts, ShipmentError, Shipments, TransferSite, WhyAside,
    shipments, transfer,
};
use proptest::prelude::*;

use super::mix::site;

fn goods(sites: Vec<TransferSite<'static>>) -> Goods<'static> {
    Goods {
        places: (0..).take(sites.len()).collect(),
        sites,
    }
}

fn anywhere(_: u32, _: u32) -> Option<f64> {
    Some(10.0)
}

fn sent(found: &Shipments) -> Vec<(usize, u32, u32, u64)> {
    let each = found.sent.iter();
    each.map(|of| (of.goods, of.from, of.to, of.units))
        .collect()
}

#[test]
fn what_would_perish_goes_where_it_still_sells() {
    let wasted = |mean: f64| Demand::poisson(mean).unwrap();
    let perishing = |here: f64, sent: f64| {
        Some(Perishing {
            here: Some(wasted(here)),
            sent: wasted(sent),
            wasted_cents: 400.0,
        })
    };
    let sites = [
        TransferSite {
            perishing: perishing(1.0, 1.0),
            ..site(1.0, 10)
        },
        TransferSite {
            perishing: perishing(9.0, 8.0),
            ..site(9.0, 3)
        },
    ];
    let prices = [None, Some(50.0), None, None];
    let found = transfer(&sites, &prices, 1).unwrap();
    // Every number of units that could be moved, by hand.
    let cost = |moved: f64| {
        let missing = |mean: f64, units: f64| 1000.0 * wasted(mean).shortage(units);
        let left = |mean: f64, units: f64| wasted(mean).left_over(units);
        let perished =
            left(1.0, 10.0 - moved) + left(9.0, 3.0) + left(8.0, 3.0 + moved) - left(8.0, 3.0);
        missing(1.0, 10.0 - moved)
            + missing(9.0, 3.0 + moved)
            + left(1.0, 10.0 - moved)
            + left(9.0, 3.0 + moved)
            + 400.0 * perished
            + 50.0 * moved
    };
    let best = (0..=10).min_by(|a, b| cost(f64::from(*a)).total_cmp(&cost(f64::from(*b))));
    let moved = found.moves[0].units as i32;
    assert_eq!(Some(moved), best);
    assert!(moved > 0 && (cost(0.0) - cost(f64::from(moved)) - found.saved_cents).abs() < 1e-6);
    let of = shipments(
        &[goods(sites.to_vec())],
        |from, _| (from == 0).then_some(50.0),
        ShipmentCosts::default(),
    );
    let of = of.unwrap();
    let one = of.sent[0];
    assert_eq!(
        (one.units, one.transport_cents),
        (moved as u64, 50.0 * f64::from(moved))
    );
    assert!((one.saved_cents - found.saved_cents).abs() < 1e-6);
    assert!(one.wasted_saved > 0.5, "{one:?}");
    // Nothing is moved that would perish on the way: where it is bound for nothing is missing.
    let late = [
        sites[0],
        TransferSite {
            perishing: perishing(9.0, 0.0),
            units: 20,
            ..sites[1]
        },
    ];
    assert!(transfer(&late, &prices, 1).unwrap().moves.is_empty());
}

#[test]
fn a_shipment_is_sent_where_all_that_is_in_it_is_worth_what_it_costs() {
    let one = goods(vec![site(1.0, 9), site(2.0, 2)]);
    let alone = shipments(
        std::slice::from_ref(&one),
        anywhere,
        ShipmentCosts::default(),
    )
    .unwrap();
    let saved = alone.sent[0].saved_cents;
    assert!(saved > 100.0, "{alone:?}");
    let costs = ShipmentCosts {
        shipment_cents: 1.5 * saved,
        saved_cents_min: 0.0,
    };
    let refused = shipments(std::slice::from_ref(&one), anywhere, costs).unwrap();
    assert!(refused.sent.is_empty());
    let why = WhyAside::ShipmentCostsMore { saved_cents: saved };
    assert_eq!(
        (refused.aside[0].why, refused.aside[0].shipment),
        (why, alone.sent[0])
    );
    // Two products share the shipment.
    let both = shipments(&[one.clone(), one.clone()], anywhere, costs).unwrap();
    let units = alone.sent[0].units;
    assert_eq!(sent(&both), [(0, 0, 1, units), (1, 0, 1, units)]);
    // The site nearer to its own need loses more by it; the product goes another way where one is not worth it.
    let third = goods(vec![site(1.0, 9), site(2.0, 2), site(1.0, 8)]);
    let way = |from: u32, to: u32| (to == 1).then_some(if from == 0 { 10.0 } else { 12.0 });
    let many = shipments(&[third.clone(), third], way, costs).unwrap();
    let froms: Vec<u32> = many.sent.iter().map(|of| of.from).collect();
    assert!(froms.windows(2).all(|two| two[0] == two[1]), "{many:?}");
}

#[test]
fn nothing_is_passed_on_on_the_same_day() {
    let chain = |from: u32, to: u32| (to == from + 1).then_some(10.0);
    let none = ShipmentCosts::default();
    // The one between has nothing of its own: it gets what it needs and sends nothing.
    let empty = goods(vec![site(0.5, 40), site(0.5, 0), site(9.0, 0)]);
    let found = shipments(&[empty], chain, none).unwrap();
    assert_eq!(found.sent.len(), 1, "{found:?}");
    assert_eq!((found.sent[0].from, found.sent[0].to), (0, 1));
    assert_eq!(found.not_more[0][2], Some(NotMore::NothingToSpare));
    // It has a little too much: that is what it sends.
    let some = goods(vec![site(0.5, 40), site(0.5, 6), site(9.0, 0)]);
    let found = shipments(&[some], chain, none).unwrap();
    assert_eq!(found.sent.len(), 1, "{found:?}");
    let one = found.sent[0];
    assert!((one.from, one.to) == (1, 2) && one.units <= 6, "{one:?}");
}

#[test]
fn why_not_another_unit_is_told_where_one_would_save_something() {
    let found = shipments(
        &[goods(vec![site(4.0, 5), site(4.0, 4), site(1.0, 60)])],
        |from, to| (from == 0 && to == 1).then_some(700.0),
        ShipmentCosts::default(),
    )
    .unwrap();
    assert!(found.sent.is_empty());
    let shortage = |units: f64| 1000.0 * Demand::poisson(4.0).unwrap().shortage(units);
    let Some(NotMore::CostsMore {
        from,
        gain_cents,
        cost_cents,
    }) = found.not_more[0][1]
    else {
        panic!("{found:?}");
    };
    assert_eq!(from, 0);
    assert!((gain_cents - (shortage(4.0) - shortage(5.0))).abs() < 2.0);
    assert!((cost_cents - (700.0 + shortage(4.0) - shortage(5.0))).abs() < 2.0);
    assert_eq!(found.not_more[0][0], Some(NotMore::NothingToSpare));
    // With sixty for one that is asked for no more is missed.
    assert_eq!(found.not_more[0][2], None);
    let wrong = ShipmentCosts {
        shipment_cents: -1.0,
        saved_cents_min: 0.0,
    };
    let refused = shipments(&[], anywhere, wrong).unwrap_err();
    assert!(matches!(refused, ShipmentError::Amount { .. }));
    let bad = goods(vec![
        site(1.0, 1),
        TransferSite {
            missing_cents: -1.0,
            ..site(1.0, 1)
        },
    ]);
    let refused = shipments(&[bad], anywhere, ShipmentCosts::default()).unwrap_err();
    assert!(matches!(refused, ShipmentError::Goods { goods: 0, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_shipment_is_worth_it_and_leaves_what_is_there(
        of in proptest::collection::vec(proptest::collection::vec((0.2..6.0_f64, 0..20_u32, 0..2_u32), 4), 1..5),
        shipment_cents in 0.0..900.0_f64,
        saved_cents_min in 0.0..300.0_f64,
    ) {
        let all: Vec<Goods<'_>> = of
            .iter()
            .map(|sites| {
                let sites = sites.iter().map(|(mean, units, kept)| TransferSite {
                    kept_units: *kept,
                    ..site(*mean, *units)
                });
                goods(sites.collect())
            })
            .collect();
        let costs = ShipmentCosts { shipment_cents, saved_cents_min };
        let found = shipments(&all, anywhere, costs).unwrap();
        let free = shipments(&all, anywhere, ShipmentCosts::default()).unwrap();
        for one in &found.sent {
            prop_assert!(one.saved_cents >= saved_cents_min - 1e-6);
            let route = found.sent.iter().filter(|other| (other.from, other.to) == (one.from, one.to));
            prop_assert!(route.map(|of| of.saved_cents).sum::<f64>() >= shipment_cents - 1e-5);
        }
        for (place, goods) in all.iter().enumerate() {
            let exact = transfer(&goods.sites, &[Some(10.0); 16], 1).unwrap();
            let without = free.sent.iter().filter(|of| of.goods == place);
            // Equal prices everywhere: nobody gains by a way over another site.
            let units: u64 = without.map(|of| of.units).sum();
            prop_assert_eq!(units, exact.moves.iter().map(|of| of.units).sum::<u64>());
            for (at, of) in goods.sites.iter().enumerate() {
                let leaves = found.sent.iter().filter(|one| one.goods == place && one.from == at as u32);
                let leaves: u64 = leaves.map(|one| one.units).sum();
                prop_assert!(leaves <= u64::from(of.units.saturating_sub(of.kept_units)));
            }
        }
    }
}
