//! MinIO's admin interface, as far as an install needs it.
//!
//! Plain requests signed like S3's, under `/minio/admin/v3/`; bodies with secrets are sealed with the
//! caller's key (see [`super::madmin_crypto`]). Proven against MinIO 7aac2a2c5b7c; names and forms are
//! those of minio/minio `cmd/admin-handlers*.go`.

use super::dial::Route;
use super::https::{self, Answer, Roots};
use super::madmin_crypto;
use super::s3_errors::refusal;
use crate::base::{Clock, Secret, SystemClock};
use crate::plan::Failure;
use crate::ports::registry_admin::{KeyInfo, RegistryAdmin};
use crate::ports::world::{Credentials, Endpoint};
use async_trait::async_trait;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};
use zeroize::Zeroizing;

const ROOT: &str = "/minio/admin/v3/";
/// `info` of a small server is about 10 KiB.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The admin interface of one registry, with one pair of keys, along one route.
#[derive(Clone, Debug)]
pub struct MinioAdmin {
    client: https::Client,
    at: Endpoint,
    keys: Credentials,
}

/// A call that got an answer outside 2xx.
struct Refused {
    status: u16,
    code: String,
    message: String,
}

impl Refused {
    fn failure(&self, what: &str) -> Failure {
        refusal(what, self.status, &self.code, &self.message)
    }
}

impl MinioAdmin {
    /// Prepares calls; nothing is connected yet.
    pub fn new(at: &Endpoint, with: &Credentials, route: Route) -> Result<Self, Failure> {
        let client = https::client(route, &Roots::from_pem(&at.ca_pem)?)?;
        Ok(Self { client, at: at.clone(), keys: with.clone() })
    }

    /// One signed call. The outer failure is a missing answer, the inner a refusal.
    async fn call(
        &self,
        what: &str,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Result<Bytes, Refused>, Failure> {
        let url = format!("{}{ROOT}{path}{}", self.at.url(), query_text(query));
        let repeatable = method == Method::GET;
        let request = self.signed(method, &url, body)?;
        let at = format!("{}:{}", self.at.ip, self.at.port);
        let answer = self
            .client
            .fetch(request, MAX_ANSWER)
            .await
            .map_err(|t| t.failure(&at, repeatable).context(format!("{what} has no answer")))?;
        Ok(judge(&answer))
    }

    fn signed(&self, method: Method, url: &str, body: Vec<u8>) -> Result<Request<Full<Bytes>>, Failure> {
        let impossible =
            |e: &dyn std::fmt::Display| Failure::permanent("the request cannot be signed").because(e.to_string());
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = aws_credential_types::Credentials::new(
            self.keys.access_key.clone(),
            self.keys.secret_key.expose().clone(),
            None,
            None,
            "modelquay",
        )
        .into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("s3")
            .time(UNIX_EPOCH + Duration::from_millis(SystemClock.now_ms()))
            .settings(settings)
            .build()
            .map_err(|e| impossible(&e))?
            .into();
        let signable = SignableRequest::new(method.as_str(), url, std::iter::empty(), SignableBody::Bytes(&body))
            .map_err(|e| impossible(&e))?;
        let (instructions, _) = sign(signable, &params).map_err(|e| impossible(&e))?.into_parts();
        // Some handlers refuse a body of any other type, lest something on the way took it for a form.
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(http::header::CONTENT_TYPE, "application/octet-stream")
            .body(Full::new(Bytes::from(body)))
            .map_err(|e| impossible(&e))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    /// A call that must succeed.
    async fn must(
        &self,
        what: &str,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Bytes, Failure> {
        self.call(what, method, path, query, body).await?.map_err(|r| r.failure(what))
    }

    fn json(what: &str, body: &[u8]) -> Result<Value, Failure> {
        serde_json::from_slice(body)
            .map_err(|e| Failure::permanent(format!("{what}: the answer is no JSON")).because(e.to_string()))
    }

    /// The newer way of attaching, where the older is not offered. `what` reads "to attach …". It adds
    /// and removes instead of
    /// setting, so that what else is attached is taken off afterwards.
    pub async fn attach_builtin(&self, what: &str, access_key: &str, policy: &str) -> Result<(), Failure> {
        let now =
            self.key(access_key).await?.ok_or_else(|| Failure::permanent(format!("{what}: there is no such key")))?;
        if !now.policies.iter().any(|p| p == policy) {
            self.change_builtin(what, "attach", access_key, &[policy]).await?;
        }
        let others: Vec<&str> = now.policies.iter().map(String::as_str).filter(|p| *p != policy).collect();
        if others.is_empty() { Ok(()) } else { self.change_builtin(what, "detach", access_key, &others).await }
    }

    async fn change_builtin(&self, what: &str, verb: &str, access_key: &str, policies: &[&str]) -> Result<(), Failure> {
        let body = json!({"policies": policies, "user": access_key}).to_string();
        let body = madmin_crypto::encrypt(self.keys.secret_key.expose(), body.as_bytes())?;
        match self.call(what, Method::POST, &format!("idp/builtin/policy/{verb}"), &[], body).await? {
            Err(r) if r.code != "XMinioAdminPolicyChangeAlreadyApplied" => Err(r.failure(what)),
            _ => Ok(()),
        }
    }
}

fn judge(answer: &Answer) -> Result<Bytes, Refused> {
    if answer.status.is_success() {
        return Ok(answer.body.clone());
    }
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let field = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Err(Refused { status: answer.status.as_u16(), code: field("Code"), message: field("Message") })
}

/// `?a=b&c=d` with everything escaped that is not unreserved, which is also how it is signed.
fn query_text(query: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (key, value) in query {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(key);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[async_trait]
impl RegistryAdmin for MinioAdmin {
    async fn policy(&self, name: &str) -> Result<Option<Value>, Failure> {
        let what = format!("to read policy {name}");
        match self.call(&what, Method::GET, "info-canned-policy", &[("name", name), ("v", "2")], Vec::new()).await? {
            Ok(body) => {
                let mut info = Self::json(&what, &body)?;
                Ok(Some(info.get_mut("Policy").map(Value::take).unwrap_or_default()))
            }
            Err(r) if r.code == "XMinioAdminNoSuchPolicy" => Ok(None),
            Err(r) => Err(r.failure(&what)),
        }
    }

    async fn set_policy(&self, name: &str, policy: &Value) -> Result<(), Failure> {
        let what = format!("to write policy {name}");
        let body = policy.to_string().into_bytes();
        self.must(&what, Method::PUT, "add-canned-policy", &[("name", name)], body).await.map(|_| ())
    }

    async fn key(&self, access_key: &str) -> Result<Option<KeyInfo>, Failure> {
        let what = format!("to read key {access_key}");
        match self.call(&what, Method::GET, "user-info", &[("accessKey", access_key)], Vec::new()).await? {
            Ok(body) => {
                let info = Self::json(&what, &body)?;
                let field = |key: &str| info.get(key).and_then(Value::as_str).unwrap_or_default();
                let policies = field("policyName").split(',').map(str::trim).filter(|p| !p.is_empty());
                Ok(Some(KeyInfo {
                    policies: policies.map(str::to_owned).collect(),
                    enabled: field("status") == "enabled",
                }))
            }
            Err(r) if r.code == "XMinioAdminNoSuchUser" => Ok(None),
            Err(r) => Err(r.failure(&what)),
        }
    }

    async fn set_key(&self, access_key: &str, secret_key: &Secret<String>) -> Result<(), Failure> {
        let what = format!("to write key {access_key}");
        // Put together from quoted texts with all its room: neither a value nor growing leaves a copy behind.
        let secret = Zeroizing::new(
            serde_json::to_string(secret_key.expose())
                .map_err(|e| Failure::permanent(what.clone()).because(e.to_string()))?,
        );
        let mut plain = Zeroizing::new(String::with_capacity(secret.len() + 64));
        for part in ["{\"secretKey\":", &secret, ",\"status\":\"enabled\"}"] {
            plain.push_str(part);
        }
        let body = madmin_crypto::encrypt(self.keys.secret_key.expose(), plain.as_bytes())?;
        self.must(&what, Method::PUT, "add-user", &[("accessKey", access_key)], body).await.map(|_| ())
    }

    async fn attach(&self, access_key: &str, policy: &str) -> Result<(), Failure> {
        let what = format!("to attach policy {policy} to key {access_key}");
        let query = [("policyName", policy), ("userOrGroup", access_key), ("isGroup", "false")];
        match self.call(&what, Method::PUT, "set-user-or-group-policy", &query, Vec::new()).await? {
            Ok(_) => Ok(()),
            Err(r) if matches!(r.status, 405 | 410 | 426 | 501) => self.attach_builtin(&what, access_key, policy).await,
            Err(r) => Err(r.failure(&what)),
        }
    }

    async fn quota(&self, bucket: &str) -> Result<u64, Failure> {
        let what = format!("to read the quota of bucket {bucket}");
        let body = self.must(&what, Method::GET, "get-bucket-quota", &[("bucket", bucket)], Vec::new()).await?;
        // Servers before 2024 call it `quota`, later ones also `size`; a bucket without one has zeros.
        let quota = Self::json(&what, &body)?;
        let field = |key: &str| quota.get(key).and_then(Value::as_u64).unwrap_or_default();
        Ok(field("quota").max(field("size")))
    }

    async fn set_quota(&self, bucket: &str, bytes: u64) -> Result<(), Failure> {
        let what = format!("to set the quota of bucket {bucket}");
        let body = json!({"quota": bytes, "size": bytes, "quotatype": "hard"}).to_string().into_bytes();
        self.must(&what, Method::PUT, "set-bucket-quota", &[("bucket", bucket)], body).await.map(|_| ())
    }

    async fn info(&self) -> Result<Value, Failure> {
        let what = "to read the registry's state";
        Self::json(what, &self.must(what, Method::GET, "info", &[], Vec::new()).await?)
    }
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;
