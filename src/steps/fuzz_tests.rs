//! What the readers of the cluster's objects make of any: each is one that the API server has said, changed at random
//! places. Whole steps against a world of such answers are in `tests/it/hostile.rs`.

use super::{KeyName, access, certificate, common, console, doctor, keys, objects, secrets, tenant};
use crate::base::{Redactor, fuzz};
use crate::ports::ObjectRef;
use serde_json::{Value, json};

/// One object of each kind that is read, as an installed cluster has it.
fn examples() -> Vec<Value> {
    let meta = json!({"name": "model-registry-pool-0-0", "namespace": "model-registry", "resourceVersion": "4711",
        "labels": {"app.kubernetes.io/managed-by": "modelquay", "v1.min.io/tenant": "model-registry"}});
    let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": "429 Too Many Requests"}});
    vec![
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "minio"}, {"name": "sidecar"}]},
            "status": {"phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "False", "message": "1 Insufficient memory"}],
                "initContainerStatuses": [{"name": "init", "ready": true, "state": {"terminated": {"exitCode": 0}}}],
                "containerStatuses": [{"name": "minio", "ready": false, "state": waiting}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"clusterIP": "10.43.0.17",
            "ports": [{"name": "https-console", "port": 9443, "nodePort": 30901}, {"name": "https-minio", "port": 443}]}}),
        json!({"apiVersion": "minio.min.io/v2", "kind": "Tenant", "metadata": meta,
            "spec": {"image": "docker.io/pgsty/silo:R1", "pools": [{"volumesPerServer": 4, "volumeClaimTemplate":
                {"spec": {"storageClassName": "modelquay", "resources": {"requests": {"storage": "10Gi"}}}}}]},
            "status": {"currentState": "Initialized", "healthStatus": "green", "drivesOnline": 4}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n", "generation": 3},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": "x"}]}}},
            "status": {"observedGeneration": 3, "availableReplicas": 2, "conditions": [{"type": "Available", "status": "True"}]}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "edge-07"}, "status": {
            "addresses": [{"type": "InternalIP", "address": "10.0.0.7"}],
            "conditions": [{"type": "Ready", "status": "False", "message": "cni not initialized"}]}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {
            "config.env": "ZXhwb3J0IE1JTklPX1JPT1RfVVNFUj0icm9vdCIKZXhwb3J0IE1JTklPX1JPT1RfUEFTU1dPUkQ9InNlY3JldC1zZWNyZXQiCg==",
            "access_key": "cmVhZGVy", "secret_key": "c2VjcmV0LXNlY3JldA==", "tls.crt": "LS0tLS1CRUdJTg=="}}),
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::models/*", "arn:aws:s3:::models"]}]}),
    ]
}

#[test]
fn any_object_of_the_cluster_is_read_as_far_as_it_can_be() {
    let examples = examples();
    let (mut read, mut not) = (0_u64, 0_u64);
    let mut tell = |known: bool| if known { read += 1 } else { not += 1 };
    fuzz::each(fuzz::CASES, |dice| {
        let right = &examples[dice.below(examples.len())];
        let mut object = right.clone();
        fuzz::bend_json(dice, &mut object);
        fuzz::shown(&doctor::state(&object), 400);
        doctor::explain(&access::ready_message(&object));
        common::condition(&object, "Available");
        tell(common::is_ours(&object));
        tell(common::covers(&object, right));
        if right["Statement"].is_array() {
            tell(keys::same_policy(&object, right));
        }
        tell(tenant::healthy(&object));
        tell(objects::available(&object));
        objects::change(&object);
        tell(ObjectRef::of(&object).is_some());
        tell(console::address(&object).is_some());
        // A port is none of the numbers that no port has.
        assert_ne!(console::port(&object, "nodePort"), Some(0));
        let tls = certificate::secret_text(&object, "tls.crt");
        tell(tls.is_some_and(|pem| certificate::names_in(&pem).is_some()));
        // What is learnt of a bent one is no secret of the next case.
        let key = KeyName::ALL[dice.below(KeyName::ALL.len())];
        tell(secrets::parse(key, &object, &Redactor::new()).is_some());
    });
    fuzz::both(read, not);
}
