//! The sentences with which use cases begin and end.

use super::sites::RunDir;
use crate::base::Redactor;
use crate::engine::state::RunState;
use crate::engine::step::Brief;
use crate::engine::tail::Output;
use crate::plan::components::TableProblem;
use crate::plan::next::shell_word;
use crate::plan::site::Reach;
use crate::plan::{Failure, HostId, Site};
use crate::ports::Endpoint;
use crate::ports::lease::Holder;
use crate::steps;
use std::os::unix::fs::OpenOptionsExt as _;

/// Before the connection is made.
pub fn connecting(site: &Site) -> String {
    match &site.reach {
        Reach::Local => format!("{} is this computer", site.name),
        Reach::Ssh(ssh) => format!("connecting to {} ({})", site.name, ssh.destination),
    }
}

/// When the link was lost while nothing was being changed.
pub fn looking_again(failure: &Failure) -> String {
    format!("the link was lost while looking ({}); looking again when it is back", failure.line())
}

/// When nothing was done.
pub fn nothing_changed() -> String {
    "nothing was changed".into()
}

/// When everything was found as it should be.
pub fn all_done(brief: &Brief) -> Vec<String> {
    let mut words = vec!["everything is as it should be; nothing was changed".to_owned()];
    words.extend(next(brief, brief.credentials_file.as_deref()));
    words
}

/// Where everything to go on with lies; `keys` is the file that the keys are in, where there is one.
pub fn next(brief: &Brief, keys: Option<&str>) -> Vec<String> {
    vec![
        match keys {
            Some(path) => format!("the keys are in {path}"),
            None => format!(
                "the keys are in the cluster; to have them in a file: modelquay resume {} --credentials-file FILE",
                brief.site.name
            ),
        },
        format!("endpoint, CA and next commands: {}", steps::sheet_path(brief)),
    ]
}

/// When a run has gone on elsewhere since it was looked at here.
pub fn went_on_elsewhere() -> String {
    "the run has gone on from another computer; its journal was brought here".into()
}

/// Before the program is copied to a host.
pub fn copying(size: &str, left: std::time::Duration) -> String {
    format!(
        "copying this program to the host: {size}, about {} s at the rate of its first piece",
        left.as_secs().max(1)
    )
}

/// From when on a run goes on without us.
pub fn handed_over(site: HostId) -> String {
    format!(
        "the host goes on by itself now: this computer, its link and this terminal may go. To come back: modelquay attach {site}"
    )
}

/// When a run was handed to its host.
pub fn by_itself(unit: &str) -> String {
    format!("the host goes on with the run by itself, as the unit {unit}")
}

/// Who works on a host.
pub fn in_the_hands_of(holder: &Holder) -> String {
    format!("the run is in the hands of {}", holder.words())
}

/// What was seen of a run that a host keeps.
pub fn attached(site: HostId, state: &RunState, left: bool) -> Vec<String> {
    let (done, all) = state.progress();
    if done == all {
        return vec![
            format!("done: {done} of {all} steps"),
            format!("to have its keys and files on this computer: modelquay resume {site} --credentials-file FILE"),
        ];
    }
    let mut words = vec![format!("{done} of {all} steps are done, as the host's journal has it")];
    if left {
        words.push(format!("left; the run goes on as it does. To look again: modelquay attach {site}"));
    } else {
        words.push("nobody works on it now".to_owned());
        words.push(resume_with(site));
    }
    words
}

/// How to go on.
pub fn resume_with(site: HostId) -> String {
    format!("go on with: modelquay resume {site}")
}

/// Before the keys are read from the cluster.
pub fn reading_keys(site: HostId) -> String {
    format!("reading the keys of {site} from its cluster, as root on its host; nothing is changed there")
}

/// When the keys were saved to a file.
pub fn keys_saved(path: &str, sealed: bool) -> Vec<String> {
    let mut words = vec![format!("the keys are in {path}, which only you can read")];
    if sealed {
        words.push(format!("it is encrypted with your passphrase; this opens it: age -d {}", shell_word(path)));
    }
    words
}

/// When the keys were not shown in clear.
pub fn keys_masked(site: HostId) -> Vec<String> {
    vec![
        format!("to have the keys in a file: modelquay credentials {site} --to FILE"),
        format!("to see them on this terminal: modelquay credentials {site} --show"),
    ]
}

/// When the keys were shown in clear.
pub fn keys_shown() -> String {
    "the keys stand on this terminal and in what it keeps: whoever reads that can use the registry".into()
}

/// When a report was written.
pub fn report_written(path: &std::path::Path, bytes: usize) -> Vec<String> {
    vec![
        format!("the report is in {} ({bytes} bytes)", path.display()),
        "it was sent nowhere: read it, then hand it on yourself".into(),
    ]
}

/// When no report was written.
pub fn nothing_written() -> String {
    "nothing was written".into()
}

/// When a way to the console was asked to end.
pub fn console_closed() -> String {
    "ended as asked; no tunnel is left open, and nothing was changed on the host".into()
}

/// When the console's port on the node cannot be reached from here.
pub fn console_port_blocked(at: &Endpoint) -> String {
    format!("the console has a port on the node, {}, which is blocked from here: a tunnel is opened", at.url())
}

/// When the console does not answer at its port on the node.
pub fn console_port_failed(failure: &Failure) -> String {
    format!("the console does not answer at its port on the node ({}): a tunnel is tried", failure.line())
}

/// When the CA's file was written.
pub fn ca_written(path: &str, another: bool) -> String {
    let why = if another { "it held the CA of another cluster" } else { "it was missing" };
    format!("{path} was written with the cluster's CA: {why}")
}

/// When the console was looked for again.
pub fn console_found_again(ip: std::net::Ipv4Addr, port: u16) -> String {
    format!("the way to the console was asked for anew: {ip}:{port} in the cluster")
}

/// When a browser's connection meets a lost link.
pub fn console_waits(failure: &Failure) -> String {
    format!("a browser's connection waits for the link to be back ({})", failure.line())
}

/// When a browser's connection came to nothing.
pub fn console_failed(failure: &Failure) -> String {
    format!("a browser's connection was closed: {}", failure.line())
}

/// When the console's side says nothing.
pub fn console_silent() -> String {
    "the console closed a connection without a byte: its server may be starting; load the page again".into()
}

/// When as many connections are open as may be.
pub fn console_full(most: usize) -> String {
    format!("{most} connections are open, which is the most: a further one waits until one of them ends")
}

/// Mistakes of component tables as one failure.
pub fn bad_tables(problems: Vec<TableProblem>) -> Failure {
    let failure = Failure::permanent("read the components tables");
    problems.into_iter().fold(failure, |f, p| f.because(p.to_string()))
}

/// The log file of a run; without one the lines are only kept in memory.
pub fn log_file(run_dir: &RunDir, redactor: &Redactor) -> Output {
    let path = run_dir.log();
    let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    match file {
        Ok(file) => Output::to_file(file, path, redactor.clone()),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the run's log file cannot be written");
            Output::memory(redactor.clone())
        }
    }
}
