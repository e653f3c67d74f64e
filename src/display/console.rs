//! What is said of a console that can be opened.

use super::{json, safe};
use crate::plan::console::{Console, ConsoleWay, KeysAt};
use serde_json::json;

/// Where a fingerprint is broken: behind the sixteenth of its 32 bytes.
const HALF: usize = 48;

/// As lines for people, of 80 columns but for paths.
pub fn human(console: &Console) -> Vec<String> {
    let site = console.site;
    let mut lines = match console.way {
        ConsoleWay::NodePort => vec![
            format!("MinIO's console of {site} has a port of its own on the node, which is"),
            "reached from here; no tunnel is needed:".into(),
        ],
        ConsoleWay::Tunnel { .. } => {
            vec![format!("MinIO's console of {site} is open through the connection to the host:")]
        }
    };
    let mut say = |text: &str| lines.push(text.to_owned());
    say("");
    say(&format!("  {}", console.url));
    say("");
    say(&format!("CA to trust  {}", safe(&console.ca_path)));
    say("             SHA-256");
    let (first, second) = console.ca_fingerprint.split_at_checked(HALF).unwrap_or((&console.ca_fingerprint, ""));
    for half in [first, second].into_iter().filter(|half| !half.is_empty()) {
        say(&format!("             {half}"));
    }
    say("             It is the cluster's own CA, and could vouch for any address:");
    say("             trust it in a browser profile of its own.");
    say("Log in with  the key pair \"reader\" to look, \"publisher\" to change objects;");
    say("             \"root\" is for administration only.");
    match &console.keys {
        KeysAt::File(path) => say(&format!("             The keys are in {}", safe(path))),
        KeysAt::Gone(path) => {
            say(&format!("             The keys were written to {}", safe(path)));
            say("             which is not there any more. The cluster has them as well.");
        }
        KeysAt::Cluster => {
            say("             The keys are where they were saved. Into a file once more:");
            say(&format!("             modelquay resume {site} --credentials-file FILE"));
        }
    }
    if let ConsoleWay::Tunnel { most } = console.way {
        say("");
        say("TLS goes from the browser to the console itself.");
        say(&format!("At most {most} connections are carried at once; a further one waits."));
        say("Ctrl-C closes the tunnel.");
    }
    lines
}

/// As one JSON object.
pub fn json(console: &Console) -> String {
    let (way, most) = match console.way {
        ConsoleWay::NodePort => ("node-port", None),
        ConsoleWay::Tunnel { most } => ("tunnel", Some(most)),
    };
    let keys = match &console.keys {
        KeysAt::File(path) => Some(path),
        KeysAt::Gone(_) | KeysAt::Cluster => None,
    };
    json::line(
        "console",
        json!({
            "site": console.site, "url": console.url, "way": way, "most_connections": most, "ca_file": console.ca_path,
            "ca_sha256": console.ca_fingerprint, "keys_file": keys,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(way: ConsoleWay, keys: KeysAt) -> Console {
        Console {
            site: "edge-07".parse().expect("a label"),
            url: "https://localhost:9443".into(),
            way,
            ca_path: "/home/tech/ca\u{1b}[2J.crt".into(),
            ca_fingerprint: ["AB"; 32].join(":"),
            keys,
        }
    }

    #[test]
    fn a_tunnel_says_how_it_ends_and_a_port_of_the_node_needs_none() {
        let tunnel = human(&console(ConsoleWay::Tunnel { most: 64 }, KeysAt::Cluster)).join("\n");
        assert!(tunnel.contains("  https://localhost:9443\n") && tunnel.contains("Ctrl-C"), "{tunnel}");
        assert!(tunnel.contains("At most 64 connections") && tunnel.contains("--credentials-file"), "{tunnel}");
        assert!(!tunnel.contains('\u{1b}'), "a path is data");
        assert!(tunnel.lines().all(|line| line.len() <= 80), "{tunnel}");
        let port = human(&console(ConsoleWay::NodePort, KeysAt::File("/k".into()))).join("\n");
        assert!(port.contains("no tunnel is needed") && !port.contains("Ctrl-C"), "{port}");
        assert!(port.contains("The keys are in /k"), "{port}");
        let gone = human(&console(ConsoleWay::NodePort, KeysAt::Gone("/k".into()))).join("\n");
        assert!(gone.contains("not there any more"), "{gone}");
    }

    #[test]
    fn the_json_line_has_the_same() {
        let line = json(&console(ConsoleWay::Tunnel { most: 64 }, KeysAt::File("/k".into())));
        let value: serde_json::Value = serde_json::from_str(&line).expect("it is an object");
        assert_eq!((&value["v"], &value["type"], &value["way"]), (&json!(1), &json!("console"), &json!("tunnel")));
        assert_eq!((&value["most_connections"], &value["keys_file"]), (&json!(64), &json!("/k")));
    }
}
