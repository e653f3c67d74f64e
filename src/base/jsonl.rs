//! Files of one JSON value a line, of which the last line may be torn.

/// The complete lines of a file and where they end.
#[derive(Debug, PartialEq, Eq)]
pub struct Lines<'a> {
    /// Complete lines without their line feed.
    pub lines: Vec<&'a [u8]>,
    /// Bytes of the file up to and with the last line feed: what comes after is torn.
    pub whole: usize,
}

impl Lines<'_> {
    /// Whether something after the last line feed was lost in the middle of a write.
    pub fn torn(&self, len: usize) -> bool {
        self.whole < len
    }
}

/// Splits a file's bytes. A line counts only with its line feed: a writer that died in the middle
/// leaves an end that no reader takes for a value, even where the cut text happens to parse.
pub fn split(bytes: &[u8]) -> Lines<'_> {
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let lines = bytes.get(..whole).unwrap_or_default().split(|b| *b == b'\n').filter(|l| !l.is_empty()).collect();
    Lines { lines, whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_torn_byte_leaves_the_whole_lines_before_it() {
        let file = b"{\"a\":1}\n{\"b\":22}\n{\"c\":333}\n";
        for cut in 0..=file.len() {
            let seen = split(&file[..cut]);
            let expected = file[..cut].split(|b| *b == b'\n').count() - 1;
            assert_eq!(seen.lines.len(), expected, "cut at {cut}");
            assert!(seen.whole <= cut);
        }
    }
}
