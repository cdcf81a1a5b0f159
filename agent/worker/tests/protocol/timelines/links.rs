//! Links: lost, found again, refused, silent, full of nonsense.

use std::time::Duration;

use agent_worker::protocol::Config;
use expect_test::expect;

use crate::line::{check, config};

#[test]
fn calls_outlive_the_link_and_are_claimed_and_reported_when_it_is_back() {
    check(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        12 availability 3
        20 assignment 1
        20 assignment 2
        30 closed
        40 ended 1
        41 left 1
       400 opened
       410 registered
       420 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            11    > take AJ_2
            11    > available, load 0.50, 2 jobs
            12    > take AJ_3
            12    > available, load 0.75, 3 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            20    > AJ_2 is running
            20    start AJ_2 in room-2
            268   open link
            400   > register
            410   registered as AW_1 at 1.9.12
            410   > available, load 0.25, 1 jobs
            410   > still has AJ_2
            410   > AJ_1 is success
        "#]],
    );
}

#[test]
fn a_server_that_is_down_is_asked_again_with_growing_pauses() {
    check(
        config(),
        "   0 failed-link
          300 failed-link
          900 failed-link
         2200 failed-link
         5000 opened
         5010 registered
         5020 closed
         9000 end",
        expect![[r#"
            0     open link
            238   open link
            645   open link
            1785  open link
            3295  open link
            5000  > register
            5010  registered as AW_1 at 1.9.12
            5010  > available, load 0.00, 0 jobs
            8976  open link
        "#]],
    );
}

#[test]
fn a_link_that_lasted_is_looked_for_quickly_again() {
    check(
        config(),
        "0 failed-link\n 300 failed-link\n 900 opened\n 910 registered\n 11000 control\n 12000 closed\n 12500 end",
        expect![[r#"
            0     open link
            238   open link
            645   open link
            900   > register
            910   registered as AW_1 at 1.9.12
            910   > available, load 0.00, 0 jobs
            3410  > available, load 0.00, 0 jobs
            5910  > available, load 0.00, 0 jobs
            8410  > available, load 0.00, 0 jobs
            10900 ping
            10910 > available, load 0.00, 0 jobs
            12238 open link
        "#]],
    );
}

#[test]
fn a_wrong_key_ends_a_worker_that_never_registered_and_no_other() {
    check(
        config(),
        "0 refused-link\n 10 end",
        expect![[r#"
            0     open link
            0     end: never registered
        "#]],
    );
    check(
        config(),
        "0 opened\n 10 registered\n 20 closed\n 300 refused-link\n 900 end",
        expect![[r#"
            0     open link
            0     > register
            10    registered as AW_1 at 1.9.12
            10    > available, load 0.00, 0 jobs
            258   open link
            645   open link
        "#]],
    );
}

#[test]
fn with_fail_fast_the_first_failure_is_the_last() {
    let config = || Config { fail_fast: true, ..config() };
    check(
        config(),
        "0 failed-link\n 10 end",
        expect![[r#"
            0     open link
            0     end: never registered
        "#]],
    );
    check(
        config(),
        "0 opened\n 10000 end",
        expect![[r#"
            0     open link
            0     > register
            10000 close link
            10000 end: never registered
        "#]],
    );
}

#[test]
fn a_registration_without_an_answer_is_given_up() {
    check(
        config(),
        "0 opened\n 10400 end",
        expect![[r#"
            0     open link
            0     > register
            10000 close link
            10238 open link
        "#]],
    );
}

#[test]
fn a_link_that_is_silent_for_two_pings_is_given_up() {
    check(
        Config { update_interval: Duration::from_secs(60), ..config() },
        "0 opened\n 0 registered\n 9000 control\n 29400 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10000 ping
            20000 ping
            29000 close link
            29238 open link
        "#]],
    );
}

#[test]
fn a_server_that_goes_away_is_left_for_another_with_its_calls_running() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 availability 1\n 20 assignment 1\n 30 go-away\n 300 opened\n 310 registered\n 320 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > take AJ_1
            10    > available, load 0.25, 1 jobs
            20    > AJ_1 is running
            20    start AJ_1 in room-1
            30    close link
            268   open link
            300   > register
            310   registered as AW_1 at 1.9.12
            310   > available, load 0.25, 1 jobs
            310   > still has AJ_1
        "#]],
    );
}

#[test]
fn frames_that_make_no_sense_are_counted_and_survived() {
    let machine = check(
        config(),
        "0 opened
         0 registered
         1 registered
         2 garbage
         3 text
         4 empty
         5 availability 
         6 assignment 
         7 termination 
         8 ended 9
         9 left 9
        10 opened
        11 failed-link
        20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
        "#]],
    );
    let counters = machine.snapshot().counters;
    assert_eq!((counters.malformed, counters.unexpected), (6, 5));
}

#[test]
fn what_comes_after_the_link_was_given_up_is_ignored() {
    check(
        config(),
        "0 opened\n 0 registered\n 10 go-away\n 11 availability 1\n 12 closed\n 20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    close link
        "#]],
    );
}
