//! Tables for people: a heading line, columns by two spaces, no borders.
//!
//! Owns the layout. What stands in a column is said by the command that lists.

use super::style::{Paint, paint_for_stdout};
use comfy_table::{Cell, ContentLineStyle, Table, TableStyle};

/// What stands in a column for one thing.
type Content<T> = Box<dyn Fn(&T) -> String>;

/// The columns of a list.
pub(crate) struct Columns<T> {
    columns: Vec<(&'static str, Content<T>)>,
    paint: Paint,
}

impl<T> Columns<T> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            columns: Vec::new(),
            paint: paint_for_stdout(),
        }
    }

    /// One more to the right.
    pub(crate) fn with(
        mut self,
        heading: &'static str,
        content: impl Fn(&T) -> String + 'static,
    ) -> Self {
        self.columns.push((heading, Box::new(content)));
        self
    }

    /// The table as text.
    pub(crate) fn render(&self, items: &[T]) -> String {
        let mut table = Table::new();
        table.load_style(
            TableStyle::new()
                .header_lines(ContentLineStyle::none())
                .content_lines(ContentLineStyle::none()),
        );
        table.set_header(
            self.columns
                .iter()
                .map(|(heading, _)| Cell::new(self.paint.dim(heading))),
        );
        for item in items {
            table.add_row(self.columns.iter().map(|(_, content)| content(item)));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.trim_fmt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_their_headings() {
        let columns = Columns::<(u8, &str)>::new()
            .with("NUMBER", |item| item.0.to_string())
            .with("NAME", |item| item.1.to_owned());
        let text = columns.render(&[(1, "one"), (20, "twenty")]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, ["NUMBER  NAME", "1       one", "20      twenty"]);
    }
}
