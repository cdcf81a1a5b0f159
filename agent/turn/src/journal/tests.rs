//! Journals are read as they were written.

use super::{Entry, LineError, ReplayError, parse, replay, write};

const CONFIG: &str = "0 config detection=voice considers_turns=false min_delay=500 max_delay=3000 pace_keep=off \
    interruption=true min_duration=500 min_words=0 false_interruption=2000 aec_warmup=0 backchannel_boundary=1000 \
    judge_silence=200 judge_deadline=1000 judge_reads_words=false transcript_floor=1000 transcript_ceiling=5000 \
    transcript_known=off longest_speech=60000 turn_max_words=off turn_max_duration=off speculation=true \
    speculation_attempts=3 speculation_speech=10000 min_gap=0 filler_after=off reply_deadline=20000 \
    function_deadline=30000 stall_deadline=15000 consider_deadline=10000 hold_deadline=30000 close_deadline=2000 \
    user_away=15000 max_speakers=4";

#[test]
fn a_line_that_is_written_is_read_as_it_was() {
    let profile = "1 told.profile detection=model considers_turns=true min_delay=500 max_delay=3000 pace_keep=900 \
        interruption=true min_duration=500 min_words=2 false_interruption=off aec_warmup=0.5 backchannel_boundary=0";
    for line in [
        CONFIG,
        profile,
        "0 user.started",
        "1050 user.started 1000",
        "1450.5 user.lapsed 1400.000001",
        "1600 user.revived",
        "2000 user.stopped 1750",
        "2100 user.interim 2",
        "2100 user.interim 2 foreseen",
        "2150 user.preflight 3",
        "2200 user.final 0",
        "2200 user.final 3 foreseen",
        "2205 user.recogniser_started",
        "2205 user.recogniser_stopped",
        "2206 user.patience",
        "2210 user.judged p1 100/500",
        "2210 user2.judged p2 failed",
        "2220 user3.overlap side_speech",
        "2230 user2.joined heard_only",
        "2300 user.typed",
        "2400 user17.left",
        "2500 reply.ready r1",
        "2500 reply.finished r1",
        "2500 reply.silent r12",
        "2500 reply.failed r1",
        "2500 reply.called r1 1",
        "2500 reply.returned r1",
        "2600 playout.started r1",
        "2700 playout.progressed r1 100",
        "2800.25 playout.finished r1 200.25",
        "2900 told.say q1",
        "2900 told.say q1 firm",
        "2900 told.generate q2 firm high min_duration=700 min_words=2",
        "2900 told.say q3 low",
        "3000 told.stop",
        "3000 told.stop force",
        "3000 told.withdraw q1 force",
        "3010 told.commit u1 2000",
        "3010 told.commit u2 0 unanswered",
        "3020 told.clear u1",
        "3030 told.considered t4 as_is",
        "3040 told.hold",
        "3040 told.release",
        "3050 told.budget left",
        "3050 told.budget spent",
        "3100 told.drain completed",
        "3100 told.close room_closed",
        "3200 timeout",
    ] {
        let (at, entry) = parse(line).unwrap().unwrap();
        assert_eq!(write(at, entry), line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn remarks_and_empty_lines_say_nothing() {
    for line in ["", "   ", "# a call", "  # 12 user.left"] {
        assert_eq!(parse(line), Ok(None), "{line:?}");
    }
    assert!(matches!(parse("12 timeout # late"), Ok(Some((_, Entry::Timeout)))));
}

#[test]
fn a_line_that_cannot_be_read_says_why() {
    let wrong = |fact: &str| LineError::WrongValue(fact.to_owned());
    let unknown = |fact: &str| LineError::UnknownFact(fact.to_owned());
    let lacking = CONFIG.replace(" min_gap=0", "");
    let doubled = format!("{CONFIG} min_gap=0");
    let invented = format!("{CONFIG} mood=good");
    let nothing_kept = CONFIG.replace("pace_keep=off", "pace_keep=0");
    for (line, expected) in [
        ("user.left", LineError::NoMoment),
        ("-1 user.left", LineError::NoMoment),
        ("1.0000001 user.left", LineError::NoMoment),
        ("99999999999999999999999 user.left", LineError::NoMoment),
        ("1", unknown("")),
        ("1 user.sang", unknown("user.sang")),
        ("1 user1.left", unknown("user1.left")),
        ("1 user02.left", unknown("user02.left")),
        ("1 hold", unknown("hold")),
        ("1 user.final", wrong("user.final")),
        ("1 user.final -2", wrong("user.final")),
        ("1 user.final 2 seen", wrong("user.final")),
        ("1 user.judged p1", wrong("user.judged")),
        ("1 user.overlap loud", wrong("user.overlap")),
        ("1 reply.ready 1", wrong("reply.ready")),
        ("1 playout.finished r1", wrong("playout.finished")),
        ("1 told.say q1 loud", wrong("told.say")),
        ("1 told.say q1 min_words=many", wrong("told.say")),
        ("1 told.profile min_delay=1", wrong("told.profile")),
        ("1 told.close whim", wrong("told.close")),
        ("1 user.left now", LineError::TooMuch("now".to_owned())),
        (&lacking, wrong("config min_gap")),
        (&doubled, wrong("config min_gap")),
        (&invented, wrong("config mood")),
        (&nothing_kept, wrong("config pace_keep")),
    ] {
        assert_eq!(parse(line), Err(expected), "{line:?}");
    }
}

#[test]
fn a_journal_alone_decides_the_call_again() {
    let journal = format!("# a call\n{CONFIG}\n100 told.say q1\n200 reply.ready r1\n200 playout.started r1");
    let lines: Vec<_> = replay(journal.lines()).unwrap().lines().collect();
    let expected = ["0 agent listening", "100 begin r1 q1", "200 start r1", "200 agent speaking"];
    assert_eq!(lines, expected);
}

#[test]
fn a_journal_begins_with_its_configuration() {
    let doubled = format!("{CONFIG}\n{CONFIG}");
    for (journal, line, error) in [
        ("", 1, None),
        ("# nothing", 1, None),
        ("\n1 timeout", 2, None),
        (&doubled, 2, None),
        ("1 user.sang", 1, Some(LineError::UnknownFact("user.sang".to_owned()))),
    ] {
        assert_eq!(replay(journal.lines()), Err(ReplayError { line, error }), "{journal:?}");
    }
}
