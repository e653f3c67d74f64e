//! The rules about the code that a test can keep: which layer may use which, what may not be said
//! where, how long a file may be, and that the documentation names what there is.

use std::fs;
use std::path::{Path, PathBuf};

/// A layer, the layers that it may use beside itself, and the packages and modules that it must not
/// name.
struct Layer {
    name: &'static str,
    may_use: &'static [&'static str],
    must_not: &'static [&'static str],
}

const CLIENTS: &[&str] = &["openssh::", "kube::", "aws_sdk_s3::", "aws_sigv4::", "hyper::", "hyper_util::", "s3s::"];

const LAYERS: &[Layer] = &[
    Layer { name: "base", may_use: &[], must_not: &["tokio::", "kube::", "openssh::", "aws_sdk_s3::", "ratatui::"] },
    Layer {
        name: "plan",
        may_use: &["base"],
        must_not: &["tokio::", "std::fs", "std::env", "std::time::SystemTime", "std::time::Instant", "getrandom::"],
    },
    Layer { name: "ports", may_use: &["plan", "base"], must_not: CLIENTS },
    Layer { name: "engine", may_use: &["ports", "plan", "base"], must_not: CLIENTS },
    Layer { name: "steps", may_use: &["engine", "ports", "plan", "base"], must_not: CLIENTS },
    Layer { name: "registry", may_use: &["ports", "plan", "base"], must_not: CLIENTS },
    Layer { name: "transport", may_use: &["ports", "plan", "base"], must_not: &["ratatui::", "clap::"] },
    Layer { name: "ui", may_use: &["engine", "registry", "ports", "plan", "base"], must_not: CLIENTS },
    Layer { name: "display", may_use: &["engine", "ports", "plan", "base"], must_not: CLIENTS },
    Layer {
        name: "app",
        may_use: &["engine", "steps", "registry", "transport", "ports", "plan", "base"],
        must_not: &["clap::", "ratatui::", "rustix::termios"],
    },
    Layer {
        name: "cli",
        may_use: &["app", "ui", "display", "engine", "steps", "registry", "transport", "ports", "plan", "base"],
        must_not: &[],
    },
];

/// Layers in which nothing may know that there is a simulated world. A run's own mark that it is a
/// rehearsal is a fact like any other, and is allowed.
const KNOW_NO_SIMULATION: &[&str] = &["engine", "steps", "registry"];

/// Lines of a file in src; tests in files of their own are counted apart.
const LONGEST: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(under: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(under)];
    while let Some(dir) = open.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root().join("src")).or_else(|_| path.strip_prefix(root())).unwrap_or(path).display().to_string()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The layer of a file of src; `lib.rs` and `main.rs` have none.
fn layer_of(path: &Path) -> Option<&'static Layer> {
    let shown = shown(path);
    let (first, _) = shown.split_once('/')?;
    let layer = LAYERS.iter().find(|layer| layer.name == first);
    assert!(layer.is_some(), "src/{first} is a layer that this test does not know");
    layer
}

/// A line without its comment, so that words about other layers are free.
fn code(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

/// The names that follow `crate::` in a line, also within braces.
fn uses(line: &str) -> Vec<&str> {
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    line.match_indices("crate::")
        .filter(|(at, _)| !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .map(|(at, name)| &line[at + name.len()..])
        .map(|rest| &rest[..word(rest)])
        .filter(|name| !name.is_empty())
        .collect()
}

/// Everything that a text of a layer does and must not.
fn violations(layer: &Layer, name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (n, line) in (1..).zip(text.lines()) {
        let code = code(line);
        for used in uses(code) {
            let known = LAYERS.iter().any(|other| other.name == used);
            if known && used != layer.name && !layer.may_use.contains(&used) {
                found.push(format!("{name}:{n}: {} may not use {used}", layer.name));
            }
        }
        if code.contains("crate::{") {
            found.push(format!("{name}:{n}: name one layer a line, so that this test can read it"));
        }
        for word in layer.must_not {
            let mut before = code.match_indices(word).map(|(at, _)| &code[..at]);
            if before.any(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')) {
                found.push(format!("{name}:{n}: {} may not use {}", layer.name, word.trim_end_matches("::")));
            }
        }
    }
    found
}

#[test]
fn every_arrow_points_the_right_way() {
    let mut found = Vec::new();
    let sources = files("src", ".rs");
    assert!(sources.len() > 20, "the walk over src found {} files", sources.len());
    for path in sources {
        if let Some(layer) = layer_of(&path) {
            found.extend(violations(layer, &shown(&path), &read(&path)));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_wrong_arrow_is_found_and_named() {
    let engine = LAYERS.iter().find(|l| l.name == "engine").expect("it is in the table");
    let text = "use crate::base::Cancel;\nuse crate::ui::Model;\nuse kube::Client; // not here\n// crate::cli is fine in words\n";
    assert_eq!(
        violations(engine, "engine/tail.rs", text),
        ["engine/tail.rs:2: engine may not use ui", "engine/tail.rs:3: engine may not use kube"]
    );
    assert_eq!(violations(engine, "x.rs", "use my_kube::X; use crate::ports::kube::X;"), Vec::<String>::new());
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = files("src", ".rs")
        .iter()
        .filter(|path| !path.to_string_lossy().ends_with("tests.rs"))
        .map(|path| (shown(path), read(path).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(name, lines)| format!("{name} has {lines} lines"))
        .collect();
    assert!(long.is_empty(), "more than {LONGEST} lines:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X:"].concat(), ["db", "g!("].concat()];
    let mut found = Vec::new();
    for path in ["src", "assets", "tests/it", ".ci"].iter().flat_map(|dir| files(dir, "")) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (n, line) in (1..).zip(text.lines()) {
            found.extend(
                words.iter().filter(|w| line.contains(w.as_str())).map(|w| format!("{}:{n}: {w}", shown(&path))),
            );
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn only_the_simulator_and_its_callers_know_of_simulation() {
    let mut found = Vec::new();
    for path in files("src", ".rs").iter().filter(|p| !p.to_string_lossy().ends_with("tests.rs")) {
        if !layer_of(path).is_some_and(|layer| KNOW_NO_SIMULATION.contains(&layer.name)) {
            continue;
        }
        for (n, line) in (1..).zip(read(path).lines()) {
            let line = code(line).to_lowercase();
            found.extend(line.contains("simulat").then(|| format!("{}:{n}", shown(path))));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn verification_is_never_skipped() {
    let words = [
        "dangerous()",
        "assertion()",
        "danger_accept",
        "insecure",
        "skip-verify",
        "no-check-certificate",
        "--no-verify-ssl",
    ];
    let mut found = Vec::new();
    for path in ["src", "assets"].iter().flat_map(|dir| files(dir, "")) {
        // Here a kubeconfig that turns verification off is recognised, and refused.
        if shown(&path) == "transport/kube_config.rs" {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        // Here a verifier keeps what was shown and hands it to the usual one: without saying by itself that anything is
        // right (`assertion`), it can let nothing through.
        let witness = shown(&path) == "transport/trust.rs";
        for (n, line) in (1..).zip(text.lines()) {
            let line = line.to_lowercase();
            let words = words.iter().filter(|word| !(witness && **word == "dangerous()"));
            found.extend(words.filter(|w| line.contains(**w)).map(|w| format!("{}:{n}: {w}", shown(&path))));
        }
        let shell = path.extension().is_some_and(|ending| ending == "sh");
        let curl = |line: &&str| line.contains("curl") && (line.contains(" -k") || line.contains("--insecure"));
        found.extend(text.lines().filter(|_| shell).filter(curl).map(|line| format!("{}: {line}", shown(&path))));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_documentation_names_every_command() {
    use clap::CommandFactory as _;
    let readme = read(&root().join("README.md"));
    let documented: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `modelquay "))
        .filter_map(|rest| rest.split(['`', ' ']).next())
        .collect();
    let command = modelquay::cli::args::Cli::command();
    let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(documented, known, "the table of commands in README.md, in the order of the help");
}

#[test]
fn the_documentation_names_every_json_type_and_every_answer() {
    let json = read(&root().join("docs/json-events.md"));
    for name in modelquay::display::json::TYPES {
        assert!(json.contains(&format!("### `{name}`")), "docs/json-events.md lacks {name}");
    }
    let answers = read(&root().join("docs/answers.md"));
    for (section, keys) in modelquay::plan::answers::SECTIONS {
        for key in *keys {
            assert!(answers.contains(&format!("`{key}`")), "docs/answers.md lacks {section}.{key}");
        }
    }
}

#[test]
fn no_path_of_somebodys_machine_is_in_the_project() {
    let mut found = Vec::new();
    let places = ["src", "assets", "docs", "tests/it", ".ci"].iter().flat_map(|dir| files(dir, ""));
    for path in places.chain(["README.md", "CHANGELOG.md", ".deny.toml"].map(|name| root().join(name))) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (n, line) in (1..).zip(text.lines()) {
            let home =
                line.contains(["/wo", "rk/"].concat().as_str()) || line.contains(["/ro", "ot/"].concat().as_str());
            found.extend(home.then(|| format!("{}:{n}: {line}", shown(&path))));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
