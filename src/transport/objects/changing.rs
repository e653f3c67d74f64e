//! Buckets, deletions, tags and signed addresses.

use super::{S3Objects, built, decode, refused, shown};
use crate::base::{Secret, sanitise};
use crate::plan::Failure;
use crate::ports::object_store::Versioning;
use crate::ports::objects::{Answer, At, BucketRow, Deleted, ObjectError, Share, Why};
use crate::transport::s3_client::REGION;
use crate::transport::s3_errors;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, Delete, ObjectIdentifier, Tag, Tagging,
};
use std::collections::HashMap;
use std::time::Duration;

/// How long a signed address may last: version 4 of the signatures allows no more.
const LONGEST_SHARE: Duration = Duration::from_hours(7 * 24);

/// Whether XML 1.0 can carry a key. Others are deleted one by one, where the key is in the address.
fn fits_xml(key: &str) -> bool {
    key.chars().all(|c| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}'))
}

impl S3Objects {
    pub(super) async fn all_buckets(&self) -> Answer<Vec<BucketRow>> {
        let answer = self.client.list_buckets().send().await.map_err(self.unread("to list the buckets"))?;
        let buckets = answer.buckets.unwrap_or_default().into_iter();
        Ok(buckets
            .filter_map(|b| Some(BucketRow { name: b.name?, made: b.creation_date.as_ref().map(DateTime::secs) }))
            .collect())
    }

    pub(super) async fn look_for_bucket(&self, bucket: &str) -> Answer<()> {
        let what = format!("to look for bucket {bucket}");
        self.client.head_bucket().bucket(bucket).send().await.map_err(self.unread(&what))?;
        Ok(())
    }

    pub(super) async fn new_bucket(&self, bucket: &str) -> Answer<()> {
        let mut call = self.client.create_bucket().bucket(bucket);
        if self.region != REGION {
            let place = BucketLocationConstraint::from(self.region.as_str());
            call = call
                .create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(place).build());
        }
        match call.send().await {
            Ok(_) => Ok(()),
            Err(e) if e.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(e) => Err(self.unwritten(&format!("to make bucket {bucket}"))(e)),
        }
    }

    pub(super) async fn versioning_of(&self, bucket: &str) -> Answer<Versioning> {
        let what = format!("to read the versioning of bucket {bucket}");
        let status = match self.client.get_bucket_versioning().bucket(bucket).send().await {
            Ok(answer) => answer.status,
            Err(error) => match decode::under_another_root(&error, "BucketVersioning") {
                Some(document) => decode::element(&document, "Status").map(BucketVersioningStatus::from),
                None => return Err(self.unread(&what)(error)),
            },
        };
        Ok(match status {
            Some(BucketVersioningStatus::Enabled) => Versioning::On,
            Some(BucketVersioningStatus::Suspended) => Versioning::Suspended,
            _ => Versioning::Off,
        })
    }

    pub(super) async fn remove(&self, at: &At) -> Answer<Option<String>> {
        let call = self.client.delete_object().bucket(&at.bucket).key(&at.key).set_version_id(at.version.clone());
        let answer = call.send().await.map_err(self.unwritten(&format!("to delete {}", shown(at))))?;
        let marked = answer.delete_marker == Some(true) && at.version.is_none();
        Ok(answer.version_id.filter(|_| marked))
    }

    pub(super) async fn remove_many(&self, bucket: &str, of: &[(String, Option<String>)]) -> Answer<Vec<Deleted>> {
        let (listed, alone): (Vec<_>, Vec<_>) = of.iter().partition(|(key, _)| fits_xml(key));
        let mut done = Vec::with_capacity(of.len());
        if !listed.is_empty() {
            done.extend(self.remove_listed(bucket, &listed).await?);
        }
        for (key, version) in alone {
            let at = At { bucket: bucket.to_owned(), key: key.clone(), version: version.clone() };
            let (marker, error) = match self.remove(&at).await {
                Ok(marker) => (marker, None),
                Err(error) => (None, Some(error)),
            };
            done.push(Deleted { key: key.clone(), version: version.clone(), marker, error });
        }
        Ok(done)
    }

    async fn remove_listed(&self, bucket: &str, of: &[&(String, Option<String>)]) -> Answer<Vec<Deleted>> {
        let what = format!("to delete objects of bucket {bucket}");
        let mut wanted = Delete::builder();
        for (key, version) in of {
            wanted =
                wanted.objects(built(ObjectIdentifier::builder().key(key).set_version_id(version.clone()).build())?);
        }
        let wanted = built(wanted.build())?;
        let call = self.client.delete_objects().bucket(bucket).delete(wanted);
        let answer = call.send().await.map_err(self.unwritten(&what))?;
        let mut markers = HashMap::new();
        for gone in answer.deleted.unwrap_or_default() {
            let marker = gone.delete_marker_version_id.filter(|_| gone.version_id.is_none());
            markers.insert((gone.key.unwrap_or_default(), gone.version_id), marker);
        }
        let mut errors = HashMap::new();
        for error in answer.errors.unwrap_or_default() {
            let (code, message) = (error.code.unwrap_or_default(), error.message.unwrap_or_default());
            let key = error.key.unwrap_or_default();
            errors.insert((key, error.version_id.filter(|v| !v.is_empty())), (code, message));
        }
        Ok(of
            .iter()
            .map(|(key, version)| {
                let named = (key.clone(), version.clone());
                let what = format!("to delete {}", sanitise::text(&format!("{bucket}/{key}"), 200));
                let (marker, error) = match (markers.remove(&named), errors.remove(&named)) {
                    (_, Some((code, message))) => (None, Some(s3_errors::of_code(&what, &code, &message))),
                    (Some(marker), None) => (marker, None),
                    (None, None) => (None, Some(unsaid(&what))),
                };
                Deleted { key: key.clone(), version: version.clone(), marker, error }
            })
            .collect())
    }

    pub(super) async fn tags_of(&self, at: &At) -> Answer<Vec<(String, String)>> {
        let call = self.client.get_object_tagging().bucket(&at.bucket).key(&at.key).set_version_id(at.version.clone());
        let answer = call.send().await.map_err(self.unread(&format!("to read the tags of {}", shown(at))))?;
        let mut tags: Vec<_> = answer.tag_set.into_iter().map(|t| (t.key, t.value)).collect();
        tags.sort();
        Ok(tags)
    }

    pub(super) async fn replace_tags(&self, at: &At, tags: &[(String, String)]) -> Answer<()> {
        let what = format!("to set the tags of {}", shown(at));
        let (bucket, key, version) = (&at.bucket, &at.key, at.version.clone());
        if tags.is_empty() {
            let call = self.client.delete_object_tagging().bucket(bucket).key(key).set_version_id(version);
            call.send().await.map_err(self.unwritten(&what))?;
            return Ok(());
        }
        let mut set = Tagging::builder();
        for (name, value) in tags {
            set = set.tag_set(built(Tag::builder().key(name).value(value).build())?);
        }
        let call = self.client.put_object_tagging().bucket(bucket).key(key).set_version_id(version);
        call.tagging(built(set.build())?).send().await.map_err(self.unwritten(&what))?;
        Ok(())
    }

    pub(super) async fn signed(&self, at: &At, what: Share, lasts: Duration) -> Answer<Secret<String>> {
        let named = format!("to sign an address of {}", shown(at));
        if lasts > LONGEST_SHARE || lasts.is_zero() {
            let mut error = refused(format!("{named}: it may last from a second to seven days"));
            error.failure = error.failure.help("Choose a shorter time.");
            return Err(error);
        }
        let settings = PresigningConfig::expires_in(lasts).map_err(|e| refused(format!("{named}: {e}")))?;
        let signed = match what {
            Share::Get => {
                let call = self.client.get_object().bucket(&at.bucket).key(&at.key);
                call.set_version_id(at.version.clone()).presigned(settings).await.map_err(self.unread(&named))?
            }
            Share::Put => {
                let call = self.client.put_object().bucket(&at.bucket).key(&at.key);
                call.presigned(settings).await.map_err(self.unread(&named))?
            }
        };
        Ok(Secret::from(signed.uri()))
    }
}

/// The service's answer names an object neither as deleted nor as kept.
fn unsaid(what: &str) -> ObjectError {
    ObjectError { why: Why::Cut, failure: Failure::unknown(format!("{what}: the service's answer does not name it")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_xml_cannot_carry_are_known() {
        assert!(fits_xml("a b\tc\r\nü<&\u{202e}\u{10ffff}"));
        assert!(!fits_xml("a\u{1}") && !fits_xml("\u{ffff}") && !fits_xml("\u{1b}[2J"));
    }
}
