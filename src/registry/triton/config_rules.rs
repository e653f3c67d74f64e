//! What Triton refuses in a config that it can read: its `ValidateModelConfig`, `ValidateInstanceGroup`
//! and `ValidateModelIOConfig`.

use super::autofill::{Backend, platforms};
use super::model::Place;
use super::rule::{Finding, Rule, Severity};
use crate::registry::pbtxt::{ModelConfig, Tensor};

pub(super) fn judge(place: &Place<'_>, config: &ModelConfig, backend: &Backend) -> Vec<Finding> {
    let mut found = Vec::new();
    identity(place, config, backend, &mut found);
    batching(place, config, &mut found);
    tensors(place, config, &mut found);
    instances(place, config, &mut found);
    ensemble(place, config, backend, &mut found);
    others(place, config, backend, &mut found);
    found
}

fn error(place: &Place<'_>, rule: Rule, what: impl Into<String>) -> Finding {
    Finding::new(rule, Severity::Error, place.config_key(), what)
}

fn poll(place: &Place<'_>, says: &str) -> String {
    format!("Poll failed for model directory '{}': {says}", place.name)
}

fn identity(place: &Place<'_>, config: &ModelConfig, backend: &Backend, found: &mut Vec<Finding>) {
    let name = place.name;
    if let Some(given) = config.name.as_ref().filter(|given| !given.value.is_empty() && given.value != name) {
        let says = format!(
            "unexpected directory name '{name}' for model '{}', directory name must equal model name",
            given.value
        );
        found.push(
            error(
                place,
                Rule::NameMismatch,
                format!("the config calls the model \"{}\", its directory is {name}", given.value),
            )
            .at(given.at)
            .says(poll(place, &says))
            .fix(format!("write `name: \"{name}\"`, or leave the name out")),
        );
    }
    let at = config.platform.as_ref().or(config.backend.as_ref()).map(|given| given.at);
    let mut finding = match platforms(&backend.backend) {
        _ if backend.backend.is_empty() && !backend.is_ensemble() => {
            let says = format!("unexpected platform type '{}' for {name}", backend.platform);
            error(
                place,
                Rule::UnknownPlatform,
                format!("\"{}\" is no platform of Triton, and no backend is given", backend.platform),
            )
            .says(poll(place, &says))
            .fix("give the backend, such as `backend: \"onnxruntime\"`")
        }
        Some(known) if !known.contains(&backend.platform.as_str()) => {
            let says =
                format!("unexpected 'platform' and 'backend' pair, got:{}, {}", backend.platform, backend.backend);
            error(
                place,
                Rule::PlatformBackend,
                format!("backend \"{}\" does not go with platform \"{}\"", backend.backend, backend.platform),
            )
            .says(poll(place, &says))
            .fix(format!(
                "leave the platform out, or write `platform: \"{}\"`",
                known.first().copied().unwrap_or_default()
            ))
        }
        _ => return,
    };
    finding.at = at;
    found.push(finding);
}

fn batching(place: &Place<'_>, config: &ModelConfig, found: &mut Vec<Finding>) {
    let name = place.name;
    let most = config.max_batch_size.as_ref().map_or(0, |size| size.value);
    if let Some(size) = config.max_batch_size.as_ref().filter(|size| size.value < 0) {
        found.push(
            error(place, Rule::NegativeBatch, format!("max_batch_size is {}", size.value))
                .at(size.at)
                .says(poll(place, &format!("'max_batch_size' must be non-negative value for {name}")))
                .fix("write 0 for no batches, or the largest batch"),
        );
    }
    for size in config.dynamic_batching.iter().flat_map(|batching| &batching.value.preferred) {
        let says = match size.value {
            ..=0 => format!("dynamic batching preferred size must be positive for {name}"),
            value if value > most => format!("dynamic batching preferred size must be <= max batch size for {name}"),
            _ => continue,
        };
        found.push(
            error(
                place,
                Rule::PreferredBatch,
                format!("a preferred batch of {}, and max_batch_size is {most}", size.value),
            )
            .at(size.at)
            .says(poll(place, &says))
            .fix("raise max_batch_size, or leave preferred_batch_size out"),
        );
    }
    // A first dimension that varies in everything looks like the batch's, which is not written there.
    let all = || config.inputs.iter().chain(&config.outputs);
    let free = |tensor: &Tensor| tensor.dims.len() > 1 && tensor.dims.first() == Some(&-1);
    if let Some(first) = all().next().filter(|_| most > 0 && all().all(free)) {
        found.push(
            Finding::new(Rule::BatchInDims, Severity::Warning, place.config_key(), format!(
                "max_batch_size is {most}, so Triton puts a batch dimension before every dims, and all of them begin with -1 already"
            ))
            .at(first.at)
            .fix("leave the first -1 out of every dims, or write `max_batch_size: 0`"),
        );
    }
}

fn tensors(place: &Place<'_>, config: &ModelConfig, found: &mut Vec<Finding>) {
    let batches = config.max_batch_size.as_ref().is_some_and(|size| size.value > 0);
    let sides = [("model input ", &config.inputs), ("model output ", &config.outputs)];
    for (side, tensor) in sides.into_iter().flat_map(|(side, list)| list.iter().map(move |tensor| (side, tensor))) {
        let named = format!("{side}'{}' ", tensor.name);
        let bad = |dims: &[i64]| dims.iter().any(|dim| *dim < 1 && *dim != -1);
        let says = if tensor.name.is_empty() {
            format!("{side}must specify 'name'")
        } else if matches!(tensor.data_type.as_str(), "" | "TYPE_INVALID") {
            format!("{named}must specify 'data_type'")
        } else if tensor.dims.is_empty() {
            format!("{named}must specify 'dims'")
        } else if tensor.reshape.as_deref() == Some(&[]) && !batches {
            format!("{named}cannot have empty reshape for non-batching model as scalar tensors are not supported")
        } else if bad(&tensor.dims) {
            format!("{named}dimension must be integer >= 1, or -1 to indicate a variable-size dimension")
        } else if tensor.reshape.as_deref().is_some_and(bad) {
            format!("{named}reshape dimensions must be integer >= 1, or -1 to indicate a variable-size dimension")
        } else if matches!(tensor.format.as_str(), "FORMAT_NHWC" | "FORMAT_NCHW") && tensor.dims.len() != 3 {
            "model input NHWC/NCHW require 3 dims".to_owned()
        } else {
            continue;
        };
        found.push(
            error(place, Rule::BadTensor, says.clone())
                .at(tensor.at)
                .says(format!("{says} for {}", place.name))
                .fix("complete the input or output, or leave all of them out where the backend fills them in"),
        );
    }
}

fn instances(place: &Place<'_>, config: &ModelConfig, found: &mut Vec<Finding>) {
    if config.ensemble.is_some() {
        return;
    }
    for (n, group) in config.instance_groups.iter().enumerate() {
        if !matches!(group.kind.as_str(), "KIND_CPU" | "KIND_MODEL") || group.gpus.is_empty() {
            continue;
        }
        let name = group.name.clone().unwrap_or_else(|| format!("{}_{n}", place.name));
        let says = format!(
            "instance group {name} of model {} has kind {} but specifies one or more GPUs",
            place.name, group.kind
        );
        found.push(
            error(place, Rule::InstanceGpus, format!("an instance group of {} names GPUs", group.kind))
                .at(group.at)
                .says(says)
                .fix("write `kind: KIND_GPU`, or leave gpus out"),
        );
    }
}

fn ensemble(place: &Place<'_>, config: &ModelConfig, backend: &Backend, found: &mut Vec<Finding>) {
    let name = place.name;
    let mut add = |at, what: &str, says: String| {
        let mut finding = error(place, Rule::EnsembleConfig, what).says(poll(place, &says));
        finding.at = at;
        found.push(finding.fix("an ensemble has `platform: \"ensemble\"` and ensemble_scheduling with steps, and neither backend, instance_group, optimization nor model_warmup"));
    };
    let platform = config.platform.as_ref().map(|platform| platform.at);
    let Some(steps) = &config.ensemble else {
        if backend.is_ensemble() {
            add(
                platform,
                "the platform is an ensemble's, and ensemble_scheduling is missing",
                format!("ensemble scheduling must be set for ensemble {name} whose platform is ensemble"),
            );
        }
        return;
    };
    if !backend.is_ensemble() {
        add(
            Some(steps.at),
            "ensemble_scheduling needs `platform: \"ensemble\"`",
            format!("ensemble scheduling cannot be set for model '{name}' whose platform is not ensemble"),
        );
    } else if !backend.backend.is_empty() {
        add(
            platform,
            "an ensemble has no backend",
            format!("Ensemble model '{name}' must have platform type 'ensemble' and empty backend type"),
        );
    } else if let Some(group) = config.instance_groups.first() {
        add(
            Some(group.at),
            "an ensemble has no instances of its own",
            format!("instance group should not be specified for ensemble '{name}'"),
        );
    } else if let Some(at) = config.optimization {
        add(
            Some(at),
            "an ensemble takes no optimization",
            format!("optimization should not be specified for ensemble '{name}'"),
        );
    } else if let Some(warmup) = &config.warmup {
        add(
            Some(warmup.at),
            "an ensemble takes no model_warmup",
            format!("model_warmup can not be specified for ensemble '{name}'"),
        );
    } else if steps.value.is_empty() {
        add(Some(steps.at), "the ensemble has no steps", format!("must specify 'step' for ensemble '{name}'"));
    }
}

fn others(place: &Place<'_>, config: &ModelConfig, backend: &Backend, found: &mut Vec<Finding>) {
    let name = place.name;
    if let Some(agent) = config.agents.first() {
        found.push(
            Finding::new(Rule::AgentOnS3, Severity::Warning, place.config_key(), format!(
                "the repository agent \"{}\" works on a copy of the model, and polling S3 does not notice changes with it", agent.value
            ))
            .at(agent.at)
            .fix("leave model_repository_agents out, or load models explicitly and not by polling"),
        );
    }
    if config.response_cache {
        let (what, says) = if config.sequence_batching.is_some() {
            (
                "sequence_batching",
                format!(
                    "Response Cache does not currently support model {name} with sequence batching scheduler. Please disable the response cache."
                ),
            )
        } else if config.decoupled {
            (
                "decoupled answers",
                format!(
                    "Response Cache does not currently support model {name} with 'decoupled' transaction policy. Please disable the response cache."
                ),
            )
        } else {
            ("", String::new())
        };
        if !what.is_empty() {
            found.push(
                error(place, Rule::ResponseCache, format!("the response cache does not work with {what}"))
                    .says(poll(place, &says))
                    .fix("leave response_cache out"),
            );
        }
    }
    let bare = config.inputs.is_empty() && config.outputs.is_empty();
    let needed = match backend.backend.as_str() {
        "pytorch" => Some((Severity::Warning, "the PyTorch backend does not fill inputs and outputs in")),
        "python" => {
            Some((Severity::Note, "a Python model has to fill inputs and outputs in itself, in auto_complete_config"))
        }
        _ => None,
    };
    if let Some((severity, what)) = needed.filter(|_| bare) {
        found.push(
            Finding::new(
                Rule::ConfigNeeded,
                severity,
                place.config_key(),
                format!("no inputs and outputs are given: {what}"),
            )
            .fix("give input and output in config.pbtxt"),
        );
    }
}
