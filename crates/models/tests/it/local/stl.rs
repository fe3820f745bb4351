//! Series told apart into season, trend and rest.

use models::demand::local::{Change, Local, SeriesError, Stl};

use super::{close, monthly, noise, turn};

/// Trend and season of the months of [`monthly`] at places 0, 1, 6, the middle, and the last two, by statsmodels 0.15.0:
/// `STL(values, period=12, seasonal=7)` with degree 1, and `seasonal=1001` with degree 0 for a season that stays,
/// `fit(inner_iter=2, outer_iter=0)`.
type Parts = [(f64, f64); 6];
const CHANGING: Parts = [
    (118.12032836638814, 7.518920724388694),
    (119.08968881315143, 16.34220781725003),
    (123.95475166796804, 7.039495543015149),
    (157.73494047032676, 15.861901361921253),
    (198.8500961506607, 14.85869304061825),
    (199.778832077563, 13.79278761401893),
];
const STAYING: Parts = [
    (118.83023766055692, 6.857024758548705),
    (119.70457393347958, 18.31686518492093),
    (124.05577699209135, 6.467877982813433),
    (157.5652870084915, 16.187980008472003),
    (199.64840053160253, 16.187973143731302),
    (200.7977268166476, 14.229823560520938),
];
/// The same of the first 30 months alone: two and a half years.
const SHORT: Parts = [
    (117.63437038682547, 10.768184587264878),
    (118.65455671385443, 14.494269840900857),
    (123.74307406803194, 7.427022917368125),
    (132.38073459527442, 16.08139239333769),
    (141.19568769299673, 14.862287848284216),
    (141.82741099520916, 20.020013609076017),
];

/// A span or a degree that is off by one moves some part by more than 0.01.
#[test]
fn parts_agree_with_statsmodels() {
    let values = monthly();
    for (n, change, parts) in [
        (100, Change::Over(7), CHANGING),
        (100, Change::None, STAYING),
        (30, Change::Over(7), SHORT),
    ] {
        let found = Stl::fit(&values[..n], 12, change).unwrap();
        for (at, (trend, season)) in [0, 1, 6, n / 2, n - 2, n - 1].into_iter().zip(parts) {
            close(found.trend[at], trend, 1e-9);
            close(found.season[at], season, 1e-9);
        }
    }
}

#[test]
fn a_season_on_a_level_is_continued_and_a_constant_has_none() {
    let wave = |t: usize| 50.0 + 20.0 * turn(t as f64, 52.0).sin();
    let values: Vec<f64> = (0..130)
        .zip(noise(130, 4))
        .map(|(t, e)| wave(t) + e)
        .collect();
    let found = Local::Stl.forecast(&values, 52, 60);
    for (t, found) in (130..).zip(&found) {
        // Two or three years tell a week's place to about half of the noise, which has a deviation of 1.
        close(*found, wave(t), 2.5);
    }
    // The season of a year later is the same.
    close(found[0], found[52], 1e-12);
    for found in Local::Stl.forecast(&[7.0; 120], 52, 10) {
        close(found, 7.0, 1e-9);
    }
}

#[test]
fn fewer_than_two_seasons_are_refused_and_smoothed_instead() {
    let values: Vec<f64> = noise(103, 9).iter().map(|e| 20.0 + e).collect();
    let refused = Stl::fit(&values, 52, Change::None).unwrap_err();
    let (found, needed) = (103, 104);
    assert_eq!(refused, SeriesError::TooShort { found, needed });
    for found in Local::Stl.forecast(&values, 52, 4) {
        close(found, 20.0, 1.0);
    }
    let mut gap = values;
    gap.extend([f64::NAN, 20.0]);
    let refused = Stl::fit(&gap, 52, Change::None).unwrap_err();
    assert!(matches!(
        refused,
        SeriesError::NotFinite { period: 103, .. }
    ));
}
