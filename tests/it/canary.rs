//! No secret of an install is anywhere but where it belongs: in the cluster, in the registry and in the
//! credentials file.

use crate::stage::{Life, Stage};
use crate::state;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modelquay::app::Exit;
use modelquay::base::redact::disguises;
use modelquay::engine::step::Moment;
use modelquay::plan::StepKind;
use std::fs;
use std::path::{Path, PathBuf};

/// Secrets of an install: the keys' secret halves, and the lines of the private key that are its own.
pub fn secrets(stage: &Stage) -> Vec<String> {
    let mut found: Vec<String> = state::keys_in_secrets(stage).into_values().map(|(_, secret)| secret).collect();
    let (key, _) = state::tls_keys(stage);
    let pem = key.expect("the certificate has its key");
    found.extend(pem.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned));
    found
}

/// Every file under a directory.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found.sort();
    found
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Whether one of the secrets is in there, in whatever disguise.
pub fn leaks(bytes: &[u8], secrets: &[String]) -> bool {
    // Also as it would be seen by somebody who joins what was broken into lines.
    let joined: Vec<u8> = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let forms = secrets.iter().flat_map(|secret| disguises(secret.as_bytes()));
    forms.into_iter().any(|form| holds(bytes, &form) || holds(&joined, &form))
}

/// Names of files under a directory in which one of the secrets is.
pub fn leaking(dir: &Path, secrets: &[String]) -> Vec<String> {
    let leaks = |path: &PathBuf| fs::read(path).is_ok_and(|bytes| leaks(&bytes, secrets));
    let name = |path: PathBuf| path.strip_prefix(dir).map(|p| p.display().to_string()).unwrap_or_default();
    files(dir).into_iter().filter(leaks).map(name).collect()
}

/// Files of the simulated host in which one of the secrets is.
fn leaking_on_host(stage: &Stage, secrets: &[String]) -> Vec<String> {
    stage.sim.machine().look(|s, now| {
        let files = s.files.all().filter(|(_, e)| leaks(&e.bytes, secrets)).map(|(path, _)| path.to_owned());
        let units = s.units.iter().filter(|(_, u)| leaks(&u.log(now), secrets)).map(|(name, _)| name.clone());
        files.chain(units).collect()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_of_an_install_are_in_its_credentials_file_and_in_no_other() {
    let stage = Stage::new();
    // Killed and resumed, so that the journal of a resumed run is looked at too.
    let life = stage.killed_at((StepKind::Keys, Moment::Between(5))).await;
    assert!(matches!(life, Life::Killed), "{life:?}");
    let (life, _) = stage.to_the_end().await;
    let Life::Ended(Exit::Done, words) = life else { panic!("{life:?}") };
    let secrets = secrets(&stage);
    assert!(secrets.len() > 4 && secrets.iter().all(|s| s.len() >= 20), "{} secrets", secrets.len());
    let names: Vec<String> = files(stage.directory()).iter().map(|f| f.display().to_string()).collect();
    for name in ["journal.jsonl", "log.txt", "request.json", "lock.json", "hand-over.txt"] {
        assert!(names.iter().any(|n| n.ends_with(name)), "{name} is not among what is searched: {names:?}");
    }
    assert_eq!(leaking(stage.directory(), &secrets), ["keys.toml"]);
    assert_eq!(leaking_on_host(&stage, &secrets), [] as [String; 0]);
    assert!(!leaks(words.join("\n").as_bytes(), &secrets), "the last words hold a secret");
    let shown = stage.shown();
    assert!(shown.lines().count() > 200 && shown.contains("\"type\":\"event\""), "{} bytes shown", shown.len());
    assert!(!leaks(shown.as_bytes(), &secrets), "what is shown holds a secret");

    // The controls: a leak in each place, in each disguise, would be found.
    let run = stage.run().expect("a run was begun");
    let secret = &secrets[0];
    let encoded = STANDARD.encode(format!("x{secret}y"));
    assert!(leaks(format!("{shown}{secret}").as_bytes(), &secrets));
    let (left, right) = secret.split_at(secret.len() / 2);
    for planted in [secret.clone(), encoded, format!("{left}\n{right}")] {
        for path in [run.journal(), run.log(), run.path.join("request.json")] {
            let before = fs::read(&path).expect("it is there");
            fs::write(&path, [&before[..], planted.as_bytes()].concat()).expect("it is ours");
            assert_eq!(leaking(stage.directory(), &secrets).len(), 2, "{planted:?} was not found in {path:?}");
            fs::write(&path, before).expect("it is ours");
        }
    }
    stage.sim.machine().look(|s, _| s.files.put("/var/log/leak", 0o600, (0, 0), secret.clone()));
    assert_eq!(leaking_on_host(&stage, &secrets), ["/var/log/leak"]);
}
