//! Where MinIO's console can be opened from this computer, as it is told to whoever asked for it.

use super::HostId;

/// The console, opened. No secret stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// The site.
    pub site: HostId,
    /// What a browser is to open.
    pub url: String,
    /// By which way it leads there.
    pub way: ConsoleWay,
    /// The file of the CA that vouches for it.
    pub ca_path: String,
    /// The CA's SHA-256.
    pub ca_fingerprint: String,
    /// Where the keys are with which one logs in.
    pub keys: KeysAt,
}

/// How a browser's bytes get to the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleWay {
    /// By a port of the node, without this program.
    NodePort,
    /// Through this program and its connection to the host, at most so many connections at once.
    Tunnel {
        /// How many.
        most: usize,
    },
}

/// Where a site's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysAt {
    /// In this file.
    File(String),
    /// They were written to this file, which is not there any more.
    Gone(String),
    /// In the cluster, and in whatever file somebody saved them to on the screens.
    Cluster,
}
