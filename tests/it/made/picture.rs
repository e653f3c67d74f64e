//! A frame as SVG: each cell where it is on a terminal, lines drawn as lines.

use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use ratatui::{Frame, Terminal};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

const WIDTH: usize = 8;
const HEIGHT: usize = 17;
const MARGIN: usize = 10;
const PAPER: &str = "#1e2227";
const INK: &str = "#d8dce3";

fn colour(colour: Color, default: &str) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => default.to_owned(),
    }
}

/// Colours of the ink and, where there is one, of the ground.
fn colours(cell: &Cell) -> (String, Option<String>) {
    let (ink, paper) = (colour(cell.fg, INK), colour(cell.bg, PAPER));
    let (ink, paper) = if cell.modifier.contains(Modifier::REVERSED) { (paper, ink) } else { (ink, paper) };
    (ink, (paper != PAPER).then_some(paper))
}

/// Arms of a line's sign: left, right, up, down, and whether it is a thick one.
fn arms(symbol: &str) -> Option<([bool; 4], bool)> {
    Some(match symbol {
        "─" => ([true, true, false, false], false),
        "━" => ([true, true, false, false], true),
        "╸" => ([true, false, false, false], true),
        "│" => ([false, false, true, true], false),
        "┌" => ([false, true, false, true], false),
        "┐" => ([true, false, false, true], false),
        "└" => ([false, true, true, false], false),
        "┘" => ([true, false, true, false], false),
        "┴" => ([true, true, true, false], false),
        "┬" => ([true, true, false, true], false),
        _ => return None,
    })
}

/// Something that neighbours can join: the same look, one after the other.
struct Run {
    from: usize,
    cells: usize,
    ink: String,
    paper: Option<String>,
    bold: bool,
    text: String,
}

fn runs(buffer: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        let symbol = if cell.symbol().is_empty() { " " } else { cell.symbol() };
        let cells = symbol.width().max(1);
        let (ink, paper) = colours(cell);
        let bold = cell.modifier.contains(Modifier::BOLD);
        let wide = cells > 1;
        let text = if arms(symbol).is_some() { " " } else { symbol };
        // Wide characters are of another font, and are set on their own so that nothing moves.
        let joins = |run: &&mut Run| {
            let same = run.ink == ink || text == " ";
            let was_wide = run.text.width() > run.text.chars().count();
            same && run.paper == paper && run.bold == bold && wide == was_wide
        };
        match runs.last_mut().filter(joins) {
            Some(run) => {
                run.cells += cells;
                run.text.push_str(text);
            }
            None => runs.push(Run { from: x.into(), cells, ink, paper, bold, text: text.into() }),
        }
        x += u16::try_from(cells).expect("one or two");
    }
    runs
}

/// The words of a run with the cell that each begins at. Where there are two blanks or more, the next word
/// is set anew: a viewer whose font is a little wider or narrower is right again there.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(begin) = text[from..].find(|c| c != ' ').map(|at| from + at) {
        let end = text[begin..].find("  ").map_or(text.trim_end().len(), |at| begin + at);
        found.push((text[..begin].width(), &text[begin..end]));
        from = end;
    }
    found
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Strokes of the lines in a row, by colour and thickness.
fn strokes(buffer: &Buffer, y: u16, out: &mut String) {
    let middle = MARGIN + usize::from(y) * HEIGHT + HEIGHT / 2;
    let (top, bottom) = (MARGIN + usize::from(y) * HEIGHT, MARGIN + (usize::from(y) + 1) * HEIGHT);
    let mut across: Option<(usize, usize, String, bool)> = None;
    let mut paths = Vec::new();
    for x in 0..=buffer.area.width {
        let left = MARGIN + usize::from(x) * WIDTH;
        let cell = (x < buffer.area.width).then(|| &buffer[(x, y)]);
        let found = cell.and_then(|cell| arms(cell.symbol()).map(|arms| (arms, colours(cell).0)));
        if let Some((([to_left, to_right, ..], thick), ink)) = &found
            && (*to_left || *to_right)
        {
            let from = if *to_left { left } else { left + WIDTH / 2 };
            let to = if *to_right { left + WIDTH } else { left + WIDTH / 2 };
            match &mut across {
                Some((_, end, colour, heavy)) if (&*colour, &*heavy) == (ink, thick) && *end == from => *end = to,
                _ => paths.extend(across.replace((from, to, ink.clone(), *thick))),
            }
        } else {
            paths.extend(across.take());
        }
        if let Some((([.., up, down], _), ink)) = &found
            && (*up || *down)
        {
            let (from, to) = (if *up { top } else { middle }, if *down { bottom } else { middle });
            let x = left + WIDTH / 2;
            let _ = writeln!(out, r#"<path d="M{x} {from}V{to}" stroke="{ink}"/>"#);
        }
    }
    for (from, to, ink, thick) in paths {
        let heavy = if thick { r#" stroke-width="3""# } else { "" };
        let _ = writeln!(out, r#"<path d="M{from} {middle}H{to}" stroke="{ink}"{heavy}/>"#);
    }
}

/// The frame that something draws at a size.
pub fn svg((columns, rows): (u16, u16), draw: impl FnOnce(&mut Frame<'_>)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal in memory");
    terminal.draw(draw).expect("a terminal in memory");
    let buffer = terminal.backend().buffer();
    let (width, height) = (usize::from(columns) * WIDTH + 2 * MARGIN, usize::from(rows) * HEIGHT + 2 * MARGIN);
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<rect width="{width}" height="{height}" rx="6" fill="{PAPER}"/>
<g font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace" font-size="13.3" xml:space="preserve">
"#
    );
    for y in 0..rows {
        let (top, base) = (MARGIN + usize::from(y) * HEIGHT, MARGIN + usize::from(y) * HEIGHT + 13);
        for run in runs(buffer, y) {
            let (left, long) = (MARGIN + run.from * WIDTH, run.cells * WIDTH);
            if let Some(paper) = &run.paper {
                let _ =
                    writeln!(out, r#"<rect x="{left}" y="{top}" width="{long}" height="{HEIGHT}" fill="{paper}"/>"#);
            }
            for (at, text) in pieces(&run.text) {
                let (left, long) = (left + at * WIDTH, text.width() * WIDTH);
                let bold = if run.bold { r#" font-weight="bold""# } else { "" };
                // Wide characters are as wide as their font is high.
                let size = if text.width() > text.chars().count() { r#" font-size="16""# } else { "" };
                let (ink, text) = (&run.ink, escaped(text));
                let _ = writeln!(
                    out,
                    r#"<text x="{left}" y="{base}" textLength="{long}" fill="{ink}"{size}{bold}>{text}</text>"#
                );
            }
        }
        strokes(buffer, y, &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}
