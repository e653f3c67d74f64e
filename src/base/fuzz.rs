//! Cases for the tests of whatever reads what others wrote: right examples, made wrong at random places.
//!
//! A case is made from its number alone, so that a failure can be had again: the number is printed with it. How many
//! there are is what `PROPTEST_CASES` says, as for the tests by `proptest`, and `FUZZ_SEED` gives others.

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Cases of a target in an ordinary run.
pub const CASES: u64 = 100_000;

/// Bytes of what is large: without the compiler's help everything takes ten times as long.
pub const LARGE: usize = if cfg!(debug_assertions) { 1_000_000 } else { 10_000_000 };

/// A sequence of numbers (splitmix64) that depends on where it begins and on nothing else.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The numbers of a case.
    pub fn of(seed: u64, case: u64) -> Self {
        let mut dice = Self(seed ^ case.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.draw();
        dice
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, or 0 where that is 0.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.draw() >> 32).unwrap_or_default().checked_rem(n).unwrap_or_default()
    }

    /// Whether something happens that happens once in `n`.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn one<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.trim().parse().ok()
}

/// Says which case it was when the test fails in it.
struct Case {
    seed: u64,
    number: u64,
}

impl Drop for Case {
    #[expect(clippy::print_stderr, reason = "it is how a case is found again")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was case {} of FUZZ_SEED={}", self.number, self.seed);
        }
    }
}

/// Tries each case; what is wrong panics. Where other cases than [`CASES`] are asked for, a target whose cases take long and
/// which has `usual` of them gets its part of those.
pub fn each(usual: u64, mut one: impl FnMut(&mut Dice)) {
    let seed = number("FUZZ_SEED").unwrap_or_default();
    for case in 0..number("PROPTEST_CASES").map_or(usual, |asked| asked.saturating_mul(usual).div_ceil(CASES)) {
        let told = Case { seed, number: case };
        one(&mut Dice::of(seed, case));
        drop(told);
    }
}

/// What readers stumble over, in texts of any kind.
const WORDS: [&str; 44] = [
    "\u{1b}[2J",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;AAAA\u{1b}\\",
    "\u{1b}P",
    "\u{1b}",
    "\u{9b}31m",
    "\u{9d}x\u{9c}",
    "\u{85}",
    "\u{0}",
    "\u{7f}",
    "\u{8}",
    "\u{202e}",
    "\u{2066}",
    "\u{200f}",
    "\u{61c}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffd}",
    "\u{200d}",
    "\u{1f469}\u{200d}\u{1f467}",
    "\u{e0}\u{301}",
    "\u{df}\u{130}\u{1e9e}",
    "\u{ff10}\u{663}",
    "\n",
    "\r\n",
    "\t",
    "\"",
    "'",
    "\\",
    "\\u0000",
    "=",
    "-1",
    "0",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
    "1e999",
    "%s%n",
    "[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "../../../etc/passwd",
    "null",
    "-",
];

/// Bytes that are no text.
const RAW: [&[u8]; 5] = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80\x80"];

/// Makes up to four changes, none in one case of eight.
pub fn bend(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..dice.below(8).min(4) {
        change(dice, bytes);
    }
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let length = bytes.len();
    let at = dice.below(length + 1);
    let upto = (at + 1 + dice.below(40)).min(length).max(at);
    match dice.below(11) {
        0 => bytes.truncate(at),
        1 if at < length => bytes[at] = u8::try_from(dice.below(256)).unwrap_or_default(),
        2 if at < length => bytes[at] ^= 1 << dice.below(8),
        3 => drop(bytes.drain(at..upto)),
        // A piece of it once more, elsewhere.
        4 => {
            let piece = bytes[at..upto].to_vec();
            let to = dice.below(length + 1);
            bytes.splice(to..to, piece);
        }
        5 => drop(bytes.splice(at..upto, dice.one(&WORDS).bytes())),
        6 => drop(bytes.splice(at..at, dice.one(&RAW).iter().copied())),
        7 if dice.once_in(20) => {
            let many = vec![b"a [\"\n\x1b"[dice.below(6)]; 1 + dice.below(5000)];
            bytes.splice(at..at, many);
        }
        _ => drop(bytes.splice(at..at, dice.one(&WORDS).bytes())),
    }
}

/// The same for a text, which stays one.
pub fn bend_text(dice: &mut Dice, text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bend(dice, &mut bytes);
    String::from_utf8(bytes).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
}

/// A few lines of a text, from anywhere in it: readers of lines need no more at once, and short cases are many.
pub fn some_lines<'t>(dice: &mut Dice, of: &[&'t str], most: usize) -> Vec<&'t str> {
    (0..=dice.below(most)).map(|_| of[dice.below(of.len())]).collect()
}

/// Makes up to four changes to a value, at any depth, none in one case of eight. What it is stays JSON.
pub fn bend_json(dice: &mut Dice, value: &mut Value) {
    for _ in 0..dice.below(8).min(4) {
        change_json(dice, value);
    }
}

fn change_json(dice: &mut Dice, value: &mut Value) {
    // Down to somewhere: deep values come as often as shallow ones.
    let mut at = value;
    loop {
        let inner = match at {
            Value::Array(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        };
        if inner == 0 || dice.once_in(6) {
            break;
        }
        let chosen = dice.below(inner);
        at = match at {
            Value::Array(items) => &mut items[chosen],
            Value::Object(map) => map.values_mut().nth(chosen).expect("there are so many"),
            _ => unreachable!("it has something in it"),
        };
    }
    match (dice.below(8), &mut *at) {
        (0 | 1, Value::String(text)) => *text = bend_text(dice, text),
        (2 | 3, Value::Object(map)) if !map.is_empty() => {
            let key = map.keys().nth(dice.below(map.len())).expect("there are so many").clone();
            let taken = map.remove(&key).unwrap_or_default();
            match dice.below(3) {
                0 => {}
                1 => drop(map.insert(bend_text(dice, &key), taken)),
                // Another one's value in its place.
                _ => {
                    let other = map.values().nth(dice.below(map.len())).cloned().unwrap_or_default();
                    map.insert(key, other);
                }
            }
        }
        (2 | 3, Value::Array(items)) if !items.is_empty() => {
            let item = items[dice.below(items.len())].clone();
            let many = if dice.once_in(50) { 300 } else { dice.below(4) };
            items.extend(std::iter::repeat_n(item, many));
            let to = dice.below(items.len());
            items.swap(0, to);
        }
        (4, _) => {
            let whole = at.take();
            *at = if dice.once_in(2) { Value::Array(vec![whole]) } else { holds("spec", whole) };
        }
        _ => *at = strange(dice),
    }
}

/// An object of one field. `json!` would copy what is in it.
fn holds(field: &str, inner: Value) -> Value {
    Value::Object(Map::from_iter([(field.to_owned(), inner)]))
}

/// A value that is hardly ever the wanted one.
fn strange(dice: &mut Dice) -> Value {
    match dice.below(14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(1e300),
        5 => json!(0),
        6 => json!(""),
        7 => json!([]),
        8 => json!({}),
        9 => json!([null, [], {}]),
        10 => json!("a\u{1b}[2J".repeat(1 + dice.below(400))),
        11 => (0..100).fold(Value::Null, |inner, _| holds("status", inner)),
        12 => Value::Object((0..30).map(|n| (format!("k{n}"), json!(n))).collect::<Map<_, _>>()),
        _ => json!(dice.one(&WORDS)),
    }
}

/// A piece again and again, until it is [`LARGE`].
pub fn large(piece: &str) -> String {
    piece.repeat(LARGE / piece.len().max(1))
}

/// Fails where a target takes one of two ways hardly ever, so that it is tried in name only.
///
/// # Panics
///
/// That is how a test fails.
#[track_caller]
pub fn both(one: u64, other: u64) {
    let few = (one + other) / 1000;
    assert!(one > few && other > few, "{one} cases went one way, {other} the other");
}

/// Whether nothing in a text acts on a terminal: no control character, and none that turns the reading direction
/// round or begins a line.
pub fn harmless(text: &str) -> bool {
    let quiet = |byte: u8| (0x20..0x7f).contains(&byte);
    text.bytes().all(quiet) || !text.chars().any(|c| c.is_control() || turns(c))
}

fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Fails where a text is not harmless or longer than it may be.
///
/// # Panics
///
/// That is how a test fails.
#[track_caller]
pub fn shown(text: &str, most: usize) {
    assert!(harmless(text), "a terminal would act on {text:?}");
    assert!(text.len() <= most, "{} bytes are shown where {most} are enough", text.len());
}

/// Fails where a reader takes long for what is large: so long only one takes that goes over it again and again. Counted
/// is the processor's time of this thread, so that whatever else a machine does makes no difference.
///
/// # Panics
///
/// That is how a test fails.
#[track_caller]
pub fn soon<T>(what: &str, read: impl FnOnce() -> T) -> T {
    let begun = worked();
    let result = read();
    let took = worked().saturating_sub(begun);
    assert!(took < Duration::from_secs(10), "{what} took {took:?}");
    result
}

/// What this thread has had of the processor.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_the_same_each_time_and_cases_differ() {
        let made = |case| {
            let mut dice = Dice::of(7, case);
            let mut value = json!({"a": [1, {"b": "text"}], "c": "d"});
            change_json(&mut dice, &mut value);
            (bend_text(&mut dice, "a right text"), value.to_string())
        };
        assert_eq!(made(3), made(3));
        let all: std::collections::BTreeSet<_> = (0..100).map(made).collect();
        assert!(all.len() > 60, "{} of 100 cases differ", all.len());
    }

    #[test]
    fn what_acts_on_a_terminal_is_told() {
        for bad in ["a\u{1b}[2J", "\u{9b}1m", "a\nb", "x\u{202e}y", "\u{2028}", "\u{7f}"] {
            assert!(!harmless(bad), "{bad:?}");
        }
        assert!(harmless("\u{e4}\u{4e2d}\u{1f469}\u{200d}\u{1f467} plain"));
    }
}
