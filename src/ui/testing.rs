//! Pictures of screens for snapshots: what stands there, and what role each cell has.

use super::model::Model;
use super::theme::{Colours, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

/// The screen at this size: its lines, each followed by a line with a letter for the role of each cell where
/// any has another one than ordinary text.
pub fn picture(model: &Model, columns: u16, rows: u16) -> String {
    let mut model = model.clone();
    model.shell.theme = Theme { colours: Colours::Roles, ..model.shell.theme };
    let buffer = buffer(&model, columns, rows);
    let letters: Vec<_> = Role::ALL.iter().map(|(role, letter)| (model.shell.theme.style(*role).fg, *letter)).collect();
    let mut out = Vec::new();
    for y in 0..rows {
        let (mut text, mut roles) = (String::new(), String::new());
        let mut x = 0;
        while x < columns {
            let Some(cell) = buffer.cell((x, y)) else { break };
            let letter = letters.iter().find(|(fg, _)| *fg == cell.style().fg).map_or(' ', |(_, letter)| *letter);
            let cells = cell.symbol().width().max(1);
            text.push_str(cell.symbol());
            roles.extend(std::iter::repeat_n(letter, cells));
            x += u16::try_from(cells).unwrap_or(1);
        }
        out.push(format!("{:02} |{}", y + 1, text.trim_end()));
        if !roles.trim_end().is_empty() {
            out.push(format!("   :{}", roles.trim_end()));
        }
    }
    out.join("\n")
}

/// Everything that is drawn at this size. The model hears of no resize, which would hide what is in clear.
pub fn buffer(model: &Model, columns: u16, rows: u16) -> Buffer {
    let mut model = model.clone();
    model.shell.size = (columns, rows);
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    super::render(&model, area, &mut buffer);
    buffer
}

/// Draws the screen at every size from 1×1 to this one, and panics where that does.
pub fn sweep(model: &Model, columns: u16, rows: u16) {
    for width in 1..=columns {
        for height in 1..=rows {
            buffer(model, width, height);
        }
    }
}
