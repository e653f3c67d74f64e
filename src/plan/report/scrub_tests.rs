use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

/// Lines as RKE2, containerd, the operator, MinIO and this program write them.
const ORDINARY: &[&str] = &[
    "Nov 28 15:13:42 edge-07 rke2[812]: time=\"2026-11-28T15:13:42Z\" level=info msg=\"Starting rke2 v1.36.5+rke2r1 (0123abc)\"",
    "time=\"2026-11-28T15:13:44Z\" level=info msg=\"Pod for etcd not synced (pod sandbox not found), retrying\"",
    "E1128 15:14:01.123456     901 kubelet.go:3012] \"Container runtime network not ready\" networkReady=\"NetworkReady=false reason:NetworkPluginNotReady\"",
    "MountVolume.SetUp failed for volume \"configuration\" : secret \"model-registry-configuration\" not found",
    "level=error msg=\"PullImage \\\"docker.io/minio/minio:RELEASE.2025-09-07T16-13-09Z\\\" failed\" error=\"429 Too Many Requests\"",
    "{\"seq\":3,\"at_ms\":1795472191000,\"event\":{\"kind\":\"step-started\",\"step\":\"cluster-start@edge-07\",\"attempt\":1}}",
    "API: SYSTEM.storage; Time: 15:14:09 UTC 11/28/2026; Error: disk not found (*errors.errorString)",
    "cluster-start@edge-07 fetches https://github.com/rancher/rke2/releases/download/v1.36.5%2Brke2r1/rke2.linux-amd64.tar.gz",
    "image quay.io/minio/operator@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef is there",
    "http://10.77.0.1:5001/v2/library/busybox/manifests/latest?ns=docker.io answers 200",
    "Filesystem     Type  Size  Used Avail Use% Mounted on",
    "/dev/mapper/vg0-root ext4 98G 12G 81G 13% /var/lib/rancher/rke2/agent/containerd/io.containerd.snapshotter",
    "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP inet6 fe80::5054:ff:fe12:3456/64",
    "secretName: model-registry-tls",
    "automountServiceAccountToken: true",
    "    token: null",
    "-----BEGIN CERTIFICATE-----",
    "MIIBdzCCAR2gAwIBAgIBADAKBggqhkjOPQQDAjAkMSIwIAYDVQQDDBlya2UyLXNl",
    "-----END CERTIFICATE-----",
    "go on with: modelquay resume edge-07 --credentials-file FILE",
    "https://proxy.golang.org/github.com/minio/mc/@v/v0.1.2.info and https://r.example/pkg@1.2.3 answer 404",
    "pulled https://r.example:5000/library/busybox@sha256:0123456789abcdef",
    "ssh tech@10.77.0.2 is how it is reached; don't forget the jump host",
    "kubernetes.io/service-account.name: default",
    "状态：一切正常",
];

fn scrubbed(text: &str) -> (String, Removed) {
    let mut removed = Removed::default();
    let out = Scrub::new(Redactor::new()).text(text, &mut removed);
    (out, removed)
}

#[test]
fn ordinary_lines_stay_as_they_are() {
    for line in ORDINARY {
        assert_eq!(scrubbed(line), ((*line).to_owned(), Removed::default()));
    }
    let all = ORDINARY.join("\n");
    assert_eq!(scrubbed(&all), (all.clone(), Removed::default()));
}

/// A secret in the forms in which it is met. `{}` stands for it; it is one word of the letters of base64.
const FORMS: &[&str] = &[
    "password: {}",
    "    password: \"{}\"",
    "- password: '{}' ",
    "password = {}",
    "secret_key = \"{}\"",
    "export MINIO_ROOT_PASSWORD=\"{}\"",
    "MINIO_ROOT_PASSWORD={}",
    "  aws_secret_access_key={}",
    "2026-11-28 level=info msg=\"login\" password={} user=x",
    "msg=\"login with password={} refused\" user=x",
    "{\"username\":\"u\",\"password\":\"{}\",\"x\":1}",
    "{\"msg\":\"sent {\\\"password\\\":\\\"{}\\\",\\\"x\\\":1}\"}",
    "{\"a\":\"{\\\"b\\\":\\\"{\\\\\\\"token\\\\\\\":\\\\\\\"{}\\\\\\\"}\\\"}\"}",
    "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"{}\"}}}",
    "identitytoken: {}",
    "      identity_token: {} # ours",
    "auth: {username: {}, password: {}}",
    "https://user:{}@registry.example:5000/v2/",
    "endpoint = \"http://{}@mirror.example\"",
    "GET https://proxy.example/?u=https://a:{}@b/ failed",
    "get \"https://host:9000/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F1&X-Amz-Signature={}\": EOF",
    "GET /b/k?versionId=1&X-Amz-Security-Token={}&X-Amz-Expires=60 HTTP/1.1",
    "redirect=https%3A%2F%2Fh%2Fk%3FX-Amz-Signature%3D{}",
    "https://store.example/k?sv=1&sig={}",
    "Authorization: Bearer {}",
    "authorization: {} and more",
    "> Proxy-Authorization: Basic {}",
    "\"headers\":{\"Authorization\":[\"AWS4-HMAC-SHA256 Credential=x, Signature={}\"]}",
    "curl -H 'X-Auth-Token: {}' http://h/",
    "Set-Cookie: token={}; Path=/",
    "token: K10aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd0123::server:{}",
    "joined with K100123456789abcdef0123456789abcdef01234567::{}.x",
    "the token is a::server:{} now",
    "AGE-SECRET-KEY-1{}",
    "ran ssh-keygen --passphrase {} -f key",
    "args: [\"--token\", \"{}\"]",
    "client-key-data: {}",
    "Environment=\"REGISTRY_TOKEN={} x\"",
    "[{\"name\":\"MINIO_ROOT_PASSWORD\",\"value\":\"{}\"}]",
    "- name: DB_PASS\n  value: {}",
    "password: |\n  {}\n  {}\nnext: 1",
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{}{}{}\n{}\n-----END RSA PRIVATE KEY-----",
    "  key: |\n    -----BEGIN PRIVATE KEY-----\n    {}\n    {}\n    -----END PRIVATE KEY-----",
    "{\"key\":\"-----BEGIN EC PRIVATE KEY-----\\n{}\\n{}\\n-----END EC PRIVATE KEY-----\\n\"}",
    "Nov 28 host x[1]: -----BEGIN OPENSSH PRIVATE KEY-----\nNov 28 host x[1]: {}\nNov 28 host x[1]: {}\nNov 28 host x[1]: -----END OPENSSH PRIVATE KEY-----",
    // The text begins within it.
    "{}{}\n{}\n-----END RSA PRIVATE KEY-----",
    // It ends within it.
    "-----BEGIN RSA PRIVATE KEY-----\n{}{}{}",
    "{\"key\":\"-----BEGIN PRIVATE KEY-----\\n{}\\n{}",
];

/// The same within base64.
fn forms_in_base64(secret: &str) -> Vec<String> {
    let key = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
    let env = format!("export MINIO_ROOT_USER=\"admin\"\nexport MINIO_ROOT_PASSWORD=\"{secret}\"\n");
    [key, env].iter().map(|text| format!("  data: {} # x", STANDARD.encode(text))).collect()
}

/// Whether a secret, or a larger part of it, is in a text, also in base64.
fn holds(text: &str, secret: &str) -> bool {
    let forms = crate::base::redact::disguises(secret.as_bytes());
    let half = secret.get(..secret.len() / 2).unwrap_or_default();
    forms.iter().any(|form| text.as_bytes().windows(form.len()).any(|window| window == *form)) || text.contains(half)
}

#[test]
fn each_form_is_found() {
    let secret = "hunter2/Xq+93Canary7";
    for form in FORMS {
        let (out, removed) = scrubbed(&form.replace("{}", secret));
        assert!(!holds(&out, secret) && !removed.is_empty(), "{form}\nbecame\n{out}");
    }
    for text in forms_in_base64(secret) {
        let (out, removed) = scrubbed(&text);
        assert!(!holds(&out, &STANDARD.encode(secret)) && !removed.is_empty(), "{text}\nbecame\n{out}");
        assert_eq!(out, format!("  data: {MARK} # x"));
    }
}

#[test]
fn what_stands_around_a_secret_stays() {
    for (text, expected) in [
        ("level=info password=abcdef user=x", "level=info password=[secret] user=x"),
        ("{\"password\":\"a\\\"b\",\"x\":1}", "{\"password\":\"[secret]\",\"x\":1}"),
        ("http://u:p/w@h:1/x?y=1", "http://[secret]@h:1/x?y=1"),
        ("https://h/k?X-Amz-Signature=1&b=2 200 OK", "https://h/k?[secret] 200 OK"),
        ("password: it's \"x\" y", "password: [secret]"),
        ("Authorization: Bearer abc.def", "Authorization: [secret]"),
        ("{password: a b, x: 1}", "{password: [secret], x: 1}"),
        ("username: system:admin", "username: system:admin"),
        ("a\u{1b}[31mb\u{7}\tc\u{202e}", "ab c<U+202E>"),
        ("pass\u{1b}[0mword: x1", "password: [secret]"),
    ] {
        assert_eq!(scrubbed(text).0, expected);
    }
}

#[test]
fn a_known_secret_goes_whatever_stands_around_it() {
    let known = Redactor::new();
    known.learn("correct-horse");
    let mut removed = Removed::default();
    let out = Scrub::new(known).text("it was correct-horse, twice: correct-horse", &mut removed);
    assert_eq!(out, "it was [secret], twice: [secret]");
    assert_eq!(removed.words(), "2 keys of this site");
}

#[test]
fn a_line_without_end_is_cut_behind_a_whole_word() {
    let secret = "k".repeat(40);
    for before in LINE - 60..LINE + 5 {
        let text = format!("{} {secret} {}", "x".repeat(before), "y".repeat(LINE));
        let (out, _) = scrubbed(&text);
        assert!(out.len() <= LINE + 3 && out.ends_with('…'));
        assert!(!out.contains('k') || out.contains(&secret), "half of a word was left at {before}");
    }
}

#[test]
fn values_are_found_by_the_names_of_variables_and_maps() {
    let mut value = serde_json::json!({
        "env": [{"name": "A_PASSWORD", "value": "canary-1"}, {"name": "A", "value": "b"}],
        "args": ["server", "--token", "canary-2", "x"],
        "data": {"passphrase": "canary-3", "config": "token: canary-4\nport: 1\n", "pin_token": 77},
        "secret": {"secretName": "stays"}, "credentials": ["canary-5"], "username": "system:admin",
    });
    let mut removed = Removed::default();
    Scrub::new(Redactor::new()).value(&mut value, &mut removed);
    let text = value.to_string();
    assert!(!text.contains("canary") && !text.contains("77"), "{text}");
    for stays in ["\"b\"", "\"server\"", "port: 1", "stays", "system:admin"] {
        assert!(text.contains(stays), "{stays}: {text}");
    }
}

/// A secret as people and programs make them.
fn secret() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9+/]{14,30}[0-9][A-Za-z]"
}

/// A part of a text: an ordinary line, or one that holds a secret.
#[derive(Clone, Debug)]
enum Part {
    Ordinary(usize),
    Form(usize),
    Base64(usize),
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let part = prop_oneof![
        (0..ORDINARY.len()).prop_map(Part::Ordinary),
        (0..FORMS.len()).prop_map(Part::Form),
        (0..2usize).prop_map(Part::Base64),
    ];
    prop::collection::vec(part, 1..12)
}

proptest! {
    #[test]
    fn no_secret_comes_out_of_any_text(secret in secret(), parts in parts()) {
        let text: Vec<String> = parts.iter().map(|part| match part {
            Part::Ordinary(n) => ORDINARY[*n].to_owned(),
            Part::Form(n) => FORMS[*n].replace("{}", &secret),
            Part::Base64(n) => forms_in_base64(&secret)[*n].clone(),
        }).collect();
        let (out, _) = scrubbed(&text.join("\n"));
        prop_assert!(!holds(&out, &secret), "{}\nbecame\n{out}", text.join("\n"));
        let again = scrubbed(&out).0;
        prop_assert!(!holds(&again, &secret));
    }

    #[test]
    fn ordinary_lines_stay_beside_secrets(secret in secret(), form in 0..FORMS.len() - 3, line in 0..ORDINARY.len()) {
        // The last forms are cut keys, beside which more may go.
        let text = format!("{}\n\n{}", FORMS[form].replace("{}", &secret), ORDINARY[line]);
        let (out, _) = scrubbed(&text);
        prop_assert_eq!(out.lines().last(), Some(ORDINARY[line]));
    }

    #[test]
    fn any_text_becomes_harmless_lines(text in ".{0,400}|[ -~\n]{0,400}", cut in 0usize..400) {
        let end = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (out, _) = scrubbed(&text[..end]);
        prop_assert!(!out.chars().any(|c| c.is_control() && c != '\n'));
        prop_assert_eq!(out.split('\n').count(), text[..end].split('\n').count());
    }
}
