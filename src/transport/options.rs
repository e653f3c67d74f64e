//! What OpenSSH is told on its command line, over the user's own configuration.
//!
//! Whatever of that could hurt the host or the run is switched off; a setting that is stricter than
//! ours is kept. `ssh -G` tells what the configuration comes to.

use crate::plan::site::SshReach;
use std::collections::BTreeMap;
use std::path::Path;

/// Seconds between keep-alives, and how many may be lost: a dead link is noticed after 12 to 16 s, where 20 s are promised.
const ALIVE_INTERVAL: u32 = 4;
const ALIVE_COUNT: u32 = 3;

/// Seconds until a host that does not answer is given up.
const CONNECT_TIMEOUT: u32 = 15;

/// The effective configuration for a destination, as `ssh -G` prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective(BTreeMap<String, String>);

impl Effective {
    /// Reads `ssh -G`'s lines. Of repeated keys the first counts, as it does for OpenSSH.
    pub fn parse(text: &str) -> Self {
        let mut values = BTreeMap::new();
        for line in text.lines() {
            if let Some((key, value)) = line.split_once(' ') {
                values.entry(key.to_ascii_lowercase()).or_insert_with(|| value.to_owned());
            }
        }
        Self(values)
    }

    /// A value, or the empty text.
    pub fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    fn number(&self, key: &str) -> Option<u32> {
        self.get(key).parse().ok().filter(|n| *n > 0)
    }

    /// Files of known hosts in the user's order.
    pub fn known_hosts(&self) -> Vec<&str> {
        self.get("userknownhostsfile").split(' ').filter(|file| !file.is_empty() && *file != "none").collect()
    }
}

/// How the destination is named to `ssh`, for `ssh -G` and for the master alike.
pub fn destination(reach: &SshReach) -> (Vec<String>, String) {
    let mut args = Vec::new();
    let mut flag = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            args.extend([flag.to_owned(), value]);
        }
    };
    flag("-F", reach.config.clone());
    flag("-p", reach.port.map(|port| port.to_string()));
    flag("-i", reach.identity.clone());
    flag("-J", reach.jump.clone());
    (args, reach.destination.clone())
}

/// Files of one master.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// Its control socket.
    pub control: &'a Path,
    /// Its log.
    pub log: &'a Path,
    /// The run's own file of known hosts.
    pub known_hosts: &'a Path,
}

/// The master's arguments. `again` says that the host was connected to in this run before: its key is
/// known, and an unknown one is no question any more.
pub fn master(reach: &SshReach, user: &Effective, files: Files<'_>, again: bool) -> Vec<String> {
    let (mut args, destination) = destination(reach);
    args.extend(["-M", "-N", "-T", "-S"].map(str::to_owned));
    args.push(unexpanded(files.control));
    args.extend(["-E".to_owned(), files.log.display().to_string()]);

    let strict = again || matches!(user.get("stricthostkeychecking"), "yes" | "true");
    let mut known = vec![format!("\"{}\"", unexpanded(files.known_hosts))];
    known.extend(user.known_hosts().iter().map(|file| format!("\"{file}\"")));
    let shorter = |key: &str, ours: u32| user.number(key).map_or(ours, |theirs| theirs.min(ours)).to_string();
    let options = [
        ("ControlPersist", "no".to_owned()),
        // Nothing of the user's that opens a way from the host to this computer, or runs anything.
        ("ForwardAgent", "no".to_owned()),
        ("ForwardX11", "no".to_owned()),
        ("ClearAllForwardings", "yes".to_owned()),
        ("GSSAPIDelegateCredentials", "no".to_owned()),
        ("Tunnel", "no".to_owned()),
        ("RemoteCommand", "none".to_owned()),
        ("RequestTTY", "no".to_owned()),
        ("PermitLocalCommand", "no".to_owned()),
        ("ForkAfterAuthentication", "no".to_owned()),
        ("EnableEscapeCommandline", "no".to_owned()),
        ("ExitOnForwardFailure", "no".to_owned()),
        // Forwarded sockets are for this user alone.
        ("StreamLocalBindMask", "0177".to_owned()),
        ("StreamLocalBindUnlink", "yes".to_owned()),
        // What is weaker than ours becomes ours; what is stricter stays.
        ("StrictHostKeyChecking", if strict { "yes" } else { "ask" }.to_owned()),
        // Keys accepted in this run are written to the first file, the run's own.
        ("UserKnownHostsFile", known.join(" ")),
        ("UpdateHostKeys", "no".to_owned()),
        ("VisualHostKey", "no".to_owned()),
        ("ServerAliveInterval", shorter("serveraliveinterval", ALIVE_INTERVAL)),
        ("ServerAliveCountMax", shorter("serveralivecountmax", ALIVE_COUNT)),
        ("ConnectTimeout", shorter("connecttimeout", CONNECT_TIMEOUT)),
        ("NumberOfPasswordPrompts", shorter("numberofpasswordprompts", 3)),
        // Its log is read to explain failures: a quiet one would say nothing.
        ("LogLevel", "INFO".to_owned()),
    ];
    for (name, value) in options {
        // An older OpenSSH refuses what it does not know; `-G` lists what it knows, but for what is
        // only listed when it is set.
        let known = user.0.contains_key(&name.to_ascii_lowercase());
        if known || !matches!(name, "ForkAfterAuthentication" | "EnableEscapeCommandline" | "GSSAPIDelegateCredentials")
        {
            args.extend(["-o".to_owned(), format!("{name}={value}")]);
        }
    }
    args.extend(["--".to_owned(), destination]);
    args
}

/// A path in which OpenSSH finds nothing to expand.
fn unexpanded(path: &Path) -> String {
    path.display().to_string().replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files<'static> {
        Files { control: Path::new("/run/x/ctl"), log: Path::new("/run/x/log"), known_hosts: Path::new("/run/x/known") }
    }

    fn value(args: &[String], name: &str) -> Option<String> {
        args.iter().find_map(|arg| arg.strip_prefix(&format!("{name}=")).map(str::to_owned))
    }

    #[test]
    fn what_could_hurt_is_off_whatever_the_user_has() {
        let user = Effective::parse(
            "forwardagent yes\nremotecommand rm -rf /\nrequesttty force\npermitlocalcommand yes\n\
             stricthostkeychecking accept-new\nserveraliveinterval 0\nuserknownhostsfile /u/a /u/b\n",
        );
        let reach = SshReach { destination: "tech@edge".into(), port: Some(2222), ..SshReach::default() };
        let args = master(&reach, &user, files(), false);
        for (name, wanted) in [
            ("ForwardAgent", "no"),
            ("ForwardX11", "no"),
            ("ClearAllForwardings", "yes"),
            ("RemoteCommand", "none"),
            ("RequestTTY", "no"),
            ("PermitLocalCommand", "no"),
            ("StrictHostKeyChecking", "ask"),
            ("ServerAliveInterval", "4"),
            ("UserKnownHostsFile", "\"/run/x/known\" \"/u/a\" \"/u/b\""),
        ] {
            assert_eq!(value(&args, name).as_deref(), Some(wanted), "{name}");
        }
        assert_eq!(args[..2], ["-p", "2222"]);
        assert_eq!(args[args.len() - 2..], ["--", "tech@edge"], "a destination is never taken for an option");
        assert_eq!(value(&args, "ForkAfterAuthentication"), None, "this OpenSSH does not know it");
    }

    #[test]
    fn what_is_stricter_than_ours_stays() {
        let user = Effective::parse(
            "stricthostkeychecking true\nserveraliveinterval 2\nserveralivecountmax 9\nconnecttimeout 4\n",
        );
        let args = master(&SshReach::default(), &user, files(), false);
        assert_eq!(value(&args, "StrictHostKeyChecking").as_deref(), Some("yes"));
        assert_eq!(value(&args, "ServerAliveInterval").as_deref(), Some("2"));
        assert_eq!(value(&args, "ServerAliveCountMax").as_deref(), Some("3"));
        assert_eq!(value(&args, "ConnectTimeout").as_deref(), Some("4"));
    }

    #[test]
    fn a_reconnect_takes_no_unknown_key() {
        let user = Effective::parse("stricthostkeychecking ask\n");
        let args = master(&SshReach::default(), &user, files(), true);
        assert_eq!(value(&args, "StrictHostKeyChecking").as_deref(), Some("yes"));
    }
}
