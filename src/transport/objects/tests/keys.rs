use super::{Bench, at, bytes, whole};
use crate::ports::objects::{ListQuery, Notes, Objects, OnlyIf};
use crate::transport::simulated::s3::store::Keeps;

/// Keys as people and programs make them.
fn nasty() -> Vec<String> {
    let long = "x".repeat(1024);
    let wide = "ü".repeat(512);
    let mut keys: Vec<String> = [
        "a b",
        "a+b",
        "a%20b",
        "a%2Bb",
        "100%",
        "%",
        "+",
        " lead",
        "trail ",
        "d//e",
        "d///",
        "f/",
        "g/../h",
        "./i",
        "j?k=l",
        "m#n",
        "o&p<q>\"'",
        "r\\s",
        "t\u{1}u",
        "v\u{1b}[2Jw",
        "x\ny",
        "z\tA",
        "B\u{202e}C",
        "D\u{feff}",
        "E\u{fffd}",
        "\u{10ffff}",
        "ключ",
        "鍵/模型",
        "F:G*H|I",
        "~J",
        "K;L,M=N@O$P!",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.extend([long, wide]);
    keys
}

#[tokio::test]
async fn keys_of_every_kind_are_listed_as_they_are_and_acted_on_exactly() {
    let bench = Bench::new(Keeps::On);
    let mut keys = nasty();
    for key in &keys {
        let body = key.clone().into_bytes().into();
        let put = bench.s3.put(&at(key), body, &Notes::default(), None, &OnlyIf::Always).await;
        put.unwrap_or_else(|e| panic!("{key:?} cannot be written: {e}"));
    }
    keys.sort_unstable();
    let query = ListQuery { bucket: "models".to_owned(), ..ListQuery::default() };
    let listed = bench.s3.list(&query).await.expect("they are listed").objects;
    assert_eq!(listed.iter().map(|o| o.key.clone()).collect::<Vec<_>>(), keys);
    let versions = bench.s3.list_versions(&query, None).await.expect("they are listed").rows;
    assert_eq!(versions.iter().map(|o| o.key.clone()).collect::<Vec<_>>(), keys);
    for key in &keys {
        let got = bench.s3.get(&whole(key)).await.unwrap_or_else(|e| panic!("{key:?} cannot be read: {e}"));
        assert_eq!(bytes(got).await, key.as_bytes());
        let prefixed = ListQuery { prefix: key.clone(), max: Some(1), ..query.clone() };
        let found = bench.s3.list(&prefixed).await.expect("a page").objects;
        assert!(found.first().is_some_and(|o| o.key.starts_with(key.as_str())), "{key:?}");
        let after = ListQuery { start_after: Some(key.clone()), max: Some(1), ..query.clone() };
        let behind = bench.s3.list(&after).await.expect("a page").objects.first().map(|o| o.key.clone());
        let expected = keys.iter().find(|k| *k > key).cloned();
        assert_eq!(behind, expected, "behind {key:?}");
    }
    let of: Vec<_> = keys.iter().map(|k| (k.clone(), None)).collect();
    let gone = bench.s3.delete_many("models", &of).await.expect("they are deleted");
    assert!(gone.iter().all(|d| d.error.is_none()), "{gone:?}");
    assert_eq!(gone.len(), keys.len());
    assert!(bench.s3.list(&query).await.expect("a page").objects.is_empty());
}

#[tokio::test]
async fn folded_prefixes_are_decoded_too() {
    let bench = Bench::new(Keeps::Off);
    for key in ["a +%/x", "b/y", "//z", "c\u{1}/w", "top"] {
        bench.put(key, "x").await;
    }
    let query = ListQuery { bucket: "models".to_owned(), folded: true, ..ListQuery::default() };
    let page = bench.s3.list(&query).await.expect("a page");
    assert_eq!(page.prefixes, ["/", "a +%/", "b/", "c\u{1}/"]);
    assert_eq!(page.objects.len(), 1);
    let deeper = ListQuery { prefix: "/".to_owned(), ..query.clone() };
    assert_eq!(bench.s3.list(&deeper).await.expect("a page").prefixes, ["//"]);
    // Pages of one row each, with tokens.
    let mut token = None;
    let mut rows = 0;
    loop {
        let asked = ListQuery { max: Some(1), token: token.clone(), ..query.clone() };
        let page = bench.s3.list(&asked).await.expect("a page");
        rows += page.objects.len() + page.prefixes.len();
        match page.next {
            Some(next) => token = Some(next),
            None => break assert!(!page.truncated),
        }
    }
    assert_eq!(rows, 5);
}
