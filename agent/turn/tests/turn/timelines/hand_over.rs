//! What the program does with turns and settings: considering, holding back, other profiles.

use std::time::Duration;

use expect_test::expect;

use crate::support::{check, check_with, config, eager};

#[test]
fn a_considered_turn_is_answered_by_what_was_begun_early() {
    let mut config = eager();
    config.considers_turns = true;
    check_with(
        config,
        "   100 user.started
           900 user.final 2
          1200 user.stopped 900
          1400 reply.ready r1
          1500 end
          2000 told.considered t1 as_is
          2000 playout.started r1",
        expect![[r#"
            100 user speaking
            900 begin r1 turn speculative
            1200 user listening
            1400 commit t1
            2000 confirm r1 t1
            2000 start r1
            2000 agent thinking
            2000 end t1 replied r1
            2000 agent speaking
        "#]],
    );
}

#[test]
fn a_turn_that_the_program_changed_is_answered_anew() {
    let mut config = eager();
    config.considers_turns = true;
    check_with(
        config,
        "   100 user.started
           900 user.final 2
          1200 user.stopped 900
          2000 told.considered t1 anew",
        expect![[r#"
            100 user speaking
            900 begin r1 turn speculative
            1200 user listening
            1400 commit t1
            2000 cancel r1 outdated
            2000 begin r2 turn
            2000 agent thinking
        "#]],
    );
}

#[test]
fn a_turn_that_the_program_declines_is_not_answered() {
    let mut config = eager();
    config.considers_turns = true;
    check_with(
        config,
        "   100 user.started
           900 user.final 2
          1200 user.stopped 900
          2000 told.considered t1 not
          2100 told.considered t1 not",
        expect![[r#"
            100 user speaking
            900 begin r1 turn speculative
            1200 user listening
            1400 commit t1
            2000 cancel r1 outdated
            2000 end t1 declined
        "#]],
    );
}

#[test]
fn what_is_said_while_a_turn_is_considered_goes_before_the_answer() {
    let mut config = eager();
    config.considers_turns = true;
    check_with(
        config,
        "   100 user.started
           900 user.final 2
          1200 user.stopped 900
          1450 told.say q1
          1500 reply.ready r2
          1500 playout.started r2
          1600 reply.ready r1
          1600 told.considered t1 as_is
          2500 playout.finished r2 1000
          2500 playout.started r1",
        expect![[r#"
            100 user speaking
            900 begin r1 turn speculative
            1200 user listening
            1400 commit t1
            1450 begin r2 q1
            1500 start r2
            1500 agent speaking
            1600 confirm r1 t1
            2500 agent listening
            2500 start r1
            2500 end t1 replied r1
            2500 agent speaking
        "#]],
    );
}

#[test]
fn a_turn_that_is_considered_for_too_long_is_answered_as_it_is() {
    let mut config = config();
    config.considers_turns = true;
    check_with(
        config,
        "   100 user.started
           900 user.final 2
          1200 user.stopped 900
         12000 end",
        expect![[r#"
            100 user speaking
            1200 user listening
            1400 commit t1
            11400 begin r1 turn
            11400 agent thinking
        "#]],
    );
}

#[test]
fn a_later_turn_answers_for_the_one_that_is_considered() {
    let mut config = config();
    config.considers_turns = true;
    check_with(
        config,
        "   100 user.started
           900 user.final 2
          1200 user.stopped 900
          2000 user.typed
          2100 told.considered t1 as_is
          2200 told.considered t2 as_is",
        expect![[r#"
            100 user speaking
            1200 user listening
            1400 commit t1
            2000 commit t2 typed
            2000 end t1 superseded
            2200 begin r1 turn
            2200 agent thinking
        "#]],
    );
}

#[test]
fn while_answers_are_held_back_requests_are_said_and_turns_wait() {
    check(
        "     0 told.hold
           100 user.started
           900 user.final 2
          1200 user.stopped 900
          1500 told.say q1
          1600 reply.ready r1
          1600 playout.started r1
          2600 playout.finished r1 1000
          3000 told.release
          3100 reply.ready r2
          3100 playout.started r2",
        expect![[r#"
            100 user speaking
            1200 user listening
            1400 commit t1
            1500 begin r1 q1
            1600 start r1
            1600 agent speaking
            2600 agent listening
            3000 begin r2 turn
            3000 agent thinking
            3100 start r2
            3100 end t1 replied r2
            3100 agent speaking
        "#]],
    );
}

#[test]
fn answers_are_not_held_back_for_ever() {
    check(
        "     0 told.hold
           100 user.typed
         40000 end",
        expect![[r#"
            100 commit t1 typed
            30000 begin r1 turn
            30000 agent thinking
        "#]],
    );
}

#[test]
fn other_settings_hold_from_now_on() {
    check(
        "   100 user.started
           900 user.final 2
           950 told.profile detection=voice considers_turns=false min_delay=2000 max_delay=3000 pace_keep=off interruption=true min_duration=500 min_words=0 false_interruption=2000 aec_warmup=0 backchannel_boundary=1000
          1200 user.stopped 900
          5000 end",
        expect![[r#"
            100 user speaking
            1200 user listening
            2900 commit t1
            2900 begin r1 turn
            2900 agent thinking
        "#]],
    );
}

#[test]
fn without_money_nothing_is_begun_early() {
    let config = eager();
    check_with(
        config,
        "     0 told.budget spent
           100 user.started
           900 user.final 2
          1000 told.budget left
          1100 user.final 1
          1200 user.stopped 1000
          1500 end",
        expect![[r#"
            100 user speaking
            1100 begin r1 turn speculative
            1200 user listening
            1500 commit t1
            1500 confirm r1 t1
            1500 agent thinking
        "#]],
    );
}

#[test]
fn the_same_words_do_not_begin_a_reply_twice() {
    let config = eager();
    check_with(
        config,
        "   100 user.started
           800 user.preflight 2
           900 user.interim 2 foreseen
          1000 user.final 2 foreseen
          1200 user.stopped 900
          1500 end",
        expect![[r#"
            100 user speaking
            800 begin r1 turn speculative
            1200 user listening
            1400 commit t1
            1400 confirm r1 t1
            1400 agent thinking
        "#]],
    );
}

#[test]
fn words_that_a_preflight_has_not_foreseen_take_it_back() {
    let mut config = eager();
    config.speculation.max_speech = Duration::from_secs(5);
    check_with(
        config,
        "   100 user.started
           800 user.preflight 2
           900 user.interim 3
          1000 user.final 3
          1200 user.stopped 900
          1500 end",
        expect![[r#"
            100 user speaking
            800 begin r1 turn speculative
            900 cancel r1 outdated
            1000 begin r2 turn speculative
            1200 user listening
            1400 commit t1
            1400 confirm r2 t1
            1400 agent thinking
        "#]],
    );
}
