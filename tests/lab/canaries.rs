//! Secrets in passing: what anybody on the host could have seen of them while an install went on, and what it has
//! written down. `canary.rs` searches what lies there in the end.

use crate::canary::{patterns, secrets};
use crate::harness::{Host, wait_until};
use crate::product::{Product, Running};
use std::fs;
use std::io::Write as _;
use std::time::Duration;

/// In memory, so that what is searched for is on no disk of the host.
const HERE: &str = "/dev/shm/canaries";

/// Gathers the arguments and the environment of every process, about twice a second, each line once. What lives for
/// less than that is seen by chance; the journal, which `sudo` and `systemd` write to, has its arguments in any case.
const GATHER: &str = "cd /dev/shm/canaries && : > seen && \
    while [ ! -e stop ]; do \
      cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sort -u - seen > next; \
      mv next seen; echo >> looks; sleep 0.4; \
    done; : > done";

/// Places that are only in memory, and what is left of programs that crashed: nothing of a secret has to be there.
const PLACES: &str =
    "/dev/shm /run/modelquay /run/user /run/systemd /var/lib/systemd/coredump /var/crash /tmp /var/tmp";

/// Watches a host while something goes on there.
pub struct Eye<'h> {
    host: &'h Host,
}

impl<'h> Eye<'h> {
    /// Begins to watch.
    pub fn open(host: &'h Host) -> Self {
        host.sh(&format!(
            "rm -rf {HERE}; mkdir -m 700 {HERE}; setsid sh -c \"{}\" >/dev/null 2>&1 </dev/null &",
            GATHER.replace('\\', "\\\\")
        ));
        wait_until("the first look", Duration::from_mins(1), || host.holds(&format!("test -s {HERE}/looks")));
        Self { host }
    }

    /// Ends watching, and fails where a secret of the install was seen, or has been written down in passing. That the
    /// search finds what is there is shown by a secret of our own making.
    pub fn close(self, product: &Product) {
        let host = self.host;
        let planted = "canary-of-the-lab-0815";
        host.sh(&format!("setsid sh -c 'sleep 60; :' {planted} >/dev/null 2>&1 & systemd-cat -t canary echo {planted}; echo {planted} > /tmp/canary"));
        wait_until("the planted one", Duration::from_secs(55), || {
            host.holds(&format!("grep -qF {planted} {HERE}/seen"))
        });
        host.sh(&format!(": > {HERE}/stop"));
        wait_until("the last look", Duration::from_mins(1), || host.holds(&format!("test -e {HERE}/done")));
        let looks: usize = host.sh(&format!("wc -l < {HERE}/looks")).trim().parse().expect("a number");
        assert!(looks > 20, "{looks} looks");

        let found = self.found(&[planted.to_owned()]);
        for place in ["processes", "journal", "/tmp/canary"] {
            assert!(
                found.iter().any(|hit| hit.starts_with(place)),
                "what was planted was not found in {place}: {found:?}"
            );
        }
        host.sh("rm /tmp/canary");
        assert_eq!(self.found(&secrets(product)), Vec::<String>::new(), "on the host, in passing");
        println!("the host's processes were looked at {looks} times");
        host.sh(&format!("rm -r {HERE}"));
    }

    /// Where one of these was, in any form.
    fn found(&self, secrets: &[String]) -> Vec<String> {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(&patterns(secrets)).expect("it is writable");
        self.host.put(file.path(), &format!("{HERE}/patterns"), "root", "600");
        // The journal in clear: in its files long fields are compressed.
        let said = self.host.sh(&format!(
            "cd {HERE}; grep -aF -f patterns seen | cut -c1-120 | sed 's/^/processes: /'; \
             journalctl --sync 2>/dev/null; journalctl -a -q -o export --no-pager | grep -aF -f patterns | cut -c1-120 | sed 's/^/journal: /'; \
             grep -rlaF -f patterns --exclude-dir=canaries {PLACES} 2>/dev/null; true"
        ));
        said.lines().map(str::to_owned).collect()
    }
}

/// The product's own process gives its memory to nobody, also while it holds the password. It sees to that before
/// everything else, so that it has when it has said something.
pub fn closed(running: &Running<'_>) {
    if running.said().is_empty() {
        return;
    }
    let file = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", running.id())).unwrap_or_default();
    let limits = file("limits");
    // It may have ended in between.
    for core in limits.lines().filter(|line| line.starts_with("Max core file size")) {
        let words: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
        assert_eq!(words, ["0", "0"], "{core}");
    }
}
