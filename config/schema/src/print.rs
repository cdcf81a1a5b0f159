//! The configuration as a document: every key with its reason, or every value with its origin.

use std::fmt::{self, Write as _};

use crate::{
    inventory::{Inventory, Key},
    load::{Effective, Entry},
};

/// Every key with its default, what is allowed and the reason: the text of `config/default.toml`.
#[must_use]
pub fn document() -> String {
    let mut out = String::from(
        "# Every setting with its default. A file needs only what differs from this one.\n\
         #\n\
         # A value comes from, the later winning: the default, the file, LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET,\n\
         # variables such as COLLOQUY__TURN__ENDPOINTING_MIN_DELAY_MS, arguments such as --set turn.aec_warmup_ms=0.\n\
         # `colloquy-agent --print-config` shows each value in effect and where it came from.\n",
    );
    for section in Inventory::WORKER.sections() {
        out.push('\n');
        comment(&mut out, section.title);
        out.push_str(&format!("[{}]\n", section.path));
        for key in section.keys {
            describe(&mut out, key);
        }
    }
    describe_tools(&mut out);
    out
}

/// What a tool may say, as comments: there is none unless a file has one.
fn describe_tools(out: &mut String) {
    for section in Inventory::TOOL.sections() {
        out.push('\n');
        comment(out, section.title);
        let brackets = if section.keys.is_empty() { ("[", "]") } else { ("[[", "]]") };
        out.push_str(&format!("# {}{}{}\n", brackets.0, section.path, brackets.1));
        for key in section.keys {
            let mut lines = String::new();
            describe(&mut lines, key);
            lines.lines().for_each(|line| out.push_str(&format!("# {line}\n")));
        }
    }
}

fn describe(out: &mut String, key: &Key) {
    comment(out, key.reason);
    out.push_str(&format!("# Allowed: {}.\n{} = {}\n", key.rule.allowed(), key.name(), key.rule.default()));
}

fn comment(out: &mut String, lines: &[&str]) {
    for line in lines {
        out.push_str(&format!("# {}\n", line.trim()));
    }
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = "";
        for entry in &self.entries {
            let (section, name) = entry.path.rsplit_once('.').unwrap_or(("", entry.path));
            if section != table {
                let gap = if table.is_empty() { "" } else { "\n" };
                writeln!(f, "{gap}[{section}]")?;
                table = section;
            }
            let mut line = format!("{name} = {}", entry.shown);
            write!(
                line,
                "{:pad$}  # {}",
                "",
                origin(entry),
                pad = 44_usize.saturating_sub(line.chars().count())
            )?;
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

fn origin(entry: &Entry) -> String {
    let place = entry.origin.place.to_string();
    match &entry.origin.reference {
        Some((variable, true)) => format!("{place}, read from the variable {variable}"),
        Some((variable, false)) => format!("{place}, the variable {variable} is not set"),
        None => place,
    }
}
