//! What we believe of a MinIO server, asked of the real program: every S3 and admin call that the
//! product makes, over verified TLS, directly and through a Unix socket.
//!
//! It needs nothing but the server's binary: no root, no host, no cluster.

use modelquay::base::Secret;
use modelquay::plan::{Failure, FailureKind};
use modelquay::ports::object_store::{Expiry, ObjectStore, Versioning, refused};
use modelquay::ports::{Credentials, Endpoint, Probe, RegistryAdmin};
use modelquay::transport::admin::MinioAdmin;
use modelquay::transport::https::Route;
use modelquay::transport::probe::Prober;
use modelquay::transport::s3::S3Store;
use serde_json::json;
use std::fmt::Debug;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

const MIB: usize = 1024 * 1024;

/// What was found, one line a belief; a broken one ends the run.
#[derive(Debug, Default)]
pub struct Found {
    /// The beliefs that hold.
    pub holds: Vec<String>,
}

impl Found {
    fn that(&mut self, belief: &str, holds: bool, seen: &dyn Debug) -> Result<(), String> {
        if !holds {
            return Err(format!("does not hold: {belief}; seen: {seen:?}"));
        }
        self.holds.push(belief.to_owned());
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn line(failure: Failure) -> String {
    failure.line()
}

/// Starts `minio` (the server's binary) on loopback in a directory of its own, asks everything, and
/// ends it.
pub async fn minio_contract(minio: &Path) -> Result<Found, String> {
    let home = tempfile::tempdir().map_err(|e| e.to_string())?;
    let (ca_pem, port) = prepare(home.path())?;
    let root = Credentials { access_key: "contract-root".into(), secret_key: Secret::from("contract-root-secret") };
    let mut server = start(minio, home.path(), port, &root)?;
    let at = Endpoint { ip: Ipv4Addr::LOCALHOST, port, ca_pem };
    let mut found = Found::default();
    let asked = async {
        wait_until_live(&at, &mut server).await?;
        verified(&at, &mut found).await?;
        buckets(&at, &root, &mut found).await?;
        objects(&at, &root, &mut found).await?;
        keys(&at, &root, &mut found).await?;
        quota(&at, &root, &mut found).await?;
        through_a_socket(&at, &root, home.path(), &mut found).await
    }
    .await;
    server.kill().await.map_err(|e| e.to_string())?;
    if let Err(why) = asked {
        let log = std::fs::read_to_string(home.path().join("log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(12).collect();
        return Err(format!("{why}; the server's last lines, latest first: {last:#?}"));
    }
    gone(&at, &root, &mut found).await?;
    Ok(found)
}

/// A CA and a certificate for 127.0.0.1, and a free port.
fn prepare(home: &Path) -> Result<(String, u16), String> {
    let text = |e: rcgen::Error| e.to_string();
    let ca_key = rcgen::KeyPair::generate().map_err(text)?;
    let mut ca = rcgen::CertificateParams::new(Vec::new()).map_err(text)?;
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_cert = ca.self_signed(&ca_key).map_err(text)?;
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().map_err(text)?;
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).map_err(text)?;
    let leaf = leaf.signed_by(&key, &issuer).map_err(text)?;
    let certs = home.join("certs");
    std::fs::create_dir_all(home.join("data")).map_err(|e| e.to_string())?;
    std::fs::create_dir_all(&certs).map_err(|e| e.to_string())?;
    std::fs::write(certs.join("public.crt"), leaf.pem()).map_err(|e| e.to_string())?;
    std::fs::write(certs.join("private.key"), key.serialize_pem()).map_err(|e| e.to_string())?;
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr()).map_err(|e| e.to_string())?;
    Ok((ca_cert.pem(), free.port()))
}

fn start(minio: &Path, home: &Path, port: u16, root: &Credentials) -> Result<Child, String> {
    let log = std::fs::File::create(home.join("log")).map_err(|e| e.to_string())?;
    Command::new(minio)
        .args(["server", "--address", &format!("127.0.0.1:{port}"), "--console-address", "127.0.0.1:0"])
        .arg("--certs-dir")
        .arg(home.join("certs"))
        .arg(home.join("data"))
        .env("HOME", home)
        .env("MINIO_ROOT_USER", &root.access_key)
        .env("MINIO_ROOT_PASSWORD", root.secret_key.expose())
        .env("MINIO_UPDATE", "off")
        .env("MINIO_CI_CD", "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(|e| e.to_string())?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("{}: {e}", minio.display()))
}

async fn wait_until_live(at: &Endpoint, server: &mut Child) -> Result<(), String> {
    let begun = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        tick.tick().await;
        match Prober::new(None).get(at, "/minio/health/live").await {
            Ok(reached) if reached.status == 200 => return Ok(()),
            seen if begun.elapsed() > Duration::from_mins(1) => {
                return Err(format!("the server does not come up; seen: {seen:?}"));
            }
            _ => {}
        }
        if let Some(status) = server.try_wait().map_err(|e| e.to_string())? {
            return Err(format!("the server ended by itself: {status}"));
        }
    }
}

async fn verified(at: &Endpoint, found: &mut Found) -> Result<(), String> {
    let seen = Prober::new(None).get(at, "/minio/health/live").await.map_err(line)?;
    found.that("the probe sees a certificate that ends later", seen.not_after_ms > 1_700_000_000_000, &seen)?;
    found.that("and its SHA-256", seen.certificate_sha256.len() == 64, &seen)?;
    let other = prepare(tempfile::tempdir().map_err(|e| e.to_string())?.path())?.0;
    let wrong = Endpoint { ca_pem: other, ..at.clone() };
    let refusal = Prober::new(None).get(&wrong, "/minio/health/live").await;
    let is_tls = |r: &Result<_, Failure>| {
        r.as_ref()
            .is_err_and(|e| e.kind == FailureKind::Permanent && e.line().contains("not signed by the site's own CA"))
    };
    found.that("another CA is refused by the probe", is_tls(&refusal.map(|_| ())), &"see above")?;
    let keys = Credentials { access_key: "x".into(), secret_key: Secret::from("y") };
    let s3 = S3Store::new(&wrong, &keys, Route::Direct).map_err(line)?;
    let seen = s3.list_buckets().await.map(|_| ());
    found.that("another CA is refused by S3", is_tls(&seen), &seen)?;
    let admin = MinioAdmin::new(&wrong, &keys, Route::Direct).map_err(line)?;
    let seen = admin.info().await.map(|_| ());
    found.that("another CA is refused by the admin calls", is_tls(&seen), &seen)
}

async fn buckets(at: &Endpoint, root: &Credentials, found: &mut Found) -> Result<(), String> {
    let s3 = S3Store::new(at, root, Route::Direct).map_err(line)?;
    let seen = s3.bucket_exists("models").await.map_err(line)?;
    found.that("a bucket that is not there is seen as absent", !seen, &seen)?;
    s3.create_bucket("models").await.map_err(line)?;
    s3.create_bucket("models").await.map_err(line)?;
    s3.create_bucket("other").await.map_err(line)?;
    found.that(
        "a bucket is made, and made again without harm",
        s3.bucket_exists("models").await.map_err(line)?,
        &"",
    )?;
    let seen = s3.list_buckets().await.map_err(line)?;
    found.that("root sees all buckets", seen == ["models", "other"], &seen)?;
    for (on, wanted) in [(true, Versioning::On), (false, Versioning::Suspended), (true, Versioning::On)] {
        s3.set_versioning("models", on).await.map_err(line)?;
        let seen = s3.versioning("models").await.map_err(line)?;
        found.that(&format!("versioning reads back as {wanted:?}"), seen == wanted, &seen)?;
    }
    let seen = s3.versioning("other").await.map_err(line)?;
    found.that("versioning begins as Off", seen == Versioning::Off, &seen)?;
    let seen = s3.expiry("models").await.map_err(line)?;
    found.that("there is no expiry rule at first", seen.is_none(), &seen)?;
    for wanted in [Expiry { noncurrent_days: 30, keep: 3 }, Expiry { noncurrent_days: 1, keep: 2 }] {
        s3.set_expiry("models", wanted).await.map_err(line)?;
        let seen = s3.expiry("models").await.map_err(line)?;
        found.that("the expiry rule reads back as set", seen == Some(wanted), &seen)?;
    }
    let seen = s3.versioning("absent").await;
    found.that("a question about an absent bucket fails for good", is(&seen, FailureKind::Permanent), &seen)
}

fn is<T>(result: &Result<T, Failure>, kind: FailureKind) -> bool {
    result.as_ref().is_err_and(|e| e.kind == kind)
}

fn is_refused<T>(result: &Result<T, Failure>) -> bool {
    result.as_ref().is_err_and(refused)
}

async fn objects(at: &Endpoint, root: &Credentials, found: &mut Found) -> Result<(), String> {
    let s3 = S3Store::new(at, root, Route::Direct).map_err(line)?;
    let odd = "a b/ü+%25&=.txt";
    let first = s3.put("models", odd, "one".into()).await.map_err(line)?;
    let second = s3.put("models", odd, "two!".into()).await.map_err(line)?;
    found.that("each write is a version of its own", first.is_some() && first != second, &(&first, &second))?;
    let seen = s3.get("models", odd, 100).await.map_err(line)?;
    found.that("the last one reads back, odd key and all", seen.as_deref() == Some(b"two!"), &seen)?;
    let seen = s3.get("models", odd, 2).await.map_err(line)?;
    found.that("at most so many bytes are read", seen.as_deref() == Some(b"tw"), &seen)?;
    let seen = s3.head("models", odd).await.map_err(line)?;
    found.that("its size is known", seen == Some(4), &seen)?;
    s3.delete("models", odd, second.as_deref()).await.map_err(line)?;
    let seen = s3.get("models", odd, 100).await.map_err(line)?;
    found.that("without its last version the one before reads back", seen.as_deref() == Some(b"one"), &seen)?;
    s3.delete("models", odd, None).await.map_err(line)?;
    let seen = s3.head("models", odd).await.map_err(line)?;
    found.that("a deleted object is absent to HEAD", seen.is_none(), &seen)?;
    let seen = s3.get("models", odd, 9).await.map_err(line)?;
    found.that("and to GET", seen.is_none(), &seen)?;
    s3.put("models", "empty", "".into()).await.map_err(line)?;
    let seen = s3.get("models", "empty", 10).await.map_err(line)?;
    found.that("an empty object reads as empty", seen.as_deref() == Some(b""), &seen)?;
    let large = vec![7_u8; 9 * MIB];
    s3.put("models", "large", large.clone().into()).await.map_err(line)?;
    let seen = s3.get("models", "large", 20 * MIB as u64).await.map_err(line)?;
    found.that("9 MiB come back whole", seen.as_deref() == Some(large.as_slice()), &seen.map(|b| b.len()))?;
    for number in 0..1003 {
        s3.put("other", &format!("many/{number:04}"), "x".into()).await.map_err(line)?;
    }
    let page = s3.list("other", "many/", None).await.map_err(line)?;
    let rest = s3.list("other", "many/", page.next.as_deref()).await.map_err(line)?;
    let sizes = (page.objects.len(), rest.objects.len());
    found.that("a listing goes on behind its first page", sizes == (1000, 3) && rest.next.is_none(), &sizes)
}

async fn keys(at: &Endpoint, root: &Credentials, found: &mut Found) -> Result<(), String> {
    let admin = MinioAdmin::new(at, root, Route::Direct).map_err(line)?;
    let s3 = S3Store::new(at, root, Route::Direct).map_err(line)?;
    s3.put("models", "m/1/model.onnx", "weights".into()).await.map_err(line)?;
    let reads = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": ["arn:aws:s3:::models"]},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::models/*"]}]});
    let mut writes = reads.clone();
    writes["Statement"][1]["Action"] = json!(["s3:GetObject", "s3:PutObject"]);

    let seen = admin.policy("mq-read").await.map_err(line)?;
    found.that("an absent policy is absent", seen.is_none(), &seen)?;
    for _ in 0..2 {
        admin.set_policy("mq-read", &reads).await.map_err(line)?;
    }
    admin.set_policy("mq-write", &writes).await.map_err(line)?;
    let seen = admin.policy("mq-read").await.map_err(line)?.unwrap_or_default();
    let same = seen["Statement"].as_array().is_some_and(|s| s.len() == 2) && seen.to_string().contains("s3:GetObject");
    found.that("a policy reads back", same, &seen)?;

    let seen = admin.key("mq-reader").await.map_err(line)?;
    found.that("an absent key is absent", seen.is_none(), &seen)?;
    let keys = Credentials { access_key: "mq-reader".into(), secret_key: Secret::from("mq-reader-secret-1") };
    admin.set_key("mq-reader", &keys.secret_key).await.map_err(line)?;
    admin.set_key("mq-reader", &keys.secret_key).await.map_err(line)?;
    let seen = admin.key("mq-reader").await.map_err(line)?;
    found.that(
        "a key is made, enabled, without policies",
        seen.as_ref().is_some_and(|k| k.enabled && k.policies.is_empty()),
        &seen,
    )?;
    let reader = S3Store::new(at, &keys, Route::Direct).map_err(line)?;
    let seen = reader.bucket_exists("models").await;
    found.that("without a policy even HeadBucket is refused", is_refused(&seen), &seen)?;

    admin.attach("mq-reader", "mq-read").await.map_err(line)?;
    admin.attach("mq-reader", "mq-read").await.map_err(line)?;
    let seen = reader.bucket_exists("models").await;
    found.that("a reader sees the bucket", seen == Ok(true), &seen)?;
    let seen = reader.list("models", "m/", None).await.map_err(line)?;
    found.that("a reader lists", seen.objects.len() == 1, &seen)?;
    let seen = reader.get("models", "m/1/model.onnx", 99).await.map_err(line)?;
    found.that("a reader reads", seen.as_deref() == Some(b"weights"), &seen)?;
    let seen = reader.list_buckets().await.map_err(line)?;
    found.that("a reader sees only that bucket", seen == ["models"], &seen)?;
    for (belief, seen) in [
        ("a reader's write is refused", reader.put("models", "x", "x".into()).await.map(|_| ())),
        ("a reader's delete is refused", reader.delete("models", "m/1/model.onnx", None).await),
        ("a reader's look into another bucket is refused", reader.list("other", "", None).await.map(|_| ())),
        ("a reader's set of versioning is refused", reader.set_versioning("models", false).await),
        ("a reader's new bucket is refused", reader.create_bucket("third").await),
    ] {
        found.that(belief, is_refused(&seen), &seen)?;
    }
    let small = MinioAdmin::new(at, &keys, Route::Direct).map_err(line)?;
    let seen = small.info().await.map(|_| ());
    found.that("a reader's admin call is refused", is_refused(&seen), &seen)?;

    admin.attach("mq-reader", "mq-write").await.map_err(line)?;
    let seen = admin.key("mq-reader").await.map_err(line)?.map(|k| k.policies).unwrap_or_default();
    found.that("attaching sets exactly one policy", seen == ["mq-write"], &seen)?;
    let seen = reader.put("models", "x", "x".into()).await;
    found.that("a writer writes", seen.is_ok(), &seen)?;
    admin.attach_builtin("to attach", "mq-reader", "mq-read").await.map_err(line)?;
    let seen = admin.key("mq-reader").await.map_err(line)?.map(|k| k.policies).unwrap_or_default();
    found.that("the newer way of attaching comes to the same", seen == ["mq-read"], &seen)?;
    let seen = admin.attach("mq-reader", "no-such-policy").await;
    found.that("an absent policy cannot be attached", is(&seen, FailureKind::Permanent), &seen)?;

    admin.set_key("mq-reader", &Secret::from("mq-reader-secret-2")).await.map_err(line)?;
    let seen = reader.bucket_exists("models").await;
    found.that("a replaced secret is refused", is_refused(&seen), &seen)?;
    let unknown = Credentials { access_key: "nobody".into(), secret_key: Secret::from("nobody-secret") };
    let seen = S3Store::new(at, &unknown, Route::Direct).map_err(line)?.list_buckets().await;
    found.that("an unknown key is refused", is_refused(&seen), &seen)?;
    let info = admin.info().await.map_err(line)?;
    found.that("info describes servers", info["servers"].is_array(), &info)
}

async fn quota(at: &Endpoint, root: &Credentials, found: &mut Found) -> Result<(), String> {
    let admin = MinioAdmin::new(at, root, Route::Direct).map_err(line)?;
    let s3 = S3Store::new(at, root, Route::Direct).map_err(line)?;
    s3.create_bucket("small").await.map_err(line)?;
    let seen = admin.quota("small").await.map_err(line)?;
    found.that("there is no quota at first", seen == 0, &seen)?;
    admin.set_quota("small", 3 * MIB as u64).await.map_err(line)?;
    let seen = admin.quota("small").await.map_err(line)?;
    found.that("the quota reads back", seen == 3 * MIB as u64, &seen)?;
    let seen = s3.put("small", "big", vec![1_u8; 8 * MIB].into()).await;
    let named = seen.as_ref().is_err_and(|e| e.line().contains("XMinioAdminBucketQuotaExceeded") && !refused(e));
    found.that("one object above the quota is refused by that name", named && is(&seen, FailureKind::Permanent), &seen)
}

/// The same calls with a Unix socket in between, as OpenSSH forwards one.
async fn through_a_socket(at: &Endpoint, root: &Credentials, home: &Path, found: &mut Found) -> Result<(), String> {
    let path = home.join("forward.sock");
    let listener = tokio::net::UnixListener::bind(&path).map_err(|e| e.to_string())?;
    let target = (at.ip, at.port);
    let forward = tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut far) = tokio::net::TcpStream::connect(target).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    let s3 = S3Store::new(at, root, Route::Unix(path.clone())).map_err(line)?;
    let seen = s3.list_buckets().await;
    found.that("S3 works through a Unix socket", seen.is_ok(), &seen)?;
    let seen = MinioAdmin::new(at, root, Route::Unix(path.clone())).map_err(line)?.info().await.map(|_| ());
    found.that("admin calls work through a Unix socket", seen.is_ok(), &seen)?;
    forward.abort();
    std::fs::remove_file(&path).map_err(|e| e.to_string())?;
    let seen = S3Store::new(at, root, Route::Unix(path)).map_err(line)?.list_buckets().await;
    found.that("a socket that is gone is a lost link", is(&seen, FailureKind::Unknown), &seen)
}

async fn gone(at: &Endpoint, root: &Credentials, found: &mut Found) -> Result<(), String> {
    let s3 = S3Store::new(at, root, Route::Direct).map_err(line)?;
    let begun = Instant::now();
    for _ in 0..10 {
        let seen = s3.list_buckets().await;
        found.that("a server that is gone is transient", is(&seen, FailureKind::Transient), &seen)?;
    }
    found.that(
        "and ten calls say so within two seconds, so none is tried again",
        begun.elapsed() < Duration::from_secs(2),
        &begun.elapsed(),
    )
}
