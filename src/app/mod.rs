//! The use cases: what a command or a screen asks for, carried out over the ports.
//!
//! Nothing here knows a terminal or the command line.

pub mod ahead;
pub mod anew;
pub mod attach;
pub mod aws;
pub mod browse;
pub mod console;
mod copies;
pub mod credentials;
pub mod ending;
pub mod exit;
pub mod face;
mod handed;
pub mod headless;
pub mod inspect;
pub mod keys_file;
mod lease;
pub mod machine;
pub mod order;
mod parts;
pub mod places;
mod program;
pub mod report;
pub mod session;
pub mod sites;
pub mod space;
pub mod ssh_hosts;
pub mod trust;
mod words;

pub use exit::Exit;
pub use face::Face;
pub use headless::{Env, Order};
pub use machine::Machine;
pub use program::can_be_sent;
