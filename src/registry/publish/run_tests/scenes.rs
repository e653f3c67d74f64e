//! Repositories and what is published into them.

use super::*;

/// A repository, a directory, and what they come to.
#[derive(Clone)]
pub struct Scene {
    pub name: &'static str,
    pub root: &'static str,
    pub there: There,
    pub files: There,
    pub version: Option<i64>,
    pub staging: Staging,
    /// What is served in the end.
    pub serves: Vec<i64>,
}

pub const XML: &str = "<?xml version=\"1.0\"?>\n<net name=\"face\" version=\"11\"><layers></layers></net>\n";
pub const BIN: &str =
    "weights that are longer than one part, so that they go in two parts: 0123456789 0123456789 012345";
pub const OTHER_BIN: &str =
    "other weights, that are longer than one part as well, and of another length than the first";
pub const PY: &str = "class TritonPythonModel:\n    pass\n";

macro_rules! openvino {
    ($batch:literal) => {
        concat!(
            "backend: \"openvino\"\nmax_batch_size: ",
            $batch,
            "\n",
            "input { name: \"i\" data_type: TYPE_FP32 dims: 1 }\noutput { name: \"o\" data_type: TYPE_FP32 dims: 1 }\n"
        )
    };
}

macro_rules! python {
    ($batch:literal) => {
        concat!(
            "backend: \"python\"\nmax_batch_size: ",
            $batch,
            "\n",
            "input { name: \"i\" data_type: TYPE_FP32 dims: 1 }\noutput { name: \"o\" data_type: TYPE_FP32 dims: 1 }\n"
        )
    };
}

pub const OV4: &str = openvino!("4");
pub const OV8: &str = openvino!("8");
pub const PY2: &str = python!("2");

const ENSEMBLE: &str = "platform: \"ensemble\"\nmax_batch_size: 2\n\
    input { name: \"x\" data_type: TYPE_FP32 dims: 1 }\noutput { name: \"y\" data_type: TYPE_FP32 dims: 1 }\n\
    ensemble_scheduling { step { model_name: \"p\" model_version: -1\n\
    input_map { key: \"i\" value: \"x\" } output_map { key: \"o\" value: \"y\" } } }\n";

pub fn staged() -> Staging {
    Staging::Under { bucket: None, prefix: "staging/prod".to_owned() }
}

pub fn new_version() -> Scene {
    Scene {
        name: "a new version of two files",
        root: "prod/",
        there: vec![("m/1/model.xml", XML), ("m/1/model.bin", OTHER_BIN), ("m/config.pbtxt", OV4)],
        files: vec![("model.xml", XML), ("model.bin", BIN)],
        version: None,
        staging: staged(),
        serves: vec![2],
    }
}

pub fn all() -> Vec<Scene> {
    let base = new_version();
    vec![
        Scene {
            name: "a first publication of one file",
            there: vec![],
            files: vec![("config.pbtxt", PY2), ("1/model.py", PY)],
            serves: vec![1],
            ..base.clone()
        },
        Scene {
            name: "a first publication of two files",
            there: vec![("other/1/model.py", PY)],
            files: vec![("config.pbtxt", OV4), ("model.xml", XML), ("model.bin", BIN)],
            serves: vec![1],
            ..base.clone()
        },
        Scene {
            name: "a first publication without a config, with labels",
            there: vec![],
            files: vec![("1/model.xml", XML), ("1/model.bin", BIN), ("labels.txt", "cat\ndog\n")],
            serves: vec![1],
            ..base.clone()
        },
        Scene {
            name: "a new version of one file",
            there: vec![("m/1/model.py", "pass\n"), ("m/config.pbtxt", PY2)],
            files: vec![("model.py", PY)],
            ..base.clone()
        },
        base.clone(),
        Scene {
            name: "a new version with a new config",
            files: vec![("config.pbtxt", OV8), ("7/model.xml", XML), ("7/model.bin", BIN)],
            ..base.clone()
        },
        Scene {
            name: "an ensemble",
            there: vec![("p/1/model.py", PY), ("p/config.pbtxt", PY2)],
            files: vec![("config.pbtxt", ENSEMBLE)],
            serves: vec![1],
            ..base.clone()
        },
        Scene {
            name: "in place, because the repository is the bucket",
            root: "",
            staging: Staging::InPlace,
            ..base.clone()
        },
        Scene {
            name: "a version that the policy does not pick",
            there: vec![("m/5/model.xml", XML), ("m/5/model.bin", OTHER_BIN), ("m/config.pbtxt", OV4)],
            version: Some(3),
            serves: vec![5],
            ..base
        },
    ]
}

/// Keys and texts.
type There = Vec<(&'static str, &'static str)>;

/// What is taken back, of what was published before: a wish and what is served then.
pub fn backs() -> Vec<(&'static str, There, RollBack, Vec<i64>)> {
    let there = vec![
        ("m/2/model.xml", XML),
        ("m/2/model.bin", OTHER_BIN),
        ("m/3/model.xml", XML),
        ("m/3/model.bin", BIN),
        ("m/config.pbtxt", OV4),
    ];
    let bare = there.iter().copied().filter(|(key, _)| !key.ends_with("pbtxt")).collect();
    let wish = RollBack { model: "m".to_owned(), to: Some(2), remove: Some(3), config: None };
    vec![
        ("the new version goes", there.clone(), wish.clone(), vec![2]),
        ("the new version stays", there.clone(), RollBack { remove: None, ..wish.clone() }, vec![2]),
        ("another config", there.clone(), RollBack { config: Some(OV8.to_owned()), ..wish.clone() }, vec![2]),
        ("without a config", bare, wish.clone(), vec![2]),
        ("out of service", there, RollBack { to: None, ..wish }, vec![]),
    ]
}
