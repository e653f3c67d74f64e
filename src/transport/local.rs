//! This machine, by the same runner as any other.

use super::root::{Machine, Pipes};
use crate::plan::Failure;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::process::Stdio;
use tokio::process::Command;

/// Starts programs on this machine.
#[derive(Debug, Default)]
pub struct Here {
    /// Variables of their environment beside our own: tests put the runner's places elsewhere.
    pub environment: BTreeMap<String, String>,
}

#[async_trait]
impl Machine for Here {
    async fn spawn(&self, command: &[&str]) -> Result<Pipes, Failure> {
        let Some((program, args)) = command.split_first() else {
            return Err(Failure::permanent("there is no program to start"));
        };
        let mut child = Command::new(program)
            .args(args)
            .envs(&self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: the Ctrl-C that asks us to stop must not end the runner too.
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::permanent(format!("{program} cannot be started")).because(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(Failure::permanent(format!("{program} has no pipes")));
        };
        // The child is not killed: its standard input ends, and it leaves nothing behind.
        Ok(Pipes { stdin: Box::new(stdin), stdout: Box::new(stdout), stderr: Box::new(stderr), keep: Box::new(child) })
    }
}
