//! Reports about a site on good and on bad days, and its keys once more.

use crate::canary::{leaks, secrets};
use crate::lost::Losing;
use crate::program::Said;
use crate::stage::{Life, Stage};
use crate::state::REGISTRY;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modelquay::app::Exit;
use modelquay::app::credentials::Wanted;
use modelquay::app::keys_file::{self, Lies};
use modelquay::base::Secret;
use modelquay::engine::step::Moment;
use modelquay::plan::{Failure, StepKind};
use modelquay::transport::archive;
use modelquay::transport::simulated::BadDay;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// Secrets that are planted wherever somebody could have left one.
const CANARY: &str = "canary/Xq93+hunter2Zk";

/// A private key that looks like one.
fn private_key() -> String {
    let lines: Vec<String> = (0..6).map(|n| STANDARD.encode(format!("{CANARY} {n} of the key's own lines"))).collect();
    format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", lines.join("\n"))
}

/// The files of an archive by their names without its directory, in their order.
fn unpacked(path: &Path) -> (Vec<String>, BTreeMap<String, String>) {
    let plain = archive::unzipped(&fs::read(path).expect("it was written"), 1 << 30);
    let (mut names, mut files) = (Vec::new(), BTreeMap::new());
    for entry in tar::Archive::new(plain.as_slice()).entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("it has one").display().to_string();
        let (top, name) = name.split_once('/').expect("all lies in one directory");
        assert!(top.starts_with("modelquay-report-edge-07-2"), "{top}");
        let name = name.to_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("each is text");
        names.push(name.clone());
        files.insert(name, text);
    }
    (names, files)
}

/// Ends with the archive of a report that must succeed.
async fn reported(stage: &Stage, world: Arc<dyn modelquay::ports::World>) -> BTreeMap<String, String> {
    let path = stage.path("report.tar.gz");
    let (exit, words) = stage.report(world, &path, true).await;
    assert_eq!(exit, Exit::Done, "{words:?}");
    assert!(words[0].contains(&path.display().to_string()), "{words:?}");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
    let (names, files) = unpacked(&path);
    assert_eq!(names.first().map(String::as_str), Some("MANIFEST.txt"));
    // What was shown is what is in it.
    for line in files["MANIFEST.txt"].lines() {
        assert!(stage.shown().contains(line), "{line:?} was not shown");
    }
    for name in names.iter().skip(1) {
        assert!(files["MANIFEST.txt"].contains(&format!("  {name}")), "{name} is not in the manifest");
    }
    fs::remove_file(&path).expect("it is ours");
    files
}

#[track_caller]
fn has(files: &BTreeMap<String, String>, ending: &str, words: &str) {
    let found = files.iter().find(|(name, _)| name.ends_with(ending));
    let (_, text) = found.unwrap_or_else(|| panic!("{ending} is not among {:?}", files.keys()));
    assert!(text.contains(words), "{words:?} is not in {ending}:\n{text}");
}

#[track_caller]
fn no_leak(stage: &Stage, files: &BTreeMap<String, String>, mut secrets: Vec<String>) {
    secrets.push(CANARY.to_owned());
    secrets.extend(private_key().lines().filter(|line| !line.starts_with('-')).map(str::to_owned));
    for (name, text) in files {
        assert!(!leaks(text.as_bytes(), &secrets), "a secret is in {name}:\n{text}");
    }
    assert!(!leaks(stage.shown().as_bytes(), &secrets), "a secret was shown");
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).expect("it is there");
    fs::write(path, before + text).expect("it is ours");
}

/// Leaves secrets in every file of this computer that goes into a report, and in what the host and the cluster say.
fn plant(stage: &Stage, keys: &[String]) {
    let run = stage.run().expect("a run was begun");
    let key = private_key();
    append(&run.log(), &format!("tenant@edge-07 password={CANARY}\ntenant@edge-07 the key is {}\n{key}", keys[0]));
    append(&run.journal(), &format!("{{\"seq\":99999,\"said\":\"get https://tech:{CANARY}@mirror.example/v2/\"}}\n"));
    let path = run.path.join("request.json");
    let mut request: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).expect("it is there")).expect("it is JSON");
    let answers = request["answers"].as_str().expect("they are text").to_owned();
    let more = format!("\n# password = \"{CANARY}\"\n# endpoint = \"https://u:{CANARY}@mirror.example\"\n");
    request["answers"] = json!(answers + &more);
    fs::write(&path, request.to_string()).expect("it is ours");
    let sheet = stage.sites().dir("edge-07".parse().expect("a label")).join("hand-over.txt");
    append(&sheet, &format!("secret_key: {CANARY}\n"));

    stage.sim.machine().look(|s, _| {
        let mut put = |path: &str, text: String| s.files.put(path, 0o600, (0, 0), text);
        let containerd = "/var/lib/rancher/rke2/agent/containerd/containerd.log";
        put(containerd, format!("level=error msg=\"pull with Authorization: Basic {CANARY}\"\n{}\n", keys[1]));
        put("/etc/rancher/rke2/config.yaml", format!("token: K10{}::server:{CANARY}\ncni: canal\n", "ab".repeat(32)));
        put(
            "/etc/rancher/rke2/registries.yaml",
            format!("configs:\n  r.example:\n    auth:\n      username: {CANARY}\n      password: >-\n        {CANARY}\n      identity_token: {CANARY}\n"),
        );
        let pod = format!("/var/log/pods/{REGISTRY}/{REGISTRY}-pool-0-0.log");
        put(&pod, format!("GET /b/k?X-Amz-Credential=a&X-Amz-Signature={CANARY} 200\n{}\n", STANDARD.encode(&keys[2])));
        let now = 1_795_472_191_000;
        let meta = |name: &str| json!({"name": name, "namespace": REGISTRY});
        for object in [
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("left"), "data": {"passphrase": CANARY, "x": key}}),
            json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": meta("hidden"),
                "data": {"planted": STANDARD.encode(CANARY)}}),
            json!({"apiVersion": "v1", "kind": "Event", "metadata": meta("told"),
                "message": format!("Failed to pull: https://u:{CANARY}@r.example/v2/: 401")}),
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("other"), "spec": {"containers": [
                {"name": "c", "args": ["--token", CANARY], "env": [{"name": "A_PASSWORD", "value": CANARY}]}]}}),
        ] {
            s.objects.write(&object, now);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_site_is_reported_whole_and_without_its_secrets() {
    let stage = Stage::new();
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::Done, _)), "{life:?}");
    let secrets = secrets(&stage);
    plant(&stage, &secrets);
    let files = reported(&stage, stage.sim.clone()).await;
    no_leak(&stage, &files, secrets);
    for (ending, words) in [
        ("journal.jsonl", "\"kind\":\"run-finished\""),
        ("log.txt", "tenant@edge-07 password=[secret]"),
        ("state.txt", "tenant: Done"),
        ("answers.toml", "registry = \"docker.io\""),
        ("local/versions.txt", concat!("modelquay ", env!("CARGO_PKG_VERSION"))),
        ("local/lock.json", "rke2-package"),
        ("hand-over.txt", "Endpoint"),
        ("host/rke2-server.log", "level=info"),
        ("host/services.txt", "Active: active"),
        ("host/config/config.yaml", "cni: \"canal\""),
        ("host/config/registries.yaml", "password: \"[secret]\""),
        ("host/facts.txt", "hostname=edge-07"),
        ("host/findings.txt", "Pass "),
        ("host/units.txt", "ended with: 0"),
        ("cluster/ready.txt", "answers 200"),
        ("cluster/nodes.yaml", "edge-07"),
        ("cluster/model-registry/tenants.yaml", "kind: \"Tenant\""),
        ("cluster/model-registry/events.yaml", "https://[secret]@r.example/v2/: 401"),
        ("cluster/model-registry/pods.yaml", "A_PASSWORD"),
        ("cluster/model-registry/secrets.txt", "hidden; Type Opaque; Data 1; names of keys planted"),
        ("cluster/model-registry/logs/model-registry-pool-0-0/minio.log", "GET /b/k?[secret] 200"),
        ("cluster/kube-system/helmcharts.txt", "minio-operator"),
        ("cluster/minio-operator/deployments.yaml", "minio-operator"),
    ] {
        has(&files, ending, words);
    }
    assert!(files.keys().any(|name| name.starts_with("host/units/modelquay-")), "{:?}", files.keys());
    let manifest = &files["MANIFEST.txt"];
    assert!(manifest.contains("Removed in all: ") && !manifest.contains("Not taken:"), "{manifest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_install_is_reported_without_its_cluster() {
    let stage = Stage::on(&[BadDay::WrongChecksum]);
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::NeedsHuman, _)), "{life:?}");
    let files = reported(&stage, stage.sim.clone()).await;
    no_leak(&stage, &files, Vec::new());
    has(&files, "MANIFEST.txt", "  cluster: the cluster does not answer: ");
    has(&files, "state.txt", "cluster-images@edge-07: Failed { failure: ");
    let unit = files.iter().find(|(name, text)| name.starts_with("host/units/") && text.contains("wrong checksum"));
    assert!(unit.is_some(), "{:?}", files.keys());
    has(&files, "host/units.txt", "ended with: 65");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_off_install_is_reported_also_where_its_journal_is_damaged() {
    let stage = Stage::new();
    let life = stage.killed_at((StepKind::Keys, Moment::Between(2))).await;
    assert!(matches!(life, Life::Killed), "{life:?}");
    let secrets = secrets(&stage);
    let run = stage.run().expect("a run was begun");
    let whole = fs::read(run.journal()).expect("it is there");
    let files = reported(&stage, stage.sim.clone()).await;
    no_leak(&stage, &files, secrets.clone());
    has(&files, "state.txt", "keys: Running");

    // Torn in the middle of a line, then without anything that could be read.
    fs::write(run.journal(), &whole[..whole.len() - 20]).expect("it is ours");
    let files = reported(&stage, stage.sim.clone()).await;
    has(&files, "state.txt", "torn: true");
    fs::write(run.journal(), [&[0xff, 0, 0x1b, b'[', b'2', b'J'], CANARY.as_bytes()].concat()).expect("it is ours");
    let files = reported(&stage, stage.sim.clone()).await;
    has(&files, "MANIFEST.txt", "state.txt: read ");
    has(&files, "cluster/model-registry/pods.yaml", "kind: \"Pod\"");
    assert!(files.values().all(|text| !text.contains('\u{1b}')));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_here_is_reported_where_nothing_else_answers() {
    let stage = Stage::new();
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::Done, _)), "{life:?}");
    let down = || Failure::permanent(format!("ssh to tech:{CANARY}@edge-07 is refused"));
    // The cluster does not answer.
    let world = Losing::new(&stage, down(), usize::MAX, false);
    let files = reported(&stage, world.clone()).await;
    has(&files, "MANIFEST.txt", "  cluster: the cluster does not answer: ssh to ");
    has(&files, "host/rke2-server.log", "level=info");
    // The host neither.
    world.lose_host();
    let files = reported(&stage, world).await;
    has(&files, "MANIFEST.txt", "  host: ssh to ");
    has(&files, "journal.jsonl", "run-finished");
    assert!(!files.keys().any(|name| name.starts_with("host/") || name.starts_with("cluster/")), "{:?}", files.keys());
    // Nobody knows where the host is.
    let run = stage.run().expect("a run was begun");
    fs::write(run.path.join("request.json"), "{").expect("it is ours");
    let files = reported(&stage, stage.sim.clone()).await;
    has(&files, "MANIFEST.txt", "  host and cluster: read ");
    has(&files, "journal.jsonl", "run-finished");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_without_a_yes_and_nothing_is_overwritten() {
    let stage = Stage::on(&[BadDay::WrongChecksum]);
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::NeedsHuman, _)), "{life:?}");
    let path = stage.path("report.tar.gz");
    let (exit, words) = stage.report(stage.sim.clone(), &path, false).await;
    assert_eq!((exit, words), (Exit::Interrupted, vec!["nothing was written".to_owned()]));
    assert!(stage.shown().contains("Report about the site edge-07"), "{}", stage.shown());
    let left = |name: &str| {
        fs::read_dir(stage.directory())
            .expect("it is ours")
            .flatten()
            .any(|e| e.file_name().to_string_lossy().contains(name))
    };
    assert!(!left("report"));
    fs::write(&path, "another").expect("it is ours");
    let (exit, words) = stage.report(stage.sim.clone(), &path, true).await;
    assert_eq!(exit, Exit::Failed);
    assert!(words.iter().any(|line| line.contains("exists already")), "{words:?}");
    assert!(!stage.shown().contains("Report about"), "nothing was gathered for a file that cannot be written");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "another");
}

/// The program with no terminal to ask on.
async fn without_terminal(home: &Path, args: &[&str]) -> Said {
    let mut command = tokio::process::Command::new("setsid");
    command
        .arg("--wait")
        .arg(env!("CARGO_BIN_EXE_modelquay"))
        .args(args)
        .env("HOME", home)
        .env_remove("XDG_STATE_HOME");
    let output = command.stdin(std::process::Stdio::null()).output().await.expect("setsid is there");
    let text = |bytes| String::from_utf8(bytes).expect("it writes text");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test]
async fn the_commands_refuse_what_they_could_not_finish() {
    let home = tempfile::tempdir().expect("a directory");
    for (args, code, words) in [
        (&["report", "edge-07"][..], 2, "help: --yes agrees beforehand"),
        (&["report", "edge-07", "--yes"], 1, "is no known site"),
        (&["credentials", "edge-07"], 2, "help: name a new file for them with --to"),
        (&["credentials", "edge-07", "--show"], 2, "help: name a new file for them with --to"),
        (&["credentials", "edge-07", "--show", "--to", "x"], 2, "cannot be used with"),
        (&["credentials", "edge-07", "--encrypt"], 2, "--to"),
        (&["credentials", "edge-07", "--to", "x"], 1, "is no known site"),
    ] {
        let said = without_terminal(home.path(), args).await;
        assert_eq!(said.code, Some(code), "{args:?}: {said:?}");
        assert!(said.err.contains(words) && said.out.is_empty(), "{args:?}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_are_read_again_and_go_where_they_were_asked_to() {
    let stage = Stage::new();
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::Done, _)), "{life:?}");
    let (before, secrets) = (stage.ledger.sorted(), secrets(&stage));
    let secrets: Vec<String> = secrets.into_iter().take(4).collect();

    let (exit, words) = stage.keys_again(&Wanted::Masked, &[]).await;
    assert_eq!(exit, Exit::Done, "{words:?}");
    assert!(
        stage.shown().contains("as root on its host") && stage.shown().contains("secret key  ****"),
        "{}",
        stage.shown()
    );
    assert!(!leaks(stage.shown().as_bytes(), &secrets), "masked is masked");
    assert!(words.join("\n").contains("modelquay credentials edge-07 --show"), "{words:?}");
    let (exit, _) = stage.keys_again(&Wanted::Shown, &[]).await;
    assert_eq!(exit, Exit::Done);
    assert!(secrets.iter().all(|secret| stage.shown().contains(secret)), "{}", stage.shown());

    let file = |name: &str, sealed| Wanted::File { path: stage.path(name), sealed };
    let (exit, words) = stage.keys_again(&file("again.toml", false), &[]).await;
    assert_eq!(exit, Exit::Done, "{words:?}");
    let again = fs::read(stage.path("again.toml")).expect("it was written");
    assert_eq!(again, fs::read(stage.credentials()).expect("the install wrote it"), "as the install writes it");
    assert_eq!(fs::metadata(stage.path("again.toml")).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert!(!leaks(stage.shown().as_bytes(), &secrets), "what is in a file is not shown");
    let (exit, words) = stage.keys_again(&file("again.toml", false), &[]).await;
    assert_eq!(exit, Exit::Failed);
    assert!(words.join("\n").contains("exists already"), "{words:?}");

    let typed = ["one", "another", "correct horse", "correct horse"];
    let (exit, words) = stage.keys_again(&file("sealed.age", true), &typed).await;
    assert_eq!(exit, Exit::Done, "{words:?}");
    assert!(words.join("\n").contains("age -d "), "{words:?}");
    let Ok(Lies::Sealed(sealed)) = keys_file::read(&stage.path("sealed.age")) else { panic!("it is not sealed") };
    let opened = keys_file::unseal(&sealed, &Secret::from("correct horse")).expect("it opens");
    assert_eq!(opened.keys.len(), 4);
    let (exit, _) = stage.keys_again(&file("other.age", true), &["a", "b", "c", "d", "e", "f"]).await;
    assert_eq!(exit, Exit::NeedsHuman);
    assert!(!stage.path("other.age").exists());
    assert_eq!(stage.ledger.sorted(), before, "nothing was changed");
}
