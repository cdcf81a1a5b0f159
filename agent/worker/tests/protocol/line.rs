//! Facts and orders as lines: what a timeline is written in.
//!
//! A line of input is `MILLISECONDS FACT`; a line of output `MILLISECONDS ORDER`. Jobs are numbers.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use agent_worker::protocol::{
    Answer, Config, End, Frame, Input, JobId, JobKind, LinkFailure, Machine, Outcome, Output, Permissions,
    Presence, ServerMessage, StopReason, WorkerMessage,
};
use expect_test::Expect;
use livekit_protocol as proto;
use prost::Message as _;
use proto::{server_message::Message as FromServer, worker_message::Message as ToServer};

pub(crate) fn config() -> Config {
    Config {
        kind: JobKind::Room,
        agent_name: String::new(),
        version: "1.2.3".into(),
        instance: "one".into(),
        permissions: Permissions {
            can_subscribe: true,
            can_publish: true,
            can_publish_data: true,
            can_update_metadata: true,
            hidden: false,
        },
        slots: Some(4),
        full_at_permille: Some(800),
        considers: false,
        answer_timeout: Duration::from_secs(2),
        update_interval: Duration::from_millis(2_500),
        assignment_timeout: Duration::from_millis(7_500),
        register_timeout: Duration::from_secs(10),
        ping_interval: Duration::from_secs(10),
        reconnect_min: Duration::from_millis(250),
        reconnect_max: Duration::from_secs(10),
        fail_fast: false,
        seed: 7,
    }
}

/// Runs the facts, with timeouts at their time in between, and compares what was ordered. What calls need is there from
/// the start.
pub(crate) fn check(config: Config, facts: &str, orders: Expect) -> Machine {
    check_loading(config, &format!("0 loaded\n{facts}"), orders)
}

/// The same while what calls need is being loaded.
#[expect(clippy::needless_pass_by_value, reason = "`expect![]` is written where it is passed")]
pub(crate) fn check_loading(config: Config, facts: &str, orders: Expect) -> Machine {
    let start = Instant::now();
    let mut machine = Machine::new(config, start);
    let mut out = String::new();
    drain(&mut machine, 0, &mut out);
    for line in facts.lines().map(str::trim_start) {
        let (at, fact) = line.split_once(' ').unwrap();
        let at: u64 = at.parse().unwrap();
        let now = start + Duration::from_millis(at);
        while let Some((due, _)) = machine.poll_timeout().filter(|(due, _)| *due <= now) {
            machine.handle_timeout(due);
            drain(&mut machine, (due - start).as_millis() as u64, &mut out);
            assert!(machine.poll_timeout().is_none_or(|(next, _)| next > due), "W7 at {due:?}");
        }
        if let Some(input) = input(fact) {
            machine.handle_input(now, input);
        }
        drain(&mut machine, at, &mut out);
    }
    orders.assert_eq(&out);
    machine
}

fn input(fact: &str) -> Option<Input> {
    let (verb, rest) = fact.split_once(' ').unwrap_or((fact, ""));
    let (number, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let job = || JobId::new(&format!("AJ_{number}")).unwrap();
    Some(match verb {
        "opened" => Input::LinkOpened,
        "closed" => Input::LinkClosed,
        "failed-link" => Input::LinkFailed(LinkFailure::Unreachable),
        "refused-link" => Input::LinkFailed(LinkFailure::Refused),
        "ended" => Input::JobEnded { job: job(), outcome: Outcome::Success },
        "failed" => Input::JobEnded { job: job(), outcome: Outcome::Failed(reason.to_owned()) },
        "left" => Input::JobLeft { job: job() },
        "loaded" => Input::AgentsLoaded,
        "accepted" => Input::JobConsidered { job: job(), answer: presence(reason).into() },
        "left-to-others" => Input::JobConsidered { job: job(), answer: Answer::Decline },
        "refused" => Input::JobConsidered { job: job(), answer: Answer::Refuse },
        "lag" => Input::LagMeasured { permille: number.parse().unwrap() },
        "drain" => Input::DrainRequested,
        "stop" => Input::StopRequested,
        "end" => return None,
        verb => Input::FrameReceived(frame(verb, number)),
    })
}

/// The presence that a program asks for: by this name, or as usual.
fn presence(name: &str) -> Presence {
    if name.is_empty() { Presence::default() } else { Presence::default().identity(name).name(name) }
}

pub(crate) fn frame(verb: &str, number: &str) -> Frame {
    let id = if number.is_empty() { String::new() } else { format!("AJ_{number}") };
    let job = proto::Job {
        id: id.clone(),
        room: Some(proto::Room { name: format!("room-{number}"), ..Default::default() }),
        ..Default::default()
    };
    let message = match verb {
        "registered" => FromServer::Register(proto::RegisterWorkerResponse {
            worker_id: "AW_1".into(),
            server_info: Some(proto::ServerInfo { version: "1.9.12".into(), ..Default::default() }),
            ..Default::default()
        }),
        "availability" => {
            FromServer::Availability(proto::AvailabilityRequest { job: Some(job), resuming: false })
        }
        "availability-without-room" => FromServer::Availability(proto::AvailabilityRequest {
            job: Some(proto::Job { room: None, ..job }),
            resuming: false,
        }),
        "assignment" => {
            FromServer::Assignment(proto::JobAssignment { job: Some(job), url: None, token: "token".into() })
        }
        "assignment-without-token" => {
            FromServer::Assignment(proto::JobAssignment { job: Some(job), ..Default::default() })
        }
        "termination" => FromServer::Termination(proto::JobTermination { job_id: id }),
        "go-away" => FromServer::GoAway(Default::default()),
        "garbage" => return Frame::Binary(vec![0xff; 9].into()),
        "empty" => return Frame::Binary(Default::default()),
        "text" => return Frame::Text,
        "control" => return Frame::Control,
        other => panic!("no such fact: {other}"),
    };
    Frame::Binary(ServerMessage { message: Some(message) }.encode_to_vec().into())
}

fn drain(machine: &mut Machine, at: u64, out: &mut String) {
    while let Some(output) = machine.poll_output() {
        writeln!(out, "{at:<5} {}", line(&output)).unwrap();
    }
}

fn line(output: &Output) -> String {
    match output {
        Output::OpenLink => "open link".into(),
        Output::CloseLink => "close link".into(),
        Output::SendPing => "ping".into(),
        Output::Consider(job) => format!("consider {} in {}", job.id, job.room),
        Output::StopConsidering(job) => format!("consider {job} no more"),
        Output::Declined { job, why } => format!("declined {job}: {}", why.name()),
        Output::StartJob(assignment) => format!("start {} in {}", assignment.job.id, assignment.job.room),
        Output::StopJob { job, reason: StopReason::Terminated } => format!("stop {job}: terminated"),
        Output::StopJob { job, reason: StopReason::WorkerStops } => format!("stop {job}: worker stops"),
        Output::Registered { worker, server } => format!("registered as {worker} at {server}"),
        Output::End(End::Drained) => "end: drained".into(),
        Output::End(End::NeverRegistered) => "end: never registered".into(),
        Output::Send(message) => sent(message),
    }
}

fn sent(message: &WorkerMessage) -> String {
    match message.message.as_ref().unwrap() {
        ToServer::Register(_) => "> register".into(),
        ToServer::Availability(answer) if answer.available => {
            let usual = format!("agent-{}", answer.job_id);
            let identity = &answer.participant_identity;
            let unusual = if *identity == usual { String::new() } else { format!(" as {identity}") };
            format!("> take {}{unusual}", answer.job_id)
        }
        ToServer::Availability(answer) if answer.terminate => format!("> end {}", answer.job_id),
        ToServer::Availability(answer) => format!("> decline {}", answer.job_id),
        ToServer::UpdateWorker(update) => format!(
            "> {}{}, load {:.2}, {} jobs",
            if update.status == Some(0) { "available" } else { "full" },
            if update.draining { " and draining" } else { "" },
            update.load,
            update.job_count
        ),
        ToServer::UpdateJob(update) => {
            let status = ["pending", "running", "success", "failed"][update.status as usize];
            format!(
                "> {} is {status}{}{}",
                update.job_id,
                if update.error.is_empty() { "" } else { ": " },
                update.error
            )
        }
        ToServer::Ping(_) => "> ping".into(),
        ToServer::SimulateJob(_) => "> simulate".into(),
        ToServer::MigrateJob(migrate) => format!("> still has {}", migrate.job_ids.join(" ")),
    }
}
