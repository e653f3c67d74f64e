//! `docs/triton-rules.md`, from the rules themselves.

use modelquay::registry::triton::Rule;
use std::fmt::Write as _;

const HEAD: &str = "\
# What Triton stumbles over

Made from the rules; `RENEW=1 cargo test --test it made` makes it anew. Each rule has a repository in
`tests/fixtures/repositories.toml` that fires it and one that comes near and does not.

The last column says where Triton does what the rule says. *Ours* is what no message of Triton's says, or says
so that nobody would find the cause.
";

/// What the letter before a rule's number stands for.
fn part(id: &str) -> &'static str {
    match id.chars().next() {
        Some('V') => "Versions",
        Some('K') => "Keys",
        Some('R') => "The repository as a whole",
        Some('C') => "config.pbtxt",
        Some('F') => "Files",
        Some('M') => "What is in a model's file",
        Some('E') => "Ensembles",
        Some('U') => "The URL of the repository",
        Some('A') => "What the key may do",
        _ => panic!("a part without a name: {id}"),
    }
}

pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    let mut last = "";
    for rule in Rule::ALL {
        let part = part(rule.id());
        if part != last {
            let _ = write!(out, "\n## {part}\n\n| rule | what | where |\n|---|---|---|\n");
            last = part;
        }
        let _ = writeln!(out, "| {} | {} | {} |", rule.id(), rule.title(), rule.source());
    }
    out
}
