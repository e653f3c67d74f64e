//! What a directory on this computer is: a model's, with `config.pbtxt` and one version, or a version's.

use crate::base::sanitise;
use crate::plan::Failure;
use crate::ports::LocalFiles;
use crate::ports::local_files::{FileKind, Found, WhyLocal};
use crate::registry::transfer::{End, Trouble};
use crate::registry::triton::{Parsed, parse_version};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// More files than this are no model.
const MOST_FILES: usize = 100_000;

/// A file of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path within the version's directory, or within the model's.
    pub path: String,
    /// Where it is on this computer.
    pub file: PathBuf,
    /// Its size.
    pub size: u64,
}

/// What the directory was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A version's directory: every file is the version's, but for a `config.pbtxt` at its top.
    Version,
    /// A model's directory with this version in it; an ensemble's may have none.
    Model(Option<i64>),
}

/// What lies in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// What it was taken for.
    pub layout: Layout,
    /// The version's files.
    pub files: Vec<Source>,
    /// Files beside the versions.
    pub beside: Vec<Source>,
    /// The `config.pbtxt`, where there is one.
    pub config: Option<PathBuf>,
    /// Hidden files and incomplete downloads, which are not published.
    pub left_out: Vec<String>,
}

fn refused(message: String, help: &str) -> Trouble {
    Trouble::new(End::Impossible, Failure::permanent(message).help(help))
}

/// Looks at a directory.
pub async fn understand(files: &dyn LocalFiles, directory: &Path) -> Result<Directory, Trouble> {
    let shown = directory.display();
    let found = match files.walk(directory, MOST_FILES).await {
        Ok(found) => found,
        Err(error) if error.why == WhyLocal::Missing => {
            return Err(refused(format!("{shown} is not there"), "Name the directory of a model or of a version."));
        }
        Err(error) => return Err(error.into()),
    };
    let mut all = Vec::new();
    let mut left_out = Vec::new();
    for Found { path, seen } in found {
        let Some(name) = path.to_str().filter(|name| !name.is_empty()) else {
            let name = sanitise::text(&path.to_string_lossy(), 200);
            return Err(refused(format!("{shown} is no directory, or {name:?} in it is no name"), "Rename it."));
        };
        let hidden = name.split('/').any(|part| part.starts_with('.'));
        if hidden || name.ends_with(".part.modelquay") {
            left_out.push(name.to_owned());
            continue;
        }
        let file = directory.join(&path);
        let size = match seen.kind {
            FileKind::File => seen.size,
            // Caches of models are made of links to the files: what counts is what a link leads to.
            FileKind::Link => files.open(&file).await?.seen().await?.size,
            FileKind::Directory | FileKind::Other => {
                let name = sanitise::text(name, 200);
                return Err(refused(format!("{name} in {shown} is no file"), "Take it out of the directory."));
            }
        };
        // Journals name files by their whole paths, so that a resumed one is known from anywhere.
        let file = std::path::absolute(&file).unwrap_or(file);
        all.push(Source { path: name.to_owned(), file, size });
    }
    sorted(directory, all, left_out)
}

fn sorted(directory: &Path, all: Vec<Source>, left_out: Vec<String>) -> Result<Directory, Trouble> {
    let versions: BTreeSet<i64> = all.iter().filter_map(|source| version(source.path.split_once('/')?.0)).collect();
    let mut result = Directory { layout: Layout::Version, files: vec![], beside: vec![], config: None, left_out };
    let only = match versions.iter().copied().collect::<Vec<_>>().as_slice() {
        [] => None,
        [only] => Some(*only),
        several => {
            let names = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(refused(
                format!("{} has the versions {names}", directory.display()),
                "Name the directory of one of them, and its config with --config.",
            ));
        }
    };
    for source in all {
        match (only, source.path.split_once('/')) {
            _ if source.path == "config.pbtxt" => result.config = Some(source.file),
            (Some(only), Some((dir, path))) if version(dir) == Some(only) => {
                result.files.push(Source { path: path.to_owned(), ..source });
            }
            (Some(_), _) => result.beside.push(source),
            (None, _) => result.files.push(source),
        }
    }
    // A config alone is a model, of the kind that needs no more.
    if only.is_some() || (result.files.is_empty() && result.config.is_some()) {
        result.layout = Layout::Model(only);
    }
    Ok(result)
}

/// The version that a directory of this name is, where it is one that this program would write.
fn version(name: &str) -> Option<i64> {
    match parse_version(name) {
        Parsed::Version(number) if number > 0 && number.to_string() == name => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::TestFiles;

    async fn look(files: &[&str]) -> Result<Directory, String> {
        let home = tempfile::tempdir().expect("a directory");
        for file in files {
            let path = home.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, file).expect("written");
        }
        understand(&TestFiles::new(), home.path()).await.map_err(|trouble| trouble.failure.line())
    }

    fn paths(sources: &[Source]) -> Vec<&str> {
        sources.iter().map(|source| source.path.as_str()).collect()
    }

    #[tokio::test]
    async fn a_models_directory_is_told_from_a_versions() {
        let model = look(&["config.pbtxt", "labels.txt", "3/model.onnx", "3/data/w.bin", "warmup/in", ".git/x"]).await;
        let model = model.expect("a model");
        assert_eq!(model.layout, Layout::Model(Some(3)));
        assert_eq!(
            (paths(&model.files), paths(&model.beside)),
            (vec!["data/w.bin", "model.onnx"], vec!["labels.txt", "warmup/in"])
        );
        assert!(model.config.is_some() && model.left_out == [".git/x"]);

        let version = look(&["model.savedmodel/saved_model.pb", "model.savedmodel/variables/v"]).await.expect("one");
        assert_eq!((version.layout, version.files.len(), version.config), (Layout::Version, 2, None));
        let flat = look(&["config.pbtxt", "model.onnx"]).await.expect("a version");
        assert_eq!((flat.layout, paths(&flat.files)), (Layout::Version, vec!["model.onnx"]));
        assert!(flat.config.is_some());
        let ensemble = look(&["config.pbtxt"]).await.expect("an ensemble");
        assert_eq!((ensemble.layout, ensemble.files.len()), (Layout::Model(None), 0));
        assert!(look(&["1/a", "2/a"]).await.is_err_and(|why| why.contains("has the versions 1, 2")));
    }

    #[tokio::test]
    async fn a_link_counts_as_what_it_leads_to_and_what_is_absent_is_said() {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::write(home.path().join("blob"), "12345").expect("written");
        std::fs::create_dir(home.path().join("m")).expect("made");
        std::os::unix::fs::symlink(home.path().join("blob"), home.path().join("m/model.onnx")).expect("linked");
        let found = understand(&TestFiles::new(), &home.path().join("m")).await.expect("a version");
        assert_eq!((found.files[0].path.as_str(), found.files[0].size), ("model.onnx", 5));
        let absent = understand(&TestFiles::new(), &home.path().join("absent")).await.expect_err("it is not there");
        assert!(absent.failure.line().contains("is not there"), "{absent}");
    }
}
