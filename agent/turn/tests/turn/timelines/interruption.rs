//! Speech over a reply that wants the floor.

use expect_test::expect;

use crate::support::{check, check_with, config};

#[test]
fn a9b_speech_over_a_reply_pauses_it_and_words_cut_it_where_it_was_heard() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          5050 user.started 5000
          6200 user.final 1
          6200 playout.finished r1 2300
          6500 user.stopped 6000
          6600 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            5050 user speaking
            5500 pause r1
            5500 agent listening
            6200 stop r1
            6200 truncate r1 2300
            6500 user listening
            6500 commit t2
            6500 begin r2 turn
            6500 agent thinking
        "#]],
    );
}

#[test]
fn a10a_too_few_words_neither_interrupt_nor_are_lost() {
    let mut config = config();
    config.interruption.min_words = 3;
    check_with(
        config,
        "  100 user.started
           900 user.final 4
          1000 user.stopped 900
          3200 reply.ready r1
          3200 playout.started r1
          5050 user.started 5000
          6100 user.interim 1
          6200 user.final 1
          6500 user.stopped 6000
          6550 user.started 6500
          7500 user.final 2
          8000 user.stopped 7500
          8000 playout.finished r1 4300
          8100 end",
        expect![[r#"
            100 user speaking
            1000 user listening
            1400 commit t1
            1400 begin r1 turn
            1400 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            5050 user speaking
            6500 user listening
            6550 user speaking
            7500 pause r1
            7500 agent listening
            8000 user listening
            8000 commit t2
            8000 stop r1
            8000 begin r2 turn
            8000 agent thinking
            8000 truncate r1 4300
        "#]],
    );
}

#[test]
fn too_few_words_wait_for_the_next_turn_when_the_reply_ends_first() {
    let mut config = config();
    config.interruption.min_words = 3;
    check_with(
        config,
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1300 user.final 1
          1500 user.stopped 1200
          3000 playout.finished r1 2900
          5050 user.started 5000
          6000 user.final 2
          6200 user.stopped 6000
          7000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1500 user listening
            3000 agent listening
            5050 user speaking
            6200 user listening
            6500 commit t1
            6500 begin r2 turn
            6500 agent thinking
        "#]],
    );
}

#[test]
fn a_playout_that_cannot_pause_is_stopped() {
    let mut config = config();
    config.interruption.false_interruption = None;
    check_with(
        config,
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1500 end
          1500 playout.finished r1 1400",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1500 stop r1
            1500 agent listening
            1500 truncate r1 1400
        "#]],
    );
}
