//! Messages of the server to a worker, and what happens to its jobs meanwhile.
#![no_main]

use std::time::{Duration, Instant};

use agent_worker::protocol::{
    Answer, Config, Frame, Input, JobId, JobKind, Machine, Outcome, Output, Permissions,
};
use libfuzzer_sys::fuzz_target;
use tests_fuzz::steps;

const SLOTS: u32 = 3;

fuzz_target!(|input: &[u8]| {
    let mut now = Instant::now();
    let mut machine = Machine::new(config(), now);
    let mut running = Vec::new();
    machine.handle_input(now, Input::AgentsLoaded);
    drain(&mut machine, now, &mut running);
    for step in steps::read(input) {
        now += Duration::from_millis(u64::from(step.kind >> 3) * 100);
        machine.handle_timeout(now);
        drain(&mut machine, now, &mut running);
        let fact = match step.kind & 7 {
            0..=3 => Input::FrameReceived(Frame::Binary(bytes::Bytes::copy_from_slice(step.bytes))),
            4 => Input::LinkClosed,
            5 => match running.pop() {
                Some(job) => Input::JobEnded { job, outcome: Outcome::Success },
                None => Input::FrameReceived(Frame::Text),
            },
            6 => Input::LagMeasured { permille: step.bytes.first().map_or(0, |lag| u16::from(*lag) * 8) },
            _ => Input::FrameReceived(Frame::Control),
        };
        let ended = if let Input::JobEnded { job, .. } = &fact { Some(job.clone()) } else { None };
        machine.handle_input(now, fact);
        drain(&mut machine, now, &mut running);
        if let Some(job) = ended {
            machine.handle_input(now, Input::JobLeft { job });
            drain(&mut machine, now, &mut running);
        }
        assert!(running.len() <= SLOTS as usize, "more calls than slots");
    }
});

/// Does what is ordered, at once.
fn drain(machine: &mut Machine, now: Instant, running: &mut Vec<JobId>) {
    while let Some(output) = machine.poll_output() {
        match output {
            Output::OpenLink => machine.handle_input(now, Input::LinkOpened),
            Output::StartJob(assignment) => {
                assert!(!running.contains(&assignment.job.id), "a job was started twice");
                running.push(assignment.job.id);
            }
            // The dispatch says how the program decides, so that every answer is met.
            Output::Consider(job) => {
                let answer = match job.metadata.len() % 3 {
                    0 => Answer::accept(),
                    1 => Answer::Decline,
                    _ => Answer::Refuse,
                };
                machine.handle_input(now, Input::JobConsidered { job: job.id, answer });
            }
            Output::CloseLink
            | Output::Send(_)
            | Output::StopConsidering(_)
            | Output::Declined { .. }
            | Output::SendPing
            | Output::StopJob { .. }
            | Output::Registered { .. }
            | Output::End(_) => {}
        }
    }
}

fn config() -> Config {
    Config {
        kind: JobKind::Room,
        agent_name: String::new(),
        version: "0".into(),
        instance: "fuzz".into(),
        permissions: Permissions {
            can_subscribe: true,
            can_publish: true,
            can_publish_data: true,
            can_update_metadata: true,
            hidden: false,
        },
        slots: Some(SLOTS),
        full_at_permille: Some(1_000),
        considers: true,
        answer_timeout: Duration::from_secs(2),
        update_interval: Duration::from_millis(2_500),
        assignment_timeout: Duration::from_secs(10),
        register_timeout: Duration::from_secs(10),
        ping_interval: Duration::from_secs(10),
        reconnect_min: Duration::from_millis(100),
        reconnect_max: Duration::from_secs(10),
        fail_fast: false,
        seed: 1,
    }
}
