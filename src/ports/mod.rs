//! What the steps and the engine ask of the world, as small traits.
//!
//! Every call ends in one of three ways: a value, a failure, or a failure of kind `Unknown`, which
//! says that the link was lost and that nobody knows yet whether the thing was done. An unknown
//! result is looked up again by a check and never repeated blindly.

pub mod cluster;
pub mod copied;
pub mod host;
pub mod lease;
pub mod link;
pub mod local_files;
pub mod object_store;
pub mod objects;
pub mod operator_files;
pub mod probe;
pub mod prompt;
pub mod registry_admin;
pub mod scripts;
pub mod trust;
pub mod world;

pub use cluster::{Cluster, Kind, ObjectRef, Printed};
pub use copied::Copied;
pub use host::{FileSpec, Host, Look, Output, Seen, UnitSpec, UnitState};
pub use link::LinkState;
pub use local_files::LocalFiles;
pub use object_store::ObjectStore;
pub use objects::Objects;
pub use operator_files::OperatorFiles;
pub use probe::Probe;
pub use prompt::{Answer, Prompt, Question};
pub use registry_admin::RegistryAdmin;
pub use scripts::ScriptId;
pub use world::{Access, Credentials, Endpoint, Route, Stream, World};
