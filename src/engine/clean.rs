//! What hosts, clusters and registries said, on its way into events and onto screens: harmless, bounded, and without
//! the secrets that are known.
//!
//! Whoever shows it makes it safe once more, because a journal may have been written by somebody else. Here it is
//! done before anything is recorded, so that no journal grows by what a host says and holds no secret that it repeats.
//! Changes stay as they are: consent is bound to their digests.

use super::step::{Check, Observed, Stage};
use crate::base::{Redactor, sanitise};
use crate::plan::Failure;
use std::borrow::Cow;

/// The longest message, cause, hint or value that was seen, in bytes.
pub const TEXT: usize = 2000;
/// The longest name or note of a stage.
const NOTE: usize = 200;
/// The most causes of a failure; of more the first and the last are kept, which say what was tried and why it failed.
pub const CAUSES: usize = 40;
/// The most stages of a step.
const STAGES: usize = 40;

/// A text on one line.
pub fn text(redactor: &Redactor, text: &str) -> String {
    short(redactor, text, TEXT)
}

fn short(redactor: &Redactor, text: &str, most: usize) -> String {
    let clean = redactor.redact(text);
    let one_line: Cow<'_, str> = if clean.contains('\n') { clean.trim_end().replace('\n', ", ").into() } else { clean };
    let safe = sanitise::text(&one_line, most);
    // What was taken out may have stood in the middle of one.
    match redactor.redact(&safe) {
        Cow::Borrowed(_) => safe,
        Cow::Owned(clean) => clean,
    }
}

/// A failure.
pub fn failure(redactor: &Redactor, failure: Failure) -> Failure {
    let mut causes = failure.causes;
    if causes.len() > CAUSES {
        let left_out = causes.len() - CAUSES + 1;
        causes.splice(CAUSES / 2..CAUSES / 2 + left_out, [format!("({left_out} causes more)")]);
    }
    Failure {
        message: text(redactor, &failure.message),
        causes: causes.iter().map(|cause| text(redactor, cause)).collect(),
        hint: failure.hint.map(|hint| text(redactor, &hint)),
        kind: failure.kind,
    }
}

/// What a check found.
pub fn check(redactor: &Redactor, found: Result<Check, Failure>) -> Result<Check, Failure> {
    match found {
        Ok(Check::Done { why }) => Ok(Check::Done { why: text(redactor, &why) }),
        Ok(Check::Conflict(conflict)) => Ok(Check::Conflict(failure(redactor, conflict))),
        Err(refused) => Err(failure(redactor, refused)),
        Ok(found) => Ok(found),
    }
}

/// What was seen in a wait.
pub fn observed(redactor: &Redactor, seen: Observed) -> Observed {
    Observed { value: text(redactor, &seen.value), guess: seen.guess.map(|guess| text(redactor, &guess)) }
}

/// Stages.
pub fn stages(redactor: &Redactor, stages: Vec<Stage>) -> Vec<Stage> {
    let note = |text: &str| short(redactor, text, NOTE);
    let clean = |stage: Stage| Stage { name: note(&stage.name), note: note(&stage.note), done: stage.done };
    stages.into_iter().take(STAGES).map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fuzz;

    #[test]
    fn a_failure_keeps_its_words_and_loses_what_acts() {
        let redactor = Redactor::new();
        redactor.learn("hunter2-hunter2");
        let seen = Failure::permanent("no \u{1b}[2Jroute")
            .because("a\nb\n")
            .because("hun\u{0}ter2-hunter2")
            .help("x\u{202e}y");
        let clean = failure(&redactor, seen);
        assert_eq!(clean, Failure::permanent("no route").because("a, b").because("[secret]").help("x<U+202E>y"));
        let plain = Failure::transient("the host's answer cannot be read").because("it is 3 KiB: é");
        assert_eq!(failure(&redactor, plain.clone()), plain);
    }

    #[test]
    fn what_is_endless_is_cut_and_said() {
        let redactor = Redactor::new();
        let many = (0..10_000).fold(Failure::permanent("x".repeat(10_000_000)), |f, n| f.because(n.to_string()));
        let clean = fuzz::soon("a failure of 10 MB", || failure(&redactor, many));
        assert_eq!((clean.causes.len(), clean.causes[0].as_str(), clean.causes[39].as_str()), (CAUSES, "0", "9999"));
        assert_eq!(clean.causes[20], "(9961 causes more)");
        assert!(clean.message.len() <= TEXT);
    }
}
