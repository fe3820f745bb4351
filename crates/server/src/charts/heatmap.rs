//! A table of shares or counts, shaded: who moved from which segment to which.

use super::locale::Locale;
use super::svg::{Anchor, Drawing, LINE, TEXT, WIDTH, escape, place, wrap};

/// Darkest shade. Text stays readable on it in light and in dark mode.
const SHADE_MAX: f64 = 0.42;

/// Room for the labels of rows.
const LABELS: f64 = 130.0;

/// A table of values with a label per row and per column.
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// What is shown.
    pub title: String,
    /// Unit of every value: "%" or empty.
    pub unit: String,
    /// What the rows are: "January".
    pub rows_title: String,
    /// What the columns are: "February".
    pub columns_title: String,
    /// One per row.
    pub rows: Vec<String>,
    /// One per column. Columns are headed by numbers; their names are those of the rows when the
    /// labels are the same, else they are listed below.
    pub columns: Vec<String>,
    /// `values[row][column]`; None, missing or non-finite is unknown.
    pub values: Vec<Vec<Option<f64>>>,
}

/// Draws the table; each cell carries its value, so the shade is only a help for the eye.
pub fn heatmap(chart: &Heatmap, locale: Locale) -> String {
    let value = |r: usize, c: usize| {
        let row = chart.values.get(r);
        row.and_then(|row| row.get(c).copied().flatten())
            .filter(|v| v.is_finite())
    };
    let cells = (0..chart.rows.len()).flat_map(|r| (0..chart.columns.len()).map(move |c| (r, c)));
    let largest = cells
        .clone()
        .filter_map(|(r, c)| value(r, c))
        .map(f64::abs)
        .fold(0.0, f64::max);
    let same = chart.rows == chart.columns;
    let labels: Vec<Vec<String>> = chart
        .rows
        .iter()
        .enumerate()
        .map(|(i, label)| match same {
            true => wrap(&format!("{} {label}", i + 1), LABELS - 8.0),
            false => wrap(label, LABELS - 8.0),
        })
        .collect();
    let lines = labels.iter().map(Vec::len).max().unwrap_or(1).max(2);
    let row_height = lines as f64 * (LINE - 1.0) + 8.0;
    let cell = (WIDTH - LABELS) / chart.columns.len().max(1) as f64;
    let top = LINE * 2.0 + 6.0;
    let mut drawing = Drawing::new();
    let heading = format!("{} ↓", chart.rows_title);
    drawing.text(0.0, top - 6.0, Anchor::Start, "quiet", &heading);
    let heading = format!("{} →", chart.columns_title);
    drawing.text(LABELS, LINE - 4.0, Anchor::Start, "quiet", &heading);
    for c in 0..chart.columns.len() {
        let at = LABELS + (c as f64 + 0.5) * cell;
        drawing.text(at, top - 6.0, Anchor::Middle, "", &format!("{}", c + 1));
    }
    for (r, label) in labels.iter().enumerate() {
        let middle = top + (r as f64 + 0.5) * row_height;
        let first = middle - (label.len() as f64 - 1.0) * (LINE - 1.0) / 2.0 + TEXT * 0.35;
        for (i, line) in label.iter().enumerate() {
            drawing.text(
                0.0,
                first + i as f64 * (LINE - 1.0),
                Anchor::Start,
                "",
                line,
            );
        }
    }
    for (r, c) in cells.clone() {
        let corner = (LABELS + c as f64 * cell, top + r as f64 * row_height);
        let names = format!("{} → {}", chart.rows[r], chart.columns[c]);
        let shown = Cell {
            corner,
            size: (cell, row_height),
            value: value(r, c),
            shade: value(r, c).map_or(0.0, |v| v.abs() / largest.max(f64::MIN_POSITIVE)),
        };
        shown.draw(&mut drawing, &names, &chart.unit, locale);
    }
    let mut height = top + chart.rows.len() as f64 * row_height + 4.0;
    let mut note = |text: &str| {
        for line in wrap(text, WIDTH) {
            height += LINE;
            drawing.text(0.0, height - 4.0, Anchor::Start, "quiet", &line);
        }
    };
    if !same {
        let listed = chart.columns.iter().enumerate();
        let names: Vec<String> = listed
            .map(|(i, label)| format!("{} {label}", i + 1))
            .collect();
        note(&names.join(" · "));
    }
    let unknown = cells
        .clone()
        .filter(|&(r, c)| value(r, c).is_none())
        .count();
    if unknown > 0 {
        note(&locale.unknown_note(unknown));
    }
    let description = describe(chart, value, locale);
    drawing.finish(&chart.title, &description, height)
}

struct Cell {
    corner: (f64, f64),
    size: (f64, f64),
    value: Option<f64>,
    /// From 0 to 1.
    shade: f64,
}

impl Cell {
    fn draw(&self, drawing: &mut Drawing, names: &str, unit: &str, locale: Locale) {
        let said = match self.value {
            Some(value) => locale.with_unit(value, unit),
            None => locale.unknown().to_owned(),
        };
        // An unknown cell is dashed and empty: it cannot be taken for a zero, which is written.
        let outline = if self.value.is_some() {
            "stroke-opacity=\".25\""
        } else {
            "stroke-opacity=\".5\" stroke-dasharray=\"3 3\""
        };
        drawing.add(format_args!(
            "<rect class=\"mark\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"currentColor\" \
             fill-opacity=\"{:.2}\" stroke=\"currentColor\" {outline}><title>{}</title></rect>",
            place(self.corner.0 + 1.0),
            place(self.corner.1 + 1.0),
            place(self.size.0 - 2.0),
            place(self.size.1 - 2.0),
            self.shade * SHADE_MAX,
            escape(&format!("{names}{}{said}", locale.colon())),
        ));
        let Some(value) = self.value else { return };
        // Two digits are enough in a cell; the exact value is in the title.
        let size = value.abs();
        let decimals = usize::from(size > 0.0 && size < 10.0 && value.fract() != 0.0);
        drawing.add(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" pointer-events=\"none\">{}</text>",
            place(self.corner.0 + self.size.0 / 2.0),
            place(self.corner.1 + self.size.1 / 2.0 + TEXT * 0.35),
            escape(&locale.fixed(value, decimals)),
        ));
    }
}

fn describe(
    chart: &Heatmap,
    value: impl Fn(usize, usize) -> Option<f64>,
    locale: Locale,
) -> String {
    let mut parts = Vec::new();
    for (r, row) in chart.rows.iter().enumerate() {
        let cells: Vec<String> = chart
            .columns
            .iter()
            .enumerate()
            .map(|(c, column)| match value(r, c) {
                Some(v) => format!("{column} {}", locale.with_unit(v, &chart.unit)),
                None => format!("{column} {}", locale.unknown()),
            })
            .collect();
        parts.push(format!("{row}{}{}", locale.colon(), cells.join("; ")));
    }
    parts.join(". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: Vec<Vec<Option<f64>>>) -> Heatmap {
        Heatmap {
            title: "Moves".to_owned(),
            unit: "%".to_owned(),
            rows_title: "May".to_owned(),
            columns_title: "June".to_owned(),
            rows: vec!["best".to_owned(), "lost".to_owned()],
            columns: vec!["best".to_owned(), "lost".to_owned()],
            values,
        }
    }

    #[test]
    fn a_zero_is_written_and_an_unknown_is_not() {
        let svg = heatmap(
            &chart(vec![vec![Some(100.0), Some(0.0)], vec![None, None]]),
            Locale::English,
        );
        assert!(svg.contains("best → lost: 0%"));
        assert!(svg.contains("lost → best: unknown"));
        assert_eq!(svg.matches("stroke-dasharray").count(), 2);
        assert_eq!(svg.matches(">0</text>").count(), 1);
    }

    #[test]
    fn missing_rows_are_unknown_and_never_a_panic() {
        let svg = heatmap(&chart(Vec::new()), Locale::French);
        assert!(svg.contains("4 valeurs inconnues"));
        let mut empty = chart(Vec::new());
        empty.rows.clear();
        empty.columns.clear();
        assert!(heatmap(&empty, Locale::English).starts_with("<svg"));
    }

    #[test]
    fn columns_with_other_names_are_listed() {
        let mut other = chart(vec![vec![Some(1.0), Some(2.0)]; 2]);
        other.columns = vec!["north".to_owned(), "south".to_owned()];
        assert!(heatmap(&other, Locale::English).contains("1 north · 2 south"));
    }
}
