//! What is there to be sold, what comes, what planners changed, and what is proposed.

use super::forecast::Forecast;
use super::history::Measure;
use super::list::labelled;
use super::of_kind;
use super::series::Series;
use super::supply::{self, ALL, Coming, Level, Override, listed};
use crate::api::orders::PROPOSES;
use crate::charts::Locale;
use crate::console::answer;
use crate::console::format::{Currency, count, day, encoded, moment};
use crate::console::messages::Say;
use crate::console::orders;
use crate::console::page::{self, Tone, figures, words};
use crate::live::{Answering, Slot};
use crate::problem::Problem;
use crate::state::AppState;
use jiff::civil::Date;
use lake::Snapshot;
use maud::{Markup, html};
use products::{Action, Shop};
use std::collections::BTreeMap;

/// Goods and changes of one series.
pub(super) struct Goods {
    levels: Vec<Level>,
    coming: Vec<Coming>,
    overrides: Vec<Override>,
    today: Date,
}

impl Goods {
    /// - `touched`: the days whose changes are shown.
    pub(super) async fn of(
        state: &AppState,
        snapshot: &Snapshot,
        shop: &Shop,
        series: &Series<'_>,
        touched: (i32, i32),
    ) -> Result<Self, Problem> {
        let (product, site) = (series.product, series.site);
        let catalogue = shop.history.catalogue();
        let known = catalogue.index_of(product).and_then(|at| catalogue.get(at));
        let category = known.and_then(|p| p.category.as_deref());
        let mut overrides = supply::overrides(state, snapshot, Some(product), touched).await?;
        overrides.retain(|change| change.is_about(product, category, site));
        Ok(Self {
            levels: supply::levels(state, snapshot, product, site).await?,
            coming: supply::coming(state, snapshot, product, site).await?,
            overrides,
            today: shop.today().0,
        })
    }

    /// Units on hand, and how long they last at what is expected.
    pub(super) fn on_hand(&self, l: Locale, forecast: &Forecast) -> Markup {
        let Some(last) = self.levels.iter().map(|level| level.day).max() else {
            return html! { span.unknown { (Say::Unknown.text(l)) } };
        };
        let units: i64 = self.levels.iter().map(|level| level.units).sum();
        let lasts = match forecast.runs_out(units as f64) {
            Some(first) => html! { (Say::UsedUp.text(l)) " " (day(first)) },
            None => html! { (Say::LastsBeyond.text(l)) },
        };
        html! {
            @if units > 0 { (l.fixed(units as f64, 0)) } @else { (page::badge(Tone::Bad, Say::OutOfStockNow.text(l))) }
            div.small { (Say::EndOfDay.text(l)) " " (day(last)) }
            @if units > 0 && forecast.measure == Measure::Units { div.small { (lasts) } }
        }
    }

    /// Units on the way, and when the next are due.
    pub(super) fn on_the_way(&self, l: Locale) -> Markup {
        let units: i64 = self.coming.iter().map(|c| c.units).sum();
        let next = self.coming.iter().find_map(|c| Some((c.units, c.due_on?)));
        html! {
            @if self.coming.is_empty() { (Say::None.text(l)) } @else { (l.fixed(units as f64, 0)) }
            @if let Some((units, due)) = next {
                div.small { (Say::NextDue.with(l, &[&l.fixed(units as f64, 0)])) " " (day(due)) }
            }
        }
    }

    pub(super) fn show(
        &self,
        l: Locale,
        sites: &BTreeMap<String, String>,
        slot: &Slot,
        series: &Series<'_>,
    ) -> Markup {
        html! {
            section {
                h2 #overrides { (Say::Overrides.text(l)) }
                (self.changes(l, slot, sites))
            }
            @if !self.levels.is_empty() || !self.coming.is_empty() {
                section {
                    h2 #stock { (Say::StockAndSupply.text(l)) }
                    @if series.site.is_none() && self.levels.len() > 1 { (self.by_site(l, sites)) }
                    @if self.coming.is_empty() { p { (Say::NothingOnTheWay.text(l)) } } @else { (self.arriving(l, sites)) }
                }
            }
        }
    }

    fn by_site(&self, l: Locale, sites: &BTreeMap<String, String>) -> Markup {
        let heads = [
            words(Say::Site.text(l)),
            figures(Say::OnHand.text(l)),
            words(Say::When.text(l)),
        ];
        let row = |level: &Level| {
            vec![
                html! { (labelled(&level.site, sites)) },
                html! {
                    @if level.units > 0 { (l.fixed(level.units as f64, 0)) } @else { (page::badge(Tone::Bad, Say::OutOfStockNow.text(l))) }
                },
                day(level.day),
            ]
        };
        let (shown, more) = listed(&self.levels);
        let rows: Vec<_> = shown.iter().map(row).collect();
        html! { (page::grid(Say::OnHand.text(l), &heads, &rows)) (and_more(l, more)) }
    }

    fn arriving(&self, l: Locale, sites: &BTreeMap<String, String>) -> Markup {
        let heads = [
            words(Say::OrderOfGoods.text(l)),
            words(Say::ComesFrom.text(l)),
            words(Say::GoesTo.text(l)),
            words(Say::OrderedOn.text(l)),
            words(Say::DueOn.text(l)),
            figures(Say::Units.text(l)),
        ];
        let at = |day_known: Option<Date>| {
            day_known.map_or_else(|| html! { span.unknown { (Say::Unknown.text(l)) } }, day)
        };
        let row = |c: &Coming| {
            let late = c.due_on.is_some_and(|due| due < self.today);
            vec![
                html! { (c.id) },
                html! { @match &c.from { Some(from) => (labelled(from, sites)), None => "–" } },
                html! { (labelled(&c.to, sites)) },
                at(c.ordered_on),
                html! { (at(c.due_on)) @if late { " " (page::badge(Tone::Warn, Say::Late.text(l))) } },
                html! { (l.fixed(c.units as f64, 0)) },
            ]
        };
        let (shown, more) = listed(&self.coming);
        let rows: Vec<_> = shown.iter().map(row).collect();
        html! {
            h3 { (Say::OnTheWay.text(l)) }
            (page::grid(Say::OnTheWay.text(l), &heads, &rows)) (and_more(l, more))
        }
    }

    fn changes(&self, l: Locale, slot: &Slot, sites: &BTreeMap<String, String>) -> Markup {
        if self.overrides.is_empty() {
            return html! { p { (Say::NoOverrides.text(l)) } };
        }
        let card = products::kind(&slot.product.header().kind).map(products::Kind::card);
        let is_read = card.is_some_and(|card| card.reads.contains(&"overrides"));
        let heads = [
            words(Say::When.text(l)),
            words(Say::Who.text(l)),
            words(Say::DaysChanged.text(l)),
            words(Say::HowMuch.text(l)),
            words(Say::PartsAbout.text(l)),
            words(Say::Why.text(l)),
        ];
        let row = |c: &Override| {
            vec![
                moment(c.made_at),
                html! { (c.author) },
                html! { span { (day(c.first)) @if c.last != c.first { " – " (day(c.last)) } } },
                html! { (how_much(l, c)) },
                html! { span { (about(l, c, sites)) } },
                html! { @match &c.reason { Some(reason) => (reason), None => span.unknown { (Say::NotSaid.text(l)) } } },
            ]
        };
        let (shown, more) = listed(&self.overrides);
        let rows: Vec<_> = shown.iter().map(row).collect();
        html! {
            @if !is_read { p { (Say::OverridesNotRead.text(l)) } }
            (page::grid(Say::Overrides.text(l), &heads, &rows))
            (and_more(l, more))
        }
    }
}

fn and_more(l: Locale, more: usize) -> Markup {
    html! { @if more > 0 { p.small { (Say::AndMore.with(l, &[&count(l, more as u64)])) } } }
}

/// What is done to the forecast.
fn how_much(l: Locale, change: &Override) -> String {
    let number = l.number(change.value);
    match change.change.as_str() {
        "factor" => Say::TimesFactor.with(l, &[&number]),
        "more" if change.value < 0.0 => Say::UnitsFewer.with(l, &[&l.number(-change.value)]),
        "more" => Say::UnitsMore.with(l, &[&number]),
        "instead" => Say::UnitsInstead.with(l, &[&number]),
        other => format!("{other} {number}"),
    }
}

/// Which products at which sites.
fn about(l: Locale, change: &Override, sites: &BTreeMap<String, String>) -> String {
    let product = match (change.product.as_str(), &change.category) {
        (ALL, None) => Say::AllProducts.text(l).to_owned(),
        (ALL, Some(category)) => Say::AllOfCategory.with(l, &[category]),
        (product, _) => product.to_owned(),
    };
    let site = match change.site.as_str() {
        ALL => Say::AllSites.text(l).to_owned(),
        site => labelled(site, sites),
    };
    format!("{product}, {site}")
}

/// What every data product of kind `stock` proposes for the series, with its reasons.
pub(super) fn proposals(
    state: &AppState,
    l: Locale,
    currency: &Currency,
    series: &Series<'_>,
) -> Markup {
    html! {
        @for (name, slot) in of_kind(state, PROPOSES) {
            section {
                h2 { (Say::ProposalOf.text(l)) " " a href={ "/products/" (encoded(name)) } { (name) } }
                @match slot.answering() {
                    None => p { (Say::NotTrainedLead.text(l)) },
                    Some(answering) => {
                        (proposal(state, l, currency, name, &answering, series))
                        @if series.site.is_some() { p { a href=(orders::address(name, series.product, series.site)) { (Say::OrdersAnswerIt.text(l)) } } }
                    },
                }
            }
        }
    }
}

fn proposal(
    state: &AppState,
    l: Locale,
    currency: &Currency,
    name: &str,
    answering: &Answering,
    series: &Series<'_>,
) -> Markup {
    let Some(asked) = series.question() else {
        return html! {};
    };
    let now = jiff::Timestamp::now();
    match answering
        .serving
        .decide(&state.stood(name, answering, asked, now), now)
    {
        Ok(decided) => cards(l, currency, &decided.actions),
        Err(infeasible) => answer::refusal(l, &infeasible),
    }
}

/// Each figure with why it is so.
fn cards(l: Locale, currency: &Currency, actions: &[Action]) -> Markup {
    html! {
        @if actions.is_empty() { p { (Say::EmptyAnswer.text(l)) } }
        div.tiles {
            @for action in actions {
                div.tile {
                    h3 { (action.label.clone().unwrap_or_else(|| answer::name_of_figure(l, &action.id))) }
                    p.latest { (answer::figure(l, currency, action, false)) }
                    div.small { (answer::reasons(l, currency, action)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::{Estimate, Probability};

    fn action(id: &str, unit: &str, estimate: Estimate) -> Action {
        Action {
            position: 1,
            id: id.to_owned(),
            label: None,
            score: estimate.point(),
            estimate: Some(estimate),
            unit: unit.to_owned().into(),
            propensity: Probability::ONE,
            reasons: vec![products::reasons::reason(
                "because",
                "nine are wanted and two are there",
                [],
            )]
            .into(),
        }
    }

    #[test]
    fn a_proposal_shows_each_figure_in_its_unit_with_its_reasons() {
        let euro = Currency::One("EUR".to_owned());
        let actions = [
            action("order", "units", Estimate::Exact(7.0)),
            action("stock_out", "probability", Estimate::Exact(0.04)),
            action("cost", "cents", Estimate::Exact(1_250.0)),
        ];
        let shown = cards(Locale::English, &euro, &actions).into_string();
        for part in [
            "order",
            ">7</span>",
            "units",
            "stock out",
            "4%",
            "€12.50",
            "nine are wanted and two are there",
        ] {
            assert!(shown.contains(part), "no {part:?} in {shown}");
        }
        // Reasons that no page knows stay in English, and say so.
        let french = cards(Locale::French, &euro, &actions).into_string();
        assert!(
            french.contains("<li lang=\"en\">nine are wanted"),
            "{french}"
        );
        assert!(
            cards(Locale::English, &euro, &[])
                .into_string()
                .contains("no action")
        );
    }

    #[test]
    fn a_change_is_told_in_words() {
        let day = jiff::civil::date(2024, 5, 1);
        let told = |change: &str, value: f64| {
            let of = Override {
                made_at: jiff::Timestamp::UNIX_EPOCH,
                author: "ana".to_owned(),
                product: ALL.to_owned(),
                category: Some("tea".to_owned()),
                site: ALL.to_owned(),
                first: day,
                last: day,
                change: change.to_owned(),
                value,
                reason: None,
            };
            format!(
                "{} | {}",
                how_much(Locale::English, &of),
                about(Locale::English, &of, &BTreeMap::new())
            )
        };
        assert_eq!(
            told("factor", 1.25),
            "times 1.25 | all of category tea, all sites"
        );
        assert!(told("more", 30.0).starts_with("30 units more in all |"));
        assert!(told("more", -30.0).starts_with("30 units fewer in all |"));
        assert!(told("instead", 0.0).starts_with("0 units in all instead |"));
    }
}
