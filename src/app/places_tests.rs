use super::*;
use crate::registry::places::RegistryId;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};

/// Tells a test that it is a process of another one: what to do, and where.
const PART: &str = "MODELQUAY_TEST_PLACES";
/// Bookmarks that each process adds: together they are as many as are kept.
const EACH: usize = 100;

fn at(prefix: &str) -> Location {
    Location { registry: RegistryId::site("edge"), bucket: "models".to_owned(), prefix: prefix.to_owned() }
}

fn mark(prefix: &str) -> Bookmark {
    Bookmark::new(at(prefix), "").expect("a bookmark")
}

fn store(dir: &Path) -> Store {
    Store::of(&Sites::at(dir))
}

/// This test once more in a process of its own, behind `sh` so that limits can be set.
fn again(test: &str, dir: &Path, part: &str, limits: &str) -> Child {
    let exe = std::env::current_exe().expect("this program has a path");
    let script = format!("{limits} exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script])
        .arg(exe)
        .args([&format!("app::places::tests::{test}"), "--exact", "--nocapture"])
        .env(PART, format!("{part}={}", dir.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell is everywhere")
}

/// What this process is to do, where it is one of [`again`].
fn part() -> Option<(String, PathBuf)> {
    let part = std::env::var(PART).ok()?;
    let (part, dir) = part.split_once('=')?;
    Some((part.to_owned(), PathBuf::from(dir)))
}

fn ended(child: Child) {
    let ended = child.wait_with_output().expect("it can be waited for");
    let said = [ended.stdout, ended.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn what_is_kept_is_there_again_and_for_nobody_else() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = dir.path().join("deep/state");
    let store = store(&state);
    assert_eq!(store.load().await, Ok(Kept::default()));
    assert!(!state.exists(), "looking makes nothing");
    store.add(mark("a/")).await.expect("writable");
    store.add(mark("b/")).await.expect("writable");
    store.visited(at("c/")).await.expect("writable");
    let kept = store.remove(at("a/")).await.expect("writable");
    assert_eq!(store.load().await, Ok(kept.clone()));
    let (bookmarks, history) = kept.places.all();
    assert_eq!((bookmarks, history), (&[mark("b/")][..], &[at("c/")][..]));
    let path = state.join("places.jsonl");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").mode() & 0o777;
    assert_eq!((mode(&path), mode(&state.join("places.lock")), mode(&state)), (0o600, 0o600, 0o700));
    let written = std::fs::metadata(&path).expect("it is there").ino();
    store.visited(at("c/")).await.expect("readable");
    assert_eq!(std::fs::metadata(&path).expect("it is there").ino(), written, "nothing is new, so nothing is written");
}

#[tokio::test]
async fn a_file_that_is_torn_anywhere_is_set_aside_and_what_is_whole_goes_on() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("places.jsonl");
    let store = store(dir.path());
    store.add(mark("a/")).await.expect("writable");
    store.add(mark("b/")).await.expect("writable");
    let whole = std::fs::read(&path).expect("it is there");
    let line = whole.iter().position(|b| *b == b'\n').expect("two lines") + 1;
    for cut in [0, 1, line - 1, line, line + 1, whole.len() - 1, whole.len()] {
        std::fs::write(&path, &whole[..cut]).expect("writable");
        let kept = store.load().await.expect("readable");
        assert_eq!(kept.places.all().0.len(), jsonl::split(&whole[..cut]).lines.len(), "cut at {cut}");
        let torn = ![0, line, whole.len()].contains(&cut);
        assert_eq!(kept.aside.is_some(), torn, "cut at {cut}");
        if let Some(aside) = kept.aside {
            assert_eq!(std::fs::read(&aside).expect("it is there"), whole[..cut], "cut at {cut}");
            // It is said once, and the next program finds a file that it can read.
            assert_eq!(store.load().await.expect("readable").aside, None);
        }
    }
}

#[tokio::test]
async fn lines_that_make_no_sense_are_set_aside_and_those_of_a_newer_program_stay() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("places.jsonl");
    let store = store(dir.path());
    store.add(mark("a/")).await.expect("writable");
    let ours = std::fs::read_to_string(&path).expect("it is there");
    let newer = "{\"tour\":{\"seen\":true}}\n";
    std::fs::write(&path, format!("{newer}{ours}")).expect("writable");
    assert_eq!(store.load().await.expect("readable").aside, None);
    store.visited(at("b/")).await.expect("writable");
    assert!(std::fs::read_to_string(&path).expect("it is there").ends_with(newer));
    for bad in ["{\"bookmark\":{\"at\":1}}\n", "\u{fffd}\n", "[]\n", "{}\n"] {
        std::fs::write(&path, format!("{ours}{bad}")).expect("writable");
        let kept = store.load().await.expect("readable");
        assert_eq!((kept.places.all().0, kept.aside.is_some()), (&[mark("a/")][..], true), "{bad}");
    }
    std::fs::write(&path, vec![b'\n'; usize::try_from(MAX).expect("it is small") + 1]).expect("writable");
    assert!(store.load().await.expect("readable").aside.is_some());
    let aside = std::fs::read_dir(dir.path()).expect("it is there").count() - 2;
    assert_eq!(aside, 5, "none took another's name");
}

#[tokio::test]
async fn two_processes_at_once_lose_nothing_of_each_other() {
    if let Some((part, dir)) = part() {
        for n in 0..EACH {
            let bookmark = mark(&format!("{part}/{n}/"));
            store(&dir).add(bookmark).await.expect("the lock is held for a moment only");
        }
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let test = "two_processes_at_once_lose_nothing_of_each_other";
    let both = ["a", "b"].map(|part| again(test, dir.path(), part, ""));
    both.into_iter().for_each(ended);
    let kept = store(dir.path()).load().await.expect("readable");
    assert_eq!((kept.places.all().0.len(), kept.aside), (2 * EACH, None));
}

#[tokio::test]
async fn where_nothing_can_be_written_what_was_kept_stays_and_it_is_said() {
    if let Some((_, dir)) = part() {
        let failure = store(&dir).add(mark("b/")).await.expect_err("no file may have a byte");
        assert!(failure.message.starts_with("cannot write "), "{failure}");
        assert!(failure.hint.is_some_and(|hint| hint.starts_with("Make room")));
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    store(dir.path()).add(mark("a/")).await.expect("writable");
    // A limit of the process in place of a full disk, which only root can have for a test: the write fails alike.
    let test = "where_nothing_can_be_written_what_was_kept_stays_and_it_is_said";
    ended(again(test, dir.path(), "full", "trap '' XFSZ; ulimit -f 0;"));
    assert_eq!(store(dir.path()).load().await.expect("readable").places.all().0, [mark("a/")]);
    let names = std::fs::read_dir(dir.path()).expect("it is there").count();
    assert_eq!(names, 2, "the file and its lock, and nothing half written");
}

#[tokio::test(start_paused = true)]
async fn a_program_that_holds_the_file_for_good_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = store(dir.path());
    let held = store.lock().await.expect("it is free");
    let failure = store.add(mark("a/")).await.expect_err("it is held");
    assert!(failure.message.contains("held by another program"), "{failure}");
    drop(held);
    assert!(store.add(mark("a/")).await.is_ok());
}

#[test]
fn any_file_of_places_is_read_as_far_as_it_can_be() {
    use crate::base::fuzz;
    let mut places = Places::default();
    places.add(mark("a/"));
    places.add(Bookmark::new(at("b/"), "Production").expect("a bookmark"));
    places.visited(at("c/"));
    let whole = String::from_utf8(lines(&places, &[b"{\"opened\":{\"at\":3}}".to_vec()])).expect("JSON is text");
    let rows: Vec<&str> = whole.lines().collect();
    let (mut right, mut wrong) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let mut bytes = fuzz::some_lines(dice, &rows, 3).join("\n").into_bytes();
        bytes.push(b'\n');
        fuzz::bend(dice, &mut bytes);
        let read = parse(&bytes);
        if read.whole {
            right += 1;
        } else {
            wrong += 1;
        }
        // What was understood is written and understood again as the same; that takes as long again, twice.
        if dice.once_in(4) {
            let again = parse(&lines(&read.places, &read.others));
            assert!(again.whole && again.places == read.places && again.others == read.others);
        }
    });
    fuzz::both(right, wrong);
    let most = usize::try_from(MAX).expect("it is small").min(fuzz::LARGE);
    for piece in [rows[0], rows[2], rows[3], "[", "{}", "\"", ""] {
        let bytes = format!("{piece}\n").repeat(most / (piece.len() + 1)).into_bytes();
        fuzz::soon(piece, || parse(&bytes).places.all().0.len());
    }
}
