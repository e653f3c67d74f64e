//! OpenSSH's questions during one attempt to connect, and who answers them.
//!
//! The text of a question decides how it is *shown* and whose words it is; what is answered is
//! decided by a person, by a fingerprint in the site's answers, or by what was accepted for the very
//! same text before.

use super::answers::Desk;
use super::askpass::{Answerer, Wants};
use crate::base::{Secret, sanitise};
use crate::plan::Failure;
use crate::ports::prompt::Asker;
use crate::ports::{Answer, Question};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// One attempt.
pub struct Attempt {
    desk: Arc<Desk>,
    /// The host's name in the site.
    host: String,
    /// What OpenSSH connects to, as it writes it in questions.
    hostname: String,
    /// The host key's fingerprint in the site's answers.
    fingerprint: Option<String>,
    state: Mutex<State>,
    /// Why the attempt must end.
    stop: watch::Sender<Option<Failure>>,
    /// Questions that a person is thinking about.
    open: AtomicU32,
}

#[derive(Default)]
struct State {
    asked: BTreeMap<String, u32>,
    given: BTreeMap<String, Secret<String>>,
    from_server: BTreeSet<String>,
    remember_key: bool,
    /// The host key question that is open: OpenSSH asks on with another text.
    key: Option<HostKey>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct HostKey {
    host: String,
    kind: String,
    fingerprint: String,
}

impl Attempt {
    /// An attempt on the host that the site calls `host` and OpenSSH `hostname`.
    pub fn new(desk: Arc<Desk>, host: &str, hostname: &str, fingerprint: Option<String>) -> Self {
        Self {
            desk,
            host: host.to_owned(),
            hostname: hostname.to_owned(),
            fingerprint,
            state: Mutex::default(),
            stop: watch::Sender::new(None),
            open: AtomicU32::new(0),
        }
    }

    /// Waits until the attempt must end, and says why.
    pub async fn stopped(&self) -> Failure {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as `self`.
        let reason = stop.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        reason.unwrap_or_else(|| Failure::needs_human("the attempt was ended"))
    }

    /// Whether a person is thinking about a question.
    pub fn asking(&self) -> bool {
        self.open.load(Ordering::Relaxed) > 0
    }

    /// Keeps what may be answered again, now that the connection is up. Says whether the host key is
    /// to be remembered beyond this run.
    pub fn came_up(&self) -> bool {
        let mut state = self.state();
        // Several questions of the server: one of them is a second factor, which is never repeated.
        // Nothing tells which, so none is kept.
        let second_factor = state.from_server.len() > 1;
        let given = std::mem::take(&mut state.given);
        for (text, answer) in given {
            if second_factor && state.from_server.contains(&text) {
                self.desk.forget(&text);
            } else {
                self.desk.keep(text, answer);
            }
        }
        state.remember_key
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, failure: Failure) {
        self.stop.send_if_modified(|reason| reason.is_none() && reason.replace(failure).is_none());
    }

    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        struct Open<'a>(&'a AtomicU32);
        impl Drop for Open<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        let _open = Open(&self.open);
        self.desk.ask(question).await
    }

    async fn host_key(&self, key: HostKey) -> Option<Secret<String>> {
        self.state().key = Some(key.clone());
        if let Some(expected) = &self.fingerprint {
            if *expected == key.fingerprint {
                // The fingerprint itself, so that OpenSSH compares it once more.
                return Some(Secret::new(expected.clone()));
            }
            if is_for(&key.host, &self.hostname) {
                self.end(
                    Failure::needs_human(format!("{}: the host key is not the one in the answers", self.host))
                        .because(format!("it is {} {}, the answers have {expected}", key.kind, key.fingerprint))
                        .help("Ask whoever runs the host for its key's SHA256. Nothing was sent."),
                );
                return None;
            }
        }
        let HostKey { host, kind, fingerprint } = key;
        match self.ask(Question::HostKey { host: host.clone(), kind, fingerprint: fingerprint.clone() }).await {
            Ok(Answer::AcceptAndRemember) => {
                self.state().remember_key = true;
                Some("yes".into())
            }
            Ok(Answer::AcceptOnce) => Some("yes".into()),
            Ok(Answer::Text(typed)) => {
                self.state().remember_key = true;
                Some(Secret::new(typed.expose().trim().to_owned()))
            }
            Ok(Answer::Refuse) => {
                self.end(Failure::needs_human(format!("the host key of {host} was not accepted: nothing was sent")));
                None
            }
            Err(failure) => {
                self.end(failure.context(format!("the host key of {host} is not known")).help(format!(
                    "Compare {fingerprint} with the host's own key, then put it into the answers as `fingerprint`."
                )));
                None
            }
        }
    }

    async fn hidden(&self, text: String) -> Option<Secret<String>> {
        let (asker, words) = whose(&self.host, &text);
        let from_server = matches!(asker, Asker::Server { .. });
        let refused = {
            let mut state = self.state();
            if from_server {
                state.from_server.insert(text.clone());
            }
            let times = state.asked.entry(text.clone()).or_default();
            *times += 1;
            *times - 1
        };
        if refused > 0 {
            self.desk.forget(&text);
        } else if let Some(answer) = self.desk.recall(&text) {
            self.state().given.insert(text, answer.clone());
            return Some(answer);
        }
        let safe = sanitise::text(words, 300);
        match self.ask(Question::Hidden { asker, text: safe.clone(), refused }).await {
            Ok(Answer::Text(answer)) => {
                self.state().given.insert(text, answer.clone());
                Some(answer)
            }
            // A key that stays closed is left out; another may do.
            _ if text.starts_with("Enter passphrase for") => None,
            // No answer must not become an empty one, which the server would count as a failed try.
            Ok(_) => {
                self.end(Failure::needs_human(format!("{}: {safe:?} was not answered", self.host)));
                None
            }
            Err(failure) => {
                self.end(failure.context(format!("{}: an answer to {safe:?} is needed", self.host)));
                None
            }
        }
    }
}

#[async_trait]
impl Answerer for Attempt {
    async fn answer(&self, wants: Wants, question: String) -> Option<Secret<String>> {
        if wants != Wants::Line {
            let text = sanitise::text(question.trim(), 300);
            let answer = self.ask(Question::Shown { asker: Asker::LocalSsh, text }).await;
            return match answer {
                Ok(Answer::Refuse) | Err(_) => None,
                Ok(_) => Some("yes".into()),
            };
        }
        if let Some(key) = host_key(&question) {
            return self.host_key(key).await;
        }
        // What was typed was neither yes, no nor the key's fingerprint.
        let again = question.starts_with("Please type 'yes'").then(|| self.state().key.clone()).flatten();
        if let Some(key) = again {
            return self.host_key(key).await;
        }
        self.hidden(question).await
    }
}

/// The host key question of OpenSSH 8.9 to 10 in its parts.
fn host_key(text: &str) -> Option<HostKey> {
    let (host, rest) = text.strip_prefix("The authenticity of host '")?.split_once("' can't be established")?;
    let line = rest.lines().find(|line| line.contains(" key fingerprint is "))?;
    let (kind, fingerprint) = line.split_once(" key fingerprint is ")?;
    Some(HostKey {
        host: sanitise::text(host, 300),
        kind: sanitise::text(kind.trim(), 40),
        fingerprint: sanitise::text(fingerprint.trim().trim_end_matches('.'), 120),
    })
}

/// Whether a question names this host: `name (address)`, `[name]:port ([address]:port)`, or the name.
fn is_for(asked: &str, hostname: &str) -> bool {
    let name = asked.split(' ').next().unwrap_or_default();
    let name = name.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(name);
    name.eq_ignore_ascii_case(hostname)
}

/// Whose words a question is in. OpenSSH puts `(user@host) ` before those of a server, which
/// therefore cannot pass for this computer.
fn whose<'t>(host: &str, text: &'t str) -> (Asker, &'t str) {
    let server = text.strip_prefix('(').and_then(|rest| rest.split_once(") ")).filter(|(who, _)| who.contains('@'));
    match server {
        Some((_, words)) => (Asker::Server { host: host.to_owned() }, words.trim()),
        None => (Asker::LocalSsh, text.trim()),
    }
}

#[cfg(test)]
#[path = "questions_tests.rs"]
mod tests;
