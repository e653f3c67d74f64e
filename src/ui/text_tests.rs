use super::*;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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

/// Every source of the screens, with its path.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui")];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("src/ui is there").flatten() {
            let path = entry.path();
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

/// A format string without what it puts in.
fn fixed_part(literal: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::new();
    for c in literal.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[test]
fn no_screen_holds_words_of_its_own() {
    // Faults of the key table and of `--lang` are told to whoever builds or starts the program.
    let tables = ["src/ui/keys.rs", "src/ui/text.rs"];
    let mut found = Vec::new();
    for (path, code) in sources().into_iter().filter(|(path, _)| !tables.iter().any(|t| path.ends_with(t))) {
        for literal in literals(&code).iter().map(|literal| fixed_part(literal)) {
            let words = literal.split_whitespace().filter(|w| w.chars().filter(|c| c.is_alphabetic()).count() > 2);
            if words.count() > 1 && !literal.contains("expect") {
                found.push(format!("{path}: {literal:?}"));
            }
        }
    }
    assert!(found.is_empty(), "words belong into assets/locale:\n{}", found.join("\n"));
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
