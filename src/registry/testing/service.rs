//! The calls.

use super::body::Pieces;
use super::faults::{Op, What};
use super::store::{Habits, Kept, KeptPart, Open, checked};
use super::{Call, FakeS3, error, refuse};
use crate::base::Secret;
use crate::ports::Objects;
use crate::ports::object_store::Versioning;
use crate::ports::objects::{
    Answer, At, BucketRow, Checksums, Deleted, GetQuery, Got, ListPage, ListQuery, Marker, Notes, ObjectInfo,
    ObjectRow, OnlyIf, Pacer, Part, PartPage, Share, Sum, SumKind, Upload, UploadPage, UploadRow, VersionPage,
    VersionRow, Why, Written,
};
use crate::registry::transfer::sums::{self, Crc, Digest};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// A handle that bodies can outlive.
#[derive(Clone)]
pub struct Handle(pub Arc<FakeS3>);

impl Handle {
    fn habits(&self) -> Habits {
        self.0.habits
    }

    /// Notes a call and lets its trouble strike. Gives what happens after it was carried out.
    async fn enter(&self, op: Op, key: &str, place: u64, bytes: u64) -> Answer<(Option<What>, usize)> {
        self.0.tick().await;
        let mut state = self.0.state();
        state.calls.push(Call { op, key: key.to_owned(), place, bytes });
        let call = state.calls.len() - 1;
        let harmed = state.harmed();
        match state.struck(op).or(harmed) {
            Some(What::Refuse(why)) => Err(error(why)),
            what => Ok((what, call)),
        }
    }

    async fn leave<T>(&self, what: Option<What>, answer: Answer<T>) -> Answer<T> {
        self.0.tick().await;
        if what == Some(What::CutAfter) { refuse(Why::Cut) } else { answer }
    }
}

fn found<'a>(state: &'a super::State, at: &At) -> Answer<&'a Kept> {
    state.find(&at.key, at.version.as_deref()).ok_or_else(|| error(Why::Missing))
}

fn noted(notes: &Notes) -> ObjectInfo {
    let Notes { content_type, headers, metadata } = notes.clone();
    ObjectInfo { content_type, headers, metadata, ..ObjectInfo::default() }
}

#[async_trait]
impl Objects for Handle {
    fn paced(&self, pacer: Arc<dyn Pacer>) -> Arc<dyn Objects> {
        *self.0.pacer.lock().unwrap_or_else(PoisonError::into_inner) = Some(pacer);
        Arc::new(Self(self.0.clone()))
    }

    async fn buckets(&self) -> Answer<Vec<BucketRow>> {
        Ok(vec![BucketRow { name: "b".into(), made: None }])
    }

    async fn bucket(&self, bucket: &str) -> Answer<()> {
        if bucket == "b" { Ok(()) } else { refuse(Why::Missing) }
    }

    async fn make_bucket(&self, _: &str) -> Answer<()> {
        Ok(())
    }

    async fn keeps_versions(&self, _: &str) -> Answer<Versioning> {
        Ok(if self.0.state().versions { Versioning::On } else { Versioning::Off })
    }

    async fn list(&self, query: &ListQuery) -> Answer<ListPage> {
        self.enter(Op::List, &query.prefix, 0, 0).await?;
        let state = self.0.state();
        let behind = query.token.as_ref().or(query.start_after.as_ref());
        let most = query.max.map_or(self.habits().page, usize::from);
        let mut rows: Vec<ObjectRow> = state
            .objects
            .keys()
            .filter(|key| key.starts_with(&query.prefix) && behind.is_none_or(|behind| *key > behind))
            .filter_map(|key| {
                let info = &state.current(key)?.info;
                Some(ObjectRow { key: key.clone(), size: info.size, modified: info.modified, etag: info.etag.clone() })
            })
            .take(most + 1)
            .collect();
        let truncated = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| truncated).map(|row| row.key.clone());
        Ok(ListPage { objects: rows, prefixes: Vec::new(), truncated, next })
    }

    async fn list_versions(&self, query: &ListQuery, from: Option<&Marker>) -> Answer<VersionPage> {
        self.enter(Op::Versions, &query.prefix, 0, 0).await?;
        let state = self.0.state();
        let mut rows = Vec::new();
        for (key, all) in state.objects.iter().filter(|(key, _)| key.starts_with(&query.prefix)) {
            for (n, kept) in all.iter().rev().enumerate() {
                rows.push(VersionRow {
                    key: key.clone(),
                    version: kept.info.version.clone().unwrap_or_else(|| "null".into()),
                    latest: n == 0,
                    marker: kept.marker,
                    size: kept.info.size,
                    modified: kept.info.modified,
                    etag: kept.info.etag.clone(),
                });
            }
        }
        let skip = from.map_or(0, |from| {
            rows.iter()
                .position(|r| r.key == from.key && Some(&r.version) == from.id.as_ref())
                .map_or(rows.len(), |n| n + 1)
        });
        let mut rows: Vec<_> = rows.into_iter().skip(skip).take(self.habits().page + 1).collect();
        let truncated = rows.len() > self.habits().page;
        rows.truncate(self.habits().page);
        let last = rows.last().filter(|_| truncated);
        let next = last.map(|row| Marker { key: row.key.clone(), id: Some(row.version.clone()) });
        Ok(VersionPage { rows, prefixes: Vec::new(), truncated, next })
    }

    async fn list_uploads(&self, _: &str, prefix: &str, _: Option<&Marker>) -> Answer<UploadPage> {
        self.enter(Op::Uploads, prefix, 0, 0).await?;
        let state = self.0.state();
        let open = state.uploads.iter().filter(|(_, upload)| upload.key.starts_with(prefix));
        let rows = open.map(|(id, upload)| UploadRow { key: upload.key.clone(), id: id.clone(), begun: Some(0) });
        Ok(UploadPage { rows: rows.collect(), truncated: false, next: None })
    }

    async fn head(&self, at: &At) -> Answer<ObjectInfo> {
        let (what, _) = self.enter(Op::Head, &at.key, 0, 0).await?;
        let answer = found(&self.0.state(), at).map(|kept| kept.info.clone());
        self.leave(what, answer).await
    }

    async fn get(&self, query: &GetQuery) -> Answer<Got> {
        let place = query.range.map_or(0, |(first, _)| first);
        let (until, call) = self.enter(Op::Get, &query.at.key, place, 0).await?;
        let state = self.0.state();
        let kept = found(&state, &query.at)?;
        if self.habits().if_match && query.if_match.is_some() && query.if_match != kept.info.etag {
            return refuse(Why::Changed);
        }
        let (first, rest) = match query.range.filter(|_| self.habits().ranges) {
            None => (0, kept.bytes.clone()),
            Some((first, _)) if first >= kept.info.size => return refuse(Why::BadRange),
            Some((first, length)) => {
                let end = first.saturating_add(length).min(kept.info.size);
                (first, kept.bytes.slice(usize::try_from(first).unwrap_or(0)..usize::try_from(end).unwrap_or(0)))
            }
        };
        let info = kept.info.clone();
        drop(state);
        let length = rest.len() as u64;
        let body = Pieces::new(self.0.clone(), rest, until, call);
        Ok(Got { info, first, length, body: Box::new(body) })
    }

    async fn put(&self, at: &At, body: Bytes, notes: &Notes, sum: Option<Sum>, only: &OnlyIf) -> Answer<Written> {
        let (what, _) = self.enter(Op::Put, &at.key, 0, body.len() as u64).await?;
        self.0.receive(body.len()).await;
        let answer = {
            let mut state = self.0.state();
            let checksums = checked(&body, sum.as_ref(), self.habits())?;
            state.allowed(&at.key, only, self.habits())?;
            let etag = self.habits().etags.then(|| sums::hex(&sums::digest(Digest::Md5, &body)));
            Ok(state.keep(&at.key, body, ObjectInfo { etag, checksums, ..noted(notes) }))
        };
        self.leave(what, answer).await
    }

    async fn begin_upload(&self, at: &At, notes: &Notes, sum: Option<SumKind>) -> Answer<Upload> {
        let (what, _) = self.enter(Op::Begin, &at.key, 0, 0).await?;
        if (sum == Some(SumKind::Crc64Nvme) && !self.habits().crc64) || (sum.is_some() && !self.habits().sums) {
            return refuse(Why::Unsupported);
        }
        let id = {
            let mut state = self.0.state();
            let id = state.id('u');
            let open =
                Open { key: at.key.clone(), notes: notes.clone(), sum, parts: std::collections::BTreeMap::new() };
            state.uploads.insert(id.clone(), open);
            id
        };
        self.leave(what, Ok(Upload { bucket: at.bucket.clone(), key: at.key.clone(), id })).await
    }

    async fn send_part(&self, upload: &Upload, number: u16, body: Bytes, sum: Option<Sum>) -> Answer<Part> {
        let (what, _) = self.enter(Op::Part, &upload.key, u64::from(number), body.len() as u64).await?;
        self.0.receive(body.len()).await;
        self.0.tick().await;
        let answer = {
            let mut state = self.0.state();
            let checksums = checked(&body, sum.as_ref(), self.habits())?;
            if number == 0 || number > self.habits().parts {
                return refuse(Why::Refused);
            }
            let open = state.uploads.get_mut(&upload.id).ok_or_else(|| error(Why::Missing))?;
            let etag = sums::hex(&sums::digest(Digest::Md5, &body));
            let part = Part { number, size: body.len() as u64, etag, checksums };
            open.parts.insert(number, KeptPart { bytes: body, part: part.clone() });
            Ok(part)
        };
        self.leave(what, answer).await
    }

    async fn copy_part(
        &self,
        upload: &Upload,
        number: u16,
        from: &At,
        range: (u64, u64),
        if_match: Option<&str>,
    ) -> Answer<Part> {
        let (what, _) = self.enter(Op::CopyPart, &upload.key, u64::from(number), 0).await?;
        let answer = {
            let mut state = self.0.state();
            let kept = found(&state, from)?;
            if if_match.is_some() && if_match != kept.info.etag.as_deref() {
                return refuse(Why::Changed);
            }
            let (first, end) = (usize::try_from(range.0).unwrap_or(0), usize::try_from(range.0 + range.1).unwrap_or(0));
            let body = kept.bytes.slice(first..end);
            let open = state.uploads.get_mut(&upload.id).ok_or_else(|| error(Why::Missing))?;
            let checksums = match open.sum {
                Some(SumKind::Crc64Nvme) => {
                    Checksums { crc64nvme: Some(Crc::Crc64Nvme.text(Crc::Crc64Nvme.of(&body))), ..Checksums::default() }
                }
                _ => Checksums::default(),
            };
            let etag = sums::hex(&sums::digest(Digest::Md5, &body));
            let part = Part { number, size: body.len() as u64, etag, checksums };
            open.parts.insert(number, KeptPart { bytes: body, part: part.clone() });
            Ok(part)
        };
        self.leave(what, answer).await
    }

    async fn parts(&self, upload: &Upload, behind: Option<u16>) -> Answer<PartPage> {
        let (what, _) = self.enter(Op::Parts, &upload.key, 0, 0).await?;
        let answer = {
            let state = self.0.state();
            let open = state.uploads.get(&upload.id).ok_or_else(|| error(Why::Missing))?;
            let mut parts: Vec<_> =
                open.parts.range(behind.map_or(0, |n| n + 1)..).map(|(_, kept)| kept.part.clone()).collect();
            let next = (parts.len() > self.habits().page).then(|| parts[self.habits().page - 1].number);
            parts.truncate(self.habits().page);
            Ok(PartPage { parts, next })
        };
        self.leave(what, answer).await
    }

    async fn complete(&self, upload: &Upload, parts: &[Part], sum: Option<Sum>, only: &OnlyIf) -> Answer<Written> {
        let (what, _) = self.enter(Op::Complete, &upload.key, 0, 0).await?;
        let answer = {
            let mut state = self.0.state();
            state.allowed(&upload.key, only, self.habits())?;
            let open = state.uploads.get(&upload.id).ok_or_else(|| error(Why::Missing))?.clone();
            let (mut bytes, mut md5s) = (Vec::new(), Vec::new());
            for (n, part) in parts.iter().enumerate() {
                let kept = open.parts.get(&part.number).filter(|kept| kept.part.etag == part.etag);
                let kept = kept.ok_or_else(|| error(Why::Refused))?;
                if n + 1 < parts.len() && (kept.bytes.len() as u64) < self.habits().part_at_least {
                    return refuse(Why::Refused);
                }
                bytes.extend_from_slice(&kept.bytes);
                md5s.push(sums::digest(Digest::Md5, &kept.bytes));
            }
            let mut checksums = checked(&bytes, sum.as_ref(), self.habits())?;
            if open.sum == Some(SumKind::Crc64Nvme) {
                checksums.crc64nvme = Some(Crc::Crc64Nvme.text(Crc::Crc64Nvme.of(&bytes)));
            }
            let etag = format!("{}-{}", sums::hex(&sums::digest_of_digests(Digest::Md5, &md5s)), md5s.len());
            state.uploads.remove(&upload.id);
            let info = ObjectInfo { etag: Some(etag), checksums, ..noted(&open.notes) };
            Ok(state.keep(&upload.key, bytes.into(), info))
        };
        self.leave(what, answer).await
    }

    async fn abort(&self, upload: &Upload) -> Answer<()> {
        let (what, _) = self.enter(Op::Abort, &upload.key, 0, 0).await?;
        self.0.state().uploads.remove(&upload.id);
        self.leave(what, Ok(())).await
    }

    async fn copy(
        &self,
        from: &At,
        to: &At,
        if_match: Option<&str>,
        notes: Option<&Notes>,
        only: &OnlyIf,
    ) -> Answer<Written> {
        let (what, _) = self.enter(Op::Copy, &to.key, 0, 0).await?;
        let answer = {
            let mut state = self.0.state();
            let kept = found(&state, from)?.clone();
            if if_match.is_some() && if_match != kept.info.etag.as_deref() {
                return refuse(Why::Changed);
            }
            if kept.info.size > self.habits().copy {
                return refuse(Why::Refused);
            }
            if self.habits().if_copied {
                state.allowed(&to.key, only, self.habits())?;
            }
            // A copy is in one piece, whatever its source was.
            let etag = Some(sums::hex(&sums::digest(Digest::Md5, &kept.bytes)));
            let mut info = ObjectInfo { etag, ..kept.info };
            if let Some(notes) = notes {
                info = ObjectInfo { etag: info.etag, checksums: info.checksums, ..noted(notes) };
            }
            Ok(state.keep(&to.key, kept.bytes, info))
        };
        self.leave(what, answer).await
    }

    async fn delete(&self, at: &At) -> Answer<Option<String>> {
        let (what, _) = self.enter(Op::Delete, &at.key, 0, 0).await?;
        let marker = self.0.remove(&at.key, at.version.as_deref());
        self.leave(what, Ok(marker)).await
    }

    async fn delete_many(&self, _: &str, of: &[(String, Option<String>)]) -> Answer<Vec<Deleted>> {
        let (what, _) = self.enter(Op::DeleteMany, "", of.len() as u64, 0).await?;
        let rows = of.iter().map(|(key, version)| {
            let error = match self.0.state().struck(Op::Delete) {
                Some(What::Refuse(why)) => Some(error(why)),
                _ => None,
            };
            let marker = if error.is_none() { self.0.remove(key, version.as_deref()) } else { None };
            Deleted { key: key.clone(), version: version.clone(), marker, error }
        });
        let rows = rows.collect();
        self.leave(what, Ok(rows)).await
    }

    async fn tags(&self, at: &At) -> Answer<Vec<(String, String)>> {
        let (what, _) = self.enter(Op::Tags, &at.key, 0, 0).await?;
        let answer = found(&self.0.state(), at).map(|kept| kept.tags.clone());
        self.leave(what, answer).await
    }

    async fn set_tags(&self, at: &At, tags: &[(String, String)]) -> Answer<()> {
        let (what, _) = self.enter(Op::Tags, &at.key, 0, 0).await?;
        let answer = {
            let mut state = self.0.state();
            let kept = state.find_mut(&at.key, at.version.as_deref()).ok_or_else(|| error(Why::Missing))?;
            kept.tags = tags.to_vec();
            Ok(())
        };
        self.leave(what, answer).await
    }

    async fn share(&self, at: &At, _: Share, _: Duration) -> Answer<Secret<String>> {
        Ok(Secret::new(format!("https://service/{}", at.key)))
    }
}

impl FakeS3 {
    /// Removes a version, or the object: with a marker where versions are kept.
    fn remove(&self, key: &str, version: Option<&str>) -> Option<String> {
        let mut state = self.state();
        let marker = state.remove(key, version);
        state.remember();
        marker
    }
}

impl super::State {
    fn remove(&mut self, key: &str, version: Option<&str>) -> Option<String> {
        if self.versions && version.is_none() {
            let id = self.id('v');
            let info = ObjectInfo { version: Some(id.clone()), ..ObjectInfo::default() };
            let marker = Kept { bytes: Bytes::new(), info, marker: true, tags: Vec::new() };
            self.objects.entry(key.to_owned()).or_default().push(marker);
            return Some(id);
        }
        if let Some(all) = self.objects.get_mut(key) {
            all.retain(|kept| version.is_some() && kept.info.version.as_deref() != version);
            if all.is_empty() {
                self.objects.remove(key);
            }
        }
        None
    }
}
