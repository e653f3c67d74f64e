//! What a style means, in one file: screens name roles, and only this file knows colours and glyphs.
//!
//! Colour repeats what a glyph or a word says already, so that a screen without colours says the same.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Text that steps back: explanations, units, what is not there yet.
    Dim,
    /// The one accent: the current place, the running step.
    Accent,
    /// Something is as it should be.
    Good,
    /// Something that someone should know.
    Warn,
    /// Something failed or stops the install.
    Bad,
    /// The line or field that keys act on.
    Focus,
    /// A heading.
    Title,
    /// Lines and borders.
    Rule,
    /// A hit of a search.
    Hit,
    /// The label of a rehearsal.
    Rehearsal,
    /// A secret that is shown in clear.
    Secret,
}

impl Role {
    /// Every role, with the letter that stands for it in snapshots.
    pub const ALL: &'static [(Role, char)] = &[
        (Self::Text, ' '),
        (Self::Dim, 'd'),
        (Self::Accent, 'a'),
        (Self::Good, 'g'),
        (Self::Warn, 'w'),
        (Self::Bad, 'b'),
        (Self::Focus, 'F'),
        (Self::Title, 't'),
        (Self::Rule, 'r'),
        (Self::Hit, 'h'),
        (Self::Rehearsal, 'R'),
        (Self::Secret, 'S'),
    ];

    fn index(self) -> u8 {
        let at = Self::ALL.iter().position(|(role, _)| *role == self).unwrap_or_default();
        u8::try_from(at).unwrap_or_default()
    }
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// None: `NO_COLOR`, or a terminal without.
    None,
    /// The sixteen that every terminal names, as its owner has set them.
    Sixteen,
    /// Any.
    True,
    /// Each role is a colour of its own number: for snapshots.
    Roles,
}

/// The look of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Colours.
    pub colours: Colours,
    /// Whether only ASCII may be written for signs and lines.
    pub ascii: bool,
}

impl Theme {
    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let base = match self.colours {
            Colours::Roles => return plain.fg(Color::Indexed(role.index())),
            Colours::None => plain,
            Colours::Sixteen => sixteen(role),
            Colours::True => rgb(role),
        };
        match role {
            Role::Focus | Role::Hit | Role::Rehearsal => base.add_modifier(Modifier::REVERSED),
            Role::Title | Role::Accent | Role::Secret => base.add_modifier(Modifier::BOLD),
            Role::Dim if self.colours == Colours::None => base.add_modifier(Modifier::DIM),
            _ => base,
        }
    }

    /// A sign as this terminal can show it.
    pub fn glyph(self, glyph: Glyph) -> &'static str {
        let (unicode, ascii) = glyph.twins();
        if self.ascii { ascii } else { unicode }
    }

    /// `…`, or its twin.
    pub fn ellipsis(self) -> &'static str {
        self.glyph(Glyph::Ellipsis)
    }
}

fn sixteen(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Text | Role::Focus | Role::Title => plain,
        Role::Dim | Role::Rule => plain.fg(Color::DarkGray),
        Role::Accent => plain.fg(Color::Cyan),
        Role::Good => plain.fg(Color::Green),
        Role::Warn | Role::Hit | Role::Rehearsal => plain.fg(Color::Yellow),
        Role::Bad => plain.fg(Color::Red),
        Role::Secret => plain.fg(Color::Magenta),
    }
}

fn rgb(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Text | Role::Focus | Role::Title => plain,
        Role::Dim => plain.fg(Color::Rgb(138, 143, 152)),
        Role::Rule => plain.fg(Color::Rgb(92, 99, 112)),
        Role::Accent => plain.fg(Color::Rgb(86, 182, 194)),
        Role::Good => plain.fg(Color::Rgb(126, 188, 110)),
        Role::Warn | Role::Hit | Role::Rehearsal => plain.fg(Color::Rgb(229, 181, 103)),
        Role::Bad => plain.fg(Color::Rgb(232, 104, 112)),
        Role::Secret => plain.fg(Color::Rgb(198, 120, 221)),
    }
}

/// Signs, each with an ASCII twin of the same width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// Done, or as it should be.
    Good,
    /// Failed.
    Bad,
    /// Worth knowing.
    Warn,
    /// Under way, or where the cursor is.
    Current,
    /// Not there yet.
    Open,
    /// The link.
    Link,
    /// Between places of the walk.
    Then,
    /// A line across.
    Across,
    /// A line down.
    Down,
    /// Where a line down meets a line across above it.
    Tee,
    /// Part of a bar that is done.
    BarDone,
    /// Part of a bar that is not.
    BarOpen,
    /// A character that is not shown.
    Mask,
    /// Something was cut.
    Ellipsis,
    /// A chosen alternative.
    Chosen,
    /// An alternative that is not chosen.
    Other,
    /// A box that is ticked.
    Ticked,
    /// A box that is not.
    Unticked,
    /// Between facts in a line.
    Between,
    /// More above.
    Up,
    /// More below.
    More,
}

impl Glyph {
    /// Every sign.
    pub const ALL: &'static [Glyph] = &[
        Self::Good,
        Self::Bad,
        Self::Warn,
        Self::Current,
        Self::Open,
        Self::Link,
        Self::Then,
        Self::Across,
        Self::Down,
        Self::Tee,
        Self::BarDone,
        Self::BarOpen,
        Self::Mask,
        Self::Ellipsis,
        Self::Chosen,
        Self::Other,
        Self::Ticked,
        Self::Unticked,
        Self::Between,
        Self::Up,
        Self::More,
    ];

    const fn twins(self) -> (&'static str, &'static str) {
        match self {
            Self::Good => ("✓", "+"),
            Self::Bad => ("✗", "x"),
            Self::Warn => ("!", "!"),
            Self::Current => ("▸", ">"),
            Self::Open | Self::Between => ("·", "-"),
            Self::Link => ("●", "*"),
            Self::Then => ("›", ">"),
            Self::Across | Self::BarOpen => ("─", "-"),
            Self::Down => ("│", "|"),
            Self::Tee => ("┴", "+"),
            Self::BarDone => ("━", "="),
            Self::Mask => ("•", "*"),
            Self::Ellipsis => ("…", "~"),
            Self::Chosen => ("(•)", "(*)"),
            Self::Other => ("( )", "( )"),
            Self::Ticked => ("[✓]", "[x]"),
            Self::Unticked => ("[ ]", "[ ]"),
            Self::Up => ("↑", "^"),
            Self::More => ("↓", "v"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use unicode_width::UnicodeWidthStr as _;

    #[test]
    fn each_sign_has_an_ascii_twin_of_its_width() {
        for glyph in Glyph::ALL {
            let (unicode, ascii) = glyph.twins();
            assert!(ascii.is_ascii(), "{glyph:?}");
            assert_eq!(unicode.width(), ascii.width(), "{glyph:?}");
        }
    }

    #[test]
    fn without_colours_no_role_sets_one() {
        let theme = Theme { colours: Colours::None, ascii: false };
        for (role, _) in Role::ALL {
            assert_eq!((theme.style(*role).fg, theme.style(*role).bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn in_snapshots_no_two_roles_look_the_same() {
        let theme = Theme { colours: Colours::Roles, ascii: false };
        let looks: HashSet<Style> = Role::ALL.iter().map(|(role, _)| theme.style(*role)).collect();
        assert_eq!(looks.len(), Role::ALL.len());
    }
}
