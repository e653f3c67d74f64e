//! The parts of a config that decide what Triton loads, as values.

use super::{Document, Item, Message, Position, Value};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// Where.
    pub at: Position,
    /// The value.
    pub value: T,
}

/// Which versions Triton serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionPolicy {
    /// So many with the highest numbers. Not giving a number is giving none: `latest { }` serves nothing.
    Latest(u64),
    /// All. A policy without a choice is this one, too (triton core, `model_lifecycle.cc` `VersionsToLoad`).
    All,
    /// These, as far as they are there.
    Specific(Vec<i64>),
}

/// An input or output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tensor {
    /// Where it stands.
    pub at: Position,
    /// Its name.
    pub name: String,
    /// Its type, such as `TYPE_FP32`; empty where it is not given.
    pub data_type: String,
    /// `FORMAT_NHWC` and the like; empty where it is not given.
    pub format: String,
    /// Its dimensions, without the batch's.
    pub dims: Vec<i64>,
    /// The shape that the backend sees, where it is another.
    pub reshape: Option<Vec<i64>>,
    /// The file with the labels of an output.
    pub label_filename: Option<String>,
}

/// A group of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceGroup {
    /// Where it stands.
    pub at: Position,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// `KIND_GPU` and the like; `KIND_AUTO` where it is not given.
    pub kind: String,
    /// How many instances for each GPU, or in all; 0 where it is not given.
    pub count: i64,
    /// The GPUs.
    pub gpus: Vec<i64>,
}

/// Requests are put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batching {
    /// To batches of these sizes.
    pub preferred: Vec<At<i64>>,
}

/// A step of an ensemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnsembleStep {
    /// Where it stands.
    pub at: Position,
    /// The model.
    pub model: String,
    /// Its version; -1 is the latest, and not given is 0.
    pub version: i64,
}

/// What is read of a `config.pbtxt`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelConfig {
    /// `name`.
    pub name: Option<At<String>>,
    /// `platform`.
    pub platform: Option<At<String>>,
    /// `backend`.
    pub backend: Option<At<String>>,
    /// `runtime`.
    pub runtime: Option<At<String>>,
    /// `version_policy`.
    pub version_policy: Option<At<VersionPolicy>>,
    /// `max_batch_size`.
    pub max_batch_size: Option<At<i64>>,
    /// `input`.
    pub inputs: Vec<Tensor>,
    /// `output`.
    pub outputs: Vec<Tensor>,
    /// `instance_group`.
    pub instance_groups: Vec<InstanceGroup>,
    /// `default_model_filename`.
    pub default_model_filename: Option<At<String>>,
    /// `cc_model_filenames`: compute capability and file.
    pub cc_model_filenames: Vec<At<(String, String)>>,
    /// `dynamic_batching`.
    pub dynamic_batching: Option<At<Batching>>,
    /// `sequence_batching`.
    pub sequence_batching: Option<Position>,
    /// `ensemble_scheduling`.
    pub ensemble: Option<At<Vec<EnsembleStep>>>,
    /// `optimization`.
    pub optimization: Option<Position>,
    /// `model_warmup`, and the files that it reads from the directory `warmup`.
    pub warmup: Option<At<Vec<At<String>>>>,
    /// Files that the sequence batcher reads from the directory `initial_state`.
    pub initial_state_files: Vec<At<String>>,
    /// `model_transaction_policy`: answers come apart from requests.
    pub decoupled: bool,
    /// `parameters`: names and texts.
    pub parameters: Vec<(String, String)>,
    /// The names of `model_repository_agents`.
    pub agents: Vec<At<String>>,
    /// Whether `response_cache` is on.
    pub response_cache: bool,
}

impl ModelConfig {
    /// The view of a tree. What is of the wrong type counts as not given; [`check`](super::check)
    /// says so.
    pub fn of(document: &Document) -> Self {
        let root = &document.root;
        Self {
            name: text(root, "name"),
            platform: text(root, "platform"),
            backend: text(root, "backend"),
            runtime: text(root, "runtime"),
            version_policy: root.last("version_policy").and_then(policy),
            max_batch_size: integer(root, "max_batch_size"),
            inputs: messages(root, "input").map(tensor).collect(),
            outputs: messages(root, "output").map(tensor).collect(),
            instance_groups: messages(root, "instance_group").map(instance_group).collect(),
            default_model_filename: text(root, "default_model_filename"),
            cc_model_filenames: entries(root, "cc_model_filenames").collect(),
            dynamic_batching: messages(root, "dynamic_batching").last().map(|(at, message)| At {
                at,
                value: Batching { preferred: located(message, "preferred_batch_size") },
            }),
            sequence_batching: root.last("sequence_batching").map(|item| item.at),
            ensemble: messages(root, "ensemble_scheduling")
                .last()
                .map(|(at, message)| At { at, value: messages(message, "step").map(step).collect() }),
            optimization: root.last("optimization").map(|item| item.at),
            warmup: root.last("model_warmup").map(|item| At { at: item.at, value: warmup_files(root) }),
            initial_state_files: initial_state_files(root),
            decoupled: flag(root, "model_transaction_policy", "decoupled"),
            parameters: parameters(root),
            agents: messages(root, "model_repository_agents")
                .flat_map(|(_, message)| messages(message, "agents"))
                .filter_map(|(_, agent)| text(agent, "name"))
                .collect(),
            response_cache: flag(root, "response_cache", "enable"),
        }
    }
}

fn text(message: &Message, name: &str) -> Option<At<String>> {
    let item = message.last(name)?;
    let Value::Text(text) = &item.value else { return None };
    Some(At { at: item.at, value: text.clone() })
}

fn whole(item: &Item) -> Option<At<i64>> {
    let Value::Integer(number) = item.value else { return None };
    Some(At { at: item.at, value: i64::try_from(number).ok()? })
}

fn integer(message: &Message, name: &str) -> Option<At<i64>> {
    message.last(name).and_then(whole)
}

fn located(message: &Message, name: &str) -> Vec<At<i64>> {
    message.all(name).filter_map(whole).collect()
}

fn integers(message: &Message, name: &str) -> Vec<i64> {
    message.all(name).filter_map(whole).map(|number| number.value).collect()
}

fn word(message: &Message, name: &str) -> Option<String> {
    match &message.last(name)?.value {
        Value::Word(word) => Some(word.clone()),
        _ => None,
    }
}

fn messages<'a>(message: &'a Message, name: &'a str) -> impl Iterator<Item = (Position, &'a Message)> {
    message.all(name).filter_map(|item| match &item.value {
        Value::Message(message) => Some((item.at, message)),
        _ => None,
    })
}

fn flag(message: &Message, outer: &str, inner: &str) -> bool {
    messages(message, outer).filter_map(|(_, message)| message.last(inner)).any(|item| match &item.value {
        Value::Word(word) => matches!(word.as_str(), "true" | "True" | "t"),
        Value::Integer(number) => *number == 1,
        _ => false,
    })
}

fn entries<'a>(message: &'a Message, name: &'a str) -> impl Iterator<Item = At<(String, String)>> {
    messages(message, name).map(|(at, entry)| {
        let part = |name| text(entry, name).map(|text| text.value).unwrap_or_default();
        At { at, value: (part("key"), part("value")) }
    })
}

fn policy(item: &Item) -> Option<At<VersionPolicy>> {
    let Value::Message(message) = &item.value else { return None };
    let value = if let Some((_, specific)) = messages(message, "specific").last() {
        VersionPolicy::Specific(integers(specific, "versions"))
    } else if let Some((_, latest)) = messages(message, "latest").last() {
        let count = integer(latest, "num_versions").map_or(0, |number| number.value);
        VersionPolicy::Latest(u64::try_from(count).unwrap_or(0))
    } else {
        VersionPolicy::All
    };
    Some(At { at: item.at, value })
}

fn tensor((at, message): (Position, &Message)) -> Tensor {
    Tensor {
        at,
        name: text(message, "name").map(|text| text.value).unwrap_or_default(),
        data_type: word(message, "data_type").unwrap_or_default(),
        format: word(message, "format").unwrap_or_default(),
        dims: integers(message, "dims"),
        reshape: messages(message, "reshape").last().map(|(_, reshape)| integers(reshape, "shape")),
        label_filename: text(message, "label_filename").map(|text| text.value).filter(|name| !name.is_empty()),
    }
}

fn instance_group((at, message): (Position, &Message)) -> InstanceGroup {
    InstanceGroup {
        at,
        name: text(message, "name").map(|text| text.value),
        kind: word(message, "kind").unwrap_or_else(|| "KIND_AUTO".to_owned()),
        count: integer(message, "count").map_or(0, |number| number.value),
        gpus: integers(message, "gpus"),
    }
}

fn step((at, message): (Position, &Message)) -> EnsembleStep {
    EnsembleStep {
        at,
        model: text(message, "model_name").map(|text| text.value).unwrap_or_default(),
        version: integer(message, "model_version").map_or(0, |number| number.value),
    }
}

fn warmup_files(root: &Message) -> Vec<At<String>> {
    messages(root, "model_warmup")
        .flat_map(|(_, sample)| messages(sample, "inputs"))
        .flat_map(|(_, entry)| messages(entry, "value"))
        .filter_map(|(_, input)| text(input, "input_data_file"))
        .collect()
}

fn initial_state_files(root: &Message) -> Vec<At<String>> {
    messages(root, "sequence_batching")
        .flat_map(|(_, batching)| messages(batching, "state"))
        .flat_map(|(_, state)| messages(state, "initial_state"))
        .filter_map(|(_, state)| text(state, "data_file"))
        .collect()
}

fn parameters(root: &Message) -> Vec<(String, String)> {
    messages(root, "parameters")
        .map(|(_, entry)| {
            let key = text(entry, "key").map(|text| text.value).unwrap_or_default();
            let value = messages(entry, "value").filter_map(|(_, value)| text(value, "string_value")).last();
            (key, value.map(|text| text.value).unwrap_or_default())
        })
        .collect()
}
