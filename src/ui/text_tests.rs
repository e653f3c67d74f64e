use super::*;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use unicode_width::UnicodeWidthStr as _;

/// Every message of a language with the names of the values in it.
fn messages(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
    let resource = fluent_syntax::parser::parse(lang.source()).unwrap_or_else(|(_, errors)| {
        panic!("{}.ftl: {errors:?}", lang.id());
    });
    let mut found = BTreeMap::new();
    for entry in resource.body {
        if let Entry::Message(message) = entry {
            let mut names = BTreeSet::new();
            if let Some(pattern) = &message.value {
                variables(pattern, &mut names);
            }
            let key = message.id.name.to_owned();
            assert!(found.insert(key, names).is_none(), "{}.ftl has {} twice", lang.id(), message.id.name);
        }
    }
    found
}

fn variables(pattern: &Pattern<&str>, into: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            match expression {
                Expression::Inline(inline) => inline_variable(inline, into),
                Expression::Select { selector, variants } => {
                    inline_variable(selector, into);
                    for variant in variants {
                        variables(&variant.value, into);
                    }
                }
            }
        }
    }
}

fn inline_variable(inline: &InlineExpression<&str>, into: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            into.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments, .. } => {
            for positional in &arguments.positional {
                inline_variable(positional, into);
            }
        }
        _ => {}
    }
}

/// Every source of the screens and of the walk without them, with its path.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = ["src/ui", "src/cli/plain_walk"].map(|dir| Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)).to_vec();
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("src/ui is there").flatten() {
            let path = entry.path();
            // What tests say is said to whoever runs them.
            if path.ends_with("tests") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.to_string_lossy().ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).expect("it is readable");
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
                found.push((path.display().to_string(), code));
            }
        }
    }
    found
}

/// String literals of a source without its comments.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in code.lines().map(str::trim).filter(|l| !l.starts_with("//") && !l.starts_with("#[")) {
        let mut parts = line.split('"');
        parts.next();
        while let (Some(inside), Some(_)) = (parts.next(), parts.next()) {
            found.push(inside.to_owned());
        }
    }
    found
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_values() {
    let (en, zh) = (messages(Lang::En), messages(Lang::ZhHans));
    for (key, values) in &en {
        match zh.get(key) {
            None => panic!("zh-Hans.ftl lacks {key}"),
            Some(other) => assert_eq!(values, other, "the values of {key} differ"),
        }
    }
    for key in zh.keys() {
        assert!(en.contains_key(key), "en.ftl lacks {key}");
    }
}

#[test]
fn every_text_is_used_and_every_text_that_is_used_is_there() {
    let en = messages(Lang::En);
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (path, code) in sources() {
        for (at, _) in code.match_indices(".t(\"").chain(code.match_indices(".with(\"")) {
            let rest = &code[at..];
            let key = rest.split('"').nth(1).unwrap_or_default();
            assert!(en.contains_key(key), "{path}: there is no text {key:?}");
        }
        used.extend(literals(&code));
    }
    // Keys that are put together from an id: steps, rows of preflight, commands, places.
    let built = ["step-", "row-", "do-", "place-", "key-"];
    for key in en.keys().filter(|key| !built.iter().any(|start| key.starts_with(start))) {
        assert!(used.contains(key), "the text {key:?} is used nowhere");
    }
}

#[test]
fn what_is_put_together_from_an_id_is_there() {
    let en = messages(Lang::En);
    let steps = crate::plan::StepKind::ALL.iter().map(|kind| format!("step-{}", kind.id()));
    let rows = crate::plan::preflight::Row::ALL.iter().map(|row| format!("row-{}", row.id()));
    let commands = crate::ui::keys::Command::ALL.iter().map(|command| format!("do-{}", command.id()));
    let places = crate::ui::walk::Place::ALL.iter().map(|place| format!("place-{}", place.id()));
    let wanted: BTreeSet<String> = steps.chain(rows).chain(commands).chain(places).collect();
    for key in &wanted {
        assert!(en.contains_key(key), "en.ftl lacks {key}");
    }
    for key in en.keys().filter(|k| ["step-", "row-", "do-", "place-"].iter().any(|start| k.starts_with(start))) {
        assert!(wanted.contains(key), "{key} belongs to nothing");
    }
}

/// A literal without its placeholders: their names are no words.
fn without_placeholders(literal: &str) -> String {
    let mut depth = 0;
    let outside = |c: &char| {
        depth += i32::from(*c == '{');
        let shown = depth == 0;
        depth -= i32::from(*c == '}');
        shown
    };
    literal.chars().filter(outside).collect()
}

/// Whether a literal says something to people: it has a word, and is no key, path or name of a program,
/// which have neither spaces nor capitals.
fn speaks(literal: &str) -> bool {
    let said = without_placeholders(literal);
    let word = said.split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() > 2);
    word && said.contains(|c: char| c.is_whitespace() || c.is_uppercase())
}

#[test]
fn no_screen_holds_words_of_its_own() {
    assert!(speaks("Sent to {path}") && speaks("{n} files") && speaks("Done"));
    assert!(!speaks("{mark} {words} ") && !speaks("step-{}") && !speaks(" {ms} ms"));
    // A value of an answers file, and what a secret says to `{:?}`.
    let no_words = ["{}GiB", "Masked(…)"];
    let mut found = Vec::new();
    for (path, code) in sources() {
        // Faults of the key table and of `--lang` are told to whoever builds or starts the program.
        // Sequences that terminals act on are no words.
        if ["ui/text.rs", "ui/keys.rs", "ui/clipboard.rs"].iter().any(|end| path.ends_with(end)) {
            continue;
        }
        // Failures are said in their own words, as everywhere beside the screens.
        let screens = path.contains("src/ui/");
        let code: String = code
            .split_inclusive('\n')
            .filter(|l| screens || !l.contains("Failure::") && !l.contains("talk("))
            .collect();
        found.extend(
            literals(&code)
                .iter()
                .filter(|l| speaks(l) && !no_words.contains(&l.as_str()))
                .map(|l| format!("{path}: {l:?}")),
        );
    }
    assert!(found.is_empty(), "words belong into assets/locale:\n{}", found.join("\n"));
}

/// What a language says of ids, formatted without values.
fn said(lang: Lang, start: &str) -> Vec<(String, String)> {
    let text = Text::of(lang);
    messages(lang).into_keys().filter(|key| key.starts_with(start)).map(|key| (key.clone(), text.t(&key))).collect()
}

#[test]
fn texts_fit_where_they_stand_in_eighty_columns() {
    // The columns of the screens: a plan's steps, preflight's rows, labels of fields, the line above the
    // keys, where a value is from.
    let columns = [("step-", 20), ("row-", 26), ("field-", 20), ("do-", 16), ("status-", 78), ("from-", 14)];
    for lang in Lang::ALL {
        for (start, most) in columns {
            for (key, text) in said(*lang, start) {
                assert!(text.width() <= most, "{} {key} takes {} of {most} columns", lang.id(), text.width());
            }
        }
        for key in ["plan-done", "plan-waits", "plan-in-the-way"] {
            assert!(Text::of(*lang).t(key).width() <= 10, "{} {key}", lang.id());
        }
        let walk: usize = crate::ui::walk::Place::rail()
            .iter()
            .map(|place| Text::of(*lang).t(&format!("place-{}", place.id())).width() + 3)
            .sum();
        assert!(walk <= 82, "{}: the walk takes {walk} columns", lang.id());
    }
}

#[test]
fn texts_hold_only_what_every_terminal_shows_alike() {
    // English is what is left under `--ascii`; signs come from the theme, which has twins for them.
    for line in Lang::En.source().lines() {
        assert!(line.is_ascii(), "{line}");
    }
    // Curly quotes, dashes and dots are one cell on some terminals and two on others.
    for line in Lang::ZhHans.source().lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(line.width(), line.width_cjk(), "{line}");
    }
}

#[test]
fn steps_and_rows_are_called_the_same_on_the_screens_and_in_lines() {
    let text = Text::of(Lang::En);
    for kind in crate::plan::StepKind::ALL {
        assert_eq!(text.t(&format!("step-{}", kind.id())), kind.title());
    }
    for row in crate::plan::preflight::Row::ALL {
        assert_eq!(text.t(&format!("row-{}", row.id())), row.title());
    }
}

#[test]
fn a_locale_names_its_language() {
    assert_eq!(Lang::of_locale("zh_CN.UTF-8"), Lang::ZhHans);
    assert_eq!(Lang::of_locale("zh_Hans_SG"), Lang::ZhHans);
    assert_eq!(Lang::of_locale("zh_TW.UTF-8"), Lang::En);
    assert_eq!(Lang::of_locale("C.UTF-8"), Lang::En);
    assert_eq!("ZH-hans".parse(), Ok(Lang::ZhHans));
}

#[test]
fn times_read_as_on_a_clock() {
    assert_eq!((clock(7), clock(187), clock(3729)), ("0:07".into(), "3:07".into(), "1:02:09".into()));
}
