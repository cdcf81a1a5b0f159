//! Settings of the process: the server it serves, the jobs it takes, what it shows of itself.

use std::{net::SocketAddr, time::Duration};

use crate::{
    Secret,
    inventory::{choice, section},
    rule::{Rule, Shape, count, count_or, decimal, flag, milliseconds, shaped, text},
};

section! {
    /// The LiveKit server.
    pub struct Livekit at "livekit" {
        /// Where the server is; also LIVEKIT_URL.
        /// A server on the same machine listens here unless told otherwise.
        url: url::Url = "url" shaped("ws://127.0.0.1:7880", Shape::Url(&["ws", "wss", "http", "https"]));
        /// The API key; also LIVEKIT_API_KEY. Needed by every command that talks to a server.
        api_key: String = "api_key" text("", 256);
        /// The API key's secret; also LIVEKIT_API_SECRET. A text that begins with env: names the variable to read.
        api_secret: Secret = "api_secret" Rule::Secret { default: "" };
        /// One peer connection for both directions: a join is a round trip shorter. Servers without it are noticed and
        /// served by two; false asks for two at once.
        single_peer_connection: bool = "single_peer_connection" flag(true);
        /// A PEM file with certificates to believe at wss:// besides the roots that browsers have: for a server whose
        /// certificate is of an authority of one's own.
        ca_file: Option<String> = "ca_file" text("", 4_096);
    }
}

choice! {
    /// For what the server is to ask for an agent.
    pub enum JobKind {
        /// Once for each new room.
        Room = "room",
        /// Once for each participant that publishes.
        Publisher = "publisher",
        /// Once for each participant that joins.
        Participant = "participant",
    }
}

section! {
    /// How the worker registers, and how much it takes.
    pub struct Worker at "worker" {
        /// The agent's name. Empty: the server sends every new room; named: only rooms that ask for this name.
        agent_name: String = "agent_name" shaped("", Shape::Name);
        /// For what the server is to ask for an agent: a room, a publisher or a participant.
        job_kind: JobKind = "job_kind" JobKind::Room.rule();
        /// How many calls at once, or "unlimited". The count is exact: call number slots + 1 is declined at once, so that
        /// another worker takes it. 100 calls on two cores is what this program is measured for with providers elsewhere;
        /// recognisers and voices on the same machine carry fewer.
        slots: Option<u32> = "slots" count_or("unlimited", Some(100), 1, 100_000, "calls");
        /// The load, from 0 to 1, at which no more calls are taken, measured by how late the shards are; 1 never declines
        /// for load. 0.8 leaves a fifth for the calls that run to have their busy moments.
        load_threshold: f32 = "load_threshold" decimal(0.8, 0.05, 1.0, "");
        /// A shard this late counts as load 1: one packet of audio, after which a listener begins to hear it.
        lag_limit: Duration = "lag_limit_ms" milliseconds(20, 1, 1_000);
        /// Threads that calls run on, or "auto" for one a core. A call stays on its thread.
        shards: Option<u32> = "shards" count_or("auto", None, 1, 1_024, "threads");
        /// After a request to stop, how long running calls may take to end by themselves.
        /// Half an hour, as LiveKit's own agents wait.
        drain_timeout: Duration = "drain_timeout_ms" milliseconds(1_800_000, 0, 86_400_000);
        /// How long calls that are told to end may take to report it and leave their room.
        close_timeout: Duration = "close_timeout_ms" milliseconds(5_000, 100, 60_000);
        /// How often status and load are sent to the server when nothing changes: the rhythm of LiveKit's own agents.
        update_interval: Duration = "update_interval_ms" milliseconds(2_500, 100, 60_000);
        /// How long a job that is offered may wait for an answer, where it waits at all: while recognisers and voices are
        /// being loaded, and for a program that looks at jobs. Then it is declined, and another worker is asked; one whose
        /// loading takes longer takes no jobs until it is done. The server gives up after 3 s, all workers together.
        answer_timeout: Duration = "answer_timeout_ms" milliseconds(2_000, 50, 10_000);
        /// How long an accepted job may take to be assigned before its slot is free again: LiveKit's own agents wait as long.
        assignment_timeout: Duration = "assignment_timeout_ms" milliseconds(7_500, 500, 60_000);
        /// How long the server may take to answer a registration; it closes the connection itself after 10 s.
        register_timeout: Duration = "register_timeout_ms" milliseconds(10_000, 500, 60_000);
        /// How often the server is pinged; a link without an answer for twice as long is given up.
        ping_interval: Duration = "ping_interval_ms" milliseconds(10_000, 500, 300_000);
        /// The first pause before connecting again; doubled with each attempt, and jittered down to its half.
        reconnect_min: Duration = "reconnect_min_ms" milliseconds(250, 10, 60_000);
        /// The longest pause before connecting again, so that a server that is back is found within it.
        reconnect_max: Duration = "reconnect_max_ms" milliseconds(10_000, 10, 600_000);

        table
        /// What an agent may do in its room.
        permissions: Permissions;
    }
}

section! {
    /// What an agent may do in its room.
    pub struct Permissions at "worker.permissions" {
        /// Hear others: an agent that does not is a loudspeaker.
        can_subscribe: bool = "can_subscribe" flag(true);
        /// Speak: publish a track of its own.
        can_publish: bool = "can_publish" flag(true);
        /// Send transcripts and messages.
        can_publish_data: bool = "can_publish_data" flag(true);
        /// Set its own attributes: pages show lk.agent.state.
        can_update_metadata: bool = "can_update_metadata" flag(true);
        /// Unseen by others; a hidden agent cannot be heard either.
        hidden: bool = "hidden" flag(false);
    }
}

section! {
    /// The worker's own HTTP endpoints: /healthz, /readyz, /worker and /metrics.
    pub struct Http at "http" {
        /// Where they listen; empty for none. Only this machine unless told otherwise, since /worker and /metrics are not
        /// guarded; port 8081 is where LiveKit's own agents answer.
        bind: Option<SocketAddr> = "bind" shaped("127.0.0.1:8081", Shape::SocketAddress);
        /// Connections served at once; more wait. A scraper and two probes need three.
        max_connections: u32 = "max_connections" count(64, 1, 10_000, "connections");
    }
}

choice! {
    /// How a line is written.
    pub enum LogFormat {
        /// For people on a terminal, JSON elsewhere.
        Auto = "auto",
        /// For people.
        Pretty = "pretty",
        /// One JSON object a line.
        Json = "json",
    }
}

section! {
    /// What is logged, and how.
    pub struct Logging at "logging" {
        /// What is logged, as tracing's filter: a level, or levels by module such as info,agent_rtc=debug.
        /// Nothing that people say is logged above debug.
        filter: String = "filter" text("info", 1_000);
        /// How a line is written.
        format: LogFormat = "format" LogFormat::Auto.rule();
    }
}

section! {
    /// Journals of calls, from which a call can be decided again: tests-sim replay FILE.
    pub struct Journaling at "journal" {
        /// The folder that a file for each call is written into, some 30 kB a minute; nothing removes them. They hold
        /// times and counts, never what people say. Empty: none.
        folder: Option<String> = "folder" text("", 4_096);
    }
}
