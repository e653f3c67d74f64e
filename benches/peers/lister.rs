//! A server that lists a million keys out of nothing: it answers at once, so that what is measured is what a client
//! adds. A real server needs half a minute for the same list, most of it for itself.
//!
//! It knows one bucket, pages of both kinds and of versions, the questions that clients ask before, small objects, and
//! deletes by the thousand, of which it forgets nothing. It looks at no signature.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Its only bucket, and the prefix in it.
pub const BUCKET: &str = "big";
pub const PREFIX: &str = "flat/";

/// What each of its objects holds.
const CONTENT: &str = "sixteen bytes of";

/// The server, until it is dropped.
pub struct Lister {
    pub url: String,
    first: Arc<Mutex<Option<Instant>>>,
    _runtime: tokio::runtime::Runtime,
}

/// The name of a key behind the prefix.
pub fn name(n: usize) -> String {
    format!("object-{n:07}-of-a-model.bin")
}

impl Lister {
    /// Starts it on loopback.
    pub fn start(keys: usize) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
        let url = format!("http://{}", listener.local_addr()?);
        let first = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&first);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                let service = service_fn(move |request| answer(request, keys, Arc::clone(&seen)));
                let serving =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move {
                    // A client that goes away is no trouble of this server.
                    let _ = serving.await;
                });
            }
        });
        Ok(Self { url, first, _runtime: runtime })
    }

    /// Forgets when the first page was given.
    pub fn anew(&self) {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// When the first page of the prefix was ready to be sent.
    pub fn first_page(&self) -> Option<Instant> {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).filter(|value| !value.is_empty())
}

/// The number in a key, whether its slash is encoded or not.
fn number(key: &str) -> Option<usize> {
    key.rsplit_once("object-")?.1.get(..7)?.parse().ok()
}

async fn answer(
    request: Request<Incoming>,
    keys: usize,
    first: Arc<Mutex<Option<Instant>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().trim_matches('/').to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asks = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let method = request.method().clone();
    let (status, body) = if method == Method::POST && asks("delete") {
        let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        (StatusCode::OK, deleted(&String::from_utf8_lossy(&body)))
    } else if path.is_empty() {
        (
            StatusCode::OK,
            format!(
                "<ListAllMyBucketsResult><Buckets><Bucket><Name>{BUCKET}</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"
            ),
        )
    } else if path == BUCKET {
        bucket(&query, asks, keys, &first)
    } else if method == Method::DELETE {
        (StatusCode::NO_CONTENT, String::new())
    } else if number(&path).is_some() {
        (StatusCode::OK, CONTENT.to_owned())
    } else {
        (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>".to_owned())
    };
    let length = body.len();
    let mut answer = Response::new(Full::new(if method == Method::HEAD { Bytes::new() } else { body.into() }));
    *answer.status_mut() = status;
    let text = hyper::header::HeaderValue::from_static;
    let headers = answer.headers_mut();
    headers.insert("content-type", text("application/xml"));
    headers.insert("etag", text("\"0123456789abcdef0123456789abcdef\""));
    headers.insert("last-modified", text("Thu, 01 Jan 2026 00:00:00 GMT"));
    if method == Method::HEAD {
        headers.insert("content-length", length.into());
    }
    Ok(answer)
}

/// What a request for the bucket itself is answered.
fn bucket(
    query: &str,
    asks: impl Fn(&str) -> bool,
    keys: usize,
    first: &Mutex<Option<Instant>>,
) -> (StatusCode, String) {
    let none = |name: &str| (StatusCode::OK, format!("<{name}></{name}>"));
    if asks("location") {
        return none("LocationConstraint");
    }
    if asks("versioning") {
        return none("VersioningConfiguration");
    }
    if asks("uploads") {
        return none("ListMultipartUploadsResult");
    }
    if ["policy", "tagging", "object-lock", "encryption", "acl"].into_iter().any(&asks) {
        return (StatusCode::NOT_FOUND, "<Error><Code>NoSuchConfiguration</Code></Error>".to_owned());
    }
    let root = if asks("versions") { "ListVersionsResult" } else { "ListBucketResult" };
    let prefix = parameter(query, "prefix").unwrap_or_default().replace("%2F", "/");
    let mut out = format!("<{root}><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix>");
    if PREFIX.starts_with(&prefix) && prefix != PREFIX && asks("delimiter") {
        let _ = write!(
            out,
            "<CommonPrefixes><Prefix>{PREFIX}</Prefix></CommonPrefixes><IsTruncated>false</IsTruncated></{root}>"
        );
        return (StatusCode::OK, out);
    }
    let under = PREFIX.starts_with(&prefix) || prefix == PREFIX;
    let behind = ["marker", "start-after", "key-marker"].iter().find_map(|name| parameter(query, name));
    let from = parameter(query, "continuation-token").and_then(|token| token.parse().ok());
    let from: usize = from.or_else(|| behind.and_then(number).map(|n| n + 1)).unwrap_or_default();
    let most = parameter(query, "max-keys").and_then(|n| n.parse().ok()).unwrap_or(1000).min(1000);
    let end = if under { (from + most).min(keys) } else { from };
    let row = if root == "ListVersionsResult" { "Version" } else { "Contents" };
    let version = if row == "Version" { "<VersionId>null</VersionId><IsLatest>true</IsLatest>" } else { "" };
    for n in from..end {
        let _ = write!(
            out,
            "<{row}><Key>{PREFIX}{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;{n:032x}&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass>{version}</{row}>",
            name(n),
            CONTENT.len(),
        );
    }
    let more = under && end < keys;
    if more {
        let last = format!("{PREFIX}{}", name(end - 1));
        let _ = write!(
            out,
            "<NextContinuationToken>{end}</NextContinuationToken><NextMarker>{last}</NextMarker><NextKeyMarker>{last}</NextKeyMarker><NextVersionIdMarker>null</NextVersionIdMarker>"
        );
    }
    let _ = write!(
        out,
        "<KeyCount>{}</KeyCount><MaxKeys>{most}</MaxKeys><IsTruncated>{more}</IsTruncated></{root}>",
        end - from
    );
    if under && from == 0 && most == 1000 {
        first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    }
    (StatusCode::OK, out)
}

/// The answer to a delete of many: all are gone.
fn deleted(request: &str) -> String {
    let mut out = String::from("<DeleteResult>");
    if !request.contains("<Quiet>true</Quiet>") {
        for key in request.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>")) {
            let _ = write!(out, "<Deleted><Key>{}</Key></Deleted>", key.0);
        }
    }
    out.push_str("</DeleteResult>");
    out
}
