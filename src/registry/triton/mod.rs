//! What Triton makes of a bucket: which models it finds, which versions it would serve, and what it
//! stumbles over, by the same rules that its own code follows.
//!
//! Everything here is a pure function of a listing and of the texts of `config.pbtxt`; nothing is
//! read. The rules were taken from triton core (`src/filesystem/implementations/s3.h@05295b706`,
//! `src/model_config_utils.cc@05295b706`, `src/model_lifecycle.cc@2863220d`,
//! `src/model_repository_manager.cc@0291bba2`, and the later 73aad7c for what is named so); each
//! [`Rule`] says which. What Triton is quoted with is what it logs; parts that only it knows, such as
//! the name of an exception, are left out as `…`.

mod access;
mod autofill;
mod config_rules;
mod contents;
#[cfg(test)]
mod corpus_tests;
mod ensemble;
mod files;
mod forecast;
mod model;
mod repository;
mod rule;
mod serving;
mod tree;
mod url;
mod versions;

pub use access::{Access, Verdict, judge_access};
pub use autofill::Backend;
pub use contents::{contents_wanted, judge_contents};
pub use forecast::{Calls, Forecast, forecast};
pub use model::{ConfigState, Model, Version, VersionFile};
pub use repository::{Configs, MOST_OF_A_RULE, Repository, config_keys, judge};
pub use rule::{Finding, Rule, Severity};
pub use url::{RepositoryUrl, judge_url};
pub use versions::{Parsed, parse_version, selected};
