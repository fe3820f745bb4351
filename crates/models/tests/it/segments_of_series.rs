//! Series of two kinds in one panel: each is forecast by what does better for its kind.

use jiff::civil::date;
use math::random::stream;
use models::demand::{Forecaster, Naive, Panel, Settings, Step, quantile_loss};
use rand::RngExt;

/// Too few for methods that need two years to see a season.
const MONTHS: usize = 33;
const AHEAD: usize = 3;
const EACH: usize = 80;

/// Much sold, by a season of the year that comes again as it was.
fn seasonal(series: usize, month: usize) -> f32 {
    let turn = std::f64::consts::TAU * (month as f64 / 12.0);
    let usual = 400.0 + 10.0 * series as f64;
    (usual * (1.0 + 0.8 * turn.sin())).round() as f32
}

/// Some units now and then: what sold a year ago tells nothing.
fn now_and_then(series: usize, month: usize) -> f32 {
    let mut random = stream(4, (series * MONTHS + month) as u64);
    if random.random::<f64>() < 0.5 {
        0.0
    } else {
        random.random_range(10..40) as f32
    }
}

fn panel(kinds: &[fn(usize, usize) -> f32]) -> Panel {
    let of = |kind: &fn(usize, usize) -> f32| {
        let kind = *kind;
        (0..EACH).flat_map(move |series| (0..MONTHS).map(move |month| kind(series, month)))
    };
    let values: Vec<f32> = kinds.iter().flat_map(of).collect();
    let n = EACH * kinds.len();
    let first = date(2019, 1, 1);
    let groups = vec![[0, 0]; n];
    Panel::new(Step::Month, first, (MONTHS, 0), values, groups, Vec::new()).unwrap()
}

fn settings() -> Settings {
    let mut settings = Settings {
        rows_max: 10_000,
        ..Settings::default()
    };
    settings.trees.rounds_max = 30;
    settings
}

#[test]
fn another_method_forecasts_a_kind_of_series_that_it_does_better_for() {
    let whole = panel(&[seasonal, now_and_then]);
    let past = whole.before(MONTHS - AHEAD);
    let learnt = Forecaster::fit(&past, AHEAD, &settings()).unwrap();
    let chosen: Vec<_> = learnt
        .segments()
        .iter()
        .filter(|of| of.is_chosen())
        .collect();
    assert!(!chosen.is_empty(), "{:?}", learnt.segments());
    for of in &chosen {
        assert!(of.sort.nothing.0 >= 0.02, "{of:?}");
        assert!(of.gain > 3.0 * of.error && of.gain > 0.02, "{of:?}");
        assert_ne!(of.method.as_ref(), Some(learnt.method()));
    }
    let own = (EACH..2 * EACH).filter(|at| learnt.method_of(&past, *at) != learnt.method());
    assert!(own.count() > EACH / 2);
    assert!((0..EACH).all(|at| learnt.method_of(&past, at) == learnt.method()));

    let forecast = learnt.forecast(&past).unwrap();
    let loss = |series: std::ops::Range<usize>, said: &dyn Fn(usize, usize, f64) -> f64| {
        let each = series.flat_map(|series| (0..AHEAD).map(move |ahead| (series, ahead)));
        let each = each.map(|(series, ahead)| {
            let sold = f64::from(whole.values(series)[MONTHS - AHEAD + ahead]);
            let levels = models::demand::LEVELS;
            (sold, levels.map(|level| said(series, ahead, level)))
        });
        quantile_loss(each).unwrap()
    };
    let ours = |series: std::ops::Range<usize>| {
        loss(series, &|series, ahead, level| {
            forecast.quantile(series, ahead, level)
        })
    };
    let seasonal = Naive::Seasonal.forecast(&past, AHEAD);
    let year_ago = loss(EACH..2 * EACH, &|series, ahead, _| {
        seasonal[series * AHEAD + ahead]
    });
    assert!(ours(0..EACH) < 0.05, "{}", ours(0..EACH));
    assert!(ours(EACH..2 * EACH) < 0.75 * year_ago, "{year_ago}");

    // What moves a forecast adds up to it, whichever method it is of.
    for series in [3, EACH + 3] {
        let drivers = learnt.drivers(&past, series, 0..AHEAD).unwrap();
        let (sum, said): (f64, f64) = (
            drivers.values().sum(),
            forecast.expected(series).iter().sum(),
        );
        assert!((sum - said).abs() < 1e-6 * said, "{sum} {said}");
    }
    // A series by itself is of the kind that it is of among others.
    let alone = past.only(EACH + 3);
    assert_eq!(
        learnt.method_of(&alone, 0),
        learnt.method_of(&past, EACH + 3)
    );

    let kept = serde_json::to_string(&learnt).unwrap();
    assert_eq!(serde_json::from_str::<Forecaster>(&kept).unwrap(), learnt);
}

#[test]
fn series_of_one_kind_have_one_method() {
    for kind in [seasonal, now_and_then] {
        let past = panel(&[kind]);
        let learnt = Forecaster::fit(&past, AHEAD, &settings()).unwrap();
        let chosen = learnt.segments().iter().filter(|of| of.is_chosen());
        assert_eq!(chosen.count(), 0, "{:?}", learnt.segments());
    }
}

#[test]
fn a_version_without_segments_is_read_and_forecasts_as_it_did() {
    let past = panel(&[seasonal]);
    let learnt = Forecaster::fit(&past, AHEAD, &settings()).unwrap();
    let mut kept = serde_json::to_value(&learnt).unwrap();
    kept.as_object_mut().unwrap().remove("segments");
    let old: Forecaster = serde_json::from_value(kept).unwrap();
    assert!(old.segments().is_empty());
    assert_eq!(
        old.forecast(&past).unwrap().all(),
        learnt.forecast(&past).unwrap().all()
    );
}
