//! What a host is asked to find out by trying: how fast its disk is, and whether each source answers.
//!
//! Here are the questions, made from the answers and the components table, and the reading of what
//! `ask-sources.sh` and `disk-sync.sh` print. The reading is total.

use super::components::{Components, FileId, ImageId, ImageRef};
use super::site::{ImageDelivery, Mirror, Site, Storage};
use crate::base::sanitise;
use std::fmt::Write as _;

/// Something that must be reachable, with every place where it may be, the preferred one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub what: Wanted,
    /// Where it may be. One that answers is enough.
    pub places: Vec<Place>,
}

/// What is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// A file that the host fetches.
    File(FileId),
    /// An image that the cluster pulls.
    Image(ImageId),
    /// RKE2's own programs as an image, where images are pulled.
    Runtime,
}

impl Wanted {
    /// Its name, as in components tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File(id) => id.name(),
            Self::Image(id) => id.name(),
            Self::Runtime => "rke2-runtime",
        }
    }
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file by its address.
    File {
        /// The address.
        url: String,
    },
    /// A manifest in a registry.
    Image {
        /// The reference that the cluster would be given.
        reference: String,
        /// The registry's or mirror's address.
        endpoint: String,
        /// The name there.
        name: String,
        /// Digest or tag.
        at: String,
        /// Whether it is a mirror that stands for the registry.
        mirror: bool,
    },
}

impl Place {
    /// Where it is, for people.
    pub fn text(&self) -> String {
        match self {
            Self::File { url } => url.clone(),
            Self::Image { endpoint, name, .. } => format!("{name} at {endpoint}"),
        }
    }
}

/// What a place answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status; 0 where there was none.
    pub status: u16,
    /// The size in bytes, where it was said.
    pub size: Option<u64>,
    /// The manifest's digest, where it was said.
    pub digest: Option<String>,
    /// curl's exit status; 127 where the host has no curl.
    pub curl: u16,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What curl said about its failure.
    pub said: String,
}

impl Answer {
    /// Whether the thing is there and may be had.
    pub fn good(&self) -> bool {
        self.curl == 0 && (200..300).contains(&self.status)
    }
}

/// The result of trying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The time of a synced write, or why it could not be measured.
    pub sync: Option<Result<DiskSync, String>>,
    /// Each need with the answer of each of its places; `None` where a place was not asked or its
    /// answer was cut off.
    pub needs: Vec<(Need, Vec<Option<Answer>>)>,
}

/// The time of a synced write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskSync {
    /// The median, in microseconds.
    pub median_us: u64,
    /// The longest, in microseconds.
    pub longest_us: u64,
    /// The directory in which it was measured.
    pub directory: String,
}

impl Asked {
    /// The first reference of an image whose manifest answered, at its registry or at a mirror of it.
    pub fn image(&self, id: ImageId) -> Option<&str> {
        let (need, answers) = self.needs.iter().find(|(need, _)| need.what == Wanted::Image(id))?;
        need.places.iter().zip(answers).find_map(|(place, answer)| match place {
            Place::Image { reference, .. } if answer.as_ref().is_some_and(Answer::good) => Some(reference.as_str()),
            _ => None,
        })
    }

    /// The size that a file's source says.
    pub fn size(&self, id: FileId) -> Option<u64> {
        let (_, answers) = self.needs.iter().find(|(need, _)| need.what == Wanted::File(id))?;
        answers.iter().flatten().find(|answer| answer.good())?.size
    }
}

/// Everything that the install of this site fetches or lets the cluster pull.
pub fn needs(site: &Site, table: &Components) -> Vec<Need> {
    let tarballs = site.supply.images == ImageDelivery::Tarballs;
    let local_path = site.registry.storage == Storage::LocalPath;
    let mut needs: Vec<Need> = FileId::ALL
        .iter()
        .filter(|id| tarballs || !matches!(id, FileId::ImagesCore | FileId::ImagesCanal))
        .map(|id| Need { what: Wanted::File(*id), places: vec![Place::File { url: table.file(*id).url.clone() }] })
        .collect();
    for id in ImageId::ALL {
        if local_path || !matches!(id, ImageId::LocalPath | ImageId::Helper) {
            let places = table.image(*id).refs.iter().flat_map(|r| places_of(site, r)).collect();
            needs.push(Need { what: Wanted::Image(*id), places });
        }
    }
    if !tarballs {
        let tag = table.rke2_version.replace('+', "-");
        let places = places_of(site, &format!("docker.io/rancher/rke2-runtime:{tag}"));
        needs.push(Need { what: Wanted::Runtime, places });
    }
    needs
}

/// Where containerd would look for an image: at the mirrors of its registry in their order, then at
/// the registry itself (RKE2 keeps it as the last resort; rancher/rke2 docs, private registries).
fn places_of(site: &Site, reference: &str) -> Vec<Place> {
    let Some(parts) = ImageRef::parse(reference) else { return Vec::new() };
    let at = parts.reference().to_owned();
    let place = |endpoint: String, name: String, mirror: bool| Place::Image {
        reference: reference.to_owned(),
        endpoint,
        name,
        at: at.clone(),
        mirror,
    };
    let mirrors = site.supply.mirrors.get(&parts.registry).or_else(|| site.supply.mirrors.get("*"));
    let mut places: Vec<Place> = mirrors
        .into_iter()
        .flatten()
        .filter_map(|mirror| {
            Some(place(mirror.endpoint.trim_end_matches('/').to_owned(), rewritten(mirror, &parts.repository)?, true))
        })
        .collect();
    let own = match parts.registry.as_str() {
        // The registry behind this name answers under another one.
        "docker.io" => "registry-1.docker.io",
        other => other,
    };
    places.push(place(format!("https://{own}"), parts.repository.clone(), false));
    places
}

/// The name of an image at a mirror. Patterns are regular expressions; those that people write are
/// `^PREFIX(.*)$`, and only those are understood here. A mirror with another pattern cannot be asked
/// beforehand: `None`.
fn rewritten(mirror: &Mirror, name: &str) -> Option<String> {
    for (pattern, replacement) in &mirror.rewrite {
        let inner = pattern.strip_prefix('^').unwrap_or(pattern);
        let inner = inner.strip_suffix('$').unwrap_or(inner);
        let prefix = inner.strip_suffix("(.*)").or_else(|| inner.strip_suffix("(.+)"))?;
        if prefix.contains(['(', '[', '\\', '*', '+', '?', '|']) {
            return None;
        }
        if let Some(rest) = name.strip_prefix(prefix) {
            return Some(replacement.replace("${1}", rest).replace("$1", rest));
        }
    }
    Some(name.to_owned())
}

/// The input of `ask-sources.sh`: a CA that is trusted as well, then a line for each place.
pub fn questions(needs: &[Need], extra_ca: Option<&str>) -> String {
    let mut input = String::new();
    for line in extra_ca.into_iter().flat_map(str::lines) {
        let _ = writeln!(input, "ca {}", line.trim_end());
    }
    for place in needs.iter().flat_map(|need| &need.places) {
        let line = match place {
            Place::File { url } => format!("file {url}"),
            Place::Image { endpoint, name, at, .. } => format!("image {endpoint} {name} {at}"),
        };
        // A line feed in a table must not become a question of its own.
        let _ = writeln!(input, "{}", sanitise::text(&line, 4000));
    }
    input
}

/// Puts the output of `ask-sources.sh` beside the needs that were asked for.
pub fn answers(needs: Vec<Need>, output: &[u8]) -> Vec<(Need, Vec<Option<Answer>>)> {
    let count = needs.iter().map(|need| need.places.len()).sum();
    let mut found: Vec<Option<Answer>> = vec![None; count];
    for line in output.split(|b| *b == b'\n') {
        let fields: Vec<String> = line.split(|b| *b == b'\t').map(|field| sanitise::line(field, 400)).collect();
        let [number, status, size, digest, curl, took, said, ..] = fields.as_slice() else { continue };
        let Some(slot) = number.parse::<usize>().ok().and_then(|n| found.get_mut(n)) else { continue };
        *slot = Some(Answer {
            status: status.parse().unwrap_or(0),
            size: size.parse().ok(),
            digest: (digest != "-").then(|| digest.clone()),
            curl: curl.parse().unwrap_or(u16::MAX),
            took_ms: took.parse().unwrap_or(0),
            said: said.trim().to_owned(),
        });
    }
    let mut found = found.into_iter();
    needs
        .into_iter()
        .map(|need| {
            let its = found.by_ref().take(need.places.len()).collect();
            (need, its)
        })
        .collect()
}

/// Reads the output of `disk-sync.sh`.
pub fn disk_sync(output: &[u8]) -> Option<DiskSync> {
    let text = String::from_utf8_lossy(output);
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    Some(DiskSync {
        median_us: value("sync_us")?.parse().ok()?,
        longest_us: value("sync_max_us")?.parse().ok()?,
        directory: sanitise::text(value("sync_dir").unwrap_or_default(), 400),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::site::Reach;
    use proptest::prelude::*;

    fn site() -> Site {
        Site::with_defaults("edge-07".parse().expect("a name"), Reach::Local)
    }

    fn table() -> Components {
        Components::load(&[], "amd64").expect("the built-in table")
    }

    #[test]
    fn mirrors_come_before_the_registry_with_their_own_names() {
        let mut site = site();
        let rewrite = [("^(.*)$".to_owned(), "proj/$1".to_owned())].into();
        let mirror = Mirror { endpoint: "https://mirror.site.example/".into(), rewrite };
        site.supply.mirrors.insert("docker.io".into(), vec![mirror]);
        let needs = needs(&site, &table());
        let registry = needs.iter().find(|n| n.what == Wanted::Image(ImageId::Registry)).expect("it is needed");
        let texts: Vec<String> = registry.places.iter().map(Place::text).collect();
        assert_eq!(
            texts,
            ["proj/pgsty/silo at https://mirror.site.example", "pgsty/silo at https://registry-1.docker.io"]
        );
        let operator = needs.iter().find(|n| n.what == Wanted::Image(ImageId::Operator)).expect("it is needed");
        assert_eq!(operator.places.len(), 1, "the mirror is for docker.io only");
    }

    #[test]
    fn what_the_answers_leave_out_is_not_asked_for() {
        let mut site = site();
        let all = needs(&site, &table()).len();
        site.registry.storage = Storage::Existing("longhorn".into());
        assert_eq!(needs(&site, &table()).len(), all - 2, "no local-path, no helper");
        site.supply.images = ImageDelivery::Pull;
        let pulled = needs(&site, &table());
        assert!(pulled.iter().any(|n| n.what == Wanted::Runtime));
        assert!(!pulled.iter().any(|n| n.what == Wanted::File(FileId::ImagesCore)));
    }

    #[test]
    fn answers_find_their_questions_in_any_order() {
        let needs = needs(&site(), &table());
        let asked = questions(&needs, Some("-----BEGIN\r\nAAAA\n"));
        assert!(asked.starts_with("ca -----BEGIN\nca AAAA\nfile https://"), "{asked}");
        let output = format!(
            "6\t200\t512\tsha256:{}\t0\t80\t\n0\t000\t-\t-\t6\t12\tCould not resolve host: x\n99\t200\t1\t-\t0\t1\t\nnoise\n",
            "a".repeat(64)
        );
        let asked = Asked { sync: None, needs: answers(needs, output.as_bytes()) };
        let first = asked.needs[0].1[0].as_ref().expect("it was answered");
        assert!(!first.good() && first.curl == 6 && first.said.starts_with("Could not resolve"));
        assert!(asked.image(ImageId::Registry).is_some_and(|r| r.starts_with("docker.io/pgsty/silo:")));
        assert_eq!(asked.image(ImageId::Operator), None);
        assert_eq!(asked.needs[1].1, [None]);
    }

    #[test]
    fn the_disk_probe_is_read() {
        let sync = disk_sync(b"sync_us=368\nsync_max_us=6684\nsync_count=20\nsync_dir=/var/lib\n").expect("whole");
        assert_eq!((sync.median_us, sync.longest_us), (368, 6684));
        assert_eq!(disk_sync(b"sync_us=x\n"), None);
    }

    proptest! {
        #[test]
        fn any_output_gives_answers(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let needs = needs(&site(), &table());
            let count = needs.len();
            prop_assert_eq!(answers(needs, &bytes).len(), count);
            let _ = disk_sync(&bytes);
        }
    }
}
