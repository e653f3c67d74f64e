//! What all measurements share: the server, the tools, and the bytes that are carried.

use super::server::Server;
use super::tools::{Tool, Tools};
use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Bytes of the large object.
    pub large: u64,
    /// Small files.
    pub many: usize,
    /// Keys that are listed.
    pub keys: usize,
    /// Times that everything is done.
    pub rounds: usize,
}

impl Size {
    pub const FULL: Self = Self { large: 1 << 30, many: 10_000, keys: 1_000_000, rounds: 5 };
    pub const QUICK: Self = Self { large: 128 << 20, many: 1_000, keys: 100_000, rounds: 1 };
}

/// Bytes of a small file.
const SMALL: usize = 16 << 10;

/// Lines of text at the begin of the large object: more than a preview reads.
const TEXT: usize = 16 << 10;

/// What there is.
pub struct World {
    pub size: Size,
    pub home: PathBuf,
    pub tools: Tools,
    pub server: Server,
    /// Which round it is.
    pub round: Cell<usize>,
}

impl World {
    /// Starts the server and makes what is sent.
    pub fn new(size: Size, home: &Path, minio: &Path) -> Result<Self, String> {
        let text = |e: std::io::Error| e.to_string();
        let own = home.join("home");
        std::fs::create_dir_all(&own).map_err(text)?;
        let at_server = home.join("server");
        std::fs::create_dir_all(&at_server).map_err(text)?;
        let world = Self {
            size,
            home: home.to_owned(),
            tools: Tools::found(&own),
            server: Server::start(minio, &at_server)?,
            round: Cell::new(0),
        };
        world.make().map_err(text)?;
        Ok(world)
    }

    /// The large file.
    pub fn large(&self) -> PathBuf {
        self.home.join("weights.bin")
    }

    /// The directory of small ones.
    pub fn many(&self) -> PathBuf {
        self.home.join("many")
    }

    /// The tools that carry, each round another one first: it gets the echo of what was done before.
    pub fn carriers(&self) -> Vec<Tool> {
        let mut tools: Vec<_> = Tool::ALL.into_iter().filter(|tool| tool.carries() && self.tools.has(*tool)).collect();
        let first = self.round.get() % tools.len().max(1);
        tools.rotate_left(first);
        // And behind another one.
        if self.round.get() % 2 == 1 {
            tools.reverse();
        }
        tools
    }

    fn make(&self) -> std::io::Result<()> {
        // Bytes that nothing can make smaller, behind some that can be read on a screen.
        let mut random = std::fs::File::open("/dev/urandom")?;
        let mut out = std::fs::File::create(self.large())?;
        let text = (0..TEXT).fold(String::new(), |mut text, n| {
            let _ = writeln!(text, "line {n:07} of a large object");
            text
        });
        out.write_all(text.as_bytes())?;
        std::io::copy(&mut (&mut random).take(self.size.large - text.len() as u64), &mut out)?;
        std::fs::create_dir_all(self.many())?;
        let mut piece = vec![0; SMALL];
        for n in 0..self.size.many {
            random.read_exact(&mut piece)?;
            std::fs::File::create(self.many().join(format!("part-{n:05}.bin")))?.write_all(&piece)?;
        }
        rustix::fs::sync();
        Ok(())
    }

    /// Whether a file has come as it was sent.
    pub fn same_as_large(&self, path: &Path) -> Result<(), String> {
        let open = |path: &Path| std::fs::File::open(path).map_err(|e| format!("{}: {e}", path.display()));
        let (mut came, mut sent) = (open(path)?, open(&self.large())?);
        let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
        let mut left = self.size.large;
        while left > 0 {
            let n = usize::try_from(left.min(1 << 20)).unwrap_or_default();
            let read = came.read_exact(&mut a[..n]).and_then(|()| sent.read_exact(&mut b[..n]));
            if read.is_err() || a[..n] != b[..n] {
                return Err(format!("{} is not what was sent", path.display()));
            }
            left -= n as u64;
        }
        if came.read(&mut a).map_err(|e| e.to_string())? > 0 {
            return Err(format!("{} is longer than what was sent", path.display()));
        }
        Ok(())
    }

    /// Whether all small files have come, as large as they are.
    pub fn as_many_in(&self, path: &Path) -> Result<(), String> {
        let (mut open, mut count) = (vec![path.to_owned()], 0);
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(&dir).map_err(|e| e.to_string())?.flatten() {
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() => open.push(entry.path()),
                    Ok(meta) if meta.len() == SMALL as u64 => count += 1,
                    _ => return Err(format!("{} is not what was sent", entry.path().display())),
                }
            }
        }
        if count == self.size.many { Ok(()) } else { Err(format!("{count} of {} files came", self.size.many)) }
    }
}
