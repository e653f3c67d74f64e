//! Which backend a model is for, when its config does not say everything: what Triton's
//! `AutoCompleteBackendFields` fills in. It looks only into the first directory by name.

use super::tree::Dir;
use crate::registry::pbtxt::ModelConfig;

/// What Triton takes a model for. Empty texts are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backend {
    /// The backend.
    pub backend: String,
    /// The platform.
    pub platform: String,
    /// The model file, or directory, in each version directory.
    pub filename: String,
}

impl Backend {
    /// Whether it is an ensemble, which has no files.
    pub fn is_ensemble(&self) -> bool {
        self.platform == "ensemble"
    }
}

/// The platform that goes with a backend, as Triton's `GetBackendTypeFromPlatform` has them. Backends
/// that are not here take any.
pub(super) fn platforms(backend: &str) -> Option<&'static [&'static str]> {
    match backend {
        "tensorflow" => Some(&["tensorflow_graphdef", "tensorflow_savedmodel"]),
        "tensorrt" => Some(&["tensorrt_plan"]),
        "onnxruntime" => Some(&["onnxruntime_onnx"]),
        "pytorch" => Some(&["pytorch_libtorch", "torch_libtorch", "torch_aoti"]),
        _ => None,
    }
}

/// The file that a backend looks for when nothing else is said, beyond those that Triton fills in.
fn usual_file(backend: &str) -> &'static str {
    match backend {
        "dali" => "model.dali",
        "vllm" => "model.json",
        _ => "",
    }
}

/// Completes what a config says, or gives what Triton says when it cannot.
pub(super) fn autofill(
    name: &str,
    config: &ModelConfig,
    first_version: Option<&FirstVersion>,
) -> Result<Backend, String> {
    let given = |value: &Option<crate::registry::pbtxt::At<String>>| {
        value.as_ref().map(|value| value.value.clone()).unwrap_or_default()
    };
    let mut found = Backend {
        backend: given(&config.backend),
        platform: given(&config.platform),
        filename: given(&config.default_model_filename),
    };
    let file = |name: &str| first_version.is_some_and(|first| first.files.iter().any(|file| file == name));
    let dir = |name: &str| first_version.is_some_and(|first| first.dirs.iter().any(|dir| dir == name));
    let bare = found.platform.is_empty() && found.filename.is_empty();

    if found.platform.is_empty() && matches!(found.backend.as_str(), "" | "tensorflow") {
        let platform = match found.filename.as_str() {
            "model.savedmodel" => "tensorflow_savedmodel",
            "model.graphdef" => "tensorflow_graphdef",
            "" if file("model.graphdef") => "tensorflow_graphdef",
            "" if dir("model.savedmodel") => "tensorflow_savedmodel",
            _ => "",
        };
        platform.clone_into(&mut found.platform);
    }
    if let Some(file) = match found.platform.as_str() {
        "tensorflow_savedmodel" => Some("model.savedmodel"),
        "tensorflow_graphdef" => Some("model.graphdef"),
        _ => None,
    } {
        return Ok(found.complete("tensorflow", "", file));
    }

    // Each of these is tried in Triton's order: by platform, by the file's name, by what is there.
    let by = |found: &Backend, platforms: &[&str], filename: &str, there: bool| {
        platforms.contains(&found.platform.as_str()) || found.filename == filename || (bare && there)
    };
    if found.backend.is_empty() {
        let backend = if by(&found, &["tensorrt_plan"], "model.plan", file("model.plan")) {
            "tensorrt"
        } else if by(&found, &["onnxruntime_onnx"], "model.onnx", file("model.onnx") || dir("model.onnx")) {
            "onnxruntime"
        } else if by(&found, &[], "model.xml", file("model.xml") || dir("model.xml")) {
            "openvino"
        } else if by(&found, &["pytorch_libtorch", "torch_libtorch", "torch_aoti"], "model.pt", file("model.pt"))
            || by(&found, &[], "model.pt2", file("model.pt2"))
        {
            if found.filename == "model.pt2" || (bare && !file("model.pt")) {
                "torch_aoti".clone_into(&mut found.platform);
            }
            "pytorch"
        } else if by(&found, &[], "model.py", file("model.py") || dir("model.py")) {
            "python"
        } else {
            ""
        };
        backend.clone_into(&mut found.backend);
    }
    Ok(match found.backend.as_str() {
        "tensorrt" => found.complete("tensorrt", "tensorrt_plan", "model.plan"),
        "onnxruntime" => found.complete("onnxruntime", "onnxruntime_onnx", "model.onnx"),
        "openvino" => found.complete("openvino", "", "model.xml"),
        "pytorch" if found.platform == "torch_aoti" => found.complete("pytorch", "torch_aoti", "model.pt2"),
        "pytorch" => found.complete("pytorch", "pytorch_libtorch", "model.pt"),
        "python" => found.complete("python", "", "model.py"),
        "" if bare => return custom(name),
        other => {
            let file = usual_file(other);
            found.complete("", "", file)
        }
    })
}

impl Backend {
    /// The same with what is not given yet.
    fn complete(mut self, backend: &str, platform: &str, filename: &str) -> Self {
        for (field, value) in
            [(&mut self.backend, backend), (&mut self.platform, platform), (&mut self.filename, filename)]
        {
            if field.is_empty() {
                value.clone_into(field);
            }
        }
        self
    }
}

/// Nothing is said: the directory's name has to be `<name>.<backend>`.
fn custom(name: &str) -> Result<Backend, String> {
    match name.split_once('.') {
        Some((_, backend)) => {
            Ok(Backend { backend: backend.to_owned(), platform: String::new(), filename: format!("model.{backend}") })
        }
        None => Err(format!(
            "Invalid model name: Could not determine backend for model '{name}' with no backend in model \
             configuration. Expected model name of the form 'model.<backend_name>'."
        )),
    }
}

/// The names in the first directory of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FirstVersion {
    files: Vec<String>,
    dirs: Vec<String>,
}

/// The first directory of a model by name, whatever it is: Triton does not look whether it is a
/// version.
pub(super) fn first_version(model: &Dir) -> Option<FirstVersion> {
    let (_, dir) = model.dirs.iter().next()?;
    Some(FirstVersion {
        files: dir.files.keys().filter(|name| !dir.dirs.contains_key(*name)).cloned().collect(),
        dirs: dir.dirs.keys().cloned().collect(),
    })
}
