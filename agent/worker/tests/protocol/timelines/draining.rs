//! Draining: no more jobs, the last call, the end.

use expect_test::expect;

use crate::line::{check, config};

#[test]
fn a_drain_declines_waits_for_the_last_call_and_closes() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        20 assignment 1
        30 drain
        31 drain
        40 availability 3
        50 assignment 2
       100 ended 1
       110 left 1
       200 ended 2
       210 left 2
       220 availability 4",
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
            30    > full and draining, load 0.50, 2 jobs
            40    declined AJ_3: draining
            40    > decline AJ_3
            50    > AJ_2 is running
            50    start AJ_2 in room-2
            100   > AJ_1 is success
            110   > full and draining, load 0.25, 1 jobs
            200   > AJ_2 is success
            210   > full and draining, load 0.00, 0 jobs
            210   close link
            210   end: drained
        "#]],
    );
}

#[test]
fn a_drain_without_calls_ends_at_once() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 drain\n 20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > full and draining, load 0.00, 0 jobs
            10    close link
            10    end: drained
        "#]],
    );
    check(
        config(),
        "0 drain\n 20 end",
        expect![[r#"
            0     open link
            0     close link
            0     end: drained
        "#]],
    );
    check(
        config(),
        "0 failed-link\n 10 drain\n 20 end",
        expect![[r#"
            0     open link
            10    end: drained
        "#]],
    );
}

#[test]
fn a_second_request_ends_the_calls_and_an_accepted_job_is_handed_back() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        20 assignment 1
        30 drain
        40 stop
        41 stop
        45 assignment 2
        50 failed 1 the worker stops
        60 left 1
        70 end",
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
            30    > full and draining, load 0.50, 2 jobs
            40    stop AJ_1: worker stops
            40    > full and draining, load 0.25, 1 jobs
            45    > AJ_2 is failed: assigned too late: this worker takes no more jobs now
            50    > AJ_1 is failed: the worker stops
            60    > full and draining, load 0.00, 0 jobs
            60    close link
            60    end: drained
        "#]],
    );
}

#[test]
fn a_drain_goes_on_when_the_link_is_lost() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        20 assignment 1
        30 drain
        40 closed
       400 opened
       410 registered
       500 ended 1
       510 left 1
       520 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    > full and draining, load 0.25, 1 jobs
            278   open link
            400   > register
            410   registered as AW_1 at 1.9.12
            410   > full and draining, load 0.25, 1 jobs
            410   > still has AJ_1
            500   > AJ_1 is success
            510   > full and draining, load 0.00, 0 jobs
            510   close link
            510   end: drained
        "#]],
    );
}
