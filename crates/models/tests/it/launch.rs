//! Launches.

#[path = "launch/shop.rs"]
mod shop;

use models::launch::*;
use shop::*;

#[test]
fn probe() {
    use rayon::prelude::*;
    let start = std::time::Instant::now();
    let seeds: Vec<u64> = (0..4).collect();
    let each: Vec<_> = seeds.par_iter().map(|seed| {
        let shop = Shop::new(*seed, 500, 150, true);
        let t = std::time::Instant::now();
        let f = Forecaster::fit(&shop.past, &columns(), &Settings::default()).unwrap();
        let fit = t.elapsed();
        println!("fit {fit:?} method {:?} trials {:?}", f.attributes().method(), f.attributes().trials());
        println!("hl {:?} curves {:?} by {:?}", f.history().half_life_days(), f.curves().unwrap().trials(), f.curves().unwrap().told_by());
        for m in f.measured() { println!("{:?} {:?}", m.layer, m.score); }
        let mut rows: Vec<(String, Vec<Demand>)> = vec![];
        let fs: Vec<Forecast> = shop.future.iter().map(|t| f.forecast(&t.past.launch).unwrap()).collect();
        rows.push(("naive".into(), fs.iter().map(|f| f.naive.clone()).collect()));
        rows.push(("history".into(), fs.iter().map(|f| Demand::LogNormal(f.history)).collect()));
        rows.push(("attributes".into(), fs.iter().map(|f| Demand::LogNormal(f.attributes)).collect()));
        rows.push(("estimate".into(), fs.iter().map(|f| Demand::LogNormal(f.estimate.unwrap())).collect()));
        rows.push(("combined".into(), fs.iter().map(|f| f.demand()).collect()));
        for h in [0,1,2,4,8,24] {
            let t = std::time::Instant::now();
            rows.push((format!("{h} hours"), fs.iter().zip(&shop.future).map(|(f, t)| f.update(&Sales{hours: t.hours[..h].to_vec(), sold_out: None}).unwrap().demand().clone()).collect()));
            if *seed == 0 { println!("update {:?}", t.elapsed() / 150); }
        }
        let t = std::time::Instant::now();
        rows.push(("day".into(), fs.iter().map(|f| f.first_hours(&Sales::default(), 24).unwrap()).collect()));
        println!("first {:?}", t.elapsed() / 150);
        let out: Vec<(String, Score)> = rows.iter().map(|(n, d)| {
            let s = Score::of(d.iter().zip(&shop.future).map(|(d, t)| (d, Total::Sold(if n == "day" {t.hours[..24].iter().map(|x| u64::from(*x)).sum()} else {t.demand}), None))).unwrap();
            (n.clone(), s)
        }).collect();
        let skill: Vec<f64> = f.records().iter().map(|r| r.skill).collect();
        let truth: Vec<f64> = f.records().iter().map(|r| -shop.merchants[r.merchant[9..].parse::<usize>().unwrap()].1).collect();
        println!("tau {:?}", kendall_tau(&skill, &truth));
        out
    }).collect();
    for i in 0..each[0].len() {
        let mean = |of: &dyn Fn(&Score) -> f64| each.iter().map(|e| of(&e[i].1)).sum::<f64>() / each.len() as f64;
        println!("{:12} crps {:.2} pinball {:.2} 80 {:.3} 90 {:.3} width {:.2}", each[0][i].0, mean(&|s| s.crps), mean(&|s| s.pinball), mean(&|s| s.held_80), mean(&|s| s.held_90), mean(&|s| s.width_80));
    }
    println!("{:?}", start.elapsed());
}
