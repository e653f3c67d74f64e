//! The S3 operations, each a thin layer over the store. What an operation means is said there.

use super::auth::denied;
use super::body::{Claims, receive};
use super::convert;
use super::copies;
use super::listings;
use super::multipart::Named;
use super::store::{Keeps, Store, stamp};
use super::versions::{Conditions, NewObject};
#[cfg_attr(not(test), expect(clippy::wildcard_imports, reason = "about a hundred types, all of one module"))]
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use std::sync::Arc;

/// The simulated registry's S3 interface.
#[derive(Clone)]
pub struct Api(pub Arc<Store>);

type Answer<T> = S3Result<S3Response<T>>;

#[expect(clippy::unnecessary_wraps, reason = "every operation answers with a result")]
fn ok<T>(output: T) -> Answer<T> {
    Ok(S3Response::new(output))
}

/// The caller's key; the gate has let nobody through without one.
fn caller<T>(req: &S3Request<T>) -> S3Result<String> {
    req.credentials.as_ref().map(|c| c.access_key.clone()).ok_or_else(denied)
}

#[async_trait::async_trait]
impl S3 for Api {
    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
        let caller = caller(&req)?;
        self.0.with(|s| {
            let all = s.allows(&caller, "s3:ListAllMyBuckets", "");
            let seen = |name: &str| {
                all || s.allows(&caller, "s3:ListBucket", name) || s.allows(&caller, "s3:GetBucketLocation", name)
            };
            let buckets: Vec<Bucket> = s
                .buckets
                .iter()
                .filter(|(name, _)| seen(name))
                .map(|(name, b)| Bucket {
                    name: Some(name.clone()),
                    creation_date: Some(stamp(b.made_ms)),
                    bucket_region: None,
                })
                .collect();
            if buckets.is_empty() && !all {
                return Err(denied());
            }
            ok(ListBucketsOutput { buckets: Some(buckets), owner: Some(convert::owner()), ..Default::default() })
        })
    }

    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        let now = self.0.now_ms();
        self.0.with(|s| s.make_bucket(&req.input.bucket, now))?;
        ok(CreateBucketOutput { location: Some(format!("/{}", req.input.bucket)) })
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> Answer<DeleteBucketOutput> {
        self.0.with(|s| s.remove_bucket(&req.input.bucket))?;
        ok(DeleteBucketOutput::default())
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.0.with(|s| s.bucket(&req.input.bucket).map(|_| ()))?;
        ok(HeadBucketOutput::default())
    }

    async fn get_bucket_location(&self, req: S3Request<GetBucketLocationInput>) -> Answer<GetBucketLocationOutput> {
        self.0.with(|s| s.bucket(&req.input.bucket).map(|_| ()))?;
        ok(GetBucketLocationOutput::default())
    }

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> Answer<GetBucketVersioningOutput> {
        let keeps = self.0.with(|s| s.bucket(&req.input.bucket).map(|b| b.keeps))?;
        let status = match keeps {
            Keeps::Off => None,
            Keeps::On => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED)),
            Keeps::Suspended => Some(BucketVersioningStatus::from_static(BucketVersioningStatus::SUSPENDED)),
        };
        ok(GetBucketVersioningOutput { status, ..Default::default() })
    }

    async fn put_bucket_versioning(
        &self,
        req: S3Request<PutBucketVersioningInput>,
    ) -> Answer<PutBucketVersioningOutput> {
        let status = req.input.versioning_configuration.status;
        let keeps = match status.as_ref().map(BucketVersioningStatus::as_str) {
            Some(BucketVersioningStatus::ENABLED) => Keeps::On,
            Some(BucketVersioningStatus::SUSPENDED) => Keeps::Suspended,
            _ => return Err(s3_error!(IllegalVersioningConfigurationException, "Status must be Enabled or Suspended")),
        };
        self.0.with(|s| s.bucket(&req.input.bucket).map(|b| b.keeps = keeps))?;
        ok(PutBucketVersioningOutput::default())
    }

    async fn get_bucket_lifecycle_configuration(
        &self,
        req: S3Request<GetBucketLifecycleConfigurationInput>,
    ) -> Answer<GetBucketLifecycleConfigurationOutput> {
        let found = self.0.with(|s| s.bucket(&req.input.bucket).map(|b| b.lifecycle.clone()))?;
        let rules = found
            .map(|l| l.rules)
            .ok_or_else(|| s3_error!(NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist"))?;
        ok(GetBucketLifecycleConfigurationOutput { rules: Some(rules), ..Default::default() })
    }

    async fn put_bucket_lifecycle_configuration(
        &self,
        req: S3Request<PutBucketLifecycleConfigurationInput>,
    ) -> Answer<PutBucketLifecycleConfigurationOutput> {
        let wanted = req.input.lifecycle_configuration.filter(|l| !l.rules.is_empty());
        let wanted = wanted.ok_or_else(|| s3_error!(MalformedXML, "The XML you provided was not well-formed"))?;
        self.0.with(|s| s.bucket(&req.input.bucket).map(|b| b.lifecycle = Some(wanted)))?;
        ok(PutBucketLifecycleConfigurationOutput::default())
    }

    async fn delete_bucket_lifecycle(
        &self,
        req: S3Request<DeleteBucketLifecycleInput>,
    ) -> Answer<DeleteBucketLifecycleOutput> {
        self.0.with(|s| s.bucket(&req.input.bucket).map(|b| b.lifecycle = None))?;
        ok(DeleteBucketLifecycleOutput::default())
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        ok(listings::objects(&self.0, req.input)?)
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        ok(listings::objects_v2(&self.0, req.input)?)
    }

    async fn list_object_versions(&self, req: S3Request<ListObjectVersionsInput>) -> Answer<ListObjectVersionsOutput> {
        ok(listings::versions(&self.0, req.input)?)
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        let mut i = req.input;
        let claims = Claims { length: i.content_length, md5: i.content_md5.take(), checksums: convert::claimed!(i) };
        let received = receive(i.body.take(), &claims).await?;
        let conditions = Conditions { if_match: i.if_match.take(), if_none_match: i.if_none_match.take() };
        let tags = convert::header_tags(i.tagging.as_deref());
        let about = convert::about!(i, received.checksums.clone());
        let new = NewObject { data: received.data, etag: received.etag, about, tags };
        let now = self.0.now_ms();
        let (version_id, etag) = self.0.with(|s| s.put(&i.bucket, &i.key, new, &conditions, now))?;
        let sums = received.checksums;
        ok(PutObjectOutput {
            e_tag: Some(etag),
            version_id,
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            ..Default::default()
        })
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let i = req.input;
        let conditions = Conditions { if_match: i.if_match, if_none_match: i.if_none_match };
        let (found, keeps) = self.0.with(|s| {
            let found = s.look(&i.bucket, &i.key, i.version_id.as_deref())?.clone();
            Ok::<_, s3s::S3Error>((found, s.bucket(&i.bucket)?.keeps))
        })?;
        conditions.for_read(&found)?;
        let mut output = convert::found(&found, keeps, i.range)?;
        if i.checksum_mode.is_none() {
            convert::hide_checksums(&mut output);
        }
        ok(output)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        let i = req.input;
        let conditions = Conditions { if_match: i.if_match, if_none_match: i.if_none_match };
        let (found, keeps) = self.0.with(|s| {
            let found = s.look(&i.bucket, &i.key, i.version_id.as_deref())?.clone();
            Ok::<_, s3s::S3Error>((found, s.bucket(&i.bucket)?.keeps))
        })?;
        conditions.for_read(&found)?;
        let mut output = convert::found(&found, keeps, i.range)?;
        if i.checksum_mode.is_none() {
            convert::hide_checksums(&mut output);
        }
        ok(convert::head(output))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        let caller = caller(&req)?;
        ok(copies::object(&self.0, &caller, &req.headers, req.input)?)
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        let i = req.input;
        let conditions = Conditions { if_match: i.if_match, if_none_match: None };
        let now = self.0.now_ms();
        let gone = self.0.with(|s| {
            if conditions.if_match.is_some() {
                conditions.for_write(s.current(&i.bucket, &i.key)?)?;
            }
            s.delete(&i.bucket, &i.key, i.version_id.as_deref(), now)
        })?;
        ok(DeleteObjectOutput {
            delete_marker: gone.marker.then_some(true),
            version_id: gone.version,
            ..Default::default()
        })
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> Answer<DeleteObjectsOutput> {
        let caller = caller(&req)?;
        let i = req.input;
        if i.delete.objects.is_empty() || i.delete.objects.len() > 1000 {
            return Err(s3_error!(MalformedXML, "The XML you provided was not well-formed"));
        }
        let now = self.0.now_ms();
        let quiet = i.delete.quiet == Some(true);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        self.0.with(|s| -> S3Result<()> {
            s.bucket(&i.bucket)?;
            for one in i.delete.objects {
                let action = if one.version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
                let done = if s.allows(&caller, action, &format!("{}/{}", i.bucket, one.key)) {
                    s.delete(&i.bucket, &one.key, one.version_id.as_deref(), now)
                } else {
                    Err(denied())
                };
                match done {
                    Ok(gone) => deleted.push(convert::deleted(one, gone)),
                    Err(error) => errors.push(convert::error(one, &error)),
                }
            }
            Ok(())
        })?;
        ok(DeleteObjectsOutput { deleted: (!quiet).then_some(deleted), errors: Some(errors), ..Default::default() })
    }

    async fn get_object_tagging(&self, req: S3Request<GetObjectTaggingInput>) -> Answer<GetObjectTaggingOutput> {
        let i = req.input;
        let found = self.0.with(|s| s.look(&i.bucket, &i.key, i.version_id.as_deref()).map(|v| v.clone()))?;
        ok(GetObjectTaggingOutput {
            tag_set: convert::tag_set(&found.tags),
            version_id: (found.id != "null").then_some(found.id),
        })
    }

    async fn put_object_tagging(&self, req: S3Request<PutObjectTaggingInput>) -> Answer<PutObjectTaggingOutput> {
        let i = req.input;
        let tags = convert::tags(i.tagging.tag_set)?;
        self.0.with(|s| s.look(&i.bucket, &i.key, i.version_id.as_deref()).map(|v| v.tags = tags))?;
        ok(PutObjectTaggingOutput { version_id: i.version_id })
    }

    async fn delete_object_tagging(
        &self,
        req: S3Request<DeleteObjectTaggingInput>,
    ) -> Answer<DeleteObjectTaggingOutput> {
        let i = req.input;
        self.0.with(|s| s.look(&i.bucket, &i.key, i.version_id.as_deref()).map(|v| v.tags.clear()))?;
        ok(DeleteObjectTaggingOutput { version_id: i.version_id })
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        let mut i = req.input;
        let tags = convert::header_tags(i.tagging.as_deref());
        let about = convert::about!(i, Checksum::default());
        let now = self.0.now_ms();
        let id = self.0.with(|s| s.begin(&i.bucket, &i.key, about, tags, now))?;
        ok(CreateMultipartUploadOutput {
            bucket: Some(i.bucket),
            key: Some(i.key),
            upload_id: Some(id),
            checksum_algorithm: i.checksum_algorithm.take(),
            ..Default::default()
        })
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        let mut i = req.input;
        let claims = Claims { length: i.content_length, md5: i.content_md5.take(), checksums: convert::claimed!(i) };
        let received = receive(i.body.take(), &claims).await?;
        let sums = received.checksums.clone();
        let now = self.0.now_ms();
        let etag = self.0.with(|s| s.put_part(&i.bucket, &i.key, &i.upload_id, i.part_number, received, now))?;
        ok(UploadPartOutput {
            e_tag: Some(etag),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            ..Default::default()
        })
    }

    async fn upload_part_copy(&self, req: S3Request<UploadPartCopyInput>) -> Answer<UploadPartCopyOutput> {
        let caller = caller(&req)?;
        ok(copies::part(&self.0, &caller, req.input).await?)
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        let i = req.input;
        let upload = self.0.with(|s| s.upload(&i.bucket, &i.key, &i.upload_id).map(|u| u.clone()))?;
        ok(convert::parts(i, &upload))
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        ok(listings::uploads(&self.0, req.input)?)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let mut i = req.input;
        let conditions = Conditions { if_match: i.if_match.take(), if_none_match: i.if_none_match.take() };
        let whole = convert::claimed!(i);
        let named = i.multipart_upload.and_then(|m| m.parts).unwrap_or_default();
        let named: Vec<(i32, Option<String>)> =
            named.into_iter().map(|p| (p.part_number.unwrap_or_default(), p.e_tag.map(ETag::into_value))).collect();
        let now = self.0.now_ms();
        let of = Named { parts: named, whole };
        let made = self.0.with(|s| s.complete(&i.bucket, &i.key, &i.upload_id, &of, &conditions, now))?;
        ok(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", i.bucket, i.key)),
            bucket: Some(i.bucket),
            key: Some(i.key),
            e_tag: Some(made.etag),
            version_id: made.version,
            checksum_crc32c: made.checksums.checksum_crc32c,
            checksum_crc64nvme: made.checksums.checksum_crc64nvme,
            ..Default::default()
        })
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        let i = req.input;
        self.0.with(|s| s.abort(&i.bucket, &i.key, &i.upload_id))?;
        ok(AbortMultipartUploadOutput::default())
    }
}
