//! Where the space went: a bar for each model, version or prefix, as long as its share of the largest, and within it
//! what old versions and unfinished uploads hold.

use super::msg::Effect;
use super::over::Over;
use super::table::{instead, right};
use super::{Browse, Spot, status};
use crate::base::sanitise::visible;
use crate::plan::change::size_text;
use crate::ports::objects::ObjectError;
use crate::registry::usage::{Line as Sums, Sum, Usage};
use crate::ui::keys::Command;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{cut, draw as draw_lines, fit, line, span, width};
use crate::ui::widgets::list::{Cursor, mark_more};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Columns of a size.
const SIZE: usize = 10;

/// Counts, as far as they have come.
#[derive(Clone, Debug)]
pub struct Counts {
    /// What the answer is called.
    pub id: u64,
    /// The bucket.
    pub bucket: String,
    /// The prefix.
    pub prefix: String,
    /// What was counted so far, or why it cannot be.
    pub found: Option<Result<Box<Usage>, ObjectError>>,
    lines: Vec<Sums>,
    cursor: Cursor,
}

impl Counts {
    /// Whether it is still being counted.
    pub(super) fn is_going_on(&self) -> bool {
        self.found.as_ref().is_none_or(|found| found.as_ref().is_ok_and(|usage| !usage.complete))
    }

    fn usage(&self) -> Option<&Usage> {
        self.found.as_ref()?.as_ref().ok().map(AsRef::as_ref)
    }
}

impl Browse {
    /// Counts what lies here.
    pub(super) fn open_usage(&mut self) -> Vec<Effect> {
        let Some(bucket) = self.spot.bucket.clone() else { return Vec::new() };
        let prefix = self.spot.prefix.clone();
        self.count(bucket, prefix)
    }

    fn count(&mut self, bucket: String, prefix: String) -> Vec<Effect> {
        self.look_id += 1;
        let id = self.look_id;
        let counts = Counts {
            id,
            bucket: bucket.clone(),
            prefix: prefix.clone(),
            found: None,
            lines: Vec::new(),
            cursor: Cursor::default(),
        };
        self.over = Some(Over::Usage(Box::new(counts)));
        vec![Effect::Usage { id, bucket, prefix }]
    }

    /// Takes in what was counted so far. The line of the cursor stays the line of the cursor.
    pub(super) fn counted(&mut self, id: u64, usage: Result<Box<Usage>, ObjectError>) {
        let Some(Over::Usage(counts)) = self.over.as_mut() else { return };
        if counts.id != id {
            return;
        }
        let on = counts.lines.get(counts.cursor.of(counts.lines.len())).map(|line| line.name.clone());
        counts.lines = usage.as_ref().map(|usage| usage.lines("", 1)).unwrap_or_default();
        let at_top = counts.cursor.of(usize::MAX) == 0;
        if let Some(place) = on.filter(|_| !at_top).and_then(|on| counts.lines.iter().position(|line| line.name == on))
        {
            counts.cursor.set(place);
        }
        counts.found = Some(usage);
    }

    /// A command over the counts.
    pub(super) fn usage_command(&mut self, command: Command) -> Vec<Effect> {
        let page = usize::from(self.list_rows());
        let Some(Over::Usage(counts)) = &mut self.over else { return Vec::new() };
        if counts.cursor.moved(command, counts.lines.len(), page) {
            return Vec::new();
        }
        let (bucket, prefix) = (counts.bucket.clone(), counts.prefix.clone());
        match command {
            Command::Take | Command::Right => {
                let Some(line) = counts.lines.get(counts.cursor.of(counts.lines.len())) else { return Vec::new() };
                if !line.name.ends_with('/') {
                    return Vec::new();
                }
                let below = format!("{prefix}{}", line.name);
                self.count(bucket, below)
            }
            Command::Left | Command::Parent => {
                let above = Spot { bucket: Some(bucket), prefix }.parent();
                match above {
                    Some(Spot { bucket: Some(bucket), prefix }) => self.count(bucket, prefix),
                    _ => Vec::new(),
                }
            }
            Command::Back => {
                let mut effects = self.leave_over();
                effects.extend(self.go(Spot { bucket: Some(bucket), prefix }, None));
                effects
            }
            Command::LookAgain => self.count(bucket, prefix),
            _ => Vec::new(),
        }
    }
}

/// The line that says of what, with the sum.
pub(super) fn title(browse: &Browse, counts: &Counts, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let path = visible(&format!("{}/{}", counts.bucket, counts.prefix)).into_owned();
    let words = match counts.usage() {
        None => text.with("usage-counting", [("path", path.into())]),
        Some(usage) => {
            let bytes = size_text(usage.total().all_bytes());
            let key = if usage.complete { "usage-of" } else { "usage-of-so-far" };
            text.with(key, [("path", path.into()), ("bytes", bytes.into())])
        }
    };
    line(theme, Role::Accent, format!(" {}", cut(theme, &words, usize::from(columns).saturating_sub(2))))
}

/// What the parts of a bar mean.
pub(super) fn titles(browse: &Browse, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let [now, old, begun] = signs(browse);
    let words =
        format!("   {now} {}   {old} {}   {begun} {}", text.t("usage-now"), text.t("usage-old"), text.t("usage-begun"));
    let room = usize::from(columns);
    let Some((size, free)) = browse.space else { return line(theme, Role::Dim, cut(theme, &words, room)) };
    // Beside what the registry counts, what its disk has left: neither can be told by the other.
    let disk = text.with("usage-disk", [("free", size_text(free).into()), ("size", size_text(size).into())]);
    let role = if free < size / 10 { Role::Warn } else { Role::Dim };
    let left = fit(theme, &words, room.saturating_sub(width(&disk) + 3));
    Line::from(vec![span(theme, Role::Dim, left), span(theme, role, format!("  {disk}"))])
}

/// What is current, what old versions hold, what unfinished uploads hold.
fn signs(browse: &Browse) -> [&'static str; 3] {
    if browse.shell.theme.ascii { ["#", "=", "~"] } else { ["█", "▒", "░"] }
}

/// Draws the bars.
pub(super) fn list(browse: &Browse, counts: &Counts, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    match &counts.found {
        None => return instead(browse, Role::Dim, &text.t("browse-loading"), area, buffer),
        Some(Err(error)) => return instead(browse, Role::Bad, &error.failure.line(), area, buffer),
        Some(Ok(usage)) if counts.lines.is_empty() => {
            let key = if usage.complete { "browse-empty" } else { "browse-loading" };
            return instead(browse, Role::Dim, &text.t(key), area, buffer);
        }
        Some(Ok(_)) => {}
    }
    let most = counts.lines.iter().map(|line| line.sum.all_bytes()).max().unwrap_or_default();
    let columns = usize::from(area.width);
    let cells = (columns * 2 / 5).min(60);
    let name = columns.saturating_sub(cells + SIZE + 8);
    let (rows, len) = (usize::from(area.height), counts.lines.len());
    let (first, at) = (counts.cursor.first(len, rows), counts.cursor.of(len));
    let mut lines = Vec::with_capacity(rows);
    for (place, sums) in counts.lines.iter().enumerate().skip(first).take(rows) {
        let here = place == at;
        let sign = if here { theme.glyph(Glyph::Current) } else { " " };
        let role = match (here, sums.name.ends_with('/')) {
            (true, _) => Role::Focus,
            (false, true) => Role::Accent,
            (false, false) => Role::Text,
        };
        let [now, old, begun] = parts(&sums.sum, most, cells);
        let [sign_now, sign_old, sign_begun] = signs(browse);
        let shown = visible(&sums.name);
        let shown = cut(theme, &shown, name);
        let blank = " ".repeat(name.saturating_sub(width(&shown)));
        lines.push(Line::from(vec![
            span(theme, Role::Accent, format!(" {sign} ")),
            span(theme, role, shown),
            span(theme, Role::Text, format!("{blank}{}  ", right(theme, &size_text(sums.sum.all_bytes()), SIZE))),
            span(theme, Role::Good, sign_now.repeat(now)),
            span(theme, Role::Warn, sign_old.repeat(old)),
            span(theme, Role::Bad, sign_begun.repeat(begun)),
        ]));
    }
    draw_lines(lines, area, buffer);
    mark_more(theme, area, first, len, buffer);
}

/// Cells of the three parts of a bar. What is more than nothing has a cell as long as there is one.
fn parts(sum: &Sum, most: u64, cells: usize) -> [usize; 3] {
    let mut left = cells;
    [sum.bytes, sum.old_bytes, sum.upload_bytes].map(|bytes| {
        let exact = usize::try_from(u128::from(bytes) * cells as u128 / u128::from(most.max(1))).unwrap_or(cells);
        let got = exact.max(usize::from(bytes > 0)).min(left);
        left -= got;
        got
    })
}

/// The sentence above the keys: the line of the cursor in numbers.
pub(super) fn said(browse: &Browse, counts: &Counts) -> (Role, String) {
    let text = &browse.shell.text;
    let Some(usage) = counts.usage() else { return (Role::Dim, String::new()) };
    if let Some(doubt) = usage.doubts.last() {
        return (Role::Warn, text.t(status::doubt_text(*doubt)));
    }
    for (lack, key) in [(&usage.without_versions, "usage-no-versions"), (&usage.without_uploads, "usage-no-uploads")] {
        if let Some(error) = lack {
            return (Role::Warn, text.with(key, [("why", error.failure.line().into())]));
        }
    }
    let Some(here) = counts.lines.get(counts.cursor.of(counts.lines.len())) else { return (Role::Dim, String::new()) };
    let number = |n: u64| status::grouped(usize::try_from(n).unwrap_or(usize::MAX));
    let sum = &here.sum;
    let words = text.with(
        "usage-line",
        [
            ("name", fit_name(browse, &here.name).into()),
            ("objects", number(sum.objects).into()),
            ("bytes", size_text(sum.bytes).into()),
            ("old", number(sum.old).into()),
            ("oldbytes", size_text(sum.old_bytes).into()),
            ("markers", number(sum.markers).into()),
            ("uploads", number(sum.uploads).into()),
            ("uploadbytes", size_text(sum.upload_bytes).into()),
        ],
    );
    (Role::Dim, words)
}

fn fit_name(browse: &Browse, name: &str) -> String {
    cut(browse.shell.theme, &visible(name), 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_can_be_compared_and_nothing_is_lost_in_them() {
        let sum = |bytes, old_bytes, upload_bytes| Sum { bytes, old_bytes, upload_bytes, ..Sum::default() };
        assert_eq!(parts(&sum(100, 0, 0), 100, 40), [40, 0, 0]);
        assert_eq!(parts(&sum(50, 25, 25), 100, 40), [20, 10, 10]);
        assert_eq!(parts(&sum(1, 1, 1), u64::MAX, 40), [1, 1, 1], "a little is seen");
        assert_eq!(parts(&sum(u64::MAX, 1, 1), u64::MAX, 40), [40, 0, 0], "and no bar is longer than the room");
        assert_eq!(parts(&sum(0, 0, 0), 0, 40), [0, 0, 0]);
    }
}
