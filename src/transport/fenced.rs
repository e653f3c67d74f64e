//! The cluster and the registry under a lease: before anything in them is changed, the host is asked whether the lease is
//! still ours.
//!
//! A request that was let through and is still on its way when somebody else takes the lease cannot be called back: there
//! is at most one, and each of ours is idempotent. The connection it goes through is ended by whoever takes over.

use super::link::Link;
use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::cluster::{Created, Printed};
use crate::ports::object_store::{Expiry, Page, Versioning};
use crate::ports::registry_admin::KeyInfo;
use crate::ports::{Cluster, Kind, ObjectRef, ObjectStore, RegistryAdmin, lease};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Lets changes pass while the lease is ours, or while there is none.
#[derive(Clone)]
pub struct Fence(Arc<Link>);

impl Fence {
    /// The fence of a link.
    pub fn of(link: &Arc<Link>) -> Self {
        Self(link.clone())
    }

    async fn pass(&self) -> Result<(), Failure> {
        match self.0.under().get() {
            0 => Ok(()),
            generation => lease::check(&*self.0.host().await?, generation).await,
        }
    }
}

/// Something that is changed only behind a fence.
pub struct Fenced<T: ?Sized> {
    inner: Arc<T>,
    fence: Fence,
}

impl<T: ?Sized> Fenced<T> {
    /// Behind this fence.
    pub fn new(inner: Arc<T>, fence: Fence) -> Self {
        Self { inner, fence }
    }
}

#[async_trait]
impl Cluster for Fenced<dyn Cluster> {
    async fn get(&self, what: &ObjectRef) -> Result<Option<Value>, Failure> {
        self.inner.get(what).await
    }

    async fn list(&self, kind: Kind, namespace: &str, labels: &str) -> Result<Vec<Value>, Failure> {
        self.inner.list(kind, namespace, labels).await
    }

    async fn printed(&self, kind: Kind, namespace: &str) -> Result<Vec<Printed>, Failure> {
        self.inner.printed(kind, namespace).await
    }

    async fn apply(&self, object: &Value, dry_run: bool) -> Result<Value, Failure> {
        if !dry_run {
            self.fence.pass().await?;
        }
        self.inner.apply(object, dry_run).await
    }

    async fn create(&self, object: &Value) -> Result<Created, Failure> {
        self.fence.pass().await?;
        self.inner.create(object).await
    }

    async fn approve(&self, csr: &str, reason: &str) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.approve(csr, reason).await
    }

    async fn delete(&self, what: &ObjectRef) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.delete(what).await
    }

    async fn changed(&self, what: &ObjectRef, known: Option<&str>, at_most: Duration) -> Result<(), Failure> {
        self.inner.changed(what, known, at_most).await
    }

    async fn raw(&self, path: &str) -> Result<(u16, String), Failure> {
        self.inner.raw(path).await
    }

    async fn server_ca(&self) -> Result<String, Failure> {
        self.inner.server_ca().await
    }
}

#[async_trait]
impl ObjectStore for Fenced<dyn ObjectStore> {
    async fn list_buckets(&self) -> Result<Vec<String>, Failure> {
        self.inner.list_buckets().await
    }

    async fn bucket_exists(&self, bucket: &str) -> Result<bool, Failure> {
        self.inner.bucket_exists(bucket).await
    }

    async fn create_bucket(&self, bucket: &str) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.create_bucket(bucket).await
    }

    async fn versioning(&self, bucket: &str) -> Result<Versioning, Failure> {
        self.inner.versioning(bucket).await
    }

    async fn set_versioning(&self, bucket: &str, on: bool) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.set_versioning(bucket, on).await
    }

    async fn expiry(&self, bucket: &str) -> Result<Option<Expiry>, Failure> {
        self.inner.expiry(bucket).await
    }

    async fn set_expiry(&self, bucket: &str, expiry: Expiry) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.set_expiry(bucket, expiry).await
    }

    async fn list(&self, bucket: &str, prefix: &str, from: Option<&str>) -> Result<Page, Failure> {
        self.inner.list(bucket, prefix, from).await
    }

    async fn head(&self, bucket: &str, key: &str) -> Result<Option<u64>, Failure> {
        self.inner.head(bucket, key).await
    }

    async fn get(&self, bucket: &str, key: &str, max: u64) -> Result<Option<Bytes>, Failure> {
        self.inner.get(bucket, key, max).await
    }

    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<Option<String>, Failure> {
        self.fence.pass().await?;
        self.inner.put(bucket, key, body).await
    }

    async fn delete(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.delete(bucket, key, version).await
    }
}

#[async_trait]
impl RegistryAdmin for Fenced<dyn RegistryAdmin> {
    async fn policy(&self, name: &str) -> Result<Option<Value>, Failure> {
        self.inner.policy(name).await
    }

    async fn set_policy(&self, name: &str, policy: &Value) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.set_policy(name, policy).await
    }

    async fn key(&self, access_key: &str) -> Result<Option<KeyInfo>, Failure> {
        self.inner.key(access_key).await
    }

    async fn set_key(&self, access_key: &str, secret_key: &Secret<String>) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.set_key(access_key, secret_key).await
    }

    async fn attach(&self, access_key: &str, policy: &str) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.attach(access_key, policy).await
    }

    async fn quota(&self, bucket: &str) -> Result<u64, Failure> {
        self.inner.quota(bucket).await
    }

    async fn set_quota(&self, bucket: &str, bytes: u64) -> Result<(), Failure> {
        self.fence.pass().await?;
        self.inner.set_quota(bucket, bytes).await
    }

    async fn info(&self) -> Result<Value, Failure> {
        self.inner.info().await
    }
}
