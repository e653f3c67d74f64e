//! Places in a registry.

/// Where the browser stands: in the list of buckets, or under a prefix of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The bucket; none in the list of buckets.
    pub bucket: Option<String>,
    /// Empty, or ends with `/`.
    pub prefix: String,
}

impl Spot {
    /// The prefix above; the list of buckets above a bucket.
    pub fn parent(&self) -> Option<Self> {
        self.bucket.as_ref()?;
        if self.prefix.is_empty() {
            return Some(Self::default());
        }
        let inner = self.prefix.strip_suffix('/').unwrap_or(&self.prefix);
        let end = inner.rfind('/').map_or(0, |at| at + 1);
        Some(Self { bucket: self.bucket.clone(), prefix: inner[..end].to_owned() })
    }

    /// The name by which this place stands in the list above it.
    pub(super) fn own_name(&self) -> String {
        let parent = self.parent().unwrap_or_default();
        match &self.bucket {
            Some(bucket) if self.prefix.is_empty() => bucket.clone(),
            _ => self.prefix[parent.prefix.len().min(self.prefix.len())..].to_owned(),
        }
    }
}
