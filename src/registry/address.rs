//! How buckets and keys are named on a command line.
//!
//! ```text
//! s3://bucket/key      at the service that flags, AWS_* or a profile name
//! edge:bucket/key      in the registry of the site edge
//! bucket/key           where it can only be meant so: with flags at their service, else at the only site
//! ```
//!
//! Keys are taken as they are: nothing in them is decoded, and `s3://b//k` is the key `/k`.

use std::fmt;

/// Where a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the service that flags, variables or a profile name.
    Service,
    /// In the registry of this site.
    Site(String),
    /// It was not said.
    Unsaid,
}

/// A bucket and what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Where it is.
    pub place: Place,
    /// The bucket; empty for all of them.
    pub bucket: String,
    /// A key or what keys begin with; empty for the whole bucket.
    pub key: String,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    /// Buckets have other names.
    #[error("a bucket's name has 3 to 63 small letters, digits, dots and hyphens")]
    Bucket,
    /// Keys are shorter.
    #[error("a key has at most 1,024 bytes")]
    TooLong,
    /// Keys have no such character.
    #[error("a key has no NUL in it")]
    Nul,
    /// A key without a bucket.
    #[error("a bucket is missing in front of the key")]
    NoBucket,
}

impl Address {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, Bad> {
        let (place, rest) = match text.strip_prefix("s3://") {
            Some(rest) => (Place::Service, rest),
            None => match text.split_once(':').filter(|(site, _)| is_site(site)) {
                Some((site, rest)) => (Place::Site(site.to_owned()), rest),
                None => (Place::Unsaid, text),
            },
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        match bucket {
            "" if key.is_empty() => {}
            "" => return Err(Bad::NoBucket),
            // A slash in front is how people write places that begin at the top.
            _ if is_bucket(bucket) => {}
            _ => return Err(Bad::Bucket),
        }
        if key.len() > 1024 {
            return Err(Bad::TooLong);
        }
        if key.contains('\0') {
            return Err(Bad::Nul);
        }
        Ok(Self { place, bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// Whether a text names a place in a bucket and no file of this computer, where both may stand.
    pub fn is_remote(text: &str) -> bool {
        text.starts_with("s3://") || text.split_once(':').is_some_and(|(site, _)| is_site(site))
    }

    /// The same with another key.
    #[must_use]
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        Self { key: key.into(), ..self.clone() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Service => f.write_str("s3://")?,
            Place::Site(site) => write!(f, "{site}:")?,
            Place::Unsaid => {}
        }
        f.write_str(&self.bucket)?;
        if !self.key.is_empty() {
            write!(f, "/{}", self.key)?;
        }
        Ok(())
    }
}

/// What sites are called: labels of names of hosts.
fn is_site(text: &str) -> bool {
    let within = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(within) && !text.starts_with('-') && !text.ends_with('-')
}

/// What buckets are called. Old ones at Amazon may have capitals and underscores; they are let through,
/// and the service has the last word.
fn is_bucket(text: &str) -> bool {
    let within = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (3..=255).contains(&text.len()) && text.chars().all(within) && text != "..." && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> (Place, String, String) {
        let address = Address::parse(text).expect("it is one");
        (address.place, address.bucket, address.key)
    }

    #[test]
    fn addresses_are_taken_apart_and_keys_stay_as_they_are() {
        let site = || Place::Site("edge-07".to_owned());
        assert_eq!(parts("s3://models/a b%20c"), (Place::Service, "models".into(), "a b%20c".into()));
        assert_eq!(parts("s3://models//a"), (Place::Service, "models".into(), "/a".into()));
        assert_eq!(parts("edge-07:models/x:y"), (site(), "models".into(), "x:y".into()));
        assert_eq!(parts("edge-07:"), (site(), String::new(), String::new()));
        assert_eq!(parts("models/x:y/"), (Place::Unsaid, "models".into(), "x:y/".into()));
        assert_eq!(parts(""), (Place::Unsaid, String::new(), String::new()));
        assert_eq!(parts("s3://"), (Place::Service, String::new(), String::new()));
    }

    #[test]
    fn what_is_none_is_said() {
        assert_eq!(Address::parse("s3:///key"), Err(Bad::NoBucket));
        assert_eq!(Address::parse("/models/x"), Err(Bad::NoBucket));
        assert_eq!(Address::parse("s3://x"), Err(Bad::Bucket));
        assert_eq!(Address::parse("s3://a b/x"), Err(Bad::Bucket));
        assert_eq!(Address::parse("../x"), Err(Bad::Bucket));
        assert_eq!(Address::parse(&format!("s3://models/{}", "x".repeat(1025))), Err(Bad::TooLong));
        assert_eq!(Address::parse("s3://models/\0"), Err(Bad::Nul));
    }

    #[test]
    fn files_are_told_from_places_in_buckets() {
        for remote in ["s3://b/k", "edge:models", "edge-07:"] {
            assert!(Address::is_remote(remote), "{remote}");
        }
        for file in ["-", "models/x", "./edge:models", "/tmp/x:y", "C:\\x", "a b:c", "-x:y"] {
            assert!(!Address::is_remote(file), "{file}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "(s3://|edge:|)[a-z]{3,8}(/\\PC{0,40})?") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Address::parse(&text);
        }
    }
}
