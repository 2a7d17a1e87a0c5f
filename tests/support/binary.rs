//! The `pixelgate` binary as a process: what it says, how it ends, and the worlds it may be started in.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pixelgate::client::{Options, Trust};
use pixelgate::wire::Role;
use serde::Deserialize;
use tempfile::TempDir;

use super::{PATIENCE, Via};

const BINARY: &str = env!("CARGO_BIN_EXE_pixelgate");

/// Often enough to measure by.
const LOOK: Duration = Duration::from_millis(2);

/// A process, killed when the test is over.
pub struct Binary {
    child: Child,
    home: TempDir,
    started: Instant,
}

/// How a process has ended.
#[derive(Debug)]
pub struct Over {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    /// From the start.
    pub took: Duration,
}

/// The announced line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    pub http: SocketAddr,
    pub https: SocketAddr,
    pub quic: SocketAddr,
    pub streamer: SocketAddr,
    pub sfu: SocketAddr,
    pub admin: SocketAddr,
    pub certificate_hashes: Vec<String>,
}

/// How a process is to be started.
pub struct Start {
    home: TempDir,
    /// Commands that begin the world in which the binary runs, each given the rest as its arguments.
    around: Vec<OsString>,
    args: Vec<OsString>,
    env: Vec<(&'static str, String)>,
    stdin: Option<File>,
}

impl Start {
    /// `pixelgate` with these arguments.
    pub fn with<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        Self { home, around: Vec::new(), args, env: Vec::new(), stdin: None }
    }

    /// `pixelgate serve` on free ports, announced in a file, with its certificate beside that.
    pub fn serve() -> Self {
        let mut start = Self::with(["serve"]);
        for listener in ["http", "https", "streamer", "sfu", "admin"] {
            start = start.arg(format!("--{listener}")).arg("127.0.0.1:0");
        }
        let (announce, certs) = (start.home.path().join(ANNOUNCE), start.home.path().join("certs"));
        start.arg("--announce").arg(announce).arg("--cert-dir").arg(certs)
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Replaces what follows a flag that was given.
    pub fn but(mut self, flag: &str, value: impl AsRef<OsStr>) -> Self {
        let at = self.args.iter().position(|arg| arg == flag).expect("the flag was given");
        self.args[at + 1] = value.as_ref().to_owned();
        self
    }

    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Puts a file into the folder where it is started.
    pub fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("room");
        fs::write(path, text).expect("room");
        self
    }

    /// With this on standard input.
    pub fn stdin(mut self, text: &str) -> Self {
        let path = self.home.path().join("stdin");
        fs::write(&path, text).expect("room");
        self.stdin = Some(File::open(path).expect("just written"));
        self
    }

    /// A reference server on free ports, announced in a file.
    pub fn reference<A: AsRef<OsStr>>(server: &str, args: impl IntoIterator<Item = A>) -> Self {
        let start = Self::with([server]);
        let announce = start.home.path().join(ANNOUNCE);
        let ports: &[&str] = match server {
            "wilbur" => &["--player_port=0", "--streamer_port=0", "--sfu_port=0"],
            _ => &["--HttpPort=0", "--StreamerPort=0", "--SFUPort=0"],
        };
        let start = ports.iter().fold(start, Self::arg).arg("--announce").arg(announce);
        args.into_iter().fold(start, Self::arg)
    }

    /// In a mount namespace of its own, where a small or read-only file system of that kind (`mount -o`) is at `at`.
    pub fn with_tmpfs(mut self, at: &Path, options: &str) -> Self {
        // A user who is not root may do so in a namespace in which it is.
        let namespace: &[&str] = if is_root() { &["--mount"] } else { &["--mount", "--map-root-user"] };
        let script = r#"mount -t tmpfs -o "$1" pixelgate "$2" && shift 2 && exec "$@""#;
        self.around.push(tool("unshare").into());
        self.around.extend(namespace.iter().map(Into::into));
        self.around.extend(["--", "sh", "-c", script, "sh", options].map(Into::into));
        self.around.push(at.into());
        self
    }

    /// As a user whom permissions bind: root without the capabilities that overrule them.
    pub fn bound_by_permissions(mut self) -> Self {
        if is_root() {
            self.around
                .extend([tool("setpriv"), "--bounding-set=-dac_override,-dac_read_search".into()].map(Into::into));
        }
        self
    }

    pub fn spawn(self) -> Binary {
        let Self { home, mut around, args, env, stdin } = self;
        around.push(BINARY.into());
        let mut command = Command::new(&around[0]);
        command
            .args(&around[1..])
            .args(args)
            .envs(env)
            .current_dir(home.path())
            .stdin(stdin.map_or_else(Stdio::null, Stdio::from));
        command.stdout(File::create(home.path().join("stdout")).expect("room"));
        command.stderr(File::create(home.path().join("stderr")).expect("room"));
        let started = Instant::now();
        let child = command.spawn().expect("the binary is there");
        Binary { child, home, started }
    }
}

const ANNOUNCE: &str = "announce.json";

impl Binary {
    /// Where it was started, with what it said and keeps.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn announce_file(&self) -> PathBuf {
        self.home.path().join(ANNOUNCE)
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn started(&self) -> Instant {
        self.started
    }

    /// Waits until the addresses are announced in the file.
    pub fn announced(&mut self) -> Announced {
        let file = self.announce_file();
        let line = self.until("the announcement", || fs::read_to_string(&file).ok());
        serde_json::from_str(&line).expect("the whole line, however early it is read")
    }

    /// The same, as it is written: not everything need listen.
    pub fn announcement(&mut self) -> serde_json::Value {
        let file = self.announce_file();
        let line = self.until("the announcement", || fs::read_to_string(&file).ok());
        serde_json::from_str(&line).expect("the whole line, however early it is read")
    }

    /// Waits until it has said that.
    pub fn says(&mut self, text: &str) -> String {
        let stderr = self.home.path().join("stderr");
        self.until(text, || fs::read_to_string(&stderr).ok().filter(|said| said.contains(text)))
    }

    /// Sends itself a signal, by name.
    pub fn signal(&self, name: &str) {
        // The shell's own command: no other package has to be there.
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success(), "{kill}");
    }

    /// Waits for the end.
    pub fn over(mut self) -> Over {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("our child") {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end; it said\n{}", self.said());
            sleep(LOOK);
        };
        let took = self.started.elapsed();
        Over { status, stdout: self.stdout(), stderr: self.stderr(), took }
    }

    pub fn stdout(&self) -> String {
        fs::read_to_string(self.home.path().join("stdout")).expect("text")
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(self.home.path().join("stderr")).expect("text")
    }

    /// Waits until there is something to be had of a process that lives.
    pub fn until<T>(&mut self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            let ended = self.child.try_wait().expect("our child");
            assert!(ended.is_none(), "ended ({ended:?}) before {what}; it said\n{}", self.said());
            assert!(Instant::now() < deadline, "waited for {what}; it said\n{}", self.said());
            sleep(LOOK);
        }
    }

    fn said(&self) -> String {
        format!("{}{}", self.stdout(), self.stderr())
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // An error means that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Announced {
    pub fn url(&self, via: Via, role: Role) -> String {
        let (scheme, addr) = match via {
            Via::Ws => ("ws", self.http),
            Via::Wss => ("wss", self.https),
            Via::WebTransport => ("https", self.quic),
            Via::Quic => ("quic", self.quic),
        };
        format!("{scheme}://{addr}/{role}")
    }

    /// How a client believes the development certificate.
    pub fn options(&self) -> Options {
        Options {
            trust: Trust::Hashes(self.certificate_hashes.iter().map(|hash| parse(hash)).collect()),
            ..Options::default()
        }
    }
}

fn parse(hash: &str) -> [u8; 32] {
    assert_eq!(hash.len(), 64, "{hash}");
    std::array::from_fn(|at| u8::from_str_radix(&hash[2 * at..2 * at + 2], 16).expect("hex digits"))
}

/// A program of another package. A test that needs one and lacks it has failed: tests/run installs them.
pub fn tool(name: &str) -> String {
    let there = |folder: &&str| Path::new(folder).join(name).is_file();
    let folder = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].into_iter().find(there);
    let folder = folder.unwrap_or_else(|| panic!("{name} is missing; `tests/run rust` installs what the tests need"));
    format!("{folder}/{name}")
}

pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
