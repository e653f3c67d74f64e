//! The name by which a site's file calls one of its hosts.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A host's name in the site's file: an RFC 1123 label of at most 63 characters.
///
/// It stands in journals and must not change its meaning when hosts are added, so it is a name and
/// never a position. It is `Copy`, because step ids carry it everywhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId {
    bytes: [u8; 63],
    len: u8,
}

/// Why a text is no host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host name: 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit")]
pub struct BadHostId(String);

/// Whether `text` is an RFC 1123 label in lower case.
pub fn is_label(text: &str) -> bool {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|b| ok(*b) || *b == b'-')
        && ok(bytes[0])
        && ok(bytes[bytes.len() - 1])
}

impl HostId {
    /// The name.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes.get(..usize::from(self.len)).unwrap_or_default()).unwrap_or_default()
    }
}

impl FromStr for HostId {
    type Err = BadHostId;

    fn from_str(text: &str) -> Result<Self, BadHostId> {
        if !is_label(text) {
            return Err(BadHostId(text.to_owned()));
        }
        let mut bytes = [0; 63];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).map_err(|_| BadHostId(text.to_owned()))?;
        Ok(Self { bytes, len })
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for HostId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for HostId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_are_names() {
        assert_eq!("edge-07".parse::<HostId>().map(|h| h.to_string()), Ok("edge-07".to_owned()));
        for bad in ["", "-a", "a-", "Edge", "a.b", &"x".repeat(64)] {
            assert!(bad.parse::<HostId>().is_err(), "{bad} was taken");
        }
    }
}
