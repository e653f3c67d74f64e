//! The pictures of the browser: its own screens over the samples of the rehearsal's registry.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use modelquay::base::clock::SetClock;
use modelquay::base::{Clock as _, SystemClock};
use modelquay::ports::objects::{Service, Trust};
use modelquay::ports::world::Credentials;
use modelquay::registry::listing::{Pager, Step};
use modelquay::registry::models::look;
use modelquay::registry::places::RegistryId;
use modelquay::registry::preview::preview;
use modelquay::registry::usage::{Usage, count};
use modelquay::transport::https::Route;
use modelquay::transport::objects::S3Objects;
use modelquay::transport::simulated::ca::Ca;
use modelquay::transport::simulated::s3::store::Keeps;
use modelquay::transport::simulated::s3::{Faults, Server, Store};
use modelquay::transport::simulated::samples;
use modelquay::ui::browse::{Browse, Effect, Msg, Spot, Vouched, Who};
use modelquay::ui::run::{Input, Screens as _};
use modelquay::ui::text::{Lang, Text};
use modelquay::ui::theme::{Colours, Theme};
use std::sync::Arc;
use std::time::Duration;

/// 2026-11-24, 10:00 UTC: any time does, as long as it is the same every time.
const NOW: u64 = 1_795_514_400_000;

fn browse(bucket: &str, prefix: &str) -> Browse {
    let who = Who {
        name: "edge-07".into(),
        url: "https://192.0.2.10:30900".into(),
        trust: Vouched::Site("edge-07".into()),
        key: "reader".into(),
        id: RegistryId::site("edge-07"),
        writer: Some("publisher".into()),
    };
    let theme = Theme { colours: Colours::True, ascii: false };
    let spot = Spot { bucket: Some(bucket.into()), prefix: prefix.into() };
    Browse::new(Text::of(Lang::En), theme, true, who, spot)
}

/// Answers what the screens ask for, until they ask for nothing more.
async fn answer(browse: &mut Browse, objects: &S3Objects, mut asked: Vec<Effect>) {
    while let Some(effect) = asked.pop() {
        let msg = match effect {
            Effect::List { id, query } => {
                let mut pager = Pager::new(query);
                while let Step::Ask(query) = pager.next().clone() {
                    let page = modelquay::ports::Objects::list(objects, &query).await.expect("a page");
                    let batch = pager.absorb(&page);
                    asked.extend(browse.hear(Input::Said(Msg::Batch { id, batch })));
                }
                Msg::Ended { id, end: modelquay::registry::listing::End::Complete }
            }
            Effect::Preview { id, at } => Msg::Previewed { id, found: preview(objects, &at).await.map(Box::new) },
            Effect::Models { id, ask } => {
                let mut found = look(objects, objects, &ask, |_| {}).await.map(Box::new);
                if let Ok(view) = &mut found {
                    view.round_trip = Duration::from_millis(42);
                }
                Msg::Models { id, found }
            }
            Effect::Usage { id, bucket, prefix } => {
                let mut usage = Usage::new(&prefix, 1);
                let counted = count(objects, &bucket, &mut usage, |_| {}).await;
                Msg::Usage { id, usage: counted.map(|()| Box::new(usage)) }
            }
            _ => continue,
        };
        asked.extend(browse.hear(Input::Said(msg)));
    }
}

async fn seen(objects: &S3Objects, prefix: &str, keys: &str) -> Browse {
    let mut browse = browse("models", prefix);
    browse.hear(Input::Resize(80, 24));
    browse.hear(Input::Tick(NOW));
    let asked = browse.first();
    answer(&mut browse, objects, asked).await;
    for key in keys.chars() {
        let asked = browse.hear(Input::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)));
        answer(&mut browse, objects, asked).await;
    }
    // The cursor rests.
    let asked = browse.hear(Input::Tick(NOW + 10_000));
    answer(&mut browse, objects, asked).await;
    browse
}

/// Every picture with its name.
pub async fn all() -> Vec<(&'static str, Browse)> {
    let now = SystemClock.now_ms();
    let ca = Ca::new(now).expect("a CA can be made");
    let (chain, key) = ca.issue(&["127.0.0.1"], now, 3600).expect("it signs");
    let store = Store::new(Arc::new(SetClock::at(NOW)));
    store.set_root("a-key", "a-secret-0123456789");
    store.with(|s| {
        s.make_bucket("models", NOW).expect("there is none yet");
        s.bucket("models").expect("it was just made").keeps = Keeps::On;
    });
    samples::fill(&store, "models").expect("there is room");
    let server = Server::start(&store, &Arc::new(Faults::default()), &chain, &key, None).expect("loopback is there");
    let service = Service {
        url: format!("https://{}", server.address()),
        region: "us-east-1".to_owned(),
        trust: Trust::Only(ca.pem().to_owned()),
        keys: Some(Credentials { access_key: "a-key".into(), secret_key: "a-secret-0123456789".into() }),
        session_token: None,
        path_style: true,
    };
    let objects = S3Objects::new(&service, Route::Direct).expect("the address is right");
    vec![
        ("browser", seen(&objects, "scale/2/", "").await),
        ("models", seen(&objects, "", "tjjj").await),
        ("usage", seen(&objects, "", "d").await),
    ]
}
