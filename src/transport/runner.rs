//! Our end of a runner: requests go in, replies come out, in order.

use super::frames::{Broken, Reply, Request, read_reply};
use crate::plan::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};
use zeroize::Zeroizing;

/// How many requests may wait for their turn. The callers are steps, of which few run at once; one
/// that finds the queue full waits, and its waiting counts into no deadline.
const QUEUE: usize = 16;

/// Counts requests that were answered by a host: what a slow link makes us pay for.
#[derive(Clone, Debug, Default)]
pub struct RoundTrips(Arc<AtomicU64>);

impl RoundTrips {
    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Job {
    id: u64,
    frame: Zeroizing<Vec<u8>>,
    limit: Duration,
    counted: bool,
    reply: oneshot::Sender<Result<Reply, Failure>>,
}

/// A runner that has said `ready`. Dropping it ends the runner: its standard input closes.
#[derive(Debug)]
pub struct Runner {
    jobs: mpsc::Sender<Job>,
    ids: AtomicU64,
    ended: watch::Receiver<Option<String>>,
}

impl Runner {
    /// Takes over the pipes of a runner. `keep` lives as long as the pipes are used (the process).
    pub fn over<R, W>(replies: R, requests: W, trips: RoundTrips, keep: Box<dyn Send>) -> Self
    where
        R: AsyncBufRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move {
            let why = serve(replies, requests, queue, &trips).await;
            drop(keep);
            end.send_replace(Some(why));
        });
        Self { jobs, ids: AtomicU64::new(1), ended }
    }

    /// Whether requests can still be sent.
    pub fn alive(&self) -> bool {
        self.ended.borrow().is_none() && !self.jobs.is_closed()
    }

    /// Sends a request and waits for its reply. `limit` counts from the sending; when it has passed
    /// nobody knows what the host does, so the runner is given up.
    ///
    /// The failure is `Transient` where nothing of the request was sent, `Unknown` from its first
    /// byte on.
    pub async fn call(&self, request: &Request<'_>, limit: Duration) -> Result<Reply, Failure> {
        self.send(request, limit, true).await
    }

    /// As [`Runner::call`], without being counted as a round trip: for the heartbeat.
    pub async fn call_uncounted(&self, request: &Request<'_>, limit: Duration) -> Result<Reply, Failure> {
        self.send(request, limit, false).await
    }

    async fn send(&self, request: &Request<'_>, limit: Duration, counted: bool) -> Result<Reply, Failure> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let frame = request.encode(id)?;
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(Job { id, frame, limit, counted, reply }).await.is_err() {
            return Err(self.not_sent());
        }
        match answer.await {
            Ok(result) => result,
            // The task drops a job without an answer only while it still lies in the queue.
            Err(_) => Err(self.not_sent()),
        }
    }

    /// Nothing of it was sent. It is a loss of the link all the same: taken for a trouble of the host,
    /// each cut would cost a step one of its attempts, though nothing was tried.
    fn not_sent(&self) -> Failure {
        let why = self.ended.borrow().clone().unwrap_or_else(|| "the runner has ended".into());
        Failure::unknown("the request was not sent: there is no connection").because(why)
    }
}

async fn serve<R, W>(mut replies: R, mut requests: W, mut queue: mpsc::Receiver<Job>, trips: &RoundTrips) -> String
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        let job = tokio::select! {
            job = queue.recv() => job,
            // Nothing may come while nothing is asked: what comes is the end, or noise.
            early = tokio::io::AsyncBufReadExt::fill_buf(&mut replies) => {
                return match early {
                    Ok([]) => "the runner on the host has ended".to_owned(),
                    Ok(_) => "the host said something that was not asked for".to_owned(),
                    Err(error) => error.to_string(),
                };
            }
        };
        let Some(job) = job else { return "nobody needs the runner any more".to_owned() };
        if job.reply.is_closed() {
            // Whoever asked has gone before a byte was sent.
            continue;
        }
        let exchange = async {
            requests.write_all(&job.frame).await.map_err(Broken::Lost)?;
            requests.flush().await.map_err(Broken::Lost)?;
            read_reply(&mut replies, job.id).await
        };
        let broken = match tokio::time::timeout(job.limit, exchange).await {
            Ok(Ok(reply)) => {
                if job.counted {
                    trips.one_more();
                }
                // The asker may have gone meanwhile; then nobody wants to know.
                let _ = job.reply.send(Ok(reply));
                continue;
            }
            Ok(Err(broken)) => broken.to_string(),
            Err(_) => format!("no answer within {} s", job.limit.as_secs()),
        };
        let unknown = Failure::unknown("the connection was lost before the answer came").because(broken.clone());
        let _ = job.reply.send(Err(unknown));
        return broken;
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames::{Status, Verb};
    use super::*;
    use crate::plan::FailureKind;
    use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream};

    const PING: Request<'static> = Request { verb: Verb::Ping, word: "-", parts: [b"", b"", b""], under: 0 };
    const SOON: Duration = Duration::from_secs(10);

    fn pair() -> (Runner, DuplexStream, RoundTrips) {
        let (ours, theirs) = tokio::io::duplex(4096);
        let (read, write) = tokio::io::split(ours);
        let trips = RoundTrips::default();
        (Runner::over(BufReader::new(read), write, trips.clone(), Box::new(())), theirs, trips)
    }

    #[tokio::test]
    async fn an_answer_counts_as_one_round_trip() {
        let (runner, theirs, trips) = pair();
        let host = async {
            let mut theirs = BufReader::new(theirs);
            let mut line = String::new();
            theirs.read_line(&mut line).await.expect("a request");
            assert_eq!(line, "1 ping - 0 0 0 0\n");
            theirs.write_all(b"1 0 2 0\nok").await.expect("open");
            theirs
        };
        let (reply, _theirs) = tokio::join!(runner.call(&PING, SOON), host);
        assert_eq!(reply.expect("answered"), Reply { status: Status::Exit(0), out: b"ok".into(), err: vec![] });
        assert_eq!(trips.get(), 1);
        assert!(runner.alive());
    }

    #[tokio::test]
    async fn what_was_sent_is_unknown_and_what_was_not_is_transient() {
        let (runner, theirs, trips) = pair();
        let host = async {
            let mut theirs = BufReader::new(theirs);
            theirs.read_line(&mut String::new()).await.expect("a request");
        };
        let (first, second, ()) = tokio::join!(runner.call(&PING, SOON), runner.call(&PING, SOON), host);
        assert_eq!(first.expect_err("cut").kind, FailureKind::Unknown);
        assert_eq!(second.expect_err("never sent").kind, FailureKind::Unknown);
        let later = runner.call(&PING, SOON).await;
        assert_eq!(later.expect_err("ended").kind, FailureKind::Unknown);
        assert!(!runner.alive());
        assert_eq!(trips.get(), 0);
    }

    #[tokio::test]
    async fn a_host_that_does_not_answer_is_given_up() {
        let (runner, _theirs, _) = pair();
        let failure = runner.call(&PING, Duration::from_millis(20)).await.expect_err("nobody answers");
        assert_eq!(failure.kind, FailureKind::Unknown);
        assert!(failure.line().ends_with("no answer within 0 s"), "{failure}");
    }

    #[tokio::test]
    async fn garbage_ends_the_runner() {
        let (runner, mut theirs, _) = pair();
        theirs.write_all(b"hello\n").await.expect("open");
        let failure = runner.call(&PING, SOON).await.expect_err("garbage");
        assert!(matches!(failure.kind, FailureKind::Unknown | FailureKind::Transient));
    }
}
