//! The registry's S3 interface as the installer uses it, by the SDK over our own HTTPS client.

use super::dial::Route;
use super::https::{self, Roots};
use super::s3_client::{REGION, settings, signer};
use super::s3_errors::Calls;
use crate::plan::Failure;
use crate::ports::object_store::{Expiry, Listed, ObjectStore, Page, Versioning};
use crate::ports::world::{Credentials, Endpoint};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::StalledStreamProtectionConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketVersioningStatus, ExpirationStatus, LifecycleRule, LifecycleRuleFilter,
    NoncurrentVersionExpiration, VersioningConfiguration,
};
use bytes::{Bytes, BytesMut};
use std::time::Duration;

/// The name of the expiry rule of ours; rules by other names are other people's.
const RULE: &str = "modelquay-old-versions";
/// How long a stream may stand still before it is given up.
const GRACE: Duration = Duration::from_secs(30);

/// A registry seen with one pair of keys along one route.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
    calls: Calls,
}

impl S3Store {
    /// Prepares calls; nothing is connected yet.
    pub fn new(at: &Endpoint, with: &Credentials, route: Route) -> Result<Self, Failure> {
        let https = https::client(route, &Roots::from_pem(&at.ca_pem)?)?;
        let config = settings(at.url(), REGION.to_owned(), https)
            .force_path_style(true)
            .credentials_provider(signer(with, None))
            .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(GRACE).build())
            .build();
        Ok(Self { client: Client::from_conf(config), calls: Calls::new(format!("{}:{}", at.ip, at.port)) })
    }

    async fn rules(&self, bucket: &str) -> Result<Vec<LifecycleRule>, Failure> {
        match self.client.get_bucket_lifecycle_configuration().bucket(bucket).send().await {
            Ok(answer) => Ok(answer.rules.unwrap_or_default()),
            Err(e) if e.code() == Some("NoSuchLifecycleConfiguration") => Ok(Vec::new()),
            Err(e) => Err(self.calls.read(&format!("to read the expiry rules of bucket {bucket}"), &e)),
        }
    }
}

/// A field that the SDK's builders want: its absence would be a mistake of ours.
fn built<T>(made: Result<T, aws_sdk_s3::error::BuildError>) -> Result<T, Failure> {
    made.map_err(|e| Failure::permanent("the request cannot be built").because(e.to_string()))
}

fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn list_buckets(&self) -> Result<Vec<String>, Failure> {
        let answer = self.client.list_buckets().send().await.map_err(|e| self.calls.read("to list the buckets", &e))?;
        Ok(answer.buckets.unwrap_or_default().into_iter().filter_map(|b| b.name).collect())
    }

    async fn bucket_exists(&self, bucket: &str) -> Result<bool, Failure> {
        match self.client.head_bucket().bucket(bucket).send().await {
            Ok(_) => Ok(true),
            Err(e) if Calls::absent(&e) => Ok(false),
            Err(e) => Err(self.calls.read(&format!("to look for bucket {bucket}"), &e)),
        }
    }

    async fn create_bucket(&self, bucket: &str) -> Result<(), Failure> {
        match self.client.create_bucket().bucket(bucket).send().await {
            Ok(_) => Ok(()),
            Err(e) if e.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(e) => Err(self.calls.write(&format!("to make bucket {bucket}"), &e)),
        }
    }

    async fn versioning(&self, bucket: &str) -> Result<Versioning, Failure> {
        let answer = self
            .client
            .get_bucket_versioning()
            .bucket(bucket)
            .send()
            .await
            .map_err(|e| self.calls.read(&format!("to read the versioning of bucket {bucket}"), &e))?;
        Ok(match answer.status {
            Some(BucketVersioningStatus::Enabled) => Versioning::On,
            Some(BucketVersioningStatus::Suspended) => Versioning::Suspended,
            _ => Versioning::Off,
        })
    }

    async fn set_versioning(&self, bucket: &str, on: bool) -> Result<(), Failure> {
        let status = if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let wanted = VersioningConfiguration::builder().status(status).build();
        self.client
            .put_bucket_versioning()
            .bucket(bucket)
            .versioning_configuration(wanted)
            .send()
            .await
            .map_err(|e| self.calls.write(&format!("to set the versioning of bucket {bucket}"), &e))?;
        Ok(())
    }

    async fn expiry(&self, bucket: &str) -> Result<Option<Expiry>, Failure> {
        let rules = self.rules(bucket).await?;
        let ours = rules.iter().find(|r| r.id() == Some(RULE) && *r.status() == ExpirationStatus::Enabled);
        let field = |value: Option<i32>| value.and_then(|v| u32::try_from(v).ok()).unwrap_or_default();
        Ok(ours.and_then(LifecycleRule::noncurrent_version_expiration).map(|rule| Expiry {
            noncurrent_days: field(rule.noncurrent_days()),
            keep: field(rule.newer_noncurrent_versions()),
        }))
    }

    async fn set_expiry(&self, bucket: &str, expiry: Expiry) -> Result<(), Failure> {
        // The call replaces all rules, so that those of others are read and given back.
        let mut rules = self.rules(bucket).await?;
        rules.retain(|r| r.id() != Some(RULE));
        let ours = LifecycleRule::builder()
            .id(RULE)
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("").build())
            .noncurrent_version_expiration(
                NoncurrentVersionExpiration::builder()
                    .noncurrent_days(number(expiry.noncurrent_days))
                    .newer_noncurrent_versions(number(expiry.keep))
                    .build(),
            )
            .build();
        rules.push(built(ours)?);
        let wanted = built(BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build())?;
        self.client
            .put_bucket_lifecycle_configuration()
            .bucket(bucket)
            .lifecycle_configuration(wanted)
            .send()
            .await
            .map_err(|e| self.calls.write(&format!("to set the expiry rule of bucket {bucket}"), &e))?;
        Ok(())
    }

    async fn list(&self, bucket: &str, prefix: &str, from: Option<&str>) -> Result<Page, Failure> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_continuation_token(from.map(str::to_owned))
            .send()
            .await
            .map_err(|e| self.calls.read(&format!("to list bucket {bucket}"), &e))?;
        let objects = answer.contents.unwrap_or_default();
        let size = |value: Option<i64>| value.and_then(|v| u64::try_from(v).ok()).unwrap_or_default();
        let objects = objects.into_iter().filter_map(|o| Some(Listed { size: size(o.size), key: o.key? })).collect();
        Ok(Page { objects, next: answer.next_continuation_token.filter(|t| !t.is_empty()) })
    }

    async fn head(&self, bucket: &str, key: &str) -> Result<Option<u64>, Failure> {
        match self.client.head_object().bucket(bucket).key(key).send().await {
            Ok(answer) => Ok(Some(answer.content_length.and_then(|v| u64::try_from(v).ok()).unwrap_or_default())),
            Err(e) if Calls::absent(&e) => Ok(None),
            Err(e) => Err(self.calls.read(&format!("to look at {bucket}/{key}"), &e)),
        }
    }

    async fn get(&self, bucket: &str, key: &str, max: u64) -> Result<Option<Bytes>, Failure> {
        let what = format!("to read {bucket}/{key}");
        if max == 0 {
            return Ok(self.head(bucket, key).await?.map(|_| Bytes::new()));
        }
        let range = format!("bytes=0-{}", max - 1);
        let mut answer = match self.client.get_object().bucket(bucket).key(key).range(range).send().await {
            Ok(answer) => answer,
            Err(e) if Calls::absent(&e) => return Ok(None),
            // An empty object has no first byte to begin a range with.
            Err(e) if e.code() == Some("InvalidRange") => return Ok(Some(Bytes::new())),
            Err(e) => return Err(self.calls.read(&what, &e)),
        };
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let mut read = BytesMut::new();
        while let Some(piece) = answer.body.next().await {
            let piece = piece.map_err(|e| self.calls.cut(&what, &e))?;
            // A server that ignores the range must not fill our memory.
            let room = max - read.len();
            read.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if read.len() == max {
                break;
            }
        }
        Ok(Some(read.freeze()))
    }

    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<Option<String>, Failure> {
        let answer = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|e| self.calls.write(&format!("to write {bucket}/{key}"), &e))?;
        Ok(answer.version_id.filter(|v| v != "null"))
    }

    async fn delete(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<(), Failure> {
        let call = self.client.delete_object().bucket(bucket).key(key).set_version_id(version.map(str::to_owned));
        call.send().await.map_err(|e| self.calls.write(&format!("to delete {bucket}/{key}"), &e))?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "s3_tests.rs"]
mod tests;
