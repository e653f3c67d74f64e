use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

fn home() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let path = dir.path().canonicalize().expect("it was just made");
    (dir, path)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

fn mode(path: &Path, bits: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).expect("it is ours");
}

fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_reserved_file_is_private_and_is_replaced_whole() {
    let (_dir, home) = home();
    let (files, path) = (LocalFiles::new(), home.join("keys.toml"));
    files.reserve(text(&path)).await.expect("the name is free");
    assert_eq!(mode_of(&path), 0o600);
    files.reserve(text(&path)).await.expect("this run has reserved it");
    files.write_private(text(&path), &Secret::new(b"secret".to_vec())).await.expect("it is reserved");
    files.write_private(text(&path), &Secret::new(b"new".to_vec())).await.expect("again");
    files.reserve(text(&path)).await.expect("this run wrote it");
    assert_eq!(mode_of(&path), 0o600);
    let read = files.read_private(text(&path)).await.expect("it is ours").expect("it is there");
    assert_eq!(read.expose(), b"new");
    let names: Vec<_> = std::fs::read_dir(&home).expect("it is ours").flatten().map(|e| e.file_name()).collect();
    assert_eq!(names, ["keys.toml"], "something was left beside it");
}

#[tokio::test]
async fn what_a_killed_write_left_beside_a_file_goes_with_the_next() {
    let (_dir, home) = home();
    let (files, path) = (LocalFiles::new(), home.join("keys.toml"));
    files.reserve(text(&path)).await.expect("the name is free");
    std::fs::write(home.join(".keys.toml.part"), "half of a se").expect("it is ours");
    files.write_private(text(&path), &Secret::new(b"secret".to_vec())).await.expect("it is reserved");
    assert_eq!(std::fs::read(&path).expect("it is there"), b"secret");
    assert_eq!(std::fs::read_dir(&home).expect("it is ours").count(), 1, "something was left beside it");
}

#[tokio::test]
async fn a_file_of_another_run_is_not_taken() {
    let (_dir, home) = home();
    let path = home.join("keys.toml");
    LocalFiles::new().reserve(text(&path)).await.expect("the name is free");
    LocalFiles::new().reserve(text(&path)).await.expect("an empty one is what a killed run left");
    std::fs::write(&path, "old keys").expect("it is ours");
    let failure = LocalFiles::new().reserve(text(&path)).await.expect_err("it holds something");
    assert!(failure.line().contains("exists already"), "{failure}");
    LocalFiles::resumed([path.clone()]).reserve(text(&path)).await.expect("the run that wrote it may");
    let other = home.join("other");
    let unreserved = LocalFiles::new().write_private(text(&other), &Secret::new(Vec::new())).await;
    assert!(unreserved.expect_err("nobody reserved it").line().contains("not reserved"));
}

#[tokio::test]
async fn directories_that_others_can_write_are_refused_with_the_fix() {
    let (_dir, home) = home();
    let open = home.join("open");
    let below = open.join("below");
    std::fs::create_dir_all(&below).expect("it is ours");
    mode(&below, 0o700);
    for (bits, refused_in, refused_below) in
        [(0o777, true, true), (0o770, true, true), (0o1777, true, false), (0o755, false, false)]
    {
        mode(&open, bits);
        for (dir, refused) in [(&open, refused_in), (&below, refused_below)] {
            let path = dir.join(format!("f{bits:o}"));
            let seen = LocalFiles::new().reserve(text(&path)).await;
            assert_eq!(seen.is_err(), refused, "{bits:o} {}: {seen:?}", dir.display());
            if let Err(failure) = seen {
                assert!(failure.line().contains(text(&open)), "{failure}");
                assert!(failure.hint.expect("it says what to do").contains("chmod go-w"));
            }
        }
    }
    let nowhere = LocalFiles::new().reserve(text(&home.join("none/f"))).await.expect_err("no such directory");
    assert!(nowhere.hint.expect("it says what to do").contains("Make the directory"));
}

#[tokio::test]
async fn links_and_open_files_are_refused() {
    let (_dir, home) = home();
    let (target, link) = (home.join("target"), home.join("link"));
    std::fs::write(&target, "x").expect("it is ours");
    mode(&target, 0o600);
    symlink(&target, &link).expect("it is ours");
    let files = LocalFiles::new();
    assert!(files.reserve(text(&link)).await.expect_err("it is a link").line().contains("symbolic link"));
    assert!(files.read_private(text(&link)).await.expect_err("it is a link").line().contains("symbolic link"));
    let written = files.write_private(text(&link), &Secret::new(b"y".to_vec())).await;
    assert!(written.expect_err("it is a link").line().contains("symbolic link"));
    assert_eq!(std::fs::read(&target).expect("it is there"), b"x");
    mode(&target, 0o644);
    let failure = files.read_private(text(&target)).await.expect_err("others can read it");
    assert!(failure.hint.expect("it says what to do").contains("chmod 600"));
    assert_eq!(files.read_private(text(&home.join("none"))).await, Ok(None));
    assert!(files.reserve("relative").await.is_err());
}

#[tokio::test]
async fn an_ordinary_file_makes_its_directories() {
    let (_dir, home) = home();
    let (files, path) = (LocalFiles::new(), home.join("a/b/site.toml"));
    assert_eq!(files.read(text(&path)).await, Ok(None));
    files.write(text(&path), b"one").await.expect("its directories are made");
    files.write(text(&path), b"two").await.expect("it is replaced");
    assert_eq!(files.read(text(&path)).await, Ok(Some(b"two".to_vec())));
    assert_eq!((mode_of(&path), mode_of(&home.join("a"))), (0o644, 0o700));
}

#[test]
fn a_new_file_is_whole_private_and_replaces_nothing() {
    let (_dir, home) = home();
    let path = home.join("report.tar.gz");
    std::fs::write(home.join(".report.tar.gz.part"), "half of one").expect("it is ours");
    is_free(&path).expect("nothing is there");
    write_new(&path, b"one").expect("nothing is there");
    assert_eq!(mode_of(&path), 0o600);
    for refused in [is_free(&path), write_new(&path, b"two")] {
        let failure = refused.expect_err("it is there");
        assert!(failure.line().contains("exists already") && failure.hint.is_some(), "{failure:?}");
    }
    symlink(home.join("elsewhere"), home.join("link")).expect("it is ours");
    assert!(write_new(&home.join("link"), b"x").is_err() && !home.join("elsewhere").exists());
    assert_eq!(std::fs::read(&path).expect("it is there"), b"one");
    let names = std::fs::read_dir(&home).expect("it is ours").flatten().count();
    assert_eq!(names, 2, "something was left beside it");
    assert!(is_free(&home.join("none/x")).expect_err("no such directory").hint.is_some());
}
