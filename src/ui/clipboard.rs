//! The terminal's clipboard, by OSC 52. Whether the terminal takes it cannot be known, so the screens say
//! "sent to the terminal" and never "copied".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Letters of an encoded text that terminals take: xterm's limit, which others keep to. What is longer would be cut
/// or thrown away by the terminal without a word.
const LONGEST: usize = 74_994;

/// Bytes of one string that GNU screen is given. Version 4.9 hands on 767 and loses all of a longer one (tried); pieces
/// that are smaller cost four bytes each, and leave room for versions that keep less.
const SCREEN: usize = 240;

/// The begin and the end of a string that tmux and screen hand on.
const TAKEN: &[u8] = b"\x1bP";
const END: &[u8] = b"\x1b\\";
/// In tmux's each escape is written twice; the sequence has one, at its begin.
const ESCAPE: &[u8] = b"\x1b";

/// What stands between this program and the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrapped {
    /// Nothing that would keep a sequence back.
    #[default]
    Plain,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

impl Wrapped {
    /// By the values of `TMUX`, `STY` and `TERM`; empty ones are not set. tmux goes first: what runs in it usually has a
    /// `TERM` that begins with `screen`.
    pub fn of(tmux: &str, sty: &str, term: &str) -> Self {
        if !tmux.is_empty() || term.starts_with("tmux") {
            Self::Tmux
        } else if !sty.is_empty() || term.starts_with("screen") {
            Self::Screen
        } else {
            Self::Plain
        }
    }
}

/// The sequence that sends a text; `None` where it is longer than terminals take.
pub fn sequence(text: &str, wrapped: Wrapped) -> Option<Vec<u8>> {
    let encoded = STANDARD.encode(text);
    if encoded.len() > LONGEST {
        return None;
    }
    let plain = [b"\x1b]52;c;".as_slice(), encoded.as_bytes(), b"\x07"].concat();
    Some(match wrapped {
        Wrapped::Plain => plain,
        // tmux takes the first with `set-clipboard on` and hands the second to its terminal with `allow-passthrough
        // on`. Which of the two is set cannot be asked, and what comes twice is the same.
        Wrapped::Tmux => [plain.as_slice(), TAKEN, b"tmux;", ESCAPE, &plain, END].concat(),
        Wrapped::Screen => plain.chunks(SCREEN).flat_map(|piece| [TAKEN, piece, END].concat()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal behind GNU screen gets: the strings without what is around them.
    fn unwrapped(bytes: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(bytes.to_vec()).expect("ASCII");
        let pieces: Vec<&str> = text.split_terminator("\u{1b}\\").collect();
        assert!(pieces.iter().all(|piece| piece.starts_with("\u{1b}P") && piece.len() <= 2 + SCREEN));
        pieces.iter().map(|piece| &piece[2..]).collect::<String>().into_bytes()
    }

    #[test]
    fn a_text_goes_out_encoded() {
        assert_eq!(sequence("hi", Wrapped::Plain).expect("short"), b"\x1b]52;c;aGk=\x07");
    }

    #[test]
    fn tmux_gets_it_for_itself_and_for_its_terminal() {
        let sent = sequence("hi", Wrapped::Tmux).expect("short");
        assert_eq!(sent, b"\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
    }

    #[test]
    fn screen_gets_it_in_pieces_that_it_hands_on() {
        for len in [0, 1, 170, 171, 172, 5000] {
            let text = "x".repeat(len);
            let plain = sequence(&text, Wrapped::Plain).expect("short");
            assert_eq!(unwrapped(&sequence(&text, Wrapped::Screen).expect("short")), plain, "{len}");
        }
    }

    #[test]
    fn what_terminals_do_not_take_is_not_sent() {
        let longest = LONGEST / 4 * 3;
        for wrapped in [Wrapped::Plain, Wrapped::Tmux, Wrapped::Screen] {
            assert!(sequence(&"x".repeat(longest), wrapped).is_some());
            assert_eq!(sequence(&"x".repeat(longest + 3), wrapped), None);
        }
    }

    #[test]
    fn what_is_in_between_is_known_by_the_environment() {
        for (tmux, sty, term, wrapped) in [
            ("", "", "xterm-256color", Wrapped::Plain),
            ("/tmp/tmux-0/default,1,0", "", "screen-256color", Wrapped::Tmux),
            ("", "", "tmux-256color", Wrapped::Tmux),
            ("", "4711.pts-0.host", "xterm", Wrapped::Screen),
            ("", "", "screen.xterm-256color", Wrapped::Screen),
            ("/tmp/tmux-0/default,1,0", "4711.pts-0.host", "screen", Wrapped::Tmux),
        ] {
            assert_eq!(Wrapped::of(tmux, sty, term), wrapped, "{tmux} {sty} {term}");
        }
    }
}
