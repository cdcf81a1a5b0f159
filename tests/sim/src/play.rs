//! Playing a scenario: the real core and the real shell, under virtual time.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use agent_conversation::{CallReport, Conversation, Journal, Parts};
use serde_json::json;

use crate::{
    agents,
    body::ScriptedBody,
    cast::{self, Cast},
    event::Event,
    judge::{Verdict, judge},
    pauses::ScriptedJudge,
    program,
    scenario::{Scenario, Script},
    witness::Witness,
};

/// How long after its end a session may take to close. One that takes longer never would.
const PATIENCE: Duration = Duration::from_secs(600);

/// What came out of a scenario.
pub struct Played {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The inputs of the turn machine, line by line.
    pub journal: Vec<String>,
    /// What is left of the call; `None` when it never closed.
    pub report: Option<CallReport>,
    /// How many streams of providers were left open.
    pub left_open: u64,
}

/// A stage on which scenarios are played one after the other: a thread's runtime, whose clock stands still while
/// anything can be done.
pub struct Stage {
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    /// A stage.
    ///
    /// # Errors
    /// When the system refuses what a runtime without I/O needs.
    pub fn new() -> std::io::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        Ok(Self { runtime })
    }

    /// Plays a scenario.
    #[must_use]
    pub fn play(&self, script: &Script) -> Played {
        self.runtime.block_on(perform(script))
    }

    /// Plays a scenario and compares what came out with what its file expects.
    #[must_use]
    pub fn check(&self, scenario: &Scenario) -> (Played, Verdict) {
        let played = self.play(&scenario.script);
        let mut verdict = judge(&scenario.expected, &played.events, scenario.script.strict);
        match &played.report {
            None => verdict.faults.push("the session never closed".to_owned()),
            Some(report) if report.breaches > 0 => {
                verdict.faults.push(format!("{} breaches of the turn machine's invariants", report.breaches));
            }
            Some(_) => {}
        }
        if played.left_open > 0 {
            verdict.faults.push(format!("{} streams of providers were left open", played.left_open));
        }
        (played, verdict)
    }
}

async fn perform(script: &Script) -> Played {
    let cast = Cast::of(script);
    let (witness, events) = Witness::new(cast::names(script));
    let lines = Rc::new(RefCell::new(Vec::new()));
    events.borrow_mut().push(opening());
    let parts = Parts {
        live: cast.live(),
        agents: agents::agents(script),
        observer: Box::new(witness),
        journal: Some(Box::new(Lines(Rc::clone(&lines)))),
        pauses: Some(Arc::new(ScriptedJudge::of(script))),
        overlaps: script.session.overlaps(),
        ..Parts::new(cast.ear.clone(), cast.mind.clone(), cast.voice.clone())
    };
    let body = ScriptedBody::new(cast::cues(script), script.sink.pausable, ());
    let conversation = Conversation::new(script.session.config(), parts, body);
    let handle = conversation.handle();
    let report = {
        let program = pin!(program::run(script, &handle));
        let call = pin!(conversation.run());
        let bounded = tokio::time::timeout(script.end() + PATIENCE, beside(program, call));
        bounded.await.ok()
    };
    Played { events: events.take(), journal: lines.take(), report, left_open: cast.open_streams() }
}

/// Runs the call with its program beside it. Of what is due at the same moment, the program goes first.
async fn beside<T>(
    mut program: std::pin::Pin<&mut impl Future<Output = ()>>,
    mut call: std::pin::Pin<&mut impl Future<Output = T>>,
) -> T {
    let mut is_over = false;
    poll_fn(|cx| {
        if !is_over && program.as_mut().poll(cx).is_ready() {
            is_over = true;
        }
        match call.as_mut().poll(cx) {
            Poll::Ready(report) => Poll::Ready(report),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// What a session is before anything happens in it.
fn opening() -> Event {
    let value = ("value", json!("initializing"));
    Event { at: Duration::ZERO, name: "agent_state", fields: vec![value] }
}

/// Keeps the journal.
struct Lines(Rc<RefCell<Vec<String>>>);

impl Journal for Lines {
    fn line(&mut self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
}
