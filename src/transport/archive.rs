//! Archives in memory: `.tar.gz` out of files, and what a host has compressed.

use crate::plan::Failure;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::io::Read as _;

/// How compressed bytes begin.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Files under one directory as `.tar.gz`, in this order, each readable by its owner alone. `at_s` is when they are
/// said to be from, in seconds since 1970.
pub fn pack(directory: &str, files: &[(String, Vec<u8>)], at_s: u64) -> Result<Vec<u8>, Failure> {
    let cannot = |e: std::io::Error| Failure::permanent("cannot make the archive").because(e.to_string());
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(at_s);
        archive.append_data(&mut header, format!("{directory}/{name}"), content.as_slice()).map_err(cannot)?;
    }
    archive.into_inner().and_then(GzEncoder::finish).map_err(cannot)
}

/// Bytes that may be compressed, as they were before: at most so many. What was cut off in the middle is given as far
/// as it goes.
pub fn unzipped(bytes: &[u8], at_most: u64) -> Vec<u8> {
    if !bytes.starts_with(&GZIP) {
        return bytes.to_vec();
    }
    let mut out = Vec::new();
    // What could be read before a mistake is in there already.
    let _ = MultiGzDecoder::new(bytes).take(at_most).read_to_end(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn an_archive_has_its_files_in_order_for_their_owner_alone() {
        let long = format!("{}/x.log", "d".repeat(150));
        let files = [("MANIFEST.txt".to_owned(), b"m".to_vec()), (long.clone(), b"y".repeat(5000))];
        let packed = pack("report", &files, 1_795_472_191).expect("it fits into memory");
        let plain = unzipped(&packed, 1 << 20);
        let mut archive = tar::Archive::new(plain.as_slice());
        let mut found = Vec::new();
        for entry in archive.entries().expect("an archive") {
            let mut entry = entry.expect("an entry");
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("it is whole");
            assert_eq!(entry.header().mode().expect("it has one"), 0o600);
            assert_eq!(entry.header().mtime().expect("it has one"), 1_795_472_191);
            found.push((entry.path().expect("it has one").display().to_string(), content));
        }
        assert_eq!(
            found,
            [("report/MANIFEST.txt".into(), b"m".to_vec()), (format!("report/{long}"), b"y".repeat(5000))]
        );
    }

    #[test]
    fn what_is_compressed_is_bounded_and_what_is_cut_is_given_as_far_as_it_goes() {
        let mut zip = GzEncoder::new(Vec::new(), Compression::default());
        zip.write_all(&b"line\n".repeat(100_000)).expect("memory");
        let zip = zip.finish().expect("memory");
        assert_eq!(unzipped(&zip, 12), b"line\nline\nli");
        assert_eq!(unzipped(b"plain", 2), b"plain");
        let half = unzipped(&zip[..zip.len() / 2], 1 << 20);
        assert!(half.starts_with(b"line\n") && half.len() < 500_000);
        assert_eq!(unzipped(&GZIP, 10), b"");
    }
}
