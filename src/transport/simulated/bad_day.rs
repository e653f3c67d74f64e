//! What can go wrong in a rehearsal: a closed list, so that each can be named on a command line and
//! played again the same way.

use std::fmt;
use std::str::FromStr;

macro_rules! bad_days {
    ($($(#[$doc:meta])* $variant:ident = $id:literal;)*) => {
        /// One thing that is broken in the simulated world.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum BadDay { $($(#[$doc])* $variant,)* }

        impl BadDay {
            /// Every one.
            pub const ALL: &'static [BadDay] = &[$(BadDay::$variant,)*];

            /// Its name on the command line.
            pub const fn id(self) -> &'static str {
                match self { $(BadDay::$variant => $id,)* }
            }
        }
    };
}

bad_days! {
    /// Something listens on port 6443.
    PortTaken = "port-taken";
    /// A service that is not ours has the registry's node port.
    NodePortTaken = "node-port-taken";
    /// The host has no default route: RKE2 would not start.
    NoDefaultRoute = "no-default-route";
    /// `fs.inotify.max_user_instances` is 128.
    InotifyLow = "inotify-low";
    /// The host's clock is ten minutes behind.
    ClockOff = "clock-off";
    /// Three gigabytes are free.
    DiskFull = "disk-full";
    /// k3s was here before.
    Leftovers = "leftovers";
    /// An RKE2 that we did not install runs.
    ForeignCluster = "foreign-cluster";
    /// ufw is active.
    FirewallActive = "firewall-active";
    /// The image registry answers 429, too many requests.
    RegistryBusy = "registry-busy";
    /// A file arrives with another content than its checksum says.
    WrongChecksum = "wrong-checksum";
    /// `apparmor_parser` is not there although the kernel wants it.
    NoApparmorParser = "no-apparmor-parser";
    /// RKE2 takes four times as long to start.
    SlowStart = "slow-start";
    /// The signer leaves certificate requests unsigned.
    SignerSilent = "signer-silent";
    /// The registry's image cannot be pulled.
    ImageMissing = "image-missing";
    /// The registry of the operator's image dies once the host was looked at; a mirror has the image.
    RegistryDead = "registry-dead";
    /// Somebody deletes the tenant's configuration Secret before the operator has read it.
    SecretDeleted = "secret-deleted";
    /// The link to the host is lost for twenty seconds while RKE2 starts.
    LinkLost = "link-lost";
}

impl fmt::Display for BadDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A name that no bad day has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a bad day that can be rehearsed")]
pub struct UnknownBadDay(String);

impl FromStr for BadDay {
    type Err = UnknownBadDay;

    fn from_str(text: &str) -> Result<Self, UnknownBadDay> {
        Self::ALL.iter().copied().find(|day| day.id() == text).ok_or_else(|| UnknownBadDay(text.to_owned()))
    }
}
