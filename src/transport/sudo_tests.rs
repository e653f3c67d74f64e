//! The dialogue with sudo, held with a stand-in that asks, refuses and reads as sudo 1.9 does.

use super::answers::Desk;
use super::local::Here;
use super::root::Seat;
use super::runner::{RoundTrips, Runner};
use super::runner_host::Open;
use crate::base::Redactor;
use crate::plan::{Failure, FailureKind};
use crate::ports::prompt::Asker;
use crate::ports::{Answer, Prompt, Question};
use async_trait::async_trait;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

/// Up to three tries, each a line of standard input; then the program, with the rest of it.
const SUDO: &str = r#"#!/bin/sh
[ "$1 $2 $4" = "-S -p --" ] || exit 64
prompt=$3
shift 4
case $SUDO_TEST in
    not-allowed) echo "tech is not in the sudoers file." >&2; exit 1 ;;
    free) exec "$@" ;;
    cut) printf '%s' "$prompt" >&2; read -r password; exit 255 ;;
    once) printf '%s' "$prompt" >&2; read -r password; echo 'sudo: 1 incorrect password attempt' >&2; exit 1 ;;
    factor) printf 'Verification code: ' >&2; read -r code; [ "$code" = 123456 ] || exit 1; exec "$@" ;;
esac
echo "We trust you have received the usual lecture." >&2
for try in 1 2 3; do
    printf '%s' "$prompt" >&2
    read -r password || { echo 'sudo: no password was provided' >&2; exit 1; }
    echo "$password" >>"$SUDO_HEARD"
    [ "$password" != right ] || exec "$@"
    echo "Sorry, try again." >&2
done
echo "sudo: 3 incorrect password attempts" >&2
exit 1
"#;

#[derive(Default)]
struct Person {
    answers: Mutex<Vec<&'static str>>,
    heard: Mutex<Vec<Question>>,
}

#[async_trait]
impl Prompt for Person {
    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        self.heard.lock().expect("whole").push(question);
        let next = self.answers.lock().expect("whole").pop();
        next.map(|text| Answer::Text(text.into())).ok_or_else(|| Failure::needs_human("nobody answers"))
    }
}

struct Bench {
    seat: Seat,
    person: Arc<Person>,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new(kind: &str, answers: &[&'static str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let tool = |place: &str, name: &str, text: &str| {
            let bin = dir.path().join(place);
            fs::create_dir_all(&bin).expect("it is ours");
            fs::write(bin.join(name), text).expect("it is ours");
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("it is ours");
            format!("{}:/usr/bin:/bin", bin.display())
        };
        tool("user", "id", "#!/bin/sh\necho 1000\n");
        let users = tool("user", "sudo", SUDO);
        let roots = tool("root", "id", "#!/bin/sh\necho 0\n");
        let place = |name: &str| dir.path().join(name).display().to_string();
        let environment = [
            ("PATH", users),
            ("MODELQUAY_PATH", roots),
            ("MODELQUAY_STATE", place("state")),
            ("MODELQUAY_RUN", place("run")),
            ("SUDO_TEST", kind.to_owned()),
            ("SUDO_HEARD", place("heard")),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let person =
            Arc::new(Person { answers: Mutex::new(answers.iter().rev().copied().collect()), ..Person::default() });
        let seat = Seat {
            machine: Arc::new(Here { environment }),
            host: "edge".into(),
            user: "tech".into(),
            desk: Arc::new(Desk::new(person.clone(), Redactor::new())),
            trips: RoundTrips::default(),
            under: crate::transport::runner_host::Under::default(),
            shell: None,
        };
        Self { seat, person, dir }
    }

    async fn open(&self) -> Result<Runner, Failure> {
        self.seat.open().await
    }

    /// What sudo read as passwords.
    fn heard(&self) -> String {
        fs::read_to_string(self.dir.path().join("heard")).unwrap_or_default()
    }

    fn refused(&self) -> Vec<u32> {
        let heard = self.person.heard.lock().expect("whole");
        heard.iter().map(|q| if let Question::Hidden { refused, .. } = q { *refused } else { 99 }).collect()
    }
}

#[tokio::test]
async fn an_accepted_password_serves_the_second_runner_too() {
    let bench = Bench::new("password", &["right"]);
    let first = bench.open().await.expect("the password is right");
    bench.seat.desk.attend(false);
    let second = bench.open().await.expect("it is remembered");
    assert!(first.alive() && second.alive());
    assert_eq!(bench.heard(), "right\nright\n", "passwords are all that sudo was sent");
    let heard = bench.person.heard.lock().expect("whole");
    assert!(
        matches!(&heard[..], [Question::Hidden { asker: Asker::Sudo { host, user }, .. }] if host == "edge" && user == "tech"),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_refused_password_is_asked_for_again_and_never_repeated() {
    let bench = Bench::new("password", &["wrong", "right"]);
    assert!(bench.open().await.is_ok());
    assert_eq!((bench.refused(), bench.heard()), (vec![0, 1], "wrong\nright\n".to_owned()));

    let bench = Bench::new("password", &["wrong"]);
    let failure = bench.open().await.expect_err("nobody answers the second time");
    assert_eq!(failure.kind, FailureKind::NeedsHuman, "{failure}");
    let failure = bench.open().await.expect_err("nobody answers");
    assert_eq!(failure.kind, FailureKind::NeedsHuman, "{failure}");
    assert_eq!(bench.heard(), "wrong\n", "once in two attempts");
}

#[tokio::test]
async fn three_refusals_are_a_wrong_password() {
    let bench = Bench::new("password", &["a", "b", "c"]);
    let failure = bench.open().await.expect_err("sudo gives up");
    assert_eq!(failure.kind, FailureKind::NeedsHuman);
    assert!(failure.message.contains("did not accept the password"), "{failure}");
}

#[tokio::test]
async fn a_connection_that_ends_while_sudo_looks_at_the_password_is_no_refusal() {
    let failure = Bench::new("cut", &["right"]).open().await.expect_err("it ended");
    assert_eq!(failure.kind, FailureKind::Transient, "{failure:?}");
    assert!(!failure.to_string().contains("password"), "{failure:?}");
    // One that allows a single try says so in its last words.
    let failure = Bench::new("once", &["wrong"]).open().await.expect_err("it was refused");
    assert_eq!(failure.kind, FailureKind::NeedsHuman, "{failure:?}");
    assert!(failure.to_string().contains("did not accept the password"), "{failure:?}");
}

#[tokio::test]
async fn where_no_password_is_wanted_none_is_sent() {
    let bench = Bench::new("free", &["right"]);
    assert!(bench.open().await.is_ok());
    assert!(bench.person.heard.lock().expect("whole").is_empty());
}

#[tokio::test]
async fn who_may_not_become_root_is_told_so() {
    let failure = Bench::new("not-allowed", &[]).open().await.expect_err("sudo refuses");
    assert_eq!(failure.kind, FailureKind::NeedsHuman);
    assert!(failure.message.contains("may not become root"), "{failure}");
}

#[tokio::test]
async fn a_question_in_another_modules_words_is_asked_each_time() {
    let bench = Bench::new("factor", &["123456", "123456"]);
    assert!(bench.open().await.is_ok());
    assert!(bench.open().await.is_ok());
    let heard = bench.person.heard.lock().expect("whole");
    let asked = heard.iter().filter(|q| matches!(q, Question::Hidden { text, .. } if text == "Verification code: "));
    assert_eq!(asked.count(), 2, "{heard:?}");
}
