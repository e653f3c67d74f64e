//! Three keys of least right against twelve operations.

use super::super::policy::Policy;
use super::super::store::KeyEntry;
use super::client::{Bench, code};
use crate::base::Secret;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Tag, Tagging};
use serde_json::{Value, json};

const SECRET: &str = "secret-of-a-test-key";

fn policy(bucket: &[&str], objects: &[&str]) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": bucket, "Resource": "arn:aws:s3:::models"},
        {"Effect": "Allow", "Action": objects, "Resource": "arn:aws:s3:::models/*"},
    ]})
}

fn without_deleting_versions(mut policy: Value) -> Value {
    let deny = json!({"Effect": "Deny", "Action": "s3:DeleteObjectVersion", "Resource": "arn:aws:s3:::models/*"});
    policy["Statement"].as_array_mut().expect("it has statements").push(deny);
    policy
}

fn give(bench: &Bench, name: &str, document: Value) {
    let policy = Policy::parse(document).expect("a policy");
    bench.store.with(|s| {
        s.policies.insert(name.into(), policy);
        let key = KeyEntry { secret: Secret::from(SECRET), policies: vec![name.into()], enabled: true };
        s.keys.insert(name.into(), key);
    });
}

/// What each of the twelve operations comes to, one letter each: y done, n refused.
async fn twelve(s3: &Client, old: &str) -> String {
    let body = || ByteStream::from_static(b"x");
    let tag = Tag::builder().key("a").value("b").build().expect("a tag");
    let tags = Tagging::builder().tag_set(tag).build().expect("tags");
    let answers = [
        code(s3.head_bucket().bucket("models").send().await),
        code(s3.get_bucket_location().bucket("models").send().await),
        code(s3.list_objects_v2().bucket("models").send().await),
        code(s3.list_object_versions().bucket("models").send().await),
        code(s3.get_object().bucket("models").key("k").send().await),
        code(s3.get_object().bucket("models").key("k").version_id(old).send().await),
        code(s3.put_object().bucket("models").key("new").body(body()).send().await),
        code(s3.create_multipart_upload().bucket("models").key("parts").send().await),
        code(s3.put_object_tagging().bucket("models").key("k").tagging(tags).send().await),
        code(s3.delete_object().bucket("models").key("new").send().await),
        code(s3.delete_object().bucket("models").key("k").version_id(old).send().await),
        code(s3.create_bucket().bucket("another").send().await),
    ];
    let letter = |answer: &String| match answer.as_str() {
        "done" => 'y',
        // HEAD has no body for a code.
        "AccessDenied" | "Forbidden" | "403" => 'n',
        other => panic!("neither done nor refused: {other} in {answers:?}"),
    };
    answers.iter().map(letter).collect()
}

#[tokio::test]
async fn three_keys_do_what_their_policies_say() {
    let reader_bucket = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"];
    let publisher = ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject", "s3:AbortMultipartUpload"];
    for (name, document, expected) in [
        // To MinIO who may list and read may list and read versions.
        ("triton", policy(&["s3:GetBucketLocation", "s3:ListBucket"], &["s3:GetObject"]), "yyyyyynnnnnn"),
        ("reader", policy(&reader_bucket, &["s3:GetObject", "s3:GetObjectVersion"]), "yyyyyynnnnnn"),
        (
            "publisher",
            policy(&reader_bucket, &publisher),
            // To MinIO who may delete an object may delete its versions too, until that is denied.
            "yyyyyyyyyyyn",
        ),
        ("careful-publisher", without_deleting_versions(policy(&reader_bucket, &publisher)), "yyyyyyyyyynn"),
    ] {
        let (bench, root) = Bench::with_bucket(true).await;
        root.create_bucket().bucket("hidden").send().await.expect("another bucket");
        let put = root.put_object().bucket("models").key("k").body(ByteStream::from_static(b"1")).send().await;
        let old = put.expect("put").version_id.expect("a version");
        give(&bench, name, document);
        let s3 = bench.client((name, SECRET));
        assert_eq!(twelve(&s3, &old).await, expected, "{name}");
        let seen = s3.list_buckets().send().await.expect("what it may see");
        assert_eq!(seen.buckets().iter().filter_map(|b| b.name()).collect::<Vec<_>>(), ["models"], "{name}");
    }
}

#[tokio::test]
async fn only_a_known_key_with_its_secret_and_a_policy_comes_in() {
    let (bench, _root) = Bench::with_bucket(false).await;
    let list = |key: (&str, &str)| bench.client(key).list_objects_v2().bucket("models").send();
    assert_eq!(code(list(("nobody", SECRET)).await), "InvalidAccessKeyId");
    give(&bench, "reader", policy(&["s3:ListBucket"], &["s3:GetObject"]));
    assert_eq!(code(list(("reader", SECRET)).await), "done");
    assert_eq!(code(list(("reader", "another-secret")).await), "SignatureDoesNotMatch");
    bench.store.with(|s| s.keys.get_mut("reader").map(|k| k.policies.clear())).expect("the key");
    assert_eq!(code(list(("reader", SECRET)).await), "AccessDenied");
    assert_eq!(code(bench.client(("reader", SECRET)).list_buckets().send().await), "AccessDenied");
    bench.store.with(|s| s.keys.get_mut("reader").map(|k| k.enabled = false)).expect("the key");
    assert_eq!(code(list(("reader", SECRET)).await), "InvalidAccessKeyId");
}
