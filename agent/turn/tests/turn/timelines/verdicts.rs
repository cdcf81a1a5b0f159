//! What a judge of overlaps says: interruption, listener's noise, echo, side speech.

use std::fmt::Write;

use agent_turn::Output;
use expect_test::expect;

use crate::support::{check, check_with, config, run};

#[test]
fn who_wants_the_floor_has_it_before_the_least_duration() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          3050 user.started 3000
          3200 user.interim 1
          3200 user.overlap interruption
          3400 user.final 1
          3400 playout.finished r1 3100
          3600 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            3050 user speaking
            3200 pause r1
            3200 agent listening
            3400 stop r1
            3400 truncate r1 3100
        "#]],
    );
}

#[test]
fn a_listeners_noise_neither_pauses_nor_stops_nor_is_a_turn() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          3050 user.started 3000
          3300 user.interim 1
          3300 user.overlap backchannel
          3800 user.final 1
          4300 user.stopped 3800
          6000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            3050 user speaking
            3800 set aside 1 backchannel
            4300 user listening
        "#]],
    );
}

#[test]
fn a_reply_that_was_paused_for_a_listeners_noise_goes_on_at_once() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          3050 user.started 3000
          3700 user.interim 1
          3700 user.overlap backchannel
          3900 user.final 1
          4300 user.stopped 3800
          6000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            3050 user speaking
            3500 pause r1
            3500 agent listening
            3700 resume r1
            3700 agent speaking
            3900 set aside 1 backchannel
            4300 user listening
        "#]],
    );
}

#[test]
fn a_listeners_noise_close_to_the_end_of_the_speech_is_an_answer() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          3050 user.started 3000
          3200 user.overlap backchannel
          3400 user.final 1
          3600 user.stopped 3300
          3900 playout.finished r1 3800
          4500 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            3050 user speaking
            3400 set aside 1 backchannel
            3600 user listening
            3900 take back
            3900 agent listening
            3900 commit t1
            3900 begin r2 turn
            3900 agent thinking
        "#]],
    );
}

#[test]
fn a_listeners_noise_close_to_the_beginning_of_the_speech_is_an_answer() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
           650 user.started 600
           900 user.overlap backchannel
          1000 user.final 1
          1000 playout.finished r1 900
          1300 user.stopped 900
          1500 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            650 user speaking
            1000 pause r1
            1000 agent listening
            1000 stop r1
            1000 truncate r1 900
            1300 user listening
            1400 commit t1
            1400 begin r2 turn
            1400 agent thinking
        "#]],
    );
}

#[test]
fn the_agents_own_voice_is_no_turn_even_when_its_words_come_late() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          3050 user.started 3000
          3300 user.overlap echo
          3900 playout.finished r1 3800
          4300 user.stopped 3900
          4500 user.final 3
          6000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            3050 user speaking
            3900 agent listening
            4300 user listening
            4500 set aside 3 echo
        "#]],
    );
}

#[test]
fn what_is_said_to_others_keeps_nobody_waiting() {
    check(
        "  1050 user.started 1000
          1200 user.overlap side_speech
          1300 told.say q1
          1400 reply.ready r1
          1400 playout.started r1
          2000 user.final 3
          3000 end",
        expect![[r#"
            1050 user speaking
            1300 begin r1 q1
            1400 start r1
            1400 agent speaking
            2000 set aside 3 side_speech
        "#]],
    );
}

#[test]
fn a_speech_may_need_more_to_be_interrupted_than_others() {
    let config = config();
    check_with(
        config,
        "     0 told.say q1 min_duration=1500 min_words=2
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          2000 user.interim 2
          2400 user.final 1
          2600 user.final 1
          3100 user.stopped 2600
          3100 playout.finished r1 2500
          3200 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            2600 pause r1
            2600 agent listening
            3100 user listening
            3100 commit t1
            3100 stop r1
            3100 begin r2 turn
            3100 agent thinking
            3100 truncate r1 2500
        "#]],
    );
}

#[test]
fn a_listeners_noise_is_one_after_a_false_interruption_too() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          2200 user.stopped 1700
          4300 user.started 4250
          4600 user.interim 1
          4600 user.overlap backchannel
          4900 user.final 1
          5100 user.stopped 4600
         16000 playout.finished r1 13200",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1500 pause r1
            1500 agent listening
            2200 user listening
            4200 resume r1
            4200 agent speaking
            4300 user speaking
            4900 set aside 1 backchannel
            5100 user listening
            16000 agent listening
        "#]],
    );
}

#[test]
fn an_answer_in_the_agents_words_is_answered_when_the_agent_has_said_all() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          3050 user.started 3000
          3400 user.interim 2
          3400 user.overlap repetition
          4000 user.final 2
          4300 user.stopped 3800
          7100 playout.finished r1 7000
          8000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            3050 user speaking
            4000 set aside 2 repetition
            4300 user listening
            7100 take back
            7100 agent listening
            7100 commit t1
            7100 begin r2 turn
            7100 agent thinking
        "#]],
    );
}

#[test]
fn words_of_their_own_after_the_agents_words_stop_the_reply_and_both_are_the_turn() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          3050 user.started 3000
          3400 user.overlap repetition
          3600 user.final 3
          3900 user.overlap interruption
          4000 user.final 2
          4000 playout.finished r1 3900
          4300 user.stopped 3800
          5000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            3050 user speaking
            3600 set aside 3 repetition
            3900 pause r1
            3900 agent listening
            4000 take back
            4000 stop r1
            4000 truncate r1 3900
            4300 user listening
            4300 commit t1
            4300 begin r2 turn
            4300 agent thinking
        "#]],
    );
}

#[test]
fn the_agents_words_after_its_end_are_a_turn_however_late_they_come() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          3050 user.started 3000
          3100 playout.finished r1 3000
          3400 user.interim 2
          3400 user.overlap repetition
          4000 user.final 2
          4300 user.stopped 3800
          5000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            3050 user speaking
            3100 agent listening
            4300 user listening
            4300 commit t1
            4300 begin r2 turn
            4300 agent thinking
        "#]],
    );
}

#[test]
fn an_agent_that_hears_itself_answers_itself_twice_at_most_until_other_words_are_said() {
    let mut facts = String::from("0 told.say q1\n");
    let mut hear = |n: u32, verdict: &str| {
        let at = n * 10_000;
        for (after, fact) in [
            (0, format!("reply.ready r{n}")),
            (0, format!("playout.started r{n}")),
            (1050, format!("user.started {}", at + 1000)),
            (1400, format!("user.overlap {verdict}")),
            (1500, "user.final 2".to_owned()),
            (2000, format!("user.stopped {}", at + 1500)),
            (3000, format!("playout.finished r{n} 3000")),
        ] {
            writeln!(facts, "{} {fact}", at + after).expect("a string takes all text");
        }
    };
    for n in 1..=2 {
        hear(n, "repetition");
    }
    hear(3, "repetition");
    let commits = |facts: &str| {
        let (_, told) = run(config(), facts);
        told.iter().filter(|(_, order)| matches!(order, Output::CommitTurn { .. })).count()
    };
    assert_eq!(commits(&facts), 2, "the third is nothing but the agent's words again");
    facts.push_str("40000 user.started 40000\n40500 user.final 2\n41000 user.stopped 40500\n");
    assert_eq!(commits(&facts), 3, "what is said in silence is a turn");
    for fact in [
        "50000 reply.ready r4",
        "50000 playout.started r4",
        "51050 user.started 51000",
        "51400 user.overlap repetition",
        "51500 user.final 2",
        "52000 user.stopped 51500",
        "53000 playout.finished r4 3000",
    ] {
        writeln!(facts, "{fact}").expect("a string takes all text");
    }
    assert_eq!(commits(&facts), 4, "they have shown that they are there");
}
