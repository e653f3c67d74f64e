//! What an object is, by as few of its bytes as will do: what the service knows of it, what its header says, and
//! its first bytes to look at.

use super::facts;
use super::inspect::{Inspector, Report};
use crate::base::sanitise;
use crate::plan::Failure;
use crate::ports::Objects;
use crate::ports::objects::{Answer, At, GetQuery, ObjectError, ObjectInfo, Why};

/// What is known of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Previewed {
    /// What the service says.
    pub info: ObjectInfo,
    /// What its bytes say.
    pub report: Report,
    /// Its first bytes, as far as they were read.
    pub head: Vec<u8>,
}

impl Previewed {
    /// Its first bytes as lines of at most so many cells: text as text, safe to show, all else in hexadecimal.
    pub fn lines(&self, cells: usize, most: usize) -> Vec<String> {
        if !self.report.kind.is_text() {
            return facts::hex(&self.head, cells, most);
        }
        let text = String::from_utf8_lossy(&self.head);
        text.lines().take(most).map(|line| sanitise::text(line, 4 * cells.max(1))).collect()
    }
}

/// Looks into an object. Every read is bound to the object that was seen first, so that two
/// versions are never mixed; at most 256 KiB are read.
pub async fn preview(objects: &dyn Objects, at: &At) -> Answer<Previewed> {
    let info = objects.head(at).await?;
    let mut inspector = Inspector::new(&at.key, info.size);
    while let Some(range) = inspector.wants() {
        let length = range.end - range.start;
        let query = GetQuery { at: at.clone(), range: Some((range.start, length)), if_match: info.etag.clone() };
        let mut got = objects.get(&query).await?;
        if got.info.etag.is_some() && info.etag.is_some() && got.info.etag != info.etag {
            return Err(changed(at));
        }
        // A server that ignores the range begins at the first byte: only as much of it is read as is wanted.
        let skip = range.start.checked_sub(got.first).ok_or_else(|| changed(at))?;
        let end = usize::try_from(skip + length).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        while bytes.len() < end && skip <= super::inspect::CAP {
            let Some(more) = got.body.next().await? else { break };
            bytes.extend_from_slice(more.get(..more.len().min(end - bytes.len())).unwrap_or_default());
        }
        inspector.give(bytes.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or_default());
    }
    let head = inspector.head().to_vec();
    Ok(Previewed { info, report: inspector.report(), head })
}

fn changed(at: &At) -> ObjectError {
    let failure = Failure::permanent(format!("{} was written anew while it was looked at", at.key)).help("Look again.");
    ObjectError { why: Why::Changed, failure }
}
