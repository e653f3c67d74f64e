//! Whose registry is browsed, and who vouches for it.

use crate::registry::places::RegistryId;

/// Whose registry it is, and whose key asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The site's name, or the profile's.
    pub name: String,
    /// The service's address.
    pub url: String,
    /// Who vouches for it, for the header.
    pub trust: Vouched,
    /// Which key signs.
    pub key: String,
    /// Which registry it is among those that places are kept of.
    pub id: RegistryId,
    /// The key that may write, where one is known.
    pub writer: Option<String>,
}

/// Who vouches for the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Vouched {
    /// The site's own CA.
    Site(String),
    /// A CA from a file.
    File,
    /// A CA that this computer knows.
    System,
    /// Nobody: the service is spoken to without TLS.
    #[default]
    Nobody,
}
