//! Which products keep their promises: pages of the console, and the same as pages that stand alone.

use super::compare::{of_shadow, of_trial};
use super::data::Cache;
use super::estimates::why_not;
use super::format::{count, day, encoded, moment, percent, took};
use super::french;
use super::incidents;
use super::jobs;
use super::messages::Say;
use super::page::{self, Page, Section, Tone, figures, words};
use super::visit::Visit;
use crate::api::{Part, Shared};
use crate::charts::{LineChart, Locale, Series, line_chart};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State as Of;
use axum::response::Response;
use factory::review::{
    AtPositions, ColumnPart, Inputs, Kept, Kinds, LastRun, Live, Measured, NamedPart,
    Part as PartOfFall, Promised, Review, Reviewed, Shifted, Split, State, Unit,
};
use maud::{Markup, html};
use registry::RunStatus;
use schema::Estimate;
use std::sync::Arc;
use std::time::Duration;

/// The review of all products as a page that stands alone; each product's is beside it as `NAME.html`.
#[must_use]
pub fn review(shop: &str, review: &Review, locale: Locale) -> String {
    let body = all(locale, review, &|name| format!("{}.html", encoded(name)));
    page::alone(locale, shop, Say::ReviewTitle.text(locale), &body).into_string()
}

/// The review of one product as a page that stands alone.
#[must_use]
pub fn review_of(shop: &str, review: &Review, product: &Reviewed, locale: Locale) -> String {
    let body = html! {
        (one(locale, review, product))
        (incidents::of(locale, product.last_incident.as_ref()))
    };
    page::alone(locale, shop, &product.header.name, &body).into_string()
}

pub(super) async fn show(
    Of(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
) -> Response {
    let l = visit.locale;
    let found = with_incidents(&state, &cache, l).await;
    page::answer(&state, &visit, Section::Review, found)
}

/// All products, below how many incidents are open.
async fn with_incidents(state: &AppState, cache: &Cache, l: Locale) -> Result<Page, Problem> {
    let review = cache.review(state).await?;
    let body = html! {
        (incidents::summary(state, l).await?)
        (jobs::summary(state, l).await?)
        p { a href="/requests" { (Say::RequestsTitle.text(l)) } }
        (all(l, &review, &|name| format!("/review/{}", encoded(name))))
    };
    Ok(Page::new(Say::ReviewTitle.text(l), body))
}

pub(super) async fn show_one(
    Of(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    Part(name): Part,
    visit: Visit,
) -> Response {
    let found = one_with_incident(&state, &cache, &name, visit.locale).await;
    page::answer(&state, &visit, Section::Review, found)
}

/// One product, above its last incident.
async fn one_with_incident(
    state: &AppState,
    cache: &Cache,
    name: &str,
    l: Locale,
) -> Result<Page, Problem> {
    let review = cache.review(state).await?;
    let product = review.products.iter().find(|p| p.header.name == name);
    let product =
        product.ok_or_else(|| Problem::not_found(format!("there is no data product {name:?}")))?;
    let body = html! {
        (one(l, &review, product))
        (incidents::last(state, name, l).await?)
    };
    Ok(Page::new(name, body))
}

fn badge(l: Locale, state: State) -> Markup {
    let (tone, say) = match state {
        State::Kept => (Tone::Good, Say::ReviewKept),
        State::Unknown => (Tone::Quiet, Say::ReviewUnknown),
        State::AtRisk => (Tone::Warn, Say::ReviewAtRisk),
        State::Broken => (Tone::Bad, Say::ReviewBroken),
    };
    page::badge(tone, say.text(l))
}

fn promise(l: Locale, kept: &Kept) -> String {
    let say = match kept.promise {
        Promised::LatencyP50 => Say::ReviewP50,
        Promised::LatencyP99 => Say::ReviewP99,
        Promised::Answered => Say::ReviewAnswered,
        Promised::ByVersion => Say::ReviewByVersion,
        Promised::VersionAge => Say::ReviewVersionAge,
        Promised::DataAge => Say::ReviewDataAge,
        Promised::TableAge => {
            let table = kept.table.as_deref().unwrap_or_default();
            return Say::ReviewTableAge.with(l, &[table]);
        }
        Promised::Quality => Say::ReviewQuality,
        Promised::Value => Say::ReviewValue,
    };
    say.text(l).to_owned()
}

fn figure(l: Locale, unit: Unit, value: Option<f64>) -> Markup {
    let Some(value) = value else {
        return html! { span.unknown { "–" } };
    };
    let text = match unit {
        Unit::Ms => took(l, Duration::from_secs_f64((value / 1000.0).max(0.0))),
        Unit::Share => percent(l, value),
        Unit::Money => l.fixed(value, 2),
        Unit::Days => Say::ReviewDays.with(l, &[&l.number(value)]),
    };
    html! { (text) }
}

/// The limit with its side.
fn limit(l: Locale, kept: &Kept) -> Markup {
    let side = if kept.unit.is_lower_limit() {
        "≥ "
    } else {
        "≤ "
    };
    html! { @if kept.promised.is_some() { (side) } (figure(l, kept.unit, kept.promised)) }
}

pub(super) fn estimate(l: Locale, of: &Estimate) -> Markup {
    match (of, of.point(), of.interval()) {
        (Estimate::NotMeasurable(why), _, _) => {
            html! { span.unknown { (why_not(l, why)) } }
        }
        (_, Some(point), Some((low, high))) => html! {
            (percent(l, point)) span.small { " (" (percent(l, low)) " – " (percent(l, high)) ")" }
        },
        _ => html! { span.unknown { "–" } },
    }
}

/// One row for each product, the worst first.
fn all(l: Locale, review: &Review, address: &dyn Fn(&str) -> String) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::Product)),
        words(say(Say::State)),
        words(say(Say::ReviewPromises)),
        figures(say(Say::ReviewAnswers)),
        figures(say(Say::ReviewP99)),
        figures(say(Say::ReviewQuality)),
        words(say(Say::ReviewTrained)),
    ];
    let rows: Vec<Vec<Markup>> = review
        .products
        .iter()
        .map(|product| row(l, product, &address(&product.header.name)))
        .collect();
    html! {
        p.lead { (say(Say::ReviewLead)) }
        @if rows.is_empty() { p { (say(Say::ReviewNoProduct)) } }
        @else { (page::grid(say(Say::ReviewTitle), &heads, &rows)) }
        (inputs(l, &review.inputs))
        p.small { (made(l, review)) }
    }
}

/// The products whose version uses a column, with what it weighs there.
fn used_by(l: Locale, shifted: &Shifted) -> Markup {
    if shifted.read_by.is_empty() {
        return html! { span.unknown { (Say::ReviewUsedByNone.text(l)) } };
    }
    html! {
        @for by in &shifted.read_by {
            div { (by.product) " " span.small { "(" (french::told(l, &by.weight.to_string())) ")" } }
        }
    }
}

/// What of the columns that a product's version uses has changed.
fn of_inputs(l: Locale, review: &Review, product: &Reviewed) -> Markup {
    let name = &product.header.name;
    let version = product.version.as_ref().map(|version| version.number);
    let changed: Vec<String> = review
        .inputs
        .of_product(name)
        .map(|(shifted, _)| shifted.sentence_of(name, version))
        .collect();
    html! {
        @if !changed.is_empty() {
            section {
                h2 { (Say::ReviewInputs.text(l)) }
                ul { @for one in &changed { li { (french::marked(l, one)) } } }
            }
        }
    }
}

/// Which columns are no longer what they were.
fn inputs(l: Locale, inputs: &Inputs) -> Markup {
    let say = |s: Say| s.text(l);
    let Some(since) = inputs.since else {
        return html! {};
    };
    let heads = [Say::ReviewColumn, Say::ReviewChange, Say::ReviewReadBy];
    let heads = heads.map(|head| words(say(head)));
    let rows: Vec<Vec<Markup>> = inputs
        .shifted
        .iter()
        .map(|shifted| {
            vec![
                page::code(&format!("{}.{}", shifted.table, shifted.column)),
                french::marked(l, &shifted.sentence()),
                used_by(l, shifted),
            ]
        })
        .collect();
    html! {
        section {
            h2 { (say(Say::ReviewInputs)) }
            @if rows.is_empty() {
                p {
                    (page::badge(Tone::Good, say(Say::ReviewInputsSame))) " "
                    (Say::ReviewInputsWatched.with(l, &[&count(l, inputs.watched.len() as u64)])) " " (day(since.0))
                }
            } @else {
                (page::grid(say(Say::ReviewInputs), &heads, &rows))
                p.small { (Say::ReviewInputsWatched.with(l, &[&count(l, inputs.watched.len() as u64)])) " " (day(since.0)) }
            }
        }
    }
}

fn made(l: Locale, review: &Review) -> String {
    let at = review.at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    Say::ReviewMade.with(l, &[&at])
}

fn row(l: Locale, product: &Reviewed, address: &str) -> Vec<Markup> {
    let (period, before) = (&product.service.period, &product.service.before);
    let good = match &product.live {
        Live::Measured(live) => html! {
            div { (estimate(l, &live.good)) }
            @if let Some(launch) = live.at_launch.point() {
                div.small { (Say::ReviewAtLaunch.with(l, &[&percent(l, launch)])) }
            }
        },
        Live::NotJudged { .. } | Live::Unknown { .. } => html! { span.unknown { "–" } },
    };
    let value = product.value().and_then(|kept| kept.measured);
    let wrong = product.standing.iter().filter(|k| k.state > State::Unknown);
    vec![
        html! {
            a.strong href=(address) { (product.header.name) }
            div.small { (product.header.owner) }
        },
        html! {
            (badge(l, product.state))
            @if let Some(left) = product.budget_left() { div.small { (Say::ReviewBudgetLeft.with(l, &[&percent(l, left)])) } }
        },
        html! {
            @for kept in wrong { div { (sentence(l, kept)) } }
            @if let Some(incident) = &product.last_incident {
                div.small {
                    (Say::IncidentLast.text(l)) " " (day(on(incident.opened_at)))
                    @if incident.closed_at.is_none() { " " (page::badge(Tone::Bad, Say::IncidentsOpen.text(l))) }
                }
            }
        },
        html! {
            (count(l, period.answered))
            @if before.answered > 0 { div.small { (Say::ReviewThen.with(l, &[&count(l, before.answered)])) } }
        },
        html! {
            (figure(l, Unit::Ms, period.p99_ms))
            @if let Some(ms) = before.p99_ms {
                div.small { (Say::ReviewThen.with(l, &[&took(l, Duration::from_secs_f64(ms.max(0.0) / 1000.0))])) }
            }
        },
        html! {
            (good)
            @if value.is_some() { div.small { (Say::ReviewValue.text(l)) " " (figure(l, Unit::Money, value)) } }
        },
        trained(l, product),
    ]
}

fn on(at: jiff::Timestamp) -> jiff::civil::Date {
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// When it was trained last, how that ended where it was not well, and what its version knows.
fn trained(l: Locale, product: &Reviewed) -> Markup {
    let learnt = product.version.as_ref().and_then(|version| version.as_of);
    let ended = |run: &LastRun| match &run.status {
        RunStatus::Done => None,
        RunStatus::Running => Some((Tone::Quiet, Say::RunRunning)),
        RunStatus::Failed { .. } => Some((Tone::Bad, Say::RunFailed)),
        RunStatus::Refused { .. } => Some((Tone::Warn, Say::RunRefused)),
    };
    html! {
        @if let Some(run) = &product.last_run {
            div {
                (day(on(run.started_at)))
                @if let Some((tone, say)) = ended(run) { " " (page::badge(tone, say.text(l))) }
            }
        } @else { span.unknown { "–" } }
        @if let Some(as_of) = learnt { div.small { (Say::ReviewLearnt.text(l)) " " (day(as_of.0)) } }
    }
}

/// A promise in a few words.
fn sentence(l: Locale, kept: &Kept) -> Markup {
    html! {
        (promise(l, kept)) ": "
        @if kept.measured.is_some() { (figure(l, kept.unit, kept.measured)) ", " (limit(l, kept)) " " }
        @if !kept.because.is_empty() { span.small { (french::marked(l, &kept.because)) } }
    }
}

/// Everything about one product.
fn one(l: Locale, review: &Review, product: &Reviewed) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::ReviewPromise)),
        words(say(Say::State)),
        figures(say(Say::ReviewPromised)),
        figures(say(Say::ReviewMeasured)),
        figures(say(Say::ReviewBefore)),
        figures(say(Say::ReviewLeft)),
        words(say(Say::ReviewWhy)),
    ];
    let rows: Vec<Vec<Markup>> = product
        .standing
        .iter()
        .map(|kept| {
            vec![
                html! { (promise(l, kept)) },
                badge(l, kept.state),
                limit(l, kept),
                figure(l, kept.unit, kept.measured),
                figure(l, kept.unit, kept.before),
                figure(l, Unit::Share, kept.budget_left),
                html! { @if !kept.because.is_empty() { (french::marked(l, &kept.because)) } },
            ]
        })
        .collect();
    let header = &product.header;
    html! {
        p { (badge(l, product.state)) " " (header.description) }
        p {
            @match &product.version {
                Some(version) => {
                    (Say::ReviewSince.with(l, &[&version.number.to_string(), ""])) (moment(version.since))
                }
                None => { (say(Say::ReviewNoVersion)) }
            }
        }
        p {
            (Say::ReviewOwner.with(l, &[&header.owner]))
            @if let Some(next) = &header.promises.escalation { " " (Say::ReviewEscalation.with(l, &[next])) }
        }
        section { h2 { (say(Say::ReviewPromises)) } (page::grid(say(Say::ReviewPromises), &heads, &rows)) }
        section { h2 { (say(Say::ReviewLed)) } (led(l, &product.live)) (expected(l, product)) (why(l, product)) }
        (of_inputs(l, review, product))
        @if let Some(next) = &product.next_training {
            section { h2 { (say(Say::ReviewNextTraining)) } p { (french::marked(l, &next.sentence())) } }
        }
        @if let Some(trial) = &product.trial {
            section { h2 { (say(Say::Trial)) } (of_trial(l, trial)) }
        }
        @if let Some(shadow) = &product.shadow {
            section { h2 { (say(Say::Shadow)) } (of_shadow(l, shadow)) }
        }
        p.small { (made(l, review)) }
    }
}

/// Why quality fell: a sentence, the parts that add up to it, what else changed then.
fn why(l: Locale, product: &Reviewed) -> Markup {
    html! {
        @if let Some(why) = &product.why {
            h3 { (Say::ReviewWhyFell.text(l)) }
            p.strong { (french::marked(l, &why.sentence)) }
            @if let Some(makes_room) = &product.makes_room {
                p { (french::marked(l, &makes_room.sentence())) }
            }
            @if !why.coincides.is_empty() {
                p { (Say::ReviewThenToo.text(l)) }
                ul { @for one in &why.coincides { li { (french::marked(l, one)) } } }
            }
            @if let Some(lineage) = &why.lineage {
                @let version = product.version.as_ref().map(|version| version.number);
                p { (french::marked(l, &lineage.sentence(&product.header.name, version))) }
            }
            @if let Some(split) = &why.split { (parts(l, split)) }
        }
    }
}

/// How the parts of a fall are called.
struct SayOfParts {
    mix: Say,
    relation: Say,
    within: Say,
    compared: Say,
}

impl SayOfParts {
    fn of(kinds: Kinds) -> Self {
        let (mix, relation, within, compared) = match kinds {
            Kinds::Lists => (
                Say::ReviewPartMix,
                Say::ReviewPartRelation,
                Say::ReviewPartTaken,
                Say::ReviewCompared,
            ),
            Kinds::Forecasts => (
                Say::ReviewPartForecast,
                Say::ReviewPartOff,
                Say::ReviewPartWithin,
                Say::ReviewComparedForecasts,
            ),
            Kinds::Orders => (
                Say::ReviewPartOrdered,
                Say::ReviewPartLasts,
                Say::ReviewPartWithin,
                Say::ReviewComparedOrders,
            ),
        };
        Self {
            mix,
            relation,
            within,
            compared,
        }
    }
}

/// The parts of a fall, each of the three with its own parts below.
fn parts(l: Locale, split: &Split) -> Markup {
    let points = |change: f64| l.fixed(100.0 * change, 1);
    let row = |name: Markup, part: &PartOfFall| {
        vec![
            name,
            html! { (points(part.change)) },
            html! { (points(part.low)) " – " (points(part.high)) },
            figure(l, Unit::Share, part.share),
        ]
    };
    let whole = |name: String, part: &PartOfFall| row(html! { span.strong { (name) } }, part);
    let named = |say: Say, part: &NamedPart| {
        let unknown = Say::ReviewPartUnknown.text(l);
        let name = if part.name.is_empty() {
            unknown.into()
        } else {
            french::told(l, &part.name)
        };
        row(html! { span.small { (say.with(l, &[&name])) } }, &part.part)
    };
    let of = &split.parts;
    let say = SayOfParts::of(split.of);
    let by = french::told(l, split.by.told());
    let mut rows = vec![
        whole(Say::ReviewPartAll.text(l).to_owned(), &of.change),
        whole(say.mix.with(l, &[&by]), &of.mix),
    ];
    let more = of.mix_by_segment.iter();
    rows.extend(more.map(|part| named(Say::ReviewPartMore, part)));
    if split.of == Kinds::Lists {
        rows.push(whole(Say::ReviewPartShown.text(l).to_owned(), &of.inputs));
    }
    let shows = of.inputs_by_feature.iter();
    rows.extend(shows.map(|part| named(Say::ReviewPartShows, part)));
    rows.push(whole(say.relation.text(l).to_owned(), &of.relation));
    for of in &split.columns {
        let name = Say::ReviewPartColumn.with(l, &[&of.name()]);
        rows.push(match &of.part {
            ColumnPart::Told(part) => row(html! { span.small { (name) } }, part),
            ColumnPart::NotApart => vec![
                html! { span.small { (name) } },
                html! {},
                html! { (Say::ReviewPartNotApart.text(l)) },
                html! {},
            ],
        });
    }
    if let Some(of) = &split.together {
        let name = Say::ReviewPartTogether.with(l, &[&of.names.join(l.choose(" and ", " et "))]);
        rows.push(row(html! { span.small { (name) } }, &of.part));
    }
    if !split.columns.is_empty() {
        let rest = Say::ReviewPartRest.text(l);
        rows.push(row(html! { span.small { (rest) } }, &split.rest));
    }
    let taken = of.relation_by_segment.iter();
    rows.extend(taken.map(|part| named(say.within, part)));
    let heads = [
        words(Say::ReviewPart.text(l)),
        figures(Say::ReviewPoints.text(l)),
        figures(Say::ReviewInterval.text(l)),
        figures(Say::ReviewShareOfFall.text(l)),
    ];
    let ((from, to), (since, until)) = (split.before, split.after);
    let compared = say.compared.with(
        l,
        &[
            &since.to_string(),
            &until.to_string(),
            &count(l, split.decisions.1),
            &from.to_string(),
            &to.to_string(),
            &count(l, split.decisions.0),
        ],
    );
    html! {
        (page::grid(Say::ReviewParts.text(l), &heads, &rows))
        p.small { (compared) }
    }
}

/// What waits for its outcomes will have led to; marked as what it is.
fn expected(l: Locale, product: &Reviewed) -> Markup {
    html! {
        @if let Some(expected) = &product.expected {
            (page::facts(&[(Say::ReviewExpected.text(l), estimate(l, &expected.good))]))
            p.small { (Say::ReviewExpectedIf.text(l)) }
        }
    }
}

fn led(l: Locale, live: &Live) -> Markup {
    match live {
        Live::NotJudged { because } => {
            html! { p { (Say::ReviewNotJudged.with(l, &[&french::told(l, because)])) } }
        }
        Live::Unknown { why, pending } => {
            html! { p { (Say::ReviewNotYet.with(l, &[&why_not(l, why), &count(l, *pending)])) } }
        }
        Live::Measured(live) => measured(l, live),
    }
}

/// Quality at the positions of launch.
fn of_positions(l: Locale, at: &AtPositions, facts: &mut Vec<(&str, Markup)>) {
    match at {
        AtPositions::Unknown { why } => {
            let told = Say::NotMeasurable.with(l, &[&why_not(l, why)]);
            facts.push((
                Say::ReviewPositions.text(l),
                html! { span.unknown { (told) } },
            ));
        }
        AtPositions::Compared(of) => {
            let told = [
                count(l, u64::from(of.told)),
                count(l, u64::from(of.of)),
                l.fixed(of.items, 1),
                l.fixed(of.items_at_launch, 1),
            ];
            let told = Say::ReviewPositionsTold.with(l, &told.each_ref().map(String::as_str));
            facts.extend([
                (Say::ReviewPositions.text(l), estimate(l, &of.good)),
                (
                    Say::ReviewPositionsLaunch.text(l),
                    estimate(l, &of.at_launch),
                ),
                (Say::ReviewPositionsChange.text(l), estimate(l, &of.change)),
            ]);
            if of.baseline.point().is_some() {
                facts.push((
                    Say::ReviewPositionsBaseline.text(l),
                    estimate(l, &of.baseline),
                ));
            }
            facts.push((Say::ReviewPositionsCompared.text(l), html! { (told) }));
        }
    }
}

fn measured(l: Locale, live: &Measured) -> Markup {
    let (first, last) = live.launch_days;
    let launch = Say::ReviewLaunch.with(l, &[&first.to_string(), &last.to_string()]);
    let mut facts = vec![
        (Say::ReviewGood.text(l), estimate(l, &live.good)),
        (launch.as_str(), estimate(l, &live.at_launch)),
        (
            Say::ReviewAllowed.text(l),
            html! { (percent(l, live.allowed)) },
        ),
    ];
    if live.holds_out() {
        facts.push((Say::ReviewBaseline.text(l), estimate(l, &live.baseline)));
    }
    if let Some(at) = &live.at_positions {
        of_positions(l, at, &mut facts);
    }
    if let Some(season) = &live.season {
        let told = french::marked(l, &season.sentence());
        facts.push((Say::ReviewSeason.text(l), told));
    }
    if let Some(errors) = &live.errors {
        if let (Some(wape), Some(naive)) = (errors.wape, errors.naive_wape) {
            let told = [
                percent(l, wape),
                percent(l, naive),
                count(l, errors.forecasts),
            ];
            let told = Say::ReviewErrorsTold.with(l, &told.each_ref().map(String::as_str));
            facts.push((Say::ReviewErrors.text(l), html! { (told) }));
        }
        facts.push((Say::ReviewBias.text(l), html! { (percent(l, errors.bias)) }));
    }
    facts.push((
        Say::ReviewPending.text(l),
        html! { (count(l, live.pending)) },
    ));
    let title = Say::ReviewDaily.text(l).to_owned();
    let line = |label: Say, value: &dyn Fn(f64) -> f64| Series {
        label: label.text(l).to_owned(),
        values: live
            .days
            .iter()
            .map(|(_, good)| Some(100.0 * value(*good)))
            .collect(),
    };
    let chart = LineChart {
        title: title.clone(),
        unit: "%".to_owned(),
        labels: live.days.iter().map(|(day, _)| day.to_string()).collect(),
        series: vec![
            line(Say::ReviewQuality, &|good| good),
            line(Say::ReviewAllowed, &|_| live.allowed),
        ],
        from_zero: true,
    };
    html! {
        p { (french::marked(l, &live.what)) }
        @if let Some(fell) = live.fell { p.strong { (page::badge(Tone::Bad, Say::ReviewBroken.text(l))) " " (french::marked(l, &fell.to_string())) } }
        (page::facts(&facts))
        div.figures { (page::figure(&title, &line_chart(&chart, l))) }
    }
}
