//! Carries out the browser's changes, one at a time, and says what came of each.

use super::publish::{self, Listed};
use crate::plan::Failure;
use crate::ports::Objects;
use crate::ports::objects::{At, OnlyIf};
use crate::registry::change;
use crate::registry::transfer::{IfThere, Transfers, Way};
use crate::ui::browse::Msg;
use crate::ui::browse::work::{Work, Worked};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What a change is made with.
pub struct Tools {
    /// The service, with the key that signs now.
    pub objects: Arc<dyn Objects>,
    /// The same, with this computer's files.
    pub transfers: Transfers,
    /// Steps that were listed.
    pub listed: Listed,
    /// Whom it is told how far it has come.
    pub msgs: mpsc::Sender<Msg>,
}

/// Carries out a change. It may be dropped at any time: what was done stays done.
pub async fn carry_out(tools: &Tools, id: u64, work: Work) -> Result<Worked, Failure> {
    let (of, way) = (&tools.transfers, &Way::free());
    // A count that finds no room is followed by a later one.
    let told = |done: u64| drop(tools.msgs.try_send(Msg::WorkSoFar { id, done }));
    Ok(match work {
        Work::Count { bucket, keys, scope } => {
            Worked::Counted(Box::new(change::plan_delete(of, way, &bucket, &keys, scope).await.map_err(|t| t.failure)?))
        }
        Work::Delete(plan) => Worked::Deleted(change::delete(of, way, &plan, |gone| told(gone.done)).await),
        Work::NewPrefix { bucket, prefix } => {
            change::new_prefix(of, way, &bucket, &prefix).await.map_err(|t| t.failure)?;
            Worked::Made
        }
        Work::NewBucket(bucket) => {
            change::make_bucket(of, way, &bucket).await.map_err(|t| t.failure)?;
            Worked::Made
        }
        Work::Copy { from, to, moves, replace } => copies(tools, &from, &to, moves, replace, told).await?,
        Work::Read(at) => {
            let info = Box::new(tools.objects.head(&at).await.map_err(|e| e.failure)?);
            let tags = tools.objects.tags(&at).await;
            Worked::Read { at, info, tags }
        }
        Work::Note { at, notes, tags } => {
            // The tags first: a copy onto itself keeps them.
            if let Some(tags) = tags {
                change::set_tags(of, way, &at, &tags).await.map_err(|t| t.failure)?;
            }
            if let Some(notes) = notes {
                change::replace_notes(of, way, &at, &notes).await.map_err(|t| t.failure)?;
            }
            Worked::Noted
        }
        Work::Undelete { bucket, key } => {
            Worked::Undeleted(change::undelete(of, way, &bucket, &key).await.map_err(|t| t.failure)?)
        }
        Work::Restore(version) => Worked::Restored(change::restore(of, way, &version).await.map_err(|t| t.failure)?),
        Work::Abort { bucket, uploads } => {
            let results = change::abort_uploads(of, way, &bucket, uploads).await;
            let mut failed = Vec::new();
            let mut done = 0;
            for (row, result) in results {
                match result {
                    Ok(()) => done += 1,
                    Err(error) => failed.push((row.key, error)),
                }
            }
            Worked::Aborted { done, failed }
        }
        Work::Share { at, what, lasts } => {
            Worked::Shared(tools.objects.share(&at, what, lasts).await.map_err(|e| e.failure)?)
        }
        Work::PlanPublish { root, model, directory } => publish::plan(tools, id, root, &model, &directory).await?,
        Work::PlanRollBack { root, model, to } => publish::plan_roll_back(tools, id, &root, &model, to).await?,
        Work::CarryOut => publish::carry_out(tools, id).await?,
        Work::Carry(_) => return Err(Failure::permanent("transfers are begun elsewhere")),
    })
}

/// Copies or moves each; what fails does not keep the others from it. A prefix comes with all below it.
async fn copies(
    tools: &Tools,
    from: &[At],
    to: &At,
    moves: bool,
    replace: bool,
    told: impl Fn(u64),
) -> Result<Worked, Failure> {
    let (of, way) = (&tools.transfers, &Way::free());
    let (only, if_there) =
        if replace { (OnlyIf::Always, IfThere::Replace) } else { (OnlyIf::Absent, IfThere::KeepSame) };
    let folder = to.key.is_empty() || to.key.ends_with('/');
    let (mut done, mut failed) = (0, Vec::new());
    for one in from {
        let inner = one.key.strip_suffix('/').unwrap_or(&one.key);
        let name = one.key.get(inner.rfind('/').map_or(0, |at| at + 1)..).unwrap_or_default();
        let key = if folder { format!("{}{name}", to.key) } else { to.key.clone() };
        let target = At::new(to.bucket.clone(), key);
        if one.key.ends_with('/') {
            let target = At::new(to.bucket.clone(), if from.len() == 1 { to.key.clone() } else { target.key });
            let plan = change::plan_copy(of, way, one, &target, if_there).await.map_err(|t| t.failure)?;
            if !plan.clashes.is_empty() {
                let help = "Choose another prefix, or delete what is there.";
                let why =
                    |key: &String| (key.clone(), Failure::needs_human("something else is there already").help(help));
                failed.extend(plan.clashes.iter().map(why));
                continue;
            }
            let report = change::copy_all(of, way, &plan, moves, |report| told(done + report.done)).await;
            done += report.done;
            failed.extend(report.failed.into_iter().map(|(key, trouble)| (key, trouble.failure)));
            if report.left > 0 {
                let rest = format!("{} more were not begun", report.left);
                failed.push((one.key.clone(), Failure::transient(rest)));
            }
            continue;
        }
        let copied = if moves {
            change::move_to(of, way, one, &target, &only).await
        } else {
            change::copy(of, way, one, &target, None, &only).await
        };
        match copied {
            Ok(_) => done += 1,
            Err(trouble) => failed.push((one.key.clone(), trouble.failure)),
        }
        told(done);
    }
    Ok(Worked::Copied { done, failed })
}
