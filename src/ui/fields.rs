//! The closed set of things that can be answered on the screens, each with its key in an answers file.

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $key:literal, $kind:ident;)*) => {
        /// One thing that can be answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FieldId { $($(#[$doc])* $variant,)* }

        impl FieldId {
            /// Every one, in the order of an answers file.
            pub const ALL: &'static [FieldId] = &[$(FieldId::$variant,)*];

            /// Its key in an answers file.
            pub const fn key(self) -> &'static str {
                match self { $(FieldId::$variant => $key,)* }
            }

            /// What its value is in the file.
            pub(super) const fn kind(self) -> Kind {
                match self { $(FieldId::$variant => Kind::$kind,)* }
            }
        }
    };
}

/// What a field's value is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list of texts, one a line.
    List,
    /// Tables of mirrors, `registry = endpoint` a line.
    Mirrors,
    /// One of a few words.
    Choice,
}

fields! {
    /// The site's name.
    Site = "site", Text;
    /// CPU or GPU.
    Compute = "compute", Choice;
    /// What ssh is told, or `local`.
    Address = "host.address", Text;
    /// The port of sshd.
    Port = "host.port", Number;
    /// The node's name.
    NodeName = "names.node_name", Text;
    /// The node's address.
    NodeIp = "names.node_ip", Text;
    /// Names and addresses of the certificates.
    TlsSan = "names.tls_san", List;
    /// The pods' network.
    ClusterCidr = "names.cluster_cidr", Text;
    /// The services' network.
    ServiceCidr = "names.service_cidr", Text;
    /// How RKE2's images come to the host.
    Images = "supply.images", Choice;
    /// Mirrors, `registry = endpoint` a line.
    Mirrors = "supply.mirror", Mirrors;
    /// The proxy's address.
    ProxyUrl = "supply.proxy.url", Text;
    /// What is reached without the proxy.
    NoProxy = "supply.proxy.no_proxy", List;
    /// A further CA's file.
    ExtraCa = "supply.extra_ca", Text;
    /// Tables of components.
    Components = "supply.components", List;
    /// The tenant's name.
    Tenant = "registry.tenant", Text;
    /// The tenant's namespace.
    Namespace = "registry.namespace", Text;
    /// How many volumes.
    Volumes = "registry.volumes", Number;
    /// What they hold together.
    Capacity = "registry.capacity", Text;
    /// Where they lie.
    DataDir = "registry.data_dir", Text;
    /// A storage class that exists.
    StorageClass = "registry.storage_class", Text;
    /// The S3 port on the node.
    NodePort = "registry.node_port", Number;
    /// The console's port on the node.
    ConsolePort = "registry.console_port", Number;
    /// The bucket's name.
    Bucket = "bucket.name", Text;
    /// Whether old versions are kept.
    Versioning = "bucket.versioning", Flag;
    /// How many.
    KeepVersions = "bucket.keep_versions", Number;
    /// How much it may hold.
    Quota = "bucket.quota", Text;
}
