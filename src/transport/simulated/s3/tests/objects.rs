//! Each operation, and what it means with and without versions.

use super::client::{Bench, code};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier, Tag, Tagging,
    VersioningConfiguration,
};
use aws_sdk_s3::{Client, presigning::PresigningConfig};
use std::time::Duration;

async fn put(s3: &Client, key: &str, text: &'static str) -> Option<String> {
    let answer = s3.put_object().bucket("models").key(key).body(ByteStream::from_static(text.as_bytes())).send().await;
    answer.expect("an object can be put").version_id
}

async fn text(s3: &Client, key: &str, version: Option<String>) -> String {
    let answer = s3.get_object().bucket("models").key(key).set_version_id(version).send().await.expect("it is there");
    let body = answer.body.collect().await.expect("the body is whole").into_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

#[tokio::test]
async fn an_object_keeps_its_bytes_its_metadata_and_its_tags() {
    let (_bench, s3) = Bench::with_bucket(false).await;
    let put = s3.put_object().bucket("models").key("a b/ü+.txt").body(ByteStream::from_static(b"hello"));
    let put = put.content_type("text/plain").metadata("colour", "blue").tagging("kind=a%20b&x=1");
    assert!(put.send().await.expect("put").version_id.is_none(), "no version without versioning");
    let got = s3.get_object().bucket("models").key("a b/ü+.txt").send().await.expect("got");
    assert_eq!(got.content_type(), Some("text/plain"));
    assert_eq!(got.metadata().and_then(|m| m.get("colour")).map(String::as_str), Some("blue"));
    assert_eq!(got.tag_count(), Some(2));
    assert_eq!(got.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""), "MD5 of hello");
    let head = s3.head_object().bucket("models").key("a b/ü+.txt").send().await.expect("head");
    assert_eq!((head.content_length(), head.content_type()), (Some(5), Some("text/plain")));

    let tags = s3.get_object_tagging().bucket("models").key("a b/ü+.txt").send().await.expect("tags");
    assert_eq!(tags.tag_set().first().map(Tag::value), Some("a b"));
    let one = Tag::builder().key("only").value("this").build().expect("a tag");
    let set = Tagging::builder().tag_set(one).build().expect("tags");
    s3.put_object_tagging().bucket("models").key("a b/ü+.txt").tagging(set).send().await.expect("tags put");
    let tags = s3.get_object_tagging().bucket("models").key("a b/ü+.txt").send().await.expect("tags");
    assert_eq!(tags.tag_set().iter().map(Tag::key).collect::<Vec<_>>(), ["only"]);
    s3.delete_object_tagging().bucket("models").key("a b/ü+.txt").send().await.expect("tags gone");

    assert_eq!(code(s3.get_object().bucket("models").key("nothing").send().await), "NoSuchKey");
    assert_eq!(code(s3.get_object().bucket("other").key("nothing").send().await), "NoSuchBucket");
    assert_eq!(code(s3.delete_bucket().bucket("models").send().await), "BucketNotEmpty");
    s3.delete_object().bucket("models").key("a b/ü+.txt").send().await.expect("gone");
    s3.delete_object().bucket("models").key("a b/ü+.txt").send().await.expect("gone twice is the same");
    s3.delete_bucket().bucket("models").send().await.expect("an empty bucket goes");
}

#[tokio::test]
async fn ranges_and_conditions_hold() {
    let (_bench, s3) = Bench::with_bucket(false).await;
    put(&s3, "k", "0123456789").await;
    for (range, part, shown) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10"), ("bytes=-2", "89", "bytes 8-9/10")]
    {
        let got = s3.get_object().bucket("models").key("k").range(range).send().await.expect("a range");
        assert_eq!(got.content_range(), Some(shown));
        assert_eq!(got.body.collect().await.expect("whole").into_bytes(), part);
    }
    assert_eq!(code(s3.get_object().bucket("models").key("k").range("bytes=10-").send().await), "InvalidRange");
    let etag = s3.head_object().bucket("models").key("k").send().await.expect("head").e_tag.expect("a tag");
    let get = || s3.get_object().bucket("models").key("k");
    assert_eq!(code(get().if_match(&etag).send().await), "done");
    assert_eq!(code(get().if_match("\"other\"").send().await), "PreconditionFailed");
    assert!(["304", "NotModified"].contains(&code(get().if_none_match(&etag).send().await).as_str()));
    let put = |key: &str| s3.put_object().bucket("models").key(key).body(ByteStream::from_static(b"new"));
    assert_eq!(code(put("k").if_none_match("*").send().await), "PreconditionFailed");
    assert_eq!(code(put("fresh").if_none_match("*").send().await), "done");
    assert_eq!(code(put("k").if_match("\"other\"").send().await), "PreconditionFailed");
    assert_eq!(code(put("absent").if_match(&etag).send().await), "NoSuchKey");
    assert_eq!(code(put("k").if_match(&etag).send().await), "done");
    assert_eq!(text(&s3, "k", None).await, "new");
}

#[tokio::test]
async fn versions_stay_and_markers_hide() {
    let (_bench, s3) = Bench::with_bucket(false).await;
    put(&s3, "k", "before").await;
    let set = |status| VersioningConfiguration::builder().status(status).build();
    let configure = |status| s3.put_bucket_versioning().bucket("models").versioning_configuration(set(status)).send();
    configure(BucketVersioningStatus::Enabled).await.expect("versioning on");
    let status = s3.get_bucket_versioning().bucket("models").send().await.expect("status").status;
    assert_eq!(status, Some(BucketVersioningStatus::Enabled));
    let second = put(&s3, "k", "second").await.expect("a version");
    let marker = s3.delete_object().bucket("models").key("k").send().await.expect("deleted");
    assert_eq!(marker.delete_marker(), Some(true));
    assert_eq!(code(s3.get_object().bucket("models").key("k").send().await), "NoSuchKey");
    assert_eq!(text(&s3, "k", Some(second.clone())).await, "second");
    assert_eq!(text(&s3, "k", Some("null".into())).await, "before");
    assert_eq!(code(s3.get_object().bucket("models").key("k").version_id("nope").send().await), "NoSuchVersion");

    let all = s3.list_object_versions().bucket("models").send().await.expect("versions");
    let ids: Vec<_> = all.versions().iter().filter_map(|v| v.version_id()).collect();
    assert_eq!(ids, [second.as_str(), "null"]);
    assert_eq!(all.delete_markers().len(), 1);
    assert!(s3.list_objects_v2().bucket("models").send().await.expect("list").contents().is_empty());

    // Undelete: the marker itself is deleted.
    s3.delete_object()
        .bucket("models")
        .key("k")
        .version_id(marker.version_id().expect("its id"))
        .send()
        .await
        .expect("gone");
    assert_eq!(text(&s3, "k", None).await, "second");
    configure(BucketVersioningStatus::Suspended).await.expect("suspended");
    assert!(put(&s3, "k", "third").await.is_none(), "a suspended bucket writes the null version");
    let all = s3.list_object_versions().bucket("models").send().await.expect("versions");
    let ids: Vec<_> = all.versions().iter().filter_map(|v| v.version_id()).collect();
    assert_eq!(ids, ["null", second.as_str()], "the null version was replaced and is the newest");
}

#[tokio::test]
async fn listings_page_and_fold() {
    let (_bench, s3) = Bench::with_bucket(false).await;
    for key in ["a/1", "a/2", "b", "c/x/1", "c/y", "d"] {
        put(&s3, key, "x").await;
    }
    let page = s3.list_objects_v2().bucket("models").delimiter("/").max_keys(2).send().await.expect("page");
    assert_eq!(page.common_prefixes().first().and_then(|p| p.prefix()), Some("a/"));
    assert_eq!((page.key_count(), page.is_truncated()), (Some(2), Some(true)));
    let token = page.next_continuation_token().expect("more");
    let rest =
        s3.list_objects_v2().bucket("models").delimiter("/").continuation_token(token).send().await.expect("page");
    assert_eq!(rest.common_prefixes().first().and_then(|p| p.prefix()), Some("c/"));
    assert_eq!(rest.contents().iter().filter_map(|o| o.key()).collect::<Vec<_>>(), ["d"]);
    let under = s3.list_objects_v2().bucket("models").prefix("c/").start_after("c/x/1").send().await.expect("page");
    assert_eq!(under.contents().iter().filter_map(|o| o.key()).collect::<Vec<_>>(), ["c/y"]);
    let old = s3.list_objects().bucket("models").marker("b").max_keys(1).send().await.expect("v1");
    assert_eq!(old.next_marker(), Some("c/x/1"));
}

#[tokio::test]
async fn parts_become_one_object() {
    let (_bench, s3) = Bench::with_bucket(true).await;
    let begun =
        s3.create_multipart_upload().bucket("models").key("big").content_type("model/x").send().await.expect("begun");
    let id = begun.upload_id().expect("an id");
    let part = |n: i32, data: Vec<u8>| {
        s3.upload_part().bucket("models").key("big").upload_id(id).part_number(n).body(data.into()).send()
    };
    let mut done = Vec::new();
    for (n, data) in [(1, vec![1u8; 5 << 20]), (3, vec![3u8; 7])] {
        let etag = part(n, data).await.expect("a part").e_tag.expect("its tag");
        done.push(CompletedPart::builder().part_number(n).e_tag(etag).build());
    }
    let listed = s3.list_parts().bucket("models").key("big").upload_id(id).max_parts(1).send().await.expect("parts");
    assert_eq!(
        (listed.parts().len(), listed.is_truncated(), listed.next_part_number_marker()),
        (1, Some(true), Some("1"))
    );
    let uploads = s3.list_multipart_uploads().bucket("models").send().await.expect("uploads");
    assert_eq!(uploads.uploads().len(), 1);
    let complete = |parts: Vec<CompletedPart>| {
        let whole = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        s3.complete_multipart_upload().bucket("models").key("big").upload_id(id).multipart_upload(whole).send()
    };
    let wrong = vec![CompletedPart::builder().part_number(2).e_tag("\"x\"").build()];
    assert_eq!(code(complete(wrong).await), "InvalidPart");
    assert_eq!(code(complete(done.iter().rev().cloned().collect()).await), "InvalidPartOrder");
    let made = complete(done).await.expect("completed");
    assert!(made.e_tag().is_some_and(|t| t.ends_with("-2\"")), "{:?}", made.e_tag());
    let head = s3.head_object().bucket("models").key("big").send().await.expect("head");
    assert_eq!((head.content_length(), head.content_type()), (Some((5 << 20) + 7), Some("model/x")));
    assert_eq!(
        code(s3.abort_multipart_upload().bucket("models").key("big").upload_id(id).send().await),
        "NoSuchUpload"
    );

    let begun = s3.create_multipart_upload().bucket("models").key("gone").send().await.expect("begun");
    let id = begun.upload_id().expect("an id");
    s3.abort_multipart_upload().bucket("models").key("gone").upload_id(id).send().await.expect("aborted");
    assert!(s3.list_multipart_uploads().bucket("models").send().await.expect("uploads").uploads().is_empty());
}

#[tokio::test]
async fn many_are_deleted_and_objects_are_copied() {
    let (_bench, s3) = Bench::with_bucket(true).await;
    let old = put(&s3, "from", "one").await.expect("a version");
    put(&s3, "from", "two").await;
    let copy = s3.copy_object().bucket("models").key("to").copy_source(format!("models/from?versionId={old}"));
    copy.send().await.expect("copied");
    assert_eq!(text(&s3, "to", None).await, "one");
    let name = |key: &str| ObjectIdentifier::builder().key(key).build().expect("a name");
    let delete = Delete::builder().objects(name("from")).objects(name("to")).objects(name("absent")).build();
    let gone = s3.delete_objects().bucket("models").delete(delete.expect("a list")).send().await.expect("deleted");
    assert_eq!((gone.deleted().len(), gone.errors().len()), (3, 0));
    assert!(s3.list_objects_v2().bucket("models").send().await.expect("list").contents().is_empty());
}

#[tokio::test]
async fn a_presigned_link_works_without_a_key_until_it_is_changed() {
    let (bench, s3) = Bench::with_bucket(false).await;
    put(&s3, "k", "shared").await;
    let config = PresigningConfig::expires_in(Duration::from_mins(1)).expect("a minute");
    let link = s3.get_object().bucket("models").key("k").presigned(config).await.expect("a link");
    let ask = |uri: String| {
        let request = http::Request::get(uri).header("host", "registry.invalid:9000");
        bench.service().call(request.body(s3s::Body::empty()).expect("a request"))
    };
    assert_eq!(ask(link.uri().to_owned()).await.expect("answered").status(), 200);
    let other = link.uri().replace("/models/k", "/models/other");
    assert_eq!(ask(other).await.expect("answered").status(), 403);
    assert_eq!(ask("http://registry.invalid:9000/models/k".into()).await.expect("answered").status(), 403);
}

#[tokio::test]
async fn a_quota_holds_about() {
    let (bench, s3) = Bench::with_bucket(false).await;
    bench.store.with(|s| s.bucket("models").map(|b| b.quota = 3 << 20)).expect("the bucket");
    let put = |n: usize| {
        let body = ByteStream::from(vec![0u8; n << 20]);
        s3.put_object().bucket("models").key(format!("o{n}")).body(body).send()
    };
    assert_eq!(code(put(8).await), "XMinioAdminBucketQuotaExceeded");
    assert_eq!(code(put(2).await), "done");
    assert_eq!(code(put(1).await), "done");
}
