//! Where the sub-commands that work on a site meet the use cases of `app`.

use super::args::{Check, Global, Install, Plan, Rehearse, Resume, Status};
use super::output;
use crate::app::Exit;

fn not_wired(command: &str) -> Exit {
    output::talk(&format!("modelquay: {command} is not wired to its use case yet; nothing was done"));
    Exit::Failed
}

pub fn check(_global: &Global, _args: &Check) -> Exit {
    not_wired("check")
}

pub fn plan(_global: &Global, _args: &Plan) -> Exit {
    not_wired("plan")
}

pub fn install(_global: &Global, _args: &Install) -> Exit {
    not_wired("install")
}

pub fn resume(_global: &Global, _args: &Resume) -> Exit {
    not_wired("resume")
}

pub fn status(_global: &Global, _args: &Status) -> Exit {
    not_wired("status")
}

pub fn rehearse(_global: &Global, _args: &Rehearse) -> Exit {
    not_wired("rehearse")
}
