//! What comes over wires, nearly right: replies of the runner, answers about a host, refusals of the API server,
//! certificates, and what OpenSSH says.

use super::kube_answers::{self, Call};
use super::{certificate, explain, frames, looks};
use crate::base::fuzz::{self, Dice};
use crate::plan::Failure;
use crate::ports::cluster::{Kind, ObjectRef};
use crate::ports::trust::{Clocks, Lasts};
use crate::ports::{Look, Seen};
use futures_util::FutureExt as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use serde_json::{Value, json};
use std::sync::LazyLock;

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("a slice never waits")
}

/// Fails where a failure says what a terminal would act on, or more than anybody reads.
#[track_caller]
fn told(failure: &Failure) {
    fuzz::shown(&failure.line(), 20_000);
    failure.hint.iter().for_each(|hint| fuzz::shown(hint, 2000));
}

#[test]
fn any_reply_is_read_as_far_as_it_says_or_refused() {
    let replies: [&[u8]; 6] = [
        b"7 0 5 3\nhelloerrnext",
        b"7 255 0 0\n",
        b"7 late 3 0\nout",
        b"7 unsent 0 0\n",
        b"7 0 16777216 262144\nshort",
        b"8 0 2 0\nok",
    ];
    let (mut read, mut refused) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let mut wire = dice.one(&replies).to_vec();
        fuzz::bend(dice, &mut wire);
        let mut rest = wire.as_slice();
        match now(frames::read_reply(&mut rest, 7)) {
            Ok(reply) => {
                read += 1;
                assert!(reply.out.len() + reply.err.len() + rest.len() < wire.len());
            }
            Err(broken) => {
                refused += 1;
                fuzz::shown(&broken.to_string(), 400);
            }
        }
    });
    fuzz::both(read, refused);
    let mut large = b"7 0 16777216 0\n".to_vec();
    large.resize(large.len() + (16 << 20), b'\n');
    let reply = fuzz::soon("a reply of 16 MiB", || now(frames::read_reply(&mut large.as_slice(), 7)));
    assert_eq!(reply.expect("it is whole").out.len(), 16 << 20);
    let line = vec![b'7'; 10_000_000];
    fuzz::soon("a line of 10 MB", || now(frames::read_reply(&mut line.as_slice(), 7)).expect_err("it is no reply"));
}

#[test]
fn any_answer_about_a_host_is_one_for_each_question_or_refused() {
    let at = [
        Look::file("/etc/x"),
        Look::Sha256 { path: "/etc/x".into() },
        Look::Unit { name: "modelquay-r-s-1".into() },
        Look::Service { name: "rke2-server.service".into() },
        Look::Kernel { name: "fs.inotify.max_user_watches".into() },
        Look::Program { name: "curl".into() },
    ];
    let service = "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=2\n";
    let answers: [Vec<String>; 6] = [
        vec![
            "file file 640 0 4 3 3\na\nb".into(),
            "file dir 700 0 0 4096 0\n".into(),
            "absent\n".into(),
            "error\n".into(),
        ],
        vec![format!("sha256 {}\n", "aA".repeat(32)), "absent\n".into()],
        vec!["unit finished 3\n".into(), "unit running\n".into(), "unit lost\n".into(), "unit finished \n".into()],
        vec![format!("text {}\n{service}", service.len()), "absent\n".into()],
        vec!["text 5\n8192\n".into(), "absent\n".into()],
        vec!["text 13\n/usr/bin/curl".into(), "absent\n".into()],
    ];
    let (mut read, mut refused) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let whole: String = answers.iter().map(|of| of[dice.below(of.len())].as_str()).collect();
        let mut wire = whole.into_bytes();
        fuzz::bend(dice, &mut wire);
        match looks::decode(&at, &wire) {
            Ok(seen) => {
                read += 1;
                assert_eq!(seen.len(), at.len());
                let held: usize = seen
                    .iter()
                    .map(|seen| match seen {
                        Seen::File(file) => file.bytes.len(),
                        Seen::Text(text) => text.len() / 3,
                        _ => 0,
                    })
                    .sum();
                assert!(held <= wire.len());
            }
            Err(failure) => {
                refused += 1;
                told(&failure);
            }
        }
    });
    fuzz::both(read, refused);
    let flood = fuzz::large("a=b\n");
    let wire = format!("text {}\n{flood}", flood.len());
    fuzz::soon("a large service", || looks::decode(&at[3..4], wire.as_bytes()).is_ok());
}

/// A refusal as it is meant; made once, because making one takes longer than reading it.
static REFUSAL: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "kind": "Status", "status": "Failure", "reason": "Conflict", "code": 0,
        "message": "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using v1: .spec.type",
        "details": {"name": "minio", "kind": "services", "causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using v1", "field": ".spec.type"},
            {"reason": "FieldValueInvalid", "message": "Invalid value: \"x\": must be a label", "field": "metadata.name"},
        ]},
    })
});

fn refusal(dice: &mut Dice) -> (u16, Value) {
    let code = [400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504, 0, 999][dice.below(13)];
    let mut value = REFUSAL.clone();
    value["code"] = code.into();
    (code, value)
}

#[test]
fn any_refusal_of_the_api_server_is_a_failure_in_words() {
    let what = ObjectRef::new(Kind::Service, "models", "minio");
    fuzz::each(fuzz::CASES, |dice| {
        let (code, mut value) = refusal(dice);
        fuzz::bend_json(dice, &mut value);
        let mut body = value.to_string().into_bytes();
        if dice.once_in(3) {
            fuzz::bend(dice, &mut body);
        }
        let call = if dice.once_in(2) { Call::write("apply", &what) } else { Call::read("list", &what) };
        told(&kube_answers::failure(&call, code, &body));
        if let Err(failure) = kube_answers::json(&call, &body) {
            told(&failure);
        }
    });
    let call = Call::write("apply", &what);
    let causes: Vec<Value> = (0..fuzz::LARGE / 50).map(|n| json!({"field": format!("f{n}"), "message": "m"})).collect();
    let reason = |reason: &str| json!({"reason": reason, "message": "a \"b\"", "field": "f"});
    let managers: Vec<Value> = (0..fuzz::LARGE / 100).map(|_| reason("FieldManagerConflict")).collect();
    for body in [
        json!({"message": fuzz::large("x")}).to_string(),
        json!({"message": "x", "details": {"causes": causes}}).to_string(),
        json!({"message": "x", "details": {"causes": managers}}).to_string(),
        fuzz::large("["),
        fuzz::large("{\"a\":"),
        fuzz::large("\u{1b}"),
    ] {
        told(&fuzz::soon("a large refusal", || kube_answers::failure(&call, 409, body.as_bytes())));
    }
}

/// A CA, what it signed, and a certificate with every kind of name.
fn certificates() -> [Vec<u8>; 3] {
    let key = || KeyPair::generate().expect("a key can be made");
    let named = |name: &str| {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names are right names");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params
    };
    let (mut ca, ca_key) = (named("rke2-server-ca@1790000000"), key());
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = ca.self_signed(&ca_key).expect("it signs itself").der().to_vec();
    let mut leaf = named("system:node:edge-07");
    leaf.subject_alt_names = vec![
        SanType::DnsName("minio.model-registry.svc.cluster.local".try_into().expect("ASCII")),
        SanType::IpAddress("10.0.0.5".parse().expect("an address")),
        SanType::IpAddress("fd00::5".parse().expect("an address")),
        SanType::Rfc822Name("a@example".try_into().expect("ASCII")),
        SanType::URI("https://example/x".try_into().expect("ASCII")),
    ];
    let own = leaf.self_signed(&key()).expect("it signs itself").der().to_vec();
    let signed = leaf.signed_by(&key(), &Issuer::new(ca, ca_key)).expect("it signs").der().to_vec();
    [root, signed, own]
}

#[test]
fn any_certificate_is_read_or_is_none() {
    let all = certificates();
    let (mut read, mut none) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let mut der = all[dice.below(all.len())].clone();
        // Most changes of many bytes end at the first of them, so that single ones are as many.
        if dice.once_in(3) {
            fuzz::bend(dice, &mut der);
        } else {
            let at = dice.below(der.len());
            der[at] = u8::try_from(dice.below(256)).unwrap_or_default();
        }
        match certificate::read(&der) {
            Some(found) => {
                read += 1;
                for text in [&found.subject, &found.issuer, &found.key] {
                    fuzz::shown(text, 200);
                }
                found.names.iter().for_each(|name| fuzz::shown(&name.to_string(), 200));
                assert_eq!(found.sha256.len(), 95);
                let _ = (found.lasts(dice.draw()), found.named("10.0.0.5"));
            }
            None => none += 1,
        }
        // A signature costs as much as fifty certificates.
        if dice.once_in(50) {
            let _ = certificate::anchor(&[&der, &all[0]], &[&all[2], &all[0]]);
        }
    });
    fuzz::both(read, none);
    for (what, der) in
        [("zeros", vec![0; 10_000_000]), ("sequences", vec![0x30; 10_000_000]), ("lengths", vec![0x84; 10_000_000])]
    {
        fuzz::soon(what, || certificate::read(&der));
    }
    let mut many = CertificateParams::new(Vec::<String>::new()).expect("no names are right names");
    many.subject_alt_names =
        (0..20_000).map(|n| SanType::DnsName(format!("h{n}.example").try_into().expect("ASCII"))).collect();
    let der = many.self_signed(&KeyPair::generate().expect("a key")).expect("it signs itself").der().to_vec();
    let found = fuzz::soon("20,000 names", || certificate::read(&der)).expect("a certificate");
    assert!(found.names.len() <= 256, "{} names", found.names.len());
}

#[test]
fn any_clocks_can_be_compared() {
    let edges = [0, 1, 499, 500, 86_400_000, u64::MAX, u64::MAX - 1, i64::MAX as u64, 1 << 63];
    fuzz::each(fuzz::CASES, |dice| {
        let mut pick = || if dice.once_in(2) { edges[dice.below(edges.len())] } else { dice.draw() };
        let (a, b, c) = (pick(), pick(), pick());
        let _ = Lasts::of(a, b, c).holds();
        let clocks = Clocks::of_header(a, b, c);
        let _ = (clocks.skew(), clocks.ahead_ms());
        let text = crate::base::clock::utc_text(a);
        assert!(text.len() >= 20 && text.ends_with('Z'), "{text}");
    });
}

#[test]
fn any_words_of_openssh_are_explained_harmlessly() {
    let lines = [
        "ssh: Could not resolve hostname nohost: Name or service not known\r",
        "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r",
        "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r",
        "Offending ED25519 key in /home/tech/.ssh/known_hosts:3\r",
        "Host key verification failed.\r",
        "kex_exchange_identification: banner line contains invalid characters\r",
        "banner exchange: Connection from 10.0.0.1 port 22: invalid format\r",
        "** WARNING: connection is not using a post-quantum key exchange algorithm.\r",
        "tech@10.0.0.1: Permission denied (publickey,password).\r",
        "Timeout, server 10.0.0.1 not responding.\r",
        "client_loop: send disconnect: Broken pipe\r",
        "\u{1b}]0;welcome\u{7}Welcome to \u{1b}[1mEdge\u{1b}[0m",
    ];
    fuzz::each(fuzz::CASES, |dice| {
        let log = fuzz::some_lines(dice, &lines, 3).join("\n");
        let log = fuzz::bend_text(dice, &log);
        told(&explain::failure("edge", &log));
        fuzz::shown(&explain::loss(&log), 240);
    });
    for log in ["@\n", "a\u{1b}[", "\u{1b}]", "x", "\r"].map(fuzz::large) {
        told(&fuzz::soon("a large log", || explain::failure("edge", &log)));
    }
}
