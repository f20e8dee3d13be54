//! Rows in columns, for people.

use unicode_width::UnicodeWidthStr as _;

/// Space between columns.
const GAP: usize = 2;

/// `rows` under `head`, each column as wide as its widest cell. Cells are plain text; `paint` may colour the cell of a row and column.
pub fn render<const N: usize>(head: [&str; N], rows: &[[String; N]], paint: impl Fn(usize, usize) -> Option<anstyle::Style>) -> String {
    let mut widths = head.map(|cell| cell.width());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = line(&head.map(str::to_owned), &widths, |_| None);
    for (index, row) in rows.iter().enumerate() {
        text += &line(row, &widths, |column| paint(index, column));
    }
    text
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N], paint: impl Fn(usize) -> Option<anstyle::Style>) -> String {
    let mut text = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let style = paint(column).unwrap_or_default();
        text += &format!("{style}{cell}{style:#}");
        if column + 1 < N {
            text.extend(std::iter::repeat_n(' ', width + GAP - cell.width()));
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let rows = [["日本".to_owned(), "a".to_owned()], ["Ada".to_owned(), "b".to_owned()]];
        assert_eq!(render(["ACCOUNT", "X"], &rows, |_, _| None), "ACCOUNT  X\n日本     a\nAda      b\n");
    }
}
