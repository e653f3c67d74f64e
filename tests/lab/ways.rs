//! Whole installs by the ways in and out that sites have: over a jump host with keys in an agent, on the
//! host itself, behind a proxy that opens TLS.

use crate::end_state::made_once;
use crate::harness::{Host, TECH_PASSWORD, cache, labctl, sh, wait_until};
use crate::product::{Product, Ran, Reach};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An agent of OpenSSH's that holds the lab's key.
struct Agent {
    child: Child,
    socket: std::path::PathBuf,
}

impl Agent {
    fn with_the_key_of(product: &Product) -> Self {
        let socket = product.path("private/agent");
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .expect("ssh-agent can be started");
        wait_until("the agent", Duration::from_mins(1), || UnixStream::connect(&socket).is_ok());
        let key = product.path("private/key");
        sh(&format!("SSH_AUTH_SOCK={} ssh-add -q {} && rm {1}", socket.display(), key.display()));
        Self { child, socket }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A user's configuration with much in it that must not reach the host or the run.
fn configuration(product: &Product, far: &Host, hop: &Host, port: u16) -> String {
    let known = product.path("known_hosts");
    fs::write(&known, labctl(&["host-key", &far.name]) + &labctl(&["host-key", &hop.name])).expect("writable");
    format!(
        "Host far\n  HostName {}\n  User tech\n  ProxyJump hop\n  ForwardAgent yes\n  ForwardX11 yes\n  \
         RemoteCommand touch /tmp/of-a-remote-command\n  RequestTTY force\n  LocalForward 127.0.0.1:{port} 127.0.0.1:22\n  \
         RemoteForward 127.0.0.1:2323 127.0.0.1:22\n  PermitLocalCommand yes\n  LocalCommand touch {}\n\
         Host hop\n  HostName {}\n  User tech\n  ForwardAgent yes\n\
         Host *\n  StrictHostKeyChecking yes\n  UserKnownHostsFile {}\n",
        far.ip,
        product.path("of-a-local-command").display(),
        hop.ip,
        known.display()
    )
}

#[test]
fn over_a_jump_host_with_an_agent_images_are_pulled_and_the_tunnel_leads_to_the_registry() {
    let (hop, far) = (Host::fresh("hop1"), Host::fresh("far1"));
    let mut product = Product::new();
    far.bad_day("sudo-nopasswd=1");
    // From here neither sshd nor the registry can be reached: nothing is answered at all.
    far.bad_day("port-blocked=22,30900");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let config = product.path("ssh_config");
    fs::write(&config, configuration(&product, &far, &hop, port)).expect("the home is writable");
    let more = format!("ssh_config = \"{}\"\n", config.display());
    product.answers_for(&far, &Reach { address: "far".into(), port: 22, more: &more }, "");
    for line in ["identity", "fingerprint", "port"] {
        product.without(line);
    }
    product.change_answers(|text| text.replace("[supply]\n", "[supply]\nimages = \"pull\"\n"));
    let agent = Agent::with_the_key_of(&product);
    product.passwords("sudo=never-to-be-asked-for\n");
    product.environment = vec![
        ("SSH_AUTH_SOCK".into(), agent.socket.display().to_string()),
        // A proxy of this computer has nothing to do with the site.
        ("HTTPS_PROXY".into(), "http://127.0.0.1:1".into()),
        ("ALL_PROXY".into(), "http://127.0.0.1:1".into()),
    ];

    let mut install = product.start_install(&[]);
    install.until_applying(&far.name, "cluster-package", Duration::from_mins(2));
    for host in [&hop, &far] {
        let found = host.sh("ls -d /tmp/ssh-*/agent* 2>/dev/null; grep -lsa SSH_AUTH_SOCK= /proc/[0-9]*/environ; true");
        assert_eq!(found, "", "an agent is forwarded to {}", host.name);
    }
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the user's LocalForward is open");
    let ran = install.end(Duration::from_mins(7)).expect(0);
    println!("install over a jump host, images pulled: {:.1} s", ran.took.as_secs_f64());
    ran.says("through the connection to the host only");

    let sheet = fs::read_to_string(product.path("state/modelquay/sites/far1/hand-over.txt")).expect("the sheet");
    assert!(sheet.contains("from here the node port is blocked"), "{sheet}");
    far.put(&product.ca(&far), "/tmp/ca.crt", "root", "0644");
    let inside = "curl -sS -o /dev/null -w '%{http_code}' --cacert /tmp/ca.crt https://";
    assert_eq!(far.sh(&format!("{inside}{}:30900/minio/health/live", far.ip)), "200");
    made_once(&far);
    product.install().expect(0).says("nothing was changed").says("through the connection to the host only");

    // Nobody but the jump host came in, and nothing of the user's configuration was carried out.
    let log = far.sh("journalctl -u ssh -o cat | grep Accepted");
    assert!(!log.is_empty() && log.lines().all(|line| line.contains(&format!("from {} ", hop.ip))), "{log}");
    assert!(!far.holds("test -e /tmp/of-a-remote-command") && !hop.holds("test -e /tmp/of-a-remote-command"));
    assert!(!product.path("of-a-local-command").exists());
    let pulled = far.asked_of_the_depot();
    assert!(pulled.iter().any(|line| line.contains("GET /v2/rancher/rke2-runtime/")), "{pulled:#?}");
    assert!(!pulled.iter().any(|line| line.contains("GET /rke2/") && line.contains("rke2-images")), "{pulled:#?}");
}

/// The product as tech runs it on the host itself.
fn on(host: &Host, args: &str) -> Ran {
    let begun = Instant::now();
    let script =
        format!("runuser -l tech -c './modelquay {args} --password-fd 3 3<passwords' 2>&1; echo \"ended with $?\"");
    let said = host.sh(&script);
    let code = said.trim_end().rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(-1);
    Ran { code, said, took: begun.elapsed() }
}

#[test]
fn on_the_host_itself_behind_a_proxy_that_opens_tls() {
    let host = Host::fresh("local1");
    host.bad_day("proxy-only=1");
    let product = Product::new();
    product.answers_for(&host, &Reach { address: "local".into(), port: 22, more: "" }, "");
    // No mirrors: the registries are asked for by their own names, which only the proxy knows.
    product.change_answers(|text| {
        let own = text.split("[[supply.mirror]]").next().unwrap_or_default().to_owned();
        let table = cache().join("components.toml").display().to_string();
        own.replace(&table, "components.toml")
            + "extra_ca = \"site-ca.pem\"\n[supply.proxy]\nurl = \"http://10.77.0.1:3128\"\nno_proxy = [\".plant.example\"]\n"
    });
    let table = fs::read_to_string(cache().join("components.toml")).expect("the lab has a table");
    let file = |name: &str, text: String| {
        fs::write(product.path(name), text).expect("the home is writable");
        host.put(&product.path(name), &format!("/home/tech/{name}"), "tech", "0600");
    };
    file("components.toml", table.replace("http://10.77.0.1:8081", "https://downloads.lab.example"));
    file("site-ca.pem", labctl(&["proxy-ca"]));
    file("site.toml", fs::read_to_string(product.path("site.toml")).expect("the answers"));
    file("passwords", format!("sudo={TECH_PASSWORD}\n"));
    host.put(Path::new(env!("CARGO_BIN_EXE_modelquay")), "/home/tech/modelquay", "tech", "0755");

    // Without its CA every source is refused, and the way out is named.
    host.sh("runuser -l tech -c 'grep -v ^extra_ca site.toml > without.toml'");
    on(&host, "check --answers without.toml").expect(3).says("certificate cannot be verified").says("extra_ca");

    let install = "install --answers site.toml --yes --credentials-file keys.toml";
    let ran = on(&host, install).expect(0);
    println!("install on the host itself, behind a proxy: {:.1} s", ran.took.as_secs_f64());
    made_once(&host);
    on(&host, install).expect(0).says("nothing was changed");
    assert_eq!(host.sh("stat -c '%a %U' /home/tech/keys.toml").trim(), "600 tech");
    let ca = product.path("ca.crt");
    fs::write(&ca, host.sh("cat /home/tech/.local/state/modelquay/sites/local1/ca.crt")).expect("writable");
    let health = format!(
        "curl -sS -o /dev/null -w '%{{http_code}}' --cacert {} https://{}:30900/minio/health/live",
        ca.display(),
        host.ip
    );
    assert_eq!(sh(&health), "200");

    let asked = host.asked_of_the_depot();
    let direct: Vec<&String> = asked.iter().filter(|line| !line.ends_with(" proxy")).collect();
    assert!(direct.is_empty(), "asked past the proxy: {direct:#?}");
    for part in [
        "GET /rke2/v1.36.5%2Brke2r1/rke2.linux-amd64.tar.gz",
        "GET /v2/pgsty/silo/manifests/",
        "GET /v2/minio/operator/manifests/",
    ] {
        assert!(asked.iter().any(|line| line.contains(part)), "{part} is not in {asked:#?}");
    }
}
