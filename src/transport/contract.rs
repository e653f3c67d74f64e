//! What every host does, whatever is behind it: one suite for this machine, for the hosts of the lab
//! and for the simulated one, so that they cannot drift apart.
//!
//! It uses the port and nothing else. A check that does not hold is named with what was seen.

use crate::base::Secret;
use crate::plan::{Failure, FailureKind};
use crate::ports::host::FileSeen;
use crate::ports::{FileSpec, Host, Look, ScriptId, Seen, UnitSpec, UnitState};
use std::time::Duration;

/// Where the suite may work on the host.
pub struct Place {
    /// An absolute path that does not exist, in a directory that exists.
    pub dir: String,
    /// Who owns what is made: numbers, as root `0` and `0`.
    pub owner: (u32, u32),
    /// Unique, for names of units.
    pub run: String,
}

type Verdict = Result<(), String>;

fn wrong(what: &str) -> impl Fn(Failure) -> String + '_ {
    move |failure| format!("{what}: {failure}")
}

fn hold(what: &str, holds: bool, seen: &impl std::fmt::Debug) -> Verdict {
    if holds { Ok(()) } else { Err(format!("{what}, but was {seen:?}")) }
}

/// Runs every check; the first that does not hold ends it.
pub async fn hold_to(host: &dyn Host, place: &Place) -> Verdict {
    directories(host, place).await?;
    files(host, place).await?;
    looks(host, place).await?;
    scripts(host, place).await?;
    pieces(host, place).await?;
    units(host, place).await
}

async fn file(host: &dyn Host, path: &str, max: u32) -> Result<Option<FileSeen>, String> {
    let seen = host.look(&[Look::File { path: path.into(), max }]).await.map_err(wrong("look at a file"))?;
    match seen.as_slice() {
        [Seen::Absent] => Ok(None),
        [Seen::File(file)] => Ok(Some(file.clone())),
        other => Err(format!("one look at a file gave {other:?}")),
    }
}

async fn directories(host: &dyn Host, place: &Place) -> Verdict {
    hold("a new place is absent", file(host, &place.dir, 0).await?.is_none(), &place.dir)?;
    let owner = format!("{}:{}", place.owner.0, place.owner.1);
    for _twice in 0..2 {
        let made = host.run(ScriptId::MakeDirs, &["0750", &owner, &place.dir], None).await;
        let made = made.map_err(wrong("make a directory"))?;
        hold("making a directory ends with 0", made.status == 0, &made)?;
    }
    let dir = file(host, &place.dir, 100).await?;
    let fits = |d: &FileSeen| d.is_dir && d.mode == 0o750 && (d.uid, d.gid) == place.owner && d.bytes.is_empty();
    hold("the directory is there, 0750, ours", dir.as_ref().is_some_and(fits), &dir)
}

async fn files(host: &dyn Host, place: &Place) -> Verdict {
    let path = format!("{}/a file", place.dir);
    // Every byte, so that nothing on the way can eat one; longer than pipes and pages are.
    let bytes: Vec<u8> = (0..=255u8).cycle().take(200_000).collect();
    let owner = format!("{}:{}", place.owner.0, place.owner.1);
    let spec = FileSpec { path: path.clone(), mode: 0o640, owner, content: Secret::new(bytes.clone()) };
    for _twice in 0..2 {
        host.write(&spec).await.map_err(wrong("write a file"))?;
    }
    let seen = file(host, &path, 300_000).await?.ok_or("the file is absent after its write")?;
    hold("its mode is as asked", seen.mode == 0o640 && !seen.is_dir, &seen.mode)?;
    hold("its owner is as asked", (seen.uid, seen.gid) == place.owner, &(seen.uid, seen.gid))?;
    hold("its bytes are what was written", seen.bytes == bytes && seen.size == 200_000, &seen.size)?;
    let first = file(host, &path, 1000).await?.ok_or("the file is absent at the second look")?;
    let cut = first.bytes == bytes[..1000] && first.size == 200_000 && first.text().is_none();
    hold("a short look gives the first bytes and the whole size", cut, &first.size)?;

    let short = FileSpec { content: Secret::new(b"short\n".to_vec()), mode: 0o600, ..spec.clone() };
    host.write(&short).await.map_err(wrong("write a file again"))?;
    let seen = file(host, &path, 100).await?;
    let replaced = seen.as_ref().is_some_and(|f| f.text() == Some("short\n") && f.mode == 0o600);
    hold("a second write replaces the whole file", replaced, &seen)?;

    let nowhere = FileSpec { path: format!("{}/none/file", place.dir), ..short.clone() };
    let refused = host.write(&nowhere).await;
    let permanent = refused.as_ref().is_err_and(|f| f.kind == FailureKind::Permanent);
    hold("a write without its directory fails for good", permanent, &refused)?;
    let over = host.write(&FileSpec { path: place.dir.clone(), ..short.clone() }).await;
    hold("a write over a directory fails", over.is_err(), &over)?;

    host.remove(&path).await.map_err(wrong("remove a file"))?;
    host.remove(&path).await.map_err(wrong("remove it again"))?;
    hold("a removed file is absent", file(host, &path, 0).await?.is_none(), &path)
}

async fn looks(host: &dyn Host, place: &Place) -> Verdict {
    let path = format!("{}/sum", place.dir);
    let owner = format!("{}:{}", place.owner.0, place.owner.1);
    let content = Secret::new(b"abc".to_vec());
    host.write(&FileSpec { path: path.clone(), mode: 0o600, owner, content }).await.map_err(wrong("write a file"))?;
    let at = [
        Look::Sha256 { path: path.clone() },
        Look::Sha256 { path: format!("{path}-not") },
        Look::stat(&path),
        Look::file(&path),
        Look::Kernel { name: "fs.inotify.max_user_instances".into() },
        Look::Kernel { name: "modelquay.no_such_setting".into() },
        Look::Program { name: "sh".into() },
        Look::Program { name: "modelquay-no-such-program".into() },
        Look::Unit { name: format!("modelquay-{}-never", place.run) },
        Look::Service { name: "modelquay-no-such.service".into() },
    ];
    let seen = host.look(&at).await.map_err(wrong("look at ten things"))?;
    hold("there are as many answers as questions", seen.len() == at.len(), &seen)?;
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    hold("a sum is right", seen[0] == Seen::Sha256(abc.into()), &seen[0])?;
    hold("a stat gives no bytes", matches!(&seen[2], Seen::File(f) if f.size == 3 && f.bytes.is_empty()), &seen[2])?;
    hold("a look gives the text", matches!(&seen[3], Seen::File(f) if f.text() == Some("abc")), &seen[3])?;
    let number = matches!(&seen[4], Seen::Text(t) if t.parse::<u64>().is_ok());
    hold("a kernel setting is its value alone", number, &seen[4])?;
    hold("a program is its path", matches!(&seen[6], Seen::Text(t) if t.ends_with("/sh")), &seen[6])?;
    for at in [1, 5, 7, 8, 9] {
        hold("what is not there is absent", seen[at] == Seen::Absent, &seen[at])?;
    }
    let none = host.look(&[]).await.map_err(wrong("look at nothing"))?;
    hold("no question, no answer", none.is_empty(), &none)?;
    let relative = host.look(&[Look::file("etc/passwd")]).await;
    hold("a path that is not absolute is refused", relative.is_err(), &relative)
}

async fn scripts(host: &dyn Host, place: &Place) -> Verdict {
    let bad = host.run(ScriptId::MakeDirs, &["0750"], None).await.map_err(wrong("run a script with bad arguments"))?;
    hold("a script that fails is an output with its status", bad.status == 64 && !bad.err.is_empty(), &bad)?;
    let odd = format!("{}/it's a \"$HOME\" `x` \\ *", place.dir);
    let owner = format!("{}:{}", place.owner.0, place.owner.1);
    let made = host.run(ScriptId::MakeDirs, &["0700", &owner, &odd], None).await.map_err(wrong("odd characters"))?;
    hold("odd characters end with 0", made.status == 0, &made)?;
    let there = file(host, &odd, 0).await?;
    hold("arguments arrive as they are", there.is_some(), &odd)?;
    let feed = host.run(ScriptId::MakeDirs, &["0700", &owner, "/a\nb"], None).await;
    hold("a line feed in an argument is refused", feed.is_err(), &feed)
}

async fn pieces(host: &dyn Host, place: &Place) -> Verdict {
    let path = format!("{}/new/deep/journal", place.dir);
    let add = async |size: &str, text: &[u8]| {
        let added = host.run(ScriptId::Append, &[&path, "600", size], Some(&Secret::new(text.to_vec()))).await;
        added.map(|output| (output.status, output.text().trim().to_owned())).map_err(wrong("add to a file"))
    };
    for (size, text, status, after) in [
        ("0", &b"ab\n"[..], 0, "3"),
        ("3", b"\0\xff", 0, "5"),
        ("3", b"again", 17, "5"),
        ("9", b"", 17, "5"),
        ("5", b"", 0, "5"),
    ] {
        let added = add(size, text).await?;
        hold("what is added is added once", added == (status, after.to_owned()), &added)?;
    }
    let read = async |from: &str, most: &str| {
        let read = host.run(ScriptId::ReadFrom, &[&path, from, most], None).await.map_err(wrong("read a piece"))?;
        Ok::<_, String>(read.out)
    };
    let pieces = [read("0", "100").await?, read("2", "2").await?, read("5", "9").await?];
    let wanted: [&[u8]; 3] = [b"5\nab\n\0\xff", b"5\n\n\0", b"5\n"];
    hold("pieces are read as they were added", pieces.iter().eq(wanted.iter()), &pieces)?;
    let mode = file(host, &path, 0).await?.map(|seen| seen.mode);
    hold("a new file has its mode", mode == Some(0o600), &mode)
}

async fn units(host: &dyn Host, place: &Place) -> Verdict {
    let unit = UnitSpec {
        name: format!("modelquay-{}-contract-1", place.run),
        script: ScriptId::DiskSync,
        args: vec![place.dir.clone()],
    };
    host.start(&unit).await.map_err(wrong("start a unit"))?;
    host.start(&unit).await.map_err(wrong("start it again"))?;
    let state = ended(host, &unit.name).await?;
    hold("the unit ends with 0", state == UnitState::Finished { status: 0 }, &state)?;
    let whole = host.unit_output(&unit.name, 0, 65_536).await.map_err(wrong("read its output"))?;
    let text = String::from_utf8_lossy(&whole.bytes).into_owned();
    hold("its output was kept, once", text.matches("sync_us=").count() == 1, &text)?;
    hold("the size is that of the log", whole.size == whole.bytes.len() as u64, &whole.size)?;
    let piece = host.unit_output(&unit.name, 3, 4).await.map_err(wrong("read a piece"))?;
    hold("a piece begins at its offset", piece.bytes == whole.bytes[3..7] && piece.size == whole.size, &piece)?;
    let beyond = host.unit_output(&unit.name, whole.size, 100).await.map_err(wrong("read on at the end"))?;
    hold("at the end there is nothing", beyond.bytes.is_empty() && beyond.size == whole.size, &beyond)?;
    host.start(&unit).await.map_err(wrong("start a unit that has ended"))?;
    let again = host.unit_output(&unit.name, 0, 65_536).await.map_err(wrong("read it again"))?;
    hold("a unit that has ended does not run again", again == whole, &again.size)?;
    host.stop(&unit.name).await.map_err(wrong("stop a unit that has ended"))?;
    let state = ended(host, &unit.name).await?;
    hold("its status stays", state == UnitState::Finished { status: 0 }, &state)?;

    let never = format!("modelquay-{}-never", place.run);
    host.stop(&never).await.map_err(wrong("stop a unit that never was"))?;
    let none = host.unit_output(&never, 0, 100).await.map_err(wrong("read the output of a unit that never was"))?;
    hold("a unit that never was has no output", none.bytes.is_empty() && none.size == 0, &none)
}

/// The state of a unit as soon as it no longer runs.
async fn ended(host: &dyn Host, name: &str) -> Result<UnitState, String> {
    let at = [Look::Unit { name: name.into() }];
    let wait = async {
        loop {
            match host.look(&at).await.map_err(wrong("look at a unit"))?.as_slice() {
                [Seen::Unit(UnitState::Running)] => tokio::time::sleep(Duration::from_millis(50)).await,
                [Seen::Unit(state)] => return Ok(*state),
                other => return Err(format!("a look at a unit that was started gave {other:?}")),
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait).await.map_err(|_| "the unit does not end".to_owned())?
}
