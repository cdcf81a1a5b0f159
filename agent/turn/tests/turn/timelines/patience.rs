//! How long is waited: patience, pace, and transcripts that are late.

use std::time::Duration;

use agent_turn::{Keep, Pace};
use expect_test::expect;

use crate::support::{check, check_with, config};

#[test]
fn who_asks_for_patience_is_given_it_for_this_pause() {
    check(
        "   550 user.started 500
          1700 user.final 2
          1710 user.patience
          2000 user.stopped 1500
          5000 end",
        expect![[r#"
            550 user speaking
            2000 user listening
            4500 commit t1
            4500 begin r1 turn
            4500 agent thinking
        "#]],
    );
}

#[test]
fn patience_ends_with_the_next_words() {
    check(
        "   550 user.started 500
          1700 user.final 2
          1710 user.patience
          2000 user.stopped 1500
          3050 user.started 3000
          4200 user.final 3
          4500 user.stopped 4000
          4600 end",
        expect![[r#"
            550 user speaking
            2000 user listening
            3050 user speaking
            4500 user listening
            4500 commit t1
            4500 begin r1 turn
            4500 agent thinking
        "#]],
    );
}

#[test]
fn the_usual_wait_follows_the_users_own_pauses() {
    let mut config = config();
    if let Some(keep) = Keep::from_permille(500) {
        config.endpoint.pace = Pace::Learned { keep };
    }
    config.endpoint.min_delay = Duration::from_millis(300);
    config.endpoint.max_delay = Duration::from_secs(1);
    check_with(
        config,
        "   550 user.started 500
          1250 user.stopped 1000
          1450 user.started 1400
          1900 user.final 4
          2250 user.stopped 2000
          4000 end",
        expect![[r#"
            550 user speaking
            1250 user listening
            1450 user speaking
            2250 user listening
            2350 commit t1
            2350 begin r1 turn
            2350 agent thinking
        "#]],
    );
}

#[test]
fn the_deadline_of_transcripts_is_learned_in_the_call() {
    let mut config = config();
    config.transcript.floor = Duration::from_millis(600);
    check_with(
        config,
        "   100 user.started
           900 user.stopped 700
          1100 user.final 1
          2100 user.started
          2900 user.stopped 2700
          3100 user.final 1
          4100 user.started
          4900 user.stopped 4700
          5100 user.final 1
          6100 user.started
          6900 user.stopped 6700
          7100 user.final 1
          8100 user.started
          8500 user.interim 2
          8900 user.stopped 8700
         12000 end",
        expect![[r#"
            100 user speaking
            900 user listening
            1200 commit t1
            1200 begin r1 turn
            1200 agent thinking
            2100 user speaking
            2100 pause r1
            2600 agent listening
            2900 user listening
            3100 cancel r1 interrupted
            3100 end t1 superseded
            3200 commit t2
            3200 begin r2 turn
            3200 agent thinking
            4100 user speaking
            4100 pause r2
            4600 agent listening
            4900 user listening
            5100 cancel r2 interrupted
            5100 end t2 superseded
            5200 commit t3
            5200 begin r3 turn
            5200 agent thinking
            6100 user speaking
            6100 pause r3
            6600 agent listening
            6900 user listening
            7100 cancel r3 interrupted
            7100 end t3 superseded
            7200 commit t4
            7200 begin r4 turn
            7200 agent thinking
            8100 user speaking
            8100 pause r4
            8600 agent listening
            8900 user listening
            9500 news transcript missed 2
            9500 commit t5
            9500 cancel r4 interrupted
            9500 end t4 superseded
            9500 begin r5 turn
            9500 agent thinking
        "#]],
    );
}

#[test]
fn words_that_come_after_their_deadline_are_a_turn_at_once() {
    let mut config = config();
    config.transcript.ceiling = Duration::from_secs(1);
    check_with(
        config,
        "   550 user.started 500
          2000 user.stopped 1500
          2700 user.final 2
          3000 end",
        expect![[r#"
            550 user speaking
            2000 user listening
            2500 news transcript missed 0
            2700 commit t1
            2700 begin r1 turn
            2700 agent thinking
        "#]],
    );
}

#[test]
fn words_that_come_after_their_turn_was_committed_are_a_turn_of_their_own() {
    check(
        "   550 user.started 500
          1200 user.final 2
          2000 user.stopped 1500
          2100 user.final 1
          3000 end",
        expect![[r#"
            550 user speaking
            2000 user listening
            2000 commit t1
            2000 begin r1 turn
            2000 agent thinking
            2100 cancel r1 interrupted
            2100 end t1 superseded
            2100 agent listening
            2600 commit t2
            2600 begin r2 turn
            2600 agent thinking
        "#]],
    );
}

#[test]
fn a_voice_that_never_ends_is_no_utterance() {
    let mut config = config();
    config.limits.longest_speech = Duration::from_secs(10);
    check_with(
        config,
        "   550 user.started 500
          2000 user.final 2
         20000 end",
        expect![[r#"
            550 user speaking
            10500 user listening
            10500 flush voice
            11000 commit t1
            11000 begin r1 turn
            11000 agent thinking
        "#]],
    );
}

#[test]
fn a_turn_that_lasts_too_long_is_reported_when_words_come() {
    let mut config = config();
    config.limits.max_duration = Some(Duration::from_secs(2));
    check_with(
        config,
        "   100 user.started
          1500 user.final 3
          2000 user.stopped 1600
          2300 user.started
          3000 user.final 1
          3500 user.stopped 3100
          4000 end",
        expect![[r#"
            100 user speaking
            2000 user listening
            2100 commit t1
            2100 begin r1 turn
            2100 agent thinking
            2300 user speaking
            2300 pause r1
            2800 agent listening
            3000 news turn too long 4 2900
            3000 cancel r1 interrupted
            3000 end t1 superseded
            3500 user listening
            3600 commit t2
            3600 begin r2 turn
            3600 agent thinking
        "#]],
    );
}

#[test]
fn a_turn_that_is_too_long_is_reported_once_until_the_agent_speaks() {
    let mut config = config();
    config.limits.max_words = Some(5);
    check_with(
        config,
        "   100 user.started
           900 user.final 3
          1500 user.final 3
          2000 user.final 3
          2200 user.stopped 2000
          2600 reply.ready r1
          2600 playout.started r1
          3000 playout.finished r1 400
          4000 user.started
          5000 user.final 6
          5100 end",
        expect![[r#"
            100 user speaking
            1500 news turn too long 6 1400
            2200 user listening
            2500 commit t1
            2500 begin r1 turn
            2500 agent thinking
            2600 start r1
            2600 end t1 replied r1
            2600 agent speaking
            3000 agent listening
            4000 user speaking
            5000 news turn too long 6 1000
        "#]],
    );
}
