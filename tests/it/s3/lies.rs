//! Servers that break the rules, seen by the program: each breach is said, no list is short without a word,
//! and everything ends.

use super::run;
use super::wire::{Answer, Asked, Lying};
use crate::program::Said;
use serde_json::Value;

/// Runs `s3` at a server that answers so.
async fn s3(server: &Lying, args: &[&str]) -> Said {
    let home = tempfile::tempdir().expect("a temporary directory");
    run(home.path(), &[&["s3", "--endpoint", &server.url, "--unsigned"][..], args].concat()).await
}

fn keys(said: &Said) -> Vec<String> {
    let rows: Vec<Value> = said.json();
    rows.iter().filter_map(|row| row["key"].as_str().map(str::to_owned)).collect()
}

/// Which page is asked for, by the token or by the key behind which it begins.
fn place(asked: &Asked) -> &str {
    asked.value("continuation-token").or_else(|| asked.value("start-after")).unwrap_or_default()
}

#[tokio::test]
async fn every_breach_is_said_and_the_list_is_whole() {
    type Server = fn(&Asked) -> Answer;
    let cases: [(&str, Server, &[&str], &str); 4] = [
        (
            "no token",
            |asked| match place(asked) {
                "" => Answer::listing(&["a", "b"], true, None),
                _ => Answer::listing(&["c"], false, None),
            },
            &["a", "b", "c"],
            "there is more and not where",
        ),
        (
            "an end with a token",
            |asked| match place(asked) {
                "" => Answer::listing(&["a"], false, Some("t")),
                _ => Answer::listing(&["b"], false, None),
            },
            &["a", "b"],
            "there was more",
        ),
        ("an order of its own", |_| Answer::listing(&["b", "a"], false, None), &["b", "a"], "do not come in the order"),
        ("a key outside", |_| Answer::listing(&["a", "x"], false, None), &["a"], "outside of the prefix"),
    ];
    for (name, answer, expected, words) in cases {
        let server = Lying::start(answer).await;
        let address = if name == "a key outside" { "s3://bucket/a" } else { "s3://bucket" };
        let said = s3(&server, &["--json", "ls", "-r", address]).await;
        assert_eq!(
            (said.code, keys(&said)),
            (Some(0), expected.iter().map(|k| (*k).to_owned()).collect()),
            "{name}: {said:?}"
        );
        assert!(said.err.contains(words), "{name}: {said:?}");
    }
}

#[tokio::test]
async fn a_circle_and_endless_emptiness_end_with_a_failure() {
    let server = Lying::start(|_| Answer::listing(&["a"], true, Some("t"))).await;
    let said = s3(&server, &["--json", "ls", "-r", "s3://bucket"]).await;
    assert_eq!((said.code, keys(&said)), (Some(1), vec!["a".to_owned()]), "{said:?}");
    assert!(said.err.contains("the list may be short") && said.err.contains("help:"), "{said:?}");
    assert_eq!(server.asked(), 2);
    let server = Lying::start(|asked| Answer::listing(&[], true, Some(&format!("t{}", asked.number)))).await;
    let said = s3(&server, &["ls", "-r", "s3://bucket"]).await;
    assert!(said.code == Some(1) && said.err.contains("a thousand pages in a row"), "{said:?}");
}

#[tokio::test]
async fn a_busy_server_and_a_torn_page_are_asked_again() {
    let server = Lying::start(|asked| match asked.number {
        0 => Answer::error(503, "SlowDown"),
        1 => Answer::listing(&["a"], false, None).torn(120),
        _ => Answer::listing(&["a"], false, None),
    })
    .await;
    let said = s3(&server, &["--json", "ls", "-r", "s3://bucket"]).await;
    assert_eq!((said.code, keys(&said), server.asked()), (Some(0), vec!["a".to_owned()], 3), "{said:?}");
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up_with_the_reason() {
    for (answer, words) in [
        (Answer::error(503, "SlowDown"), "SlowDown"),
        (Answer::nothing(), "cut"),
        (Answer::listing(&["a"], false, None).torn(120), "cannot be read"),
    ] {
        let server = Lying::start(move |_| answer.clone()).await;
        let said = s3(&server, &["ls", "s3://bucket"]).await;
        assert_eq!((said.code, said.out.as_str(), server.asked()), (Some(1), "", 4), "{said:?}");
        assert!(said.err.contains(words) && said.err.contains("help:"), "{words}: {said:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_asked_again() {
    for (status, code, exit) in [(403, "AccessDenied", 1), (404, "NoSuchBucket", 1), (501, "NotImplemented", 1)] {
        let server = Lying::start(move |_| Answer::error(status, code)).await;
        for args in [
            &["ls", "s3://bucket"][..],
            &["tree", "s3://bucket"],
            &["cat", "s3://bucket/k"],
            &["versions", "s3://bucket"],
        ] {
            let before = server.asked();
            let said = s3(&server, args).await;
            assert_eq!((said.code, server.asked() - before), (Some(exit), 1), "{args:?}: {said:?}");
            // The answer to a HEAD, by which `cat` begins, has no code.
            let of_head = said.err.contains(&status.to_string()) || said.err.contains("there is none");
            assert!(said.err.contains(code) || args[0] == "cat" && of_head, "{args:?}: {said:?}");
        }
    }
}

#[tokio::test]
async fn an_object_that_changes_under_a_torn_read_is_never_mixed() {
    let answer = |asked: &Asked| match asked.number {
        // The look at it, then the first answer with its bytes.
        0 => Answer::bytes(&[b'x'; 1000]),
        1 => Answer::bytes(&[b'x'; 1000]).torn(500),
        // The condition is ignored, and another object is there.
        _ => Answer(vec![(
            std::time::Duration::ZERO,
            [&b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\netag: \"other\"\r\n\r\n"[..], &[b'y'; 1000]].concat(),
        )]),
    };
    let server = Lying::start(answer).await;
    let said = s3(&server, &["cat", "s3://bucket/k"]).await;
    assert!(
        said.code == Some(1) && said.err.contains("changed while it was read") && !said.out.contains('y'),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_server_without_ranges_still_gives_the_whole_object() {
    let body: Vec<u8> = (0..2000_u32).map(|n| b'a' + u8::try_from(n % 26).expect("it is small")).collect();
    let whole = String::from_utf8(body.clone()).expect("letters");
    let server = Lying::start(move |asked| match asked.number {
        1 => Answer::bytes(&body).torn(900),
        _ => Answer::bytes(&body),
    })
    .await;
    let said = s3(&server, &["cat", "s3://bucket/k"]).await;
    assert_eq!((said.code, said.out), (Some(0), whole));
    let ranged =
        server.seen.lock().expect("no test panics while it holds this").iter().filter(|a| a.range.is_some()).count();
    assert_eq!(ranged, 1);
}
