//! Lines of styled text: cut, filled and wrapped by what they take up on a terminal.

use crate::base::sanitise::still;
use crate::ui::theme::{Glyph, Role, Theme};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget as _};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Cells that a text takes up.
pub fn width(text: &str) -> usize {
    text.width()
}

/// At most so many cells of a text; what was cut is shown as an ellipsis.
pub fn cut(theme: Theme, text: &str, cells: usize) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    let Some(room) = cells.checked_sub(1) else { return String::new() };
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let more = grapheme.width();
        if used + more > room {
            break;
        }
        out.push_str(grapheme);
        used += more;
    }
    out.push_str(theme.ellipsis());
    out
}

/// A text cut or filled up to exactly so many cells.
pub fn fit(theme: Theme, text: &str, cells: usize) -> String {
    let mut out = cut(theme, text, cells);
    let missing = cells.saturating_sub(out.width());
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// A text in lines of at most so many cells, broken where its language allows it.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    if cells == 0 {
        return Vec::new();
    }
    textwrap::wrap(text, cells).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// A text in pieces of at most so many cells, broken anywhere: what a program has written is shown as it
/// is, with every space, so that a place in it can be found again.
pub fn pieces(text: &str, cells: usize) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut begun, mut used) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let more = grapheme.width();
        if used + more > cells && at > begun {
            out.push(&text[begun..at]);
            (begun, used) = (at, 0);
        }
        used += more;
    }
    out.push(&text[begun..]);
    out
}

/// The text behind so many cells. A wide character that would be cut in two goes as a whole.
pub fn behind(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if used >= cells {
            return &text[at..];
        }
        used += grapheme.width();
    }
    if cells == 0 { text } else { "" }
}

/// A text in pieces of at most so many cells: for commands, paths and keys. A piece ends behind a space, a
/// slash or a colon where there is one in its second half, and else wherever it is full.
pub fn chunks(text: &str, cells: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for grapheme in text.graphemes(true) {
        if piece.width() + grapheme.width() > cells && !piece.is_empty() {
            let end = piece.rfind([' ', '/', ':']).map(|at| at + 1).filter(|at| *at > piece.len() / 2);
            let rest = piece.split_off(end.unwrap_or(piece.len()));
            pieces.push(std::mem::replace(&mut piece, rest));
        }
        piece.push_str(grapheme);
    }
    pieces.push(piece);
    pieces
}

/// A span in a role. Words of hosts and of failures come through here, and nothing of them turns a line round.
pub fn span(theme: Theme, role: Role, text: impl Into<String>) -> Span<'static> {
    Span::styled(still(text.into()), theme.style(role))
}

/// A line of one role.
pub fn line(theme: Theme, role: Role, text: impl Into<String>) -> Line<'static> {
    Line::from(span(theme, role, text))
}

/// A text wrapped into lines of one role.
pub fn wrapped(theme: Theme, role: Role, text: &str, cells: usize) -> Vec<Line<'static>> {
    wrap(text, cells).into_iter().map(|l| line(theme, role, l)).collect()
}

/// A line across.
pub fn rule(theme: Theme, cells: u16) -> Line<'static> {
    line(theme, Role::Rule, theme.glyph(Glyph::Across).repeat(usize::from(cells)))
}

/// Draws lines from the top of an area; what does not fit is cut.
pub fn draw(lines: Vec<Line<'static>>, area: Rect, buffer: &mut ratatui::buffer::Buffer) {
    if !area.is_empty() {
        Paragraph::new(lines).render(area, buffer);
    }
}

/// The upper part of so many rows, and the rest below it.
pub fn split_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let top = Rect { height: rows, ..area };
    let rest = Rect { y: area.y.saturating_add(rows), height: area.height - rows, ..area };
    (top, rest)
}

/// The rest above, and the lower part of so many rows.
pub fn split_bottom(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    split_top(area, area.height - rows)
}

/// The left part of so many columns, and the rest to the right of it.
pub fn split_left(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect { width: columns, ..area };
    let rest = Rect { x: area.x.saturating_add(columns), width: area.width - columns, ..area };
    (left, rest)
}

/// The same area with a margin of so many columns at both sides, where there is room for it.
pub fn inset(area: Rect, columns: u16) -> Rect {
    if area.width <= columns.saturating_mul(2) {
        return area;
    }
    Rect { x: area.x + columns, width: area.width - 2 * columns, ..area }
}

/// A line down at the left edge of an area, and the area without it.
pub fn ruled_left(theme: Theme, area: Rect, buffer: &mut ratatui::buffer::Buffer) -> Rect {
    let (edge, rest) = split_left(area, 2);
    let down: Vec<Line<'static>> =
        (0..edge.height).map(|_| line(theme, Role::Rule, theme.glyph(Glyph::Down))).collect();
    draw(down, edge, buffer);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Colours;
    use proptest::prelude::*;

    const THEME: Theme = Theme { colours: Colours::None, ascii: false };

    #[test]
    fn wide_and_combining_characters_are_cut_between_cells() {
        assert_eq!(cut(THEME, "模型仓库", 5), "模型…");
        assert_eq!(cut(THEME, "模型仓库", 4), "模…");
        assert_eq!(fit(THEME, "e\u{301}a", 4), "e\u{301}a  ");
        assert_eq!(wrap("模型仓库在边缘", 6), ["模型仓", "库在边", "缘"]);
    }

    #[test]
    fn pieces_are_the_whole_text() {
        assert_eq!(pieces("模型仓库 in", 5), ["模型", "仓库 ", "in"]);
        assert_eq!(pieces("", 5), [""]);
        assert_eq!(pieces("模", 1), ["模"], "what fits nowhere is not lost");
        assert_eq!((behind("模型仓", 3), behind("abc", 3), behind("abc", 0)), ("仓", "", "abc"));
    }

    #[test]
    fn commands_are_cut_behind_their_words_and_lose_nothing() {
        let command = "cp /home/tech/ca.crt ~/.mc/certs/CAs/edge.crt";
        let pieces = chunks(command, 20);
        assert_eq!(pieces, ["cp /home/tech/", "ca.crt ~/.mc/certs/", "CAs/edge.crt"]);
        assert_eq!(chunks("ABCDEFGHIJ", 4), ["ABCD", "EFGH", "IJ"]);
        assert_eq!(chunks("模型", 1).concat(), "模型");
    }

    proptest! {
        #[test]
        fn no_piece_is_lost_or_too_wide(text in "\\PC{0,40}", cells in 2usize..30) {
            let pieces = pieces(&text, cells);
            prop_assert_eq!(&pieces.concat(), &text);
            prop_assert!(pieces.iter().all(|piece| width(piece) <= cells || piece.graphemes(true).count() == 1));
        }

        #[test]
        fn a_fitted_text_takes_up_exactly_its_cells(text in "\\PC{0,40}", cells in 0usize..30) {
            // A lone control-like mark may have no width of its own; everything else is exact.
            prop_assert_eq!(width(&fit(THEME, &text, cells)), cells);
        }
    }
}
