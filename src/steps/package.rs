//! RKE2's own files: fetched, verified, then laid out by RKE2's verified install script, which is
//! given the files and fetches nothing itself.

use super::common::{HOME, host, host_id, reach};
use super::fetch::{Wanted, fetch, follow};
use super::{lock, undo};
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::components::FileId;
use crate::plan::{Change, Changes, Failure, WaitSpec};
use crate::ports::host::unit_name;
use crate::ports::{Look, ScriptId, Seen, UnitSpec};
use async_trait::async_trait;
use serde_json::Value;

/// The step.
pub struct ClusterPackage;

/// Where the script puts the program: the second where `/usr/local` is a mount of its own or cannot
/// be written (rancher/rke2 install.sh@6ce1a8019).
const PROGRAMS: [&str; 2] = ["/usr/local/bin/rke2", "/opt/rke2/bin/rke2"];

const INSTALL: WaitSpec = WaitSpec { condition: "RKE2's files to be laid out", typical: 15, remark: 120, limit: 900 };

fn dir(brief: &Brief) -> String {
    format!("{HOME}/artifacts/{}", brief.components.rke2_version)
}

fn wanted(brief: &Brief) -> Vec<Wanted<'_>> {
    [FileId::InstallScript, FileId::Checksums, FileId::Package]
        .into_iter()
        .map(|id| {
            let entry = brief.components.file(id);
            Wanted { id, entry, path: format!("{}/{}", dir(brief), entry.file_name()) }
        })
        .collect()
}

fn command(brief: &Brief) -> Change {
    Change::Command {
        run: format!("RKE2's install script with the files of {}", brief.components.rke2_version),
        why: "lays out the programs and units; enables and starts nothing".into(),
    }
}

#[async_trait]
impl Step for ClusterPackage {
    fn intent(&self, brief: &Brief) -> Changes {
        wanted(brief).iter().map(Wanted::change).chain([command(brief)]).collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let host = reach!(cx.world.host(host_id(cx)));
        let wanted = wanted(cx.brief);
        let mut looks = vec![lock::look()];
        looks.extend(PROGRAMS.iter().map(|p| Look::stat(*p)));
        looks.extend(wanted.iter().map(|w| Look::stat(&w.path)));
        let seen = host.look(&looks).await?;
        let lock = lock::seen(seen.first());
        let there = seen.iter().skip(1).take(PROGRAMS.len()).any(|s| matches!(s, Seen::File(f) if f.size > 0));
        let version = &cx.brief.components.rke2_version;
        match (&lock.rke2, there) {
            (Some(known), true) if known == version => return Ok(Check::done(format!("RKE2 {version} is laid out"))),
            (None, true) if !started(cx, &*host).await? => {
                return Ok(Check::Conflict(
                    Failure::needs_human("an RKE2 is there that modelquay did not install")
                        .help("a cluster that is not ours is never changed; remove it with its own uninstall, or choose another host"),
                ));
            }
            _ => {}
        }
        let files = wanted.iter().zip(seen.iter().skip(1 + PROGRAMS.len()));
        let mut changes: Changes = files.filter(|(w, s)| !w.there(&lock, Some(s))).map(|(w, _)| w.change()).collect();
        changes.push(command(cx.brief));
        Ok(Check::NeedsWork { changes })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let host = host(cx).await?;
        let dir = dir(cx.brief);
        // Recorded before the script runs: an RKE2 that is found afterwards without a lock is ours.
        undo::record(&*host, &[(format!("rke2 {}", cx.brief.components.rke2_version), Value::Null)]).await?;
        let artifacts = format!("{HOME}/artifacts");
        let dirs = ["0700", "root:root", artifacts.as_str(), "0700", "root:root", dir.as_str()];
        host.run(ScriptId::MakeDirs, &dirs, None).await?.success("make the directory for RKE2's files")?;
        let list = cx.brief.components.file(FileId::Checksums);
        let trusted = lock::local(cx).await?;
        let mut lock = lock::seen(host.look(&[lock::look()]).await?.first());
        for wanted in wanted(cx.brief) {
            let seen = host.look(&[Look::stat(&wanted.path)]).await?;
            if !wanted.there(&lock, seen.first()) {
                let sums = (wanted.id == FileId::Package).then_some(list);
                let fetched = fetch(cx, &*host, &wanted, sums, &trusted).await?;
                lock.files.insert(wanted.id.name().into(), fetched);
                lock::write(cx, &*host, &lock).await?;
            }
        }
        let script = lock.files.get(FileId::InstallScript.name()).cloned().unwrap_or_default();
        let version = cx.brief.components.rke2_version.clone();
        let spec = UnitSpec {
            name: unit_name(cx.run, cx.id.kind.id(), "script", cx.attempt),
            script: ScriptId::RunInstaller,
            args: vec![script.path, script.sha256, version.clone(), dir],
        };
        follow(cx, &*host, &spec, INSTALL).await?;
        lock.rke2 = Some(version);
        lock::write(cx, &*host, &lock).await
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(INSTALL)
    }
}

/// Whether our own record says that laying RKE2 out was begun here.
async fn started(cx: &Cx<'_>, host: &dyn crate::ports::Host) -> Result<bool, Failure> {
    let key = format!("rke2 {}", cx.brief.components.rke2_version);
    undo::recorded(host, &key).await
}
