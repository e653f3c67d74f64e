//! Bodies that come in pieces, and break off where they are told to.

use super::faults::What;
use super::{FakeS3, refuse};
use crate::ports::objects::{Answer, Body, Why};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;

pub(super) struct Pieces {
    service: Arc<FakeS3>,
    rest: Bytes,
    until: Option<What>,
    given: u64,
    call: usize,
}

#[async_trait]
impl Body for Pieces {
    async fn next(&mut self) -> Answer<Option<Bytes>> {
        self.service.tick().await;
        let limit = match self.until {
            Some(What::Torn(bytes) | What::Short(bytes) | What::Stall(bytes)) => bytes - self.given.min(bytes),
            _ => u64::MAX,
        };
        if limit == 0 {
            return match self.until {
                Some(What::Short(_)) => Ok(None),
                Some(What::Stall(_)) => std::future::pending().await,
                _ => refuse(Why::Cut),
            };
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX).min(self.service.habits.piece).min(self.rest.len());
        let piece = self.rest.split_to(most);
        self.given += piece.len() as u64;
        if let Some(call) = self.service.state().calls.get_mut(self.call) {
            call.bytes += piece.len() as u64;
        }
        Ok(Some(piece))
    }
}

impl Pieces {
    pub(super) fn new(service: Arc<FakeS3>, rest: Bytes, until: Option<What>, call: usize) -> Self {
        Self { service, rest, until, given: 0, call }
    }
}
