//! The server and the worker under load, as processes of this one: started, waited for, measured, stopped.

use std::{fs::File, net::TcpListener, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
    time::Instant,
};

use crate::Failure;

/// The server's key and secret; it listens on the loopback and lives as long as this process.
pub(crate) const KEY: &str = "bench";
pub(crate) const SECRET: &str = "a-secret-for-the-length-of-a-benchmark";

/// A `livekit-server`.
pub(crate) struct LiveKit {
    child: Child,
    port: u16,
}

impl LiveKit {
    pub(crate) async fn start(binary: &Path, folder: &Path) -> Result<Self, Failure> {
        let [port, tcp, udp] = free_ports()?;
        let config = format!(
            "port: {port}\nbind_addresses: [127.0.0.1]\nkeys: {{{KEY}: {SECRET}}}\nlogging: {{level: warn}}\n\
             rtc: {{node_ip: 127.0.0.1, tcp_port: {tcp}, udp_port: {udp}, use_external_ip: false, enable_loopback_candidate: true}}\n"
        );
        std::fs::write(folder.join("livekit.yaml"), config)?;
        let mut command = Command::new(binary);
        command.arg("--config").arg(folder.join("livekit.yaml"));
        let child = spawn(command, &folder.join("livekit.log"))?;
        healthy("livekit-server", port, "/", &folder.join("livekit.log")).await?;
        Ok(Self { child, port })
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    pub(crate) fn usage(&self) -> Result<Usage, Failure> {
        usage(&self.child)
    }
}

/// A `colloquy-agent`.
pub(crate) struct Worker {
    child: Child,
    port: u16,
    registered_after: Duration,
}

impl Worker {
    pub(crate) async fn start(
        binary: &Path,
        config: &Path,
        livekit: &LiveKit,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let [port] = free_ports()?;
        let mut command = Command::new(binary);
        command.arg("start").arg("--config").arg(config);
        command
            .env("LIVEKIT_URL", livekit.url())
            .env("LIVEKIT_API_KEY", KEY)
            .env("LIVEKIT_API_SECRET", SECRET);
        command
            .env("COLLOQUY__HTTP__BIND", format!("127.0.0.1:{port}"))
            .env("COLLOQUY__WORKER__AGENT_NAME", AGENT)
            // Where an answer was paused can be heard, and a cough is no word.
            .env("COLLOQUY__TTS__FAKE__SOUND", "sweep")
            .env("COLLOQUY__STT__FAKE__WORDLESS_BELOW_MS", WORDLESS_BELOW_MS);
        let began = Instant::now();
        let child = spawn(command, &folder.join("worker.log"))?;
        healthy("colloquy-agent", port, "/readyz", &folder.join("worker.log")).await?;
        Ok(Self { child, port, registered_after: began.elapsed() })
    }

    pub(crate) fn agent(&self) -> &'static str {
        AGENT
    }

    /// From its start to its being registered.
    pub(crate) fn registered_after(&self) -> Duration {
        self.registered_after
    }

    pub(crate) fn usage(&self) -> Result<Usage, Failure> {
        usage(&self.child)
    }

    /// The mean latency of its replies as it measured them itself: what its dashboards show.
    pub(crate) async fn mean_reply_latency(&self) -> Option<Duration> {
        let metrics = get(self.port, "/metrics").await?;
        let value = |name: &str| -> Option<f64> {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse().ok()
        };
        let sum = value("colloquy_voice_reply_latency_seconds_sum")?;
        let count = value("colloquy_voice_reply_latency_seconds_count")?;
        (count > 0.0).then(|| Duration::from_secs_f64(sum / count))
    }
}

/// Voice shorter than this is a cough to the scripted recogniser.
const WORDLESS_BELOW_MS: &str = "1000";
const AGENT: &str = "bench";

fn spawn(mut command: Command, log: &Path) -> Result<Child, Failure> {
    let log = File::create(log)?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    Ok(command.spawn()?)
}

/// Ports that nobody listens on at this moment.
fn free_ports<const N: usize>() -> Result<[u16; N], Failure> {
    let listeners: Vec<TcpListener> =
        (0..N).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// Waits until a GET is answered with 200.
async fn healthy(name: &'static str, port: u16, path: &str, log: &Path) -> Result<(), Failure> {
    let deadline = Instant::now() + HEALTHY_WITHIN;
    while get(port, path).await.is_none() {
        if Instant::now() > deadline {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(15).collect();
            let log = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            return Err(Failure::Unhealthy { name, limit: HEALTHY_WITHIN, log });
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// The body of an answer of 200 to a GET.
async fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.lines().next()?.contains(" 200").then(|| body.to_owned())
}

/// What a process has used so far.
pub(crate) struct Usage {
    cpu_seconds: f64,
    pub(crate) rss_kib: u64,
}

impl Usage {
    pub(crate) fn cpu_since(&self, before: &Self) -> f64 {
        self.cpu_seconds - before.cpu_seconds
    }
}

/// From /proc: user and system time in ticks of 10 ms, resident memory in KiB.
fn usage(child: &Child) -> Result<Usage, Failure> {
    let pid = child.id().ok_or_else(|| Failure::Caller("a process under load has ended".into()))?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let rss_kib = rss.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    Ok(Usage { cpu_seconds: (ticks(11) + ticks(12)) / 100.0, rss_kib })
}

const HEALTHY_WITHIN: Duration = Duration::from_secs(20);
