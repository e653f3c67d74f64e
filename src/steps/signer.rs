//! Whether the cluster signs serving certificates by its server CA, tried with a request of our own
//! that is thrown away.

use super::certificate::{self, sign};
use super::common::{cluster, reach};
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::{Change, Changes, Failure, WaitSpec};
use crate::ports::{Kind, ObjectRef};
use async_trait::async_trait;

/// The step.
pub struct SignerProbe;

fn change() -> Change {
    Change::Object {
        kind: "CertificateSigningRequest".into(),
        name: "modelquay-probe".into(),
        summary: "a trial of the signer, removed again".into(),
    }
}

#[async_trait]
impl Step for SignerProbe {
    fn intent(&self, _brief: &Brief) -> Changes {
        vec![change()]
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        // A certificate that the signer has made is a better proof than any trial.
        if certificate::valid(cx, &*cluster).await?.is_some() {
            return Ok(Check::done("the signer has signed the registry's certificate"));
        }
        let probe = cluster.get(&ObjectRef::new(Kind::ConfigMap, "kube-system", RECORD)).await?;
        Ok(match probe {
            Some(_) => Check::done("the signer was tried and signs by the server CA"),
            None => Check::NeedsWork { changes: vec![change()] },
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        let key = certificate::new_key()?;
        let request = certificate::request(&key, &["modelquay-probe.invalid".into()], "modelquay-probe")?;
        // The run's id in the name: a trial that was cut off is not taken for this one.
        let name = format!("modelquay-probe-{}", cx.run.to_ascii_lowercase());
        cluster.delete(&ObjectRef::global(Kind::CertificateSigningRequest, &name)).await?;
        sign(cx, &*cluster, &name, &request).await?;
        cluster.delete(&ObjectRef::global(Kind::CertificateSigningRequest, &name)).await?;
        let record = serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": RECORD, "namespace": "kube-system"},
            "data": {"signer": certificate::SIGNER},
        });
        cluster.apply(&super::objects::label(record), false).await.map(|_| ())
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(certificate::SIGNED)
    }
}

/// Says that the trial was made; it keeps a second run from making it again before there is a
/// certificate.
const RECORD: &str = "modelquay-signer";
