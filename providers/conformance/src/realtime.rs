//! The rules of realtime models.

use std::{future::poll_fn, sync::Arc, time::Duration};

use providers_core::{
    AnswerId, AnswerWish, ChatMessage, HeardId, ItemHeard, ItemId, ProviderError, Realtime, RealtimeEvent,
    RealtimeSession, RealtimeSetup, ToolCall,
};
use tokio::time::timeout;

use crate::{
    Fault, Report,
    report::{Broken, Verdict, ensure},
    scene::{MEASURES, NEVER, freed, judge_freed, opened},
};

/// A realtime model on the bench.
pub trait RealtimeBench {
    /// A model as it is, and a text that it answers.
    fn plain(&mut self) -> (Arc<dyn Realtime>, String);

    /// A model that answers `text` with these calls; `None` when that cannot be staged.
    fn calling(&mut self, text: &str, calls: &[ToolCall]) -> Option<Arc<dyn Realtime>>;

    /// A model whose answers are still coming long after they have begun; `None` when that cannot be staged.
    fn slow(&mut self) -> Option<Arc<dyn Realtime>>;

    /// A model that finds turns itself, and audio at its rate in which there is one; `None` when that cannot be staged.
    fn detecting(&mut self) -> Option<(Arc<dyn Realtime>, Vec<i16>)>;

    /// A model whose sessions fail so once they are asked; `None` when that cannot be staged.
    fn failing(&mut self, fault: Fault) -> Option<Arc<dyn Realtime>>;

    /// Sessions that are open.
    fn open_sessions(&self) -> u64;

    /// What the server was told of items that were not heard to their end: item, and how much was heard. `None` when
    /// it does not tell.
    fn truncations(&self) -> Option<Vec<(String, Duration)>>;

    /// The key, and whatever else must not be shown.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

const QUESTION: &str = "confidential question one";

/// Runs every rule of realtime models.
pub async fn check_realtime(bench: &mut dyn RealtimeBench) -> Report {
    let mut report = Report::default();
    report.run("an answer has text, ends once, and nothing of it follows", answers_end(bench)).await;
    report.run("a turn that is committed is numbered, and its transcript has the number", turns(bench)).await;
    report.run("answers to two wishes have numbers of their own", answers_are_told_apart(bench)).await;
    report.run("nothing comes of an answer that was cancelled", cancelled_is_silent(bench)).await;
    report
        .run("a truncation names its item and is exact to the millisecond", truncation_is_told(bench))
        .await;
    report.run("calls are whole, and what they return is answered", calls_are_whole(bench)).await;
    report.run("a model that finds turns tells them before it answers them", finds_turns(bench)).await;
    report.run("a model that is not to find turns does not", finds_no_turns(bench)).await;
    report.run("a dropped session is closed within 50 ms", drop_closes(bench)).await;
    report.run("each fault has its name, shows no secret and ends the session", faults(bench)).await;
    report
}

/// What came of one answer.
#[derive(Debug, Default)]
struct Whole {
    samples: usize,
    text: String,
    items: Vec<ItemId>,
    calls: Vec<ToolCall>,
    ends: usize,
    late: usize,
}

async fn next(session: &mut dyn RealtimeSession) -> Option<Result<RealtimeEvent, ProviderError>> {
    poll_fn(|cx| session.poll_event(cx)).await
}

/// Events until nothing has come for a while.
async fn events(session: &mut dyn RealtimeSession) -> Result<Vec<RealtimeEvent>, Broken> {
    let mut events = Vec::new();
    while let Ok(event) = timeout(QUIET, next(session)).await {
        match event {
            Some(Ok(event)) => events.push(event),
            other => return Err(Broken(format!("a session without a fault gives {other:?}"))),
        }
    }
    Ok(events)
}

/// How long nothing comes when all has come: longer than any pause within an answer.
const QUIET: Duration = Duration::from_secs(2);

fn whole(events: &[RealtimeEvent], of: AnswerId) -> Whole {
    let mut whole = Whole::default();
    for event in events {
        let is_late = whole.ends > 0;
        let counted = match event {
            RealtimeEvent::Audio { answer, item, samples } if *answer == of => {
                whole.samples += samples.len();
                whole.items.push(item.clone());
                true
            }
            RealtimeEvent::Text { answer, text, .. } if *answer == of => {
                whole.text.push_str(text);
                true
            }
            RealtimeEvent::Call { answer, call } if *answer == of => {
                whole.calls.push(call.clone());
                true
            }
            RealtimeEvent::AnswerFinished { answer, .. } | RealtimeEvent::AnswerFailed { answer, .. }
                if *answer == of =>
            {
                whole.ends += 1;
                true
            }
            RealtimeEvent::Audio { .. }
            | RealtimeEvent::Text { .. }
            | RealtimeEvent::Call { .. }
            | RealtimeEvent::AnswerFinished { .. }
            | RealtimeEvent::AnswerFailed { .. }
            | RealtimeEvent::SpeechStarted
            | RealtimeEvent::SpeechEnded { .. }
            | RealtimeEvent::UserTranscript { .. }
            | RealtimeEvent::AnswerStarted { .. }
            | RealtimeEvent::Usage(_) => false,
        };
        whole.late += usize::from(is_late && counted);
    }
    whole.items.dedup();
    whole
}

fn judge(model: &dyn Realtime, answer: &Whole) -> Result<(), Broken> {
    ensure(answer.ends == 1 && answer.late == 0, || format!("an answer does not end once: {answer:?}"))?;
    ensure(!answer.text.trim().is_empty(), || "an answer has no text".to_owned())?;
    let speaks = model.capabilities().audio;
    ensure(speaks == (answer.samples > 0), || {
        format!("it says that its answers have audio: {speaks}; {} samples came", answer.samples)
    })
}

fn user(text: &str) -> ChatMessage {
    ChatMessage::User { text: text.to_owned() }
}

fn ask(session: &mut dyn RealtimeSession, text: &str) -> AnswerId {
    session.add(user(text));
    session.answer(AnswerWish::default())
}

async fn answers_end(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let (model, question) = bench.plain();
    let mut session = model.open(RealtimeSetup::default());
    let answer = ask(&mut *session, &question);
    judge(&*model, &whole(&events(&mut *session).await?, answer))?;
    Ok(Verdict::Holds)
}

async fn turns(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let (model, _) = bench.plain();
    let mut session = model.open(RealtimeSetup::default());
    let mut heard: Vec<HeardId> = Vec::new();
    for _ in 0..2 {
        session.push(&vec![800; 24_000]);
        heard.push(session.commit());
    }
    ensure(heard[0] < heard[1], || format!("the turns are numbered {heard:?}"))?;
    let told = events(&mut *session).await?;
    let transcribed = |of: HeardId| {
        told.iter().any(|event| matches!(event, RealtimeEvent::UserTranscript { heard, is_final: true, .. } if *heard == of))
    };
    if model.capabilities().user_transcripts {
        ensure(transcribed(heard[0]) && transcribed(heard[1]), || format!("the transcripts are {told:?}"))?;
    }
    Ok(Verdict::Holds)
}

async fn answers_are_told_apart(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let (model, question) = bench.plain();
    let mut session = model.open(RealtimeSetup::default());
    let first = ask(&mut *session, &question);
    let mut told = events(&mut *session).await?;
    let second = ask(&mut *session, &question);
    told.extend(events(&mut *session).await?);
    ensure(first != second, || "two answers have one number".to_owned())?;
    for answer in [first, second] {
        judge(&*model, &whole(&told, answer))?;
    }
    let (first, second) = (whole(&told, first), whole(&told, second));
    ensure(first.items.iter().all(|item| !second.items.contains(item)), || {
        "two answers share an item".to_owned()
    })?;
    Ok(Verdict::Holds)
}

async fn cancelled_is_silent(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let Some(model) = bench.slow() else { return Ok(Verdict::NotStaged) };
    let mut session = model.open(RealtimeSetup::default());
    let answer = ask(&mut *session, QUESTION);
    let first = next(&mut *session).await;
    ensure(matches!(first, Some(Ok(_))), || format!("the first event is {first:?}"))?;
    session.cancel(answer);
    let late = whole(&events(&mut *session).await?, answer);
    ensure(late.samples == 0 && late.text.is_empty() && late.ends == 0, || format!("{late:?} comes of it"))?;
    session.cancel(answer);
    Ok(Verdict::Holds)
}

async fn truncation_is_told(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let (model, question) = bench.plain();
    if !model.capabilities().truncation || !model.capabilities().audio {
        return Ok(Verdict::NotStaged);
    }
    let mut session = model.open(RealtimeSetup::default());
    let answer = ask(&mut *session, &question);
    let came = whole(&events(&mut *session).await?, answer);
    let Some(item) = came.items.first() else { return Err(Broken("the audio has no item".to_owned())) };
    let heard = Duration::from_millis(123);
    session.truncate(item, ItemHeard { audio: heard, text: "" });
    tokio::time::sleep(NEVER).await;
    let Some(told) = bench.truncations() else { return Ok(Verdict::NotStaged) };
    ensure(told == [(item.to_string(), heard)], || format!("the server was told {told:?}"))?;
    Ok(Verdict::Holds)
}

async fn calls_are_whole(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let call = ToolCall {
        id: "call_a".to_owned(),
        name: "weather".to_owned(),
        arguments: r#"{"city":"São Paulo"}"#.to_owned(),
    };
    let Some(model) = bench.calling(QUESTION, std::slice::from_ref(&call)) else {
        return Ok(Verdict::NotStaged);
    };
    let mut session = model.open(RealtimeSetup::default());
    let answer = ask(&mut *session, QUESTION);
    let came = whole(&events(&mut *session).await?, answer);
    ensure(came.calls == [call.clone()] && came.ends == 1, || format!("the calls arrive as {came:?}"))?;
    let (call_id, name) = (call.id, call.name);
    session.add(ChatMessage::Tool { call_id, name, output: "sunny".to_owned(), is_error: false });
    let goes_on = model.capabilities().answers_tools;
    let asked = (!goes_on).then(|| session.answer(AnswerWish::default()));
    let told = events(&mut *session).await?;
    let by_itself = told.iter().find_map(|event| {
        let RealtimeEvent::AnswerStarted { answer, to: None } = event else { return None };
        Some(*answer)
    });
    ensure(goes_on == by_itself.is_some(), || format!("it says that it goes on: {goes_on}; {told:?}"))?;
    let Some(answer) = asked.or(by_itself) else { return Ok(Verdict::Holds) };
    ensure(whole(&told, answer).ends == 1, || "what a tool returned is not answered".to_owned())?;
    Ok(Verdict::Holds)
}

async fn finds_turns(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let Some((model, speech)) = bench.detecting() else { return Ok(Verdict::NotStaged) };
    ensure(model.capabilities().turn_detection, || "it says that it cannot".to_owned())?;
    let mut session = model.open(RealtimeSetup { turn_detection: true, ..RealtimeSetup::default() });
    session.push(&speech);
    let told = events(&mut *session).await?;
    let place = |is_it: &dyn Fn(&RealtimeEvent) -> bool| told.iter().position(is_it);
    let started = place(&|event| matches!(event, RealtimeEvent::SpeechStarted));
    let ended = place(&|event| matches!(event, RealtimeEvent::SpeechEnded { .. }));
    let answered = place(&|event| matches!(event, RealtimeEvent::AnswerStarted { to: Some(_), .. }));
    // One that does not tell where speech ends tells which turn it answers.
    let in_order =
        started < answered && ended.is_none_or(|ended| started < Some(ended) && Some(ended) < answered);
    ensure(answered.is_some() && in_order, || format!("it tells {told:?}"))?;
    for event in &told {
        if let RealtimeEvent::AnswerStarted { answer, .. } = event {
            judge(&*model, &whole(&told, *answer))?;
        }
    }
    Ok(Verdict::Holds)
}

async fn finds_no_turns(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let Some((model, speech)) = bench.detecting() else { return Ok(Verdict::NotStaged) };
    let mut session = model.open(RealtimeSetup::default());
    session.push(&speech);
    let told = events(&mut *session).await?;
    ensure(told.is_empty(), || format!("it tells {told:?}"))?;
    Ok(Verdict::Holds)
}

async fn drop_closes(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    let mut times = Vec::new();
    for _ in 0..MEASURES {
        let (model, question) = bench.plain();
        let mut session = model.open(RealtimeSetup::default());
        ask(&mut *session, &question);
        let first = next(&mut *session).await;
        ensure(matches!(first, Some(Ok(_))), || format!("the first event is {first:?}"))?;
        opened(|| bench.open_sessions()).await?;
        drop(session);
        times.push(freed(|| bench.open_sessions()).await?);
    }
    judge_freed(times)?;
    Ok(Verdict::Holds)
}

async fn faults(bench: &mut dyn RealtimeBench) -> Result<Verdict, Broken> {
    for fault in [Fault::Overloaded, Fault::RateLimited, Fault::Cut, Fault::Malformed, Fault::WrongKey] {
        let Some(model) = bench.failing(fault) else { return Ok(Verdict::NotStaged) };
        let mut session = model.open(RealtimeSetup::default());
        let answer = ask(&mut *session, QUESTION);
        let error = loop {
            match next(&mut *session).await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break error,
                None => return Err(Broken(format!("{fault:?} ends without an error"))),
            }
        };
        let secrets = bench.secrets();
        let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        secrets.push(QUESTION);
        fault.judge(&error, &secrets)?;
        let after = next(&mut *session).await;
        ensure(after.is_none(), || format!("{fault:?}: {after:?} comes after the error"))?;
        // Who has not noticed yet goes on, to no effect.
        session.push(&[0; 240]);
        session.commit();
        session.cancel(answer);
        session.answer(AnswerWish::default());
    }
    Ok(Verdict::Holds)
}
