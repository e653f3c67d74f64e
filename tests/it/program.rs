//! The real binary, with a directory of its own for whatever it writes.

use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a rehearsal may take before the test gives up; a wait that hangs is a failure.
const DEADLINE: Duration = Duration::from_mins(1);

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Standard output as JSON lines.
    pub fn json(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.out.lines().map(read).collect()
    }
}

/// The program with these arguments, ready to be started.
pub fn program(home: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modelquay"));
    command.args(args).env("TMPDIR", home).env("HOME", home).env_remove("XDG_RUNTIME_DIR").env_remove("XDG_STATE_HOME");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs it to its end.
pub async fn run(home: &std::path::Path, args: &[&str]) -> Said {
    let child = program(home, args).spawn().expect("the program can be started");
    let ended = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{args:?} did not end")).expect("it can be waited for");
    let text = |bytes| String::from_utf8(bytes).expect("it writes text");
    Said { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}

/// Runs it, and calls `then` once a line of its output has these words.
pub async fn run_until(home: &std::path::Path, args: &[&str], words: &str, then: impl FnOnce(&Child)) -> Said {
    let mut child = program(home, args).spawn().expect("the program can be started");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut stderr = child.stderr.take().expect("it is piped");
    let mut then = Some(then);
    let ended = tokio::time::timeout(DEADLINE, async {
        let (mut out, mut err) = (String::new(), String::new());
        while let Some(line) = lines.next_line().await.expect("it writes text") {
            if line.contains(words)
                && let Some(then) = then.take()
            {
                then(&child);
            }
            out.push_str(&line);
            out.push('\n');
        }
        stderr.read_to_string(&mut err).await.expect("it writes text");
        let code = child.wait().await.expect("it can be waited for").code();
        Said { code, out, err }
    });
    let said = ended.await.unwrap_or_else(|_| panic!("{args:?} did not end"));
    assert!(then.is_none(), "{words:?} was never said: {}", said.out);
    said
}
