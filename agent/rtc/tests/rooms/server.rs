//! A livekit-server of one test.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use livekit_token::{AccessToken, VideoGrants};

pub(crate) const KEY: &str = "testkey";
pub(crate) const SECRET: &str = "a-secret-of-more-than-thirty-two-letters";

/// Runs until it is dropped.
pub(crate) struct Server {
    program: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    /// Starts one on free ports, and waits until it answers.
    pub(crate) fn start() -> Self {
        Self::start_with(true)
    }

    /// The same, with media over TCP too or over UDP alone.
    pub(crate) fn start_with(media_over_tcp: bool) -> Self {
        let [port, tcp] = free_tcp_ports();
        let tcp = if media_over_tcp { tcp } else { 0 };
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "port: {port}\nbind_addresses: [127.0.0.1]\nkeys:\n  {KEY}: {SECRET}\nlogging:\n  level: info\nrtc:\n  \
             udp_port: {}\n  tcp_port: {tcp}\n  node_ip: 127.0.0.1\n  enable_loopback_candidate: true\n  \
             use_external_ip: false\n",
            free_udp_port()
        );
        std::fs::write(folder.path().join("livekit.yaml"), config).unwrap();
        let program = launch(&folder);
        let server = Self { program, folder, port };
        server.wait();
        server
    }

    /// Ends it at once, as a crash does, and starts it again on the same ports.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.program = launch(&self.folder);
        self.wait();
    }

    pub(crate) fn stop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address())
    }

    fn wait(&self) {
        let began = Instant::now();
        while TcpStream::connect(self.address()).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "livekit-server does not start:\n{}",
                self.log()
            );
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the server's last words:\n{}", self.log());
        }
        // Stopped already by a test that wanted it gone.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn launch(folder: &tempfile::TempDir) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
    let program = program();
    Command::new(&program)
        .arg("--config")
        .arg(folder.path().join("livekit.yaml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()))
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where the server is")]
fn program() -> PathBuf {
    let named = std::env::var("LIVEKIT_SERVER").map(PathBuf::from);
    let program = named.unwrap_or_else(|_| {
        let home = std::env::var("HOME").expect("HOME is set");
        PathBuf::from(home).join(".cache/colloquy/bin/livekit-server")
    });
    assert!(
        program.exists(),
        "there is no livekit-server at {}: run ./dev up, or set LIVEKIT_SERVER",
        program.display()
    );
    program
}

fn free_tcp_ports() -> [u16; 2] {
    let held = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

fn free_udp_port() -> u16 {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A token to join `room`.
pub(crate) fn token(room: &str, identity: &str) -> String {
    token_with(room, identity, SECRET, Duration::from_secs(600))
}

pub(crate) fn token_with(room: &str, identity: &str, secret: &str, lifetime: Duration) -> String {
    let grants = VideoGrants {
        room_join: true,
        room: room.into(),
        can_publish: Some(true),
        can_subscribe: Some(true),
        can_publish_data: Some(true),
        can_update_own_metadata: Some(true),
        ..VideoGrants::default()
    };
    AccessToken::with_api_key(KEY, secret)
        .with_identity(identity)
        .with_grants(grants)
        .with_ttl(lifetime)
        .to_jwt()
        .unwrap()
}
