//! What fields Triton's `ModelConfig` has: a table of names and types, from
//! `triton-inference-server/common`, `protobuf/model_config.proto@08365eae` (with
//! `max_inflight_responses` and `model_metrics`). Protobuf refuses a text with a field that it does not know, so a name that
//! is missing here makes a warning and no more: a later Triton may know it.

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    /// A text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number within these two.
    Integer(i128, i128),
    /// Any number.
    Float,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A message.
    Message(&'static Schema),
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    /// It may be there many times. Maps are such: each entry is a message with `key` and `value`.
    pub(super) repeated: bool,
    /// Of the fields with the same word here only one may be there.
    pub(super) one_of: &'static str,
}

/// A message.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Spec],
}

use Type::{Bool, Choice, Float, Integer, Text};

const INT32: Type = Integer(i32::MIN as i128, i32::MAX as i128);
const INT64: Type = Integer(i64::MIN as i128, i64::MAX as i128);
const UINT32: Type = Integer(0, u32::MAX as i128);
const UINT64: Type = Integer(0, u64::MAX as i128);

const fn one(name: &'static str, kind: Type) -> Spec {
    Spec { name, kind, repeated: false, one_of: "" }
}

const fn many(name: &'static str, kind: Type) -> Spec {
    Spec { name, kind, repeated: true, one_of: "" }
}

const fn either(one_of: &'static str, name: &'static str, kind: Type) -> Spec {
    Spec { name, kind, repeated: false, one_of }
}

macro_rules! messages {
    ($($constant:ident = $name:literal [$($field:expr),* $(,)?];)*) => {
        $(pub(super) static $constant: Schema = Schema { name: $name, fields: &[$($field),*] };)*
    };
}

const fn message(schema: &'static Schema) -> Type {
    Type::Message(schema)
}

const DATA_TYPE: Type = Choice(&[
    "TYPE_INVALID",
    "TYPE_BOOL",
    "TYPE_UINT8",
    "TYPE_UINT16",
    "TYPE_UINT32",
    "TYPE_UINT64",
    "TYPE_INT8",
    "TYPE_INT16",
    "TYPE_INT32",
    "TYPE_INT64",
    "TYPE_FP16",
    "TYPE_FP32",
    "TYPE_FP64",
    "TYPE_STRING",
    "TYPE_BF16",
]);

messages! {
    MODEL_CONFIG = "ModelConfig" [
        one("name", Text),
        one("platform", Text),
        one("backend", Text),
        one("runtime", Text),
        one("version_policy", message(&VERSION_POLICY)),
        one("max_batch_size", INT32),
        many("input", message(&INPUT)),
        many("output", message(&OUTPUT)),
        many("batch_input", message(&BATCH_INPUT)),
        many("batch_output", message(&BATCH_OUTPUT)),
        one("optimization", message(&OPTIMIZATION)),
        either("scheduling_choice", "dynamic_batching", message(&DYNAMIC_BATCHING)),
        either("scheduling_choice", "sequence_batching", message(&SEQUENCE_BATCHING)),
        either("scheduling_choice", "ensemble_scheduling", message(&ENSEMBLING)),
        many("instance_group", message(&INSTANCE_GROUP)),
        one("default_model_filename", Text),
        many("cc_model_filenames", message(&TEXT_ENTRY)),
        many("metric_tags", message(&TEXT_ENTRY)),
        many("parameters", message(&PARAMETER_ENTRY)),
        many("model_warmup", message(&WARMUP)),
        one("model_operations", message(&OPERATIONS)),
        one("model_transaction_policy", message(&TRANSACTION_POLICY)),
        one("model_repository_agents", message(&REPOSITORY_AGENTS)),
        one("response_cache", message(&RESPONSE_CACHE)),
        one("model_metrics", message(&METRICS)),
    ];
    TEXT_ENTRY = "map entry" [one("key", Text), one("value", Text)];
    PARAMETER_ENTRY = "parameters entry" [one("key", Text), one("value", message(&PARAMETER))];
    PARAMETER = "ModelParameter" [one("string_value", Text)];
    VERSION_POLICY = "ModelVersionPolicy" [
        either("policy_choice", "latest", message(&LATEST)),
        either("policy_choice", "all", message(&ALL)),
        either("policy_choice", "specific", message(&SPECIFIC)),
    ];
    LATEST = "Latest" [one("num_versions", UINT32)];
    ALL = "All" [];
    SPECIFIC = "Specific" [many("versions", INT64)];
    RESHAPE = "ModelTensorReshape" [many("shape", INT64)];
    INPUT = "ModelInput" [
        one("name", Text),
        one("data_type", DATA_TYPE),
        one("format", Choice(&["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"])),
        many("dims", INT64),
        one("reshape", message(&RESHAPE)),
        one("is_shape_tensor", Bool),
        one("allow_ragged_batch", Bool),
        one("optional", Bool),
        one("is_non_linear_format_io", Bool),
    ];
    OUTPUT = "ModelOutput" [
        one("name", Text),
        one("data_type", DATA_TYPE),
        many("dims", INT64),
        one("reshape", message(&RESHAPE)),
        one("label_filename", Text),
        one("is_shape_tensor", Bool),
        one("is_non_linear_format_io", Bool),
    ];
    BATCH_INPUT = "BatchInput" [
        one("kind", Choice(&[
            "BATCH_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO",
            "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE", "BATCH_ITEM_SHAPE", "BATCH_ITEM_SHAPE_FLATTEN",
        ])),
        many("target_name", Text),
        one("data_type", DATA_TYPE),
        many("source_input", Text),
    ];
    BATCH_OUTPUT = "BatchOutput" [
        many("target_name", Text),
        one("kind", Choice(&["BATCH_SCATTER_WITH_INPUT_SHAPE"])),
        many("source_input", Text),
    ];
    INSTANCE_GROUP = "ModelInstanceGroup" [
        one("name", Text),
        one("kind", Choice(&["KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"])),
        one("count", INT32),
        one("rate_limiter", message(&RATE_LIMITER)),
        many("gpus", INT32),
        many("secondary_devices", message(&SECONDARY_DEVICE)),
        many("profile", Text),
        one("passive", Bool),
        one("host_policy", Text),
    ];
    SECONDARY_DEVICE = "SecondaryDevice" [one("kind", Choice(&["KIND_NVDLA"])), one("device_id", INT64)];
    RATE_LIMITER = "ModelRateLimiter" [many("resources", message(&RESOURCE)), one("priority", UINT32)];
    RESOURCE = "Resource" [one("name", Text), one("global", Bool), one("count", UINT32)];
    OPTIMIZATION = "ModelOptimizationPolicy" [
        one("graph", message(&GRAPH)),
        one("priority", Choice(&["PRIORITY_DEFAULT", "PRIORITY_MAX", "PRIORITY_MIN"])),
        one("cuda", message(&CUDA)),
        one("execution_accelerators", message(&ACCELERATORS)),
        one("input_pinned_memory", message(&PINNED_MEMORY)),
        one("output_pinned_memory", message(&PINNED_MEMORY)),
        one("gather_kernel_buffer_threshold", UINT32),
        one("eager_batching", Bool),
    ];
    GRAPH = "Graph" [one("level", INT32)];
    PINNED_MEMORY = "PinnedMemoryBuffer" [one("enable", Bool)];
    CUDA = "Cuda" [
        one("graphs", Bool),
        one("busy_wait_events", Bool),
        many("graph_spec", message(&GRAPH_SPEC)),
        one("output_copy_stream", Bool),
    ];
    GRAPH_SPEC = "GraphSpec" [
        one("batch_size", INT32),
        many("input", message(&SHAPE_ENTRY)),
        one("graph_lower_bound", message(&LOWER_BOUND)),
    ];
    LOWER_BOUND = "LowerBound" [one("batch_size", INT32), many("input", message(&SHAPE_ENTRY))];
    SHAPE_ENTRY = "input entry" [one("key", Text), one("value", message(&SHAPE))];
    SHAPE = "Shape" [many("dim", INT64)];
    ACCELERATORS = "ExecutionAccelerators" [
        many("gpu_execution_accelerator", message(&ACCELERATOR)),
        many("cpu_execution_accelerator", message(&ACCELERATOR)),
    ];
    ACCELERATOR = "Accelerator" [one("name", Text), many("parameters", message(&TEXT_ENTRY))];
    QUEUE_POLICY = "ModelQueuePolicy" [
        one("timeout_action", Choice(&["REJECT", "DELAY"])),
        one("default_timeout_microseconds", UINT64),
        one("allow_timeout_override", Bool),
        one("max_queue_size", UINT32),
    ];
    DYNAMIC_BATCHING = "ModelDynamicBatching" [
        many("preferred_batch_size", INT32),
        one("max_queue_delay_microseconds", UINT64),
        one("preserve_ordering", Bool),
        one("priority_levels", UINT64),
        one("default_priority_level", UINT64),
        one("default_queue_policy", message(&QUEUE_POLICY)),
        many("priority_queue_policy", message(&QUEUE_POLICY_ENTRY)),
    ];
    QUEUE_POLICY_ENTRY = "priority_queue_policy entry" [one("key", UINT64), one("value", message(&QUEUE_POLICY))];
    SEQUENCE_BATCHING = "ModelSequenceBatching" [
        either("strategy_choice", "direct", message(&DIRECT)),
        either("strategy_choice", "oldest", message(&OLDEST)),
        one("max_sequence_idle_microseconds", UINT64),
        many("control_input", message(&CONTROL_INPUT)),
        many("state", message(&STATE)),
        one("iterative_sequence", Bool),
    ];
    DIRECT = "StrategyDirect" [one("max_queue_delay_microseconds", UINT64), one("minimum_slot_utilization", Float)];
    OLDEST = "StrategyOldest" [
        one("max_candidate_sequences", INT32),
        many("preferred_batch_size", INT32),
        one("max_queue_delay_microseconds", UINT64),
        one("preserve_ordering", Bool),
    ];
    CONTROL_INPUT = "ControlInput" [one("name", Text), many("control", message(&CONTROL))];
    CONTROL = "Control" [
        one("kind", Choice(&[
            "CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_READY", "CONTROL_SEQUENCE_END", "CONTROL_SEQUENCE_CORRID",
        ])),
        many("int32_false_true", INT32),
        many("fp32_false_true", Float),
        many("bool_false_true", Bool),
        one("data_type", DATA_TYPE),
    ];
    STATE = "State" [
        one("input_name", Text),
        one("output_name", Text),
        one("data_type", DATA_TYPE),
        many("dims", INT64),
        many("initial_state", message(&INITIAL_STATE)),
        one("use_same_buffer_for_input_output", Bool),
        one("use_growable_memory", Bool),
    ];
    INITIAL_STATE = "InitialState" [
        one("data_type", DATA_TYPE),
        many("dims", INT64),
        either("state_data", "zero_data", Bool),
        either("state_data", "data_file", Text),
        one("name", Text),
    ];
    ENSEMBLING = "ModelEnsembling" [many("step", message(&STEP)), one("max_inflight_responses", UINT32)];
    STEP = "Step" [
        one("model_name", Text),
        one("model_version", INT64),
        many("input_map", message(&TEXT_ENTRY)),
        many("output_map", message(&TEXT_ENTRY)),
        one("model_namespace", Text),
    ];
    WARMUP = "ModelWarmup" [
        one("name", Text),
        one("batch_size", UINT32),
        many("inputs", message(&WARMUP_ENTRY)),
        one("count", UINT32),
    ];
    WARMUP_ENTRY = "inputs entry" [one("key", Text), one("value", message(&WARMUP_INPUT))];
    WARMUP_INPUT = "Input" [
        one("data_type", DATA_TYPE),
        many("dims", INT64),
        either("input_data_type", "zero_data", Bool),
        either("input_data_type", "random_data", Bool),
        either("input_data_type", "input_data_file", Text),
    ];
    OPERATIONS = "ModelOperations" [many("op_library_filename", Text)];
    TRANSACTION_POLICY = "ModelTransactionPolicy" [one("decoupled", Bool)];
    REPOSITORY_AGENTS = "ModelRepositoryAgents" [many("agents", message(&AGENT))];
    AGENT = "Agent" [one("name", Text), many("parameters", message(&TEXT_ENTRY))];
    RESPONSE_CACHE = "ModelResponseCache" [one("enable", Bool)];
    METRICS = "ModelMetrics" [many("metric_control", message(&METRIC_CONTROL))];
    METRIC_CONTROL = "MetricControl" [
        one("metric_identifier", message(&METRIC_IDENTIFIER)),
        either("metric_options", "histogram_options", message(&HISTOGRAM_OPTIONS)),
    ];
    METRIC_IDENTIFIER = "MetricIdentifier" [one("family", Text)];
    HISTOGRAM_OPTIONS = "HistogramOptions" [many("buckets", Float)];
}
