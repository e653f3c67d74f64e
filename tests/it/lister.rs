//! A registry with one prefix of very many keys, on a plain socket: what it lists is made as it is asked for, so that
//! the time that is measured is the browser's.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

/// Keys of a page, as S3 gives them.
const PAGE: usize = 1_000;

/// A listener that serves until the program ends.
pub struct Lister {
    /// Its address.
    pub url: String,
}

impl Lister {
    /// With so many keys, `many/key-0000000.onnx` being the first.
    pub fn start(keys: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback is there");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        std::thread::spawn(move || {
            for wire in listener.incoming().flatten() {
                std::thread::spawn(move || serve(&wire, keys));
            }
        });
        Self { url }
    }
}

/// The number of a key.
fn number(key: &str) -> Option<usize> {
    key.rsplit('-').next()?.strip_suffix(".onnx")?.parse().ok()
}

fn serve(wire: &TcpStream, keys: usize) {
    let mut lines = BufReader::new(wire).lines();
    let mut wire = wire;
    while let Some(Ok(request)) = lines.next() {
        // Requests of this kind have no body.
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let (status, body) = answer(&request, keys);
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        let sent = wire.write_all(head.as_bytes()).and_then(|()| {
            // A HEAD has no body.
            if request.starts_with("HEAD") { Ok(()) } else { wire.write_all(body.as_bytes()) }
        });
        if sent.is_err() {
            return;
        }
    }
}

fn answer(request: &str, keys: usize) -> (u16, String) {
    let target = request.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let value =
        |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v);
    if !request.starts_with("GET") || path.trim_end_matches('/') != "/models" || value("list-type").is_none() {
        return (404, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>".to_owned());
    }
    let after = value("start-after").and_then(number).map_or(0, |n| n + 1);
    let first = value("continuation-token").and_then(|token| token.parse().ok()).unwrap_or(after).min(keys);
    let most = value("max-keys").and_then(|most| most.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let end = (first + most).min(keys);
    let mut xml = format!("<ListBucketResult><IsTruncated>{}</IsTruncated>", end < keys);
    for n in first..end {
        let _ = write!(
            xml,
            "<Contents><Key>many/key-{n:07}.onnx</Key><LastModified>2026-09-01T12:00:00.000Z</LastModified>\
             <Size>{}</Size></Contents>",
            (n * 7919) % 1_000_003
        );
    }
    if end < keys {
        let _ = write!(xml, "<NextContinuationToken>{end}</NextContinuationToken>");
    }
    xml.push_str("</ListBucketResult>");
    (200, xml)
}
