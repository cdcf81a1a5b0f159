//! The rules of minds.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{StreamExt, future};
use providers_core::{
    ChatMessage, ChatRequest, FinishReason, LanguageModel, LlmEvent, LlmStream, ProviderError, ToolCall,
    ToolSpec, Usage,
};

use crate::{
    Chunking, Fault, Report,
    report::{Broken, Verdict, ensure},
    scene::{BUFFERED, MEASURES, NEVER, freed, judge_freed, opened, settled},
};

/// What the server answers.
#[derive(Clone, Debug, PartialEq)]
pub struct MindScene {
    /// The answers by the last user text.
    pub answers: Vec<(String, String)>,
    /// The tools it calls after the text.
    pub calls: Vec<ToolCall>,
    /// What it says was used.
    pub usage: Usage,
    /// How its bytes are cut.
    pub chunking: Chunking,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// The text is sent again and again without end.
    pub endless: bool,
}

/// A mind on the bench.
pub trait MindBench {
    /// A mind whose every answer is `scene`; `None` when that cannot be staged.
    fn mind(&mut self, scene: &MindScene) -> Option<Arc<dyn LanguageModel>>;

    /// A mind as it is, and a question that it answers with text.
    fn plain(&mut self) -> (Arc<dyn LanguageModel>, String);

    /// Requests that the server has read and neither answered wholly nor lost.
    fn open_requests(&self) -> u64;

    /// Bytes of answers that the server has sent, where it counts them.
    fn sent(&self) -> Option<u64> {
        None
    }

    /// The key, and whatever else must not be shown.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Text that tears badly: letters of two, three and four bytes, joined ones, marks of JSON.
const TEXT: &str = "Grüß dich, 世界! 👩‍👩‍👧 said \"{no}\\n\" \n data: [DONE] — and é went.";
const QUESTION: &str = "confidential question one";

/// Runs every rule of minds.
pub async fn check_mind(bench: &mut dyn MindBench) -> Report {
    let mut report = Report::default();
    report.run("an answer ends with its end mark, and nothing follows", ends(bench)).await;
    report.run("no text is lost or repeated at any chunking", text_is_whole(bench)).await;
    report.run("tool calls are whole, in order, before the end", calls_are_whole(bench)).await;
    report.run("two answers at once do not mix", answers_do_not_mix(bench)).await;
    report.run("a dropped answer frees its request within 50 ms", drop_frees(bench)).await;
    report.run("a slow first piece is waited for", slow_is_waited_for(bench)).await;
    report
        .run("an answer that does not come or stalls invents nothing", silence_invents_nothing(bench))
        .await;
    report.run("each fault has its name and shows no secret", faults_are_named(bench)).await;
    report.run("what came before a fault is given first", pieces_before_fault(bench)).await;
    report.run("memory is bounded when the reader is slow", slow_reader(bench)).await;
    report
}

fn scene(answers: &[(&str, &str)]) -> MindScene {
    MindScene {
        answers: answers
            .iter()
            .map(|(question, text)| ((*question).to_owned(), (*text).to_owned()))
            .collect(),
        calls: Vec::new(),
        usage: Usage { input_tokens: 11, cached_tokens: 3, output_tokens: 7, ..Usage::default() },
        chunking: Chunking::Events,
        fault: None,
        endless: false,
    }
}

fn ask(question: &str) -> ChatRequest {
    let messages = vec![
        ChatMessage::System { text: "be brief".to_owned() },
        ChatMessage::User { text: question.to_owned() },
    ];
    ChatRequest { messages, ..ChatRequest::default() }
}

/// All of an answer.
#[derive(Debug, Default)]
struct Whole {
    text: String,
    calls: Vec<ToolCall>,
    usage: Vec<Usage>,
    finished: Vec<FinishReason>,
    /// Events after the end mark.
    late: usize,
    error: Option<ProviderError>,
    /// Whether anything came after the error.
    after_error: bool,
}

impl Whole {
    fn take(&mut self, event: LlmEvent) {
        if !self.finished.is_empty() {
            self.late += 1;
        }
        match event {
            LlmEvent::Text(text) => self.text.push_str(&text),
            LlmEvent::Reasoning(_) => {}
            LlmEvent::Call(call) => self.calls.push(call),
            LlmEvent::Usage(usage) => self.usage.push(usage),
            LlmEvent::Finished(reason) => self.finished.push(reason),
        }
    }

    fn judge_end(&self) -> Result<(), Broken> {
        if let Some(error) = &self.error {
            return Err(Broken(format!("an answer without a fault fails: {error}")));
        }
        ensure(self.finished.len() == 1, || format!("an answer has the end marks {:?}", self.finished))?;
        ensure(self.late == 0, || format!("{} events come after the end mark", self.late))?;
        ensure(self.usage.len() <= 1, || format!("usage is counted {} times", self.usage.len()))
    }
}

async fn whole(mut answer: LlmStream) -> Whole {
    let mut whole = Whole::default();
    while let Some(event) = answer.next().await {
        match event {
            Ok(_) if whole.error.is_some() => whole.after_error = true,
            Ok(event) => whole.take(event),
            Err(error) => {
                whole.after_error |= whole.error.is_some();
                whole.error = Some(error);
            }
        }
    }
    whole
}

async fn ends(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    let (mind, question) = bench.plain();
    let answer = whole(mind.answer(ask(&question))).await;
    answer.judge_end()?;
    ensure(!answer.text.trim().is_empty(), || "the answer says nothing".to_owned())?;
    Ok(Verdict::Holds)
}

async fn text_is_whole(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    for chunking in Chunking::ALL {
        let scene = MindScene { chunking, ..scene(&[(QUESTION, TEXT)]) };
        let Some(mind) = bench.mind(&scene) else { return Ok(Verdict::NotStaged) };
        let answer = whole(mind.answer(ask(QUESTION))).await;
        answer.judge_end()?;
        ensure(answer.text == TEXT, || format!("{chunking:?}: the text arrives as {:?}", answer.text))?;
        ensure(answer.finished == [FinishReason::Stop], || {
            format!("{chunking:?}: ends with {:?}", answer.finished)
        })?;
        let counted =
            answer.usage.first().is_some_and(|usage| usage.input_tokens > 0 && usage.output_tokens > 0);
        ensure(counted, || format!("{chunking:?}: the usage is {:?}", answer.usage))?;
    }
    Ok(Verdict::Holds)
}

async fn calls_are_whole(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    let call = |id: &str, city: &str| ToolCall {
        id: id.to_owned(),
        name: "weather".to_owned(),
        arguments: format!(r#"{{"city":"{city}"}}"#),
    };
    for chunking in Chunking::ALL {
        let calls = vec![call("call_a", "São Paulo"), call("call_b", "京都")];
        let scene = MindScene { calls: calls.clone(), chunking, ..scene(&[(QUESTION, "One moment.")]) };
        let Some(mind) = bench.mind(&scene) else { return Ok(Verdict::NotStaged) };
        let parameters =
            serde_json::json!({ "type": "object", "properties": { "city": { "type": "string" } } });
        let tool =
            ToolSpec { name: "weather".to_owned(), description: "Tells the weather".to_owned(), parameters };
        let answer = whole(mind.answer(ChatRequest { tools: vec![tool], ..ask(QUESTION) })).await;
        answer.judge_end()?;
        ensure(answer.calls == calls, || format!("{chunking:?}: the calls arrive as {:?}", answer.calls))?;
        ensure(answer.text == "One moment.", || {
            format!("{chunking:?}: the text arrives as {:?}", answer.text)
        })?;
        ensure(answer.finished == [FinishReason::Calls], || {
            format!("{chunking:?}: ends with {:?}", answer.finished)
        })?;
    }
    Ok(Verdict::Holds)
}

async fn answers_do_not_mix(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    let (first, second) = ("alpha ".repeat(200), "omega ".repeat(200));
    let scene = scene(&[(QUESTION, &first), ("question two", &second)]);
    let Some(mind) = bench.mind(&scene) else { return Ok(Verdict::NotStaged) };
    let both = future::join(whole(mind.answer(ask(QUESTION))), whole(mind.answer(ask("question two")))).await;
    ensure(both.0.text == first && both.1.text == second, || "two answers mix".to_owned())?;
    Ok(Verdict::Holds)
}

async fn drop_frees(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    let stalled = MindScene { fault: Some(Fault::Stalled), ..scene(&[(QUESTION, TEXT)]) };
    let mut times = Vec::new();
    for _ in 0..MEASURES {
        let Some(mind) = bench.mind(&stalled) else { return Ok(Verdict::NotStaged) };
        let mut answer = mind.answer(ask(QUESTION));
        let first = answer.next().await;
        ensure(matches!(first, Some(Ok(_))), || format!("the first piece is {first:?}"))?;
        opened(|| bench.open_requests()).await?;
        drop(answer);
        times.push(freed(|| bench.open_requests()).await?);
    }
    judge_freed(times)?;
    Ok(Verdict::Holds)
}

async fn slow_is_waited_for(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    let slow = MindScene { fault: Some(Fault::SlowFirst), ..scene(&[(QUESTION, TEXT)]) };
    let Some(mind) = bench.mind(&slow) else { return Ok(Verdict::NotStaged) };
    let answer = whole(mind.answer(ask(QUESTION))).await;
    answer.judge_end()?;
    ensure(answer.text == TEXT, || format!("the text arrives as {:?}", answer.text))?;
    Ok(Verdict::Holds)
}

async fn silence_invents_nothing(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    for fault in [Fault::NoResponse, Fault::Stalled] {
        let silent = MindScene { fault: Some(fault), ..scene(&[(QUESTION, TEXT)]) };
        let Some(mind) = bench.mind(&silent) else { return Ok(Verdict::NotStaged) };
        let mut answer = mind.answer(ask(QUESTION));
        let mut given = Whole::default();
        while let Ok(event) = tokio::time::timeout(NEVER, answer.next()).await {
            match event {
                Some(Ok(event)) => given.take(event),
                other => return Err(Broken(format!("{fault:?} gives {other:?}"))),
            }
        }
        ensure(TEXT.starts_with(&given.text) && given.text != TEXT, || {
            format!("{fault:?} gives {:?}", given.text)
        })?;
        ensure(given.finished.is_empty(), || format!("{fault:?} ends in success"))?;
        drop(answer);
        freed(|| bench.open_requests()).await?;
    }
    Ok(Verdict::Holds)
}

async fn faults_are_named(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    for fault in Fault::FATAL {
        let failing = MindScene { fault: Some(fault), ..scene(&[(QUESTION, TEXT)]) };
        let Some(mind) = bench.mind(&failing) else { return Ok(Verdict::NotStaged) };
        let answer = whole(mind.answer(ask(QUESTION))).await;
        ensure(answer.finished.is_empty(), || format!("{fault:?} ends in success"))?;
        let Some(error) = &answer.error else {
            return Err(Broken(format!("{fault:?} ends without an error")));
        };
        ensure(!answer.after_error, || format!("{fault:?}: something comes after the error"))?;
        let secrets = bench.secrets();
        let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        secrets.extend([QUESTION, TEXT]);
        fault.judge(error, &secrets)?;
    }
    Ok(Verdict::Holds)
}

async fn pieces_before_fault(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    for fault in [Fault::Cut, Fault::Malformed, Fault::NoEndMark] {
        let failing = MindScene { fault: Some(fault), ..scene(&[(QUESTION, TEXT)]) };
        let Some(mind) = bench.mind(&failing) else { return Ok(Verdict::NotStaged) };
        let answer = whole(mind.answer(ask(QUESTION))).await;
        let right = !answer.text.is_empty() && TEXT.starts_with(&answer.text);
        ensure(right, || format!("{fault:?}: before it came {:?}", answer.text))?;
    }
    Ok(Verdict::Holds)
}

async fn slow_reader(bench: &mut dyn MindBench) -> Result<Verdict, Broken> {
    let endless = MindScene { endless: true, ..scene(&[(QUESTION, &"na ".repeat(400))]) };
    let Some(mind) = bench.mind(&endless) else { return Ok(Verdict::NotStaged) };
    let Some(before) = bench.sent() else { return Ok(Verdict::NotStaged) };
    let mut answer = mind.answer(ask(QUESTION));
    let first = answer.next().await;
    ensure(matches!(first, Some(Ok(_))), || format!("the first piece is {first:?}"))?;
    let sent = settled(|| bench.sent().unwrap_or_default() - before).await?;
    ensure(sent <= BUFFERED, || format!("{sent} bytes were taken while nobody read"))?;
    poll_once(answer.as_mut());
    drop(answer);
    freed(|| bench.open_requests()).await?;
    Ok(Verdict::Holds)
}

/// A stream must bear a poll whose waker goes nowhere.
fn poll_once(answer: Pin<&mut (impl futures_util::Stream + ?Sized)>) {
    let mut context = Context::from_waker(std::task::Waker::noop());
    let _event: Poll<_> = answer.poll_next(&mut context);
}
