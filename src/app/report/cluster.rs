//! What a cluster says: the objects of our namespaces with their events, what installs charts, and pods' logs.

use super::super::parts::{Env, over_the_link};
use crate::plan::report::{Bag, PIECE, host::is_name};
use crate::plan::{Failure, Site};
use crate::ports::cluster::Printed;
use crate::ports::{Cluster, Kind, ObjectRef, World};
use crate::steps::{LOCAL_PATH_NAMESPACE, OPERATOR_NAMESPACE, chart_ref};
use futures_util::future::join_all;
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Where RKE2 itself lives, and where its helm-controller installs charts from.
const SYSTEM: &str = "kube-system";

/// What is taken of each namespace of ours.
const OURS: &[Kind] = &[
    Kind::Pod,
    Kind::Event,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::Job,
    Kind::Service,
    Kind::ServiceAccount,
    Kind::PersistentVolumeClaim,
    Kind::ConfigMap,
    Kind::Tenant,
];

/// What is taken of RKE2's own namespace.
const OF_SYSTEM: &[Kind] = &[Kind::Pod, Kind::Event, Kind::Job];

/// What is in no namespace.
const GLOBAL: &[Kind] =
    &[Kind::Node, Kind::Namespace, Kind::PersistentVolume, Kind::StorageClass, Kind::CertificateSigningRequest];

/// The pods of RKE2's namespace whose logs are taken: those that install our chart.
const INSTALLS: &str = "helm-install-minio-operator";

/// How long all questions together may take: an API server that only just answers needs a minute for each.
const PATIENCE: Duration = Duration::from_mins(2);

/// Containers whose logs are taken, in all.
const LOGS: usize = 60;

/// Lines of a log that are asked for. What they come to is bounded by the piece.
const LINES: u32 = 5000;

/// A question and what came of it.
type Answered = (String, Result<Answer, Failure>);

enum Answer {
    Objects(Vec<Value>),
    Printed(Vec<Printed>),
}

/// Takes all of it. A cluster that is not up is said once.
pub async fn gather(bag: &mut Bag, env: &Env, world: &dyn World, site: &Site) {
    let ready = over_the_link(env, world, async || {
        let cluster = world.cluster().await.map_err(Failure::from)?;
        let said = cluster.raw("/readyz?verbose").await?;
        Ok((cluster, said))
    });
    let (cluster, (status, said)) = match ready.await {
        Ok(ready) => ready,
        Err(failure) => return bag.failed("cluster", &failure.context("the cluster does not answer")),
    };
    bag.text("cluster/ready.txt", format!("/readyz answers {status}\n{said}\n").as_bytes(), false);
    let until = Instant::now() + PATIENCE;
    let mut pods = Vec::new();
    for (name, answer) in objects(&*cluster, &namespaces(site), until).await {
        match answer {
            Ok(Answer::Objects(objects)) => {
                if name.ends_with("/pods") {
                    pods.extend(objects.iter().cloned());
                }
                bag.objects(&format!("cluster/{name}.yaml"), objects);
            }
            Ok(Answer::Printed(rows)) => bag.text(&format!("cluster/{name}.txt"), table(&rows).as_bytes(), false),
            Err(failure) => bag.failed(&format!("cluster/{name}"), &failure),
        }
    }
    logs(bag, &*cluster, &pods, until).await;
}

fn namespaces(site: &Site) -> Vec<&str> {
    let mut all = vec![site.registry.namespace.as_str()];
    for own in [OPERATOR_NAMESPACE, LOCAL_PATH_NAMESPACE] {
        if !all.contains(&own) {
            all.push(own);
        }
    }
    all
}

/// A question within the time that there is.
async fn in_time<T>(until: Instant, asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout_at(until, asked).await.unwrap_or_else(|_| {
        Err(Failure::transient(format!("the cluster had no answer within {} s", PATIENCE.as_secs())))
    })
}

/// All objects, asked side by side.
async fn objects(cluster: &dyn Cluster, namespaces: &[&str], until: Instant) -> Vec<Answered> {
    let list = async |kind: Kind, namespace: &str| {
        let listed = in_time(until, cluster.list(kind, namespace, "")).await;
        let name = if namespace.is_empty() { kind.api().3.to_owned() } else { format!("{namespace}/{}", kind.api().3) };
        (name, listed.map(Answer::Objects))
    };
    let print = async |kind: Kind, namespace: &str| {
        let printed = in_time(until, cluster.printed(kind, namespace)).await;
        (format!("{namespace}/{}", kind.api().3), printed.map(Answer::Printed))
    };
    let chart = async {
        let found = in_time(until, cluster.get(&chart_ref())).await;
        (
            format!("{SYSTEM}/{}-of-ours", Kind::HelmChart.api().3),
            found.map(|o| Answer::Objects(o.into_iter().collect())),
        )
    };
    let of_ours = namespaces.iter().flat_map(|namespace| OURS.iter().map(|kind| (*kind, *namespace)));
    let of_system = OF_SYSTEM.iter().map(|kind| (*kind, SYSTEM));
    let lists = of_ours.chain(of_system).chain(GLOBAL.iter().map(|kind| (*kind, "")));
    let lists = join_all(lists.map(|(kind, namespace)| list(kind, namespace)));
    // Of Secrets nothing but names, and of charts nothing of their content, which is large.
    let prints = namespaces.iter().map(|namespace| (Kind::Secret, *namespace)).chain([(Kind::HelmChart, SYSTEM)]);
    let prints = join_all(prints.map(|(kind, namespace)| print(kind, namespace)));
    let (lists, prints, chart) = futures_util::join!(lists, prints, chart);
    lists.into_iter().chain(prints).chain([chart]).collect()
}

/// Rows as lines.
fn table(rows: &[Printed]) -> String {
    let mut text = String::new();
    for row in rows {
        let _ = write!(text, "{}", row.name);
        for (column, cell) in row.cells.iter().filter(|(column, _)| column != "Name") {
            let _ = write!(text, "; {column} {cell}");
        }
        if !row.keys.is_empty() {
            let _ = write!(text, "; names of keys {}", row.keys.join(", "));
        }
        text.push('\n');
    }
    text
}

/// A container's log that can be asked for.
struct Log {
    name: String,
    path: String,
}

/// The logs of a pod's containers, and of the lives that ended before these.
fn logs_of(pod: &Value) -> Vec<Log> {
    let Some(what) = ObjectRef::of(pod) else { return Vec::new() };
    if what.namespace == SYSTEM && !what.name.starts_with(INSTALLS) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for list in ["initContainers", "containers"] {
        for container in pod["spec"][list].as_array().into_iter().flatten() {
            let Some(container) = container["name"].as_str() else { continue };
            // They become parts of a path; the API server makes no others.
            if ![&what.namespace, &what.name, container].into_iter().all(|name| is_name(name) && !name.contains('/')) {
                continue;
            }
            let statuses = ["initContainerStatuses", "containerStatuses"].map(|key| pod["status"][key].as_array());
            let status = statuses.into_iter().flatten().flatten().find(|status| status["name"] == container);
            let restarted = status.is_some_and(|status| status["restartCount"].as_u64() > Some(0));
            for (ending, more) in [("", ""), ("-before", "&previous=true")] {
                if ending.is_empty() || restarted {
                    found.push(Log {
                        name: format!("cluster/{}/logs/{}/{container}{ending}.log", what.namespace, what.name),
                        path: format!(
                            "/api/v1/namespaces/{}/pods/{}/log?container={container}&timestamps=true&tailLines={LINES}\
                             &limitBytes={}{more}",
                            what.namespace,
                            what.name,
                            4 * PIECE
                        ),
                    });
                }
            }
        }
    }
    found
}

async fn logs(bag: &mut Bag, cluster: &dyn Cluster, pods: &[Value], until: Instant) {
    let all: Vec<Log> = pods.iter().flat_map(logs_of).collect();
    for left in all.iter().skip(LOGS) {
        bag.missing(&left.name, &format!("there are more than {LOGS} containers"));
    }
    let asked = all.iter().take(LOGS).map(async |log| {
        let (status, text) = in_time(until, cluster.raw(&log.path)).await?;
        if status == 200 {
            Ok(text)
        } else {
            Err(Failure::permanent(format!("the API server says {status}")).because(text))
        }
    });
    for (log, said) in all.iter().zip(join_all(asked).await) {
        match said {
            Ok(text) => bag.text(&log.name, text.as_bytes(), false),
            Err(failure) => bag.failed(&log.name, &failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn logs_are_asked_of_each_container_and_of_its_life_before() {
        let pod = |namespace: &str, name: &str| {
            json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
                "spec": {"initContainers": [{"name": "first"}], "containers": [{"name": "minio"}, {"name": "../x"}]},
                "status": {"containerStatuses": [{"name": "minio", "restartCount": 2}]},
            })
        };
        let names = |pod: &Value| logs_of(pod).into_iter().map(|log| log.name).collect::<Vec<_>>();
        let ours = names(&pod("models", "minio-0"));
        let at = "cluster/models/logs/minio-0";
        assert_eq!(ours, [format!("{at}/first.log"), format!("{at}/minio.log"), format!("{at}/minio-before.log")]);
        assert!(logs_of(&pod("models", "minio-0"))[2].path.ends_with("&previous=true"));
        assert_eq!(names(&pod(SYSTEM, "etcd-edge")), Vec::<String>::new());
        assert_eq!(names(&pod(SYSTEM, "helm-install-minio-operator-x")).len(), 3);
        assert_eq!(names(&pod("models", "a/b")), Vec::<String>::new());
    }
}
