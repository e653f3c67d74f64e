//! What an object is and holds, by its first bytes and, where the format needs it, some of its last.
//!
//! At most 256 KiB are read in at most sixteen ranges, whatever the object's size. An [`Inspector`]
//! says which range it wants next, so that whoever has the connection reads it; it does nothing
//! itself. Objects are data from elsewhere: no bytes make it panic, loop, or take memory by a length
//! that they claim. What could not be reached or did not fit is said in [`Report::notes`].

mod detect;
mod gguf;
mod image;
mod npy;
mod onnx;
mod plan;
mod proto;
mod report;
mod safetensors;
mod tar;
#[cfg(test)]
mod tests;
mod text;
mod window;
mod zip;

pub use detect::Kind;
pub use gguf::{Gguf, Setting};
pub use image::{Image, Picture};
pub use npy::Npy;
pub use onnx::{Dim, Onnx, Opset, Port};
pub use plan::Plan;
pub use report::{Details, Note, Report, Tensor};
pub use safetensors::Safetensors;
pub use tar::{Tar, TarEntry};
pub use text::Text;
pub use window::{CAP, MOST_ASKS};
pub use zip::{Archive, Content, ZipEntry};

use std::ops::Range;
use window::{Look, Stop, Window};

/// What is read first. Enough for every format's own first bytes, and for most whole headers.
const HEAD: u64 = 16 * 1024;

/// Looks into one object.
///
/// ```text
/// while let Some(range) = inspector.wants() { inspector.give(read(range)) }
/// inspector.report()
/// ```
#[derive(Debug)]
pub struct Inspector {
    name: String,
    window: Window,
    pending: Option<Range<u64>>,
    report: Option<Report>,
}

impl Inspector {
    /// For an object of this key and size. Only the end of the key matters.
    pub fn new(key: &str, size: u64) -> Self {
        let name = key.rsplit('/').next().unwrap_or(key).to_owned();
        Self { name, window: Window::new(size), pending: None, report: None }
    }

    /// The range of bytes to read next, or `None` when nothing more is needed. The same range comes
    /// back until [`Inspector::give`] was called.
    pub fn wants(&mut self) -> Option<Range<u64>> {
        if self.report.is_none() && self.pending.is_none() {
            match look(&self.name, &self.window) {
                Ok(report) => self.report = Some(report),
                Err(range) => {
                    self.window.charge(&range);
                    self.pending = Some(range);
                }
            }
        }
        self.pending.clone()
    }

    /// Takes the bytes of the range that was wanted. Fewer bytes mean that the object ends there;
    /// none are taken when none were wanted.
    pub fn give(&mut self, bytes: &[u8]) {
        let Some(range) = self.pending.take() else { return };
        let wanted = range.end - range.start;
        let got = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if got < wanted {
            self.window.shorten(range.start + got);
        }
        self.window.put(range.start, bytes.get(..usize::try_from(wanted.min(got)).unwrap_or(0)).unwrap_or_default());
    }

    /// The object's first bytes, as far as they were read: for a preview as text or in hexadecimal.
    pub fn head(&self) -> &[u8] {
        self.window.held(0)
    }

    /// What was found. Before everything wanted was given, it is what the bytes so far say.
    pub fn report(mut self) -> Report {
        if let Some(report) = self.report.take() {
            return report;
        }
        let kind = detect::detect(&self.name, self.window.held(0), self.window.size());
        self.finish(kind, Details::Unknown, vec![Note::Unread])
    }

    fn finish(&self, kind: Kind, details: Details, notes: Vec<Note>) -> Report {
        Report { kind, size: self.window.size(), read: self.window.asked(), details, notes }
    }
}

/// What a parser found before it stopped, or the range that it wants.
type Found<T> = Result<(T, Vec<Note>), Range<u64>>;

/// Turns the end of a step into a note, unless the step only wants more bytes.
fn note<T>(step: Look<T>, what: &'static str, notes: &mut Vec<Note>) -> Result<Option<T>, Range<u64>> {
    match step {
        Ok(value) => return Ok(Some(value)),
        Err(Stop::Want(range)) => return Err(range),
        Err(Stop::Spent) => notes.push(Note::NotReached(what)),
        Err(Stop::Ends) => notes.push(Note::Cut(what)),
        Err(Stop::Bad(wrong)) => notes.push(Note::Bad(wrong)),
    }
    Ok(None)
}

fn look(name: &str, window: &Window) -> Result<Report, Range<u64>> {
    let done = |kind, details, notes| Report { kind, size: window.size(), read: window.asked(), details, notes };
    let head = match window.upto(0, HEAD) {
        Ok(head) => head,
        Err(Stop::Want(range)) => return Err(range),
        Err(_) => return Ok(done(Kind::Empty, Details::Unknown, Vec::new())),
    };
    let kind = detect::detect(name, head, window.size());
    let (details, notes) = match kind {
        Kind::Onnx => onnx::inspect(window).map(|(found, notes)| (Details::Onnx(found), notes))?,
        Kind::Safetensors => safetensors::inspect(window).map(|(found, notes)| (Details::Safetensors(found), notes))?,
        Kind::Gguf => gguf::inspect(window).map(|(found, notes)| (Details::Gguf(found), notes))?,
        Kind::Npy => npy::inspect(window).map(|(found, notes)| (Details::Npy(found), notes))?,
        Kind::Zip => zip::inspect(window).map(|(found, notes)| (Details::Archive(found), notes))?,
        Kind::Tar => tar::inspect(window).map(|(found, notes)| (Details::Tar(found), notes))?,
        Kind::TensorRt => {
            let (found, notes) = plan::inspect(window);
            (Details::Plan(found), notes)
        }
        Kind::Image(picture) => image::inspect(picture, window).map(|(found, notes)| (Details::Image(found), notes))?,
        Kind::Text | Kind::Json | Kind::Pbtxt | Kind::Xml | Kind::Python | Kind::Yaml | Kind::GitLfs => {
            text::inspect(window).map(|(found, notes)| (Details::Text(found), notes))?
        }
        Kind::Empty
        | Kind::Gzip
        | Kind::Zstd
        | Kind::Xz
        | Kind::Bzip2
        | Kind::Pickle
        | Kind::Hdf5
        | Kind::Tflite
        | Kind::Elf
        | Kind::Pdf
        | Kind::Binary => (Details::Unknown, Vec::new()),
    };
    Ok(done(kind, details, notes))
}
