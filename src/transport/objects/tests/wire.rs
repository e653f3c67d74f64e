//! Bytes on plain sockets: services without TLS, lines that stand still, and answers that lie.

use super::{at, bytes, whole};
use crate::ports::objects::{GetQuery, ListQuery, Notes, Objects, OnlyIf, Trust, Why};
use crate::transport::https::Route;
use crate::transport::objects::S3Objects;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is sent on a connection, piece by piece, with the pause before each.
type Script = Vec<(Duration, Vec<u8>)>;

/// A server that reads one request, sends its script, and closes.
async fn server(script: Script) -> S3Objects {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback is there");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        while let Ok((wire, _)) = listener.accept().await {
            tokio::spawn(play(wire, script.clone()));
        }
    });
    S3Objects::new(&super::service(&url, Trust::System), Route::Direct).expect("it needs no CA")
}

async fn play(mut wire: TcpStream, script: Script) {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
        match wire.read(&mut buffer).await {
            Ok(n) if n > 0 => seen.extend_from_slice(&buffer[..n]),
            _ => return,
        }
    }
    for (pause, piece) in script {
        tokio::time::sleep(pause).await;
        if wire.write_all(&piece).await.is_err() {
            return;
        }
    }
}

fn now(text: impl Into<Vec<u8>>) -> (Duration, Vec<u8>) {
    (Duration::ZERO, text.into())
}

fn head(length: usize, more: &str) -> (Duration, Vec<u8>) {
    now(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{more}\r\n"))
}

#[tokio::test(start_paused = true)]
async fn a_slow_line_that_stands_still_for_half_a_minute_at_a_time_gets_there() {
    // 16 KiB/s, and after each 64 KiB nothing for 30 s.
    let mut script = vec![head(256 << 10, "")];
    for n in 0..64 {
        let pause = if n % 16 == 15 { 30_000 } else { 250 };
        script.push((Duration::from_millis(pause), vec![n; 4096]));
    }
    let s3 = server(script).await;
    let began = tokio::time::Instant::now();
    let got = s3.get(&whole("k")).await.expect("it begins");
    assert_eq!(bytes(got).await.len(), 256 << 10);
    assert!(began.elapsed() > Duration::from_secs(130), "the clock was not moved: {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_line_on_which_nothing_moves_is_given_up() {
    let s3 = server(vec![head(10, ""), now("01234"), (Duration::from_secs(100_000), Vec::new())]).await;
    let mut got = s3.get(&whole("k")).await.expect("it begins");
    let mut had = 0;
    let error = loop {
        match got.body.next().await {
            Ok(Some(piece)) => had += piece.len(),
            Ok(None) => panic!("half a body looked whole"),
            Err(error) => break error,
        }
    };
    assert_eq!((had, error.why), (5, Why::Cut));
    assert!(error.failure.line().contains("nothing moved for 60 s"), "{error}");
}

#[tokio::test]
async fn wrong_lengths_are_noticed() {
    let short = server(vec![head(10, ""), now("01234")]).await;
    let mut got = short.get(&whole("k")).await.expect("it begins");
    let error = loop {
        match got.body.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("half a body looked whole"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.why, Why::Cut);

    let ranged = GetQuery { range: Some((2, 4)), ..whole("k") };
    let part = |range: &str, length: usize, body: &str| {
        let head =
            format!("HTTP/1.1 206 Partial Content\r\ncontent-length: {length}\r\ncontent-range: {range}\r\n\r\n");
        vec![now(head), now(body)]
    };
    for (range, length, body) in [
        ("bytes 0-3/10", 4, "0123"),
        ("bytes 2-5/10", 3, "234"),
        ("bytes 2-9/10", 8, "23456789"),
        ("bytes 5-2/10", 4, "0123"),
        ("nonsense", 4, "2345"),
    ] {
        let s3 = server(part(range, length, body)).await;
        let error = s3.get(&ranged).await.map(|_| ()).expect_err("it is another range");
        assert_eq!(error.why, Why::Refused, "{range}");
    }
    let s3 = server(part("bytes 2-5/10", 4, "2345")).await;
    assert_eq!(bytes(s3.get(&ranged).await.expect("it is this range")).await, b"2345");
    // One that ignores ranges sends everything, and says so.
    let s3 = server(vec![head(10, ""), now("0123456789")]).await;
    let got = s3.get(&ranged).await.expect("it answers");
    assert_eq!((got.first, got.length), (0, 10));
    // A checksum of the whole object beside a range of it is not held against the range.
    let head = "HTTP/1.1 206 Partial Content\r\ncontent-length: 4\r\ncontent-range: bytes 2-5/10\r\n\
                x-amz-checksum-crc32: AAAAAA==\r\n\r\n2345";
    let s3 = server(vec![now(head)]).await;
    assert_eq!(bytes(s3.get(&ranged).await.expect("it answers")).await, b"2345");
}

#[tokio::test]
async fn keys_are_decoded_only_where_the_service_says_that_it_encoded_them() {
    let list = |encoding: &str| {
        let body = format!(
            "<ListBucketResult>{encoding}<IsTruncated>false</IsTruncated><Contents><Key>a+b%20c</Key></Contents>\
             <CommonPrefixes><Prefix>p%2F/</Prefix></CommonPrefixes></ListBucketResult>"
        );
        vec![head(body.len(), ""), now(body)]
    };
    let query = ListQuery { bucket: "b".to_owned(), ..ListQuery::default() };
    let page = server(list("<EncodingType>url</EncodingType>")).await.list(&query).await.expect("a page");
    assert_eq!((page.objects[0].key.as_str(), page.prefixes[0].as_str()), ("a b c", "p//"));
    let page = server(list("")).await.list(&query).await.expect("a page");
    assert_eq!((page.objects[0].key.as_str(), page.prefixes[0].as_str()), ("a+b%20c", "p%2F/"));
}

#[tokio::test]
async fn what_is_sent_without_tls_is_signed_with_its_bytes() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback is there");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let seen = tokio::spawn(async move {
        let (mut wire, _) = listener.accept().await.expect("a client comes");
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while !seen.ends_with(b"hello") {
            let n = wire.read(&mut buffer).await.expect("it sends");
            assert!(n > 0, "it closed early");
            seen.extend_from_slice(&buffer[..n]);
        }
        wire.write_all(b"HTTP/1.1 200 OK\r\netag: \"e\"\r\ncontent-length: 0\r\n\r\n").await.expect("it is read");
        String::from_utf8_lossy(&seen).into_owned()
    });
    let s3 = S3Objects::new(&super::service(&url, Trust::System), Route::Direct).expect("it needs no CA");
    let put = s3.put(&at("k"), "hello".into(), &Notes::default(), None, &OnlyIf::Always).await;
    assert_eq!(put.expect("it answers").etag.as_deref(), Some("e"));
    let seen = seen.await.expect("it saw a request");
    let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert!(seen.contains(&format!("x-amz-content-sha256: {sha256}")), "{seen}");
    assert!(!seen.contains("aws-chunked"), "{seen}");
}

#[tokio::test]
async fn a_service_without_tls_is_reached_through_a_socket_too() {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let path = dir.path().join("forward.sock");
    let listener = tokio::net::UnixListener::bind(&path).expect("the directory is ours");
    tokio::spawn(async move {
        let (mut wire, _) = listener.accept().await.expect("a client comes");
        let mut buffer = [0; 4096];
        let n = wire.read(&mut buffer).await.expect("it sends");
        assert!(String::from_utf8_lossy(&buffer[..n]).contains("10.1.2.3:9000"));
        wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.expect("it is read");
    });
    let service = super::service("http://10.1.2.3:9000", Trust::System);
    let s3 = S3Objects::new(&service, Route::Unix(path)).expect("the address is right");
    s3.bucket("b").await.expect("it answers");
}
