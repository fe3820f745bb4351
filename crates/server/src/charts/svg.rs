//! The frame of every chart: escaping, sizes, and what a reader without sight is told.

use std::fmt::Write;

/// Width of the view box. At 360 pixels a text of 12 is then drawn at 10.8.
pub(crate) const WIDTH: f64 = 400.0;

/// Size of all text in a chart.
pub(crate) const TEXT: f64 = 12.0;

/// Height of a line of text.
pub(crate) const LINE: f64 = 15.0;

/// Average width of a letter at [`TEXT`]; only leaves room, nothing is cut by it but labels.
const LETTER: f64 = 6.4;

/// Dash patterns of series, in order.
pub(crate) const DASHES: [&str; 6] = ["none", "7 3", "2 3", "9 3 2 3", "4 4", "12 4"];

/// Text made safe inside an element or a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Not allowed in XML at all, even escaped.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
            c => safe.push(c),
        }
    }
    safe
}

/// Room a text takes.
pub(crate) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

/// Where the middle of a text stands that belongs at `at`: as near as the whole text is inside the drawing.
pub(crate) fn inside(at: f64, text: &str) -> f64 {
    let half = (text_width(text) / 2.0).min(WIDTH / 2.0);
    at.clamp(half, WIDTH - half)
}

/// The text, cut with an ellipsis when it would be wider than `room`.
pub(crate) fn fit(text: &str, room: f64) -> String {
    let letters = (room / LETTER).floor().max(1.0) as usize;
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(letters.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end_matches([' ', ',']).len());
    cut.push('…');
    cut
}

/// Words in lines no wider than `room`; a longer word is cut.
pub(crate) fn wrap(text: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line) + text_width(word) + LETTER <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fit(word, room)),
        }
    }
    lines
}

/// A place, without needless decimals.
pub(crate) fn place(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // No "-0".
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// A chart being drawn.
#[derive(Debug)]
pub(crate) struct Drawing {
    body: String,
}

/// Where a text stands on its place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Drawing {
    pub(crate) fn new() -> Self {
        Self {
            body: String::new(),
        }
    }

    /// Adds a text on its base line.
    pub(crate) fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let class = if class.is_empty() {
            String::new()
        } else {
            format!(" class=\"{class}\"")
        };
        let (x, y, text) = (place(x), place(y), escape(text));
        self.add(format_args!(
            "<text{class} x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    /// Adds a straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), attributes: &str) {
        let (x1, y1, x2, y2) = (place(from.0), place(from.1), place(to.0), place(to.1));
        self.add(format_args!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"currentColor\" {attributes}/>"
        ));
    }

    /// Adds formatted markup that is already safe.
    pub(crate) fn add(&mut self, markup: std::fmt::Arguments<'_>) {
        self.body
            .write_fmt(markup)
            .expect("writing to a string cannot fail");
    }

    /// The whole SVG. `description` says in words what the eye would see.
    pub(crate) fn finish(self, title: &str, description: &str, height: f64) -> String {
        self.frame(title, description, "chart", WIDTH, height)
    }

    /// The whole SVG with its own class and width.
    pub(crate) fn frame(
        self,
        title: &str,
        description: &str,
        class: &str,
        width: f64,
        height: f64,
    ) -> String {
        let (title, description) = (escape(title), escape(description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{class}\" role=\"img\" \
             aria-label=\"{title}. {description}\" viewBox=\"0 0 {} {}\" width=\"100%\" \
             font-size=\"{TEXT}\" fill=\"currentColor\"><title>{title}</title>\
             <desc>{description}</desc>{}</svg>",
            place(width),
            place(height),
            self.body
        )
    }
}

/// The outline of a marker around a place; each series has its own shape.
pub(crate) fn marker(series: usize, x: f64, y: f64, title: &str) -> String {
    let shape = match series % 4 {
        0 => format!("<circle cx=\"{}\" cy=\"{}\" r=\"3.2\"", place(x), place(y)),
        1 => format!(
            "<rect x=\"{}\" y=\"{}\" width=\"6\" height=\"6\"",
            place(x - 3.0),
            place(y - 3.0)
        ),
        2 => format!("<path d=\"M{} {}l4 7h-8z\"", place(x), place(y - 4.2)),
        _ => format!(
            "<path d=\"M{} {}l4.2 4.2l-4.2 4.2l-4.2 -4.2z\"",
            place(x),
            place(y - 4.2)
        ),
    };
    format!(
        "{shape} class=\"mark\" fill=\"currentColor\" stroke=\"currentColor\" stroke-width=\"0\"><title>{}</title>{}",
        escape(title),
        match series % 4 {
            0 => "</circle>",
            1 => "</rect>",
            _ => "</path>",
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_label_stays_text() {
        assert_eq!(
            escape("<b onload=\"x\">O'Neil & co\u{1}"),
            "&lt;b onload=&quot;x&quot;&gt;O&#39;Neil &amp; co"
        );
        let svg = Drawing::new().finish("</title><script>", "\" onclick=\"", 10.0);
        assert!(!svg.contains("<script>") && !svg.contains("onclick=\""));
    }

    #[test]
    fn long_labels_are_cut_where_they_would_overflow() {
        assert_eq!(fit("short", 100.0), "short");
        assert!(text_width(&fit("a very long label of a segment", 60.0)) <= 60.0);
        assert!(
            wrap("very recent, very frequent, top spend", 120.0)
                .iter()
                .all(|line| text_width(line) <= 120.0)
        );
    }
}
