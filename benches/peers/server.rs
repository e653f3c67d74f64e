//! The one MinIO that everything is carried to and from.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Its keys; it listens on loopback only and lives as long as the measurement.
pub const KEY: &str = "measured";
pub const SECRET: &str = "measured-0123456789";

/// The bucket that everything is carried to and from.
pub const BUCKET: &str = "bench";

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// The server, until it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    data: PathBuf,
}

impl Server {
    /// Starts it with its data in this directory.
    pub fn start(program: &Path, home: &Path) -> Result<Self, String> {
        let text = |e: std::io::Error| e.to_string();
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).map_err(text)?.port();
        // A bucket of a server with one drive is a directory.
        std::fs::create_dir_all(home.join("data").join(BUCKET)).map_err(text)?;
        let log = std::fs::File::create(home.join("log")).map_err(text)?;
        let child = Command::new(program)
            .args(["server", "--address", &format!("127.0.0.1:{port}"), "--console-address", "127.0.0.1:0"])
            .arg(home.join("data"))
            .env("HOME", home)
            .env("MINIO_ROOT_USER", KEY)
            .env("MINIO_ROOT_PASSWORD", SECRET)
            .env("MINIO_UPDATE", "off")
            .env("MINIO_CI_CD", "1")
            .env("MINIO_BROWSER", "off")
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(text)?)
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let server = Self { child, port, data: home.join("data") };
        // For whoever clears up behind a measurement that was ended from outside.
        std::fs::write(home.join("pid"), server.child.id().to_string()).map_err(text)?;
        server.wait(home)?;
        Ok(server)
    }

    /// Throws away what was deleted: the server does that by itself now and then, at the cost of whatever it is asked for
    /// at that time.
    pub fn settle(&self) {
        let trash = self.data.join(".minio.sys/tmp/.trash");
        for left in std::fs::read_dir(trash).into_iter().flatten().flatten() {
            // It may be at it by itself.
            let _ = std::fs::remove_dir_all(left.path());
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn wait(&self, home: &Path) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if answers(self.port) {
                return Ok(());
            }
            super::passes(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(home.join("log")).unwrap_or_default();
        Err(format!("the server does not answer; its log: {log}"))
    }
}

fn answers(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return false };
    let asked = stream.write_all(b"GET /minio/health/live HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.0 200")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
