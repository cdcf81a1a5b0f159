//! Agents in files: what each has its own way, and what is wrong between them.

use std::collections::BTreeMap;

use config_schema::{ConfigErrors, File, Keep, Provider, Sources, Team};
use expect_test::{Expect, expect};

const HOST: &str = "
[agent]
description = \"Welcomes people.\"
hand_off = [\"booking\"]
farewell = \"One moment.\"

[conversation]
instructions = \"You are the host.\"
";
const BOOKING: &str = "
[agent]
description = \"Books tables.\"
keep = \"last_turn\"

[conversation]
instructions = \"You book tables.\"

[turn]
endpointing_min_delay_ms = 900

[llm]
provider = \"fake\"
fallback = [\"local\"]
";

fn team(entry: Option<&str>, files: &[(&str, &str)], worker: &str) -> Result<Team, ConfigErrors> {
    let paths: Vec<_> = files.iter().map(|(name, _)| format!("agents/{name}.toml")).collect();
    let files: Vec<_> = files
        .iter()
        .zip(&paths)
        .map(|((name, text), path)| (*name, File { name: path.as_str(), text }))
        .collect();
    let environment = BTreeMap::from([("COLLOQUY__LLM__FAKE__TEXT".to_owned(), "from outside".to_owned())]);
    let sources = Sources {
        file: Some(File { name: "worker.toml", text: worker }),
        environment: Some(&environment),
        ..Sources::default()
    };
    Team::load(&sources, entry, &files)
}

#[expect(clippy::needless_pass_by_value, reason = "`expect![]` is written where it is passed")]
fn check(entry: Option<&str>, files: &[(&str, &str)], faults: Expect) {
    faults.assert_eq(&team(entry, files, "").map_or_else(|errors| errors.to_string(), |_| "fine".to_owned()));
}

#[test]
fn an_agent_has_its_own_way_over_the_workers_configuration() {
    let worker = "[conversation]\ninstructions = \"nobody\"\nlanguage = \"de\"\n[turn]\naec_warmup_ms = 0\n";
    let team = team(Some("host"), &[("host", HOST), ("booking", BOOKING)], worker)
        .unwrap_or_else(|errors| panic!("{errors}"));
    let (host, booking) = (&team.agents["host"], &team.agents["booking"]);
    assert_eq!(team.entry, "host");
    assert_eq!(host.config.conversation.instructions, "You are the host.");
    assert_eq!((host.about.hand_off.as_slice(), host.about.keep), (&["booking".to_owned()][..], Keep::All));
    assert_eq!(booking.config.conversation.language, "de");
    assert_eq!(booking.config.turn.endpointing_min_delay.as_millis(), 900);
    assert_eq!(host.config.turn.endpointing_min_delay.as_millis(), 500);
    assert_eq!(booking.config.llm.provider, Provider::Fake);
    assert_eq!(booking.config.llm.fallback, [Provider::Local]);
    assert_eq!(booking.config.llm.fake.text, "from outside");
    assert_eq!(team.unreachable(), []);
}

#[test]
fn one_agent_needs_no_entry() {
    let team = team(None, &[("booking", BOOKING)], "").unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(team.entry, "booking");
}

#[test]
fn what_is_wrong_between_agents_is_named() {
    check(
        Some("hots"),
        &[("host", HOST), ("booking", BOOKING)],
        expect!["default: agents.entry: there is no agent hots; did you mean host?"],
    );
    check(
        None,
        &[("host", HOST), ("booking", BOOKING)],
        expect!["default: agents.entry: is not set, and there are several agents; there are booking, host"],
    );
    check(
        None,
        &[("host", HOST)],
        expect!["agents/host.toml:1: agent.hand_off: there is no agent booking; there are host"],
    );
    check(None, &[], expect!["default: agents.folder: has no agent: no file whose name ends in .toml"]);
    check(
        None,
        &[("the host", HOST)],
        expect!["agents/the host.toml:1: an agent's name has 1 to 48 letters, digits, _ and -"],
    );
}

#[test]
fn words_for_long_waits_are_said_where_the_agent_that_a_call_begins_with_says_so() {
    let tool = |name| format!("[[tool]]\nname = \"{name}\"\nurl = \"https://a\"\nfiller = \"One moment.\"\n");
    let fills = "[turn]\nfiller_after_ms = 1000\n";
    let booking = format!("{}{}", BOOKING.replace("[turn]\n", fills), tool("look"));
    let read = |host: &str| {
        let team = team(Some("host"), &[("host", host), ("booking", &booking)], &tool("find"));
        team.map_or_else(|errors| errors.to_string(), |_| "fine".to_owned())
    };
    expect!["fine"].assert_eq(&read(&format!("{HOST}{fills}")));
    expect![[r#"
        worker.toml:4: tool find: filler: is never said: turn.filler_after_ms is "off" where calls begin
        agents/booking.toml:19: tool look: filler: is never said: turn.filler_after_ms is "off" where calls begin"#]].assert_eq(&read(HOST));
}

#[test]
fn what_is_wrong_in_an_agents_file_is_named_with_its_line() {
    check(
        None,
        &[("host", "[agent]\nhandoff = [\"x\"]\n")],
        expect!["agents/host.toml:2: agent.handoff: no such key; did you mean hand_off?"],
    );
    check(
        None,
        &[("host", "[worker]\nslots = 3\n")],
        expect![
            "agents/host.toml:1: worker: no such key; the file has agent, context, conversation, llm, prices, realtime, stt, tool, tts, turn"
        ],
    );
    check(
        None,
        &[("host", "[agent]\nhand_off = [\"a\", \"a\"]\n[llm]\nfallback = [\"locla\"]\n")],
        expect![[r#"
            agents/host.toml:2: agent.hand_off = ["a", "a"]: must be a list of agents' names, none of them twice
            agents/host.toml:4: llm.fallback = ["locla"]: must be a list without repetition of "local", "openai" or "fake""#]],
    );
    check(
        None,
        &[("host", "[llm]\nprovider = \"openai\"\n")],
        expect![[
            r#"agents/host.toml:2: llm.openai.api_key: the variable OPENAI_API_KEY is not set; set it, or write api_key = "" for a server that needs no key"#
        ]],
    );
}

#[test]
fn an_agent_that_nobody_hands_over_to_is_found() {
    let lonely = BOOKING.replace("keep", "hand_off = [\"host\"]\nkeep");
    let team = team(Some("booking"), &[("host", HOST), ("booking", &lonely), ("lost", BOOKING)], "")
        .unwrap_or_else(|errors| panic!("{errors}"));
    let faults: Vec<_> = team.unreachable().iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        ["agents/lost.toml:1: no conversation comes to the agent lost: booking does not lead to it"]
    );
}
