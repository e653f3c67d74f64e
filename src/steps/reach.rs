//! The registry answers from outside, verified by the cluster's CA and nothing else.

use super::common::{endpoint, reach};
use crate::engine::step::{Brief, Check, Cx, Observed, Step};
use crate::plan::{Changes, Failure, FailureKind, WaitSpec};
use crate::ports::Route;
use crate::ports::probe::Reached;
use async_trait::async_trait;

/// The step.
pub struct Reach;

const ANSWERS: WaitSpec =
    WaitSpec { condition: "the registry to answer from outside", typical: 5, remark: 60, limit: 300 };

/// MinIO's own question for "is the server up" (minio/minio cmd/healthcheck-router.go).
pub const LIVE: &str = "/minio/health/live";

/// How it was reached, in words.
pub fn words(reached: &Reached, url: &str) -> String {
    match reached.route {
        Route::Direct => format!("{url} answers directly, with verified TLS"),
        Route::Tunnel => format!(
            "{url} answers with verified TLS through the connection to the host only; from here the node port cannot be reached"
        ),
    }
}

#[async_trait]
impl Step for Reach {
    fn intent(&self, _brief: &Brief) -> Changes {
        Changes::new()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        reach!(cx.world.cluster());
        let endpoint = endpoint(cx).await?;
        match cx.world.probe().get(&endpoint, LIVE).await {
            Ok(reached) if reached.status == 200 => Ok(Check::done(words(&reached, &endpoint.url()))),
            Err(failure) if failure.kind == FailureKind::Unknown => Err(failure),
            // Not there yet, or not right: the apply waits, and says what is wrong when it gives up.
            _ => Ok(Check::NeedsWork { changes: Changes::new() }),
        }
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let endpoint = endpoint(cx).await?;
        let waiter = cx.waiter(ANSWERS);
        loop {
            let seen = match cx.world.probe().get(&endpoint, LIVE).await {
                Ok(reached) if reached.status == 200 => return Ok(()),
                Ok(reached) => Observed::of(format!("{} says {}", endpoint.url(), reached.status)),
                Err(failure) if failure.kind == FailureKind::Unknown => return Err(failure),
                Err(failure) => Observed { value: failure.line(), guess: failure.hint },
            };
            waiter.saw(seen, std::future::pending()).await?;
        }
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(ANSWERS)
    }
}
