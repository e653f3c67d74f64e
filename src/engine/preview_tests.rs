//! Looking at every step of a plan, with the steps and the world of the tests of runs.

use super::*;
use crate::engine::preview::Preview;

/// Checks that meet: the first one fails only after the second has failed.
struct Meeting(tokio::sync::Barrier);

#[async_trait]
impl Step for Meeting {
    fn intent(&self, _: &Brief) -> Changes {
        Changes::new()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        self.0.wait().await;
        if cx.id.kind == FIRST {
            tokio::task::yield_now().await;
        }
        Err(Failure::permanent(cx.id.kind.id()))
    }

    async fn apply(&self, _: &Cx<'_>) -> Result<(), Failure> {
        unreachable!("a preview applies nothing")
    }
}

impl Steps for Meeting {
    fn step(&self, _: StepKind) -> &dyn Step {
        self
    }
}

async fn preview_of(steps: &dyn Steps) -> Result<Preview, (StepId, Failure)> {
    let (brief, world, redactor, cancel) = (brief(), Wire(Mutex::default()), Redactor::new(), Cancel::new());
    let (output, progress, hook) =
        (Output::memory(redactor.clone()), watch::Sender::new(Progress::default()), Hook::default());
    let cx = |id: StepId| Cx {
        id,
        attempt: 1,
        run: "preview",
        brief: &brief,
        world: &world,
        progress: &progress,
        output: &output,
        redactor: &redactor,
        cancel: &cancel,
        hook: &hook,
    };
    let made = Preview::make(reviewed().plan().clone(), &brief, steps, cx);
    tokio::time::timeout(Duration::from_secs(30), made).await.expect("looking ends")
}

#[tokio::test]
async fn a_preview_looks_side_by_side_and_tells_the_failure_that_comes_first_in_the_plan() {
    // One after the other they would never meet.
    let steps = Meeting(tokio::sync::Barrier::new(2));
    assert_eq!(preview_of(&steps).await, Err((id(FIRST), Failure::permanent(FIRST.id()))));
}

#[tokio::test]
async fn what_cannot_be_looked_at_behind_a_step_with_work_waits_for_that_step() {
    let refused = || Err(Failure::transient("it refuses the connection"));
    let steps = |first, second| Two(Scripted::new([first], []), Scripted::new([second], []));
    let preview = preview_of(&steps(work(), refused())).await.expect("a plan of a half installed site");
    assert_eq!(preview.steps()[1].check, Check::Blocked { because: FIRST });
    let whole = preview_of(&steps(Ok(Check::done("as it should be")), refused())).await;
    assert_eq!(whole, Err((id(SECOND), Failure::transient("it refuses the connection"))));
    let denied = preview_of(&steps(work(), Err(Failure::permanent("no")))).await;
    assert_eq!(denied, Err((id(SECOND), Failure::permanent("no"))));
}
