//! This very program as it is sent to a host.

use crate::base::sanitise;
use crate::plan::Failure;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::Path;

/// The program, packed.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The SHA-256 of the program in lower-case hex.
    pub sha256: String,
    /// Its bytes, by gzip.
    pub packed: Vec<u8>,
}

/// What an executable says of itself in its first bytes (System V ABI, "ELF Header" and "Program Header").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Elf {
    /// `x86_64`, `aarch64`; anything else by its number alone.
    machine: u16,
    /// Whether it wants libraries of the system that it runs on.
    interpreted: bool,
}

/// `PT_INTERP`: the program names the loader that finds its libraries.
const INTERPRETER: u32 = 3;

fn elf(bytes: &[u8]) -> Option<Elf> {
    let u16_at = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let u64_at = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    // 64 bits, little end first: what this program is built for.
    if bytes.get(..6)? != [0x7f, b'E', b'L', b'F', 2, 1] {
        return None;
    }
    let (table, size, count) = (usize::try_from(u64_at(32)?).ok()?, usize::from(u16_at(54)?), usize::from(u16_at(56)?));
    let mut interpreted = false;
    for entry in 0..count {
        let at = table.checked_add(entry.checked_mul(size)?)?;
        interpreted |= u32_at(at)? == INTERPRETER;
    }
    Some(Elf { machine: u16_at(18)?, interpreted })
}

/// The names of `uname -m` by ELF's numbers for machines.
fn machine(elf: Elf) -> Option<&'static str> {
    match elf.machine {
        62 => Some("x86_64"),
        183 => Some("aarch64"),
        _ => None,
    }
}

/// Whether a program can run on a host of this architecture, wherever it was built.
fn fits(bytes: &[u8], arch: &str) -> Result<(), Failure> {
    let elf = elf(bytes).ok_or_else(|| Failure::permanent("this program is no 64-bit Linux executable"))?;
    if machine(elf) != Some(arch) {
        let host = sanitise::text(arch, 40);
        let own = machine(elf).unwrap_or("another architecture");
        return Err(Failure::permanent(format!("this program is built for {own}, and the host is {host}"))
            .help("install without --on-host, or from a computer with the host's architecture"));
    }
    if elf.interpreted {
        return Err(Failure::permanent("this build needs this computer's libraries, so it cannot be sent to a host")
            .help("build the static one: cargo rustc --locked --profile dist --bin modelquay -- -C target-feature=+crt-static"));
    }
    Ok(())
}

/// Whether this program needs nothing of the computer that it runs on, so that a host could run it too.
pub fn can_be_sent() -> bool {
    use std::io::Read as _;
    let head = std::env::current_exe().and_then(|path| {
        let mut head = Vec::new();
        std::fs::File::open(path)?.take(4096).read_to_end(&mut head).map(|_| head)
    });
    head.ok().and_then(|head| elf(&head)).is_some_and(|elf| !elf.interpreted)
}

impl Program {
    /// The program at this path, where it can run on a host of this architecture.
    pub fn load(path: &Path, arch: &str) -> Result<Self, Failure> {
        let cannot = |e: std::io::Error| Failure::permanent("read this program").because(e.to_string());
        let bytes = std::fs::read(path).map_err(cannot)?;
        fits(&bytes, arch)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let packed = gzip.write_all(&bytes).and_then(|()| gzip.finish()).map_err(cannot)?;
        let sha256 = crate::plan::change::hex(&Sha256::digest(&bytes));
        Ok(Self { sha256, packed })
    }

    /// This program.
    pub fn own(arch: &str) -> Result<Self, Failure> {
        let path = std::env::current_exe()
            .map_err(|e| Failure::permanent("this program cannot find itself").because(e.to_string()))?;
        Self::load(&path, arch)
    }

    /// The same, where others go on in the second that packing takes.
    pub async fn packed(arch: String) -> Result<Self, Failure> {
        tokio::task::spawn_blocking(move || Self::own(&arch))
            .await
            .unwrap_or_else(|e| Err(Failure::permanent("packing this program was broken off").because(e.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A header and program headers of these kinds.
    fn made(machine: u16, kinds: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 64 + kinds.len() * 56];
        bytes[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32..40].copy_from_slice(&64u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&u16::try_from(kinds.len()).expect("few").to_le_bytes());
        for (at, kind) in kinds.iter().enumerate() {
            bytes[64 + at * 56..68 + at * 56].copy_from_slice(&kind.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn only_a_static_program_of_the_hosts_architecture_is_sent() {
        assert_eq!(fits(&made(62, &[1, 1, 2]), "x86_64"), Ok(()));
        assert_eq!(fits(&made(183, &[1]), "aarch64"), Ok(()));
        let other = fits(&made(62, &[1]), "aarch64").expect_err("another architecture");
        assert!(other.line().contains("built for x86_64, and the host is aarch64"), "{other:?}");
        let dynamic = fits(&made(62, &[6, 3, 1]), "x86_64").expect_err("it names a loader");
        assert!(dynamic.hint.is_some_and(|hint| hint.contains("crt-static")));
        assert!(fits(b"#!/bin/sh\n", "x86_64").is_err());
    }

    #[test]
    fn this_test_is_an_executable() {
        let own = std::fs::read(std::env::current_exe().expect("known")).expect("readable");
        assert!(elf(&own).is_some());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(at in 0usize..120, bytes in prop::collection::vec(any::<u8>(), 0..8)) {
            let mut header = made(62, &[1, 3]);
            for (offset, byte) in bytes.iter().enumerate() {
                if let Some(place) = header.get_mut(at + offset) {
                    *place = *byte;
                }
            }
            let _ = fits(&header, "x86_64");
            header.truncate(at);
            let _ = fits(&header, "x86_64");
        }
    }
}
