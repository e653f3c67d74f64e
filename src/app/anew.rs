//! A service that is reached anew with every call: a connection that was lost and made again is another way to it,
//! and a transfer that waits for it has to go that way.

use super::browse::Source;
use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::Objects;
use crate::ports::object_store::Versioning;
use crate::ports::objects::{
    Answer, At, BucketRow, Deleted, GetQuery, Got, ListPage, ListQuery, Marker, Notes, ObjectError, ObjectInfo, OnlyIf,
    Pacer, Part, PartPage, Share, Sum, SumKind, Upload, UploadPage, VersionPage, Why, Written,
};
use crate::ports::trust::Looked;
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// Calls a service by the way that there is now.
pub struct Anew {
    source: Arc<dyn Source>,
    pacer: Option<Arc<dyn Pacer>>,
}

impl Anew {
    /// By this source.
    pub fn new(source: Arc<dyn Source>) -> Self {
        Self { source, pacer: None }
    }

    /// The way as it is now. That there is none is an answer like any other: the call was not made.
    async fn way(&self) -> Answer<Arc<dyn Objects>> {
        let objects = self.source.objects().await.map_err(no_way)?;
        Ok(match &self.pacer {
            Some(pacer) => objects.paced(pacer.clone()),
            None => objects,
        })
    }
}

fn no_way(failure: Failure) -> ObjectError {
    ObjectError { why: Why::Cut, failure }
}

#[async_trait]
impl Objects for Anew {
    fn paced(&self, pacer: Arc<dyn Pacer>) -> Arc<dyn Objects> {
        Arc::new(Self { source: self.source.clone(), pacer: Some(pacer) })
    }

    async fn buckets(&self) -> Answer<Vec<BucketRow>> {
        self.way().await?.buckets().await
    }

    async fn bucket(&self, bucket: &str) -> Answer<()> {
        self.way().await?.bucket(bucket).await
    }

    async fn make_bucket(&self, bucket: &str) -> Answer<()> {
        self.way().await?.make_bucket(bucket).await
    }

    async fn keeps_versions(&self, bucket: &str) -> Answer<Versioning> {
        self.way().await?.keeps_versions(bucket).await
    }

    async fn list(&self, query: &ListQuery) -> Answer<ListPage> {
        self.way().await?.list(query).await
    }

    async fn list_versions(&self, query: &ListQuery, from: Option<&Marker>) -> Answer<VersionPage> {
        self.way().await?.list_versions(query, from).await
    }

    async fn list_uploads(&self, bucket: &str, prefix: &str, from: Option<&Marker>) -> Answer<UploadPage> {
        self.way().await?.list_uploads(bucket, prefix, from).await
    }

    async fn head(&self, at: &At) -> Answer<ObjectInfo> {
        self.way().await?.head(at).await
    }

    async fn get(&self, query: &GetQuery) -> Answer<Got> {
        self.way().await?.get(query).await
    }

    async fn put(&self, at: &At, body: Bytes, notes: &Notes, sum: Option<Sum>, only: &OnlyIf) -> Answer<Written> {
        self.way().await?.put(at, body, notes, sum, only).await
    }

    async fn begin_upload(&self, at: &At, notes: &Notes, sum: Option<SumKind>) -> Answer<Upload> {
        self.way().await?.begin_upload(at, notes, sum).await
    }

    async fn send_part(&self, upload: &Upload, number: u16, body: Bytes, sum: Option<Sum>) -> Answer<Part> {
        self.way().await?.send_part(upload, number, body, sum).await
    }

    async fn copy_part(
        &self,
        upload: &Upload,
        number: u16,
        from: &At,
        range: (u64, u64),
        if_match: Option<&str>,
    ) -> Answer<Part> {
        self.way().await?.copy_part(upload, number, from, range, if_match).await
    }

    async fn parts(&self, upload: &Upload, behind: Option<u16>) -> Answer<PartPage> {
        self.way().await?.parts(upload, behind).await
    }

    async fn complete(&self, upload: &Upload, parts: &[Part], sum: Option<Sum>, only: &OnlyIf) -> Answer<Written> {
        self.way().await?.complete(upload, parts, sum, only).await
    }

    async fn abort(&self, upload: &Upload) -> Answer<()> {
        self.way().await?.abort(upload).await
    }

    async fn copy(
        &self,
        from: &At,
        to: &At,
        if_match: Option<&str>,
        notes: Option<&Notes>,
        only: &OnlyIf,
    ) -> Answer<Written> {
        self.way().await?.copy(from, to, if_match, notes, only).await
    }

    async fn delete(&self, at: &At) -> Answer<Option<String>> {
        self.way().await?.delete(at).await
    }

    async fn delete_many(&self, bucket: &str, of: &[(String, Option<String>)]) -> Answer<Vec<Deleted>> {
        self.way().await?.delete_many(bucket, of).await
    }

    async fn tags(&self, at: &At) -> Answer<Vec<(String, String)>> {
        self.way().await?.tags(at).await
    }

    async fn set_tags(&self, at: &At, tags: &[(String, String)]) -> Answer<()> {
        self.way().await?.set_tags(at, tags).await
    }

    async fn share(&self, at: &At, what: Share, lasts: Duration) -> Answer<Secret<String>> {
        self.way().await?.share(at, what, lasts).await
    }

    async fn trust(&self) -> Answer<Looked> {
        self.source.trust().await.map_err(no_way)
    }
}
