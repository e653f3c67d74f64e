//! What a host says about itself, as root, and what preflight makes of it.

use super::super::inspect;
use super::super::parts::{Env, Order, over_the_link};
use super::super::words;
use crate::plan::components::Components;
use crate::plan::preflight::{self, Finding};
use crate::plan::report::{Bag, PIECE, WHOLE, host};
use crate::plan::{Failure, Site};
use crate::ports::{Host, ScriptId, World};
use crate::transport::archive;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Units of ours whose logs are taken, the newest first.
const UNITS: &str = "24";

/// Takes all of it: the host's own account in one look, then facts and findings.
pub async fn gather(bag: &mut Bag, env: &Env, world: &Arc<dyn World>, order: &Order) {
    let site = &order.site;
    match over_the_link(env, &**world, async || account(&*world.host(site.name).await?).await).await {
        Ok(out) => pieces(bag, &out),
        Err(failure) => bag.failed("host", &failure),
    }
    let facts = over_the_link(env, &**world, async || {
        let host = world.host(site.name).await?;
        inspect::facts_as_said(&*host, site, &*env.clock).await
    });
    let (facts, operator_ms, said) = match facts.await {
        Ok(found) => found,
        Err(failure) => return bag.failed("host/facts.txt", &failure),
    };
    bag.text("host/facts.txt", &said, false);
    let judged = over_the_link(env, &**world, async || {
        let host = world.host(site.name).await?;
        let asked = inspect::ask(&*host, site, &table(site, facts.release_arch())?).await?;
        Ok(preflight::judge(site, &facts, &asked, operator_ms))
    });
    match judged.await {
        Ok(findings) => bag.text("host/findings.txt", lines(&findings).as_bytes(), false),
        Err(failure) => bag.failed("host/findings.txt", &failure),
    }
}

fn table(site: &Site, arch: Option<&str>) -> Result<Components, Failure> {
    Components::load(&site.supply.components, arch.unwrap_or("amd64")).map_err(words::bad_tables)
}

async fn account(host: &dyn Host) -> Result<Vec<u8>, Failure> {
    let bytes = PIECE.to_string();
    let output = host.run(ScriptId::Report, &[&bytes, UNITS, "gzip"], None).await?;
    Ok(output.success("gathering the host's own account")?.out)
}

fn pieces(bag: &mut Bag, out: &[u8]) {
    let out = archive::unzipped(out, WHOLE as u64);
    let (pieces, whole) = host::pieces(&out);
    for piece in pieces {
        let name = format!("host/{}", piece.name);
        if Path::new(&piece.name).extension().is_some_and(|ending| ending == "yaml") {
            bag.yaml(&name, &piece.bytes, piece.cut);
        } else {
            bag.text(&name, &piece.bytes, piece.cut);
        }
    }
    if !whole {
        bag.missing("host", "its account broke off: what would have followed is missing");
    }
}

fn lines(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let about = if finding.about.is_empty() { String::new() } else { format!(" ({})", finding.about) };
        let _ = writeln!(text, "{:?} {}{about}: {}", finding.verdict, finding.row.title(), finding.evidence);
        if let Some(fix) = &finding.fix {
            let _ = writeln!(text, "  fix: {}", fix.text);
        }
    }
    text
}
