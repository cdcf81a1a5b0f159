//! Offers on the wire: they wait for the agents, the program decides on them, and calls are given what they say.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    support::{AgentServer, job, within},
    worker::{Running, quick},
};
use agent_worker::{Answer, Consider, Entry, Job, JobKind, Presence, Request, protocol::Outcome};
use livekit_protocol as proto;
use proto::{server_message::Message as FromServer, worker_message::Message as ToServer};
use tokio::sync::mpsc;

#[tokio::test]
async fn no_job_is_accepted_before_its_call_can_begin() {
    let server = AgentServer::start().await;
    let running = Running::loading(&server, &["worker.answer_timeout_ms=10000"], &quick(), None);
    let mut link = server.registered().await;
    link.ask("AJ_1").await;
    // The slot is held, and that is all that is said.
    let ToServer::UpdateWorker(update) = link.receive().await else { panic!("the load changes first") };
    assert_eq!((update.status(), update.job_count), (proto::WorkerStatus::WsAvailable, 1));
    running.requests.send(Request::TakeJobs).await.unwrap();
    let answer = link.answer().await;
    assert!(answer.available && answer.job_id == "AJ_1", "{answer:?}");
    running.requests.send(Request::Stop).await.unwrap();
    link.closed().await;
    within(running.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_waits_for_agents_that_do_not_come_is_left_to_another_worker() {
    let server = AgentServer::start().await;
    let running = Running::loading(&server, &["worker.answer_timeout_ms=50"], &quick(), None);
    let mut link = server.registered().await;
    let answer = link.offer(job("AJ_1")).await;
    assert!(!answer.available && !answer.terminate, "{answer:?}");
    running.requests.send(Request::Stop).await.unwrap();
    link.closed().await;
    within(running.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_program_says_how_the_agent_appears_and_who_may_take_the_job() {
    let server = AgentServer::start().await;
    let consider = consider(|job| async move {
        match job.metadata.as_str() {
            "ours" => Presence::default()
                .identity("desk-1")
                .name("Front desk")
                .metadata("{}")
                .attribute("language", job.attributes["language"].clone())
                .attribute("lk.agent.name", "another")
                .into(),
            "another's" => Answer::Decline,
            "nobody's" => Answer::Refuse,
            "unclear" => std::future::pending().await,
            other => panic!("what is {other}?"),
        }
    });
    let settings = ["worker.agent_name=desk", "worker.answer_timeout_ms=200"];
    let running = Running::loading(&server, &settings, &quick(), Some(consider));
    running.requests.send(Request::TakeJobs).await.unwrap();
    let mut link = server.registered().await;
    let asked = |metadata: &str| proto::Job {
        metadata: metadata.to_owned(),
        attributes: [("language".to_owned(), "pt".to_owned())].into(),
        ..job(&format!("AJ_{metadata}"))
    };
    let answer = link.offer(asked("ours")).await;
    assert!(answer.available);
    assert_eq!(
        (answer.participant_identity.as_str(), answer.participant_name.as_str()),
        ("desk-1", "Front desk")
    );
    assert_eq!(answer.participant_metadata, "{}");
    let attributes: BTreeMap<_, _> = answer.participant_attributes.into_iter().collect();
    assert_eq!(attributes["language"], "pt");
    assert_eq!(attributes["lk.agent.name"], "desk");
    for (metadata, is_over) in [("another's", false), ("nobody's", true), ("unclear", false), ("?", false)] {
        let answer = link.offer(asked(metadata)).await;
        assert_eq!((answer.available, answer.terminate), (false, is_over), "{metadata}");
    }
    running.end(&mut link).await;
}

#[tokio::test]
async fn a_decision_holds_up_no_other() {
    let server = AgentServer::start().await;
    let (decide, decided) = mpsc::channel::<()>(1);
    let decided = Arc::new(tokio::sync::Mutex::new(decided));
    let consider = consider(move |job| {
        let decided = decided.clone();
        async move {
            if job.id.as_str() == "AJ_slow" {
                decided.lock().await.recv().await;
            }
            Answer::accept()
        }
    });
    let running = Running::loading(&server, &["worker.answer_timeout_ms=10000"], &quick(), Some(consider));
    running.requests.send(Request::TakeJobs).await.unwrap();
    let mut link = server.registered().await;
    link.ask("AJ_slow").await;
    assert_eq!(link.offer(job("AJ_quick")).await.job_id, "AJ_quick");
    decide.send(()).await.unwrap();
    assert_eq!(link.answer().await.job_id, "AJ_slow");
    running.requests.send(Request::Stop).await.unwrap();
    link.closed().await;
    within(running.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn jobs_of_every_kind_are_registered_for_and_reach_their_calls_with_all_that_is_said_of_them() {
    for (word, kind, wire) in [
        ("room", JobKind::Room, proto::JobType::JtRoom),
        ("publisher", JobKind::Publisher, proto::JobType::JtPublisher),
        ("participant", JobKind::Participant, proto::JobType::JtParticipant),
    ] {
        let server = AgentServer::start().await;
        let (told, mut jobs) = mpsc::channel(1);
        let entry: Entry = Arc::new(move |assignment, _| {
            let told = told.clone();
            Box::pin(async move {
                told.send(assignment.job).await.unwrap();
                Outcome::Success
            })
        });
        let running = Running::loading(&server, &[&format!("worker.job_kind={word}")], &entry, None);
        running.requests.send(Request::TakeJobs).await.unwrap();
        let mut link = server.accept().await;
        let ToServer::Register(register) = link.receive().await else { panic!("a registration comes first") };
        assert_eq!(register.r#type(), wire);
        link.register("AW_1").await;
        let about = (kind != JobKind::Room).then(|| proto::ParticipantInfo {
            identity: "ada".into(),
            name: "Ada".into(),
            metadata: "a guest".into(),
            attributes: [("sip.phoneNumber".to_owned(), "+1".to_owned())].into(),
            ..Default::default()
        });
        let asked = proto::Job {
            r#type: wire.into(),
            participant: about,
            metadata: "table 4".into(),
            attributes: [("language".to_owned(), "pt".to_owned())].into(),
            agent_name: "desk".into(),
            dispatch_id: "AD_1".into(),
            ..job("AJ_1")
        };
        assert!(link.offer(asked.clone()).await.available);
        let token = "token".to_owned();
        link.send(FromServer::Assignment(proto::JobAssignment { job: Some(asked), url: None, token })).await;
        let job: Job = within(jobs.recv()).await.unwrap();
        assert_eq!((job.kind, job.id.as_str(), job.dispatch.as_str()), (kind, "AJ_1", "AD_1"));
        assert_eq!((job.room.as_str(), job.agent_name.as_str()), ("room of AJ_1", "desk"));
        assert_eq!((job.metadata.as_str(), job.attributes["language"].as_str()), ("table 4", "pt"));
        let about =
            job.participant.map(|one| (one.identity, one.name, one.attributes["sip.phoneNumber"].clone()));
        let expected = (kind != JobKind::Room).then(|| ("ada".into(), "Ada".into(), "+1".into()));
        assert_eq!(about, expected);
        assert_eq!(link.report().await.1, proto::JobStatus::JsRunning);
        assert_eq!(link.report().await.1, proto::JobStatus::JsSuccess);
        running.end(&mut link).await;
    }
}

fn consider<F>(decide: impl Fn(Job) -> F + Send + Sync + 'static) -> Consider
where
    F: Future<Output = Answer> + Send + 'static,
{
    Arc::new(move |job| Box::pin(decide(job)))
}
