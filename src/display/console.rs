//! What is said of a console that can be opened.

use super::{json, safe};
use crate::plan::console::{Console, ConsoleWay, KeysAt};
use serde_json::json;

/// As lines for people.
pub fn human(console: &Console) -> Vec<String> {
    let site = console.site;
    let mut lines = vec![match console.way {
        ConsoleWay::NodePort => {
            format!(
                "MinIO's console of {site} has a port of its own on the node and is reached from here; no tunnel is needed:"
            )
        }
        ConsoleWay::Tunnel { .. } => format!("MinIO's console of {site} is open through the connection to the host:"),
    }];
    lines.extend([
        String::new(),
        format!("  {}", console.url),
        String::new(),
        format!("CA to trust  {}", safe(&console.ca_path)),
        format!("             SHA-256 {}", console.ca_fingerprint),
        "             It is the cluster's own CA, and could vouch for any address: trust it in a browser profile".into(),
        "             of its own.".into(),
        "Log in with  the key pair \"reader\" to look, \"publisher\" to change objects; \"root\" is for administration only".into(),
    ]);
    lines.push(match &console.keys {
        KeysAt::File(path) => format!("             the keys are in {}", safe(path)),
        KeysAt::Gone(path) => format!(
            "             the keys were written to {}, which is not there any more; the cluster has them as well",
            safe(path)
        ),
        KeysAt::Cluster => format!(
            "             the keys are where they were saved; into a file: modelquay resume {site} --credentials-file FILE"
        ),
    });
    if let ConsoleWay::Tunnel { most } = console.way {
        lines.push(String::new());
        lines.push(format!(
            "TLS goes from the browser to the console itself. At most {most} connections are carried at once; a further one waits."
        ));
        lines.push("Ctrl-C closes the tunnel.".into());
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
            ca_fingerprint: "AB:CD".into(),
            keys,
        }
    }

    #[test]
    fn a_tunnel_says_how_it_ends_and_a_port_of_the_node_needs_none() {
        let tunnel = human(&console(ConsoleWay::Tunnel { most: 64 }, KeysAt::Cluster)).join("\n");
        assert!(tunnel.contains("  https://localhost:9443\n") && tunnel.contains("Ctrl-C"), "{tunnel}");
        assert!(tunnel.contains("At most 64 connections") && tunnel.contains("--credentials-file"), "{tunnel}");
        assert!(!tunnel.contains('\u{1b}'), "a path is data");
        let port = human(&console(ConsoleWay::NodePort, KeysAt::File("/k".into()))).join("\n");
        assert!(port.contains("no tunnel is needed") && !port.contains("Ctrl-C"), "{port}");
        assert!(port.contains("the keys are in /k"), "{port}");
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
