//! What an install runs against: the site's own host, or the simulated one that the product ships.

use super::headless::Env;
use crate::plan::{Failure, Site};
use crate::ports::World;
use crate::transport::link;
use crate::transport::live::Live;
use crate::transport::operator_files::LocalFiles;
use crate::transport::simulated::{BadDay, Pace, Sim, SimOptions, Speed};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an install runs against.
pub enum Machine {
    /// The host of the answers.
    Real,
    /// A simulated host with a real registry in this process.
    Rehearsal {
        /// Simulated seconds in a real one.
        speed: Speed,
        /// What is broken.
        bad_days: BTreeSet<BadDay>,
    },
    /// A world that is given, as tests do.
    Given(Arc<dyn World>),
}

impl Machine {
    /// Whether this is a rehearsal.
    pub fn rehearsal(&self) -> bool {
        matches!(self, Self::Rehearsal { .. })
    }

    /// Connects. For a real host this is where questions of ssh and sudo come.
    pub async fn world(&self, env: &Env, site: &Site) -> Result<Arc<dyn World>, Failure> {
        match self {
            Self::Given(world) => Ok(world.clone()),
            Self::Rehearsal { speed, bad_days } => {
                let sim = Sim::new(SimOptions {
                    pace: Pace::Times(speed.clone()),
                    bad_days: bad_days.clone(),
                    clock: env.clock.clone(),
                    files: Arc::new(LocalFiles::new()),
                    directory: env.runtime_dir.clone(),
                })?;
                Ok(Arc::new(sim))
            }
            Self::Real => live(env, site).await,
        }
    }
}

async fn live(env: &Env, site: &Site) -> Result<Arc<dyn World>, Failure> {
    let link = link::connect(link::LinkOptions {
        reach: site.reach.clone(),
        host: site.name,
        prompt: env.prompt.clone(),
        runtime_dir: env.runtime_dir.clone(),
        clock: env.clock.clone(),
        redactor: env.redactor.clone(),
        askpass: None,
    })
    .await?;
    Ok(Arc::new(Live::new(site.name, link, LocalFiles::new())))
}
