//! Tests of the questions: what is asked, what is answered again, what never is.

use super::*;
use crate::base::Redactor;
use crate::plan::FailureKind;
use crate::ports::Prompt;

const KEY: &str = "The authenticity of host '[10.0.0.1]:2222 ([10.0.0.1]:2222)' can't be established.\n\
    ED25519 key fingerprint is SHA256:abc.\nThis key is not known by any other names.\n\
    Are you sure you want to continue connecting (yes/no/[fingerprint])? ";

/// Gives its answers in order and keeps the questions.
struct Script {
    answers: Mutex<Vec<Answer>>,
    heard: Mutex<Vec<Question>>,
}

#[async_trait]
impl Prompt for Script {
    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        self.heard.lock().expect("whole").push(question);
        let next = self.answers.lock().expect("whole").pop();
        next.ok_or_else(|| Failure::needs_human("nobody answers"))
    }
}

fn desk(mut answers: Vec<Answer>) -> (Arc<Desk>, Arc<Script>) {
    answers.reverse();
    let script = Arc::new(Script { answers: Mutex::new(answers), heard: Mutex::default() });
    (Arc::new(Desk::new(script.clone(), Redactor::new())), script)
}

fn attempt(desk: &Arc<Desk>, fingerprint: Option<&str>) -> Attempt {
    Attempt::new(desk.clone(), "edge", "10.0.0.1", fingerprint.map(str::to_owned))
}

async fn line(attempt: &Attempt, question: &str) -> Option<String> {
    attempt.answer(Wants::Line, question.to_owned()).await.map(|answer| answer.expose().clone())
}

fn said(text: &str) -> Answer {
    Answer::Text(text.into())
}

#[tokio::test]
async fn a_key_is_shown_in_its_parts_and_accepted_by_a_person() {
    let (desk, script) = desk(vec![Answer::AcceptOnce, Answer::AcceptAndRemember]);
    let once = attempt(&desk, None);
    assert_eq!(line(&once, KEY).await.as_deref(), Some("yes"));
    assert!(!once.came_up());
    let kept = attempt(&desk, None);
    assert_eq!(line(&kept, KEY).await.as_deref(), Some("yes"));
    assert!(kept.came_up());
    let heard = script.heard.lock().expect("whole");
    assert!(
        matches!(&heard[0], Question::HostKey { host, kind, fingerprint }
            if host.starts_with("[10.0.0.1]:2222") && kind == "ED25519" && fingerprint == "SHA256:abc"),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_fingerprint_in_the_answers_decides_and_nobody_is_asked() {
    let (desk, script) = desk(vec![Answer::AcceptOnce]);
    assert_eq!(line(&attempt(&desk, Some("SHA256:abc")), KEY).await.as_deref(), Some("SHA256:abc"));
    let other = attempt(&desk, Some("SHA256:xyz"));
    assert_eq!(line(&other, KEY).await, None);
    let failure = other.stopped().await;
    assert_eq!(failure.kind, FailureKind::NeedsHuman);
    assert!(script.heard.lock().expect("whole").is_empty());
    // A jump host's key is another matter: the answers do not speak of it.
    let jump = KEY.replace("10.0.0.1", "10.0.0.9");
    assert_eq!(line(&attempt(&desk, Some("SHA256:xyz")), &jump).await.as_deref(), Some("yes"));
}

#[tokio::test]
async fn a_refused_key_ends_the_attempt() {
    let (desk, _) = desk(vec![Answer::Refuse]);
    let refused = attempt(&desk, None);
    assert_eq!(line(&refused, KEY).await, None);
    assert_eq!(refused.stopped().await.kind, FailureKind::NeedsHuman);
}

#[tokio::test]
async fn an_accepted_password_is_given_again_and_a_refused_one_never() {
    let (desk, script) = desk(vec![said("wrong"), said("right")]);
    let text = "(tech2@10.0.0.1) Password: ";
    let first = attempt(&desk, None);
    assert_eq!(line(&first, text).await.as_deref(), Some("wrong"));
    assert_eq!(line(&first, text).await.as_deref(), Some("right"));
    first.came_up();
    desk.attend(false);
    let second = attempt(&desk, None);
    assert_eq!(line(&second, text).await.as_deref(), Some("right"));
    // Refused this time: it is not tried once more, and nobody is there.
    assert_eq!(line(&second, text).await, None);
    assert_eq!(second.stopped().await.kind, FailureKind::NeedsHuman);
    assert_eq!(line(&attempt(&desk, None), text).await, None, "it is forgotten for good");
    let heard = script.heard.lock().expect("whole");
    let asked: Vec<u32> =
        heard.iter().map(|q| if let Question::Hidden { refused, .. } = q { *refused } else { 99 }).collect();
    assert_eq!(asked, [0, 1]);
    assert!(
        matches!(&heard[0], Question::Hidden { asker: Asker::Server { host }, text, .. } if host == "edge" && text == "Password:")
    );
}

#[tokio::test]
async fn an_answer_is_kept_only_when_the_connection_came_up_with_it() {
    let (desk, _) = desk(vec![said("typed")]);
    assert!(line(&attempt(&desk, None), "tech@10.0.0.1's password: ").await.is_some());
    desk.attend(false);
    assert_eq!(line(&attempt(&desk, None), "tech@10.0.0.1's password: ").await, None);
}

#[tokio::test]
async fn a_second_factor_is_never_repeated() {
    let (desk, _) = desk(vec![said("password"), said("123456")]);
    let first = attempt(&desk, None);
    assert!(line(&first, "(a@h) Password: ").await.is_some());
    assert!(line(&first, "(a@h) Code: ").await.is_some());
    first.came_up();
    desk.attend(false);
    let second = attempt(&desk, None);
    assert_eq!(line(&second, "(a@h) Password: ").await, None, "nor is what stood beside it");
    assert_eq!(line(&second, "(a@h) Code: ").await, None);
}

#[tokio::test]
async fn a_closed_key_is_left_out_and_the_attempt_goes_on() {
    let (desk, _) = desk(vec![Answer::Refuse]);
    let open = attempt(&desk, None);
    assert_eq!(line(&open, "Enter passphrase for key '/home/me/.ssh/id': ").await, None);
    assert!(open.stop.borrow().is_none());
}

#[tokio::test]
async fn a_server_cannot_pass_for_this_computer() {
    let (asker, words) = whose("edge", "(a@h) Enter passphrase for key '/home/a/.ssh/id': ");
    assert_eq!((asker, words), (Asker::Server { host: "edge".into() }, "Enter passphrase for key '/home/a/.ssh/id':"));
    assert_eq!(whose("edge", "Enter passphrase for key 'x': ").0, Asker::LocalSsh);
}

#[test]
fn any_question_is_taken_apart_into_harmless_pieces() {
    use crate::base::fuzz;
    let asked = [
        KEY,
        "(tech@10.0.0.1) Password: ",
        "(tech@10.0.0.1) Verification code: ",
        "Enter passphrase for key '/home/tech/.ssh/id_ed25519': ",
        "tech@10.0.0.1's password: ",
        "Please type 'yes', 'no' or the fingerprint: ",
        "Confirm user presence for key ED25519-SK SHA256:abc",
    ];
    let (mut keys, mut others) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let text = dice.one(&asked);
        let text = fuzz::bend_text(dice, text);
        if let Some(key) = host_key(&text) {
            keys += 1;
            fuzz::shown(&key.host, 300);
            fuzz::shown(&key.kind, 40);
            fuzz::shown(&key.fingerprint, 120);
            let _ = is_for(&key.host, "10.0.0.1");
        } else {
            others += 1;
        }
        let (who, words) = whose("edge", &text);
        assert!(words.len() <= text.len());
        // A server's words are never taken for this computer's.
        assert_eq!(matches!(who, Asker::Server { .. }), words.len() < text.trim().len(), "{text:?}");
    });
    fuzz::both(keys, others);
    let long = fuzz::large(KEY);
    fuzz::soon("a large question", || (host_key(&long).is_some(), whose("edge", &long).1.len()));
}
