//! Looking at the registry from this computer as any client would: directly where that works, else
//! through the host's connection, and always saying which.

use super::dial::Route as Wire;
use super::https::{self, LookError, Roots};
use super::trouble::Trouble;
use crate::plan::Failure;
use crate::ports::probe::{Probe, Reached};
use crate::ports::world::{Endpoint, Route};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long the direct way may take as a whole; beyond it a firewall swallows what is sent.
const DIRECT_LIMIT: Duration = Duration::from_secs(8);
/// A direct way that fails sooner than this is tried once more.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How long the way through the tunnel may take, which has a whole SSH connection below it.
const TUNNEL_LIMIT: Duration = Duration::from_secs(30);
/// How long a direct way that was closed is not tried again: where a firewall swallows what is sent,
/// every look of a run would wait for [`DIRECT_LIMIT`].
const CLOSED_FOR: Duration = Duration::from_mins(1);

/// The connection to a host, as far as a way to its ports goes.
#[async_trait]
pub trait Tunnel: Send + Sync {
    /// A Unix socket on this computer, behind which the host connects to this address and port.
    async fn socket(&self, ip: Ipv4Addr, port: u16) -> Result<PathBuf, Failure>;
}

/// Probes an endpoint.
#[derive(Clone)]
pub struct Prober {
    tunnel: Option<Arc<dyn Tunnel>>,
    /// How long the direct way may take as a whole.
    direct_limit: Duration,
    /// The last endpoint whose direct way was closed while the tunnel led there, and why.
    closed: Arc<Mutex<Option<Closed>>>,
}

#[derive(Clone)]
struct Closed {
    at: (Ipv4Addr, u16),
    since: Instant,
    why: Failure,
}

impl Prober {
    /// With a way round where the direct one is closed, or without one.
    pub fn new(tunnel: Option<Arc<dyn Tunnel>>) -> Self {
        Self { tunnel, direct_limit: DIRECT_LIMIT, closed: Arc::default() }
    }

    /// Why the direct way to an endpoint was closed a moment ago.
    fn closed(&self, at: (Ipv4Addr, u16)) -> Option<Failure> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        (closed.at == at && closed.since.elapsed() < CLOSED_FOR).then_some(closed.why)
    }

    /// Somebody else has just found the direct way to an endpoint closed.
    pub fn found_closed(&self, at: &Endpoint, why: &Failure) {
        let closed = Closed { at: (at.ip, at.port), since: Instant::now(), why: why.clone() };
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(closed);
    }

    /// The way by which this endpoint can be reached now, for clients that stay.
    pub async fn route(&self, at: &Endpoint) -> Result<Wire, Failure> {
        self.reach(at, "/minio/health/live").await.map(|(wire, _)| wire)
    }

    async fn reach(&self, at: &Endpoint, path: &str) -> Result<(Wire, Reached), Failure> {
        let roots = Roots::from_pem(&at.ca_pem)?;
        let url = format!("{}{path}", at.url());
        let url = url.parse().map_err(|_| Failure::permanent(format!("{url} is no address")))?;
        let name = format!("{}:{}", at.ip, at.port);
        let known = self.tunnel.as_ref().and_then(|_| self.closed((at.ip, at.port)));
        let direct = match known {
            Some(why) => why,
            None => match directly(&roots, &url, self.direct_limit).await {
                Ok(seen) => return Ok((Wire::Direct, reached(seen, Route::Direct)?)),
                // Whatever is wrong with the direct way, the host may see the right server: an address
                // of the site can belong to something else where this computer is.
                Err(e) => e.failure(&name),
            },
        };
        let Some(tunnel) = &self.tunnel else { return Err(direct) };
        let wire = Wire::Unix(tunnel.socket(at.ip, at.port).await?);
        match look(wire.clone(), &roots, &url, TUNNEL_LIMIT).await {
            Ok(seen) => {
                // Only once the tunnel has led there: until then a closed port means nothing but that
                // the registry is not up yet.
                if self.closed((at.ip, at.port)).is_none() {
                    self.found_closed(at, &direct);
                }
                Ok((wire, reached(seen, Route::Tunnel)?))
            }
            Err(e) => {
                let mut failure =
                    e.failure(&name).context(format!("{name} answers neither directly nor through the host"));
                failure.causes.push(format!("directly: {}", direct.line()));
                Err(failure)
            }
        }
    }
}

type Seen = (http::StatusCode, Vec<u8>);

/// Looks directly, and once more where the first try failed at once: a single refused connection closes no
/// way, and what is said of the way must not change with each look.
async fn directly(roots: &Roots, url: &http::Uri, limit: Duration) -> Result<Seen, LookError> {
    let begun = Instant::now();
    match look(Wire::Direct, roots, url, limit).await {
        Err(_) if begun.elapsed() < AT_ONCE => {
            tokio::time::sleep(AT_ONCE / 4).await;
            look(Wire::Direct, roots, url, limit).await
        }
        seen => seen,
    }
}

async fn look(wire: Wire, roots: &Roots, url: &http::Uri, limit: Duration) -> Result<Seen, LookError> {
    match timeout(limit, https::look(wire, roots, url)).await {
        Ok(seen) => seen,
        Err(_) => Err(Trouble::NoAnswer(limit).into()),
    }
}

fn reached((status, certificate): Seen, route: Route) -> Result<Reached, Failure> {
    let (_, parsed) = x509_parser::parse_x509_certificate(&certificate)
        .map_err(|e| Failure::permanent("the server's certificate cannot be read").because(e.to_string()))?;
    let seconds = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or_default();
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(&certificate) {
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(Reached { status: status.as_u16(), route, certificate_sha256: hex, not_after_ms: seconds.saturating_mul(1000) })
}

#[async_trait]
impl Probe for Prober {
    async fn get(&self, endpoint: &Endpoint, path: &str) -> Result<Reached, Failure> {
        self.reach(endpoint, path).await.map(|(_, reached)| reached)
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
