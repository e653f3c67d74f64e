//! The closed set of scripts that may run on a host as root. Their texts lie in
//! `assets/templates/host/`; nothing else is ever run there.

macro_rules! scripts {
    ($($(#[$doc:meta])* $variant:ident = $file:literal;)*) => {
        /// A script of ours, written for a POSIX `sh`. Its arguments are positional and hold no
        /// secret and no line feed; a secret goes in by standard input.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ScriptId { $($(#[$doc])* $variant,)* }

        impl ScriptId {
            /// Every script.
            pub const ALL: &'static [ScriptId] = &[$(ScriptId::$variant,)*];

            /// The script's text.
            pub const fn text(self) -> &'static str {
                match self { $(ScriptId::$variant => include_str!(concat!("../../assets/templates/host/", $file)),)* }
            }

            /// The script's file name, which is its name in logs.
            pub const fn name(self) -> &'static str {
                match self { $(ScriptId::$variant => $file,)* }
            }
        }
    };
}

// Each script says at its own beginning, in full, what it takes, prints and ends with.
scripts! {
    /// Everything that is to be known about a host. Arguments: data directory. Output: `key=value`
    /// lines for [`crate::plan::facts::Facts::parse`]. Changes nothing; ends with 0.
    Facts = "facts.sh";
    /// Whether sources answer, asked from the host. Arguments: proxy or `-`, no-proxy list or `-`,
    /// seconds for one request. Input: the lines of `crate::plan::asked::questions`. Output: lines for
    /// `crate::plan::asked::answers`. Changes nothing; ends with 0.
    AskSources = "ask-sources.sh";
    /// The time of a synced 4 KiB write. Arguments: directory. Output: `sync_us=`, `sync_max_us=`,
    /// `sync_count=`, `sync_dir=`. Ends with 73 where nothing can be written.
    DiskSync = "disk-sync.sh";
    /// Sets kernel settings now. Arguments: `name=value`... Ends with 1 where one was not taken.
    SetKernel = "set-kernel.sh";
    /// Makes directories. Arguments: triples of mode, owner:group and path. Ends with 73 where
    /// something else, as a symbolic link, is in the place.
    MakeDirs = "make-dirs.sh";
    /// Unit: installs packages of the distribution. Arguments: seconds to wait for apt's lock, proxy or
    /// `-`, package... Ends with 69 without apt, 75 where the lock was not let go, else as apt-get.
    InstallPackages = "install-packages.sh";
    /// Unit: fetches a file, resumable. Arguments: target, sha256 or `-`, url, url of a checksum file or
    /// `-`, proxy or `-`, extra CA file on the host or `-`, no-proxy list or `-`. Output: among
    /// sentences, lines `progress BYTES TOTAL` (`-` while not known) and at the end `sha256 HEX NAME`.
    /// Ends with 65 wrong checksum (the file is gone), 66 not named by the checksum file, 69 refused by
    /// the source, 73 cannot be written, 75 given up after many tries, 76 certificate not verified.
    Fetch = "fetch.sh";
    /// Unit: runs RKE2's verified install script. Arguments: script, its sha256, version, directory
    /// with the verified `rke2.linux-ARCH.tar.gz` and `sha256sum-ARCH.txt`. Ends with 65 where the
    /// script is not the verified one, else as the script.
    RunInstaller = "run-installer.sh";
    /// Reloads systemd, enables RKE2 and starts it without waiting. Arguments: `start` (leaves a
    /// running one alone) or `restart`.
    StartCluster = "start-cluster.sh";
    /// How far RKE2's start has come. Arguments: journal cursor or `-`. Output: `key=value` lines with
    /// the keys `service`, `restarts`, `result`, `since_us`, `status`, `archives`, `archives_done`,
    /// `images`, `pulling`, `etcd`, `api`, `api_says`, `cni`, `node`, `node_says`, `pods`, `containerd`
    /// (repeated), `log` (repeated), `cursor`, `end`; what cannot be told is left out.
    ClusterProgress = "cluster-progress.sh";
    /// Reloads `NetworkManager` after its configuration changed. Ends with 0 where it does not run.
    ReloadNetworkManager = "reload-network-manager.sh";
    /// The right to change a host; see [`super::lease`], whose functions are the way to ask for it.
    Lease = "lease.sh";
    /// Adds standard input to a file. Arguments: path, mode of a new file, its size so far. Output: its size after it.
    /// Ends with 17 where it has another size, which is printed.
    Append = "append.sh";
    /// A piece of a file. Arguments: path, offset, most bytes. Output: the whole size in a line, then the piece. Changes
    /// nothing.
    ReadFrom = "read-from.sh";
    /// The runs that are kept on the host. Argument: the directory of sites. Output: lines `SITE RUN`. Changes nothing.
    Runs = "runs.sh";
    /// Unpacks the program that was sent to the host. Arguments: packed file, target, SHA-256 of the target. Ends with 65
    /// where it is another one, 69 without gzip, 126 where it does not run.
    Program = "program.sh";
    /// Unit: goes on with a run on the host itself. Arguments: program, its state's directory, site, for whom. Ends as
    /// `resume` does.
    Engine = "engine.sh";
    /// What a host can say about itself: journals, logs, disks, our units. Arguments: bytes of each piece's
    /// end, how many of our units, `gzip` or `-`. Output: pieces for [`crate::plan::report::host::pieces`], which
    /// may hold secrets. Changes nothing; ends with 0, or 73 where no temporary file can be made.
    Report = "report.sh";
}

impl ScriptId {
    /// Whether it needs the right to change the host. The lease looks after itself.
    pub const fn changes(self) -> bool {
        !matches!(
            self,
            Self::Facts
                | Self::AskSources
                | Self::DiskSync
                | Self::ClusterProgress
                | Self::Lease
                | Self::ReadFrom
                | Self::Report
                | Self::Runs
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::asked;
    use crate::plan::facts::Facts;
    use crate::plan::report;
    use std::process::{Command, Output, Stdio};

    /// Runs a script on this machine as a runner does: its text by `-c`, its arguments after a name.
    fn run(script: ScriptId, args: &[&str]) -> Output {
        Command::new("sh")
            .args(["-c", script.text(), script.name()])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("every machine that builds this has a shell")
    }

    #[test]
    fn a_shell_understands_every_script() {
        for script in ScriptId::ALL {
            let output = Command::new("sh").args(["-n", "-c", script.text()]).output().expect("a shell");
            assert!(output.status.success(), "{}: {}", script.name(), String::from_utf8_lossy(&output.stderr));
            assert!(script.text().starts_with("#!/bin/sh\n"), "{} does not say what runs it", script.name());
        }
    }

    #[test]
    fn the_facts_of_this_machine_come_whole_and_without_a_rest() {
        let output = run(ScriptId::Facts, &["/var/lib/modelquay-data"]);
        let facts = Facts::parse(&output.stdout);
        assert!(facts.complete && output.status.success());
        assert_eq!(facts.unknown, []);
        assert!(facts.clock_ms.is_some_and(|ms| ms > 1_700_000_000_000));
        assert!(facts.memory.is_some_and(|bytes| bytes > 1 << 20) && !facts.kernel.is_empty());
        assert!(facts.disk("/var/lib/rancher").is_some_and(|disk| disk.size > 0));
    }

    #[test]
    fn this_machine_says_what_it_can_in_bounded_pieces() {
        let output = run(ScriptId::Report, &["2000", "3", "-"]);
        assert!(output.status.success());
        let (pieces, whole) = report::host::pieces(&output.stdout);
        assert!(whole, "{}", String::from_utf8_lossy(&output.stdout));
        assert!(pieces.iter().all(|piece| piece.bytes.len() <= 2000));
        let load = pieces.iter().find(|piece| piece.name == "load.txt").expect("every machine has one");
        assert!(String::from_utf8_lossy(&load.bytes).contains("$ cat /proc/loadavg"), "{load:?}");
    }

    #[test]
    fn a_hostile_name_forges_no_line_and_no_field() {
        let name = "/nowhere/a\nselinux=Enforcing\tb";
        let output = run(ScriptId::Facts, &[name]);
        let forged = |line: &[u8]| line.starts_with(b"selinux=Enforcing\tb");
        assert!(!output.stdout.split(|b| *b == b'\n').any(forged));
        let facts = Facts::parse(&output.stdout);
        assert!(facts.complete);
        assert!(facts.disk("/nowhere/a?selinux=Enforcing?b").is_some(), "{:?}", facts.disks);
    }

    #[test]
    fn the_disk_probe_measures_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().to_str().expect("a plain name");
        let output = run(ScriptId::DiskSync, &[&format!("{path}/not/there/yet")]);
        let sync = asked::disk_sync(&output.stdout).expect("figures");
        assert_eq!(sync.directory, path);
        assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 0);
    }

    #[test]
    fn wrong_arguments_are_refused_and_change_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().to_str().expect("a plain name");
        for (script, args) in [
            (ScriptId::SetKernel, vec!["../../etc/x=1"]),
            (ScriptId::SetKernel, vec!["fs.inotify.max_user_instances"]),
            (ScriptId::MakeDirs, vec!["0700", "root:root"]),
            (ScriptId::MakeDirs, vec!["0700", "root:root", "relative"]),
            (ScriptId::InstallPackages, vec!["1", "-", "--purge"]),
            (ScriptId::StartCluster, vec!["stop"]),
            (ScriptId::Fetch, vec![path]),
            (ScriptId::Report, vec!["many", "3"]),
        ] {
            assert_eq!(run(script, &args).status.code(), Some(64), "{} {args:?}", script.name());
        }
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/", &link).expect("a link");
        let output = run(ScriptId::MakeDirs, &["0700", "root:root", link.to_str().expect("plain")]);
        assert_eq!(output.status.code(), Some(73));
        let changed = run(ScriptId::RunInstaller, &["/proc/version", "00", "v1", path]);
        assert_eq!(changed.status.code(), Some(65));
    }
}
