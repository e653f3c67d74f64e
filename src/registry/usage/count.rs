//! Counting over a service.

use super::Usage;
use crate::ports::Objects;
use crate::ports::objects::{Answer, ListQuery, Upload, UploadRow, Why};
use crate::registry::again::again;
use crate::registry::listing::{Doubt, Pager, Step};
use crate::registry::paged;
use futures_util::StreamExt as _;

/// How many uploads are asked for their parts at once.
const AT_ONCE: usize = 8;

/// Counts everything under the prefix of `usage` and lets `told` see it after each page. Dropping it gives
/// up.
///
/// Where versions or uploads cannot be listed, because the service does not know them or the key may not,
/// what can be listed is counted and the reason is in `usage`.
pub async fn count(objects: &dyn Objects, bucket: &str, usage: &mut Usage, mut told: impl FnMut(&Usage)) -> Answer<()> {
    let prefix = usage.prefix().to_owned();
    let counted = paged::versions(objects, bucket, &prefix, |rows| {
        for row in &rows {
            usage.version(row);
        }
        told(usage);
    })
    .await;
    match counted {
        Ok(doubts) => add(usage, &doubts),
        // Before the first page came, so that nothing is counted twice.
        Err(error) if lacks(error.why) && *usage.total() == super::Sum::default() => {
            usage.without_versions = Some(error);
            current(objects, bucket, &prefix, usage, &mut told).await?;
        }
        Err(error) => return Err(error),
    }
    let mut found = Vec::new();
    match paged::uploads(objects, bucket, &prefix, |rows| found.extend(rows)).await {
        Ok(doubts) => {
            add(usage, &doubts);
            parts(objects, bucket, found, usage, &mut told).await?;
        }
        Err(error) if lacks(error.why) => usage.without_uploads = Some(error),
        Err(error) => return Err(error),
    }
    usage.complete = true;
    told(usage);
    Ok(())
}

/// Whether a refusal says that this cannot be asked at all.
fn lacks(why: Why) -> bool {
    matches!(why, Why::Denied | Why::Unsupported | Why::Refused)
}

fn add(usage: &mut Usage, doubts: &[Doubt]) {
    for doubt in doubts {
        if !usage.doubts.contains(doubt) {
            usage.doubts.push(*doubt);
        }
    }
}

/// Current objects alone.
async fn current(
    objects: &dyn Objects,
    bucket: &str,
    prefix: &str,
    usage: &mut Usage,
    told: &mut impl FnMut(&Usage),
) -> Answer<()> {
    let query = ListQuery { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..ListQuery::default() };
    let mut pager = Pager::new(query);
    while let Step::Ask(query) = pager.next().clone() {
        let page = again(|| objects.list(&query)).await?;
        let batch = pager.absorb(&page);
        for row in batch.rows.iter() {
            usage.object(&crate::ports::objects::ObjectRow {
                key: format!("{prefix}{}", row.name),
                size: row.size,
                modified: row.modified,
                etag: None,
            });
        }
        add(usage, &batch.doubts);
        told(usage);
    }
    Ok(())
}

/// The parts of uploads. One that is finished or thrown away meanwhile holds nothing.
async fn parts(
    objects: &dyn Objects,
    bucket: &str,
    uploads: Vec<UploadRow>,
    usage: &mut Usage,
    told: &mut impl FnMut(&Usage),
) -> Answer<()> {
    let asked = uploads.into_iter().map(|row| async move {
        let upload = Upload { bucket: bucket.to_owned(), key: row.key, id: row.id };
        let bytes = bytes_of(objects, &upload).await;
        (upload.key, bytes)
    });
    let mut asked = futures_util::stream::iter(asked).buffer_unordered(AT_ONCE);
    while let Some((key, bytes)) = asked.next().await {
        match bytes {
            Ok(bytes) => usage.upload(&key, bytes),
            Err(error) if error.why == Why::Missing => {}
            Err(error) if lacks(error.why) => {
                usage.upload(&key, 0);
                usage.without_uploads = Some(error);
            }
            Err(error) => return Err(error),
        }
        told(usage);
    }
    Ok(())
}

async fn bytes_of(objects: &dyn Objects, upload: &Upload) -> Answer<u64> {
    let (mut bytes, mut behind) = (0_u64, None);
    loop {
        let page = again(|| objects.parts(upload, behind)).await?;
        bytes = page.parts.iter().fold(bytes, |sum, part| sum.saturating_add(part.size));
        // The port gives a number only where it grows, so that this ends.
        behind = match page.next {
            Some(next) => Some(next),
            None => return Ok(bytes),
        };
    }
}
