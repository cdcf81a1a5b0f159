//! The toolbox with scripted tools, on a clock that stands still while anything can be done.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    time::Duration,
};

use agent_tools::Function;
use agent_turn::ReplyId;
use expect_test::{Expect, expect};
use providers_core::{Then, ToolCall, ToolOutcome, ToolSpec, Toolset};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Part, Returned, ToolLimits, Toolbox};

/// What happens in a test: when, in seconds, and what.
type Cue = (f64, Do);

enum Do {
    /// A reply calls these: tool, arguments.
    Call(u32, &'static [(&'static str, &'static str)]),
    /// A reply is interrupted.
    Interrupt(u32),
}

/// What the tools did and returned, in order.
#[derive(Clone)]
struct Diary(Arc<Mutex<String>>, Instant);

impl Diary {
    fn note(&self, line: &str) {
        let at = self.1.elapsed().as_secs_f64();
        self.0.lock().unwrap().push_str(&format!("{at:.1} {line}\n"));
    }
}

/// Notes that a call was cancelled, unless it returned.
struct Watch(Diary, String);

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.1.is_empty() {
            self.0.note(&format!("cancelled {}", self.1));
        }
    }
}

/// A tool that takes so long and returns its name.
fn tool(diary: &Diary, name: &str, takes: f64) -> Function {
    let spec = ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        parameters: serde_json::json!({ "type": "object" }),
    };
    let diary = diary.clone();
    Function::raw(spec, move |arguments, context| {
        let name = context.idempotency_key;
        diary.note(&format!("runs {name} {}", serde_json::Value::Object(arguments)));
        let mut watch = Watch(diary.clone(), name.clone());
        Box::pin(async move {
            sleep(Duration::from_secs_f64(takes)).await;
            watch.1.clear();
            ToolOutcome::returned(format!("result of {name}"))
        })
    })
}

/// Plays the cues with these tools and compares what came of them.
#[expect(clippy::needless_pass_by_value, reason = "`expect![]` is written where it is passed")]
fn check(tools: impl FnOnce(&Diary) -> Vec<Function>, limits: ToolLimits, cues: Vec<Cue>, expected: Expect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let diary = runtime.unwrap().block_on(async {
        let diary = Diary(Arc::default(), Instant::now());
        let mut set = Toolset::new();
        for tool in tools(&diary) {
            set.add(Arc::new(tool)).unwrap();
        }
        let mut toolbox = Toolbox::new(set, "agent", limits, "job".into());
        for (at, cue) in cues {
            let at = diary.1 + Duration::from_secs_f64(at);
            while let Some(returned) = next(&mut toolbox, at).await {
                diary.note(&told(&returned));
            }
            match cue {
                Do::Call(reply, calls) => toolbox.start(ReplyId(reply), &called(calls)),
                Do::Interrupt(reply) => toolbox.interrupt(ReplyId(reply)),
            }
        }
        while let Some(returned) = next(&mut toolbox, diary.1 + Duration::from_secs(100)).await {
            diary.note(&told(&returned));
        }
        diary.0.lock().unwrap().clone()
    });
    expected.assert_eq(&diary);
}

async fn next(toolbox: &mut Toolbox, until: Instant) -> Option<Returned> {
    tokio::select! {
        biased;
        returned = poll_fn(|cx| toolbox.poll(cx)) => Some(returned),
        () = sleep_until(until) => None,
    }
}

fn called(calls: &[(&str, &str)]) -> Vec<ToolCall> {
    let call = |(name, arguments): &(&str, &str)| ToolCall {
        id: "id".to_owned(),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    };
    calls.iter().map(call).collect()
}

fn told(returned: &Returned) -> String {
    let Returned { reply, call, id: _, name, outcome, part, ended } = returned;
    let is_error = if outcome.is_error { "error" } else { "ok" };
    let silent = if outcome.reply { "" } else { " silent" };
    let ended = ended.map_or_else(String::new, |(end, took)| format!(" {end:?} {:.1}s", took.as_secs_f64()));
    format!("{name} {}.{call} {part:?} {is_error}{silent}{ended}: {}", reply.0, outcome.output)
}

fn limits() -> ToolLimits {
    ToolLimits { deadline: Duration::from_secs(10), at_once: 8, output: 100 }
}

#[test]
fn calls_run_side_by_side_and_the_last_one_ends_the_round() {
    check(
        |diary| vec![tool(diary, "slow", 2.0), tool(diary, "quick", 1.0)],
        limits(),
        vec![(0.5, Do::Call(1, &[("slow", "{}"), ("quick", r#"{"a":1}"#)]))],
        expect![[r#"
            0.5 runs job-1 {}
            0.5 runs job-2 {"a":1}
            1.5 quick 1.1 One ok Returned 1.0s: result of job-2
            2.5 slow 1.0 Last ok Returned 2.0s: result of job-1
        "#]],
    );
}

#[test]
fn no_more_run_at_once_than_allowed_and_the_others_follow_in_their_order() {
    check(
        |diary| vec![tool(diary, "t", 1.0)],
        ToolLimits { at_once: 2, ..limits() },
        vec![(0.0, Do::Call(1, &[("t", r#"{"n":1}"#), ("t", r#"{"n":2}"#), ("t", r#"{"n":3}"#)]))],
        expect![[r#"
            0.0 runs job-1 {"n":1}
            0.0 runs job-2 {"n":2}
            1.0 runs job-3 {"n":3}
            1.0 t 1.0 One ok Returned 1.0s: result of job-1
            1.0 t 1.1 One ok Returned 1.0s: result of job-2
            2.0 t 1.2 Last ok Returned 2.0s: result of job-3
        "#]],
    );
}

#[test]
fn what_cannot_be_run_is_answered_and_not_run() {
    check(
        |diary| vec![tool(diary, "b", 1.0), tool(diary, "a", 1.0)],
        limits(),
        vec![(0.0, Do::Call(1, &[("c", "{}"), ("a", "{\"x\":"), ("b", "[]")]))],
        expect![[r#"
            0.0 c 1.0 One error Refused 0.0s: Unknown function: c - available tools: a, b
            0.0 a 1.1 One error Refused 0.0s: The arguments are not valid JSON: EOF while parsing a value at line 1 column 5. Nothing was done. Ca … [cut: the first 100 of 128 characters]
            0.0 b 1.2 Last error Refused 0.0s: The arguments are an array, not a JSON object. Nothing was done. Call again with a JSON object.
        "#]],
    );
}

#[test]
fn a_tool_has_its_own_deadline_but_no_longer_one_than_the_conversation_allows() {
    let seconds = Duration::from_secs;
    check(
        |diary| {
            let patient = tool(diary, "patient", 50.0).deadline(seconds(90));
            vec![tool(diary, "own", 50.0).deadline(seconds(3)), patient, tool(diary, "any", 50.0)]
        },
        limits(),
        vec![(0.0, Do::Call(1, &[("own", ""), ("patient", ""), ("any", "")]))],
        expect![[r#"
            0.0 runs job-1 {}
            0.0 runs job-2 {}
            0.0 runs job-3 {}
            3.0 cancelled job-1
            3.0 own 1.0 One error TimedOut 3.0s: The function did not return within 3 s.
            10.0 cancelled job-2
            10.0 cancelled job-3
            10.0 patient 1.1 One error TimedOut 10.0s: The function did not return within 10 s.
            10.0 any 1.2 Last error TimedOut 10.0s: The function did not return within 10 s.
        "#]],
    );
}

#[test]
fn the_same_call_made_twice_at_a_time_runs_once_unless_each_is_another() {
    check(
        |diary| vec![tool(diary, "book", 2.0), tool(diary, "dice", 1.0).repeatable()],
        limits(),
        vec![
            (0.0, Do::Call(1, &[("book", r#"{"a":1,"b":2}"#), ("book", r#"{ "b": 2, "a": 1 }"#)])),
            (1.0, Do::Call(2, &[("book", r#"{"a":1,"b":2}"#), ("book", r#"{"a":1,"b":3}"#)])),
            (5.0, Do::Call(3, &[("dice", ""), ("dice", ""), ("book", r#"{"a":1,"b":2}"#)])),
        ],
        expect![[r#"
            0.0 runs job-1 {"a":1,"b":2}
            1.0 runs job-2 {"a":1,"b":3}
            2.0 book 1.0 One ok Returned 2.0s: result of job-1
            2.0 book 1.1 Last ok Returned 2.0s: result of job-1
            2.0 book 2.0 One ok Returned 1.0s: result of job-1
            3.0 book 2.1 Last ok Returned 2.0s: result of job-2
            5.0 runs job-3 {}
            5.0 runs job-4 {}
            5.0 runs job-5 {"a":1,"b":2}
            6.0 dice 3.0 One ok Returned 1.0s: result of job-3
            6.0 dice 3.1 One ok Returned 1.0s: result of job-4
            7.0 book 3.2 Last ok Returned 2.0s: result of job-5
        "#]],
    );
}

#[test]
fn an_interruption_cancels_what_may_be_cancelled_and_keeps_what_the_others_return() {
    check(
        |diary| vec![tool(diary, "book", 2.0), tool(diary, "look", 2.0).cancelled_by_interruption()],
        limits(),
        vec![
            (0.0, Do::Call(1, &[("look", ""), ("book", ""), ("look", r#"{"n":2}"#)])),
            (0.5, Do::Call(2, &[("look", r#"{"n":2}"#)])),
            (1.0, Do::Interrupt(1)),
            (1.5, Do::Interrupt(7)),
        ],
        expect![[r#"
            0.0 runs job-1 {}
            0.0 runs job-2 {}
            0.0 runs job-3 {"n":2}
            1.0 cancelled job-1
            1.0 look 1.0 One error silent Cancelled 1.0s: The user interrupted, and the function was cancelled before it returned.
            1.0 look 1.2 One error silent Cancelled 1.0s: The user interrupted, and the function was cancelled before it returned.
            2.0 book 1.1 Last ok Returned 2.0s: result of job-2
            2.0 look 2.0 Last ok Returned 1.5s: result of job-3
        "#]],
    );
}

#[test]
fn a_tool_in_the_background_is_answered_at_once_and_again_when_it_returns() {
    check(
        |diary| vec![tool(diary, "ship", 5.0).in_background(), tool(diary, "look", 1.0)],
        limits(),
        vec![(0.0, Do::Call(1, &[("ship", ""), ("look", "")]))],
        expect![[r#"
            0.0 ship 1.0 One ok: The function is running. What it returns will be told later.
            0.0 runs job-1 {}
            0.0 runs job-2 {}
            1.0 look 1.1 Last ok Returned 1.0s: result of job-2
            5.0 ship 1.0 Late ok Returned 5.0s: result of job-1
        "#]],
    );
}

#[test]
fn a_tool_that_panics_takes_nothing_down() {
    check(
        |diary| {
            let spec = || tool(diary, "p", 0.0);
            let panics = Function::raw(
                ToolSpec { name: "later".to_owned(), ..providers_core::Tool::spec(&spec()).clone() },
                |_, _| Box::pin(async { panic!("on purpose") }),
            );
            let at_once = Function::raw(
                ToolSpec { name: "at_once".to_owned(), ..providers_core::Tool::spec(&spec()).clone() },
                |_, _| panic!("on purpose"),
            );
            vec![panics, at_once, tool(diary, "good", 1.0)]
        },
        limits(),
        vec![(0.0, Do::Call(1, &[("later", ""), ("at_once", ""), ("good", "")]))],
        expect![[r#"
            0.0 runs job-3 {}
            0.0 later 1.0 One error Panicked 0.0s: The function failed for a reason of its own.
            0.0 at_once 1.1 One error Panicked 0.0s: The function failed for a reason of its own.
            1.0 good 1.2 Last ok Returned 1.0s: result of job-3
        "#]],
    );
}

#[test]
fn calls_without_end_are_refused_and_the_round_still_ends() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let diary = Diary(Arc::default(), Instant::now());
        let set = Toolset::new().with(tool(&diary, "t", 1.0).repeatable()).unwrap();
        let mut toolbox = Toolbox::new(set, "agent", limits(), "job".into());
        toolbox.start(ReplyId(1), &called(&[("t", ""); 1_000]));
        assert_eq!(toolbox.jobs.len(), super::JOBS);
        let (mut refused, mut ran) = (0, 0);
        loop {
            let returned = poll_fn(|cx| toolbox.poll(cx)).await;
            *(if returned.outcome.is_error { &mut refused } else { &mut ran }) += 1;
            if returned.part == Part::Last {
                break;
            }
        }
        assert_eq!((ran, refused), (super::JOBS, 1_000 - super::JOBS));
        let round = toolbox.take_round(ReplyId(1)).unwrap();
        assert_eq!((round.names.len(), round.errors, round.then), (1_000, refused, Then::GoOn));
        assert!(toolbox.rounds.is_empty() && toolbox.jobs.is_empty());
    });
}
