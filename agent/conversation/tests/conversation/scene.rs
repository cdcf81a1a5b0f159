//! Scenes: what the user says, what the fakes answer and how fast, and what comes out, as lines of text.

use std::{cell::RefCell, fmt::Write, pin::Pin, rc::Rc, sync::Arc, time::Duration};

use agent_conversation::{
    Agents, Body, CallEvent, CallReport, CloseReason, Conversation, ConversationConfig, Greeting, Handle,
    Journal, LiveModel, LiveTurns, Moment, Observer, Parts, Person, Segment, SpeakerId, Speech, Toolset,
};
use agent_turn::Detection;
use expect_test::Expect;
use providers_core::{Interruption, LanguageModel, SampleRate, SpeechToText, Tool, ToolCall, TurnDetector};
use providers_fake::{
    Answer, FakeDetector, FakeEar, FakeMind, FakeRealtime, FakeVoice, Sound, Utterance, When,
};
use providers_layers::{SentenceRules, Sentences};
use tests_sim::{
    body::{Audience, Cue, Deed, FRAME, ScriptedBody},
    scenario::Vad,
    session::Session,
    voice_cues,
};

/// A scene, to be played.
pub(crate) struct Scene {
    pub(crate) config: ConversationConfig,
    pub(crate) pausable: bool,
    cues: Vec<Cue>,
    utterances: Vec<Utterance>,
    answers: Vec<Answer>,
    speeches: Vec<providers_fake::Speech>,
    tools: Toolset,
    agents: Agents,
    judges: Judges,
    live: Option<(Arc<FakeRealtime>, LiveTurns)>,
    is_written: bool,
    is_by_rules: bool,
    actions: Vec<(Duration, Action)>,
    end: Duration,
    pub(crate) faults: Faults,
    pub(crate) others: Others,
}

/// Who stands in the place of a fake, or before it.
#[derive(Default)]
pub(crate) struct Others {
    pub(crate) ear: Option<Arc<dyn SpeechToText>>,
    pub(crate) mind: Option<Arc<dyn LanguageModel>>,
    /// Whether the voice is given whole sentences.
    pub(crate) has_sentences: bool,
}

/// What fails.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) ear: Option<providers_fake::Faults>,
    pub(crate) mind: Option<providers_fake::Faults>,
    pub(crate) voice: Option<providers_fake::Faults>,
}

/// Who judges.
#[derive(Default)]
struct Judges {
    pauses: Option<Arc<FakeDetector>>,
    overlaps: Option<Box<dyn Interruption>>,
}

type Action = Box<dyn FnOnce(&Handle)>;

/// What came out.
pub(crate) struct Played {
    pub(crate) events: String,
    pub(crate) shown: Vec<String>,
    pub(crate) journal: Vec<String>,
    pub(crate) report: CallReport,
    pub(crate) mind: Arc<FakeMind>,
    pub(crate) left_open: u64,
}

pub(crate) const HELLO: &str = "Hello, how are you?";
pub(crate) const FINE: &str = "I'm doing well, thank you!";
pub(crate) const STORY: &str = "Tell me a story.";
pub(crate) const LONG: &str = "Here is a long story for you, it begins.";

/// A scene in which the user asks for a story and is told one of so many seconds.
pub(crate) fn story(length: f64) -> Scene {
    Scene::new().user(0.5, 2.5, STORY, 0.2).mind(STORY, LONG, 0.1, 0.3).voice(LONG, length, 0.2, 0.3)
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_millis((seconds * 1000.0).round() as u64)
}

impl Scene {
    /// The session of `turn-taking.md` §5.1, in which nobody says anything.
    pub(crate) fn new() -> Self {
        Self {
            config: config(),
            pausable: true,
            cues: vec![Cue::user(Duration::ZERO, Deed::Joined(Person::alone()))],
            utterances: Vec::new(),
            answers: Vec::new(),
            speeches: Vec::new(),
            tools: Toolset::new(),
            agents: Agents::configured(),
            judges: Judges::default(),
            live: None,
            is_written: false,
            is_by_rules: false,
            actions: Vec::new(),
            end: Duration::ZERO,
            faults: Faults::default(),
            others: Others::default(),
        }
    }

    /// The user's voice is heard, by an ear that understands what it is given.
    pub(crate) fn voiced(mut self, start: f64, end: f64) -> Self {
        let (start, end) = (seconds(start), seconds(end));
        self.cues.extend(voice_cues(SpeakerId::LINKED, Vad::default().end_delay.0, [(start, end)]));
        let frames = (end - start).as_millis() / FRAME.as_millis();
        let frame = |n: u128| Cue::user(start + FRAME * u32::try_from(n).unwrap_or(u32::MAX), Deed::Heard);
        self.cues.extend((0..frames).map(frame));
        self.end = self.end.max(end + Duration::from_secs(5));
        self
    }

    /// Another ear.
    pub(crate) fn ear(mut self, ear: impl SpeechToText + 'static) -> Self {
        self.utterances.clear();
        self.others.ear = Some(Arc::new(ear));
        self
    }

    /// The user speaks; the final transcript comes `delay` after the end.
    pub(crate) fn user(mut self, start: f64, end: f64, text: &str, delay: f64) -> Self {
        let (start, end) = (seconds(start), seconds(end));
        self.utterances.push(Utterance {
            start,
            end,
            text: text.to_owned(),
            delay: seconds(delay),
            is_final: true,
        });
        self.end = self.end.max(end + Duration::from_secs(5));
        self
    }

    /// The mind's answer to a text.
    pub(crate) fn mind(self, when: &str, text: &str, ttft: f64, duration: f64) -> Self {
        self.mind_calls(when, text, &[], ttft, duration)
    }

    /// The same with calls of tools.
    pub(crate) fn mind_calls(
        mut self,
        when: &str,
        text: &str,
        calls: &[&str],
        ttft: f64,
        duration: f64,
    ) -> Self {
        let call = |name: &&str| ToolCall {
            id: format!("call {name}"),
            name: (*name).to_owned(),
            arguments: "{}".to_owned(),
        };
        self.answers.push(Answer {
            when: When::parse(when),
            text: text.to_owned(),
            calls: calls.iter().map(call).collect(),
            ttft: seconds(ttft),
            duration: seconds(duration),
        });
        self
    }

    /// How long the voice takes for a text.
    pub(crate) fn voice(mut self, when: &str, length: f64, ttfb: f64, duration: f64) -> Self {
        let (length, ttfb, duration) = (seconds(length), seconds(ttfb), seconds(duration));
        self.speeches.push(providers_fake::Speech { when: When::parse(when), length, ttfb, duration });
        self
    }

    pub(crate) fn tool(mut self, tool: impl Tool + 'static) -> Self {
        self.tools = self.tools.with(tool).expect("no other tool of the scene has its name");
        self
    }

    pub(crate) fn agents(mut self, agents: Agents) -> Self {
        self.agents = agents;
        self
    }

    /// A judge of pauses, who is asked.
    pub(crate) fn pauses(mut self, judge: Arc<FakeDetector>) -> Self {
        self.config.turn.detection = Detection::Model;
        self.config.turn.judge.reads_words = true;
        self.judges.pauses = Some(judge);
        self
    }

    /// A realtime model in place of mind and voice.
    pub(crate) fn live(mut self, model: &Arc<FakeRealtime>, turns: LiveTurns) -> Self {
        self.live = Some((model.clone(), turns));
        self
    }

    /// A judge of speech over the agent's.
    pub(crate) fn overlaps(mut self, judge: impl Interruption + 'static) -> Self {
        self.judges.overlaps = Some(Box::new(judge));
        self
    }

    /// Somebody else does something.
    pub(crate) fn other(mut self, at: f64, who: SpeakerId, what: Deed) -> Self {
        self.cues.push(Cue { at: seconds(at), who, what });
        self
    }

    /// What the agent says is read, not heard.
    pub(crate) fn written(mut self) -> Self {
        self.is_written = true;
        self
    }

    /// The mind is a rule engine.
    pub(crate) fn by_rules(mut self) -> Self {
        self.is_by_rules = true;
        self
    }

    /// The user writes.
    pub(crate) fn typed(mut self, at: f64, text: &str) -> Self {
        self.cues.push(Cue::user(seconds(at), Deed::Typed(text.to_owned())));
        self
    }

    /// The program does something.
    pub(crate) fn program(mut self, at: f64, action: impl FnOnce(&Handle) + 'static) -> Self {
        self.actions.push((seconds(at), Box::new(action)));
        self
    }

    pub(crate) fn end(mut self, at: f64) -> Self {
        self.end = seconds(at);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut ConversationConfig)) -> Self {
        change(&mut self.config);
        self
    }

    pub(crate) fn greeting(mut self, words: &str, interruptible: bool) -> Self {
        self.config.greeting = Some(Greeting { speech: Speech::Words(words.to_owned()), interruptible });
        self
    }

    /// Plays the scene and compares what happened.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "`expect!` makes values, and reads best as an argument"
    )]
    pub(crate) fn check(self, expected: Expect) -> Played {
        let played = self.play();
        expected.assert_eq(&played.events);
        assert_eq!(played.report.breaches, 0);
        assert_eq!(played.left_open, 0, "streams of providers are still open");
        played
    }

    /// Plays the scene under virtual time.
    pub(crate) fn play(self) -> Played {
        let local = tokio::task::LocalSet::new();
        runtime().block_on(local.run_until(async { self.set().play().await }))
    }

    /// Plays the scene up to a moment, drops the call there, and says how many streams were open before and after.
    pub(crate) fn drop_at(self, at: f64) -> (u64, u64) {
        runtime().block_on(async {
            let Stage { run: mut call, ear, mind, voice, .. } = self.set();
            let open = || ear.open_now() + mind.open_now() + voice.open_now();
            let ended = tokio::time::timeout(seconds(at), call.as_mut()).await;
            assert!(ended.is_err(), "the call was over before");
            let before = open();
            drop(call);
            (before, open())
        })
    }

    fn set(mut self) -> Stage {
        let stretches = self.utterances.iter().map(|said| (said.start, said.end));
        self.cues.extend(voice_cues(SpeakerId::LINKED, Vad::default().end_delay.0, stretches));
        self.cues.push(Cue::user(self.end, Deed::Left));
        let (mut ear, mut mind) =
            (FakeEar::scripted(&self.utterances), FakeMind::new(self.answers).recording());
        if self.is_by_rules {
            mind = mind.by_rules();
        }
        let rate = SampleRate::new(8_000).unwrap_or(SampleRate::HEARING);
        let mut voice = FakeVoice::new(rate, Sound::Silence, self.speeches);
        if let Some(faults) = self.faults.ear {
            ear = ear.with_faults(faults);
        }
        if let Some(faults) = self.faults.mind {
            mind = mind.with_faults(faults);
        }
        if let Some(faults) = self.faults.voice {
            voice = voice.with_faults(faults);
        }
        let (ear, mind, voice) = (Arc::new(ear), Arc::new(mind), Arc::new(voice));
        let events = Rc::new(RefCell::new(String::new()));
        let lines = Rc::new(RefCell::new(Vec::new()));
        let shown = Shown::default();
        let model = self.live.as_ref().map(|(model, _)| model.clone());
        let live = self.live.map(|(model, turns)| LiveModel { model, turns, voice: None });
        let parts = Parts {
            live,
            tools: self.tools,
            agents: self.agents,
            pauses: self.judges.pauses.map(|judge| -> Arc<dyn TurnDetector> { judge }),
            overlaps: self.judges.overlaps,
            observer: Box::new(Recorder(events.clone())),
            journal: Some(Box::new(Lines(lines.clone()))),
            ..Parts::new(
                self.others.ear.unwrap_or_else(|| ear.clone()),
                self.others.mind.unwrap_or_else(|| mind.clone()),
                if self.others.has_sentences {
                    Arc::new(Sentences::new(voice.clone(), SentenceRules::SPOKEN))
                } else {
                    voice.clone()
                },
            )
        };
        let body = ScriptedBody::new(self.cues, self.pausable, shown.clone());
        let (handle, run) = match self.is_written {
            false => start(Conversation::new(self.config, parts, body)),
            true => start(Conversation::new(self.config, parts, agent_conversation::Written::new(body))),
        };
        Stage { handle, run, actions: self.actions, ear, mind, voice, model, events, lines, shown }
    }
}

type Run = Pin<Box<dyn Future<Output = CallReport>>>;

fn start(conversation: Conversation<impl Body + 'static>) -> (Handle, Run) {
    (conversation.handle(), Box::pin(conversation.run()))
}

/// A scene before its first moment.
struct Stage {
    handle: Handle,
    run: Run,
    actions: Vec<(Duration, Action)>,
    ear: Arc<FakeEar>,
    mind: Arc<FakeMind>,
    voice: Arc<FakeVoice>,
    model: Option<Arc<FakeRealtime>>,
    events: Rc<RefCell<String>>,
    lines: Rc<RefCell<Vec<String>>>,
    shown: Shown,
}

impl Stage {
    async fn play(self) -> Played {
        let handle = self.handle;
        let began = tokio::time::Instant::now();
        let program = async {
            for (at, action) in self.actions {
                tokio::time::sleep_until(began + at).await;
                action(&handle);
            }
            std::future::pending::<std::convert::Infallible>().await
        };
        let report = tokio::select! {
            report = self.run => report,
            never = program => match never {},
        };
        Played {
            events: self.events.take(),
            shown: self.shown.0.take(),
            journal: self.lines.take(),
            report,
            left_open: self.ear.open_now()
                + self.mind.open_now()
                + self.voice.open_now()
                + self.model.map_or(0, |model| model.open_now()),
            mind: self.mind,
        }
    }
}

/// A thread's runtime whose clock stands still while anything can be done.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O needs nothing that could fail")
}

/// The values under which the timelines of `turn-taking.md` were measured, with shorter limits for what goes wrong.
pub(crate) fn config() -> ConversationConfig {
    let mut config = Session::default().config();
    config.instructions = "Be brief.".to_owned();
    config.max_tool_steps = 3;
    config.tool_deadline = seconds(10.0);
    config.hook_deadline = seconds(5.0);
    config.turn.transcript.floor = seconds(1.0);
    (config.turn.judge.silence, config.turn.judge.reads_words) = (seconds(0.2), false);
    config.turn.limits.longest_speech = seconds(60.0);
    config.turn.deadlines.consider = seconds(5.0);
    config
}

/// What others in the room see.
#[derive(Clone, Default)]
struct Shown(Rc<RefCell<Vec<String>>>);

impl Audience for Shown {
    fn user(&mut self, _who: SpeakerId, segment: Segment, text: &str, is_final: bool) {
        let manner = if is_final { "final " } else { "" };
        self.0.borrow_mut().push(format!("user {} {manner}{text}", segment.0));
    }

    fn agent(&mut self, segment: Segment, more: Option<&str>) {
        let more = more.map_or("end".to_owned(), |more| format!("+{more}"));
        self.0.borrow_mut().push(format!("agent {} {more}", segment.0));
    }
}

/// Keeps the events as lines.
struct Recorder(Rc<RefCell<String>>);

impl Observer for Recorder {
    fn observe(&mut self, at: Moment, event: &CallEvent<'_>) {
        let text = match event {
            CallEvent::TurnCommitted { .. }
            | CallEvent::TurnEnded { .. }
            | CallEvent::Used { .. }
            | CallEvent::SpeculationBegun
            | CallEvent::SpeculationUsed
            | CallEvent::SpeculationWasted { .. }
            | CallEvent::ToolCalled { .. }
            | CallEvent::ToolEnded { .. } => return,
            CallEvent::WordsSetAside { text, verdict, .. } => format!("aside {verdict:?} {text:?}"),
            CallEvent::TranscriptMissed { recovered, .. } => format!("missed, {recovered} words recovered"),
            CallEvent::TurnTooLong { words, .. } => format!("too long: {words} words"),
            CallEvent::Agent(state) => format!("agent {state:?}"),
            CallEvent::User(state) => format!("user {state:?}"),
            CallEvent::Transcript { text, is_final: true, .. } => format!("final {text:?}"),
            CallEvent::Transcript { text, is_final: false, .. } => format!("interim {text:?}"),
            CallEvent::SpeechCreated { source } => format!("speech {source:?}"),
            CallEvent::HandedOff { from: None, .. } => return,
            CallEvent::HandedOff { from: Some(from), to } => format!("handoff {from} to {to}"),
            CallEvent::PlayoutStarted { .. } => "play".to_owned(),
            CallEvent::PlayoutPaused { .. } => "pause".to_owned(),
            CallEvent::PlayoutResumed { .. } => "resume".to_owned(),
            CallEvent::PlayoutFinished { heard, interrupted, .. } => {
                format!("played {:.2}{}", heard.as_secs_f64(), if *interrupted { " cut" } else { "" })
            }
            CallEvent::Message { role, text, interrupted } => {
                format!("message {role:?}{} {text:?}", if *interrupted { "*" } else { "" })
            }
            CallEvent::ToolsExecuted { names, errors, .. } => {
                format!("tools {} errors {errors}", names.join(" "))
            }
            CallEvent::Latency(latency) => {
                let shown = |delay: Option<Duration>| {
                    delay.map_or("-".to_owned(), |d| format!("{:.2}", d.as_secs_f64()))
                };
                let (e2e, ttft, ttfb) = (latency.end_to_end, latency.llm_ttft, latency.tts_ttfb);
                format!("latency e2e {} ttft {} ttfb {}", shown(e2e), shown(ttft), shown(ttfb))
            }
            CallEvent::Failed { component, kind, is_final } => {
                format!("failed {component:?} {}{}", kind.name(), if *is_final { " final" } else { "" })
            }
            CallEvent::Closed { reason } => format!("closed {}", reason.name()),
        };
        let _ = writeln!(self.0.borrow_mut(), "{:.2} {text}", at.0.as_secs_f64());
    }
}

struct Lines(Rc<RefCell<Vec<String>>>);

impl Journal for Lines {
    fn line(&mut self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
}

/// The reason that ends every scene whose user leaves.
pub(crate) const LEFT: CloseReason = CloseReason::UserLeft;
