//! Keys in listings: asked for percent-encoded, because XML cannot carry every character of a key. And answers whose root
//! has another name than Amazon gives it, which the SDK does not take.

use crate::transport::s3_errors;
use aws_sdk_s3::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::borrow::Cow;

/// The document that a success came with, where the SDK could not read it and it is whole all the same, under a root whose
/// name holds `like`: rclone calls that of an upload that it began `InitiateMultipartUpload`, moto that of a bucket's
/// versioning `GetBucketVersioningResponse`.
pub fn under_another_root<E>(error: &SdkError<E, HttpResponse>, like: &str) -> Option<String> {
    error.raw_response().filter(|answer| answer.status().is_success())?;
    s3_errors::document(error).filter(|(root, _)| root.contains(like)).map(|(_, text)| text)
}

/// The text of the only element of this name that has neither attributes nor anything but plain text in it.
pub fn element<'t>(document: &'t str, name: &str) -> Option<&'t str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let text = document.split_once(&open)?.1.split_once(&close)?.0.trim();
    let once = document.matches(&open).count() == 1 && !text.contains(['<', '&']);
    once.then_some(text)
}

/// A key out of a listing. `encoded`: the service says in its answer that it encoded it; one that
/// does not say so did not, and then a `%` or `+` in it is what it is.
pub fn key(text: String, encoded: bool) -> String {
    if !encoded || !text.bytes().any(|b| b == b'%' || b == b'+') {
        return text;
    }
    match decoded(text.as_bytes()) {
        Cow::Borrowed(_) => text,
        // Bytes that are no text cannot be named in a request either; they are shown as such.
        Cow::Owned(bytes) => {
            String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
        }
    }
}

/// Undoes the encoding of forms: `+` is a space, as in MinIO's `s3URLEncode` (cmd/utils.go) and at
/// Amazon; services that write `%20` write `%2B` for a plus.
fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'+' => out.push(b' '),
            b'%' => match text.get(at..at + 2).and_then(hex) {
                Some(value) => {
                    out.push(value);
                    at += 2;
                }
                // No encoding at all: the service claims one and does not do it.
                None => return Cow::Borrowed(text),
            },
            _ => out.push(byte),
        }
    }
    Cow::Owned(out)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    match digits {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    }
}

/// A key as a header or a query wants it: everything encoded but what RFC 3986 leaves alone, and
/// the slashes.
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_was_encoded_is_decoded() {
        let key = |text: &str, encoded| key(text.to_owned(), encoded);
        assert_eq!(key("a+b%20c%2Bd%25%00%C3%BC", true), "a b c+d%\0ü");
        assert_eq!(key("a+b%20c", false), "a+b%20c");
        assert_eq!(key("100%", true), "100%", "an encoding that is none is taken as it is");
        assert_eq!(key("%FF", true), "\u{fffd}");
    }

    #[test]
    fn an_element_is_taken_where_it_is_plain() {
        assert_eq!(element("<A><UploadId> u-1 </UploadId></A>", "UploadId"), Some("u-1"));
        for bad in ["<A/>", "<A><UploadId>u", "<UploadId>&amp;</UploadId>", "<UploadId><b/></UploadId>"] {
            assert_eq!(element(bad, "UploadId"), None, "{bad}");
        }
        assert_eq!(element("<S>a</S><S>b</S>", "S"), None, "which one is meant is not known");
    }

    proptest! {
        #[test]
        fn any_document_is_taken(text in any::<String>(), name in "[A-Za-z]{1,8}") {
            element(&text, &name);
        }

        #[test]
        fn any_key_survives(text in any::<String>()) {
            prop_assert_eq!(key(encoded(&text), true), text);
        }

        #[test]
        fn any_text_is_taken(text in any::<String>(), encoded in any::<bool>()) {
            key(text, encoded);
        }
    }
}
