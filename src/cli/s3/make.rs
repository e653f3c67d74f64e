//! `s3 mb` and `s3 mkdir`: new buckets and new prefixes.

use super::args::{Carry, PREFIX};
use super::out::Out;
use super::way::Way as To;
use super::{Done, usage};
use crate::app::Exit;
use crate::base::sanitise::visible;
use crate::registry::change;
use crate::registry::transfer::Way;
use clap::Args;
use serde_json::json;

/// `s3 mb`.
#[derive(Debug, Args)]
pub struct Bucket {
    /// The bucket; one that is there and yours is left as it is
    #[arg(value_name = "ADDRESS", help = "s3://BUCKET or SITE:BUCKET; one that is there and yours is left as it is")]
    pub address: String,
}

/// `s3 mkdir`.
#[derive(Debug, Args)]
pub struct Prefix {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = PREFIX)]
    pub address: String,
}

/// `s3 mb`.
pub async fn bucket(way: &To<'_>, mut out: Out, args: &Bucket) -> Done {
    let address = super::in_bucket(&args.address)?;
    if !address.key.is_empty() {
        return Err(usage("a bucket has no / in its name", "`s3 mkdir` makes a prefix in a bucket."));
    }
    let of = way.transfers(&address.place, true, &Carry::default()).await?;
    change::make_bucket(&of, &Way::free(), &address.bucket).await?;
    out.row("bucket", || format!("bucket {} is there", address.bucket), || json!({"bucket": address.bucket}))?;
    out.flush()?;
    Ok(Exit::Done)
}

/// `s3 mkdir`.
pub async fn prefix(way: &To<'_>, mut out: Out, args: &Prefix) -> Done {
    let address = super::in_bucket(&args.address)?;
    if address.key.is_empty() {
        return Err(usage("no prefix is named", "Name it behind the bucket; `s3 mb` makes a bucket."));
    }
    let of = way.transfers(&address.place, true, &Carry::default()).await?;
    change::new_prefix(&of, &Way::free(), &address.bucket, &address.key).await?;
    let prefix = format!("{}/", address.key.trim_end_matches('/'));
    out.row("prefix", || format!("prefix {} is there", visible(&prefix)), || json!({"prefix": prefix}))?;
    out.flush()?;
    Ok(Exit::Done)
}
