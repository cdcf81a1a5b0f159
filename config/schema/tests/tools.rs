//! `[[tool]]` tables: what is read of them, and what a person reads when one is wrong.

use std::collections::BTreeMap;

use config_schema::{Config, ConfigErrors, File, HttpMethod, Sources, Team, load};
use expect_test::{Expect, expect};
use serde_json::json;

const BOOK: &str = r#"
[[tool]]
name = "book_table"
description = "Books a table."
method = "POST"
url = "https://api.example.com/tables/{day}"
optional = ["notes"]
secret = "env:BOOKING_KEY"
timeout_ms = 4000
select = "/booking"
query = { lang = "en", page = 1 }

[tool.arguments]
day = { type = "string", format = "date" }
party = { type = "integer", minimum = 1, maximum = 12 }
notes = { type = "string" }

[tool.headers]
x-agent = "{call.agent}"

[tool.body]
party = "{party}"
when = { day = "{day}", since = 2026-11-21 }
tags = ["a", 1.5, true]

[[tool]]
name = "find_tables"
url = "https://api.example.com/tables"
"#;

fn read(file: &str) -> Result<Config, ConfigErrors> {
    let environment = BTreeMap::from([("BOOKING_KEY".to_owned(), "very secret".to_owned())]);
    let file = Some(File { name: "agent.toml", text: file });
    load(&Sources { file, environment: Some(&environment), ..Sources::default() }).map(|loaded| loaded.config)
}

#[expect(clippy::needless_pass_by_value, reason = "`expect![]` is written where it is passed")]
fn check(file: &str, faults: Expect) {
    faults.assert_eq(&read(file).map_or_else(|errors| errors.to_string(), |_| "fine".to_owned()));
}

#[test]
fn a_tool_is_read_with_its_templates_its_schema_and_its_key() {
    let config = read(BOOK).unwrap_or_else(|errors| panic!("{errors}"));
    let [book, find] = &config.tools[..] else { panic!("{:?}", config.tools) };
    assert_eq!((book.settings.name.as_str(), book.settings.method), ("book_table", HttpMethod::Post));
    assert_eq!(book.settings.secret.expose(), "very secret");
    assert_eq!(book.settings.optional, ["notes"]);
    assert_eq!(book.arguments["party"], json!({ "type": "integer", "minimum": 1, "maximum": 12 }));
    assert_eq!(book.query["page"], "1");
    assert_eq!(book.headers["x-agent"], "{call.agent}");
    let body = json!({ "party": "{party}", "when": { "day": "{day}", "since": "2026-11-21" }, "tags": ["a", 1.5, true] });
    assert_eq!(book.body, Some(body));
    assert!(!format!("{book:?}").contains("very secret"));
    assert_eq!((find.settings.attempts, find.settings.timeout.as_millis()), (2, 10_000));
    assert!(find.body.is_none() && find.arguments.is_empty());
}

#[test]
fn a_fault_that_is_found_later_points_at_the_nearest_line() {
    let config = read(BOOK).unwrap_or_else(|errors| panic!("{errors}"));
    for (key, line) in
        [("url", 6), ("arguments.party", 15), ("arguments.party.maximum", 15), ("body", 21), ("answer", 2)]
    {
        let fault = config.tools[0].fault(key, "is wrong").to_string();
        assert_eq!(fault, format!("agent.toml:{line}: tool book_table: {key}: is wrong"));
    }
}

#[test]
fn what_is_wrong_in_a_tool_is_named_with_its_line() {
    check(
        "[[tool]]\nname = \"two words\"\nurl = \"https://a\"\nmethod = \"get\"\ntimeout_ms = 1\n",
        expect![[r#"
            agent.toml:2: tool.name = "two words": must be 1 to 64 letters, digits, _ or -
            agent.toml:4: tool.method = "get": must be "GET", "POST", "PUT", "PATCH" or "DELETE"
            agent.toml:5: tool.timeout_ms = 1: must be a whole number from 100 to 600000 ms"#]],
    );
    check(
        "[[tool]]\n\nmethd = \"GET\"\narguments = 3\n[tool.query]\na = []\n",
        expect![[r#"
            agent.toml:3: tool.methd: no such key; did you mean method?
            agent.toml:4: tool.arguments: must be a table, not integer
            agent.toml:6: tool.query.a: must be a text
            agent.toml:1: tool.name: is not set, and every tool needs it
            agent.toml:1: tool.url: is not set, and every tool needs it"#]],
    );
    check(
        "[tool]\nname = \"a\"\n",
        expect!["agent.toml:1: tool: must be written as [[tool]], a table for each"],
    );
    check("[[tools]]\nname = \"a\"\n", expect!["agent.toml:1: tools: no such key; did you mean tool?"]);
    check(
        "[[tool]]\nname = \"a\"\nurl = \"x\"\nfiller = \"One moment.\"\n",
        expect![[
            r#"agent.toml:4: tool a: filler: is never said: turn.filler_after_ms is "off" where calls begin"#
        ]],
    );
    check("tool = [1]\n", expect!["agent.toml:1: tool: must be written as [[tool]], a table for each"]);
    check(
        "[[tool]]\nname = \"a\"\nurl = \"x\"\nsecret = \"env:MISSING\"\nbody = { a = nan }\n",
        expect![[r#"
            agent.toml:5: tool.body.a: is no number that JSON can say
            agent.toml:4: tool.secret: the variable MISSING is not set"#]],
    );
    check(
        "[[tool]]\nname = \"a\"\nurl = \"x\"\n[[tool]]\nname = \"a\"\nurl = \"y\"\n",
        expect!["agent.toml:5: tool a: name: is the name of another tool in this file"],
    );
}

#[test]
fn an_agents_tools_come_after_the_workers_and_in_place_of_those_of_the_same_name() {
    let tool = |name: &str, url: &str| format!("[[tool]]\nname = \"{name}\"\nurl = \"{url}\"\n");
    let worker = tool("a", "https://worker/a") + &tool("b", "https://worker/b");
    let agent = tool("a", "https://agent/a") + &tool("c", "https://agent/c");
    let sources = Sources { file: Some(File { name: "worker.toml", text: &worker }), ..Sources::default() };
    let file = File { name: "host.toml", text: &agent };
    let team = Team::load(&sources, None, &[("host", file)]).unwrap_or_else(|errors| panic!("{errors}"));
    let lost = agent.clone() + "hand_off = \"hots\"\n";
    let file = File { name: "host.toml", text: &lost };
    let errors = Team::load(&sources, None, &[("host", file)])
        .map_or_else(|errors| errors.to_string(), |_| String::new());
    assert_eq!(errors, "host.toml:7: tool c: hand_off: there is no agent hots; did you mean host?");
    let urls: Vec<_> =
        team.agents["host"].config.tools.iter().map(|tool| tool.settings.url.as_str()).collect();
    assert_eq!(urls, ["https://worker/b", "https://agent/a", "https://agent/c"]);
}
