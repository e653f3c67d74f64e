//! The keys that an install saved: a file in TOML that the user alone can read, in clear or sealed with a passphrase.

use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::{Credentials, OperatorFiles};
use crate::steps::KeyName;
use crate::transport::{age, operator_files};
use std::path::Path;
use zeroize::{Zeroize as _, Zeroizing};

/// The largest file that is read: four pairs take less than a KiB.
const LARGEST: u64 = 64 * 1024;

/// What stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysFile {
    /// `https://10.77.0.2:30900`.
    pub endpoint: String,
    /// The site's name.
    pub site: String,
    /// The keys.
    pub keys: Vec<(KeyName, Credentials)>,
}

impl KeysFile {
    /// A pair.
    pub fn key(&self, name: KeyName) -> Option<&Credentials> {
        self.keys.iter().find(|(of, _)| *of == name).map(|(_, pair)| pair)
    }

    /// Reads the text of one.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let unreadable = |why: &str| Failure::permanent("the keys' file cannot be read").because(why.to_owned());
        // What toml says of a mistake quotes the line, which may hold a secret: only its place is told.
        let table = Wiped(text.parse().map_err(|_| unreadable("it is not TOML"))?);
        let table = &table.0;
        let word = |table: &toml::Table, key: &str| table.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        let mut keys = Vec::new();
        for name in KeyName::ALL {
            let Some(pair) = table.get(name.id()).and_then(|v| v.as_table()) else { continue };
            let (Some(access_key), Some(secret)) = (word(pair, "access_key"), word(pair, "secret_key")) else {
                return Err(unreadable(&format!("[{}] lacks access_key or secret_key", name.id())));
            };
            keys.push((name, Credentials { access_key, secret_key: Secret::new(secret) }));
        }
        if keys.is_empty() {
            return Err(unreadable("no key stands in it"));
        }
        let endpoint = word(table, "endpoint").ok_or_else(|| unreadable("it names no endpoint"))?;
        Ok(Self { endpoint, site: word(table, "site").unwrap_or_default(), keys })
    }
}

/// A table whose texts are overwritten when it is dropped.
struct Wiped(toml::Table);

impl Drop for Wiped {
    fn drop(&mut self) {
        fn wipe(value: &mut toml::Value) {
            match value {
                toml::Value::String(text) => text.zeroize(),
                toml::Value::Array(items) => items.iter_mut().for_each(wipe),
                toml::Value::Table(table) => table.iter_mut().for_each(|(_, value)| wipe(value)),
                _ => {}
            }
        }
        self.0.iter_mut().for_each(|(_, value)| wipe(value));
    }
}

/// A file as it lies there.
pub enum Lies {
    /// In clear.
    Open(KeysFile),
    /// Sealed: a passphrase opens it.
    Sealed(Vec<u8>),
}

/// Reads a file, as far as that can be done without a passphrase. One in clear is refused where others own it or can
/// read or write it; a sealed one may lie anywhere.
pub fn read(path: &Path) -> Result<Lies, Failure> {
    let cannot = |e: std::io::Error| {
        Failure::permanent(format!("the keys' file {} cannot be read", path.display())).because(e.to_string())
    };
    if std::fs::metadata(path).map_err(cannot)?.len() > LARGEST {
        return Err(Failure::permanent(format!("{} is no file of keys: it is too large", path.display())));
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(cannot)?);
    if age::is_sealed(&bytes) {
        return Ok(Lies::Sealed(bytes.to_vec()));
    }
    // Looked at again with the file that is read then: what was read here is not used.
    let own = operator_files::read_own(path)?.ok_or_else(|| cannot(std::io::ErrorKind::NotFound.into()))?;
    parsed(own.expose()).map(Lies::Open).map_err(|failure| failure.context(path.display().to_string()))
}

/// Opens a sealed one. It takes about a second.
pub fn unseal(sealed: &[u8], passphrase: &Secret<String>) -> Result<KeysFile, Failure> {
    parsed(age::open(sealed, passphrase)?.expose())
}

/// Saves the text of one to a new file that only the user can read, sealed where there is a passphrase. Its directory
/// is made where it is missing.
pub async fn save(
    files: &dyn OperatorFiles,
    path: &str,
    mut text: Secret<Vec<u8>>,
    passphrase: Option<Secret<String>>,
) -> Result<(), Failure> {
    if let Some(dir) = Path::new(path).parent().filter(|dir| !dir.exists()) {
        super::sites::make_dirs(dir).map_err(|failure| failure.help("name a file in another directory"))?;
    }
    files.reserve(path).await?;
    if let Some(passphrase) = passphrase {
        let sealed = tokio::task::spawn_blocking(move || age::seal(&text, &passphrase, age::WORK)).await;
        text = sealed.map_err(|e| Failure::permanent("encrypt the keys").because(e.to_string()))??;
    }
    files.write_private(path, &text).await
}

fn parsed(bytes: &[u8]) -> Result<KeysFile, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::permanent("the keys' file is no text"))?;
    KeysFile::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Keys of the model registry edge-07, written by modelquay.\n\nsite = \"edge-07\"\n\
         endpoint = \"https://10.77.0.2:30900\"\n\n[reader]\naccess_key = \"AK\"\nsecret_key = \"SK-canary\"\n";

    #[test]
    fn a_file_is_read_in_clear_and_sealed() {
        let file = KeysFile::parse(TEXT).expect("a file");
        assert_eq!((file.site.as_str(), file.endpoint.as_str()), ("edge-07", "https://10.77.0.2:30900"));
        assert_eq!(file.key(KeyName::Reader).map(|pair| pair.access_key.as_str()), Some("AK"));
        assert_eq!(file.key(KeyName::Root), None);
        let passphrase = Secret::from("correct horse");
        let sealed = age::seal(&Secret::new(TEXT.as_bytes().to_vec()), &passphrase, 4).expect("sealed");
        assert_eq!(unseal(sealed.expose(), &passphrase).expect("opened"), file);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_unless_it_is_sealed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().expect("a directory");
        let (path, link) = (dir.path().join("keys.toml"), dir.path().join("link"));
        std::fs::write(&path, TEXT).expect("writable");
        let mode = |bits| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).expect("it is ours");
        mode(0o600);
        assert!(matches!(read(&path), Ok(Lies::Open(file)) if file.site == "edge-07"));
        for bits in [0o640, 0o604, 0o620, 0o666] {
            mode(bits);
            let failure = read(&path).err().expect("others can reach it");
            assert!(failure.line().contains("by others"), "{failure}");
            assert!(failure.hint.as_ref().is_some_and(|hint| hint.contains("chmod 600")), "{failure:?}");
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
        symlink(&path, &link).expect("writable");
        assert!(read(&link).is_err());
        let sealed = age::seal(&Secret::new(TEXT.as_bytes().to_vec()), &Secret::from("correct horse"), 4);
        std::fs::write(&path, sealed.expect("sealed").expose()).expect("writable");
        assert!(matches!(read(&path), Ok(Lies::Sealed(_))), "on a stick it may be readable by all");
    }

    #[test]
    fn a_mistake_in_it_is_told_without_its_secrets() {
        for bent in
            ["[reader]\naccess_key = \"AK\"\nsecret_key = \"SK-canary", "[reader]\nsecret_key = \"SK-canary\"\n", ""]
        {
            let failure = KeysFile::parse(bent).expect_err("a mistake");
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
    }

    #[test]
    fn any_file_of_keys_is_read_or_refused_without_a_word_of_it() {
        use crate::base::fuzz;
        let whole = "site = \"edge-07\"\nendpoint = \"https://10.77.0.2:30900\"\n\n# root\n[root]\naccess_key = \"AKroot\"\n\
                     secret_key = \"SK-canary-root\"\n[reader]\naccess_key = \"AK\"\nsecret_key = \"SK-canary\"\n";
        let (mut read, mut refused) = (0_u64, 0_u64);
        fuzz::each(fuzz::CASES, |dice| {
            let mut bytes = whole.as_bytes().to_vec();
            fuzz::bend(dice, &mut bytes);
            match parsed(&bytes) {
                Ok(file) => {
                    read += 1;
                    assert!((1..=KeyName::ALL.len()).contains(&file.keys.len()));
                }
                Err(failure) => {
                    refused += 1;
                    fuzz::shown(&failure.line(), 400);
                    assert!(!failure.line().contains("canary"), "{failure}");
                }
            }
        });
        fuzz::both(read, refused);
    }
}
