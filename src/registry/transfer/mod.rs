//! Objects on their way: files and whole prefixes, both ways, resumed after a kill and verified.
//!
//! Every transfer is a future that may be dropped at any time: what it has carried is in files and at
//! the service, and the next try finds it there. Nothing has its final name before it is whole and has
//! been compared with what the service knows of it.

pub mod context;
pub mod download;
mod fetch;
pub mod gate;
mod habit;
pub(in crate::registry) mod journal;
mod landing;
pub mod limits;
pub mod meter;
pub(in crate::registry) mod parts;
pub mod paths;
pub(in crate::registry) mod patience;
pub mod prefix;
pub mod progress;
mod proof;
pub mod queue;
pub mod read;
mod remark;
mod send;
mod small;
pub mod stream;
pub mod sums;
pub mod trouble;
pub mod upload;
pub mod verify;

pub use context::{Transfers, Way};
pub use download::{Done, Download, IfThere, download};
pub use gate::{Gate, GateKeeper, Pace};
pub use limits::Limits;
pub use meter::Meter;
pub use prefix::{LeftOut, Planned, plan_download, plan_upload};
pub use progress::{Active, OrderView, Snapshot, State};
pub use queue::{Item, OrderId, Queue, Report};
pub use read::{read_through, verify_file, verify_whole};
pub use remark::Remark;
pub use stream::upload_stream;
pub use trouble::{End, Trouble};
pub use upload::{There, Upload, upload};
pub use verify::{Proof, Unproven, Verified};
