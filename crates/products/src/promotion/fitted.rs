//! What a version has learnt: the effect of each arm on each customer.

use super::budget::{Bound, Round, round};
use super::costs::{Costs, Money};
use super::draws::{Draws, TrialError, features};
use super::facts::{self, Column, Facts};
use super::families::Families;
use super::flip::{Grid, Move, moves};
use super::limits::Counts;
use super::settings::Settings;
use super::stores::{Stores, groups, some};
use super::tried::{Tried, name};
use super::worth::{Prices, Worth};
use super::{CARD, attached, measured};
use crate::answer::ExplanationLine;
use crate::artefact::Artefact;
use crate::contract::{FitError, Fitted, Serving};
use crate::file::Header;
use crate::ledger::Pacing;
use crate::shop::Shop;
use crate::standing::Pace;
use crate::week::Week;
use features::History;
use models::uplift::{self, EffectInterval, Explanation, Learner};
use schema::estimate::short;
use schema::weights::WeighedBy;
use schema::{AsOf, Scorecard, Weights};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Draws with a whole window that a trial needs in all.
const DRAWS_MIN: usize = 200;

/// Facts of a customer as they are kept for the golden vector: the numbers of the columns.
pub(crate) type Golden = Vec<Option<f32>>;

/// What was learnt of one arm.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Arm {
    pub(crate) name: String,
    pub(crate) fitted: uplift::Fitted,
    /// How each candidate did on customers that it had not seen.
    #[serde(default)]
    pub(crate) tried: Tried,
    /// Draws compared, of the arm and of the control.
    pub(crate) draws: usize,
    /// Discounts that the arm leads to; absent where neither a budget nor a brand asks for them.
    discounts: Option<uplift::Fitted>,
}

impl Arm {
    /// The effect on everybody: the arm's average with its 95 % interval.
    pub(crate) fn average(&self) -> EffectInterval {
        let average = self.fitted.arms().first().map(|arm| arm.average);
        let point = average.map_or(0.0, |a| a.effect);
        let (low, high) = average
            .and_then(|a| a.interval(0.95))
            .unwrap_or((point, point));
        EffectInterval { point, low, high }
    }

    /// Share of the learnt differences between customers that is kept.
    fn kept(&self) -> f64 {
        self.fitted
            .arms()
            .first()
            .map_or(0.0, |arm| arm.shrinkage.weight)
    }
}

/// What was learnt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) settings: Settings,
    /// What offers cost; in what was learnt before this was kept, `costs` of the settings has all there is.
    #[serde(default)]
    pub(crate) costs: Costs,
    /// Arms of rising depth; none in what was learnt before this was kept.
    #[serde(default)]
    families: Families,
    columns: Vec<Column>,
    pub(crate) arms: Vec<Arm>,
    /// Outcome of the control per customer.
    control_mean: f64,
    /// Draws too recent to have an outcome.
    unfinished: usize,
    /// One round of decisions under the budget; absent without one.
    pub(crate) round: Option<Round>,
    golden: Vec<Golden>,
    /// When the shop is usually busy; absent where too few orders tell, and in what was learnt before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) week: Option<Week>,
    /// By column, the mean size of the part that it has in effects on customers drawn; none in what was learnt before
    /// this was kept.
    #[serde(default)]
    parts: Vec<f64>,
    /// By column, the values that it had; none in what was learnt before this was kept.
    #[serde(default)]
    grid: Vec<Grid>,
}

impl Body {
    /// Learns; with the learners of `choice` where there is one, else with those that rank unseen customers best.
    pub(crate) fn fit(
        history: &History,
        settings: &Settings,
        product: &str,
        seed: u64,
        choice: Option<&Self>,
    ) -> Result<Self, FitError> {
        let (settings, mut costs) = super::offers::with_costs(settings, history)?;
        let settings = &settings;
        let draws = Draws::of(history, settings, product, costs.asks_for_discounts())?;
        let without = super::offers::without_discounts(&costs, &draws);
        costs.notes.extend(without);
        if draws.rows() < DRAWS_MIN {
            return Err(FitError::TooLittle {
                what: "draws of the trial with a whole window",
                found: draws.rows() as u64,
                needed: DRAWS_MIN as u64,
            });
        }
        let columns = draws.columns(settings);
        let all: Vec<usize> = (0..draws.rows()).collect();
        let how = uplift::Settings {
            seed,
            ..uplift::Settings::default()
        };
        let mut arms = Vec::with_capacity(draws.arms.len() - 1);
        for (arm, name) in draws.arms.iter().enumerate().skip(1) {
            let experiment = draws.experiment(&draws.outcome, &[0, arm], &columns, &all)?;
            let measured = choice.and_then(|body| body.arms.iter().find(|a| a.name == *name));
            let (fitted, tried) = match measured {
                Some(measured) => (
                    uplift::fit(&experiment, measured.fitted.learner(), &how)?,
                    measured.tried.clone(),
                ),
                None => {
                    let choice = uplift::choose(&experiment, &Learner::ALL, &how)?;
                    let tried = Tried::from(&choice);
                    (choice.fitted, tried)
                }
            };
            arms.push(Arm {
                name: name.clone(),
                fitted,
                tried,
                draws: experiment.rows(),
                discounts: if costs.spends(settings, name) {
                    discounts(&draws, arm, &columns, &all, &how)?
                } else {
                    None
                },
            });
        }
        let of_control = draws.of_arm(&draws.outcome, 0);
        let golden = golden(&draws, &columns);
        let body = Self {
            settings: settings.clone(),
            families: Families::of(settings, history, &draws.arms[1..]),
            costs,
            parts: parts(&draws, &columns, &arms),
            grid: grid(&draws, &columns),
            columns,
            arms,
            control_mean: of_control.iter().sum::<f64>() / of_control.len().max(1) as f64,
            unfinished: draws.unfinished,
            round: None,
            golden,
            week: settings.budget.and_then(|_| Week::of(history)),
        };
        let round = body.first_round(history)?;
        Ok(Self { round, ..body })
    }

    /// What the budget makes of deciding once for every customer known on the as-of day.
    fn first_round(&self, history: &History) -> Result<Option<Round>, TrialError> {
        /// Customers by whom the price of money is found; more change it by nothing that shows.
        const CUSTOMERS_MAX: usize = 200_000;
        let Some(budget) = self.settings.budget else {
            return Ok(None);
        };
        let known: Vec<&str> = known_customers(history).into_iter().collect();
        let today = known.iter().map(|customer| (*customer, history.as_of()));
        let of_known = groups(&self.settings, history, today);
        let rows = some(known.len(), CUSTOMERS_MAX, &of_known);
        let some = || rows.iter().map(|row| known[*row]);
        let facts: Vec<Facts> = some()
            .map(|customer| Facts::of(history, customer))
            .collect();
        let mut worth = self.worth_of(&facts)?;
        let arms: Vec<&str> = self.arms.iter().map(|arm| arm.name.as_str()).collect();
        super::possible::mask(&mut worth, &arms, some(), history);
        let of = rows.iter().filter_map(|row| of_known.get(*row)).copied();
        let asked = (known.len(), of_known.as_slice());
        let stores = Stores::new(&self.settings, asked, of.collect());
        round(&worth, &arms, &stores, budget, &self.settings).map(Some)
    }

    /// What each arm does for each customer, customers one after the other.
    fn worth_of(&self, customers: &[Facts]) -> Result<Vec<Worth>, TrialError> {
        Ok(self.worth_at(&features(&self.columns, customers)?))
    }

    /// The same of customers as learners read them.
    fn worth_at(&self, features: &uplift::Features) -> Vec<Worth> {
        let arms = self.arms.len();
        let mut worth = vec![
            Worth {
                net: 0.0,
                spend: 0.0
            };
            features.rows() * arms
        ];
        let level = self.settings.interval;
        // Columns are those learnt from, and the level is one.
        let of = |fitted: &uplift::Fitted| fitted.predict(features, level).ok();
        let each = self.arms.iter();
        let effects: Vec<_> = each.map(|arm| of(&arm.fitted)).collect();
        let given: Vec<_> = self
            .arms
            .iter()
            .map(|arm| arm.discounts.as_ref().and_then(of))
            .collect();
        let money: Vec<Money> = self
            .arms
            .iter()
            .map(|arm| self.costs.money(&self.settings, &arm.name))
            .collect();
        for (row, worth) in worth.chunks_exact_mut(arms.max(1)).enumerate() {
            let own = effects.iter().zip(&self.arms);
            let own = own.map(|(effects, arm)| {
                let known = effects.as_ref().and_then(|effects| effects.get(row, 0));
                known.unwrap_or_else(|| arm.average())
            });
            let own = self.families.in_order(own.collect());
            for (arm, (worth, effect)) in worth.iter_mut().zip(&own).enumerate() {
                let given = given[arm].as_ref().and_then(|given| given.get(row, 0));
                let discount = given.map_or(0.0, |given| given.point.max(0.0));
                let counted = self.settings.counted(effect, level);
                *worth = money[arm].worth(counted, discount);
            }
        }
        worth
    }

    /// What could be otherwise of a customer, the nearest first, and what all arms would do for them then.
    pub(crate) fn otherwise(&self, facts: &Facts) -> (Vec<Move>, Vec<Worth>) {
        let own = facts::rows([facts], &self.columns);
        let moves = moves(&self.columns, &self.grid, &own);
        let names = self.columns.iter().map(Column::name).collect();
        let rows = moves.iter().flat_map(|moved| moved.row.iter().copied());
        match uplift::Features::new(names, rows.collect()) {
            Ok(features) => {
                let worth = self.worth_at(&features);
                (moves, worth)
            }
            // There is nothing that could be otherwise.
            Err(_) => (Vec::new(), Vec::new()),
        }
    }

    /// Whether the values that columns had are known.
    pub(crate) fn knows_values(&self) -> bool {
        self.grid.len() == self.columns.len()
    }

    /// The effects of all arms on a customer.
    pub(crate) fn effects(&self, facts: &Facts) -> Vec<EffectInterval> {
        self.effects_of(features(&self.columns, [facts]).ok().as_ref())
    }

    /// The average effects of all arms: those on a customer of whom nothing is known.
    pub(crate) fn averages(&self) -> Vec<EffectInterval> {
        let averages = self.arms.iter().map(Arm::average);
        self.families.in_order(averages.collect())
    }

    fn effects_of(&self, features: Option<&uplift::Features>) -> Vec<EffectInterval> {
        self.families.in_order(self.effects_alone(features))
    }

    /// The effects of each arm as it was learnt by itself.
    fn effects_alone(&self, features: Option<&uplift::Features>) -> Vec<EffectInterval> {
        let of = |arm: &Arm| {
            let effects = arm.fitted.predict(features?, self.settings.interval).ok()?;
            effects.get(0, 0)
        };
        self.arms
            .iter()
            .map(|arm| of(arm).unwrap_or_else(|| arm.average()))
            .collect()
    }

    /// Why an arm has its effect on a customer: what everybody has, and what each column adds. Arms that share an effect,
    /// since a deeper one would change less, share the mean of their reasons.
    pub(crate) fn why(&self, arm: usize, facts: &Facts) -> Option<(f64, Vec<(String, f64)>)> {
        let features = features(&self.columns, [facts]).ok()?;
        let alone = self.effects_alone(Some(&features));
        let alone: Vec<f64> = alone.iter().map(|effect| effect.point).collect();
        let those = self.families.sharing(arm, &alone);
        let share = 1.0 / those.len() as f64;
        let (mut base, mut parts) = (0.0, vec![0.0; self.columns.len()]);
        for arm in those {
            let explained = self.arms.get(arm)?.fitted.explain(&features).ok()?;
            let found: Explanation<'_> = explained.get(0, 0)?;
            base += share * found.base;
            let own = parts.iter_mut().zip(found.contributions);
            own.for_each(|(sum, part)| *sum += share * part);
        }
        let names = self.columns.iter().map(Column::name);
        Some((base, names.zip(parts).collect()))
    }

    /// What an arm costs for each customer who gets it.
    pub(crate) fn cost(&self, arm: usize) -> f64 {
        self.arms
            .get(arm)
            .map_or(0.0, |arm| self.settings.cost(&arm.name))
    }

    /// What an arm is worth beside its effect, before limits take their prices: what it costs, what a brand pays back of
    /// its discounts, and what caution takes off.
    ///
    /// - `effect`, `worth`: of one customer.
    pub(crate) fn paid(
        &self,
        arm: usize,
        effect: &EffectInterval,
        worth: &Worth,
    ) -> Vec<ExplanationLine> {
        let Some(name) = self.arms.get(arm).map(|arm| arm.name.as_str()) else {
            return Vec::new();
        };
        let counted = self.settings.counted(effect, self.settings.interval);
        let cost = self.settings.cost(name);
        let beside = self.costs.beside(name);
        let redeeming = beside.map_or(0.0, |(each, times)| each * times);
        let told = beside.map_or_else(String::new, |(each, times)| {
            format!(
                "what its redemptions cost, {} of {} each",
                short(times),
                short(each)
            )
        });
        let lines = [
            ("what it costs".to_owned(), -(cost - redeeming)),
            (told, -redeeming),
            (
                "what the brand pays back of its discounts".to_owned(),
                worth.net - (counted - cost),
            ),
            (
                format!(
                    "what caution takes off: {} standard errors",
                    short(self.settings.caution)
                ),
                counted - effect.point,
            ),
        ];
        // What is less is rounding.
        let counts = |contribution: f64| contribution.abs() > 1e-9;
        let lines = lines.into_iter();
        let lines = lines.filter(|(_, contribution)| counts(*contribution));
        lines
            .map(|(what, contribution)| ExplanationLine { what, contribution })
            .collect()
    }

    /// Outcome of the control per customer.
    pub(crate) fn control_mean(&self) -> f64 {
        self.control_mean
    }

    /// What money in the budget must earn; 0 without a budget. See [`Round::price_at`].
    pub(crate) fn price(&self, pace: Option<Pace>) -> f64 {
        let round = self.round.as_ref();
        round.map_or(0.0, |round| round.price_at(pace))
    }

    /// The prices of the budget and of all limits on some arms.
    ///
    /// - `site`: where the customer usually buys, if that is known.
    pub(crate) fn prices(&self, pace: Option<Pace>, site: Option<&str>) -> Prices {
        let arms = self.arms.len();
        let round = self.round.as_ref();
        round.map_or_else(
            || Prices::none(arms),
            |round| round.prices(arms, pace, site),
        )
    }

    /// The limits on an arm that bind for customers of a site.
    pub(crate) fn bounds(&self, arm: usize, site: Option<&str>) -> impl Iterator<Item = &Bound> {
        let all = self.round.iter().flat_map(|round| &round.limits);
        let binds = move |bound: &&Bound| bound.price > 0.0 && bound.counts_at(site);
        all.filter(move |bound| binds(bound) && bound.arms.contains(&arm))
    }

    /// Whether a limit counts the customers of some sites only: of the version, or of the file as it is now.
    pub(crate) fn counts_by_site(&self) -> bool {
        let mut learnt = self.round.iter().flat_map(|round| &round.limits);
        let mut written = self.settings.limits.iter();
        learnt.any(|bound| bound.sites.is_some()) || written.any(|limit| limit.sites.is_some())
    }

    /// What all arms do for a customer of whom `facts` are known.
    pub(crate) fn worth(&self, facts: &Facts, effects: &[EffectInterval]) -> Vec<Worth> {
        let features = features(&self.columns, [facts]).ok();
        let given = |arm: &Arm| {
            let discounts = arm.discounts.as_ref()?;
            let known = features.as_ref().filter(|_| !facts.is_empty());
            let own = known.and_then(|f| discounts.predict(f, self.settings.interval).ok());
            let own = own.and_then(|effects| effects.get(0, 0).map(|effect| effect.point));
            let average = || discounts.arms().first().map(|arm| arm.average.effect);
            own.or_else(average)
        };
        let of_arms = self.arms.iter().zip(effects);
        of_arms
            .map(|(arm, effect)| {
                let money = self.costs.money(&self.settings, &arm.name);
                let counted = self.settings.counted(effect, self.settings.interval);
                money.worth(counted, given(arm).unwrap_or(0.0).max(0.0))
            })
            .collect()
    }

    /// Share of the customers of a site at their prices who get their arm.
    pub(crate) fn at_price(&self, site: Option<&str>) -> f64 {
        let round = self.round.as_ref();
        round.map_or(0.0, |round| round.at_price(site))
    }

    /// Effects of all arms on each golden customer, one after the other.
    pub(crate) fn scores(&self, golden: &[Golden]) -> Vec<f64> {
        let names: Vec<String> = self.columns.iter().map(Column::name).collect();
        let read = golden.iter().flat_map(|customer| {
            let values = customer.iter().map(|v| v.unwrap_or(f32::NAN)).collect();
            let features = uplift::Features::new(names.clone(), values).ok();
            self.effects_of(features.as_ref())
        });
        read.map(|effect| effect.point).collect()
    }

    fn lines(&self) -> Vec<String> {
        let unit = self.settings.outcome.unit();
        let mut lines = vec![format!(
            "{unit} within {} d: {} without ({})",
            self.settings.window_days,
            short(self.control_mean),
            self.settings.control
        )];
        for arm in &self.arms {
            let EffectInterval { point, low, high } = arm.average();
            lines.push(format!(
                "{} adds {} ({} to {}, 95 %), measured on {} customers",
                arm.name,
                short(point),
                short(low),
                short(high),
                arm.draws
            ));
            lines.push(format!(
                "{}: learnt {}; of the differences between customers {:.0} % are kept",
                arm.name,
                name(arm.fitted.learner()),
                100.0 * arm.kept()
            ));
            lines.extend(arm.tried.lines(&arm.name, arm.fitted.learner()));
        }
        let names: Vec<&str> = self.arms.iter().map(|arm| arm.name.as_str()).collect();
        lines.extend(self.families.lines(&names));
        lines.extend(self.costs.notes.iter().cloned());
        if let (Some(round), Some(budget)) = (&self.round, self.settings.budget) {
            lines.push(format!(
                "budget {}: {} of {} customers get an arm, expected to spend {} and to add {}; at most {} more could be had",
                short(budget),
                round.chosen,
                round.customers,
                short(round.spend),
                short(round.gain),
                short(round.gap)
            ));
            lines.push(if round.price > 0.0 {
                format!("one more of budget would add {}", short(round.price))
            } else {
                "the budget is more than what is worth giving".to_owned()
            });
            lines.extend(round.limits.iter().map(bound_in_words));
            lines.extend(self.plan_in_words());
            if round.explored > 0.0 {
                lines.push(format!(
                    "{} of it is expected to be spent on the {:.1} % whose arm is drawn by chance",
                    short(round.explored),
                    100.0 * self.settings.explore
                ));
            }
        }
        if self.unfinished > 0 {
            lines.push(format!(
                "{} draws are too recent: their {} d are not over",
                self.unfinished, self.settings.window_days
            ));
        }
        lines
    }
}

impl Body {
    /// What the plan of the budget goes by, where it is to go by usual hours.
    fn plan_in_words(&self) -> Option<String> {
        const DAYS: [&str; 7] = [
            "Mondays",
            "Tuesdays",
            "Wednesdays",
            "Thursdays",
            "Fridays",
            "Saturdays",
            "Sundays",
        ];
        let ledger = self.settings.ledger.as_ref();
        ledger.filter(|ledger| ledger.pace == Pacing::Usual)?;
        let Some((hour, share)) = self.week.as_ref().and_then(Week::busiest) else {
            return Some(
                "too few orders tell at which hours the shop is usually busy: the budget is planned evenly"
                    .to_owned(),
            );
        };
        Some(format!(
            "the budget is planned by usual hours: the busiest, {} at {} h UTC, has {:.1} % of a week's orders",
            DAYS[(hour / 24).min(6)],
            hour % 24,
            100.0 * share
        ))
    }
}

/// A limit on some arms, in one line.
fn bound_in_words(bound: &Bound) -> String {
    let (name, limit) = (bound.named(), short(bound.limit));
    let (used, price) = (short(bound.used), short(bound.price));
    let is_free = bound.price <= 0.0;
    match bound.counts {
        Counts::Spend if is_free => format!("limit {name}: spends {used} of {limit}"),
        Counts::Spend => {
            format!("limit {name}: spends {used} of {limit}, one more would add {price}")
        }
        Counts::AtMost if is_free => format!("limit {name}: {used} of {limit} customers"),
        Counts::AtMost => {
            format!("limit {name}: {used} of {limit} customers, one more would add {price}")
        }
        Counts::AtLeast if is_free => {
            format!("limit {name}: {used} customers, {limit} are asked for")
        }
        Counts::AtLeast => format!(
            "limit {name}: {used} customers, {limit} are asked for, one fewer would add {price}"
        ),
    }
}

/// The discounts that an arm leads to; `None` where they are not known, or no customer got any.
pub(crate) fn discounts(
    draws: &Draws,
    arm: usize,
    columns: &[Column],
    of: &[usize],
    how: &uplift::Settings,
) -> Result<Option<uplift::Fitted>, FitError> {
    if draws.discount.iter().all(|given| *given == 0.0) {
        return Ok(None);
    }
    let experiment = draws.experiment(&draws.discount, &[0, arm], columns, of)?;
    let how = uplift::Settings {
        // What is spent is asked without its interval.
        refits: 2,
        ..how.clone()
    };
    Ok(Some(uplift::fit(&experiment, Learner::T, &how)?))
}

/// Everybody who bought or was drawn.
pub(crate) fn known_customers(history: &History) -> BTreeSet<&str> {
    let bought = history.customers().iter().map(String::as_str);
    let drawn = history.trials().assignments().iter();
    bought
        .chain(drawn.map(|draw| draw.customer.as_str()))
        .collect()
}

/// Some of the customers drawn, spread over all, and one of whom nothing is known.
fn golden(draws: &Draws, columns: &[Column]) -> Vec<Golden> {
    /// Customers whose scores prove a version.
    const CUSTOMERS: usize = 8;
    let step = (draws.rows() / CUSTOMERS).max(1);
    let drawn = draws.facts.iter().step_by(step).take(CUSTOMERS);
    let nobody = Facts::default();
    drawn
        .chain([&nobody])
        .map(|facts| {
            let row = facts::rows([facts], columns);
            row.into_iter()
                .map(|v| Some(v).filter(|v| v.is_finite()))
                .collect()
        })
        .collect()
}

/// By column, the values that it had among the customers drawn.
fn grid(draws: &Draws, columns: &[Column]) -> Vec<Grid> {
    let rows = facts::rows(&draws.facts, columns);
    let of = |place: usize| {
        rows.iter()
            .skip(place)
            .step_by(columns.len().max(1))
            .copied()
    };
    (0..columns.len())
        .map(|place| Grid::of(of(place)))
        .collect()
}

/// By column, the mean size of the part that it has in the effects of all arms on some of the customers drawn, spread over
/// all; none where effects cannot be explained.
fn parts(draws: &Draws, columns: &[Column], arms: &[Arm]) -> Vec<f64> {
    /// Customers looked at: means of so many are good to some hundredths of their spread.
    const CUSTOMERS: usize = 500;
    let step = draws.rows().div_ceil(CUSTOMERS).max(1);
    let some: Vec<usize> = (0..draws.rows()).step_by(step).collect();
    let Ok(features) = draws.features(columns, &some) else {
        return Vec::new();
    };
    let mut sums = vec![0.0; columns.len()];
    for arm in arms {
        let Ok(explained) = arm.fitted.explain(&features) else {
            return Vec::new();
        };
        for row in 0..some.len() {
            let found = explained.get(row, 0).map_or(&[][..], |of| of.contributions);
            sums.iter_mut()
                .zip(found)
                .for_each(|(sum, part)| *sum += part.abs());
        }
    }
    sums.iter_mut()
        .for_each(|sum| *sum /= some.len().max(1) as f64);
    sums
}

pub(crate) struct FittedPromotion {
    header: Header,
    as_of: AsOf,
    body: Arc<Body>,
}

impl FittedPromotion {
    pub(crate) fn new(header: Header, as_of: AsOf, body: Body) -> Self {
        Self {
            header,
            as_of,
            body: Arc::new(body),
        }
    }

    pub(crate) fn body(&self) -> &Body {
        &self.body
    }
}

impl Fitted for FittedPromotion {
    fn as_of(&self) -> AsOf {
        self.as_of
    }

    fn evaluate(&self, later: &History, seed: u64) -> Scorecard {
        measured::scorecard(&self.body, &self.header.name, later, seed)
    }

    fn weights(&self) -> Weights {
        let body = &self.body;
        if body.parts.len() != body.columns.len() {
            return Weights::Unknown {
                because: "it was trained before parts of effects were kept".to_owned(),
            };
        }
        let each = body.parts.iter().zip(&body.columns);
        let each = each.map(|(part, column)| (*part, column.made_of()));
        // What an arm costs, and to whom it may be given.
        let weights = Weights::of_parts(WeighedBy::Parts, each).with([
            "offers.type",
            "offers.cost_retailer_cents",
            "offers.cost_brand_cents",
            "offers.fixed_cost_retailer_cents",
            "offers.fixed_cost_brand_cents",
            "offers.eligibility",
            "offers.valid_from",
            "offers.valid_to",
        ]);
        if body.counts_by_site() {
            weights.with(["sales.site_id"])
        } else {
            weights
        }
    }

    fn summary(&self) -> Vec<String> {
        self.body.lines()
    }

    fn page(&self) -> serde_json::Value {
        let arms = self.body.arms.iter().map(|arm| {
            let EffectInterval { point, low, high } = arm.average();
            serde_json::json!({
                "arm": arm.name,
                "average_effect": { "point": point, "low": low, "high": high },
                "customers": arm.draws,
                "learner": arm.fitted.learner(),
                "kept": arm.kept(),
                "tried": arm.tried.page(arm.fitted.learner()),
            })
        });
        serde_json::json!({
            "outcome": self.body.settings.outcome.unit(),
            "window_days": self.body.settings.window_days,
            "control": self.body.settings.control,
            "control_mean": self.body.control_mean,
            "arms": arms.collect::<Vec<_>>(),
            "budget": self.body.settings.budget,
            "round": self.body.round,
            "told": self.body.lines(),
        })
    }

    fn week(&self) -> Option<&Week> {
        self.body.week.as_ref()
    }

    fn artefact(&self) -> Artefact {
        let golden = &self.body.golden;
        Artefact::new(
            CARD.kind,
            &self.header.name,
            self.as_of,
            self.body.as_ref(),
            golden,
            self.body.scores(golden),
        )
    }

    fn attach(&self, shop: Arc<Shop>) -> Box<dyn Serving> {
        let body = Arc::clone(&self.body);
        Box::new(attached::Attached::new(
            &self.header.name,
            self.as_of,
            body,
            shop,
        ))
    }
}
