//! A conversation under virtual time, asked by one who may and one who may not, through the door that a room has.

use std::{future::poll_fn, sync::Arc, time::Duration};

use agent_conversation::{Conversation, Dispatch, Parts, Person, Service, SpeakerId, Toolset};
use agent_rtc::{Identity, Participant, ParticipantKind, ParticipantSid, Permissions};
use agent_tools::{Function, NoArguments};
use providers_core::{SampleRate, ToolCall};
use providers_fake::{Answer, FakeEar, FakeMind, FakeVoice, Sound, Speech, When};
use tests_sim::{
    body::{Cue, Deed, ScriptedBody},
    session::Session,
};

use super::{agent_info, read, run};
use crate::{
    metrics::Metrics,
    observing::tests::scrape,
    remote::{Remote, access::Access},
};

const STAY: &str = "PA_1";

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn participant(identity: &str, attributes: &[(&str, &str)], update_metadata: bool) -> Participant {
    Participant {
        sid: ParticipantSid::from(STAY),
        identity: identity.into(),
        name: String::new(),
        kind: ParticipantKind::Standard,
        metadata: String::new(),
        attributes: attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        permissions: Permissions { update_metadata, publish_data: true, ..Permissions::default() },
        tracks: Default::default(),
        client_protocol: 3,
        version: 1,
    }
}

#[test]
fn the_token_decides_and_not_what_somebody_says_of_themselves() {
    let access = Access("desk".to_owned());
    for (attributes, may_change_them, admitted) in [
        (&[("desk", "true")][..], false, true),
        (&[("desk", "true")], true, false),
        (&[("desk", "")], false, false),
        (&[("desk", "false")], false, false),
        (&[("desk", "0")], false, false),
        (&[("desk", "yes")], false, false),
        (&[("Desk", "yes")], false, false),
        (&[], false, false),
    ] {
        let participant = participant("somebody", attributes, may_change_them);
        assert_eq!(access.admits(&participant), admitted, "{attributes:?}, {may_change_them}");
        let untold = Participant { permissions: Permissions::default(), ..participant };
        assert!(!access.admits(&untold), "what somebody may do is not told, and so they may not");
    }
}

fn settings(attribute: &str) -> config_schema::Remote {
    let argument = format!("remote.attribute={attribute}");
    let sources = config_schema::Sources { arguments: &[argument], ..Default::default() };
    config_schema::load(&sources).unwrap().config.remote
}

#[test]
fn there_is_no_remote_where_no_attribute_is_named() {
    assert!(Remote::new(&settings("")).is_none());
}

/// A conversation in which a tool books a table, and what its remote sends.
async fn play(asks: impl FnOnce(&mut dyn Service)) -> (Vec<String>, String) {
    let settings = settings("desk");
    let metrics = Arc::new(Metrics::new());
    let remote = Remote::new(&settings).unwrap();
    let mut service = remote.service(metrics.clone());
    let answer = |when: &str, text: &str, calls| Answer {
        when: When::parse(when),
        text: text.to_owned(),
        calls,
        ttft: ms(100),
        duration: ms(200),
    };
    let call = ToolCall { id: "call 1".into(), name: "book".into(), arguments: "{}".into() };
    let mind = FakeMind::new(vec![
        answer("A table, please.", "", vec![call]),
        answer("*", "It is booked.", Vec::new()),
    ]);
    let speech = Speech { when: When::parse("*"), length: ms(1_000), ttfb: ms(200), duration: ms(300) };
    let voice = FakeVoice::new(SampleRate::HEARING, Sound::Silence, vec![speech]);
    let book = Function::typed("book", "", |_: NoArguments, _| async { Ok("table 7") });
    let parts = Parts {
        tools: Toolset::new().with(book).unwrap(),
        observer: Box::new(remote.follower()),
        ..Parts::new(Arc::new(FakeEar::scripted(&[])), Arc::new(mind), Arc::new(voice))
    };
    let cues = vec![
        Cue { at: Duration::ZERO, who: SpeakerId::LINKED, what: Deed::Joined(Person::alone()) },
        Cue { at: ms(8_000), who: SpeakerId::LINKED, what: Deed::Left },
    ];
    let mut config = Session::default().config();
    config.instructions = "Be brief.".to_owned();
    let conversation = Conversation::new(config, parts, ScriptedBody::new(cues, true, ()));
    remote.attach(conversation.handle());
    service.on_present(&participant("operator", &[("desk", "true")], false));
    service.on_present(&participant("caller", &[("desk", "true")], true));
    let mut sent = Vec::new();
    let serving = async {
        tokio::time::sleep(ms(500)).await;
        asks(&mut *service);
        loop {
            let Dispatch { to, bytes, .. } = poll_fn(|cx| service.poll_dispatch(cx)).await;
            service.on_dispatched(true);
            assert_eq!(to, [Identity::from("operator")]);
            sent.push(read(&bytes));
        }
    };
    tokio::select! {
        report = conversation.run() => assert_eq!(report.breaches, 0),
        never = serving => match never {},
    }
    (sent, scrape(&metrics))
}

#[tokio::test(start_paused = true)]
async fn words_that_nobody_said_are_answered_aloud_and_to_the_one_who_gave_them() {
    let (sent, metrics) = play(|service| {
        service.on_received(&"operator".into(), &STAY.into(), &run("a", "A table, please."));
        service.on_received(&"caller".into(), &STAY.into(), &agent_info("b"));
        service.on_received(&"operator".into(), &STAY.into(), &agent_info("c"));
    })
    .await;
    let answer =
        |id: &str| sent.iter().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("{sent:?}"));
    assert_eq!(
        answer("a "),
        "a ran [item_3 calls book{}, item_4 book → table 7, item_5 Assistant \"It is booked.\"]"
    );
    assert_eq!(
        answer("c "),
        "c agent agent \"Be brief.\" tools [\"book\"] reads [read_1 User \"A table, please.\"]"
    );
    assert!(!sent.iter().any(|line| line.starts_with("b ")), "{sent:?}");
    let states: Vec<_> = sent.iter().filter(|line| line.contains(" agent As")).collect();
    assert_eq!(states.len(), 4, "{sent:?}");
    for (outcome, count) in [("answered", 2), ("refused", 1), ("failed", 0)] {
        let series = format!("colloquy_remote_requests_total{{outcome=\"{outcome}\"}} {count}\n");
        assert!(metrics.contains(&series), "{series}{metrics}");
    }
}
