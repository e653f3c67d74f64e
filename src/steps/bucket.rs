//! The buckets with versioning, expiry of old versions and quota.

use super::common::{cluster, endpoint, reach};
use super::secrets::{self, KeyName};
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::change::size_text;
use crate::plan::site::{Bucket, Quota, Storage};
use crate::plan::{Change, Changes, Failure, FailureKind};
use crate::ports::object_store::{Expiry, Versioning};
use crate::ports::{ObjectStore, RegistryAdmin};
use async_trait::async_trait;
use futures_util::join;

/// The step.
pub struct Buckets;

/// Part of the free space that a quota may take: the cluster's own images, logs and database live on
/// the same disk, and the kubelet evicts pods below 10 %.
const SHARE: u64 = 80;

/// What an automatic quota comes to, from the space that was free when the plan was made.
fn auto_quota(brief: &Brief) -> Option<u64> {
    let registry = &brief.site.registry;
    let free = match registry.storage {
        Storage::LocalPath => brief.facts.disk(&registry.data_dir)?.free,
        Storage::Existing(_) => registry.capacity,
    };
    // Erasure coding over four or more volumes stores every byte twice.
    let stored_twice = if registry.volumes >= 4 { 2 } else { 1 };
    let all = free / 100 * SHARE / stored_twice;
    Some((all / brief.site.buckets.len().max(1) as u64) >> 20 << 20)
}

fn quota(brief: &Brief, bucket: &Bucket) -> u64 {
    match bucket.quota {
        Quota::Auto => auto_quota(brief).unwrap_or(0),
        Quota::Bytes(bytes) => bytes,
        Quota::Unlimited => 0,
    }
}

fn expiry(bucket: &Bucket) -> Expiry {
    Expiry { noncurrent_days: bucket.noncurrent_days, keep: bucket.keep_versions }
}

fn change(bucket: &Bucket, action: String) -> Change {
    Change::Registry { what: format!("bucket {}", bucket.name), action }
}

fn made(bucket: &Bucket) -> Change {
    change(bucket, "made".into())
}

fn versioned(bucket: &Bucket) -> Change {
    let action = if bucket.versioning { "old versions are kept, and take space" } else { "old versions are not kept" };
    change(bucket, action.into())
}

fn expires(bucket: &Bucket) -> Change {
    let (keep, days) = (bucket.keep_versions, bucket.noncurrent_days);
    change(bucket, format!("the {keep} newest old versions stay, others go after {days} days"))
}

fn limited(bucket: &Bucket) -> Change {
    // The number of an automatic quota depends on the space that is free at that moment, so it is no
    // part of what is agreed to; the rule is.
    let action = match bucket.quota {
        Quota::Auto => {
            "hard quota from the free space, halved where every byte is stored twice; held to about, not exactly".into()
        }
        Quota::Bytes(bytes) => format!("hard quota of {}, held to about, not exactly", size_text(bytes)),
        Quota::Unlimited => "no quota: the disk can fill up".into(),
    };
    change(bucket, action)
}

async fn open(
    bucket: &Bucket,
    brief: &Brief,
    store: &dyn ObjectStore,
    admin: &dyn RegistryAdmin,
) -> Result<Changes, Failure> {
    let name = &bucket.name;
    // Side by side: for a bucket that is not there the other answers are trouble that nobody reads.
    let (there, keeps, goes, now) =
        join!(store.bucket_exists(name), store.versioning(name), store.expiry(name), admin.quota(name));
    if !there? {
        let mut all = vec![made(bucket), limited(bucket)];
        if bucket.versioning {
            all.extend([versioned(bucket), expires(bucket)]);
        }
        return Ok(all);
    }
    let mut changes = Changes::new();
    if (keeps? == Versioning::On) != bucket.versioning {
        changes.push(versioned(bucket));
    }
    let goes = goes?;
    if bucket.versioning && goes != Some(expiry(bucket)) {
        changes.push(expires(bucket));
    }
    let now = now?;
    let good = match bucket.quota {
        // Once set it stays, though the free space has changed since.
        Quota::Auto => now > 0 || auto_quota(brief).is_none(),
        Quota::Bytes(bytes) => now == bytes,
        Quota::Unlimited => now == 0,
    };
    if !good {
        changes.push(limited(bucket));
    }
    Ok(changes)
}

#[async_trait]
impl Step for Buckets {
    fn intent(&self, brief: &Brief) -> Changes {
        let all = |b: &Bucket| {
            let kept = b.versioning.then(|| [versioned(b), expires(b)]).into_iter().flatten();
            [made(b), limited(b)].into_iter().chain(kept).collect::<Vec<_>>()
        };
        brief.site.buckets.iter().flat_map(all).collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        let Some(root) = secrets::read(cx, &*cluster, KeyName::Root).await? else {
            return Ok(Check::Blocked { because: crate::plan::StepKind::Namespace });
        };
        let endpoint = endpoint(cx).await?;
        let store = reach!(cx.world.store(&endpoint, &root), registry of cx);
        let admin = reach!(cx.world.admin(&endpoint, &root), registry of cx);
        let mut changes = Changes::new();
        for bucket in &cx.brief.site.buckets {
            match open(bucket, cx.brief, &*store, &*admin).await {
                Ok(more) => changes.extend(more),
                Err(failure) => return unanswered(cx, failure).await,
            }
        }
        let names: Vec<&str> = cx.brief.site.buckets.iter().map(|b| b.name.as_str()).collect();
        Ok(Check::from_changes(changes, format!("{} as answered", names.join(", "))))
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        let root = secrets::need(cx, &*cluster, KeyName::Root).await?;
        let endpoint = endpoint(cx).await?;
        let store = cx.world.store(&endpoint, &root).await?;
        let admin = cx.world.admin(&endpoint, &root).await?;
        for bucket in &cx.brief.site.buckets {
            let name = &bucket.name;
            let open = open(bucket, cx.brief, &*store, &*admin).await?;
            if open.contains(&made(bucket)) {
                store.create_bucket(name).await?;
            }
            if open.contains(&versioned(bucket)) {
                store.set_versioning(name, bucket.versioning).await?;
            }
            if open.contains(&expires(bucket)) {
                store.set_expiry(name, expiry(bucket)).await?;
            }
            if open.contains(&limited(bucket)) {
                admin.set_quota(name, quota(cx.brief, bucket)).await?;
            }
        }
        Ok(())
    }
}

/// A registry that does not answer is no failure of a plan that is only looked at while the tenant, or the
/// port by which it is asked, is not there yet: then the step waits for that.
pub async fn unanswered(cx: &Cx<'_>, failure: Failure) -> Result<Check, Failure> {
    if failure.kind == FailureKind::Unknown {
        return Err(failure);
    }
    let registry = &cx.brief.site.registry;
    let at = crate::ports::ObjectRef::new(crate::ports::Kind::Tenant, &registry.namespace, &registry.tenant);
    let cluster = cluster(cx).await?;
    match cluster.get(&at).await? {
        Some(tenant) if tenant["status"]["currentState"] == "Initialized" => {}
        _ => return Ok(Check::Blocked { because: crate::plan::StepKind::TenantHealthy }),
    }
    if super::node_port::stands(cx, &*cluster).await? {
        return Err(failure);
    }
    Ok(Check::Blocked { because: crate::plan::StepKind::NodePort })
}
