//! Troubles at a chosen moment.

use crate::ports::objects::Why;

/// A call of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Head,
    Get,
    Put,
    Begin,
    Part,
    CopyPart,
    Parts,
    Complete,
    Abort,
    Copy,
    Delete,
    DeleteMany,
    List,
    Versions,
    Uploads,
    Tags,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is refused and not carried out.
    Refuse(Why),
    /// It is carried out and no answer comes.
    CutAfter,
    /// The body ends after so many bytes, as cut.
    Torn(u64),
    /// The body ends after so many bytes, as if it were whole.
    Short(u64),
    /// The body stands still after so many bytes.
    Stall(u64),
}

/// A trouble: the next `times` such calls behind the first `skip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub op: Op,
    pub skip: u32,
    pub times: u32,
    pub what: What,
}

impl Fault {
    /// Of the next call.
    pub fn next(op: Op, what: What) -> Self {
        Self { op, skip: 0, times: 1, what }
    }

    /// Of every call.
    pub fn always(op: Op, what: What) -> Self {
        Self { op, skip: 0, times: u32::MAX, what }
    }

    /// Whether it is this call's turn.
    pub(super) fn strikes(&mut self, op: Op) -> bool {
        if self.op != op || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = if self.times == u32::MAX { self.times } else { self.times - 1 };
        true
    }
}
