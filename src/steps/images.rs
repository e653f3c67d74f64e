//! RKE2's images as the release's own tarballs in its images directory, so that neither a registry's
//! limit nor its end stops an install or a later reboot.

use super::common::{host, host_id, reach};
use super::fetch::{Wanted, fetch};
use super::lock;
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::components::FileId;
use crate::plan::site::ImageDelivery;
use crate::plan::{Changes, Failure};
use crate::ports::{Look, ScriptId};
use async_trait::async_trait;

/// The step.
pub struct ClusterImages;

/// RKE2 imports what lies here when it starts (rke2-docs install/airgap.md).
const DIR: &str = "/var/lib/rancher/rke2/agent/images";

fn wanted(brief: &Brief) -> Vec<Wanted<'_>> {
    if brief.site.supply.images == ImageDelivery::Pull {
        return Vec::new();
    }
    [FileId::ImagesCore, FileId::ImagesCanal]
        .into_iter()
        .map(|id| {
            let entry = brief.components.file(id);
            Wanted { id, entry, path: format!("{DIR}/{}", entry.file_name()) }
        })
        .collect()
}

#[async_trait]
impl Step for ClusterImages {
    fn intent(&self, brief: &Brief) -> Changes {
        wanted(brief).iter().map(Wanted::change).collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let wanted = wanted(cx.brief);
        if wanted.is_empty() {
            return Ok(Check::done("images are pulled by RKE2 itself, as answered"));
        }
        let host = reach!(cx.world.host(host_id(cx)));
        let mut looks = vec![lock::look()];
        looks.extend(wanted.iter().map(|w| Look::stat(&w.path)));
        let seen = host.look(&looks).await?;
        let lock = lock::seen(seen.first());
        let open = wanted.iter().zip(seen.iter().skip(1)).filter(|(w, seen)| !w.there(&lock, Some(seen)));
        let changes = open.map(|(w, _)| w.change()).collect();
        Ok(Check::from_changes(changes, format!("{} verified image archives lie in {DIR}", wanted.len())))
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let host = host(cx).await?;
        let dirs = ["0755", "root:root", "/var/lib/rancher/rke2/agent", "0755", "root:root", DIR];
        host.run(ScriptId::MakeDirs, &dirs, None).await?.success("make RKE2's images directory")?;
        let list = cx.brief.components.file(FileId::Checksums);
        let trusted = lock::local(cx).await?;
        for wanted in wanted(cx.brief) {
            let seen = host.look(&[lock::look(), Look::stat(&wanted.path)]).await?;
            let mut lock = lock::seen(seen.first());
            if wanted.there(&lock, seen.get(1)) {
                continue;
            }
            let fetched = fetch(cx, &*host, &wanted, Some(list), &trusted).await?;
            lock.files.insert(wanted.id.name().into(), fetched);
            lock::write(cx, &*host, &lock).await?;
        }
        Ok(())
    }
}
