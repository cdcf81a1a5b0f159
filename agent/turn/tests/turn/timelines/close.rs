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
            3100 commit t2
            3100 end t2 closed
            3100 stop r1
            3100 news dropped q2 closed
            3100 end t1 closed
            3100 agent listening
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
