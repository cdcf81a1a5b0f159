//! What waits for the floor, and what is stopped.

use expect_test::expect;

use crate::support::check;

#[test]
fn an_uninterruptible_reply_goes_on_and_the_turn_is_answered_after_it() {
    check(
        "    0 told.say q1 firm
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          2000 user.final 3
          2200 user.stopped 2000
          4000 playout.finished r1 3900
          4300 reply.ready r2
          4300 playout.started r2",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            2200 user listening
            2500 commit t1
            4000 agent listening
            4000 begin r2 turn
            4000 agent thinking
            4300 start r2
            4300 end t1 replied r2
            4300 agent speaking
        "#]],
    );
}

#[test]
fn of_two_turns_during_an_uninterruptible_reply_the_later_answers_for_both() {
    check(
        "    0 told.say q1 firm
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          2000 user.final 3
          2200 user.stopped 2000
          3050 user.started 3000
          4000 user.final 3
          4200 user.stopped 4000
          6000 playout.finished r1 5900
          6300 reply.ready r2",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            2200 user listening
            2500 commit t1
            3050 user speaking
            4200 user listening
            4500 commit t2
            4500 end t1 superseded
            6000 agent listening
            6000 begin r2 turn
            6000 agent thinking
            6300 start r2
        "#]],
    );
}

#[test]
fn x13_what_waits_behind_a_stopped_speech_stays() {
    check(
        "  200 told.say q1
           200 told.say q2 firm
           200 told.say q3
           300 reply.ready r1
           300 playout.started r1
           800 told.stop
           800 playout.finished r1 500
           900 reply.ready r2
           900 playout.started r2
          1000 told.stop
          1910 playout.finished r2 1010
          2010 reply.ready r3
          2010 playout.started r3
          2100 told.stop force
          2100 playout.finished r3 90",
        expect![[r#"
            200 begin r1 q1
            300 start r1
            300 agent speaking
            800 stop r1
            800 begin r2 q2
            800 agent listening
            800 truncate r1 500
            900 start r2
            900 agent speaking
            1910 agent listening
            1910 begin r3 q3
            2010 start r3
            2010 agent speaking
            2100 stop r3
            2100 agent listening
            2100 truncate r3 90
        "#]],
    );
}

#[test]
fn a11_text_stops_the_reply_and_is_answered() {
    check(
        "    0 told.generate q1
           100 reply.ready r1
           100 playout.started r1
          5000 user.typed
          5000 playout.finished r1 4900
          5500 reply.ready r2
          5500 playout.started r2",
        expect![[r#"
            0 begin r1 q1
            0 agent thinking
            100 start r1
            100 agent speaking
            5000 commit t1 typed
            5000 stop r1
            5000 begin r2 turn
            5000 agent thinking
            5000 truncate r1 4900
            5500 start r2
            5500 end t1 replied r2
            5500 agent speaking
        "#]],
    );
}

#[test]
fn a_reply_does_not_start_before_the_stopped_one_has_told_its_position() {
    check(
        "    0 told.say q1
             0 told.say q2 firm
           100 reply.ready r1
           100 playout.started r1
           500 told.stop
           510 reply.ready r2
           520 playout.finished r1 410",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            500 stop r1
            500 begin r2 q2
            500 agent listening
            520 truncate r1 410
            520 start r2
        "#]],
    );
}
