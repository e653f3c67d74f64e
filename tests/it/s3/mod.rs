//! `modelquay s3 …`: the real program against the simulated registry, and against servers that lie.

mod alone;
mod carry;
mod commands;
mod faults;
mod lies;
mod manage;
mod models;
mod probe;
mod publish;
mod trust;
mod wire;

use crate::program::{Said, program};
use modelquay::base::{Clock as _, SystemClock};
use modelquay::ports::objects::{Service, Trust};
use modelquay::ports::world::Credentials;
use modelquay::transport::https::Route;
use modelquay::transport::objects::S3Objects;
use modelquay::transport::simulated::ca::Ca;
use modelquay::transport::simulated::s3::store::Keeps;
use modelquay::transport::simulated::s3::{Faults, Server, Store};
use modelquay::transport::simulated::samples;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;

/// The one key of these registries.
pub const KEY: (&str, &str) = ("the-key", "the-secret-0123456789");

/// So many bytes of a pattern that comes again after 759 of them, which no part and no buffer is a multiple of. They
/// are copied: computing each is most of a test's time where nothing is optimised.
pub fn bytes(size: usize) -> Vec<u8> {
    let pattern: Vec<u8> = (0..759).map(|n: usize| u8::try_from((n / 3 + n * 7) % 253).expect("below 253")).collect();
    let mut all = pattern.repeat(size / 759 + 1);
    all.truncate(size);
    all
}

/// A registry with the samples in a bucket `models`, and a directory for the program.
pub struct Bench {
    pub home: tempfile::TempDir,
    pub store: Arc<Store>,
    pub faults: Arc<Faults>,
    pub url: String,
    ca_pem: String,
    _server: Server,
}

impl Bench {
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let now = SystemClock.now_ms();
        let ca = Ca::new(now).expect("a CA can be made");
        let (chain, key) = ca.issue(&["127.0.0.1"], now, 3600).expect("it signs");
        let (store, faults) = (Store::new(Arc::new(SystemClock)), Arc::new(Faults::default()));
        store.set_root(KEY.0, KEY.1);
        store.with(|s| {
            s.make_bucket("models", now).expect("there is none yet");
            s.bucket("models").expect("it was just made").keeps = Keeps::On;
        });
        samples::fill(&store, "models").expect("there is room");
        let server = Server::start(&store, &faults, &chain, &key, None).expect("loopback is there");
        let url = format!("https://{}", server.address());
        std::fs::write(home.path().join("ca.pem"), ca.pem()).expect("writable");
        Self { home, store, faults, url, ca_pem: ca.pem().to_owned(), _server: server }
    }

    /// The registry's port, in this process.
    pub fn objects(&self) -> S3Objects {
        let service = Service {
            url: self.url.clone(),
            region: "us-east-1".to_owned(),
            trust: Trust::Only(self.ca_pem.clone()),
            keys: Some(Credentials { access_key: KEY.0.to_owned(), secret_key: KEY.1.into() }),
            session_token: None,
            path_style: true,
        };
        S3Objects::new(&service, Route::Direct).expect("the address is right")
    }

    /// Runs `s3` with these arguments, at this registry.
    pub async fn s3(&self, args: &[&str]) -> Said {
        ended(self.command(args), args).await
    }

    /// The program with these arguments of `s3`, at this registry, ready to be started.
    pub fn command(&self, args: &[&str]) -> Command {
        let ca = self.home.path().join("ca.pem");
        let at = ["s3", "--endpoint", &self.url, "--ca", ca.to_str().expect("a path of ours")];
        with_key(self.home.path(), &[&at, args].concat())
    }
}

/// The program with the key in its environment.
fn with_key(home: &Path, args: &[&str]) -> Command {
    let mut command = program(home, args);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("AWS_ACCESS_KEY_ID", KEY.0).env("AWS_SECRET_ACCESS_KEY", KEY.1);
    command
}

/// Runs the program with the key in its environment, to its end. What it writes need not be text.
pub async fn run(home: &Path, args: &[&str]) -> Said {
    ended(with_key(home, args), args).await
}

async fn ended(mut command: Command, args: &[&str]) -> Said {
    let child = command.spawn().expect("the program can be started");
    let ended = tokio::time::timeout(Duration::from_mins(1), child.wait_with_output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{args:?} did not end")).expect("it can be waited for");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let said = Said { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) };
    assert!(!said.out.contains(KEY.1) && !said.err.contains(KEY.1), "a secret was said: {said:?}");
    said
}
