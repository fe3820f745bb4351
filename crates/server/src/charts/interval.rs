//! Estimates with their intervals, beside the value to beat.

use super::locale::Locale;
use super::scale::Axis;
use super::svg::{Anchor, Drawing, LINE, WIDTH, escape, fit, inside, place, text_width};

/// Height of a row: its label, its interval and the space after.
const ROW: f64 = LINE * 2.0 + 8.0;

/// A point with its interval, `low` ≤ `point` ≤ `high`. What is exact is its own interval, and is shown without one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate itself.
    pub point: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    fn is_exact(self) -> bool {
        self.low == self.high
    }
}

/// One estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalRow {
    /// Stands above the interval.
    pub label: String,
    /// None, or one with a non-finite number, is unknown.
    pub estimate: Option<Estimate>,
    /// Why the estimate is unknown; may be empty.
    pub note: String,
}

/// A value to compare with, drawn across all rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where it stands.
    pub value: f64,
    /// What it is: "no effect", "today's rule".
    pub label: String,
}

/// Estimates on a common axis.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalChart {
    /// What is shown.
    pub title: String,
    /// Unit of every value: "€", "%", "days", or empty.
    pub unit: String,
    /// What the intervals promise: "95 % interval".
    pub promise: String,
    /// The estimates, from top to bottom.
    pub rows: Vec<IntervalRow>,
    /// The value to compare with, if any.
    pub baseline: Option<Mark>,
}

/// Draws one interval per row; an interval that holds the baseline has a hollow point, one clear of
/// it a full point, so that the difference does not hang on colour.
pub fn interval_chart(chart: &IntervalChart, locale: Locale) -> String {
    let known: Vec<Option<Estimate>> = chart
        .rows
        .iter()
        .map(|row| {
            row.estimate
                .filter(|e| e.point.is_finite() && e.low.is_finite() && e.high.is_finite())
        })
        .collect();
    let mark = chart.baseline.as_ref().filter(|m| m.value.is_finite());
    let description = describe(chart, &known, mark, locale);
    let mut drawing = Drawing::new();
    let values = known
        .iter()
        .flatten()
        .flat_map(|e| [e.point, e.low, e.high]);
    let (left, right) = (14.0, WIDTH - 14.0);
    let Some(axis) = Axis::over(values.chain(mark.map(|m| m.value)), left, right, 4) else {
        drawing.text(
            WIDTH / 2.0,
            40.0,
            Anchor::Middle,
            "quiet",
            locale.nothing_known(),
        );
        return drawing.finish(&chart.title, &description, 70.0);
    };
    let top = if mark.is_some() { LINE + 2.0 } else { 0.0 };
    let bottom = top + chart.rows.len() as f64 * ROW;
    for &tick in &axis.ticks {
        let at = axis.at(tick);
        for band in bands(top, &known) {
            drawing.line((at, band.0), (at, band.1), "class=\"grid\"");
        }
        let number = locale.fixed(tick, axis.decimals);
        let at = inside(at, &number);
        drawing.text(at, bottom + LINE, Anchor::Middle, "quiet", &number);
    }
    if let Some(mark) = mark {
        let at = axis.at(mark.value);
        for band in bands(top, &known) {
            let attributes = "stroke-dasharray=\"4 3\" stroke-width=\"1.5\"";
            drawing.line((at, band.0), (at, band.1), attributes);
        }
        drawing.text(
            inside(at, &mark.label),
            LINE - 4.0,
            Anchor::Middle,
            "",
            &fit(&mark.label, WIDTH),
        );
    }
    for (i, (row, estimate)) in chart.rows.iter().zip(&known).enumerate() {
        one(
            &mut drawing,
            chart,
            row,
            *estimate,
            &axis,
            top + i as f64 * ROW,
            locale,
        );
    }
    let footer = [chart.unit.as_str(), chart.promise.as_str()]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    drawing.text(
        0.0,
        bottom + LINE * 2.0 + 3.0,
        Anchor::Start,
        "quiet",
        &fit(&footer, WIDTH),
    );
    drawing.finish(&chart.title, &description, bottom + LINE * 2.6)
}

/// Top and bottom of the space of each known interval, under its label: lines across the chart stop
/// at the text.
fn bands(top: f64, known: &[Option<Estimate>]) -> Vec<(f64, f64)> {
    let rows = known.iter().enumerate().filter(|(_, e)| e.is_some());
    rows.map(|(i, _)| top + i as f64 * ROW)
        .map(|row| (row + LINE + 1.0, row + LINE + 18.0))
        .collect()
}

fn said(row: &IntervalRow, estimate: Option<Estimate>, unit: &str, locale: Locale) -> String {
    match estimate {
        Some(e) if e.is_exact() => locale.with_unit(e.point, unit),
        Some(e) => format!(
            "{} ({})",
            locale.with_unit(e.point, unit),
            locale.interval(e.low, e.high, unit)
        ),
        None if row.note.is_empty() => locale.unknown().to_owned(),
        None => format!("{}{}{}", locale.unknown(), locale.colon(), row.note),
    }
}

fn one(
    drawing: &mut Drawing,
    chart: &IntervalChart,
    row: &IntervalRow,
    estimate: Option<Estimate>,
    axis: &Axis,
    top: f64,
    locale: Locale,
) {
    let text = said(row, estimate, &chart.unit, locale);
    let base = top + LINE - 2.0;
    let Some(e) = estimate else {
        drawing.text(0.0, base, Anchor::Start, "", &fit(&row.label, WIDTH));
        drawing.text(0.0, base + LINE, Anchor::Start, "quiet", &fit(&text, WIDTH));
        return;
    };
    let room = WIDTH - text_width(&text) - 10.0;
    drawing.text(0.0, base, Anchor::Start, "", &fit(&row.label, room));
    drawing.text(WIDTH, base, Anchor::End, "", &text);
    let y = top + LINE + 9.0;
    let (low, point, high) = (axis.at(e.low), axis.at(e.point), axis.at(e.high));
    let clear = match &chart.baseline {
        Some(mark) => e.low > mark.value || e.high < mark.value,
        None => true,
    };
    let fill = if clear {
        "fill=\"currentColor\""
    } else {
        "fill=\"none\""
    };
    let bar = if e.is_exact() {
        String::new()
    } else {
        format!(
            "<path fill=\"none\" d=\"M{l} {a}V{b}M{h} {a}V{b}M{l} {c}H{p0}M{p1} {c}H{h}\"/>",
            l = place(low),
            h = place(high),
            p0 = place((point - 4.5).max(low)),
            p1 = place((point + 4.5).min(high)),
            a = place(y - 5.0),
            b = place(y + 5.0),
            c = place(y),
        )
    };
    drawing.add(format_args!(
        "<g class=\"mark s0\" stroke=\"currentColor\" stroke-width=\"2\"><title>{}</title>\
         {bar}<circle cx=\"{}\" cy=\"{}\" r=\"4.5\" {fill}/></g>",
        escape(&format!("{}{}{text}", row.label, locale.colon())),
        place(point),
        place(y),
    ));
}

fn describe(
    chart: &IntervalChart,
    known: &[Option<Estimate>],
    mark: Option<&Mark>,
    locale: Locale,
) -> String {
    let mut parts: Vec<String> = Vec::new();
    if !chart.promise.is_empty() {
        parts.push(chart.promise.clone());
    }
    if let Some(mark) = mark {
        let value = locale.with_unit(mark.value, &chart.unit);
        parts.push(format!("{}{}{value}", mark.label, locale.colon()));
    }
    for (row, estimate) in chart.rows.iter().zip(known) {
        let text = said(row, *estimate, &chart.unit, locale);
        parts.push(format!("{}{}{text}", row.label, locale.colon()));
    }
    parts.join(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(estimates: &[Option<[f64; 3]>]) -> String {
        let rows = estimates
            .iter()
            .map(|estimate| IntervalRow {
                label: "offer".to_owned(),
                estimate: estimate.map(|[low, point, high]| Estimate { point, low, high }),
                note: String::new(),
            })
            .collect();
        let chart = IntervalChart {
            title: "Effect".to_owned(),
            unit: "€".to_owned(),
            promise: "95% interval".to_owned(),
            rows,
            baseline: Some(Mark {
                value: 0.0,
                label: "no effect".to_owned(),
            }),
        };
        interval_chart(&chart, Locale::English)
    }

    #[test]
    fn an_interval_that_holds_the_baseline_has_a_hollow_point() {
        let clear = chart(&[Some([0.1, 0.5, 0.9])]);
        assert!(clear.contains("r=\"4.5\" fill=\"currentColor\""));
        let unclear = chart(&[Some([-0.1, 0.5, 0.9])]);
        assert!(unclear.contains("r=\"4.5\" fill=\"none\""));
    }

    #[test]
    fn an_unknown_estimate_has_no_mark() {
        let svg = chart(&[None, Some([f64::NAN, 1.0, 2.0])]);
        assert_eq!(svg.matches("<circle").count(), 0);
        assert_eq!(svg.matches(">unknown</text>").count(), 2);
    }

    #[test]
    fn the_figures_are_written_beside_the_interval() {
        let svg = chart(&[Some([0.11, 0.5, 0.93])]);
        assert!(svg.contains("€0.5 (€0.11 to €0.93)"), "{svg}");
        assert!(svg.contains("95% interval"));
    }

    #[test]
    fn an_exact_figure_stands_alone() {
        let svg = chart(&[Some([0.5, 0.5, 0.5])]);
        assert!(
            svg.contains("offer: €0.5</title><circle") && !svg.contains("€0.5 ("),
            "{svg}"
        );
    }

    #[test]
    fn numbers_of_the_axis_are_inside_the_drawing() {
        let svg = chart(&[Some([-123_456.0, 0.0, 123_456.0])]);
        let mut seen = 0;
        for text in svg.split("<text").filter(|t| t.contains("middle")) {
            let x = text.split(" x=\"").nth(1).unwrap();
            let x: f64 = x.split('"').next().unwrap().parse().unwrap();
            let number = text.split('>').nth(1).unwrap().split('<').next().unwrap();
            let half = text_width(number) / 2.0;
            // A place is written with one decimal.
            assert!(
                half <= x + 0.1 && x - 0.1 <= WIDTH - half,
                "{number} at {x}"
            );
            seen += usize::from(number.contains("00,000"));
        }
        assert!(seen >= 2, "{svg}");
    }
}
