//! What was taken out of a text, and how often.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A sort of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// One that this program knows.
    Known,
    /// A private key in PEM.
    PrivateKey,
    /// User and password in an address.
    UserInfo,
    /// The query of a presigned address.
    Presigned,
    /// What stands behind a name such as `password`.
    Named,
    /// A token that is known by its form.
    Token,
    /// Data of a Secret.
    SecretData,
}

impl Sort {
    /// Its name in JSON.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::PrivateKey => "private-key",
            Self::UserInfo => "user-info",
            Self::Presigned => "presigned",
            Self::Named => "named",
            Self::Token => "token",
            Self::SecretData => "secret-data",
        }
    }

    /// In words, for so many of them.
    const fn words(self, many: bool) -> &'static str {
        match (self, many) {
            (Self::Known, false) => "key of this site",
            (Self::Known, true) => "keys of this site",
            (Self::PrivateKey, false) => "private key",
            (Self::PrivateKey, true) => "private keys",
            (Self::UserInfo, false) => "user in an address",
            (Self::UserInfo, true) => "users in addresses",
            (Self::Presigned, false) => "presigned query",
            (Self::Presigned, true) => "presigned queries",
            (Self::Named, false) => "value by its name",
            (Self::Named, true) => "values by their names",
            (Self::Token, false) => "token",
            (Self::Token, true) => "tokens",
            (Self::SecretData, false) => "Secret's data",
            (Self::SecretData, true) => "Secrets' data",
        }
    }
}

/// How often each sort was taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed(BTreeMap<Sort, u64>);

impl Removed {
    /// One more.
    pub fn one(&mut self, sort: Sort) {
        self.many(sort, 1);
    }

    /// So many more.
    pub fn many(&mut self, sort: Sort, count: u64) {
        if count > 0 {
            let so_far = self.0.entry(sort).or_default();
            *so_far = so_far.saturating_add(count);
        }
    }

    /// What was taken out of something else as well.
    pub fn add(&mut self, other: &Self) {
        for (sort, count) in &other.0 {
            self.many(*sort, *count);
        }
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each sort with its count.
    pub fn counts(&self) -> impl Iterator<Item = (Sort, u64)> {
        self.0.iter().map(|(sort, count)| (*sort, *count))
    }

    /// `2 tokens, 1 private key`, or nothing.
    pub fn words(&self) -> String {
        let mut text = String::new();
        for (sort, count) in self.counts() {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{comma}{count} {}", sort.words(count != 1));
        }
        text
    }
}
