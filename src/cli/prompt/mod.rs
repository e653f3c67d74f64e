//! Who answers questions where there are no screens: the terminal, a file descriptor, or nobody.
//!
//! Never the arguments and never the environment: both can be read by others on the same computer.

pub mod descriptor;
pub mod terminal;

pub use descriptor::FdPrompt;
pub use terminal::TerminalPrompt;

use crate::plan::Failure;
use crate::ports::prompt::Asker;
use crate::ports::{Answer, Prompt, Question};
use async_trait::async_trait;

/// Answers nothing.
pub struct Refuse;

#[async_trait]
impl Prompt for Refuse {
    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        Err(unanswered(&question))
    }
}

/// Who asks, in words. A server can write anything into its own, so it is named in front of them.
pub fn who(asker: &Asker) -> String {
    match asker {
        Asker::LocalSsh => "this computer's ssh asks".into(),
        Asker::Server { host } => format!("the server {host} says"),
        Asker::Sudo { host, user } => format!("sudo on {host} asks for the password of {user}"),
        Asker::Program => "modelquay asks".into(),
    }
}

/// The failure of a question that nobody answers.
fn unanswered(question: &Question) -> Failure {
    match question {
        Question::HostKey { host, kind, fingerprint } => Failure::needs_human(format!(
            "the host key of {host} is not known: {kind} {fingerprint}"
        ))
        .help("compare the fingerprint with the host's own, then write it into the answers as [host] fingerprint"),
        Question::Hidden { asker, text, refused } if *refused > 0 => {
            Failure::needs_human(format!("the answer was refused: {}: {text}", who(asker)))
                .help("a refused answer is not given again by itself, because accounts lock; give the right one")
        }
        Question::Hidden { asker, text, .. } | Question::Shown { asker, text } => {
            Failure::needs_human(format!("nobody can answer: {}: {text}", who(asker)))
                .help("use a terminal, --password-fd, or a key that an agent holds")
        }
    }
}
