//! `s3 cat`, `s3 head` and `s3 share`.

use super::super::output;
use super::args::{Cat, Head, Share};
use super::out::Out;
use super::way::Way as To;
use super::{Done, Ended, object, one};
use crate::app::Exit;
use crate::plan::Failure;
use crate::ports::objects::{self, GetQuery, Why};
use crate::registry::again::again;
use crate::registry::transfer::{Way, read_through};
use serde_json::json;

/// As much is read at most for lines.
const LINES_WITHIN: u64 = 256 << 10;

/// `s3 cat`.
pub async fn cat(way: &To<'_>, mut out: Out, args: &Cat) -> Done {
    refuse_json(&out, "cat")?;
    for text in &args.addresses {
        let (of, at) = one(way, text, None, false).await?;
        let mut written = Ok(());
        let read = read_through(&of, &Way::free(), &at, |bytes| {
            out.bytes(bytes).map_err(|error| {
                // Whoever has had enough of it is no trouble of the object's.
                let kind = error.kind();
                written = Err(error);
                kind.into()
            })
        })
        .await;
        written?;
        out.flush()?;
        read?;
    }
    Ok(Exit::Done)
}

/// An object's bytes are what they are.
fn refuse_json(out: &Out, command: &str) -> Result<(), Ended> {
    if out.json() {
        let failure = Failure::permanent(format!("s3 {command} writes bytes and no JSON")).help("Leave --json out.");
        return Err(Ended::Usage(failure));
    }
    Ok(())
}

/// `s3 head`.
pub async fn head(way: &To<'_>, mut out: Out, args: &Head) -> Done {
    refuse_json(&out, "head")?;
    let (reached, at) = object(way, &args.address).await?;
    let most = args.bytes.unwrap_or(LINES_WITHIN);
    if most == 0 {
        reached.objects.head(&at).await?;
        return Ok(Exit::Done);
    }
    let query = GetQuery { at, range: Some((0, most)), if_match: None };
    let mut got = match reached.objects.get(&query).await {
        Ok(got) => got,
        // An empty object has no first byte to begin a range with.
        Err(error) if error.why == Why::BadRange => return Ok(Exit::Done),
        Err(error) => return Err(error.into()),
    };
    let mut lines = if args.bytes.is_some() { u32::MAX } else { args.lines.unwrap_or(10) };
    let mut left = most;
    while lines > 0 && left > 0 {
        let Some(mut piece) = got.body.next().await? else { break };
        // A service that ignores ranges sends more.
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX).min(piece.len()));
        left -= piece.len() as u64;
        if args.bytes.is_none() {
            let mut end = piece.len();
            for (at, _) in piece.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
                lines -= 1;
                if lines == 0 {
                    end = at + 1;
                    break;
                }
            }
            piece.truncate(end);
        }
        out.bytes(&piece)?;
    }
    out.flush()?;
    if args.bytes.is_none() && lines > 0 && left == 0 && got.info.size > most {
        output::talk("only the first 256 KiB were looked at for lines");
    }
    Ok(Exit::Done)
}

/// `s3 share`.
pub async fn share(way: &To<'_>, mut out: Out, args: &Share) -> Done {
    let (mut reached, at) = object(way, &args.address).await?;
    if args.write {
        // What a URL may do is what the key may that signed it.
        reached = way.to_write(&super::in_bucket(&args.address)?.place).await?;
    }
    let what = if args.write { objects::Share::Put } else { objects::Share::Get };
    if !args.write {
        // A URL of nothing is found out now, and not by whoever gets it.
        again(|| reached.objects.head(&at)).await?;
    }
    let url = reached.objects.share(&at, what, args.lasts).await?;
    let seconds = args.lasts.as_secs();
    // This is the one place where it is meant to be seen.
    out.row(
        "share",
        || url.expose().clone(),
        || json!({"url": url.expose(), "does": if args.write { "write" } else { "read" }, "lasts": seconds}),
    )?;
    out.flush()?;
    output::talk(&format!(
        "whoever has this URL may {} the object for {seconds} s",
        if args.write { "write" } else { "read" }
    ));
    Ok(Exit::Done)
}
