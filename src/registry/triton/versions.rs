//! Version directories: which names are versions, and which of them are served.

use crate::registry::pbtxt::VersionPolicy;
use std::collections::BTreeSet;

/// What Triton reads a directory's name as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// This version. The name may have more behind the number.
    Version(i64),
    /// Passed over, for the zero before its number.
    LeadingZero,
    /// Passed over, because it does not begin with a number.
    NoNumber,
    /// A number that does not fit: `std::stoll` throws what nobody catches.
    Overflow,
    /// A directory with a purpose of its own.
    Reserved,
}

/// Directories of a model that are never versions.
const RESERVED: [&str; 3] = ["warmup", "initial_state", "configs"];

/// Reads a name as Triton does: `std::stoll`, which skips blanks and a sign and stops at the first
/// character that is no digit.
pub fn parse_version(name: &str) -> Parsed {
    if RESERVED.contains(&name) {
        return Parsed::Reserved;
    }
    if name.len() > 1 && name.starts_with('0') {
        return Parsed::LeadingZero;
    }
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r');
    let rest = name.trim_start_matches(blank);
    let (negative, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let digits = rest.get(..digits).unwrap_or_default();
    if digits.is_empty() {
        return Parsed::NoNumber;
    }
    let signed = format!("{}{digits}", if negative { "-" } else { "" });
    signed.parse().map_or(Parsed::Overflow, Parsed::Version)
}

/// The versions of those that are there which a policy picks. Without a policy it is the latest one.
pub fn selected(there: &BTreeSet<i64>, policy: Option<&VersionPolicy>) -> BTreeSet<i64> {
    match policy {
        None => there.last().copied().into_iter().collect(),
        Some(VersionPolicy::All) => there.clone(),
        Some(VersionPolicy::Latest(count)) => {
            there.iter().rev().take(usize::try_from(*count).unwrap_or(usize::MAX)).copied().collect()
        }
        Some(VersionPolicy::Specific(named)) => named.iter().filter(|v| there.contains(v)).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_as_stoll_reads_them() {
        for (name, parsed) in [
            ("1", Parsed::Version(1)),
            ("0", Parsed::Version(0)),
            ("01", Parsed::LeadingZero),
            ("2.bak", Parsed::Version(2)),
            ("1abc", Parsed::Version(1)),
            (" 7", Parsed::Version(7)),
            ("+3", Parsed::Version(3)),
            ("-1", Parsed::Version(-1)),
            ("--1", Parsed::NoNumber),
            ("- 1", Parsed::NoNumber),
            ("v1", Parsed::NoNumber),
            ("", Parsed::NoNumber),
            ("9223372036854775807", Parsed::Version(i64::MAX)),
            ("9223372036854775808", Parsed::Overflow),
            ("-9223372036854775808", Parsed::Version(i64::MIN)),
            ("20241124103000123456789", Parsed::Overflow),
            ("warmup", Parsed::Reserved),
            ("configs", Parsed::Reserved),
            ("１", Parsed::NoNumber),
        ] {
            assert_eq!(parse_version(name), parsed, "{name}");
        }
    }

    #[test]
    fn policies_pick_from_what_is_there() {
        let there = BTreeSet::from([1, 2, 10]);
        let picked = |policy| selected(&there, policy).into_iter().collect::<Vec<_>>();
        assert_eq!(picked(None), [10]);
        assert_eq!(picked(Some(&VersionPolicy::Latest(2))), [2, 10]);
        assert_eq!(picked(Some(&VersionPolicy::Latest(0))), Vec::<i64>::new());
        assert_eq!(picked(Some(&VersionPolicy::All)), [1, 2, 10]);
        assert_eq!(picked(Some(&VersionPolicy::Specific(vec![2, 7]))), [2]);
    }

    proptest! {
        #[test]
        fn any_name_is_read(name in "\\PC{0,30}") {
            parse_version(&name);
        }
    }
}
