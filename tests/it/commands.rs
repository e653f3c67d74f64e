//! Every command that the program prints or the documentation shows is one that the program takes.

use clap::Parser as _;
use modelquay::cli::args::Cli;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn files(under: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(under)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("it is readable").flatten().map(|entry| entry.path()));
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

/// The string literals of a source, without its comments and without its tests.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let (mut found, mut chars) = (Vec::new(), code.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => while chars.next().is_some_and(|c| c != '\n') {},
            // A quote as a character begins no literal.
            '\'' if chars.peek() == Some(&'"') => drop(chars.next()),
            '"' => {
                let mut text = String::new();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    match c {
                        '\\' if chars.peek() == Some(&'\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                        '\\' => text.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
                        c => text.push(c),
                    }
                }
                found.push(text);
            }
            _ => {}
        }
    }
    found
}

static SUB_COMMANDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut root = <Cli as clap::CommandFactory>::command();
    root.build();
    root.get_subcommands().map(|sub| sub.get_name().to_owned()).collect()
});

/// The commands in a text: whole lines, what stands in backticks or behind a colon, and whatever goes on
/// with the name of a sub-command.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        for (at, _) in line.match_indices("modelquay ") {
            let (before, rest) = line.split_at(at);
            // A path or a longer word that ends so is no command.
            if before.ends_with(|c: char| c.is_alphanumeric() || "-_/.{".contains(c)) {
                continue;
            }
            let quoted = before.ends_with('`');
            let whole = before.trim().is_empty() && line.starts_with("  ") || before.trim() == "$";
            let said = before.trim_end().ends_with(':');
            let word = rest.split_whitespace().nth(1).unwrap_or_default();
            let named = SUB_COMMANDS.contains(word.trim_end_matches(|c: char| !c.is_alphanumeric()));
            if quoted || whole || said || named {
                // Two blanks set an explanation apart.
                let end = rest.find(if quoted { "`" } else { "  " }).unwrap_or(rest.len());
                found.push(rest[..end].to_owned());
            }
        }
    }
    found
}

/// The words of a command as a shell would pass them on, as far as they are the program's.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    // The screens' texts have blanks around a value's name.
    for word in command.replace("{ $", "{").replace(" }", "}").split_whitespace() {
        if matches!(word, ">" | "|" | "&&" | ";" | "#") {
            break;
        }
        // A value that is put in while the program runs, or that a reader is to put in.
        let word = if word.contains('{') { "edge-07" } else { word };
        words.push(word.trim_end_matches(['.', ',', ';', ':', '"']).to_owned());
    }
    words
}

fn check(from: &Path, text: &str, wrong: &mut Vec<String>, seen: &mut usize) {
    for command in commands(text) {
        *seen += 1;
        if let Err(error) = Cli::try_parse_from(words(&command))
            && error.use_stderr()
        {
            let first = error.to_string().lines().next().unwrap_or_default().to_owned();
            wrong.push(format!("{}: {command}\n    {first}", from.display()));
        }
    }
}

#[test]
fn every_command_that_is_printed_exists() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in files("src", &[".rs"]).into_iter().filter(|path| !path.to_string_lossy().ends_with("tests.rs")) {
        let source = fs::read_to_string(&path).expect("it is text");
        for text in literals(&source) {
            check(&path, &text, &mut wrong, &mut seen);
        }
    }
    for path in files("assets", &[".ftl", ".toml", ".txt", ".sh"]) {
        check(&path, &fs::read_to_string(&path).expect("it is text"), &mut wrong, &mut seen);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 8, "only {seen} commands were found: the search has gone blind");
}

#[test]
fn every_command_in_the_documentation_exists() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in files("docs", &[".md"]).into_iter().chain(files("README.md", &[".md"])) {
        let page = fs::read_to_string(&path).expect("it is text");
        let mut in_code = false;
        for line in page.lines() {
            if line.trim_start().starts_with("```") {
                in_code = !in_code;
            }
            // Within a block of code a line that begins so is a command.
            let line = if in_code { format!("  {}", line.trim_start()) } else { line.to_owned() };
            check(&path, &line, &mut wrong, &mut seen);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 20, "only {seen} commands were found: the search has gone blind");
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    let found = |text: &str| {
        let (mut wrong, mut seen) = (Vec::new(), 0);
        check(Path::new("x"), text, &mut wrong, &mut seen);
        (seen, wrong.len())
    };
    assert_eq!(found("go on with: modelquay resume {site}"), (1, 0));
    assert_eq!(found("To come back: modelquay resume { $site }"), (1, 0));
    assert_eq!(found("go on with: modelquay proceed {site}"), (1, 1));
    assert_eq!(found("use `modelquay install`"), (1, 1), "it needs its answers");
    assert_eq!(found("an RKE2 is there that modelquay did not install"), (0, 0));
    assert_eq!(found("  modelquay plan --answers site.toml > plan.txt"), (1, 0));
}
