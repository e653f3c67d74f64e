//! Requests to the runner and its replies, as bytes.
//!
//! What comes from a host is data: a reply that does not keep to the form is an error, and no length
//! in it makes us set memory aside before the bytes are there.

use crate::base::secret;
use crate::plan::Failure;
use std::fmt;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};
use zeroize::Zeroizing;

/// The version of the protocol that the runner names in its `ready` line.
pub const PROTOCOL: u32 = 2;

/// A request's three parts together may be so long. Files that we write are small; what is large is
/// fetched by the host itself.
pub const MAX_BODY: usize = 32 << 20;

/// What a reply may carry of standard output, in bytes. The runner cuts there itself.
pub const MAX_OUT: u64 = 16 << 20;

/// What a reply may carry of standard error, in bytes.
pub const MAX_ERR: u64 = 256 << 10;

/// The longest first line of a reply, in bytes.
const MAX_HEAD: u64 = 96;

/// What the runner can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Several questions.
    Look,
    /// A short script.
    Run,
    /// A file.
    Write,
    /// A file less.
    Remove,
    /// A unit.
    Start,
    /// The end of a unit.
    Stop,
    /// A piece of a unit's log.
    Output,
    /// Nothing but an answer.
    Ping,
}

impl Verb {
    const fn word(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Run => "run",
            Self::Write => "write",
            Self::Remove => "remove",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Output => "output",
            Self::Ping => "ping",
        }
    }
}

/// A request: a verb, a word that is not secret, and up to three parts.
#[derive(Debug)]
pub struct Request<'a> {
    /// What is asked for.
    pub verb: Verb,
    /// Without white space; `-` for none.
    pub word: &'a str,
    /// The parts, whose meaning depends on the verb.
    pub parts: [&'a [u8]; 3],
    /// The generation of the lease under which something is changed; 0 for none, and for what only looks.
    pub under: u64,
}

impl Request<'_> {
    /// The whole frame. It is overwritten when it is dropped, because parts may be secret.
    pub fn encode(&self, id: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let word_ok =
            !self.word.is_empty() && self.word.len() <= 512 && self.word.bytes().all(|b| b.is_ascii_graphic());
        if !word_ok {
            return Err(Failure::permanent(format!("{:?} cannot be part of a request", self.word)));
        }
        let body: usize = self.parts.iter().map(|part| part.len()).sum();
        if body > MAX_BODY {
            return Err(Failure::permanent(format!("a request of {body} bytes is longer than the {MAX_BODY} allowed")));
        }
        let [a, b, c] = self.parts.map(<[u8]>::len);
        let head = format!("{id} {} {} {a} {b} {c} {}\n", self.verb.word(), self.word, self.under);
        // Exact, because growing would leave copies of secrets behind.
        let mut frame = Zeroizing::new(Vec::with_capacity(head.len() + body));
        frame.extend_from_slice(head.as_bytes());
        for part in self.parts {
            frame.extend_from_slice(part);
        }
        Ok(frame)
    }
}

/// Lines for a part: each item and a line feed. An item with a line feed in it is refused.
pub fn lines<'a>(items: impl IntoIterator<Item = &'a str>) -> Result<Vec<u8>, Failure> {
    let mut part = Vec::new();
    for item in items {
        if item.contains(['\n', '\0']) {
            return Err(Failure::permanent(format!("{item:?} holds a line feed and cannot be sent to a host")));
        }
        part.extend_from_slice(item.as_bytes());
        part.push(b'\n');
    }
    Ok(part)
}

/// How a request ended on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With this exit status.
    Exit(u8),
    /// A script was ended at its limit.
    Late,
    /// The runner does not have the script's text.
    Unsent,
    /// Nothing was done: somebody else has taken the lease.
    Taken,
}

/// A reply. What it carries may be secret (a kubeconfig is one): it comes in without leaving copies behind, and
/// whoever takes it overwrites it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How it ended.
    pub status: Status,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
}

/// Why a reply could not be read.
#[derive(Debug)]
pub enum Broken {
    /// The pipe ended or failed.
    Lost(std::io::Error),
    /// What came is no reply.
    Garbled(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(error) => write!(f, "{error}"),
            Self::Garbled(what) => f.write_str(what),
        }
    }
}

/// A reply's first line.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    id: u64,
    status: Status,
    out: u64,
    err: u64,
}

fn head(line: &[u8]) -> Option<Head> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let id = words.next()?.parse().ok()?;
    let status = match words.next()? {
        "late" => Status::Late,
        "unsent" => Status::Unsent,
        "taken" => Status::Taken,
        number => Status::Exit(number.parse().ok()?),
    };
    let out = words.next()?.parse().ok().filter(|len| *len <= MAX_OUT)?;
    let err = words.next()?.parse().ok().filter(|len| *len <= MAX_ERR)?;
    words.next().is_none().then_some(Head { id, status, out, err })
}

/// One line without its line feed, at most `max` bytes of it.
pub async fn read_line(from: &mut (impl AsyncBufRead + Unpin), max: u64) -> Result<Vec<u8>, Broken> {
    let mut line = Vec::new();
    from.take(max).read_until(b'\n', &mut line).await.map_err(Broken::Lost)?;
    if line.pop_if(|last| *last == b'\n').is_some() {
        Ok(line)
    } else if (line.len() as u64) < max {
        Err(Broken::Lost(std::io::ErrorKind::UnexpectedEof.into()))
    } else {
        Err(Broken::Garbled(format!("a line of more than {max} bytes where a short one belongs")))
    }
}

async fn read_part(from: &mut (impl AsyncBufRead + Unpin), len: u64) -> Result<Vec<u8>, Broken> {
    let mut part = Zeroizing::new(Vec::new());
    let mut left = usize::try_from(len).unwrap_or(usize::MAX);
    while left > 0 {
        let there = from.fill_buf().await.map_err(Broken::Lost)?;
        let piece = there.get(..there.len().min(left)).unwrap_or_default();
        if piece.is_empty() {
            return Err(Broken::Lost(std::io::ErrorKind::UnexpectedEof.into()));
        }
        secret::append(&mut part, piece);
        let taken = piece.len();
        from.consume(taken);
        left -= taken;
    }
    Ok(std::mem::take(&mut *part))
}

/// Reads the reply to request `id`.
pub async fn read_reply(from: &mut (impl AsyncBufRead + Unpin), id: u64) -> Result<Reply, Broken> {
    let line = read_line(from, MAX_HEAD).await?;
    let Some(head) = head(&line) else {
        return Err(Broken::Garbled(format!("no reply: {:?}", crate::base::sanitise::line(&line, 80))));
    };
    if head.id != id {
        return Err(Broken::Garbled(format!("a reply to request {} where {id} was asked", head.id)));
    }
    let out = read_part(from, head.out).await?;
    let err = read_part(from, head.err).await?;
    Ok(Reply { status: head.status, out, err })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now<T>(future: impl Future<Output = T>) -> T {
        use futures_util::FutureExt as _;
        future.now_or_never().expect("a slice never waits")
    }

    #[test]
    fn a_frame_is_its_line_and_its_parts() {
        let frame = Request { verb: Verb::Write, word: "600", parts: [b"/a\n0:0\n", b"x\ny", b""], under: 4 }.encode(7);
        assert_eq!(&**frame.expect("short"), b"7 write 600 7 3 0 4\n/a\n0:0\nx\ny");
    }

    #[test]
    fn what_could_be_taken_for_another_frame_is_refused() {
        for word in ["", "a b", "a\n1", "ü"] {
            assert!(Request { verb: Verb::Run, word, parts: [b"", b"", b""], under: 0 }.encode(1).is_err(), "{word:?}");
        }
        assert!(lines(["fine", "not\nfine"]).is_err());
        let long = vec![0; MAX_BODY + 1];
        assert!(Request { verb: Verb::Write, word: "600", parts: [b"", &long, b""], under: 0 }.encode(1).is_err());
    }

    #[test]
    fn a_length_beyond_the_bound_is_refused_before_anything_is_read() {
        let wire = format!("1 0 {} 0\n", MAX_OUT + 1).into_bytes();
        assert!(matches!(now(read_reply(&mut wire.as_slice(), 1)), Err(Broken::Garbled(_))));
        let cut = format!("1 0 {MAX_OUT} 0\nabc").into_bytes();
        assert!(matches!(now(read_reply(&mut cut.as_slice(), 1)), Err(Broken::Lost(_))));
        assert!(matches!(now(read_reply(&mut &b"2 0 0 0\n"[..], 1)), Err(Broken::Garbled(_))), "another's reply");
    }

    proptest! {
        #[test]
        fn no_bytes_from_the_wire_panic(wire in prop::collection::vec(any::<u8>(), 0..200), id in 0u64..3) {
            let _ = now(read_reply(&mut wire.as_slice(), id));
        }

        #[test]
        fn near_replies_never_panic(a in any::<u64>(), b in any::<i32>(), c in any::<i64>(), d in any::<u32>(), tail in ".{0,40}") {
            let wire = format!("{a} {b} {c} {d}\n{tail}");
            let _ = now(read_reply(&mut wire.as_bytes(), a));
        }

        #[test]
        fn every_reply_reads_back(
            id in any::<u64>(), code in any::<u8>(), out in prop::collection::vec(any::<u8>(), 0..99), err in prop::collection::vec(any::<u8>(), 0..99)
        ) {
            let mut wire = format!("{id} {code} {} {}\n", out.len(), err.len()).into_bytes();
            wire.extend(&out);
            wire.extend(&err);
            wire.extend(b"next");
            let mut rest = wire.as_slice();
            let reply = now(read_reply(&mut rest, id)).expect("well formed");
            prop_assert_eq!(reply, Reply { status: Status::Exit(code), out, err });
            prop_assert_eq!(rest, b"next");
        }
    }
}
