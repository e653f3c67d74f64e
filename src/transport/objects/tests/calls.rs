use super::{Bench, at, bytes, whole};
use crate::ports::object_store::Versioning;
use crate::ports::objects::{
    At, GetQuery, Header, ListQuery, Marker, Notes, Objects, OnlyIf, Share, Sum, SumKind, Upload, Why,
};
use crate::transport::simulated::s3::body::base64_of;
use crate::transport::simulated::s3::store::Keeps;
use bytes::Bytes;
use s3s::crypto::{Checksum as _, Crc32c, Crc64Nvme, Sha256};
use std::time::Duration;

fn notes() -> Notes {
    Notes {
        content_type: Some("text/plain".to_owned()),
        headers: vec![(Header::ContentEncoding, "gzip".to_owned())],
        metadata: vec![("colour".to_owned(), "blue".to_owned())],
    }
}

#[tokio::test]
async fn buckets_are_listed_looked_for_and_made() {
    let bench = Bench::new(Keeps::Off);
    bench.s3.bucket("models").await.expect("it is there");
    assert_eq!(bench.s3.bucket("none").await.expect_err("it is not").why, Why::Missing);
    bench.s3.make_bucket("more").await.expect("it can be made");
    bench.s3.make_bucket("more").await.expect("made twice is the same");
    let names: Vec<_> = bench.s3.buckets().await.expect("they are listed").into_iter().map(|b| b.name).collect();
    assert_eq!(names, ["models", "more"]);
    assert_eq!(bench.s3.keeps_versions("models").await, Ok(Versioning::Off));
    let bench = Bench::new(Keeps::On);
    assert_eq!(bench.s3.keeps_versions("models").await, Ok(Versioning::On));
}

#[tokio::test]
async fn an_object_is_written_seen_and_read_with_its_notes_and_checksum() {
    let bench = Bench::new(Keeps::Off);
    let sum = base64_of(&Crc64Nvme::checksum(b"0123456789"));
    let put = async |key: &str, body: &'static str, sum: Sum| {
        bench.s3.put(&at(key), body.into(), &notes(), Some(sum), &OnlyIf::Always).await
    };
    let written = put("k", "0123456789", Sum::Crc64Nvme(sum.clone())).await.expect("it can be written");
    assert_eq!(written.checksums.crc64nvme.as_ref(), Some(&sum));
    let info = bench.s3.head(&at("k")).await.expect("it is there");
    assert_eq!((info.size, info.content_type.as_deref()), (10, Some("text/plain")));
    assert_eq!(Notes::of(&info), notes());
    assert_eq!((info.etag, info.parts), (written.etag.clone(), None));
    assert_eq!(info.checksums.crc64nvme, Some(sum.clone()));
    assert!(!info.checksums.composite && !info.encrypted && info.modified.is_some());
    let got = bench.s3.get(&whole("k")).await.expect("it can be read");
    assert_eq!((got.first, got.length, got.info.size), (0, 10, 10));
    assert_eq!(got.info.checksums.crc64nvme, Some(sum));
    assert_eq!(bytes(got).await, b"0123456789");

    let part = GetQuery { range: Some((3, 4)), if_match: written.etag, ..whole("k") };
    let got = bench.s3.get(&part).await.expect("a range can be read");
    assert_eq!((got.first, got.length, got.info.size), (3, 4, 10));
    assert_eq!(bytes(got).await, b"3456");
    let got = bench.s3.get(&GetQuery { range: Some((8, 100)), ..whole("k") }).await.expect("its end can be read");
    assert_eq!(bytes(got).await, b"89");

    let why = async |query: GetQuery| bench.s3.get(&query).await.map(|_| ()).expect_err("it is refused").why;
    assert_eq!(why(GetQuery { range: Some((10, 1)), ..whole("k") }).await, Why::BadRange);
    assert_eq!(why(GetQuery { range: Some((0, 0)), ..whole("k") }).await, Why::Refused);
    assert_eq!(why(GetQuery { if_match: Some("other".to_owned()), ..whole("k") }).await, Why::Changed);
    assert_eq!(why(whole("none")).await, Why::Missing);
    let wrong = put("w", "x", Sum::Sha256(base64_of(&[0; 32]))).await;
    assert_eq!(wrong.expect_err("the bytes are others").why, Why::Refused);
    put("w", "x", Sum::Sha256(base64_of(&Sha256::checksum(b"x")))).await.expect("the bytes are these");
}

#[tokio::test]
async fn conditions_of_writes_hold() {
    let bench = Bench::new(Keeps::Off);
    let put = async |key: &str, only: OnlyIf| {
        bench.s3.put(&at(key), "new".into(), &Notes::default(), None, &only).await.map_err(|e| e.why)
    };
    let first = put("k", OnlyIf::Absent).await.expect("there is none");
    assert_eq!(put("k", OnlyIf::Absent).await.map(|_| ()), Err(Why::Changed));
    assert_eq!(put("k", OnlyIf::Matches("other".to_owned())).await.map(|_| ()), Err(Why::Changed));
    put("k", OnlyIf::Matches(first.etag.clone().expect("it has one"))).await.expect("it is that one");

    let copy = async |if_match: Option<&str>, only: OnlyIf| {
        bench.s3.copy(&at("k"), &at("c"), if_match, None, &only).await.map(|_| ()).map_err(|e| e.why)
    };
    assert_eq!(copy(Some("other"), OnlyIf::Absent).await, Err(Why::Changed));
    assert_eq!(copy(first.etag.as_deref(), OnlyIf::Absent).await, Ok(()));
    assert_eq!(copy(first.etag.as_deref(), OnlyIf::Absent).await, Err(Why::Changed));
    assert_eq!(copy(None, OnlyIf::Always).await, Ok(()));
}

#[tokio::test]
async fn a_copy_takes_notes_along_or_gets_others() {
    let bench = Bench::new(Keeps::Off);
    bench.s3.put(&at("a +%/ü"), "x".into(), &notes(), None, &OnlyIf::Always).await.expect("it can be written");
    bench.s3.copy(&at("a +%/ü"), &at("b"), None, None, &OnlyIf::Always).await.expect("it can be copied");
    assert_eq!(Notes::of(&bench.s3.head(&at("b")).await.expect("it is there")), notes());
    let other = Notes { content_type: Some("x/y".to_owned()), ..Notes::default() };
    bench.s3.copy(&at("b"), &at("b"), None, Some(&other), &OnlyIf::Always).await.expect("onto itself, with others");
    let info = bench.s3.head(&at("b")).await.expect("it is there");
    assert_eq!(Notes::of(&info), other);
}

/// Two parts, the first as small as a part may be.
fn pieces() -> (Bytes, Bytes) {
    (Bytes::from(vec![7_u8; 5 << 20]), Bytes::from_static(b"the end"))
}

#[tokio::test]
async fn an_upload_in_parts_becomes_an_object() {
    let bench = Bench::new(Keeps::Off);
    let (one, two) = pieces();
    let sum = |data: &[u8]| base64_of(&Crc64Nvme::checksum(data));
    let upload = bench.s3.begin_upload(&at("big"), &notes(), Some(SumKind::Crc64Nvme)).await.expect("it begins");
    let listed = bench.s3.list_uploads("models", "b", None).await.expect("uploads are listed");
    assert_eq!(listed.rows.iter().map(|u| (&u.key, &u.id)).collect::<Vec<_>>(), [(&upload.key, &upload.id)]);
    assert!(bench.s3.list_uploads("models", "c", None).await.expect("uploads are listed").rows.is_empty());

    let wrong = bench.s3.send_part(&upload, 1, one.clone(), Some(Sum::Crc64Nvme(sum(b"other")))).await;
    assert_eq!(wrong.expect_err("the bytes are others").why, Why::Refused);
    let mut parts = Vec::new();
    for (number, data) in [(1, &one), (2, &two)] {
        let sent = bench.s3.send_part(&upload, number, data.clone(), Some(Sum::Crc64Nvme(sum(data)))).await;
        parts.push(sent.expect("it is taken"));
    }
    let had = bench.s3.parts(&upload, None).await.expect("parts are listed");
    assert_eq!((had.parts.len(), had.next), (2, None));
    assert_eq!(had.parts, parts, "what is listed is what was sent");
    assert_eq!(bench.s3.parts(&upload, Some(1)).await.expect("behind the first").parts.len(), 1);

    let whole_sum = sum(&[one.clone(), two.clone()].concat());
    let bad = bench.s3.complete(&upload, &parts, Some(Sum::Crc64Nvme(sum(b"other"))), &OnlyIf::Always).await;
    assert_eq!(bad.expect_err("the whole is another").why, Why::Refused);
    let made = bench.s3.complete(&upload, &parts, Some(Sum::Crc64Nvme(whole_sum.clone())), &OnlyIf::Absent).await;
    assert_eq!(made.expect("it is made").checksums.crc64nvme.as_ref(), Some(&whole_sum));
    let info = bench.s3.head(&at("big")).await.expect("it is there");
    assert_eq!((info.size, info.parts), (one.len() as u64 + 7, Some(2)));
    assert_eq!(info.checksums.crc64nvme, Some(whole_sum));
    assert_eq!(info.metadata, notes().metadata);
    assert!(bench.s3.list_uploads("models", "", None).await.expect("uploads are listed").rows.is_empty());
    assert_eq!(bench.s3.parts(&upload, None).await.expect_err("it is gone").why, Why::Missing);
    bench.s3.abort(&upload).await.expect("gone already is success");
}

#[tokio::test]
async fn checksums_of_checksums_are_known_as_such() {
    let bench = Bench::new(Keeps::Off);
    let (one, two) = pieces();
    let sum = |data: &[u8]| Some(Sum::Crc32C(base64_of(&Crc32c::checksum(data))));
    let upload = bench.s3.begin_upload(&at("big"), &notes(), Some(SumKind::Crc32C)).await.expect("it begins");
    let mut parts = Vec::new();
    for (number, data) in [(1, &one), (2, &two)] {
        parts.push(bench.s3.send_part(&upload, number, data.clone(), sum(data)).await.expect("it is taken"));
    }
    bench.s3.complete(&upload, &parts, None, &OnlyIf::Always).await.expect("it is made");
    let info = bench.s3.head(&at("big")).await.expect("it is there");
    assert!(info.checksums.composite && info.checksums.crc32c.is_some_and(|s| s.ends_with("-2")));
}

#[tokio::test]
async fn parts_are_copied_from_ranges_and_uploads_thrown_away() {
    let bench = Bench::new(Keeps::Off);
    let (one, _) = pieces();
    let from = at("from +ü");
    let written = bench.s3.put(&from, one.clone(), &Notes::default(), None, &OnlyIf::Always).await.expect("written");
    let upload = bench.s3.begin_upload(&at("to"), &Notes::default(), None).await.expect("it begins");
    let length = one.len() as u64;
    let etag = written.etag.as_deref();
    let a = bench.s3.copy_part(&upload, 1, &from, (0, length), etag).await.expect("it is copied");
    let b = bench.s3.copy_part(&upload, 2, &from, (1, 3), etag).await.expect("it is copied");
    let other = bench.s3.copy_part(&upload, 3, &from, (1, 3), Some("other")).await;
    assert_eq!(other.expect_err("it is another").why, Why::Changed);
    bench.s3.complete(&upload, &[a, b], None, &OnlyIf::Always).await.expect("it is made");
    assert_eq!(bench.s3.head(&at("to")).await.expect("it is there").size, length + 3);

    let upload = bench.s3.begin_upload(&at("gone"), &Notes::default(), None).await.expect("it begins");
    bench.s3.abort(&upload).await.expect("it is thrown away");
    let part = bench.s3.send_part(&upload, 1, "x".into(), None).await;
    assert_eq!(part.expect_err("it is gone").why, Why::Missing);
}

#[tokio::test]
async fn uploads_are_listed_page_by_page() {
    let bench = Bench::new(Keeps::Off);
    let mut begun: Vec<Upload> = Vec::new();
    for n in 0..1003 {
        let key = format!("up/{:04}", n % 700);
        let id = bench
            .store
            .with(|s| s.begin("models", &key, crate::transport::simulated::s3::store::About::default(), Vec::new(), 1));
        begun.push(Upload { bucket: "models".to_owned(), key, id: id.expect("the bucket is there") });
    }
    let first = bench.s3.list_uploads("models", "up/", None).await.expect("a page");
    assert!(first.truncated && first.rows.len() == 1000);
    let second = bench.s3.list_uploads("models", "up/", first.next.as_ref()).await.expect("the last page");
    assert!(!second.truncated && second.rows.len() == 3);
    let mut had: Vec<_> = first.rows.into_iter().chain(second.rows).map(|u| (u.key, u.id)).collect();
    let mut all: Vec<_> = begun.into_iter().map(|u| (u.key, u.id)).collect();
    had.sort();
    all.sort();
    assert_eq!(had, all);
}

#[tokio::test]
async fn versions_and_markers_come_newest_first() {
    let bench = Bench::new(Keeps::On);
    let first = bench.put("k", "one").await.version.expect("versions are kept");
    let second = bench.put("k", "two!").await.version.expect("versions are kept");
    bench.put("a", "other").await;
    let marker = bench.s3.delete(&at("k")).await.expect("it can be deleted").expect("a marker came to be");
    let query = ListQuery { bucket: "models".to_owned(), ..ListQuery::default() };
    let page = bench.s3.list_versions(&query, None).await.expect("they are listed");
    let of_k: Vec<_> = page.rows.iter().filter(|r| r.key == "k").collect();
    let shown: Vec<_> = of_k.iter().map(|r| (r.version.as_str(), r.latest, r.marker, r.size)).collect();
    assert_eq!(shown[0], (marker.as_str(), true, true, 0));
    assert_eq!(shown[1..].len(), 2, "{shown:?}");
    assert!(shown.contains(&(first.as_str(), false, false, 3)) && shown.contains(&(second.as_str(), false, false, 4)));
    assert_eq!(page.rows[0].key, "a");
    let behind = Marker { key: "a".to_owned(), id: None };
    assert_eq!(bench.s3.list_versions(&query, Some(&behind)).await.expect("they are listed").rows.len(), 3);

    let old = At { version: Some(first.clone()), ..at("k") };
    assert_eq!(bench.s3.head(&old).await.expect("old ones are there").version, Some(first));
    assert_eq!(bench.s3.head(&at("k")).await.expect_err("it is deleted").why, Why::Missing);
    let deletion = At { version: Some(marker), ..at("k") };
    assert_eq!(bench.s3.delete(&deletion).await, Ok(None), "the marker itself goes");
    assert_eq!(bench.s3.head(&at("k")).await.expect("it is back").version, Some(second));
}

#[tokio::test]
async fn many_are_deleted_in_one_request_and_each_has_its_end() {
    let bench = Bench::new(Keeps::On);
    let version = bench.put("a", "x").await.version;
    bench.put("b", "x").await;
    bench.put("c\u{1}", "x").await;
    let of = [
        ("a".to_owned(), version.clone()),
        ("b".to_owned(), None),
        ("c\u{1}".to_owned(), None),
        ("none".to_owned(), None),
    ];
    let gone = bench.s3.delete_many("models", &of).await.expect("they are deleted");
    let mut ends: Vec<_> = gone.iter().map(|d| (d.key.as_str(), d.marker.is_some(), d.error.is_none())).collect();
    ends.sort_unstable();
    assert_eq!(ends, [("a", false, true), ("b", true, true), ("c\u{1}", true, true), ("none", true, true)]);
    let query = ListQuery { bucket: "models".to_owned(), ..ListQuery::default() };
    assert_eq!(bench.s3.list(&query).await.expect("a page").objects.len(), 0);
    assert_eq!(bench.s3.delete_many("none", &of[..2]).await.expect_err("no such bucket").why, Why::Missing);
}

#[tokio::test]
async fn tags_are_read_replaced_and_taken_away() {
    let bench = Bench::new(Keeps::Off);
    bench.put("k", "x").await;
    let tags = vec![("a b".to_owned(), "ü+%".to_owned()), ("z".to_owned(), String::new())];
    bench.s3.set_tags(&at("k"), &tags).await.expect("they are set");
    assert_eq!(bench.s3.tags(&at("k")).await, Ok(tags));
    bench.s3.set_tags(&at("k"), &[]).await.expect("they are taken away");
    assert_eq!(bench.s3.tags(&at("k")).await, Ok(Vec::new()));
    assert_eq!(bench.s3.tags(&at("none")).await.expect_err("there is none").why, Why::Missing);
}

#[tokio::test]
async fn a_signed_address_lets_its_holder_do_one_thing() {
    let bench = Bench::new(Keeps::Off);
    bench.put("a b+ü", "x").await;
    let url = bench.s3.share(&at("a b+ü"), Share::Get, Duration::from_mins(1)).await.expect("it is signed");
    assert!(url.expose().contains("/models/a%20b%2B%C3%BC?") && url.expose().contains("X-Amz-Expires=60"));
    assert!(!url.expose().contains(super::ROOT.1));
    let crate::ports::objects::Trust::Only(ca) = &bench.service.trust else { panic!("a site has a CA of its own") };
    let roots = crate::transport::https::Roots::from_pem(ca).expect("it was just made");
    let client = crate::transport::https::client(super::Route::Direct, &roots).expect("the roots are right");
    let fetch = async |method: &str, url: &str, body: &'static str| {
        let request = http::Request::builder().method(method).uri(url);
        let request = request.body(http_body_util::Full::new(Bytes::from(body))).expect("a request");
        let answer = client.fetch(request, 10_000).await.expect("an answer");
        (answer.status.as_u16(), answer.body)
    };
    assert_eq!(fetch("GET", url.expose(), "").await, (200, Bytes::from_static(b"x")));
    assert_eq!(fetch("PUT", url.expose(), "y").await.0, 403);
    let url = bench.s3.share(&at("new"), Share::Put, Duration::from_mins(1)).await.expect("it is signed");
    assert_eq!(fetch("PUT", url.expose(), "y").await.0, 200);
    assert_eq!(bytes(bench.s3.get(&whole("new")).await.expect("it is there")).await, b"y");
    let long = bench.s3.share(&at("k"), Share::Get, Duration::from_hours(8 * 24)).await;
    assert_eq!(long.map(|_| ()).expect_err("too long").why, Why::Refused);
}
