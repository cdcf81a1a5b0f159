//! Settings of one tool that is an HTTP request: `[[tool]]` in the worker's file or an agent's, as many as there are.

use std::time::Duration;

use crate::{
    Secret,
    inventory::{Section, choice, section},
    rule::{Rule, Shape, count, flag, milliseconds, shaped, text},
};

choice! {
    /// How a request is made.
    pub enum HttpMethod {
        /// Asks.
        Get = "GET",
        /// Creates, or does.
        Post = "POST",
        /// Replaces.
        Put = "PUT",
        /// Changes.
        Patch = "PATCH",
        /// Removes.
        Delete = "DELETE",
    }
}

choice! {
    /// What becomes of a call when the person interrupts the reply that made it.
    pub enum WhenInterrupted {
        /// It goes on, and what it returns is kept.
        Finish = "finish",
        /// It is cancelled.
        Cancel = "cancel",
    }
}

choice! {
    /// What becomes of a call that is made again with the same arguments while the first one runs.
    pub enum WhenRepeated {
        /// Both are given what the first one returns.
        Share = "share",
        /// Both run.
        Run = "run",
    }
}

choice! {
    /// Whether the mind waits for what a tool returns.
    pub enum ResultWhen {
        /// It waits.
        Awaited = "awaited",
        /// It goes on, and is told when it comes.
        Later = "later",
    }
}

section! {
    /// A tool of the mind that is an HTTP request. In `url`, `query`, `headers`, `body` and `answer`, {name} stands for an
    /// argument, {call.id}, {call.key}, {call.conversation} and {call.agent} for what is known of the call, {{ and }} for
    /// braces.
    pub struct HttpToolSettings at "tool" {
        /// The tool's name, for the mind.
        name: String = "name" shaped("", Shape::ToolName);
        /// What it does and when to use it, for the mind.
        description: String = "description" text("", 4_000);
        /// How the request is made.
        method: HttpMethod = "method" HttpMethod::Get.rule();
        /// Where it goes. Arguments stand after the host only, and cannot leave their place: what would end it is encoded.
        url: String = "url" text("", 4_096);
        /// Which of the arguments may be left out; what refers to them is then left out of query, headers and body.
        optional: Vec<String> = "optional" Rule::Texts;
        /// The key; env:NAME reads a variable. It is shown to nobody.
        secret: Secret = "secret" Rule::Secret { default: "" };
        /// The header that carries the key.
        secret_header: String = "secret_header" text("authorization", 128);
        /// What stands before the key in its header; empty for nothing.
        secret_scheme: Option<String> = "secret_scheme" text("Bearer", 64);
        /// The header that names the call, the same in each attempt, so that the server does nothing twice; empty: none.
        idempotency_header: Option<String> = "idempotency_header" text("", 128);
        /// How long one call may take, with all its attempts.
        timeout: Duration = "timeout_ms" milliseconds(10_000, 100, 600_000);
        /// Attempts in all. Another one is made only where it can do nothing twice: after GET, PUT and DELETE, where
        /// idempotency_header is set, and where the first never reached the server.
        attempts: u32 = "attempts" count(2, 1, 5, "attempts");
        /// Other hosts that an answer may redirect to. Redirects elsewhere are not followed.
        redirect_hosts: Vec<String> = "redirect_hosts" Rule::Texts;
        /// Whether the host may be on this machine or in a network of one's own. Otherwise such addresses are refused,
        /// whatever the name says.
        allow_private: bool = "allow_private" flag(false);
        /// How long the answer may be.
        response_limit: u32 = "response_limit_bytes" count(262_144, 256, 16_777_216, "bytes");
        /// The part of a JSON answer that the mind is told, as a JSON pointer such as /tables/0; empty: all of it.
        select: String = "select" shaped("", Shape::JsonPointer);
        /// What the mind is told, {/pointer} standing for a part of what was selected; empty: what was selected.
        answer: Option<String> = "answer" text("", 10_000);
        /// Whether the mind is to speak about the answer.
        speak: bool = "speak" flag(true);
        /// The agent that takes over after it; empty: none.
        hand_off: Option<String> = "hand_off" shaped("", Shape::AgentName);
        /// Whether the call is over after it, once the mind has spoken.
        close: bool = "close" flag(false);
        /// What becomes of a call when the person interrupts the reply that made it.
        when_interrupted: WhenInterrupted = "when_interrupted" WhenInterrupted::Finish.rule();
        /// What becomes of a call that is made again with the same arguments while the first one runs.
        when_repeated: WhenRepeated = "when_repeated" WhenRepeated::Share.rule();
        /// Whether the mind waits for the answer.
        result: ResultWhen = "result" ResultWhen::Awaited.rule();
        /// What is said while it runs, once that takes longer than turn.filler_after_ms; empty for what
        /// conversation.fillers has.
        filler: Option<String> = "filler" text("", 1_000);
    }
}

/// The tables of a tool: its keys, and those whose keys are the file's own.
pub(crate) const TOOL_SECTIONS: &[Section] = &[
    HttpToolSettings::SECTION,
    Section {
        path: "tool.arguments",
        title: &["The arguments: for each a JSON schema, as a table."],
        keys: &[],
    },
    Section { path: "tool.query", title: &["What stands after the ? of the address."], keys: &[] },
    Section { path: "tool.headers", title: &["Headers of the request."], keys: &[] },
    Section { path: "tool.body", title: &["The body of the request, as JSON."], keys: &[] },
];
