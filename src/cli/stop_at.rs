//! `--stop-at STEP:MOMENT`, hidden: ends the program as a power cut would, for tests of resume.

use crate::engine::step::{Hook, Moment};
use crate::plan::StepKind;

/// The hook for `STEP:MOMENT`, where the moment is `before-check`, `after-check`, `before-apply`,
/// `after-apply`, `after-last-check` or `between-N`. A text that is none of these never stops.
pub fn hook(at: Option<&str>) -> Hook {
    let Some((step, moment)) = at.and_then(parse) else { return Hook::default() };
    Hook::new(move |kind, now| {
        let here = (kind, now) == (step, moment);
        Box::pin(async move {
            if here {
                // Nothing is flushed and nothing cleaned up, and that is the point.
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                std::future::pending::<()>().await;
            }
        })
    })
}

fn parse(text: &str) -> Option<(StepKind, Moment)> {
    let (step, moment) = text.split_once(':')?;
    let moment = match moment {
        "before-check" => Moment::BeforeCheck,
        "after-check" => Moment::AfterCheck,
        "before-apply" => Moment::BeforeApply,
        "after-apply" => Moment::AfterApply,
        "after-last-check" => Moment::AfterLastCheck,
        other => Moment::Between(other.strip_prefix("between-")?.parse().ok()?),
    };
    Some((step.parse().ok()?, moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(parse("tenant:after-apply"), Some((StepKind::Tenant, Moment::AfterApply)));
        assert_eq!(parse("keys:between-4"), Some((StepKind::Keys, Moment::Between(4))));
        assert_eq!(parse("keys:later"), None);
    }
}
