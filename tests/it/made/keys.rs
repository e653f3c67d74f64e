//! `docs/keys.md`, from `assets/keys.toml` and the English texts.

use modelquay::ui::hints::text_of;
use modelquay::ui::keys::{Binding, Keymap, Scope};
use modelquay::ui::text::{Lang, Text};

const HEAD: &str = "\
# Keys

Made from `assets/keys.toml`, which is the only table of keys; `RENEW=1 cargo test --test it made` makes it anew.

The bottom line of a screen names the keys that matter there; `?`, and `F1` where text is typed, shows all of them.
What a place does not name means what it means under *Lists*, for the places that say so, and then what it
means *Everywhere*. Where text is typed, letters belong to the text, and so do `ctrl-a`, `ctrl-e`, `ctrl-k`,
`ctrl-u` and `ctrl-w`, as in a shell.
";

fn place(scope: Scope) -> &'static str {
    match scope {
        Scope::Any => "Everywhere",
        Scope::List => "Lists",
        Scope::Start => "Start",
        Scope::Host => "Host",
        Scope::Facts => "Facts",
        Scope::Form => "Names, Compute, Registry, and where downloads come from",
        Scope::Plan => "Plan",
        Scope::Install => "Install",
        Scope::Failure => "An install that has ended without success",
        Scope::Credentials => "Credentials",
        Scope::Unread => "Credentials, while they are not there",
        Scope::Done => "Done",
        Scope::Question => "Questions of ssh, sudo and the program",
        Scope::Typing => "A path or a text to search for",
        Scope::Browse => "Browser",
        Scope::Models => "Browser, the models",
        Scope::Buckets => "Browser, the list of buckets",
        Scope::Versions => "Browser, versions",
        Scope::Uploads => "Browser, unfinished uploads",
        Scope::Usage => "Browser, where the space went",
        Scope::Transfers => "Browser, transfers",
        Scope::Trust => "Browser, whom it talks to",
        Scope::Places => "Browser, bookmarks and places",
    }
}

fn row(text: &Text, binding: &Binding) -> String {
    let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
    let rehearsal = ["faster", "slower"].contains(&binding.command.id());
    let only = if rehearsal { " (in a rehearsal)" } else { "" };
    format!("| {} | {}{only} |\n", keys.join(" "), text.t(&text_of(binding)))
}

/// The whole page.
pub fn markdown() -> String {
    let (text, keymap) = (Text::of(Lang::En), Keymap::built_in());
    let mut page = HEAD.to_owned();
    for scope in Scope::ALL {
        let own: Vec<&Binding> = keymap.all().iter().filter(|row| row.scope == *scope).collect();
        let lists = *scope != Scope::List && keymap.rows(*scope).iter().any(|row| row.scope == Scope::List);
        page.extend(["\n## ", place(*scope), "\n\n"]);
        if lists {
            page.push_str("The keys of lists hold here too.\n\n");
        }
        if !own.is_empty() {
            page.push_str("| keys | what they do |\n|---|---|\n");
            page.extend(own.iter().map(|binding| row(&text, binding)));
        }
    }
    page
}
