//! Pictures of screens for snapshots: what stands there, and what role each cell has.

use super::browse::Browse;
use super::model::{Model, Shell};
use super::theme::{Colours, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

/// The screen at this size: its lines, each followed by a line with a letter for the role of each cell where
/// any has another one than ordinary text.
pub fn picture(model: &Model, columns: u16, rows: u16) -> String {
    picture_of(model, columns, rows)
}

/// Anything with a picture.
pub trait Pictured: Clone {
    /// What all screens share.
    fn shell(&mut self) -> &mut Shell;
    /// Draws it.
    fn render(&self, area: Rect, buffer: &mut Buffer);
}

impl Pictured for Model {
    fn shell(&mut self) -> &mut Shell {
        &mut self.shell
    }

    fn render(&self, area: Rect, buffer: &mut Buffer) {
        super::render(self, area, buffer);
    }
}

impl Pictured for Browse {
    fn shell(&mut self) -> &mut Shell {
        &mut self.shell
    }

    fn render(&self, area: Rect, buffer: &mut Buffer) {
        super::browse::render(self, area, buffer);
    }
}

/// As [`picture`], of anything.
pub fn picture_of<T: Pictured>(model: &T, columns: u16, rows: u16) -> String {
    let mut model = model.clone();
    let theme = Theme { colours: Colours::Roles, ..model.shell().theme };
    model.shell().theme = theme;
    let buffer = buffer_of(&model, columns, rows);
    let letters: Vec<_> = Role::ALL.iter().map(|(role, letter)| (theme.style(*role).fg, *letter)).collect();
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
    buffer_of(model, columns, rows)
}

/// As [`buffer`], of anything.
pub fn buffer_of<T: Pictured>(model: &T, columns: u16, rows: u16) -> Buffer {
    let mut model = model.clone();
    model.shell().size = (columns, rows);
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    model.render(area, &mut buffer);
    buffer
}

/// The words of a picture.
pub fn drawn<T: Pictured>(model: &T, columns: u16, rows: u16) -> String {
    let buffer = buffer_of(model, columns, rows);
    let line =
        |y| (0..columns).filter_map(|x| buffer.cell((x, y))).map(ratatui::buffer::Cell::symbol).collect::<String>();
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

/// Draws the screen at every size from 1×1 to this one, and panics where that does.
pub fn sweep(model: &Model, columns: u16, rows: u16) {
    swept(model, columns, rows);
}

/// As [`sweep`], of anything.
pub fn swept<T: Pictured>(model: &T, columns: u16, rows: u16) {
    for width in 1..=columns {
        for height in 1..=rows {
            buffer_of(model, width, height);
        }
    }
}
