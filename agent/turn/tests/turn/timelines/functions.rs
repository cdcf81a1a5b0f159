//! Replies that call functions.

use expect_test::expect;

use crate::support::check;

#[test]
fn a4_functions_are_answered_after_the_playout_of_the_reply_that_called_them() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          3300 reply.called r1 1
          3300 reply.finished r1
          3300 reply.returned r1
          5210 playout.finished r1 2010
          5710 reply.ready r2
          5710 playout.started r2
          8720 playout.finished r2 3010",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            3300 run r1
            5210 begin r2 functions r1 step 1
            5210 agent thinking
            5710 start r2
            5710 agent speaking
            8720 agent listening
        "#]],
    );
}

#[test]
fn a_reply_that_only_calls_is_followed_up_when_its_functions_return() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3100 reply.called r1 2
          3100 reply.silent r1
          3500 reply.returned r1
          4500 reply.returned r1
          4900 reply.ready r2
          4900 playout.started r2",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3100 run r1
            4500 begin r2 functions r1 step 1
            4900 start r2
            4900 end t1 replied r2
            4900 agent speaking
        "#]],
    );
}

#[test]
fn a_turn_over_running_functions_takes_the_place_of_their_follow_up() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3100 reply.called r1 1
          3100 reply.silent r1
          4050 user.started 4000
          4700 user.final 2
          5000 user.stopped 4500
          5100 reply.returned r1",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3100 run r1
            4050 user speaking
            5000 user listening
            5000 commit t2
            5000 cancel r1 interrupted
            5000 end t1 superseded
            5000 agent listening
            5000 begin r2 turn
            5000 agent thinking
        "#]],
    );
}

#[test]
fn functions_that_never_return_end_the_turn() {
    check(
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3100 reply.called r1 1
          3100 reply.silent r1
         40000 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3100 run r1
            33100 cancel r1 timed_out
            33100 end t1 timed_out
            33100 agent listening
        "#]],
    );
}

#[test]
fn functions_run_when_what_goes_before_their_reply_has_been_said() {
    check(
        "    0 told.say q1
           50 reply.ready r1
           50 playout.started r1
          100 told.generate q2
          200 reply.called r2 2
          300 reply.silent r2
          900 reply.returned r2
         1060 playout.finished r1 1000
         1500 reply.returned r2
         1600 reply.returned r2",
        expect![[r#"
            0 begin r1 q1
            50 start r1
            50 agent speaking
            100 begin r2 q2
            100 agent thinking
            1060 run r2
            1600 begin r3 functions r2 step 1
        "#]],
    );
}

#[test]
fn functions_of_a_reply_that_is_stopped_while_it_waits_do_not_run() {
    check(
        "    0 told.say q1
           50 reply.ready r1
           50 playout.started r1
          100 told.generate q2
          200 reply.called r2 1
          300 reply.silent r2
          500 told.stop",
        expect![[r#"
            0 begin r1 q1
            50 start r1
            50 agent speaking
            100 begin r2 q2
            100 agent thinking
            500 cancel r2 stopped
            500 stop r1
            500 agent listening
        "#]],
    );
}

#[test]
fn functions_do_not_run_while_the_user_speaks_over_their_reply() {
    check(
        "  550 user.started 500
          600 told.generate q1
          700 reply.called r1 1
          700 reply.silent r1
          900 user.stopped 700
         3000 end",
        expect![[r#"
            550 user speaking
            600 begin r1 q1
            600 agent thinking
            900 user listening
            900 run r1
        "#]],
    );
}

#[test]
fn functions_that_are_called_later_run_too() {
    check(
        "    0 told.generate q1
          200 reply.called r1 1
          300 reply.returned r1
          400 reply.called r1 1
          500 reply.silent r1
          900 reply.returned r1",
        expect![[r#"
            0 begin r1 q1
            0 agent thinking
            200 run r1
            400 run r1
            900 begin r2 functions r1 step 1
        "#]],
    );
}
