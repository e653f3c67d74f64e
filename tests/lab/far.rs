//! A whole site behind a long line: a network namespace of the test's own, in which the host's address
//! is on loopback and everything that is sent to its ports goes through a proxy with a delay.
//!
//! (The kernel's own delays would be simpler; not every kernel has them.)

use crate::harness::wait_until;
use crate::link_proxy::{Link, Trips};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const NAMESPACE: &str = "mq-far";

/// The line. Dropping it takes it away.
pub struct Far {
    /// What follows each other on it, over all ports.
    pub trips: Arc<Trips>,
    links: Vec<Link>,
    relays: Vec<Child>,
    namespace: &'static str,
    // Last, so that the sockets in it are there as long as the relays.
    directory: tempfile::TempDir,
}

fn ip(args: &[&str]) {
    let status = Command::new("ip").args(args).status().expect("ip is there");
    assert!(status.success(), "ip {args:?}");
}

impl Far {
    /// The line to an address: each port of it, with where it really is.
    pub fn to(address: &str, ports: &[(u16, String)]) -> Self {
        // One that a killed run has left, if any.
        let _ = Command::new("ip").args(["netns", "del", NAMESPACE]).stderr(Stdio::null()).status();
        ip(&["netns", "add", NAMESPACE]);
        ip(&["-n", NAMESPACE, "link", "set", "lo", "up"]);
        if address != "127.0.0.1" {
            ip(&["-n", NAMESPACE, "addr", "add", &format!("{address}/32"), "dev", "lo"]);
        }
        let directory = tempfile::Builder::new().prefix("mq").tempdir().expect("a temporary directory");
        let trips = Arc::<Trips>::default();
        let (links, relays) = (Vec::new(), Vec::new());
        let mut far = Self { trips: trips.clone(), links, relays, namespace: NAMESPACE, directory };
        for (port, target) in ports {
            let socket = far.directory.path().join(port.to_string());
            far.links.push(Link::from_socket(&socket, target, &trips));
            let relay = far
                .inside("socat")
                .arg(format!("TCP-LISTEN:{port},bind={address},fork,reuseaddr,nodelay"))
                .arg(format!("UNIX-CONNECT:{}", socket.display()))
                .spawn();
            far.relays.push(relay.expect("socat is there"));
        }
        // Whoever comes before a relay listens is refused.
        for (port, _) in ports {
            wait_until(&format!("the relay of port {port}"), Duration::from_secs(30), || far.listens(*port));
        }
        far
    }

    /// Whether something listens on a port at the near end (proc(5): a state of 0A, the port in hexadecimal digits).
    fn listens(&self, port: u16) -> bool {
        let output = self.inside("cat").arg("/proc/net/tcp").output().expect("ip is there");
        let port = format!(":{port:04X}");
        String::from_utf8_lossy(&output.stdout).lines().any(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let local = fields.next().unwrap_or_default();
            local.ends_with(&port) && fields.nth(1) == Some("0A")
        })
    }

    /// Sets how long a round trip takes.
    pub fn round_trip(&self, takes: Duration) {
        for link in &self.links {
            link.delay(takes / 2);
        }
    }

    /// A program at the near end of the line, from which nothing else can be reached.
    pub fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.namespace, program]);
        command
    }

    /// The same for a command that was made elsewhere with an environment of its own.
    pub fn bring_inside(&self, command: &Command) -> Command {
        let mut inside = self.inside(&command.get_program().to_string_lossy());
        inside.args(command.get_args()).env_clear();
        inside.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?)))).stdin(Stdio::null());
        inside
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        for relay in &mut self.relays {
            let _ = relay.kill();
            let _ = relay.wait();
        }
        let _ = Command::new("ip").args(["netns", "del", NAMESPACE]).status();
    }
}
