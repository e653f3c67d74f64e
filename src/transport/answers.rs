//! What was answered in this run, and what may be answered again without a person.

use crate::base::{Redactor, Secret};
use crate::plan::Failure;
use crate::ports::prompt::Asker;
use crate::ports::{Answer, Prompt, Question};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The answers that were accepted in this run. They are nowhere but in memory and die with it.
#[derive(Default)]
struct Accepted {
    /// By OpenSSH's own text of the question.
    ssh: BTreeMap<String, Secret<String>>,
    sudo: Option<Secret<String>>,
}

/// Asks the person, or remembers. One for a link, shared by its connections.
pub struct Desk {
    prompt: Arc<dyn Prompt>,
    redactor: Redactor,
    /// Whether a person may be asked. A reconnect begins without.
    attended: AtomicBool,
    /// Whether a question was left unanswered because nobody may be asked.
    wanted: AtomicBool,
    accepted: Mutex<Accepted>,
}

impl Desk {
    /// A desk where nothing has been answered yet and the person may be asked.
    pub fn new(prompt: Arc<dyn Prompt>, redactor: Redactor) -> Self {
        Self {
            prompt,
            redactor,
            attended: AtomicBool::new(true),
            wanted: AtomicBool::new(false),
            accepted: Mutex::default(),
        }
    }

    /// Says whether a person may be asked from now on.
    pub fn attend(&self, attended: bool) {
        self.wanted.store(false, Ordering::Relaxed);
        self.attended.store(attended, Ordering::Relaxed);
    }

    /// Whether a person may be asked.
    pub fn attended(&self) -> bool {
        self.attended.load(Ordering::Relaxed)
    }

    /// Whether a person was wanted since the last [`Desk::attend`] and could not be asked.
    pub fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Puts a question to the person.
    pub async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        if !self.attended() {
            self.wanted.store(true, Ordering::Relaxed);
            return Err(Failure::needs_human("somebody has to answer a question before the connection can come back"));
        }
        let hidden = matches!(question, Question::Hidden { .. });
        let answer = self.prompt.ask(question).await?;
        if let (true, Answer::Text(text)) = (hidden, &answer) {
            self.redactor.learn(text.expose());
        }
        Ok(answer)
    }

    /// The answer to this question of OpenSSH that was accepted before.
    pub fn recall(&self, text: &str) -> Option<Secret<String>> {
        self.accepted().ssh.get(text).cloned()
    }

    /// Forgets an answer that was refused.
    pub fn forget(&self, text: &str) {
        self.accepted().ssh.remove(text);
    }

    /// Keeps an answer after the connection came up with it.
    pub fn keep(&self, text: String, answer: Secret<String>) {
        self.accepted().ssh.insert(text, answer);
    }

    /// The password that sudo accepted.
    pub fn recall_sudo(&self) -> Option<Secret<String>> {
        self.accepted().sudo.clone()
    }

    /// Keeps the password that sudo accepted, or forgets one that it refused.
    pub fn keep_sudo(&self, password: Option<Secret<String>>) {
        self.accepted().sudo = password;
    }

    /// Asks for sudo's password, or for whatever else sudo asks in its own words.
    pub async fn sudo(&self, host: &str, user: &str, text: String, refused: u32) -> Result<Secret<String>, Failure> {
        let asker = Asker::Sudo { host: host.to_owned(), user: user.to_owned() };
        let answer = self.ask(Question::Hidden { asker, text, refused }).await;
        match answer.map_err(|failure| failure.context(format!("sudo on {host} wants the password of {user}")))? {
            Answer::Text(password) => Ok(password),
            _ => Err(Failure::needs_human(format!("the password of {user} for sudo was not given"))),
        }
    }

    fn accepted(&self) -> std::sync::MutexGuard<'_, Accepted> {
        // Nothing in it can be half changed, so a panic elsewhere does not spoil it.
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
