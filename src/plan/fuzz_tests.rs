//! What hosts answer, nearly right: facts, judged as they are, answers of sources, and the words of failures.

use super::asked::{self, Asked};
use super::components::Components;
use super::facts::Facts;
use super::preflight;
use super::site::{Proxy, Reach, Site, SshReach};
use super::{Failure, failures};
use crate::base::fuzz::{self, Dice};

const HOSTS: [&str; 4] = [
    include_str!("../../tests/fixtures/facts/ubuntu-22.04.txt"),
    include_str!("../../tests/fixtures/facts/ubuntu-24.04.txt"),
    include_str!("../../tests/fixtures/facts/debian-12.txt"),
    include_str!("../../tests/fixtures/facts/bad.txt"),
];

fn site() -> Site {
    let ssh = SshReach { destination: "tech@edge-07".into(), ..SshReach::default() };
    let mut site = Site::with_defaults("edge-07".parse().expect("a name"), Reach::Ssh(ssh));
    site.supply.proxy = Some(Proxy { url: "http://10.42.0.9:3128".into(), no_proxy: vec!["10.0.0.0/8".into()] });
    site
}

/// Some lines of what a host said, and noise in them.
fn said(dice: &mut Dice, lines: &[&str]) -> Vec<u8> {
    let mut bytes = fuzz::some_lines(dice, lines, 9).join("\n").into_bytes();
    fuzz::bend(dice, &mut bytes);
    bytes
}

/// Every text in a value, also the names in it.
fn texts(value: &serde_json::Value, seen: &mut dyn FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => seen(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| texts(item, seen)),
        serde_json::Value::Object(map) => map.values().for_each(|value| texts(value, seen)),
        _ => {}
    }
}

#[test]
fn any_output_of_a_host_gives_facts_that_can_be_judged_and_shown() {
    let lines: Vec<&str> = HOSTS.iter().flat_map(|host| host.lines()).collect();
    let site = site();
    let asked = Asked::default();
    fuzz::each(fuzz::CASES, |dice| {
        let bytes = said(dice, &lines);
        let facts = Facts::parse(&bytes);
        // Judging is a matter of rows and not of bytes, and each row is judged in any case: a part of the cases will do.
        if dice.once_in(8) {
            let findings = preflight::judge(&site, &facts, &asked, dice.draw());
            for finding in &findings {
                fuzz::shown(&finding.evidence, bytes.len() * 12 + 2000);
                finding.fix.iter().for_each(|fix| fuzz::shown(&fix.text, bytes.len() * 12 + 2000));
            }
            let written = serde_json::to_value(&facts).expect("facts are JSON");
            texts(&written, &mut |text| fuzz::shown(text, 20_000));
            assert_eq!(serde_json::from_value::<Facts>(written).ok().as_ref(), Some(&facts));
        }
    });
}

#[test]
fn a_host_that_says_too_much_is_heard_to_a_bound() {
    for line in [
        "listen=22\t*\tsshd\n",
        "route=10.0.0.0/8\teth0\n",
        "noise=x\n",
        "a",
        "=\t\t\t\t\t\t\t\t\t\t\n",
        "leftover=k3s\t/x\n",
    ] {
        let bytes = fuzz::large(line).into_bytes();
        let facts = fuzz::soon(line, || Facts::parse(&bytes));
        let kept = serde_json::to_string(&facts).expect("facts are JSON").len();
        assert!(kept < 200_000, "{kept} bytes are kept of {line:?}");
        fuzz::soon("judging", || preflight::judge(&site(), &facts, &Asked::default(), 0).len());
    }
}

#[test]
fn any_answer_of_sources_is_put_beside_its_question() {
    let table = Components::load(&[], "amd64").expect("the built-in table");
    let needs = asked::needs(&site(), &table);
    let digest = format!("3\t200\t512\tsha256:{}\t0\t80\t", "a".repeat(64));
    let lines = [
        digest.as_str(),
        "0\t000\t-\t-\t6\t12\tCould not resolve host: x",
        "1\t404\t9\t-\t22\t100\tThe requested URL returned error: 404",
        "99\t200\t1\t-\t0\t1\t",
        "sync_us=368",
        "sync_max_us=6684",
        "sync_dir=/var/lib",
    ];
    let places: usize = needs.iter().map(|need| need.places.len()).sum();
    fuzz::each(fuzz::CASES, |dice| {
        let bytes = said(dice, &lines);
        if let Some(sync) = asked::disk_sync(&bytes) {
            fuzz::shown(&sync.directory, 400);
        }
        // What is asked for is the same each time, and copying it takes longer than reading the answers.
        if dice.once_in(4) {
            let answers = asked::answers(needs.clone(), &bytes);
            let all = answers.iter().flat_map(|(_, answers)| answers);
            assert_eq!(all.clone().count(), places);
            all.flatten().for_each(|answer| fuzz::shown(&answer.said, 400));
        }
    });
    let flood = fuzz::large("0\t200\t1\t-\t0\t1\tx\n").into_bytes();
    fuzz::soon("many answers", || asked::answers(needs, &flood).len());
}

#[test]
fn any_words_are_known_or_not() {
    let lines = [
        "time=\"2026-11-02T10:00:00Z\" level=fatal msg=\"no default routes found in \\\"/proc/net/route\\\"\"",
        "Failed to pull image \"docker.io/x\": toomanyrequests: You have reached your pull rate limit",
        "\"apparmor_parser\": executable file not found in $PATH",
        "write /var/lib/rancher: no space left on device",
        "dial tcp 10.0.0.1:443: connect: connection refused",
        "x509: certificate signed by unknown authority",
    ];
    let (mut known, mut unknown) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let [message, log] = [(); 2].map(|()| {
            let line = dice.one(&lines);
            fuzz::bend_text(dice, line)
        });
        let failure = Failure::permanent(message).because(log.clone());
        let count = if failures::recognise(&failure, [log.as_str()]).is_some() { &mut known } else { &mut unknown };
        *count += 1;
    });
    fuzz::both(known, unknown);
    let large = Failure::permanent("a".repeat(10_000_000)).because("\u{130}".repeat(5_000_000));
    fuzz::soon("10 MB of words", || failures::recognise(&large, []).is_some());
}
