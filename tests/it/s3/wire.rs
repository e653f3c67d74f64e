//! A server on a plain socket that answers whatever a test likes, byte by byte.

use modelquay::ports::objects::{Service, Trust};
use modelquay::transport::https::Route;
use modelquay::transport::objects::S3Objects;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How many came before.
    pub number: usize,
    /// Names and values, decoded.
    pub query: Vec<(String, String)>,
    /// The value of `range`.
    pub range: Option<String>,
}

impl Asked {
    pub fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(n, _)| n == name)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// An answer: what is written, with the pause before each piece; then the connection ends.
#[derive(Clone, Debug)]
pub struct Answer(pub Vec<(Duration, Vec<u8>)>);

impl Answer {
    fn of(status: u16, headers: &str, body: &[u8]) -> Self {
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
        Self(vec![(Duration::ZERO, [head.as_bytes(), body].concat())])
    }

    pub fn error(status: u16, code: &str) -> Self {
        Self::of(status, "", format!("<Error><Code>{code}</Code><Message>so</Message></Error>").as_bytes())
    }

    pub fn bytes(body: &[u8]) -> Self {
        Self::of(200, "etag: \"e\"\r\n", body)
    }

    pub fn xml(xml: &str) -> Self {
        Self::of(200, "", xml.as_bytes())
    }

    /// A page of keys of 7 bytes each, that goes on where a token is given.
    pub fn page(keys: &[&str], next: Option<&str>) -> Self {
        Self::listing(keys, next.is_some(), next)
    }

    /// A page that says what it likes about its end.
    pub fn listing(keys: &[&str], truncated: bool, next: Option<&str>) -> Self {
        use std::fmt::Write as _;
        let mut xml = format!("<ListBucketResult><IsTruncated>{truncated}</IsTruncated>");
        for key in keys {
            let _ = write!(xml, "<Contents><Key>{key}</Key><Size>7</Size></Contents>");
        }
        if let Some(next) = next {
            let _ = write!(xml, "<NextContinuationToken>{next}</NextContinuationToken>");
        }
        xml.push_str("</ListBucketResult>");
        Self::of(200, "", xml.as_bytes())
    }

    /// The same, broken off after so many bytes.
    pub fn torn(mut self, after: usize) -> Self {
        for (_, piece) in &mut self.0 {
            piece.truncate(after);
        }
        self
    }

    /// Nothing at all.
    pub fn nothing() -> Self {
        Self(Vec::new())
    }
}

/// The server.
pub struct Lying {
    pub url: String,
    pub seen: Arc<Mutex<Vec<Asked>>>,
}

impl Lying {
    pub async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback is there");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (seen.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((wire, _)) = listener.accept().await {
                tokio::spawn(serve(wire, kept.clone(), answer.clone()));
            }
        });
        Self { url, seen }
    }

    pub fn asked(&self) -> usize {
        self.seen.lock().expect("no test panics while it holds this").len()
    }

    pub fn objects(&self) -> S3Objects {
        let service = Service {
            url: self.url.clone(),
            region: "us-east-1".to_owned(),
            trust: Trust::System,
            keys: None,
            session_token: None,
            path_style: true,
        };
        S3Objects::new(&service, Route::Direct).expect("the address is right")
    }
}

async fn serve(
    mut wire: TcpStream,
    kept: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<impl Fn(&Asked) -> Answer + Send + Sync + 'static>,
) {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
        match wire.read(&mut buffer).await {
            Ok(n) if n > 0 => seen.extend_from_slice(&buffer[..n]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&seen).into_owned();
    let target = text.split(' ').nth(1).unwrap_or_default();
    let (_, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query = query.map(|(n, v)| (n.to_owned(), modelquay::transport::simulated::s3::convert::percent(v))).collect();
    let range = text.lines().find_map(|l| l.strip_prefix("range: ")).map(str::to_owned);
    let asked = {
        let mut all = kept.lock().expect("no test panics while it holds this");
        let asked = Asked { number: all.len(), query, range };
        all.push(asked.clone());
        asked
    };
    for (pause, piece) in answer(&asked).0 {
        tokio::time::sleep(pause).await;
        if wire.write_all(&piece).await.is_err() {
            return;
        }
    }
    let _ = wire.shutdown().await;
}
