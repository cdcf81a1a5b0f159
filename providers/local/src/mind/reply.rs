//! What to reply to a request: which intent, which of its answers, or which tool.

use providers_core::{ChatMessage, ChatRequest, ErrorKind, ProviderError, ToolCall, ToolChoice, ToolSpec};
use serde_json::{Map, Value};

use super::{
    MindConfig,
    arithmetic::{self, Sum},
    standing::Standing,
};
use crate::{
    PROVIDER,
    intents::{ALWAYS, Intents, LAST_ANSWER, REMEMBERED, Template, ToolRule, Understood},
};

/// Examples that an answer lists, at most.
const EXAMPLES_SAID: usize = 3;

/// What is said or done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    Text(String),
    Call(ToolCall),
}

/// The reply to a request.
pub(super) fn to(config: &MindConfig, request: &ChatRequest) -> Result<Reply, ProviderError> {
    let context = Context::new(config, request);
    let answers = config.intents.answers();
    // What a tool returned is told before anything else: the request was made for that.
    if let Some(outputs) = trailing_outputs(&request.messages) {
        return Ok(Reply::Text(context.after_tools(outputs)));
    }
    let Some(said) = context.last_user_text() else {
        return Ok(Reply::Text(context.choose(&answers.greeting)));
    };
    let may_call = request.tool_choice == ToolChoice::Auto;
    if let Some(ask) = context.standing.missing.filter(|_| may_call) {
        let words = if said.trim().is_empty() { &answers.nothing } else { &ask.say };
        return Ok(Reply::Text(context.choose(words)));
    }
    if let Some(call) = context.call()? {
        return Ok(Reply::Call(call));
    }
    let own = context.understood().map(|found| found.intent.answer.as_slice()).unwrap_or_default();
    let said = match context.try_choose(own) {
        Some(text) => text,
        None if said.trim().is_empty() => context.choose(&answers.nothing),
        None => context.choose(&answers.fallback),
    };
    Ok(Reply::Text(said))
}

/// How many words a request holds.
pub(super) fn words_in(request: &ChatRequest) -> u64 {
    let texts = request.messages.iter().map(|message| match message {
        ChatMessage::System { text } | ChatMessage::User { text } | ChatMessage::Assistant { text, .. } => {
            text
        }
        ChatMessage::Tool { output, .. } => output,
    });
    texts.map(|text| text.split_whitespace().count() as u64).sum()
}

/// A request, and what can be known from it.
struct Context<'a> {
    config: &'a MindConfig,
    request: &'a ChatRequest,
    standing: Standing<'a>,
}

impl<'a> Context<'a> {
    fn new(config: &'a MindConfig, request: &'a ChatRequest) -> Self {
        let said: Vec<&str> = user_texts(&request.messages).collect();
        let may_call = |name: &str| request.tools.iter().any(|tool| tool.name == name);
        let standing = Standing::after(&config.intents, said, &may_call);
        Self { config, request, standing }
    }

    fn understood(&self) -> Option<&Understood<'a>> {
        self.standing.understood.as_ref()
    }

    fn intents(&self) -> &'a Intents {
        &self.config.intents
    }

    fn last_user_text(&self) -> Option<&'a str> {
        user_texts(&self.request.messages).last()
    }

    /// The answer whose values are all known and are the most; those alike alternate.
    fn try_choose(&self, answers: &[Template]) -> Option<String> {
        self.choose_with(answers, |name| self.value(name))
    }

    /// As [`Context::try_choose`], for answers of which the file's checks say that one needs nothing remembered.
    fn choose(&self, answers: &[Template]) -> String {
        self.try_choose(answers).unwrap_or_default()
    }

    fn choose_with(&self, answers: &[Template], value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let sayable = |answer: &Template| Some((answer.values().count(), answer.fill(&value)?));
        let sayable: Vec<(usize, String)> = answers.iter().filter_map(sayable).collect();
        let most = sayable.iter().map(|(values, _)| *values).max()?;
        let best: Vec<String> =
            sayable.into_iter().filter(|(values, _)| *values == most).map(|(_, text)| text).collect();
        let seed = self.request.options.seed.unwrap_or(0) as usize;
        let place = self.standing.turn().wrapping_add(seed) % best.len();
        best.into_iter().nth(place)
    }

    fn value(&self, name: &str) -> Option<String> {
        let clock = &self.config.clock;
        match name {
            "time" => Some(clock.time()),
            "date" => Some(clock.date()),
            "weekday" => Some(clock.weekday()),
            "examples" => Some(self.examples()),
            "user_text" => self.last_user_text().map(str::to_owned),
            LAST_ANSWER => self.last_answer(),
            "result" | "too_great" => {
                let found = self.understood()?;
                match (arithmetic::result(found.slots.get(found.intent.arithmetic.as_ref()?)?), name) {
                    (Sum::Is(result), "result") => Some(result),
                    (Sum::Unknown, "too_great") => Some(String::new()),
                    (Sum::Is(_) | Sum::Undefined | Sum::Unknown, _) => None,
                }
            }
            slot => self.own(slot).or_else(|| self.remembered(slot)),
        }
    }

    /// The value of a slot that the last sentence, or those before it that belong to the same call, filled.
    fn own(&self, slot: &str) -> Option<String> {
        let value = self.understood()?.slots.get(slot)?;
        Some(if self.intents().remembers(slot) { capitalised(value) } else { value.clone() })
    }

    fn remembered(&self, slot: &str) -> Option<String> {
        self.standing.remembered(slot).cloned()
    }

    /// A value in the argument of a call: of this call's own sentences, unless the file wants the one remembered.
    fn argument(&self, name: &str) -> Option<String> {
        match name.strip_prefix(REMEMBERED) {
            Some(slot) => self.own(slot).or_else(|| self.remembered(slot)),
            None if ALWAYS.contains(&name) => self.value(name),
            None => self.own(name),
        }
    }

    /// Three sentences that can be said, others at each turn.
    fn examples(&self) -> String {
        let all: Vec<&str> = self.intents().examples().collect();
        let step = all.len() / EXAMPLES_SAID;
        let chosen = (0..EXAMPLES_SAID.min(all.len()))
            .map(|place| all[(self.standing.turn() * 7 + place * step) % all.len()]);
        chosen.collect::<Vec<_>>().join("; or: ")
    }

    /// What was said last that was not itself said again.
    fn last_answer(&self) -> Option<String> {
        let mut answer: Option<&String> = None;
        for message in self.request.messages.iter().rev() {
            match message {
                ChatMessage::Assistant { text, .. } if !text.trim().is_empty() => {
                    answer = answer.or(Some(text));
                }
                ChatMessage::User { text } if answer.is_some() => {
                    let repeats = |found: Understood<'_>| {
                        found.intent.answer.iter().any(|own| own.values().any(|value| value == LAST_ANSWER))
                    };
                    match self.intents().understand(text).is_some_and(repeats) {
                        true => answer = None,
                        false => break,
                    }
                }
                ChatMessage::Assistant { .. }
                | ChatMessage::System { .. }
                | ChatMessage::User { .. }
                | ChatMessage::Tool { .. } => {}
            }
        }
        answer.cloned()
    }

    /// The call that the intent makes or that the request demands.
    fn call(&self) -> Result<Option<ToolCall>, ProviderError> {
        let rule = self.understood().and_then(|found| found.intent.call.as_ref());
        let offered = rule.and_then(|rule| self.tool(&rule.tool).map(|tool| (rule, tool)));
        match (&self.request.tool_choice, offered) {
            (ToolChoice::None, _) | (ToolChoice::Auto, None) => Ok(None),
            (ToolChoice::Auto | ToolChoice::Required, Some((rule, tool))) => {
                Ok(Some(self.call_of(rule, tool)))
            }
            (ToolChoice::Named(name), Some((rule, tool))) if *name == rule.tool => {
                Ok(Some(self.call_of(rule, tool)))
            }
            (ToolChoice::Named(name), _) => self.bare_call(name).map(Some),
            (ToolChoice::Required, None) => Err(unsupported(
                "a tool is required, and no rule of the intents file calls one for these words",
            )),
        }
    }

    fn call_of(&self, rule: &ToolRule, tool: &ToolSpec) -> ToolCall {
        let mut arguments = Map::new();
        for (name, template) in &rule.arguments {
            if let Some(text) = template.fill(|value| self.argument(value)) {
                arguments.insert(name.clone(), typed(&text, &tool.parameters["properties"][name]["type"]));
            }
        }
        self.numbered(&tool.name, &Value::Object(arguments))
    }

    /// A call that the request demands by name: possible only when the tool needs no argument.
    fn bare_call(&self, name: &str) -> Result<ToolCall, ProviderError> {
        let Some(tool) = self.tool(name) else {
            return Err(ProviderError::new(
                PROVIDER,
                ErrorKind::BadRequest,
                format!("no tool is named {name:?}"),
            ));
        };
        match tool.parameters["required"].as_array().is_none_or(Vec::is_empty) {
            true => Ok(self.numbered(name, &Value::Object(Map::new()))),
            false => {
                Err(unsupported(&format!("no rule of the intents file fills the arguments of {name:?}")))
            }
        }
    }

    /// A call whose id is its place among the conversation's calls.
    fn numbered(&self, name: &str, arguments: &Value) -> ToolCall {
        let before = self.request.messages.iter().map(|message| match message {
            ChatMessage::Assistant { calls, .. } => calls.len(),
            ChatMessage::System { .. } | ChatMessage::User { .. } | ChatMessage::Tool { .. } => 0,
        });
        let id = format!("call_{}", before.sum::<usize>() + 1);
        ToolCall { id, name: name.to_owned(), arguments: arguments.to_string() }
    }

    fn tool(&self, name: &str) -> Option<&'a ToolSpec> {
        self.request.tools.iter().find(|tool| tool.name == name)
    }

    /// What is said of the outputs of tools, one sentence each.
    fn after_tools(&self, outputs: &[ChatMessage]) -> String {
        let sentence = |message: &ChatMessage| match message {
            ChatMessage::Tool { name, output, is_error, .. } => {
                Some(self.after_tool(name, output, *is_error))
            }
            ChatMessage::System { .. } | ChatMessage::User { .. } | ChatMessage::Assistant { .. } => None,
        };
        outputs.iter().filter_map(sentence).collect::<Vec<_>>().join(" ")
    }

    fn after_tool(&self, tool: &str, output: &str, is_error: bool) -> String {
        let json: Option<Value> = serde_json::from_str(output).ok();
        let value = |name: &str| match name.strip_prefix("output") {
            Some("") => Some(spoken(json.as_ref(), output)),
            Some(field) => spoken_field(json.as_ref()?, field.strip_prefix('.')?),
            None => self.value(name),
        };
        let answers = self.intents().answers();
        let own = match (is_error, self.intents().intent_calling(tool)) {
            (true, _) => self.choose_with(&answers.tool_failed, value),
            (false, Some(intent)) => self.choose_with(&intent.tool_answer, value),
            (false, None) => None,
        };
        own.or_else(|| self.choose_with(&answers.tool_done, value)).unwrap_or_default()
    }
}

fn user_texts(messages: &[ChatMessage]) -> impl DoubleEndedIterator<Item = &str> {
    messages.iter().filter_map(|message| match message {
        ChatMessage::User { text } => Some(text.as_str()),
        ChatMessage::System { .. } | ChatMessage::Assistant { .. } | ChatMessage::Tool { .. } => None,
    })
}

/// The tools' outputs at the end of a conversation, when it ends with one.
fn trailing_outputs(messages: &[ChatMessage]) -> Option<&[ChatMessage]> {
    let is_output = |message: &ChatMessage| matches!(message, ChatMessage::Tool { .. });
    let start = messages.iter().rposition(|message| !is_output(message)).map_or(0, |last| last + 1);
    (start < messages.len()).then(|| &messages[start..])
}

/// An argument as its schema wants it; text when it cannot be read so, which the tool then refuses in its own words.
fn typed(text: &str, kind: &Value) -> Value {
    let read = match kind.as_str() {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("number") => text.parse::<f64>().ok().map(Value::from),
        Some("boolean") => match text {
            "on" | "yes" | "true" => Some(Value::Bool(true)),
            "off" | "no" | "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Some(_) | None => None,
    };
    read.unwrap_or_else(|| Value::from(text))
}

/// A tool's output as a sentence: text as it is, an object as "key is value, key is value".
fn spoken(json: Option<&Value>, output: &str) -> String {
    match json {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(fields)) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{} is {}", name.replace('_', " "), spoken(Some(value), ""))
            };
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        Some(Value::Array(values)) => {
            values.iter().map(|value| spoken(Some(value), "")).collect::<Vec<_>>().join(", ")
        }
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::Null) => "unknown".to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        None => output.to_owned(),
    }
}

/// A field of a tool's output: `temperature`, or `today.temperature`.
fn spoken_field(output: &Value, path: &str) -> Option<String> {
    let field = path.split('.').try_fold(output, |value, name| value.get(name))?;
    Some(spoken(Some(field), ""))
}

/// Names begin with a capital, as those in the file do.
pub(super) fn capitalised(value: &str) -> String {
    let mut chars = value.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn unsupported(message: &str) -> ProviderError {
    ProviderError::new(PROVIDER, ErrorKind::Unsupported, message)
}
