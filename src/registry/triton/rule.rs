//! The rules, and what is found by them.

use crate::registry::pbtxt::Position;
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something does not do what it looks like, and Triton goes on.
    Warning,
    /// Triton does not load it.
    Error,
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $rule:ident = $id:literal, $source:expr;)*) => {
        /// A rule of Triton's, or one of ours where [`Rule::source`] says so. The id stands in reports
        /// and never changes once released.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[doc = $doc])+ $rule,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Rule] = &[$(Rule::$rule),*];

            /// Its short name, such as `V1`.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$rule => $id),* }
            }

            /// What it is about, in one sentence.
            pub fn title(self) -> &'static str {
                match self { $(Rule::$rule => concat!($($doc),+).trim_ascii_start()),* }
            }

            /// Where Triton does what the rule says.
            pub fn source(self) -> &'static str {
                match self { $(Rule::$rule => $source),* }
            }
        }
    };
}

const S3: &str = "triton core, src/filesystem/implementations/s3.h@73aad7c";
const LIFECYCLE: &str = "triton core, src/model_lifecycle.cc@73aad7c";
const CONFIG: &str = "triton core, src/model_config_utils.cc@05295b706";
const MANAGER: &str = "triton core, src/model_repository_manager.cc@0291bba2";
const OURS: &str = "ours";

rules! {
    /// A model has no version directory.
    NoVersion = "V1", LIFECYCLE;
    /// The version policy asks for no version at all.
    PolicyServesNone = "V2", LIFECYCLE;
    /// A directory's name begins with a number and goes on, and counts as that number.
    VersionSuffix = "V3", LIFECYCLE;
    /// A version directory with a zero before its number is passed over.
    LeadingZero = "V4", LIFECYCLE;
    /// A version's number does not fit into 64 bits.
    VersionOverflow = "V5", LIFECYCLE;
    /// A directory of a model that is no version.
    NotAVersion = "V6", LIFECYCLE;
    /// The policy names a version that is not there.
    PolicyNamesAbsent = "V7", LIFECYCLE;
    /// A version below 1.
    OddVersion = "V8", "triton server, docs/user_guide/model_repository.md; triton core, src/model_lifecycle.cc@73aad7c";
    /// An object where a version directory has to be.
    VersionIsAFile = "V9", S3;

    /// A key with an empty name between two slashes.
    EmptyName = "K1", S3;
    /// A model's name has a character that breaks Triton's reading of its URL.
    ModelNameCharacters = "K2", S3;
    /// A name below a model has such a character.
    InnerNameCharacters = "K3", S3;
    /// An object beside the model directories.
    LooseObject = "K4", S3;
    /// An object and a directory of the same name.
    FileAndDirectory = "K5", S3;

    /// The URL leads into a model.
    TooDeep = "R1", "triton server, issue 3371";
    /// The models are one level further down.
    TooHigh = "R2", OURS;
    /// There is nothing.
    EmptyRepository = "R3", MANAGER;

    /// A `config.pbtxt` that protobuf refuses.
    ConfigUnreadable = "C1", "triton core, src/filesystem/api.cc@73aad7c, ReadTextProto";
    /// A `config.pbtxt` with a field that is not known here.
    ConfigUnknownField = "C2", "triton common, protobuf/model_config.proto@08365eae";
    /// The name in `config.pbtxt` is not the directory's.
    NameMismatch = "C3", MANAGER;
    /// Nothing says which backend a model is for.
    NoBackend = "C4", CONFIG;
    /// The platform is none that Triton knows, and no backend is given.
    UnknownPlatform = "C5", CONFIG;
    /// Platform and backend do not belong together.
    PlatformBackend = "C6", CONFIG;
    /// A negative batch size.
    NegativeBatch = "C7", CONFIG;
    /// The shapes seem to have the batch in them, and the batch size is set as well.
    BatchInDims = "C8", OURS;
    /// A preferred batch size that the model does not take.
    PreferredBatch = "C9", CONFIG;
    /// An input or output without a name, type or shape.
    BadTensor = "C10", CONFIG;
    /// An instance group that names GPUs and does not run on them.
    InstanceGpus = "C11", CONFIG;
    /// A repository agent and a repository on S3 that is polled.
    AgentOnS3 = "C12", "triton server, issues 6420 and 6346";
    /// A config under another name or in another place, where Triton does not look.
    ConfigElsewhere = "C13", OURS;
    /// A backend that does not complete a config by itself, and no inputs or outputs are given.
    ConfigNeeded = "C14", "triton server, docs/user_guide/model_configuration.md";
    /// The response cache with something that it does not work with.
    ResponseCache = "C15", CONFIG;

    /// A version without its model file.
    ModelFileMissing = "F1", "triton onnxruntime, tensorrt and pytorch backends";
    /// OpenVINO's `.xml` without its `.bin`.
    WeightsMissing = "F2", OURS;
    /// A file for a kind of GPU that is not there.
    CcFileMissing = "F3", "triton tensorrt backend";
    /// A file of labels that is not there.
    LabelsMissing = "F4", "triton core, src/label_provider.cc";
    /// A model file of no bytes.
    EmptyFile = "F5", OURS;
    /// A file for warming up, or a first state, that is not there.
    SampleMissing = "F6", OURS;

    /// A model file that is something else than its backend opens.
    OtherFormat = "M1", OURS;
    /// Weights of PyTorch without the network.
    WeightsOnly = "M2", OURS;
    /// A TensorRT engine behind another program's header.
    ForeignHeader = "M3", OURS;
    /// A model file that was cut.
    CutFile = "M4", OURS;
    /// The config and the network have other inputs or outputs.
    TensorNames = "M5", "triton onnxruntime backend, src/onnxruntime.cc; triton core, src/model_config_utils.cc@05295b706";
    /// The config gives an input or output another type than the network.
    TensorType = "M6", "triton onnxruntime backend, src/onnxruntime.cc";
    /// The config gives an input or output another shape than the network.
    TensorShape = "M7", "triton onnxruntime backend, src/onnxruntime_utils.cc";

    /// An ensemble with a step whose model is not there.
    StepAbsent = "E1", MANAGER;
    /// An ensemble with a step whose version would not be served.
    StepVersion = "E2", MANAGER;
    /// Ensembles that need each other.
    EnsembleCycle = "E3", MANAGER;
    /// A config that is half an ensemble's.
    EnsembleConfig = "E4", CONFIG;
    /// An ensemble with a step whose model would not be served.
    StepNotServed = "E5", MANAGER;

    /// The URL is none of S3.
    UrlScheme = "U1", S3;
    /// The URL has no port.
    UrlPort = "U2", "triton core, src/filesystem/implementations/s3.h@73aad7c; triton server, issue 3210";
    /// A bucket's name that Triton does not read.
    UrlBucket = "U3", S3;
    /// A character in the path that Triton does not read.
    UrlPath = "U4", S3;
    /// A host that Triton does not read.
    UrlHost = "U5", S3;
    /// No scheme, which means unencrypted.
    UrlPlain = "U6", S3;
    /// A port that is none.
    UrlPortNumber = "U7", OURS;

    /// The key may not ask for the bucket.
    DeniedBucket = "A1", S3;
    /// The key may not list.
    DeniedList = "A2", S3;
    /// The key may not ask for an object.
    DeniedHead = "A3", S3;
    /// The key may not read an object.
    DeniedRead = "A4", S3;
}

impl Rule {
    /// Whether it is about what a key may do, and so about every model.
    pub fn is_of_the_key(self) -> bool {
        matches!(self, Self::DeniedBucket | Self::DeniedList | Self::DeniedHead | Self::DeniedRead)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Something that a rule found. Its texts are not made safe for a terminal: keys are data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// By which rule.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// Which model, where it is one's.
    pub model: Option<String>,
    /// Which version directory, where only that one is concerned.
    pub version: Option<String>,
    /// The key, or the directory with a slash at its end.
    pub key: String,
    /// Where in the key's text.
    pub at: Option<Position>,
    /// What is so, in one sentence without its full stop.
    pub what: String,
    /// What Triton logs or answers.
    pub says: Option<String>,
    /// What to do.
    pub fix: String,
}

impl Finding {
    pub(super) fn new(rule: Rule, severity: Severity, key: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            model: None,
            version: None,
            key: key.into(),
            at: None,
            what: what.into(),
            says: None,
            fix: String::new(),
        }
    }

    pub(super) fn says(mut self, says: impl Into<String>) -> Self {
        self.says = Some(says.into());
        self
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    pub(super) fn at(mut self, at: Position) -> Self {
        self.at = Some(at);
        self
    }

    pub(super) fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}
