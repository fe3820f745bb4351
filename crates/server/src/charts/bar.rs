//! One value per row, as bars from zero.

use super::locale::Locale;
use super::svg::{Anchor, Drawing, LINE, WIDTH, escape, fit, place, text_width};

/// Height of a bar.
const BAR: f64 = 13.0;

/// Height of a row: its label, its bar and the space after.
const ROW: f64 = LINE + BAR + 9.0;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct BarRow {
    /// Stands above the bar.
    pub label: String,
    /// None or a non-finite number is unknown.
    pub value: Option<f64>,
    /// Why the value is unknown, or anything worth knowing of it; may be empty.
    pub note: String,
}

/// Bars on a common axis from zero.
#[derive(Debug, Clone, PartialEq)]
pub struct BarChart {
    /// What is shown.
    pub title: String,
    /// Unit of every value: "€", "%", "days", or empty.
    pub unit: String,
    /// The bars, from top to bottom.
    pub rows: Vec<BarRow>,
}

/// Draws horizontal bars, so that long labels stay readable on a telephone. Every bar starts at
/// zero and carries its value; a row without a value says so, with its note.
pub fn bar_chart(chart: &BarChart, locale: Locale) -> String {
    let known: Vec<Option<f64>> = chart
        .rows
        .iter()
        .map(|row| row.value.filter(|v| v.is_finite()))
        .collect();
    let said = |row: &BarRow, value: Option<f64>| match value {
        Some(value) => locale.with_unit(value, &chart.unit),
        None if row.note.is_empty() => locale.unknown().to_owned(),
        None => format!("{}{}{}", locale.unknown(), locale.colon(), row.note),
    };
    let description = chart
        .rows
        .iter()
        .zip(&known)
        .map(|(row, value)| format!("{}{}{}", row.label, locale.colon(), said(row, *value)))
        .collect::<Vec<_>>()
        .join(". ");
    let mut drawing = Drawing::new();
    // Values stand beside their bars: leave room on the sides that have bars.
    let room = |side: &dyn Fn(f64) -> bool| {
        let sides = known.iter().flatten().filter(|v| side(**v));
        sides
            .map(|v| text_width(&locale.with_unit(*v, &chart.unit)) + 14.0)
            .fold(0.0, f64::max)
    };
    let (left, right) = (room(&|v| v < 0.0), WIDTH - room(&|v| v >= 0.0));
    // No ticks, since every bar carries its value: the longest bar takes the whole room.
    let low = known.iter().flatten().copied().fold(0.0, f64::min);
    let high = known.iter().flatten().copied().fold(0.0, f64::max);
    let span = if high > low { high - low } else { 1.0 };
    let at = |value: f64| left + (value - low) / span * (right - left);
    let zero = at(0.0);
    for (i, (row, value)) in chart.rows.iter().zip(&known).enumerate() {
        let top = i as f64 * ROW;
        drawing.text(
            0.0,
            top + LINE - 4.0,
            Anchor::Start,
            "",
            &fit(&row.label, WIDTH),
        );
        let text = said(row, *value);
        let (bar, base) = (top + LINE, top + LINE + BAR - 2.0);
        // Zero is marked beside each bar only, so that no line runs through a label.
        drawing.line((zero, bar), (zero, bar + BAR + 2.0), "class=\"quiet\"");
        match value {
            None => {
                let text = fit(&text, WIDTH - zero - 6.0);
                drawing.text(zero + 6.0, base, Anchor::Start, "quiet", &text);
            }
            Some(value) => {
                let end = at(*value);
                let note = if row.note.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", row.note)
                };
                drawing.add(format_args!(
                    "<rect class=\"mark s0\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{BAR}\" \
                     fill=\"currentColor\" fill-opacity=\".55\" stroke=\"currentColor\"><title>{}</title></rect>",
                    place(zero.min(end)),
                    place(bar),
                    place((end - zero).abs()),
                    escape(&format!("{}{}{text}{note}", row.label, locale.colon())),
                ));
                if *value < 0.0 {
                    drawing.text(end - 5.0, base, Anchor::End, "", &text);
                } else {
                    drawing.text(end + 5.0, base, Anchor::Start, "", &text);
                }
            }
        }
    }
    let height = (chart.rows.len() as f64 * ROW).max(20.0);
    if chart.rows.is_empty() {
        drawing.text(
            WIDTH / 2.0,
            14.0,
            Anchor::Middle,
            "quiet",
            locale.nothing_known(),
        );
    }
    drawing.finish(&chart.title, &description, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, value: Option<f64>, note: &str) -> BarRow {
        BarRow {
            label: label.to_owned(),
            value,
            note: note.to_owned(),
        }
    }

    fn chart(rows: Vec<BarRow>) -> String {
        let chart = BarChart {
            title: "Revenue".to_owned(),
            unit: "€".to_owned(),
            rows,
        };
        bar_chart(&chart, Locale::English)
    }

    #[test]
    fn an_unknown_row_has_no_bar_and_says_why() {
        let svg = chart(vec![
            row("a", Some(3.0), ""),
            row("b", None, "12 customers, at least 100 needed"),
        ]);
        assert_eq!(svg.matches("<rect").count(), 1);
        assert!(svg.contains("unknown: 12 customers, at least 100 needed"));
    }

    #[test]
    fn a_bar_is_as_long_as_its_value_whatever_the_sign() {
        let svg = chart(vec![
            row("up", Some(40.0), ""),
            row("down", Some(-20.0), ""),
        ]);
        let widths: Vec<f64> = svg
            .split("<rect")
            .skip(1)
            .map(|r| {
                let width = r.split("width=\"").nth(1).unwrap();
                width.split('"').next().unwrap().parse().unwrap()
            })
            .collect();
        // Places are rounded to a tenth.
        assert!((widths[0] - 2.0 * widths[1]).abs() < 0.3, "{widths:?}");
    }

    #[test]
    fn no_row_is_said_in_words() {
        assert!(chart(Vec::new()).contains("No value is known yet"));
    }
}
