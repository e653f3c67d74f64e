//! The walk without screens, driven line by line against the rehearsal's machine.

use async_trait::async_trait;
use modelquay::app::session::Session;
use modelquay::app::sites::Sites;
use modelquay::app::{Env, Exit, Machine};
use modelquay::base::{Cancel, Redactor, SystemClock};
use modelquay::cli::plain_walk::{Lines, PlainWalk, WalkFace};
use modelquay::engine::retry::Retry;
use modelquay::engine::step::Hook;
use modelquay::plan::Failure;
use modelquay::ports::{Answer, Prompt, Question};
use modelquay::transport::simulated::{self, BadDay, Speed};
use modelquay::ui::draft::{Draft, FieldId, Origin};
use modelquay::ui::text::{Lang, Text};
use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Somebody who answers some questions, each once and in this order, and presses enter at all others.
struct Somebody {
    said: Arc<Mutex<Vec<u8>>>,
    answers: Mutex<VecDeque<(&'static str, String)>>,
}

impl Somebody {
    fn who(answers: Vec<(&'static str, String)>) -> Arc<Self> {
        Arc::new(Self { said: Arc::default(), answers: Mutex::new(answers.into()) })
    }

    fn said(&self) -> String {
        String::from_utf8(self.said.lock().expect("nobody panics with it").clone()).expect("lines are text")
    }

    fn unasked(&self) -> Vec<&'static str> {
        self.answers.lock().expect("nobody panics with it").iter().map(|(question, _)| *question).collect()
    }
}

impl Lines for Somebody {
    fn say(&self, line: &str) {
        let _ = self.writer().write_all(format!("{line}\n").as_bytes());
    }

    fn ask(&self, question: &str) -> Result<String, Failure> {
        let mut answers = self.answers.lock().expect("nobody panics with it");
        let wanted = answers.front().is_some_and(|(part, _)| question.contains(part));
        let answer = if wanted { answers.pop_front().map(|(_, answer)| answer) } else { None };
        let answer = answer.unwrap_or_default();
        self.say(&format!("{question}{answer}"));
        Ok(answer)
    }

    fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(Ear(self.said.clone()))
    }
}

struct Ear(Arc<Mutex<Vec<u8>>>);

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Nobody;

#[async_trait]
impl Prompt for Nobody {
    async fn ask(&self, _: Question) -> Result<Answer, Failure> {
        Err(Failure::needs_human("a rehearsal asks for no password"))
    }
}

/// A walk of somebody on some bad days, in a directory of its own.
fn walk(somebody: &Arc<Somebody>, days: &[BadDay], directory: &tempfile::TempDir) -> PlainWalk {
    let here = directory.path();
    fs::set_permissions(here, fs::Permissions::from_mode(0o700)).expect("it is ours");
    fs::write(here.join("components.toml"), simulated::components()).expect("writable");
    let face = Arc::new(WalkFace::new(somebody.clone()));
    let env = Env {
        sites: Sites::at(here.join("state")),
        clock: Arc::new(SystemClock),
        prompt: Arc::new(Nobody),
        face: face.clone(),
        cancel: Cancel::new(),
        redactor: Redactor::new(),
        runtime_dir: here.to_owned(),
        link_timeout: Duration::from_mins(1),
        retry: Retry { first_pause: Duration::from_millis(50), ..Retry::default() },
        hook: Hook::default(),
        by: "test".into(),
        take_over: false,
    };
    let machine = Machine::Rehearsal { speed: Speed::new(10_000), bad_days: days.iter().copied().collect() };
    let mut draft = Draft::default();
    draft.put(FieldId::Components, "components.toml", Origin::File);
    PlainWalk {
        lines: somebody.clone(),
        face,
        session: Session::new(env, machine),
        draft,
        text: Text::of(Lang::En),
        base: here.to_owned(),
        here: "laptop".into(),
        hosts: vec!["edge-07".into()],
    }
}

async fn lived(somebody: &Arc<Somebody>, days: &[BadDay], directory: &tempfile::TempDir) -> Exit {
    Box::pin(walk(somebody, days, directory).walk()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_line_by_line_lead_to_a_registry() {
    let directory = tempfile::tempdir().expect("a directory");
    let (keys, answers) = (directory.path().join("keys"), directory.path().join("site.toml"));
    let somebody = Somebody::who(vec![
        ("address", "tech@edge-07".into()),
        ("or stop", "fix".into()),
        ("yes", "yes".into()),
        ("other names", "edge-07, registry.example".into()),
        ("volumes", "three".into()),
        ("volumes", "4".into()),
        ("Type yes", "w".into()),
        ("answers file", answers.display().to_string()),
        ("Type yes", "yes".into()),
        ("Save the keys", keys.display().to_string()),
    ]);
    let exit = lived(&somebody, &[BadDay::InotifyLow], &directory).await;
    let said = somebody.said();
    assert_eq!(exit, Exit::Done, "{said}");
    assert_eq!(somebody.unasked(), Vec::<&str>::new(), "{said}");
    // A mistake is said, and the field is asked again.
    assert_eq!(said.matches("volumes [").count(), 2, "{said}");
    let written = fs::read_to_string(&answers).expect("it was written");
    assert!(written.contains("registry.example") && written.contains("site = \"edge-07\""), "{written}");
    assert!(said.contains("Hand-over: done"), "{said}");
    // The keys are in the file, for the user alone, and nowhere in what was said.
    let mode = fs::metadata(&keys).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let saved = fs::read_to_string(&keys).expect("it was written");
    let secrets: Vec<&str> = saved.split('"').skip(1).step_by(2).filter(|value| value.len() >= 20).collect();
    assert!(secrets.len() >= 4, "the file holds the keys");
    for secret in secrets.iter().filter(|value| !value.contains("://")) {
        assert!(!said.contains(secret), "a key was said");
    }
    assert!(said.contains("https://"), "the hand-over says where the registry is: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_word_nothing_is_changed() {
    let directory = tempfile::tempdir().expect("a directory");
    let somebody = Somebody::who(vec![("address", "tech@edge-07".into()), ("Type yes", "no".into())]);
    let exit = lived(&somebody, &[], &directory).await;
    let said = somebody.said();
    assert_eq!(exit, Exit::Interrupted, "{said}");
    assert!(said.contains("Nothing has been changed yet.") && !said.contains("the run begins"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_asked_about_until_somebody_leaves_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let somebody = Somebody::who(vec![("address", "tech@edge-07".into()), ("look again", "stop".into())]);
    let exit = lived(&somebody, &[BadDay::PortTaken], &directory).await;
    let said = somebody.said();
    assert_eq!(exit, Exit::Preflight, "{said}");
    assert!(said.contains("FAIL"), "{said}");
}
