//! The Kubernetes cluster.

use crate::plan::Failure;
use async_trait::async_trait;
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// A kind of object that we handle: a closed set, so that no call can name a kind that the RBAC and
/// the docs do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// v1.
    Namespace,
    /// v1.
    Node,
    /// v1.
    Secret,
    /// v1.
    ConfigMap,
    /// v1.
    Service,
    /// v1.
    ServiceAccount,
    /// v1.
    Pod,
    /// v1.
    PersistentVolume,
    /// v1.
    PersistentVolumeClaim,
    /// v1.
    Event,
    /// apps/v1.
    Deployment,
    /// apps/v1.
    StatefulSet,
    /// batch/v1.
    Job,
    /// storage.k8s.io/v1.
    StorageClass,
    /// rbac.authorization.k8s.io/v1.
    Role,
    /// rbac.authorization.k8s.io/v1.
    RoleBinding,
    /// rbac.authorization.k8s.io/v1.
    ClusterRole,
    /// rbac.authorization.k8s.io/v1.
    ClusterRoleBinding,
    /// certificates.k8s.io/v1.
    CertificateSigningRequest,
    /// apiextensions.k8s.io/v1.
    CustomResourceDefinition,
    /// helm.cattle.io/v1, of the helm-controller that RKE2 brings.
    HelmChart,
    /// minio.min.io/v2.
    Tenant,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[
        Self::Namespace,
        Self::Node,
        Self::Secret,
        Self::ConfigMap,
        Self::Service,
        Self::ServiceAccount,
        Self::Pod,
        Self::PersistentVolume,
        Self::PersistentVolumeClaim,
        Self::Event,
        Self::Deployment,
        Self::StatefulSet,
        Self::Job,
        Self::StorageClass,
        Self::Role,
        Self::RoleBinding,
        Self::ClusterRole,
        Self::ClusterRoleBinding,
        Self::CertificateSigningRequest,
        Self::CustomResourceDefinition,
        Self::HelmChart,
        Self::Tenant,
    ];

    /// Group (empty for the core), version, kind, plural, and whether it lives in a namespace.
    pub const fn api(self) -> (&'static str, &'static str, &'static str, &'static str, bool) {
        match self {
            Self::Namespace => ("", "v1", "Namespace", "namespaces", false),
            Self::Node => ("", "v1", "Node", "nodes", false),
            Self::Secret => ("", "v1", "Secret", "secrets", true),
            Self::ConfigMap => ("", "v1", "ConfigMap", "configmaps", true),
            Self::Service => ("", "v1", "Service", "services", true),
            Self::ServiceAccount => ("", "v1", "ServiceAccount", "serviceaccounts", true),
            Self::Pod => ("", "v1", "Pod", "pods", true),
            Self::PersistentVolume => ("", "v1", "PersistentVolume", "persistentvolumes", false),
            Self::PersistentVolumeClaim => ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
            Self::Event => ("", "v1", "Event", "events", true),
            Self::Deployment => ("apps", "v1", "Deployment", "deployments", true),
            Self::StatefulSet => ("apps", "v1", "StatefulSet", "statefulsets", true),
            Self::Job => ("batch", "v1", "Job", "jobs", true),
            Self::StorageClass => ("storage.k8s.io", "v1", "StorageClass", "storageclasses", false),
            Self::Role => ("rbac.authorization.k8s.io", "v1", "Role", "roles", true),
            Self::RoleBinding => ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", true),
            Self::ClusterRole => ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false),
            Self::ClusterRoleBinding => {
                ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false)
            }
            Self::CertificateSigningRequest => {
                ("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", false)
            }
            Self::CustomResourceDefinition => {
                ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false)
            }
            Self::HelmChart => ("helm.cattle.io", "v1", "HelmChart", "helmcharts", true),
            Self::Tenant => ("minio.min.io", "v2", "Tenant", "tenants", true),
        }
    }

    /// The kind of an object by its `apiVersion` and `kind`.
    pub fn of(object: &Value) -> Option<Self> {
        let api_version = object.get("apiVersion")?.as_str()?;
        let name = object.get("kind")?.as_str()?;
        Self::ALL.iter().copied().find(|kind| {
            let (group, version, kind_name, _, _) = kind.api();
            let full = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
            kind_name == name && full == api_version
        })
    }
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; empty where the kind has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectRef {
    /// An object in a namespace.
    pub fn new(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// An object of the whole cluster.
    pub fn global(kind: Kind, name: impl Into<String>) -> Self {
        Self::new(kind, "", name)
    }

    /// Where an object says that it is.
    pub fn of(object: &Value) -> Option<Self> {
        let kind = Kind::of(object)?;
        let meta = object.get("metadata")?;
        let namespace = meta.get("namespace").and_then(Value::as_str).unwrap_or_default();
        Some(Self::new(kind, namespace, meta.get("name")?.as_str()?))
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.api().2)?;
        f.write_str(" ")?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// What a create came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Created {
    /// It was made now; this is what the server holds.
    New(Value),
    /// It was there before; this is what the server holds, untouched.
    Existed(Value),
}

/// An object as its server prints it in a list for people: what is left out there is left out here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Its name.
    pub name: String,
    /// What is printed of it, by the columns' names.
    pub cells: Vec<(String, String)>,
    /// Names of keys in its `data`, as those who wrote them have declared them; never their values.
    pub keys: Vec<String>,
}

/// The verbs that a cluster understands. Objects are JSON as the API server speaks it: what comes
/// from there is data and is read field by field.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// An object, or `None` where it does not exist (also where its kind is not known to the server).
    async fn get(&self, what: &ObjectRef) -> Result<Option<Value>, Failure>;

    /// All objects of a kind in a namespace (empty: everywhere), narrowed by a label selector.
    async fn list(&self, kind: Kind, namespace: &str, labels: &str) -> Result<Vec<Value>, Failure>;

    /// All objects of a kind in a namespace as the server prints them. Their contents are not asked for, so that
    /// Secrets can be listed without what is secret in them.
    async fn printed(&self, kind: Kind, namespace: &str) -> Result<Vec<Printed>, Failure>;

    /// Server-side apply with field manager `modelquay`, forced only over our own fields. Repeating
    /// it changes nothing. `dry_run` asks the server what would come of it and changes nothing.
    async fn apply(&self, object: &Value, dry_run: bool) -> Result<Value, Failure>;

    /// Creates an object; one of that name that exists is read back and left alone.
    async fn create(&self, object: &Value) -> Result<Created, Failure>;

    /// Approves a certificate signing request of ours, with this reason.
    async fn approve(&self, csr: &str, reason: &str) -> Result<(), Failure>;

    /// Deletes an object; that it is not there is success.
    async fn delete(&self, what: &ObjectRef) -> Result<(), Failure>;

    /// Waits until the object's `resourceVersion` is another than `known` (`None`: until it exists),
    /// at most so long. An API server that goes away in between only ends the wait early.
    async fn changed(&self, what: &ObjectRef, known: Option<&str>, at_most: Duration) -> Result<(), Failure>;

    /// The text at an API path such as `/readyz`, with its HTTP status.
    async fn raw(&self, path: &str) -> Result<(u16, String), Failure>;

    /// The cluster's server CA in PEM, by which its certificates are verified.
    async fn server_ca(&self) -> Result<String, Failure>;
}
