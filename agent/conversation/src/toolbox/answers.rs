//! What the mind is told in place of, or about, what a tool returned. One sentence each: what happened, what to do.

use std::time::Duration;

use providers_core::{Arguments, ToolOutcome, Toolset};
use serde_json::Value;

/// The arguments of a call, leniently: minds leave out empty ones, and some write the object as a string.
pub(crate) fn arguments(text: &str) -> Result<Arguments, ToolOutcome> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Arguments::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(Value::Null) => Ok(Arguments::new()),
        Ok(Value::String(inner)) => serde_json::from_str(&inner).map_err(|_| no_object("a string")),
        Ok(Value::Array(_)) => Err(no_object("an array")),
        Ok(Value::Bool(_) | Value::Number(_)) => Err(no_object("a single value")),
        Err(error) => Err(ToolOutcome::failed(format!(
            "The arguments are not valid JSON: {error}. Nothing was done. Call again with a JSON object."
        ))),
    }
}

fn no_object(what: &str) -> ToolOutcome {
    ToolOutcome::failed(format!(
        "The arguments are {what}, not a JSON object. Nothing was done. Call again with a JSON object."
    ))
}

/// There is no such tool.
pub(crate) fn unknown(name: &str, tools: &Toolset) -> ToolOutcome {
    let mut names: Vec<&str> = tools.iter().map(|tool| tool.spec().name.as_str()).collect();
    names.sort_unstable();
    let available = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    ToolOutcome::failed(format!("Unknown function: {name} - available tools: {available}"))
}

/// Too many run already.
pub(crate) fn crowded() -> ToolOutcome {
    ToolOutcome::failed("Too many functions are running. Nothing was done. Wait for those that run.")
}

/// It did not return in time.
pub(crate) fn overdue(deadline: Duration) -> ToolOutcome {
    ToolOutcome::failed(format!("The function did not return within {} s.", deadline.as_secs_f32()))
}

/// It is broken.
pub(crate) fn panicked() -> ToolOutcome {
    ToolOutcome::failed("The function failed for a reason of its own.")
}

/// The user did not want to wait for it.
pub(crate) fn cancelled() -> ToolOutcome {
    ToolOutcome::failed("The user interrupted, and the function was cancelled before it returned.").silently()
}

/// It runs, and nobody waits for it.
pub(crate) fn started() -> ToolOutcome {
    ToolOutcome::returned("The function is running. What it returns will be told later.")
}

/// An outcome of which the mind is told so many characters at most, and how many there were.
pub(crate) fn shortened(mut outcome: ToolOutcome, limit: usize) -> ToolOutcome {
    if let Some((cut, _)) = outcome.output.char_indices().nth(limit) {
        let n_chars = outcome.output.chars().count();
        outcome.output.truncate(cut);
        outcome.output.push_str(&format!(" … [cut: the first {limit} of {n_chars} characters]"));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use providers_core::ToolOutcome;
    use serde_json::json;

    use super::{arguments, shortened};

    #[test]
    fn arguments_are_an_object_or_the_mind_is_told_why_not() {
        for (text, expected) in [
            (r#"{"city":"Rome"}"#, json!({ "city": "Rome" })),
            ("", json!({})),
            (" \n", json!({})),
            ("null", json!({})),
            (r#""{\"city\":\"Rome\"}""#, json!({ "city": "Rome" })),
        ] {
            assert_eq!(serde_json::Value::Object(arguments(text).unwrap()), expected, "{text}");
        }
        for (text, words) in [
            (r#"{"city":"Ro"#, "not valid JSON"),
            ("{} {}", "not valid JSON"),
            (r#"["Rome"]"#, "an array"),
            ("4", "a single value"),
            (r#""Rome""#, "a string"),
        ] {
            let told = arguments(text).unwrap_err();
            assert!(told.is_error && told.output.contains(words), "{text}: {}", told.output);
        }
        let deep = "[".repeat(100_000);
        assert!(arguments(&deep).is_err(), "depth does not end the process");
    }

    #[test]
    fn a_long_output_is_cut_between_characters_and_says_so() {
        for (text, limit, expected) in [
            ("größe", 5, "größe"),
            ("größe", 3, "grö … [cut: the first 3 of 5 characters]"),
            ("", 0, ""),
            ("a", 0, " … [cut: the first 0 of 1 characters]"),
        ] {
            assert_eq!(shortened(ToolOutcome::returned(text), limit).output, expected);
        }
    }
}
