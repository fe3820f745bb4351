//! A line the height of a word, for tables.

use super::locale::Locale;
use super::svg::{Drawing, escape, place};

const WIDTH: f64 = 112.0;
const HEIGHT: f64 = 26.0;

/// A short history.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparkline {
    /// What is shown.
    pub title: String,
    /// Unit of every value: "€", "%", "days", or empty.
    pub unit: String,
    /// In order of time; None or a non-finite number is unknown and leaves a gap.
    pub values: Vec<Option<f64>>,
}

/// Draws the line with a dot on the last known value. The figures are in the title.
pub fn sparkline(chart: &Sparkline, locale: Locale) -> String {
    let values: Vec<Option<f64>> = chart
        .values
        .iter()
        .map(|v| v.filter(|v| v.is_finite()))
        .collect();
    let known: Vec<f64> = values.iter().filter_map(|v| *v).collect();
    let unknown = values.len() - known.len();
    let low = known.iter().copied().fold(f64::INFINITY, f64::min);
    let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut drawing = Drawing::new();
    let Some(last) = values.iter().rposition(Option::is_some) else {
        let text = locale.unknown();
        drawing.add(format_args!(
            "<text class=\"quiet\" x=\"0\" y=\"17\">{}</text>",
            escape(text)
        ));
        return drawing.frame(&chart.title, text, "sparkline", WIDTH, HEIGHT);
    };
    // The span of the values, without round ends: a sparkline has no axis to read.
    let span = if high > low { high - low } else { 1.0 };
    let y = |v: f64| match high > low {
        true => HEIGHT - 4.0 - (v - low) / span * (HEIGHT - 8.0),
        false => HEIGHT / 2.0,
    };
    let steps = values.len().saturating_sub(1).max(1) as f64;
    let x = |i: usize| 4.0 + (WIDTH - 8.0) * i as f64 / steps;
    let mut path = String::new();
    let mut alone = String::new();
    for (i, value) in values.iter().enumerate() {
        let Some(value) = *value else { continue };
        let starts = i == 0 || values[i - 1].is_none();
        let ends = values.get(i + 1).is_none_or(Option::is_none);
        path.push_str(&format!(
            "{}{} {}",
            if starts { "M" } else { "L" },
            place(x(i)),
            place(y(value))
        ));
        if starts && ends && i != last {
            alone.push_str(&format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"1.5\"/>",
                place(x(i)),
                place(y(value))
            ));
        }
    }
    let end = values[last].unwrap_or(low);
    drawing.add(format_args!(
        "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" \
         stroke-linejoin=\"round\"/>{alone}<circle cx=\"{}\" cy=\"{}\" r=\"3\"/>",
        place(x(last)),
        place(y(end))
    ));
    let mut said = format!(
        "{} {}, {} {}, {} {}",
        locale.choose("last", "dernière valeur"),
        locale.with_unit(end, &chart.unit),
        locale.choose("lowest", "minimum"),
        locale.with_unit(low, &chart.unit),
        locale.choose("highest", "maximum"),
        locale.with_unit(high, &chart.unit)
    );
    if unknown > 0 {
        said = format!("{said}. {}", locale.unknown_note(unknown));
    }
    let title = format!("{}{}{said}", chart.title, locale.colon());
    drawing.frame(&title, &said, "sparkline", WIDTH, HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[Option<f64>]) -> String {
        let chart = Sparkline {
            title: "Orders".to_owned(),
            unit: String::new(),
            values: values.to_vec(),
        };
        sparkline(&chart, Locale::English)
    }

    #[test]
    fn gaps_break_the_line_and_are_counted() {
        let svg = chart(&[Some(1.0), Some(2.0), None, Some(4.0), Some(3.0)]);
        let path = svg.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(path.matches('M').count(), 2);
        assert!(svg.contains("1 value unknown"));
        assert!(svg.contains("last 3, lowest 1, highest 4"));
    }

    #[test]
    fn flat_single_and_unknown_histories_are_drawn() {
        assert!(chart(&[Some(2.0), Some(2.0)]).contains("L"));
        assert!(chart(&[Some(2.0)]).contains("<circle"));
        assert!(chart(&[None]).contains(">unknown</text>"));
        assert!(chart(&[]).contains(">unknown</text>"));
    }
}
