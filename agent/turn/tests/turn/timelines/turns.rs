//! The users' turns: when they are committed.

use agent_turn::Detection;
use expect_test::expect;

use crate::support::{check, check_with, config, eager};

#[test]
fn a1_a_turn_is_committed_half_a_second_after_the_end_of_speech_and_answered() {
    check(
        "  550 user.started 500
          2600 user.interim 2
          2700 user.final 4
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          3300 reply.finished r1
          5210 playout.finished r1 2010
          6000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            5210 agent listening
        "#]],
    );
}

#[test]
fn x5_a_late_final_transcript_is_committed_at_once() {
    check_with(
        eager(),
        "  550 user.started 500
          2000 user.stopped 1500
          2700 user.final 1
          3100 reply.ready r1
          3100 playout.started r1",
        expect![[r#"
            550 user speaking
            2000 user listening
            2700 commit t1
            2700 begin r1 turn
            2700 agent thinking
            3100 start r1
            3100 end t1 replied r1
            3100 agent speaking
        "#]],
    );
}

#[test]
fn x7_a_turn_that_seems_unfinished_waits_longer() {
    let mut config = config();
    config.detection = Detection::Model;
    check_with(
        config,
        "  550 user.started 500
          2550 user.lapsed 2500
          2700 user.final 4
          2750 user.judged p1 100/500
          3000 user.stopped 2500
          6000 end",
        expect![[r#"
            550 user speaking
            2700 judge p1
            3000 user listening
            5500 commit t1
            5500 begin r1 turn
            5500 agent thinking
        "#]],
    );
}

#[test]
fn x17_speech_without_words_is_forgotten() {
    check(
        "  550 user.started 500
          3000 user.stopped 2500
         10000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            7500 news transcript missed 0
        "#]],
    );
    check(
        "  550 user.started 500
          3000 user.stopped 2500
          3100 user.final 0
         10000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
        "#]],
    );
}

#[test]
fn when_the_final_transcript_never_comes_the_interim_words_count() {
    check(
        "  550 user.started 500
          2000 user.interim 3
          3000 user.stopped 2500
         10000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            7500 news transcript missed 3
            7500 commit t1
            7500 begin r1 turn
            7500 agent thinking
        "#]],
    );
}

#[test]
fn words_without_voice_activity_are_a_turn_too() {
    check(
        " 1000 user.interim 2
          1200 user.final 2
          3000 end",
        expect![[r#"
             1700 commit t1
             1700 begin r1 turn
             1700 agent thinking
        "#]],
    );
}
