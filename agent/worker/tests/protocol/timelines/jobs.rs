//! Jobs: asked for, assigned, run, reported; slots and load.

use std::time::Instant;

use agent_worker::protocol::{Config, Input, Machine};
use expect_test::expect;

use crate::line::{check, config, frame};

#[test]
fn a_job_is_asked_for_assigned_run_and_reported_before_it_leaves() {
    check(
        config(),
        "   0 opened
           0 registered
         100 availability 1
         130 assignment 1
        1000 ended 1
        1050 left 1
        1060 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            100   > take AJ_1
            100   > available, load 0.25, 1 jobs
            130   > AJ_1 is running
            130   start AJ_1 in room-1
            1000  > AJ_1 is success
            1050  > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn the_last_slot_is_given_once_and_free_again_when_the_call_has_left() {
    check(
        Config { slots: Some(2), ..config() },
        "  0 opened
           0 registered
          10 availability 1
          10 availability 2
          10 availability 3
          20 assignment 1
          20 assignment 2
          30 ended 1
          35 availability 4
          40 left 1
          50 availability 5
          60 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.50, 1 jobs
            10    > take AJ_2
            10    > full, load 1.00, 2 jobs
            10    declined AJ_3: no_slot
            10    > decline AJ_3
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            20    > AJ_2 is running
            20    start AJ_2 in room-2
            30    > AJ_1 is success
            35    declined AJ_4: no_slot
            35    > decline AJ_4
            40    > available, load 0.50, 1 jobs
            50    > take AJ_5
            50    > full, load 1.00, 2 jobs
        "#]],
    );
}

#[test]
fn the_same_question_twice_holds_one_slot() {
    check(
        Config { slots: Some(1), ..config() },
        "  0 opened
           0 registered
          10 availability 1
          11 availability 1
          12 assignment 1
          13 assignment 1
          14 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > full, load 1.00, 1 jobs
            11    > take AJ_1
            12    > AJ_1 is running
            12    start AJ_1 in room-1
        "#]],
    );
}

#[test]
fn a_slot_that_is_not_assigned_in_time_is_free_again() {
    check(
        Config { slots: Some(1), ..config() },
        "   0 opened
            0 registered
           10 availability 1
         7600 availability 2
         7700 assignment 1
         7800 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > full, load 1.00, 1 jobs
            2510  > full, load 1.00, 1 jobs
            5010  > full, load 1.00, 1 jobs
            7510  > full, load 1.00, 1 jobs
            7510  > available, load 0.00, 0 jobs
            7600  > take AJ_2
            7600  > full, load 1.00, 1 jobs
            7700  > AJ_1 is failed: assigned too late: this worker takes no more jobs now
        "#]],
    );
}

#[test]
fn a_late_assignment_is_taken_when_a_slot_is_free() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 assignment 1\n 20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > AJ_1 is running
            10    start AJ_1 in room-1
            10    > available, load 0.25, 1 jobs
        "#]],
    );
}

#[test]
fn an_assignment_that_lacks_its_token_is_reported_as_failed() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 availability 1\n 20 assignment-without-token 1\n 30 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is failed: assignment without a token
            20    > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn a_failed_call_is_reported_with_its_reason() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 availability 1\n 20 assignment 1\n 30 failed 1 cannot reach the room\n 40 left 1\n 50 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    > AJ_1 is failed: cannot reach the room
            40    > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn a_call_that_leaves_without_a_word_is_reported_as_failed() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 availability 1\n 20 assignment 1\n 30 left 1\n 40 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    > AJ_1 is failed: the call left without saying how it ended
            30    > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn the_server_may_end_a_job() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        20 assignment 1
        30 termination 1
        31 termination 1
        32 termination 2
        33 termination 9
        40 ended 1
        50 left 1
        60 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            11    > take AJ_2
            11    > available, load 0.50, 2 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    stop AJ_1: terminated
            32    > available, load 0.25, 1 jobs
            40    > AJ_1 is success
            50    > available, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn a_worker_that_is_late_takes_no_jobs_until_it_is_not() {
    check(
        config(),
        "0 opened
         0 registered
        10 lag 400
        20 lag 900
        30 availability 1
        40 lag 300
        50 availability 2
        60 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > available, load 0.40, 0 jobs
            20    > full, load 0.90, 0 jobs
            30    declined AJ_1: late
            30    > decline AJ_1
            40    > available, load 0.30, 0 jobs
            50    > take AJ_2
            50    > available, load 0.30, 1 jobs
        "#]],
    );
}

#[test]
fn a_worker_that_is_nearly_full_stays_choosable_and_a_full_one_does_not() {
    let mut machine =
        Machine::new(Config { slots: Some(2), full_at_permille: None, ..config() }, Instant::now());
    let now = Instant::now();
    machine.handle_input(now, Input::AgentsLoaded);
    machine.handle_input(now, Input::LinkOpened);
    machine.handle_input(now, Input::FrameReceived(frame("registered", "")));
    machine.handle_input(now, Input::LagMeasured { permille: 3_000 });
    assert_eq!(machine.snapshot().load_permille, 990);
    for job in ["1", "2"] {
        machine.handle_input(now, Input::FrameReceived(frame("availability", job)));
    }
    assert_eq!(machine.snapshot().load_permille, 1_000);
    assert!(!machine.snapshot().takes_jobs);
}
