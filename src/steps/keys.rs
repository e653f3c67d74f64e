//! Keys of least right: reader, publisher and Triton, each made by MinIO's admin interface, and each
//! tried: what must work works, what must not is refused.

use super::bucket::unanswered;
use super::common::{cluster, covers, endpoint, reach};
use super::secrets::{self, KeyName, key_ref};
use crate::base::random;
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::{Change, Changes, Failure, FailureKind};
use crate::ports::object_store::refused;
use crate::ports::{Cluster, Credentials, Endpoint, ObjectStore, RegistryAdmin};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::try_join;
use serde_json::{Value, json};

/// The step.
pub struct Keys;

/// The annotation of a key's Secret that says that the key was tried.
const TRIED: &str = "modelquay/tried";

/// Where trials write; nothing else lies under it.
const TRIAL: &str = ".modelquay-trial/";

fn policy_name(brief: &Brief, key: KeyName) -> String {
    format!("{}-{}", brief.site.registry.tenant, key.id())
}

/// What a key may do. Triton asks `HeadBucket`, `ListObjectsV2`, `HeadObject` and `GetObject`
/// (triton-inference-server/core s3.h@73aad7c); the built-in `readonly` cannot list. To MinIO whoever may
/// list and read a bucket's objects may list and read their versions, and a denial of the versions would
/// be one of the objects (asked of 7aac2a2c5b7c), so no key can be kept from old versions.
fn policy(brief: &Brief, key: KeyName) -> Value {
    let on = |suffix: &str| -> Vec<String> {
        brief.site.buckets.iter().map(|b| format!("arn:aws:s3:::{}{suffix}", b.name)).collect()
    };
    let (bucket, object): (&[&str], &[&str]) = match key {
        KeyName::Root => (&[], &[]),
        KeyName::Triton => (&["s3:GetBucketLocation", "s3:ListBucket"], &["s3:GetObject"]),
        KeyName::Reader => (
            // Unfinished uploads take space, and whoever looks where it went has to see them.
            &[
                "s3:GetBucketLocation",
                "s3:GetBucketVersioning",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            ],
            &["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"],
        ),
        KeyName::Publisher => (
            &[
                "s3:GetBucketLocation",
                "s3:GetBucketVersioning",
                "s3:ListBucket",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucketVersions",
            ],
            &[
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:GetObjectTagging",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionTagging",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
                "s3:PutObjectTagging",
            ],
        ),
    };
    let mut statements = vec![
        json!({"Effect": "Allow", "Action": bucket, "Resource": on("")}),
        json!({"Effect": "Allow", "Action": object, "Resource": on("/*")}),
    ];
    if key == KeyName::Publisher {
        // MinIO takes s3:DeleteObject for versions too, unless their deletion is denied in so many words
        // (seen on 7aac2a2c5b7c: without this the trial below deleted a version).
        statements.push(json!({"Effect": "Deny", "Action": ["s3:DeleteObjectVersion"], "Resource": on("/*")}));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn change(brief: &Brief, key: KeyName) -> Change {
    Change::Registry {
        what: format!("key {}", key.id()),
        action: format!("{}; kept in {}", key.purpose(), key_ref(brief, key)),
    }
}

/// The same policy, however the server orders its lists.
pub(super) fn same_policy(live: &Value, wanted: &Value) -> bool {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(sorted).collect();
                items.sort_by_key(ToString::to_string);
                Value::Array(items)
            }
            Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect(),
            other => other.clone(),
        }
    }
    covers(&sorted(live), &sorted(wanted))
}

/// Whether the server has the key as it should be, and it was tried.
async fn complete(
    cx: &Cx<'_>,
    cluster: &dyn Cluster,
    admin: &dyn RegistryAdmin,
    key: KeyName,
) -> Result<bool, Failure> {
    let Some(secret) = cluster.get(&key_ref(cx.brief, key)).await? else { return Ok(false) };
    let Some(pair) = secrets::parse(key, &secret, cx.redactor) else { return Ok(false) };
    if secret["metadata"]["annotations"][TRIED] != json!("true") {
        return Ok(false);
    }
    let name = policy_name(cx.brief, key);
    let (live, rights) = try_join!(admin.key(&pair.access_key), admin.policy(&name))?;
    let known = live.is_some_and(|live| live.enabled && live.policies == [name]);
    Ok(known && rights.is_some_and(|live| same_policy(&live, &policy(cx.brief, key))))
}

async fn try_key(
    cx: &Cx<'_>,
    endpoint: &Endpoint,
    root: &Credentials,
    key: KeyName,
    pair: &Credentials,
) -> Result<(), Failure> {
    let store = cx.world.store(endpoint, pair).await?;
    let Some(bucket) = cx.brief.site.buckets.first().map(|b| b.name.as_str()) else { return Ok(()) };
    let admin_store = cx.world.store(endpoint, root).await?;
    let name = random::token(12).ok_or_else(|| Failure::permanent("the operating system gives no randomness"))?;
    let object = format!("{TRIAL}{}", name.expose());
    let body = Bytes::from_static(b"a trial of modelquay\n");
    let version = admin_store.put(bucket, &object, body.clone()).await?;
    let tried = trial(&*store, bucket, &object, &body, key).await;
    // Whatever came of it, nothing of the trial stays.
    let mut marks = vec![version];
    if let Ok(more) = &tried {
        marks.extend(more.iter().cloned());
    }
    for version in marks {
        admin_store.delete(bucket, &object, version.as_deref()).await?;
    }
    tried.map(|_| ())
}

/// What must work and what must not. Gives the versions that it made.
async fn trial(
    store: &dyn ObjectStore,
    bucket: &str,
    object: &str,
    body: &Bytes,
    key: KeyName,
) -> Result<Vec<Option<String>>, Failure> {
    let may = |what: &str, result: Result<bool, Failure>| match result {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::permanent(format!("{} finds nothing with {what}", key.id()))),
        Err(failure) => Err(failure.context(format!("the key {} must be able to {what}", key.id()))),
    };
    let may_not = |what: &str, result: Result<(), Failure>| match result {
        Err(failure) if refused(&failure) => Ok(()),
        Err(failure) => Err(failure),
        Ok(()) => Err(Failure::permanent(format!("the key {} can {what} and must not", key.id()))
            .help("the server does not hold to its policies; do not use this registry")),
    };
    may("see the bucket", store.bucket_exists(bucket).await)?;
    may("list", store.list(bucket, TRIAL, None).await.map(|page| page.objects.iter().any(|o| o.key == object)))?;
    may("read", store.get(bucket, object, 1024).await.map(|got| got.as_ref() == Some(body)))?;
    let second = format!("{object}-2");
    if key != KeyName::Publisher {
        may_not("write", store.put(bucket, &second, body.clone()).await.map(|_| ()))?;
        may_not("delete", store.delete(bucket, object, None).await)?;
        return Ok(Vec::new());
    }
    let version = store
        .put(bucket, object, body.clone())
        .await
        .map_err(|f| f.context("the key publisher must be able to write"))?;
    if let Some(version) = &version {
        may_not("delete a version", store.delete(bucket, object, Some(version)).await)?;
    }
    Ok(vec![version])
}

#[async_trait]
impl Step for Keys {
    fn intent(&self, brief: &Brief) -> Changes {
        KeyName::LEAST.iter().map(|key| change(brief, *key)).collect()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        let Some(root) = secrets::read(cx, &*cluster, KeyName::Root).await? else {
            return Ok(Check::Blocked { because: crate::plan::StepKind::Namespace });
        };
        let endpoint = endpoint(cx).await?;
        let admin = reach!(cx.world.admin(&endpoint, &root), registry of cx);
        let looks = KeyName::LEAST.map(|key| complete(cx, &*cluster, &*admin, key));
        match futures_util::future::try_join_all(looks).await {
            Ok(found) => {
                let open = KeyName::LEAST.into_iter().zip(found).filter(|(_, good)| !good);
                let changes = open.map(|(key, _)| change(cx.brief, key)).collect();
                Ok(Check::from_changes(changes, "reader, publisher and triton are there with their rights"))
            }
            Err(failure) => unanswered(cx, failure).await,
        }
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        let root = secrets::need(cx, &*cluster, KeyName::Root).await?;
        let endpoint = endpoint(cx).await?;
        let admin = cx.world.admin(&endpoint, &root).await?;
        for (at, key) in (0u8..).zip(KeyName::LEAST) {
            if complete(cx, &*cluster, &*admin, key).await? {
                continue;
            }
            // The Secret first: a key that the server knows and nobody else would be lost.
            let pair = secrets::ensure(cx, &*cluster, key).await?;
            cx.between(3 * at + 1).await;
            let name = policy_name(cx.brief, key);
            admin.set_policy(&name, &policy(cx.brief, key)).await?;
            if admin.key(&pair.access_key).await?.is_none_or(|live| !live.enabled) {
                admin.set_key(&pair.access_key, &pair.secret_key).await?;
            }
            cx.between(3 * at + 2).await;
            if admin.key(&pair.access_key).await?.is_none_or(|live| live.policies != [name.clone()]) {
                admin.attach(&pair.access_key, &name).await?;
            }
            try_key(cx, &endpoint, &root, key, &pair).await.map_err(not_yet_known)?;
            cx.between(3 * at + 3).await;
            let at = key_ref(cx.brief, key);
            let tried = json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": at.name, "namespace": at.namespace, "annotations": {TRIED: "true"}},
            });
            cluster.apply(&tried, false).await?;
        }
        Ok(())
    }
}

/// A new key can take the server a moment to know everywhere, so a refusal right after it was made is
/// worth another try.
fn not_yet_known(mut failure: Failure) -> Failure {
    if failure.kind == FailureKind::Permanent
        && failure.causes.iter().any(|c| c.starts_with(crate::ports::object_store::REFUSED))
    {
        failure.kind = FailureKind::Transient;
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_the_same_in_any_order() {
        let a = json!({"Statement": [{"Action": ["s3:B", "s3:A"], "Effect": "Allow"}]});
        let b = json!({"Statement": [{"Effect": "Allow", "Action": ["s3:A", "s3:B"]}]});
        assert!(same_policy(&a, &b));
        assert!(!same_policy(&a, &json!({"Statement": [{"Effect": "Allow", "Action": ["s3:A"]}]})));
    }
}
