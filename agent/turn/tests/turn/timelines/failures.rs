//! What fails, is late, or comes too late.

use expect_test::expect;

use crate::support::check;

#[test]
fn a_reply_that_fails_or_is_late_or_empty_ends_its_turn() {
    let asked = " 550 user.started 500
                 2700 user.final 5
                 3000 user.stopped 2500";
    check(
        &format!("{asked}\n 3100 reply.failed r1"),
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3100 end t1 failed
            3100 agent listening
        "#]],
    );
    check(
        &format!("{asked}\n 30000 end"),
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            23000 cancel r1 timed_out
            23000 end t1 timed_out
            23000 agent listening
        "#]],
    );
    check(
        &format!("{asked}\n 3100 reply.silent r1"),
        expect![[r#"
            550 user speaking
            3000 user listening
            3000 commit t1
            3000 begin r1 turn
            3000 agent thinking
            3100 end t1 empty
            3100 agent listening
        "#]],
    );
}

#[test]
fn a_playout_without_progress_is_stopped() {
    check(
        "    0 told.say q1
           100 reply.ready r1
           100 playout.started r1
          5000 playout.progressed r1 4900
         30000 end
         30000 playout.finished r1 4900",
        expect![[r#"
            0 begin r1 q1
            100 start r1
            100 agent speaking
            20000 stop r1
            20000 agent listening
            30000 truncate r1 4900
        "#]],
    );
}

#[test]
fn facts_about_forgotten_replies_change_nothing() {
    check(
        "  100 told.say q1
           200 told.stop
           300 reply.ready r1
           400 playout.started r1
           500 playout.finished r1 100
           600 reply.failed r9",
        expect![[r#"
              100 begin r1 q1
              200 cancel r1 stopped
        "#]],
    );
}
