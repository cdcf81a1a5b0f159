//! Reading a scenario: a file that says what no scenario says is refused, by line and key.

use std::{fs, ops::Range, path::Path};

use providers_core::is_tool_name;
use toml::Spanned;

use super::{Action, Deed, Scenario, Script, expect};
use crate::Error;

/// Reads the file.
///
/// # Errors
/// When it cannot be read, is no TOML, or has a key or a value that no scenario has.
pub fn read(file: &Path) -> Result<Scenario, Error> {
    let text =
        fs::read_to_string(file).map_err(|error| Error::Unreadable { file: file.to_owned(), error })?;
    parse(&text).map_err(|Wrong { at, problem }| Error::Wrong {
        file: file.to_owned(),
        line: line_of(&text, at),
        problem,
    })
}

/// What is wrong, and from which byte on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) at: usize,
    pub(super) problem: String,
}

impl Wrong {
    pub(super) fn new(span: &Range<usize>, problem: impl Into<String>) -> Self {
        Self { at: span.start, problem: problem.into() }
    }
}

fn parse(text: &str) -> Result<Scenario, Wrong> {
    let mut script: Script = toml::from_str(text).map_err(|error| Wrong {
        at: error.span().map_or(0, |span| span.start),
        problem: in_our_words(error.message()),
    })?;
    check(&script)?;
    let raw = std::mem::take(&mut script.expect);
    let expected = raw.into_iter().map(|raw| expect::parse(raw, |at| line_of(text, at)));
    let expected = expected.collect::<Result<_, _>>()?;
    Ok(Scenario { script, expected })
}

/// What a key alone cannot show.
fn check(script: &Script) -> Result<(), Wrong> {
    let mut in_order: Vec<&Spanned<super::Utterance>> = script.user.iter().collect();
    in_order.sort_by_key(|said| said.get_ref().start);
    for said in &in_order {
        if said.get_ref().end < said.get_ref().start {
            return Err(Wrong::new(&said.span(), "`end` of this `user` is before its `start`"));
        }
    }
    let is_there = |name: &String| script.speaker.iter().any(|other| other.get_ref().name == *name);
    for (n, said) in in_order.iter().enumerate() {
        let super::Utterance { speaker, start, .. } = said.get_ref();
        if speaker.as_ref().is_some_and(|name| !is_there(name)) {
            return Err(Wrong::new(&said.span(), "`speaker` of this `user` is not among `speaker`"));
        }
        let before =
            in_order[..n].iter().map(|said| said.get_ref()).rfind(|before| before.speaker == *speaker);
        if before.is_some_and(|before| before.end > *start) {
            return Err(Wrong::new(&said.span(), "`start` of this `user` is before the `end` of another"));
        }
    }
    for action in &script.action {
        let needs_text = matches!(action.get_ref().deed, Deed::Say | Deed::TextInput);
        if needs_text && action.get_ref().text.trim().is_empty() {
            return Err(Wrong::new(&action.span(), "this `action` needs a `text`"));
        }
    }
    let wrong_agent =
        |name: &Option<String>| name.as_ref().is_some_and(|name| !script.agents.contains_key(name));
    for action in &script.action {
        let Action { deed, agent, .. } = action.get_ref();
        if *deed == Deed::Handoff && agent.is_none() {
            return Err(Wrong::new(&action.span(), "this `action` needs an `agent`"));
        }
        if wrong_agent(agent) {
            return Err(Wrong::new(&action.span(), "`agent` of this `action` is not among `agents`"));
        }
    }
    for (n, tool) in script.tool.iter().enumerate() {
        let name = &tool.get_ref().name;
        let is_twice = script.tool[..n].iter().any(|other| other.get_ref().name == *name);
        if is_twice || !is_tool_name(name) {
            return Err(Wrong::new(
                &tool.span(),
                "`name` of this `tool` is there twice or no tool can have it",
            ));
        }
        if wrong_agent(&tool.get_ref().handoff) {
            return Err(Wrong::new(&tool.span(), "`handoff` of this `tool` is not among `agents`"));
        }
    }
    Ok(())
}

/// The parser speaks of fields and variants; a file has keys and values.
fn in_our_words(message: &str) -> String {
    message
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key")
        .replace("unknown variant", "unknown value")
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::{line_of, parse};

    #[test]
    fn what_no_scenario_says_is_refused_by_line_and_key() {
        for (text, line, needle) in [
            ("nmae = \"x\"", 1, "unknown key `nmae`"),
            ("[session]\nmin_delay = 1", 2, "unknown key `min_delay`"),
            ("[[user]]\nstart = 0\nend = 1\ntxt = \"\"", 4, "unknown key `txt`"),
            ("[session]\nendpointing_alpha = 0", 2, "above 0"),
            ("[session]\nendpointing_alpha = 1.5", 2, "up to 1"),
            ("[session]\nfalse_interruption_timeout = \"never\"", 2, "off"),
            ("[[user]]\nstart = 0\nend = -1", 3, "seconds from 0"),
            ("[[user]]\nstart = 0", 1, "missing key `end`"),
            ("[[user]]\nstart = 2\nend = 1", 1, "`end`"),
            ("[[user]]\nstart = 0\nend = 2\n\n[[user]]\nstart = 1\nend = 3", 5, "`start`"),
            ("[[user]]\nspeaker = \"Ana\"\nstart = 0\nend = 2", 1, "`speaker`"),
            ("[[action]]\nat = 1\ndo = \"dance\"", 3, "unknown value `dance`"),
            ("[[action]]\nat = 1\ndo = \"say\"", 1, "`text`"),
            ("[[llm]]\nwhen = \"a\"\ncalls = [{ nme = \"b\" }]", 3, "unknown key `nme`"),
            ("[[expect]]\nat = 1\nevent = \"mesage\"", 3, "unknown event `mesage`"),
            ("[[expect]]\nat = 1\nevent = \"message\"\ntxt = \"a\"", 4, "unknown key `txt`"),
            ("[[expect]]\nat = 1\nevent = \"message\"\ntext = 3", 4, "`text`"),
            ("[[expect]]\nat = 1\nevent = \"user_state\"\nvalue = \"gone\"", 4, "`value`"),
            ("[[expect]]\nat = 1\nvalue = \"away\"", 1, "missing key `event`"),
            ("[[expect]]\nat = -1\nevent = \"message\"", 2, "`at`"),
            ("[[action]]\nat = 1\ndo = \"handoff\"", 1, "needs an `agent`"),
            ("[[action]]\nat = 1\ndo = \"handoff\"\nagent = \"two\"", 1, "`agents`"),
            ("[[tool]]\nname = \"a\"\nhandoff = \"two\"", 1, "`agents`"),
            ("[[tool]]\nname = \"a b\"", 1, "`name`"),
            ("[[tool]]\nname = \"a\"\n[[tool]]\nname = \"a\"", 3, "`name`"),
            ("strict = 1", 1, "boolean"),
            ("end = 3\nend = 4", 2, "duplicate key"),
            ("[session", 1, ""),
        ] {
            let wrong = parse(text).expect_err(text);
            assert!(wrong.problem.contains(needle), "{text:?}: {}", wrong.problem);
            assert_eq!(line_of(text, wrong.at), line, "{text:?}: {}", wrong.problem);
        }
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let text = "[[user]]\nstart = 0.5\nend = 2\ntext = \"Hi\"\n[[llm]]\nwhen = \"Hi\"\n[[tts]]\nwhen = \"*\"\nseconds = 1";
        let script = parse(text).expect("a scenario").script;
        assert_eq!(script.end().as_millis(), 7200);
        assert_eq!(script.user[0].get_ref().stt_delay.0.as_millis(), 200);
        assert_eq!((script.llm[0].ttft.0.as_millis(), script.llm[0].duration.0.as_millis()), (100, 300));
        assert_eq!((script.tts[0].ttfb.0.as_millis(), script.tts[0].duration.0.as_millis()), (200, 300));
        assert!(!script.sink.pausable);
    }
}
