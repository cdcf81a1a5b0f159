//! The order in which things are said.

use std::time::Duration;

use expect_test::expect;

use crate::support::{check, check_with, config};

#[test]
fn what_cannot_wait_goes_first_and_what_can_goes_last() {
    check(
        "     0 told.say q1
             0 told.say q2 low
             0 told.say q3
             0 told.say q4 high
           100 reply.ready r1
           100 playout.started r1
          1100 playout.finished r1 1000
          1200 reply.ready r2
          1200 playout.started r2
          2200 playout.finished r2 1000
          2300 reply.ready r3
          2300 playout.started r3
          3300 playout.finished r3 1000",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1100 agent listening
            1100 begin r2 q4
            1200 start r2
            1200 agent speaking
            2200 agent listening
            2200 begin r3 q3
            2300 start r3
            2300 agent speaking
            3300 agent listening
            3300 begin r4 q2
        "#]],
    );
}

#[test]
fn what_must_be_thought_of_is_begun_while_others_speak() {
    check(
        "     0 told.say q1
           100 reply.ready r1
           100 playout.started r1
           200 told.generate q2
           800 reply.ready r2
          1100 playout.finished r1 1000
          1100 playout.started r2",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            200 begin r2 q2
            200 agent thinking
            1100 start r2
            1100 agent speaking
        "#]],
    );
}

#[test]
fn between_two_speeches_there_is_the_least_silence() {
    let mut config = config();
    config.speaking.min_gap = Duration::from_millis(300);
    check_with(
        config,
        "   200 told.say q1
           200 told.say q2
           300 reply.ready r1
           300 playout.started r1
          1310 playout.finished r1 1010
          1700 end
          1710 reply.ready r2
          1710 playout.started r2",
        expect![[r#"
            200 begin r1 q1
            300 start r1
            300 agent speaking
            1310 agent listening
            1610 begin r2 q2
            1710 start r2
            1710 agent speaking
        "#]],
    );
}

#[test]
fn a_committed_turn_makes_what_is_of_low_priority_superfluous() {
    check(
        "     0 told.say q1 firm
             0 told.say q2 low
             0 told.generate q3 low
             0 told.say q4
           100 reply.ready r1
           100 playout.started r1
          1000 user.typed
          2000 playout.finished r1 1900
          2100 reply.ready r3
          2100 playout.started r3
          3000 playout.finished r3 900",
        expect![[r#"
            0 begin r1 q1
            0 begin r2 q3
            0 agent thinking
            100 start r1
            100 agent speaking
            1000 commit t1 typed
            1000 news dropped q2 superseded
            1000 cancel r2 interrupted
            2000 agent listening
            2000 begin r3 q4
            2000 agent thinking
            2100 start r3
            2100 agent speaking
            3000 agent listening
            3000 begin r4 turn
            3000 agent thinking
        "#]],
    );
}

#[test]
fn a_speech_that_is_withdrawn_is_not_begun_or_is_stopped() {
    check(
        "     0 told.say q1
             0 told.say q2
             0 told.say q3 firm
           100 reply.ready r1
           100 playout.started r1
           200 told.withdraw q2
           300 told.withdraw q1
           300 playout.finished r1 200
           400 told.withdraw q3
           500 told.withdraw q3 force",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            200 news dropped q2 withdrawn
            300 stop r1
            300 begin r2 q3
            300 agent listening
            300 truncate r1 200
            500 cancel r2 stopped
        "#]],
    );
}

#[test]
fn a_speech_of_the_program_waits_until_the_user_is_silent() {
    check(
        "   550 user.started 500
           600 told.say q1
           850 user.lapsed 800
          1200 reply.ready r1
          1200 playout.started r1
          1300 user.stopped 800",
        expect![[r#"
            550 user speaking
            1100 begin r1 q1
            1200 start r1
            1200 agent speaking
            1300 user listening
        "#]],
    );
}

#[test]
fn a_speech_of_the_program_gives_way_to_the_words_over_which_it_was_asked_for() {
    check(
        "   550 user.started 500
          1000 told.say q1
          1700 user.final 2
          2000 user.stopped 1500
          2100 end",
        expect![[r#"
            550 user speaking
            1700 news dropped q1 interrupted
            2000 user listening
            2000 commit t1
            2000 begin r2 turn
            2000 agent thinking
        "#]],
    );
}

#[test]
fn a_long_wait_for_functions_is_filled_and_the_answer_follows() {
    let mut config = config();
    config.speaking.filler_after = Some(Duration::from_secs(1));
    check_with(
        config,
        "     0 user.typed
           100 reply.called r1 1
           100 reply.silent r1
          1200 reply.ready r2
          1200 playout.started r2
          1500 reply.returned r1
          1900 reply.ready r3
          2200 playout.finished r2 1000
          2200 playout.started r3",
        expect![[r#"
            0 commit t1 typed
            0 begin r1 turn
            0 agent thinking
            100 run r1
            1100 begin r2 filler r1
            1200 start r2
            1200 agent speaking
            1500 begin r3 functions r1 step 1
            1500 agent thinking
            2200 start r3
            2200 end t1 replied r3
            2200 agent speaking
        "#]],
    );
}

#[test]
fn what_was_to_fill_a_wait_that_is_over_is_not_said() {
    let mut config = config();
    config.speaking.filler_after = Some(Duration::from_secs(1));
    check_with(
        config,
        "     0 user.typed
           100 reply.called r1 1
           100 reply.silent r1
          1050 end
          1200 end
          1200 reply.returned r1
          1300 reply.ready r2",
        expect![[r#"
            0 commit t1 typed
            0 begin r1 turn
            0 agent thinking
            100 run r1
            1100 begin r2 filler r1
            1200 begin r3 functions r1 step 1
            1200 cancel r2 outdated
        "#]],
    );
}

#[test]
fn a_function_may_have_something_said_before_it_returns() {
    check(
        "     0 user.typed
           100 reply.called r1 1
           100 reply.silent r1
           200 told.generate q1
           600 reply.ready r2
           600 playout.started r2
          1600 playout.finished r2 1000
          1700 reply.returned r1
          2000 reply.ready r3
          2000 playout.started r3",
        expect![[r#"
            0 commit t1 typed
            0 begin r1 turn
            0 agent thinking
            100 run r1
            200 begin r2 q1
            600 start r2
            600 agent speaking
            1600 agent listening
            1600 agent thinking
            1700 begin r3 functions r1 step 1
            2000 start r3
            2000 end t1 replied r3
            2000 agent speaking
        "#]],
    );
}

#[test]
fn what_waits_is_not_taken_for_what_late_words_stop() {
    check(
        "    0 told.say q1
           50 reply.ready r1
           50 playout.started r1
          550 user.started 500
          700 told.generate q2
          800 reply.ready r2
         1400 user.stopped 900
         1500 user.final 2
         1500 playout.finished r1 1450
         1550 playout.started r2
         2600 playout.finished r2 1000",
        expect![[r#"
            0 begin r1 q1
            50 start r1
            50 agent speaking
            550 user speaking
            700 begin r2 q2
            700 agent thinking
            1000 pause r1
            1000 agent listening
            1400 user listening
            1500 commit t1
            1500 stop r1
            1500 begin r3 turn
            1500 agent thinking
            1500 truncate r1 1450
            1500 start r2
            1550 agent speaking
            2600 agent listening
            2600 agent thinking
        "#]],
    );
}
