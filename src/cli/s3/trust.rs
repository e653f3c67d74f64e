//! `s3 trust`: who is at the other end, who vouches for it, and what its clock says.

use super::super::output;
use super::args::Trust;
use super::out::Out;
use super::way::Way;
use super::{Done, address};
use crate::app::Exit;
use crate::app::browse::Vouched;
use crate::base::clock::utc_text;
use crate::plan::Failure;
use crate::ports::trust::{Certificate, Clocks, Lasts, Looked, Outcome, Refusal, Skew};
use crate::ports::world::Route;
use serde_json::json;
use std::io;
use std::time::Duration;

/// `s3 trust`.
pub async fn trust(way: &Way<'_>, mut out: Out, args: &Trust) -> Done {
    let address = address(&args.address)?;
    let (looked, vouched) = way.trust(&address.place).await?;
    let (chain, anchor) = match &looked.outcome {
        Outcome::Plain => (&[][..], None),
        Outcome::Trusted(trusted) => (trusted.chain.as_slice(), trusted.anchor.as_ref()),
        Outcome::Refused(refused) => (refused.chain.as_slice(), None),
    };
    for (at, one) in chain.iter().enumerate() {
        certificate(&mut out, if at == 0 { "service" } else { "between" }, one)?;
    }
    if let Some(one) = anchor {
        certificate(&mut out, "ca", one)?;
    }
    if let Some(clocks) = &looked.clocks {
        clock(&mut out, clocks)?;
    }
    verdict(&mut out, &looked, vouched)?;
    out.flush()?;
    match looked.outcome {
        Outcome::Plain => {
            Err(Failure::permanent(format!("{}: nobody vouches for what is spoken to without TLS", looked.url))
                .help("Name it with https:// where it has a certificate.")
                .into())
        }
        Outcome::Refused(refused) => Err(refused.failure.into()),
        Outcome::Trusted(trusted) => {
            if let Lasts::SoonExpires { days } = trusted.lasts {
                output::talk(&format!("warning: the certificate ends in {days} days: renew it before"));
            }
            Ok(if trusted.lasts.holds() { Exit::Done } else { Exit::Failed })
        }
    }
}

fn certificate(out: &mut Out, role: &'static str, one: &Certificate) -> io::Result<()> {
    let names: Vec<String> = one.names.iter().map(ToString::to_string).collect();
    let (from, until) = (utc_text(one.from_ms), utc_text(one.until_ms));
    let line = || {
        let what = match role {
            "service" => "certificate",
            "between" => "signed by",
            _ => "trusted CA",
        };
        let names = if names.is_empty() { String::new() } else { format!("\n  for         {}", names.join(", ")) };
        format!(
            "{what:13} {}{names}\n  issued by   {}\n  holds       {from} to {until}\n  key         {}\n  SHA-256     {}",
            one.subject, one.issuer, one.key, one.sha256
        )
    };
    out.row("certificate", line, || {
        json!({
            "role": role, "subject": one.subject, "issuer": one.issuer, "names": names, "from_ms": one.from_ms,
            "until_ms": one.until_ms, "sha256": one.sha256, "key": one.key, "ca": one.ca,
        })
    })
}

fn clock(out: &mut Out, clocks: &Clocks) -> io::Result<()> {
    let (ahead, skew) = (clocks.ahead_ms(), clocks.skew());
    let line = || {
        let which = if ahead < 0 { "behind" } else { "ahead of" };
        let far = format!("{:.1} s {which} this computer's", Duration::from_millis(ahead.unsigned_abs()).as_secs_f64());
        let means = match skew {
            Skew::Same => "as far as can be told from here they are the same".to_owned(),
            Skew::Slight => format!("{far}: times of changes look off by so much"),
            Skew::Large => format!(
                "{far}: URLs that are shared end so much {} than they say; from 15 min on nothing that is signed is taken",
                if ahead < 0 { "later" } else { "earlier" }
            ),
            Skew::Refused => format!("{far}: the service refuses what is signed here (RequestTimeTooSkewed)"),
        };
        format!(
            "clocks        {means}\n  service     {}\n  here        {}",
            utc_text(clocks.theirs_ms),
            utc_text(clocks.ours_ms)
        )
    };
    let name = match skew {
        Skew::Same => "same",
        Skew::Slight => "slight",
        Skew::Large => "large",
        Skew::Refused => "refused",
    };
    out.row("clocks", line, || {
        json!({
            "service_ms": clocks.theirs_ms, "here_ms": clocks.ours_ms, "ahead_ms": ahead, "margin_ms": clocks.margin_ms,
            "skew": name,
        })
    })
}

fn verdict(out: &mut Out, looked: &Looked, vouched: Vouched) -> io::Result<()> {
    let way = match looked.way {
        Route::Direct => "direct",
        Route::Tunnel => "tunnel",
    };
    let by = match vouched {
        Vouched::Site => "site",
        Vouched::File => "file",
        Vouched::System => "computer",
        Vouched::Nobody => "nobody",
    };
    let (why, lasts) = match &looked.outcome {
        Outcome::Plain => (Some("no-tls"), None),
        Outcome::Trusted(trusted) => (None, Some(trusted.lasts)),
        Outcome::Refused(refused) => (Some(reason(&refused.why)), None),
    };
    let line = || {
        let reached = match looked.way {
            Route::Direct => "directly",
            Route::Tunnel => "through the connection to the host",
        };
        match &looked.outcome {
            Outcome::Plain => format!("{} is reached {reached}, without TLS", looked.url),
            Outcome::Refused(_) => format!("{} is reached {reached}, and its certificate is refused", looked.url),
            Outcome::Trusted(trusted) => format!(
                "{} is reached {reached} by {} ({})\n{} vouches for it, for {} days",
                looked.url,
                trusted.version,
                trusted.cipher,
                match vouched {
                    Vouched::Site => "the site's own CA",
                    Vouched::File => "the CA of the named file",
                    Vouched::System => "a CA that this computer trusts",
                    Vouched::Nobody => "nobody",
                },
                days(trusted.lasts).1
            ),
        }
    };
    let session = match &looked.outcome {
        Outcome::Trusted(trusted) => Some(trusted),
        _ => None,
    };
    out.row("trust", line, || {
        json!({
            "url": looked.url, "way": way, "verified": why.is_none(), "by": by, "why": why,
            "version": session.map(|s| &s.version), "cipher": session.map(|s| &s.cipher),
            "named": session.and_then(|s| s.named.as_ref()).map(ToString::to_string),
            "lasts": lasts.map(|lasts| days(lasts).0), "days": lasts.map(|lasts| days(lasts).1),
        })
    })
}

fn reason(why: &Refusal) -> &'static str {
    match why {
        Refusal::Expired { .. } => "expired",
        Refusal::NotYet { .. } => "not-yet",
        Refusal::OtherCa { .. } => "other-ca",
        Refusal::OtherName { .. } => "other-name",
        Refusal::Other => "other",
    }
}

fn days(lasts: Lasts) -> (&'static str, u64) {
    match lasts {
        Lasts::Fine { days } => ("fine", days),
        Lasts::SoonExpires { days } => ("soon-expires", days),
        Lasts::Expired { days } => ("expired", days),
        Lasts::NotYet { days } => ("not-yet", days),
    }
}
