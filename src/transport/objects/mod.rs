//! The bucket browser's way to an S3 service: [`Objects`] by the SDK over our own client.
//!
//! It promises one request a call, keys that are acted on exactly as the service named them, and
//! no limit on how long a call may take as long as something moves. Paging, retries and checksums
//! are its callers' matter.

mod changing;
mod decode;
mod listing;
mod reading;
mod writing;

#[cfg(test)]
mod tests;

use super::dial::Route;
use super::https::{self, Roots};
use super::s3_client::{paced, settings, signer};
use super::s3_errors::Calls;
use super::trust;
use crate::base::{Secret, SystemClock};
use crate::plan::Failure;
use crate::ports::object_store::Versioning;
use crate::ports::objects::{
    Answer, At, BucketRow, Deleted, GetQuery, Got, ListPage, ListQuery, Marker, Notes, ObjectError, ObjectInfo,
    Objects, OnlyIf, Pacer, Part, PartPage, Service, Share, Sum, SumKind, Upload, UploadPage, VersionPage, Why,
    Written,
};
use crate::ports::trust::Looked;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::StalledStreamProtectionConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// An S3 service seen with one set of keys along one route.
#[derive(Clone, Debug)]
pub struct S3Objects {
    client: Client,
    https: https::Client<SdkBody>,
    calls: Calls,
    region: String,
    /// Whether TLS guards what is sent, so that a body need not be read once more for its signature.
    guarded: bool,
    /// Where it is, without keys.
    service: Service,
    route: Route,
}

impl S3Objects {
    /// Prepares calls; nothing is connected yet.
    pub fn new(service: &Service, route: Route) -> Result<Self, Failure> {
        let url: http::Uri =
            service.url.parse().map_err(|e: http::uri::InvalidUri| not_an_address(&service.url, &e))?;
        let (scheme, authority) = (url.scheme_str(), url.authority());
        let (Some(scheme @ ("https" | "http")), Some(authority)) = (scheme, authority) else {
            return Err(not_an_address(&service.url, &"it has to begin with https:// or http://"));
        };
        let guarded = scheme == "https";
        let roots = guarded.then(|| Roots::of(&service.trust)).transpose()?;
        let https = https::client_of_any_scheme(route.clone(), roots.as_ref())?;
        let mut settings = settings(service.url.clone(), service.region.clone(), https.clone())
            .force_path_style(service.path_style)
            // Its least pause of 20 s, and any bound on a whole call, kill transfers on links that
            // stand still for half a minute; that nothing moves at all is noticed by `dial`.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        settings = match &service.keys {
            Some(keys) => settings.credentials_provider(signer(keys, service.session_token.as_ref())),
            None => settings.allow_no_auth(),
        };
        let calls = Calls::of_any(authority.to_string(), trust::other_ca(&service.trust));
        let (region, service) =
            (service.region.clone(), Service { keys: None, session_token: None, ..service.clone() });
        Ok(Self { client: Client::from_conf(settings.build()), https, calls, region, guarded, service, route })
    }

    /// The error of a call that changes nothing.
    fn unread<E>(&self, what: &str) -> impl FnOnce(SdkError<E, HttpResponse>) -> ObjectError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        move |e| self.calls.object(what, true, &e)
    }

    /// The error of a call that changes something.
    fn unwritten<E>(&self, what: &str) -> impl FnOnce(SdkError<E, HttpResponse>) -> ObjectError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        move |e| self.calls.object(what, false, &e)
    }
}

pub(super) fn not_an_address(url: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::permanent(format!("{} is no address of an S3 service", crate::base::sanitise::text(url, 200)))
        .because(why.to_string())
        .help("Write it like https://host:port.")
}

/// A refusal of ours, before anything was sent or after an answer that cannot be right.
fn refused(message: impl Into<String>) -> ObjectError {
    ObjectError { why: Why::Refused, failure: Failure::permanent(message) }
}

/// A field that the SDK's builders want: its absence would be a mistake of ours.
fn built<T>(made: Result<T, aws_sdk_s3::error::BuildError>) -> Answer<T> {
    made.map_err(|e| ObjectError {
        why: Why::Refused,
        failure: Failure::permanent("the request cannot be built").because(e.to_string()),
    })
}

/// How an object is called in messages: whatever its key holds, it takes one line.
fn shown(at: &At) -> String {
    crate::base::sanitise::text(&format!("{}/{}", at.bucket, at.key), 200)
}

/// An `ETag` as this program keeps it.
fn bare(etag: Option<String>) -> Option<String> {
    etag.map(|e| e.trim_matches('"').to_owned()).filter(|e| !e.is_empty())
}

/// An `ETag` as a header wants it.
fn quoted(etag: &str) -> String {
    format!("\"{}\"", etag.trim_matches('"'))
}

/// A size; what a service says below nought counts as nought.
fn size(value: Option<i64>) -> u64 {
    value.and_then(|v| u64::try_from(v).ok()).unwrap_or_default()
}

/// A version, where versions are kept.
fn version(id: Option<String>) -> Option<String> {
    id.filter(|v| !v.is_empty() && v != "null")
}

#[async_trait]
impl Objects for S3Objects {
    fn paced(&self, pacer: Arc<dyn Pacer>) -> Arc<dyn Objects> {
        let settings = paced(self.client.config(), self.https.clone(), pacer);
        Arc::new(Self { client: Client::from_conf(settings.build()), ..self.clone() })
    }

    async fn buckets(&self) -> Answer<Vec<BucketRow>> {
        self.all_buckets().await
    }

    async fn bucket(&self, bucket: &str) -> Answer<()> {
        self.look_for_bucket(bucket).await
    }

    async fn make_bucket(&self, bucket: &str) -> Answer<()> {
        self.new_bucket(bucket).await
    }

    async fn keeps_versions(&self, bucket: &str) -> Answer<Versioning> {
        self.versioning_of(bucket).await
    }

    async fn list(&self, query: &ListQuery) -> Answer<ListPage> {
        self.page(query).await
    }

    async fn list_versions(&self, query: &ListQuery, from: Option<&Marker>) -> Answer<VersionPage> {
        self.page_of_versions(query, from).await
    }

    async fn list_uploads(&self, bucket: &str, prefix: &str, from: Option<&Marker>) -> Answer<UploadPage> {
        self.page_of_uploads(bucket, prefix, from).await
    }

    async fn head(&self, at: &At) -> Answer<ObjectInfo> {
        self.look_at(at).await
    }

    async fn get(&self, query: &GetQuery) -> Answer<Got> {
        self.read(query).await
    }

    async fn put(&self, at: &At, body: Bytes, notes: &Notes, sum: Option<Sum>, only: &OnlyIf) -> Answer<Written> {
        self.write(at, body, notes, sum, only).await
    }

    async fn begin_upload(&self, at: &At, notes: &Notes, sum: Option<SumKind>) -> Answer<Upload> {
        self.new_upload(at, notes, sum).await
    }

    async fn send_part(&self, upload: &Upload, number: u16, body: Bytes, sum: Option<Sum>) -> Answer<Part> {
        self.write_part(upload, number, body, sum).await
    }

    async fn copy_part(
        &self,
        upload: &Upload,
        number: u16,
        from: &At,
        range: (u64, u64),
        if_match: Option<&str>,
    ) -> Answer<Part> {
        self.part_of(upload, number, from, range, if_match).await
    }

    async fn parts(&self, upload: &Upload, behind: Option<u16>) -> Answer<PartPage> {
        self.page_of_parts(upload, behind).await
    }

    async fn complete(&self, upload: &Upload, parts: &[Part], sum: Option<Sum>, only: &OnlyIf) -> Answer<Written> {
        self.finish(upload, parts, sum, only).await
    }

    async fn abort(&self, upload: &Upload) -> Answer<()> {
        self.throw_away(upload).await
    }

    async fn copy(
        &self,
        from: &At,
        to: &At,
        if_match: Option<&str>,
        notes: Option<&Notes>,
        only: &OnlyIf,
    ) -> Answer<Written> {
        self.copy_of(from, to, if_match, notes, only).await
    }

    async fn delete(&self, at: &At) -> Answer<Option<String>> {
        self.remove(at).await
    }

    async fn delete_many(&self, bucket: &str, of: &[(String, Option<String>)]) -> Answer<Vec<Deleted>> {
        self.remove_many(bucket, of).await
    }

    async fn tags(&self, at: &At) -> Answer<Vec<(String, String)>> {
        self.tags_of(at).await
    }

    async fn set_tags(&self, at: &At, tags: &[(String, String)]) -> Answer<()> {
        self.replace_tags(at, tags).await
    }

    async fn share(&self, at: &At, what: Share, lasts: Duration) -> Answer<Secret<String>> {
        self.signed(at, what, lasts).await
    }

    async fn trust(&self) -> Answer<Looked> {
        let looked = trust::look(&self.service, self.route.clone(), &SystemClock).await;
        looked.map_err(|failure| ObjectError { why: Why::Cut, failure })
    }
}
