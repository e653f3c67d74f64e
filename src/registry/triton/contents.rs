//! What is in a model's file, against what its backend opens and what its config says of it. The
//! first bytes of the file are enough, as [`inspect`](crate::registry::inspect) finds them.

use super::model::{Model, Version};
use super::rule::{Finding, Rule, Severity};
use crate::registry::inspect::{Content, Details, Dim, Kind, Note, Onnx, Port, Report};
use crate::registry::pbtxt::{ModelConfig, Tensor};

/// The file of a version that its backend opens, as its path in the version's directory; `None` for a
/// backend of whose files nothing is known here.
fn opened(model: &Model, version: &Version) -> Option<String> {
    let backend = model.backend.as_ref()?;
    let name = &backend.filename;
    let known = matches!(backend.backend.as_str(), "onnxruntime" | "tensorrt" | "pytorch" | "openvino" | "python");
    let inner = format!("{name}/model.onnx");
    let there = |path: &str| version.files.iter().any(|file| file.path == path);
    match known {
        true if there(name) => Some(name.clone()),
        true if there(&inner) => Some(inner),
        _ => None,
    }
}

/// The keys of the files to inspect: of every version that would be served, the one that is opened.
pub fn contents_wanted(model: &Model) -> Vec<String> {
    let versions = model.versions.iter().filter(|version| version.selected && version.complete);
    versions.filter_map(|version| Some(format!("{}{}/{}", model.key, version.dir, opened(model, version)?))).collect()
}

/// Looks at the file that is opened of a version: `key` is one of [`contents_wanted`].
pub fn judge_contents(model: &Model, key: &str, report: &Report) -> Vec<Finding> {
    let (Some(backend), Some((version, _))) =
        (model.backend.as_ref(), key.strip_prefix(&model.key).and_then(|path| path.split_once('/')))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some(other) = format(&backend.backend, key, report) {
        found.push(other);
    } else {
        found.extend(cut(key, report));
        if let (Details::Onnx(onnx), Some(config)) = (&report.details, model.config.read()) {
            let old = report.notes.contains(&Note::WeightsAmongInputs);
            network(model, config, onnx, old, key, &mut found);
        }
    }
    for finding in &mut found {
        finding.model = Some(model.name.clone());
        finding.version = Some(version.to_owned());
    }
    found
}

fn error(rule: Rule, key: &str, what: impl Into<String>) -> Finding {
    Finding::new(rule, Severity::Error, key, what)
}

/// Whether the file is something else than the backend opens.
fn format(backend: &str, key: &str, report: &Report) -> Option<Finding> {
    let expected = match backend {
        "onnxruntime" => Kind::Onnx,
        "tensorrt" => Kind::TensorRt,
        "pytorch" => Kind::Zip,
        "openvino" => Kind::Xml,
        _ if report.kind != Kind::GitLfs => return None,
        _ => Kind::Python,
    };
    if report.kind == Kind::GitLfs {
        return Some(
            error(
                Rule::OtherFormat,
                key,
                "this is the pointer that Git LFS leaves in the place of a file, and not the file",
            )
            .fix("run `git lfs pull` where it was uploaded from, and upload it again"),
        );
    }
    if report.kind != expected && !(expected == Kind::Xml && report.kind.is_text()) {
        let what = format!("the {backend} backend opens {}, and this is {}", expected.name(), report.kind.name());
        return Some(
            error(Rule::OtherFormat, key, what).fix("upload the model in the backend's format, or correct the backend"),
        );
    }
    if let Details::Archive(archive) = &report.details
        && archive.content == Content::TorchCheckpoint
    {
        return Some(
            error(
                Rule::WeightsOnly,
                key,
                "the file has weights without a network, as torch.save writes them; the backend opens TorchScript",
            )
            .fix("export the model with torch.jit.trace or torch.jit.script, and save that"),
        );
    }
    let foreign = report.notes.iter().find_map(|note| match note {
        Note::ForeignHeader(whose) => Some(*whose),
        _ => None,
    });
    if let Some(whose) = foreign {
        return Some(
            error(
                Rule::ForeignHeader,
                key,
                format!("{whose} wrote a header of its own before the engine, and TensorRT refuses that"),
            )
            .fix("build the engine with trtexec from the ONNX file, or cut the header off"),
        );
    }
    let unknown = report.kind == Kind::TensorRt && report.notes.iter().any(|note| matches!(note, Note::Bad(_)));
    unknown.then(|| {
        error(Rule::OtherFormat, key, "the file does not begin as a TensorRT engine does")
            .fix("build the engine again, and upload that")
    })
}

fn cut(key: &str, report: &Report) -> Option<Finding> {
    let what = report.notes.iter().find_map(|note| match note {
        Note::Cut(_) | Note::Size { .. } => Some(note.to_string()),
        // An archive's directory stands at its end.
        Note::Bad(wrong) if report.kind == Kind::Zip => Some((*wrong).to_owned()),
        _ => None,
    })?;
    Some(error(Rule::CutFile, key, what).fix("upload the file again"))
}

fn network(model: &Model, config: &ModelConfig, onnx: &Onnx, old: bool, key: &str, found: &mut Vec<Finding>) {
    let batches = config.max_batch_size.as_ref().is_some_and(|size| size.value > 0);
    let sides = [("input", &config.inputs, &onnx.inputs), ("output", &config.outputs, &onnx.outputs)];
    for (side, given, there) in sides {
        let Some(there) = there else { continue };
        // Without any the backend fills them all in.
        if given.is_empty() {
            continue;
        }
        let config_key = format!("{}config.pbtxt", model.key);
        for tensor in given {
            let Some(port) = there.iter().find(|port| port.name == tensor.name) else {
                let names = there.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ");
                found.push(
                    error(
                        Rule::TensorNames,
                        &config_key,
                        format!("the network has no {side} \"{}\"; it has {names}", tensor.name),
                    )
                    .at(tensor.at)
                    .says(format!("unexpected inference {side} '{}', allowed {side}s are: {names}", tensor.name))
                    .fix(format!("write one of the network's {side}s, or leave all of them out")),
                );
                continue;
            };
            found.extend(of_type(model, side, tensor, port, &config_key));
            found.extend(of_shape(model, side, tensor, port, batches, &config_key));
        }
        let unnamed = there.iter().find(|port| given.iter().all(|tensor| tensor.name != port.name));
        // Controls and states of a sequence are inputs that are named elsewhere; outputs may be left out.
        if let Some(port) = unnamed.filter(|_| side == "input" && config.sequence_batching.is_none() && !old) {
            let (given, there) = (given.len(), there.len());
            found.push(
                error(
                    Rule::TensorNames,
                    key,
                    format!("the network has an input \"{}\" that config.pbtxt does not name", port.name),
                )
                .says(format!(
                    "unable to load model '{}', configuration expects {given} inputs, model provides {there}",
                    model.name
                ))
                .fix("name all inputs in config.pbtxt, or none"),
            );
        }
    }
}

fn triton_type(onnx: &str) -> Option<&'static str> {
    Some(match onnx {
        "float" => "TYPE_FP32",
        "uint8" => "TYPE_UINT8",
        "int8" => "TYPE_INT8",
        "uint16" => "TYPE_UINT16",
        "int16" => "TYPE_INT16",
        "int32" => "TYPE_INT32",
        "int64" => "TYPE_INT64",
        "string" => "TYPE_STRING",
        "bool" => "TYPE_BOOL",
        "float16" => "TYPE_FP16",
        "double" => "TYPE_FP64",
        "uint32" => "TYPE_UINT32",
        "uint64" => "TYPE_UINT64",
        "bfloat16" => "TYPE_BF16",
        _ => return None,
    })
}

fn of_type(model: &Model, side: &str, tensor: &Tensor, port: &Port, key: &str) -> Option<Finding> {
    let provides = triton_type(&port.dtype)?;
    if tensor.data_type.is_empty() || tensor.data_type == provides {
        return None;
    }
    let (name, given) = (&tensor.name, &tensor.data_type);
    Some(
        error(Rule::TensorType, key, format!("{side} \"{name}\" is {given} here, and {provides} in the network"))
            .at(tensor.at)
            .says(format!(
                "unable to load model '{}', configuration expects datatype {given} for {side} '{name}', model provides {provides}",
                model.name
            ))
            .fix(format!("write `data_type: {provides}`")),
    )
}

fn of_shape(model: &Model, side: &str, tensor: &Tensor, port: &Port, batches: bool, key: &str) -> Option<Finding> {
    let there: Vec<i64> = port
        .dims
        .as_ref()?
        .iter()
        .map(|dim| match dim {
            Dim::Fixed(fixed) => i64::try_from(*fixed).unwrap_or(-1),
            Dim::Named(_) | Dim::Any => -1,
        })
        .collect();
    let dims = tensor.reshape.as_ref().unwrap_or(&tensor.dims);
    if dims.is_empty() && tensor.reshape.is_none() {
        return None;
    }
    let given: Vec<i64> = batches.then_some(-1).into_iter().chain(dims.iter().copied()).collect();
    let fits =
        there.len() == given.len() && there.iter().zip(&given).all(|(there, given)| *there == -1 || there == given);
    if fits {
        return None;
    }
    let list = |dims: &[i64]| format!("[{}]", dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    let (name, model) = (&tensor.name, &model.name);
    let fixed_batch = batches && there.first().is_some_and(|first| *first != -1);
    let (what, says, fix) = if fixed_batch {
        (
            format!(
                "max_batch_size is set, and the network's {side} \"{name}\" has a first dimension that does not vary: {}",
                list(&there)
            ),
            format!(
                "model '{model}', tensor '{name}': for the model to support batching the shape should have at least 1 dimension and the first dimension must be -1; but shape expected by the model is {}",
                list(&there)
            ),
            "write `max_batch_size: 0` and the whole shape in dims, or export the network with a batch that varies"
                .to_owned(),
        )
    } else {
        let batch = if batches {
            format!(
                "{} dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape {})",
                given.len(),
                list(&given)
            )
        } else {
            format!("{} dimensions (shape {})", given.len(), list(&given))
        };
        (
            format!("{side} \"{name}\" has the shape {} here, and {} in the network", list(&given), list(&there)),
            format!(
                "model '{model}', tensor '{name}': the model expects {} dimensions (shape {}) but the model configuration specifies {batch}",
                there.len(),
                list(&there)
            ),
            match there.split_first() {
                Some((-1, rest)) if batches => format!("write `dims: {}`", list(rest)),
                _ => format!("write `dims: {}`", list(&there)),
            },
        )
    };
    Some(error(Rule::TensorShape, key, what).at(tensor.at).says(says).fix(fix))
}
