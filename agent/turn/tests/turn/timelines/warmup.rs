//! Speech while echo cancellation learns the agent's voice.

use std::time::Duration;

use expect_test::expect;

use crate::support::{check_with, config};

#[test]
fn a16_while_echo_cancellation_learns_only_a_committed_turn_interrupts() {
    let mut config = config();
    config.interruption.aec_warmup = Duration::from_secs(3);
    check_with(
        config,
        "  550 user.started 500
          2700 user.final 5
          3000 user.stopped 2500
          3200 reply.ready r1
          3200 playout.started r1
          4050 user.started 4000
          5200 user.final 1
          5500 user.stopped 5000
          5500 playout.finished r1 2300
          5600 end",
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3200 start r1
            3200 end t1 replied r1
            3200 agent speaking
            4050 user speaking
            5500 user listening
            5500 commit t2
            5500 stop r1
            5500 agent listening
            5500 begin r2 turn
            5500 agent thinking
            5500 truncate r1 2300
        "#]],
    );
}

#[test]
fn speech_that_outlasts_the_warm_up_interrupts_at_its_end() {
    let mut config = config();
    config.interruption.aec_warmup = Duration::from_secs(3);
    check_with(
        config,
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1000 user.started
          4000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1000 user speaking
            3150 pause r1
            3150 agent listening
        "#]],
    );
}
