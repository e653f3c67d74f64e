//! The AWS files' format: sections, `name = value`, and indented values below a name without one.

/// A file, borrowed from its text, so that no secret in it is copied.
#[derive(Debug)]
pub struct Ini<'a> {
    sections: Vec<Section<'a>>,
}

/// What stands below one `[name]`. Where a name stands twice in a file, the later values hold.
#[derive(Clone)]
pub struct Section<'a> {
    name: &'a str,
    /// Name, the name below it where it is an indented one, and value.
    values: Vec<(&'a str, Option<&'a str>, &'a str)>,
}

impl std::fmt::Debug for Section<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}]", self.name)
    }
}

impl<'a> Section<'a> {
    /// A value; an empty one counts as none.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.values.iter().rev().find(|(n, below, _)| below.is_none() && n.eq_ignore_ascii_case(name));
        found.map(|(.., value)| *value).filter(|v| !v.is_empty())
    }

    /// An indented value below `name`.
    pub fn nested(&self, name: &str, below: &str) -> Option<&'a str> {
        let fits =
            |n: &str, b: Option<&str>| n.eq_ignore_ascii_case(name) && b.is_some_and(|b| b.eq_ignore_ascii_case(below));
        let found = self.values.iter().rev().find(|(n, b, _)| fits(n, *b));
        found.map(|(.., value)| *value).filter(|v| !v.is_empty())
    }
}

impl<'a> Ini<'a> {
    /// Reads a text, or gives the number of the first line that makes no sense.
    pub fn parse(text: &'a str) -> Result<Self, usize> {
        let mut sections: Vec<Section<'a>> = Vec::new();
        let mut above: Option<&'a str> = None;
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let indented = line.starts_with([' ', '\t']);
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if !indented && let Some(rest) = line.strip_prefix('[') {
                let (name, _) = rest.split_once(']').ok_or(number)?;
                let name = name.trim();
                above = None;
                sections.push(Section { name, values: Vec::new() });
                continue;
            }
            let section = sections.last_mut().ok_or(number)?;
            let Some((name, value)) = line.split_once('=') else {
                // An indented line without a sign goes on with the value above, which no key here has.
                if indented && above.is_some() {
                    continue;
                }
                return Err(number);
            };
            let (name, value) = (name.trim(), uncommented(value).trim());
            if let Some(above) = above.filter(|_| indented) {
                section.values.push((above, Some(name), value));
            } else {
                above = Some(name);
                section.values.push((name, None, value));
            }
        }
        Ok(Self { sections })
    }

    /// A section, with what all sections of its name say; blanks within names count once.
    pub fn section(&self, name: &str) -> Option<Section<'a>> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        // `[profile "my name"]` is written with quotes.
        let same = |section: &&Section<'a>| words(&section.name.replace('"', "")) == words(name);
        let mut found = self.sections.iter().filter(same);
        let mut first = found.next()?.clone();
        for more in found {
            first.values.extend(&more.values);
        }
        Some(first)
    }

    /// The names of all sections.
    pub fn names(&self) -> Vec<&'a str> {
        self.sections.iter().map(|s| s.name).collect()
    }
}

/// A value without a comment behind it: one begins with a blank and `#` or `;`.
fn uncommented(value: &str) -> &str {
    let begins = |pair: &str| value.find(pair);
    let at = [" #", " ;", "\t#", "\t;"].into_iter().filter_map(begins).min();
    at.and_then(|at| value.get(..at)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "\u{feff}# a comment\n[default]\nregion=eu-north-1\n; another\n[profile \"dev one\"]\n\
                        Region = a # why\ns3 =\n  endpoint_url = http://x:1\n  addressing_style=path\nname =\n\n\
                        [profile two]\nkey = a#b;c=d\n[default]\nregion = second\n";

    #[test]
    fn sections_values_and_nested_values_are_read() {
        let ini = Ini::parse(TEXT).expect("it makes sense");
        let default = ini.section("default").expect("it is there");
        assert_eq!(default.get("region"), Some("second"), "the later one holds");
        let dev = ini.section("profile dev  one").expect("it is there");
        assert_eq!((dev.get("region"), dev.get("name"), dev.get("endpoint_url")), (Some("a"), None, None));
        assert_eq!(dev.nested("s3", "endpoint_url"), Some("http://x:1"));
        assert_eq!(dev.nested("s3", "addressing_style"), Some("path"));
        assert_eq!(ini.section("profile two").expect("it is there").get("key"), Some("a#b;c=d"));
        assert!(ini.section("profile three").is_none());
        assert!(!format!("{ini:?}").contains("second"), "a file may hold secrets");
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        assert_eq!(Ini::parse("a = b").map(|_| ()), Err(1));
        assert_eq!(Ini::parse("[a]\n\nwhat is this").map(|_| ()), Err(3));
        assert_eq!(Ini::parse("[a").map(|_| ()), Err(1));
        assert!(
            Ini::parse("[a]\r\nb = c\r\n")
                .expect("it makes sense")
                .section("a")
                .is_some_and(|a| a.get("b") == Some("c"))
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
            let _ = Ini::parse(&text).map(|ini| ini.names().len());
        }
    }
}
