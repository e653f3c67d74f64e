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

// Each script says at its own beginning, in full, what it takes, prints and ends with.
scripts! {
    /// Everything that is to be known about a host. Arguments: data directory. Output: `key=value`
    /// lines for [`crate::plan::facts::Facts::parse`]. Changes nothing; ends with 0.
    Facts = "facts.sh";
    /// Whether sources answer, asked from the host. Arguments: proxy or `-`, no-proxy list or `-`,
    /// seconds for one request. Input: the lines of `crate::plan::asked::questions`. Output: lines for
    /// `crate::plan::asked::answers`. Changes nothing; ends with 0.
    AskSources = "ask-sources.sh";
    /// The time of a synced 4 KiB write. Arguments: directory. Output: `sync_us=`, `sync_max_us=`,
    /// `sync_count=`, `sync_dir=`. Ends with 73 where nothing can be written.
    DiskSync = "disk-sync.sh";
    /// Sets kernel settings now. Arguments: `name=value`... Ends with 1 where one was not taken.
    SetKernel = "set-kernel.sh";
    /// Makes directories. Arguments: triples of mode, owner:group and path. Ends with 73 where
    /// something else, as a symbolic link, is in the place.
    MakeDirs = "make-dirs.sh";
    /// Unit: installs packages of the distribution. Arguments: seconds to wait for apt's lock, proxy or
    /// `-`, package... Ends with 69 without apt, 75 where the lock was not let go, else as apt-get.
    InstallPackages = "install-packages.sh";
    /// Unit: fetches a file, resumable. Arguments: target, sha256 or `-`, url, url of a checksum file or
    /// `-`, proxy or `-`, extra CA file on the host or `-`, no-proxy list or `-`. Output: among
    /// sentences, lines `progress BYTES TOTAL` (`-` while not known) and at the end `sha256 HEX NAME`.
    /// Ends with 65 wrong checksum (the file is gone), 66 not named by the checksum file, 69 refused by
    /// the source, 73 cannot be written, 75 given up after many tries, 76 certificate not verified.
    Fetch = "fetch.sh";
    /// Unit: runs RKE2's verified install script. Arguments: script, its sha256, version, directory
    /// with the verified `rke2.linux-ARCH.tar.gz` and `sha256sum-ARCH.txt`. Ends with 65 where the
    /// script is not the verified one, else as the script.
    RunInstaller = "run-installer.sh";
    /// Reloads systemd, enables RKE2 and starts it without waiting. Arguments: `start` (leaves a
    /// running one alone) or `restart`.
    StartCluster = "start-cluster.sh";
    /// How far RKE2's start has come. Arguments: journal cursor or `-`. Output: `key=value` lines with
    /// the keys `service`, `restarts`, `result`, `since_us`, `status`, `archives`, `archives_done`,
    /// `images`, `pulling`, `etcd`, `api`, `api_says`, `cni`, `node`, `node_says`, `pods`, `containerd`
    /// (repeated), `log` (repeated), `cursor`, `end`; what cannot be told is left out.
    ClusterProgress = "cluster-progress.sh";
    /// Reloads `NetworkManager` after its configuration changed. Ends with 0 where it does not run.
    ReloadNetworkManager = "reload-network-manager.sh";
}
