//! Rules over the sources: whether each answers from the host, and what stands in for a dead one.

use super::{Finding, Row};
use crate::plan::asked::{Answer, Asked, Need, Place, Wanted};
use crate::plan::change::size_text;
use crate::plan::facts::Facts;

pub(super) fn judge(facts: &Facts, asked: &Asked, out: &mut Vec<Finding>) {
    for (need, answers) in &asked.needs {
        let mut finding = one(need, answers);
        need.what.name().clone_into(&mut finding.about);
        // Where the cluster stands already, everything was fetched once; a dead source is a matter for
        // the next update and not a reason to refuse a run that changes nothing.
        if finding.verdict == super::Verdict::Fail && facts.ours() {
            finding.verdict = super::Verdict::Warn;
        }
        out.push(finding);
    }
}

fn row(need: &Need) -> Row {
    match need.what {
        Wanted::File(_) => Row::Source,
        Wanted::Image(_) | Wanted::Runtime => Row::Image,
    }
}

fn one(need: &Need, answers: &[Option<Answer>]) -> Finding {
    let row = row(need);
    let judged: Vec<(&Place, Result<&Answer, String>)> =
        need.places.iter().zip(answers).map(|(place, answer)| (place, read(place, answer.as_ref()))).collect();
    let dead: Vec<String> = judged
        .iter()
        .filter_map(|(place, answer)| Some(format!("{}: {}", place.text(), answer.as_ref().err()?)))
        .collect();
    let good = judged.iter().find_map(|(place, answer)| Some((place, *answer.as_ref().ok()?)));
    match good {
        Some((place, answer)) if dead.is_empty() || judged.first().is_some_and(|(_, first)| first.is_ok()) => {
            Finding::pass(row, answered(place, answer))
        }
        Some((place, answer)) => {
            Finding::warn(row, format!("{}; instead: {}", dead.join("; "), answered(place, answer)))
        }
        None if judged.is_empty() => Finding::warn(row, "no place of it can be asked beforehand"),
        None if answers.iter().all(|a| a.as_ref().is_none_or(|a| a.curl == 127)) => {
            Finding::warn(row, format!("not asked: {}", dead.join("; ")))
                .safe_fix("apt-get install curl, then check again")
        }
        None => Finding::fail(row, dead.join("; ")).fix(way_out(need, answers)),
    }
}

fn answered(place: &Place, answer: &Answer) -> String {
    let mut text = format!("{} answers in {} ms", place.text(), answer.took_ms);
    match place {
        Place::File { .. } => {
            if let Some(size) = answer.size {
                text = format!("{text}, {}", size_text(size));
            }
        }
        Place::Image { at, .. } => {
            if let Some(digest) = answer.digest.as_ref().filter(|digest| *digest != at) {
                text = format!("{text}, {digest}");
            }
        }
    }
    text
}

/// Whether a place has what is wanted, or why not.
fn read<'a>(place: &Place, answer: Option<&'a Answer>) -> Result<&'a Answer, String> {
    let Some(answer) = answer else { return Err("no answer came back".to_owned()) };
    if answer.good() {
        return match place {
            Place::Image { at, .. } if at.starts_with("sha256:") => match &answer.digest {
                Some(digest) if digest != at => Err(format!("it answers with another digest, {digest}")),
                _ => Ok(answer),
            },
            _ => Ok(answer),
        };
    }
    let said = if answer.said.is_empty() { String::new() } else { format!(" ({})", answer.said) };
    Err(match (answer.curl, answer.status) {
        (127, _) => "the host has no curl to ask with".to_owned(),
        (5, _) => format!("the name of the proxy is not known{said}"),
        (6, _) => format!("the name is not known to the host's name servers{said}"),
        (7, _) => format!("nothing answers there{said}"),
        (28, _) => format!("no answer in time{said}"),
        (35 | 60, _) => format!("its certificate cannot be verified{said}"),
        (_, 401) => "401: it wants a login".to_owned(),
        (_, 403) => "403: it refuses".to_owned(),
        (_, 404 | 410) => format!("{}: it is not there", answer.status),
        (_, 407) => "407: the proxy wants a login".to_owned(),
        (_, 429) => "429: too many requests from this address for now".to_owned(),
        (0, status) => format!("HTTP status {status}"),
        (curl, _) => format!("curl ended with {curl}{said}"),
    })
}

/// What to do where every place is dead.
fn way_out(need: &Need, answers: &[Option<Answer>]) -> String {
    let name = need.what.name();
    let all = |test: fn(&Answer) -> bool| answers.iter().flatten().all(test);
    if all(|a| a.status == 429) {
        return "wait an hour, or name a mirror in the answers".to_owned();
    }
    if all(|a| matches!(a.curl, 35 | 60)) {
        return "if the site's proxy opens TLS, give its CA as extra_ca in the answers; else the clock or the source is wrong".to_owned();
    }
    if all(|a| matches!(a.curl, 5 | 6 | 7 | 28)) {
        return format!(
            "let the host reach it, set proxy in the answers, or name another place for {name} in a components table of your own"
        );
    }
    match need.what {
        Wanted::File(_) => {
            format!("name another place in a components table of your own: [file.{name}] url = \"…\", sha256 = \"…\"")
        }
        Wanted::Image(_) => format!(
            "name a mirror in the answers, or another image in a components table of your own: [image.{name}] refs = [\"…\"]"
        ),
        Wanted::Runtime => {
            "name a mirror for docker.io in the answers, or fetch RKE2's images as tarballs: images = \"tarballs\""
                .to_owned()
        }
    }
}
