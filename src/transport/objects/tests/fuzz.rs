//! Answers with bytes that are nearly right, through the real client: whatever comes, a call ends with an answer or
//! with an error that has its words, and an answer holds no more than its bytes can say.

use super::{at, service};
use crate::ports::objects::{Answer, ListQuery, Objects, Trust, Upload};
use crate::transport::https::Route;
use crate::transport::objects::S3Objects;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What each call answers when all is well.
const ANSWERS: [&str; 6] = [
    "<ListBucketResult><Name>b</Name><Prefix>a/</Prefix><EncodingType>url</EncodingType><KeyCount>2</KeyCount><IsTruncated>true</IsTruncated><NextContinuationToken>t%2F1</NextContinuationToken><Contents><Key>a/%C3%BC+x</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;0123&quot;</ETag><Size>17</Size></Contents><Contents><Key>a/y&amp;z</Key><LastModified>2026-01-02T03:04:05Z</LastModified><ETag>\"45\"</ETag><Size>9223372036854775807</Size></Contents><CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></ListBucketResult>",
    "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker><Version><Key>k</Key><VersionId>v</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-02T03:04:05Z</LastModified><ETag>\"e\"</ETag><Size>1</Size></Version><DeleteMarker><Key>k</Key><VersionId>null</VersionId><IsLatest>false</IsLatest><LastModified>2026-01-02T03:04:05Z</LastModified></DeleteMarker></ListVersionsResult>",
    "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker><Upload><Key>k</Key><UploadId>u</UploadId><Initiated>2026-01-02T03:04:05Z</Initiated></Upload></ListMultipartUploadsResult>",
    "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker><Part><PartNumber>1</PartNumber><Size>5242880</Size><ETag>\"e\"</ETag><ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME></Part><Part><PartNumber>2</PartNumber><Size>1</Size><ETag>\"f\"</ETag></Part></ListPartsResult>",
    "<DeleteResult><Deleted><Key>k</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m</DeleteMarkerVersionId></Deleted><Error><Key>l</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>",
    "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>",
];

/// A client and what its service answers next.
struct Line {
    runtime: Runtime,
    answer: Arc<Mutex<Vec<u8>>>,
    s3: S3Objects,
}

/// One for all cases: a server that answers every request with the same bytes and closes.
static LINE: LazyLock<Line> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("threads can be started");
    let answer = Arc::new(Mutex::new(Vec::new()));
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("loopback is there");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let next = answer.clone();
    runtime.spawn(async move {
        while let Ok((mut wire, _)) = listener.accept().await {
            let answer = next.lock().unwrap_or_else(PoisonError::into_inner).clone();
            tokio::spawn(async move {
                let mut buffer = [0; 8192];
                // These requests are small and come in one piece.
                if wire.read(&mut buffer).await.is_ok() {
                    // A client that has seen enough closes, which is its right.
                    let _ = wire.write_all(&answer).await;
                    let _ = wire.shutdown().await;
                }
            });
        }
    });
    let s3 = S3Objects::new(&service(&url, Trust::System), Route::Direct).expect("it needs no CA");
    Line { runtime, answer, s3 }
});

/// How many rows came, of an answer that was one.
async fn ask(call: usize, s3: &S3Objects) -> Answer<usize> {
    let query = ListQuery { bucket: "models".to_owned(), prefix: "a/".to_owned(), ..ListQuery::default() };
    let upload = Upload { bucket: "models".to_owned(), key: "k".to_owned(), id: "u".to_owned() };
    Ok(match call {
        0 => s3.list(&query).await.map(|page| page.objects.len() + page.prefixes.len())?,
        1 => s3.list_versions(&query, None).await?.rows.len(),
        2 => s3.list_uploads("models", "", None).await?.rows.len(),
        3 => s3.parts(&upload, None).await?.parts.len(),
        // Of what was named it says what became of each, and no more.
        4 => s3.delete_many("models", &[("k".to_owned(), None), ("l".to_owned(), None)]).await?.len() - 2,
        _ => s3.tags(&at("k")).await?.len(),
    })
}

fn answered(call: usize, bytes: Vec<u8>) -> Result<Answer<usize>, TestCaseError> {
    // Tests run beside each other, and the server has one answer at a time.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let line = &*LINE;
    *line.answer.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    let asked = async { tokio::time::timeout(Duration::from_secs(30), ask(call, &line.s3)).await };
    line.runtime.block_on(asked).map_err(|_| TestCaseError::fail(format!("call {call} did not end")))
}

fn whole(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn the_answers_are_right_before_they_are_changed() {
    for (call, answer) in ANSWERS.iter().enumerate() {
        let rows = answered(call, whole("200 OK", answer.as_bytes())).expect("it ends").expect("it is right");
        assert_eq!(rows, [3, 2, 1, 2, 0, 1][call], "call {call}");
    }
}

/// A change of some bytes at a place.
#[derive(Clone, Debug)]
enum Change {
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    /// A piece of the same text again, elsewhere.
    Twice(prop::sample::Index, prop::sample::Index, usize),
    Word(prop::sample::Index, &'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let words = vec![
        "</Key>",
        "<Key>",
        "<",
        "&",
        "&#0;",
        "&#xFFFFFFFF;",
        "&x;",
        "]]>",
        "<!--",
        "<!DOCTYPE a [<!ENTITY b \"c\">]>",
        "%zz",
        "%",
        "-1",
        "99999999999999999999",
        "1e9",
        "true",
        "9999-99-99T99:99:99Z",
        "\u{0}",
        "\u{feff}",
        "<Contents/>",
        "<a><a><a>",
    ];
    prop_oneof![
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        any::<prop::sample::Index>().prop_map(Change::Cut),
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..200_usize)
            .prop_map(|(from, to, many)| Change::Twice(from, to, many)),
        (any::<prop::sample::Index>(), prop::sample::select(words)).prop_map(|(at, word)| Change::Word(at, word)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match change {
            Change::Byte(at, byte) => bytes[at.index(length)] = *byte,
            Change::Cut(at) => bytes.truncate(at.index(length)),
            Change::Twice(from, to, many) => {
                let from = from.index(length);
                let piece = bytes[from..length.min(from + many)].to_vec();
                let to = to.index(length);
                bytes.splice(to..to, piece);
            }
            Change::Word(at, word) => {
                let at = at.index(length);
                bytes.splice(at..at, word.bytes());
            }
        }
    }
    bytes
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(
        call in 0..ANSWERS.len(),
        status in prop::sample::select(vec!["200 OK", "200 OK", "200 OK", "206 Partial Content", "403 Forbidden", "503 Slow Down"]),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let body = changed(ANSWERS[call].as_bytes().to_vec(), &changes);
        match answered(call, whole(status, &body))? {
            // A row takes some bytes to say.
            Ok(rows) => prop_assert!(rows <= body.len() / 4, "{rows} rows of {} bytes", body.len()),
            Err(error) => prop_assert!(!error.failure.message.is_empty()),
        }
    }

    #[test]
    fn any_answer_ends(call in 0..ANSWERS.len(), changes in prop::collection::vec(change(), 1..6)) {
        let bytes = changed(whole("200 OK", ANSWERS[call].as_bytes()), &changes);
        if let Err(error) = answered(call, bytes)? {
            prop_assert!(!error.failure.message.is_empty());
        }
    }
}
