//! What an inspector found, as values.

use super::{Archive, Gguf, Image, Kind, Npy, Onnx, Plan, Safetensors, Tar, Text};
use crate::base::sanitise;
use std::fmt;

/// What is known of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What it is.
    pub kind: Kind,
    /// Its size, in bytes.
    pub size: u64,
    /// How many of its bytes were asked for.
    pub read: u64,
    /// What it holds.
    pub details: Details,
    /// What was not reached, and what does not fit together.
    pub notes: Vec<Note>,
}

/// What an object holds, by format. All texts in here are one line each and safe to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Details {
    /// A neural network in ONNX.
    Onnx(Onnx),
    /// Tensors in safetensors.
    Safetensors(Safetensors),
    /// A model in GGUF.
    Gguf(Gguf),
    /// An array of NumPy.
    Npy(Npy),
    /// A zip archive, which a PyTorch model is too.
    Archive(Archive),
    /// A tar archive.
    Tar(Tar),
    /// A TensorRT engine.
    Plan(Plan),
    /// A picture.
    Image(Image),
    /// Text of some kind.
    Text(Text),
    /// Nothing beyond its kind.
    Unknown,
}

/// A tensor's name, type and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The type of its elements, as the format calls it.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<u64>,
}

impl Tensor {
    /// How many elements it has; `None` when that is more than there are numbers.
    pub fn elements(&self) -> Option<u64> {
        self.shape.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))
    }
}

/// Something to know about what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Nothing was read yet.
    Unread,
    /// It lies beyond what a preview reads.
    NotReached(&'static str),
    /// The object ends in the middle of it.
    Cut(&'static str),
    /// It is not what the format says.
    Bad(&'static str),
    /// The header speaks of so many bytes, the object has so many.
    Size {
        /// What the header comes to.
        said: u64,
        /// What the object has.
        found: u64,
    },
    /// Found by reading backwards, because what comes before it is too long to read.
    FromTheEnd,
    /// Before ONNX IR version 4 weights are listed among the inputs.
    WeightsAmongInputs,
    /// The engine begins with a header of another program, which TensorRT refuses.
    ForeignHeader(&'static str),
    /// A TensorRT engine runs on the kind of GPU and the version that it was built for.
    SameGpu,
    /// Weights that lie in other files beside this one.
    WeightsElsewhere,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread => f.write_str("not read yet"),
            Self::NotReached(what) => write!(f, "{what}: not within the first and last bytes that a preview reads"),
            Self::Cut(what) => write!(f, "the object ends within {what}: it was cut, or is still being written"),
            Self::Bad(wrong) => f.write_str(wrong),
            Self::Size { said, found } => write!(f, "its header speaks of {said} bytes, and the object has {found}"),
            Self::FromTheEnd => f.write_str("inputs and outputs were found from the end of the file"),
            Self::WeightsAmongInputs => f.write_str("an old file (IR below 4): weights may be listed among the inputs"),
            Self::ForeignHeader(whose) => {
                write!(
                    f,
                    "begins with a header of {whose}: TensorRT and Triton refuse it; export the engine without it"
                )
            }
            Self::SameGpu => {
                f.write_str("runs only on the GPU architecture and TensorRT version that it was built for")
            }
            Self::WeightsElsewhere => f.write_str("some weights lie in other files, which have to be beside it"),
        }
    }
}

/// How long a name may be in a report.
const NAME: usize = 200;

/// A text of the object, safe to show.
pub(super) fn clean(bytes: &[u8]) -> String {
    sanitise::line(bytes.get(..bytes.len().min(NAME * 4)).unwrap_or_default(), NAME)
}
