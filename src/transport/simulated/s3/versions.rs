//! Objects and their versions: what a write, a look and a deletion do in each state of versioning.

use super::store::{About, Keeps, State, Version};
use bytes::Bytes;
use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3Result, s3_error};

/// What a client asks to hold before its request is served.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// The object must have this tag.
    pub if_match: Option<ETagCondition>,
    /// The object must not have this tag; `*` for: must not exist.
    pub if_none_match: Option<ETagCondition>,
}

/// An object about to be written.
pub struct NewObject {
    /// The content.
    pub data: Bytes,
    /// The tag made from it.
    pub etag: String,
    /// What the client says about it.
    pub about: About,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// What a deletion came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The version that was removed or the marker that was made.
    pub version: Option<String>,
    /// Whether that version is a marker.
    pub marker: bool,
}

fn holds(condition: &ETagCondition, etag: Option<&str>) -> bool {
    match (condition, etag) {
        (_, None) => false,
        (ETagCondition::Any, Some(_)) => true,
        (ETagCondition::ETag(wanted), Some(etag)) => wanted.value() == etag,
    }
}

fn unmet() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

impl Conditions {
    /// Whether a write may go on over what is there.
    pub fn for_write(&self, now: Option<&Version>) -> S3Result<()> {
        let etag = now.map(|v| v.etag.as_str());
        match (&self.if_match, &self.if_none_match) {
            (Some(_), _) if etag.is_none() => Err(s3_error!(NoSuchKey, "The specified key does not exist.")),
            (Some(wanted), _) if !holds(wanted, etag) => Err(unmet()),
            (_, Some(refused)) if holds(refused, etag) => Err(unmet()),
            _ => Ok(()),
        }
    }

    /// Whether a read may go on.
    pub fn for_read(&self, version: &Version) -> S3Result<()> {
        let etag = Some(version.etag.as_str());
        if self.if_match.as_ref().is_some_and(|wanted| !holds(wanted, etag)) {
            return Err(unmet());
        }
        if self.if_none_match.as_ref().is_some_and(|refused| holds(refused, etag)) {
            return Err(s3_error!(NotModified));
        }
        Ok(())
    }
}

impl State {
    /// Writes an object. Gives its version where the bucket keeps versions.
    pub fn put(
        &mut self,
        bucket: &str,
        key: &str,
        new: NewObject,
        conditions: &Conditions,
        now_ms: u64,
    ) -> S3Result<(Option<String>, ETag)> {
        self.admit(bucket, new.data.len() as u64, now_ms)?;
        if !self.heeds_no_conditions {
            conditions.for_write(self.current(bucket, key)?)?;
        }
        let id = self.id_for(bucket)?;
        let etag = ETag::Strong(new.etag.clone());
        let named = (id != "null").then(|| id.clone());
        let version = Version {
            id,
            marker: false,
            made_ms: now_ms,
            data: new.data,
            etag: new.etag,
            about: new.about,
            tags: new.tags,
        };
        self.push(bucket, key, version)?;
        Ok((named, etag))
    }

    /// The current version, where there is one and it is no marker.
    pub fn current(&mut self, bucket: &str, key: &str) -> S3Result<Option<&Version>> {
        let versions = self.bucket(bucket)?.objects.get(key);
        Ok(versions.and_then(|v| v.last()).filter(|v| !v.marker))
    }

    /// One version, or the current one.
    pub fn look(&mut self, bucket: &str, key: &str, version: Option<&str>) -> S3Result<&mut Version> {
        let absent = || s3_error!(NoSuchKey, "The specified key does not exist.");
        let versions = self.bucket(bucket)?.objects.get_mut(key);
        match version {
            None => versions.and_then(|v| v.last_mut()).filter(|v| !v.marker).ok_or_else(absent),
            Some(id) => {
                let found = versions
                    .and_then(|v| v.iter_mut().find(|v| v.id == id))
                    .ok_or_else(|| s3_error!(NoSuchVersion, "The specified version does not exist"))?;
                if found.marker {
                    return Err(s3_error!(
                        MethodNotAllowed,
                        "The specified method is not allowed against this resource."
                    ));
                }
                Ok(found)
            }
        }
    }

    /// Deletes an object or one version of it. That it is not there is success, as S3 has it.
    pub fn delete(&mut self, bucket: &str, key: &str, version: Option<&str>, now_ms: u64) -> S3Result<Deleted> {
        let keeps = self.bucket(bucket)?.keeps;
        if let Some(id) = version {
            return self.remove_version(bucket, key, id);
        }
        if keeps == Keeps::Off {
            self.remove_version(bucket, key, "null")?;
            return Ok(Deleted::default());
        }
        let id = self.id_for(bucket)?;
        let marker = Version {
            id: id.clone(),
            marker: true,
            made_ms: now_ms,
            data: Bytes::new(),
            etag: String::new(),
            about: About::default(),
            tags: Vec::new(),
        };
        self.push(bucket, key, marker)?;
        Ok(Deleted { version: Some(id), marker: true })
    }

    fn remove_version(&mut self, bucket: &str, key: &str, id: &str) -> S3Result<Deleted> {
        let objects = &mut self.bucket(bucket)?.objects;
        let mut gone = None;
        if let Some(versions) = objects.get_mut(key) {
            gone = versions.iter().position(|v| v.id == id).map(|at| versions.remove(at));
            if versions.is_empty() {
                objects.remove(key);
            }
        }
        let marker = gone.as_ref().is_some_and(|v| v.marker);
        self.used = self.used.saturating_sub(gone.map_or(0, |v| v.data.len() as u64));
        Ok(Deleted { version: Some(id.to_owned()), marker })
    }

    fn id_for(&mut self, bucket: &str) -> S3Result<String> {
        Ok(match self.bucket(bucket)?.keeps {
            Keeps::On => self.new_id(),
            Keeps::Off | Keeps::Suspended => "null".to_owned(),
        })
    }

    /// Makes a version the newest one; a `null` version takes the place of the one before it.
    fn push(&mut self, bucket: &str, key: &str, version: Version) -> S3Result<()> {
        self.used = self.used.saturating_add(version.data.len() as u64);
        let versions = self.bucket(bucket)?.objects.entry(key.to_owned()).or_default();
        let old = (version.id == "null").then(|| versions.iter().position(|v| v.id == "null")).flatten();
        let freed = old.map_or(0, |at| versions.remove(at).data.len() as u64);
        versions.push(version);
        self.used = self.used.saturating_sub(freed);
        Ok(())
    }
}
