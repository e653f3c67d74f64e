//! A body that is sent no faster than somebody says.

use crate::ports::objects::Pacer;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

/// Waits for the right to send so many bytes. In a mutex, because bodies have to be `Sync` and futures are not; nobody
/// but the body itself ever takes it.
type Granted = Mutex<Pin<Box<dyn Future<Output = usize> + Send>>>;

/// The body.
pub(super) struct Paced<B> {
    inner: B,
    pacer: Arc<dyn Pacer>,
    /// What came from the inner one and is not sent yet.
    rest: Bytes,
    granted: Option<Granted>,
}

impl<B> Paced<B> {
    /// The same bytes as the inner one's, piece by piece.
    pub(super) fn new(inner: B, pacer: Arc<dyn Pacer>) -> Self {
        Self { inner, pacer, rest: Bytes::new(), granted: None }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Paced<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(data) => this.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                other => return Poll::Ready(other),
            }
        }
        let (pacer, most) = (&this.pacer, this.rest.len());
        let granted = this.granted.get_or_insert_with(|| {
            let pacer = Arc::clone(pacer);
            Mutex::new(Box::pin(async move { pacer.grant(most).await }))
        });
        let future = granted.get_mut().unwrap_or_else(PoisonError::into_inner);
        let many = ready!(future.as_mut().poll(context)).clamp(1, most);
        this.granted = None;
        Poll::Ready(Some(Ok(Frame::data(this.rest.split_to(many)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, Full};

    /// Grants a few bytes at a time and counts them.
    #[derive(Debug, Default)]
    struct Miser(Mutex<Vec<usize>>);

    #[async_trait::async_trait]
    impl Pacer for Miser {
        async fn grant(&self, most: usize) -> usize {
            tokio::task::yield_now().await;
            self.0.lock().expect("no test panics while it holds this").push(most);
            3
        }
    }

    #[tokio::test]
    async fn a_body_goes_in_the_pieces_that_are_granted_and_keeps_its_length() {
        let miser = Arc::new(Miser::default());
        let mut body = Paced::new(Full::new(Bytes::from_static(b"0123456789")), miser.clone());
        assert_eq!(body.size_hint().exact(), Some(10));
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            pieces.push(frame.expect("it does not fail").into_data().expect("bytes"));
            let sent: usize = pieces.iter().map(Bytes::len).sum();
            assert_eq!(body.size_hint().exact(), Some(10 - sent as u64));
        }
        assert_eq!(pieces, ["012", "345", "678", "9"]);
        assert_eq!(*miser.0.lock().expect("no test panics while it holds this"), [10, 7, 4, 1]);
        assert!(body.is_end_stream());
    }
}
