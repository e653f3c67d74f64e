//! What the documentation shows of the program is made from the program: the tables of keys and of
//! rules, and the pictures. `RENEW=1 cargo test --test it made` writes them anew; without that a stale file fails.

mod browser;
mod keys;
mod picture;
mod rules;
mod scenes;

use modelquay::ui::run::Screens as _;
use modelquay::ui::view;
use std::path::Path;

/// Holds a file to what the program would make of it now.
fn fresh(path: &str, content: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("RENEW").is_some() {
        std::fs::create_dir_all(file.parent().expect("it lies in docs")).expect("docs can be written");
        std::fs::write(&file, content).expect("docs can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == content, "{path} is stale; this brings it up to date: RENEW=1 cargo test --test it made");
}

#[test]
fn the_table_of_keys_is_fresh() {
    fresh("docs/keys.md", &keys::markdown());
}

#[test]
fn the_table_of_rules_is_fresh() {
    fresh("docs/triton-rules.md", &rules::markdown());
}

#[tokio::test]
async fn the_pictures_are_fresh() {
    for (name, model) in Box::pin(scenes::all()).await {
        fresh(&format!("docs/pictures/{name}.svg"), &picture::svg(model.shell.size, |frame| view(&model, frame)));
    }
    for (name, browse) in Box::pin(browser::all()).await {
        fresh(&format!("docs/pictures/{name}.svg"), &picture::svg(browse.shell.size, |frame| browse.draw(frame)));
    }
}

#[test]
fn every_picture_is_shown_somewhere() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages: String = ["README.md", "docs/first-ten-minutes.md", "docs/technician.md", "docs/browser.md"]
        .iter()
        .map(|page| std::fs::read_to_string(docs.join(page)).expect("the page is there"))
        .collect();
    for picture in std::fs::read_dir(docs.join("docs/pictures")).expect("there are pictures").flatten() {
        let name = picture.file_name().display().to_string();
        assert!(pages.contains(&format!("pictures/{name}")), "nobody shows {name}");
    }
}
