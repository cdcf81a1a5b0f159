//! Offers: answered at once, after what calls need is loaded, or after the program has decided; always within a bound.

use agent_worker::protocol::Config;
use expect_test::expect;

use crate::line::{check, check_loading, config};

#[test]
fn a_job_that_is_offered_while_agents_are_loaded_is_taken_when_they_are_there() {
    check_loading(
        config(),
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
       110 loaded
       120 assignment 1
       130 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > available, load 0.25, 1 jobs
            11    > available, load 0.50, 2 jobs
            110   > take AJ_1
            110   > take AJ_2
            120   > AJ_1 is running
            120   start AJ_1 in room-1
        "#]],
    );
}

#[test]
fn no_job_is_promised_by_a_worker_whose_agents_do_not_come() {
    check_loading(
        config(),
        "  0 opened
           0 registered
          10 availability 1
         900 availability 2
        2100 availability 3
        3000 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > available, load 0.25, 1 jobs
            900   > available, load 0.50, 2 jobs
            2000  > full, load 0.50, 2 jobs
            2010  declined AJ_1: not_ready
            2010  > decline AJ_1
            2010  > full, load 0.25, 1 jobs
            2100  declined AJ_3: not_ready
            2100  > decline AJ_3
            2900  declined AJ_2: not_ready
            2900  > decline AJ_2
            2900  > full, load 0.00, 0 jobs
        "#]],
    );
}

#[test]
fn agents_that_come_late_open_the_worker() {
    check_loading(
        config(),
        "  0 opened
           0 registered
        3000 loaded
        3010 availability 1
        3020 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            2000  > full, load 0.00, 0 jobs
            3000  > available, load 0.00, 0 jobs
            3010  > take AJ_1
            3010  > available, load 0.25, 1 jobs
        "#]],
    );
}

#[test]
fn a_worker_whose_agents_cannot_be_had_declines_what_it_was_offered_and_ends() {
    check_loading(
        config(),
        "0 opened
         0 registered
        10 availability 1
        50 stop
        60 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > available, load 0.25, 1 jobs
            50    declined AJ_1: draining
            50    > decline AJ_1
            50    > full and draining, load 0.00, 0 jobs
            50    close link
            50    end: drained
        "#]],
    );
}

#[test]
fn a_lost_link_does_not_make_agents_come_sooner_or_later() {
    check_loading(
        config(),
        "  0 opened
           0 registered
          10 availability 1
          20 closed
         400 opened
         400 registered
        2100 availability 2
        2110 loaded
        2120 availability 3
        2130 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    > available, load 0.25, 1 jobs
            258   open link
            400   > register
            400   registered as AW_1 at 1.9.12
            400   > available, load 0.00, 0 jobs
            2000  > full, load 0.00, 0 jobs
            2100  declined AJ_2: not_ready
            2100  > decline AJ_2
            2110  > available, load 0.00, 0 jobs
            2120  > take AJ_3
            2120  > available, load 0.25, 1 jobs
        "#]],
    );
}

#[test]
fn the_program_decides_on_each_job_that_a_slot_is_free_for() {
    check(
        Config { considers: true, slots: Some(2), ..config() },
        "0 opened
         0 registered
        10 availability 1
        11 availability 2
        12 availability 3
        20 accepted 1 desk
        21 availability 1
        30 left-to-others 2
        40 availability 4
        50 refused 4
        60 assignment 1
        70 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    consider AJ_1 in room-1
            10    > available, load 0.50, 1 jobs
            11    consider AJ_2 in room-2
            11    > full, load 1.00, 2 jobs
            12    declined AJ_3: no_slot
            12    > decline AJ_3
            20    > take AJ_1 as desk
            21    > take AJ_1 as desk
            30    declined AJ_2: by_program
            30    > decline AJ_2
            30    > available, load 0.50, 1 jobs
            40    consider AJ_4 in room-4
            40    > full, load 1.00, 2 jobs
            50    declined AJ_4: refused
            50    > end AJ_4
            50    > available, load 0.50, 1 jobs
            60    > AJ_1 is running
            60    start AJ_1 in room-1
        "#]],
    );
}

#[test]
fn a_job_on_which_the_program_does_not_decide_is_left_to_another_worker() {
    check(
        Config { considers: true, ..config() },
        "  0 opened
           0 registered
          10 availability 1
          20 availability 1
        1000 availability 2
        2010 accepted 1
        2100 accepted 2
        2200 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    consider AJ_1 in room-1
            10    > available, load 0.25, 1 jobs
            1000  consider AJ_2 in room-2
            1000  > available, load 0.50, 2 jobs
            2010  consider AJ_1 no more
            2010  declined AJ_1: undecided
            2010  > decline AJ_1
            2010  > available, load 0.25, 1 jobs
            2100  > take AJ_2
        "#]],
    );
}

#[test]
fn what_the_program_decides_after_the_job_is_gone_changes_nothing() {
    check(
        Config { considers: true, ..config() },
        "0 opened
         0 registered
        10 availability 1
        20 termination 1
        30 accepted 1
        40 availability 2
        50 closed
        60 accepted 2
        70 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    consider AJ_1 in room-1
            10    > available, load 0.25, 1 jobs
            20    consider AJ_1 no more
            20    > available, load 0.00, 0 jobs
            40    consider AJ_2 in room-2
            40    > available, load 0.25, 1 jobs
            50    consider AJ_2 no more
        "#]],
    );
}

#[test]
fn a_drain_declines_what_is_not_decided_yet() {
    check(
        Config { considers: true, ..config() },
        "0 opened
         0 registered
        10 availability 1
        20 drain
        30 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    consider AJ_1 in room-1
            10    > available, load 0.25, 1 jobs
            20    consider AJ_1 no more
            20    declined AJ_1: draining
            20    > decline AJ_1
            20    > full and draining, load 0.00, 0 jobs
            20    close link
            20    end: drained
        "#]],
    );
}

#[test]
fn a_job_that_is_assigned_while_the_program_thinks_is_taken() {
    check(
        Config { considers: true, ..config() },
        "0 opened
         0 registered
        10 availability 1
        20 assignment 1
        30 refused 1
        40 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    consider AJ_1 in room-1
            10    > available, load 0.25, 1 jobs
            20    consider AJ_1 no more
            20    > AJ_1 is running
            20    start AJ_1 in room-1
        "#]],
    );
}

#[test]
fn an_offer_without_a_room_is_declined() {
    let machine = check(
        config(),
        "0 opened
         0 registered
        10 availability-without-room 1
        20 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            10    declined AJ_1: unreadable
            10    > decline AJ_1
        "#]],
    );
    assert_eq!(machine.snapshot().counters.malformed, 1);
}

#[test]
fn load_is_told_when_it_has_changed_by_a_tenth() {
    check(
        config(),
        "0 opened
         0 registered
       500 lag 90
      1000 lag 110
      1500 lag 50
      2000 lag 20
      2500 lag 310
      3000 end",
        expect![[r#"
            0     open link
            0     > register
            0     registered as AW_1 at 1.9.12
            0     > available, load 0.00, 0 jobs
            1000  > available, load 0.11, 0 jobs
            2500  > available, load 0.31, 0 jobs
        "#]],
    );
}
