//! The one place where a chain of errors becomes text.

use std::error::Error;
use std::fmt;

/// Prints an error and its causes once each, `outer: inner: innermost`.
///
/// Error types say only their own part, so nothing is doubled here; a cause that repeats the text
/// before it all the same (some libraries do that) is left out.
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        f.write_str(&shown)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !text.is_empty() && !shown.ends_with(&text) {
                write!(f, ": {text}")?;
                shown = text;
            }
            next = cause.source();
        }
        Ok(())
    }
}

/// The causes below an error, outermost first, without repetitions.
pub fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut shown = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !text.is_empty() && !shown.ends_with(&text) {
            found.push(text.clone());
            shown = text;
        }
        next = cause.source();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("open the journal")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn each_part_is_printed_once() {
        let error = Outer(std::io::Error::other("disk gone"));
        assert_eq!(Chain(&error).to_string(), "open the journal: disk gone");
        assert_eq!(causes(&error), ["disk gone"]);
    }
}
