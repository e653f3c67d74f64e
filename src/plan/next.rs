//! The lines with which a finished registry is used. The hand-over sheet and the screen print the same.

use super::site::Site;

/// Lines to go on with. No secret stands in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextCommands {
    /// The console's address, where it has a port of its own on the node.
    pub console: Option<String>,
    /// Opens a way to the console through the connection to the host.
    pub open_console: String,
    /// Makes mc trust the registry's CA.
    pub mc_trust: String,
    /// Makes the registry known to mc, which then asks for the keys.
    pub mc_alias: String,
    /// Triton's model repository, from inside the cluster.
    pub triton_inside: String,
    /// The same from outside.
    pub triton_outside: String,
}

impl NextCommands {
    /// For the registry of a site at `ip`, whose CA lies in a file on this computer.
    pub fn of(site: &Site, ip: std::net::Ipv4Addr, ca_path: &str) -> Self {
        let (name, registry) = (site.name, &site.registry);
        let url = format!("https://{ip}:{}", registry.node_port);
        let bucket = site.buckets.first().map_or("models", |b| b.name.as_str());
        let ca = shell_word(ca_path);
        Self {
            console: registry.console_port.map(|port| format!("https://{ip}:{port}")),
            open_console: format!("modelquay console {name}"),
            mc_trust: format!("mkdir -p ~/.mc/certs/CAs && cp {ca} ~/.mc/certs/CAs/{name}.crt"),
            mc_alias: format!("mc alias set {name} {url}"),
            triton_inside: format!("s3://https://minio.{}.svc.cluster.local:443/{bucket}", registry.namespace),
            triton_outside: format!("s3://{url}/{bucket}"),
        }
    }
}

/// A text as one word of a shell's line.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::site::Reach;

    #[test]
    fn a_path_is_one_word_of_the_line_whatever_stands_in_it() {
        assert_eq!(shell_word("/home/tech/ca.crt"), "/home/tech/ca.crt");
        assert_eq!(shell_word("/home/it's me/ca.crt"), r"'/home/it'\''s me/ca.crt'");
        let site = Site::with_defaults("edge".parse().expect("a label"), Reach::Local);
        let next = NextCommands::of(&site, [10, 77, 0, 2].into(), "/a b/ca.crt");
        assert_eq!(next.mc_trust, "mkdir -p ~/.mc/certs/CAs && cp '/a b/ca.crt' ~/.mc/certs/CAs/edge.crt");
        assert_eq!((next.console, next.open_console.as_str()), (None, "modelquay console edge"));
        assert_eq!(next.triton_outside, "s3://https://10.77.0.2:30900/models");
    }
}
