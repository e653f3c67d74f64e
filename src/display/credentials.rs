//! The keys of a site, masked unless somebody asked to see them.

use super::{json, safe};
use crate::ports::Credentials;
use serde_json::json;

/// A key as it is shown.
pub struct Key<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it may do, in words.
    pub purpose: &'a str,
    /// Both halves.
    pub pair: &'a Credentials,
}

/// As lines for people.
pub fn human(endpoint: &str, keys: &[Key<'_>], in_clear: bool) -> Vec<String> {
    let mut lines = vec![format!("Endpoint     {}", safe(endpoint))];
    for key in keys {
        lines.push(format!("{:<12} {}", key.name, key.purpose));
        for (label, half) in [("access key", &key.pair.access_key), ("secret key", key.pair.secret_key.expose())] {
            let shown = if in_clear { safe(half) } else { "*".repeat(half.chars().count()) };
            lines.push(format!("  {label}  {shown}"));
        }
    }
    lines
}

/// As one JSON object, without the keys themselves.
pub fn json(site: &str, endpoint: &str, keys: &[Key<'_>], file: Option<(&str, bool)>) -> String {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let (path, sealed) = file.unzip();
    json::line(
        "credentials",
        json!({ "site": site, "endpoint": endpoint, "keys": names, "file": path, "encrypted": sealed }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;

    #[test]
    fn a_key_is_masked_until_somebody_asks() {
        let pair = Credentials { access_key: "AK-canary".into(), secret_key: Secret::from("SK-canary\u{1b}[2J") };
        let keys = [Key { name: "reader", purpose: "lists and reads", pair: &pair }];
        let masked = human("https://10.0.0.1:30900", &keys, false).join("\n");
        assert!(!masked.contains("canary") && masked.contains("  access key  *********\n"), "{masked}");
        let clear = human("https://10.0.0.1:30900", &keys, true).join("\n");
        assert!(clear.contains("  secret key  SK-canary") && !clear.contains('\u{1b}'), "{clear}");
        let line = json("edge-07", "https://10.0.0.1:30900", &keys, Some(("/k", true)));
        assert!(!line.contains("canary"), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).expect("it is an object");
        assert_eq!((&value["type"], &value["keys"]), (&json!("credentials"), &json!(["reader"])));
        assert_eq!((&value["file"], &value["encrypted"]), (&json!("/k"), &json!(true)));
    }
}
