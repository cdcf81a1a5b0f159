//! The program as an operator meets it: what it prints, how it ends, what its endpoints answer.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::support::{AgentServer, within};
use tokio::process::{Child, Command as Spawn};
use tokio_tungstenite::tungstenite::http::StatusCode;

/// The fakes, so that nothing needs to be installed.
const FAKES: [&str; 6] =
    ["--set", "stt.provider=fake", "--set", "llm.provider=fake", "--set", "tts.provider=fake"];

#[test]
fn the_effective_configuration_is_printed_with_its_sources_and_without_secrets() {
    let mut command = agent(&["--print-config", "--set", "worker.slots=3"]);
    let output = command.env("LIVEKIT_API_SECRET", "hush").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let line =
        |key: &str| text.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap().to_owned();
    assert!(line("slots").contains("# command line"), "{text}");
    assert!(line("api_secret").contains("# variable LIVEKIT_API_SECRET"), "{text}");
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn what_is_wrong_decides_the_exit_code_and_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = format!("http.bind={}", taken.local_addr().unwrap());
    let down = free_address();
    let url = format!("livekit.url=ws://{down}");
    let refused = down.to_string();
    for (arguments, code, said) in [
        (vec!["no-such-command"], 2, "unrecognized subcommand"),
        (vec!["start", "--config", "no/such/file.toml"], 3, "no/such/file.toml"),
        (vec!["start", "--set", "worker.slot=3"], 3, "did you mean slots?"),
        (vec!["start", "--set", "livekit.api_key="], 3, "set the variable LIVEKIT_API_KEY"),
        (vec!["start", "--set", "logging.filter=a=b=c"], 3, "logging.filter"),
        (vec!["check-config", "--set", "llm.local.intents=no/such/intents.toml"], 3, "no/such/intents.toml"),
        (
            vec![
                "start",
                "--set",
                "http.bind=",
                "--set",
                &url,
                "--set",
                "llm.provider=local",
                "--set",
                "llm.local.intents=no/such/intents.toml",
            ],
            3,
            "no/such/intents.toml",
        ),
        (vec!["start", "--set", &bind], 5, "http.bind"),
        (vec!["start", "--fail-fast", "--set", "http.bind=", "--set", &url], 4, &refused),
        (vec!["connect", "--room", "a", "--set", &url], 4, &refused),
        (vec!["start", "--set", "livekit.url=ws://me:hush@host"], 3, "a URL without user and password"),
        (vec!["console", "--in", "no/such.wav", "--out", "/dev/null"], 1, "no/such.wav"),
        (vec!["playground", "--bind", "0.0.0.0:0"], 5, "loopback"),
    ] {
        let output = agent(&FAKES).args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(said), "{arguments:?}: {}", text(&output));
        assert!(!text(&output).contains("hush"), "{arguments:?}: {}", text(&output));
    }
}

#[tokio::test]
async fn a_room_that_cannot_be_joined_is_told_as_a_registration_that_fails() {
    for (status, said) in [
        (StatusCode::UNAUTHORIZED, "refused the key (401): check LIVEKIT_API_KEY and LIVEKIT_API_SECRET"),
        (StatusCode::BAD_REQUEST, "answered 400 Bad Request: check LIVEKIT_URL"),
    ] {
        let server = AgentServer::start().await;
        let child = Spawn::from(agent(&FAKES))
            .args(["connect", "--room", "a", "--set", &format!("livekit.url={}", server.url())])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let refuse = async {
            loop {
                server.refuse(status).await;
            }
        };
        let output = tokio::select! {
            output = within(child.wait_with_output()) => output.unwrap(),
            () = refuse => unreachable!("it refuses for ever"),
        };
        assert_eq!(output.status.code(), Some(4), "{}", text(&output));
        assert!(text(&output).contains(said), "{}", text(&output));
    }
}

#[test]
fn a_configuration_that_is_fine_is_said_to_be() {
    let output = agent(&FAKES).arg("check-config").output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output).trim()),
        (Some(0), "the configuration is fine"),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_worker_is_ready_when_it_is_registered_and_drains_on_sigterm() {
    let server = AgentServer::start().await;
    let address = free_address();
    let mut child = start(&server, address);
    let mut link = server.accept().await;
    within(answers(address, "/healthz", 200)).await;
    let (status, text) = get(address, "/readyz").unwrap();
    assert_eq!((status, text.as_str()), (503, "not registered with the LiveKit server"));
    link.receive().await;
    link.register("AW_1").await;
    within(answers(address, "/readyz", 200)).await;
    let (_, worker) = get(address, "/worker").unwrap();
    let worker: serde_json::Value = serde_json::from_str(&worker).unwrap();
    assert_eq!(worker["worker_id"], "AW_1");
    assert_eq!(worker["active_jobs"], 0);
    assert_eq!(worker["worker_type"], "JT_ROOM");
    let (_, metrics) = get(address, "/metrics").unwrap();
    assert!(metrics.contains("colloquy_registered 1\n"), "{metrics}");
    assert!(metrics.contains("colloquy_jobs_ended_total{status=\"failed\"} 0\n"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");

    terminate(&child);
    link.closed().await;
    assert_eq!(within(child.wait()).await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_supervised_worker_ends_with_its_supervisor() {
    let server = AgentServer::start().await;
    let mut child = Spawn::from(agent(&FAKES))
        .args([
            "start",
            "--supervised",
            "--set",
            "http.bind=",
            "--set",
            &format!("livekit.url={}", server.url()),
        ])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut link = server.registered().await;
    drop(child.stdin.take());
    link.closed().await;
    assert_eq!(within(child.wait()).await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn dev_starts_again_when_the_configuration_changes() {
    let server = AgentServer::start().await;
    let mut config = tempfile::NamedTempFile::new().unwrap();
    writeln!(config, "[livekit]\nurl = \"{}\"\n[http]\nbind = \"\"", server.url()).unwrap();
    let path = config.path().to_owned();
    let mut child = Spawn::from(agent(&FAKES))
        .arg("--config")
        .arg(&path)
        .arg("dev")
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut link = server.registered().await;
    writeln!(config, "[worker]\nagent_name = \"second\"").unwrap();
    link.closed().await;
    let mut link = server.accept().await;
    let livekit_protocol::worker_message::Message::Register(register) = link.receive().await else {
        panic!()
    };
    assert_eq!(register.agent_name, "second");
    terminate(&child);
    assert_eq!(within(child.wait()).await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn dev_starts_again_when_a_file_that_the_configuration_names_changes() {
    let server = AgentServer::start().await;
    let mut config = tempfile::NamedTempFile::new().unwrap();
    let mut intents = tempfile::NamedTempFile::new().unwrap();
    write!(intents, "{}", include_str!("../../../../providers/local/intents/default.toml")).unwrap();
    writeln!(
        config,
        "[livekit]\nurl = \"{}\"\n[http]\nbind = \"\"\n[llm.local]\nintents = \"{}\"\n[audio]\nthinking = \"no/such.wav\"",
        server.url(),
        intents.path().display()
    )
    .unwrap();
    let mut child = Spawn::from(agent(&FAKES))
        .args(["dev", "--set", "audio.thinking=", "--config"])
        .arg(config.path())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut link = server.registered().await;
    writeln!(intents, "# changed").unwrap();
    link.closed().await;
    drop(server.registered().await);
    terminate(&child);
    assert_eq!(within(child.wait()).await.unwrap().code(), Some(0));
}

// ------------------------------------------------------------------------------------------------- the scaffolding

fn agent(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy-agent"));
    for variable in ["LIVEKIT_URL", "OPENAI_API_KEY"] {
        command.env_remove(variable);
    }
    command
        .env("LIVEKIT_API_KEY", "key")
        .env("LIVEKIT_API_SECRET", "a secret of at least 32 bytes, of a test");
    command.args(arguments);
    command
}

fn start(server: &AgentServer, http: SocketAddr) -> Child {
    Spawn::from(agent(&FAKES))
        .args([
            "start",
            "--set",
            &format!("http.bind={http}"),
            "--set",
            &format!("livekit.url={}", server.url()),
        ])
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn terminate(child: &Child) {
    let status = Command::new("kill").args(["-TERM", &child.id().unwrap().to_string()]).status().unwrap();
    assert!(status.success());
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Asks until this status comes.
async fn answers(address: SocketAddr, path: &str, status: u16) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while get(address, path).is_none_or(|(answered, _)| answered != status) {
        assert!(Instant::now() < deadline, "{path} does not answer {status}");
        tokio::task::yield_now().await;
    }
}

fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
