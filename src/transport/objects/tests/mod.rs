//! Every call of the port, asked of the simulated registry over real HTTP.

mod answers;
mod calls;
mod fuzz;
mod keys;
mod wire;

use super::S3Objects;
use crate::base::{Clock, SystemClock};
use crate::ports::objects::{At, GetQuery, Got, Notes, Objects, OnlyIf, Service, Trust, Written};
use crate::ports::world::Credentials;
use crate::transport::https::Route;
use crate::transport::simulated::ca::Ca;
use crate::transport::simulated::s3::{Faults, Server, Store, store::Keeps};
use std::sync::Arc;

pub const ROOT: (&str, &str) = ("root-key", "root-secret-0123456789");

/// A registry with a bucket `models`, and a way to it.
pub struct Bench {
    pub store: Arc<Store>,
    pub faults: Arc<Faults>,
    pub service: Service,
    pub s3: S3Objects,
    _server: Server,
}

impl Bench {
    pub fn new(keeps: Keeps) -> Self {
        let now = SystemClock.now_ms();
        let ca = Ca::new(now).expect("a CA can be made");
        let (chain, key) = ca.issue(&["127.0.0.1"], now, 3600).expect("it signs");
        let (store, faults) = (Store::new(Arc::new(SystemClock)), Arc::new(Faults::default()));
        store.set_root(ROOT.0, ROOT.1);
        store.with(|s| {
            s.make_bucket("models", now).expect("there is none yet");
            s.bucket("models").expect("it was just made").keeps = keeps;
        });
        let server = Server::start(&store, &faults, &chain, &key, None).expect("loopback is there");
        let service = service(&format!("https://{}", server.address()), Trust::Only(ca.pem().to_owned()));
        let s3 = S3Objects::new(&service, Route::Direct).expect("the address is right");
        Self { store, faults, service, s3, _server: server }
    }

    pub async fn put(&self, key: &str, text: &'static str) -> Written {
        let put = self.s3.put(&at(key), text.into(), &Notes::default(), None, &OnlyIf::Always).await;
        put.expect("it can be written")
    }
}

pub fn service(url: &str, trust: Trust) -> Service {
    Service {
        url: url.to_owned(),
        region: "us-east-1".to_owned(),
        trust,
        keys: Some(Credentials { access_key: ROOT.0.to_owned(), secret_key: ROOT.1.into() }),
        session_token: None,
        path_style: true,
    }
}

pub fn at(key: &str) -> At {
    At::new("models", key)
}

pub fn whole(key: &str) -> GetQuery {
    GetQuery { at: at(key), range: None, if_match: None }
}

pub async fn bytes(mut got: Got) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = got.body.next().await.expect("the body is whole") {
        all.extend_from_slice(&piece);
    }
    all
}
