//! Absence, and the end of a call.

use std::time::Duration;

use expect_test::expect;

use crate::support::{check, check_with, config};

#[test]
fn x6_a_user_who_is_silent_for_long_is_away_until_heard_again() {
    let mut config = config();
    config.user_away = Some(Duration::from_secs(3));
    check_with(
        config,
        "  100 told.say q1
           200 reply.ready r1
           200 playout.started r1
          3210 playout.finished r1 3010
          9000 user.started
          9500 user.stopped
         20000 user.typed",
        expect![[r#"
            100 begin r1 q1
            200 start r1
            200 agent speaking
            3210 agent listening
            6210 user away
            9000 user speaking
            9500 user listening
            12500 user away
            14500 news transcript missed 0
            20000 user listening
            20000 commit t1 typed
            20000 begin r2 turn
            20000 agent thinking
        "#]],
    );
}

#[test]
fn closing_stops_what_plays_keeps_what_was_said_and_is_the_last_word() {
    check(
        "    0 told.say q1 firm
             0 told.say q2 firm
           100 reply.ready r1
           100 playout.started r1
          1050 user.started 1000
          2000 user.final 3
          2200 user.stopped 2000
          2800 user.started
          3000 user.interim 2
          3100 told.close completed
          3100 user.final 4
          3100 playout.finished r1 3000
          3200 user.stopped
          9000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1050 user speaking
            2200 user listening
            2500 commit t1
            2800 user speaking
            3100 stop r1
            3100 news dropped q2 closed
            3100 end t1 closed
            3100 agent listening
            3100 commit t2
            3100 end t2 closed
            3100 user listening
            3100 truncate r1 3000
            3100 close completed
        "#]],
    );
    check(
        "  100 user.left\n 200 user.started",
        expect![[r#"
              100 close user_left
        "#]],
    );
}

#[test]
fn who_closes_while_the_user_speaks_hears_them_out() {
    check(
        "  550 user.started 500
          1500 told.close completed
          2600 user.interim 2
          2700 user.final 5
          3000 user.stopped 2500",
        expect![[r#"
            550 user speaking
            2700 commit t1
            2700 end t1 closed
            2700 user listening
            2700 close completed
        "#]],
    );
}

#[test]
fn words_that_never_come_are_not_awaited_for_ever() {
    check(
        "  550 user.started 500
          1500 told.close shutdown
          9000 end",
        expect![[r#"
            550 user speaking
            3500 user listening
            3500 close shutdown
        "#]],
    );
}

#[test]
fn whose_words_have_just_come_is_not_waited_for() {
    check(
        "  550 user.started 500
          2700 user.final 5
          2800 told.close completed",
        expect![[r#"
            550 user speaking
            2800 commit t1
            2800 end t1 closed
            2800 user listening
            2800 close completed
        "#]],
    );
}

#[test]
fn who_cannot_be_heard_any_more_is_not_waited_for() {
    check(
        "  550 user.started 500
          1500 told.close disconnected",
        expect![[r#"
            550 user speaking
            1500 user listening
            1500 close disconnected
        "#]],
    );
}

#[test]
fn a_call_that_is_to_close_says_nothing_more() {
    check(
        "    0 told.say q1
          100 reply.ready r1
          100 playout.started r1
          550 user.started 500
          800 told.close completed
          800 playout.finished r1 700
          900 told.say q2
         1100 user.typed
         1300 user.final 2
         1400 told.say q3",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            550 user speaking
            800 stop r1
            800 agent listening
            800 truncate r1 700
            900 news dropped q2 closed
            1100 commit t1 typed
            1100 end t1 closed
            1300 commit t2
            1300 end t2 closed
            1300 user listening
            1300 close completed
        "#]],
    );
}
