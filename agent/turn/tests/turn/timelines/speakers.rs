//! Several people: who is answered, who interrupts, who is only heard.

use expect_test::expect;

use crate::support::check;

#[test]
fn each_speaker_has_turns_of_their_own() {
    check(
        "     0 user2.joined answered
           550 user.started 500
          1000 user2.started
          1700 user.final 4
          2000 user.stopped 1500
          2600 user2.final 2
          2900 user2.stopped 2400
          3000 end",
        expect![[r#"
            550 user speaking
            2000 user listening
            2000 commit t1
            2000 begin r1 turn
            2000 agent thinking
            2050 pause r1
            2050 agent listening
            2600 cancel r1 interrupted
            2600 end t1 superseded
            2900 commit t2 u2
            2900 begin r2 turn u2
            2900 agent thinking
        "#]],
    );
}

#[test]
fn another_speaker_may_interrupt_and_is_answered() {
    check(
        "     0 user2.joined answered
             0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user2.started 1000
          2000 user2.final 2
          2000 playout.finished r1 1400
          2300 user2.stopped 1800
          2800 reply.ready r2
          2800 playout.started r2",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            1500 pause r1
            1500 agent listening
            2000 stop r1
            2000 truncate r1 1400
            2300 commit t1 u2
            2300 begin r2 turn u2
            2300 agent thinking
            2800 start r2
            2800 end t1 replied r2
            2800 agent speaking
        "#]],
    );
}

#[test]
fn who_is_heard_only_interrupts_nobody_and_is_not_answered() {
    check(
        "     0 user2.joined heard_only
             0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          1050 user2.started 1000
          2000 user2.final 2
          2300 user2.stopped 1800
          5000 end",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            2300 commit t1 u2
            2300 end t1 not_addressed
        "#]],
    );
}

#[test]
fn what_somebody_said_before_they_left_is_a_turn() {
    check(
        "     0 user2.joined answered
          1050 user2.started 1000
          2000 user2.final 2
          2100 user2.left
          2200 user2.final 3",
        expect![[r#"
            2100 commit t1 u2
            2100 begin r1 turn u2
            2100 agent thinking
        "#]],
    );
}

#[test]
fn facts_about_strangers_and_about_too_many_are_ignored() {
    check(
        "     0 user9.started
             0 user2.joined answered
             0 user3.joined answered
             0 user4.joined answered
             0 user5.joined answered
           100 user5.typed
           200 user4.typed",
        expect![[r#"
            200 commit t1 u4 typed
            200 begin r1 turn u4
            200 agent thinking
        "#]],
    );
}
