//! What the service cannot do with a bucket, so that it is not offered, and why.

use super::Browse;
use super::msg::Effect;
use crate::registry::features::{Feature, Features, Lack};
use crate::ui::keys::Command;

impl Browse {
    /// Finds out once for each bucket what the service can do with it.
    pub(super) fn ask_features(&mut self) -> Vec<Effect> {
        // They are several requests that nobody has asked for.
        if self.shell.frugal {
            return Vec::new();
        }
        let Some(bucket) = self.spot.bucket.clone().filter(|bucket| !self.features.contains_key(bucket)) else {
            return Vec::new();
        };
        self.features.insert(bucket.clone(), Features::default());
        vec![Effect::Features(bucket)]
    }

    /// Why a command is of no use in this bucket.
    pub(super) fn lack(&self, command: Command) -> Option<String> {
        let feature = match command {
            Command::Versions | Command::VersionsHere => Feature::Versions,
            Command::Uploads => Feature::Uploads,
            _ => return None,
        };
        let lack = self.features.get(self.spot.bucket.as_ref()?)?.lack(feature)?;
        Some(match lack {
            Lack::Refused(error) => error.failure.line(),
            Lack::Ignored => self.shell.text.t("lack-ignored"),
            Lack::Off => self.shell.text.t("lack-off"),
        })
    }
}
