//! Conversations of chance with a realtime model: whatever happens, no rule of turns is broken, nothing stays open, and
//! no item is cut beyond its end; and what the model knows of its answers is what was heard of them.

use fastrand::Rng;
use providers_core::ErrorKind;

use super::*;
use crate::{scene::LEFT, tools};

const SEEDS: u64 = 400;

#[test]
fn whatever_happens_turns_keep_their_rules_and_items_are_cut_within_themselves() {
    let (mut heard, mut n_compared) = ((0, 0), 0);
    for seed in 0..SEEDS {
        let mut chance = Rng::with_seed(seed);
        let turns =
            *chance.choice(&[LiveTurns::Model, LiveTurns::Voice, LiveTurns::Words]).expect("there are three");
        let script = any_script(&mut chance);
        let truncates = script.capabilities.truncation;
        let longest = script.answers.iter().map(|answer| answer.length).max().unwrap_or_default();
        let model = Arc::new(FakeRealtime::new(script).with_faults(any_faults(&mut chance)).recording());
        let keeps_all = chance.bool();
        let played = any_scene(&mut chance, turns, keeps_all).live(&model, turns).play();
        let context = format!("seed {seed}: {turns:?}");
        assert_eq!(played.report.breaches, 0, "{context}");
        assert_eq!(played.left_open, 0, "{context}");
        for told in model.told() {
            if let Told::Truncated { audio, .. } = told {
                assert!(audio <= longest, "{context}: {audio:?} of {longest:?}");
            }
        }
        // A call that ends in a failure ends without a session.
        if truncates && played.report.reason == LEFT {
            let known = model.known();
            let (known, said) = (replies(&known), replies(&played.report.history));
            assert!(known.iter().all(|reply| said.contains(reply)), "{context}: {known:#?} of {said:#?}");
            assert!(!keeps_all || known == said, "{context}: {known:#?} of {said:#?}");
            n_compared += 1;
        }
        heard = (heard.0 + played.report.replies, heard.1 + played.report.interruptions);
    }
    assert!(n_compared > SEEDS / 2, "{n_compared}");
    assert!(heard.0 > SEEDS && heard.1 > SEEDS / 10, "too little happens: {heard:?}");
}

/// What was said by the agent, whatever the order.
fn replies(messages: &[ChatMessage]) -> Vec<&str> {
    let texts = messages.iter().filter_map(|message| match message {
        ChatMessage::Assistant { text, .. } => Some(text.trim()).filter(|text| !text.is_empty()),
        ChatMessage::System { .. } | ChatMessage::User { .. } | ChatMessage::Tool { .. } => None,
    });
    let mut texts: Vec<_> = texts.collect();
    texts.sort_unstable();
    texts
}

/// Considers turns for a while, and makes something of them.
struct Considers(Duration, u8);

impl Agent for Considers {
    fn profile(&self, _call: &Handle) -> AgentProfile {
        AgentProfile::new("considers", "You think twice.")
    }

    async fn on_user_turn_completed(&self, _call: &Handle, turn: &mut agent_conversation::UserTurn) {
        tokio::time::sleep(self.0).await;
        match self.1 {
            0 => turn.keep_silent(),
            1 => turn.answer_anew(),
            2 => turn.set_text("one"),
            3 => turn.add_context("It rains."),
            _ => {}
        }
    }
}

fn any_seconds(chance: &mut Rng, from: f64, to: f64) -> f64 {
    from + chance.f64() * (to - from)
}

fn any_script(chance: &mut Rng) -> RealtimeScript {
    let call = ToolCall { id: "call".to_owned(), name: "look".to_owned(), arguments: "{}".to_owned() };
    let mut answers = Vec::new();
    for when in ["one", "two", "seen", "*"] {
        let first = seconds(any_seconds(chance, 0.0, 1.5));
        answers.push(SpokenAnswer {
            calls: if when == "two" { vec![call.clone()] } else { Vec::new() },
            first,
            duration: first + seconds(any_seconds(chance, 0.0, 4.0)),
            ..answer(when, LONG, any_seconds(chance, 0.0, 6.0))
        });
    }
    let mut at = 0.0;
    let stretches = (0..6).map(|_| {
        let from = at + any_seconds(chance, 0.1, 4.0);
        at = from + any_seconds(chance, 0.2, 3.0);
        (seconds(from), seconds(at))
    });
    let turns = OwnTurns::At(stretches.collect());
    let mut script = RealtimeScript {
        turns,
        late_chunks: chance.usize(0..4),
        transcript: chance.bool().then(|| seconds(any_seconds(chance, 0.0, 6.0))),
        ..script(&["one", "two", "three"], answers)
    };
    let capabilities = &mut script.capabilities;
    capabilities.turn_detection = chance.u8(0..8) > 0;
    capabilities.audio = chance.u8(0..5) > 0;
    capabilities.answers_tools = chance.bool();
    capabilities.updates = chance.bool();
    capabilities.truncation = chance.u8(0..4) > 0;
    script
}

fn any_faults(chance: &mut Rng) -> Faults {
    let fault = |chance: &mut Rng| {
        let what = match chance.u8(0..4) {
            0 => Mishap::End,
            1 => Mishap::Stall,
            2 => Mishap::Pause(seconds(any_seconds(chance, 0.1, 4.0))),
            _ => Mishap::Error { kind: ErrorKind::StreamCut, retry_after: None },
        };
        chance.bool().then(|| Fault { after: chance.usize(0..60), what })
    };
    Faults::sequence([fault(chance), fault(chance), fault(chance)])
}

fn any_scene(chance: &mut Rng, turns: LiveTurns, keeps_all: bool) -> Scene {
    let mut scene = Scene::new();
    if chance.u8(0..3) == 0 {
        let (takes, what) = (seconds(any_seconds(chance, 0.0, 3.0)), chance.u8(0..6));
        scene = scene.agents(Agents::new("considers", move || Considers(takes, what)));
    }
    let mut scene = scene
        .with(|config| config.turn.deadlines.reply = seconds(4.0))
        .voice("*", any_seconds(chance, 0.2, 4.0), 0.2, 0.3)
        .tool(tools::tool(
            "look",
            any_seconds(chance, 0.0, 3.0),
            agent_conversation::ToolOutcome::returned("seen"),
        ));
    let mut at = 0.0;
    for n in 0..6 {
        let from = at + any_seconds(chance, 0.8, 4.0);
        at = from + any_seconds(chance, 0.2, 3.0);
        let words = if turns == LiveTurns::Words && chance.u8(0..4) > 0 { "one two" } else { "" };
        scene = scene.user(from, at, words, any_seconds(chance, 0.0, 0.4));
        let when = any_seconds(chance, 0.0, 20.0);
        scene = match chance.u8(0..8) {
            0 => scene.typed(when, "two"),
            1 => scene.program(when, |call| drop(call.say("Given words."))),
            2 => scene.program(when, |call| {
                call.interrupt(true);
            }),
            3 => scene
                .program(when, move |call| call.instruct(format!("Be number {n}.")).expect("the call runs")),
            4 => scene
                .program(when, |call| call.commit_user_turn(true, Duration::ZERO).expect("the call runs")),
            5 => scene.program(when, move |call| {
                let keep = if keeps_all { Keep::All } else { Keep::Nothing };
                call.hand_off(Named("next", None), keep).expect("the call runs");
            }),
            _ => scene,
        };
    }
    if chance.u8(0..6) == 0 {
        scene = scene.written();
    }
    scene.end(at + any_seconds(chance, 25.0, 30.0))
}
