//! What a table of components can have: the closed sets of files and images, their entries, and the
//! parts of an image's reference.

/// A file that the host fetches. The set is closed: each has a place in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileId {
    /// RKE2's install script.
    InstallScript,
    /// The release's own list of checksums.
    Checksums,
    /// The release's programs and units.
    Package,
    /// The release's core images.
    ImagesCore,
    /// The images of the canal network.
    ImagesCanal,
    /// The MinIO Operator's chart.
    OperatorChart,
}

impl FileId {
    /// Every file.
    pub const ALL: &'static [FileId] = &[
        Self::InstallScript,
        Self::Checksums,
        Self::Package,
        Self::ImagesCore,
        Self::ImagesCanal,
        Self::OperatorChart,
    ];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InstallScript => "rke2-install-script",
            Self::Checksums => "rke2-checksums",
            Self::Package => "rke2-package",
            Self::ImagesCore => "rke2-images-core",
            Self::ImagesCanal => "rke2-images-canal",
            Self::OperatorChart => "operator-chart",
        }
    }
}

/// An image that the cluster runs and RKE2 does not bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageId {
    /// The S3 server.
    Registry,
    /// The MinIO Operator.
    Operator,
    /// The operator's sidecar.
    Sidecar,
    /// local-path-provisioner.
    LocalPath,
    /// The helper that makes and removes volumes.
    Helper,
}

impl ImageId {
    /// Every image.
    pub const ALL: &'static [ImageId] = &[Self::Registry, Self::Operator, Self::Sidecar, Self::LocalPath, Self::Helper];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Operator => "operator",
            Self::Sidecar => "operator-sidecar",
            Self::LocalPath => "local-path",
            Self::Helper => "helper",
        }
    }
}

/// A file with everything needed to fetch and verify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Where it is, with version and architecture filled in.
    pub url: String,
    /// Its SHA-256, where it is known beforehand. Where not, the release's own list says it.
    pub sha256: Option<String>,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
    /// Where the facts are from.
    pub source: String,
}

impl FileEntry {
    /// The last part of the address, by which lists of checksums name it.
    pub fn file_name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or(&self.url)
    }
}

/// An image by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageEntry {
    /// References in order of preference, `registry/name:tag[@sha256:…]`.
    pub refs: Vec<String>,
    /// Where the facts are from.
    pub source: String,
}

impl ImageEntry {
    /// The preferred reference.
    pub fn first(&self) -> &str {
        self.refs.first().map_or("", String::as_str)
    }
}

/// A reference taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// `docker.io`.
    pub registry: String,
    /// `pgsty/silo`.
    pub repository: String,
    /// `RELEASE…`, where it has one.
    pub tag: Option<String>,
    /// `sha256:…`, where it has one.
    pub digest: Option<String>,
}

impl ImageRef {
    /// Takes `registry/name[:tag][@digest]` apart; the registry must be written out.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let (registry, path) = rest.split_once('/')?;
        if !registry.contains(['.', ':']) {
            return None;
        }
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (path, None),
        };
        if let Some(digest) = &digest {
            let hex = digest.strip_prefix("sha256:")?;
            if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
                return None;
            }
        }
        Some(Self { registry: registry.into(), repository: repository.into(), tag, digest })
    }

    /// What a registry is asked for: the digest, or else the tag.
    pub fn reference(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or("latest")
    }

    /// `registry/name`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_apart() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let parts = ImageRef::parse(&format!("docker.io/pgsty/silo:R1@{digest}")).expect("a reference");
        assert_eq!((parts.name().as_str(), parts.reference()), ("docker.io/pgsty/silo", digest.as_str()));
        assert!(ImageRef::parse("silo:R1").is_none() && ImageRef::parse("docker.io/a@sha256:zz").is_none());
    }
}
