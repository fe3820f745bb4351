//! Sums of forecasts: of a category, a product at all sites, a region, a site, and of all together.

use models::demand::{Basis, Forecast, Totals};
use schema::{Estimate, ProductId};

use super::fitted::Body;
use super::hierarchy::{BETWEEN, CROSSED, Grouping, Levels};
use super::series::Series;
use super::settings::Measure;
use super::spelling::near;
use super::told::{TOTAL, Told, rounded};
use crate::answer::{Asked, Infeasible, Reason};
use crate::contract::{Parts, TotalsOf};
use crate::reasons::reason;
use crate::total::Total;

/// All series together.
const ALL: &str = "all";

/// What parts of a total are where none of its levels is there.
const SERIES: &str = "series";

/// Ways to tell a total of a level apart: in each the first level that is there.
fn below(level: &str) -> &'static [&'static [&'static str]] {
    match level {
        "total" => &[&["category", "product"], &["region", "site"]],
        "category" => &[&["product"], &["category in region", "category at site"]],
        "region" => &[&["site"], &["category in region"]],
        "site" => &[&["category at site"]],
        "category in region" => &[&["category at site"]],
        _ => &[],
    }
}

/// What a question about a total asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) found: &'a Series,
    levels: &'a Levels,
    by: &'a Grouping,
    /// Its place among those of its level.
    place: usize,
}

/// The total that a question asks for; `None` where it is about a series.
///
/// # Errors
/// [`Infeasible`] when the version was trained without, or there is no such level or group.
pub(super) fn asked_group<'a>(
    body: &Body,
    found: Option<&'a Series>,
    asked: &Asked,
) -> Result<Option<Group<'a>>, Infeasible> {
    let Some(placement) = asked
        .placement
        .as_deref()
        .filter(|_| asked.product_id.is_none())
    else {
        return Ok(None);
    };
    let Some(total) = Total::read(placement) else {
        return Ok(None);
    };
    let levels = found.and_then(|found| found.levels.as_ref());
    let (Some(found), Some(levels), true) = (found, levels, body.totals.is_some()) else {
        return Err(Infeasible::NoGroups);
    };
    let by_name = |name: &str| levels.asked.iter().find(|by| by.name == name);
    let allowed = || Infeasible::Placement {
        found: placement.to_owned(),
        allowed: allowed(levels),
    };
    let (by, label) = match total {
        Total::All => (by_name("total"), ALL.to_owned()),
        Total::Of { level, name } => (by_name(level), name.to_owned()),
        Total::Crossed {
            category,
            level,
            name,
        } => {
            // A name may hold what stands between two.
            let whole = by_name("category").zip(placement.strip_prefix("category="));
            match whole.filter(|(by, whole)| by.place(whole).is_some()) {
                Some((by, whole)) => (Some(by), whole.to_owned()),
                None => {
                    for (level, name) in [("category", category), (level, name)] {
                        let by = by_name(level).ok_or_else(allowed)?;
                        by.place(name).ok_or_else(|| unknown(by, name))?;
                    }
                    let by = CROSSED.iter().find(|(_, with)| *with == level);
                    let by = by.and_then(|(name, _)| by_name(name));
                    (by, format!("{category}{BETWEEN}{name}"))
                }
            }
        }
    };
    let by = by.ok_or_else(allowed)?;
    let place = by.place(&label).ok_or_else(|| unknown(by, &label))?;
    let group = Group {
        found,
        levels,
        by,
        place,
    };
    let totals = body.totals.as_ref().map(|totals| &totals[0]);
    let is_learnt = match group.named() {
        Some((level, label)) => totals.is_some_and(|of| of.basis(level, label).is_some()),
        None => true,
    };
    // A version that learnt before there were such totals knows nothing of how far off they are.
    match total {
        Total::Crossed { .. } if !is_learnt => Err(Infeasible::NoGroups),
        Total::All | Total::Of { .. } | Total::Crossed { .. } => Ok(Some(group)),
    }
}

/// What can be asked for.
fn allowed(levels: &Levels) -> String {
    let named = levels.asked.iter().map(|by| {
        let with = CROSSED.iter().find(|(name, _)| *name == by.name);
        match (by.name, with) {
            ("total", _) => ALL.to_owned(),
            (_, Some((_, with))) => format!("category=…&{with}=…"),
            (name, None) => format!("{name}=…"),
        }
    });
    named.collect::<Vec<_>>().join(", ")
}

/// Nothing is called so: what is spelt most like it.
fn unknown(by: &Grouping, label: &str) -> Infeasible {
    let (level, found, names) = match label.split_once(BETWEEN) {
        None => (by.name, label.to_owned(), by.names.clone()),
        // Both are there, and not together: what there is of the category.
        Some((category, name)) => {
            let of = by.names.iter().filter_map(|one| {
                let (of, name) = one.split_once(BETWEEN)?;
                (of == category).then(|| name.to_owned())
            });
            (by.name, format!("{category}, {name}"), of.collect())
        }
    };
    let wanted = label.split_once(BETWEEN).map_or(label, |(_, name)| name);
    Infeasible::UnknownGroup {
        level: level.to_owned(),
        near: near(&names, wanted),
        found,
    }
}

/// The question about a total.
fn question(level: &str, name: &str) -> Asked {
    let crossed = CROSSED.iter().find(|(crossed, _)| *crossed == level);
    let crossed = crossed.zip(name.split_once(BETWEEN));
    Asked {
        placement: Some(match (level, crossed) {
            ("total", _) => ALL.to_owned(),
            (_, Some(((_, with), (category, name)))) => {
                format!("category={category}&{with}={name}")
            }
            (level, None) => format!("{level}={name}"),
        }),
        ..Asked::default()
    }
}

fn is_crossed(by: &Grouping) -> bool {
    CROSSED.iter().any(|(name, _)| *name == by.name)
}

/// Every question about a total, all together first; those about categories in regions and at sites by themselves.
pub(super) fn all(body: &Body, found: Option<&Series>, of: TotalsOf) -> Vec<Asked> {
    let levels = found.and_then(|found| found.levels.as_ref());
    let levels = levels.filter(|_| body.totals.is_some());
    let each = levels.iter().flat_map(|levels| &levels.asked);
    let each = each.filter(|by| match of {
        TotalsOf::Levels => !is_crossed(by),
        TotalsOf::Crossed => is_crossed(by),
    });
    each.flat_map(|by| by.names.iter().map(|name| question(by.name, name)))
        .collect()
}

impl Group<'_> {
    fn node(&self) -> usize {
        self.by.nodes[self.place]
    }

    /// What it is called.
    pub(super) fn told(&self) -> String {
        let name = self.by.names[self.place].as_str();
        let told = |level: &str, name: &str| match name {
            "" => format!("no {level}"),
            name => format!("{level} {name}"),
        };
        match (self.by.name, name.split_once(BETWEEN)) {
            ("total", _) => ALL.to_owned(),
            ("category in region", Some((category, region))) => {
                format!(
                    "{} in {}",
                    told("category", category),
                    told("region", region)
                )
            }
            (_, Some((category, site))) => {
                format!("{} at {}", told("category", category), told("site", site))
            }
            (level, None) => told(level, name),
        }
    }

    /// Its series.
    fn series(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.by.of_leaf.iter().enumerate();
        all.filter(|(_, place)| **place as usize == self.place)
            .map(|(leaf, _)| leaf)
    }

    /// What it is the sum of: in each way to tell it apart what the parts are, and of each its name, the question about it
    /// and its node.
    fn split(&self) -> Vec<(&'static str, Vec<(String, Asked, usize)>)> {
        let there = |names: &&[&str]| {
            let mut each = names.iter();
            each.find_map(|name| self.levels.asked.iter().find(|by| by.name == *name))
        };
        let found: Vec<&Grouping> = below(self.by.name).iter().filter_map(there).collect();
        if found.is_empty() {
            return self.by_series().into_iter().collect();
        }
        let of = |by: &Grouping| {
            let mut places: Vec<u32> = self.series().map(|leaf| by.of_leaf[leaf]).collect();
            places.sort_unstable();
            places.dedup();
            let each = places.into_iter().map(|place| {
                let (name, node) = (&by.names[place as usize], by.nodes[place as usize]);
                (self.part(name), question(by.name, name), node)
            });
            (self.parts_by(by), each.collect::<Vec<_>>())
        };
        // Where all that a site sells is of one category there is nothing to tell apart.
        let is_itself = |by: &Grouping, each: &[(String, Asked, usize)]| {
            is_crossed(by) && matches!(each, [(_, _, node)] if *node == self.node())
        };
        let split = found.into_iter().filter_map(|by| {
            let (name, each) = of(by);
            (!each.is_empty() && !is_itself(by, &each)).then_some((name, each))
        });
        let all: Vec<_> = split.collect();
        match self.by.name {
            // Of a site its series come first.
            "site" => self.by_series().into_iter().chain(all).collect(),
            _ if all.is_empty() => self.by_series().into_iter().collect(),
            _ => all,
        }
    }

    /// What its parts of a level are, where these cross categories with something: what it is not itself.
    fn parts_by(&self, by: &Grouping) -> &'static str {
        let with = CROSSED.iter().find(|(name, _)| *name == by.name);
        match (self.by.name, with) {
            (_, None) => by.name,
            ("region" | "site", Some(_)) => "category",
            (_, Some((_, with))) => with,
        }
    }

    /// What a part is called in it.
    fn part(&self, name: &str) -> String {
        let part = match (self.by.name, name.split_once(BETWEEN)) {
            (_, None) => name,
            ("region" | "site", Some((category, _))) => category,
            (_, Some((_, name))) => name,
        };
        part.to_owned()
    }

    /// A series alone is the sum of nothing.
    fn by_series(&self) -> Option<(&'static str, Vec<(String, Asked, usize)>)> {
        let first = self.levels.summed().first_leaf();
        let each = self.series().filter_map(|leaf| {
            let key = &self.found.keys[leaf];
            let asked = Asked {
                product_id: Some(ProductId::new(key.product.clone()).ok()?),
                placement: key.site.clone(),
                ..Asked::default()
            };
            let name = match &key.site {
                Some(site) => format!("{} at {site}", key.product),
                None => key.product.clone(),
            };
            Some((name, asked, first + leaf))
        });
        let each: Vec<_> = each.collect();
        (self.node() < first).then_some((SERIES, each))
    }

    /// The question about its series, where it is of one alone.
    pub(super) fn alone(&self) -> Option<Asked> {
        let first = self.levels.summed().first_leaf();
        let key = &self.found.keys[self.node().checked_sub(first)?];
        Some(Asked {
            product_id: Some(ProductId::new(key.product.clone()).ok()?),
            placement: key.site.clone(),
            ..Asked::default()
        })
    }

    /// Questions about its parts.
    pub(super) fn parts(&self) -> Vec<Parts> {
        let split = self.split().into_iter();
        split
            .map(|(by, each)| Parts {
                by,
                each: each
                    .into_iter()
                    .map(|(name, asked, _)| (name, asked))
                    .collect(),
            })
            .collect()
    }

    /// What its parts are expected to sell in some periods, the largest first, in the first way to tell it apart.
    pub(super) fn made_of(
        &self,
        sums: &Sums,
        periods: std::ops::Range<usize>,
    ) -> Vec<(String, f64)> {
        let split = self.split().into_iter().next();
        let (by, each) = split.unwrap_or((SERIES, Vec::new()));
        let named = |name: String| {
            if by == SERIES {
                name
            } else if name.is_empty() {
                format!("no {by}")
            } else {
                format!("{by} {name}")
            }
        };
        let mut parts: Vec<(String, f64)> = each
            .into_iter()
            .map(|(name, _, node)| (named(name), sums.of(node, &periods)))
            .collect();
        parts.sort_by(|a, b| b.1.total_cmp(&a.1));
        parts
    }

    /// The level and the label of its node, where it is the sum of several series.
    fn named(&self) -> Option<(&str, &str)> {
        let (hierarchy, node) = (self.levels.summed(), self.node());
        let mut levels = hierarchy.level_names().enumerate();
        let level = levels.find(|(at, _)| hierarchy.nodes(*at).contains(&node));
        let (_, level) = level.filter(|_| node < hierarchy.first_leaf())?;
        Some((level, hierarchy.label(node)))
    }
}

/// What is expected of every node of a hierarchy, in the unit that is told: exactly the sum of what is told of its series.
#[derive(Debug)]
pub(super) struct Sums {
    ahead: usize,
    /// Nodes × all periods together, then each.
    told: Vec<f64>,
    /// Nodes × periods: whether any of its series can sell anything.
    open: Vec<bool>,
}

impl Sums {
    /// - `is_ended`: whether a series is not sold any more.
    pub(super) fn new(
        body: &Body,
        found: &Series,
        forecast: &Forecast,
        is_ended: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        let hierarchy = found.summed().filter(|_| body.totals.is_some())?;
        let (panel, ahead) = (&found.panel, forecast.ahead());
        let point = |point: f64| match body.settings.measure {
            Measure::Units => point,
            Measure::Revenue => rounded(body, point),
        };
        let mut told = Vec::with_capacity(found.keys.len() * (ahead + 1));
        let mut open = vec![false; hierarchy.n_nodes() * ahead];
        for series in 0..found.keys.len() {
            let sold = !is_ended(series);
            let expected = forecast.expected(series);
            let total = if sold {
                point(expected.iter().sum())
            } else {
                0.0
            };
            told.push(total);
            for (h, expected) in expected.iter().enumerate() {
                let can = sold && panel.is_open(series, panel.known() + h);
                told.push(if can { point(*expected) } else { 0.0 });
                if can {
                    let leaf = hierarchy.first_leaf() + series;
                    for node in hierarchy.above(series).chain([leaf]) {
                        open[node * ahead + h] = true;
                    }
                }
            }
        }
        let told = hierarchy.sum_up(&told, ahead + 1).ok()?;
        Some(Self { ahead, told, open })
    }

    pub(super) fn ahead(&self) -> usize {
        self.ahead
    }

    fn periods(&self, node: usize) -> &[f64] {
        &self.told[node * (self.ahead + 1) + 1..][..self.ahead]
    }

    /// What is expected of a node in some periods together.
    pub(super) fn of(&self, node: usize, periods: &std::ops::Range<usize>) -> f64 {
        if *periods == (0..self.ahead) {
            self.told[node * (self.ahead + 1)]
        } else {
            self.periods(node)[periods.clone()].iter().sum()
        }
    }
}

/// What quantiles of totals are read from.
pub(super) struct Spread<'a> {
    pub(super) totals: &'a Totals,
    /// Of the series, where a total is of one alone.
    pub(super) forecast: &'a Forecast,
}

/// What is forecast of a total: its first periods together, then each.
///
/// - `wanted`: so many periods.
pub(super) fn line(
    body: &Body,
    group: &Group<'_>,
    sums: &Sums,
    spread: &Spread<'_>,
    wanted: usize,
) -> Vec<Told> {
    let (node, level) = (group.node(), body.settings.interval);
    let named = group.named();
    let expected = sums.periods(node);
    let series = node.saturating_sub(group.levels.summed().first_leaf());
    let scaled = |(low, high): (f64, f64)| (low * body.scale(), high * body.scale());
    let single = |h: usize| match named {
        Some(named) => spread.totals.interval(named, expected, h, level),
        None => Some(scaled(spread.forecast.interval(series, h, level))),
    };
    let total = |up_to: usize| match named {
        Some(named) => spread
            .totals
            .interval_of_total(named, expected, up_to, level),
        None => Some(scaled(
            spread.forecast.interval_of_total(series, up_to, level),
        )),
    };
    let measured = |point: f64, interval: Option<(f64, f64)>| match interval {
        Some((low, high)) if point > 0.0 => Estimate::Measured {
            point,
            low: (low.round() + 0.0).min(point),
            high: (high.round() + 0.0).max(point),
            units: 1,
        },
        Some(_) | None => Estimate::Exact(point),
    };
    let basis = named
        .and_then(|(level, label)| spread.totals.basis(level, label))
        .map(based);
    let mut line = Vec::with_capacity(wanted + 1);
    if let Some(last) = wanted.checked_sub(1) {
        let periods = 0..wanted;
        let mut reasons = vec![summed(group.series().count())];
        reasons.extend(largest(body, group, sums, &periods));
        reasons.extend(basis);
        line.push(Told {
            id: TOTAL.to_owned(),
            estimate: measured(sums.of(node, &periods), total(last)),
            reasons,
        });
    }
    let panel = &group.found.panel;
    for (h, expected) in expected.iter().enumerate().take(wanted) {
        let open = sums.open[node * sums.ahead + h];
        line.push(Told {
            id: panel.date(panel.known() + h).to_string(),
            estimate: if open {
                measured(*expected, single(h))
            } else {
                Estimate::Exact(0.0)
            },
            reasons: if open {
                Vec::new()
            } else {
                vec![reason("closed", "closed", [])]
            },
        });
    }
    line
}

fn summed(series: usize) -> Reason {
    reason(
        "sum_of_series",
        "the sum of {series} series",
        [("series", series.into())],
    )
}

/// The part that is expected to sell most.
fn largest(
    body: &Body,
    group: &Group<'_>,
    sums: &Sums,
    periods: &std::ops::Range<usize>,
) -> Option<Reason> {
    let (part, amount) = group.made_of(sums, periods.clone()).into_iter().next()?;
    let values = [
        ("part", part.into()),
        ("amount", schema::estimate::short(amount).into()),
        ("unit", body.unit().into()),
    ];
    (amount > 0.0).then(|| {
        reason(
            "largest_part",
            "most of it is of {part}: {amount} {unit}",
            values,
        )
    })
}

/// What an interval rests on.
fn based(basis: Basis) -> Reason {
    match basis {
        Basis::Own { windows } => reason(
            "own_errors",
            "its interval is that of its own past errors, in {windows} windows, drawn to those of its level",
            [("windows", windows.into())],
        ),
        Basis::Level { groups } => reason(
            "errors_of_level",
            "too little is known of its own past errors: its interval is that of the {groups} groups of its level",
            [("groups", groups.into())],
        ),
    }
}
