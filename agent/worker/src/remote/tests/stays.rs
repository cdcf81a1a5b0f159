//! Who may ask: one stay of one participant, from the first that the server tells of it to its end.

use expect_test::expect;

use super::*;

impl Play {
    fn sees_stay(&mut self, ms: u64, sid: &str, may_ask: bool) -> &mut Self {
        self.at(ms, Fact::Present { who: &"desk".into(), stay: &sid.into(), may_ask })
    }

    fn loses_stay(&mut self, ms: u64, sid: &str) -> &mut Self {
        self.at(ms, Fact::Gone { who: &"desk".into(), stay: &sid.into() })
    }

    fn sends_in(&mut self, ms: u64, sid: &str, bytes: &[u8]) -> &mut Self {
        self.at(ms, Fact::Received { from: &"desk".into(), stay: &sid.into(), bytes })
    }
}

#[test]
fn who_asks_before_the_server_tells_of_them_is_answered_then() {
    let mut play = Play::new();
    for (from, id) in [("early", "a"), ("early", "b"), ("stranger", "c"), ("nobody", "d"), ("gone", "e")] {
        play.sends(0, from, &ping(id));
    }
    play.sees(900, "early", true).sees(900, "stranger", false).loses(1_000, "gone");
    assert_eq!(play.machine.poll_timeout(), Some(Moment(Duration::from_secs(5))));
    play.timeout(5_000).check(expect![[r#"
        900 answer to early: a pong
        900 answer to early: b pong
        900 count answered
        900 count answered
        900 count refused
        1000 count refused
        5000 count refused
    "#]]);
}

#[test]
fn who_may_not_ask_at_first_may_not_later_in_the_same_stay() {
    let mut play = Play::new();
    play.sees_stay(0, "PA_1", false)
        .sees_stay(10, "PA_1", true)
        .sends_in(20, "PA_1", &ping("a"))
        .hears(30, &CallEvent::Agent(AgentState::Listening))
        .loses_stay(40, "PA_1")
        .sees_stay(50, "PA_2", true)
        .sends_in(60, "PA_2", &ping("b"))
        .sees_stay(70, "PA_2", false)
        .sees_stay(80, "PA_2", true)
        .sends_in(90, "PA_2", &ping("c"))
        .check(expect![[r#"
            20 count refused
            30 news to operator: at 1000.030 agent AsInitializing → AsListening
            60 answer to desk: b pong
            60 count answered
            90 count refused
        "#]]);
}

#[test]
fn what_another_has_sent_under_the_name_of_one_who_may_ask_is_not_done() {
    let mut play = Play::new();
    play.sends_in(0, "PA_1", &run("a", "Open the door."))
        .sends_in(10, "PA_2", &ping("b"))
        .sees_stay(100, "PA_2", true)
        .sends_in(200, "PA_1", &run("c", "Open the door!"))
        .sends_in(300, "", &run("d", "Now!"))
        .at(300, Fact::Received { from: &"".into(), stay: &"PA_3".into(), bytes: &ping("hidden") })
        .timeout(5_000)
        .timeout(5_200)
        .check(expect![[r#"
            100 answer to desk: b pong
            100 count answered
            300 count refused
            300 count refused
            5000 count refused
            5200 count refused
        "#]]);
    assert_eq!(play.machine.poll_timeout(), None);
}

#[test]
fn one_who_comes_under_the_same_name_is_not_given_the_answers_of_the_other() {
    let mut play = Play::new();
    play.sees_stay(0, "PA_1", true)
        .sends_in(0, "PA_1", &run("a", "Hello?"))
        .sees_stay(10, "PA_2", true)
        .at(20, Fact::Answered(Ticket(1), Answer::Ran(SpeechEnd::Played)))
        .loses_stay(30, "PA_1")
        .sends_in(40, "PA_2", &ping("b"))
        .check(expect![[r#"
            0 ask 1 to run "Hello?"
            10 forget 1
            40 answer to desk: b pong
            40 count answered
        "#]]);
}

#[test]
fn no_stranger_takes_the_whole_waiting_room() {
    let mut play = Play::new();
    for n in 0..20 {
        play.sends(0, "greedy", &ping(&n.to_string()));
    }
    play.sends(0, "early", &ping("a")).sees(100, "early", true);
    let refused = |play: &Play| play.lines.matches("count refused").count();
    assert_eq!(refused(&play), 16, "four of one wait");
    assert!(play.lines.ends_with("100 answer to early: a pong\n100 count answered\n"), "{}", play.lines);
    for n in 0..20 {
        play.sends(200, &format!("stranger {n}"), &ping("a"));
    }
    assert_eq!(refused(&play), 16 + 20 - 12, "sixteen of all wait");
}
