//! A tree compared with what Triton's `ModelConfig` knows. All that is wrong is found, not only the
//! first.

use super::schema::{MODEL_CONFIG, Schema, Spec, Type};
use super::{Document, Field, Item, Message, Position, Problem, Value};

/// What Triton would refuse in a config, and what it may.
pub fn check(document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    message(&document.root, &MODEL_CONFIG, &mut problems);
    problems.sort_by_key(|problem| problem.at);
    problems
}

fn wrong(problems: &mut Vec<Problem>, at: Position, message: String) {
    problems.push(Problem { at, message, doubtful: false });
}

fn message(message: &Message, schema: &'static Schema, problems: &mut Vec<Problem>) {
    let mut seen: Vec<&Spec> = Vec::new();
    for field in &message.fields {
        let Some(spec) = schema.fields.iter().find(|spec| spec.name == field.name) else {
            problems.push(unknown(field, schema));
            continue;
        };
        if field.list && !spec.repeated {
            wrong(problems, field.at, format!("`{}` takes one value, and this is a list", field.name));
        }
        if seen.iter().any(|other| other.name == spec.name) && !spec.repeated {
            wrong(problems, field.at, format!("`{}` is given more than once", field.name));
        } else if let Some(other) = seen.iter().find(|other| other.one_of == spec.one_of && !spec.one_of.is_empty()) {
            wrong(problems, field.at, format!("`{}` and `{}` exclude each other", other.name, field.name));
        }
        seen.push(spec);
        for item in &field.items {
            value(item, field, spec, problems);
        }
    }
}

fn unknown(field: &Field, schema: &Schema) -> Problem {
    let near = schema.fields.iter().map(|spec| (distance(spec.name, &field.name), spec.name)).min();
    let hint = match near {
        Some((1..=3, name)) => format!("; did you mean `{name}`?"),
        _ => String::new(),
    };
    let message = format!("`{}` is no field of {} that is known here{hint}", field.name, schema.name);
    Problem { at: field.at, message, doubtful: true }
}

fn value(item: &Item, field: &Field, spec: &Spec, problems: &mut Vec<Problem>) {
    let expected = match (spec.kind, &item.value) {
        (Type::Message(schema), Value::Message(inner)) => return message(inner, schema, problems),
        (Type::Text, Value::Text(_))
        | (Type::Float, Value::Float(_) | Value::Integer(_))
        | (Type::Bool, Value::Integer(0 | 1)) => return,
        (Type::Bool, Value::Word(word)) if matches!(word.as_str(), "true" | "false" | "True" | "False" | "t" | "f") => {
            return;
        }
        (Type::Integer(least, most), Value::Integer(number)) => {
            if (least..=most).contains(number) {
                return;
            }
            format!("a whole number from {least} to {most}")
        }
        (Type::Choice(words), Value::Word(word)) => {
            if words.contains(&word.as_str()) {
                return;
            }
            let near = words.iter().map(|known| (distance(known, word), *known)).min();
            let hint =
                near.filter(|(far, _)| *far <= 3).map_or_else(String::new, |(_, known)| format!(", such as `{known}`"));
            format!("one of its words{hint}")
        }
        (Type::Choice(words), Value::Integer(number)) => {
            if usize::try_from(*number).is_ok_and(|number| number < words.len()) {
                return;
            }
            "one of its words".to_owned()
        }
        (Type::Message(_), _) => "a message in `{ }`".to_owned(),
        (Type::Text, _) => "a text in quotes".to_owned(),
        (Type::Bool, _) => "`true` or `false`".to_owned(),
        (Type::Integer(..), _) => "a whole number".to_owned(),
        (Type::Float, _) => "a number".to_owned(),
        (Type::Choice(_), _) => "a word without quotes".to_owned(),
    };
    wrong(problems, item.at, format!("`{}` takes {expected}, and this is {}", field.name, shown(&item.value)));
}

fn shown(value: &Value) -> String {
    let short = |text: &str| text.chars().take(40).collect::<String>();
    match value {
        Value::Text(text) => format!("the text \"{}\"", short(text)),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Word(word) => format!("`{}`", short(word)),
        Value::Message(_) => "a message".to_owned(),
    }
}

/// How many letters have to be changed, at most, going by short names.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 3 || b.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            let best = (corner + usize::from(x != *y)).min(above + 1).min(left + 1);
            row[j] = left;
            corner = above;
            left = best;
        }
        row[b.len()] = left;
    }
    row[b.len()]
}
