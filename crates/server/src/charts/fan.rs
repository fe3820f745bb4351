//! What was, and what is expected to come with its intervals.

use super::frame::Frame;
use super::interval::Estimate;
use super::locale::Locale;
use super::scale::Axis;
use super::svg::{Anchor, DASHES, Drawing, LINE, WIDTH, escape, place, text_width};

/// Most periods ahead that are told one by one to who does not see; of more, the first and the last.
const TOLD_MAX: usize = 31;

/// Half the height and width of a sign on the axis.
const SIGN: f64 = 3.0;

/// Room of a sample in the legend.
const SAMPLE: f64 = 26.0;

/// The words of a fan, in the language of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanWords {
    /// What was: "sold".
    pub past: String,
    /// What is to come: "expected".
    pub ahead: String,
    /// What the band is: "likely range".
    pub band: String,
    /// What a sign on the axis says of its label: "out of stock".
    pub sign: String,
}

/// A line up to today and a fan after it.
#[derive(Debug, Clone, PartialEq)]
pub struct FanChart {
    /// What is shown.
    pub title: String,
    /// Unit of every value: "€", "%", "days", or empty.
    pub unit: String,
    /// The words of the legend.
    pub words: FanWords,
    /// Labels of the horizontal axis, in order: those of the past, then those ahead.
    pub labels: Vec<String>,
    /// What was; None or a non-finite number leaves a gap.
    pub past: Vec<Option<f64>>,
    /// What is expected, after the past; None leaves a gap.
    pub ahead: Vec<Option<Estimate>>,
    /// Places of labels that carry a sign on the axis.
    pub signs: Vec<usize>,
}

/// Draws the past as a line and what is to come as a broken line in a band. The vertical axis holds zero.
pub fn fan_chart(chart: &FanChart, locale: Locale) -> String {
    let past: Vec<Option<f64>> = chart
        .past
        .iter()
        .map(|v| v.filter(|v| v.is_finite()))
        .collect();
    let whole = |e: &Estimate| e.point.is_finite() && e.low.is_finite() && e.high.is_finite();
    let ahead: Vec<Option<Estimate>> = chart.ahead.iter().map(|e| e.filter(whole)).collect();
    let description = describe(chart, &past, &ahead, locale);
    let mut drawing = Drawing::new();
    let (top, bottom) = (LINE * 1.6, 210.0);
    let spans = ahead
        .iter()
        .flatten()
        .flat_map(|e| [e.low, e.point, e.high]);
    let values = past.iter().flatten().copied().chain(spans);
    let known = past.iter().any(Option::is_some) || ahead.iter().any(Option::is_some);
    let axis = Axis::over(values.chain([0.0]), bottom, top, 4).filter(|_| known);
    let Some(y) = axis else {
        let nothing = locale.nothing_known();
        drawing.text(WIDTH / 2.0, 40.0, Anchor::Middle, "quiet", nothing);
        return drawing.finish(&chart.title, &description, 70.0);
    };
    let frame = Frame::around(&y, chart.labels.len(), 0.0, locale);
    frame.axes(&mut drawing, &chart.unit, &chart.labels, &y, locale);
    let from = past.len();
    today(&mut drawing, chart, &frame, from, top);
    let band = bands(&frame, &y, from, &ahead);
    drawing.add(format_args!(
        "<path class=\"s1\" d=\"{band}\" fill=\"currentColor\" fill-opacity=\".2\"/>"
    ));
    let points: Vec<Option<f64>> = ahead.iter().map(|e| e.map(|e| e.point)).collect();
    line(&mut drawing, &frame, &y, 0, (0, &past));
    line(&mut drawing, &frame, &y, 1, (from, &points));
    let sold = past.iter().enumerate().filter_map(|(at, v)| {
        let told = locale.with_unit((*v)?, &chart.unit);
        Some((at, (*v)?, format!("{}, {told}", chart.words.past)))
    });
    let expected = ahead.iter().enumerate().filter_map(|(at, e)| {
        let e = (*e)?;
        let told = locale.with_unit(e.point, &chart.unit);
        let range = locale.interval(e.low, e.high, &chart.unit);
        let text = format!("{}, {told} ({range})", chart.words.ahead);
        Some((from + at, e.point, text))
    });
    for (at, value, text) in sold.chain(expected) {
        let label = chart.labels.get(at).map_or("", String::as_str);
        let title = escape(&format!("{label}{}{text}", locale.colon()));
        let (x, y) = (place(frame.x(at)), place(y.at(value)));
        drawing.add(format_args!(
            "<circle class=\"catch\" fill=\"transparent\" cx=\"{x}\" cy=\"{y}\" r=\"8\"><title>{title}</title></circle>"
        ));
    }
    for at in &chart.signs {
        let label = chart.labels.get(*at).map_or("", String::as_str);
        let title = format!("{label}{}{}", locale.colon(), chart.words.sign);
        sign(
            &mut drawing,
            frame.x(*at),
            frame.bottom - SIGN - 2.0,
            &title,
        );
    }
    let height = legend(&mut drawing, chart, bottom + LINE * 2.4);
    drawing.finish(&chart.title, &description, height)
}

/// The border between what was and what is to come.
fn today(drawing: &mut Drawing, chart: &FanChart, frame: &Frame, from: usize, top: f64) {
    if from == 0 || from >= chart.labels.len() {
        return;
    }
    let at = f64::midpoint(frame.x(from - 1), frame.x(from));
    let attributes = "class=\"quiet\" stroke-dasharray=\"2 3\"";
    drawing.line((at, top - 4.0), (at, frame.bottom), attributes);
    let word = &chart.words.ahead;
    let fits = at + 4.0 + text_width(word) < WIDTH;
    let (x, anchor) = if fits {
        (at + 4.0, Anchor::Start)
    } else {
        (at - 4.0, Anchor::End)
    };
    drawing.text(x, top - 8.0, anchor, "quiet", word);
}

/// One polygon for each run of known intervals.
fn bands(frame: &Frame, y: &Axis, from: usize, ahead: &[Option<Estimate>]) -> String {
    let mut path = String::new();
    let mut at = 0;
    for run in ahead.chunk_by(|a, b| a.is_some() == b.is_some()) {
        let known: Vec<(f64, &Estimate)> = (at..)
            .zip(run.iter().flatten())
            .map(|(n, e)| (frame.x(from + n), e))
            .collect();
        at += run.len();
        // An interval between two gaps would have no width.
        let corners: Vec<(f64, &Estimate)> = match known.as_slice() {
            [(x, alone)] => vec![(x - 2.0, *alone), (x + 2.0, *alone)],
            several => several.to_vec(),
        };
        let upper = corners.iter().map(|(x, e)| (*x, e.high));
        let lower = corners.iter().rev().map(|(x, e)| (*x, e.low));
        for (n, (x, value)) in upper.chain(lower).enumerate() {
            let letter = if n == 0 { "M" } else { "L" };
            path.push_str(&format!("{letter}{} {}", place(x), place(y.at(value))));
        }
        if !corners.is_empty() {
            path.push('Z');
        }
    }
    path
}

/// One line, broken at gaps; a value between two gaps is a dot.
fn line(
    drawing: &mut Drawing,
    frame: &Frame,
    y: &Axis,
    series: usize,
    (from, values): (usize, &[Option<f64>]),
) {
    let (mut path, mut dots) = (String::new(), String::new());
    let known = |at: usize| values.get(at).copied().flatten().is_some();
    for (at, value) in values.iter().enumerate() {
        let Some(value) = *value else { continue };
        let (px, py) = (place(frame.x(from + at)), place(y.at(value)));
        let starts = at == 0 || !known(at - 1);
        path.push_str(&format!("{}{px} {py}", if starts { "M" } else { "L" }));
        if starts && !known(at + 1) {
            dots.push_str(&format!(
                "<circle cx=\"{px}\" cy=\"{py}\" r=\"2.2\" fill=\"currentColor\"/>"
            ));
        }
    }
    let dash = DASHES[series];
    drawing.add(format_args!(
        "<g class=\"s{series}\"><path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" \
         stroke-linejoin=\"round\" stroke-dasharray=\"{dash}\"/>{dots}</g>"
    ));
}

fn sign(drawing: &mut Drawing, x: f64, y: f64, title: &str) {
    let (l, r, t, b) = (x - SIGN, x + SIGN, y - SIGN, y + SIGN);
    let (l, r, t, b) = (place(l), place(r), place(t), place(b));
    let title = escape(title);
    drawing.add(format_args!(
        "<g class=\"s4 mark\" stroke=\"currentColor\" stroke-width=\"1.6\"><title>{title}</title>\
         <path fill=\"none\" d=\"M{l} {t}L{r} {b}\"/><path fill=\"none\" d=\"M{l} {b}L{r} {t}\"/></g>"
    ));
}

/// Samples with their words, in as many lines as they take; the height of the drawing with them.
fn legend(drawing: &mut Drawing, chart: &FanChart, top: f64) -> f64 {
    let words = &chart.words;
    let mut entries: Vec<(usize, &str)> = Vec::new();
    if chart.past.iter().any(Option::is_some) {
        entries.push((0, &words.past));
    }
    if chart.ahead.iter().any(Option::is_some) {
        entries.extend([(1, words.ahead.as_str()), (2, words.band.as_str())]);
    }
    if !chart.signs.is_empty() {
        entries.push((3, &words.sign));
    }
    let (mut x, mut y) = (0.0, top + LINE);
    for (sample, word) in entries {
        let width = SAMPLE + text_width(word) + 16.0;
        if x > 0.0 && x + width > WIDTH {
            (x, y) = (0.0, y + LINE + 3.0);
        }
        let middle = y - 4.0;
        match sample {
            2 => drawing.add(format_args!(
                "<rect class=\"s1\" x=\"{}\" y=\"{}\" width=\"20\" height=\"10\" fill=\"currentColor\" fill-opacity=\".2\"/>",
                place(x),
                place(middle - 5.0)
            )),
            3 => sign(drawing, x + 10.0, middle, word),
            line => {
                let attributes = format!(
                    "class=\"s{line}\" stroke-width=\"2\" stroke-dasharray=\"{}\"",
                    DASHES[line]
                );
                drawing.line((x, middle), (x + 20.0, middle), &attributes);
            }
        }
        drawing.text(x + SAMPLE, y, Anchor::Start, "quiet", word);
        x += width;
    }
    y + LINE * 0.6
}

/// The figures in words: the span of the past, and what is expected of each period.
fn describe(
    chart: &FanChart,
    past: &[Option<f64>],
    ahead: &[Option<Estimate>],
    locale: Locale,
) -> String {
    let label = |at: usize| chart.labels.get(at).map_or("", String::as_str);
    let mut parts: Vec<String> = Vec::new();
    let known: Vec<f64> = past.iter().filter_map(|v| *v).collect();
    let unit = |value: f64| locale.with_unit(value, &chart.unit);
    if let Some(last) = known.last() {
        let low = known.iter().copied().fold(f64::INFINITY, f64::min);
        let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        parts.push(format!(
            "{}, {} {} {}{}{} {}, {} {}, {} {}",
            chart.words.past,
            label(0),
            locale.choose("to", "à"),
            label(past.len().saturating_sub(1)),
            locale.colon(),
            locale.choose("lowest", "minimum"),
            unit(low),
            locale.choose("highest", "maximum"),
            unit(high),
            locale.choose("last", "dernière valeur"),
            unit(*last),
        ));
    }
    let told = |at: usize| ahead.len() <= TOLD_MAX || at == 0 || at + 1 == ahead.len();
    for (at, e) in ahead.iter().enumerate().filter(|(at, _)| told(*at)) {
        if let Some(e) = e {
            let range = locale.interval(e.low, e.high, &chart.unit);
            let of = label(past.len() + at);
            parts.push(format!("{of}{}{} ({range})", locale.colon(), unit(e.point)));
        }
    }
    if !chart.signs.is_empty() {
        let named: Vec<&str> = chart.signs.iter().map(|at| label(*at)).collect();
        let sign = &chart.words.sign;
        parts.push(format!("{sign}{}{}", locale.colon(), named.join(", ")));
    }
    parts.join(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(low: f64, point: f64, high: f64) -> Option<Estimate> {
        Some(Estimate { point, low, high })
    }

    fn chart(past: &[Option<f64>], ahead: &[Option<Estimate>], signs: &[usize]) -> FanChart {
        FanChart {
            title: "Tea".to_owned(),
            unit: "€".to_owned(),
            words: FanWords {
                past: "sold".to_owned(),
                ahead: "expected".to_owned(),
                band: "likely <range>".to_owned(),
                sign: "out of stock".to_owned(),
            },
            labels: (1..=past.len() + ahead.len())
                .map(|n| format!("day {n}"))
                .collect(),
            past: past.to_vec(),
            ahead: ahead.to_vec(),
            signs: signs.to_vec(),
        }
    }

    /// Letters of the path of the band.
    fn band(svg: &str) -> String {
        let path = svg.split("<path class=\"s1\" d=\"").nth(1).unwrap();
        let path = path.split('"').next().unwrap();
        path.chars().filter(char::is_ascii_alphabetic).collect()
    }

    #[test]
    fn a_closed_day_breaks_the_band_and_the_line_and_is_no_zero() {
        let ahead = [
            estimate(1.0, 2.0, 3.0),
            estimate(1.0, 2.0, 4.0),
            None,
            estimate(0.0, 1.0, 2.0),
        ];
        let svg = fan_chart(
            &chart(&[Some(5.0), None, Some(f64::NAN)], &ahead, &[]),
            Locale::English,
        );
        assert_eq!(band(&svg), "MLLLZMLLLZ");
        assert_eq!(svg.matches("class=\"catch\"").count(), 1 + 3);
        assert!(!svg.contains("NaN") && !svg.contains("day 2:"), "{svg}");
        // What stands alone between gaps is seen.
        assert_eq!(svg.matches("r=\"2.2\"").count(), 2);
    }

    #[test]
    fn every_figure_can_be_read_without_sight_and_on_hover() {
        let past = [Some(5.0), Some(7.5)];
        let svg = fan_chart(
            &chart(&past, &[estimate(4.0, 6.0, 9.0)], &[1]),
            Locale::French,
        );
        assert!(svg.contains("<title>day 3\u{a0}: expected, 6\u{a0}€ (4 à 9\u{a0}€)</title>"));
        assert!(
            svg.contains("<title>day 2\u{a0}: out of stock</title>"),
            "{svg}"
        );
        let said = svg.split("<desc>").nth(1).unwrap();
        let said = said.split("</desc>").next().unwrap();
        for part in [
            "sold, day 1 à day 2",
            "maximum 7,5",
            "day 3\u{a0}: 6\u{a0}€ (4 à 9\u{a0}€)",
            "out of stock\u{a0}: day 2",
        ] {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
        assert!(svg.contains("likely &lt;range&gt;") && svg.contains("role=\"img\""));
    }

    #[test]
    fn nothing_known_says_so_and_only_what_is_drawn_has_a_legend() {
        let nothing = fan_chart(&chart(&[None], &[None], &[]), Locale::English);
        assert!(nothing.contains("No value"), "{nothing}");
        let past = fan_chart(&chart(&[Some(1.0)], &[None], &[]), Locale::English);
        assert!(
            past.contains(">sold</text>") && !past.contains("likely"),
            "{past}"
        );
    }
}
