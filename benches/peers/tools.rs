//! The clients, and how each is told to do the same.

use super::server::{BUCKET, KEY, SECRET};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    Modelquay,
    S5cmd,
    Rclone,
    Mc,
    Stu,
}

impl Tool {
    pub const ALL: [Self; 5] = [Self::Modelquay, Self::S5cmd, Self::Rclone, Self::Mc, Self::Stu];

    pub fn name(self) -> &'static str {
        match self {
            Self::Modelquay => "modelquay",
            Self::S5cmd => "s5cmd",
            Self::Rclone => "rclone",
            Self::Mc => "mc",
            Self::Stu => "stu",
        }
    }

    /// Whether it carries both ways, without a terminal.
    pub fn carries(self) -> bool {
        self != Self::Stu
    }
}

/// What can be asked of one.
#[derive(Clone, Debug)]
pub enum Task<'a> {
    /// An object into a file.
    Get { key: &'a str, to: &'a Path },
    /// A file into an object.
    Put { from: &'a Path, key: &'a str },
    /// Everything under a prefix into a directory.
    GetAll { prefix: &'a str, to: &'a Path },
    /// A directory under a prefix.
    PutAll { from: &'a Path, prefix: &'a str },
    /// All keys under a prefix of this bucket, as lines.
    List { bucket: &'a str, prefix: &'a str },
    /// All keys under a prefix of this bucket are deleted.
    Remove { bucket: &'a str, prefix: &'a str },
}

/// Where the clients lie, and their home.
pub struct Tools {
    programs: BTreeMap<Tool, PathBuf>,
    home: PathBuf,
}

impl Tools {
    /// This program and the peers, where a variable says that they lie; `PEER_MODELQUAY` names another build of it.
    pub fn found(home: &Path) -> Self {
        let variable = |tool: Tool| std::env::var_os(format!("PEER_{}", tool.name().to_uppercase()));
        let peers = Tool::ALL.into_iter().filter_map(|tool| Some((tool, PathBuf::from(variable(tool)?))));
        let own = (Tool::Modelquay, PathBuf::from(env!("CARGO_BIN_EXE_modelquay")));
        Self { programs: [own].into_iter().chain(peers).collect(), home: home.to_owned() }
    }

    pub fn has(&self, tool: Tool) -> bool {
        self.programs.contains_key(&tool)
    }

    /// The program as an argument.
    pub fn program(&self, tool: Tool) -> String {
        self.programs.get(&tool).map(|path| path.display().to_string()).unwrap_or_default()
    }

    /// Sets what all of them are told of the server at `url`: the environment holds nothing else but `PATH`.
    pub fn environment(&self, url: &str, command: &mut Command) {
        let keyed = url.replacen("://", &format!("://{KEY}:{SECRET}@"), 1);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.home).env("TMPDIR", &self.home).env("LANG", "C.UTF-8").env("TERM", "xterm-256color");
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_REGION", "us-east-1");
        command.env("RCLONE_CONFIG_B_TYPE", "s3").env("RCLONE_CONFIG_B_PROVIDER", "Minio");
        command.env("RCLONE_CONFIG_B_ENV_AUTH", "true").env("RCLONE_CONFIG_B_ENDPOINT", url);
        command.env("RCLONE_CONFIG", self.home.join("rclone.conf"));
        command.env("MC_HOST_b", keyed).env("MC_CONFIG_DIR", self.home.join("mc"));
    }

    /// The command line for a task at the server at `url`, each with its own defaults.
    pub fn command(&self, tool: Tool, url: &str, task: &Task<'_>) -> Vec<String> {
        let arguments = match tool {
            Tool::Modelquay => own(url, task),
            Tool::S5cmd => s5cmd(url, task),
            Tool::Rclone => rclone(task),
            Tool::Mc => mc(task),
            Tool::Stu => Vec::new(),
        };
        [self.program(tool)].into_iter().chain(arguments).collect()
    }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

fn own(url: &str, task: &Task<'_>) -> Vec<String> {
    let s3 = |of: Vec<String>| [words(["s3", "--endpoint", url]), of].concat();
    s3(match task {
        Task::Get { key, to } => words(["get", &format!("s3://{BUCKET}/{key}"), &to.display().to_string()]),
        Task::Put { from, key } => words(["put", &from.display().to_string(), &format!("s3://{BUCKET}/{key}")]),
        Task::GetAll { prefix, to } => {
            words(["get", "-r", &format!("s3://{BUCKET}/{prefix}"), &to.display().to_string()])
        }
        Task::PutAll { from, prefix } => {
            words(["put", "-r", &from.display().to_string(), &format!("s3://{BUCKET}/{prefix}")])
        }
        Task::List { bucket, prefix } => words(["ls", "-r", &format!("s3://{bucket}/{prefix}")]),
        Task::Remove { bucket, prefix } => words(["rm", "-r", "--yes", &format!("s3://{bucket}/{prefix}")]),
    })
}

fn s5cmd(url: &str, task: &Task<'_>) -> Vec<String> {
    let all = |of: Vec<String>| [words(["--endpoint-url", url]), of].concat();
    all(match task {
        Task::Get { key, to } => words(["cp", &format!("s3://{BUCKET}/{key}"), &to.display().to_string()]),
        Task::Put { from, key } => words(["cp", &from.display().to_string(), &format!("s3://{BUCKET}/{key}")]),
        Task::GetAll { prefix, to } => {
            words(["cp", &format!("s3://{BUCKET}/{prefix}*"), &format!("{}/", to.display())])
        }
        Task::PutAll { from, prefix } => {
            words(["cp", &format!("{}/", from.display()), &format!("s3://{BUCKET}/{prefix}")])
        }
        Task::List { bucket, prefix } => words(["ls", &format!("s3://{bucket}/{prefix}*")]),
        Task::Remove { bucket, prefix } => words(["rm", &format!("s3://{bucket}/{prefix}*")]),
    })
}

fn rclone(task: &Task<'_>) -> Vec<String> {
    match task {
        Task::Get { key, to } => words(["copyto", &format!("b:{BUCKET}/{key}"), &to.display().to_string()]),
        Task::Put { from, key } => words(["copyto", &from.display().to_string(), &format!("b:{BUCKET}/{key}")]),
        Task::GetAll { prefix, to } => words(["copy", &format!("b:{BUCKET}/{prefix}"), &to.display().to_string()]),
        Task::PutAll { from, prefix } => words(["copy", &from.display().to_string(), &format!("b:{BUCKET}/{prefix}")]),
        Task::List { bucket, prefix } => words(["lsf", "-R", "--fast-list", &format!("b:{bucket}/{prefix}")]),
        Task::Remove { bucket, prefix } => words(["delete", &format!("b:{bucket}/{prefix}")]),
    }
}

fn mc(task: &Task<'_>) -> Vec<String> {
    let quiet = |of: Vec<String>| [words(["--quiet", "--disable-pager"]), of].concat();
    quiet(match task {
        Task::Get { key, to } => words(["cp", &format!("b/{BUCKET}/{key}"), &to.display().to_string()]),
        Task::Put { from, key } => words(["cp", &from.display().to_string(), &format!("b/{BUCKET}/{key}")]),
        Task::GetAll { prefix, to } => {
            words(["cp", "-r", &format!("b/{BUCKET}/{prefix}"), &format!("{}/", to.display())])
        }
        Task::PutAll { from, prefix } => {
            words(["cp", "-r", &format!("{}/", from.display()), &format!("b/{BUCKET}/{prefix}")])
        }
        Task::List { bucket, prefix } => words(["ls", "-r", &format!("b/{bucket}/{prefix}")]),
        Task::Remove { bucket, prefix } => words(["rm", "-r", "--force", &format!("b/{bucket}/{prefix}")]),
    })
}
