//! The cluster, by kube's client over our own connections.
//!
//! Requests are built by kube and answered as plain JSON: kube's typed calls write an answer that
//! they cannot read into the log, and an answer here may be a Secret.

use super::dial::{Dial, Route};
use super::https;
use super::kube_answers::{self as answers, Call};
use super::kube_config;
use super::runner_host::Under;
use super::trouble::Trouble;
use crate::base::Secret;
use crate::plan::{Failure, FailureKind};
use crate::ports::cluster::{Cluster, Created, Kind, ObjectRef, Printed};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use kube::Client;
use kube::client::{Body, ConfigExt};
use kube::core::params::{
    DeleteParams, GetParams, ListParams, Patch, PatchParams, PostParams, ValidationDirective, WatchParams,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tower::{BoxError, Layer};

/// The field manager under which everything of ours is applied.
pub const MANAGER: &str = "modelquay";
/// How long a call may take. The API server itself gives up after 60 s; nothing that is asked here
/// takes more than a few, so that a tunnel which swallows bytes is noticed early.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// The largest answer that is read: a page of 250 objects is far below.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
pub(super) const PAGE: u32 = 250;
/// How many calls are on the way at once; more wait for their turn, outside of their own limit. Each
/// of them needs a connection, and on a slow line a connection is some kilobytes of handshake: more
/// of them would cost more than they save.
const AT_ONCE: usize = 8;
/// The pause after a watch that could not even begin, so that its caller does not ask in a tight loop.
const BREATH: Duration = Duration::from_millis(500);

/// A cluster seen with one kubeconfig along one route.
#[derive(Clone)]
pub struct KubeCluster {
    client: Client,
    at: String,
    ca_pem: String,
    turns: Arc<Semaphore>,
}

impl KubeCluster {
    /// Reads a kubeconfig that carries all its certificates and keys in itself. Nothing is connected
    /// yet. A kubeconfig comes from a host: one that would run a program or read a file here, or turn
    /// verification off, is refused.
    ///
    /// Each request names this program and the lease under which it is sent: the API server's audit log tells who
    /// changed what, also of two operators with one kubeconfig.
    pub async fn new(kubeconfig: &Secret<Vec<u8>>, route: Route, under: Under) -> Result<Self, Failure> {
        let (config, ca_pem) = kube_config::read(kubeconfig).await?;
        let unusable = || Failure::permanent("the kubeconfig's certificates cannot be used");
        let tls = config.rustls_client_config().map_err(|_| unusable())?;
        let https: https::Client<Body> = https::Client::over(https::connector(tls, Dial::new(route, None)));
        let at = config.cluster_url.authority().map_or_else(String::new, ToString::to_string);
        let auth = tower::util::option_layer(config.auth_layer().map_err(|_| unusable())?);
        let https = tower::util::MapErr::new(https.into_inner(), BoxError::from);
        let service = config.base_uri_layer().layer(auth.layer(https));
        let service = tower::util::MapRequest::new(service, move |mut request: http::Request<Body>| {
            request.headers_mut().insert(http::header::USER_AGENT, agent(under.get()));
            request
        });
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Ok(Self { client: Client::new(service, "default"), at, ca_pem, turns })
    }

    /// One request and its whole answer.
    pub(super) async fn call(&self, call: &Call<'_>, request: http::Request<Vec<u8>>) -> Result<(u16, Bytes), Failure> {
        // Nobody closes the semaphore; without a turn the call would only be one more than planned.
        let _turn = self.turns.acquire().await;
        let asked = async {
            let answer = self.client.send(request.map(Body::from)).await.map_err(|e| trouble(&e))?;
            let status = answer.status().as_u16();
            let mut body = answer.into_body();
            let mut read = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|e| Trouble::from_error(&e, true))?;
                let data = frame.into_data().unwrap_or_default();
                if read.len() + data.len() > MAX_ANSWER {
                    return Err(Trouble::TooLarge(MAX_ANSWER));
                }
                read.extend_from_slice(&data);
            }
            Ok((status, read.freeze()))
        };
        let answer = match tokio::time::timeout(CALL_LIMIT, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::Cut(format!("nothing came for {} s", CALL_LIMIT.as_secs()))),
        };
        answer.map_err(|t| self.lost(call, &t))
    }

    fn lost(&self, call: &Call<'_>, trouble: &Trouble) -> Failure {
        trouble.failure(&format!("the API server {}", self.at), !call.writes).context(format!("{call} has no answer"))
    }

    /// One request whose answer is an object; other than 2xx is a failure.
    async fn object(&self, call: &Call<'_>, request: http::Request<Vec<u8>>) -> Result<Value, Failure> {
        let (status, body) = self.call(call, request).await?;
        if !(200..300).contains(&status) {
            return Err(answers::failure(call, status, &body));
        }
        answers::json(call, &body)
    }

    async fn approve_once(&self, csr: &str, reason: &str) -> Result<(), Failure> {
        let what = ObjectRef::global(Kind::CertificateSigningRequest, csr);
        let Some(mut object) = self.get(&what).await? else {
            return Err(Failure::permanent(format!("{what} is not there to be approved")));
        };
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
        let has = |kind: &str| conditions.iter().any(|c| c.get("type").and_then(Value::as_str) == Some(kind));
        if has("Approved") {
            return Ok(());
        }
        if has("Denied") {
            return Err(Failure::permanent(format!("{what} was denied by someone"))
                .help("Delete it, and find out who denies requests on this cluster."));
        }
        let mut conditions = conditions;
        conditions.push(json!({
            "type": "Approved", "status": "True", "reason": reason, "message": "approved by modelquay, which made it",
        }));
        object["status"]["conditions"] = Value::Array(conditions);
        let call = Call::write("approve", &what);
        let body = object.to_string().into_bytes();
        let request = kube::core::Request::new(path(what.kind, "")?)
            .replace_subresource("approval", &what.name, &params(), body)
            .map_err(|e| unbuilt(&call, &e))?;
        self.object(&call, request).await.map(|_| ())
    }
}

/// `modelquay/0.1.0 (lease 3)`, without what is in brackets where no lease is held.
fn agent(lease: u64) -> http::HeaderValue {
    const AGENT: &str = concat!("modelquay/", env!("CARGO_PKG_VERSION"));
    let named = (lease > 0).then(|| http::HeaderValue::try_from(format!("{AGENT} (lease {lease})")).ok()).flatten();
    named.unwrap_or(http::HeaderValue::from_static(AGENT))
}

/// The parameters of a plain write.
fn params() -> PostParams {
    PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() }
}

/// The collection's path, as in `/apis/apps/v1/namespaces/x/deployments`.
pub(super) fn path(kind: Kind, namespace: &str) -> Result<String, Failure> {
    let (group, version, _, plural, namespaced) = kind.api();
    safe(namespace)?;
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    Ok(if namespaced && !namespace.is_empty() {
        format!("{root}/namespaces/{namespace}/{plural}")
    } else {
        format!("{root}/{plural}")
    })
}

/// Names go into paths as they are, so that one that would end a path segment is refused. (The API
/// server allows no such name.)
fn safe(name: &str) -> Result<(), Failure> {
    if name.contains(['/', '?', '#', '%']) || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Failure::permanent(format!("{name:?} is no name of a Kubernetes object")));
    }
    Ok(())
}

pub(super) fn unbuilt(call: &Call<'_>, error: &dyn std::fmt::Display) -> Failure {
    Failure::permanent(format!("{call} cannot be asked")).because(error.to_string())
}

/// The trouble in an error of kube's client.
fn trouble(error: &kube::Error) -> Trouble {
    let early = match error {
        kube::Error::Service(inner) => inner.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect),
        _ => false,
    };
    Trouble::from_error(error, !early)
}

fn version(object: &Value) -> Option<&str> {
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str)
}

#[async_trait]
impl Cluster for KubeCluster {
    async fn get(&self, what: &ObjectRef) -> Result<Option<Value>, Failure> {
        safe(&what.name)?;
        let call = Call::read("read", what);
        let request = kube::core::Request::new(path(what.kind, &what.namespace)?)
            .get(&what.name, &GetParams::default())
            .map_err(|e| unbuilt(&call, &e))?;
        let (status, body) = self.call(&call, request).await?;
        match status {
            200..300 => answers::json(&call, &body).map(Some),
            404 => Ok(None),
            _ => Err(answers::failure(&call, status, &body)),
        }
    }

    async fn list(&self, kind: Kind, namespace: &str, labels: &str) -> Result<Vec<Value>, Failure> {
        let (group, version, name, plural, _) = kind.api();
        let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        let what = ObjectRef::new(kind, namespace, plural);
        let call = Call::read("list", &what);
        let mut found = Vec::new();
        let mut params = ListParams::default().limit(PAGE);
        if !labels.is_empty() {
            params = params.labels(labels);
        }
        loop {
            let request =
                kube::core::Request::new(path(kind, namespace)?).list(&params).map_err(|e| unbuilt(&call, &e))?;
            let (status, body) = self.call(&call, request).await?;
            match status {
                200..300 => {}
                404 => return Ok(Vec::new()),
                // The list's snapshot is too old to go on with; what was read so far is of no use.
                410 => return Err(Failure::transient(format!("{call}: it changed too much while it was read"))),
                _ => return Err(answers::failure(&call, status, &body)),
            }
            let mut page = answers::json(&call, &body)?;
            let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) else {
                return Err(Failure::transient(format!("{call}: the answer is no list")));
            };
            for mut item in items {
                // The API server leaves these out inside a list.
                if let Some(fields) = item.as_object_mut() {
                    fields.entry("apiVersion").or_insert_with(|| json!(api_version));
                    fields.entry("kind").or_insert_with(|| json!(name));
                    found.push(item);
                }
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => params = params.continue_token(token),
                _ => return Ok(found),
            }
        }
    }

    async fn printed(&self, kind: Kind, namespace: &str) -> Result<Vec<Printed>, Failure> {
        self.table(kind, namespace).await
    }

    async fn apply(&self, object: &Value, dry_run: bool) -> Result<Value, Failure> {
        let what = own(object)?;
        let call = if dry_run { Call::read("try to apply", &what) } else { Call::write("apply", &what) };
        // Without force: fields of ours are ours anyway, and others' fields are never taken over.
        let params = PatchParams {
            dry_run,
            force: false,
            field_manager: Some(MANAGER.to_owned()),
            field_validation: Some(ValidationDirective::Strict),
        };
        let request = kube::core::Request::new(path(what.kind, &what.namespace)?)
            .patch(&what.name, &params, &Patch::Apply(object))
            .map_err(|e| unbuilt(&call, &e))?;
        self.object(&call, request).await
    }

    async fn create(&self, object: &Value) -> Result<Created, Failure> {
        let what = own(object)?;
        let call = Call::write("create", &what);
        // kube's parameters of a create know no field validation, so the query is written here.
        let uri = format!("{}?fieldManager={MANAGER}&fieldValidation=Strict", path(what.kind, &what.namespace)?);
        let request = http::Request::post(uri)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(object.to_string().into_bytes())
            .map_err(|e| unbuilt(&call, &e))?;
        let (status, body) = self.call(&call, request).await?;
        match status {
            200..300 => answers::json(&call, &body).map(Created::New),
            409 => match self.get(&what).await? {
                Some(there) => Ok(Created::Existed(there)),
                None => Err(Failure::transient(format!("{what} was there and is gone again"))),
            },
            _ => Err(answers::failure(&call, status, &body)),
        }
    }

    async fn approve(&self, csr: &str, reason: &str) -> Result<(), Failure> {
        safe(csr)?;
        // Someone may write between our read and our write; that is seen by a conflict.
        for _ in 0..3 {
            match self.approve_once(csr, reason).await {
                Err(failure) if answers::is_conflict(&failure) => {}
                other => return other,
            }
        }
        Err(Failure::transient(format!("CertificateSigningRequest {csr} keeps changing while it is approved")))
    }

    async fn delete(&self, what: &ObjectRef) -> Result<(), Failure> {
        safe(&what.name)?;
        let call = Call::write("delete", what);
        let request = kube::core::Request::new(path(what.kind, &what.namespace)?)
            .delete(&what.name, &DeleteParams::background())
            .map_err(|e| unbuilt(&call, &e))?;
        let (status, body) = self.call(&call, request).await?;
        match status {
            200..300 | 404 => Ok(()),
            _ => Err(answers::failure(&call, status, &body)),
        }
    }

    async fn changed(&self, what: &ObjectRef, known: Option<&str>, at_most: Duration) -> Result<(), Failure> {
        safe(&what.name)?;
        match tokio::time::timeout(at_most, self.wait_for_change(what, known)).await {
            Err(_) | Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) if failure.kind == FailureKind::Permanent => Err(failure),
            Ok(Err(_)) => {
                tokio::time::sleep(BREATH.min(at_most)).await;
                Ok(())
            }
        }
    }

    async fn raw(&self, path: &str) -> Result<(u16, String), Failure> {
        let what = ObjectRef::global(Kind::Node, path);
        let call = Call { verb: "read", what: &what, writes: false };
        let request = http::Request::get(path).body(Vec::new()).map_err(|e| unbuilt(&call, &e))?;
        let (status, body) = self.call(&call, request).await?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    async fn server_ca(&self) -> Result<String, Failure> {
        Ok(self.ca_pem.clone())
    }
}

/// Where an object that is to be written says that it is.
fn own(object: &Value) -> Result<ObjectRef, Failure> {
    let what = ObjectRef::of(object)
        .ok_or_else(|| Failure::permanent("the object has no name or is of a kind that this program does not write"))?;
    safe(&what.name)?;
    Ok(what)
}

impl KubeCluster {
    /// Looks at the object and then watches it from exactly that moment on, so that no change can
    /// fall between the two. Ends with the first change, or when the server ends the watch.
    async fn wait_for_change(&self, what: &ObjectRef, known: Option<&str>) -> Result<(), Failure> {
        let call = Call::read("watch", what);
        let only = format!("metadata.name={}", what.name);
        let collection = kube::core::Request::new(path(what.kind, &what.namespace)?);
        let request = collection.list(&ListParams::default().fields(&only)).map_err(|e| unbuilt(&call, &e))?;
        let page = self.object(&call, request).await?;
        let now = page.pointer("/items/0").and_then(version);
        if now != known {
            return Ok(());
        }
        let Some(from) = version(&page) else {
            return Err(Failure::transient(format!("{call}: the list has no version")));
        };
        let params = WatchParams::default().fields(&only).timeout(290).disable_bookmarks();
        let request = collection.watch(&params, from).map_err(|e| unbuilt(&call, &e))?;
        let lost = |t: Trouble| self.lost(&call, &t);
        let answer = self.client.send(request.map(Body::from)).await.map_err(|e| lost(trouble(&e)))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(answers::failure(&call, status, &[]));
        }
        let mut body = answer.into_body();
        let mut line = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|e| lost(Trouble::from_error(&e, true)))?;
            line.extend_from_slice(&frame.into_data().unwrap_or_default());
            // A whole line is one event, and any event about the object is a change: the watch began
            // behind the version that we know. An error event ends the wait as well.
            if line.contains(&b'\n') || line.len() > MAX_ANSWER {
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "kube_tests.rs"]
mod tests;
