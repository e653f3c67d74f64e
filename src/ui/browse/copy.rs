//! What is sent to the terminal's clipboard: exact keys, never what stands for them on the screen.

use super::Browse;
use super::msg::Effect;
use crate::base::Secret;

fn sent(text: String) -> Vec<Effect> {
    vec![Effect::Copy(Secret::new(text))]
}

/// The path of what the cursor is on: `s3://bucket/key`.
pub fn key(browse: &Browse) -> Vec<Effect> {
    path(browse).map(|path| sent(format!("s3://{path}"))).unwrap_or_default()
}

/// Its address at the service, which only a key opens.
pub fn url(browse: &Browse) -> Vec<Effect> {
    path(browse).map(|path| sent(format!("{}/{}", browse.who.url, encoded(&path)))).unwrap_or_default()
}

fn path(browse: &Browse) -> Option<String> {
    match (&browse.spot.bucket, browse.row()) {
        (Some(bucket), Some(row)) => Some(format!("{bucket}/{}", browse.key(row.name))),
        (Some(bucket), None) => Some(format!("{bucket}/{}", browse.spot.prefix)),
        (None, _) => {
            let buckets = browse.buckets.as_ref()?;
            buckets.get(browse.cursor.of(buckets.len())).map(|bucket| bucket.name.clone())
        }
    }
}

/// A path in a URL: everything but what RFC 3986 leaves alone is written in hexadecimal.
fn encoded(path: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
