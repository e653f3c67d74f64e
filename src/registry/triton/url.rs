//! The URL that Triton's `--model-repository` takes, by the expression that Triton reads it with:
//! `s3://(http://|https://|)HOST:PORT/BUCKET(/PATH)*`. A URL that does not fit is not refused: its
//! first part becomes the bucket's name, and the requests go to Amazon.

use super::rule::{Finding, Rule, Severity};
use std::fmt;

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryUrl {
    /// Encrypted.
    pub https: bool,
    /// A host's name or an IPv4 address.
    pub host: String,
    /// The port, which has to be there.
    pub port: u16,
    /// The bucket.
    pub bucket: String,
    /// The path in it, without slashes at its ends; often empty.
    pub prefix: String,
}

impl fmt::Display for RepositoryUrl {
    /// As Triton takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "s3://{scheme}://{}:{}/{}", self.host, self.port, self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

fn host_chars(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

fn bucket_chars(bucket: &str) -> bool {
    !bucket.is_empty()
        && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

fn path_chars(path: &str) -> bool {
    path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'))
}

impl RepositoryUrl {
    /// Builds one out of an endpoint such as `https://10.0.0.1:30900`. The port that goes without
    /// saying is written out, because Triton needs it.
    pub fn build(endpoint: &str, bucket: &str, prefix: &str) -> Result<Self, Vec<Finding>> {
        let (https, rest) = match endpoint.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, endpoint.strip_prefix("http://").unwrap_or(endpoint)),
        };
        let rest = rest.trim_end_matches('/');
        let rest = if rest.rsplit_once(':').is_some() {
            rest.to_owned()
        } else {
            format!("{rest}:{}", if https { 443 } else { 80 })
        };
        let scheme = if https { "https" } else { "http" };
        let (url, findings) = judge_url(&format!("s3://{scheme}://{rest}/{bucket}/{prefix}"));
        url.ok_or(findings)
    }
}

/// What Triton takes for the bucket where a URL does not fit its expression.
fn taken_for_bucket(cleaned: &str) -> &str {
    let rest = cleaned.strip_prefix("s3://").unwrap_or(cleaned);
    rest.split('/').next().unwrap_or_default()
}

/// Reads a URL as Triton does, and says what is wrong with it. All that is wrong is said.
pub fn judge_url(url: &str) -> (Option<RepositoryUrl>, Vec<Finding>) {
    let mut found = Vec::new();
    let error = |rule, what: String| Finding::new(rule, Severity::Error, url, what);
    let Some(rest) = url.strip_prefix("s3://") else {
        let fix = match url.find("s3://") {
            Some(_) => "leave out what stands before s3://".to_owned(),
            None if url.contains("://") => format!("write s3://{url}"),
            None => "write s3://https://host:port/bucket".to_owned(),
        };
        found.push(
            error(
                Rule::UrlScheme,
                "it does not begin with s3://, so Triton looks on its own disk or elsewhere".to_owned(),
            )
            .fix(fix),
        );
        return (None, found);
    };
    let (scheme, rest) = match (rest.strip_prefix("https://"), rest.strip_prefix("http://")) {
        (Some(rest), _) => (Some(true), rest),
        (_, Some(rest)) => (Some(false), rest),
        _ => (None, rest),
    };
    let rest = rest.trim_matches('/');
    let names: Vec<&str> = rest.split('/').filter(|name| !name.is_empty()).collect();
    let authority = names.first().copied().unwrap_or_default();
    let bucket = names.get(1).copied().unwrap_or_default();
    let prefix = names.get(2..).unwrap_or_default().join("/");
    let cleaned = format!(
        "s3://{}{}",
        match scheme {
            Some(true) => "https://",
            Some(false) => "http://",
            None => "",
        },
        names.join("/")
    );
    let says =
        format!("Could not get MetaData for bucket with name {} due to exception: …", taken_for_bucket(&cleaned));

    let (host, port) = match authority.rsplit_once(':') {
        // An address in brackets has colons of its own.
        Some((host, port)) if !port.contains(']') && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            (host, Some(port))
        }
        _ => (authority, None),
    };
    if !host_chars(host) {
        let what = if host.contains([':', '[']) {
            "Triton does not read IPv6 addresses"
        } else {
            "a host's name has letters, digits, - and . only"
        };
        found.push(
            error(Rule::UrlHost, format!("{what}: {host}"))
                .says(&says)
                .fix("use a name from the certificate, or an IPv4 address"),
        );
    }
    let number = port.and_then(|port| port.parse::<u16>().ok()).filter(|port| *port > 0);
    if port.is_none() {
        let usual = if scheme == Some(true) { 443 } else { 80 };
        let mut finding =
            error(Rule::UrlPort, "there is no port, so Triton takes the host for a bucket at Amazon".to_owned())
                .says(&says);
        finding = finding.fix(format!(
            "write {}{host}:{usual}/…, with the port that the registry has",
            if scheme == Some(true) { "https://" } else { "" }
        ));
        found.push(finding);
    } else if number.is_none() {
        found.push(
            error(Rule::UrlPortNumber, format!("{} is no port", port.unwrap_or_default()))
                .fix("give a port from 1 to 65535"),
        );
    }
    if !bucket_chars(bucket) {
        let what = if bucket.is_empty() {
            "there is no bucket".to_owned()
        } else {
            format!("a bucket's name has small letters, digits, - and . only: {bucket}")
        };
        found.push(error(Rule::UrlBucket, what).says(&says).fix("use a bucket with a plain name"));
    }
    if !path_chars(&prefix) {
        found.push(
            error(Rule::UrlPath, format!("a path has letters, digits, . - _ and / only: {prefix}"))
                .says(&says)
                .fix("copy the models to a prefix with a plain name"),
        );
    }
    if scheme.is_none() {
        found.push(
            Finding::new(
                Rule::UrlPlain,
                Severity::Warning,
                url,
                "no scheme is given, and that means HTTP, without encryption",
            )
            .fix("write s3://https://…"),
        );
    }
    let good = !found.iter().any(|finding| finding.severity == Severity::Error);
    let url = number.filter(|_| good).map(|port| RepositoryUrl {
        https: scheme == Some(true),
        host: host.to_owned(),
        port,
        bucket: bucket.to_owned(),
        prefix,
    });
    (url, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_endpoint_becomes_a_url_that_triton_reads() {
        let built = |endpoint, prefix| RepositoryUrl::build(endpoint, "models", prefix).map(|url| url.to_string()).ok();
        assert_eq!(built("https://10.77.0.2:30900", "").as_deref(), Some("s3://https://10.77.0.2:30900/models"));
        assert_eq!(
            built("https://minio.example/", "/prod/").as_deref(),
            Some("s3://https://minio.example:443/models/prod")
        );
        assert_eq!(built("http://minio:9000", "a/b").as_deref(), Some("s3://http://minio:9000/models/a/b"));
        assert_eq!(built("https://[::1]:9000", ""), None);
        assert_eq!(built("https://minio", "a b"), None);
    }

    #[test]
    fn the_bucket_that_triton_would_ask_for_is_named() {
        let says = |url: &str| judge_url(url).1.into_iter().find_map(|finding| finding.says).unwrap_or_default();
        assert!(says("s3://192.168.1.5/models").contains("with name 192.168.1.5 "));
        assert!(says("s3://https://host/models").contains("with name https: "));
        assert!(says("s3://host:9000/Models").contains("with name host:9000 "));
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_what_is_good_comes_back_the_same(text in "(s3://)?(https?://)?[a-z0-9.:\\[\\]_ -]{0,12}(/[a-zA-Z0-9+._ -]{0,6}){0,4}") {
            if let (Some(url), _) = judge_url(&text) {
                let (again, findings) = judge_url(&url.to_string());
                prop_assert_eq!(again, Some(url));
                prop_assert!(findings.is_empty());
            }
        }
    }
}
