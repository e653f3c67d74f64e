//! A whole object, piece by piece: where the answer breaks off, the rest is asked for, and it is the same
//! object or none.

use super::again::{ATTEMPTS, PAUSE};
use crate::plan::Failure;
use crate::ports::Objects;
use crate::ports::objects::{Answer, At, GetQuery, ObjectError, Why};
use bytes::Bytes;

/// An object that is being read.
pub struct Whole<'o> {
    objects: &'o dyn Objects,
    at: At,
    /// The `ETag` that was seen first.
    etag: Option<String>,
    body: Option<Box<dyn crate::ports::objects::Body>>,
    /// Bytes that have been given.
    had: u64,
    size: u64,
    losses: u32,
}

impl<'o> Whole<'o> {
    /// Begins to read.
    pub async fn begin(objects: &'o dyn Objects, at: &At) -> Answer<Self> {
        let query = GetQuery { at: at.clone(), range: None, if_match: None };
        let got = super::again::again(|| objects.get(&query)).await?;
        let (etag, size) = (got.info.etag, got.length);
        Ok(Self { objects, at: at.clone(), etag, body: Some(got.body), had: 0, size, losses: 0 })
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Answer<Option<Bytes>> {
        loop {
            let error = match &mut self.body {
                Some(body) => match body.next().await {
                    Ok(Some(piece)) => {
                        self.had += piece.len() as u64;
                        // Attempts count what brought nothing.
                        self.losses = 0;
                        return Ok(Some(piece));
                    }
                    Ok(None) => return Ok(None),
                    Err(error) => error,
                },
                None => match self.go_on().await {
                    Ok(()) => continue,
                    Err(error) => error,
                },
            };
            self.body = None;
            self.losses += 1;
            // Without a name for what was read there is no way to tell whether the rest belongs to it.
            if !error.may_pass() || self.losses >= ATTEMPTS || self.etag.is_none() {
                return Err(error);
            }
            tokio::time::sleep(PAUSE * 2_u32.pow(self.losses - 1)).await;
        }
    }

    async fn go_on(&mut self) -> Answer<()> {
        if self.had == self.size {
            // It broke off behind the last byte: that was all of it.
            self.body = Some(Box::new(Nothing));
            return Ok(());
        }
        let rest = Some((self.had, self.size - self.had));
        let query = GetQuery { at: self.at.clone(), range: rest, if_match: self.etag.clone() };
        let mut got = self.objects.get(&query).await.map_err(|error| match error.why {
            Why::Changed => self.changed(),
            _ => error,
        })?;
        // A service that ignores `If-Match` is found out here.
        if got.info.etag != self.etag || got.info.size != self.size {
            return Err(self.changed());
        }
        // And one that ignores ranges begins at the first byte.
        let mut skip = self.had.saturating_sub(got.first);
        let mut left = Bytes::new();
        while skip > 0 {
            let Some(mut piece) = got.body.next().await? else { return Err(self.changed()) };
            let over = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
            skip -= over as u64;
            left = piece.split_off(over);
        }
        self.body = Some(Box::new(Behind { first: Some(left).filter(|l| !l.is_empty()), rest: got.body }));
        Ok(())
    }

    fn changed(&self) -> ObjectError {
        let key = crate::base::sanitise::text(&self.at.key, 200);
        let failure = Failure::permanent(format!("{key} was written anew while it was read"));
        ObjectError { why: Why::Changed, failure: failure.help("Read it again from its begin.") }
    }
}

/// The end of a body.
struct Nothing;

#[async_trait::async_trait]
impl crate::ports::objects::Body for Nothing {
    async fn next(&mut self) -> Answer<Option<Bytes>> {
        Ok(None)
    }
}

/// A body behind a piece that was taken from it already.
struct Behind {
    first: Option<Bytes>,
    rest: Box<dyn crate::ports::objects::Body>,
}

#[async_trait::async_trait]
impl crate::ports::objects::Body for Behind {
    async fn next(&mut self) -> Answer<Option<Bytes>> {
        match self.first.take() {
            Some(piece) => Ok(Some(piece)),
            None => self.rest.next().await,
        }
    }
}
