//! The program on its way to a host while a run goes on there: handing the run over takes no time afterwards.

use super::handed;
use super::headless::Env;
use super::parts::{Ready, over_the_link};
use super::program::Program;
use crate::base::Cancel;
use crate::plan::{Failure, HostId};
use crate::ports::{Copied, World};
use std::sync::Arc;

/// The way to a host on which a run is going on, for what goes beside it.
#[derive(Clone)]
pub struct Way {
    world: Arc<dyn World>,
    site: HostId,
    arch: String,
}

impl Way {
    pub(super) fn of(ready: &Ready) -> Self {
        Self { world: ready.world.clone(), site: ready.brief.site.name, arch: ready.inspection.facts.arch.clone() }
    }

    /// Copies this program to the host, and says how far it is. A link that is lost is waited for, and what the host
    /// has is not sent again; `cancel` ends it after the piece that is under way.
    pub async fn copy(&self, env: &Env, cancel: Cancel, told: &(dyn Fn(Copied) + Sync)) -> Result<(), Failure> {
        let env = Env { cancel, ..env.clone() };
        let program = Program::packed(self.arch.clone()).await?;
        over_the_link(&env, &*self.world, async || {
            handed::send(&env, &*self.world.host(self.site).await?, &program, told).await.map(drop)
        })
        .await
    }
}
