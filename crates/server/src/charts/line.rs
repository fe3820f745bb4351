//! Values over time or over any ordered labels.

use super::frame::Frame;
use super::locale::Locale;
use super::scale::Axis;
use super::svg::{Anchor, DASHES, Drawing, LINE, WIDTH, escape, fit, marker, place, text_width};

/// Most points of a series that each get a marker; beyond, only ends of gaps and the last point.
const MARKERS_MAX: usize = 24;

/// Room for labels beside the ends of lines.
const LABEL_ROOM_MAX: f64 = 110.0;

/// One line. An unknown value leaves a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Stands beside the end of the line.
    pub label: String,
    /// One per label of the chart; None or a non-finite number is unknown.
    pub values: Vec<Option<f64>>,
}

/// Lines over common labels.
#[derive(Debug, Clone, PartialEq)]
pub struct LineChart {
    /// What is shown.
    pub title: String,
    /// Unit of every value: "€", "%", "days", or empty.
    pub unit: String,
    /// Labels of the horizontal axis, in order.
    pub labels: Vec<String>,
    /// The lines; six are told apart without colour.
    pub series: Vec<Series>,
    /// Whether the vertical axis starts at zero.
    pub from_zero: bool,
}

/// Draws lines; unknown values are gaps and are counted under the chart.
pub fn line_chart(chart: &LineChart, locale: Locale) -> String {
    let known = |v: &Option<f64>| v.filter(|v| v.is_finite());
    let lines: Vec<Vec<Option<f64>>> = chart
        .series
        .iter()
        .map(|s| {
            (0..chart.labels.len())
                .map(|i| s.values.get(i).and_then(known))
                .collect()
        })
        .collect();
    let unknown = lines.iter().flatten().filter(|v| v.is_none()).count();
    let description = describe(chart, &lines, unknown, locale);
    let mut drawing = Drawing::new();
    let (top, bottom) = (LINE * 1.6, 190.0);
    let zero = chart.from_zero.then_some(0.0);
    let values = lines.iter().flatten().filter_map(|v| *v);
    let Some(y) = Axis::over(values.chain(zero), bottom, top, 4) else {
        drawing.text(
            WIDTH / 2.0,
            40.0,
            Anchor::Middle,
            "quiet",
            locale.nothing_known(),
        );
        return drawing.finish(&chart.title, &description, 70.0);
    };
    let widest = chart.series.iter().map(|s| text_width(&s.label));
    let room = widest.fold(0.0, f64::max).min(LABEL_ROOM_MAX);
    let frame = Frame::around(&y, chart.labels.len(), room, locale);
    frame.axes(&mut drawing, &chart.unit, &chart.labels, &y, locale);
    for (s, values) in lines.iter().enumerate() {
        line(&mut drawing, chart, &frame, &y, s, values, locale);
    }
    end_labels(&mut drawing, chart, &frame, &y, &lines);
    let mut height = bottom + LINE * 1.6;
    if unknown > 0 {
        height += LINE;
        let note = locale.unknown_note(unknown);
        drawing.text(frame.left, height - 3.0, Anchor::Start, "quiet", &note);
    }
    drawing.finish(&chart.title, &description, height)
}

/// One line, broken at unknown values, with markers and texts on hover.
fn line(
    drawing: &mut Drawing,
    chart: &LineChart,
    frame: &Frame,
    y: &Axis,
    series: usize,
    values: &[Option<f64>],
    locale: Locale,
) {
    let mut path = String::new();
    let mut marks = String::new();
    let at = |i: usize| values.get(i).copied().flatten();
    let last = values.iter().rposition(Option::is_some);
    for (i, value) in values.iter().enumerate() {
        let Some(value) = *value else { continue };
        let (px, py) = (frame.x(i), y.at(value));
        let after_gap = i == 0 || at(i - 1).is_none();
        path.push_str(if after_gap { "M" } else { "L" });
        path.push_str(&format!("{} {}", place(px), place(py)));
        let of = match chart.series[series].label.as_str() {
            "" => String::new(),
            label => format!("{label}, "),
        };
        let title = format!(
            "{of}{}{}{}",
            chart.labels[i],
            locale.colon(),
            locale.with_unit(value, &chart.unit)
        );
        let alone = after_gap && at(i + 1).is_none();
        if values.len() <= MARKERS_MAX || alone || last == Some(i) {
            marks.push_str(&marker(series, px, py, &title));
        }
        // A larger place to catch the pointer than the mark itself.
        marks.push_str(&format!(
            "<circle class=\"catch\" fill=\"transparent\" cx=\"{}\" cy=\"{}\" r=\"8\"><title>{}</title></circle>",
            place(px),
            place(py),
            escape(&title)
        ));
    }
    let dash = DASHES[series % DASHES.len()];
    drawing.add(format_args!(
        "<g class=\"s{}\"><path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" \
         stroke-linejoin=\"round\" stroke-dasharray=\"{dash}\"/>{marks}</g>",
        series % DASHES.len()
    ));
}

/// Names beside the ends of lines, moved apart where lines end close together.
fn end_labels(
    drawing: &mut Drawing,
    chart: &LineChart,
    frame: &Frame,
    y: &Axis,
    lines: &[Vec<Option<f64>>],
) {
    let mut ends: Vec<(f64, usize)> = lines
        .iter()
        .enumerate()
        .filter_map(|(s, values)| {
            let value = values.iter().rev().find_map(|v| *v)?;
            Some((y.at(value) + 4.0, s))
        })
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for i in 1..ends.len() {
        ends[i].0 = ends[i].0.max(ends[i - 1].0 + LINE - 1.0);
    }
    // What was pushed below the axis moves back up.
    let mut limit = frame.bottom + 2.0;
    for end in ends.iter_mut().rev() {
        end.0 = end.0.min(limit);
        limit = end.0 - LINE + 1.0;
    }
    for (at, series) in ends {
        let label = fit(&chart.series[series].label, WIDTH - frame.right - 10.0);
        let class = format!("s{}", series % DASHES.len());
        drawing.text(frame.right + 8.0, at, Anchor::Start, &class, &label);
    }
}

fn describe(
    chart: &LineChart,
    lines: &[Vec<Option<f64>>],
    unknown: usize,
    locale: Locale,
) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let (Some(first), Some(last)) = (chart.labels.first(), chart.labels.last()) {
        parts.push(format!(
            "{} {first} {} {last}",
            locale.choose("From", "De"),
            locale.choose("to", "à")
        ));
    }
    for (series, values) in chart.series.iter().zip(lines) {
        let known: Vec<f64> = values.iter().filter_map(|v| *v).collect();
        let said = match known.last() {
            None => locale.unknown().to_owned(),
            Some(&last) => {
                let low = known.iter().copied().fold(f64::INFINITY, f64::min);
                let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                format!(
                    "{} {}, {} {}, {} {}",
                    locale.choose("lowest", "minimum"),
                    locale.with_unit(low, &chart.unit),
                    locale.choose("highest", "maximum"),
                    locale.with_unit(high, &chart.unit),
                    locale.choose("last", "dernière valeur"),
                    locale.with_unit(last, &chart.unit)
                )
            }
        };
        parts.push(match series.label.as_str() {
            "" => said,
            label => format!("{label}{}{said}", locale.colon()),
        });
    }
    if unknown > 0 {
        parts.push(locale.unknown_note(unknown));
    }
    parts.join(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[Option<f64>]) -> LineChart {
        LineChart {
            title: "Orders".to_owned(),
            unit: "%".to_owned(),
            labels: (1..=values.len()).map(|i| format!("day {i}")).collect(),
            series: vec![Series {
                label: "A & B".to_owned(),
                values: values.to_vec(),
            }],
            from_zero: false,
        }
    }

    #[test]
    fn an_unknown_value_is_a_gap_and_not_a_zero() {
        let svg = line_chart(
            &chart(&[Some(4.0), Some(5.0), None, Some(f64::NAN), Some(6.0)]),
            Locale::English,
        );
        // Two pieces of line, three marks, and the note.
        let path = svg.split("<path d=\"").nth(1).unwrap();
        assert_eq!(path.split('"').next().unwrap().matches('M').count(), 2);
        assert_eq!(svg.matches("class=\"mark\"").count(), 3);
        assert!(svg.contains("2 values unknown, shown as gaps"));
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn labels_of_the_axis_do_not_touch_and_are_not_cut() {
        for n in [2, 7, 13, 24, 60] {
            let mut months = chart(&vec![Some(1.0); n]);
            months.labels = (0..n).map(|i| format!("2009-{:02}", i + 1)).collect();
            let svg = line_chart(&months, Locale::English);
            let x = |text: &str| -> f64 {
                let start = text.find(" x=\"").unwrap() + 4;
                text[start..].split('"').next().unwrap().parse().unwrap()
            };
            let shown: Vec<(f64, f64)> = svg
                .split("<text")
                .filter_map(|text| text.split_once(">2009-").map(|(tag, _)| tag))
                .map(|tag| {
                    let (at, width) = (x(tag), text_width("2009-01"));
                    let start = if tag.contains("middle") {
                        at - width / 2.0
                    } else {
                        at
                    };
                    (start, start + width)
                })
                .collect();
            assert!(shown.len() > 1, "{n}: {svg}");
            assert!(shown.windows(2).all(|w| w[0].1 < w[1].0), "{n}: {shown:?}");
            // A place is written with one decimal.
            assert!(shown.iter().all(|s| s.1 < WIDTH + 0.1), "{n}: {shown:?}");
        }
    }

    #[test]
    fn nothing_known_says_so() {
        let svg = line_chart(&chart(&[None, None]), Locale::French);
        assert!(svg.contains("Aucune valeur connue"));
        assert!(line_chart(&chart(&[]), Locale::English).contains("No value"));
    }

    #[test]
    fn every_value_can_be_read_on_hover() {
        let svg = line_chart(&chart(&[Some(4.0), Some(5.5)]), Locale::French);
        assert!(svg.contains("A &amp; B, day 2\u{a0}: 5,5\u{202f}%</title>"));
        // A single line needs no name.
        let mut alone = chart(&[Some(4.0), Some(5.5)]);
        alone.series[0].label.clear();
        let svg = line_chart(&alone, Locale::English);
        assert!(svg.contains("<title>day 2: 5.5%</title>"), "{svg}");
    }

    #[test]
    fn a_series_shorter_than_the_labels_ends_in_a_gap() {
        let mut short = chart(&[Some(4.0), Some(5.0), Some(6.0)]);
        short.series[0].values.truncate(2);
        assert!(line_chart(&short, Locale::English).contains("1 value unknown"));
    }
}
