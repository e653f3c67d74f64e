//! How OpenSSH's questions reach us: it starts this very program for each, which passes the question
//! on by a Unix socket and prints the answer.

use crate::base::Secret;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use zeroize::Zeroizing;

/// Names the socket. It is set for `ssh` alone; the path is no secret, its directory is private.
pub const SOCKET_VARIABLE: &str = "MODELQUAY_ASKPASS_SOCKET";

/// The longest question and the longest answer, in bytes.
const MOST: usize = 64 << 10;

/// How many questions may be open at once. `ssh` and a jump host's `ssh` ask one each; more are
/// refused at once.
const OPEN: usize = 4;

/// What a question wants, as OpenSSH says in `SSH_ASKPASS_PROMPT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// A line.
    Line,
    /// Yes or no.
    Confirmation,
    /// Nothing: it is a notice, which goes when OpenSSH goes on (a key wants to be touched).
    Nothing,
}

/// Whoever answers.
#[async_trait::async_trait]
pub trait Answerer: Send + Sync + 'static {
    /// The answer to a question, or `None` for none. The future is dropped when the asker goes.
    async fn answer(&self, wants: Wants, question: String) -> Option<Secret<String>>;
}

/// To be called first thing in `main`, before anything is parsed or started: where OpenSSH has
/// started us to ask a question, this asks it and gives the exit code to end with.
pub fn askpass_branch() -> Option<ExitCode> {
    let socket = std::env::var_os(SOCKET_VARIABLE)?;
    let question = std::env::args_os().nth(1).unwrap_or_default();
    let wants: &[u8] = match std::env::var_os("SSH_ASKPASS_PROMPT") {
        Some(hint) if hint == "confirm" => b"c",
        Some(hint) if hint == "none" => b"n",
        _ => b"l",
    };
    let asked = pass_on(Path::new(&socket), wants, question.as_encoded_bytes());
    Some(if asked.is_ok_and(|answered| answered) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn pass_on(socket: &Path, wants: &[u8], question: &[u8]) -> std::io::Result<bool> {
    let mut stream = BlockingStream::connect(socket)?;
    let question = question.get(..question.len().min(MOST - 1)).unwrap_or_default();
    let length = u32::try_from(question.len() + 1).unwrap_or(0);
    stream.write_all(&[&length.to_be_bytes(), wants, question].concat())?;
    let mut answer = Zeroizing::new(Vec::with_capacity(MOST));
    stream.take(MOST as u64).read_to_end(&mut answer)?;
    let Some((b'+', line)) = answer.split_first() else { return Ok(false) };
    // As one whole line: what ends in a line feed passes standard output's own buffer, which nobody overwrites.
    let line = Zeroizing::new([line, b"\n"].concat());
    let mut out = std::io::stdout().lock();
    out.write_all(&line)?;
    out.flush()?;
    Ok(true)
}

/// Answers questions on a socket until it is dropped.
#[derive(Debug)]
pub struct Listener(tokio::task::JoinHandle<()>);

impl Listener {
    /// Listens on `socket`, which lies in a private directory.
    pub fn on(socket: &Path, answerer: Arc<dyn Answerer>) -> std::io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        Ok(Self(tokio::spawn(async move {
            // Ends all open questions when the listener is dropped.
            let mut open = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        if open.len() < OPEN {
                            open.spawn(serve(stream, answerer.clone()));
                        }
                    }
                    Some(_) = open.join_next() => {}
                }
            }
        })))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(mut stream: UnixStream, answerer: Arc<dyn Answerer>) {
    let Ok(length) = stream.read_u32().await else { return };
    let mut question = Vec::new();
    let length = u64::from(length).min(MOST as u64);
    if (&mut stream).take(length).read_to_end(&mut question).await.is_err() {
        return;
    }
    let Some((wants, text)) = question.split_first() else { return };
    let wants = match wants {
        b'c' => Wants::Confirmation,
        b'n' => Wants::Nothing,
        _ => Wants::Line,
    };
    let text = String::from_utf8_lossy(text).into_owned();
    let mut gone = [0; 1];
    let answer = tokio::select! {
        answer = answerer.answer(wants, text) => answer,
        // OpenSSH closes a question that the server has given up (LoginGraceTime).
        _ = stream.read(&mut gone) => return,
    };
    let reply = match &answer {
        Some(answer) => Zeroizing::new([b"+", answer.expose().as_bytes()].concat()),
        None => Zeroizing::new(b"-".to_vec()),
    };
    // An asker that has gone needs no answer.
    let _ = stream.write_all(&reply).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    #[async_trait::async_trait]
    impl Answerer for Echo {
        async fn answer(&self, wants: Wants, question: String) -> Option<Secret<String>> {
            match question.as_str() {
                "wait" => std::future::pending().await,
                "no" => None,
                _ => Some(Secret::new(format!("{wants:?} {question}"))),
            }
        }
    }

    async fn exchange(socket: &Path, question: &'static str) -> Vec<u8> {
        let mut stream = UnixStream::connect(socket).await.expect("it listens");
        let length = u32::try_from(question.len() + 1).expect("short");
        stream.write_all(&[&length.to_be_bytes(), &b"l"[..], question.as_bytes()].concat()).await.expect("open");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an end");
        answer
    }

    #[tokio::test]
    async fn a_question_has_its_answer_and_a_refusal_has_none() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let socket = dir.path().join("ask");
        let _listener = Listener::on(&socket, Arc::new(Echo)).expect("it binds");
        // A question that is never answered does not hold up the others.
        let mut waiting = UnixStream::connect(&socket).await.expect("it listens");
        waiting.write_all(b"\0\0\0\x05lwait").await.expect("open");
        assert_eq!(exchange(&socket, "(a@b) Password: ").await, b"+Line (a@b) Password: ");
        assert_eq!(exchange(&socket, "no").await, b"-");
        // A length that lies ends with the connection and without harm.
        let mut liar = UnixStream::connect(&socket).await.expect("it listens");
        liar.write_all(b"\xff\xff\xff\xffl").await.expect("open");
        drop(liar);
        assert_eq!(exchange(&socket, "x").await, b"+Line x");
    }
}
