//! A program that is run to its end, with what it cost.

use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a run cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// From its start to its end, in seconds.
    pub wall: f64,
    /// Of the processor, its own and the kernel's for it, in seconds.
    pub cpu: f64,
    /// The most memory that was resident, in MiB.
    pub resident: f64,
}

/// Runs a command under GNU time, which asks the kernel what its child used. It is not asked here: a child's peak
/// begins with the memory of whoever forks it, and this program is larger than what it measures.
pub fn run(command: &[String], with: impl Fn(&mut Command)) -> Result<Cost, String> {
    let notes = tempfile::NamedTempFile::new().map_err(|e| e.to_string())?;
    let errors = tempfile::NamedTempFile::new().map_err(|e| e.to_string())?;
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["--quiet", "--format", "%U %S %M", "--output"]).arg(notes.path()).args(command);
    timed.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors.reopen().map_err(|e| e.to_string())?);
    with(&mut timed);
    let begun = Instant::now();
    let status = timed.status().map_err(|e| format!("/usr/bin/time (Debian's package time): {e}"))?;
    let wall = begun.elapsed().as_secs_f64();
    ended(status, command, errors.path())?;
    let text = std::fs::read_to_string(notes.path()).map_err(|e| e.to_string())?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    let [user, system, resident] = numbers[..] else { return Err(format!("time says {text:?}")) };
    Ok(Cost { wall, cpu: user + system, resident: resident / 1024.0 })
}

fn ended(status: ExitStatus, command: &[String], errors: &std::path::Path) -> Result<(), String> {
    if status.success() {
        return Ok(());
    }
    let said = std::fs::read_to_string(errors).unwrap_or_default();
    let last: Vec<&str> = said.lines().rev().take(5).collect();
    Err(format!("{}: {status}; its last lines, latest first: {last:#?}", command.join(" ")))
}

/// Starts a command, ends it by SIGKILL once a condition holds, and says whether that came before its own end.
pub fn killed(command: &[String], with: impl Fn(&mut Command), when: impl Fn() -> bool) -> Result<bool, String> {
    let (program, arguments) = command.split_first().ok_or("an empty command")?;
    let mut starting = Command::new(program);
    starting.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    with(&mut starting);
    let mut child = starting.spawn().map_err(|e| format!("{program}: {e}"))?;
    loop {
        if child.try_wait().map_err(|e| e.to_string())?.is_some() {
            return Ok(false);
        }
        if when() {
            child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
            return Ok(true);
        }
        super::passes(Duration::from_millis(1));
    }
}
