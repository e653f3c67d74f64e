//! What a connection to a service shows of itself: who it is, who vouches for it, for how long, and what
//! its clock says.

use super::world::Route;
use crate::plan::Failure;
use std::fmt;
use std::net::IpAddr;

const SECOND: u64 = 1000;
const DAY: u64 = 86_400 * SECOND;

/// From how many days before its end on a certificate is warned of.
pub const WARNING_DAYS: u64 = 30;

/// How far S3 lets the clocks of a signer and of a service be apart: beyond it every signature is refused
/// with `RequestTimeTooSkewed`.
pub const SIGNATURE_SECONDS: u64 = 15 * 60;

/// What one connection showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The service's address.
    pub url: String,
    /// How it was reached.
    pub way: Route,
    /// Whether it is the service that was meant.
    pub outcome: Outcome,
    /// What its clock says beside ours; `None` where it does not say.
    pub clocks: Option<Clocks>,
}

/// Whether a connection leads to whom was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is spoken to without TLS: nobody vouches for anything.
    Plain,
    /// It is.
    Trusted(Box<Trusted>),
    /// It shows a certificate that does not verify, and nothing was sent to it.
    Refused(Box<Refused>),
}

/// A connection that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// The certificates that the service showed, its own first.
    pub chain: Vec<Certificate>,
    /// The CA that vouches for them, out of those that are trusted; `None` where it cannot be told which it was.
    pub anchor: Option<Certificate>,
    /// As in `TLS 1.3`.
    pub version: String,
    /// As in `TLS_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// The name in the certificate that the dialled address fits.
    pub named: Option<San>,
    /// How long the first certificate of the chain to end still holds.
    pub lasts: Lasts,
}

/// A connection that was not made, because the certificate is not the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong with it.
    pub why: Refusal,
    /// What was shown, as it says of itself: nobody vouches for a word of it.
    pub chain: Vec<Certificate>,
    /// The same in words, with what to do.
    pub failure: Failure,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A certificate of the chain has ended.
    Expired {
        /// When, in milliseconds since 1970.
        since_ms: u64,
    },
    /// A certificate of the chain does not hold yet.
    NotYet {
        /// From when on, in milliseconds since 1970.
        from_ms: u64,
    },
    /// Another CA signed it than those that are trusted.
    OtherCa {
        /// Who says to have signed it.
        signed_by: String,
        /// Who would be trusted; empty for all that this computer trusts.
        trusted: Vec<String>,
    },
    /// It is for other names.
    OtherName {
        /// What was dialled.
        dialled: String,
        /// What it is for.
        has: Vec<San>,
    },
    /// Anything else.
    Other,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it names, as in `CN=minio`.
    pub subject: String,
    /// Who says to have signed it.
    pub issuer: String,
    /// The names and addresses that it is for.
    pub names: Vec<San>,
    /// When it begins, in milliseconds since 1970.
    pub from_ms: u64,
    /// When it ends, in milliseconds since 1970.
    pub until_ms: u64,
    /// SHA-256 of its DER, as `openssl x509 -fingerprint -sha256` and browsers show it: `AB:CD:…`.
    pub sha256: String,
    /// As in `ECDSA P-256`.
    pub key: String,
    /// Whether it may sign others.
    pub ca: bool,
}

impl Certificate {
    /// How long it holds at this time.
    pub fn lasts(&self, now_ms: u64) -> Lasts {
        Lasts::of(self.from_ms, self.until_ms, now_ms)
    }

    /// The name in it that fits a host's name or address.
    pub fn named(&self, host: &str) -> Option<&San> {
        self.names.iter().find(|name| name.fits(host))
    }
}

/// A name that a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum San {
    /// A host's name; `*` stands for its first part.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// Something that is neither, and fits no host.
    Other(String),
}

impl San {
    /// Whether it fits a host's name or address.
    fn fits(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.');
        match (self, host.parse::<IpAddr>()) {
            (Self::Ip(ip), Ok(dialled)) => *ip == dialled,
            (Self::Dns(name), Err(_)) => match name.strip_prefix("*.") {
                Some(rest) => host
                    .split_once('.')
                    .is_some_and(|(first, behind)| !first.is_empty() && behind.eq_ignore_ascii_case(rest)),
                None => name.eq_ignore_ascii_case(host),
            },
            _ => false,
        }
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Other(name) => f.write_str(name),
            Self::Ip(ip) => write!(f, "{ip}"),
        }
    }
}

/// How long a certificate holds, in whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// For more than [`WARNING_DAYS`].
    Fine {
        /// So long.
        days: u64,
    },
    /// It ends soon.
    SoonExpires {
        /// So long; none on its last day.
        days: u64,
    },
    /// It has ended.
    Expired {
        /// So long ago.
        days: u64,
    },
    /// It has not begun.
    NotYet {
        /// It begins in so many days.
        days: u64,
    },
}

impl Lasts {
    /// Of what holds between two moments.
    pub fn of(from_ms: u64, until_ms: u64, now_ms: u64) -> Self {
        if now_ms < from_ms {
            return Self::NotYet { days: (from_ms - now_ms) / DAY };
        }
        match until_ms.checked_sub(now_ms) {
            None => Self::Expired { days: (now_ms - until_ms) / DAY },
            Some(left) if left / DAY <= WARNING_DAYS => Self::SoonExpires { days: left / DAY },
            Some(left) => Self::Fine { days: left / DAY },
        }
    }

    /// Whether it holds now.
    pub fn holds(self) -> bool {
        matches!(self, Self::Fine { .. } | Self::SoonExpires { .. })
    }
}

/// Two clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// What the service's says, in milliseconds since 1970.
    pub theirs_ms: u64,
    /// What ours says.
    pub ours_ms: u64,
    /// How much of the difference may come from the way and from the header's whole seconds.
    pub margin_ms: u64,
}

/// What a difference of the clocks means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skew {
    /// They cannot be told apart.
    Same,
    /// Less than a minute: times that things were changed look off by so much.
    Slight,
    /// Less than [`SIGNATURE_SECONDS`]: URLs that were shared end so much earlier or later than they say.
    Large,
    /// From [`SIGNATURE_SECONDS`] on: every signed request is refused.
    Refused,
}

impl Clocks {
    /// From a `Date` header in milliseconds since 1970, and when, by our clock, the request was sent and the
    /// answer was there. The header is cut to the second, and was written some time in between.
    pub fn of_header(date_ms: u64, sent_ms: u64, came_ms: u64) -> Self {
        let way = came_ms.saturating_sub(sent_ms);
        Self {
            theirs_ms: date_ms.saturating_add(SECOND / 2),
            ours_ms: sent_ms.saturating_add(way / 2),
            margin_ms: way / 2 + SECOND / 2,
        }
    }

    /// How far the service's clock is ahead of ours, in milliseconds; less than nought where it is behind.
    pub fn ahead_ms(&self) -> i64 {
        let far = i64::try_from(self.theirs_ms.abs_diff(self.ours_ms)).unwrap_or(i64::MAX);
        if self.theirs_ms < self.ours_ms { -far } else { far }
    }

    /// What the difference means.
    pub fn skew(&self) -> Skew {
        let far = self.ahead_ms().unsigned_abs();
        match far {
            _ if far <= self.margin_ms => Skew::Same,
            _ if far < 60 * SECOND => Skew::Slight,
            _ if far < SIGNATURE_SECONDS * SECOND => Skew::Large,
            _ => Skew::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_of_thirty_days_before_its_end() {
        let until = 1000 * DAY;
        for (now, lasts) in [
            (until - 31 * DAY, Lasts::Fine { days: 31 }),
            (until - 31 * DAY + 1, Lasts::SoonExpires { days: 30 }),
            (until - 1, Lasts::SoonExpires { days: 0 }),
            (until, Lasts::SoonExpires { days: 0 }),
            (until + 1, Lasts::Expired { days: 0 }),
            (until + 3 * DAY, Lasts::Expired { days: 3 }),
            (7 * DAY, Lasts::NotYet { days: 3 }),
        ] {
            assert_eq!(Lasts::of(10 * DAY, until, now), lasts, "{now}");
            assert_eq!(lasts.holds(), now >= 10 * DAY && now <= until, "{now}");
        }
    }

    #[test]
    fn a_name_fits_the_host_that_it_names_and_no_other() {
        let dns = |name: &str| San::Dns(name.to_owned());
        assert!(dns("minio.example").fits("MinIO.example.") && !dns("minio.example").fits("a.minio.example"));
        assert!(dns("*.example").fits("a.example") && !dns("*.example").fits("a.b.example"));
        assert!(!dns("*.example").fits("example") && !dns("*.example").fits(".example"));
        let ip = San::Ip("10.0.0.5".parse().expect("an address"));
        assert!(ip.fits("10.0.0.5") && !ip.fits("10.0.0.6") && !dns("10.0.0.5").fits("10.0.0.5"));
        assert!(San::Ip("::1".parse().expect("an address")).fits("[::1]"));
        assert!(!San::Other("a@b".to_owned()).fits("a@b"));
    }

    #[test]
    fn half_the_way_and_half_a_second_are_no_skew() {
        let at = |date: u64| Clocks::of_header(date, 100_000, 104_000);
        // The answer took four seconds, so that what was read of the clock is at least so uncertain.
        assert_eq!((at(102_000).ahead_ms(), at(102_000).skew()), (500, Skew::Same));
        assert_eq!(at(99_000).skew(), Skew::Same, "2.5 s behind is what the way may be");
        assert_eq!((at(98_999).ahead_ms(), at(98_999).skew()), (-2501, Skew::Slight));
        assert_eq!(at(102_000 + 59_499).skew(), Skew::Slight);
        assert_eq!(at(102_000 + 59_500).skew(), Skew::Large);
        let far = |ahead: u64| Clocks { theirs_ms: 10_000_000 + ahead, ours_ms: 10_000_000, margin_ms: 500 }.skew();
        assert_eq!(
            [far(899_999), far(900_000), far(u64::MAX - 10_000_000)],
            [Skew::Large, Skew::Refused, Skew::Refused]
        );
    }
}
