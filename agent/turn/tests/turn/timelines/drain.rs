//! The end of a call that is not in a hurry.

use expect_test::expect;

use crate::support::check;

#[test]
fn a_call_that_is_to_end_says_what_it_has_to_say_and_no_more() {
    check(
        "     0 told.say q1
             0 told.say q2
           100 reply.ready r1
           100 playout.started r1
           500 told.drain completed
           600 told.say q3
          1100 playout.finished r1 1000
          1200 reply.ready r2
          1200 playout.started r2
          2200 playout.finished r2 1000",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            600 news dropped q3 closed
            1100 agent listening
            1100 begin r2 q2
            1200 start r2
            1200 agent speaking
            2200 agent listening
            2200 close completed
        "#]],
    );
}

#[test]
fn the_last_words_are_awaited_and_kept() {
    check(
        "   550 user.started 500
          1000 told.drain completed
          1700 user.final 2
          2000 user.stopped 1500
          3000 end",
        expect![[r#"
            550 user speaking
            1700 commit t1
            1700 end t1 closed
            1700 user listening
            1700 close completed
        "#]],
    );
}

#[test]
fn the_last_words_are_not_awaited_for_ever() {
    check(
        "   550 user.started 500
          1000 told.drain completed
          1200 user.interim 1
          5000 end",
        expect![[r#"
            550 user speaking
            3000 commit t1
            3000 end t1 closed
            3000 user listening
            3000 close completed
        "#]],
    );
}

#[test]
fn a_call_in_which_nothing_is_open_ends_at_once() {
    check(
        "   500 told.drain completed",
        expect![[r#"
        500 close completed
    "#]],
    );
}

#[test]
fn a_body_that_does_not_answer_a_stop_does_not_keep_a_call_open() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1000 playout.progressed r1 900
          1500 told.close shutdown
         20000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1500 stop r1
            1500 agent listening
            16500 truncate r1 900
            16500 close shutdown
        "#]],
    );
}
