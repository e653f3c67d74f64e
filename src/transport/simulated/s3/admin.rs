//! `MinIO`'s admin interface, as far as an install calls it: policies, keys, quotas and the server's
//! own description. Bodies that carry a secret are sealed with the caller's secret key, and opened
//! here by the same code that seals them in the product's client.

use super::auth::denied;
use super::convert::percent;
use super::policy::Policy;
use super::store::{CAPACITY, KeyEntry, State, Store};
use crate::base::Secret;
use crate::transport::madmin_crypto::decrypt;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use s3s::route::S3Route;
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use serde_json::{Value, json};
use std::sync::Arc;

/// Where all of it lies.
const PREFIX: &str = "/minio/admin/v3/";
/// The most bytes of a body.
const MOST: usize = 1 << 20;

/// The routes under `/minio/admin/v3/`.
#[derive(Clone)]
pub struct Admin(pub Arc<Store>);

/// A refusal as the admin interface writes it.
fn refuse(status: StatusCode, code: &'static str, message: impl Into<String>) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message.into());
    error.set_status_code(status);
    error
}

fn invalid(message: impl Into<String>) -> S3Error {
    refuse(StatusCode::BAD_REQUEST, "XMinioInvalidArgument", message)
}

/// A value of the query.
fn query(uri: &Uri, name: &str) -> Option<String> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.filter_map(|p| p.split_once('=')).find(|(k, _)| *k == name).map(|(_, v)| percent(&v.replace('+', " ")))
}

fn needed(uri: &Uri, name: &str) -> S3Result<String> {
    query(uri, name).filter(|v| !v.is_empty()).ok_or_else(|| invalid(format!("{name} is missing")))
}

fn parsed(body: &[u8]) -> S3Result<Value> {
    serde_json::from_slice(body).map_err(|_| invalid("the body is no JSON"))
}

#[async_trait::async_trait]
impl S3Route for Admin {
    fn is_match(&self, _: &Method, uri: &Uri, _: &HeaderMap, _: &mut http::Extensions) -> bool {
        uri.path().starts_with(PREFIX)
    }

    async fn call(&self, req: S3Request<Body>) -> S3Result<S3Response<Body>> {
        match self.answer(req).await {
            Ok(answer) => Ok(answer),
            // The admin interface writes its refusals as JSON, where S3 writes XML.
            Err(error) => {
                let text = json!({"Code": error.code().as_str(), "Message": error.message().unwrap_or_default()});
                let mut response = S3Response::new(Body::from(text.to_string()));
                response.status = error.status_code();
                response.headers.insert("content-type", http::HeaderValue::from_static("application/json"));
                Ok(response)
            }
        }
    }
}

impl Admin {
    async fn answer(&self, req: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let caller = req.credentials.ok_or_else(denied)?;
        let call = req.uri.path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
        if !self.0.with(|s| s.allows(&caller.access_key, &format!("admin:{call}"), "")) {
            return Err(denied());
        }
        let body = Limited::new(req.input, MOST).collect().await;
        let body = body.map_err(|_| invalid("the body is longer than any that is known"))?.to_bytes();
        let sealed = |body: &Bytes| {
            let opened = decrypt(caller.secret_key.expose(), body);
            opened.map_err(|_| refuse(StatusCode::BAD_REQUEST, "XMinioAdminConfigBadJSON", "the body cannot be opened"))
        };
        let uri = &req.uri;
        let answer = match (req.method.as_str(), call.as_str()) {
            ("PUT", "add-canned-policy") => {
                let policy = Policy::parse(parsed(&body)?)
                    .map_err(|why| refuse(StatusCode::BAD_REQUEST, "XMinioMalformedIAMPolicy", why))?;
                let name = needed(uri, "name")?;
                self.0.with(|s| s.policies.insert(name, policy));
                None
            }
            ("GET", "info-canned-policy") => Some(self.policy(&needed(uri, "name")?, query(uri, "v").as_deref())?),
            ("GET", "list-canned-policies") => Some(
                self.0
                    .with(|s| {
                        s.policies
                            .iter()
                            .map(|(name, p)| (name.clone(), p.document.clone()))
                            .collect::<serde_json::Map<_, _>>()
                    })
                    .into(),
            ),
            ("PUT", "add-user") => {
                let asked = parsed(&sealed(&body)?)?;
                self.0.with(|s| add_user(s, needed(uri, "accessKey")?, &asked))?;
                None
            }
            ("GET", "user-info") => Some(self.user(&needed(uri, "accessKey")?)?),
            ("PUT", "set-user-or-group-policy") => {
                let names = needed(uri, "policyName")?;
                self.0.with(|s| attach(s, &needed(uri, "userOrGroup")?, &names, false))?;
                None
            }
            ("POST", "idp/builtin/policy/attach") => {
                let asked = parsed(&sealed(&body)?)?;
                let names: Vec<&str> = asked
                    .get("policies")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let user = asked.get("user").and_then(Value::as_str).unwrap_or_default();
                self.0.with(|s| attach(s, user, &names.join(","), true))?;
                None
            }
            ("PUT", "set-bucket-quota") => {
                let bytes = parsed(&body)?.get("quota").and_then(Value::as_u64);
                let bytes = bytes.ok_or_else(|| invalid("quota is no number"))?;
                self.0.with(|s| s.bucket(&needed(uri, "bucket")?).map(|b| b.quota = bytes))?;
                None
            }
            ("GET", "get-bucket-quota") => {
                let bytes = self.0.with(|s| s.bucket(&needed(uri, "bucket")?).map(|b| b.quota))?;
                Some(if bytes == 0 { json!({"quota": 0}) } else { json!({"quota": bytes, "quotatype": "hard"}) })
            }
            ("GET", "info") => Some(self.info()),
            _ => {
                return Err(refuse(
                    StatusCode::NOT_FOUND,
                    "XMinioAdminNotFound",
                    "the simulation does not know this call",
                ));
            }
        };
        let body = answer.map_or_else(Body::empty, |value| Body::from(value.to_string()));
        let mut response = S3Response::new(body);
        response.headers.insert("content-type", http::HeaderValue::from_static("application/json"));
        Ok(response)
    }
}

/// Makes a user or gives an existing one another secret.
fn add_user(s: &mut State, name: String, asked: &Value) -> S3Result<()> {
    if s.root.as_ref().is_some_and(|(root, _)| *root == name) {
        return Err(refuse(StatusCode::BAD_REQUEST, "XMinioAddUserInvalidArgument", "root is no user"));
    }
    let text = |field: &str| asked.get(field).and_then(Value::as_str).unwrap_or_default();
    let secret = text("secretKey");
    if !(3..=20).contains(&name.len()) || !(8..=40).contains(&secret.len()) {
        return Err(refuse(StatusCode::BAD_REQUEST, "XMinioAdminInvalidAccessKey", "the key's length is not allowed"));
    }
    let policies = s.keys.get(&name).map(|k| k.policies.clone()).unwrap_or_default();
    let enabled = text("status") != "disabled";
    s.keys.insert(name, KeyEntry { secret: Secret::from(secret), policies, enabled });
    Ok(())
}

/// Attaches policies by their names, separated by commas: more to those that are there, or these
/// alone.
fn attach(s: &mut State, user: &str, names: &str, more: bool) -> S3Result<()> {
    let names: Vec<String> = names.split(',').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect();
    if names.iter().any(|name| !s.policies.contains_key(name)) {
        return Err(refuse(StatusCode::NOT_FOUND, "XMinioAdminNoSuchPolicy", "The canned policy does not exist."));
    }
    let key = s.keys.get_mut(user).ok_or_else(no_user)?;
    if !more {
        key.policies.clear();
    }
    for name in names {
        if !key.policies.contains(&name) {
            key.policies.push(name);
        }
    }
    Ok(())
}

fn no_user() -> S3Error {
    refuse(StatusCode::NOT_FOUND, "XMinioAdminNoSuchUser", "The specified user does not exist.")
}

impl Admin {
    fn policy(&self, name: &str, version: Option<&str>) -> S3Result<Value> {
        let found = self.0.with(|s| s.policies.get(name).map(|p| p.document.clone()));
        let document = found.ok_or_else(|| {
            refuse(StatusCode::NOT_FOUND, "XMinioAdminNoSuchPolicy", "The canned policy does not exist.")
        })?;
        Ok(if version == Some("2") { json!({"PolicyName": name, "Policy": document}) } else { document })
    }

    fn user(&self, name: &str) -> S3Result<Value> {
        self.0
            .with(|s| {
                s.keys.get(name).map(|k| {
                    let status = if k.enabled { "enabled" } else { "disabled" };
                    json!({"policyName": k.policies.join(","), "status": status})
                })
            })
            .ok_or_else(no_user)
    }

    fn info(&self) -> Value {
        self.0.with(|s| {
            let objects: usize = s.buckets.values().map(|b| b.objects.len()).sum();
            let drives: Vec<Value> = (0..4)
                .map(|n| {
                    json!({
                        "endpoint": format!("/export{n}"), "state": "ok", "pool_index": 0, "set_index": 0,
                        "disk_index": n, "totalspace": CAPACITY, "usedspace": s.used,
                        "availspace": CAPACITY.saturating_sub(s.used),
                    })
                })
                .collect();
            json!({
                "mode": "online",
                "deploymentID": "5a1a7ed0-0000-4000-8000-000000000000",
                "buckets": {"count": s.buckets.len()},
                "objects": {"count": objects},
                "usage": {"size": s.used},
                "backend": {"backendType": "Erasure", "onlineDisks": 4, "standardSCParity": 2},
                "servers": [{"state": "online", "endpoint": "simulated", "version": "simulated", "drives": drives}],
            })
        })
    }
}
