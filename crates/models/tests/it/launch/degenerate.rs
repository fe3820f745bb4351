//! Too little, contradictions, and what is written and read again.

use models::launch::{
    Attributes, Columns, Demand, Estimate, EstimateError, FitError, ForecastError, Forecaster,
    History, Layer, Merchants, Method, Naive, Past, PastError, Sales, Settings, Total,
};

use super::shop::{Shop, columns};

fn fit(past: &[Past]) -> Result<Forecaster, FitError> {
    Forecaster::fit(past, &columns(), &Settings::default())
}

#[test]
fn nothing_can_be_learnt_from_nothing() {
    assert!(matches!(fit(&[]), Err(FitError::NoPast)));
    assert!(matches!(History::fit(&[], 0, None), Err(FitError::NoPast)));
    assert!(matches!(Naive::fit(&[]), Err(FitError::NoPast)));
    assert!(matches!(
        Merchants::fit(&[]),
        Err(FitError::NoEstimates { launches: 0 })
    ));
}

#[test]
fn launches_that_all_ran_out_are_refused() {
    let mut past = Shop::new(1, 30, 0, true).past;
    past.iter_mut()
        .for_each(|past| past.total = Total::AtLeast(past.total.units()));
    assert!(matches!(
        fit(&past),
        Err(FitError::AllCensored { launches: 30 })
    ));
    assert!(matches!(
        Merchants::fit(&past),
        Err(FitError::AllCensored { .. })
    ));
}

#[test]
fn one_launch_gives_a_wide_forecast_around_it() {
    let shop = Shop::new(2, 1, 1, false);
    let learnt = fit(&shop.past).unwrap();
    assert_eq!(learnt.attributes().method(), Method::History);
    assert!(learnt.measured().is_empty());
    let said = learnt.forecast(&shop.future[0].past.launch).unwrap();
    let sold = shop.past[0].total.units() as f64;
    assert!((said.history.quantile(0.5) / sold - 1.0).abs() < 1e-9);
    // A spread of 1 before any launch was seen, and that of the mean of one.
    assert!(
        (said.history.sigma - 2.0_f64.sqrt()).abs() < 1e-9,
        "{said:?}"
    );
    assert_eq!(said.attributes, said.history);
    assert!(said.combined.sigma > 0.3, "{said:?}");
    let hours = Sales {
        hours: shop.future[0].hours[..2].to_vec(),
        sold_out: None,
    };
    assert!(said.update(&hours).is_ok());
    assert_eq!(
        learnt
            .analogues(&shop.future[0].past.launch, 5)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn few_launches_are_held_out_in_turn() {
    for count in [2, 3, 5, 7, 8, 9, 12, 20, 39, 40, 44] {
        let shop = Shop::new(3, count, 1, true);
        if shop.past.iter().all(|past| past.total.is_censored()) {
            continue;
        }
        let learnt = fit(&shop.past).unwrap();
        let said = learnt.forecast(&shop.future[0].past.launch).unwrap();
        let sound = |demand: &Demand| {
            let (low, high) = demand.interval(0.9);
            low.is_finite() && high.is_finite() && low < high && demand.mean() > 0.0
        };
        assert!(sound(&said.demand()), "{count} {said:?}");
        assert_eq!(learnt.attributes().trials().is_empty(), count < 8);
    }
}

#[test]
fn estimates_that_contradict_themselves_are_refused() {
    let order = Estimate::new(300.0, 200.0, 400.0);
    assert!(matches!(order, Err(EstimateError::Order { .. })));
    let order = Estimate::new(100.0, 200.0, 150.0);
    assert!(matches!(order, Err(EstimateError::Order { .. })));
    assert_eq!(
        Estimate::new(0.0, 0.0, 10.0),
        Err(EstimateError::Nothing { found: 0.0 })
    );
    assert_eq!(
        Estimate::new(-1.0, 2.0, 3.0),
        Err(EstimateError::Negative { found: -1.0 })
    );
    let infinite = Estimate::new(1.0, 2.0, f64::INFINITY);
    assert!(matches!(
        infinite,
        Err(EstimateError::NotFinite { which: "high", .. })
    ));
    assert!(Estimate::new(0.0, 2.0, 2.0).is_ok());
    let said = EstimateError::Order {
        low: 300.0,
        likely: 200.0,
        high: 400.0,
    };
    assert_eq!(
        said.to_string(),
        "read the estimate: found 300, 200, 400, expected low ≤ likely ≤ high"
    );
    let read: Result<Estimate, _> = serde_json::from_str(r#"{"low":3.0,"likely":2.0,"high":4.0}"#);
    assert!(read.is_err());
}

#[test]
fn without_an_estimate_the_attributes_stand_alone() {
    let mut shop = Shop::new(4, 100, 2, false);
    let learnt = fit(&shop.past).unwrap();
    let launch = &mut shop.future[0].past.launch;
    launch.estimate = None;
    let said = learnt.forecast(launch).unwrap();
    assert_eq!((said.estimate, said.estimate_weight), (None, 0.0));
    assert_eq!(said.combined, said.attributes);
    // A merchant without a record is read as all are.
    let launch = &mut shop.future[1].past.launch;
    launch.merchant = Some("nobody".to_owned());
    let said = learnt.forecast(launch).unwrap();
    let estimate = launch.estimate.unwrap();
    let of_all = learnt
        .merchants()
        .unwrap()
        .calibrated("somebody else", &estimate);
    assert_eq!(said.estimate, Some(of_all));
    assert!(said.estimate_weight > 0.0);
    // Nobody ever gave one.
    shop.past
        .iter_mut()
        .for_each(|past| past.launch.estimate = None);
    let learnt = fit(&shop.past).unwrap();
    assert!(learnt.merchants().is_none() && learnt.records().is_empty());
    let said = learnt.forecast(&shop.future[1].past.launch).unwrap();
    assert_eq!(said.combined, said.attributes);
    let layers: Vec<Layer> = learnt
        .measured()
        .iter()
        .map(|measured| measured.layer)
        .collect();
    assert!(layers.contains(&Layer::Combined) && !layers.contains(&Layer::Estimate));
}

#[test]
fn without_hours_forecasts_cannot_be_corrected_and_say_so() {
    let mut shop = Shop::new(5, 60, 1, false);
    shop.past.iter_mut().for_each(|past| past.sales = None);
    let learnt = fit(&shop.past).unwrap();
    let said = learnt.forecast(&shop.future[0].past.launch).unwrap();
    assert!(said.curves.is_empty());
    let refused = said.update(&Sales::default());
    assert_eq!(refused, Err(ForecastError::NoCurves));
}

#[test]
fn hours_before_the_opening_are_none_and_narrow_nothing() {
    let shop = Shop::new(6, 80, 1, false);
    let learnt = fit(&shop.past).unwrap();
    let said = learnt.forecast(&shop.future[0].past.launch).unwrap();
    let sales = Sales {
        hours: shop.future[0].hours[..10].to_vec(),
        sold_out: None,
    };
    let steps = said.hourly(&sales, 0.8).unwrap();
    assert_eq!(steps.len(), 11);
    assert_eq!((steps[0].hours, steps[0].units), (0, 0));
    let (low, high) = said.demand().interval(0.8);
    assert!((steps[0].low - low).abs() < 1.0 + 0.02 * low, "{steps:?}");
    assert!(
        (steps[0].high - high).abs() < 1.0 + 0.02 * high,
        "{steps:?}"
    );
    assert!(steps[10].high / steps[10].low < steps[0].high / steps[0].low);
    assert!(steps.iter().all(|step| step.low >= step.units as f64));
}

#[test]
fn launches_that_do_not_fit_are_named() {
    let shop = Shop::new(7, 20, 1, false);
    let mut past = shop.past.clone();
    past[3].launch.labels.pop();
    let refused = Attributes::fit(&past, &columns(), &Settings::default().trees).unwrap_err();
    let FitError::Past(refused) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        refused.to_string(),
        "read launch `launch 3`: found 1 labels, expected 2"
    );
    let mut past = shop.past.clone();
    past[4].launch.numbers[1] = Some(f64::NAN);
    let refused = fit(&past).unwrap_err();
    assert!(matches!(refused, FitError::Past(PastError::Number { .. })));
    let mut past = shop.past.clone();
    past[5].launch.duration_hours = 0;
    assert!(matches!(
        fit(&past),
        Err(FitError::Past(PastError::NoTime { .. }))
    ));
    let mut past = shop.past.clone();
    past[6].total = Total::Sold(0);
    assert!(matches!(
        fit(&past),
        Err(FitError::Past(PastError::MoreThanAll { .. }))
    ));
    let learnt = fit(&shop.past).unwrap();
    let mut launch = shop.future[0].past.launch.clone();
    launch.numbers.clear();
    assert!(matches!(
        learnt.forecast(&launch),
        Err(PastError::Columns { .. })
    ));
    let half_life = History::fit(&shop.past, 0, Some(0.0));
    assert!(matches!(half_life, Err(FitError::Setting { .. })));
}

#[test]
fn launches_of_no_demand_and_of_nothing_told_are_harmless() {
    let mut past = Shop::new(8, 60, 0, false).past;
    for past in past.iter_mut().step_by(3) {
        past.total = Total::Sold(0);
        past.sales = Some(Sales::default());
    }
    for past in &mut past {
        past.launch.category = None;
        past.launch.labels = Vec::new();
        past.launch.numbers = Vec::new();
        past.launch.text = None;
    }
    let learnt = Forecaster::fit(&past, &Columns::default(), &Settings::default()).unwrap();
    let said = learnt.forecast(&past[1].launch).unwrap();
    assert!(said.combined.mu.is_finite() && said.combined.sigma.is_finite());
}

#[test]
fn what_is_written_is_read_again_and_threads_change_nothing() {
    let shop = Shop::new(9, 120, 5, true);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| serde_json::to_string(&fit(&shop.past).unwrap()).unwrap())
    };
    let written = on(1);
    assert_eq!(written, on(3));
    let read: Forecaster = serde_json::from_str(&written).unwrap();
    let learnt = fit(&shop.past).unwrap();
    assert_eq!(read, learnt);
    for truth in &shop.future {
        let launch = &truth.past.launch;
        let (one, two) = (
            learnt.forecast(launch).unwrap(),
            read.forecast(launch).unwrap(),
        );
        assert_eq!(one.combined, two.combined);
        let sales = truth.past.sales.as_ref().unwrap();
        assert_eq!(one.update(sales), two.update(sales));
    }
}

#[test]
fn learning_anew_keeps_what_was_chosen() {
    let shop = Shop::new(10, 200, 3, true);
    let learnt = fit(&shop.past[..150]).unwrap();
    let again = learnt.refit(&shop.past).unwrap();
    assert_eq!(again.attributes().method(), learnt.attributes().method());
    assert_eq!(again.attributes().trials(), learnt.attributes().trials());
    assert_eq!(
        again.history().half_life_days(),
        learnt.history().half_life_days()
    );
    let curves = |learnt: &Forecaster| {
        let curves = learnt.curves().unwrap();
        (curves.clusters().len(), curves.told_by())
    };
    assert_eq!(curves(&again), curves(&learnt));
    assert_eq!(
        (learnt.history().launches(), again.history().launches()),
        (150, 200)
    );
    assert_ne!(
        again
            .forecast(&shop.future[0].past.launch)
            .unwrap()
            .combined,
        learnt
            .forecast(&shop.future[0].past.launch)
            .unwrap()
            .combined
    );
}
