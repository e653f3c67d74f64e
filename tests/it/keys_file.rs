//! The keys of a run that was begun on the screens, and their file afterwards.

use crate::stage::Stage;
use modelquay::app::Exit;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[tokio::test]
async fn a_run_of_the_screens_gets_its_file_by_a_resume() {
    let stage = Stage::new();
    let file = stage.path("later.toml");
    let (first, exit, second) = stage.on_screens_then_resumed_into(&file).await;
    let first = first.join("\n");
    assert!(first.contains("modelquay resume edge-07 --credentials-file FILE"), "{first}");
    assert_eq!(exit, Exit::Done, "{second:?}");
    assert!(second.iter().any(|line| line.contains(&file.display().to_string())), "{second:?}");
    let text = fs::read_to_string(&file).expect("it was written");
    for key in ["[root]", "[reader]", "[publisher]", "[triton]"] {
        assert!(text.contains(key), "{key}");
    }
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_cannot_be_made_stops_a_resume_before_anything() {
    let stage = Stage::new();
    let file = stage.path("taken.toml");
    fs::write(&file, "something else").expect("writable");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let (_, exit, words) = stage.on_screens_then_resumed_into(&file).await;
    assert_ne!(exit, Exit::Done, "{words:?}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "something else");
}
