//! Passwords from a file descriptor: `--password-fd N`.
//!
//! One a line: `ssh=…` answers what ssh or the server asks, `sudo=…` answers sudo; a line without such
//! a label answers whichever hidden question comes next. Each line is used once and in order: what was
//! refused is never given again. A password that itself begins with a label is written behind one. What the
//! program itself asks for is answered by a line without a label: an access key, then its secret key.
//!
//! ```text
//! modelquay install --answers site.toml --yes --password-fd 3 3< <(printf 'sudo=%s\n' "$(pass edge)")
//! ```

use super::unanswered;
use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::prompt::Asker;
use crate::ports::{Answer, Prompt, Question};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use tokio::sync::Mutex;

/// As much is read at most: enough for every password and too little to matter.
const MOST: u64 = 64 * 1024;

/// Whom a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Ssh,
    Sudo,
    Anyone,
}

/// The lines that are left, in their order.
type Lines = VecDeque<(For, Secret<String>)>;

/// Answers from a file descriptor that is read whole at the first question.
pub struct FdPrompt {
    fd: u32,
    lines: Mutex<Option<Lines>>,
}

impl FdPrompt {
    /// Answers from this descriptor; nothing is read yet.
    pub fn new(fd: u32) -> Self {
        Self { fd, lines: Mutex::new(None) }
    }
}

#[async_trait]
impl Prompt for FdPrompt {
    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        let wanted = match &question {
            Question::Hidden { asker: Asker::LocalSsh | Asker::Server { .. }, .. } => For::Ssh,
            Question::Hidden { asker: Asker::Sudo { .. }, .. } => For::Sudo,
            // What the program itself asks may be shown or not: an access key goes before its secret key.
            Question::Hidden { asker: Asker::Program, .. } | Question::Shown { asker: Asker::Program, .. } => {
                For::Anyone
            }
            Question::Shown { .. } | Question::HostKey { .. } => return Err(unanswered(&question)),
        };
        let mut lines = self.lines.lock().await;
        if lines.is_none() {
            let fd = self.fd;
            let read = tokio::task::spawn_blocking(move || open(fd))
                .await
                .unwrap_or_else(|_| Err(Failure::needs_human("read the passwords")))?;
            *lines = Some(read);
        }
        let Some(lines) = lines.as_mut() else { return Err(unanswered(&question)) };
        let found = lines.iter().position(|(whom, _)| *whom == wanted || *whom == For::Anyone);
        match found.and_then(|at| lines.remove(at)) {
            Some((_, line)) => Ok(Answer::Text(line)),
            None => Err(unanswered(&question)),
        }
    }
}

fn open(fd: u32) -> Result<Lines, Failure> {
    let path = format!("/dev/fd/{fd}");
    let file = File::open(&path).map_err(|e| {
        Failure::needs_human(format!("open file descriptor {fd}"))
            .because(e.to_string())
            .help("pass a pipe or a file, as in --password-fd 3 3< <(printf 'sudo=%s\\n' …)")
    })?;
    parse(file)
}

fn parse(from: impl Read) -> Result<Lines, Failure> {
    // It has its whole size from the start: growing would leave copies behind that nobody overwrites.
    let room = usize::try_from(MOST + 1).unwrap_or(usize::MAX);
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(room));
    let read = from.take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|e| Failure::needs_human("read the passwords").because(e.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::needs_human("the file descriptor holds more than passwords: it is over 64 KiB"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::needs_human("the passwords are not UTF-8"))?;
    let lines = text.lines().filter(|line| !line.is_empty());
    Ok(lines
        .map(|line| {
            let (whom, rest) = if let Some(rest) = line.strip_prefix("ssh=") {
                (For::Ssh, rest)
            } else if let Some(rest) = line.strip_prefix("sudo=") {
                (For::Sudo, rest)
            } else {
                (For::Anyone, line)
            };
            (whom, Secret::new(rest.to_owned()))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    fn hidden(asker: Asker, refused: u32) -> Question {
        Question::Hidden { asker, text: "Password:".into(), refused }
    }

    fn sudo() -> Asker {
        Asker::Sudo { host: "edge".into(), user: "tech".into() }
    }

    #[tokio::test]
    async fn each_line_goes_to_whom_it_is_for_and_is_used_once() {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(b"sudo=s1\nssh=a=b\nany\n").expect("writable");
        let fd = u32::try_from(file.as_raw_fd()).expect("it is open");
        let prompt = FdPrompt::new(fd);
        let text = |answer: Result<Answer, Failure>| match answer {
            Ok(Answer::Text(text)) => text.expose().clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(prompt.ask(hidden(Asker::LocalSsh, 0)).await), "a=b");
        assert_eq!(text(prompt.ask(hidden(sudo(), 0)).await), "s1");
        assert_eq!(text(prompt.ask(hidden(sudo(), 1)).await), "any");
        let failure = prompt.ask(hidden(sudo(), 2)).await.expect_err("all are used");
        assert!(failure.message.contains("refused"), "{failure}");
    }

    #[tokio::test]
    async fn a_pair_of_keys_is_two_lines_and_a_server_gets_neither() {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(b"the-key\nthe-secret\n").expect("writable");
        let prompt = FdPrompt::new(u32::try_from(file.as_raw_fd()).expect("it is open"));
        let shown = |asker| Question::Shown { asker, text: "access key:".into() };
        let text = |answer: Result<Answer, Failure>| match answer {
            Ok(Answer::Text(text)) => text.expose().clone(),
            other => panic!("{other:?}"),
        };
        assert!(prompt.ask(shown(Asker::Server { host: "edge".into() })).await.is_err());
        assert_eq!(text(prompt.ask(shown(Asker::Program)).await), "the-key");
        assert_eq!(text(prompt.ask(hidden(Asker::Program, 0)).await), "the-secret");
    }

    #[tokio::test]
    async fn a_host_key_is_never_accepted_by_a_line() {
        let question =
            Question::HostKey { host: "edge".into(), kind: "ED25519".into(), fingerprint: "SHA256:x".into() };
        let failure = FdPrompt::new(0).ask(question).await.expect_err("it is no password");
        assert!(failure.hint.is_some_and(|hint| hint.contains("fingerprint")));
    }

    #[test]
    fn too_much_is_refused() {
        assert!(parse(std::io::repeat(b'x')).is_err());
        assert!(parse(&b"\xff\n"[..]).is_err());
    }
}
