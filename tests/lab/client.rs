//! An S3 client that is not the product's, for what the product says that it has done: boto3, which is started once
//! and asked by lines.

use crate::harness::python;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A client of one service. It is ended when this is dropped.
pub struct Client {
    child: Child,
    lines: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Client {
    /// A client with this key; the CA is the only one that it trusts.
    pub fn of(endpoint: &str, (access, secret): (&str, &str), ca: Option<&Path>) -> Self {
        let mut command = Command::new(python("boto3", "boto3==1.42.0").join("python"));
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/checks/client.py"))
            .arg(endpoint)
            .env("AWS_ACCESS_KEY_ID", access)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(ca) = ca {
            command.env("AWS_CA_BUNDLE", ca);
        }
        let mut child = command.spawn().expect("python can be started");
        let (asks, answers) = (child.stdin.take(), child.stdout.take());
        let lines = (asks.expect("it is a pipe"), BufReader::new(answers.expect("it is a pipe")));
        Self { child, lines: Mutex::new(lines) }
    }

    /// What it answers, which is the code where it is refused.
    #[track_caller]
    pub fn ask(&self, asked: &Value) -> Value {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(lines.0, "{asked}").expect("it listens");
        let mut line = String::new();
        lines.1.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{asked}: {e}: {line:?}"))
    }

    /// The keys under a prefix.
    #[track_caller]
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let rows = self.ask(&json!({"do": "objects", "bucket": bucket, "prefix": prefix}));
        let rows = rows.as_array().unwrap_or_else(|| panic!("{bucket}/{prefix}: {rows}"));
        rows.iter().filter_map(|row| row[0].as_str().map(str::to_owned)).collect()
    }

    /// The SHA-256 of an object as it lies there, or the code of the refusal.
    #[track_caller]
    pub fn digest(&self, bucket: &str, key: &str) -> String {
        let found = self.ask(&json!({"do": "digest", "bucket": bucket, "key": key}));
        found.as_str().map_or_else(|| found["error"].to_string(), str::to_owned)
    }

    /// The versions and delete markers of a key, the newest first: whether each is a marker.
    #[track_caller]
    pub fn versions(&self, bucket: &str, key: &str) -> Vec<Value> {
        let rows = self.ask(&json!({"do": "versions", "bucket": bucket, "prefix": key}));
        rows.as_array().unwrap_or_else(|| panic!("{bucket}/{key}: {rows}")).clone()
    }

    /// The identities of the uploads that are listed for a whole key.
    #[track_caller]
    pub fn uploads(&self, bucket: &str, key: &str) -> Vec<String> {
        let rows = self.ask(&json!({"do": "uploads", "bucket": bucket, "prefix": key}));
        let rows = rows.as_array().unwrap_or_else(|| panic!("{bucket}/{key}: {rows}"));
        rows.iter().filter_map(|row| row[1].as_str().map(str::to_owned)).collect()
    }

    /// The parts that an upload has, by their sizes.
    #[track_caller]
    pub fn parts(&self, bucket: &str, key: &str, upload: &str) -> Vec<u64> {
        let rows = self.ask(&json!({"do": "parts", "bucket": bucket, "key": key, "upload": upload}));
        rows.as_array().map(|rows| rows.iter().filter_map(Value::as_u64).collect()).unwrap_or_default()
    }

    /// Puts a small object there.
    #[track_caller]
    pub fn put(&self, bucket: &str, key: &str, text: &str) {
        let answer = self.ask(&json!({"do": "put", "bucket": bucket, "key": key, "text": text}));
        assert!(answer["error"].is_null(), "{bucket}/{key}: {answer}");
    }

    /// An upload of one part that nobody goes on with; gives its identity.
    #[track_caller]
    pub fn begin(&self, bucket: &str, key: &str, size: u64) -> String {
        let answer = self.ask(&json!({"do": "begin", "bucket": bucket, "key": key, "size": size}));
        answer.as_str().unwrap_or_else(|| panic!("{bucket}/{key}: {answer}")).to_owned()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    use std::fmt::Write as _;
    sha2::Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Bytes that nothing compresses and that differ everywhere.
pub fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
