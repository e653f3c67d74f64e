//! The closed set of steps. To add one, add a variant: the compiler names every place to fill.

use super::host::HostId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! step_kinds {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $title:literal, $place:ident, $typical:literal;)*) => {
        /// What a step does. The ids stand in journals and answers and never change once released.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum StepKind { $($(#[$doc])* $variant,)* }

        impl StepKind {
            /// Every kind, in the order in which a plain install runs them.
            pub const ALL: &'static [StepKind] = &[$(StepKind::$variant,)*];

            /// The name in files and on command lines.
            pub const fn id(self) -> &'static str {
                match self { $(StepKind::$variant => $id,)* }
            }

            /// The name for people.
            pub const fn title(self) -> &'static str {
                match self { $(StepKind::$variant => $title,)* }
            }

            /// Where it works.
            pub const fn place(self) -> Place {
                match self { $(StepKind::$variant => Place::$place,)* }
            }

            /// How long it usually takes on a small host, in seconds: an expectation for progress,
            /// never a limit.
            pub const fn typical_seconds(self) -> u32 {
                match self { $(StepKind::$variant => $typical,)* }
            }
        }
    };
}

/// Where a kind of step works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On one host.
    Host,
    /// In the cluster, through any live server.
    Cluster,
    /// On the computer that runs this program, or from it against the registry.
    Operator,
}

step_kinds! {
    /// The credentials file can be made: proven before anything is changed.
    CredentialsReady = "credentials-ready", "Place for the keys", Operator, 1;
    /// Kernel settings, packages and drop-ins that RKE2 needs.
    PrepareHost = "prepare-host", "Prepare the host", Host, 5;
    /// `registries.yaml`, where mirrors are set.
    Registries = "registries", "Image mirrors", Host, 1;
    /// RKE2's `config.yaml`, its environment and the data directory.
    ClusterConfig = "cluster-config", "RKE2 configuration", Host, 1;
    /// The image tarballs of the release in RKE2's images directory.
    ClusterImages = "cluster-images", "RKE2 images", Host, 90;
    /// The release's own files, by its install script.
    ClusterPackage = "cluster-package", "RKE2 package", Host, 40;
    /// The service is enabled and its API answers.
    ClusterStart = "cluster-start", "Start RKE2", Host, 180;
    /// The node is Ready as seen through the API.
    ClusterAccess = "cluster-access", "Cluster access", Cluster, 15;
    /// The cluster signs serving certificates with its server CA.
    SignerProbe = "signer-probe", "Certificate signer", Cluster, 3;
    /// A storage class for the registry's volumes.
    Storage = "storage", "Storage class", Cluster, 20;
    /// The MinIO Operator, by Helm chart.
    Operator = "operator", "MinIO Operator", Cluster, 45;
    /// The tenant's namespace and its root credentials.
    Namespace = "namespace", "Namespace, root key", Cluster, 1;
    /// The registry's serving certificate.
    Certificate = "certificate", "Certificate", Cluster, 4;
    /// The Tenant object.
    Tenant = "tenant", "Tenant", Cluster, 2;
    /// The tenant is initialised and healthy.
    TenantHealthy = "tenant-healthy", "Tenant healthy", Cluster, 60;
    /// A service of ours on a port of the node.
    NodePort = "node-port", "Node port", Cluster, 1;
    /// The registry answers from outside with verified TLS.
    Reach = "reach", "Reached from outside", Operator, 3;
    /// The bucket with versioning, expiry of old versions and quota.
    Bucket = "bucket", "Bucket", Operator, 2;
    /// Reader's, publisher's and Triton's keys, each tried.
    Keys = "keys", "Least-privilege keys", Operator, 6;
    /// Every key in the operator's file, read from the cluster.
    CredentialsFile = "credentials-file", "Credentials file", Operator, 1;
    /// CA file, endpoint and what to do next.
    HandOver = "hand-over", "Hand-over", Operator, 1;
}

/// What of a step that is under way goes on when this program does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// The unit on the host that it has started, and no more: the step has other parts, which this
    /// program does.
    Unit,
    /// All of it, once the service was started: what is left is to look.
    Service,
    /// What the cluster was told; whether it came to that is looked at by this program.
    Cluster,
    /// Nothing.
    Nothing,
}

impl StepKind {
    /// What goes on without this program, once it was begun.
    pub const fn alone(self) -> Alone {
        match self {
            Self::PrepareHost | Self::ClusterImages | Self::ClusterPackage => Alone::Unit,
            Self::ClusterStart => Alone::Service,
            Self::ClusterAccess | Self::Storage | Self::Operator | Self::Tenant | Self::TenantHealthy => Alone::Cluster,
            Self::CredentialsReady
            | Self::Registries
            | Self::ClusterConfig
            | Self::SignerProbe
            | Self::Namespace
            | Self::Certificate
            | Self::NodePort
            | Self::Reach
            | Self::Bucket
            | Self::Keys
            | Self::CredentialsFile
            | Self::HandOver => Alone::Nothing,
        }
    }
}

/// What a step acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The computer that runs this program.
    Operator,
    /// One host of the site.
    Host(HostId),
    /// The cluster.
    Cluster,
}

/// A step of a plan: what, on what. In files it is `kind` or `kind@host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId {
    /// What it does.
    pub kind: StepKind,
    /// What it acts on.
    pub target: Target,
}

impl StepId {
    /// The step of this kind in a site with one host.
    pub fn of(kind: StepKind, host: HostId) -> Self {
        let target = match kind.place() {
            Place::Host => Target::Host(host),
            Place::Cluster => Target::Cluster,
            Place::Operator => Target::Operator,
        };
        Self { kind, target }
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.id())?;
        match self.target {
            Target::Host(host) => write!(f, "@{host}"),
            Target::Operator | Target::Cluster => Ok(()),
        }
    }
}

/// A step id that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a step that this version knows")]
pub struct UnknownStep(String);

impl FromStr for StepKind {
    type Err = UnknownStep;

    fn from_str(text: &str) -> Result<Self, UnknownStep> {
        Self::ALL.iter().copied().find(|kind| kind.id() == text).ok_or_else(|| UnknownStep(text.to_owned()))
    }
}

impl FromStr for StepId {
    type Err = UnknownStep;

    fn from_str(text: &str) -> Result<Self, UnknownStep> {
        let unknown = || UnknownStep(text.to_owned());
        let (kind, host) = match text.split_once('@') {
            Some((kind, host)) => (kind, Some(host.parse::<HostId>().map_err(|_| unknown())?)),
            None => (text, None),
        };
        let kind: StepKind = kind.parse().map_err(|_| unknown())?;
        let target = match (kind.place(), host) {
            (Place::Host, Some(host)) => Target::Host(host),
            (Place::Cluster, None) => Target::Cluster,
            (Place::Operator, None) => Target::Operator,
            _ => return Err(unknown()),
        };
        Ok(Self { kind, target })
    }
}

impl Serialize for StepId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_reads_back() {
        let host: HostId = "edge-07".parse().expect("a label");
        for kind in StepKind::ALL {
            let id = StepId::of(*kind, host);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert!("cluster-start".parse::<StepId>().is_err(), "a host step without its host");
        assert!("tenant@edge-07".parse::<StepId>().is_err(), "a cluster step with a host");
        assert!("brew-coffee".parse::<StepId>().is_err());
    }
}
