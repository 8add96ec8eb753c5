//! The graph as a picture.
//!
//! Owns the SVG text: escaped, without scripts, fonts or anything else from elsewhere, readable on light
//! and on dark pages (it brings its own ground), and the same for the same graph. Where things stand is
//! found by [`scene`] with the layout; how they look is in [`look`].

mod lines;
mod look;
mod scene;
mod shapes;

use crate::graph::Graph;
use crate::text::one_line;
use std::fmt::Write as _;

/// Around the whole drawing.
const MARGIN: f64 = 24.0;

/// The picture.
pub(crate) fn draw(graph: &Graph) -> String {
    let scene = scene::Scene::of(graph);
    let (width, height) = (scene.width() + 2.0 * MARGIN, scene.height() + 2.0 * MARGIN);
    let title = escaped(&format!("{} {}", graph.workflow, graph.version));
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"attune-graph\" role=\"img\" \
         width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" font-family=\"{font}\">\n\
         <title>{title}</title>\n<style>{style}</style>\n\
         <rect class=\"ground\" width=\"{w}\" height=\"{h}\" rx=\"8\"/>\n\
         <g transform=\"translate({m} {m})\">\n",
        w = number(width),
        h = number(height),
        font = look::FONT,
        style = look::STYLE,
        m = number(MARGIN),
    );
    scene.write(&mut out);
    out.push_str("</g>\n</svg>\n");
    out
}

/// A number with at most one decimal.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    // A zero with a sign is a zero.
    (if tenths == 0.0 { 0.0 } else { tenths }).to_string()
}

/// A text that means itself in XML, in elements and in attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(1.0), "1");
        assert_eq!(number(1.26), "1.3");
        assert_eq!(number(-0.01), "0");
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escaped("<a b=\"c\">&'\u{1}"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{fffd}"
        );
    }
}
