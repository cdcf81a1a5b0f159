//! Noise over a reply, and speech before anything of it was heard.

use expect_test::expect;

use crate::support::check;

#[test]
fn a12b_words_before_the_first_sample_cancel_the_reply() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3050 user.started 3000
          3900 reply.ready r1
          4200 user.final 1
          4200 playout.finished r1 0
          4500 user.stopped 4000",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3050 user speaking
            3050 pause r1
            3500 agent listening
            3900 start r1 paused
            4200 stop r1
            4200 end t1 superseded
            4200 truncate r1 0
            4500 user listening
            4500 commit t2
            4500 begin r2 turn
            4500 agent thinking
        "#]],
    );
}

#[test]
fn a14_a_short_noise_does_not_stop_a_reply() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3050 reply.ready r1
          3050 playout.started r1
          3050 user.started 3000
          3350 user.lapsed 3300
          3800 user.stopped 3300
          8060 playout.finished r1 5010
         10000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3050 start r1
            3050 end t1 replied r1
            3050 agent speaking
            3050 user speaking
            3800 user listening
            8060 agent listening
            8300 news transcript missed 0
        "#]],
    );
}

#[test]
fn a_reply_that_is_ready_while_the_user_makes_a_noise_waits_for_its_end() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3050 user.started 3000
          3100 reply.ready r1
          3350 user.lapsed 3300
          3800 user.stopped 3300
          3800 playout.started r1",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3050 user speaking
            3050 pause r1
            3100 start r1 paused
            3800 user listening
            3800 resume r1
            3800 end t1 replied r1
            3800 agent speaking
        "#]],
    );
}

#[test]
fn x1_a_false_interruption_is_resumed_two_seconds_after_the_silence() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          5050 user.started 5000
          6500 user.stopped 6000
         16210 playout.finished r1 10010
         17000 end",
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
            6500 user listening
            8500 resume r1
            8500 agent speaking
            11000 news transcript missed 0
            16210 agent listening
        "#]],
    );
}

#[test]
fn a_cough_is_too_short_to_pause_a_reply_even_when_its_end_is_noticed_late() {
    check(
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1250 user.lapsed 1200
          1750 user.stopped 1200
          2000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1750 user listening
        "#]],
    );
}

#[test]
fn speech_that_comes_back_after_a_lapse_counts_from_its_beginning() {
    check(
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1450 user.lapsed 1400
          1600 user.revived
          2000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1600 pause r1
            1600 agent listening
        "#]],
    );
}

#[test]
fn a_pause_lasts_while_interim_words_await_their_final() {
    check(
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          1800 user.interim 2
          2500 user.stopped 2000
          5000 end
          5100 user.final 2
          5100 playout.finished r1 1400
          5200 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            1500 pause r1
            1500 agent listening
            2500 user listening
            5100 commit t1
            5100 stop r1
            5100 begin r2 turn
            5100 agent thinking
            5100 truncate r1 1400
        "#]],
    );
}

#[test]
fn a_short_voice_takes_back_no_pause_that_was_there_before_it() {
    check(
        "    0 told.say q1
           50 reply.ready r1
           50 playout.started r1
          550 user.started 500
         1600 user.stopped 1100
         1850 user.started 1800
         2150 user.lapsed 2100
         2600 user.stopped 2100
         9000 end",
        expect![[r#"
            0 begin r1 q1
            50 start r1
            50 agent speaking
            550 user speaking
            1000 pause r1
            1000 agent listening
            1600 user listening
            1850 user speaking
            2600 user listening
            4600 resume r1
            4600 agent speaking
            7100 news transcript missed 0
        "#]],
    );
}
