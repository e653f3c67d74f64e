//! The files of this computer as the transfers use them.

use super::*;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn landing(dir: &Path, name: &str, replace: bool) -> Landing {
    Landing { part: dir.join(format!("{name}.part")), target: dir.join(name), replace }
}

#[tokio::test]
async fn pieces_land_under_their_name_and_replace_nothing_unasked() {
    let dir = dir();
    let first = landing(dir.path(), "a/b", false);
    let file = Disk.make(&first.part).await.expect("it makes its directories");
    file.write_at(3, vec![Bytes::from_static(b"de"), Bytes::from_static(b"f")]).await.expect("written");
    file.write_at(0, vec![Bytes::from_static(b"abc")]).await.expect("written");
    assert_eq!(Disk.land(vec![first.clone()]).await, [Ok(())]);
    assert_eq!(std::fs::read(&first.target).expect("there"), b"abcdef");

    Disk.make_with(&first.part, vec![Bytes::from_static(b"new")]).await.expect("written");
    let refused = Disk.land(vec![first.clone()]).await.remove(0).expect_err("it is there");
    assert_eq!(refused.why, WhyLocal::Exists);
    assert_eq!(std::fs::read(&first.target).expect("there"), b"abcdef");
    assert_eq!(Disk.land(vec![Landing { replace: true, ..first.clone() }]).await, [Ok(())]);
    assert_eq!(std::fs::read(&first.target).expect("there"), b"new");
}

#[tokio::test]
async fn many_files_land_at_once_and_a_missing_one_hurts_no_other() {
    let dir = dir();
    let landings: Vec<_> = (0..40).map(|n| landing(dir.path(), &format!("d{}/f{n}", n % 3), false)).collect();
    for one in landings.iter().filter(|one| !one.target.ends_with("f7")) {
        Disk.make_with(&one.part, vec![Bytes::from_static(b"x")]).await.expect("written");
    }
    let results = Disk.land(landings.clone()).await;
    for (one, result) in landings.iter().zip(&results) {
        assert_eq!(one.target.exists(), result.is_ok(), "{}", one.target.display());
    }
    assert_eq!(results.iter().filter(|r| r.is_err()).count(), 1);
}

#[tokio::test]
async fn what_is_made_anew_is_another_file_than_the_one_that_was_open() {
    let dir = dir();
    let path = dir.path().join("x.part");
    // As a program would that knows nothing of who writes what.
    let old = File::create(&path).expect("made");
    let new = Disk.make(&path).await.expect("made again");
    new.write_at(0, vec![Bytes::from_static(b"new")]).await.expect("written");
    FileExt::write_all_at(&old, b"old", 0).expect("into what has no name");
    assert_eq!(std::fs::read(&path).expect("there"), b"new");
    drop(new);
    let log = Disk.claim(&path).await.expect("there");
    log.append(Bytes::from_static(b"er")).await.expect("added");
    drop(log);
    let again = Disk.reopen(&path).await.expect("there");
    assert_eq!(again.read_at(1, 100).await.expect("read"), Bytes::from_static(b"ewer"));
}

#[tokio::test]
async fn links_are_not_written_through_and_not_walked() {
    let (dir, other) = (dir(), dir());
    std::fs::write(other.path().join("f"), "kept").expect("written");
    std::os::unix::fs::symlink(other.path().join("f"), dir.path().join("l")).expect("linked");
    std::os::unix::fs::symlink(other.path(), dir.path().join("d")).expect("linked");
    assert!(Disk.reopen(&dir.path().join("l")).await.is_err());
    Disk.make_with(&dir.path().join("l"), vec![Bytes::from_static(b"mine")]).await.expect("in its place");
    assert_eq!(std::fs::read(other.path().join("f")).expect("there"), b"kept");
    let walked = Disk.walk(dir.path(), 10).await.expect("walked");
    let kinds: Vec<_> = walked.iter().map(|f| (f.path.to_string_lossy().into_owned(), f.seen.kind)).collect();
    assert_eq!(kinds, [("d".to_owned(), FileKind::Link), ("l".to_owned(), FileKind::File)]);
    assert!(Disk.walk(dir.path(), 1).await.is_err(), "more than the bound is said, not cut");
}

#[tokio::test]
async fn a_full_disk_is_told_from_other_troubles() {
    let full = OpenOptions::new().read(true).write(true).open("/dev/full").expect("Linux has it");
    let file = opened(full, PathBuf::from("/dev/full"));
    let refused = file.write_at(0, vec![Bytes::from_static(b"x")]).await.expect_err("it is full");
    assert_eq!(refused.why, WhyLocal::Full);
    assert!(refused.failure.hint.is_some());
}

#[tokio::test]
async fn case_and_room_are_known_where_nothing_is_yet() {
    let dir = dir();
    let path = dir.path().join("not/yet");
    assert!(!Disk.folds_case(&path).await.expect("asked"));
    assert!(Disk.free(&path).await.expect("asked") > 0);
    assert_eq!(Disk.walk(dir.path(), 10).await.expect("walked"), []);
    assert_eq!(Disk.look(&path).await.expect("looked"), None);
}

#[tokio::test]
async fn what_one_writes_is_nobody_elses_until_it_is_closed() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("d/f");
    // As another process would: what is open in this one counts no less.
    for n in 0..4 {
        let held = match n {
            0 => Disk.claim(&path).await,
            1 => Disk.make(&path).await,
            2 => Disk.reopen(&path).await,
            _ => Disk.make_with(&path, vec![Bytes::from_static(b"x")]).await,
        };
        let held = held.unwrap_or_else(|e| panic!("{n}: {e}"));
        // At the same time: each waits a moment for the file.
        let others =
            tokio::join!(Disk.claim(&path), Disk.make(&path), Disk.reopen(&path), Disk.make_with(&path, Vec::new()));
        for error in [others.0.err(), others.1.err(), others.2.err(), others.3.err()] {
            let error = error.expect("it is held");
            assert_eq!((error.why, error.failure.kind), (WhyLocal::Taken, crate::plan::FailureKind::NeedsHuman));
            assert!(error.failure.hint.is_some());
        }
        let clone = held.clone();
        drop(held);
        assert!(Disk.claim(&path).await.is_err(), "a clone holds it too");
        drop(clone);
    }
    let held = Disk.claim(&path).await.expect("it is free");
    held.empty().await.expect("emptied");
    held.append(Bytes::from_static(b"new")).await.expect("added");
    Disk.remove(&path).await.expect("removed");
    // The name is another file's from now on, and who had the old one does not keep it.
    let next = Disk.claim(&path).await.expect("a new one");
    assert_eq!((next.seen().await.expect("open").size, held.seen().await.expect("open").size), (0, 3));
}
