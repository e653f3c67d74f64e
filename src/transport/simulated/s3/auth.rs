//! Who signs, and what they may do: one table from S3 operations to the actions of policies.

use super::policy::{Verdict, judge};
use super::store::{State, Store};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Result, s3_error};
use std::sync::Arc;

/// Verifies signatures and policies against the store.
#[derive(Clone)]
pub struct Gate(pub Arc<Store>);

impl State {
    /// Whether a key may do `action` on `resource`.
    pub fn allows(&self, access_key: &str, action: &str, resource: &str) -> bool {
        if self.root.as_ref().is_some_and(|(root, _)| root == access_key) {
            return true;
        }
        let Some(key) = self.keys.get(access_key).filter(|k| k.enabled) else { return false };
        let verdict =
            |action: &str| judge(key.policies.iter().filter_map(|name| self.policies.get(name)), action, resource);
        if action == "s3:DeleteObjectVersion" {
            // As MinIO does (seen on 7aac2a2c5b7c): the right to delete is enough for versions too,
            // unless their deletion is denied in so many words.
            return verdict("s3:DeleteObject") == Verdict::Allowed && verdict(action) != Verdict::Denied;
        }
        verdict(action) == Verdict::Allowed
    }

    /// The secret of a key that may be used.
    pub fn secret(&self, access_key: &str) -> Option<&str> {
        if let Some((root, secret)) = &self.root
            && root == access_key
        {
            return Some(secret.expose());
        }
        self.keys.get(access_key).filter(|k| k.enabled).map(|k| k.secret.expose().as_str())
    }
}

#[async_trait::async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.0.with(|s| s.secret(access_key).map(SecretKey::from)).ok_or_else(|| {
            s3_error!(InvalidAccessKeyId, "The Access Key Id you provided does not exist in our records.")
        })
    }
}

/// The action that an operation needs on its resource. `None`: it is judged where it is served,
/// because it names its objects in its body or answers with what may be seen.
fn action(operation: &str, of_version: bool) -> Option<&'static str> {
    let pick = |plain, version| Some(if of_version { version } else { plain });
    match operation {
        "ListBuckets" | "DeleteObjects" => None,
        "CreateBucket" => Some("s3:CreateBucket"),
        "DeleteBucket" => Some("s3:DeleteBucket"),
        "GetBucketLocation" => Some("s3:GetBucketLocation"),
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => Some("s3:ListBucket"),
        "ListObjectVersions" => Some("s3:ListBucketVersions"),
        // Whoever may read an object may read its versions: the server asks for this action with and
        // without a version (minio cmd/object-handlers.go@7aac2a2c).
        "GetObject" | "HeadObject" => Some("s3:GetObject"),
        "GetObjectAttributes" => pick("s3:GetObject", "s3:GetObjectVersion"),
        "PutObject"
        | "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload"
        | "PostObject" => Some("s3:PutObject"),
        "DeleteObject" => pick("s3:DeleteObject", "s3:DeleteObjectVersion"),
        "AbortMultipartUpload" => Some("s3:AbortMultipartUpload"),
        "ListParts" => Some("s3:ListMultipartUploadParts"),
        "ListMultipartUploads" => Some("s3:ListBucketMultipartUploads"),
        "GetObjectTagging" => pick("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
        "PutObjectTagging" => pick("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
        "DeleteObjectTagging" => pick("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
        "GetBucketVersioning" => Some("s3:GetBucketVersioning"),
        "PutBucketVersioning" => Some("s3:PutBucketVersioning"),
        "GetBucketLifecycleConfiguration" => Some("s3:GetLifecycleConfiguration"),
        "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => Some("s3:PutLifecycleConfiguration"),
        // An operation that is not served needs an action that only root has.
        _ => Some("s3:NotServed"),
    }
}

/// A refusal in the server's words.
pub fn denied() -> s3s::S3Error {
    s3_error!(AccessDenied, "Access Denied.")
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = cx.credentials() else { return Err(denied()) };
        let of_version = cx.uri().query().is_some_and(|q| q.split('&').any(|p| p.starts_with("versionId=")));
        let Some(action) = action(cx.s3_op().name(), of_version) else { return Ok(()) };
        let resource = match cx.s3_path() {
            S3Path::Root => String::new(),
            S3Path::Bucket { bucket } => bucket.to_string(),
            S3Path::Object { bucket, key } => format!("{bucket}/{key}"),
        };
        let may = |action| self.0.with(|s| s.allows(&credentials.access_key, action, &resource));
        // Whoever may list a bucket may list its versions (minio cmd/auth-handler.go@7aac2a2c).
        let allowed = may(action) || action == "s3:ListBucketVersions" && may("s3:ListBucket");
        if allowed { Ok(()) } else { Err(denied()) }
    }
}
