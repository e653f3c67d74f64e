//! Questions of a look and their answers, as the runner reads and writes them.

use super::frames::lines;
use crate::plan::Failure;
use crate::ports::host::{FileSeen, ServiceState};
use crate::ports::{Look, Seen, UnitState};

/// The questions, one a line.
pub fn encode(at: &[Look]) -> Result<Vec<u8>, Failure> {
    let mut asked = Vec::with_capacity(at.len());
    for look in at {
        asked.push(match look {
            Look::File { path, max } => format!("file {max} {}", absolute(path)?),
            Look::Sha256 { path } => format!("sha256 {}", absolute(path)?),
            Look::Unit { name } => format!("unit {}", unit(name)?),
            Look::Service { name } => format!("service {}", word(name)?),
            Look::Kernel { name } => format!("kernel {}", word(name)?.replace('.', "/")),
            Look::Program { name } => format!("program {}", word(name)?),
        });
    }
    lines(asked.iter().map(String::as_str))
}

/// An absolute path, which is what the host's root can be asked about.
pub fn absolute(path: &str) -> Result<&str, Failure> {
    if path.starts_with('/') { Ok(path) } else { Err(Failure::permanent(format!("{path:?} is not an absolute path"))) }
}

/// A name that stands in paths and on command lines of the host: no slash, no leading dash or dot.
pub fn word(name: &str) -> Result<&str, Failure> {
    let ok = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
    if (1..=200).contains(&name.len()) && name.bytes().all(ok) && !name.starts_with(['-', '.']) {
        Ok(name)
    } else {
        Err(Failure::permanent(format!("{name:?} cannot be a name on a host")))
    }
}

/// The name of a unit of ours.
pub fn unit(name: &str) -> Result<&str, Failure> {
    word(name)
}

/// The answers, one for each question, in their order.
pub fn decode(at: &[Look], answers: &[u8]) -> Result<Vec<Seen>, Failure> {
    let mut rest = answers;
    let mut seen = Vec::with_capacity(at.len());
    for look in at {
        let garbled = || Failure::transient(format!("the host's answer about {} cannot be read", subject(look)));
        let line = take_line(&mut rest).ok_or_else(garbled)?;
        let line = std::str::from_utf8(line).map_err(|_| garbled())?;
        let words: Vec<&str> = line.split(' ').collect();
        seen.push(match (look, words.as_slice()) {
            (_, ["absent"]) => Seen::Absent,
            (_, ["error"]) => return Err(Failure::transient(format!("the host could not look at {}", subject(look)))),
            (Look::File { .. }, ["file", kind, mode, uid, gid, size, len]) => {
                let bytes = len.parse().ok().and_then(|len| take(&mut rest, len)).ok_or_else(garbled)?;
                Seen::File(FileSeen {
                    is_dir: *kind == "dir",
                    mode: u32::from_str_radix(mode, 8).map_err(|_| garbled())?,
                    uid: uid.parse().map_err(|_| garbled())?,
                    gid: gid.parse().map_err(|_| garbled())?,
                    size: size.parse().map_err(|_| garbled())?,
                    bytes: bytes.to_vec(),
                })
            }
            (Look::Sha256 { .. }, ["sha256", sum]) if sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Seen::Sha256(sum.to_ascii_lowercase())
            }
            (Look::Unit { .. }, ["unit", "running"]) => Seen::Unit(UnitState::Running),
            (Look::Unit { .. }, ["unit", "lost"]) => Seen::Unit(UnitState::Lost),
            // A status file without a number was torn by a power cut: the work may be done or not.
            (Look::Unit { .. }, ["unit", "finished", status]) => {
                Seen::Unit(status.parse().map_or(UnitState::Lost, |status| UnitState::Finished { status }))
            }
            (Look::Service { .. } | Look::Kernel { .. } | Look::Program { .. }, ["text", len]) => {
                let bytes = len.parse().ok().and_then(|len| take(&mut rest, len)).ok_or_else(garbled)?;
                let text = String::from_utf8_lossy(bytes);
                if matches!(look, Look::Service { .. }) { service(&text) } else { Seen::Text(text.into_owned()) }
            }
            _ => return Err(garbled()),
        });
    }
    Ok(seen)
}

/// `systemctl show`'s lines. A service that systemd does not know is absent; so is every service of
/// a host without systemd.
fn service(text: &str) -> Seen {
    let value = |key: &str| {
        text.lines().find_map(|line| line.split_once('=').filter(|(k, _)| *k == key)).map_or("", |(_, value)| value)
    };
    if matches!(value("LoadState"), "" | "not-found") {
        return Seen::Absent;
    }
    Seen::Service(ServiceState {
        active: value("ActiveState").to_owned(),
        sub: value("SubState").to_owned(),
        enabled: value("UnitFileState").to_owned(),
        restarts: value("NRestarts").parse().unwrap_or_default(),
        since_us: value("StateChangeTimestampMonotonic").parse().unwrap_or_default(),
    })
}

fn subject(look: &Look) -> &str {
    match look {
        Look::File { path, .. } | Look::Sha256 { path } => path,
        Look::Unit { name } | Look::Service { name } | Look::Kernel { name } | Look::Program { name } => name,
    }
}

fn take_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|b| *b == b'\n')?;
    let (line, after) = rest.split_at_checked(end)?;
    *rest = after.get(1..)?;
    Some(line)
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (part, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one_of_each() -> Vec<Look> {
        vec![
            Look::file("/etc/hostname"),
            Look::Sha256 { path: "/a".into() },
            Look::Unit { name: "u".into() },
            Look::Service { name: "s.service".into() },
            Look::Kernel { name: "a.b".into() },
            Look::Program { name: "sh".into() },
        ]
    }

    #[test]
    fn answers_are_read_in_the_order_of_the_questions() {
        let mut wire = b"file file 640 0 4 3 3\na\nbsha256 ".to_vec();
        wire.extend([b'A'; 64]);
        wire.extend(b"\nunit finished 3\n");
        let shown = "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=2\n";
        wire.extend(format!("text {}\n{shown}text 1\n9absent\n", shown.len()).bytes());
        let seen = decode(&one_of_each(), &wire).expect("well formed");
        assert!(matches!(&seen[0], Seen::File(f) if f.mode == 0o640 && f.gid == 4 && f.text() == Some("a\nb")));
        assert_eq!(seen[1], Seen::Sha256("a".repeat(64)));
        assert_eq!(seen[2], Seen::Unit(UnitState::Finished { status: 3 }));
        assert!(matches!(&seen[3], Seen::Service(s) if s.active == "active" && s.restarts == 2));
        assert_eq!(seen[4..], [Seen::Text("9".into()), Seen::Absent]);
    }

    #[test]
    fn a_torn_status_is_lost_and_not_a_guess() {
        let at = [Look::Unit { name: "u".into() }];
        assert_eq!(decode(&at, b"unit finished \n").expect("readable"), [Seen::Unit(UnitState::Lost)]);
    }

    #[test]
    fn names_that_reach_elsewhere_are_refused() {
        for name in ["", "../x", "-rf", "a/b", "a b", "a\nb"] {
            assert!(encode(&[Look::Unit { name: name.into() }]).is_err(), "{name:?} was taken");
        }
        assert!(encode(&[Look::file("etc/passwd")]).is_err());
        assert!(encode(&[Look::file("/etc/pass\nwd")]).is_err());
    }

    proptest! {
        #[test]
        fn no_answer_panics(wire in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&one_of_each(), &wire);
        }

        #[test]
        fn no_near_answer_panics(
            parts in prop::collection::vec(prop_oneof!["absent\n", "file (file|dir) [0-9]{1,4} 0 0 [0-9]{1,20} [0-9]{1,20}\n.{0,9}", "text [0-9]{1,20}\n.{0,9}", "unit finished [0-9a]{0,4}\n"], 0..8)
        ) {
            let _ = decode(&one_of_each(), parts.concat().as_bytes());
        }
    }
}
