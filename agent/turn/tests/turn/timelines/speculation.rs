//! Replies begun before their turn is committed.

use std::time::Duration;

use expect_test::expect;

use crate::support::{check_with, eager};

#[test]
fn a18_a_reply_begun_on_the_final_transcript_is_confirmed_at_the_endpoint() {
    check_with(
        eager(),
        "  550 user.started 500
          2100 user.final 4
          2500 user.stopped 2000
          2800 reply.ready r1
          2800 playout.started r1
          5810 playout.finished r1 3010",
        expect![[r#"
            550 user speaking
            2100 begin r1 turn speculative
            2500 user listening
            2500 commit t1
            2500 confirm r1 t1
            2500 agent thinking
            2800 start r1
            2800 end t1 replied r1
            2800 agent speaking
            5810 agent listening
        "#]],
    );
}

#[test]
fn x4_a_pause_shorter_than_the_endpoint_makes_one_turn_and_two_attempts() {
    let mut config = eager();
    config.endpoint.min_delay = Duration::from_secs(1);
    check_with(
        config,
        "  550 user.started 500
          1700 user.final 4
          2000 user.stopped 1500
          2250 user.started 2200
          3200 user.final 3
          3500 user.stopped 3000
          4200 reply.ready r2
          4200 playout.started r2",
        expect![[r#"
            550 user speaking
            1700 begin r1 turn speculative
            2000 user listening
            2250 user speaking
            3200 cancel r1 outdated
            3200 begin r2 turn speculative
            3500 user listening
            4000 commit t1
            4000 confirm r2 t1
            4000 agent thinking
            4200 start r2
            4200 end t1 replied r2
            4200 agent speaking
        "#]],
    );
}

#[test]
fn the_attempts_of_a_turn_are_bounded() {
    let mut config = eager();
    config.speculation.max_attempts = 1;
    check_with(
        config,
        "  100 user.started
           500 user.final 1
           700 user.final 1
           900 user.stopped 700
          1500 end",
        expect![[r#"
            100 user speaking
            500 begin r1 turn speculative
            700 cancel r1 outdated
            900 user listening
            1200 commit t1
            1200 begin r2 turn
            1200 agent thinking
        "#]],
    );
}

#[test]
fn a_speculative_reply_that_fails_is_tried_again_at_the_endpoint() {
    check_with(
        eager(),
        "  550 user.started 500
          2700 user.final 5
          2800 reply.failed r1
          3000 user.stopped 2500",
        expect![[r#"
            550 user speaking
            2700 begin r1 turn speculative
            3000 user listening
            3000 commit t1
            3000 begin r2 turn
            3000 agent thinking
        "#]],
    );
}

#[test]
fn an_answer_that_knew_fewer_words_is_dropped_when_more_come_while_others_speak() {
    check_with(
        eager(),
        "  550 user.started 500
          1600 user.final 2
          1700 told.say q1 firm
          1750 reply.ready r2
          1750 playout.started r2
          2700 user.final 3
          3000 user.stopped 2500
          5000 playout.finished r2 3000",
        expect![[r#"
            550 user speaking
            1600 begin r1 turn speculative
            1700 begin r2 q1
            1750 start r2
            1750 agent speaking
            2700 cancel r1 outdated
            3000 user listening
            3000 commit t1
            5000 agent listening
            5000 begin r3 turn
            5000 agent thinking
        "#]],
    );
}

#[test]
fn words_that_stop_a_playout_that_cannot_pause_are_answered_at_once() {
    let mut config = eager();
    config.interruption.false_interruption = None;
    check_with(
        config,
        "    0 told.say q1
           50 reply.ready r1
           50 playout.started r1
          550 user.started 500
          900 user.final 1
          900 playout.finished r1 850
         1200 user.stopped 700",
        expect![[r#"
            0 begin r1 q1
            50 start r1
            50 agent speaking
            550 user speaking
            900 begin r2 turn speculative
            900 stop r1
            900 agent listening
            900 truncate r1 850
            1200 user listening
            1200 commit t1
            1200 confirm r2 t1
            1200 agent thinking
        "#]],
    );
}
