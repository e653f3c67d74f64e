//! The closed set of scripts that may run on a host as root. Their texts lie in
//! `assets/templates/host/`; nothing else is ever run there.

macro_rules! scripts {
    ($($(#[$doc:meta])* $variant:ident = $file:literal;)*) => {
        /// A script of ours, written for a POSIX `sh`. Its arguments are positional and hold no
        /// secret and no line feed; a secret goes in by standard input.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ScriptId { $($(#[$doc])* $variant,)* }

        impl ScriptId {
            /// Every script.
            pub const ALL: &'static [ScriptId] = &[$(ScriptId::$variant,)*];

            /// The script's text.
            pub const fn text(self) -> &'static str {
                match self { $(ScriptId::$variant => include_str!(concat!("../../assets/templates/host/", $file)),)* }
            }

            /// The script's file name, which is its name in logs.
            pub const fn name(self) -> &'static str {
                match self { $(ScriptId::$variant => $file,)* }
            }
        }
    };
}

scripts! {
    /// Everything that is to be known about a host, as `key=value` lines.
    Facts = "facts.sh";
    /// Whether a list of sources answers, asked from the host: `url` or `image` lines on stdin.
    AskSources = "ask-sources.sh";
    /// The time of a synced 4 KiB write in a directory, in microseconds. Arguments: directory.
    DiskSync = "disk-sync.sh";
    /// Sets kernel settings now. Arguments: `name=value`...
    SetKernel = "set-kernel.sh";
    /// Makes directories. Arguments: triples of mode, owner:group and path.
    MakeDirs = "make-dirs.sh";
    /// Unit: installs packages of the distribution. Arguments: package...
    InstallPackages = "install-packages.sh";
    /// Unit: fetches a file, resumable. Arguments: target, sha256, url, url of a checksum file or
    /// `-`, proxy or `-`, extra CA file or `-`.
    Fetch = "fetch.sh";
    /// Unit: runs RKE2's verified install script. Arguments: script, its sha256, version, directory
    /// of the verified artifacts.
    RunInstaller = "run-installer.sh";
    /// Reloads systemd, enables RKE2 and starts it without waiting. Arguments: `start` or `restart`.
    StartCluster = "start-cluster.sh";
    /// How far RKE2's start has come, as `key=value` lines. Arguments: journal cursor or `-`.
    ClusterProgress = "cluster-progress.sh";
    /// Reloads NetworkManager after its configuration changed.
    ReloadNetworkManager = "reload-network-manager.sh";
}
