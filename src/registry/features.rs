//! What a service can do, found out by requests that change nothing, so that what it lacks can be shown as
//! such, with the reason, before somebody tries it.

use crate::ports::Objects;
use crate::ports::object_store::Versioning;
use crate::ports::objects::{Answer, At, Checksums, GetQuery, ListQuery, ObjectError, Upload, Why};
use futures_util::join;

/// A thing that not every service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Old versions and delete markers.
    Versions,
    /// Lists of incomplete uploads.
    Uploads,
    /// Lists of an upload's parts, which a resumed upload needs.
    Parts,
    /// Tags of objects.
    Tags,
    /// `If-Match` on reads, which a resumed download relies on.
    IfMatch,
    /// Checksums that are kept with objects.
    Checksums,
}

impl Feature {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Versions, Self::Uploads, Self::Parts, Self::Tags, Self::IfMatch, Self::Checksums];
}

/// Whether a service has a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Has {
    /// It has.
    Yes,
    /// It has not; what it answered.
    No(Lack),
    /// It could not be found out without changing something, or the bucket has no object to try it on.
    Unknown,
}

/// How a feature is lacking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The service refuses the request.
    Refused(ObjectError),
    /// It takes the request and does not do it.
    Ignored,
    /// Nothing of it is there: a bucket without versions, an object without checksums.
    Off,
}

/// What a service can do with a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    found: Vec<(Feature, Has)>,
}

impl Features {
    /// These.
    #[cfg(test)]
    pub(crate) fn of_test(found: Vec<(Feature, Has)>) -> Self {
        Self { found }
    }

    /// Whether it has a feature.
    pub fn has(&self, feature: Feature) -> &Has {
        self.found.iter().find(|(f, _)| *f == feature).map_or(&Has::Unknown, |(_, has)| has)
    }

    /// Why a feature should not be offered.
    pub fn lack(&self, feature: Feature) -> Option<&Lack> {
        match self.has(feature) {
            Has::No(lack) => Some(lack),
            Has::Yes | Has::Unknown => None,
        }
    }
}

/// What is asked of an `ETag` that no object has.
const NO_ETAG: &str = "00000000000000000000000000000000-0";
/// An upload that no service has.
const NO_UPLOAD: &str = "modelquay-looks-whether-parts-are-listed";

/// Finds out what a service can do: at most seven requests, six of them at once. An error says that the
/// bucket itself cannot be read.
pub async fn features(objects: &dyn Objects, bucket: &str) -> Answer<Features> {
    let one = ListQuery { bucket: bucket.to_owned(), max: Some(20), ..ListQuery::default() };
    let page = objects.list(&one).await?;
    // The smallest object that has any bytes: a look at it costs the least where a range is ignored.
    let object = page.objects.iter().filter(|o| o.size > 0).min_by_key(|o| o.size).map(|o| At::new(bucket, &o.key));
    let object = object.as_ref();
    let (versions, uploads, parts, tags, if_match, checksums) = join!(
        async { versions(objects.keeps_versions(bucket).await) },
        async { has(objects.list_uploads(bucket, "", None).await) },
        async { parts(objects, bucket).await },
        async {
            match object {
                Some(at) => has(objects.tags(at).await),
                None => Has::Unknown,
            }
        },
        async {
            match object {
                Some(at) => if_match(objects, at).await,
                None => Has::Unknown,
            }
        },
        async {
            match object {
                Some(at) => checksums(objects.head(at).await),
                None => Has::Unknown,
            }
        },
    );
    Ok(Features {
        found: vec![
            (Feature::Versions, versions),
            (Feature::Uploads, uploads),
            (Feature::Parts, parts),
            (Feature::Tags, tags),
            (Feature::IfMatch, if_match),
            (Feature::Checksums, checksums),
        ],
    })
}

/// What a refusal says about a feature: that a key may not look says nothing about the service, but the
/// reason is worth being shown all the same.
fn refused(error: ObjectError) -> Has {
    match error.why {
        Why::Unsupported | Why::Denied | Why::Refused => Has::No(Lack::Refused(error)),
        _ => Has::Unknown,
    }
}

fn has<T>(answer: Answer<T>) -> Has {
    answer.map_or_else(refused, |_| Has::Yes)
}

fn versions(answer: Answer<Versioning>) -> Has {
    match answer {
        Ok(Versioning::On | Versioning::Suspended) => Has::Yes,
        Ok(Versioning::Off) => Has::No(Lack::Off),
        Err(error) => refused(error),
    }
}

/// The parts of an upload that is not there: a service that lists parts says that it is missing.
async fn parts(objects: &dyn Objects, bucket: &str) -> Has {
    let upload = Upload { bucket: bucket.to_owned(), key: "modelquay".to_owned(), id: NO_UPLOAD.to_owned() };
    match objects.parts(&upload, None).await {
        Ok(_) => Has::Yes,
        Err(error) => match error.why {
            Why::Missing => Has::Yes,
            Why::Unsupported => Has::No(Lack::Refused(error)),
            _ => Has::Unknown,
        },
    }
}

/// The first byte of an object, if it is another one than it is.
async fn if_match(objects: &dyn Objects, at: &At) -> Has {
    let query = GetQuery { at: at.clone(), range: Some((0, 1)), if_match: Some(NO_ETAG.to_owned()) };
    match objects.get(&query).await {
        Ok(_) => Has::No(Lack::Ignored),
        Err(error) if error.why == Why::Changed => Has::Yes,
        Err(error) => refused(error),
    }
}

fn checksums(answer: Answer<crate::ports::objects::ObjectInfo>) -> Has {
    match answer {
        // Objects that were written without one say nothing about those that will be.
        Ok(info) if info.checksums == Checksums::default() => Has::Unknown,
        Ok(_) => Has::Yes,
        Err(error) => refused(error),
    }
}
